//! The rules of `order.orderItems`.

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::{
    Settings,
    extension::{self, ExtensionKinds},
    findings::{Findings, of_item},
    lists, product, values,
};
use crate::model::{
    draft::{Cell, Draft, ItemDraft},
    field::Field,
    money::Amount,
    order::{Item, Product},
    pricing::PricePer,
    problem::{Code, Problem},
    recipe::Recipe,
};

/// "Max limit: 128", in characters.
const LONGEST_NAME: usize = 128;

/// The tenant keeps no more items of an order.
const MOST_ITEMS: usize = 100;

/// Decimals of a unit price that a division does not leave whole: two more than any currency has.
const UNIT_PRICE_DECIMALS: u32 = 6;

/// The items, and what they add up to if all have a price.
pub(super) fn checked<'a>(
    draft: &Draft<'a>,
    recipe: Recipe,
    settings: &Settings,
    kinds: &ExtensionKinds,
    findings: &mut Findings,
) -> (Vec<Item<'a>>, Option<Amount>) {
    if recipe == Recipe::Single && draft.items.len() > MOST_ITEMS {
        let message = format!("{} items, of which the tenant keeps {MOST_ITEMS}", draft.items.len());
        findings.order(Code::TooManyItems, message);
    }
    let mut sum = Some(Amount(Decimal::ZERO));
    let mut items = Vec::with_capacity(draft.items.len());
    for item in &draft.items {
        let (item, line_total) = checked_item(item, recipe, settings, kinds, findings);
        sum = sum.zip(line_total).and_then(|(sum, line_total)| sum.plus(line_total));
        items.push(item);
    }
    (items, sum)
}

/// What a total that is the sum of the lines needs: items, a price for each, one currency.
pub(super) fn can_be_summed(draft: &Draft<'_>, lines: Option<Amount>, findings: &mut Findings) {
    if draft.items.is_empty() {
        let message = "there are no items to add up to the order's price";
        findings.absent(Code::MissingAttribute, &Field::Price, message);
    }
    let mut is_priced = true;
    for item in &draft.items {
        if item.cell(&Field::ItemPrice).is_none() {
            is_priced = false;
            let message = "an item without a price cannot be added up to the order's price";
            findings.problems.push(Problem::of(Code::MissingAttribute, &Field::ItemPrice, item.at.position(), message));
        }
        can_be_added(item, draft, findings);
    }
    let has_bad_number = findings.problems.iter().any(|problem| problem.code == Code::NumberUnreadable);
    if lines.is_none() && is_priced && !has_bad_number {
        findings.absent(Code::NumberUnreadable, &Field::Price, "the lines add up to more digits than can be kept");
    }
}

/// What is added up is all in the order's currency.
pub(super) fn can_be_added(item: &ItemDraft<'_>, draft: &Draft<'_>, findings: &mut Findings) {
    let currency = draft.cell(&Field::CurrencyCode).map(|cell| &cell.text);
    if let Some(cell) = item.cell(&Field::ItemCurrencyCode).filter(|cell| Some(&cell.text) != currency) {
        let message = format!("{:?} cannot be added up to a price in another currency", cell.text);
        findings.cell(Code::MixedCurrencies, cell, message);
    }
}

/// The item, and the total of its line.
fn checked_item<'a>(
    draft: &ItemDraft<'a>,
    recipe: Recipe,
    settings: &Settings,
    kinds: &ExtensionKinds,
    findings: &mut Findings,
) -> (Item<'a>, Option<Amount>) {
    let text = |field| of_item(draft, &field).map(|cell| cell.text.clone());
    let quantity = of_item(draft, &Field::ItemQuantity).and_then(|cell| values::number(cell, findings));
    let has_broken_quantity = quantity.is_none() && draft.cell(&Field::ItemQuantity).is_some();
    let prices = of_item(draft, &Field::ItemPrice).filter(|_| !has_broken_quantity).and_then(|cell| {
        let price = values::number(cell, findings)?;
        prices(cell, price, quantity, (recipe, settings), findings)
    });
    let item = Item {
        kind: of_item(draft, &Field::ItemType).and_then(|cell| kind(cell, recipe, findings)),
        reference: text(Field::ItemReferenceId),
        ordered_at: of_item(draft, &Field::ItemOrderedAt)
            .and_then(|cell| values::checked_timestamp(cell, settings.now, findings)),
        status: of_item(draft, &Field::ItemStatus).and_then(|cell| values::status(cell, recipe, findings)),
        currency: of_item(draft, &Field::ItemCurrencyCode).and_then(|cell| values::currency(cell, findings)),
        price: prices.as_ref().map(|prices| prices.sent),
        name: of_item(draft, &Field::ItemName).and_then(|cell| name(cell, findings)),
        product_id: text(Field::ItemProductId),
        quantity,
        extension: extension::checked(&draft.cells, kinds, findings),
        product: product(draft, recipe, prices.as_ref().and_then(|prices| prices.unit), findings),
    };
    (item, prices.map(|prices| prices.line))
}

