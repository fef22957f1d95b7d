//! Numbers: how a profile declares that an export writes them, and their conversion to digits with
//! a decimal point.
//!
//! Marks are declared and never recognised: `1.250` is one and a quarter or one thousand two
//! hundred and fifty. Keeps all digits. Compiled and applied by `rule`.

use std::borrow::Cow;

use super::{
    currency_symbols::{CurrencySymbols, SymbolSplit},
    key_errors::{KeyError, WHOLE_RULE},
    number_marks::{NumberMarks, is_dash, is_minus},
    rule_text::{
        CurrencyScale, NegativeText, RuleText, ScaleBeside, ScaleDefault, ScaleText, TableValue,
    },
    rule_values::KEEP,
    split_number::{check_dropped, check_separator},
    steps::Steps,
    text_part::SplitText,
    text_steps::TextSteps,
};
use crate::model::{
    draft::Notation,
    field::Field,
    money::{Amount, Currency, minor_units},
};

/// How the numbers of a rule are written.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct NumberFormat {
    marks: NumberMarks,
    negative: Option<NegativeText>,
    scale: Option<ScaleText>,
    /// The symbols that an amount may have.
    symbols: CurrencySymbols,
}

impl NumberFormat {
    /// Compiles the keys of a rule.
    pub(super) fn new(text: &RuleText) -> Result<Self, KeyError> {
        let format = Self {
            marks: NumberMarks::new(text.decimal.as_deref(), text.thousands.as_deref())?,
            negative: text.negative,
            scale: text.scale.clone(),
            symbols: CurrencySymbols::default(),
        };
        let keeps = matches!(&text.other, Some(TableValue::Text(other)) if other == KEEP);
        if format.is_declared() && text.values.is_some() && !keeps {
            let error = "has values, which are no numbers of the export, and decimal, thousands, \
                         negative or scale";
            return Err((WHOLE_RULE, error.into()));
        }
        match &text.scale {
            Some(ScaleText::Beside(_)) if text.path.is_none() && text.sum.is_none() => {
                Err((WHOLE_RULE, "has a scale beside its path, but no path".into()))
            }
            Some(ScaleText::Decimals(MORE_DECIMALS..)) => {
                Err(("scale", format!("has a scale of more than {MAX_DECIMALS} decimals")))
            }
            _ => Ok(format),
        }
    }

    /// That of amounts with these marks and symbols.
    pub(super) fn with_symbols(marks: NumberMarks, symbols: &CurrencySymbols) -> Self {
        Self { marks, negative: None, scale: None, symbols: symbols.clone() }
    }

    /// Whether the profile says anything about these numbers.
    pub(super) fn is_declared(&self) -> bool {
        self.marks.are_declared() || self.negative.is_some() || self.scale.is_some()
    }

    /// Whether it is declared what a point in these numbers means.
    pub(super) fn declares_point(&self) -> bool {
        self.marks.are_declared() || self.scale.is_some()
    }

    /// Adds the currency symbols of the whole profile.
    pub(super) fn add_symbols(&mut self, symbols: &CurrencySymbols) {
        self.symbols = symbols.clone();
    }

    /// Whether amounts may have symbols of currencies.
    pub(super) fn has_symbols(&self) -> bool {
        !self.symbols.is_empty()
    }

    /// Adds the marks of the whole profile.
    pub(super) fn add_marks(&mut self, profile: NumberMarks) -> Result<(), String> {
        self.marks = self.marks.or(profile)?;
        Ok(())
    }

    /// Returns an error if a value of this field, or of a wildcard's fields, cannot have the scale.
    /// Only prices have a currency.
    pub(super) fn check_scale(&self, field: Option<&Field>) -> Result<(), String> {
        if field.is_none() && self.scale.is_some() {
            return Err(
                "has a scale, but it is a wildcard; give the field a rule of its own".into()
            );
        }
        let needs_currency = match &self.scale {
            Some(ScaleText::Currency(_)) => true,
            Some(ScaleText::Beside(ScaleBeside { default, .. })) => {
                matches!(default, Some(ScaleDefault::Currency(_)))
            }
            Some(ScaleText::Decimals(_)) | None => false,
        };
        if needs_currency && !field.is_some_and(Field::is_amount) {
            return Err("has scale = \"currency\", but its field is not a price".into());
        }
        Ok(())
    }

