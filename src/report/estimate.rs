//! Send estimate: how many requests the valid orders of a check need, and how long they take.
//!
//! Does not count the requests (`model::forecast::Forecast` does) and ignores retries. Called by
//! `terminal`, `page` and `summary`.

use std::{num::NonZeroU32, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::numbers::{count, format_duration, with_unit};
use crate::model::forecast::{Forecast, MAX_KEPT_ORDERS, OrdersToNote, RouteCost};

/// Requests and time that the valid orders of a check need, without retries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SendEstimate {
    /// Orders sent as one event, with the requests that identify their guests.
    pub single: RouteEstimate,
    /// Orders assembled from several events, each with the requests that identify its guest.
    pub multi: RouteEstimate,
    /// Number of requests of the order that needs most.
    pub longest_order: u64,
    /// Number of all requests.
    pub requests: u64,
    /// Maximum number of requests a second; `None` is unlimited.
    pub rate: Option<NonZeroU32>,
    /// Seconds that all requests take at this rate, rounded up.
    pub seconds: Option<u64>,
    /// What a send needs or does besides.
    #[serde(flatten)]
    pub notes: SendNotes,
}

/// What a send of the valid orders of a check needs, or does with some of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct SendNotes {
    /// There is no ledger yet, so that a send needs `--new-ledger`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_new_ledger: bool,
    /// The ledger holds other targets, but not this one, so that a send needs `--new-target`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_new_target: bool,
    /// More orders are old than allowed: a send without `--backfill` sends nothing.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub needs_backfill: bool,
    /// The orders that a note counts.
    #[serde(flatten)]
    pub orders: OrdersToNote,
    /// What a send would do with old orders.
    #[serde(skip)]
    pub old_orders: OldOrdersRule,
}

/// What a send without `--backfill` does with orders that are too old.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OldOrdersRule {
    /// The age from which they are, for example `30 days`.
    pub age: String,
    /// Whether they are skipped instead of held.
    pub are_skipped: bool,
}

impl SendNotes {
    /// The notes, one per line.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let OrdersToNote {
            old_orders: old,
            oldest_order,
            guests_beyond_limit,
            orders_beyond_limit,
        } = self.orders;
        let mut lines = Vec::new();
        if self.needs_new_ledger {
            lines.push("there is no ledger yet: the first send needs --new-ledger".to_owned());
        }
        if self.needs_new_target {
            lines.push(
                "the ledger holds other targets, but not this one: the first send to another \
                 tenant needs --new-target"
                    .to_owned(),
            );
        }
        if old > 0 {
            let (are, age) = (orders_are(old), &self.old_orders.age);
            let (them, they_stay) =
                if old == 1 { ("it", "it stays") } else { ("them", "they stay") };
            let oldest = match oldest_order {
                None => String::new(),
                Some(oldest) if old == 1 => format!(", of {}", oldest.format("%-d %B %Y")),
                Some(oldest) => format!(", the oldest of {}", oldest.format("%-d %B %Y")),
            };
            let what = if self.old_orders.are_skipped {
                format!("a send skips {them} (old_orders = \"skip\")")
            } else if self.needs_backfill {
                "a send without --backfill sends nothing".to_owned()
            } else {
                format!("without --backfill {they_stay} behind (needs_backfill)")
            };
            lines.push(format!("{are} older than {age}{oldest}: {what}"));
        }
        if guests_beyond_limit > 0 {
            let (guests, beyond) =
                (with_unit(guests_beyond_limit, "guest"), with_unit(orders_beyond_limit, "order"));
            let have = if guests_beyond_limit == 1 { "has" } else { "have" };
            lines.push(format!(
                "{guests} {have} more than {MAX_KEPT_ORDERS} orders here, of which the tenant \
                 keeps the newest: {beyond} will not stay"
            ));
        }
        lines
    }
}

fn orders_are(n: u64) -> String {
    format!("{} {}", with_unit(n, "order"), if n == 1 { "is" } else { "are" })
}

/// Requests and time of the orders of one route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RouteEstimate {
    /// Number of orders and of requests.
    #[serde(flatten)]
    pub cost: RouteCost,
    /// Seconds that its requests alone take at this rate, rounded up.
    pub seconds: Option<u64>,
}

impl SendEstimate {
    /// Estimates how long the requests of `forecast` take at `rate`.
    #[must_use]
    pub fn at(rate: Option<NonZeroU32>, forecast: Forecast) -> Self {
        let requests = forecast.n_requests();
        let seconds = |requests: u64| rate.map(|rate| requests.div_ceil(rate.get().into()));
        let route = |cost: RouteCost| RouteEstimate { cost, seconds: seconds(cost.requests) };
        let Forecast { single, multi, max_order_requests: longest_order } = forecast;
        let (single, multi) = (route(single), route(multi));
        let (seconds, notes) = (seconds(requests), SendNotes::default());
        Self { single, multi, longest_order, requests, rate, seconds, notes }
    }

