//! Encoding of a valid order by its route.
//!
//! It checks nothing: `size` has measured the events. Called by `pipeline`.

use super::{
    multi_event::{UrlLimits, sequence},
    payload::StreamPayload,
};
use crate::model::{order::Order, route::Route};

/// Encodes the events of an order.
#[must_use]
pub fn payload(order: &Order<'_>, limits: UrlLimits<'_>) -> StreamPayload {
    match order.route {
        Route::Single => StreamPayload::single(order),
        Route::Multi => sequence(order, limits),
    }
}
