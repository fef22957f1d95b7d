//! One value per outcome, and one for all orders read: the type in which orders and money are counted.
//!
//! A struct, not a map: its fields are the keys of `summary.json`. Adds up nothing by itself; `tally`
//! does. Called by `tally`, `summary`, `terminal` and `page`.

use serde::{Deserialize, Serialize};

use crate::model::outcome::Outcome;

/// Value of all orders read and of each outcome, in the order of [`Outcome::ALL`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PerOutcome<T> {
    /// All orders read.
    pub read: T,
    /// Those of [`Outcome::Accepted`].
    pub accepted: T,
    /// Those of [`Outcome::AlreadySent`].
    pub already_sent: T,
    /// Those of [`Outcome::Changed`].
    pub changed: T,
    /// Those of [`Outcome::Skipped`].
    pub skipped: T,
    /// Those of [`Outcome::Invalid`].
    pub invalid: T,
    /// Those of [`Outcome::Refused`].
    pub refused: T,
    /// Those of [`Outcome::Failed`].
    pub failed: T,
    /// Those of [`Outcome::Unknown`].
    pub unknown: T,
    /// Those of [`Outcome::NotAttempted`].
    pub not_attempted: T,
    /// Those of [`Outcome::Valid`].
    pub valid: T,
}

impl<T> PerOutcome<T> {
    /// Returns the value of an outcome.
    #[must_use]
    pub fn get(&self, outcome: Outcome) -> &T {
        // Exhaustive, so that a new outcome does not compile without a field and a key.
        match outcome {
            Outcome::Accepted => &self.accepted,
            Outcome::AlreadySent => &self.already_sent,
            Outcome::Changed => &self.changed,
            Outcome::Skipped => &self.skipped,
            Outcome::Invalid => &self.invalid,
            Outcome::Refused => &self.refused,
            Outcome::Failed => &self.failed,
            Outcome::Unknown => &self.unknown,
            Outcome::NotAttempted => &self.not_attempted,
            Outcome::Valid => &self.valid,
        }
    }

    /// Returns the value of an outcome, mutably.
    pub fn get_mut(&mut self, outcome: Outcome) -> &mut T {
        match outcome {
            Outcome::Accepted => &mut self.accepted,
            Outcome::AlreadySent => &mut self.already_sent,
            Outcome::Changed => &mut self.changed,
            Outcome::Skipped => &mut self.skipped,
            Outcome::Invalid => &mut self.invalid,
            Outcome::Refused => &mut self.refused,
            Outcome::Failed => &mut self.failed,
            Outcome::Unknown => &mut self.unknown,
            Outcome::NotAttempted => &mut self.not_attempted,
            Outcome::Valid => &mut self.valid,
        }
    }

    /// Iterates over the outcomes and their values, in the order of reports; `read` is left out.
    pub fn outcomes(&self) -> impl Iterator<Item = (Outcome, &T)> {
        Outcome::ALL.into_iter().map(|outcome| (outcome, self.get(outcome)))
    }

    /// Applies `f` to all values.
    pub fn map<U: Default>(&self, f: impl Fn(&T) -> U) -> PerOutcome<U> {
        let mut mapped = PerOutcome { read: f(&self.read), ..PerOutcome::default() };
        for (outcome, value) in self.outcomes() {
            *mapped.get_mut(outcome) = f(value);
        }
        mapped
    }
}

impl<T> PerOutcome<T> {
    /// Adds the values of `other`, outcome by outcome.
    pub(super) fn append(&mut self, other: &Self, add: impl Fn(&mut T, &T)) {
        add(&mut self.read, &other.read);
        for (outcome, value) in other.outcomes() {
            add(self.get_mut(outcome), value);
        }
    }
}

impl PerOutcome<u64> {
    /// Number of orders that have an outcome.
    #[must_use]
    pub fn with_result(&self) -> u64 {
        self.outcomes().map(|(_, n)| n).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_follow_outcome_order() {
        let mut counts = PerOutcome { read: 55, ..PerOutcome::default() };
        for (n, outcome) in (1..).zip(Outcome::ALL) {
            *counts.get_mut(outcome) = n;
        }
        let expected: Vec<String> = (1..).zip(Outcome::ALL).map(|(n, outcome)| format!(r#""{outcome}":{n}"#)).collect();
        assert_eq!(serde_json::to_string(&counts).unwrap(), format!(r#"{{"read":55,{}}}"#, expected.join(",")));
        assert_eq!(counts.with_result(), counts.read);
        assert_eq!(counts.map(u64::to_string).get(Outcome::Valid), "10");
    }
}