    /// The name of the member beside the number that has its number of decimals.
    pub(super) fn scale_member(&self) -> Option<&str> {
        match &self.scale {
            Some(ScaleText::Beside(scale)) => Some(&scale.beside),
            _ => None,
        }
    }

    /// Reads a number: returns its digits with a decimal point, and how far they are known. `strip`
    /// removes what the rule strips; `beside` is the text of [`scale_member`](Self::scale_member).
    /// An error is a message.
    pub(super) fn read<'a>(
        &self,
        text: &'a str,
        notation: Notation,
        beside: Option<&str>,
        strip: impl Fn(&'a str) -> &'a str,
    ) -> Result<(Cow<'a, str>, Notation), String> {
        let (currency, digits) = match notation {
            Notation::JsonNumber => (None, Cow::Borrowed(text)),
            _ => self.read_text(text, strip)?,
        };
        // `12.000` is 12 with decimals or 12000 of the minor unit.
        if self.scale.is_some() && notation == Notation::Text && digits.contains('.') {
            return Err(not_minor_units(text));
        }
        let notation = if notation == Notation::Text && self.marks.are_declared() {
            Notation::Declared
        } else {
            notation
        };
        let (digits, notation) = match (self.decimals(beside)?, currency) {
            (None, _) => (digits, notation),
            (Some(ScaleDefault::Currency(_)), None) => return Ok((digits, Notation::MinorUnits)),
            // The symbol says whose minor unit it is.
            (Some(ScaleDefault::Currency(_)), Some(currency)) => {
                (scaled(text, &digits, minor_units(currency.as_str()))?, Notation::Declared)
            }
            (Some(ScaleDefault::Decimals(decimals)), _) => {
                (scaled(text, &digits, decimals)?, Notation::Declared)
            }
        };
        let with_currency =
            |currency| Notation::WithCurrency { currency, is_declared: self.declares_point() };
        Ok((digits, currency.map_or(notation, with_currency)))
    }

    /// The same without the member beside the number: how many decimals it has is not known.
    pub(super) fn without_beside(mut self) -> Self {
        if let Some(ScaleText::Beside(_)) = self.scale {
            self.scale = Some(ScaleText::Currency(CurrencyScale::Currency));
        }
        self
    }

    /// Whether both read the same texts, and each as the same number. For the comparison `with_zero`
    /// any number of decimals of a scale is the same.
    pub(super) fn agrees_with(&self, other: &Self, with_zero: bool) -> bool {
        let written = |format: &Self| {
            let marks = format.marks;
            let has_scale = format.scale.is_some();
            (marks.decimal_char(), marks.thousands_char(), format.negative, has_scale)
        };
        written(self) == written(other) && (with_zero || self.scale == other.scale)
    }

    /// How [`read`](Self::read) reads a number, in words.
    pub(super) fn add_steps(
        &self,
        text: &str,
        notation: Notation,
        beside: Option<&str>,
        steps: &mut impl Steps,
    ) {
        if notation != Notation::JsonNumber {
            self.add_text_steps(text, steps);
        }
        match self.decimals(beside) {
            Ok(Some(ScaleDefault::Decimals(decimals))) => {
                steps.add(|| format!("in minor units of {decimals} decimals"));
            }
            Ok(Some(ScaleDefault::Currency(_))) => {
                steps.add(|| "in minor units of its currency".to_owned());
            }
            Ok(None) | Err(_) => {}
        }
    }

