//! Cell test: a test of a condition on one value.
//!
//! Compiled by `condition`, which finds out what several of them say together.

use std::{cmp::Ordering, sync::Arc};

use rust_decimal::Decimal;

use super::{
    number::MAX_DECIMALS, number_marks::NumberMarks, rule::Rule, rule_result::RuleResult,
    view::Value,
};
use crate::model::{
    decimal_mark::PointReading, document::JsonNode, draft::Notation, money::Amount,
};

/// A test on one cell. Lists name alternatives.
#[derive(Debug, Clone, PartialEq)]
pub enum CellTest {
    /// The text is one of these.
    Is(Vec<String>),
    /// There is a text, and it is none of these.
    IsNot(Vec<String>),
    /// The text starts with one of these.
    StartsWith(Vec<String>),
    /// The text ends with one of these.
    EndsWith(Vec<String>),
    /// The text contains one of these.
    Contains(Vec<String>),
    /// An element of the list is one of these: of an array, or of a text split at commas.
    ListContains(Vec<String>),
    /// Whether there is no value.
    Empty(bool),
    /// Whether the column or member exists.
    Exists(bool),
    /// The number has this value.
    Equals(NumberTest),
    /// The number is less than this.
    Less(NumberTest),
    /// The number is greater than this.
    Greater(NumberTest),
}

impl CellTest {
    /// The key of the test in a profile.
    pub(super) fn key(&self) -> &'static str {
        match self {
            Self::Is(_) => "is",
            Self::IsNot(_) => "is_not",
            Self::StartsWith(_) => "starts_with",
            Self::EndsWith(_) => "ends_with",
            Self::Contains(_) => "contains",
            Self::ListContains(_) => "list_contains",
            Self::Empty(_) => "empty",
            Self::Exists(_) => "exists",
            Self::Equals(_) => "equals",
            Self::Less(_) => "less",
            Self::Greater(_) => "greater",
        }
    }

    /// The number with which it compares, if it does.
    pub(super) fn number_mut(&mut self) -> Option<&mut NumberTest> {
        match self {
            Self::Equals(number) | Self::Less(number) | Self::Greater(number) => Some(number),
            _ => None,
        }
    }

    /// Whether it compares numbers.
    pub(super) fn is_of_number(&self) -> bool {
        matches!(self, Self::Equals(_) | Self::Less(_) | Self::Greater(_))
    }

    // A test on nothing holds only if it asks for nothing.
    pub(super) fn holds(&self, value: Value<'_>) -> Result<bool, TestError> {
        match (self, value) {
            (_, Value::Lost) => return Err(TestError::Lost),
            (_, Value::WithinArray) => return Err(TestError::WithinArray),
            (_, Value::Several) => return Err(TestError::Several),
            // Whether there is an object with the member is what the test asks.
            (Self::Exists(exists), value) => {
                let is_missing = matches!(value, Value::Missing) || value.is_within_scalar();
                return Ok(*exists != is_missing);
            }
            (_, value) if value.is_within_scalar() => return Err(TestError::WithinScalar),
            (Self::Empty(empty), value) => return Ok(*empty == value.is_nothing()),
            (_, Value::Missing | Value::Null) => return Ok(false),
            (Self::ListContains(texts), Value::Array(array)) => {
                return any_element_is(texts, array);
            }
            (_, Value::Array(_) | Value::Nested(_)) if value.is_nothing() => return Ok(false),
            _ => {}
        }
        let text = value.text().ok_or(TestError::NotAScalar)?;
        match self {
            Self::Equals(_) | Self::Less(_) | Self::Greater(_) if text.is_empty() => Ok(false),
            Self::Equals(number) => Ok(number.compare(value)?.is_eq()),
            Self::Less(number) => Ok(number.compare(value)?.is_lt()),
            Self::Greater(number) => Ok(number.compare(value)?.is_gt()),
            other => Ok(other.holds_for_text(text)),
        }
    }

    pub(super) fn holds_for_text(&self, text: &str) -> bool {
        let any = |texts: &[String], test: fn(&str, &str) -> bool| {
            texts.iter().any(|wanted| test(text, wanted))
        };
        match self {
            Self::Is(texts) => any(texts, |text, wanted| text == wanted),
            Self::IsNot(texts) => !any(texts, |text, wanted| text == wanted),
            Self::StartsWith(texts) => any(texts, |text, wanted| text.starts_with(wanted)),
            Self::EndsWith(texts) => any(texts, |text, wanted| text.ends_with(wanted)),
            Self::Contains(texts) => any(texts, |text, wanted| text.contains(wanted)),
            Self::ListContains(texts) => {
                any(texts, |text, wanted| text.split(',').any(|element| element.trim() == wanted))
            }
            Self::Empty(empty) => *empty == text.is_empty(),
            Self::Exists(exists) => *exists,
            Self::Equals(_) | Self::Less(_) | Self::Greater(_) => false,
        }
    }
}

/// A number to compare with.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberTest {
    pub(super) number: Amount,
    /// The marks of the numbers in cells, as far as the profile declares them.
    pub(super) marks: NumberMarks,
    /// The rule that reads the same cells as numbers, if it converts them.
    pub(super) rule: Option<Arc<Rule>>,
}

