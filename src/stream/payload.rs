//! Payload of an order: its events in the order of sending, as JSON in a plan.
//!
//! A list, so that a further kind of event changes neither the format nor the delivery. Made by
//! `encode`, read back by `delivery` and `extension`.

use serde::{Deserialize, Serialize};

use super::event_json::{EventJson, order_checkout};
use crate::model::{
    order::Order,
    planned::{Payload, PlannedOrder},
    request::{RequestKind, RequestRole},
    route::Route,
};

/// The events of an order after its guest's IDENTITY.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamPayload {
    /// In the order of sending; the last one creates the order.
    pub events: Vec<OrderEvent>,
    /// CLEAR_CART of an order that is assembled from several events, sent only if CHECKOUT is
    /// never reached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clear_cart: Option<EventJson>,
}

/// An event of an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderEvent(pub RequestKind, pub EventJson);

impl StreamPayload {
    /// ORDER_CHECKOUT alone.
    pub(super) fn single(order: &Order<'_>) -> Self {
        Self {
            events: vec![OrderEvent(RequestKind::OrderCheckout, order_checkout(order))],
            clear_cart: None,
        }
    }

    /// Reads the payload of a planned order.
    pub fn read(order: &PlannedOrder) -> Result<Self, String> {
        let payload: Self = order.encoded.payload.parse().map_err(|error| error.to_string())?;
        if payload.is_complete(order) {
            Ok(payload)
        } else {
            Err("its events are not those of one order".to_owned())
        }
    }

    /// Whether the events are those of one order: what fills its cart, then the one that creates
    /// it.
    // The delivery takes the last event for the one that creates the order: a second one in between
    // would create a second order.
    fn is_complete(&self, order: &PlannedOrder) -> bool {
        let Some((OrderEvent(last, _), earlier)) = self.events.split_last() else { return false };
        let has_events_of_route = match order.encoded.route {
            Route::Single => {
                *last == RequestKind::OrderCheckout
                    && earlier.is_empty()
                    && self.clear_cart.is_none()
            }
            Route::Multi => *last == RequestKind::Checkout && self.clear_cart.is_some(),
        };
        has_events_of_route
            && earlier.iter().all(|OrderEvent(kind, _)| kind.role() == RequestRole::FillCart)
            && self.n_requests() == order.encoded.n_requests
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stream::tests::planned_order;

    fn read(
        edit: impl FnOnce(&mut StreamPayload),
        n_items: usize,
    ) -> Result<StreamPayload, String> {
        let mut order = planned_order(1, n_items);
        let mut payload = StreamPayload::read(&order).unwrap();
        edit(&mut payload);
        order.encoded.n_requests = payload.n_requests();
        order.encoded.payload = Payload::from(&payload);
        StreamPayload::read(&order)
    }

    #[test]
    fn payload_must_hold_one_order() {
        for n_items in [0, 2] {
            assert!(read(|_| (), n_items).is_ok());
            assert!(read(|payload| payload.events.clear(), n_items).is_err());
            assert!(read(|payload| drop(payload.events.pop()), n_items).is_err());
            let second_checkout = |payload: &mut StreamPayload| {
                payload.events.insert(0, payload.events.last().unwrap().clone());
            };
            assert!(read(second_checkout, n_items).is_err());
        }
        assert!(read(|payload| payload.clear_cart = None, 2).is_err());
    }

    #[test]
    fn event_must_be_an_object_with_members() {
        for text in ["\"text\"", "[]", "{}", "null"] {
            assert!(serde_json::from_str::<EventJson>(text).is_err(), "{text}");
        }
        assert_eq!(serde_json::from_str::<EventJson>("{\"a\":1}").unwrap().as_str(), "{\"a\":1}");
    }
}
