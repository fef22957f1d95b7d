//! Combined value: what a rule makes of the values of several sources in one row.
//!
//! `mapper` and `trace` find the values; `combination` says how they become one.

use std::borrow::Cow;

use super::{
    column_table::ColumnTable,
    combination::{Combination, Concat, Sum},
    rule::Rule,
    rule_result::RuleResult,
    rule_text::TableValue,
    steps::Steps,
    view::{Found, Value},
};
use crate::model::{
    decimal_mark::PointReading,
    draft::{CellOrigin, Notation},
    field::Field,
    id_text::{ROUNDED, has_lost_digits},
    money::Amount,
    problem::Code,
    reference::{HIDDEN_FLOAT, hides_float},
    sum::{self, NumberInUnit, SumError},
};

/// A value of one of the sources of a rule.
pub(super) struct Part<'a> {
    /// The index of the source among the names of the rule.
    pub(super) source: usize,
    pub(super) found: Found<'a>,
}

/// The value of a rule that combines its sources, and the place of its first part or of the one
/// that cannot be read.
pub(super) struct CombinedValue<'a> {
    pub(super) result: RuleResult<'a>,
    pub(super) text: String,
    pub(super) at: CellOrigin<'a>,
    pub(super) notation: Notation,
}

/// Combines the values of the sources for a field; none if no source is filled.
/// `companion` is what the companion of the rule says of the row, if it has one.
pub(super) fn combine<'a>(
    field: &Field,
    rule: &Rule,
    parts: &[Part<'a>],
    companion: Option<&str>,
    steps: &mut impl Steps,
) -> Option<CombinedValue<'a>> {
    match &rule.combination {
        Combination::First => None,
        Combination::Sum(sum) => add_up(sum, field, rule, parts, steps),
        Combination::Concat(concat) => join(concat, (field, rule), parts, companion, steps),
        Combination::Join(separator) => join_elements(separator, field, rule, parts, steps),
        Combination::Table(table) => look_up(table, rule, parts, steps),
    }
}

impl<'a> CombinedValue<'a> {
    /// What a rule makes of joined texts, the first of which is at `at`.
    fn of_text(
        (text, at): (String, CellOrigin<'a>),
        (field, rule): (&Field, &Rule),
        companion: Option<&str>,
        steps: &mut impl Steps,
    ) -> Self {
        let (result, notation) = rule.convert(field, &text, Notation::Text, companion, steps);
        Self { result: result.into_owned(), text, at, notation }
    }

    /// A part that the rule cannot take.
    fn invalid(found: Found<'a>, (code, message): PartError) -> Self {
        let (result, at) = (RuleResult::Invalid(code, message), found.at);
        let text = found.value.text().unwrap_or_default().to_owned();
        Self { result, text, at, notation: Notation::Text }
    }
}

/// The text of a part; none if it is empty.
fn text_of<'a>(rule: &Rule, found: Found<'a>) -> Result<Option<&'a str>, PartError> {
    if found.value.is_misplaced(rule) || found.value.is_filled_unless(|text| rule.is_empty(text)) {
        let expected = || found.value.unexpected("a text");
        return found.value.text().map(Some).ok_or_else(|| (Code::NotAScalar, expected()));
    }
    Ok(None)
}

/// The texts of parts that are joined, and their places.
#[derive(Default)]
struct JoinedParts<'a>(Vec<(&'a str, Found<'a>)>);

impl<'a> JoinedParts<'a> {
    /// Adds a part; returns whether it is filled. A reference or an identifier must not have a
    /// rounded number in it, which the joined text hides from `validate`.
    fn push(
        &mut self,
        (field, rule): (&Field, &Rule),
        found: Found<'a>,
    ) -> Result<bool, PartError> {
        let Some(text) = text_of(rule, found)? else { return Ok(false) };
        if is_id(field) && found.value.notation().is_rounded(text) {
            return Err(part_error(field, text, (Code::ScientificNotation, ROUNDED)));
        }
        self.0.push((text, found));
        Ok(true)
    }

