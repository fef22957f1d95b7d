//! Refunds: drafts whose rows all are refunds, which belong to the draft of their order.
//!
//! The order may be in another file, or in a document of its own. Does not subtract: `validate`
//! does. Called by `shuffle` with all drafts of some keys.

use super::{canonical::have_same_value, duplicates::deduplicate, headers::RepeatedHeaders};
use crate::model::{
    draft::{Cells, Draft},
    field::{Field, FieldGroup},
    problem::{Code, Problem},
};

/// Why an order is skipped of which the export has refunds only.
pub(super) const WITHOUT_ORDER: &str = "refund without its order";

/// Returns the drafts without duplicates, each with its refunds. Refunds without an order remain
/// a draft of their own.
#[must_use]
pub fn merge_by_key<'a>(drafts: Vec<Draft<'a>>, headers: &RepeatedHeaders) -> Vec<Draft<'a>> {
    if !drafts.iter().any(|draft| draft.has_only_refunds) {
        return deduplicate(drafts, headers);
    }
    // First the duplicates: an order in two files has equal content without its refunds only.
    let (refunds, orders): (Vec<_>, Vec<_>) =
        drafts.into_iter().partition(|draft| draft.has_only_refunds);
    let mut drafts = deduplicate(orders, headers);
    for refund in refunds {
        match drafts.iter_mut().find(|draft| draft.key == refund.key) {
            Some(order) => add_refund(order, refund),
            None => drafts.push(refund),
        }
    }
    drafts.sort_by_key(|draft| draft.rows.first().map(|row| (row.file, row.line)));
    drafts
}

/// Keeps of a draft that has only refunds what its order gets of them.
pub(super) fn keep_refunds(draft: &mut Draft<'_>) {
    draft.items.retain(|item| item.is_refund);
    draft.people.clear();
    let problems = std::mem::take(&mut draft.problems);
    draft.problems.extend(problems.iter().filter(|problem| is_of_refund(problem)).cloned());
    let message = "no other row of the export is of the order that was refunded";
    let problem = Problem::for_order(Code::RefundWithoutOrder, draft.position(), message);
    draft.problems.push(problem);
}

/// Whether a problem of a row that is a refund concerns what is taken off its order.
pub(super) fn is_of_refund(problem: &Problem) -> bool {
    let is_of_refund = |field: &String| {
        field.starts_with(FieldGroup::Item.prefix())
            || field.starts_with("refunds.")
            || *field == Field::CurrencyCode.to_string()
    };
    problem.field.as_ref().is_none_or(is_of_refund)
}

/// The problem of a refund in another currency than its order, which it cannot be taken off.
pub(super) fn other_currency(order: &Cells<'_>, refund: &Cells<'_>) -> Option<Problem> {
    let of_order = order.get(&Field::CurrencyCode).filter(|cell| !cell.is_unparsable)?;
    let of_refund = refund.get(&Field::CurrencyCode).filter(|cell| !cell.is_unparsable)?;
    if of_refund.is_default || have_same_value(of_order, of_refund) {
        return None;
    }
    let message = format!(
        "the refund is in {:?} and its order in {:?}, so it cannot be taken off",
        of_refund.text, of_order.text
    );
    let field = &Field::CurrencyCode;
    Some(Problem::for_field(Code::MixedCurrencies, field, of_refund.at, message))
}

fn add_refund<'a>(order: &mut Draft<'a>, refund: Draft<'a>) {
    let takes_off = !refund.items.is_empty() || !refund.refunds.is_empty();
    if takes_off {
        order.problems.extend(other_currency(&order.cells, &refund.cells));
    }
    if order.version != refund.version && takes_off {
        let message = "the refund is of another copy of the order, which may be refunded in that \
                       of the order too; expected an equal value of duplicates.by";
        let problem = Problem::for_order(Code::RefundUnclear, refund.position(), message);
        order.problems.push(problem);
    }
    order.items.extend(refund.items);
    order.refunds.extend(refund.refunds);
    order.rows.extend(refund.rows);
    let of_refund = |problem: &Problem| problem.code != Code::RefundWithoutOrder;
    order.problems.extend(refund.problems.iter().filter(|problem| of_refund(problem)).cloned());
}
