//! Join readers: what reads a joined file for a row of which not all is read.
//!
//! Such a row, a refund, a child document or one that is no item, needs a row of the joined file
//! only for what is read of it. Decided once per file, for `row_joins`.

use std::iter;

use super::{
    condition::{CellSource, Condition},
    join::Join,
    profile::{FieldRule, Profile},
    rule::Rule,
};
use crate::model::{draft::PersonRole, field::Field};

/// What is read of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowUse {
    /// All that the profile has rules for.
    Order,
    /// The same but its item, which it is not.
    OrderWithoutItem,
    /// Its items in a currency, and which row it is.
    Items,
    /// Which row it is, and an amount in a currency.
    Amount,
    /// Which row it is.
    Kind,
}

/// Which rules and conditions read a joined file, beside those of orders.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of the file, decided once")]
pub(super) struct JoinReaders {
    of_rows: bool,
    of_currency: bool,
    of_items: bool,
    of_others: bool,
}

impl JoinReaders {
    pub(super) fn new(profile: &Profile, join: &Join) -> Self {
        let rules = &profile.rules;
        let currency = rules.iter().filter(|rule| rule.fills(&Field::CurrencyCode));
        let of_refunds = profile.refunds.iter().filter_map(|refunds| refunds.rows.as_ref());
        let of_rows = profile.row_skips.iter().map(|skip| &skip.when).chain(of_refunds);
        let consumers = profile.people.iter().filter(|people| people.role == PersonRole::Consumer);
        let consumers = consumers.flat_map(|people| &people.rules);
        let of_items = rules.iter().filter(|rule| profile.reads_own_items(rule)).chain(consumers);
        let others = profile.all_rules().filter(|rule| !profile.reads_own_items(rule));
        let conditions = profile.order_conditions().chain(profile.joined_item_conditions());
        Self {
            of_others: join.has_items || reads(join, others, conditions.chain(&profile.item_rows)),
            of_rows: profile.row_rules().any(|rule| rule_reads(rule, join))
                || reads(join, iter::empty(), of_rows.chain(&profile.ignore_rows)),
            of_currency: reads(join, currency, iter::empty()),
            of_items: reads(join, of_items, profile.own_item_conditions()),
        }
    }

    /// Whether they read the file for a row.
    pub(super) fn read_for(self, row_use: RowUse) -> bool {
        match row_use {
            RowUse::Order => true,
            RowUse::OrderWithoutItem => self.of_rows || self.of_others,
            RowUse::Items => self.of_rows || self.of_currency || self.of_items,
            RowUse::Amount => self.of_rows || self.of_currency,
            RowUse::Kind => self.of_rows,
        }
    }
}

/// Whether rules, with their own conditions, or other conditions read a joined file.
fn reads<'p>(
    join: &Join,
    rules: impl Iterator<Item = &'p FieldRule>,
    mut conditions: impl Iterator<Item = &'p Condition>,
) -> bool {
    let tests = |condition: &Condition| {
        let mut names = condition.sources().into_iter().flat_map(CellSource::names);
        names.any(|name| join.has_column(name))
    };
    let mut rules = rules.map(|rule| rule_reads(&rule.rule, join) || rule.when.iter().any(tests));
    rules.any(|is_read| is_read) || conditions.any(tests)
}

/// Whether a rule, without its condition, reads a joined file.
pub(super) fn rule_reads(rule: &Rule, join: &Join) -> bool {
    let mut names = rule.readers().flat_map(Rule::names);
    names.any(|name| join.has_column(name))
}
