//! Age of orders: holds or skips orders that are too old to be sent without `--backfill`.
//!
//! It exists because imported history may trigger live campaigns. It decides by the order's time
//! alone and reads no ledger; whether a run with many old orders is refused is for `pipeline` to
//! say.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{
    outcome::{OrderResult, Outcome},
    planned::{GuestParts, PlannedOrder},
};

/// Age above which orders need `--backfill`, in a run without it.
#[derive(Debug, Clone, Copy)]
pub struct AgeLimit {
    /// Maximum age of an order, measured from the start of the run.
    pub max_age: Duration,
    /// Whether older orders end `skipped`, however many they are (`old_orders = "skip"`).
    pub skips_older: bool,
}

/// The age limit of a run; without one, no order is too old.
#[derive(Debug, Clone, Copy)]
pub struct BackfillGuard {
    /// The age limit, and the time before which an order is old.
    limit: Option<(AgeLimit, DateTime<Utc>)>,
}

/// Count of the orders that are too old, and the time of the oldest.
#[derive(Debug, Clone, Copy, Default)]
pub struct OldOrders {
    /// Their number.
    pub n_orders: u64,
    oldest: Option<DateTime<Utc>>,
}

impl BackfillGuard {
    /// Returns the guard of a run that started at `started_at`. It is disabled without a limit: for
    /// a check and with `--backfill`.
    #[must_use]
    pub fn new(limit: Option<AgeLimit>, started_at: DateTime<Utc>) -> Self {
        // An age that reaches back before the first representable time limits nothing.
        let limit = limit.and_then(|age_limit| {
            let age = TimeDelta::from_std(age_limit.max_age).ok()?;
            Some((age_limit, started_at.checked_sub_signed(age)?))
        });
        Self { limit }
    }

    /// Whether an order of this time is too old.
    #[must_use]
    pub fn is_old(self, ordered_at: DateTime<Utc>) -> bool {
        self.limit.is_some_and(|(_, limit)| ordered_at < limit)
    }

    /// Returns the result of an order that is too old to be sent: not attempted or skipped. Returns
    /// none if it may be sent.
    #[must_use]
    pub fn held_result(self, ordered_at: DateTime<Utc>, is_uncertain: bool) -> Option<OrderResult> {
        // An order of unknown outcome was sent by an earlier run, which was allowed to send it.
        let (age_limit, _) = self.limit.filter(|_| self.is_old(ordered_at) && !is_uncertain)?;
        let older = format!("older than {}", in_days(age_limit.max_age));
        if age_limit.skips_older {
            return Some(OrderResult::without_request(Outcome::Skipped, Some(older)));
        }
        Some(OrderResult::needs_backfill(&format!(
            "ordered at {ordered_at}, {older}; --backfill sends it"
        )))
    }

    /// [`held_result`](Self::held_result) of a planned order.
    #[must_use]
    pub fn held_result_of(self, order: &PlannedOrder) -> Option<OrderResult> {
        self.held_result(order.encoded.ordered_at, order.is_uncertain)
    }

    /// Counts the orders of a plan that are not sent yet and too old to be sent without
    /// `--backfill`. The guests are sorted by their oldest order, and the orders of each by age.
    pub fn count_old<E>(self, guests: impl Iterator<Item = GuestParts<E>>) -> Result<OldOrders, E> {
        let mut old_orders = OldOrders::default();
        if self.limit.is_none() {
            return Ok(old_orders);
        }
        for guest in guests {
            let mut has_old = false;
            for part in guest {
                let part = part?;
                let is_held = |order: &&PlannedOrder| self.held_result_of(order).is_some();
                let held = part.orders.iter().filter(is_held);
                held.for_each(|order| old_orders.add(order.encoded.ordered_at));
                let result_times = part.results.iter().filter_map(|(record, _)| record.ordered_at);
                let order_times = part.orders.iter().map(|order| order.encoded.ordered_at);
                if !result_times.chain(order_times).any(|ordered_at| self.is_old(ordered_at)) {
                    break;
                }
                has_old = true;
            }
            // No old one follows.
            if !has_old {
                break;
            }
        }
        Ok(old_orders)
    }

    /// Returns how many old orders are skipped, like those that a rule of the profile leaves out.
    #[must_use]
    pub fn n_skipped(self, old_orders: OldOrders) -> u64 {
        self.limit.filter(|(limit, _)| limit.skips_older).map_or(0, |_| old_orders.n_orders)
    }

    /// Returns the age limit and the time of the oldest of some old orders, unless they are
    /// skipped.
    #[must_use]
    pub fn held(self, old_orders: OldOrders) -> Option<(Duration, DateTime<Utc>)> {
        let (limit, _) = self.limit.filter(|(limit, _)| !limit.skips_older)?;
        Some((limit.max_age, old_orders.oldest?))
    }
}

/// Formats an age as whole days if possible, for example `30 days`, otherwise for example
/// `1h 30m`.
#[must_use]
pub fn in_days(age: Duration) -> String {
    const DAY: u64 = 24 * 60 * 60;
    match (age.as_secs() / DAY, age.as_secs() % DAY) {
        (days, 0) if days > 1 => format!("{days} days"),
        _ => humantime::format_duration(age).to_string(),
    }
}

impl OldOrders {
    /// Counts an order.
    pub fn add(&mut self, ordered_at: DateTime<Utc>) {
        self.append(Self { n_orders: 1, oldest: Some(ordered_at) });
    }

    /// Adds others.
    pub fn append(&mut self, others: Self) {
        self.n_orders += others.n_orders;
        self.oldest = self.oldest.into_iter().chain(others.oldest).min();
    }
}
