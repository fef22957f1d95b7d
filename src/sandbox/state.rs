//! What the sandbox shows of itself: the shape of `GET /sandbox/state` and of `sandbox.json` in a run folder.
//!
//! Only shapes; `tenant` fills them, `page` and the callers of the sandbox read them.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// All that the tenant holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SandboxState {
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
    pub orders: OrderCounts,
    /// Sums of the processed orders, by currency code.
    pub money: Vec<MoneyTotal>,
    /// Carts that no CHECKOUT made an order of.
    pub carts: CartSummary,
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
    /// ADD events.
    pub add: u64,
    /// `ADD_CONTACTS` events.
    pub add_contacts: u64,
    /// `ADD_CONSUMERS` events.
    pub add_consumers: u64,
    /// CONFIRM events.
    pub confirm: u64,
    /// CHECKOUT events.
    pub checkout: u64,
    /// `CLEAR_CART` events.
    pub clear_cart: u64,
    /// Other events, unreadable messages, other paths and methods.
    pub other: u64,
    /// Those of all kinds that were answered with a 4xx.
    pub refused: u64,
    /// The sum of all kinds.
    pub total: u64,
}

impl Requests {
    /// Whether anything came that has to do with a cart.
    #[must_use]
    pub fn has_cart_events(&self) -> bool {
        self.add + self.add_contacts + self.add_consumers + self.confirm + self.checkout + self.clear_cart > 0
    }
}

/// What became of the orders, sent as an `ORDER_CHECKOUT` or as a CHECKOUT of a cart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct OrderCounts {
    /// Their event was answered with 201: `processed` and `not_processed` together.
    pub received: usize,
    /// Kept as orders.
    pub processed: usize,
    /// Dropped, with a reason in [`State::not_processed`].
    pub not_processed: usize,
    /// Received orders whose reference had been received before.
    pub repeated_references: usize,
    /// Items of the processed orders.
    pub items: usize,
}

/// The processed orders of one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MoneyTotal {
    /// The orders' currency.
    pub currency: String,
    /// How many orders.
    pub orders: usize,
    /// The exact sum of their prices; `inexact` once it needs more than 28 digits.
    pub total: String,
}

/// What became of carts that hold items and were not bought.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CartSummary {
    /// In sessions that go on.
    pub open: usize,
    /// In sessions that timed out.
    pub abandoned: usize,
    /// Emptied by a `CLEAR_CART`.
    pub cleared: usize,
    /// The open ones, in the order in which they were begun.
    pub list: Vec<CartEntry>,
}

/// A cart left open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CartEntry {
    /// Whose session it belongs to.
    pub browser_id: String,
    /// `provider:id` of the guest's first identifier, if the guest is identified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guest: Option<String>,
    /// How many items, confirmed or not.
    pub items: usize,
    /// How many contacts.
    pub contacts: usize,
    /// How many consumers.
    pub consumers: usize,
    /// The first item's `referenceId`, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// How an order came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum TenantMode {
    /// As one `ORDER_CHECKOUT`.
    Single,
    /// Assembled from several events.
    Multi,
}

impl fmt::Display for TenantMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Single => "single",
            Self::Multi => "multi",
        })
    }
}

/// An event that was accepted and dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NotProcessed {
    /// The event's `type`.
    #[serde(rename = "type")]
    pub event_type: String,
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
    /// UTC, `YYYY-MM-DDThh:mm:ss.sssZ`; of several events the first item's that says it, empty where none does.
    pub ordered_at: String,
    /// For example `PURCHASED`.
    pub status: String,
    /// The order's `currencyCode`, or that of its items.
    pub currency: String,
    /// The digits that were sent; of several events the exact sum of price times quantity, or `inexact`.
    pub price: String,
    /// How many items, not how many pieces.
    pub items: usize,
    /// As one event or several.
    pub mode: TenantMode,
}

/// An identified guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GuestEntry {
    /// All that the guest was identified by.
    pub identifiers: Vec<TenantIdentifier>,
    /// The guest's processed orders.
    pub orders: usize,
}

/// What tells one guest from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TenantIdentifier {
    /// Which system the id belongs to, for example `email`.
    pub provider: String,
    /// The id in that system.
    pub id: String,
}
