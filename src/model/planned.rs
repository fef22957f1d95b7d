//! Planned orders: the guests to send, and for each guest its orders, oldest first.
//!
//! Data only: encoded events with the record and hashes that reports and the ledger need. Written
//! by `plan`, read by `dispatch`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{order::OrderRecord, outcome::OrderResult, route::Route};

/// The minified JSON of an event without its browser id, which is known only when it is sent.
///
/// Encoded by `stream`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventJson(pub String);

/// One guest and the orders to send for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedGuest {
    /// IDENTITY, from the guest's newest order.
    pub identity: EventJson,
    /// The orders to send, oldest first.
    pub orders: Vec<PlannedOrder>,
    /// Orders of the guest that are planned but not sent, with their results.
    pub results: Vec<(OrderRecord, OrderResult)>,
}

/// A guest as an iterator of parts, each with some of its orders, in sending order.
///
/// Ends after the first error.
// Held as a whole, one guest with 50,000 orders took 168 MB where a small export takes 51 MB.
pub struct GuestParts<E>(Box<dyn Iterator<Item = Result<PlannedGuest, E>> + Send>);

impl<E: Send + 'static> GuestParts<E> {
    /// A guest whose first part is already read.
    pub fn new(
        first: Result<PlannedGuest, E>,
        others: impl Iterator<Item = Result<PlannedGuest, E>> + Send + 'static,
    ) -> Self {
        Self(Box::new(std::iter::once(first).chain(others)))
    }

    /// The guest with `transform` applied to each part.
    #[must_use]
    pub fn map_parts<F>(
        self,
        mut transform: impl FnMut(PlannedGuest) -> Result<PlannedGuest, F> + Send + 'static,
    ) -> GuestParts<F>
    where
        F: From<E>,
    {
        GuestParts(Box::new(self.0.map(move |part| transform(part?))))
    }
}

impl<E: std::fmt::Display + Send + 'static> GuestParts<E> {
    /// The guest with errors converted to their messages.
    #[must_use]
    pub fn stringify_errors(self) -> GuestParts<String> {
        GuestParts(Box::new(self.0.map(|part| part.map_err(|error| error.to_string()))))
    }
}

impl<E: Send + 'static> From<Result<PlannedGuest, E>> for GuestParts<E> {
    fn from(guest: Result<PlannedGuest, E>) -> Self {
        Self::new(guest, std::iter::empty())
    }
}

impl<E> Iterator for GuestParts<E> {
    type Item = Result<PlannedGuest, E>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}

/// One order to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedOrder {
    /// The facts for the report.
    pub record: OrderRecord,
    /// When it was ordered.
    pub ordered_at: DateTime<Utc>,
    /// The hash of the `order` object in canonical form.
    pub content: ContentHash,
    /// The order's status, for the ledger.
    pub status: String,
    /// The hash that the same order under another reference would share, for the ledger.
    pub dedup_hash: DedupHash,
    /// The events to send.
    pub events: StreamPayload,
    /// An earlier run sent the order with unknown outcome, and the operator chose to resend it.
    pub is_uncertain: bool,
    /// The result of an order that was held when it was planned; a later run may send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_result: Option<OrderResult>,
}

/// The events of an order after its guest's IDENTITY.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamPayload {
    /// ORDER_CHECKOUT alone, on the guest's browser.
    Single(EventJson),
    /// The events that assemble the order, on a browser of its own.
    Multi(Box<EventSequence>),
}

/// The events that assemble an order, in sending order; each contains its type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventSequence {
    /// ADD, one per item.
    pub adds: Vec<EventJson>,
    /// ADD_CONTACTS.
    pub contacts: EventJson,
    /// ADD_CONSUMERS, if the order has consumers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumers: Option<EventJson>,
    /// CONFIRM; together these events name all items.
    pub confirms: Vec<EventJson>,
    /// CHECKOUT, which creates the order.
    pub checkout: EventJson,
    /// CLEAR_CART, sent only if CHECKOUT is never reached.
    pub clear_cart: EventJson,
}

impl StreamPayload {
    /// The route by which the order is sent.
    #[must_use]
    pub fn route(&self) -> Route {
        match self {
            Self::Single(_) => Route::Single,
            Self::Multi(_) => Route::Multi,
        }
    }

    /// The number of requests without retries, not counting those that identify the guest (a
    /// browser and IDENTITY).
    #[must_use]
    pub fn n_requests(&self) -> u64 {
        match self {
            Self::Single(_) => 1,
            Self::Multi(sequence) => sequence.n_requests(),
        }
    }
}

impl EventSequence {
    /// The number of requests without retries, not counting those that identify the guest.
    #[must_use]
    pub fn n_requests(&self) -> u64 {
        // One each for ADD_CONTACTS and CHECKOUT. CLEAR_CART is part of a failure, not of the
        // plan.
        (self.adds.len() + 1 + self.consumers.iter().len() + self.confirms.len() + 1) as u64
    }
}

impl PlannedGuest {
    /// Moves the orders that were held when they were planned from `orders` to `results`.
    #[must_use]
    pub fn split_held(mut self) -> Self {
        for order in std::mem::take(&mut self.orders) {
            match order.held_result {
                Some(result) => self.results.push((order.record, result)),
                None => self.orders.push(order),
            }
        }
        self
    }
}

/// A hash of an order's content: the `order` object with numbers by value and items sorted,
/// without the common attributes and the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentHash(pub [u8; 16]);

/// A hash of an order's guest, time, items and amounts: equal for one order under two references.
///
/// The ledger stores only a keyed hash of it, since guests could be guessed from this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DedupHash(pub [u8; 16]);
