//! Outcomes: the final result of each order in a run, with its reason.
//!
//! Every order that was read ends in exactly one [`Outcome`], so the counts of the outcomes add up
//! to the orders read. Decided by `disposition` and by a target's delivery;
//! counted and written by `report`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{failure::Failure, money::Money};

/// The outcome of an order; the names are a contract with users.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The service accepted the order's last event.
    Accepted,
    /// An earlier run's order was accepted with the same content.
    AlreadySent,
    /// Accepted by an earlier run, and now its content differs, the profile skips it or it is
    /// invalid.
    Changed,
    /// Skipped by a rule of the profile, and never accepted before.
    Skipped,
    /// The order fails validation.
    Invalid,
    /// The service rejected the order or its guest's IDENTITY.
    Refused,
    /// Known not to be accepted, after all attempts.
    Failed,
    /// The last event was sent and no response came: it may or may not be accepted.
    Unknown,
    /// The run ended before the order was sent, or the order is too old and `--backfill` is
    /// missing.
    NotAttempted,
    /// Of `check` only: the order would be sent.
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

    /// The name in results, summaries and the ledger.
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

    /// Whether the order's rows are written to `rejects/`, to be corrected and sent again.
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

/// The outcome of an order and how it came about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderResult {
    /// The outcome itself.
    pub outcome: Outcome,
    /// The number of times this run sent the order's last event.
    pub attempts: u32,
    /// The HTTP status of the last response, if there was one.
    pub http_status: Option<u16>,
    /// The service's message, the profile's skip reason, or what happened.
    pub reason: Option<String>,
    /// The request that decided the outcome of an order that was not accepted. Only a run that
    /// sends the order knows it, and what is stored of it is the reason.
    #[serde(skip)]
    pub failure: Option<Failure>,
    /// The result of an earlier attempt that may have been accepted and after which the order was
    /// resent: the tenant may hold it twice.
    #[serde(rename = "repeated_after")]
    pub uncertain_before: Option<String>,
    /// The browser, as the service calls a session, on which the last event of the order was sent;
    /// none if no event was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub browser_id: Option<String>,
    /// The change of an order that differs from what was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Box<AcceptedChange>>,
    /// What a later run needs to send the order, where the outcome does not say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_for: Option<HeldFor>,
}

/// What a later run needs to send an order that this one holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum HeldFor {
    /// The option `--backfill`: the order is too old without it.
    Backfill,
    /// Another settlement: the operator settled the order as accepted.
    Settlement,
}

/// How the reason of an order begins that could not be sent because its guest could not be
/// identified.
pub const GUEST_NOT_IDENTIFIED: &str = "the guest could not be identified";

/// The change of an accepted order, for the sums and the exit code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedChange {
    /// Whether the change causes exit code 1: no earlier run has reported it.
    pub sets_exit_code: bool,
    /// What is other now, in words that count alike for many orders.
    #[serde(default)]
    pub what: String,
    /// The accepted total and the total that the export has now, if both are known. The second one
    /// is zero for an order that the profile skips, of which nothing is sent.
    pub totals: Option<(Money, Money)>,
}

impl OrderResult {
    /// The result of an order for which no request was sent.
    #[must_use]
    pub fn without_request(outcome: Outcome, reason: Option<String>) -> Self {
        Self {
            outcome,
            attempts: 0,
            http_status: None,
            reason,
            failure: None,
            uncertain_before: None,
            browser_id: None,
            change: None,
            held_for: None,
        }
    }

    /// The result of an order that is too old to be sent without `--backfill`, and why.
    #[must_use]
    pub fn needs_backfill(why: &str) -> Self {
        let reason = Some(format!("needs_backfill: {why}"));
        Self {
            held_for: Some(HeldFor::Backfill),
            ..Self::without_request(Outcome::NotAttempted, reason)
        }
    }

    /// Whether no request was sent and nothing but the outcome and its reason is known.
    #[must_use]
    pub fn is_without_request(&self) -> bool {
        let Self {
            outcome: _,
            attempts,
            http_status,
            reason: _,
            failure,
            uncertain_before,
            browser_id,
            change,
            held_for,
        } = self;
        *attempts == 0
            && http_status.is_none()
            && failure.is_none()
            && uncertain_before.is_none()
            && browser_id.is_none()
            && change.is_none()
            && held_for.is_none()
    }

    /// Whether a later run may send the order, after the operator has settled it or with another
    /// option.
    #[must_use]
    pub fn may_be_sent_later(&self) -> bool {
        matches!(self.outcome, Outcome::Unknown | Outcome::Changed) || self.held_for.is_some()
    }

    /// The result of an order that this run does not send.
    ///
    /// An uncertain order stays unknown: that it is not sent now is no evidence that the earlier
    /// attempt was not accepted.
    #[must_use]
    pub fn not_attempted(is_uncertain: bool, reason: Option<String>) -> Self {
        Self::without_request(
            if is_uncertain { Outcome::Unknown } else { Outcome::NotAttempted },
            reason,
        )
    }
}
