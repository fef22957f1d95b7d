//! An order as the ledger holds it: its sendings, the changes seen since, and the state that they make. Does no I/O.

use chrono::{DateTime, Utc};
use rusqlite::Row;

use super::{AttemptId, AttemptState, OrderSnapshot, TargetHash};
use crate::model::{money::Money, order::SAME_ORDER_WINDOW, planned::ContentHash};

/// One sending of an order's last event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// Its number.
    pub attempt: AttemptId,
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
    pub is_manual: bool,
    /// What was sent, as far as it was written down.
    pub snapshot: OrderSnapshot,
}

impl Submission {
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
pub struct ContentChange {
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
/// apart, as `prior_state` compares them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerOrder {
    /// Where it was sent.
    pub target: TargetHash,
    /// Its reference.
    pub reference: String,
    /// At least one, by the order's time, then as they were sent.
    pub submissions: Vec<Submission>,
    /// The oldest first.
    pub changes: Vec<ContentChange>,
}

impl LedgerOrder {
    pub(super) fn new(target: TargetHash, reference: String, first: Submission) -> Self {
        Self { target, reference, submissions: vec![first], changes: Vec::new() }
    }

    /// Whether an order of the same reference and target, made then, would be this one.
    pub(super) fn is_same_order(&self, ordered_at: DateTime<Utc>) -> bool {
        (ordered_at - self.submissions[0].ordered_at).abs() < SAME_ORDER_WINDOW
    }

    /// What is known of it.
    #[must_use]
    pub fn state(&self) -> OrderState {
        match self.accepted() {
            Some(_) if self.changes.iter().any(|change| change.acknowledged_at.is_none()) => OrderState::Changed,
            Some(_) => OrderState::Accepted,
            None if self.submissions.iter().any(Submission::is_open) => OrderState::Unknown,
            None => OrderState::Failed,
        }
    }

    /// The sending that was accepted.
    #[must_use]
    pub fn accepted(&self) -> Option<&Submission> {
        self.submissions.iter().find(|submission| submission.state == AttemptState::Accepted)
    }

    /// The newest sending.
    #[must_use]
    pub fn newest(&self) -> &Submission {
        let newest = self.submissions.iter().max_by_key(|submission| submission.attempt.0);
        newest.expect("an order that was never sent is not in the ledger")
    }

    /// When it was made, as the service has it or as it was last sent.
    #[must_use]
    pub fn ordered_at(&self) -> DateTime<Utc> {
        self.accepted().unwrap_or_else(|| self.newest()).ordered_at
    }

    /// Takes the changes of the reference that are changes of this order; content that was accepted since is none.
    pub(super) fn attach_changes(&mut self, changes: Vec<ContentChange>) {
        let Some(accepted) = self.accepted().map(|submission| submission.ordered_at) else { return };
        let was_accepted = |content| {
            self.submissions
                .iter()
                .any(|submission| submission.state == AttemptState::Accepted && submission.content == content)
        };
        let is_change = |change: &ContentChange| {
            (change.ordered_at - accepted).abs() < SAME_ORDER_WINDOW && !was_accepted(change.content)
        };
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
        item_count: n_items.and_then(|n_items| n_items.try_into().ok()),
    })
}
