//! An order as this run reads it, valid or not, to be compared with its history.
//!
//! It decides nothing. Made of an order of the export or of a saved plan; `decide` and `changed`
//! compare it.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{
    decision::{Decision, Disposition},
    rules::DispositionRules,
};
use crate::{
    ledger::{self, OrderSnapshot, ReferenceHistory},
    model::{
        money::{Amount, Money},
        order::OrderRecord,
        planned::{ContentHash, EncodedOrder},
        unsendable::Unsendable,
    },
};

/// An order as this run reads it.
#[derive(Clone, Copy)]
pub enum ReadOrder<'a> {
    /// A valid order.
    Sendable {
        /// The order.
        order: &'a EncodedOrder,
        /// Whether an equal order under an unrelated reference causes a warning: not if its time
        /// is only a date, and not a second time.
        warns_of_duplicate: bool,
    },
    /// An order that is skipped or invalid.
    Unsendable(&'a Unsendable),
}

impl ReadOrder<'_> {
    /// Returns what the ledger shows of it.
    pub(super) fn snapshot(&self, record: &OrderRecord) -> OrderSnapshot {
        // What refunds have is not what is left of their order.
        if let Self::Unsendable(Unsendable { refunds: Some(_), .. }) = self {
            return OrderSnapshot::default();
        }
        let status = match self {
            Self::Sendable { order, .. } => Some(order.status.clone()),
            Self::Unsendable(order) => order.status.clone(),
        };
        OrderSnapshot {
            status,
            money: record.money.clone(),
            item_count: Some(record.item_count as u64),
        }
    }

    /// Returns why it is not sent; none for a valid order.
    pub(super) fn cause(&self, record: &OrderRecord) -> Option<String> {
        match self {
            Self::Sendable { .. } => None,
            Self::Unsendable(order) => Some(order.cause(record)),
        }
    }

    /// Returns its time. An order whose time is unparsable is assumed to be the only order of its
    /// reference in the ledger.
    pub(super) fn ordered_at(
        &self,
        record: &OrderRecord,
        history: &ReferenceHistory,
    ) -> Option<DateTime<Utc>> {
        match self {
            Self::Sendable { order, .. } => Some(order.ordered_at),
            Self::Unsendable(_) => record.ordered_at.or_else(|| history.single_order_time()),
        }
    }

    /// Returns the time by which its order is found if an earlier run sent it under another
    /// spelling of its reference. A valid order is found by its content instead.
    pub(super) fn identifying_time(&self, record: &OrderRecord) -> Option<DateTime<Utc>> {
        match self {
            Self::Sendable { .. } => None,
            Self::Unsendable(order) => record.ordered_at.filter(|_| order.has_time_of_day),
        }
    }

    /// Returns its content; for an order that is not sent, a hash of the reasons instead.
    pub(super) fn content(
        &self,
        history: &ReferenceHistory,
        ordered_at: DateTime<Utc>,
        record: &OrderRecord,
    ) -> ContentHash {
        let is_accepted = |content: &ContentHash| {
            let accepted = history.matching_accepted(ordered_at, Some(*content));
            accepted.is_some_and(|entry| entry.order.content == *content)
        };
        match self {
            Self::Sendable { order, .. } => order.content,
            // The accepted one of two conflicting orders has not changed.
            Self::Unsendable(Unsendable { content: Some(content), .. }) if is_accepted(content) => {
                *content
            }
            Self::Unsendable(order) => {
                let accepted = history.matching_accepted(ordered_at, None);
                let accepted_at = accepted.map_or(ordered_at, |entry| entry.order.ordered_at);
                ledger::unsent_change_hash(
                    accepted_at,
                    &order.reasons(record),
                    &self.snapshot(record),
                )
            }
        }
    }

    /// Returns its total in the export; zero for an order that a rule skips, none if it is
    /// unparsable or only its refunds are known.
    pub(super) fn exported_total(&self, was: &Money, record: &OrderRecord) -> Option<Money> {
        match self {
            Self::Unsendable(Unsendable { refunds: Some(_), .. }) => None,
            Self::Unsendable(Unsendable { rule: Some(_), .. }) => {
                Some(Money { amount: Amount(Decimal::ZERO), ..was.clone() })
            }
            _ => record.money.clone(),
        }
    }

    /// Decides about an order without history, unless it is valid.
    pub(super) fn if_new(self, rules: DispositionRules) -> Option<Decision> {
        match self {
            Self::Sendable { .. } => None,
            Self::Unsendable(_) => Some(self.without_history(rules).into()),
        }
    }

    /// Returns the disposition of an order without history.
    #[must_use]
    pub fn without_history(self, rules: DispositionRules) -> Disposition {
        match self {
            Self::Sendable { .. } => rules.without_history(None),
            Self::Unsendable(order) => rules.without_history(Some(order)),
        }
    }
}
