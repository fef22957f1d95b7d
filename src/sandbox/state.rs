//! What the sandbox shows of itself: the shape of `GET /sandbox/state` and of `sandbox.json` in a run folder.
//!
//! Only shapes; `tenant` fills them, `page` and the callers of the sandbox read them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// All that the tenant holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct State {
    /// Where it listens, without a slash at the end.
    pub base_url: String,
    /// What reached it.
    pub requests: Requests,
    /// How many of each fault it dealt out, by the names of their settings; `outage.cut_off` is the number of answers
    /// that an outage cut off. A request during an outage never reached it and is counted nowhere.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub faults: BTreeMap<String, u64>,
    /// Browsers it made.
    pub browsers: usize,
    /// Guests that an IDENTITY made known.
    pub guests: usize,
    /// Counts of orders.
    pub orders: Orders,
    /// Sums of the processed orders, by currency code.
    pub money: Vec<Money>,
    /// Accepted events that a real tenant would have dropped silently, oldest first.
    pub not_processed: Vec<NotProcessed>,
    /// Processed orders in the order in which they came.
    pub order_list: Vec<OrderEntry>,
    /// Identified guests in the order in which they were first seen.
    pub guest_list: Vec<GuestEntry>,
}

/// Requests to the Stream API; looking at the sandbox itself is not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Requests {
    /// Browsers asked for.
    pub browser_create: u64,
    /// IDENTITY events.
    pub identity: u64,
    /// `ORDER_CHECKOUT` events.
    pub order_checkout: u64,
    /// Other events, unreadable messages, other paths and methods.
    pub other: u64,
    /// Those of all kinds that were answered with a 4xx.
    pub refused: u64,
    /// The sum of the four kinds.
    pub total: u64,
}

/// What became of the `ORDER_CHECKOUT` events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Orders {
    /// Answered with 201: `processed` and `not_processed` together.
    pub received: usize,
    /// Kept as orders.
    pub processed: usize,
    /// Dropped, with a reason in [`State::not_processed`].
    pub not_processed: usize,
    /// Received orders whose `referenceId` had been received before.
    pub repeated_references: usize,
    /// Items of the processed orders.
    pub items: usize,
}

/// The processed orders of one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Money {
    /// The orders' `currencyCode`.
    pub currency: String,
    /// How many orders.
    pub orders: usize,
    /// The exact sum of their prices; `inexact` once it needs more than 28 digits.
    pub total: String,
}

/// An event that was accepted and dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotProcessed {
    /// The event's `type`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The order's reference, where there is one.
    #[serde(rename = "referenceId", skip_serializing_if = "Option::is_none")]
    pub reference_id: Option<String>,
    /// Everything that is wrong, each as `place: found, expected`.
    pub reasons: Vec<String>,
}

/// A processed order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OrderEntry {
    /// The order's reference.
    pub reference_id: String,
    /// `provider:id` of the guest's first identifier.
    pub guest: String,
    /// UTC, `YYYY-MM-DDThh:mm:ss.sssZ`.
    pub ordered_at: String,
    /// For example `PURCHASED`.
    pub status: String,
    /// The order's `currencyCode`.
    pub currency: String,
    /// The digits that were sent.
    pub price: String,
    /// How many items, not how many pieces.
    pub items: usize,
}

/// An identified guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GuestEntry {
    /// All that the guest was identified by.
    pub identifiers: Vec<Identifier>,
    /// The guest's processed orders.
    pub orders: usize,
}

/// What tells one guest from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Identifier {
    /// Which system the id belongs to, for example `email`.
    pub provider: String,
    /// The id in that system.
    pub id: String,
}
