//! Rules of `order.orderItems`: values, quantities, and the sum of the lines.
//!
//! The prices of a line are in `item_prices`. Called by `order`.

use std::{borrow::Cow, collections::HashMap};

use rust_decimal::Decimal;

use super::{
    extension,
    findings::{Findings, draft_cell, exported_price, item_cell},
    iso,
    item_prices::{item_prices, line_total_in, price_basis, warn_of_discount_alone},
    product, refunds,
    settings::ValidateSettings,
    timestamps, values,
};
use crate::model::{
    column_facts::ColumnFacts,
    draft::{Cell, Draft, ItemDraft, ItemSource},
    field::Field,
    money::Amount,
    order::{Item, Product},
    pricing::{PriceBasis, TotalFrom},
    problem::{Code, Problem},
    rules::{DetailRules, TargetRules},
};

/// Checks the items; returns them and, if all have a price, the sum of their lines.
pub(super) fn check_items<'a>(
    draft: &Draft<'a>,
    rules: &TargetRules,
    settings: &ValidateSettings,
    facts: &ColumnFacts,
    findings: &mut Findings,
) -> (Vec<Item<'a>>, Option<Amount>) {
    if let Some(max_items) = rules.items.max_kept.filter(|max_items| draft.items.len() > *max_items)
    {
        let message = format!("{} items, but the tenant keeps only {max_items}", draft.items.len());
        findings.on_order(Code::TooManyItems, message);
    }
    let order_currency = draft_cell(draft, &Field::CurrencyCode).map(|cell| &*cell.text);
    let mut sum = Some(Amount(Decimal::ZERO));
    let mut items = Vec::with_capacity(draft.items.len());
    refunds::check_records(draft, findings);
    refunds::check_signs(draft, findings);
    for item in &draft.items {
        let (item, line_total) =
            check_item(item, order_currency, (rules, settings), facts, findings);
        sum = sum.zip(line_total).and_then(|(sum, line_total)| sum.checked_add(line_total));
        items.push(item);
    }
    (items, sum)
}

/// Checks what the route requires of the items, and whether a session keeps all of them.
pub(super) fn check_required_items(
    draft: &Draft<'_>,
    rules: &TargetRules,
    settings: &ValidateSettings,
    facts: &ColumnFacts,
    findings: &mut Findings,
) {
    let n_items = draft.items.len();
    if n_items == 0 && draft.problems.iter().any(Problem::hides_items) {
        // What hides them is a problem of its own.
    } else if rules.items.is_required && n_items == 0 {
        let message = format!("the order has no items, but {} needs at least one", rules.carrier);
        findings.on_order(Code::NoItems, message);
    } else if !draft.has_own_items()
        && settings.total_from == TotalFrom::Given
        && lacks_items(draft.may_have_items, facts)
    {
        let message = if n_items == 0 {
            "the order has no items"
        } else {
            "the order has no items of its own: all are made of its values, such as shipping, or of a \
             joined file"
        };
        findings.on_order(Code::OrderWithoutItems, message);
    }
    if let Some(session) =
        rules.items.max_in_session.as_ref().filter(|session| n_items > session.items)
    {
        let n_events = session.events;
        let message = format!(
            "{n_items} items, but a session keeps only {n_events} events, so it loses the first \
             ones"
        );
        findings.on_order(Code::TooManyItems, message);
    }
    for item in &draft.items {
        let is_missing = |field: &&Field| match field {
            Field::ItemPrice => exported_price(item).is_none(),
            field => item.cell(field).is_none(),
        };
        for field in rules.items.required_fields.iter().filter(is_missing) {
            let message = format!("{field} is required when {}", rules.items.required_when);
            findings.problems.push(Problem::for_field(
                Code::MissingAttribute,
                field,
                item.at,
                message,
            ));
        }
    }
}

/// Which `item_price` of the profile would make the items add up to the price of the order, as the
/// end of a message; empty if none does.
pub(super) fn price_basis_hint(
    draft: &Draft<'_>,
    price: Amount,
    settings: &ValidateSettings,
) -> String {
    let (other, name) = match settings.price_basis {
        PriceBasis::Unit => (PriceBasis::Line, "line"),
        PriceBasis::Line => (PriceBasis::Unit, "unit"),
    };
    let currency = draft_cell(draft, &Field::CurrencyCode).map(|cell| &*cell.text);
    let mut lines = draft.items.iter().map(|item| line_total_in(other, item, currency));
    let sum = lines.try_fold(Amount(Decimal::ZERO), |sum, line| sum.checked_add(line?));
    if sum == Some(price) {
        format!("; with item_price = {name:?} in the profile they would add up to it")
    } else {
        String::new()
    }
}