    fn add_text_steps(&self, text: &str, steps: &mut impl Steps) {
        let is_mark = |character: char| self.marks.is_thousands_mark(character);
        steps.add(|| match self.marks.thousands_char() {
            Some(mark) if text.contains(is_mark) => format!("{mark:?} between thousands"),
            _ => String::new(),
        });
        if self.has_symbols() {
            steps.add(|| match self.symbols.currency_of(text) {
                Ok(currency) => format!("in {}", currency.as_str()),
                Err(_) => String::new(),
            });
        }
        steps.add(|| match self.marks.decimal_char() {
            decimal if decimal != '.' && text.contains(decimal) => {
                format!("{decimal:?} before decimals")
            }
            _ => String::new(),
        });
        match self.negative {
            Some(NegativeText::Parentheses) if text.starts_with('(') => {
                steps.add(|| "parentheses as a minus".to_owned());
            }
            Some(NegativeText::TrailingMinus) if text.ends_with(is_minus) => {
                steps.add(|| "the minus behind it".to_owned());
            }
            _ => {}
        }
    }

    fn read_text<'a>(
        &self,
        text: &'a str,
        strip: impl Fn(&'a str) -> &'a str,
    ) -> Result<(Option<Currency>, Cow<'a, str>), String> {
        // A sign is outside of a stripped symbol or within: -$12.00, ($12.00), $-12.00.
        let (outer, rest) = self.take_sign(text);
        let stripped = strip(rest).trim();
        let SymbolSplit { currency, rest: stripped } = self.split_symbols(stripped)?;
        let (sign, number) = match outer {
            None => self.take_sign(stripped),
            outer => (outer, stripped),
        };
        let sign = if sign == Some(Sign::Minus) { "-" } else { "" };
        if self.marks.are_declared() {
            let digits = self
                .marks
                .to_decimal_point(sign, number)
                .ok_or_else(|| format!("{text:?} is not {}", self.marks.expected()))?;
            return Ok((currency, Cow::Owned(digits)));
        }
        // `validate` reports a text that is no number, as it is in the export.
        let is_number = number.starts_with(|c: char| c.is_ascii_digit() || c == '.')
            && !number.ends_with(|c: char| !c.is_ascii_digit() && c != '.');
        let digits = match sign {
            "" => number.into(),
            _ if is_number => Cow::Owned(format!("-{number}")),
            _ => Cow::Borrowed(text),
        };
        Ok((currency, digits))
    }

    fn split_symbols<'a>(&self, text: &'a str) -> Result<SymbolSplit<'a>, String> {
        if self.symbols.is_empty() {
            return Ok(SymbolSplit { currency: None, rest: text });
        }
        self.symbols.split(text)
    }

    fn take_sign<'a>(&self, text: &'a str) -> (Option<Sign>, &'a str) {
        if let Some(rest) = text.strip_prefix(is_minus) {
            return (Some(Sign::Minus), rest);
        }
        if let Some(rest) = text.strip_prefix('+') {
            return (Some(Sign::Plus), rest);
        }
        let rest = match self.negative {
            Some(NegativeText::Parentheses) => {
                text.strip_prefix('(').and_then(|text| text.strip_suffix(')'))
            }
            Some(NegativeText::TrailingMinus) => text.strip_suffix(is_minus),
            None => None,
        };
        rest.map_or((None, text), |rest| (Some(Sign::Minus), rest))
    }

    /// The number of decimals of minor units, if the numbers are in minor units.
    fn decimals(&self, beside: Option<&str>) -> Result<Option<ScaleDefault>, String> {
        match (&self.scale, beside) {
            (None, _) => Ok(None),
            (Some(ScaleText::Decimals(decimals)), _) => Ok(Some(ScaleDefault::Decimals(*decimals))),
            (Some(ScaleText::Currency(currency)), _) => Ok(Some(ScaleDefault::Currency(*currency))),
            (Some(ScaleText::Beside(ScaleBeside { beside: member, .. })), Some(text)) => {
                match text.parse() {
                    Ok(decimals @ 0..=MAX_DECIMALS) => Ok(Some(ScaleDefault::Decimals(decimals))),
                    _ => Err(format!("invalid number of decimals {text:?} in {member:?}")),
                }
            }
            (Some(ScaleText::Beside(ScaleBeside { beside: member, default })), None) => {
                match default {
                    Some(default) => Ok(Some(*default)),
                    None => Err(format!("the amount has no {member:?} beside it")),
                }
            }
        }
    }
}

