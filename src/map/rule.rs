//! Rules: how a profile converts a cell to the value of a field.
//!
//! A rule strips, looks up and parses one text; it does not read rows. Compiled from
//! `profile_text`; applied by `collector` and, for keys, by `profile`.

use std::{borrow::Cow, sync::Arc};

use chrono::{DateTime, NaiveTime, Utc};

use super::{
    birth_date::BirthDateRule,
    combination::{Combination, Sources},
    currency_symbols::CurrencySymbols,
    date::{DateRule, number_format_of},
    date_keys::{DateUse, RuleDates, compile_dates},
    key_errors::{KeyError, KeyErrors, WHOLE_RULE},
    max_length::MaxLength,
    number::{NumberFormat, NumberMarks},
    path_text::{segments, walks_arrays},
    profile_text::{OnConflict, OneOrMany, RuleText},
    rule_values::{Listed, RuleValues},
    steps::Steps,
    text_part::TextError,
    text_steps::TextSteps,
    value_kind::ValueKind,
};
use crate::model::{
    draft::Notation,
    field::{ExtensionType, Field, Provider},
    guest_attributes::GuestAttributes,
    problem::Code,
};

/// The source of a field and the conversion of its cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The CSV columns.
    pub columns: Vec<String>,
    /// Which of the columns with that name, from 1, if there are several.
    pub(super) nth: Option<u16>,
    /// The JSON paths.
    pub paths: Vec<String>,
    /// Whether the first filled one is used, or how several become one value.
    pub(super) combination: Combination,
    /// The value of empty cells, or of every row for a rule without columns and paths.
    pub default_value: Option<String>,
    /// The declared type of an extension attribute.
    pub extension_type: Option<ExtensionType>,
    /// Whether the first value is used where rows of one order have different ones.
    pub first_wins: bool,
    /// Whether the export may lack all columns or paths.
    pub(super) is_optional: bool,
    /// Texts that count as empty: the rule's own and the profile's.
    empty: Vec<String>,
    /// What it does with a text before it looks it up or parses it.
    text_steps: Option<TextSteps>,
    /// How its numbers are written, if they are converted.
    number: Option<NumberFormat>,
    date: Option<DateRule>,
    birth_date: Option<BirthDateRule>,
    pub(super) kind: Option<ValueKind>,
    /// The symbols that a currency is read from.
    symbols: CurrencySymbols,
    table: Option<RuleValues>,
    pub(super) max_length: Option<MaxLength>,
    /// What becomes of an order with a value that the table lacks, or without the value's part.
    attributes: GuestAttributes,
}

/// The result of applying a rule to a filled cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleResult<'a> {
    /// The converted value.
    Value(Cow<'a, str>),
    /// The same, cut to its maximum length, and the message of a warning.
    Shortened(Cow<'a, str>, String),
    /// The parsed instant, and the code and message of a warning if there is one.
    Time(DateTime<Utc>, Option<(Code, String)>),
    /// The profile skips the order, for this reason.
    Skip(Arc<str>),
    /// The value cannot be converted; the code and message of the problem.
    Invalid(Code, String),
}

impl RuleResult<'_> {
    /// The result without a borrow of the cell's text.
    pub(super) fn into_owned(self) -> RuleResult<'static> {
        match self {
            Self::Value(text) => RuleResult::Value(Cow::Owned(text.into_owned())),
            Self::Shortened(text, message) => {
                RuleResult::Shortened(Cow::Owned(text.into_owned()), message)
            }
            Self::Time(time, warning) => RuleResult::Time(time, warning),
            Self::Skip(reason) => RuleResult::Skip(reason),
            Self::Invalid(code, message) => RuleResult::Invalid(code, message),
        }
    }
}

impl Rule {
    /// Whether an instant of this rule may come from a date without a time of day.
    pub(super) fn may_be_date_only(&self, time: DateTime<Utc>) -> bool {
        self.date
            .as_ref()
            .map_or_else(|| time.time() == NaiveTime::MIN, |date| date.may_be_date_only(time))
    }

