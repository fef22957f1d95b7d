//! Rules of refunds that are taken off their order: their lines get a negative amount, and the
//! order one that is left.
//!
//! Exports write a refund with a negative quantity, with a negative price or with neither, so the
//! sign of a line says nothing alone; different signs within an order are refused. Called by
//! `items`, `order` and `check`.

use std::collections::HashMap;

use rust_decimal::Decimal;

use super::{
    findings::{Findings, draft_cell, exported_price},
    values,
};
use crate::model::{
    draft::{Cell, Draft, ItemDraft, RefundId, RefundRecord},
    field::Field,
    money::{Amount, Money},
    origin::Position,
    problem::{Code, Problem, line_beside},
    rules::TargetRules,
};

/// Whether a draft has refunds.
pub(super) fn has_any(draft: &Draft<'_>) -> bool {
    !draft.refunds.is_empty() || draft.items.iter().any(|item| item.is_refund)
}

/// Whether the refunds of an order leave nothing of it.
pub(super) fn are_all(draft: &Draft<'_>, money: Option<&Money>) -> bool {
    money.is_some_and(|money| money.amount.0.is_zero()) && has_any(draft)
}

/// The number of an item, without a sign if it was refunded.
pub(super) fn without_sign(item: &ItemDraft<'_>, number: Amount) -> Amount {
    if item.is_refund { Amount(number.0.abs()) } else { number }
}

/// The price of an item as it adds to the order, from the one without a sign.
pub(super) fn taken_off(item: &ItemDraft<'_>, price: Amount) -> Amount {
    if item.is_refund && !price.0.is_zero() { Amount(-price.0) } else { price }
}

/// Refuses refunds of different signs: one of them is no refund, such as a fee that is kept.
pub(super) fn check_signs(draft: &Draft<'_>, findings: &mut Findings) {
    let items = draft.items.iter().filter(|item| item.is_refund);
    let of_items = items.filter_map(|item| Some((exported_price(item)?, is_negative(item)?)));
    let amounts =
        draft.refunds.iter().filter_map(|cell| Some((cell, number(cell)? < Decimal::ZERO)));
    let mut signs = of_items.chain(amounts);
    let Some((first, sign)) = signs.next() else { return };
    if let Some((other, _)) = signs.find(|(_, other)| *other != sign) {
        let first = first.at.position();
        let line = line_beside(first, other.at.position());
        let message = format!(
            "the refund has another sign than the one in {line}, so it is not known which of \
             them the order gets back; name the rows that are refunds in rows of [refunds]"
        );
        let problem = Problem::for_field(Code::RefundUnclear, &other.field, other.at, message);
        findings.problems.push(problem.beside(first));
    }
}

/// Refuses a refund that is there twice, so that it would be taken off twice.
pub(super) fn check_records(draft: &Draft<'_>, findings: &mut Findings) {
    let mut earlier = HashMap::new();
    for record in draft.refund_records.iter().filter(|record| record.counts_once) {
        let at = record.at;
        // Equal rows of two files are a problem of their own.
        let file = matches!(record.id, RefundId::Row(_)).then_some(at.file);
        let first: Position = *earlier.entry((&record.id, file)).or_insert(at);
        if first == at {
            continue;
        }
        let line = line_beside(first, at);
        let message = match &record.id {
            RefundId::Own(id) => {
                format!("the refund has the id {id:?} of the one in {line}; it would count twice")
            }
            RefundId::Row(_) => format!(
                "the refund equals the one in {line}, and has no id of its own; it would \
                 count twice"
            ),
        };
        let problem = Problem::for_order(Code::RefundRepeated, at, message).beside(first);
        findings.problems.push(problem);
    }
}

/// The problems of refunds without their order that name themselves as it: each may be the order.
pub(super) fn unclear_orders(records: &[RefundRecord<'_>]) -> impl Iterator<Item = Problem> {
    let message = "the record has its own id as that of its order, and no other row is of the \
                   order: it may be the order; rows under [refunds] names the rows that are \
                   refunds";
    let unclear = records.iter().filter(|record| record.names_itself);
    unclear.map(move |record| Problem::for_order(Code::RefundUnclear, record.at, message))
}

/// Refuses amounts that were refunded where the tenant adds the items up: it would hold the whole
/// price.
pub(super) fn check_carried(draft: &Draft<'_>, rules: &TargetRules, findings: &mut Findings) {
    let Some(cell) = draft.refunds.first().filter(|_| !rules.carries.total) else { return };
    let message = format!(
        "the tenant adds the items up of {}, so the refund cannot be taken off its total; take \
         refunds off by their items, without amount",
        rules.carrier
    );
    findings.on_cell(Code::RefundUnsupported, cell, message);
}

/// Whether the line of an item is negative as it is written; none if it is nothing.
fn is_negative(item: &ItemDraft<'_>) -> Option<bool> {
    let price = exported_price(item)?;
    let quantity = item.cell(&Field::ItemQuantity).and_then(number).unwrap_or_default();
    let turns_sign = *price.field == Field::ItemPrice && quantity < Decimal::ZERO;
    let price = number(price)?;
    Some((price < Decimal::ZERO) != turns_sign)
}

/// The number of a cell; none if it is nothing.
fn number(cell: &Cell<'_>) -> Option<Decimal> {
    values::plain_number(&cell.text).map(|number| number.0).filter(|number| !number.is_zero())
}

/// The total of an order less the amounts that were refunded.
pub(super) fn less_amounts(
    draft: &Draft<'_>,
    total: Amount,
    findings: &mut Findings,
) -> Option<Amount> {
    let currency = draft_cell(draft, &Field::CurrencyCode).map(|cell| &*cell.text);
    let mut left = Some(total);
    for cell in &draft.refunds {
        let refunded = values::amount(cell, currency, findings);
        left = left.zip(refunded).and_then(|(left, Amount(refunded))| {
            let less = left.checked_add(Amount(-refunded.abs()));
            if less.is_none() {
                let message = "the total less the refund has more digits than can be kept exactly";
                findings.on_cell(Code::NumberUnreadable, cell, message);
            }
            less
        });
    }
    left
}

/// What its refunds leave of an order; refuses one of which more was refunded than it has. None if
/// that is less than nothing since a row of the order is not known.
pub(super) fn check_total(
    draft: &Draft<'_>,
    total: Amount,
    findings: &mut Findings,
) -> Option<Amount> {
    if !total.0.is_sign_negative() || total.0.is_zero() {
        return Some(total);
    }
    if draft.problems.iter().chain(&*findings.problems).any(hides_amounts) {
        return None;
    }
    let message = format!(
        "the refunds are {} more than the order; rows of it may be missing, or of its refunds be \
         there twice",
        Amount(-total.0)
    );
    let of_items = draft.items.iter().find(|item| item.is_refund).map(|item| item.at);
    let at = of_items.or_else(|| draft.refunds.first().map(|cell| cell.at));
    let at = at.unwrap_or_else(|| draft.position().into());
    findings.problems.push(Problem::for_field(Code::RefundTooLarge, &Field::Price, at, message));
    Some(total)
}

/// Whether a problem may be why an order has less than its refunds.
fn hides_amounts(problem: &Problem) -> bool {
    let is_of_refunds = matches!(
        problem.code,
        Code::RefundUnclear
            | Code::RefundRepeated
            | Code::RefundUnsupported
            | Code::MixedCurrencies
    );
    is_of_refunds || problem.hides_items() || problem.is_of_unknown_order()
}
