//! Encoding of a valid order: its events by its route, and what the ledger and the plan need.
//!
//! It checks nothing: `size` has measured the events. Called by `pipeline`.

use super::{
    content_hash::{dedup_hash, dedup_hash_in_export},
    event_json,
    multi_event::{UrlLimits, sequence},
    payload::StreamPayload,
};
use crate::model::{
    guest::Identifier,
    order::Order,
    planned::{ContentHash, EncodedOrder, GuestOrder, Payload},
    route::Route,
};

/// Encodes an order of this content, so that it no longer borrows from its rows.
#[must_use]
pub fn encode(order: &Order<'_>, content: ContentHash, limits: UrlLimits<'_>) -> GuestOrder {
    let (Identifier { provider, id, .. }, payload) = (order.guest.key(), payload(order, limits));
    GuestOrder {
        guest: Identifier::new(provider.clone().into_owned(), id.clone().into_owned()),
        identity: identity(order),
        dedup_hash_in_export: dedup_hash_in_export(order),
        encoded: EncodedOrder {
            ordered_at: order.ordered_at,
            content,
            status: order.status.clone().into_owned(),
            dedup_hash: dedup_hash(order),
            route: order.route,
            n_requests: payload.n_requests(),
            payload: Payload::from(&payload),
        },
    }
}

/// Encodes what identifies the guest of an order.
#[must_use]
pub fn identity(order: &Order<'_>) -> Payload {
    event_json::identity(&order.guest, &order.common).into()
}

/// Encodes the events of an order.
#[must_use]
pub fn payload(order: &Order<'_>, limits: UrlLimits<'_>) -> StreamPayload {
    match order.route {
        Route::Single => StreamPayload::single(order),
        Route::Multi => sequence(order, limits),
    }
}
