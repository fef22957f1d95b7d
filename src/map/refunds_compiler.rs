//! Compilation of `refunds`: the rows that are refunds, and what becomes of them.
//!
//! Called by `profile_compiler`.

use super::{
    condition_compiler::{ConditionCompiler, ConditionLevel},
    input_settings::RefundMode,
    key_errors::KeyErrors,
    profile_text::RefundsText,
    refunds::Refunds,
};
use crate::model::pricing::TotalFrom;

/// Compiles the key; none where refunds are rows as all others.
pub(super) fn compile_refunds(
    text: RefundsText,
    order_price: TotalFrom,
    conditions: &ConditionCompiler<'_>,
) -> Result<Option<Refunds>, KeyErrors> {
    let RefundsText { rows, mode } = text;
    let mut errors = KeyErrors::default();
    if rows.is_none() {
        errors.add("rows", NO_ROWS);
    }
    if mode == RefundMode::Net && order_price == TotalFrom::Given {
        errors.add("mode", NET_OF_GIVEN);
    }
    let rows = rows.map(|rows| conditions.compile(rows, ConditionLevel::Order));
    let rows = rows.and_then(|rows| errors.keep_below(&["rows"], rows));
    errors.ensure_none()?;
    let is_used = mode != RefundMode::Keep;
    Ok(rows.filter(|_| is_used).map(|rows| Refunds { are_netted: mode == RefundMode::Net, rows }))
}

const NO_ROWS: &str = "is missing; expected the condition on the rows that are refunds, such as \
                       rows = { column = \"Kind\", is = \"Refund\" }";

const NET_OF_GIVEN: &str = "\"net\" takes refunds off the sum of the lines: it needs order_price \
                            = \"sum_of_lines\"; a given total is less its refunds where its rule says \
                            so: price = { sum = [\"Total\"], minus = [\"Refunded\"] }";
