//! An order as the ledger holds it: its sendings, the changes seen since, and the state that they make. Does no I/O.

use chrono::{DateTime, Utc};
use rusqlite::Row;

use super::{Attempt, AttemptState, OrderSnapshot, TargetHash};
use crate::model::{money::Money, order::ONE_ORDER, planned::ContentHash};

/// One sending of an order's last event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sending {
    /// Its number.
    pub attempt: Attempt,
    /// When the order was made.
    pub ordered_at: DateTime<Utc>,
    /// What the order held.
    pub content: ContentHash,
    /// The run that sent it.
    pub run: String,
    /// When it was about to be sent.
    pub intended_at: DateTime<Utc>,
    /// What came of it.
    pub state: AttemptState,
    /// When that was known.
    pub settled_at: Option<DateTime<Utc>>,
    /// Whether a person said so.
    pub is_by_hand: bool,
    /// What was sent, as far as it was written down.
    pub snapshot: OrderSnapshot,
}

impl Sending {
    /// What came of it, as the ledger writes it; nothing while nothing is known.
    #[must_use]
    pub fn outcome(&self) -> Option<&'static str> {
        outcome_name(self.state)
    }

    pub(super) fn is_open(&self) -> bool {
        self.state.is_open()
    }
}

/// An order that had been accepted, as a run read it with other content or left it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// When the order was made, as that run read it.
    pub ordered_at: DateTime<Utc>,
    /// What it held.
    pub content: ContentHash,
    /// Why that run left it out; none where its content differs.
    pub cause: Option<String>,
    /// What the run read of it, as far as it was written down.
    pub snapshot: OrderSnapshot,
    /// The run that found it.
    pub run: String,
    /// When.
    pub seen_at: DateTime<Utc>,
    /// When a person acknowledged it.
    pub acknowledged_at: Option<DateTime<Utc>>,
}

/// What is known of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderState {
    /// It was accepted.
    Accepted,
    /// It was accepted, and a run has seen a change of it that no person acknowledged.
    Changed,
    /// It may have been accepted.
    Unknown,
    /// It was surely not accepted.
    Failed,
}

impl OrderState {
    /// Its name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Changed => "changed",
            Self::Unknown => "unknown",
            Self::Failed => "failed",
        }
    }
}

/// All that the ledger holds of one order: sendings of one reference to one target whose times are less than two days
/// apart, as `known` compares them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerOrder {
    /// Where it was sent.
    pub target: TargetHash,
    /// Its reference.
    pub reference: String,
    /// At least one, by the order's time, then as they were sent.
    pub sendings: Vec<Sending>,
    /// The oldest first.
    pub changes: Vec<Change>,
}

impl LedgerOrder {
    pub(super) fn new(target: TargetHash, reference: String, first: Sending) -> Self {
        Self { target, reference, sendings: vec![first], changes: Vec::new() }
    }

    /// Whether an order of the same reference and target, made then, would be this one.
    pub(super) fn is_of(&self, ordered_at: DateTime<Utc>) -> bool {
        (ordered_at - self.sendings[0].ordered_at).abs() < ONE_ORDER
    }

    /// What is known of it.
    #[must_use]
    pub fn state(&self) -> OrderState {
        match self.accepted() {
            Some(_) if self.changes.iter().any(|change| change.acknowledged_at.is_none()) => OrderState::Changed,
            Some(_) => OrderState::Accepted,
            None if self.sendings.iter().any(Sending::is_open) => OrderState::Unknown,
            None => OrderState::Failed,
        }
    }

    /// The sending that was accepted.
    #[must_use]
    pub fn accepted(&self) -> Option<&Sending> {
        self.sendings.iter().find(|submission| submission.state == AttemptState::Accepted)
    }

    /// The newest sending.
    #[must_use]
    pub fn last(&self) -> &Sending {
        let newest = self.sendings.iter().max_by_key(|submission| submission.attempt.0);
        newest.expect("an order that was never sent is not in the ledger")
    }

    /// When it was made, as the service has it or as it was last sent.
    #[must_use]
    pub fn ordered_at(&self) -> DateTime<Utc> {
        self.accepted().unwrap_or_else(|| self.last()).ordered_at
    }

    /// Takes the changes of the reference that are changes of this order; content that was accepted since is none.
    pub(super) fn take_changes(&mut self, changes: Vec<Change>) {
        let Some(accepted) = self.accepted().map(|submission| submission.ordered_at) else { return };
        let was_accepted = |content| {
            self.sendings
                .iter()
                .any(|submission| submission.state == AttemptState::Accepted && submission.content == content)
        };
        let is_change =
            |change: &Change| (change.ordered_at - accepted).abs() < ONE_ORDER && !was_accepted(change.content);
        self.changes = changes.into_iter().filter(is_change).collect();
    }
}

/// How an outcome is written.
pub(super) fn outcome_name(state: AttemptState) -> Option<&'static str> {
    match state {
        AttemptState::Intended => None,
        AttemptState::Accepted => Some("accepted"),
        AttemptState::NotAccepted => Some("not_accepted"),
        AttemptState::Unknown => Some("unknown"),
    }
}

/// How an outcome is read.
pub(super) fn parse_outcome(outcome: Option<&str>) -> AttemptState {
    match outcome {
        None => AttemptState::Intended,
        Some("accepted") => AttemptState::Accepted,
        Some("not_accepted") => AttemptState::NotAccepted,
        Some(_) => AttemptState::Unknown,
    }
}

/// How a time is read.
pub(super) fn time_from_millis(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(milliseconds).unwrap_or(DateTime::UNIX_EPOCH)
}

/// How the snapshot of an order is read: status, total, currency and number of items, from this column on.
pub(super) fn snapshot_from_row(row: &Row<'_>, first: usize) -> Result<OrderSnapshot, rusqlite::Error> {
    let text = |column: usize| row.get::<_, Option<String>>(first + column);
    let money =
        |amount: &str, currency: &str| Some(Money { amount: amount.parse().ok()?, currency: currency.parse().ok()? });
    let n_items: Option<i64> = row.get(first + 3)?;
    Ok(OrderSnapshot {
        status: text(0)?,
        money: text(1)?.zip(text(2)?).and_then(|(amount, currency)| money(&amount, &currency)),
        n_items: n_items.and_then(|n_items| n_items.try_into().ok()),
    })
}
