//! Sum of numbers that are in units: with the symbol of a currency, in minor units, or neither.
//!
//! Does not read numbers. Used by `map` for the parts of a sum, and by `group` for rows that are
//! added up.

use super::{
    draft::Notation,
    money::{Amount, Currency, minor_units},
};

/// A number, and how it writes its unit.
pub type NumberInUnit = (Amount, Notation);

/// Why two numbers have no sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SumError {
    /// They are in different units.
    OtherUnit,
    /// The sum has more digits than can be kept exactly.
    TooManyDigits,
}

/// Adds two numbers. One without a symbol, such as 0, is in the currency of the other, also in its
/// minor unit.
///
/// # Errors
///
/// If they are in different units, or the sum has too many digits.
pub fn add(one: NumberInUnit, other: NumberInUnit) -> Result<NumberInUnit, SumError> {
    let (one, other, unit) = match (one, other) {
        ((one, unit @ Notation::WithCurrency { currency, .. }), (minor, Notation::MinorUnits))
        | ((minor, Notation::MinorUnits), (one, unit @ Notation::WithCurrency { currency, .. })) => {
            (one, in_main_unit(minor, currency)?, unit)
        }
        ((one, Notation::Declared), (other, unit @ Notation::WithCurrency { .. }))
        | ((one, unit @ Notation::WithCurrency { .. }), (other, Notation::Declared)) => {
            (one, other, unit)
        }
        ((one, unit), (other, other_unit)) if unit == other_unit => (one, other, unit),
        _ => return Err(SumError::OtherUnit),
    };
    Ok((one.checked_add(other).ok_or(SumError::TooManyDigits)?, unit))
}

/// A number of minor units in the main unit of their currency; one with decimals is in no minor
/// unit.
fn in_main_unit(minor: Amount, currency: Currency) -> Result<Amount, SumError> {
    minor.from_minor_units(minor_units(currency.as_str())).ok_or(SumError::OtherUnit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn number_without_a_symbol_is_in_the_currency_of_the_other() {
        let with = |code: &str| {
            let currency = code.parse().unwrap();
            Notation::WithCurrency { currency, is_declared: true }
        };
        let sum = |(one, unit): (&str, Notation), (other, other_unit): (&str, Notation)| {
            let number = |text: &str| text.parse::<Amount>().unwrap();
            let (one, other) = ((number(one), unit), (number(other), other_unit));
            assert_eq!(add(one, other), add(other, one));
            add(one, other).map(|(sum, unit)| (sum.to_string(), unit))
        };
        let (minor, declared) = (Notation::MinorUnits, Notation::Declared);
        let ok = |text: &str, unit| Ok((text.to_owned(), unit));
        assert_eq!(sum(("10.50", with("EUR")), ("200", minor)), ok("12.50", with("EUR")));
        assert_eq!(sum(("1050", with("JPY")), ("200", minor)), ok("1250", with("JPY")));
        assert_eq!(sum(("10.50", with("EUR")), ("2", declared)), ok("12.50", with("EUR")));
        assert_eq!(sum(("1050", minor), ("200", minor)), ok("1250", minor));
        for (unit, other) in [(with("EUR"), with("USD")), (minor, declared), (declared, minor)] {
            assert_eq!(sum(("1", unit), ("2", other)), Err(SumError::OtherUnit));
        }
        assert_eq!(sum(("1", with("EUR")), ("2.5", minor)), Err(SumError::OtherUnit));
    }
}
