//! Rules: how a profile converts a cell to the value of a field.
//!
//! A rule strips, looks up and parses one text; it does not read rows. Compiled from
//! `rule_text` by `field_rules`; `rule_application` applies it.

use std::borrow::Cow;

use chrono::{DateTime, NaiveTime, Utc};

use super::{
    birth_date::BirthDateRule,
    column_table::ColumnTable,
    combination::{Combination, Concat, Sources},
    companion_rule::Companion,
    currency_symbols::CurrencySymbols,
    date::DateRule,
    date_keys::{DateUse, RuleDates, compile_dates},
    item_field::{ItemField, item_fields},
    key_errors::{KeyErrors, WHOLE_RULE},
    language::LanguageRule,
    max_length::MaxLength,
    number::NumberFormat,
    number_marks::NumberMarks,
    rule_checks::{
        add_ineffective_keys, check_compared_texts, check_nth, check_path, check_reasons,
        check_sources, check_type, extension_type, over_rows,
    },
    rule_text::{CountryText, RuleText, ZoneText},
    rule_values::{Listed, RuleValues},
    steps::Steps,
    text_part::{SplitText, TextError},
    text_steps::TextSteps,
    value_kind::ValueKind,
};
use crate::model::{
    field::{ExtensionType, Field, Provider},
    guest_attributes::GuestAttributes,
    over_rows::OverRows,
};

