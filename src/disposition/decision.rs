//! Decision about an order: its disposition, and a problem that its history shows.
//!
//! Data only. `decide` makes them, and the caller of `history` records them.

use crate::{
    ledger::ChangedOrder,
    model::{
        outcome::{OrderResult, Outcome},
        problem::Problem,
    },
};

/// What a run does with an order.
pub enum Disposition {
    /// It is not sent; its result.
    Final(OrderResult),
    /// It is not sent, and the ledger records that it changed after its acceptance.
    Changed(OrderResult, Box<ChangedOrder>),
    /// It is sent. Uncertain if an earlier run sent it with unknown outcome.
    Send {
        /// The service may already have it.
        is_uncertain: bool,
    },
}

/// What a run does with an order, and a problem that its history shows.
pub(super) struct Decision {
    /// What it does.
    pub disposition: Disposition,
    /// The problem, which belongs to the record of the order.
    pub problem: Option<Problem>,
}

impl From<Disposition> for Decision {
    fn from(disposition: Disposition) -> Self {
        Self { disposition, problem: None }
    }
}

impl Decision {
    /// An order that is invalid because of its history.
    pub(super) fn invalid(problem: Problem) -> Self {
        let result = OrderResult::without_request(Outcome::Invalid, None);
        Self { disposition: Disposition::Final(result), problem: Some(problem) }
    }
}

impl Disposition {
    /// An order that is not sent, with the reason.
    pub(super) fn without_request(outcome: Outcome, reason: String) -> Self {
        Self::Final(OrderResult::without_request(outcome, Some(reason)))
    }
}
