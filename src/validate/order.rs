//! The rules of the `order` object, and the order that comes of them.

use std::borrow::Cow;

use super::{
    Settings, common,
    extension::{self, ExtensionKinds},
    findings::{Findings, of_draft},
    guest, items, legs, lists, money, people, recipe, values,
};
use crate::model::{
    draft::{Cell, Draft},
    field::Field,
    guest::{Consumer, Guest},
    money::{Amount, Money},
    order::{CommonAttributes, Extension, Item, Order},
    pricing::TotalFrom,
    problem::Code,
    recipe::Recipe,
};

/// The order, if nothing that it needs is missing, and what it is worth, if that can be read.
pub(super) fn checked<'a>(
    draft: &Draft<'a>,
    recipe: Recipe,
    settings: &'a Settings,
    kinds: &ExtensionKinds,
    findings: &mut Findings,
) -> (Option<Box<Order<'a>>>, Option<Money>) {
    let reference = findings.required(draft, &Field::ReferenceId).map(|cell| cell.text.clone());
    let ordered_at = findings
        .required(draft, &Field::OrderedAt)
        .and_then(|cell| values::checked_timestamp(cell, settings.now, findings));
    let status = findings.required(draft, &Field::Status).and_then(|cell| values::status(cell, recipe, findings));
    let currency = findings.required(draft, &Field::CurrencyCode).and_then(|cell| values::currency(cell, findings));
    let (items, lines_total) = items::checked(draft, recipe, settings, kinds, findings);
    let price = price(draft, recipe, settings, lines_total, findings);
    // Neither travels with several events.
    let payment_type = match recipe {
        Recipe::Single => findings.required(draft, &Field::PaymentType),
        Recipe::Multi => of_draft(draft, &Field::PaymentType),
    };
    let card_type = card_type(draft, payment_type.filter(|_| recipe == Recipe::Single), findings);
    let extension = extension::checked(&draft.cells, kinds, findings);
    let guest = guest::checked(draft, findings);
    let common = common::checked(draft, &settings.common, currency, findings);
    payment_is_known(payment_type, findings);
    let beside = (recipe == Recipe::Multi).then(|| of_several_events(draft, guest.as_ref(), settings, findings));
    let parts = || -> Option<Box<Order<'a>>> {
        Some(assembled(
            (reference?, ordered_at?, status?),
            money(currency, price)?,
            (payment_text(payment_type, recipe)?, card_type),
            (extension, items),
            (guest?, common?),
        ))
    };
    let mut order = parts();
    if let Some(order) = &mut order {
        match beside {
            None => recipe::details_left_out(order, draft, findings),
            Some(multi_parts) => {
                add(order, multi_parts);
                recipe::total(order, draft, findings);
            }
        }
    }
    (order, money(currency, price))
}

/// What an order of several events has beside what every order has.
struct Beside<'a> {
    /// The items (from 0) in the order in which they are sent.
    places: Vec<usize>,
    contacts: Vec<Guest<'a>>,
    consumers: Vec<Consumer<'a>>,
}

fn of_several_events<'a>(
    draft: &Draft<'a>,
    guest: Option<&Guest<'a>>,
    settings: &Settings,
    findings: &mut Findings,
) -> Beside<'a> {
    recipe::items(draft, findings);
    // Where the order's price is their sum, it is told already.
    if settings.total_from == TotalFrom::Given {
        draft.items.iter().for_each(|item| items::can_be_added(item, draft, findings));
    }
    recipe::extensions_left_out(draft, findings);
    let places = legs::in_order(draft, findings);
    let mut sent_at = vec![0; places.len()];
    places.iter().enumerate().for_each(|(index, item)| sent_at[*item] = index);
    let (contacts, consumers) = people::checked(draft, guest, &sent_at, findings);
    Beside { places, contacts, consumers }
}

fn add<'a>(order: &mut Order<'a>, Beside { places, contacts, consumers }: Beside<'a>) {
    let mut items: Vec<_> = std::mem::take(&mut order.items).into_iter().map(Some).collect();
    order.items = places.into_iter().filter_map(|index| items[index].take()).collect();
    (order.recipe, order.contacts, order.consumers) = (Recipe::Multi, contacts, consumers);
}

fn assembled<'a>(
    (reference, ordered_at, status): (Cow<'a, str>, chrono::DateTime<chrono::Utc>, Cow<'a, str>),
    Money { currency, amount: price }: Money,
    (payment_type, card_type): (Cow<'a, str>, Option<Cow<'a, str>>),
    (extension, items): (Extension<'a>, Vec<Item<'a>>),
    (guest, common): (Guest<'a>, CommonAttributes<'a>),
) -> Box<Order<'a>> {
    // Where it stays: it is too large to be handed round.
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
        recipe: Recipe::Single,
        contacts: Vec::new(),
        consumers: Vec::new(),
    })
}

/// `price`: from its cell, or what the items add up to.
fn price(
    draft: &Draft<'_>,
    route: Recipe,
    settings: &Settings,
    lines_total: Option<Amount>,
    findings: &mut Findings,
) -> Option<Amount> {
    if settings.total_from == TotalFrom::SumOfLines {
        items::can_be_summed(draft, lines_total, findings);
        return lines_total.filter(|_| !draft.items.is_empty());
    }
    let cell = findings.required(draft, &Field::Price)?;
    let price = values::number(cell, findings)?;
    let differs = |lines_total: &Amount| route == Recipe::Single && !draft.items.is_empty() && lines_total.0 != price.0;
    if let Some(lines_total) = lines_total.filter(differs) {
        findings.cell(
            Code::TotalDiffers,
            cell,
            format!("the items add up to {lines_total}, the order's price is {price}"),
        );
    }
    Some(price)
}

/// Where it is not needed it may be the empty text.
fn payment_text<'a>(payment_type: Option<&Cell<'a>>, route: Recipe) -> Option<Cow<'a, str>> {
    let text = payment_type.map(|cell| cell.text.clone());
    text.or((route == Recipe::Multi).then_some(Cow::Borrowed("")))
}

/// "Required if paymentType is Card"
fn card_type<'a>(draft: &Draft<'a>, payment_type: Option<&Cell<'_>>, findings: &mut Findings) -> Option<Cow<'a, str>> {
    let cell = of_draft(draft, &Field::CardType);
    let is_card = payment_type.is_some_and(|cell| &*cell.text == "Card");
    if is_card && draft.cell(&Field::CardType).is_none() {
        let message = "cardType is required when paymentType is Card";
        findings.absent(Code::MissingCardType, &Field::CardType, message);
    }
    if let Some(cell) = cell.filter(|cell| !lists::CARD_TYPES.contains(&&*cell.text)) {
        findings.cell(Code::UnknownCardType, cell, not_in_the_manual(&cell.text, &lists::CARD_TYPES));
    }
    cell.map(|cell| cell.text.clone())
}

/// Other payment types are not shown to be refused, so it is a warning.
fn payment_is_known(payment_type: Option<&Cell<'_>>, findings: &mut Findings) {
    if let Some(cell) = payment_type.filter(|cell| !lists::PAYMENT_TYPES.contains(&&*cell.text)) {
        findings.cell(Code::UnknownPaymentType, cell, not_in_the_manual(&cell.text, &lists::PAYMENT_TYPES));
    }
}

fn not_in_the_manual(text: &str, known: &[&str]) -> String {
    format!("{text:?} is not in the manual, which lists {}", known.join(", "))
}
