//! Forecast of a send: its orders and its requests by route.
//!
//! Does not count retries, and estimates no time; `report` does. Added up by `report`, `plan` and
//! `pipeline`.

use chrono::{DateTime, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::route::Route;

/// Orders and requests by route, not counting retries.
// Not their bytes: a check without a ledger counts the requests of an order and encodes none, and
// only the sending knows the headers and what TLS adds. What limits a send is the rate of its
// requests, not their size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Forecast {
    /// Orders on [`Route::Single`], with the requests that identify their guests.
    pub single: RouteCost,
    /// Orders on [`Route::Multi`], each with the requests that identify its guest.
    pub multi: RouteCost,
    /// The largest number of requests of one order.
    pub max_order_requests: u64,
}

/// Orders of one route and their requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct RouteCost {
    /// The number of orders.
    pub orders: u64,
    /// The number of requests.
    pub requests: u64,
}

/// Counts of valid orders that a check notes, since a send may not do with them what its user
/// expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct OrdersToNote {
    /// Orders that are too old to be sent without `--backfill`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub old_orders: u64,
    /// When the oldest of them was ordered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oldest_order: Option<DateTime<Utc>>,
    /// Guests with more orders than the tenant keeps.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub guests_beyond_limit: u64,
    /// Their orders beyond that number.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub orders_beyond_limit: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// The number of a guest's orders that the tenant keeps, the newest ones.
pub const MAX_KEPT_ORDERS: u64 = 20;

impl OrdersToNote {
    /// Counts an order that is too old.
    pub fn add_old(&mut self, ordered_at: DateTime<Utc>) {
        self.append(Self { old_orders: 1, oldest_order: Some(ordered_at), ..Self::default() });
    }

    /// Adds those of other orders.
    pub fn append(&mut self, other: Self) {
        self.old_orders += other.old_orders;
        self.oldest_order = self.oldest_order.into_iter().chain(other.oldest_order).min();
        self.guests_beyond_limit += other.guests_beyond_limit;
        self.orders_beyond_limit += other.orders_beyond_limit;
    }

    /// Counts a guest with this number of orders.
    pub fn add_guest(&mut self, n_orders: u64) {
        if let Some(n_beyond @ 1..) = n_orders.checked_sub(MAX_KEPT_ORDERS) {
            self.guests_beyond_limit += 1;
            self.orders_beyond_limit += n_beyond;
        }
    }
}

impl Forecast {
    /// Counts an order that takes `n_requests` requests of its own, and `to_identify` requests for
    /// its guest if it is on [`Route::Multi`].
    pub fn add_order(&mut self, route: Route, n_requests: u64, to_identify: u64) {
        let (cost, n_requests) = match route {
            Route::Single => (&mut self.single, n_requests),
            Route::Multi => (&mut self.multi, to_identify + n_requests),
        };
        cost.orders += 1;
        cost.requests += n_requests;
        self.max_order_requests = self.max_order_requests.max(n_requests);
    }

    /// Counts guests with at least one order on [`Route::Single`], each identified once by
    /// `to_identify` requests.
    pub fn add_guests(&mut self, n_guests: u64, to_identify: u64) {
        self.single.requests += to_identify * n_guests;
    }

    /// Adds the forecast of other orders.
    pub fn append(&mut self, other: Self) {
        for (cost, more) in [(&mut self.single, other.single), (&mut self.multi, other.multi)] {
            cost.orders += more.orders;
            cost.requests += more.requests;
        }
        self.max_order_requests = self.max_order_requests.max(other.max_order_requests);
    }

    /// The number of orders on all routes.
    #[must_use]
    pub fn n_orders(&self) -> u64 {
        self.single.orders + self.multi.orders
    }

    /// The number of requests on all routes.
    #[must_use]
    pub fn n_requests(&self) -> u64 {
        self.single.requests + self.multi.requests
    }
}
