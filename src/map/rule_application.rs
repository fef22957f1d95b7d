//! Application of a rule: its steps from the text of a filled cell to a value.
//!
//! `rule` holds what was compiled; it reads no row. Called by `collector` and `combined_value`, and
//! by `profile` for keys.

use std::{borrow::Cow, sync::Arc};

use chrono_tz::Tz;

use super::{
    date::{DateRule, number_format_of},
    number::NumberFormat,
    rule::Rule,
    rule_result::RuleResult,
    rule_values::Listed,
    steps::Steps,
    text_part::TextError,
};
use crate::model::{draft::Notation, field::Field, problem::Code};

impl Rule {
    /// Applies the rule to the text of a filled cell.
    #[must_use]
    pub fn apply<'a>(&'a self, text: &'a str) -> RuleResult<'a> {
        self.apply_with(text, None, &mut ())
    }

    fn apply_with<'a>(
        &'a self,
        text: &'a str,
        beside: Option<&str>,
        steps: &mut impl Steps,
    ) -> RuleResult<'a> {
        if self.is_empty(text) {
            return RuleResult::Value(Cow::Borrowed(""));
        }
        // The keys of nearly all exports.
        if self.is_verbatim() {
            return RuleResult::Value(Cow::Borrowed(text));
        }
        let cell = text;
        let text = match self.after_text_steps(cell, steps) {
            Ok(text) if text.is_empty() => return RuleResult::Value(text),
            Ok(text) => text,
            Err(error) => return self.invalid(error),
        };
        let result = match self.table.as_ref().map(|table| (table, table.find(&text, steps))) {
            // The values of a table are constants, which need no date format: dates are ISO 8601.
            Some((_, Listed::Value(value))) => RuleResult::Value(Cow::Borrowed(value)),
            Some((_, Listed::Skip(reason))) => return RuleResult::Skip(Arc::clone(reason)),
            Some((table, Listed::Unlisted)) => {
                return self.invalid((Code::ValueNotInTable, table.unlisted_message(&text)));
            }
            Some((_, Listed::Kept)) | None => match self.check_dropped_time(cell, &text, beside) {
                Ok(()) => self.parse(text, beside, steps),
                Err(message) => RuleResult::Invalid(Code::TimestampUnreadable, message),
            },
        };
        let result = match (self.kind, result) {
            (Some(kind), RuleResult::Value(text)) if !text.is_empty() => {
                match kind.convert(text, &self.symbols, beside) {
                    // A single word is no first name, and one of another rule is of another name.
                    Ok(text) if text.is_empty() => RuleResult::Nothing,
                    Ok(text) => {
                        steps.add(|| kind.step().to_owned());
                        RuleResult::Value(text)
                    }
                    Err(error) => self.invalid(error),
                }
            }
            (_, result) => result,
        };
        match (self.max_length, result) {
            (Some(max_length), RuleResult::Value(text)) => match max_length.cut(text, steps) {
                (text, Some(message)) => RuleResult::Shortened(text, message),
                (text, None) => RuleResult::Value(text),
            },
            (_, result) => result,
        }
    }

    /// The date in a text, or the text itself.
    fn parse<'a>(
        &self,
        text: Cow<'a, str>,
        beside: Option<&str>,
        steps: &mut impl Steps,
    ) -> RuleResult<'a> {
        match (&self.date, &self.birth_date) {
            (Some(date), _) => parse_date(date, &text, self.zone_beside(beside), steps),
            (None, Some(birth_date)) => match birth_date.convert(&text) {
                Ok(text) => {
                    steps.add(|| "a date of birth".to_owned());
                    RuleResult::Value(text)
                }
                Err((code, message)) => RuleResult::Invalid(code, message),
            },
            (None, None) => RuleResult::Value(text),
        }
    }

    /// The zone of a row, if each has one.
    fn zone_beside(&self, beside: Option<&str>) -> Option<Tz> {
        beside.filter(|_| self.companion.is_some())?.parse().ok()
    }

    /// Returns an error if `split` drops what says which time the date of a text is.
    fn check_dropped_time(
        &self,
        cell: &str,
        text: &str,
        beside: Option<&str>,
    ) -> Result<(), String> {
        let Some(date) = &self.date else { return Ok(()) };
        let Some(split) = self.split(cell) else { return Ok(()) };
        let zone = self.zone_beside(beside);
        let checked = date.check_dropped(split.dropped_texts(), split.separator(), text, zone);
        checked.map_err(|error| format!("{cell:?}: {error}"))
    }

    /// The result of a value that the rule cannot take.
    pub(super) fn invalid<'a>(&self, (code, message): TextError) -> RuleResult<'a> {
        RuleResult::Invalid(self.attributes.code(code), message)
    }

    /// Applies the rule to a number.
    pub(super) fn apply_to_number<'a>(
        &'a self,
        text: &'a str,
        notation: Notation,
        beside: Option<&str>,
        steps: &mut impl Steps,
    ) -> (RuleResult<'a>, Notation) {
        if self.is_constant(text) {
            return (self.apply_with(text, None, steps), Notation::Declared);
        }
        let number = self.number.as_ref().filter(|_| !self.yields_nothing(text));
        let Some(number) = number else { return (self.apply_with(text, None, steps), notation) };
        let text_steps = match &self.text_steps {
            Some(text_steps) if text_steps.only_strips() => text_steps,
            None => return self.read_number(number, (text, notation), beside, |text| text, steps),
            Some(_) => {
                let changed = match self.after_text_steps(text, steps) {
                    Ok(changed) => changed,
                    Err(error) => return (self.invalid(error), notation),
                };
                if let Err(message) = self.check_dropped_number(text) {
                    return (RuleResult::Invalid(Code::NumberUnreadable, message), notation);
                }
                let notation = if changed == text { notation } else { Notation::Text };
                let (result, notation) =
                    self.read_number(number, (&changed, notation), beside, |text| text, steps);
                return (result.into_owned(), notation);
            }
        };
        text_steps.add_strip_steps(text, steps);
        let strip = |text| text_steps.stripped(text);
        self.read_number(number, (text, notation), beside, strip, steps)
    }

    /// Reads a number; a sign is outside of what `strip` removes or within.
    fn read_number<'a>(
        &self,
        number: &NumberFormat,
        (text, notation): (&'a str, Notation),
        beside: Option<&str>,
        strip: impl Fn(&'a str) -> &'a str,
        steps: &mut impl Steps,
    ) -> (RuleResult<'a>, Notation) {
        if self.table.is_some() {
            steps.add(|| "not in the table, kept".to_owned());
        }
        number.add_steps(text, notation, beside, steps);
        match number.read(text, notation, beside, strip) {
            Ok((digits, notation)) => {
                let digits = if self.is_empty(&digits) { Cow::Borrowed("") } else { digits };
                (RuleResult::Value(digits), notation)
            }
            Err(message) => (RuleResult::Invalid(Code::NumberUnreadable, message), notation),
        }
    }

    /// Applies the rule to the text of a filled cell of `field`, and returns how the result writes
    /// a number. The values of a table are constants of the profile. `beside` is the text of the
    /// member with a number's number of decimals, or what the companion says.
    pub(super) fn convert<'a>(
        &'a self,
        field: &Field,
        text: &'a str,
        notation: Notation,
        beside: Option<&str>,
        steps: &mut impl Steps,
    ) -> (RuleResult<'a>, Notation) {
        if self.converts_numbers() && field.is_number() {
            return self.apply_to_number(text, notation, beside, steps);
        }
        let notation = if self.is_constant(text) { Notation::Declared } else { notation };
        (self.apply_with(text, beside, steps), notation)
    }

    /// Whether the value of a text is a constant of the profile.
    fn is_constant(&self, text: &str) -> bool {
        let Some(table) = &self.table else { return false };
        table.has_constants_only()
            || !self
                .after_text_steps(text, &mut ())
                .is_ok_and(|text| table.find(&text, &mut ()) == Listed::Kept)
    }
}

fn parse_date<'a>(
    rule: &DateRule,
    text: &str,
    zone: Option<Tz>,
    steps: &mut impl Steps,
) -> RuleResult<'a> {
    let Some(date) = rule.parse_beside(text, zone) else {
        let hint = number_format_of(text)
            .map_or_else(String::new, |name| format!("; did you mean date = {name:?}?"));
        let message = format!("invalid date {text:?}; expected {}{hint}", rule.expected());
        return RuleResult::Invalid(Code::TimestampUnreadable, message);
    };
    steps.add(|| rule.step(text, zone));
    let warning =
        || (Code::TimestampAmbiguous, format!("{text:?} is skipped or repeated by a clock change"));
    RuleResult::Time(date.time, date.is_ambiguous.then(warning))
}
