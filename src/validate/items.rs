//! Rules of `order.orderItems`: values, prices per unit or line, and the sum of the lines.
//!
//! Called by `order`.

use std::borrow::Cow;

use rust_decimal::Decimal;

use super::{
    extension,
    findings::{Findings, draft_cell, exported_price, item_cell},
    iso, product, refunds,
    settings::ValidateSettings,
    timestamps, values,
};
use crate::model::{
    column_facts::ColumnFacts,
    draft::{Cell, Draft, ItemDraft},
    field::Field,
    money::Amount,
    order::{Item, Product},
    pricing::{PriceBasis, TotalFrom},
    problem::{Code, Problem},
    rules::{DetailRules, TargetRules},
};

/// Decimals to which a unit price is rounded if the division is not exact: two more than any
/// currency has.
const UNIT_PRICE_DECIMALS: u32 = 6;

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
    if rules.items.is_required && n_items == 0 {
        let message = format!("the order has no items, but {} needs at least one", rules.carrier);
        findings.on_order(Code::NoItems, message);
    } else if !draft.has_own_items()
        && settings.total_from == TotalFrom::Given
        && lacks_items(draft.may_have_items, facts)
    {
        let message = if n_items == 0 {
            "the order has no items"
        } else {
            "the order has no items besides those made of its own values, such as shipping"
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

/// Whether an order without items is remarkable: it may have some, and others have.
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
    if draft.items.is_empty() || draft.may_have_items && !draft.has_own_items() {
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
    // An unreadable number is reported already.
    let is_bad_number = |problem: &Problem| {
        matches!(problem.code, Code::NumberUnreadable | Code::DiscountOutOfRange)
    };
    let has_bad_number = findings.problems.iter().any(is_bad_number);
    if lines_total.is_none() && is_priced && !has_bad_number {
        findings.on_missing(
            Code::NumberUnreadable,
            &Field::Price,
            "the sum of the lines has more digits than can be kept exactly",
        );
    }
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
            let price = values::amount(cell, currency, findings)?;
            let pieces = quantity.unwrap_or(Amount(Decimal::ONE));
            let price = (refunds::without_sign(draft, price), price_basis(cell, settings));
            let (price, basis) = discounted(draft, (cell, price), pieces, currency, findings)?;
            let price = (refunds::taken_off(draft, price), basis);
            item_prices(cell, price, pieces, (rules, settings), findings)
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

/// What the price in a cell is for.
fn price_basis(price: &Cell<'_>, settings: &ValidateSettings) -> PriceBasis {
    match *price.field {
        Field::ItemLinePrice => PriceBasis::Line,
        _ => settings.price_basis,
    }
}

/// The price of an item and what it is for, less the discount: then it is that of the line.
fn discounted(
    item: &ItemDraft<'_>,
    (cell, (price, basis)): (&Cell<'_>, (Amount, PriceBasis)),
    quantity: Amount,
    currency: Option<&str>,
    findings: &mut Findings,
) -> Option<(Amount, PriceBasis)> {
    let Some(of_discount) = item.cell(&Field::ItemDiscount) else { return Some((price, basis)) };
    // One that cannot be read is a problem already.
    let of_discount = Some(of_discount).filter(|cell| !cell.is_unparsable)?;
    let discount = values::amount(of_discount, currency, findings)?;
    let discount = refunds::without_sign(item, discount);
    if discount.0.is_zero() {
        return Some((price, basis));
    }
    let line = match basis {
        PriceBasis::Line => Some(price),
        PriceBasis::Unit => price.checked_mul(quantity),
    };
    let off = Amount(-discount.0);
    let Some((line, Amount(less))) = line.and_then(|line| Some((line, line.checked_add(off)?)))
    else {
        let message = format!("{price} times {quantity} has too many digits");
        findings.on_cell(Code::NumberUnreadable, cell, message);
        return None;
    };
    let message = if discount.0.is_sign_negative() {
        format!(
            "the discount is negative: {discount}; expected the amount off the line; in the profile \
             sum = [\"…\"] with negate = true turns the sign"
        )
    } else if less.is_sign_negative() && !less.is_zero() {
        format!("the discount {discount} is more than the price of the line, {line}")
    } else {
        return Some((Amount(less), PriceBasis::Line));
    };
    findings.on_cell(Code::DiscountOutOfRange, of_discount, message);
    None
}

/// Warns of a discount that is off no price.
fn warn_of_discount_alone(item: &ItemDraft<'_>, findings: &mut Findings) {
    let Some(cell) = item_cell(item, &Field::ItemDiscount) else { return };
    let is_zero = values::plain_number(&cell.text).is_some_and(|number| number.0.is_zero());
    if exported_price(item).is_none() && !is_zero {
        let message = "the item has a discount and no price";
        findings.on_cell(Code::ItemPriceMissing, cell, message);
    }
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
            "the item has no quantity for its price, so it counts as one piece",
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
    settings.has_quantities && !is_required && needs_quantity(basis, rules, settings)
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

/// The prices of an item.
pub(super) struct ItemPrices {
    /// The amount that the line adds to the order's total.
    pub(super) line_total: Amount,
    /// The item price in the target's basis.
    pub(super) sent: Amount,
    /// The price of one piece; only if the tenant adds up the total.
    unit: Option<Amount>,
}

/// The prices of an item if all of them are exact.
#[inline]
pub(super) fn exact_prices(
    (price, basis): (Amount, PriceBasis),
    quantity: Amount,
    rules: &TargetRules,
    settings: &ValidateSettings,
) -> Option<ItemPrices> {
    let needs_unit = !rules.carries.total;
    let (line_total, unit) = match (basis, settings.target_price_basis) {
        (PriceBasis::Line, PriceBasis::Line) if !needs_unit => {
            return Some(ItemPrices { line_total: price, sent: price, unit: None });
        }
        (PriceBasis::Line, _) => (price, exact_unit_price(price, quantity)?),
        (PriceBasis::Unit, _) => (price.checked_mul(quantity)?, price),
    };
    Some(prices(line_total, unit, rules, settings))
}

fn prices(
    line_total: Amount,
    unit: Amount,
    rules: &TargetRules,
    settings: &ValidateSettings,
) -> ItemPrices {
    let sent = if settings.target_price_basis == PriceBasis::Unit { unit } else { line_total };
    ItemPrices { line_total, sent, unit: (!rules.carries.total).then_some(unit) }
}

fn item_prices(
    cell: &Cell<'_>,
    (price, basis): (Amount, PriceBasis),
    quantity: Amount,
    (rules, settings): (&TargetRules, &ValidateSettings),
    findings: &mut Findings,
) -> Option<ItemPrices> {
    if let Some(prices) = exact_prices((price, basis), quantity, rules, settings) {
        return Some(prices);
    }
    if basis == PriceBasis::Line {
        let unit = rounded_unit_price(cell, price, quantity, findings)?;
        return Some(prices(price, unit, rules, settings));
    }
    let message = format!("{price} times {quantity} has too many digits");
    findings.on_cell(Code::NumberUnreadable, cell, message);
    None
}

/// The price of one piece, if the division is exact.
fn exact_unit_price(line: Amount, quantity: Amount) -> Option<Amount> {
    let unit = Amount(line.0.checked_div(quantity.0)?);
    // Multiplying back shows whether the division was exact.
    let is_exact = unit.checked_mul(quantity).is_some_and(|whole| whole == line);
    (is_exact && unit.0.scale() <= UNIT_PRICE_DECIMALS).then_some(unit)
}

fn rounded_unit_price(
    cell: &Cell<'_>,
    line: Amount,
    quantity: Amount,
    findings: &mut Findings,
) -> Option<Amount> {
    let Some(unit) = line.0.checked_div(quantity.0) else {
        findings.on_cell(
            Code::NumberUnreadable,
            cell,
            format!("no unit price for {quantity} pieces with a line total of {line}"),
        );
        return None;
    };
    let rounded = unit.round_dp(UNIT_PRICE_DECIMALS);
    let message = format!("{line} for {quantity} pieces is rounded to {rounded} each");
    findings.on_cell(Code::PriceRounded, cell, message);
    Some(Amount(rounded))
}
