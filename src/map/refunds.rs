//! Refunds: the rows or documents that say what was refunded of an order (`refunds` of a profile).
//!
//! Data only. Compiled by `refunds_compiler`, found by `bound_refunds`.

use super::{condition::Condition, rule::Rule};

/// The rows that are refunds, and what becomes of them.
#[derive(Debug, Clone)]
pub struct Refunds {
    /// Whether their amounts are taken off their orders; else they are left out.
    pub(super) are_netted: bool,
    /// The rows or documents that are refunds; if not set, those with the key of an order.
    pub(super) rows: Option<Condition>,
    /// The rule of the key of their orders; if not set, it is the order key.
    pub(super) order: Option<Rule>,
    /// The rule of their amounts; if not set, their items are refunded.
    pub(super) amount: Option<Rule>,
}

impl Refunds {
    /// The rules of refunds.
    pub(super) fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.named_rules().map(|(rule, _)| rule)
    }

    /// The paths that say which documents are refunds, and of which order.
    pub(super) fn paths(&self) -> impl Iterator<Item = &String> {
        let tested = self.rows.iter().flat_map(Condition::sources);
        let tested = tested.filter_map(|source| source.path.as_ref());
        tested.chain(self.rules().flat_map(|rule| &rule.paths))
    }

    /// The indexes of the names of a key of their orders that are names of the order key too.
    pub(super) fn shared_parts(names: &[String], key: &Rule) -> Vec<usize> {
        let is_shared = |(index, name)| key.names().any(|own| own == name).then_some(index);
        names.iter().enumerate().filter_map(is_shared).collect()
    }

    /// The same, with their names in messages.
    pub(super) fn named_rules(&self) -> impl Iterator<Item = (&Rule, &'static str)> {
        let order = self.order.iter().map(|order| (order, REFUND_ORDER));
        order.chain(self.amount.iter().map(|amount| (amount, REFUND_AMOUNT)))
    }
}

/// The names of the rules in messages.
pub(super) const REFUND_ORDER: &str = "refunds.order";
pub(super) const REFUND_AMOUNT: &str = "refunds.amount";
