//! What sending would take, for whoever decides when to send. Called by `terminal`, `page` and `summary`.

use std::{num::NonZeroU32, time::Duration};

use serde::{Deserialize, Serialize};

use super::numbers::{count, format_duration, with_unit};
use crate::model::route::{Forecast, RouteCost};

/// What it takes to send the valid orders of a check if nothing is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SendEstimate {
    /// As single events, with what identifies their guests.
    pub single: RouteEstimate,
    /// Assembled from several events, each with what identifies its guest.
    pub multi: RouteEstimate,
    /// The requests of the order that takes most of them.
    pub longest_order: u64,
    /// All requests.
    pub requests: u64,
    /// The most requests a second; none where nothing limits them.
    pub rate: Option<NonZeroU32>,
    /// How long all requests take at this rate, rounded up.
    pub seconds: Option<u64>,
}

/// What the orders take that go one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteEstimate {
    /// How many orders, and how many requests.
    #[serde(flatten)]
    pub cost: RouteCost,
    /// How long its requests alone take at this rate, rounded up.
    pub seconds: Option<u64>,
}

impl SendEstimate {
    /// At this rate.
    #[must_use]
    pub fn at(rate: Option<NonZeroU32>, forecast: Forecast) -> Self {
        let requests = forecast.n_requests();
        let seconds = |requests: u64| rate.map(|rate| requests.div_ceil(rate.get().into()));
        let route = |cost: RouteCost| RouteEstimate { cost, seconds: seconds(cost.requests) };
        let Forecast { single, multi, max_order_requests: longest_order } = forecast;
        let (single, multi) = (route(single), route(multi));
        Self { single, multi, longest_order, requests, rate, seconds: seconds(requests) }
    }

    /// What it is about.
    #[must_use]
    pub fn heading(&self) -> String {
        self.rate.map_or_else(|| "to send".to_owned(), |rate| format!("to send at {rate}/s"))
    }

    /// Lines of a table: what, how many orders, requests, and how long they take. None where nothing is to be sent.
    #[must_use]
    pub fn lines(&self) -> Vec<[String; 4]> {
        let (single, multi, requests) = (self.single.cost, self.multi.cost, self.longest_order);
        let routes = [("as one event", single), ("as several events", multi)];
        let mut lines: Vec<_> =
            routes.iter().filter(|(_, cost)| cost.orders > 0).map(|(name, cost)| self.line(name, *cost)).collect();
        if lines.len() > 1 {
            lines.push(self.line("all", RouteCost { orders: single.orders + multi.orders, requests: self.requests }));
        }
        if multi.orders > 0 {
            let [name, _, requests, time] = self.line("the longest order", RouteCost { orders: 1, requests });
            lines.push([name, String::new(), requests, time]);
        }
        lines
    }

    fn line(&self, name: &str, cost: RouteCost) -> [String; 4] {
        let time = |rate: NonZeroU32| format_duration(Duration::from_secs(cost.requests) / rate.get());
        let time = self.rate.map(time).unwrap_or_default();
        [name.to_owned(), with_unit(cost.orders, "order"), format!("{} requests", count(cost.requests)), time]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::route::Route;

    fn estimate(rate: Option<u32>, multi: &[u64]) -> SendEstimate {
        let mut forecast = Forecast::default();
        (0..3).for_each(|_| forecast.add_order(Route::Single, 1));
        forecast.add_guests(2);
        for n_requests in multi {
            forecast.add_order(Route::Multi, *n_requests);
        }
        SendEstimate::at(rate.and_then(NonZeroU32::new), forecast)
    }

    fn render(estimate: &SendEstimate) -> String {
        let lines = estimate.lines().into_iter().map(|line| line.join(" | "));
        [estimate.heading()].into_iter().chain(lines).collect::<Vec<_>>().join("\n")
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
