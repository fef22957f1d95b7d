//! What is to be sent: guests, and for each its orders, oldest first. Written by `plan`, read by `dispatch`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::order::OrderId;

/// An event's minified JSON but for its browser id, which is known only when it is sent. Made by `event`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventText(pub String);

/// One guest and the orders to send for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedGuest {
    /// IDENTITY, from the guest's newest order.
    pub identity: EventText,
    /// Oldest first.
    pub orders: Vec<PlannedOrder>,
}

/// One order to send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedOrder {
    /// Its place in the run.
    pub id: OrderId,
    /// Its reference at the shop.
    pub reference: String,
    /// When it was made.
    pub ordered_at: DateTime<Utc>,
    /// A hash of the `order` object in canonical form.
    pub content: ContentHash,
    /// `ORDER_CHECKOUT`
    pub checkout: EventText,
}

/// A hash of an order's content: numbers by value, items sorted; not the common attributes, nor the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContentHash(pub [u8; 16]);