/// The source of a field and the conversion of its cells.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rule {
    /// The CSV columns.
    pub columns: Vec<String>,
    /// Which of the columns with that name, from 1, if there are several.
    pub(super) nth: Option<u16>,
    /// The JSON paths.
    pub paths: Vec<String>,
    /// The fields of an item in a list.
    pub(super) fields: Vec<ItemField>,
    /// Which text is taken of an object whose names are languages.
    pub(super) language: Option<LanguageRule>,
    /// Whether the first filled one is used, or how several become one value.
    pub(super) combination: Combination,
    /// The value of empty cells, or of every row for a rule without columns and paths.
    pub default_value: Option<String>,
    /// The declared type of an extension attribute.
    pub extension_type: Option<ExtensionType>,
    /// What becomes of the values of several rows of one order.
    pub over_rows: OverRows,
    /// Whether the export may lack all columns or paths.
    pub(super) is_optional: bool,
    /// Texts that count as empty: the rule's own and the profile's.
    pub(super) empty: Vec<String>,
    /// What it does with a text before it looks it up or parses it.
    pub(super) text_steps: Option<TextSteps>,
    /// How its numbers are written, if they are converted.
    pub(super) number: Option<NumberFormat>,
    pub(super) date: Option<DateRule>,
    /// The rule of what says how its texts are read, if each row has it: the zone of local times, or
    /// the country of phone numbers.
    pub(super) companion: Option<Box<Self>>,
    pub(super) birth_date: Option<BirthDateRule>,
    pub(super) kind: Option<ValueKind>,
    /// The symbols that a currency is read from.
    pub(super) symbols: CurrencySymbols,
    pub(super) table: Option<RuleValues>,
    pub(super) max_length: Option<MaxLength>,
    /// What becomes of an order with a value that the table lacks, or without the value's part.
    pub(super) attributes: GuestAttributes,
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
        let fields = errors.keep(item_fields(&text)).unwrap_or_default();
        let language = errors.keep_below(&[], LanguageRule::new(&text)).flatten();
        let zone = errors.keep_below(&["zone"], zone_rule(&text)).flatten();
        let country = errors.keep_below(&["country"], country_rule(&text)).flatten();
        let text_steps = errors.keep_below(&[], TextSteps::new(&text)).flatten();
        let RuleDates { date, birth_date } =
            compile_dates(&text, text_steps.as_ref(), date_use, &mut errors);
        let kind = errors.keep(ValueKind::new(&text)).flatten();
        let number = errors.keep(NumberFormat::new(&text));
        let extension_type =
            text.r#type.as_deref().and_then(|name| errors.keep(extension_type(name)));
        if let Some(data_type) = extension_type {
            check_type(&text, data_type, &mut errors);
        }
        let table = errors.keep(RuleValues::new(&text)).flatten();
        let max_length = errors.keep(MaxLength::new(&text)).flatten();
        errors.keep(check_sources(&text));
        add_ineffective_keys(&text, &mut errors);
        let sources = errors.keep(Sources::new(&text));
        let Some(Sources { columns, paths, combination }) = sources else { return Err(errors) };
        let takes_all = matches!(combination, Combination::Join(_));
        // The names of a sum or a concat may be columns.
        if !matches!(combination, Combination::Sum(_) | Combination::Concat(_)) {
            for error in paths.iter().filter_map(|path| check_path(path, takes_all).err()) {
                errors.add(WHOLE_RULE, &error);
            }
        }
        errors.keep(check_nth(&text));
        check_compared_texts(&text, &mut errors);
        errors.keep(check_reasons(&text));
        let over_rows = errors.keep(over_rows(&text)).unwrap_or_default();
        errors.ensure_none()?;
        Ok(Self {
            date,
            companion: zone.or(country),
            birth_date,
            kind,
            symbols: CurrencySymbols::default(),
            number,
            extension_type,
            nth: text.nth,
            columns,
            paths,
            fields,
            language,
            combination,
            default_value: text.value.or(text.default),
            over_rows,
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

    /// The rule itself and its companion, which read columns and paths.
    pub(super) fn readers(&self) -> impl Iterator<Item = &Self> {
        std::iter::once(self).chain(self.companion.as_deref())
    }

    /// Refuses a companion where nothing reads it.
    pub(super) fn refuse_companion(&self, what: &str) -> Result<(), KeyErrors> {
        let mut errors = KeyErrors::default();
        if self.companion.is_some() {
            let name = self.companion_kind().name();
            errors.add(
                name,
                &format!("is that of each row, which is not for {what}; expected one {name}"),
            );
        }
        errors.ensure_none()
    }

    /// What its companion says, if it has one.
    pub(super) fn companion_kind(&self) -> Companion {
        if self.date.is_some() { Companion::Zone } else { Companion::Country }
    }

    /// The columns and paths that it reads itself.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.columns.iter().chain(&self.paths)
    }

    /// Whether the value comes from the export, not from the profile alone.
    pub(super) fn has_source(&self) -> bool {
        !self.columns.is_empty() || !self.paths.is_empty() || !self.fields.is_empty()
    }

    /// The number of its sources in a file of either format.
    pub(super) fn n_sources(&self) -> usize {
        self.columns.len().max(self.paths.len()).max(self.fields.len())
    }

    /// How many of its names, one behind the other, stand for one value, so that one of them is
    /// enough. Of those that are combined each one must be there.
    pub(super) fn n_alternatives(&self, n_names: usize) -> usize {
        if self.combines() { 1 } else { n_names.max(1) }
    }

    /// Whether several sources become one value.
    pub(super) fn combines(&self) -> bool {
        self.combination != Combination::First
    }

    /// What is between the texts of an order key of several columns, if it is one: it takes each
    /// of them as it is, so that different texts make different keys.
    pub(super) fn key_separator(&self) -> Option<&str> {
        match &self.combination {
            Combination::Concat(Concat { separator, is_lenient: false })
                if !separator.is_empty()
                    // It is what escapes a separator within a text.
                    && !separator.contains('\\')
                    && self.is_verbatim()
                    && self.kind.is_none() =>
            {
                Some(separator)
            }
            _ => None,
        }
    }

    /// Whether its names are columns or paths, by the format of the file.
    pub(super) fn has_shared_names(&self) -> bool {
        matches!(self.combination, Combination::Sum(_) | Combination::Concat(_))
    }

    /// Whether the export may lack all columns or paths: it is declared, or there is a default.
    /// A default is not enough where every order needs a value.
    pub(super) fn may_be_missing(&self) -> bool {
        self.is_optional || self.default_value.is_some()
    }

    /// The fields of which each item must have one.
    pub(super) fn needed_fields(&self) -> &[ItemField] {
        if self.may_be_missing() { &[] } else { &self.fields }
    }

    /// Adds texts that count as empty in the whole profile.
    pub(super) fn add_nulls(&mut self, nulls: &[String]) {
        self.empty.extend_from_slice(nulls);
        if let Some(companion) = &mut self.companion {
            companion.add_nulls(nulls);
        }
    }

    /// Sets what becomes of an order with a value that the rule cannot take.
    pub(super) fn set_attributes(&mut self, attributes: GuestAttributes) {
        self.attributes = attributes;
    }

    /// Lets no step hide a placeholder for an identifier, which is a problem.
    pub(super) fn keep_placeholders(&mut self) {
        if let Some(text_steps) = &mut self.text_steps {
            text_steps.keep_placeholders();
        }
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
        number.add_marks(marks)?;
        // Of a wildcard, the export may have other fields that are numbers.
        let is_number = field.is_some()
            || matches!(self.extension_type, Some(ExtensionType::Integer | ExtensionType::Float));
        if let Some(text_steps) = self.text_steps.as_ref().filter(|_| is_number) {
            number.check_text_steps(text_steps)?;
        }
        if field.is_some_and(Field::is_amount) {
            number.add_symbols(symbols);
        }
        let is_converted =
            number.is_declared() || number.has_symbols() || self.text_steps.is_some();
        self.number = Some(number).filter(|_| is_converted && !self.has_constants());
        Ok(())
    }

    /// A rule that reads amounts with symbols, for cells that no rule reads; none if amounts have no
    /// symbols.
    pub(super) fn of_amounts(marks: NumberMarks, symbols: &CurrencySymbols) -> Option<Self> {
        let number = NumberFormat::with_symbols(marks, symbols);
        (!symbols.is_empty()).then(|| Self { number: Some(number), ..Self::default() })
    }

    /// Whether it converts the values of fields that are numbers.
    pub(super) fn converts_numbers(&self) -> bool {
        self.number.is_some()
    }

    /// The rule for the number of a cell alone, of which nothing beside it is known.
    pub(super) fn of_cell_alone(&self) -> Self {
        let number = self.number.clone().map(NumberFormat::without_beside);
        Self { number, ..self.clone() }
    }

    /// Whether both read the same cells as numbers, and each of them as the same one. For the
    /// comparison with 0 any number of decimals of a scale is the same.
    pub(super) fn agrees_on_numbers(&self, other: &Self, with_zero: bool) -> bool {
        let format = |rule: &Self| rule.number.clone().unwrap_or_default();
        format(self).agrees_with(&format(other), with_zero)
            && self.text_steps == other.text_steps
            && self.table == other.table
    }

    /// The name of the member beside a number that has its number of decimals.
    pub(super) fn scale_member(&self) -> Option<&str> {
        self.number.as_ref()?.scale_member()
    }

    /// The value of empty cells, if there is one.
    pub(super) fn default_text(&self) -> Option<&str> {
        self.default_value.as_deref().filter(|text| !text.is_empty())
    }

    /// The texts that count as empty besides the empty one.
    pub(super) fn empty_texts(&self) -> &[String] {
        &self.empty
    }

    /// Whether a cell with this text counts as empty.
    #[inline]
    pub(super) fn is_empty(&self, text: &str) -> bool {
        text.is_empty() || self.empty.iter().any(|empty| empty == text)
    }

    /// Whether a cell with this text has no value: it counts as empty, as it is or after the text
    /// steps, as `€` and `€ N/A` may without the `€`. A text of which `split` drops the number
    /// has one.
    #[inline]
    pub(super) fn yields_nothing(&self, text: &str) -> bool {
        self.is_empty(text)
            || self.text_steps.is_some()
                && self.after_text_steps(text, &mut ()).is_ok_and(|text| text.is_empty())
                && self.check_dropped_number(text).is_ok()
    }

    /// Whether a cell with this text counts as empty. One of which `pairs` finds no value has a text
    /// all the same.
    pub(super) fn counts_as_empty(&self, text: &str) -> bool {
        let reads_pair = self.text_steps.as_ref().is_some_and(TextSteps::read_pair);
        if reads_pair { self.is_empty(text) } else { self.yields_nothing(text) }
    }

    /// A cell as `split` cuts it, if the rule has it.
    pub(super) fn split<'a>(&'a self, cell: &'a str) -> Option<SplitText<'a>> {
        self.text_steps.as_ref()?.split(cell)
    }

    /// Returns an error if `split` drops a part of a number.
    pub(super) fn check_dropped_number(&self, cell: &str) -> Result<(), String> {
        match (&self.number, self.split(cell)) {
            (Some(number), Some(split)) => {
                number.check_split(&split).map_err(|error| format!("{cell:?}: {error}"))
            }
            _ => Ok(()),
        }
    }

    /// Why no cell has this text after the steps of the rule, if that is so.
    pub(super) fn never_yields(&self, text: &str) -> Option<String> {
        let ignores_case = self.table.as_ref().is_some_and(RuleValues::ignores_case);
        // It may be in another case in a cell, which does not count as empty then.
        let has_other_case = ignores_case && text.to_lowercase() != text.to_uppercase();
        if self.is_empty(text) && !has_other_case {
            return Some(COUNTS_AS_EMPTY.to_owned());
        }
        self.text_steps.as_ref()?.never_yield(text, ignores_case)
    }

    /// Whether texts of the export leave out their order.
    pub(super) fn may_skip(&self) -> bool {
        self.table.as_ref().is_some_and(RuleValues::may_skip)
    }

    /// The texts with which its values are looked up, each with its table and its place there: its
    /// name in `values`, its row in `table`.
    fn looked_up(&self) -> impl Iterator<Item = ([String; 2], &str)> {
        let values = self.table.iter().flat_map(RuleValues::texts);
        let values = values.map(|text| (["values".to_owned(), text.to_owned()], text));
        let table = match &self.combination {
            Combination::Table(table) => Some(table),
            _ => None,
        };
        let of_table = table.into_iter().flat_map(ColumnTable::texts);
        let of_table = of_table.map(|(row, text)| (["table".to_owned(), row.to_string()], text));
        values.chain(of_table)
    }

    /// Refuses texts of a table that no cell has: what they are for would silently not be done.
    pub(super) fn check_looked_up(&self) -> Result<(), KeyErrors> {
        let mut errors = KeyErrors::default();
        for ([table, place], text) in self.looked_up() {
            if let Some(why) = self.never_yields(text) {
                let error = format!("{text:?} is a text that no value is: {why}");
                errors.add_at(&[&table, &place], &error);
            }
        }
        errors.ensure_none()
    }

    /// Whether a filled text has nothing but what is stripped from it or split off.
    pub(super) fn leaves_nothing(&self, text: &str) -> bool {
        !self.is_empty(text)
            && self.text_steps.as_ref().is_some_and(|steps| steps.leave_nothing(text))
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
            && !self.over_rows.is_sum()
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
        !is_declared
            && !self.has_constants()
            && !self.combines()
            && !self.over_rows.is_sum()
            && self.has_source()
    }

    /// Whether all its values are constants of the profile.
    pub(super) fn has_constants(&self) -> bool {
        self.table.as_ref().is_some_and(RuleValues::has_constants_only)
            || matches!(self.combination, Combination::Table(_))
    }

    /// Whether its tables and dates may see another text than that of the cell.
    pub(super) fn changes_texts(&self) -> bool {
        self.text_steps.is_some() || self.table.as_ref().is_some_and(RuleValues::ignores_case)
    }

    /// The provider of this name, whose identifiers this rule yields.
    pub(super) fn provider(&self, name: &str) -> Provider {
        Provider::new(name, self.kind.map(ValueKind::of_identifiers))
    }
}

