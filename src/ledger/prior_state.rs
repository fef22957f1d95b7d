//! Prior state: what earlier runs did with an order that is about to be sent, derived from the
//! ledger's entries of its reference. Does no I/O and decides nothing; the caller is
//! `disposition`.

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    entry::{AttemptState, HistoryEntry},
    history::ReferenceHistory,
};
use crate::model::{order::SAME_ORDER_WINDOW, planned::ContentHash};

/// What earlier runs did with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PriorState {
    /// It was not sent, or is known not to be accepted.
    None,
    /// It was accepted with the same content.
    Accepted,
    /// It was accepted with the same content, according to the operator.
    AcceptedManually,
    /// It was accepted with the same content, and the outcome of another attempt is unknown: the
    /// service may have it twice.
    AcceptedMaybeTwice,
    /// It was accepted with other content.
    Changed,
    /// It was sent, and its outcome is unknown.
    Unknown,
    /// An order of this reference with another time was accepted, or may have been.
    ReferenceReused {
        /// The time of that order.
        ordered_at: DateTime<Utc>,
        /// Whether it was accepted; if not, its outcome is unknown.
        is_accepted: bool,
    },
}

impl ReferenceHistory {
    /// Derives the prior state of an order of this reference. It does not include whether a change
    /// is acknowledged; see [`change_state`](Self::change_state).
    #[must_use]
    pub fn prior_state(&self, ordered_at: DateTime<Utc>, content: ContentHash) -> PriorState {
        let has_open = self
            .attempts
            .iter()
            .any(|entry| entry.state.is_open() && distance(entry, ordered_at) < SAME_ORDER_WINDOW);
        match self.matching_accepted(ordered_at, Some(content)) {
            Some(entry) if entry.order.content == content => match entry.is_manual {
                // The operator's decision ends the uncertainty, also that of an attempt that is
                // open still.
                true => PriorState::AcceptedManually,
                false if has_open => PriorState::AcceptedMaybeTwice,
                false => PriorState::Accepted,
            },
            Some(_) => PriorState::Changed,
            None if has_open => PriorState::Unknown,
            None => self.reused_reference(ordered_at),
        }
    }

    /// Returns the accepted order of the same reference that this order is: the nearest in time, if
    /// it is less than two days away (Sitecore's own rule for a repeated reference). `content`
    /// is none if the order's content is not known.
    #[must_use]
    pub fn matching_accepted(
        &self,
        ordered_at: DateTime<Utc>,
        content: Option<ContentHash>,
    ) -> Option<&HistoryEntry> {
        let accepted = self.attempts.iter().filter(|entry| entry.state == AttemptState::Accepted);
        // Of two at the same distance, the one with equal content: an order is then not reported as
        // changed.
        let nearest = accepted.min_by_key(|entry| {
            (distance(entry, ordered_at), Some(entry.order.content) != content)
        });
        nearest.filter(|entry| distance(entry, ordered_at) < SAME_ORDER_WINDOW)
    }

    /// Whether an order of about this time was or may have been accepted: the time of an accepted
    /// or open attempt is less than two days away.
    #[must_use]
    pub fn has_order_near(&self, ordered_at: DateTime<Utc>) -> bool {
        self.attempts
            .iter()
            .any(|entry| may_be_accepted(entry) && distance(entry, ordered_at) < SAME_ORDER_WINDOW)
    }

    /// Returns the time of the only accepted order of a reference, or else of the last one whose
    /// outcome is unknown. Used for an order whose own time is unparsable.
    #[must_use]
    pub fn single_order_time(&self) -> Option<DateTime<Utc>> {
        let mut accepted =
            self.attempts.iter().filter(|entry| entry.state == AttemptState::Accepted);
        let Some(first) = accepted.next() else {
            return self
                .attempts
                .iter()
                .rfind(|entry| entry.state.is_open())
                .map(|entry| entry.order.ordered_at);
        };
        let ordered_at = first.order.ordered_at;
        accepted.all(|other| distance(other, ordered_at) < SAME_ORDER_WINDOW).then_some(ordered_at)
    }

    /// The nearest order of the reference that has another time and was or may have been accepted.
    fn reused_reference(&self, ordered_at: DateTime<Utc>) -> PriorState {
        let is_accepted = |entry: &HistoryEntry| entry.state == AttemptState::Accepted;
        let candidates = self.attempts.iter().filter(|entry| may_be_accepted(entry));
        let nearest =
            candidates.min_by_key(|entry| (distance(entry, ordered_at), !is_accepted(entry)));
        nearest.map_or(PriorState::None, |entry| PriorState::ReferenceReused {
            ordered_at: entry.order.ordered_at,
            is_accepted: is_accepted(entry),
        })
    }
}

