//! Undecided order: a checked order until its history, and the orders that may share its reference,
//! are known.
//!
//! Data only. It waits in `pending` for the end of its block, or in `deferred` for the end of the
//! export.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::read_order::ReadOrder;
use crate::{
    ledger::{OrderKey, ReferenceHistory},
    model::{
        order::OrderRecord,
        planned::{ContentHash, DedupHash, GuestOrder},
        problem::{Code, Problem},
        unsendable::Unsendable,
    },
};

/// A checked order that is decided later.
#[derive(Debug, Serialize, Deserialize)]
pub struct UndecidedOrder {
    /// Its facts for the report.
    pub record: OrderRecord,
    /// The encoded order, or why it is not sent.
    pub order: Result<GuestOrder, Unsendable>,
    /// Whether its time is more than a date.
    pub has_time_of_day: bool,
}

impl UndecidedOrder {
    /// Returns the hash of its guest, time, items and amounts, if it is valid so far.
    pub(super) fn dedup_hash(&self) -> Option<DedupHash> {
        self.order.as_ref().ok().map(|order| order.encoded.dedup_hash)
    }

    /// Whether a rule of the profile leaves it out.
    pub(super) fn is_skipped(&self) -> bool {
        matches!(&self.order, Err(Unsendable { rule: Some(_), .. }))
    }

    /// Whether it may be a part of another one, whose reference differs: it is valid, or refunds.
    pub(super) fn may_be_a_part(&self) -> bool {
        self.order.is_ok() || self.is_refunds()
    }

    /// Whether it is refunds that are to be taken off an order, which the export lacks.
    pub(super) fn is_refunds(&self) -> bool {
        matches!(&self.order, Err(Unsendable { refunds: Some(_), .. }))
    }

    /// Whether it is documents of an order that the export lacks.
    pub(super) fn lacks_parent(&self) -> bool {
        let mut problems = self.record.problems.iter();
        self.order.is_err() && problems.any(|problem| problem.code == Code::ParentMissing)
    }

    /// Returns its content, if it is known.
    pub(super) fn content(&self) -> Option<ContentHash> {
        match &self.order {
            Ok(order) => Some(order.encoded.content),
            Err(unsendable) => unsendable.content,
        }
    }

    /// Returns the accepted order in its history that matches it.
    pub(super) fn accepted(&self, history: &ReferenceHistory) -> Option<OrderKey> {
        let ordered_at = self.record.ordered_at.or_else(|| history.single_order_time())?;
        history.matching_accepted(ordered_at, self.content()).map(|entry| entry.order.clone())
    }

    /// Returns the time by which an earlier run's order is found under another spelling of the
    /// reference.
    pub(super) fn identifying_time(&self) -> Option<DateTime<Utc>> {
        self.record.ordered_at.filter(|_| self.has_time_of_day)
    }

    /// Returns it as its history is compared with it.
    pub(super) fn read_order(&self) -> ReadOrder<'_> {
        match &self.order {
            Ok(order) => ReadOrder::Sendable {
                order: &order.encoded,
                warns_of_duplicate: self.has_time_of_day,
            },
            Err(unsendable) => ReadOrder::Unsendable(unsendable),
        }
    }

    /// Makes it invalid if there is a problem.
    pub(super) fn add_problem(&mut self, problem: Option<Problem>) {
        let Some(problem) = problem else { return };
        self.record.problems.push(problem);
        if let Err(unsendable) = &mut self.order {
            unsendable.rule = None;
        }
        if let Ok(order) = &self.order {
            let (status, content) =
                (Some(order.encoded.status.clone()), Some(order.encoded.content));
            let has_time_of_day = self.has_time_of_day;
            self.order = Err(Unsendable {
                rule: None,
                status,
                content,
                is_other_order: false,
                refunds: None,
                has_time_of_day,
            });
        }
    }
}
