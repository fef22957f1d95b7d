//! What became of an order.

use serde::{Deserialize, Serialize};

use super::money::Money;

/// Every order that was read ends in exactly one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The service accepted its last event.
    Accepted,
    /// An earlier run's accepted order, same content.
    AlreadySent,
    /// Accepted by an earlier run, and now with other content, left out by a rule of the profile, or invalid.
    Changed,
    /// Left out by a rule of the profile, and never accepted before.
    Skipped,
    /// Fails validation.
    Invalid,
    /// The service said no, to the order or to its guest's IDENTITY.
    Refused,
    /// Surely not accepted, after all tries.
    Failed,
    /// Its last event was sent and no answer came.
    Unknown,
    /// The run ended first.
    NotAttempted,
    /// A check only: would be sent.
    Valid,
}

impl Outcome {
    /// All outcomes, in the order of reports.
    pub const ALL: [Self; 10] = [
        Self::Accepted,
        Self::AlreadySent,
        Self::Changed,
        Self::Skipped,
        Self::Invalid,
        Self::Refused,
        Self::Failed,
        Self::Unknown,
        Self::NotAttempted,
        Self::Valid,
    ];

    /// The name in results and summaries.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::AlreadySent => "already_sent",
            Self::Changed => "changed",
            Self::Skipped => "skipped",
            Self::Invalid => "invalid",
            Self::Refused => "refused",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::NotAttempted => "not_attempted",
            Self::Valid => "valid",
        }
    }

    /// Whether its rows go to `rejects/`, to be mended and fed back.
    #[must_use]
    pub fn is_rejected(self) -> bool {
        matches!(self, Self::Invalid | Self::Refused | Self::Failed)
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The word that begins the reason of an order that is too old to be sent without a go-ahead.
const NEEDS_BACKFILL: &str = "needs_backfill";

/// How an order came to its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderResult {
    /// The outcome.
    pub outcome: Outcome,
    /// How often its last event was sent in this run.
    pub attempts: u32,
    /// The last answer's status, if there was one.
    pub http_status: Option<u16>,
    /// The service's words, the profile's rule, or what happened.
    pub reason: Option<String>,
    /// What came of an earlier sending that may have been taken and after which it was sent again: it may be there twice.
    #[serde(rename = "repeated_after")]
    pub uncertain_before: Option<String>,
    /// Of an order that has changed since it was accepted, by how much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Box<AcceptedChange>>,
}

/// How an accepted order has changed, for the sums and the exit code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedChange {
    /// Whether the run ends with exit code 1 for it: no earlier run has reported it.
    pub sets_exit_code: bool,
    /// The total that was accepted and the one that the export sends now, where both are known. Nothing of an order is sent
    /// that a rule leaves out.
    pub totals: Option<(Money, Money)>,
}

impl OrderResult {
    /// An outcome without a request.
    #[must_use]
    pub fn without_request(outcome: Outcome, reason: Option<String>) -> Self {
        Self { outcome, attempts: 0, http_status: None, reason, uncertain_before: None, change: None }
    }

    /// An order that is too old to be sent without a go-ahead, and why.
    #[must_use]
    pub fn needs_backfill(why: &str) -> Self {
        Self::without_request(Outcome::NotAttempted, Some(format!("{NEEDS_BACKFILL}: {why}")))
    }

    /// Whether it is too old to be sent without a go-ahead.
    #[must_use]
    pub fn is_for_backfill(&self) -> bool {
        let reason = self.reason.as_deref().and_then(|reason| reason.strip_prefix(NEEDS_BACKFILL));
        self.outcome == Outcome::NotAttempted && reason.is_some_and(|rest| rest.starts_with(':'))
    }

    /// An order that this run does not send. One that an earlier run may have brought there stays unknown: that it is not
    /// sent now says nothing of then.
    #[must_use]
    pub fn not_attempted(is_uncertain: bool, reason: Option<String>) -> Self {
        Self::without_request(if is_uncertain { Outcome::Unknown } else { Outcome::NotAttempted }, reason)
    }
}
