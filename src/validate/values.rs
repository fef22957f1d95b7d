//! Rules of single values: numbers, currencies, statuses, values of a list, upper case.
//!
//! A value is accepted as it is or is a problem; none is corrected silently. Called by the modules
//! of each field group.

use std::borrow::Cow;

use super::{findings::Findings, iso};
use crate::model::{
    draft::{Cell, Notation},
    id_text::has_lost_digits,
    money::{Amount, Currency, Money, minor_units},
    problem::Code,
    redact::shown_value,
    rules::TargetRules,
};

/// "number": decimal, with a point.
pub(super) fn number(cell: &Cell<'_>, findings: &mut Findings) -> Option<Amount> {
    if let Some(number) = plain_number(&cell.text) {
        return Some(number);
    }
    // A number of JSON is a program's, which writes all digits.
    if cell.notation != Notation::JsonNumber && has_lost_digits(&cell.text) {
        let message = format!(
            "{:?} is a number as a spreadsheet shows it, without its last digits; export the \
             column as text",
            cell.text
        );
        findings.on_cell(Code::ScientificNotation, cell, message);
        return None;
    }
    cell.text
        .parse()
        .map_err(|error| {
            findings.on_cell(Code::NumberUnreadable, cell, format!("{:?} is {error}", cell.text));
        })
        .ok()
}

/// Fast path: a decimal number without an exponent.
#[inline]
pub(super) fn plain_number(text: &str) -> Option<Amount> {
    let has_exponent = || text.bytes().any(|byte| byte.is_ascii_alphabetic());
    Amount::from_digits(text).or_else(|| if has_exponent() { None } else { text.parse().ok() })
}

/// An amount in the main unit of its currency, whose code is `currency` if it is known.
pub(super) fn amount(
    cell: &Cell<'_>,
    currency: Option<&str>,
    findings: &mut Findings,
) -> Option<Amount> {
    let number = number(cell, findings)?;
    match cell.notation {
        Notation::MinorUnits => {}
        Notation::WithCurrency { currency: said, .. } => {
            // Without a currency, that is the order's problem.
            if let Some(currency) = currency.filter(|currency| *currency != said.as_str()) {
                let said = said.as_str();
                let message = format!("the amount is in {said}, but its currency is {currency}");
                findings.on_cell(Code::CurrencyContradicted, cell, message);
                return None;
            }
            return Some(number);
        }
        _ => return Some(number),
    }
    // Without a currency, that is the order's problem.
    let converted = number.from_minor_units(minor_units(currency?));
    if converted.is_none() {
        let message = format!(
            "{:?} has decimals, but the profile's scale says that it is in minor units",
            cell.text
        );
        findings.on_cell(Code::NumberUnreadable, cell, message);
    }
    converted
}

/// "string (uppercase ISO 4217)"
pub(super) fn currency(cell: &Cell<'_>, findings: &mut Findings) -> Option<Currency> {
    if iso::is_currency(&cell.text) {
        return cell.text.parse().ok();
    }
    let (code, message) = unknown_value(
        cell,
        iso::is_currency,
        Code::UnknownCurrency,
        "an ISO 4217 currency such as EUR",
    );
    findings.on_cell(code, cell, message);
    None
}

/// Returns the amount of an order if its currency and price are both valid.
pub(super) fn money(currency: Option<Currency>, price: Option<Amount>) -> Option<Money> {
    Some(Money { currency: currency?, amount: price? })
}

/// Checks the status of an order or of an item.
pub(super) fn status<'a>(
    cell: &Cell<'a>,
    rules: &TargetRules,
    findings: &mut Findings,
) -> Option<Cow<'a, str>> {
    let expected = || alternatives(rules.statuses);
    if rules.other_statuses.values.contains(&&*cell.text) {
        let (expected, hint) = (expected(), rules.other_statuses.reason);
        let message = format!("unknown value {:?}; expected {expected}; {hint}", cell.text);
        findings.on_cell(Code::UnknownStatus, cell, message);
        return None;
    }
    one_of(cell, |value| is_status(value, rules), Code::UnknownStatus, expected, findings)
}

/// Whether the route takes this status of orders and items.
pub(super) fn is_status(text: &str, rules: &TargetRules) -> bool {
    rules.statuses.contains(&text)
}

/// Joins values as a sentence does: `male, female or unknown`.
#[must_use]
pub fn alternatives(values: &[&str]) -> String {
    match values {
        [others @ .., last] if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => values.concat(),
    }
}

/// Checks that a value is in a list, spelled exactly as there.
pub(super) fn one_of<'a>(
    cell: &Cell<'a>,
    is_known: impl Fn(&str) -> bool,
    unknown: Code,
    expected: impl FnOnce() -> String,
    findings: &mut Findings,
) -> Option<Cow<'a, str>> {
    if is_known(&cell.text) {
        return Some(cell.text.clone());
    }
    let (code, message) = unknown_value(cell, is_known, unknown, &expected());
    findings.on_cell(code, cell, message);
    None
}

/// "string (uppercase)", of any value.
pub(super) fn upper_case<'a>(cell: &Cell<'a>, findings: &mut Findings) -> Option<Cow<'a, str>> {
    if is_upper_case(&cell.text) {
        return Some(cell.text.clone());
    }
    // Other letters may have no upper case.
    let upper = cell.text.to_uppercase();
    if upper == *cell.text {
        return Some(cell.text.clone());
    }
    findings.on_cell(Code::NotUpperCase, cell, upper_case_message(&cell.text, &upper));
    None
}

/// Fast path: whether an ASCII text is the same in upper case; digits and blanks are.
pub(super) fn is_upper_case(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_lowercase())
}

fn upper_case_message(text: &str, upper: &str) -> String {
    format!("{text:?} must be written in upper case: {upper:?}")
}

/// The problem of a value that is not in a list: it only needs upper case, or it is unknown. One
/// about a person is redacted: a rule may read a wrong column, such as that of names.
pub(super) fn unknown_value(
    cell: &Cell<'_>,
    is_known: impl Fn(&str) -> bool,
    unknown: Code,
    expected: &str,
) -> (Code, String) {
    let text = &*cell.text;
    let upper = text.to_uppercase();
    let needs_upper_case = upper != text && is_known(&upper);
    let is_of_person = cell.field.is_personal() && !cell.is_default;
    let shown = shown_value(text, is_of_person, true);
    match (needs_upper_case, is_of_person) {
        (true, true) => (Code::NotUpperCase, format!("{shown:?} must be written in upper case")),
        (true, false) => (Code::NotUpperCase, upper_case_message(text, &upper)),
        (false, _) => (unknown, format!("unknown value {shown:?}; expected {expected}")),
    }
}
