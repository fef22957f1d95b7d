//! Forms of numbers: which marks and symbols the numbers of a column have, as far as they show.
//!
//! Converts none: `1.250` stays ambiguous. Called by `values`.

use std::collections::BTreeSet;

/// What the numbers of a column show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct NumberForms {
    /// Numbers with a point, or a comma, that can only be a decimal mark.
    pub(super) n_decimal_point: usize,
    pub(super) n_decimal_comma: usize,
    /// Numbers whose only mark may be of either kind, such as `1.250`.
    pub(super) n_ambiguous: usize,
    /// Numbers of digits alone.
    pub(super) n_integers: usize,
    pub(super) n_negative: usize,
    /// The marks between groups of three digits.
    pub(super) thousands: BTreeSet<char>,
    /// Symbols and codes of currencies beside the numbers.
    pub(super) symbols: BTreeSet<String>,
    /// Negative numbers in parentheses, or with a minus behind them.
    pub(super) has_parentheses: bool,
    pub(super) has_trailing_minus: bool,
}

impl NumberForms {
    /// Adds a text; returns whether it is a number.
    pub(super) fn add(&mut self, text: &str) -> bool {
        let Some(number) = NumberParts::split(text) else { return false };
        let Some(marks) = NumberMarkReading::of(number.digits) else { return false };
        match marks.decimal {
            MarkReading::None => self.n_integers += 1,
            MarkReading::Ambiguous => self.n_ambiguous += 1,
            MarkReading::Point => self.n_decimal_point += 1,
            MarkReading::Comma => self.n_decimal_comma += 1,
        }
        self.thousands.extend(marks.thousands);
        self.symbols.extend(number.symbol.map(str::to_owned));
        self.n_negative += usize::from(number.is_negative);
        self.has_parentheses |= number.has_parentheses;
        self.has_trailing_minus |= number.has_trailing_minus;
        true
    }

    /// Whether the numbers are amounts rather than counts or identifiers.
    pub(super) fn has_decimals(&self) -> bool {
        self.n_decimal_point + self.n_decimal_comma + self.n_ambiguous > 0
    }
}

/// A text with a number, in its parts.
struct NumberParts<'t> {
    digits: &'t str,
    symbol: Option<&'t str>,
    is_negative: bool,
    has_parentheses: bool,
    has_trailing_minus: bool,
}

impl<'t> NumberParts<'t> {
    fn split(text: &'t str) -> Option<Self> {
        let text = text.trim();
        let within = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
        let has_parentheses = within.is_some();
        let text = within.unwrap_or(text);
        let first = text.find(|c: char| c.is_ascii_digit())?;
        let last = text.rfind(|c: char| c.is_ascii_digit())?;
        let (before, digits, after) = (&text[..first], &text[first..=last], &text[last + 1..]);
        let has_trailing_minus = after.ends_with('-');
        let is_sign = |c: char| c == '-' || c == '+' || c.is_whitespace();
        let (prefix, suffix) = (before.trim_matches(is_sign), after.trim_matches(is_sign));
        let symbol = match (prefix, suffix) {
            ("", "") => None,
            (symbol, "") | ("", symbol) => Some(symbol),
            _ => return None,
        };
        if symbol.is_some_and(|symbol| !is_currency(symbol)) {
            return None;
        }
        let is_negative = has_parentheses || has_trailing_minus || before.contains('-');
        Some(Self { digits, symbol, is_negative, has_parentheses, has_trailing_minus })
    }
}

/// Whether a text beside a number is a currency: its sign, its code or an abbreviation.
fn is_currency(text: &str) -> bool {
    const ABBREVIATIONS: [&str; 9] = ["kr", "kr.", "zł", "Kč", "Ft", "lei", "Rs", "Rs.", "Fr."];
    let is_sign = |c: char| matches!(c, '$' | '€' | '£' | '¥' | '₹' | '₽' | '₺' | '₩' | '₫' | '₴');
    let is_code = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    is_code || ABBREVIATIONS.contains(&text) || text.chars().count() <= 4 && text.contains(is_sign)
}

