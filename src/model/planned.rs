//! Planned orders: the guests to send, and for each guest its orders, oldest first.
//!
//! Data only: payloads, with the record and hashes that reports and the ledger need. A target makes
//! and reads the payloads, `plan` writes them to a file, and `dispatch` hands them over.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{guest::Identifier, order::OrderRecord, outcome::OrderResult, route::Route};

/// What a target sends for a guest or an order: JSON that only the target reads.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Payload(Box<RawValue>);

impl Payload {
    /// Serializes content that consists of texts, numbers, lists, and maps with text keys.
    #[must_use]
    pub fn new(content: &impl Serialize) -> Self {
        Self(
            serde_json::value::to_raw_value(content)
                .expect("text, numbers and maps with text keys always serialize"),
        )
    }

    /// Content that is serialized already.
    #[must_use]
    pub fn of_json(content: Box<RawValue>) -> Self {
        Self(content)
    }

    /// Reads the content back.
    pub fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.as_str())
    }

    /// The JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }
}

// The JSON is minified and its keys have a fixed order, so equal content has equal text.
impl PartialEq for Payload {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Payload {}

/// One guest and the orders to send for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedGuest {
    /// What identifies the guest, from its newest order.
    pub identity: Payload,
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
    /// The order as it is sent.
    pub encoded: EncodedOrder,
    /// An earlier run sent the order with unknown outcome, and the operator chose to resend it.
    pub is_uncertain: bool,
    /// The result of an order that was held when it was planned; a later run may send it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_result: Option<OrderResult>,
}

/// A valid order that is encoded for its target, and what the ledger stores of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EncodedOrder {
    /// When it was ordered.
    pub ordered_at: DateTime<Utc>,
    /// The hash of the `order` object in canonical form.
    pub content: ContentHash,
    /// Its status.
    pub status: String,
    /// The hash that the same order under another reference would share.
    pub dedup_hash: DedupHash,
    /// The route by which it is sent.
    pub route: Route,
    /// The number of its own requests, without retries and without those that identify the guest.
    pub n_requests: u64,
    /// What is sent.
    pub payload: Payload,
}

/// An encoded order with its guest, before the orders of each guest are brought together.
#[derive(Debug, Serialize, Deserialize)]
pub struct GuestOrder {
    /// The key of the guest.
    pub guest: Identifier<'static>,
    /// What identifies the guest.
    pub identity: Payload,
    /// A hash of the order's guest, time, items and amounts, for comparisons within one export.
    pub dedup_hash_in_export: u64,
    /// The order.
    pub encoded: EncodedOrder,
}

impl PlannedGuest {
    /// Moves the orders that were held when they were planned from `orders` to `results`.
    #[must_use]
    pub fn split_held(self) -> Self {
        self.settle(|order| order.held_result.take())
    }

    /// Moves the orders for which `result` returns one from `orders` to `results`. It may add
    /// problems to an order.
    #[must_use]
    pub fn settle(
        mut self,
        mut result: impl FnMut(&mut PlannedOrder) -> Option<OrderResult>,
    ) -> Self {
        for mut order in std::mem::take(&mut self.orders) {
            match result(&mut order) {
                Some(result) => self.results.push((order.record, result)),
                None => self.orders.push(order),
            }
        }
        self
    }
}

/// A hash of an order's content: the `order` object with numbers by value and items sorted,
/// without the common attributes and the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentHash(pub [u8; 16]);

/// A hash of an order's guest, time, items and amounts: equal for one order under two references.
///
/// The ledger stores only a keyed hash of it, since guests could be guessed from this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DedupHash(pub [u8; 16]);
