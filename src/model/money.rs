//! Exact decimal amounts: a number keeps its digits from the export's cell to the JSON that is
//! sent.
//!
//! Never converts to a binary float. Arithmetic that would lose a digit returns `None`. Used by
//! every stage; whether a currency exists is checked by `validate`.

use std::{fmt, str::FromStr};

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// A decimal number with the digits of the export, trailing zeros included.
///
/// Serialises as a JSON number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(pub Decimal);

/// Why a text is not an [`Amount`].
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AmountError {
    /// Not a decimal number with a decimal point.
    #[error("not a decimal number such as 1234.50")]
    NotDecimal,
    /// Has more digits than [`Decimal`] keeps.
    #[error("too long, at most 28 digits can be kept exactly")]
    TooLong,
}

impl FromStr for Amount {
    type Err = AmountError;

    /// Accepts a number of JSON, and what spreadsheets write: a leading `+`, no digit before the
    /// point.
    fn from_str(text: &str) -> Result<Self, AmountError> {
        if let Some(amount) = parse_simple(text.as_bytes()) {
            return Ok(amount);
        }
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (text, None),
        };
        if !is_decimal(mantissa) || exponent.is_some_and(|exponent| !is_integer(exponent)) {
            return Err(AmountError::NotDecimal);
        }
        let digits = Decimal::from_str_exact(mantissa).map_err(|_| AmountError::TooLong)?;
        let exponent = exponent.map_or(Ok(0), str::parse).map_err(|_| AmountError::TooLong)?;
        scale_by_power(digits, exponent).map(Self).ok_or(AmountError::TooLong)
    }
}

/// Maximum number of decimals of an amount in the fast paths of arithmetic.
const MAX_SHORT_SCALE: u32 = 9;

/// Fast path for nearly all numbers: at most 18 digits, at most one point, no sign.
// The slow path takes several times as long, and a third of an export's cells are numbers. 19
// digits fit a `u64`, and 18 an `i64`.
fn parse_simple(text: &[u8]) -> Option<Amount> {
    if text.len() > 19 {
        return None;
    }
    let (mut number, mut n_decimals, mut has_point) = (0_u64, 0, false);
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit <= 9 {
            number = number * 10 + u64::from(digit);
            n_decimals += u32::from(has_point);
        } else if *byte == b'.' && !has_point {
            has_point = true;
        } else {
            return None;
        }
    }
    let n_digits = text.len() - usize::from(has_point);
    let number = i64::try_from(number).ok().filter(|_| (1..=18).contains(&n_digits))?;
    Some(Amount(Decimal::new(number, n_decimals)))
}

/// Returns `digits` × 10^`exponent`, or `None` if a digit would be lost.
fn scale_by_power(mut digits: Decimal, exponent: i64) -> Option<Decimal> {
    let scale = i64::from(digits.scale()).checked_sub(exponent)?;
    digits.set_scale(u32::try_from(scale.max(0)).ok()?).ok()?;
    let zeros = u32::try_from((-scale).max(0)).ok()?;
    if zeros == 0 {
        return Some(digits);
    }
    let power = Decimal::try_from_i128_with_scale(10_i128.checked_pow(zeros)?, 0).ok()?;
    digits.checked_mul(power)
}

impl Amount {
    /// Reads a number of digits with at most one point: the fast path of [`FromStr`].
    #[must_use]
    pub fn from_digits(text: &str) -> Option<Self> {
        parse_simple(text.as_bytes())
    }

    /// Converts a number of minor units, such as cents, to an amount with this many decimals.
    /// `None` if it is not a whole number, or a digit would be lost.
    #[must_use]
    pub fn from_minor_units(self, n_decimals: u32) -> Option<Self> {
        let mut amount = Some(self.0.normalize()).filter(|units| units.scale() == 0)?;
        amount.set_scale(n_decimals).ok()?;
        Some(Self(amount))
    }

