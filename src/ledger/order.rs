//! Ledger order: all submissions of one order, the changes recorded since, and the state that
//! follows from both; also the names of stored outcomes. Does no I/O. Used by `settle` and
//! `sqlite`.

use chrono::{DateTime, Utc};

use super::{
    entry::{AttemptId, AttemptState},
    snapshot::OrderSnapshot,
    target_hash::TargetHash,
};
use crate::model::{order::SAME_ORDER_WINDOW, planned::ContentHash};

/// One attempt to send an order's last event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The number of the attempt.
    pub attempt: AttemptId,
    /// The time of the order.
    pub ordered_at: DateTime<Utc>,
    /// The hash of the order's content.
    pub content: ContentHash,
    /// The run that sent it.
    pub run: String,
    /// When the intent was written, just before sending.
    pub intended_at: DateTime<Utc>,
    /// The state of the attempt.
    pub state: AttemptState,
    /// When the outcome was recorded.
    pub settled_at: Option<DateTime<Utc>>,
    /// Whether the operator set the outcome.
    pub is_manual: bool,
    /// What was sent, as far as it was recorded.
    pub snapshot: OrderSnapshot,
}

impl Submission {
    /// The outcome as the ledger stores it; `None` while there is none.
    #[must_use]
    pub fn outcome(&self) -> Option<&'static str> {
        outcome_name(self.state)
    }

    pub(super) fn is_open(&self) -> bool {
        self.state.is_open()
    }
}

/// A change of an accepted order: a later run read it with other content, or left it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentChange {
    /// The time of the order as that run read it.
    pub ordered_at: DateTime<Utc>,
    /// The hash of the content as that run read it.
    pub content: ContentHash,
    /// Why that run left it out; none where its content differs.
    pub cause: Option<String>,
    /// The order as that run read it, as far as it was recorded.
    pub snapshot: OrderSnapshot,
    /// The run that recorded the change.
    pub run: String,
    /// When it was recorded.
    pub seen_at: DateTime<Utc>,
    /// When the operator acknowledged it.
    pub acknowledged_at: Option<DateTime<Utc>>,
}

/// The state of an order, over all its submissions and changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderState {
    /// It was accepted.
    Accepted,
    /// It was accepted, and a change of it is not acknowledged yet.
    Changed,
    /// It may have been accepted.
    Unknown,
    /// It is known not to be accepted.
    Failed,
}

impl OrderState {
    /// The name that commands print and accept.
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

/// One order in the ledger: the submissions of one reference to one target whose order times are
/// less than two days apart, as `prior_state` compares them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerOrder {
    /// The target that it was sent to.
    pub target: TargetHash,
    /// Its reference.
    pub reference: String,
    /// At least one, sorted by the order's time, then by attempt.
    pub submissions: Vec<Submission>,
    /// The oldest first.
    pub changes: Vec<ContentChange>,
}

impl LedgerOrder {
    pub(super) fn new(target: TargetHash, reference: String, first: Submission) -> Self {
        Self { target, reference, submissions: vec![first], changes: Vec::new() }
    }

    /// Whether an order of the same reference and target with this time is the same order.
    pub(super) fn is_same_order(&self, ordered_at: DateTime<Utc>) -> bool {
        (ordered_at - self.submissions[0].ordered_at).abs() < SAME_ORDER_WINDOW
    }

    /// The state over all submissions and changes.
    #[must_use]
    pub fn state(&self) -> OrderState {
        // An acceptance outweighs open and failed submissions of the same order.
        match self.accepted() {
            Some(_) if self.changes.iter().any(|change| change.acknowledged_at.is_none()) => {
                OrderState::Changed
            }
            Some(_) => OrderState::Accepted,
            None if self.submissions.iter().any(Submission::is_open) => OrderState::Unknown,
            None => OrderState::Failed,
        }
    }

    /// The first submission that was accepted.
    #[must_use]
    pub fn accepted(&self) -> Option<&Submission> {
        self.submissions.iter().find(|submission| submission.state == AttemptState::Accepted)
    }

    /// The newest submission.
    #[must_use]
    pub fn newest(&self) -> &Submission {
        // By number, since `submissions` is sorted by the order's time.
        let newest = self.submissions.iter().max_by_key(|submission| submission.attempt.0);
        newest.expect("an order in the ledger has at least one submission")
    }

    /// The time of the order, as the service accepted it or as it was last sent.
    #[must_use]
    pub fn ordered_at(&self) -> DateTime<Utc> {
        self.accepted().unwrap_or_else(|| self.newest()).ordered_at
    }

    /// Keeps those changes of the reference that are changes of this order. A change to content
    /// that was accepted since is dropped.
    pub(super) fn attach_changes(&mut self, changes: Vec<ContentChange>) {
        let Some(accepted) = self.accepted().map(|submission| submission.ordered_at) else {
            return;
        };
        let was_accepted = |content| {
            self.submissions.iter().any(|submission| {
                submission.state == AttemptState::Accepted && submission.content == content
            })
        };
        let is_change = |change: &ContentChange| {
            (change.ordered_at - accepted).abs() < SAME_ORDER_WINDOW
                && !was_accepted(change.content)
        };
        self.changes = changes.into_iter().filter(is_change).collect();
    }
}

/// The name of an outcome in the ledger; `None` (NULL) for an intent without one.
pub(super) fn outcome_name(state: AttemptState) -> Option<&'static str> {
    match state {
        AttemptState::Intended => None,
        AttemptState::Accepted => Some("accepted"),
        AttemptState::NotAccepted => Some("not_accepted"),
        AttemptState::Unknown => Some("unknown"),
    }
}

/// Parses an outcome as it is stored.
pub(super) fn parse_outcome(outcome: Option<&str>) -> AttemptState {
    match outcome {
        None => AttemptState::Intended,
        Some("accepted") => AttemptState::Accepted,
        Some("not_accepted") => AttemptState::NotAccepted,
        // 'unknown' is the only other value that the schema allows.
        Some(_) => AttemptState::Unknown,
    }
}