    /// The first part whose `.0` the joined reference or identifier hides.
    fn hidden_float(&self, field: &Field, separator: &str) -> Option<(Found<'a>, PartError)> {
        let (_, joined_to) = self.0.split_last().filter(|_| is_id(field))?;
        let is_hidden = |(text, _): &&(&str, Found<'_>)| hides_float(text, separator);
        let (text, found) = joined_to.iter().find(is_hidden)?;
        Some((*found, part_error(field, text, (Code::SpreadsheetNumber, HIDDEN_FLOAT))))
    }

    fn joined(&self, separator: &str) -> String {
        let texts: Vec<_> = self.0.iter().map(|(text, _)| *text).collect();
        texts.join(separator)
    }
}

/// Whether the texts of a field tell orders or people apart.
fn is_id(field: &Field) -> bool {
    matches!(field, Field::ReferenceId | Field::Identifier(_))
}

/// The problem of a part, which quotes no personal data.
fn part_error(field: &Field, text: &str, (code, message): (Code, &str)) -> PartError {
    let is_shown = !field.is_personal();
    (code, if is_shown { format!("{text:?}: {message}") } else { message.to_owned() })
}

fn join<'a>(
    concat: &Concat,
    (field, rule): (&Field, &Rule),
    parts: &[Part<'a>],
    companion: Option<&str>,
    steps: &mut impl Steps,
) -> Option<CombinedValue<'a>> {
    let (mut joined, mut names) = (JoinedParts::default(), Vec::new());
    for Part { source, found } in parts {
        match joined.push((field, rule), *found) {
            Ok(true) => names.push(rule.columns[*source].as_str()),
            Ok(false) => {}
            Err(error) => return Some(CombinedValue::invalid(*found, error)),
        }
    }
    let is_whole = concat.is_lenient || names.len() == rule.columns.len();
    let (_, first) = joined.0.first().filter(|_| is_whole)?;
    if let Some((found, error)) = joined.hidden_float(field, &concat.separator) {
        return Some(CombinedValue::invalid(found, error));
    }
    steps.add(|| format!("{} joined", names.join(", ")));
    let text = joined.joined(&concat.separator);
    Some(CombinedValue::of_text((text, first.at), (field, rule), companion, steps))
}

/// Joins the elements of an array; a single value is an array of one.
fn join_elements<'a>(
    separator: &str,
    field: &Field,
    rule: &Rule,
    parts: &[Part<'a>],
    steps: &mut impl Steps,
) -> Option<CombinedValue<'a>> {
    let mut joined = JoinedParts::default();
    for Part { found, .. } in parts {
        let array = match found.value {
            Value::Array(array) => array.elements(),
            _ => None,
        };
        let is_array = array.is_some();
        let elements = array.into_iter().flatten().map(|node| Value::of(Some(node)));
        for value in elements.chain((!is_array).then_some(found.value)) {
            if let Err(error) = joined.push((field, rule), Found { value, at: found.at }) {
                return Some(CombinedValue::invalid(*found, error));
            }
        }
    }
    let (_, first) = joined.0.first()?;
    if let Some((found, error)) = joined.hidden_float(field, separator) {
        return Some(CombinedValue::invalid(found, error));
    }
    steps.add(|| format!("{} elements joined", joined.0.len()));
    let text = (joined.joined(separator), first.at);
    Some(CombinedValue::of_text(text, (field, rule), None, steps))
}

/// Looks the texts up; one that is empty is as a text of the table.
fn look_up<'a>(
    table: &ColumnTable,
    rule: &Rule,
    parts: &[Part<'a>],
    steps: &mut impl Steps,
) -> Option<CombinedValue<'a>> {
    let (mut texts, mut first) = (vec![Cow::Borrowed(""); rule.n_sources()], None);
    for Part { source, found } in parts {
        let text = text_of(rule, *found).and_then(|text| match text {
            Some(text) => rule.after_text_steps(text, &mut ()),
            None => Ok(Cow::Borrowed("")),
        });
        match text {
            Ok(text) if text.is_empty() => {}
            Ok(text) => {
                first.get_or_insert(found.at);
                texts[*source] = text;
            }
            Err(error) => return Some(CombinedValue::invalid(*found, error)),
        }
    }
    let at = first?;
    let texts: Vec<_> = texts.iter().map(|text| &**text).collect();
    let quoted: Vec<_> = texts.iter().map(|text| format!("{text:?}")).collect();
    let text = quoted.join(", ");
    let found = table.find(&texts);
    steps.add(|| match found {
        Some((Some(row), _)) => format!("{text} in row {row} of the table"),
        _ => format!("{text} not in the table"),
    });
    let result = match found {
        Some((_, TableValue::Text(value))) => RuleResult::Value(Cow::Owned(value.clone())),
        Some((_, TableValue::Skip { skip })) => RuleResult::Skip(skip.as_str().into()),
        None => {
            let message = format!("{text} are in no row of the profile's table");
            rule.invalid((Code::ValueNotInTable, message))
        }
    };
    let text = texts.join(", ");
    Some(CombinedValue { result, text, at, notation: Notation::Declared })
}

/// What cannot be read, in words.
type PartError = (Code, String);

