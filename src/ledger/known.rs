//! What the ledger's entries mean for an order that is to be sent.

use chrono::{DateTime, TimeDelta, Utc};

use super::{AttemptState, Entry};
use crate::model::{order::ONE_ORDER, planned::ContentHash};

/// What earlier runs did with an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Nothing, or it was surely not accepted.
    Nothing,
    /// It was accepted, with the same content.
    Accepted,
    /// The same, and that it was accepted is what a person said.
    AcceptedByHand,
    /// It was accepted, with the same content, and of another sending nobody knows: it may be there twice.
    AcceptedInDoubt,
    /// It was accepted, with other content.
    Changed,
    /// It was sent, and nobody knows what came of it.
    Unknown,
    /// An order of this reference that was made at another time was accepted, or may have been.
    ReferenceReused {
        /// When that one was made.
        ordered_at: DateTime<Utc>,
        /// Whether it was accepted; otherwise it may have been.
        is_accepted: bool,
    },
}

/// What the entries of an order's reference say about it. Whether a change is acknowledged, they do not say.
#[must_use]
pub fn known(entries: &[Entry], ordered_at: DateTime<Utc>, content: ContentHash) -> Known {
    let has_open = entries.iter().any(|entry| entry.state.is_open() && distance(entry, ordered_at) < ONE_ORDER);
    match accepted_in_place(entries, ordered_at, content) {
        Some(entry) if entry.order.content == content => match entry.is_by_hand {
            true => Known::AcceptedByHand,
            false if has_open => Known::AcceptedInDoubt,
            false => Known::Accepted,
        },
        Some(_) => Known::Changed,
        None if has_open => Known::Unknown,
        None => reused(entries, ordered_at),
    }
}

/// The accepted order that an order of the same reference is, if there is one: the nearest, less than two days away.
#[must_use]
pub fn accepted_in_place(entries: &[Entry], ordered_at: DateTime<Utc>, content: ContentHash) -> Option<&Entry> {
    let accepted = entries.iter().filter(|entry| entry.state == AttemptState::Accepted);
    let nearest = accepted.min_by_key(|entry| (distance(entry, ordered_at), entry.order.content != content));
    nearest.filter(|entry| distance(entry, ordered_at) < ONE_ORDER)
}

/// When the only order of a reference was made that is at the service, or else the last one that may be there: for an order
/// whose own time cannot be read.
#[must_use]
pub fn only_order(entries: &[Entry]) -> Option<DateTime<Utc>> {
    let mut accepted = entries.iter().filter(|entry| entry.state == AttemptState::Accepted);
    let Some(first) = accepted.next() else {
        return entries.iter().rfind(|entry| entry.state.is_open()).map(|entry| entry.order.ordered_at);
    };
    let ordered_at = first.order.ordered_at;
    accepted.all(|other| distance(other, ordered_at) < ONE_ORDER).then_some(ordered_at)
}

fn distance(entry: &Entry, ordered_at: DateTime<Utc>) -> TimeDelta {
    (entry.order.ordered_at - ordered_at).abs()
}

/// The nearest order of the reference that was made at another time and is, or may be, at the service.
fn reused(entries: &[Entry], ordered_at: DateTime<Utc>) -> Known {
    let is_accepted = |entry: &Entry| entry.state == AttemptState::Accepted;
    let candidates = entries.iter().filter(|entry| is_accepted(entry) || entry.state.is_open());
    let nearest = candidates.min_by_key(|entry| (distance(entry, ordered_at), !is_accepted(entry)));
    nearest.map_or(Known::Nothing, |entry| Known::ReferenceReused {
        ordered_at: entry.order.ordered_at,
        is_accepted: is_accepted(entry),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::{OrderKey, OrderSnapshot};

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::hours(hours)
    }

    fn entry(hours: i64, content: u8, state: AttemptState) -> Entry {
        let order = OrderKey { reference: "A".into(), ordered_at: at(hours), content: ContentHash([content; 16]) };
        Entry { order, state, is_by_hand: false, snapshot: OrderSnapshot::default() }
    }

    #[test]
    fn the_nearest_accepted_order_decides() {
        use AttemptState::{Accepted, Intended, NotAccepted, Unknown};
        let prior_state = |entries: &[Entry]| super::known(entries, at(100), ContentHash([1; 16]));
        assert_eq!(prior_state(&[]), Known::Nothing);
        assert_eq!(prior_state(&[entry(100, 1, NotAccepted)]), Known::Nothing);
        assert_eq!(prior_state(&[entry(100, 1, Accepted)]), Known::Accepted);
        assert_eq!(prior_state(&[entry(147, 1, Accepted)]), Known::Accepted);
        let reused = |hours, is_accepted| Known::ReferenceReused { ordered_at: at(hours), is_accepted };
        assert_eq!(prior_state(&[entry(148, 1, Accepted)]), reused(148, true));
        assert_eq!(prior_state(&[entry(100, 2, Accepted)]), Known::Changed);
        assert_eq!(prior_state(&[entry(100, 2, Accepted), entry(110, 1, Accepted)]), Known::Changed);
        let manual = |state| Entry { is_by_hand: true, ..entry(100, 1, state) };
        assert_eq!(prior_state(&[manual(Accepted)]), Known::AcceptedByHand);
        assert_eq!(prior_state(&[manual(NotAccepted)]), Known::Nothing);
        assert_eq!(prior_state(&[entry(100, 1, Intended)]), Known::Unknown);
        assert_eq!(prior_state(&[entry(52, 1, NotAccepted)]), Known::Nothing);
        for open in [Intended, Unknown] {
            assert_eq!(prior_state(&[entry(52, 1, open)]), reused(52, false));
            assert_eq!(prior_state(&[entry(52, 1, open), entry(0, 1, Accepted)]), reused(52, false));
            assert_eq!(prior_state(&[entry(0, 1, open), entry(148, 1, Accepted)]), reused(148, true));
        }
        assert_eq!(prior_state(&[entry(53, 1, Unknown), entry(0, 1, Accepted)]), Known::Unknown);
        for open in [Intended, Unknown] {
            assert_eq!(prior_state(&[entry(100, 1, open), entry(100, 1, Accepted)]), Known::AcceptedInDoubt);
        }
        assert_eq!(prior_state(&[entry(100, 1, Unknown), manual(Accepted)]), Known::AcceptedByHand);
        assert_eq!(prior_state(&[entry(52, 1, Unknown), entry(100, 1, Accepted)]), Known::Accepted);
    }

    #[test]
    fn an_order_without_a_time_is_the_only_one_of_its_reference() {
        use AttemptState::{Accepted, NotAccepted, Unknown};
        assert_eq!(only_order(&[]), None);
        assert_eq!(only_order(&[entry(100, 1, NotAccepted)]), None);
        assert_eq!(only_order(&[entry(100, 1, Accepted), entry(0, 1, Unknown)]), Some(at(100)));
        assert_eq!(only_order(&[entry(100, 1, Accepted), entry(147, 1, Accepted)]), Some(at(100)));
        assert_eq!(only_order(&[entry(100, 1, Accepted), entry(148, 1, Accepted)]), None);
        assert_eq!(only_order(&[entry(0, 1, Unknown), entry(100, 1, Unknown)]), Some(at(100)));
    }
}
