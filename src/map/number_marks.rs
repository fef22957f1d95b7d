//! Marks of numbers: the decimal mark and the mark between groups of digits, as a profile declares
//! them, and what a text is with them.
//!
//! Never recognises a mark: `1.250` is one and a quarter or one thousand two hundred and fifty. Used
//! by `number`, `split_number` and conditions.

use std::borrow::Cow;

use super::key_errors::KeyError;
use crate::model::money::Amount;

/// The marks of numbers, as far as they are declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct NumberMarks {
    decimal: Option<char>,
    thousands: Option<Thousands>,
}

/// What is between groups of three digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thousands {
    /// A mark.
    Mark(char),
    /// Nothing: it is declared that there are no groups.
    None,
}

impl NumberMarks {
    /// Compiles the marks of a profile or a rule.
    pub(super) fn new(decimal: Option<&str>, thousands: Option<&str>) -> Result<Self, KeyError> {
        Ok(Self {
            decimal: decimal.map(|mark| mark_char("decimal", mark)).transpose()?,
            thousands: thousands
                .map(|mark| match mark {
                    "" => Ok(Thousands::None),
                    mark => mark_char("thousands", mark).map(Thousands::Mark),
                })
                .transpose()?,
        })
    }

    /// These marks, and those of the whole profile where they say nothing.
    pub(super) fn or(self, profile: Self) -> Result<Self, String> {
        let marks = Self {
            decimal: self.decimal.or(profile.decimal),
            thousands: self.thousands.or(profile.thousands),
        };
        if marks.thousands_char() == Some(marks.decimal_char()) {
            let mark = marks.decimal_char();
            let default = if marks.decimal.is_none() { ", decimal by default" } else { "" };
            return Err(format!(
                "decimal and thousands are both {mark:?}{default}; expected two marks, such as \
                 decimal = \",\" and thousands = \".\""
            ));
        }
        Ok(marks)
    }

    /// Whether the profile declares a mark.
    pub(super) fn are_declared(self) -> bool {
        self.decimal.is_some() || self.thousands.is_some()
    }

    /// Whether the profile declares the decimal mark.
    pub(super) fn declare_decimal(self) -> bool {
        self.decimal.is_some()
    }

    pub(super) fn decimal_char(self) -> char {
        self.decimal.unwrap_or('.')
    }

    pub(super) fn thousands_char(self) -> Option<char> {
        match self.thousands {
            Some(Thousands::Mark(mark)) => Some(mark),
            Some(Thousands::None) | None => None,
        }
    }

    /// Reads a number; `None` if the text is no number with these marks.
    pub(super) fn parse(self, text: &str) -> Option<Amount> {
        if !self.are_declared() {
            return text.parse().ok();
        }
        let (sign, digits) = match text.strip_prefix(is_minus) {
            Some(digits) => ("-", digits),
            None => ("", text.strip_prefix('+').unwrap_or(text)),
        };
        self.to_decimal_point(sign, digits)?.parse().ok()
    }

    /// Returns the sign and the digits with a decimal point; `None` if the text is no number
    /// without a sign in these marks.
    pub(super) fn to_decimal_point(self, sign: &str, text: &str) -> Option<String> {
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(start) => text.split_at(start),
            None => (text, ""),
        };
        let (whole, fraction) = match mantissa.split_once(self.decimal_char()) {
            Some((whole, fraction)) => (self.ungrouped(whole)?, Some(fraction)),
            None => (self.ungrouped(mantissa)?, None),
        };
        let fraction_digits = fraction.unwrap_or_default();
        let has_digits = !whole.is_empty() || !fraction_digits.is_empty();
        if !has_digits || !fraction_digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let point = if fraction.is_some() { "." } else { "" };
        // Not `format!`, whose formatter takes longer than all else that is done with a price.
        let mut number = String::with_capacity(sign.len() + text.len());
        number.extend([sign, &whole, point, fraction_digits, exponent]);
        Some(number)
    }

    /// Returns the digits before the decimal mark: groups of three after the first, or no groups.
    fn ungrouped(self, whole: &str) -> Option<Cow<'_, str>> {
        let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let is_mark = |character: char| self.is_thousands_mark(character);
        if !whole.contains(is_mark) {
            return are_digits(whole).then_some(Cow::Borrowed(whole));
        }
        let mut groups = whole.split(is_mark);
        // No writer groups a number below one thousand: the mark of `0.250` is a decimal mark.
        let may_be_first = |first: &&str| matches!(first.len(), 1..=3) && !first.starts_with('0');
        let first = groups.next().filter(may_be_first)?;
        let are_groups = groups.all(|group| group.len() == 3 && are_digits(group));
        (are_digits(first) && are_groups).then(|| Cow::Owned(whole.replace(is_mark, "")))
    }

    /// Whether a text may be between groups of digits: it is usual there, and no other mark is
    /// declared.
    pub(super) fn may_group(self, text: &str) -> bool {
        let is_usual = text.trim().is_empty() || matches!(text, "," | "." | "'" | "\u{2019}");
        let is_declared = || text.chars().all(|c| self.is_thousands_mark(c));
        is_usual && (self.thousands.is_none() || is_declared())
    }

    /// Whether a text is one of the marks.
    pub(super) fn has(self, text: &str) -> bool {
        let mut characters = text.chars();
        let only = characters.next().filter(|_| characters.next().is_none());
        only.is_some_and(|c| c == self.decimal_char() || self.is_thousands_mark(c))
    }

    pub(super) fn is_thousands_mark(self, character: char) -> bool {
        match self.thousands_char() {
            // What typographers and programs write for a blank within a number.
            Some(' ') => matches!(character, ' ' | '\u{a0}' | '\u{202f}'),
            mark => mark == Some(character),
        }
    }

    pub(super) fn expected(self) -> String {
        let decimal = self.decimal_char();
        match self.thousands_char() {
            Some(thousands) => format!(
                "a number with {decimal:?} before its decimals and {thousands:?} between groups of \
                 three digits"
            ),
            None => format!("a number with {decimal:?} before its decimals and no other mark"),
        }
    }
}

fn mark_char(key: &'static str, mark: &str) -> Result<char, KeyError> {
    let mut characters = mark.chars();
    match (characters.next(), characters.next()) {
        (Some(mark), None)
            if !mark.is_alphanumeric() && !is_minus(mark) && !matches!(mark, '+' | '(' | ')') =>
        {
            Ok(mark)
        }
        _ => {
            let error = format!("invalid {key} {mark:?}; expected one character such as \",\"");
            Err((key, error))
        }
    }
}

pub(super) fn is_minus(character: char) -> bool {
    matches!(character, '-' | '\u{2212}')
}

/// Whether people may write a minus so. As a sign only a minus is read.
pub(super) fn is_dash(character: char) -> bool {
    is_minus(character) || matches!(character, '\u{2013}' | '\u{2014}')
}
