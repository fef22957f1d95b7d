//! Public state of the sandbox: the schema of `GET /sandbox/state` and of `sandbox.json` in a run
//! folder.
//!
//! Data types only, without logic. Filled by `tenant`, read by `page` and the callers of the
//! sandbox.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::request_kind::TenantRequestCounts;

/// All data of the tenant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SandboxState {
    /// `http://127.0.0.1:PORT`, without a trailing slash.
    pub base_url: String,
    /// Requests that reached the sandbox.
    pub requests: Requests,
    /// Number of injected faults by the names of their settings. `outage.cut_off` counts the
    /// responses that an outage dropped. A request during an outage never reached the sandbox and
    /// is not counted.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub faults: BTreeMap<String, u64>,
    /// Browsers that were created.
    pub browsers: usize,
    /// Guests that an IDENTITY identified.
    pub guests: usize,
    /// Counts of orders.
    pub orders: OrderCounts,
    /// Sums of the processed orders, by currency code.
    pub money: Vec<MoneyTotal>,
    /// Carts that were filled and not checked out.
    pub carts: CartSummary,
    /// Accepted events that a real tenant would have dropped silently, oldest first.
    pub not_processed: Vec<NotProcessed>,
    /// Processed orders in the order of arrival.
    pub order_list: Vec<OrderEntry>,
    /// Identified guests in the order of their first IDENTITY.
    pub guest_list: Vec<GuestEntry>,
}

/// Counts of requests to the Stream API. The sandbox's own pages are not counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Requests {
    /// The requests of each kind.
    #[serde(flatten)]
    pub by_kind: TenantRequestCounts,
    /// Requests of all kinds that got a 4xx.
    pub refused: u64,
    /// The sum of all kinds.
    pub total: u64,
}

impl Requests {
    /// Whether an event of a cart was received.
    #[must_use]
    pub fn has_cart_events(&self) -> bool {
        self.by_kind.of_carts(true).any(|(_, n_requests)| n_requests > 0)
    }
}

/// Counts of the orders, sent as an `ORDER_CHECKOUT` or as a CHECKOUT of a cart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct OrderCounts {
    /// Orders whose event got a 201: the sum of `processed` and `not_processed`.
    pub received: usize,
    /// Stored orders.
    pub processed: usize,
    /// Dropped orders, with their reasons in [`SandboxState::not_processed`].
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
    /// Number of orders.
    pub orders: usize,
    /// The exact sum of their prices, or `inexact` if it needs more than 28 digits.
    pub total: String,
}

/// Counts of the carts that contain items and were not purchased.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CartSummary {
    /// Carts of sessions that are still open.
    pub open: usize,
    /// Carts of sessions that timed out.
    pub abandoned: usize,
    /// Carts emptied by a `CLEAR_CART`.
    pub cleared: usize,
    /// The open carts, oldest first.
    pub list: Vec<CartEntry>,
}

/// An open cart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CartEntry {
    /// The browser of its session.
    pub browser_id: String,
    /// `provider:id` of the guest's first identifier, if the guest is identified.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub guest: Option<String>,
    /// Number of items, confirmed or not.
    pub items: usize,
    /// Number of contacts.
    pub contacts: usize,
    /// Number of consumers.
    pub consumers: usize,
    /// The `referenceId` of the first item, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

/// How an order was sent.
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
    /// The order's reference, if it has one.
    #[serde(rename = "referenceId", skip_serializing_if = "Option::is_none")]
    pub reference_id: Option<String>,
    /// All errors, each as `attribute: found, expected`.
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
    /// UTC, `YYYY-MM-DDThh:mm:ss.sssZ`. In mode `multi`, the time of the first item that has one;
    /// empty if none has.
    pub ordered_at: String,
    /// For example `PURCHASED`.
    pub status: String,
    /// The order's `currencyCode`, or that of its items.
    pub currency: String,
    /// The digits that were sent. In mode `multi`, the exact sum of price times quantity, or
    /// `inexact`.
    pub price: String,
    /// Number of items, not the sum of their quantities.
    pub items: usize,
    /// Whether it was sent as one event or assembled from several.
    pub mode: TenantMode,
}

/// An identified guest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GuestEntry {
    /// All identifiers of the guest.
    pub identifiers: Vec<TenantIdentifier>,
    /// Number of the guest's processed orders.
    pub orders: usize,
}

/// An identifier of a guest, unique within its provider.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TenantIdentifier {
    /// The system of the id, for example `email`.
    pub provider: String,
    /// The id in that system.
    pub id: String,
}
