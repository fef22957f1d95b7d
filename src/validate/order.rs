//! Rules of the `order` object, and the assembly of an `Order` from its checked parts.
//!
//! Calls the modules of the other field groups, so that one pass collects all problems. Called by
//! `check`.

use std::borrow::Cow;

use super::{
    assembled, common, extension,
    findings::{Findings, draft_cell},
    guest, items, legs, lists, people,
    settings::ValidateSettings,
    values,
};
use crate::model::{
    draft::{Cell, Draft},
    extension_types::ExtensionTypes,
    field::Field,
    guest::{Consumer, Guest},
    money::{Amount, Money},
    order::{CommonAttributes, Extension, Item, Order},
    pricing::TotalFrom,
    problem::Code,
    route::Route,
};

/// Checks an order for one route; returns it if no required part is missing, and its amount if
/// that is valid.
pub(super) fn check_order<'a>(
    draft: &Draft<'a>,
    route: Route,
    settings: &'a ValidateSettings,
    types: &ExtensionTypes,
    findings: &mut Findings,
) -> (Option<Box<Order<'a>>>, Option<Money>) {
    let reference = findings.required(draft, &Field::ReferenceId).map(|cell| cell.text.clone());
    let ordered_at = findings
        .required(draft, &Field::OrderedAt)
        .and_then(|cell| values::check_timestamp(cell, settings.now, findings));
    let status = findings.required(draft, &Field::Status).and_then(|cell| values::status(cell, route, findings));
    let currency = findings.required(draft, &Field::CurrencyCode).and_then(|cell| values::currency(cell, findings));
    let (items, lines_total) = items::check_items(draft, route, settings, types, findings);
    let price = price(draft, route, settings, lines_total, findings);
    // Neither the payment type nor the card type is sent with several events.
    let payment_type = match route {
        Route::Single => findings.required(draft, &Field::PaymentType),
        Route::Multi => draft_cell(draft, &Field::PaymentType),
    };
    let card_type = card_type(draft, payment_type.filter(|_| route == Route::Single), findings);
    let extension = extension::check_extension(&draft.cells, types, findings);
    let guest = guest::check_guest(draft, findings);
    let common = common::check_common(draft, &settings.common, currency, findings);
    check_payment_type(payment_type, findings);
    let multi_parts = (route == Route::Multi).then(|| check_multi(draft, guest.as_ref(), settings, findings));
    let build = || -> Option<Box<Order<'a>>> {
        Some(build_order(
            (reference?, ordered_at?, status?),
            values::money(currency, price)?,
            (payment_text(payment_type, route)?, card_type),
            (extension, items),
            (guest?, common?),
        ))
    };
    let mut order = build();
    if let Some(order) = &mut order {
        match multi_parts {
            None => assembled::warn_multi_only(order, draft, findings),
            Some(multi_parts) => {
                add_multi_parts(order, multi_parts);
                assembled::warn_total_differs(order, draft, findings);
            }
        }
    }
    (order, values::money(currency, price))
}

/// The parts that only an order assembled from several events has.
struct MultiParts<'a> {
    /// The item indexes (from 0) in sending order.
    item_order: Vec<usize>,
    contacts: Vec<Guest<'a>>,
    consumers: Vec<Consumer<'a>>,
}

fn check_multi<'a>(
    draft: &Draft<'a>,
    guest: Option<&Guest<'a>>,
    settings: &ValidateSettings,
    findings: &mut Findings,
) -> MultiParts<'a> {
    assembled::check_add_items(draft, findings);
    // With `SumOfLines` the currencies are checked with the sum.
    if settings.total_from == TotalFrom::Given {
        draft.items.iter().for_each(|item| items::check_same_currency(item, draft, findings));
    }
    assembled::warn_extensions_dropped(draft, findings);
    let item_order = legs::order_by_leg(draft, findings);
    let mut sent_index = vec![0; item_order.len()];
    item_order.iter().enumerate().for_each(|(index, item)| sent_index[*item] = index);
    let (contacts, consumers) = people::check_people(draft, guest, &sent_index, findings);
    MultiParts { item_order, contacts, consumers }
}