const COUNTS_AS_EMPTY: &str = "it counts as empty (nulls, empty); expected default for such cells, \
                               \"\" in a table of several columns, or a [[skip]] with empty = true";

/// Compiles the rule of the zone of a date, if each row has one.
fn zone_rule(date: &RuleText) -> Result<Option<Box<Rule>>, KeyErrors> {
    match &date.zone {
        Some(ZoneText::Rule(zone)) => companion_rule(zone, date, Companion::Zone),
        Some(ZoneText::Name(_)) | None => Ok(None),
    }
}

/// Compiles the rule of the country of a phone number, if each row has one.
fn country_rule(phone: &RuleText) -> Result<Option<Box<Rule>>, KeyErrors> {
    match &phone.country {
        Some(CountryText::Rule(country)) => companion_rule(country, phone, Companion::Country),
        Some(CountryText::Code(_)) | None => Ok(None),
    }
}

fn companion_rule(
    text: &RuleText,
    of: &RuleText,
    companion: Companion,
) -> Result<Option<Box<Rule>>, KeyErrors> {
    let mut errors = KeyErrors::default();
    errors.keep_below(&[], companion.check(text, of));
    let rule = errors.keep_below(&[], Rule::new(text.clone(), DateUse::None));
    errors.ensure_none()?;
    Ok(rule.map(|rule| Box::new(Rule { number: None, ..rule })))
}