    /// The sum, or `None` if a digit would be lost.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.short_sum(other).or_else(|| self.long_sum(other))
    }

    /// The product, or `None` if a digit would be lost.
    #[must_use]
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        self.short_product(other).or_else(|| self.long_product(other))
    }

    /// The digits as a number of 64 bits and their number of decimals, if there are few enough.
    // Nearly all amounts are short, and `Decimal` takes twice as long to add and to multiply.
    #[inline]
    fn short(self) -> Option<(i64, u32)> {
        let mantissa = i64::try_from(self.0.mantissa()).ok()?;
        (mantissa != 0 && self.0.scale() <= MAX_SHORT_SCALE).then(|| (mantissa, self.0.scale()))
    }

    /// Fast path of a sum: of short amounts with the same number of decimals.
    #[inline]
    fn short_sum(self, other: Self) -> Option<Self> {
        let ((number, scale), (other_number, other_scale)) = (self.short()?, other.short()?);
        let sum = number.checked_add(other_number)?;
        (scale == other_scale && sum != 0).then(|| Self(Decimal::new(sum, scale)))
    }

    /// Fast path of a product: of short amounts.
    #[inline]
    fn short_product(self, other: Self) -> Option<Self> {
        let ((number, scale), (other_number, other_scale)) = (self.short()?, other.short()?);
        Some(Self(Decimal::new(number.checked_mul(other_number)?, scale + other_scale)))
    }

    fn long_sum(self, other: Self) -> Option<Self> {
        let mut sum = self.0.checked_add(other.0)?;
        let scale = self.0.scale().max(other.0.scale());
        if self.0.is_zero() || other.0.is_zero() {
            // `Decimal` returns the other number. With all decimals, as far as they fit, the order
            // of the numbers makes no difference.
            sum.rescale(scale);
            return Some(Self(sum));
        }
        // `Decimal` rounds a result that does not fit, which shows in a smaller scale.
        (sum.scale() >= scale).then_some(Self(sum))
    }

    fn long_product(self, other: Self) -> Option<Self> {
        let product = self.0.checked_mul(other.0)?;
        // A product of 0 loses no digit, whatever its scale.
        let has_zero = self.0.is_zero() || other.0.is_zero();
        let is_exact = has_zero || product.scale() >= self.0.scale() + other.0.scale();
        is_exact.then_some(Self(product))
    }
}

fn is_decimal(text: &str) -> bool {
    let digits = strip_sign(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    (whole.len() + fraction.len() > 0)
        && whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit())
}

fn is_integer(text: &str) -> bool {
    let digits = strip_sign(text);
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn strip_sign(text: &str) -> &str {
    text.strip_prefix(['+', '-']).unwrap_or(text)
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let number =
            RawValue::from_string(self.0.to_string()).map_err(serde::ser::Error::custom)?;
        number.serialize(serializer)
    }
}

/// An amount in a currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// The currency.
    pub currency: Currency,
    /// The amount in the currency's main unit. Serialised as text, since many JSON readers would
    /// convert a number to a float.
    #[serde(serialize_with = "as_text", deserialize_with = "from_text")]
    pub amount: Amount,
}

fn as_text<S: Serializer>(amount: &Amount, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(amount)
}

fn from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Amount, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

/// A currency code of three upper-case letters. `validate` checks it against ISO 4217.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

impl Currency {
    /// The three letters in ASCII.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The three letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("every constructor accepts ASCII letters only")
    }
}

/// Returns the number of decimals that a currency has by ISO 4217: 2 for those that are not listed.
#[must_use]
pub fn minor_units(currency: &str) -> u32 {
    // Each amount is compared with its currency: bytes compile to a jump table, texts do not.
    match currency.as_bytes() {
        b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF"
        | b"UGX" | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
        b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
        b"CLF" | b"UYW" => 4,
        _ => 2,
    }
}

impl FromStr for Currency {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(letters) if letters.iter().all(u8::is_ascii_uppercase) => Ok(Self(letters)),
            _ => Err("invalid currency code; expected three upper-case letters"),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> String {
        serde_json::to_string(&text.parse::<Amount>().unwrap()).unwrap()
    }

    #[test]
    fn amount_preserves_digits() {
        assert_eq!(json("30.60"), "30.60");
        assert_eq!(json("+5"), "5");
        assert_eq!(json("5."), "5");
        assert_eq!(json(".5"), "0.5");
        assert_eq!(json("5633.599999999999"), "5633.599999999999");
        assert_eq!(json("1e3"), "1000");
        assert_eq!(json("1.50E+1"), "15.0");
        assert_eq!(json("15e-1"), "1.5");
        assert_eq!(json("-45"), "-45");
    }

    #[test]
    fn minor_units_keep_all_digits() {
        let converted = |text: &str, n_decimals| {
            text.parse::<Amount>().unwrap().from_minor_units(n_decimals).map(|a| a.to_string())
        };
        assert_eq!(converted("2199", 2).as_deref(), Some("21.99"));
        assert_eq!(converted("2000.0", 2).as_deref(), Some("20.00"));
        assert_eq!(converted("5", 3).as_deref(), Some("0.005"));
        assert_eq!(converted("-2199", 0).as_deref(), Some("-2199"));
        assert_eq!(converted("1e3", 2).as_deref(), Some("10.00"));
        assert_eq!(converted("21.99", 2), None);
        assert_eq!(converted("2199", 30), None);
    }

