//! Routes: an order is sent as one event, or assembled from several.
//!
//! The routes, the settings that choose one, and the number of requests that each costs.
//! `validate` chooses the route of an order; `stream` encodes it.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::suggest::{did_you_mean, suggest};

/// The route by which an order is sent (manual, "Sending orders": using a single event, using
/// multiple events).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// One ORDER_CHECKOUT, on the guest's browser.
    #[default]
    Single,
    /// ADD per item, ADD_CONTACTS, CONFIRM and CHECKOUT, on a browser of the order's own.
    Multi,
}

/// The requests that identify a guest: browser creation and IDENTITY.
///
/// They precede the events of each order on [`Route::Multi`], and once per guest its orders on
/// [`Route::Single`].
pub const IDENTIFY_REQUESTS: u64 = 2;

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
    /// Counts an order whose own events take `n_requests` requests.
    pub fn add_order(&mut self, route: Route, n_requests: u64) {
        let (cost, n_requests) = match route {
            Route::Single => (&mut self.single, n_requests),
            Route::Multi => (&mut self.multi, IDENTIFY_REQUESTS + n_requests),
        };
        cost.orders += 1;
        cost.requests += n_requests;
        self.max_order_requests = self.max_order_requests.max(n_requests);
    }

    /// Counts guests with at least one order on [`Route::Single`].
    pub fn add_guests(&mut self, n_guests: u64) {
        self.single.requests += IDENTIFY_REQUESTS * n_guests;
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

/// The setting that chooses the route of orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// All orders on [`Route::Single`].
    #[default]
    Single,
    /// All orders on [`Route::Multi`].
    Multi,
    /// [`Route::Multi`] only where a single event cannot carry the order, because of its item
    /// types or its size.
    Auto,
}

impl Mode {
    /// The modes with their names.
    pub const NAMES: [(&'static str, Self); 3] =
        [("single", Self::Single), ("multi", Self::Multi), ("auto", Self::Auto)];
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, mode)| *mode);
        known.ok_or_else(|| {
            let hint = did_you_mean(suggest(name, Self::NAMES.iter().map(|(known, _)| *known)));
            format!("unknown mode {name:?}; expected single, multi or auto{hint}")
        })
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::NAMES.iter().find(|(_, mode)| mode == self).map_or("", |(name, _)| name))
    }
}

/// The setting that decides how CONFIRM names the items of an order.
// `Whole` is the default because the manual does not document whether several CONFIRMs may each
// name a part of the items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConfirmMode {
    /// One CONFIRM with all items. An order for which it is too long cannot be sent.
    #[default]
    Whole,
    /// As many CONFIRMs as their maximum length requires.
    Parts,
}
