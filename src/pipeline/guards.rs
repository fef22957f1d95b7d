//! Backfill guard: holds or skips orders that are too old to be sent without `--backfill`, and
//! refuses the run if there are too many of them.
//!
//! It exists because imported history may trigger live campaigns. It decides by the order's time
//! alone and reads no ledger. Called by `dispose`, `resume` and `candidates`.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    error::{Refusal, in_days},
    spec::{AgeLimit, MaxInvalid, RunSpec},
};
use crate::model::{
    outcome::{OrderResult, Outcome},
    planned::PlannedOrder,
};

/// The age limit of a run; without one, no order is too old.
#[derive(Debug, Clone, Copy)]
pub(super) struct BackfillGuard {
    /// The age limit, and the time before which an order is old.
    limit: Option<(AgeLimit, DateTime<Utc>)>,
}

/// Count of the orders that are too old, and the time of the oldest.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct OldOrders {
    n_orders: u64,
    oldest: Option<DateTime<Utc>>,
}

impl BackfillGuard {
    /// Returns the guard of a run. It is disabled for a check and with `--backfill`.
    pub(super) fn of(spec: &RunSpec<'_>) -> Self {
        // An age that reaches back before the first representable time limits nothing.
        let limit = spec.send.as_ref().and_then(|send_spec| send_spec.age_limit).and_then(|age_limit| {
            let age = TimeDelta::from_std(age_limit.max_age).ok()?;
            Some((age_limit, spec.started_at.checked_sub_signed(age)?))
        });
        Self { limit }
    }

    /// Whether an order can be too old at all.
    pub(super) fn is_enabled(self) -> bool {
        self.limit.is_some()
    }

    pub(super) fn is_old(self, ordered_at: DateTime<Utc>) -> bool {
        self.limit.is_some_and(|(_, limit)| ordered_at < limit)
    }

    /// Returns the result of an order that is too old to be sent: not attempted or skipped. Returns
    /// none if it may be sent.
    pub(super) fn held_result(self, ordered_at: DateTime<Utc>, is_uncertain: bool) -> Option<OrderResult> {
        // An order of unknown outcome was sent by an earlier run, which was allowed to send it.
        let (age_limit, _) = self.limit.filter(|_| self.is_old(ordered_at) && !is_uncertain)?;
        let older = format!("older than {}", in_days(age_limit.max_age));
        if age_limit.skips_older {
            return Some(OrderResult::without_request(Outcome::Skipped, Some(older)));
        }
        Some(OrderResult::needs_backfill(&format!("ordered at {ordered_at}, {older}; --backfill sends it")))
    }

    /// [`held_result`](Self::held_result) of a planned order.
    pub(super) fn held_result_of(self, order: &PlannedOrder) -> Option<OrderResult> {
        self.held_result(order.ordered_at, order.is_uncertain)
    }

    /// Returns how many old orders are skipped, like those that a rule of the profile leaves out.
    pub(super) fn n_skipped(self, old_orders: OldOrders) -> u64 {
        self.limit.filter(|(limit, _)| limit.skips_older).map_or(0, |_| old_orders.n_orders)
    }

    /// Refuses the run if more orders are too old than `max_invalid` allows.
    // A few old orders are stragglers and are held, while the others are sent. Many of them mean
    // that the export is history.
    pub(super) fn check(self, old_orders: OldOrders, n_orders: u64, max_invalid: MaxInvalid) -> Result<(), Refusal> {
        match (self.limit, old_orders.oldest) {
            (Some((limit, _)), Some(oldest))
                if !limit.skips_older && max_invalid.is_exceeded(old_orders.n_orders, n_orders) =>
            {
                Err(Refusal::TooManyOld {
                    n_old: old_orders.n_orders,
                    n_orders,
                    max_invalid,
                    age: limit.max_age,
                    oldest,
                })
            }
            _ => Ok(()),
        }
    }
}

impl OldOrders {
    pub(super) fn add(&mut self, ordered_at: DateTime<Utc>) {
        self.append(Self { n_orders: 1, oldest: Some(ordered_at) });
    }

    pub(super) fn append(&mut self, others: Self) {
        self.n_orders += others.n_orders;
        self.oldest = self.oldest.into_iter().chain(others.oldest).min();
    }
}