/// Whether an order without items is remarkable: it may have some, and others have, or a condition
/// may have left them out.
pub(super) fn lacks_items(may_have_items: bool, facts: &ColumnFacts) -> bool {
    may_have_items && !facts.items.none_has()
}

/// Warns of items without a price beside others with one: the order's price is compared with the
/// sum of no items then.
pub(super) fn check_prices(draft: &Draft<'_>, rules: &TargetRules, findings: &mut Findings) {
    let is_priced = |item: &&ItemDraft<'_>| exported_price(item).is_some();
    let is_required = rules.items.required_fields.contains(&Field::ItemPrice);
    if is_required || !draft.items.iter().any(|item| is_priced(&item)) {
        return;
    }
    for item in draft.items.iter().filter(|item| !is_priced(item)) {
        findings.problems.push(Problem::for_field(
            Code::ItemPriceMissing,
            &Field::ItemPrice,
            item.at,
            "the item has no price, and others of the order have one",
        ));
    }
}

/// Checks what a total that is the sum of the lines requires: items, a price for each, one
/// currency.
pub(super) fn check_summable(
    draft: &Draft<'_>,
    lines_total: Option<Amount>,
    findings: &mut Findings,
) {
    // Shipping alone is no total of an order whose goods are lost.
    let lacks_items = draft.items.is_empty() || draft.may_have_items && !draft.has_own_items();
    // What hides them is a problem of its own.
    let is_cause = |problem: &Problem| problem.hides_items() || problem.is_of_unknown_order();
    if lacks_items && !draft.problems.iter().any(is_cause) {
        let message = "the order has no items, so its price cannot be their sum";
        findings.on_missing(Code::MissingAttribute, &Field::Price, message);
    }
    let mut is_priced = true;
    for item in &draft.items {
        if exported_price(item).is_none() {
            is_priced = false;
            let message =
                "the item has no price, so the order's price cannot be the sum of its items";
            findings.problems.push(Problem::for_field(
                Code::MissingAttribute,
                &Field::ItemPrice,
                item.at,
                message,
            ));
        }
        check_same_currency(item, draft, findings);
    }
    // A number without a value is reported already, and so is a row that a joined file lacks.
    let is_bad_number = |problem: &Problem| {
        matches!(
            problem.code,
            Code::NumberUnreadable
                | Code::DiscountOutOfRange
                | Code::CurrencyContradicted
                | Code::JoinUnmatched
                | Code::JoinAmbiguous
        )
    };
    let mut problems = draft.problems.iter().chain(&*findings.problems);
    let has_bad_number = problems.any(is_bad_number);
    if lines_total.is_none() && is_priced && !has_bad_number {
        findings.on_missing(
            Code::NumberUnreadable,
            &Field::Price,
            "the sum of the lines has more digits than can be kept exactly",
        );
    }
}

/// Warns of an order of which each item is there several times: their sum is its total, so that
/// rows that are repeated in the export are paid for again.
pub(super) fn warn_of_duplicates(draft: &Draft<'_>, findings: &mut Findings) {
    let is_own = |item: &&ItemDraft<'_>| item.kind.source == ItemSource::Items;
    let mut items = draft.items.iter().filter(is_own).map(content);
    let Some((is_refund, first)) = items.next() else { return };
    // Most orders have the first item once.
    if !items.clone().any(|(refund, item)| refund == is_refund && item.eq(first.clone())) {
        return;
    }
    let mut counts: HashMap<(bool, Vec<_>), usize> = HashMap::new();
    for (is_refund, item) in items.chain([(is_refund, first)]) {
        *counts.entry((is_refund, item.collect())).or_default() += 1;
    }
    let mut counts = counts.into_values();
    let n_times = counts.next().unwrap_or_default();
    if counts.all(|count| count == n_times) {
        let times = if n_times == 2 { "twice".to_owned() } else { format!("{n_times} times") };
        let message = format!(
            "each item of the order is there {times}, and its total is the sum of all; rows may be \
             repeated in the export"
        );
        findings.on_order(Code::ItemsDuplicated, message);
    }
}