/// What only several events can carry.
fn product<'a>(
    draft: &ItemDraft<'a>,
    route: Recipe,
    unit_price: Option<Amount>,
    findings: &mut Findings,
) -> Option<Box<Product<'a>>> {
    let attributes = product::attributes(&draft.cells, route, findings);
    if route == Recipe::Multi && of_item(draft, &Field::ItemType).is_some_and(|cell| cell.text == "FLIGHT") {
        product::airports(&draft.cells, findings);
    }
    (unit_price.is_some() || !attributes.is_empty()).then(|| Box::new(Product { attributes, unit_price }))
}

/// "string (uppercase)", and in a single event not one of those that need several.
fn kind<'a>(cell: &Cell<'a>, recipe: Recipe, findings: &mut Findings) -> Option<Cow<'a, str>> {
    if recipe == Recipe::Single && lists::needs_several_events(&cell.text) {
        let message = format!(
            "{:?} cannot be sent with ORDER_CHECKOUT; mode multi or auto assembles such orders from several events",
            cell.text
        );
        findings.cell(Code::ItemTypeUnsupported, cell, message);
        return None;
    }
    values::upper_case(cell, findings)
}

fn name<'a>(cell: &Cell<'a>, findings: &mut Findings) -> Option<Cow<'a, str>> {
    let n_characters = if cell.text.len() > LONGEST_NAME { cell.text.chars().count() } else { cell.text.len() };
    if n_characters > LONGEST_NAME {
        let message = format!("the name has {n_characters} characters, at most {LONGEST_NAME} are allowed");
        findings.cell(Code::NameTooLong, cell, message);
        return None;
    }
    Some(cell.text.clone())
}

struct Prices {
    /// What the line adds to the order's total.
    line: Amount,
    /// As the target wants it.
    sent: Amount,
    /// For one piece, where several events are sent.
    unit: Option<Amount>,
}

fn prices(
    cell: &Cell<'_>,
    price: Amount,
    quantity: Option<Amount>,
    (route, settings): (Recipe, &Settings),
    findings: &mut Findings,
) -> Option<Prices> {
    let quantity = quantity.unwrap_or(Amount(Decimal::ONE));
    let is_multi = route == Recipe::Multi;
    match (settings.price_per, settings.target_price_per) {
        (PricePer::Line, PricePer::Line) if !is_multi => Some(Prices { line: price, sent: price, unit: None }),
        (PricePer::Line, target_basis) => {
            let unit = unit_price(cell, price, quantity, findings)?;
            let sent = if target_basis == PricePer::Unit { unit } else { price };
            Some(Prices { line: price, sent, unit: is_multi.then_some(unit) })
        }
        (PricePer::Unit, target_basis) => {
            let Some(line_total) = price.times(quantity) else {
                findings.cell(Code::NumberUnreadable, cell, format!("{price} times {quantity} has too many digits"));
                return None;
            };
            let sent = if target_basis == PricePer::Unit { price } else { line_total };
            Some(Prices { line: line_total, sent, unit: is_multi.then_some(price) })
        }
    }
}

fn unit_price(cell: &Cell<'_>, line: Amount, quantity: Amount, findings: &mut Findings) -> Option<Amount> {
    let Some(unit) = line.0.checked_div(quantity.0) else {
        findings.cell(Code::NumberUnreadable, cell, format!("a line total of {line} for {quantity} pieces"));
        return None;
    };
    if Amount(unit).times(quantity).is_some_and(|whole| whole.0 == line.0) && unit.scale() <= UNIT_PRICE_DECIMALS {
        return Some(Amount(unit));
    }
    let rounded = unit.round_dp(UNIT_PRICE_DECIMALS);
    let message = format!("{line} for {quantity} pieces is rounded to {rounded} each");
    findings.cell(Code::PriceRounded, cell, message);
    Some(Amount(rounded))
}
