//! Payload of an order: its events in the order of sending, as JSON in a plan.
//!
//! A list, so that a further kind of event changes neither the format nor the delivery. Made by
//! `encode`, read back by `delivery` and `extension`.

use serde::{Deserialize, Serialize};

use super::event_json::{EventJson, order_checkout};
use crate::model::{
    order::Order,
    planned::{Payload, PlannedOrder},
    request::RequestKind,
    route::Route,
};

/// The events of an order after its guest's IDENTITY.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamPayload {
    /// In the order of sending; the last one creates the order.
    pub events: Vec<OrderEvent>,
    /// CLEAR_CART of an order that is assembled from several events, sent only if CHECKOUT is never
    /// reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clear_cart: Option<EventJson>,
}

/// An event of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderEvent(pub RequestKind, pub EventJson);

impl StreamPayload {
    /// ORDER_CHECKOUT alone.
    pub(super) fn single(order: &Order<'_>) -> Self {
        Self { events: vec![OrderEvent(RequestKind::OrderCheckout, order_checkout(order))], clear_cart: None }
    }

    /// Reads the payload of a planned order.
    pub fn read(order: &PlannedOrder) -> Result<Self, String> {
        let payload: Self = order.payload.parse().map_err(|error| error.to_string())?;
        let is_complete = !payload.events.is_empty() && payload.clear_cart.is_some() == (order.route == Route::Multi);
        if is_complete { Ok(payload) } else { Err("an event is missing".to_owned()) }
    }

    /// The number of requests without retries, not counting those that identify the guest.
    #[must_use]
    pub fn n_requests(&self) -> u64 {
        self.events.len() as u64
    }
}

impl From<&StreamPayload> for Payload {
    fn from(payload: &StreamPayload) -> Self {
        Self::new(payload)
    }
}
