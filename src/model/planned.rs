//! What is to be sent: guests, and for each its orders, oldest first. Written by `plan`, read by `dispatch`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{order::OrderRecord, outcome::OrderResult, route::Route};

/// An event's minified JSON but for its browser id, which is known only when it is sent. Made by `event`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventJson(pub String);

/// One guest and the orders to send for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedGuest {
    /// IDENTITY, from the guest's newest order.
    pub identity: EventJson,
    /// Oldest first.
    pub orders: Vec<PlannedOrder>,
    /// Orders of the guest that are not to be sent after all, and what became of them.
    pub results: Vec<(OrderRecord, OrderResult)>,
}

/// A guest in parts, each with some of its orders, in the order of sending: those of a guest of many are not held together.
/// An error ends it.
pub struct GuestParts<E>(Box<dyn Iterator<Item = Result<PlannedGuest, E>> + Send>);

impl<E: Send + 'static> GuestParts<E> {
    /// A guest of which the first part is there.
    pub fn new(
        first: Result<PlannedGuest, E>,
        others: impl Iterator<Item = Result<PlannedGuest, E>> + Send + 'static,
    ) -> Self {
        Self(Box::new(std::iter::once(first).chain(others)))
    }

    /// The guest with each part as `work` leaves it.
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
    /// The guest with an error as its words.
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
    /// For the report.
    pub record: OrderRecord,
    /// When it was made.
    pub ordered_at: DateTime<Utc>,
    /// A hash of the `order` object in canonical form.
    pub content: ContentHash,
    /// Its status, for the ledger.
    pub status: String,
    /// A hash of what the same order under another reference would share, for the ledger.
    pub dedup_hash: DedupHash,
    /// What to send.
    pub events: StreamPayload,
    /// An earlier run sent it, nobody knows what came of that, and someone chose to send it again.
    pub is_uncertain: bool,
    /// What became of it when it was planned, where it was not to be sent then: a later run may send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_result: Option<OrderResult>,
}

/// The events of an order behind its guest's IDENTITY.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamPayload {
    /// ORDER_CHECKOUT alone, on the guest's browser.
    Single(EventJson),
    /// Those that assemble it, on a browser of its own.
    Multi(Box<EventSequence>),
}

/// The events that assemble an order, in the order in which they are sent; each names its type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventSequence {
    /// ADD, one for each item.
    pub adds: Vec<EventJson>,
    /// ADD_CONTACTS.
    pub contacts: EventJson,
    /// ADD_CONSUMERS, where the order has any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumers: Option<EventJson>,
    /// CONFIRM, naming all items together.
    pub confirms: Vec<EventJson>,
    /// CHECKOUT, which makes the order.
    pub checkout: EventJson,
    /// CLEAR_CART, in case that CHECKOUT is never reached.
    pub clear_cart: EventJson,
}

impl StreamPayload {
    /// How the order is sent.
    #[must_use]
    pub fn route(&self) -> Route {
        match self {
            Self::Single(_) => Route::Single,
            Self::Multi(_) => Route::Multi,
        }
    }

    /// How many requests they take if all goes well, without those of the guest: a browser and IDENTITY.
    #[must_use]
    pub fn n_requests(&self) -> u64 {
        match self {
            Self::Single(_) => 1,
            Self::Multi(sequence) => sequence.n_requests(),
        }
    }
}

impl EventSequence {
    /// How many requests they take if all goes well, without those of the guest.
    #[must_use]
    pub fn n_requests(&self) -> u64 {
        (self.adds.len() + 1 + self.consumers.iter().len() + self.confirms.len() + 1) as u64
    }
}

impl PlannedGuest {
    /// The guest without what was not to be sent when it was planned.
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

/// A hash of an order's content: numbers by value, items sorted; not the common attributes, nor the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentHash(pub [u8; 16]);

/// A hash of an order's guest, time, items and amounts: equal for one order under two references. It is never stored
/// without a key, since guests could be guessed from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DedupHash(pub [u8; 16]);
