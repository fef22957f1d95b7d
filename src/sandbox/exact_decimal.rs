//! Exact decimal arithmetic: parsing, sum and product, which return `None` instead of a rounded
//! number.
//!
//! It does not know what the numbers mean. Called by `message`, `cart` and `tenant`.

// `rust_decimal` rounds a result that does not fit its 96 bits. The result then has fewer decimal
// places than an exact one, so each function compares the scale.

use rust_decimal::Decimal;

/// Parses a JSON number without rounding; `None` if it does not fit 28 digits.
pub(super) fn parse(digits: &str) -> Option<Decimal> {
    let mantissa = digits.split(['e', 'E']).next().unwrap_or(digits);
    let without_exponent = Decimal::from_str_exact(mantissa).ok()?;
    if mantissa == digits {
        return Some(without_exponent);
    }
    // `from_scientific` alone would round a mantissa that is too long.
    Decimal::from_scientific(digits).ok()
}

pub(super) fn sum(one: Decimal, other: Decimal) -> Option<Decimal> {
    let n_places = one.scale().max(other.scale());
    one.checked_add(other).filter(|sum| sum.scale() == n_places)
}

pub(super) fn product(one: Decimal, other: Decimal) -> Option<Decimal> {
    // `rust_decimal` drops the decimal places of a product with zero.
    let n_places = if one.is_zero() || other.is_zero() { 0 } else { one.scale() + other.scale() };
    one.checked_mul(other).filter(|product| product.scale() == n_places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_are_exact_or_none() {
        let of = |one: &str, other: &str| {
            product(parse(one)?, parse(other)?).map(|product| product.to_string())
        };
        for (one, other, expected) in [
            ("12.50", "2", Some("25.00")),
            ("0.1", "0.3", Some("0.03")),
            ("0.00", "3", Some("0")),
            ("-1.5", "2.5", Some("-3.75")),
            ("79228162514264337593543950335", "1", Some("79228162514264337593543950335")),
            ("79228162514264337593543950335", "2", None),
            ("7922816251426433759354395033.5", "1.1", None),
            ("0.00000000000001", "0.000000000000001", None),
        ] {
            assert_eq!(of(one, other).as_deref(), expected, "{one} × {other}");
        }
    }
}
