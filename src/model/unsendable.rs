//! An order that a run does not send, whatever its history: a rule skips it, or it is invalid.
//!
//! Its history is still read, since an earlier run may have sent it while it was valid. Made by
//! `pipeline`; `disposition` decides about it, and `plan` stores it for a run that resumes.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{
    lone_refunds::LoneRefunds,
    order::OrderRecord,
    outcome::{OrderResult, Outcome},
    planned::ContentHash,
    problem::Problem,
};

/// Maximum reasons in a message; an order may have as many as it has rows.
const MAX_REASONS: usize = 5;

/// Why an order is not sent, and what its history is compared with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Unsendable {
    /// The rule of the profile that skips it; without one it is invalid.
    pub rule: Option<String>,
    /// Its status in the export.
    pub status: Option<String>,
    /// Its content, if it is invalid only because it conflicts with another order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<ContentHash>,
    /// It is not the accepted order of its reference: another one of this export is, or it is
    /// refunds that the profile leaves out.
    #[serde(default)]
    pub is_other_order: bool,
    /// It is no order: refunds to be taken off one that the export lacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refunds: Option<LoneRefunds>,
    /// Its time is more than a date, so it can be recognized under another spelling of its
    /// reference.
    #[serde(default)]
    pub has_time_of_day: bool,
}

/// An order with a result before anything is sent.
#[derive(Debug)]
pub struct UnplannedOrder {
    /// The order.
    pub record: OrderRecord,
    /// Its result in the run that read the export.
    pub result: OrderResult,
    /// Present for an order that cannot be sent whatever its history: a resumed run decides about
    /// it again.
    pub unsendable: Option<Unsendable>,
}

impl Unsendable {
    /// The result of an order that no earlier run sent.
    #[must_use]
    pub fn result(&self) -> OrderResult {
        match &self.rule {
            Some(rule) => OrderResult::without_request(Outcome::Skipped, Some(rule.clone())),
            None => OrderResult::without_request(Outcome::Invalid, None),
        }
    }

    /// Returns the rule, or the codes of the problems of its record.
    // Not their messages: these contain line numbers, which differ in the next export, and each
    // difference would be a new change.
    #[must_use]
    pub fn reasons(&self, record: &OrderRecord) -> Vec<String> {
        if let Some(rule) = &self.rule {
            // Each refund is a change of its own.
            let refunded_at = self.refunds.and_then(|refunds| refunds.refunded_at);
            let refunded_at = refunded_at.map(|time| format!("refunded at {time}"));
            return std::iter::once(rule.clone()).chain(refunded_at).collect();
        }
        let errors = record.problems.iter().filter(|problem| problem.is_error());
        let reason = |problem: &Problem| match &problem.field {
            Some(field) => format!("{} of {field}", problem.code),
            None => problem.code.to_string(),
        };
        errors.map(reason).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Returns the reasons as the end of a sentence, such as `invalid: missing_attribute of price`.
    #[must_use]
    pub fn cause(&self, record: &OrderRecord) -> String {
        match &self.rule {
            Some(_) if self.refunds.is_some() => return "refunded".to_owned(),
            Some(rule) => return format!("left out by the rule {rule:?}"),
            None => {}
        }
        let reasons = self.reasons(record);
        let more = match reasons.len().saturating_sub(MAX_REASONS) {
            0 => String::new(),
            n_more => format!(" and {n_more} more"),
        };
        format!(
            "invalid: {}{more}",
            reasons.into_iter().take(MAX_REASONS).collect::<Vec<_>>().join(", ")
        )
    }
}
