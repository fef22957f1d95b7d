//! How an order is sent: as one event, or assembled from several.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use super::suggest::{did_you_mean, suggest};

/// How an order is sent ("Sending orders": using a single event, using multiple events).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// As one ORDER_CHECKOUT, on the guest's browser.
    #[default]
    Single,
    /// As ADD for each item, ADD_CONTACTS, CONFIRM and CHECKOUT, on a browser of its own.
    Multi,
}

/// A browser and IDENTITY: what goes before the events of an order that has a browser of its own, and before the first of
/// a guest's others.
pub const IDENTIFY_REQUESTS: u64 = 2;

/// How many orders go which way, and what that costs if nothing is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Forecast {
    /// As single events, with what identifies their guests.
    pub single: RouteCost,
    /// Assembled from several events, each with what identifies its guest.
    pub multi: RouteCost,
    /// The requests of the order that takes most of them.
    pub max_order_requests: u64,
}

/// What some orders cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RouteCost {
    /// How many orders.
    pub orders: u64,
    /// How many requests.
    pub requests: u64,
}

impl Forecast {
    /// Counts an order whose own events are so many requests.
    pub fn add_order(&mut self, route: Route, n_requests: u64) {
        let (cost, n_requests) = match route {
            Route::Single => (&mut self.single, n_requests),
            Route::Multi => (&mut self.multi, IDENTIFY_REQUESTS + n_requests),
        };
        cost.orders += 1;
        cost.requests += n_requests;
        self.max_order_requests = self.max_order_requests.max(n_requests);
    }

    /// Counts guests who have an order of a single event.
    pub fn add_guests(&mut self, n_guests: u64) {
        self.single.requests += IDENTIFY_REQUESTS * n_guests;
    }

    /// Adds that of other orders.
    pub fn append(&mut self, other: Self) {
        for (cost, more) in [(&mut self.single, other.single), (&mut self.multi, other.multi)] {
            cost.orders += more.orders;
            cost.requests += more.requests;
        }
        self.max_order_requests = self.max_order_requests.max(other.max_order_requests);
    }

    /// All requests.
    #[must_use]
    pub fn n_requests(&self) -> u64 {
        self.single.requests + self.multi.requests
    }
}

/// Which recipe orders are sent by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// All by the single event.
    #[default]
    Single,
    /// All assembled from several events.
    Multi,
    /// Those by several events that the single one cannot carry, for their items' types or their size.
    Auto,
}

impl Mode {
    /// The modes by their names.
    pub const NAMES: [(&'static str, Self); 3] =
        [("single", Self::Single), ("multi", Self::Multi), ("auto", Self::Auto)];
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let known = Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, mode)| *mode);
        known.ok_or_else(|| {
            let hint = did_you_mean(suggest(name, Self::NAMES.iter().map(|(known, _)| *known)));
            format!("{name:?} is no mode, expected single, multi or auto{hint}")
        })
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::NAMES.iter().find(|(_, mode)| mode == self).map_or("", |(name, _)| name))
    }
}

/// How CONFIRM names the items of an order. Whether several may each name a part of them is not documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConfirmMode {
    /// All in one; an order for which that is too long cannot be sent.
    #[default]
    Whole,
    /// In as many as it takes.
    Parts,
}
