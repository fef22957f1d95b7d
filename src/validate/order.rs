//! Rules of the `order` object, and the assembly of an `Order` from its checked parts.
//!
//! Calls the modules of the other field groups, so that one pass collects all problems. Called by
//! `check`.

use std::borrow::Cow;

use super::{
    carried, common, extension,
    findings::{Findings, draft_cell},
    guest, items, legs, people, references, refunds,
    settings::ValidateSettings,
    timestamps, values,
};
use crate::model::{
    column_facts::ColumnFacts,
    decimal_mark::PointReading,
    draft::{Cell, Draft, DraftKind},
    field::Field,
    guest::{Consumer, Guest},
    money::{Amount, Money},
    order::{CommonAttributes, Extension, Item, Order},
    pricing::TotalFrom,
    problem::Code,
    route::Route,
    rules::{Details, TargetRules},
};

/// Checks an order by the rules of one route; returns it if no required part is missing, and its
/// amount if that is valid.
pub(super) fn check_order<'a>(
    draft: &Draft<'a>,
    rules: &TargetRules,
    settings: &'a ValidateSettings,
    facts: &ColumnFacts,
    findings: &mut Findings,
) -> (Option<Box<Order<'a>>>, Option<Money>) {
    let reference = findings.required(draft, &Field::ReferenceId);
    references::check_reference(reference, draft, findings);
    references::warn_invisible_text(draft, findings);
    let reference = reference.map(|cell| cell.text.clone());
    let ordered_at = findings
        .required(draft, &Field::OrderedAt)
        .and_then(|cell| timestamps::check_order_time(cell, settings, findings));
    let status =
        findings.required(draft, &Field::Status).and_then(|cell| status(cell, rules, findings));
    let currency = findings
        .required(draft, &Field::CurrencyCode)
        .and_then(|cell| values::currency(cell, findings));
    let (items, lines_total) = items::check_items(draft, rules, settings, facts, findings);
    let price = price(draft, rules, (settings, facts), lines_total, findings);
    refunds::check_carried(draft, rules, findings);
    let price = price.and_then(|price| refunds::less_amounts(draft, price, findings));
    let price = if refunds::has_any(draft) {
        price.and_then(|price| refunds::check_total(draft, price, findings))
    } else {
        price.inspect(|price| check_total_sign(draft, rules, *price, findings))
    };
    let payment_type = payment_type(draft, rules, findings);
    let card_type = card_type(draft, payment_type, rules, findings);
    let extension =
        extension::check_extension(&draft.cells, &rules.extensions, &facts.types, findings);
    let guest = guest::check_guest(draft, rules, settings, findings);
    let common = common::check_common(draft, rules, &settings.common, currency, findings);
    check_payment_type(payment_type, rules, findings);
    items::check_required_items(draft, rules, settings, facts, findings);
    check_item_currencies(draft, rules, settings, findings);
    if !rules.carries.extensions {
        carried::warn_extensions_dropped(draft, rules, findings);
    }
    let details = rules
        .details
        .carried()
        .map(|_| check_details(draft, rules, settings, guest.as_ref(), findings));
    let build = || -> Option<Box<Order<'a>>> {
        Some(build_order(
            (reference?, ordered_at?, status?),
            values::money(currency, price)?,
            (payment_text(payment_type, rules)?, card_type),
            (extension, items),
            (guest?, common?),
            rules.route,
        ))
    };
    let mut order = build();
    if let Some((order, details)) = order.as_mut().zip(details) {
        add_details(order, details);
    }
    if let Some(order) = &order {
        warn_of_what_is_not_sent(order, draft, rules, findings);
    }
    // Refunds of an order that the export lacks are no order.
    let price = price.filter(|_| draft.kind != DraftKind::Refunds);
    (order, values::money(currency, price))
}

/// Checks the currencies of the items against that of the order. With `SumOfLines` they are checked
/// with the sum.
fn check_item_currencies(
    draft: &Draft<'_>,
    rules: &TargetRules,
    settings: &ValidateSettings,
    findings: &mut Findings,
) {
    if settings.total_from == TotalFrom::SumOfLines {
        return;
    }
    for item in &draft.items {
        if rules.carries.total {
            items::warn_of_other_currency(item, draft, findings);
        } else {
            items::check_same_currency(item, draft, findings);
        }
    }
}

/// Warns of what a valid order has and its route does not carry.
fn warn_of_what_is_not_sent(
    order: &Order<'_>,
    draft: &Draft<'_>,
    rules: &TargetRules,
    findings: &mut Findings,
) {
    if let Details::Dropped { hint } = rules.details {
        carried::warn_details_dropped(order, draft, (rules, hint), findings);
    }
    // Refunds that the route does not take off are an error.
    if !rules.carries.total && draft.refunds.is_empty() {
        carried::warn_total_differs(order, draft, findings);
    }
}