/// Whether an item was refunded, and its values, but not its own reference.
fn content<'d>(
    item: &'d ItemDraft<'_>,
) -> (bool, impl Iterator<Item = (&'d Field, &'d str)> + Clone) {
    let values = item.cells.iter().map(|cell| (&*cell.field, &*cell.text));
    (item.is_refund, values.filter(|(field, _)| **field != Field::ItemReferenceId))
}

/// Warns of an item whose currency is not the order's: the two amounts cannot be compared.
pub(super) fn warn_of_other_currency(
    item: &ItemDraft<'_>,
    draft: &Draft<'_>,
    findings: &mut Findings,
) {
    // An unknown currency is reported as one.
    let is_known = |cell: &&Cell<'_>| iso::is_currency(&cell.text);
    let Some(order_currency) = draft_cell(draft, &Field::CurrencyCode).filter(is_known) else {
        return;
    };
    let differs = |cell: &&Cell<'_>| cell.text != order_currency.text && is_known(cell);
    if let Some(cell) = item_cell(item, &Field::ItemCurrencyCode).filter(differs) {
        let message =
            format!("{:?}, but the order's currency is {:?}", cell.text, order_currency.text);
        findings.on_cell(Code::ItemCurrencyDiffers, cell, message);
    }
}

/// Checks that an item whose price is added up is in the order's currency.
pub(super) fn check_same_currency(
    item: &ItemDraft<'_>,
    draft: &Draft<'_>,
    findings: &mut Findings,
) {
    let currency = draft.cell(&Field::CurrencyCode).map(|cell| &cell.text);
    if let Some(cell) =
        item.cell(&Field::ItemCurrencyCode).filter(|cell| Some(&cell.text) != currency)
    {
        let message = format!("{:?} cannot be added to a price in another currency", cell.text);
        findings.on_cell(Code::MixedCurrencies, cell, message);
    }
}

/// Checks an item; returns it and the total of its line.
fn check_item<'a>(
    draft: &ItemDraft<'a>,
    order_currency: Option<&str>,
    (rules, settings): (&TargetRules, &ValidateSettings),
    facts: &ColumnFacts,
    findings: &mut Findings,
) -> (Item<'a>, Option<Amount>) {
    let text = |field| item_cell(draft, &field).map(|cell| cell.text.clone());
    let quantity =
        item_cell(draft, &Field::ItemQuantity).and_then(|cell| values::number(cell, findings));
    let quantity = quantity.map(|quantity| refunds::without_sign(draft, quantity));
    check_quantity(draft, quantity, (rules, settings), findings);
    let has_unparsable_quantity = quantity.is_none() && draft.cell(&Field::ItemQuantity).is_some();
    // Without a valid quantity neither the unit price nor the line total is known.
    let prices = exported_price(draft)
        .filter(|cell| !cell.is_unparsable && !has_unparsable_quantity)
        .and_then(|cell| {
            let currency = item_cell(draft, &Field::ItemCurrencyCode).map(|cell| &*cell.text);
            let currency = currency.or(order_currency);
            item_prices(draft, (cell, currency), quantity, (rules, settings), findings)
        });
    warn_of_discount_alone(draft, findings);
    let item = Item {
        item_type: item_cell(draft, &Field::ItemType)
            .and_then(|cell| item_type(cell, rules, findings)),
        reference: text(Field::ItemReferenceId),
        ordered_at: item_cell(draft, &Field::ItemOrderedAt)
            .and_then(|cell| timestamps::check_item_time(cell, settings, findings)),
        status: item_cell(draft, &Field::ItemStatus)
            .and_then(|cell| values::status(cell, rules, findings)),
        currency: item_cell(draft, &Field::ItemCurrencyCode)
            .and_then(|cell| values::currency(cell, findings)),
        price: prices.as_ref().map(|prices| prices.sent),
        name: item_cell(draft, &Field::ItemName)
            .and_then(|cell| item_name(cell, rules.items.max_name_chars, findings)),
        product_id: text(Field::ItemProductId),
        quantity,
        extension: extension::check_extension(
            &draft.cells,
            &rules.extensions,
            &facts.types,
            findings,
        ),
        product: product(draft, rules, prices.as_ref().and_then(|prices| prices.unit), findings),
    };
    (item, prices.map(|prices| prices.line_total))
}