impl NumberTest {
    fn compare(&self, value: Value<'_>) -> Result<Ordering, TestError> {
        let text = value.text().ok_or(TestError::NotANumber)?;
        let read = self.read(text, value.notation()).ok_or(TestError::NotANumber)?;
        let (number, reading) = match read {
            ReadNumber::Number(number, reading) => (number, reading),
            ReadNumber::MinorUnits(units) => return self.compare_units(units),
        };
        let ordering = number.cmp(&self.number.0);
        // The point of 1.250 may be a thousands mark. It matters only where the result differs.
        let differs = || (number * Decimal::ONE_THOUSAND).cmp(&self.number.0) != ordering;
        if reading == PointReading::Ambiguous && differs() {
            return Err(TestError::TwoReadings);
        }
        Ok(ordering)
    }

    /// Compares a number of minor units, whose decimals another cell says. 0 and the sign, for
    /// example, do not depend on them.
    fn compare_units(&self, units: Amount) -> Result<Ordering, TestError> {
        let compare = |decimals| Some(units.from_minor_units(decimals)?.0.cmp(&self.number.0));
        let without_decimals = compare(0).ok_or(TestError::NotANumber)?;
        let is_known = compare(MAX_DECIMALS) == Some(without_decimals);
        if is_known { Ok(without_decimals) } else { Err(TestError::MinorUnits) }
    }

    /// Reads a number, and how its point can be read.
    fn read(&self, text: &str, notation: Notation) -> Option<ReadNumber> {
        let (Amount(number), reading) = match &self.rule {
            Some(rule) => match rule.apply_to_number(text, notation, None, &mut ()) {
                (RuleResult::Value(digits), Notation::MinorUnits) => {
                    return Some(ReadNumber::MinorUnits(digits.parse().ok()?));
                }
                (RuleResult::Value(digits), notation) if notation.is_undeclared() => {
                    (digits.parse().ok()?, PointReading::of_text(&digits))
                }
                (RuleResult::Value(digits), _) => (digits.parse().ok()?, PointReading::NoEvidence),
                _ => return None,
            },
            None if notation == Notation::JsonNumber => {
                (text.parse().ok()?, PointReading::NoEvidence)
            }
            None if self.marks.are_declared() => {
                (self.marks.parse(text)?, PointReading::NoEvidence)
            }
            None => (text.parse().ok()?, PointReading::of_text(text)),
        };
        Some(ReadNumber::Number(number, reading))
    }
}

/// The number in a cell.
enum ReadNumber {
    /// A number, and how its point can be read.
    Number(Decimal, PointReading),
    /// A whole number of a minor unit, whose number of decimals is not known.
    MinorUnits(Amount),
}

/// Why a test cannot be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum TestError {
    /// A text is compared with a number.
    #[error("is not a number, which a condition of the profile compares with one")]
    NotANumber,
    /// A number is less with a decimal point, and greater with a thousands mark.
    #[error(
        "can be read in two ways, with a decimal point or with a thousands mark, and a condition \
         of the profile depends on it; declare decimal"
    )]
    TwoReadings,
    /// A number is less with few decimals, and greater with many.
    #[error(
        "is in a minor unit, and a condition of the profile depends on its number of decimals; \
         compare it with 0, or declare a number as scale"
    )]
    MinorUnits,
    /// A text is expected where there is an array or an object.
    #[error("is an array or an object, and a condition of the profile tests a single value")]
    NotAScalar,
    /// The path goes on within an array, whose elements may differ.
    #[error("is an array, and a condition of the profile tests a member of its elements")]
    WithinArray,
    /// The path goes on within a single value.
    #[error("is a single value, and a condition of the profile tests a member of it")]
    WithinScalar,
    /// The filter of the path selects several elements, which may differ.
    #[error("is one of several elements that the filter of a condition's path selects")]
    Several,
    /// The cell is as a spreadsheet keeps a text, which may be another one.
    #[error(
        "begins with =\", as a spreadsheet writes a text, and a condition of the profile tests it"
    )]
    SpreadsheetText,
    /// The cell is lost.
    #[error("is lost")]
    Lost,
}

fn any_element_is(texts: &[String], array: JsonNode<'_>) -> Result<bool, TestError> {
    let fails = |element: JsonNode<'_>| match Value::of(Some(element)) {
        Value::Array(_) | Value::Object(_) => Err(TestError::NotAScalar),
        value => Ok(value.text().is_none_or(|text| texts.iter().all(|wanted| wanted != text))),
    };
    all(array.elements().into_iter().flatten().map(fails)).map(|fail| !fail)
}

/// Whether all results are true; an error only if none is false.
pub(super) fn all<E>(results: impl IntoIterator<Item = Result<bool, E>>) -> Result<bool, E> {
    let mut first_error = None;
    for result in results {
        match result {
            Ok(true) => {}
            Ok(false) => return Ok(false),
            Err(error) => _ = first_error.get_or_insert(error),
        }
    }
    first_error.map_or(Ok(true), Err)
}