    /// Heading of the table.
    #[must_use]
    pub fn heading(&self) -> String {
        self.rate.map_or_else(|| "to send".to_owned(), |rate| format!("to send at {rate}/s"))
    }

    /// Table rows: route, orders, requests, time. Empty if there is nothing to send.
    #[must_use]
    pub fn lines(&self) -> Vec<[String; 4]> {
        let (single, multi, requests) = (self.single.cost, self.multi.cost, self.longest_order);
        let routes = [("as one event", single), ("as several events", multi)];
        let mut lines: Vec<_> = routes
            .iter()
            .filter(|(_, cost)| cost.orders > 0)
            .map(|(name, cost)| self.line(name, *cost))
            .collect();
        // With one route only, the line "all" would repeat it.
        if lines.len() > 1 {
            lines.push(self.line(
                "all",
                RouteCost { orders: single.orders + multi.orders, requests: self.requests },
            ));
        }
        if multi.orders > 0 {
            let [name, _, requests, time] =
                self.line("the longest order", RouteCost { orders: 1, requests });
            lines.push([name, String::new(), requests, time]);
        }
        lines
    }

    /// The time that requests take at the rate, for people; none without a limit.
    // In fractions of a second; `seconds` of `summary.json` is rounded up instead.
    pub(super) fn time_of(&self, n_requests: u64) -> Option<String> {
        self.rate.map(|rate| format_duration(Duration::from_secs(n_requests) / rate.get()))
    }

    fn line(&self, name: &str, cost: RouteCost) -> [String; 4] {
        let time = self.time_of(cost.requests).unwrap_or_default();
        [
            name.to_owned(),
            with_unit(cost.orders, "order"),
            format!("{} requests", count(cost.requests)),
            time,
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::route::Route;

    fn estimate(rate: Option<u32>, multi: &[u64]) -> SendEstimate {
        let mut forecast = Forecast::default();
        (0..3).for_each(|_| forecast.add_order(Route::Single, 1, 2));
        forecast.add_guests(2, 2);
        for n_requests in multi {
            forecast.add_order(Route::Multi, *n_requests, 2);
        }
        SendEstimate::at(rate.and_then(NonZeroU32::new), forecast)
    }

    fn render(estimate: &SendEstimate) -> String {
        let lines = estimate.lines().into_iter().map(|line| line.join(" | "));
        [estimate.heading()].into_iter().chain(lines).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn notes_say_what_a_send_needs() {
        let mut orders = OrdersToNote::default();
        orders.add_old("2026-09-03T10:00:00Z".parse().unwrap());
        for n_orders in [20, 21, 25] {
            orders.add_guest(n_orders);
        }
        let old_orders = OldOrdersRule { age: "30 days".to_owned(), are_skipped: false };
        let notes =
            SendNotes { needs_new_ledger: true, orders, old_orders, ..SendNotes::default() };
        insta::assert_snapshot!(notes.lines().join("\n"), @r"
        there is no ledger yet: the first send needs --new-ledger
        1 order is older than 30 days, of 3 September 2026: without --backfill it stays behind (needs_backfill)
        2 guests have more than 20 orders here, of which the tenant keeps the newest: 6 orders will not stay
        ");
        let mut notes = SendNotes { needs_backfill: true, ..notes };
        notes.orders.add_old("2025-12-31T23:59:59Z".parse().unwrap());
        insta::assert_snapshot!(notes.lines()[1], @"2 orders are older than 30 days, the oldest of 31 December 2025: a send without --backfill sends nothing");
        let other = SendNotes { needs_new_target: true, ..SendNotes::default() };
        insta::assert_snapshot!(other.lines().join("\n"), @"the ledger holds other targets, but not this one: the first send to another tenant needs --new-target");
        assert!(SendNotes::default().lines().is_empty());
    }

    #[test]
    fn estimate_lists_each_route() {
        insta::assert_snapshot!(render(&estimate(Some(20), &[8, 544])), @"
        to send at 20/s
        as one event | 3 orders | 7 requests | 0.3 s
        as several events | 2 orders | 556 requests | 27.8 s
        all | 5 orders | 563 requests | 28.1 s
        the longest order |  | 546 requests | 27.3 s
        ");
        insta::assert_snapshot!(render(&estimate(None, &[])), @"
        to send
        as one event | 3 orders | 7 requests |
        ");
        let estimate = estimate(Some(20), &[8, 544]);
        let seconds = [estimate.seconds, estimate.single.seconds, estimate.multi.seconds];
        assert_eq!(seconds, [Some(29), Some(1), Some(28)]);
        assert!(SendEstimate::at(None, Forecast::default()).lines().is_empty());
    }
}