enum MarkReading {
    None,
    Point,
    Comma,
    Ambiguous,
}

/// The marks between the digits of a number.
struct NumberMarkReading {
    decimal: MarkReading,
    thousands: Option<char>,
}

impl NumberMarkReading {
    /// `None` if the text is no number, or rather an identifier, such as one that begins with zeros.
    fn of(digits: &str) -> Option<Self> {
        let is_mark = |c: char| !c.is_ascii_digit();
        let allowed = |c: char| matches!(c, '.' | ',' | '\'' | '’' | ' ' | '\u{a0}' | '\u{202f}');
        let marks: Vec<char> = digits.chars().filter(|c| is_mark(*c)).collect();
        let parts: Vec<&str> = digits.split(is_mark).collect();
        let (first, last) = (parts[0], parts[parts.len() - 1]);
        if !marks.iter().copied().all(allowed) || first.len() > 1 && first.starts_with('0') {
            return None;
        }
        let are_groups = |parts: &[&str]| {
            (1..=3).contains(&parts[0].len()) && parts[1..].iter().all(|part| part.len() == 3)
        };
        let thousands = |mark: char| Some(if mark.is_whitespace() { ' ' } else { mark });
        let decimal = |mark: char| match mark {
            '.' => Some(MarkReading::Point),
            ',' => Some(MarkReading::Comma),
            _ => None,
        };
        let Some(mark) = marks.last().copied() else {
            let is_amount = digits.len() <= 12;
            return is_amount.then_some(Self { decimal: MarkReading::None, thousands: None });
        };
        let others = &marks[..marks.len() - 1];
        if others.is_empty() {
            let may_be_group = last.len() == 3 && are_groups(&parts) && first != "0";
            return Some(match decimal(mark) {
                Some(_) if may_be_group => {
                    Self { decimal: MarkReading::Ambiguous, thousands: None }
                }
                Some(decimal) => Self { decimal, thousands: None },
                None if may_be_group => {
                    Self { decimal: MarkReading::None, thousands: thousands(mark) }
                }
                None => return None,
            });
        }
        let other = others[0];
        if others.iter().any(|one| *one != other) {
            return None;
        }
        if other == mark {
            let decimal = MarkReading::None;
            return are_groups(&parts).then_some(Self { decimal, thousands: thousands(mark) });
        }
        let has_groups = are_groups(&parts[..parts.len() - 1]);
        let decimal = decimal(mark).filter(|_| has_groups)?;
        Some(Self { decimal, thousands: thousands(other) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn forms(texts: &[&str]) -> Option<NumberForms> {
        let mut forms = NumberForms::default();
        texts.iter().all(|text| forms.add(text)).then_some(forms)
    }

    #[test]
    fn marks_are_found_where_they_show() {
        let german = forms(&["1.234,50", "5,90", "-12,00 €", "1.000"]).unwrap();
        assert_eq!((german.n_decimal_comma, german.n_decimal_point, german.n_ambiguous), (3, 0, 1));
        assert_eq!(german.thousands, BTreeSet::from(['.']));
        assert_eq!(german.symbols, BTreeSet::from(["€".to_owned()]));
        assert_eq!(german.n_negative, 1);
        let other = forms(&["AU $1,234.50", "(30.00)", "12.00-", "1 234.5", "7"]).unwrap();
        assert_eq!((other.n_decimal_point, other.n_integers, other.n_negative), (4, 1, 2));
        assert_eq!(other.thousands, BTreeSet::from([' ', ',']));
        assert!(other.has_parentheses && other.has_trailing_minus);
    }

    #[test]
    fn identifiers_and_texts_are_no_numbers() {
        for text in ["", "00123", "A-17", "10.10.2026", "1.2.3", "4 pcs", "+49 30 123456", "1e5"] {
            assert_eq!(forms(&[text]), None, "{text}");
        }
        assert_eq!(forms(&["1,250", "0.250"]).unwrap().n_ambiguous, 1);
    }
}
