//! What sending would take, for whoever decides when to send. Called by `terminal`, `page` and `summary`.

use std::{num::NonZeroU32, time::Duration};

use serde::{Deserialize, Serialize};

use super::figures::{count, counted, spent};
use crate::model::recipe::{Cost, Forecast};

/// What it takes to send the valid orders of a check if nothing is repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outlook {
    /// As single events, with what identifies their guests.
    pub single: Way,
    /// Assembled from several events, each with what identifies its guest.
    pub multi: Way,
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
pub struct Way {
    /// How many orders, and how many requests.
    #[serde(flatten)]
    pub cost: Cost,
    /// How long its requests alone take at this rate, rounded up.
    pub seconds: Option<u64>,
}

impl Outlook {
    /// At this rate.
    #[must_use]
    pub fn at(rate: Option<NonZeroU32>, forecast: Forecast) -> Self {
        let requests = forecast.n_requests();
        let seconds = |requests: u64| rate.map(|rate| requests.div_ceil(rate.get().into()));
        let route = |cost: Cost| Way { cost, seconds: seconds(cost.requests) };
        let Forecast { single, multi, longest_order } = forecast;
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
            lines.push(self.line("all", Cost { orders: single.orders + multi.orders, requests: self.requests }));
        }
        if multi.orders > 0 {
            let [name, _, requests, time] = self.line("the longest order", Cost { orders: 1, requests });
            lines.push([name, String::new(), requests, time]);
        }
        lines
    }

    fn line(&self, name: &str, cost: Cost) -> [String; 4] {
        let time = |rate: NonZeroU32| spent(Duration::from_secs(cost.requests) / rate.get());
        let time = self.rate.map(time).unwrap_or_default();
        [name.to_owned(), counted(cost.orders, "order"), format!("{} requests", count(cost.requests)), time]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::recipe::Recipe;

    fn outlook(rate: Option<u32>, multi: &[u64]) -> Outlook {
        let mut forecast = Forecast::default();
        (0..3).for_each(|_| forecast.add_order(Recipe::Single, 1));
        forecast.add_guests(2);
        for n_requests in multi {
            forecast.add_order(Recipe::Multi, *n_requests);
        }
        Outlook::at(rate.and_then(NonZeroU32::new), forecast)
    }

    fn shown(outlook: &Outlook) -> String {
        let lines = outlook.lines().into_iter().map(|line| line.join(" | "));
        [outlook.heading()].into_iter().chain(lines).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn each_way_is_told_with_its_orders_requests_and_time() {
        insta::assert_snapshot!(shown(&outlook(Some(20), &[8, 544])), @"
        to send at 20/s
        as one event | 3 orders | 7 requests | 0.3 s
        as several events | 2 orders | 556 requests | 27.8 s
        all | 5 orders | 563 requests | 28.1 s
        the longest order |  | 546 requests | 27.3 s
        ");
        insta::assert_snapshot!(shown(&outlook(None, &[])), @"
        to send
        as one event | 3 orders | 7 requests |
        ");
        let estimate = outlook(Some(20), &[8, 544]);
        let seconds = [estimate.seconds, estimate.single.seconds, estimate.multi.seconds];
        assert_eq!(seconds, [Some(29), Some(1), Some(28)]);
        assert!(Outlook::at(None, Forecast::default()).lines().is_empty());
    }
}
