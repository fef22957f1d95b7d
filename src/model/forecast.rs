//! Forecast of a send: its orders and its requests by route.
//!
//! Does not count retries, and estimates no time; `report` does. Added up by `pipeline` and `plan`.

use serde::{Deserialize, Serialize};

use super::route::Route;

/// Orders and requests by route, not counting retries.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RouteCost {
    /// The number of orders.
    pub orders: u64,
    /// The number of requests.
    pub requests: u64,
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

    /// The number of requests on all routes.
    #[must_use]
    pub fn n_requests(&self) -> u64 {
        self.single.requests + self.multi.requests
    }
}
