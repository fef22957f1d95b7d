//! Currency symbols (`currency_symbols` of a profile): which currency an amount such as `AU $12.00`
//! says.
//!
//! A symbol means a currency by the table alone: `$` is that of many. A code of three capitals
//! means itself. Used by `number`, which strips them of amounts, and by `value_kind`, which takes
//! the code.

use std::{collections::BTreeMap, sync::Arc};

use super::key_errors::KeyErrors;
use crate::model::money::Currency;

const KEY: &str = "currency_symbols";

/// The symbols and their currencies, the longest symbol first.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct CurrencySymbols(Arc<[(String, Currency)]>);

/// An amount without its symbols, and the currency that they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SymbolSplit<'t> {
    pub(super) currency: Option<Currency>,
    pub(super) rest: &'t str,
}

impl CurrencySymbols {
    /// Compiles the table; `errors` gets its errors.
    pub(super) fn new(table: BTreeMap<String, String>, errors: &mut KeyErrors) -> Self {
        let mut symbols = Vec::new();
        for (symbol, code) in table {
            match (check_symbol(&symbol), code.parse()) {
                (Err(error), _) => errors.add_at(&[KEY, &symbol], &error),
                (Ok(()), Err(_)) => {
                    let error = format!("invalid currency {code:?}; expected one such as EUR");
                    errors.add_at(&[KEY, &symbol], &error);
                }
                (Ok(()), Ok(currency)) => {
                    let symbol = symbol.trim();
                    if is_other_code(symbol, currency) {
                        let error = format!(
                            "{symbol:?} is the code of another currency than {:?}; expected {symbol:?}, \
                             or a symbol",
                            currency.as_str()
                        );
                        errors.add_at(&[KEY, symbol], &error);
                    }
                    symbols.push((symbol.to_owned(), currency));
                }
            }
        }
        symbols.sort_by_key(|(symbol, _)| std::cmp::Reverse(symbol.len()));
        Self(symbols.into())
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a text is a currency: a symbol of the table, a code, or a word with a sign such as
    /// `US$`.
    pub(super) fn has(&self, text: &str) -> bool {
        self.0.iter().any(|(symbol, _)| symbol == text)
            || text.contains(is_currency_sign)
                && !text.contains(|c: char| c.is_whitespace() || c.is_ascii_digit())
            || iso_currency::Currency::from_code(text).is_some()
    }

    /// Takes the symbols before and behind an amount, which has no sign around them. An error is a
    /// message about a symbol.
    pub(super) fn split<'t>(&self, text: &'t str) -> Result<SymbolSplit<'t>, String> {
        let mut split = SymbolSplit { currency: None, rest: text.trim() };
        while let Some((currency, rest)) = self.take(split.rest) {
            if let Some(other) = split.currency.filter(|other| *other != currency) {
                return Err(format!("{text:?} says {} and {}", other.as_str(), currency.as_str()));
            }
            split = SymbolSplit { currency: Some(currency), rest };
        }
        match unknown_symbol(split.rest) {
            Some(symbol) => Err(format!("{text:?} has {symbol:?}, which {KEY} lacks")),
            None => Ok(split),
        }
    }

    /// The currency of an amount, with or without a sign. An error is a message.
    pub(super) fn currency_of(&self, text: &str) -> Result<Currency, String> {
        let unsigned = text.trim_matches(|c: char| is_sign(c) || c.is_whitespace());
        self.split(unsigned)?.currency.ok_or_else(|| {
            "an amount without a currency; expected a code, such as EUR 12.00, or a symbol of \
             currency_symbols"
                .to_owned()
        })
    }

    fn take<'t>(&self, text: &'t str) -> Option<(Currency, &'t str)> {
        let known = self.0.iter().find_map(|(symbol, currency)| {
            let rest = text.strip_prefix(&**symbol).or_else(|| text.strip_suffix(&**symbol))?;
            Some((symbol, (*currency, rest.trim())))
        });
        // `R` is a part of `EUR`.
        let may_be_in_code = |symbol: &str| {
            symbol.len() < CODE_LENGTH && symbol.bytes().all(|byte| byte.is_ascii_uppercase())
        };
        match known {
            Some((symbol, known)) if may_be_in_code(symbol) => take_code(text).or(Some(known)),
            Some((_, known)) => Some(known),
            None => take_code(text),
        }
    }
}

/// The letters of a code.
const CODE_LENGTH: usize = 3;

/// The code before or behind an amount.
fn take_code(text: &str) -> Option<(Currency, &str)> {
    let is_letter = |c: char| c.is_alphabetic();
    let behind = text.trim_start_matches(is_letter);
    if let Ok(currency) = text[..text.len() - behind.len()].parse() {
        return Some((currency, behind.trim()));
    }
    let before = text.trim_end_matches(is_letter);
    text[before.len()..].parse().ok().map(|currency| (currency, before.trim()))
}

/// What is before or behind a number and is no part of it.
fn unknown_symbol(text: &str) -> Option<&str> {
    let is_of_number = |c: char| {
        c.is_ascii_digit() || is_sign(c) || matches!(c, '.' | ',' | '\'' | '_' | '\u{2019}')
    };
    let start = text.find(is_of_number).unwrap_or(text.len());
    let end = text
        .rfind(is_of_number)
        .map_or(0, |last| last + text[last..].chars().next().map_or(0, char::len_utf8));
    let (before, behind) = (&text[..start], text.get(end..).unwrap_or_default());
    [before, behind].map(str::trim).into_iter().find(|symbol| !symbol.is_empty())
}

