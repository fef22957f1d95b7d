//! Refunds: drafts whose rows all are refunds, which belong to the draft of their order.
//!
//! The order may be in another file, or in a document of its own. Does not subtract: `validate`
//! does. Called by `shuffle` with all drafts of some keys.

use std::collections::HashSet;

use super::{
    canonical::{have_same_value, is_zero},
    duplicates::deduplicate,
    headers::RepeatedHeaders,
};
use crate::model::{
    draft::{Cell, Cells, Draft, DraftKind, ItemDraft, ItemSource},
    field::{Field, FieldGroup, ITEM_AMOUNTS},
    origin::{InputNames, Place},
    problem::{Code, Problem},
};

/// Why an order is skipped of which the export has refunds only.
pub(super) const WITHOUT_ORDER: &str = "refund without its order";

/// Returns the drafts without duplicates, each with its refunds. Refunds without an order remain
/// a draft of their own.
#[must_use]
pub fn merge_by_key<'a>(
    drafts: Vec<Draft<'a>>,
    headers: &RepeatedHeaders,
    names: &InputNames,
) -> Vec<Draft<'a>> {
    let is_order = |draft: &Draft<'_>| draft.kind != DraftKind::Refunds && !may_be_refunds(draft);
    if drafts.iter().all(is_order) {
        return deduplicate(drafts, headers, names);
    }
    // First the duplicates: an order in two files has equal content without its refunds only.
    let (orders, mut refunds): (Vec<_>, Vec<_>) = drafts.into_iter().partition(is_order);
    let mut drafts = deduplicate(orders, headers, names);
    // Rows that may be of an order are one where it is not there.
    refunds.sort_by_key(|draft| draft.kind == DraftKind::Refunds);
    for refund in refunds {
        match drafts.iter_mut().find(|draft| draft.key == refund.key) {
            Some(order) if refund.kind == DraftKind::Refunds => add_refund(order, &refund),
            Some(order) => add_possible_refunds(order, &refund),
            None => drafts.push(refund),
        }
    }
    drafts.sort_by_key(|draft| draft.rows.first().map(|row| (row.file, row.line)));
    drafts
}

/// Whether the rows of a draft may be refunds of an order that another draft has.
fn may_be_refunds(draft: &Draft<'_>) -> bool {
    // Of copies of an order it is not known which one they belong to, and a profile may send orders
    // with this problem.
    let is_unclear = |problem: &Problem| problem.code == Code::SpreadsheetText;
    draft.kind == DraftKind::PossibleRefunds
        && draft.version.is_none()
        && !draft.key.is_empty()
        && !draft.problems.iter().any(is_unclear)
}

/// Keeps of a draft that has only refunds what its order gets of them.
pub(super) fn keep_refunds(draft: &mut Draft<'_>) {
    let takes_off = draft.items.iter().any(|item| item.is_refund);
    draft.items.retain(|item| item.is_refund || takes_off && item.kind.source == ItemSource::Order);
    draft.people.clear();
    let problems = std::mem::take(&mut draft.problems);
    draft.problems.extend(problems.iter().filter(|problem| is_of_refund(problem)).cloned());
    draft.problems.extend(problems.iter().filter_map(two_currencies));
    let message = "no other row of the export is of the order that was refunded";
    let without_order = |at| Problem::for_order(Code::RefundWithoutOrder, at, message);
    let mut ids = HashSet::new();
    let records = draft.refund_records.iter().filter(|record| ids.insert(&record.id));
    // `validate` refuses those that may be orders.
    let records = records.filter(|record| !record.names_itself);
    draft.problems.extend(records.map(|record| without_order(record.at)));
    if draft.refund_records.is_empty() {
        let problem = without_order(draft.position());
        draft.problems.push(problem);
    }
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

/// The problem of a refund with another amount than its order for an item that is made of values of
/// the order: it is not known what the refund takes off that item. `order` is that of the order.
pub(super) fn other_order_item(
    order: Option<&ItemDraft<'_>>,
    refund: &ItemDraft<'_>,
) -> Option<Problem> {
    let repeats = |cell: &Cell<'_>| {
        let known = order.and_then(|item| item.cells.get(&cell.field));
        !cell.over_rows.is_sum() && known.is_some_and(|known| have_same_value(known, cell))
    };
    let takes_off = |cell: &&Cell<'_>| {
        let is_amount = ITEM_AMOUNTS.contains(&cell.field) || *cell.field == Field::ItemQuantity;
        let is_amount = is_amount && !cell.is_default;
        is_amount && !cell.is_unparsable && !is_zero(cell) && !repeats(cell)
    };
    let cell = refund.cells.iter().find(takes_off)?;
    let message = format!(
        "the refund has {:?} for an item of the whole order (from = \"order\") and does not repeat \
         what the order has, so it is not known what it takes off that item; a when in its \
         [[item]] that tests the kind of the row leaves refunds out",
        cell.text
    );
    Some(Problem::for_field(Code::RefundUnclear, &cell.field, cell.at, message))
}

/// The problem of refunds in two currencies, of which the rule of the currency takes one.
fn two_currencies(problem: &Problem) -> Option<Problem> {
    let is_choice = matches!(problem.code, Code::FirstValueTaken | Code::LastValueTaken);
    let is_of_currency = problem.field == Some(Field::CurrencyCode.to_string());
    (is_choice && is_of_currency).then(|| {
        let place = Place { position: problem.at, column_name: problem.column_name.clone() };
        let message = format!("{}; refunds of one order are in one currency", problem.message);
        let mixed = Problem::for_field(Code::MixedCurrencies, &Field::CurrencyCode, place, message);
        Problem { other_file: problem.other_file, ..mixed }
    })
}

fn add_refund<'a>(order: &mut Draft<'a>, refund: &Draft<'a>) {
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
    let (of_order, items): (Vec<_>, Vec<_>) =
        refund.items.iter().partition(|item| item.kind.source == ItemSource::Order);
    for item in of_order {
        let known = order.items.iter().find(|known| known.kind == item.kind);
        let problem = other_order_item(known, item);
        order.problems.extend(problem);
    }
    order.items.extend(items.into_iter().cloned());
    order.refunds.extend_from_slice(&refund.refunds);
    order.refund_records.extend_from_slice(&refund.refund_records);
    order.rows.extend_from_slice(&refund.rows);
    add_problems(order, refund);
}

/// Adds to an order rows that may be refunds of it, so that it is not known what it has.
fn add_possible_refunds(order: &mut Draft<'_>, refund: &Draft<'_>) {
    order.rows.extend_from_slice(&refund.rows);
    add_problems(order, refund);
}

/// Adds the problems of refunds to their order, but that it is missing. Refunds without it are
/// reported by their records.
fn add_problems(order: &mut Draft<'_>, refund: &Draft<'_>) {
    let lacks_order = order.kind == DraftKind::Refunds && !refund.refund_records.is_empty();
    let is_missing = |code| match code {
        Code::RefundWithoutOrder => !lacks_order,
        code => matches!(code, Code::ParentMissing | Code::ParentCircle),
    };
    let problems = refund.problems.iter().filter(|problem| !is_missing(problem.code));
    order.problems.extend(problems.filter(|problem| is_of_refund(problem)).cloned());
}