fn add_up<'a>(
    sum: &Sum,
    field: &Field,
    rule: &Rule,
    parts: &[Part<'a>],
    steps: &mut impl Steps,
) -> Option<CombinedValue<'a>> {
    let (mut total, mut first): (Option<NumberInUnit>, _) = (None, None);
    for Part { source, found } in parts {
        let added = number_of(field, rule, *found).and_then(|number| {
            let Some((number, notation)) = number else { return Ok(None) };
            let number = if sum.subtracts(*source) { negated(number) } else { number };
            steps.add(|| {
                let sign = if number.0.is_sign_negative() { "minus" } else { "plus" };
                format!("{sign} {} ({})", number.0.abs(), rule.columns[*source])
            });
            add(total, (number, notation)).map(Some)
        });
        match added {
            Ok(None) => {}
            Ok(sum) => {
                first.get_or_insert(found.at);
                total = sum;
            }
            Err(error) => return Some(CombinedValue::invalid(*found, error)),
        }
    }
    let ((Amount(total), notation), at) = total.zip(first)?;
    let (text, result) = (total.to_string(), RuleResult::Value(total.to_string().into()));
    Some(CombinedValue { result, text, at, notation })
}

/// The number of a part; none if it is empty.
fn number_of(
    field: &Field,
    rule: &Rule,
    found: Found<'_>,
) -> Result<Option<NumberInUnit>, PartError> {
    if !found.value.is_filled(rule) && !found.value.is_misplaced(rule) {
        return Ok(None);
    }
    let Some(text) = found.value.text() else {
        return Err((Code::NotAScalar, found.value.unexpected("a number")));
    };
    let beside = rule.scale_member().and_then(|name| text_beside(found.at, name));
    match rule.convert(field, text, found.value.notation(), beside, &mut ()) {
        (RuleResult::Value(digits), _) if digits.is_empty() => Ok(None),
        (RuleResult::Value(digits), notation) => exact(field, &digits, notation).map(Some),
        (RuleResult::Invalid(code, message), _) => Err((code, message)),
        (
            RuleResult::Shortened(..)
            | RuleResult::Time(..)
            | RuleResult::Skip(_)
            | RuleResult::Nothing,
            _,
        ) => Ok(None),
    }
}

/// The value of a rule as a number that has only one meaning, for the sum of several rows.
pub(super) fn exact_value<'a>(
    field: &Field,
    result: RuleResult<'a>,
    notation: Notation,
) -> (RuleResult<'a>, Notation) {
    match result {
        RuleResult::Value(digits) if !digits.is_empty() => match exact(field, &digits, notation) {
            Ok((Amount(number), unit)) => (RuleResult::Value(number.to_string().into()), unit),
            Err((code, message)) => (RuleResult::Invalid(code, message), notation),
        },
        result => (result, notation),
    }
}

/// Reads the digits of a part as a number that has only one meaning. What a sum hides, such as the
/// point of `1.250`, `validate` could not see.
fn exact(field: &Field, digits: &str, notation: Notation) -> Result<NumberInUnit, PartError> {
    if notation != Notation::JsonNumber && has_lost_digits(digits) {
        let message = format!(
            "{digits:?} is a number as a spreadsheet shows it, without its last digits; export the \
             column as text"
        );
        return Err((Code::ScientificNotation, message));
    }
    let is_quantity = *field == Field::ItemQuantity && digits.ends_with(".000");
    let is_text = notation.is_undeclared() && !is_quantity;
    if is_text && PointReading::of_text(digits) == PointReading::Ambiguous {
        let message = format!(
            "{digits:?} can be read in two ways: {digits} or {}; write decimal = \".\" in the \
             profile, or decimal = \",\" and thousands = \".\"",
            digits.replace('.', "")
        );
        return Err((Code::NumberUnreadable, message));
    }
    let number = digits
        .parse()
        .map_err(|error| (Code::NumberUnreadable, format!("{digits:?} is {error}")))?;
    let unit = match notation {
        Notation::MinorUnits => notation,
        Notation::WithCurrency { currency, .. } => {
            Notation::WithCurrency { currency, is_declared: true }
        }
        _ => Notation::Declared,
    };
    Ok((number, unit))
}

fn add(total: Option<NumberInUnit>, number: NumberInUnit) -> Result<NumberInUnit, PartError> {
    let Some(total) = total else { return Ok(number) };
    sum::add(total, number).map_err(|error| {
        let message = match error {
            SumError::OtherUnit => "in another unit than the other parts of the sum",
            SumError::TooManyDigits => "the sum has more digits than can be kept exactly",
        };
        (Code::NumberUnreadable, message.to_owned())
    })
}

/// The number with the other sign; zero has none.
fn negated(Amount(number): Amount) -> Amount {
    Amount(if number.is_zero() { number } else { -number })
}

/// The text of the member beside a value of a document.
fn text_beside<'a>(at: CellOrigin<'a>, name: &str) -> Option<&'a str> {
    let CellOrigin::Node(_, node) = at else { return None };
    Value::of(node.parent()?.member(name)).text().filter(|text| !text.is_empty())
}
