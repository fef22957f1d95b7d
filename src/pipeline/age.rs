//! Whether orders are so old that sending them needs a go-ahead: imported history may trigger live campaigns.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{Job, Refusal, Sending};

/// Counts the orders that need a go-ahead.
pub(super) struct Age {
    /// The age from which an order needs one, and the time which that makes.
    limit: Option<(Duration, DateTime<Utc>)>,
    n_old: usize,
    oldest: Option<DateTime<Utc>>,
}

impl Age {
    /// No order yet. Without a limit, or where the go-ahead is given, none is too old.
    pub(super) fn new(job: &Job<'_>, sending: &Sending<'_>) -> Self {
        // Before the beginning of time nothing is too old.
        let limit = sending.oldest.and_then(|age| {
            let time = TimeDelta::from_std(age).ok().and_then(|age| job.started_at.checked_sub_signed(age))?;
            Some((age, time))
        });
        Self { limit, n_old: 0, oldest: None }
    }

    /// Whether any order can be too old.
    pub(super) fn matters(&self) -> bool {
        self.limit.is_some()
    }

    pub(super) fn is_old(&self, made: DateTime<Utc>) -> bool {
        self.limit.is_some_and(|(_, limit)| made < limit)
    }

    /// Takes note of an order that would be sent.
    pub(super) fn note(&mut self, made: DateTime<Utc>) {
        if self.is_old(made) {
            self.n_old += 1;
            self.oldest = Some(self.oldest.map_or(made, |oldest| oldest.min(made)));
        }
    }

    /// Why nothing may be sent, if nothing may.
    pub(super) fn refusal(self) -> Result<(), Refusal> {
        match (self.limit, self.oldest) {
            (Some((age, _)), Some(oldest)) => Err(Refusal::Backfill { n_old: self.n_old, age, oldest }),
            _ => Ok(()),
        }
    }
}
