//! The rules of the `order` object, and the order that comes of them.

use super::{
    Settings, common,
    extension::{self, ExtensionKinds},
    findings::{Findings, of_draft},
    guest, items, lists, money, values,
};
use crate::model::{
    draft::{Cell, Draft},
    field::Field,
    money::{Amount, Money},
    order::{CommonAttributes, Extension, Item, Order},
    pricing::TotalFrom,
    problem::Code,
};

/// The order, if nothing that it needs is missing, and what it is worth, if that can be read.
pub(super) fn checked(
    draft: &Draft,
    settings: &Settings,
    kinds: &ExtensionKinds,
    findings: &mut Findings,
) -> (Option<Order>, Option<Money>) {
    let reference = findings.required(draft, &Field::ReferenceId).map(|cell| cell.text.to_string());
    let ordered_at = findings
        .required(draft, &Field::OrderedAt)
        .and_then(|cell| values::checked_timestamp(cell, settings.now, findings));
    let status = findings.required(draft, &Field::Status).and_then(|cell| values::status(cell, findings));
    let currency = findings.required(draft, &Field::CurrencyCode).and_then(|cell| values::currency(cell, findings));
    let (items, lines) = items::checked(draft, settings, kinds, findings);
    let price = price(draft, settings, lines, findings);
    let payment_type = findings.required(draft, &Field::PaymentType);
    let card_type = card_type(draft, payment_type, findings);
    let extension = extension::checked(&draft.cells, kinds, findings);
    let guest = guest::checked(draft, findings);
    let common = common::checked(draft, &settings.common, currency, findings);
    payment_is_known(payment_type, findings);
    let parts = || -> Option<Order> {
        Some(assembled(
            (reference?, ordered_at?, status?),
            money(currency, price)?,
            (payment_type?.text.to_string(), card_type),
            (extension, items),
            (guest?, common?),
        ))
    };
    (parts(), money(currency, price))
}

fn assembled(
    (reference, ordered_at, status): (String, chrono::DateTime<chrono::Utc>, String),
    Money { currency, amount: price }: Money,
    (payment_type, card_type): (String, Option<String>),
    (extension, items): (Extension, Vec<Item>),
    (guest, common): (crate::model::guest::Guest, CommonAttributes),
) -> Order {
    Order { reference, ordered_at, status, currency, price, payment_type, card_type, extension, items, guest, common }
}

/// `price`: from its cell, or what the items add up to.
fn price(draft: &Draft, settings: &Settings, lines: Option<Amount>, findings: &mut Findings) -> Option<Amount> {
    if settings.total_from == TotalFrom::SumOfLines {
        items::can_be_summed(draft, lines, findings);
        return lines.filter(|_| !draft.items.is_empty());
    }
    let cell = findings.required(draft, &Field::Price)?;
    let price = values::number(cell, findings)?;
    if let Some(lines) = lines.filter(|lines| !draft.items.is_empty() && lines.0 != price.0) {
        findings.cell(Code::TotalDiffers, cell, format!("the items add up to {lines}, the order's price is {price}"));
    }
    Some(price)
}

/// "Required if paymentType is Card"
fn card_type(draft: &Draft, payment_type: Option<&Cell>, findings: &mut Findings) -> Option<String> {
    let cell = of_draft(draft, &Field::CardType);
    let is_card = payment_type.is_some_and(|cell| &*cell.text == "Card");
    if is_card && draft.cell(&Field::CardType).is_none() {
        let words = "cardType is required when paymentType is Card";
        findings.absent(Code::MissingCardType, &Field::CardType, words);
    }
    if let Some(cell) = cell.filter(|cell| !lists::CARD_TYPES.contains(&&*cell.text)) {
        findings.cell(Code::UnknownCardType, cell, not_in_the_manual(&cell.text, &lists::CARD_TYPES));
    }
    cell.map(|cell| cell.text.to_string())
}

/// Other payment types are not shown to be refused, so it is a warning.
fn payment_is_known(payment_type: Option<&Cell>, findings: &mut Findings) {
    if let Some(cell) = payment_type.filter(|cell| !lists::PAYMENT_TYPES.contains(&&*cell.text)) {
        findings.cell(Code::UnknownPaymentType, cell, not_in_the_manual(&cell.text, &lists::PAYMENT_TYPES));
    }
}

fn not_in_the_manual(text: &str, known: &[&str]) -> String {
    format!("{text:?} is not in the manual, which lists {}", known.join(", "))
}
