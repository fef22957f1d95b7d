//! Compilation of `refunds`: the rows that are refunds, and what becomes of them.
//!
//! Called by `profile_keys`.

use super::{
    condition_compiler::{ConditionCompiler, ConditionLevel},
    input_settings::RefundMode,
    key_errors::KeyErrors,
    profile::{FieldRule, Profile},
    profile_text::RefundsText,
    refunds::Refunds,
    rule::Rule,
};
use crate::model::pricing::TotalFrom;

/// Compiles the key with its rules of the order and the amount of a refund; none where refunds are
/// rows as all others. `has_copies`: whether the export may have an order several times;
/// `has_parent`: whether documents name their order as their parent.
pub(super) fn compile_refunds(
    RefundsText { rows, mode, .. }: RefundsText,
    (order, amount): (Option<Rule>, Option<Rule>),
    (order_price, has_copies, has_parent): (TotalFrom, bool, bool),
    conditions: &ConditionCompiler<'_>,
) -> Result<Option<Refunds>, KeyErrors> {
    let mut errors = KeyErrors::default();
    let are_netted = mode == RefundMode::Net;
    if rows.is_none() && order.is_none() {
        errors.add("rows", NO_ROWS);
    }
    if are_netted && amount.is_none() && order_price == TotalFrom::Given {
        errors.add("mode", NET_OF_GIVEN);
    }
    if amount.is_some() && !are_netted {
        errors.add("amount", "has no effect without mode = \"net\", which takes it off the order");
    }
    if order.is_some() && has_parent {
        errors.add("order", PARENT);
    }
    if order.is_some() && are_netted && has_copies {
        errors.add("order", COPIES);
    }
    let rows = rows.map(|rows| {
        let rows = conditions.compile(rows, ConditionLevel::Order);
        errors.keep_below(&["rows"], rows)
    });
    let rows = rows.flatten();
    errors.ensure_none()?;
    let refunds = Refunds { are_netted, rows, order, amount };
    Ok((mode != RefundMode::Keep).then_some(refunds))
}

/// Refuses refunds that are taken off by their items where there are none.
pub(super) fn check_netted_items(profile: &Profile, errors: &mut KeyErrors) {
    let by_items = |refunds: &Refunds| refunds.are_netted && refunds.amount.is_none();
    let is_of_own = |rule: &FieldRule| profile.reads_own_items(rule);
    let has_items = profile.rules.iter().any(is_of_own) || errors.has_below(&["item"]);
    if profile.refunds.as_ref().is_some_and(by_items) && !has_items {
        errors.add_at(&["refunds", "mode"], WITHOUT_ITEMS);
    }
}

const WITHOUT_ITEMS: &str = "\"net\" takes the items of refunds off their order, and the profile has \
                             no [item]; expected amount, the rule of what is taken off, or mode = \
                             \"leave_out\"";

const NO_ROWS: &str = "is missing; expected the condition on the rows that are refunds, such as \
                       rows = { column = \"Kind\", is = \"Refund\" }, or order, the key of their \
                       order";

const NET_OF_GIVEN: &str = "\"net\" takes the items of refunds off the sum of the lines: it needs \
                            order_price = \"sum_of_lines\", or amount, the rule of what is taken \
                            off; a given total is less its refunds where its rule says so: price = \
                            { sum = [\"Total\"], minus = [\"Refunded\"] }";

const PARENT: &str = "contradicts parent, which gives documents to their orders; expected rows, \
                      the condition on those that are refunds";

const COPIES: &str = "contradicts duplicates: the copies of a refund that is a record of its own \
                      could not be told from other refunds of its order; expected mode = \
                      \"leave_out\", or no duplicates";
