//! Options of a run that decide about orders of earlier runs.
//!
//! It reads no settings itself; `pipeline` sets them.

use serde::Deserialize;

use super::decision::Disposition;
use crate::model::{
    outcome::{OrderResult, Outcome},
    unsendable::Unsendable,
};

/// How often an order that changed after its acceptance sets the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangedExit {
    /// Until a run has reported the change.
    #[default]
    First,
    /// Until the operator acknowledges it.
    Always,
}

/// Options of the run that decide about orders in the ledger.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools, reason = "four independent options")]
pub struct DispositionRules {
    /// Whether valid orders are sent, not only checked.
    pub is_sending: bool,
    /// Whether to resend orders whose outcome an earlier run left unknown.
    pub resends_unknown: bool,
    /// Whether orders of one reference are sent if they are two or more days apart.
    pub sends_reused_references: bool,
    /// Whether a changed order sets the exit code once or until it is acknowledged.
    pub changed_exit: ChangedExit,
    /// Whether equal content under an unrelated reference causes a warning.
    pub warns_of_repeated_content: bool,
}

impl DispositionRules {
    /// Returns the disposition of an order without history, valid or not.
    #[inline]
    #[must_use]
    pub fn without_history(self, unsendable: Option<&Unsendable>) -> Disposition {
        match unsendable {
            Some(unsendable) => Disposition::Final(unsendable.result()),
            None if self.is_sending => Disposition::Send { is_uncertain: false },
            None => Disposition::Final(OrderResult::without_request(Outcome::Valid, None)),
        }
    }
}
