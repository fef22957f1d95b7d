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
    /// The run whose attempts are settled; those of all runs if none.
    pub run: Option<String>,
    /// The range of their times, needed if references were reused.
    pub ordered_at: Option<Range<DateTime<Utc>>>,
}

/// An order that was settled.
#[derive(Debug, Clone)]
pub struct SettledOrder {
    /// The order as it was before.
    pub before: LedgerOrder,
    /// Its state now: it stays unknown while an attempt of another run is open.
    pub after: OrderState,
}

impl ManualDecision {
    /// The state of an attempt that it settles; none if it settles changes, not attempts.
    pub(super) fn attempt_state(self) -> Option<AttemptState> {
        match self {
            Self::Accepted => Some(AttemptState::Accepted),
            Self::Failed => Some(AttemptState::NotAccepted),
            Self::Acknowledged => None,
        }
    }
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
    /// The decision applies to attempts of other runs than this one only.
    NothingOfRun(String, String),
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
            Self::NothingOfRun(reference, run) => {
                write!(f, "{reference}: run {run} has no attempt to settle; other runs have")
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

/// Selects the one order that the request applies to, among those of the reference that were found.
/// Orders that are still unknown take precedence over those whose manual settlement would be
/// revised.
pub(super) fn select_order(
    reference: &str,
    found: &[LedgerOrder],
    request: &SettleRequest,
) -> Result<LedgerOrder, SettleRefusal> {
    let SettleRequest { decision, ref run, .. } = *request;
    let run = run.as_deref();
    let mut candidates: Vec<_> =
        found.iter().filter(|order| can_settle(order, decision, run)).collect();
    let is_unknown = |order: &&LedgerOrder| {
        let is_open = |submission: &Submission| submission.is_open() && is_of(submission, run);
        order.state() == OrderState::Unknown && order.submissions.iter().any(is_open)
    };
    if candidates.iter().any(is_unknown) {
        candidates.retain(is_unknown);
    }
    match (candidates.as_slice(), found.first(), run) {
        ([order], ..) => Ok((*order).clone()),
        ([], None, _) => Err(SettleRefusal::NotFound(reference.to_owned())),
        ([], Some(order), Some(run)) if can_settle(order, decision, None) => {
            Err(SettleRefusal::NothingOfRun(reference.to_owned(), run.to_owned()))
        }
        ([], Some(order), _) => {
            Err(SettleRefusal::NothingToSettle(Box::new(order.clone()), decision))
        }
        (several, ..) => Err(SettleRefusal::Ambiguous(
            reference.to_owned(),
            several.iter().copied().cloned().collect(),
        )),
    }
}

fn can_settle(order: &LedgerOrder, decision: ManualDecision, run: Option<&str>) -> bool {
    match decision {
        ManualDecision::Acknowledged => order.state() == OrderState::Changed,
        ManualDecision::Accepted | ManualDecision::Failed => {
            !attempts_to_settle(order, decision, run).is_empty()
        }
    }
}

fn is_of(submission: &Submission, run: Option<&str>) -> bool {
    run.is_none_or(|run| submission.run == run)
}

/// The order once these attempts of it are settled.
pub(super) fn settled(
    before: LedgerOrder,
    decision: ManualDecision,
    attempts: &[AttemptId],
) -> SettledOrder {
    let Some(state) = decision.attempt_state() else {
        return SettledOrder { before, after: OrderState::Accepted };
    };
    let mut order = before.clone();
    for submission in &mut order.submissions {
        if attempts.contains(&submission.attempt) {
            submission.state = state;
        }
    }
    SettledOrder { before, after: order.state() }
}

/// The attempts that a decision settles, of this run only if there is one: the open ones, also if
/// the service accepted another attempt; if none is open, or if the decision reverses an earlier
/// one, those that the operator settled. An outcome that the service reported is never changed.
pub(super) fn attempts_to_settle(
    order: &LedgerOrder,
    decision: ManualDecision,
    run: Option<&str>,
) -> Vec<AttemptId> {
    let manual =
        |state| move |submission: &Submission| submission.is_manual && submission.state == state;
    let attempts_of = |is_selected: &dyn Fn(&Submission) -> bool| -> Vec<AttemptId> {
        order
            .submissions
            .iter()
            .filter(|submission| is_of(submission, run) && is_selected(submission))
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
        // left. With a run, that of another run stays.
        ManualDecision::Failed => attempts_of(&|submission| {
            submission.is_open() || manual(AttemptState::Accepted)(submission)
        }),
        _ => match attempts_of(&Submission::is_open) {
            open if open.is_empty() => attempts_of(&manual(AttemptState::NotAccepted)),
            open => open,
        },
    }
}