    #[test]
    fn arithmetic_is_exact_or_none() {
        let amount = |text: &str| text.parse::<Amount>().unwrap();
        assert_eq!(amount("2.50").checked_mul(amount("3")), Some(amount("7.50")));
        assert_eq!(amount("0.1").checked_add(amount("0.20")), Some(amount("0.30")));
        let tiny = amount("0.000000000000000000001");
        assert_eq!(tiny.checked_mul(tiny), None);
        assert_eq!(amount("70000000000000000000000000000").checked_add(amount("0.1")), None);
        assert_eq!(amount("79000000000000000000000000000").checked_mul(amount("10")), None);
    }

    proptest::proptest! {
        #[test]
        fn fast_path_equals_slow_path(text in "[0-9]{0,19}(\\.[0-9.+]{0,8})?") {
            let slow = Decimal::from_str_exact(&text).ok().filter(|_| is_decimal(&text)).map(Amount);
            let shown = |amount: Option<Amount>| amount.map(|amount| amount.to_string());
            if let Some(fast) = parse_simple(text.as_bytes()) {
                proptest::prop_assert_eq!(shown(Some(fast)), shown(slow));
            }
        }
    }

    /// Amounts of few and of many digits, zeros included.
    fn any_amount() -> impl proptest::strategy::Strategy<Value = Amount> {
        use proptest::prelude::*;
        (any::<i64>(), 0_u32..64, 0_u32..12)
            .prop_map(|(number, shift, scale)| Amount(Decimal::new(number >> shift, scale)))
    }

    proptest::proptest! {
        #[test]
        fn short_arithmetic_equals_long(one in any_amount(), other in any_amount()) {
            // With its number of decimals, which two equal amounts may differ in.
            let shown = |amount: Option<Amount>| amount.map(|amount| amount.to_string());
            let sum = shown(one.long_sum(other));
            proptest::prop_assert_eq!(shown(one.checked_add(other)), sum);
            let product = shown(one.long_product(other));
            proptest::prop_assert_eq!(shown(one.checked_mul(other)), product);
        }
    }

    proptest::proptest! {
        #[test]
        fn sum_is_exact_in_either_order(one in any_amount(), other in any_amount()) {
            let scale = one.0.scale().max(other.0.scale());
            let units = |Amount(number): Amount| {
                number.mantissa() * 10_i128.pow(scale - number.scale())
            };
            let sum = units(one).checked_add(units(other)).unwrap();
            let exact = Decimal::try_from_i128_with_scale(sum, scale).ok();
            let found = one.checked_add(other);
            if exact.is_some() {
                proptest::prop_assert_eq!(found.map(|Amount(number)| number), exact);
            }
            let shown = |amount: Option<Amount>| amount.map(|amount| amount.to_string());
            proptest::prop_assert_eq!(shown(found), shown(other.checked_add(one)));
        }
    }

    #[test]
    fn zero_with_more_decimals_adds_nothing() {
        let sum = |numbers: &[&str]| {
            let numbers = numbers.iter().map(|number| number.parse::<Amount>().unwrap());
            numbers.reduce(|sum, number| sum.checked_add(number).unwrap()).unwrap().to_string()
        };
        assert_eq!(sum(&["0.00", "25"]), "25.00");
        assert_eq!(sum(&["25", "0.00"]), "25.00");
        assert_eq!(sum(&["-5", "5.00", "5"]), "5.00");
        assert_eq!(sum(&["-5", "5", "5.00"]), "5.00");
        // More decimals do not fit.
        assert_eq!(
            sum(&["0.00", "7922816251426433759354395033"]),
            "7922816251426433759354395033.0"
        );
    }

    #[test]
    fn invalid_numbers_are_rejected() {
        for text in
            ["", "-", "1,50", "NaN", "inf", "1_000", "0x10", "€5", "1.2.3", "--1", "1e", ".", "1e+"]
        {
            assert_eq!(text.parse::<Amount>(), Err(AmountError::NotDecimal), "{text}");
        }
        assert_eq!(
            "12345678901234567890123456789.25e0".parse::<Amount>(),
            Err(AmountError::TooLong)
        );
        assert_eq!("1e99".parse::<Amount>(), Err(AmountError::TooLong));
        assert_eq!("1e-29".parse::<Amount>(), Err(AmountError::TooLong));
        assert_eq!("1e99999999999999999999".parse::<Amount>(), Err(AmountError::TooLong));
        assert_eq!(
            "1.00000000000000000000000000000000001".parse::<Amount>(),
            Err(AmountError::TooLong)
        );
        assert_eq!(
            "123456789012345678901234567890123".parse::<Amount>(),
            Err(AmountError::TooLong)
        );
    }
}