#[cfg(test)]
mod tests {
    use super::{super::rule_result::RuleResult, *};
    use crate::model::problem::Code;

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
        let zoned =
            |date: &str| rule(&format!("column = 'c'\ndate = {date}\nzone = 'Europe/Berlin'"));
        for date in ["'epoch'", "'iso8601'", "['%F %T %z', 'iso8601']"] {
            let error = zoned(date).unwrap_err();
            assert!(error.starts_with("zone: has a zone, but every date has an offset"), "{error}");
        }
        assert!(zoned("['%F %T', '%F %T %z', 'epoch']").is_ok());
        assert!(zoned("'%F %T %z'").is_ok());
        rule("column = 'c'\ndate = '%F %T UTC'\nzone = 'UTC'").unwrap();
    }

    #[test]
    fn invalid_rule_is_refused() {
        assert!(rule("default = 'x'").unwrap_err().contains("no column"));
        assert!(rule("value = 'x'\ncolumn = 'c'").unwrap_err().contains("a default"));
        assert!(rule("column = 'c'\ntype = 'decimal'").unwrap_err().contains("unknown type"));
        assert!(rule("column = 'c'\nzone = 'UTC'").unwrap_err().contains("no date"));
        insta::assert_snapshot!(rule("date = '%q'\nzone = 'x'\ntype = 'y'\ncountry = 'z'").unwrap_err(), @r#"
        zone: unknown time zone "x"; expected a region such as "Europe/London"
        date: date format "%q" has no whole date; expected a year, a month and a day
        has a country, but no kind = "phone"
        type: unknown type "y"; expected string, boolean, integer or float
        has no column, no path and no value
        "#);
    }
}