    /// The formats of a filled cell's date, if its rule has any.
    pub(super) fn date_of<'a>(&'a self, text: &'a str) -> Option<(&'a DateRule, Cow<'a, str>)> {
        let date = self.date.as_ref()?;
        let text = self.after_text_steps(text, &mut ()).ok()?;
        let is_kept = |table: &RuleValues| table.find(&text, &mut ()) == Listed::Kept;
        (!text.is_empty() && self.table.as_ref().is_none_or(is_kept)).then_some((date, text))
    }

    /// The formats of its dates.
    pub(super) fn date(&self) -> Option<&DateRule> {
        self.date.as_ref()
    }

    /// Compiles a rule, or returns all of its errors.
    pub(super) fn new(text: RuleText, date_use: DateUse) -> Result<Self, KeyErrors> {
        let mut errors = KeyErrors::default();
        let text_steps = errors.keep_below(&[], TextSteps::new(&text)).flatten();
        let RuleDates { date, birth_date } =
            compile_dates(&text, text_steps.as_ref(), date_use, &mut errors);
        let kind = errors.keep(ValueKind::new(text.kind, text.country.as_deref())).flatten();
        let number = errors.keep(NumberFormat::new(&text));
        let extension_type =
            text.r#type.as_deref().and_then(|name| errors.keep(extension_type(name)));
        let table = errors.keep(RuleValues::new(&text)).flatten();
        let max_length = errors.keep(MaxLength::new(&text)).flatten();
        errors.keep(check_sources(&text));
        let sources = errors.keep(Sources::new(&text));
        let Some(Sources { columns, paths, combination }) = sources else { return Err(errors) };
        let takes_all = matches!(combination, Combination::Sum(_) | Combination::Join(_));
        for error in paths.iter().filter_map(|path| check_path(path, takes_all).err()) {
            errors.add(WHOLE_RULE, &error);
        }
        errors.keep(check_nth(&text));
        errors.ensure_none()?;
        Ok(Self {
            date,
            birth_date,
            kind,
            symbols: CurrencySymbols::default(),
            number,
            extension_type,
            nth: text.nth,
            columns,
            paths,
            combination,
            default_value: text.value.or(text.default),
            first_wins: text.disagree == OnConflict::First,
            is_optional: text.optional,
            empty: text.empty,
            text_steps,
            table,
            max_length,
            attributes: GuestAttributes::Strict,
        })
    }

    /// Whether it reads the column at an index of a header.
    pub(super) fn reads_column(&self, names: &[String], index: usize) -> bool {
        let is_nth = |nth: u16| {
            let same = names[..=index].iter().filter(|name| **name == names[index]);
            same.count() == usize::from(nth)
        };
        self.columns.contains(&names[index]) && self.nth.is_none_or(is_nth)
    }

    /// Whether the value comes from the export, not from the profile alone.
    pub(super) fn has_source(&self) -> bool {
        !self.columns.is_empty() || !self.paths.is_empty()
    }

    /// The number of its sources in a file of either format.
    pub(super) fn n_sources(&self) -> usize {
        self.columns.len().max(self.paths.len())
    }

    /// Whether several sources become one value.
    pub(super) fn combines(&self) -> bool {
        self.combination != Combination::First
    }

    /// Whether its names are columns or paths, by the format of the file.
    pub(super) fn has_shared_names(&self) -> bool {
        matches!(self.combination, Combination::Sum(_) | Combination::Concat(_))
    }

    /// Whether the export may lack all columns or paths: it is declared, or there is a default.
    pub(super) fn may_be_missing(&self) -> bool {
        self.is_optional || self.default_value.is_some()
    }

    /// Adds texts that count as empty in the whole profile.
    pub(super) fn add_nulls(&mut self, nulls: &[String]) {
        self.empty.extend_from_slice(nulls);
    }

    /// Sets what becomes of an order with a value that the rule cannot take.
    pub(super) fn set_attributes(&mut self, attributes: GuestAttributes) {
        self.attributes = attributes;
    }

    /// Sets the symbols of the whole profile that a currency is read from.
    pub(super) fn set_symbols(&mut self, symbols: &CurrencySymbols) {
        if self.kind == Some(ValueKind::Currency) {
            self.symbols = symbols.clone();
        }
    }

    /// Completes how its numbers are written, by the marks of the whole profile. `field` is the one
    /// that it fills; `None` for a wildcard, whose fields may be numbers. An error is a message.
    pub(super) fn complete_number(
        &mut self,
        field: Option<&Field>,
        marks: NumberMarks,
        symbols: &CurrencySymbols,
    ) -> Result<(), String> {
        let Some(mut number) = self.number.take() else { return Ok(()) };
        if field.is_some_and(|field| !field.is_number()) {
            if number.is_declared() {
                return Err("has decimal, thousands, negative or scale, but its field is not a \
                            number"
                    .into());
            }
            return Ok(());
        }
        number.check_scale(field)?;
        if let (Some(_), Some(text_steps)) = (field, &self.text_steps) {
            number.check_text_steps(text_steps)?;
        }
        number.add_marks(marks)?;
        if matches!(field, Some(Field::Price | Field::ItemPrice)) {
            number.add_symbols(symbols);
        }
        let is_converted =
            number.is_declared() || number.has_symbols() || self.text_steps.is_some();
        self.number = Some(number).filter(|_| is_converted && !self.has_constants());
        Ok(())
    }

    /// Whether it converts the values of fields that are numbers.
    pub(super) fn converts_numbers(&self) -> bool {
        self.number.is_some()
    }

    /// The name of the member beside a number that has its number of decimals.
    pub(super) fn scale_member(&self) -> Option<&str> {
        self.number.as_ref()?.scale_member()
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
            return (self.apply_with(text, steps), Notation::Declared);
        }
        let number = self.number.as_ref().filter(|_| !self.yields_nothing(text));
        let Some(number) = number else { return (self.apply_with(text, steps), notation) };
        let text_steps = match &self.text_steps {
            Some(text_steps) if text_steps.only_strips() => text_steps,
            None => return self.read_number(number, (text, notation), beside, |text| text, steps),
            Some(_) => {
                let changed = match self.after_text_steps(text, steps) {
                    Ok(changed) => changed,
                    Err(error) => return (self.invalid(error), notation),
                };
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
    /// a number. The values of a table are constants of the profile.
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
        (self.apply_with(text, steps), notation)
    }

    /// The value of empty cells, if there is one.
    pub(super) fn default_text(&self) -> Option<&str> {
        self.default_value.as_deref().filter(|text| !text.is_empty())
    }

    /// Whether a cell with this text counts as empty.
    pub(super) fn is_empty(&self, text: &str) -> bool {
        text.is_empty() || self.empty.iter().any(|empty| empty == text)
    }

    /// Whether a cell with this text has no value: it counts as empty, as it is or after the text
    /// steps, as `€` and `€ N/A` may without the `€`.
    pub(super) fn yields_nothing(&self, text: &str) -> bool {
        self.is_empty(text)
            || self.text_steps.is_some()
                && self.after_text_steps(text, &mut ()).is_ok_and(|text| text.is_empty())
    }

    /// The text that is looked up or parsed; empty if it counts as empty.
    pub(super) fn after_text_steps<'a>(
        &self,
        text: &'a str,
        steps: &mut impl Steps,
    ) -> Result<Cow<'a, str>, TextError> {
        let Some(text_steps) = &self.text_steps else { return Ok(Cow::Borrowed(text)) };
        let text = text_steps.apply(text, steps)?;
        if self.is_empty(&text) {
            return Ok(Cow::Borrowed(""));
        }
        Ok(text_steps.padded(text, steps))
    }

    /// Whether the rule returns each text unchanged that does not count as empty.
    pub(super) fn is_verbatim(&self) -> bool {
        self.table.is_none()
            && self.date.is_none()
            && self.number.is_none()
            && self.birth_date.is_none()
            && self.text_steps.is_none()
            && self.max_length.is_none()
            && self.kind.is_none_or(|kind| kind == ValueKind::Email)
    }

    /// The formats of its dates, if it does nothing else with a text that does not count as empty.
    pub(super) fn only_date(&self) -> Option<&DateRule> {
        let is_taken_whole = self.table.is_none() && self.text_steps.is_none();
        self.date.as_ref().filter(|_| is_taken_whole)
    }

    /// Whether it reads numbers whose decimal mark is not declared.
    pub(super) fn reads_undeclared_numbers(&self) -> bool {
        let is_declared = self.number.as_ref().is_some_and(NumberFormat::declares_point);
        !is_declared && !self.has_constants() && !self.combines() && self.has_source()
    }

    /// Whether all its values are constants of the profile.
    pub(super) fn has_constants(&self) -> bool {
        self.table.as_ref().is_some_and(RuleValues::has_constants_only)
            || matches!(self.combination, Combination::Table(_))
    }

    /// Whether the value of a text is a constant of the profile.
    fn is_constant(&self, text: &str) -> bool {
        let Some(table) = &self.table else { return false };
        table.has_constants_only()
            || !self
                .after_text_steps(text, &mut ())
                .is_ok_and(|text| table.find(&text, &mut ()) == Listed::Kept)
    }

    /// Whether its tables and dates may see another text than that of the cell.
    pub(super) fn changes_texts(&self) -> bool {
        self.text_steps.is_some() || self.table.as_ref().is_some_and(RuleValues::ignores_case)
    }

    /// Applies the rule to the text of a filled cell.
    #[must_use]
    pub fn apply<'a>(&'a self, text: &'a str) -> RuleResult<'a> {
        self.apply_with(text, &mut ())
    }

    fn apply_with<'a>(&'a self, text: &'a str, steps: &mut impl Steps) -> RuleResult<'a> {
        if self.is_empty(text) {
            return RuleResult::Value(Cow::Borrowed(""));
        }
        // The keys of nearly all exports.
        if self.is_verbatim() {
            return RuleResult::Value(Cow::Borrowed(text));
        }
        let text = match self.after_text_steps(text, steps) {
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
            Some((_, Listed::Kept)) | None => self.parse(text, steps),
        };
        let result = match (self.kind, result) {
            (Some(kind), RuleResult::Value(text)) if !text.is_empty() => {
                match kind.convert(text, &self.symbols) {
                    Ok(text) => {
                        steps.add(|| kind.step().to_owned());
                        RuleResult::Value(text)
                    }
                    Err((code, message)) => RuleResult::Invalid(code, message),
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
    fn parse<'a>(&self, text: Cow<'a, str>, steps: &mut impl Steps) -> RuleResult<'a> {
        match (&self.date, &self.birth_date) {
            (Some(date), _) => parse_date(date, &text, steps),
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

    /// The provider of this name, whose identifiers this rule yields.
    pub(super) fn provider(&self, name: &str) -> Provider {
        Provider::new(name, self.kind.map(ValueKind::of_identifiers))
    }

    /// The result of a value that the rule cannot take.
    pub(super) fn invalid<'a>(&self, (code, message): TextError) -> RuleResult<'a> {
        RuleResult::Invalid(self.attributes.code(code), message)
    }
}

/// Refuses sources of values that exclude each other, and a rule without any.
fn check_sources(text: &RuleText) -> Result<(), KeyError> {
    let has_source = text.has_source();
    let error = |message: &str| Err((WHOLE_RULE, message.to_owned()));
    match (&text.value, &text.default, has_source) {
        (Some(_), _, true) => {
            error("has a value and a column or path; for empty cells use a default")
        }
        (Some(_), Some(_), false) => error("has a value and a default"),
        (None, _, false) => error("has no column, no path and no value"),
        (Some(_), None, false) | (None, _, true) => Ok(()),
    }
}

/// Refuses a path that is not well formed, and one with several values where one is expected.
fn check_path(path: &str, takes_all: bool) -> Result<(), String> {
    segments(path)?;
    if walks_arrays(path) && !takes_all {
        return Err(format!(
            "reads one value, but {path:?} has that of each element; expected an index, a filter, \
             join or a sum"
        ));
    }
    Ok(())
}

fn check_nth(text: &RuleText) -> Result<(), KeyError> {
    let columns = text.column.clone().map(OneOrMany::into_vec).unwrap_or_default();
    match (text.nth, columns.as_slice()) {
        (None, _) => Ok(()),
        (Some(0), _) => Err(("nth", "is 0; expected 1 for the first column of the name".into())),
        (Some(_), [column]) if !column.ends_with('*') => Ok(()),
        (Some(_), _) => Err(("nth", "is for one column, which the rule has to name".into())),
    }
}

fn extension_type(name: &str) -> Result<ExtensionType, KeyError> {
    ExtensionType::from_name(name).ok_or_else(|| {
        let error = format!("unknown type {name:?}; expected string, boolean, integer or float");
        ("type", error)
    })
}

fn parse_date<'a>(rule: &DateRule, text: &str, steps: &mut impl Steps) -> RuleResult<'a> {
    let Some(date) = rule.parse(text) else {
        let hint = number_format_of(text)
            .map_or_else(String::new, |name| format!("; did you mean date = {name:?}?"));
        let message = format!("invalid date {text:?}; expected {}{hint}", rule.expected());
        return RuleResult::Invalid(Code::TimestampUnreadable, message);
    };
    steps.add(|| rule.step(text));
    let warning =
        || (Code::TimestampAmbiguous, format!("{text:?} is skipped or repeated by a clock change"));
    RuleResult::Time(date.time, date.is_ambiguous.then(warning))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(toml: &str) -> Result<Rule, String> {
        let date_use = if toml.contains("date") { DateUse::Instant } else { DateUse::None };
        let rule = Rule::new(toml::from_str(toml).unwrap(), date_use);
        rule.map_err(|errors| errors.to_string())
    }

    fn applied(toml: &str, cell: &str) -> String {
        format!("{:?}", rule(toml).unwrap().apply(cell))
    }

    fn value(text: &str) -> String {
        format!("{:?}", RuleResult::Value(text.into()))
    }

    #[test]
    fn strips_and_looks_up() {
        assert_eq!(applied("column = 'c'\nstrip_suffix = '.0'", "17850.0"), value("17850"));
        assert_eq!(applied("column = 'c'\nstrip_prefix = '#'", "#1001"), value("1001"));
        let table = "column = 'c'\nvalues = { paid = 'PURCHASED', void = { skip = 'voided' } }";
        assert_eq!(applied(table, "paid"), value("PURCHASED"));
        assert_eq!(applied(table, "void"), "Skip(\"voided\")");
        let unlisted = "\"piad\" is not in the profile's values; did you mean \"paid\"?";
        assert_eq!(
            applied(table, "piad"),
            format!("{:?}", RuleResult::Invalid(Code::ValueNotInTable, unlisted.into()))
        );
        assert_eq!(applied(&format!("{table}\nother = 'X'"), "piad"), value("X"));
    }

    #[test]
    fn empty_texts_count_before_and_after_stripping() {
        let stripped = "column = 'c'\nempty = ['0', '#x']\nstrip_prefix = '#'";
        for (cell, expected) in [("0", ""), ("#0", ""), ("#x", ""), ("x", "x"), ("00", "00")] {
            assert_eq!(applied(stripped, cell), value(expected), "{cell}");
        }
        let table = "column = 'c'\nempty = ['N/A']\nvalues = { 'N/A' = 'x' }";
        assert_eq!(applied(table, "N/A"), value(""));
    }

    #[test]
    fn invalid_date_names_expected_format() {
        let message = "invalid date \"1/2/3\"; expected the format %Y-%m-%d";
        let invalid =
            format!("{:?}", RuleResult::Invalid(Code::TimestampUnreadable, message.into()));
        assert_eq!(applied("column = 'c'\ndate = '%Y-%m-%d'\nzone = 'UTC'", "1/2/3"), invalid);
    }

    #[test]
    fn date_of_birth_is_local() {
        let rule = |toml: &str| {
            let date_use = DateUse::BirthDate { unreadable: Code::DobUnreadable };
            let rule = Rule::new(toml::from_str(toml).unwrap(), date_use);
            rule.map_err(|errors| errors.to_string())
        };
        let birth = rule("column = 'c'\ndate = ['%d/%m/%Y', '%Y']").unwrap_err();
        assert!(birth.contains("no whole date"), "{birth}");
        let birth = rule("column = 'c'\ndate = '%d/%m/%Y'").unwrap();
        assert_eq!(birth.apply("24/12/1985"), RuleResult::Value("1985-12-24T00:00".into()));
        let RuleResult::Invalid(code, message) = birth.apply("1985-12-24") else { panic!() };
        assert_eq!(code, Code::DobUnreadable);
        assert_eq!(message, "invalid date of birth; expected the format %d/%m/%Y");
        let french = rule("column = 'c'\ndate = '%d %B %Y'\nlocale = 'fr'").unwrap();
        assert_eq!(french.apply("24 d\u{e9}cembre 1985"), birth.apply("24/12/1985"));
        let time = rule("column = 'c'\ndate = '%d/%m/%Y'\ntime = '12:00'").unwrap_err();
        assert!(time.contains("has no time of day"), "{time}");
        let zoned = rule("column = 'c'\ndate = '%d/%m/%Y'\nzone = 'UTC'").unwrap_err();
        assert!(zoned.contains("has a zone"), "{zoned}");
    }

    #[test]
    fn number_in_another_unit_is_invalid() {
        let invalid = |cell| match rule("column = 'c'\ndate = 'epoch'").unwrap().apply(cell) {
            RuleResult::Invalid(Code::TimestampUnreadable, message) => message,
            result => panic!("{result:?}"),
        };
        insta::assert_snapshot!(invalid("1740819600000"), @r#"invalid date "1740819600000"; expected seconds since 1970, of the years 1980 to 2099; did you mean date = "epoch_ms"?"#);
        insta::assert_snapshot!(invalid("45384.5"), @r#"invalid date "45384.5"; expected seconds since 1970, of the years 1980 to 2099; did you mean date = "excel"?"#);
        insta::assert_snapshot!(invalid("1.74082E+9"), @r#"invalid date "1.74082E+9"; expected seconds since 1970, of the years 1980 to 2099"#);
    }

    #[test]
    fn keys_of_dates_without_effect_are_refused() {
        insta::assert_snapshot!(rule("column = 'c'\ndate = '%F %R'\nzone = 'UTC'\ntime = '12:00'\nlocale = 'de'").unwrap_err(), @"time: has a time, but every date has a time of day; expected none, or a format without one");
        insta::assert_snapshot!(rule("column = 'c'\ndate = '%d %b %Y'\nzone = 'UTC'\ntime = '9:00'\nlocale = 'deu'").unwrap_err(), @r#"
        time: invalid time of day "9:00"; expected HH:MM, such as 12:00
        locale: unknown locale "deu"; expected one of da, de, en, es, fr, it, nb, nl, pl, pt, sv
          hint: did you mean "de"?
        "#);
        insta::assert_snapshot!(rule("column = 'c'\ndate = '%d %b %Y'\nzone = 'UTC'\nlocale = 'en'\ntime = '24:00'").unwrap_err(), @r#"time: invalid time of day "24:00"; expected HH:MM, such as 12:00"#);
        insta::assert_snapshot!(rule("column = 'c'\ndate = '%d %b %Y %R'\nzone = 'UTC'\nlocale = 'en'\ntime = '09:30'").unwrap_err(), @"time: has a time, but every date has a time of day; expected none, or a format without one");
        insta::assert_snapshot!(rule("column = 'c'\ndate = 'excel'").unwrap_err(), @r#"date: a date format without an offset needs a zone, such as zone = "Europe/London""#);
        insta::assert_snapshot!(rule("column = 'c'\ntime = '12:00'").unwrap_err(), @"has a time, but no date");
    }

    #[test]
    fn invalid_rule_is_refused() {
        assert!(rule("default = 'x'").unwrap_err().contains("no column"));
        assert!(rule("value = 'x'\ncolumn = 'c'").unwrap_err().contains("a default"));
        assert!(rule("column = 'c'\ntype = 'decimal'").unwrap_err().contains("unknown type"));
        assert!(rule("column = 'c'\nzone = 'UTC'").unwrap_err().contains("no date"));
        insta::assert_snapshot!(rule("date = '%q'\nzone = 'x'\ntype = 'y'\ncountry = 'z'").unwrap_err(), @r#"
        zone: unknown time zone "x"
        date: date format "%q" has no whole date; expected a year, a month and a day
        has a country, but no kind = "phone"
        type: unknown type "y"; expected string, boolean, integer or float
        has no column, no path and no value
        "#);
    }
}
