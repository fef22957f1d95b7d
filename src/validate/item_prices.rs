//! Prices of an item: of one piece and of its line, less a discount.
//!
//! Exact where the digits allow it. Called by `items`, and by `plain` for the fast path.

use rust_decimal::Decimal;

use super::{
    findings::{Findings, exported_price, item_cell},
    refunds,
    settings::ValidateSettings,
    values,
};
use crate::model::{
    draft::{Cell, ItemDraft},
    field::Field,
    money::Amount,
    pricing::PriceBasis,
    problem::Code,
    rules::TargetRules,
};

/// Decimals to which a unit price is rounded if the division is not exact: two more than any
/// currency has.
const UNIT_PRICE_DECIMALS: u32 = 6;

/// The prices of an item.
pub(super) struct ItemPrices {
    /// The amount that the line adds to the order's total.
    pub(super) line_total: Amount,
    /// The item price in the target's basis.
    pub(super) sent: Amount,
    /// The price of one piece; only if the tenant adds up the total.
    pub(super) unit: Option<Amount>,
}

/// What the price in a cell is for.
pub(super) fn price_basis(price: &Cell<'_>, settings: &ValidateSettings) -> PriceBasis {
    match *price.field {
        Field::ItemLinePrice => PriceBasis::Line,
        _ => settings.price_basis,
    }
}

/// The prices of an item, of which a cell has one in a currency; none if they cannot be read.
/// Without a quantity it is one piece.
pub(super) fn item_prices(
    item: &ItemDraft<'_>,
    (cell, currency): (&Cell<'_>, Option<&str>),
    quantity: Option<Amount>,
    (rules, settings): (&TargetRules, &ValidateSettings),
    findings: &mut Findings,
) -> Option<ItemPrices> {
    let price = values::amount(cell, currency, findings)?;
    let quantity = quantity.unwrap_or(Amount(Decimal::ONE));
    let price = (refunds::without_sign(item, price), price_basis(cell, settings));
    let (price, basis) = discounted(item, (cell, price), quantity, currency, findings)?;
    let price = (refunds::taken_off(item, price), basis);
    if let Some(prices) = exact_prices(price, quantity, rules, settings) {
        return Some(prices);
    }
    let (price, basis) = price;
    if basis == PriceBasis::Line {
        let unit = rounded_unit_price(cell, price, quantity, findings)?;
        return Some(prices(price, unit, rules, settings));
    }
    let message = format!("{price} times {quantity} has too many digits");
    findings.on_cell(Code::NumberUnreadable, cell, message);
    None
}

/// What an item would add to the order's total if its price was for `basis`.
pub(super) fn line_total_in(
    basis: PriceBasis,
    item: &ItemDraft<'_>,
    currency: Option<&str>,
) -> Option<Amount> {
    // Its problems are found by the basis that the profile says.
    let mut findings = Findings::at(item.at.position());
    let cell = exported_price(item)?;
    let basis = if *cell.field == Field::ItemLinePrice { PriceBasis::Line } else { basis };
    let currency = item_cell(item, &Field::ItemCurrencyCode).map(|cell| &*cell.text).or(currency);
    let price = refunds::without_sign(item, values::amount(cell, currency, &mut findings)?);
    let quantity = match item_cell(item, &Field::ItemQuantity) {
        Some(cell) => refunds::without_sign(item, values::number(cell, &mut findings)?),
        None => Amount(Decimal::ONE),
    };
    let (price, basis) =
        discounted(item, (cell, (price, basis)), quantity, currency, &mut findings)?;
    let price = refunds::taken_off(item, price);
    if basis == PriceBasis::Line { Some(price) } else { price.checked_mul(quantity) }
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
pub(super) fn warn_of_discount_alone(item: &ItemDraft<'_>, findings: &mut Findings) {
    let Some(cell) = item_cell(item, &Field::ItemDiscount) else { return };
    let is_zero = values::plain_number(&cell.text).is_some_and(|number| number.0.is_zero());
    if exported_price(item).is_none() && !is_zero {
        let message = "the item has a discount and no price";
        findings.on_cell(Code::ItemPriceMissing, cell, message);
    }
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