/// Whether the attempt was accepted, or may have been: its outcome is unknown.
fn may_be_accepted(entry: &HistoryEntry) -> bool {
    entry.state == AttemptState::Accepted || entry.state.is_open()
}

fn distance(entry: &HistoryEntry, ordered_at: DateTime<Utc>) -> TimeDelta {
    (entry.order.ordered_at - ordered_at).abs()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{OrderKey, OrderSnapshot};

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hours)
    }

    fn entry(hours: i64, content: u8, state: AttemptState) -> HistoryEntry {
        let order = OrderKey {
            reference: "A".into(),
            ordered_at: at(hours),
            content: ContentHash([content; 16]),
        };
        HistoryEntry { order, state, is_manual: false, snapshot: OrderSnapshot::default() }
    }

    fn history(entries: &[HistoryEntry]) -> ReferenceHistory {
        ReferenceHistory { attempts: entries.to_vec(), changes: Vec::new() }
    }

    #[test]
    fn nearest_accepted_order_decides() {
        use AttemptState::{Accepted, Intended, NotAccepted, Unknown};
        let prior_state =
            |entries: &[HistoryEntry]| history(entries).prior_state(at(100), ContentHash([1; 16]));
        assert_eq!(prior_state(&[]), PriorState::None);
        assert_eq!(prior_state(&[entry(100, 1, NotAccepted)]), PriorState::None);
        assert_eq!(prior_state(&[entry(100, 1, Accepted)]), PriorState::Accepted);
        assert_eq!(prior_state(&[entry(147, 1, Accepted)]), PriorState::Accepted);
        let reused =
            |hours, is_accepted| PriorState::ReferenceReused { ordered_at: at(hours), is_accepted };
        assert_eq!(prior_state(&[entry(148, 1, Accepted)]), reused(148, true));
        assert_eq!(prior_state(&[entry(100, 2, Accepted)]), PriorState::Changed);
        assert_eq!(
            prior_state(&[entry(100, 2, Accepted), entry(110, 1, Accepted)]),
            PriorState::Changed
        );
        let manual = |state| HistoryEntry { is_manual: true, ..entry(100, 1, state) };
        assert_eq!(prior_state(&[manual(Accepted)]), PriorState::AcceptedManually);
        assert_eq!(prior_state(&[manual(NotAccepted)]), PriorState::None);
        assert_eq!(prior_state(&[entry(100, 1, Intended)]), PriorState::Unknown);
        assert_eq!(prior_state(&[entry(52, 1, NotAccepted)]), PriorState::None);
        for open in [Intended, Unknown] {
            assert_eq!(prior_state(&[entry(52, 1, open)]), reused(52, false));
            assert_eq!(
                prior_state(&[entry(52, 1, open), entry(0, 1, Accepted)]),
                reused(52, false)
            );
            assert_eq!(
                prior_state(&[entry(0, 1, open), entry(148, 1, Accepted)]),
                reused(148, true)
            );
        }
        assert_eq!(
            prior_state(&[entry(53, 1, Unknown), entry(0, 1, Accepted)]),
            PriorState::Unknown
        );
        for open in [Intended, Unknown] {
            assert_eq!(
                prior_state(&[entry(100, 1, open), entry(100, 1, Accepted)]),
                PriorState::AcceptedMaybeTwice
            );
        }
        assert_eq!(
            prior_state(&[entry(100, 1, Unknown), manual(Accepted)]),
            PriorState::AcceptedManually
        );
        assert_eq!(
            prior_state(&[entry(52, 1, Unknown), entry(100, 1, Accepted)]),
            PriorState::Accepted
        );
    }

    #[test]
    fn order_without_time_matches_single_order() {
        use AttemptState::{Accepted, NotAccepted, Unknown};
        let single_order_time = |entries: &[HistoryEntry]| history(entries).single_order_time();
        assert_eq!(single_order_time(&[]), None);
        assert_eq!(single_order_time(&[entry(100, 1, NotAccepted)]), None);
        assert_eq!(
            single_order_time(&[entry(100, 1, Accepted), entry(0, 1, Unknown)]),
            Some(at(100))
        );
        assert_eq!(
            single_order_time(&[entry(100, 1, Accepted), entry(147, 1, Accepted)]),
            Some(at(100))
        );
        assert_eq!(single_order_time(&[entry(100, 1, Accepted), entry(148, 1, Accepted)]), None);
        assert_eq!(
            single_order_time(&[entry(0, 1, Unknown), entry(100, 1, Unknown)]),
            Some(at(100))
        );
    }
}