/// The details of an order.
struct OrderDetails<'a> {
    /// The item indexes (from 0) in sending order.
    item_order: Vec<usize>,
    contacts: Vec<Guest<'a>>,
    consumers: Vec<Consumer<'a>>,
}

fn check_details<'a>(
    draft: &Draft<'a>,
    rules: &TargetRules,
    settings: &ValidateSettings,
    guest: Option<&Guest<'a>>,
    findings: &mut Findings,
) -> OrderDetails<'a> {
    let item_order = legs::order_by_leg(draft, findings);
    let mut sent_index = vec![0; item_order.len()];
    item_order.iter().enumerate().for_each(|(index, item)| sent_index[*item] = index);
    let (contacts, consumers) =
        people::check_people(draft, rules, settings, guest, &sent_index, findings);
    OrderDetails { item_order, contacts, consumers }
}

fn add_details<'a>(
    order: &mut Order<'a>,
    OrderDetails { item_order, contacts, consumers }: OrderDetails<'a>,
) {
    let mut items: Vec<_> = std::mem::take(&mut order.items).into_iter().map(Some).collect();
    order.items = item_order.into_iter().filter_map(|index| items[index].take()).collect();
    (order.contacts, order.consumers) = (contacts, consumers);
}

fn build_order<'a>(
    (reference, ordered_at, status): (Cow<'a, str>, chrono::DateTime<chrono::Utc>, Cow<'a, str>),
    Money { currency, amount: price }: Money,
    (payment_type, card_type): (Cow<'a, str>, Option<Cow<'a, str>>),
    (extension, items): (Extension<'a>, Vec<Item<'a>>),
    (guest, common): (Guest<'a>, CommonAttributes<'a>),
    route: Route,
) -> Box<Order<'a>> {
    // Built in its box: an order is too large to be moved around.
    Box::new(Order {
        reference,
        ordered_at,
        status,
        currency,
        price,
        payment_type,
        card_type,
        extension,
        items,
        guest,
        common,
        route,
        contacts: Vec::new(),
        consumers: Vec::new(),
    })
}

/// Checks the status of an order; warns of one that is to change.
fn status<'a>(
    cell: &Cell<'a>,
    rules: &TargetRules,
    findings: &mut Findings,
) -> Option<Cow<'a, str>> {
    let status = values::status(cell, rules, findings)?;
    if is_unfinished(&status, rules) {
        let message =
            format!("{status:?} can never be updated: the service keeps the order as it is sent");
        findings.on_cell(Code::PaymentPending, cell, message);
    }
    Some(status)
}

/// Whether an order of this status is to change.
pub(super) fn is_unfinished(status: &str, rules: &TargetRules) -> bool {
    rules.unfinished_statuses.contains(&status)
}

/// Returns the order's price: from its cell, or the sum of the lines.
fn price(
    draft: &Draft<'_>,
    rules: &TargetRules,
    (settings, facts): (&ValidateSettings, &ColumnFacts),
    lines_total: Option<Amount>,
    findings: &mut Findings,
) -> Option<Amount> {
    if settings.total_from == TotalFrom::SumOfLines {
        items::check_summable(draft, lines_total, findings);
        items::warn_of_duplicates(draft, findings);
        return lines_total.filter(|_| !draft.items.is_empty());
    }
    items::check_prices(draft, rules, findings);
    let cell = findings.required(draft, &Field::Price)?;
    let price = values::amount(cell, currency_code(draft), findings)?;
    check_decimal_mark(draft, cell, facts, findings);
    // A warning only: on real exports the items add up in about 95 %. Where the tenant computes the
    // total, `warn_total_differs` checks it.
    let differs = |lines_total: &Amount| {
        rules.carries.total && draft.has_own_items() && *lines_total != price
    };
    if let Some(lines_total) = lines_total.filter(differs) {
        let hint = items::price_basis_hint(draft, price, settings);
        let message =
            format!("the items add up to {lines_total}, the order's price is {price}{hint}");
        findings.on_cell(Code::TotalDiffers, cell, message);
    }
    Some(price)
}

/// The code of the order's currency, valid or not.
fn currency_code<'d>(draft: &'d Draft<'_>) -> Option<&'d str> {
    draft_cell(draft, &Field::CurrencyCode).map(|cell| &*cell.text)
}

/// A purchase of a negative amount is a refund, which the service would add up as a sale.
fn check_total_sign(
    draft: &Draft<'_>,
    rules: &TargetRules,
    total: Amount,
    findings: &mut Findings,
) {
    let is_reversal = |status: &Cell<'_>| rules.reversal_statuses.contains(&&*status.text);
    if draft.cell(&Field::Status).is_some_and(is_reversal) {
        return;
    }
    let Some((code, message)) = total_problem(total) else { return };
    match draft_cell(draft, &Field::Price) {
        Some(cell) => findings.on_cell(code, cell, message),
        None => findings.on_missing(code, &Field::Price, message),
    }
}

