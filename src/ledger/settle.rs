//! Manual settlement: which attempts the operator's decision settles, and why it cannot be applied.
//!
//! Never overrides an outcome that the service reported. Does no I/O; `sqlite` reads the orders and
//! writes the decision. Requested by the `ledger` command of `cli`.

use std::{fmt, ops::Range};

use chrono::{DateTime, SecondsFormat, Utc};

use super::{
    entry::{AttemptId, AttemptState},
    error::LedgerError,
    order::{LedgerOrder, OrderState, Submission},
    query::TargetPrefix,
};

/// The maximum number of orders listed for an ambiguous reference.
const MAX_SHOWN: usize = 10;

/// The operator's decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManualDecision {
    /// The service has the order.
    Accepted,
    /// The service does not have the order.
    Failed,
    /// The operator knows that the order has changed since it was accepted.
    Acknowledged,
}

/// The orders to settle and the decision about them.
#[derive(Debug)]
pub struct SettleRequest {
    /// The references of the orders; a repeated one counts once.
    pub references: Vec<String>,
    /// The decision about all of them.
    pub decision: ManualDecision,
    /// The target that they were sent to, needed if several targets have them.
    pub target: Option<TargetPrefix>,
    /// A run that sent them; any if none.
    pub run: Option<String>,
    /// The range of their times, needed if references were reused.
    pub ordered_at: Option<Range<DateTime<Utc>>>,
}

/// Why nothing was settled.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// Some references cannot be settled.
    #[error("nothing was settled{}", format_refusals(.0))]
    Refused(Vec<SettleRefusal>),
    /// The ledger cannot be used.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}

/// Why a reference cannot be settled.
#[derive(Debug)]
pub enum SettleRefusal {
    /// The ledger has no such order.
    NotFound(String),
    /// The decision does not apply to the order's state.
    NothingToSettle(Box<LedgerOrder>, ManualDecision),
    /// Several orders match.
    Ambiguous(String, Vec<LedgerOrder>),
}

fn format_refusals(refusals: &[SettleRefusal]) -> String {
    let lines: Vec<_> = refusals.iter().map(|refusal| format!("\n  {refusal}")).collect();
    let is_ambiguous =
        refusals.iter().any(|refusal| matches!(refusal, SettleRefusal::Ambiguous(..)));
    let hint =
        if is_ambiguous { "\n  hint: select the order with --ordered-at and --target" } else { "" };
    lines.concat() + hint
}

impl fmt::Display for SettleRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound(reference) => write!(f, "{reference}: the ledger has no such order"),
            Self::NothingToSettle(order, decision) => {
                write!(f, "{}: {}", order.reference, refusal_message(order, *decision))
            }
            Self::Ambiguous(reference, candidates) => {
                write!(f, "{reference}: {} orders match", candidates.len())?;
                for order in candidates.iter().take(MAX_SHOWN) {
                    let ordered_at =
                        order.ordered_at().to_rfc3339_opts(SecondsFormat::AutoSi, true);
                    write!(
                        f,
                        "\n    ordered at {ordered_at}, sent to target {}, {}",
                        order.target,
                        order.state().as_str()
                    )?;
                }
                Ok(())
            }
        }
    }
}

fn refusal_message(order: &LedgerOrder, decision: ManualDecision) -> &'static str {
    match (decision, order.state()) {
        (ManualDecision::Accepted, _) if order.accepted().is_some() => "it is already accepted",
        (ManualDecision::Accepted, _) => {
            "it is failed: the service is known not to have accepted it"
        }
        (ManualDecision::Failed, OrderState::Failed) => "it is already failed",
        (ManualDecision::Failed, _) => "it is accepted: the service reported it",
        (ManualDecision::Acknowledged, OrderState::Accepted) if order.changes.is_empty() => {
            "it is accepted, and no run has recorded a change of it"
        }
        (ManualDecision::Acknowledged, OrderState::Accepted) => {
            "it is accepted, and all its changes are already acknowledged"
        }
        (ManualDecision::Acknowledged, OrderState::Unknown) => {
            "it is unknown, not accepted with other content"
        }
        (ManualDecision::Acknowledged, _) => "it is failed, not accepted with other content",
    }
}

/// Selects the one order that the decision applies to, among those of the reference that were
/// found. Orders that are still unknown take precedence over those whose manual settlement would be
/// revised.
pub(super) fn select_order(
    reference: &str,
    found: &[LedgerOrder],
    decision: ManualDecision,
) -> Result<LedgerOrder, SettleRefusal> {
    let mut candidates: Vec<_> = found.iter().filter(|order| can_settle(order, decision)).collect();
    if candidates.iter().any(|order| order.state() == OrderState::Unknown) {
        candidates.retain(|order| order.state() == OrderState::Unknown);
    }
    match (candidates.as_slice(), found.first()) {
        ([order], _) => Ok((*order).clone()),
        ([], None) => Err(SettleRefusal::NotFound(reference.to_owned())),
        ([], Some(order)) => Err(SettleRefusal::NothingToSettle(Box::new(order.clone()), decision)),
        (several, _) => Err(SettleRefusal::Ambiguous(
            reference.to_owned(),
            several.iter().copied().cloned().collect(),
        )),
    }
}

fn can_settle(order: &LedgerOrder, decision: ManualDecision) -> bool {
    match decision {
        ManualDecision::Acknowledged => order.state() == OrderState::Changed,
        ManualDecision::Accepted | ManualDecision::Failed => {
            !attempts_to_settle(order, decision).is_empty()
        }
    }
}

/// The attempts that a decision settles: the open ones, also if the service accepted another
/// attempt; if none is open, or if the decision reverses an earlier one, those that the operator
/// settled. An outcome that the service reported is never changed.
pub(super) fn attempts_to_settle(order: &LedgerOrder, decision: ManualDecision) -> Vec<AttemptId> {
    let manual =
        |state| move |submission: &Submission| submission.is_manual && submission.state == state;
    let attempts_of = |is_selected: &dyn Fn(&Submission) -> bool| -> Vec<AttemptId> {
        order
            .submissions
            .iter()
            .filter(|submission| is_selected(submission))
            .map(|submission| submission.attempt)
            .collect()
    };
    let accepted =
        || order.submissions.iter().filter(|submission| submission.state == AttemptState::Accepted);
    match decision {
        ManualDecision::Accepted if accepted().next().is_some() => {
            attempts_of(&Submission::is_open)
        }
        // The acceptance stays; only the open attempts next to it are settled.
        ManualDecision::Failed if accepted().any(|submission| !submission.is_manual) => {
            attempts_of(&Submission::is_open)
        }
        // Also reverses a manual acceptance: an order that is settled as failed must have none
        // left.
        ManualDecision::Failed => attempts_of(&|submission| {
            submission.is_open() || manual(AttemptState::Accepted)(submission)
        }),
        _ => match attempts_of(&Submission::is_open) {
            open if open.is_empty() => attempts_of(&manual(AttemptState::NotAccepted)),
            open => open,
        },
    }
}