/// Warns of a quantity of nothing, and of none where a price for each piece needs one.
fn check_quantity(
    item: &ItemDraft<'_>,
    quantity: Option<Amount>,
    (rules, settings): (&TargetRules, &ValidateSettings),
    findings: &mut Findings,
) {
    let price = exported_price(item);
    let basis = price.map_or(settings.price_basis, |price| price_basis(price, settings));
    // Dividing a line total by a quantity of 0 is an error of its own.
    let is_divisor = basis == PriceBasis::Line && needs_quantity(basis, rules, settings);
    let is_remarkable =
        |quantity: Amount| is_nothing(quantity) && !(quantity.0.is_zero() && is_divisor);
    if let (Some(cell), Some(quantity)) = (item_cell(item, &Field::ItemQuantity), quantity)
        && is_remarkable(quantity)
    {
        let message = format!("the quantity is {quantity}, and a purchase has at least one piece");
        findings.on_cell(Code::QuantityNotPositive, cell, message);
    }
    let is_missing = item.cell(&Field::ItemQuantity).is_none() && price.is_some();
    if is_missing && expects_quantity(basis, rules, settings) {
        findings.problems.push(Problem::for_field(
            Code::QuantityMissing,
            &Field::ItemQuantity,
            item.at,
            match basis {
                PriceBasis::Unit => {
                    "the item has no quantity for its price, so it counts as one piece"
                }
                PriceBasis::Line => {
                    "the item has no quantity, so the price of its line counts as that of one piece"
                }
            },
        ));
    }
}

/// Whether a purchase has no piece of an item.
pub(super) fn is_nothing(quantity: Amount) -> bool {
    quantity.0.is_zero() || quantity.0.is_sign_negative()
}

/// Whether an item with a price and without a quantity is remarkable. `basis` is what the price is
/// for.
pub(super) fn expects_quantity(
    basis: PriceBasis,
    rules: &TargetRules,
    settings: &ValidateSettings,
) -> bool {
    let is_required = rules.items.required_fields.contains(&Field::ItemQuantity);
    // Without any quantity all items may be single pieces, but the price of a line is divided.
    let is_known = settings.has_quantities || basis == PriceBasis::Line;
    is_known && !is_required && needs_quantity(basis, rules, settings)
}

/// Whether a quantity changes the prices that are sent or compared.
fn needs_quantity(basis: PriceBasis, rules: &TargetRules, settings: &ValidateSettings) -> bool {
    let has_unit_price = [basis, settings.target_price_basis].contains(&PriceBasis::Unit);
    has_unit_price || !rules.carries.total
}

/// Returns the further attributes and the unit price of the product.
fn product<'a>(
    draft: &ItemDraft<'a>,
    rules: &TargetRules,
    unit_price: Option<Amount>,
    findings: &mut Findings,
) -> Option<Box<Product<'a>>> {
    let details = rules.details.carried();
    let attributes = product::check_attributes(&draft.cells, details, findings);
    let is_flight = |details: &&DetailRules| {
        item_cell(draft, &Field::ItemType).is_some_and(|cell| cell.text == details.flight_type)
    };
    if let Some(details) = details.filter(is_flight) {
        product::check_airports(&draft.cells, details, findings);
    }
    (unit_price.is_some() || !attributes.is_empty())
        .then(|| Box::new(Product { attributes, unit_price }))
}

/// "string (uppercase)", and none that the route cannot carry.
pub(super) fn item_type<'a>(
    cell: &Cell<'a>,
    rules: &TargetRules,
    findings: &mut Findings,
) -> Option<Cow<'a, str>> {
    let barred = &rules.items.barred_types;
    if barred.contains_ignoring_case(&cell.text) {
        findings.on_cell(
            Code::ItemTypeUnsupported,
            cell,
            format!("{:?} {}", cell.text, barred.reason),
        );
        return None;
    }
    values::upper_case(cell, findings)
}

/// Maximum number of characters.
fn item_name<'a>(
    cell: &Cell<'a>,
    max_chars: usize,
    findings: &mut Findings,
) -> Option<Cow<'a, str>> {
    if exceeds_chars(&cell.text, max_chars) {
        let n_characters = cell.text.chars().count();
        let message =
            format!("the name has {n_characters} characters, at most {max_chars} are allowed");
        findings.on_cell(Code::NameTooLong, cell, message);
        return None;
    }
    Some(cell.text.clone())
}

/// Whether a text has more characters than this.
pub(super) fn exceeds_chars(text: &str, max_chars: usize) -> bool {
    // Characters are never more than bytes, so most names need no counting.
    text.len() > max_chars && text.chars().count() > max_chars
}