/// The problem of the total of a purchase that is not positive.
pub(super) fn total_problem(total: Amount) -> Option<(Code, String)> {
    if total.0.is_zero() {
        Some((Code::ZeroTotal, "the total of the purchase is 0".to_owned()))
    } else if total.0.is_sign_negative() {
        let hint =
            "leave refunds out with [refunds], or with a [[skip]] whose condition has less = 0";
        let message = format!("the total of the purchase is negative: {total}; {hint}");
        Some((Code::NegativeTotal, message))
    } else {
        None
    }
}

/// A point that may be a thousands mark makes the order invalid, unless another total of the export
/// shows that it is a decimal mark.
fn check_decimal_mark(
    draft: &Draft<'_>,
    total: &Cell<'_>,
    facts: &ColumnFacts,
    findings: &mut Findings,
) {
    if facts.totals.ambiguous().is_none() {
        return;
    }
    if PointReading::of(total, currency_code(draft)) == PointReading::Ambiguous {
        let text = &total.text;
        let message = format!(
            "{text:?} can be read in two ways: {text} or {}; write decimal = \".\" in the \
             profile, or decimal = \",\" and thousands = \".\"",
            text.replace('.', "")
        );
        findings.on_cell(Code::DecimalAmbiguous, total, message);
    }
}

/// Returns the cell of the payment type, which is required if the route carries it.
fn payment_type<'d, 'a>(
    draft: &'d Draft<'a>,
    rules: &TargetRules,
    findings: &mut Findings,
) -> Option<&'d Cell<'a>> {
    if rules.carries.payment {
        findings.required(draft, &Field::PaymentType)
    } else {
        draft_cell(draft, &Field::PaymentType)
    }
}

/// Returns the payment type; it may be empty where the route does not carry it.
fn payment_text<'a>(payment_type: Option<&Cell<'a>>, rules: &TargetRules) -> Option<Cow<'a, str>> {
    let text = payment_type.map(|cell| cell.text.clone());
    text.or((!rules.carries.payment).then_some(Cow::Borrowed("")))
}

/// "Required if paymentType is Card"
fn card_type<'a>(
    draft: &Draft<'a>,
    payment_type: Option<&Cell<'_>>,
    rules: &TargetRules,
    findings: &mut Findings,
) -> Option<Cow<'a, str>> {
    let cell = draft_cell(draft, &Field::CardType);
    // In any case, since a misspelt one means a card too.
    let is_card = payment_type.is_some_and(|cell| is_card_payment(&cell.text, rules));
    if rules.carries.payment && is_card && draft.cell(&Field::CardType).is_none() {
        let message =
            format!("cardType is required when paymentType is {}", rules.card_payment_type);
        findings.on_missing(Code::MissingCardType, &Field::CardType, message);
    }
    if let Some(cell) = cell {
        check_card_type(cell, rules, findings);
    }
    cell.map(|cell| cell.text.clone())
}

/// Warns about undocumented card types.
pub(super) fn check_card_type(cell: &Cell<'_>, rules: &TargetRules, findings: &mut Findings) {
    if !is_card_type(&cell.text, rules) {
        let message = undocumented_message(&cell.text, rules.card_types);
        findings.on_cell(Code::UnknownCardType, cell, message);
    }
}

/// Whether a payment type requires a card type.
pub(super) fn is_card_payment(text: &str, rules: &TargetRules) -> bool {
    text.eq_ignore_ascii_case(rules.card_payment_type)
}

/// Whether a card type is documented.
pub(super) fn is_card_type(text: &str, rules: &TargetRules) -> bool {
    rules.card_types.contains(&text)
}

/// Whether a payment type is documented.
pub(super) fn is_payment_type(text: &str, rules: &TargetRules) -> bool {
    rules.payment_types.contains(&text)
}

/// Warns about undocumented payment types; the manual does not say that they are rejected.
pub(super) fn check_payment_type(
    payment_type: Option<&Cell<'_>>,
    rules: &TargetRules,
    findings: &mut Findings,
) {
    if let Some(cell) = payment_type.filter(|cell| !is_payment_type(&cell.text, rules)) {
        findings.on_cell(Code::UnknownPaymentType, cell, payment_type_message(&cell.text, rules));
    }
}

fn payment_type_message(text: &str, rules: &TargetRules) -> String {
    let known = rules.payment_types.iter().find(|known| text.eq_ignore_ascii_case(known));
    let hint = known.map_or_else(String::new, |known| format!("; did you mean {known:?}?"));
    undocumented_message(text, rules.payment_types) + &hint
}

fn undocumented_message(text: &str, known: &[&str]) -> String {
    format!("undocumented value {text:?}; the manual lists {}", known.join(", "))
}