/// Maximum decimals of a minor unit; currencies have at most 4, and crypto currencies 18.
pub(super) const MAX_DECIMALS: u32 = 18;
const MORE_DECIMALS: u32 = MAX_DECIMALS + 1;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Plus,
    Minus,
}

/// The amount of a number in minor units. An error is a message about the whole text.
fn scaled<'a>(text: &str, digits: &str, decimals: u32) -> Result<Cow<'a, str>, String> {
    let amount: Amount = digits.parse().map_err(|error| format!("{text:?} is {error}"))?;
    let scaled = amount.from_minor_units(decimals).ok_or_else(|| not_minor_units(text))?;
    Ok(Cow::Owned(scaled.to_string()))
}

fn not_minor_units(text: &str) -> String {
    format!("{text:?} has decimals, but the profile's scale says that it is in minor units")
}

impl NumberFormat {
    /// Returns an error if a text that the rule strips or splits at may be a part of a number:
    /// without its sign a refund would be a sale.
    pub(super) fn check_text_steps(&self, text_steps: &TextSteps) -> Result<(), String> {
        if text_steps.pads() {
            return Err("has pad_left, but its field is a number".into());
        }
        let [prefix, suffix] = text_steps.affixes();
        let has_dash = suffix.is_some_and(|suffix| suffix.contains(is_minus));
        if self.negative == Some(NegativeText::TrailingMinus) && has_dash {
            return Err(
                "strips a minus at the end, which negative = \"trailing_minus\" reads".into()
            );
        }
        check_affixes(prefix, suffix, self.marks)?;
        text_steps
            .separators()
            .try_for_each(|(key, separator)| check_separator(key, separator, self.marks))
    }

    /// Returns an error if what `split` drops of a cell may be a part of the number.
    pub(super) fn check_split(&self, split: &SplitText<'_>) -> Result<(), String> {
        check_dropped(split, self.marks, &self.symbols)
    }
}

