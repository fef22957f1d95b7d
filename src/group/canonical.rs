//! Values of cells by which rows and drafts are compared: numbers and times by value, so that
//! `30.6` and `30.60` do not conflict; everything else as it is sent.
//!
//! Called by `merge`, `duplicates` and `repeated_rows`.

use std::borrow::Cow;

use crate::model::{
    draft::{AddedRow, Cell, Draft, ItemDraft, Notation},
    field::Field,
    id_text::composed,
    money::{Amount, minor_units},
};

/// Whether two cells of one field and order have the same value.
#[inline]
pub(super) fn have_same_value(one: &Cell<'_>, other: &Cell<'_>) -> bool {
    let is_same_text = one.text == other.text;
    let is_same_reading = one.time == other.time && one.notation == other.notation;
    is_same_text && is_same_reading || are_equal(one, other)
}

fn are_equal(one: &Cell<'_>, other: &Cell<'_>) -> bool {
    let is_same_text = one.text == other.text;
    match (one.time, other.time) {
        (Some(one), Some(other)) => one == other,
        // The problem of the one that cannot be read is recorded already.
        (Some(_), None) | (None, Some(_)) => {
            is_same_text && (one.is_unparsable || other.is_unparsable)
        }
        (None, None) => match (number(one), number(other)) {
            (Some(one), Some(other)) => are_equal_numbers(one, other),
            _ => sent_text(one) == sent_text(other),
        },
    }
}

/// The text of a cell as it is sent: e-mail addresses and booleans in lower case, identifiers in
/// NFC.
fn sent_text<'c>(cell: &'c Cell<'_>) -> Cow<'c, str> {
    if cell.field.is_email() {
        composed(cell.text.to_lowercase().into())
    } else if matches!(*cell.field, Field::Identifier(_)) {
        composed(Cow::Borrowed(&cell.text))
    } else if cell.field.is_boolean() {
        cell.text.to_ascii_lowercase().into()
    } else {
        Cow::Borrowed(&cell.text)
    }
}

/// Whether the number of a cell is 0.
pub(super) fn is_zero(cell: &Cell<'_>) -> bool {
    number(cell).is_some_and(|(number, _)| number.0.is_zero())
}

/// The number of a cell, with how it is written.
fn number(cell: &Cell<'_>) -> Option<(Amount, Notation)> {
    let number = cell.text.parse().ok().filter(|_| cell.field.is_number())?;
    Some((number, cell.notation))
}

/// Whether numbers are equal in their units. One without a symbol is in the currency of the other.
fn are_equal_numbers(one: (Amount, Notation), other: (Amount, Notation)) -> bool {
    match (one, other) {
        (
            (one, Notation::WithCurrency { currency, .. }),
            (other, Notation::WithCurrency { currency: other_currency, .. }),
        ) => one == other && currency == other_currency,
        ((minor, Notation::MinorUnits), (number, Notation::WithCurrency { currency, .. }))
        | ((number, Notation::WithCurrency { currency, .. }), (minor, Notation::MinorUnits)) => {
            minor.from_minor_units(minor_units(currency.as_str())) == Some(number)
        }
        ((one, one_notation), (other, other_notation)) => {
            let is_minor = |notation| notation == Notation::MinorUnits;
            let is_same_unit = is_minor(one_notation) == is_minor(other_notation);
            one == other && (is_same_unit || one.0.is_zero())
        }
    }
}

/// A text that is equal for equal values of orders in the same currency, which is `currency` if it
/// is known.
fn canonical_text(cell: &Cell<'_>, currency: Option<&str>) -> String {
    if let Some(time) = cell.time {
        return time.to_rfc3339();
    }
    let Some((number, notation)) = number(cell) else { return sent_text(cell).into_owned() };
    let text = |number: Amount| number.0.normalize().to_string();
    match notation {
        Notation::MinorUnits => {
            let converted = |currency| number.from_minor_units(minor_units(currency));
            currency
                .and_then(converted)
                .map_or_else(|| format!("{} minor units", text(number)), text)
        }
        Notation::WithCurrency { currency: said, .. } if currency != Some(said.as_str()) => {
            format!("{} {said}", text(number))
        }
        _ => text(number),
    }
}

/// The order's own values that `is_compared` chooses, sorted: equal orders have equal values.
pub(super) fn order_values(
    draft: &Draft<'_>,
    is_compared: impl Fn(&Cell<'_>) -> bool,
) -> Vec<(Field, String)> {
    canonical_values(draft.cells.iter().filter(|cell| is_compared(cell)), order_currency(draft))
}

/// Whether an item was refunded, and its values.
pub(super) type ItemValues = (bool, Vec<(Field, String)>);

/// The values of an item, sorted: equal items have equal values.
pub(super) fn item_values(item: &ItemDraft<'_>, draft: &Draft<'_>) -> ItemValues {
    let own_currency = item.cell(&Field::ItemCurrencyCode).map(|cell| &*cell.text);
    let currency = own_currency.or_else(|| order_currency(draft));
    (item.is_refund, canonical_values(item.cells.iter(), currency))
}

/// The amounts that were refunded, sorted.
pub(super) fn refunded_values(draft: &Draft<'_>) -> Vec<String> {
    let value = |cell| canonical_text(cell, order_currency(draft));
    let mut values: Vec<_> = draft.refunds.iter().map(value).collect();
    values.sort_unstable();
    values
}

/// What a row adds up, sorted; none if that is nothing but zeros.
pub(super) fn added_values(row: &AddedRow<'_>, draft: &Draft<'_>) -> Option<Vec<(Field, String)>> {
    let is_zero = |cell: &Cell<'_>| number(cell).is_some_and(|(number, _)| number.0.is_zero());
    let values = || canonical_values(row.cells.iter(), order_currency(draft));
    (!row.cells.iter().all(is_zero)).then(values)
}

fn order_currency<'d>(draft: &'d Draft<'_>) -> Option<&'d str> {
    draft.cell(&Field::CurrencyCode).map(|cell| &*cell.text)
}

fn canonical_values<'c, 'a: 'c>(
    cells: impl Iterator<Item = &'c Cell<'a>>,
    currency: Option<&str>,
) -> Vec<(Field, String)> {
    let mut values: Vec<_> = cells
        .map(|cell| (cell.field.clone().into_owned(), canonical_text(cell, currency)))
        .collect();
    values.sort_unstable();
    values
}