fn add_multi_parts<'a>(order: &mut Order<'a>, MultiParts { item_order, contacts, consumers }: MultiParts<'a>) {
    let mut items: Vec<_> = std::mem::take(&mut order.items).into_iter().map(Some).collect();
    order.items = item_order.into_iter().filter_map(|index| items[index].take()).collect();
    (order.route, order.contacts, order.consumers) = (Route::Multi, contacts, consumers);
}

fn build_order<'a>(
    (reference, ordered_at, status): (Cow<'a, str>, chrono::DateTime<chrono::Utc>, Cow<'a, str>),
    Money { currency, amount: price }: Money,
    (payment_type, card_type): (Cow<'a, str>, Option<Cow<'a, str>>),
    (extension, items): (Extension<'a>, Vec<Item<'a>>),
    (guest, common): (Guest<'a>, CommonAttributes<'a>),
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
        route: Route::Single,
        contacts: Vec::new(),
        consumers: Vec::new(),
    })
}

/// Returns the order's price: from its cell, or the sum of the lines.
fn price(
    draft: &Draft<'_>,
    route: Route,
    settings: &ValidateSettings,
    lines_total: Option<Amount>,
    findings: &mut Findings,
) -> Option<Amount> {
    if settings.total_from == TotalFrom::SumOfLines {
        items::check_summable(draft, lines_total, findings);
        return lines_total.filter(|_| !draft.items.is_empty());
    }
    let cell = findings.required(draft, &Field::Price)?;
    let price = values::number(cell, findings)?;
    // A warning only: on real exports the items add up in about 95 %. The multi route has a check
    // of its own, since there the tenant computes the total.
    let differs = |lines_total: &Amount| route == Route::Single && !draft.items.is_empty() && lines_total.0 != price.0;
    if let Some(lines_total) = lines_total.filter(differs) {
        findings.on_cell(
            Code::TotalDiffers,
            cell,
            format!("the items add up to {lines_total}, the order's price is {price}"),
        );
    }
    Some(price)
}

/// Returns the payment type. The multi route does not send it, so there it may be empty.
fn payment_text<'a>(payment_type: Option<&Cell<'a>>, route: Route) -> Option<Cow<'a, str>> {
    let text = payment_type.map(|cell| cell.text.clone());
    text.or((route == Route::Multi).then_some(Cow::Borrowed("")))
}

/// "Required if paymentType is Card"
fn card_type<'a>(draft: &Draft<'a>, payment_type: Option<&Cell<'_>>, findings: &mut Findings) -> Option<Cow<'a, str>> {
    let cell = draft_cell(draft, &Field::CardType);
    let is_card = payment_type.is_some_and(|cell| &*cell.text == "Card");
    if is_card && draft.cell(&Field::CardType).is_none() {
        let message = "cardType is required when paymentType is Card";
        findings.on_missing(Code::MissingCardType, &Field::CardType, message);
    }
    if let Some(cell) = cell.filter(|cell| !lists::CARD_TYPES.contains(&&*cell.text)) {
        findings.on_cell(Code::UnknownCardType, cell, undocumented_message(&cell.text, &lists::CARD_TYPES));
    }
    cell.map(|cell| cell.text.clone())
}

/// Warns about undocumented payment types; the manual does not say that they are rejected.
fn check_payment_type(payment_type: Option<&Cell<'_>>, findings: &mut Findings) {
    if let Some(cell) = payment_type.filter(|cell| !lists::PAYMENT_TYPES.contains(&&*cell.text)) {
        findings.on_cell(Code::UnknownPaymentType, cell, undocumented_message(&cell.text, &lists::PAYMENT_TYPES));
    }
}

fn undocumented_message(text: &str, known: &[&str]) -> String {
    format!("undocumented value {text:?}; the manual lists {}", known.join(", "))
}
