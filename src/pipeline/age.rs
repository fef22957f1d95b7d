//! Whether orders are so old that sending them needs a go-ahead: imported history may trigger live campaigns.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Job, Refusal};

/// How old an order may be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Age {
    /// The age from which an order needs a go-ahead, and the time which that makes.
    limit: Option<(Duration, DateTime<Utc>)>,
}

/// Orders that need a go-ahead.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Old {
    n_orders: u64,
    oldest: Option<DateTime<Utc>>,
}

impl Age {
    /// Without a limit, or where the go-ahead is given, nothing is too old.
    pub(super) fn of(job: &Job<'_>) -> Self {
        // Before the beginning of time nothing is too old.
        let limit = job.sending.as_ref().and_then(|sending| sending.oldest).and_then(|age| {
            let time = TimeDelta::from_std(age).ok().and_then(|age| job.started_at.checked_sub_signed(age))?;
            Some((age, time))
        });
        Self { limit }
    }

    /// Whether any order can be too old.
    pub(super) fn matters(self) -> bool {
        self.limit.is_some()
    }

    pub(super) fn is_old(self, made: DateTime<Utc>) -> bool {
        self.limit.is_some_and(|(_, limit)| made < limit)
    }

    /// Why nothing may be sent, if nothing may.
    pub(super) fn judge(self, old: Old) -> Result<(), Refusal> {
        match (self.limit, old.oldest) {
            (Some((age, _)), Some(oldest)) => Err(Refusal::Backfill { n_old: old.n_orders, age, oldest }),
            _ => Ok(()),
        }
    }
}

impl Old {
    /// Counts an order.
    pub(super) fn add(&mut self, made: DateTime<Utc>) {
        self.append(Self { n_orders: 1, oldest: Some(made) });
    }

    /// Adds others.
    pub(super) fn append(&mut self, others: Self) {
        self.n_orders += others.n_orders;
        self.oldest = self.oldest.into_iter().chain(others.oldest).min();
    }
}
