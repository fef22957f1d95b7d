//! Whether orders are so old that sending them needs a go-ahead: imported history may trigger live campaigns.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{MaxInvalid, Refusal, RunSpec, error::in_days};
use crate::model::{
    outcome::{OrderResult, Outcome},
    planned::PlannedOrder,
};

/// From which age on orders need a go-ahead that is not given, and what becomes of them.
#[derive(Debug, Clone, Copy)]
pub struct AgeLimit {
    /// The age.
    pub max_age: Duration,
    /// They are skipped, however many they are.
    pub skips_older: bool,
}

/// How old an order may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct BackfillGuard {
    /// What is done with old orders, and the time before which one is old.
    limit: Option<(AgeLimit, DateTime<Utc>)>,
}

/// Orders that are too old.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct OldOrders {
    n_orders: u64,
    oldest: Option<DateTime<Utc>>,
}

impl BackfillGuard {
    /// Without a limit, or where the go-ahead is given, nothing is too old.
    pub(super) fn of(spec: &RunSpec<'_>) -> Self {
        // Before the beginning of time nothing is too old.
        let limit = spec.send.as_ref().and_then(|send_spec| send_spec.age_limit).and_then(|age_limit| {
            let age = TimeDelta::from_std(age_limit.max_age).ok()?;
            Some((age_limit, spec.started_at.checked_sub_signed(age)?))
        });
        Self { limit }
    }

    /// Whether any order can be too old.
    pub(super) fn is_enabled(self) -> bool {
        self.limit.is_some()
    }

    pub(super) fn is_old(self, ordered_at: DateTime<Utc>) -> bool {
        self.limit.is_some_and(|(_, limit)| ordered_at < limit)
    }

    /// What becomes of an order that is to be sent, if it is too old. One that an earlier run sent, whatever came of that,
    /// had its go-ahead then.
    pub(super) fn held_result(self, ordered_at: DateTime<Utc>, is_uncertain: bool) -> Option<OrderResult> {
        let (age_limit, _) = self.limit.filter(|_| self.is_old(ordered_at) && !is_uncertain)?;
        let older = format!("older than {}", in_days(age_limit.max_age));
        if age_limit.skips_older {
            return Some(OrderResult::without_request(Outcome::Skipped, Some(older)));
        }
        Some(OrderResult::needs_backfill(&format!("ordered at {ordered_at}, {older}; --backfill is the go-ahead")))
    }

    /// The same for an order of a plan.
    pub(super) fn held_result_of(self, order: &PlannedOrder) -> Option<OrderResult> {
        self.held_result(order.ordered_at, order.is_uncertain)
    }

    /// How many of them are left out as by a rule of the profile.
    pub(super) fn n_skipped(self, old_orders: OldOrders) -> u64 {
        self.limit.filter(|(limit, _)| limit.skips_older).map_or(0, |_| old_orders.n_orders)
    }

    /// Whether the others may be sent: so many old orders in an export are no stragglers.
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
    /// Counts an order.
    pub(super) fn add(&mut self, ordered_at: DateTime<Utc>) {
        self.append(Self { n_orders: 1, oldest: Some(ordered_at) });
    }

    /// Adds others.
    pub(super) fn append(&mut self, others: Self) {
        self.n_orders += others.n_orders;
        self.oldest = self.oldest.into_iter().chain(others.oldest).min();
    }
}