fn check_affixes(
    prefix: Option<&str>,
    suffix: Option<&str>,
    marks: NumberMarks,
) -> Result<(), String> {
    let is_digit = |c: char| c.is_ascii_digit();
    let is_mark = |c: char| matches!(c, '.' | ',') || c == marks.decimal_char();
    let cuts_whole =
        prefix.is_some_and(|prefix| prefix.trim_end_matches(is_mark).ends_with(is_digit));
    // `20` without the suffix `0` is 2, and `1.000` without `.000` may be 1. A suffix `.00` has no
    // value.
    let cuts_end = suffix.is_some_and(|suffix| {
        let behind_mark = suffix.trim_start_matches(is_mark);
        let digits =
            &behind_mark[..behind_mark.find(|c| !is_digit(c)).unwrap_or(behind_mark.len())];
        let is_group = suffix.starts_with(|c| marks.is_thousands_mark(c)) && !digits.is_empty();
        suffix.starts_with(is_digit) || is_group || digits.contains(|c| c != '0')
    });
    if cuts_whole || cuts_end {
        return Err("strips digits of a number".into());
    }
    // `30.00 CR` is a credit in accounts.
    let is_credit =
        |text: &str| text.split(|c: char| !c.is_alphabetic()).any(|w| w.eq_ignore_ascii_case("cr"));
    let is_sign = |text: &str| text.contains(['(', ')']) || is_credit(text);
    let is_sign_before = |prefix: &&str| is_sign(prefix) || prefix.contains(is_dash);
    let is_sign_behind = |suffix: &&str| {
        // `590,-` ends with a mark and a dash in the place of decimals.
        let before_dash = suffix.trim_end_matches(is_dash);
        let ends_with_minus = before_dash != *suffix && !before_dash.ends_with([',', '.']);
        is_sign(suffix) || ends_with_minus || suffix.trim_start().starts_with(is_dash)
    };
    let prefix = prefix.filter(is_sign_before).map(|prefix| ("strip_prefix", prefix));
    let strips =
        prefix.or_else(|| suffix.filter(is_sign_behind).map(|suffix| ("strip_suffix", suffix)));
    match strips {
        Some((key, affix)) => Err(format!(
            "{key} = {affix:?} would strip the sign of a negative number\n  hint: write negative = \
             \"parentheses\" or \"trailing_minus\""
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(keys: &str, marks: (&str, &str)) -> Result<NumberFormat, String> {
        let text: RuleText = toml::from_str(&format!("path = 'a.amount'\n{keys}")).unwrap();
        let (decimal, thousands) = marks;
        let given = |mark: &str| (!mark.is_empty()).then(|| mark.to_owned());
        let (decimal, thousands) = (given(decimal), given(thousands));
        let message = |(_, message): KeyError| message;
        let mut format = NumberFormat::new(&text).map_err(message)?;
        let marks = NumberMarks::new(decimal.as_deref(), thousands.as_deref());
        format.add_marks(marks.map_err(message)?)?;
        Ok(format)
    }

    /// What a format reads, with `€` and `$` as symbols that the rule strips.
    fn read(format: &NumberFormat, text: &str) -> String {
        let strip = |text| strip_symbols(text);
        match format.read(text, Notation::Text, None, strip) {
            Ok((digits, notation)) => format!("{digits} {notation:?}"),
            Err(message) => message,
        }
    }

    fn strip_symbols(text: &str) -> &str {
        text.trim_start_matches('$').trim_end_matches('\u{20ac}').trim()
    }

    #[test]
    fn declared_marks_are_read() {
        let read =
            |decimal, thousands, text| read(&format("", (decimal, thousands)).unwrap(), text);
        for (decimal, thousands, text, expected) in [
            (",", ".", "1.234,50", "1234.50"),
            (",", ".", "1.234.567", "1234567"),
            (",", ".", "5,90 \u{20ac}", "5.90"),
            (",", ".", "250.000", "250000"),
            (",", ".", "1234,5", "1234.5"),
            (",", "", "1234,50", "1234.50"),
            (",", " ", "1 234,50", "1234.50"),
            (",", " ", "1\u{a0}234\u{202f}567,50", "1234567.50"),
            (".", ",", "$1,234.50", "1234.50"),
            ("", ",", "$1,234", "1234"),
            (".", "'", "12'000.00", "12000.00"),
            (",", ".", "-1.234,50", "-1234.50"),
            (",", ".", "\u{2212}1.234,50", "-1234.50"),
            (",", ".", ",5", ".5"),
            (",", ".", "0,250", "0.250"),
            (",", ".", "100.250", "100250"),
            (",", ".", "1,5E+3", "1.5E+3"),
        ] {
            assert_eq!(read(decimal, thousands, text), format!("{expected} Declared"), "{text}");
        }
        for (decimal, thousands, text) in [
            (",", ".", "12.50"),
            (",", ".", "1.23.456,00"),
            (",", ".", "1234.567,00"),
            (",", ".", "1.234.56"),
            (",", ".", ".123,00"),
            (",", ".", "0.250"),
            (",", ".", "001.250"),
            (",", " ", "0 250,00"),
            (".", ",", "-0,250"),
            (",", "", "1.234,50"),
            (",", ".", "1,2,3"),
            (",", ".", "--5"),
            (",", ".", ","),
            (",", ".", "(5,00)"),
            (".", ",", "1,234,50"),
        ] {
            let message = read(decimal, thousands, text);
            assert!(message.contains("is not a number with"), "{text}: {message}");
        }
    }

    #[test]
    fn negative_numbers_have_a_declared_form() {
        let read = |negative: &str, text| {
            let keys = if negative.is_empty() {
                String::new()
            } else {
                format!("negative = '{negative}'")
            };
            read(&format(&keys, ("", "")).unwrap(), text)
        };
        assert_eq!(read("", "-$12.00"), "-12.00 Text");
        assert_eq!(read("", "$-12.00"), "-12.00 Text");
        // `validate` reports these as no numbers.
        assert_eq!(read("", "($12.00)"), "($12.00) Text");
        assert_eq!(read("", "12.00-"), "12.00- Text");
        assert_eq!(read("parentheses", "($30.00)"), "-30.00 Text");
        assert_eq!(read("parentheses", "$(30.00)"), "-30.00 Text");
        assert_eq!(read("parentheses", "30.00"), "30.00 Text");
        assert_eq!(read("parentheses", "(-30.00)"), "(-30.00) Text");
        assert_eq!(read("trailing_minus", "5.00 kr-"), "5.00 kr- Text");
        assert_eq!(read("trailing_minus", "12.00-"), "-12.00 Text");
        assert_eq!(read("trailing_minus", "12.00-\u{20ac}"), "-12.00 Text");
        assert_eq!(read("trailing_minus", "-12.00-"), "-12.00- Text");
    }

    #[test]
    fn minor_units_are_whole_numbers() {
        let read = |keys: &str, text, notation, beside| {
            let format = format(keys, ("", "")).unwrap();
            match format.read(text, notation, beside, |text| text) {
                Ok((digits, notation)) => format!("{digits} {notation:?}"),
                Err(message) => message,
            }
        };
        assert_eq!(read("scale = 2", "2199", Notation::Text, None), "21.99 Declared");
        assert_eq!(read("scale = 2", "2199", Notation::JsonNumber, None), "21.99 Declared");
        let decimals =
            "\"21.99\" has decimals, but the profile's scale says that it is in minor units";
        assert_eq!(read("scale = 2", "21.99", Notation::JsonNumber, None), decimals);
        assert!(read("scale = 2", "12.000", Notation::Text, None).contains("has decimals"));
        assert!(
            read("scale = 'currency'", "12.000", Notation::Text, None).contains("has decimals")
        );
        assert!(format("scale = 19", ("", "")).is_err());
        assert_eq!(read("scale = 'currency'", "2199", Notation::Text, None), "2199 MinorUnits");
        let beside = "scale = { beside = 'digits', default = 'currency' }";
        assert_eq!(read(beside, "2199", Notation::Text, Some("3")), "2.199 Declared");
        assert_eq!(read(beside, "2199", Notation::Text, None), "2199 MinorUnits");
        let invalid = read(beside, "2199", Notation::Text, Some("two"));
        assert_eq!(invalid, "invalid number of decimals \"two\" in \"digits\"");
        let missing = read("scale = { beside = 'digits' }", "2199", Notation::Text, None);
        assert_eq!(missing, "the amount has no \"digits\" beside it");
    }

    #[test]
    fn invalid_marks_are_refused() {
        for (marks, message) in [
            ((",", ","), "both ','"),
            (("", "."), "both '.'"),
            (("1", ""), "invalid decimal \"1\""),
            ((",", "--"), "invalid thousands"),
        ] {
            let error = format("", marks).unwrap_err();
            assert!(error.contains(message), "{error}");
        }
        // A rule's marks take precedence over those of the profile.
        let own = format("decimal = '.'\nthousands = ','", (",", ".")).unwrap();
        assert_eq!(read(&own, "1,234.50"), "1234.50 Declared");
        // No mark is a choice too, as the answer to an open question.
        let none = format("thousands = ''", (",", ".")).unwrap();
        assert_eq!(read(&none, "1234,50"), "1234.50 Declared");
        assert!(read(&none, "1.234,50").contains("no other mark"));
    }

    #[test]
    fn stripped_text_is_no_sign() {
        for (prefix, suffix) in [
            ("(", ""),
            ("-", ""),
            ("\u{2212} ", ""),
            ("($", ""),
            ("", ")"),
            ("", "-"),
            ("", " -"),
            ("", "EUR-"),
            ("\u{2013}", ""),
            ("", " CR"),
            ("1", ""),
            ("", "0"),
        ] {
            assert!(
                check_affixes(Some(prefix), Some(suffix), NumberMarks::default()).is_err(),
                "{prefix:?} {suffix:?}"
            );
        }
        for (prefix, suffix) in [
            ("$", ""),
            ("AU $", " \u{20ac}"),
            ("", ",-"),
            ("", ".--"),
            ("kr ", ",- kr"),
            ("", ".00"),
            ("", ",\u{2013}"),
        ] {
            assert_eq!(
                check_affixes(Some(prefix), Some(suffix), NumberMarks::default()),
                Ok(()),
                "{prefix:?} {suffix:?}"
            );
        }
    }
}