fn is_sign(c: char) -> bool {
    matches!(c, '-' | '+' | '\u{2212}' | '(' | ')')
}

/// Whether a character is the sign of a currency.
pub(super) fn is_currency_sign(c: char) -> bool {
    matches!(c, '$' | '\u{a2}'..='\u{a5}' | '\u{20a0}'..='\u{20cf}')
}

/// Whether a symbol is the code of a currency, and not of this one. Abbreviations that ISO 4217
/// does not list, such as RMB and NIS, are symbols.
fn is_other_code(symbol: &str, currency: Currency) -> bool {
    symbol != currency.as_str() && iso_currency::Currency::from_code(symbol).is_some()
}

fn check_symbol(symbol: &str) -> Result<(), String> {
    let has_number = symbol.contains(|c: char| c.is_ascii_digit() || is_sign(c));
    let is_mark = symbol.chars().all(|c| c.is_whitespace() || matches!(c, '.' | ',' | '\''));
    if has_number || is_mark {
        return Err(format!("{symbol:?} is no symbol of a currency; expected one such as €"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbols(table: &[(&str, &str)]) -> Result<CurrencySymbols, String> {
        let table = table.iter().map(|(symbol, code)| ((*symbol).into(), (*code).into()));
        let mut errors = KeyErrors::default();
        let symbols = CurrencySymbols::new(table.collect(), &mut errors);
        errors.ensure_none().map(|()| symbols).map_err(|errors| errors.to_string())
    }

    fn split(text: &str) -> String {
        let symbols =
            symbols(&[("€", "EUR"), ("$", "USD"), ("AU $", "AUD"), ("Rs.", "INR"), ("R", "ZAR")]);
        match symbols.unwrap().split(text) {
            Ok(SymbolSplit { currency: Some(currency), rest }) => {
                format!("{} {rest}", currency.as_str())
            }
            Ok(SymbolSplit { currency: None, rest }) => rest.to_owned(),
            Err(message) => message,
        }
    }

    #[test]
    fn longest_symbol_says_the_currency() {
        for (text, expected) in [
            ("€ 90,00", "EUR 90,00"),
            ("116,99\u{a0}€", "EUR 116,99"),
            ("AU $3,000.00", "AUD 3,000.00"),
            ("$12", "USD 12"),
            ("$-12.00", "USD -12.00"),
            ("$12.00 USD", "USD 12.00"),
            ("Rs. 1.50", "INR 1.50"),
            ("R1.50", "ZAR 1.50"),
            ("5 EUR", "EUR 5"),
            ("EUR5.00EUR", "EUR 5.00"),
            ("ZAR 5 R", "ZAR 5"),
            ("CHF 1'250.00", "CHF 1'250.00"),
            ("1e3 €", "EUR 1e3"),
            ("12.00", "12.00"),
            ("€", "EUR "),
        ] {
            assert_eq!(split(text), expected, "{text}");
        }
        insta::assert_snapshot!(split("US $12.00"), @r#""US $12.00" has "US $", which currency_symbols lacks"#);
        insta::assert_snapshot!(split("12.00 zł"), @r#""12.00 zł" has "zł", which currency_symbols lacks"#);
        insta::assert_snapshot!(split("R$ 12.00"), @r#""R$ 12.00" says ZAR and USD"#);
        insta::assert_snapshot!(split("$12.00 CAD"), @r#""$12.00 CAD" says USD and CAD"#);
    }

    #[test]
    fn currency_is_that_of_the_amount() {
        let known = symbols(&[("€", "EUR")]).unwrap();
        let code = |text| known.currency_of(text).map(|currency| currency.as_str().to_owned());
        for text in ["EUR 12.00", "12.00 EUR", "-EUR1,200.50", "(EUR 3)", "EUR", "(€3)", "-3 €"]
        {
            assert_eq!(code(text).as_deref(), Ok("EUR"), "{text}");
        }
        for text in ["12.00", "AU $12.00", "EUR 12.00 USD", "eur 1", "EURO 5", "", "€5 USD"] {
            assert!(code(text).is_err(), "{text}");
        }
    }

    #[test]
    fn invalid_symbol_is_refused() {
        insta::assert_snapshot!(symbols(&[("-", "EUR"), ("$", "dollar"), (".", "EUR"), ("", "EUR"), ("USD ", "EUR")]).unwrap_err(), @r#"
        currency_symbols: "" is no symbol of a currency; expected one such as €
        currency_symbols.$: invalid currency "dollar"; expected one such as EUR
        currency_symbols.-: "-" is no symbol of a currency; expected one such as €
        currency_symbols..: "." is no symbol of a currency; expected one such as €
        currency_symbols.USD: "USD" is the code of another currency than "EUR"; expected "USD", or a symbol
        "#);
        assert!(symbols(&[("RMB", "CNY"), ("NIS", "ILS"), ("EUR", "EUR")]).is_ok());
    }
}
