//! Values of a column: what they can be, such as dates, numbers or e-mail addresses.
//!
//! Says what holds for (nearly) all filled values. Gives them no meaning: `roles` does. Called by
//! `survey`.

use std::collections::HashMap;

use csv::StringRecord;

use super::{
    date_forms::{DateForm, date_forms},
    number_forms::NumberForms,
};

/// Of so many filled values one may be another thing, such as `n/a` among numbers.
const MAX_EXCEPTIONS: usize = 50;

/// With more distinct values than this they are not counted one by one.
const MAX_DISTINCT: usize = 100_000;

/// Facts about the values of a column.
#[derive(Debug, Clone, Default)]
pub(super) struct Values {
    pub(super) n_rows: usize,
    pub(super) n_filled: usize,
    /// Each value with the number of its rows, the most frequent first.
    pub(super) distinct: Vec<(String, usize)>,
    /// None if they are no numbers.
    pub(super) numbers: Option<NumberForms>,
    /// The formats that read all of them as dates.
    pub(super) dates: Vec<DateForm>,
    /// What else they are.
    kinds: Vec<TextKind>,
    /// A value is longer than a name is.
    pub(super) max_length: usize,
}

/// What texts are beside numbers and dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextKind {
    /// E-mail addresses.
    Emails,
    /// At least half of them are.
    MostlyEmails,
    /// Whole numbers with `.0` behind them, as data frames write identifiers.
    FloatIds,
    /// Codes of currencies.
    Currencies,
    /// Phone numbers.
    Phones,
    /// Two capital letters, as states and countries have.
    States,
}

impl Values {
    pub(super) fn of<'t>(cells: impl Iterator<Item = &'t str>) -> Self {
        let mut counts: HashMap<&str, usize> = HashMap::new();
        let (mut values, mut order) = (Self::default(), Vec::new());
        for cell in cells {
            values.n_rows += 1;
            if cell.is_empty() {
                continue;
            }
            values.n_filled += 1;
            if counts.len() < MAX_DISTINCT || counts.contains_key(cell) {
                let count = counts.entry(cell).or_insert(0);
                if *count == 0 {
                    order.push(cell);
                }
                *count += 1;
            }
        }
        let n_distinct = order.len();
        let are_all = |is_one: &dyn Fn(&str) -> bool| {
            let n_others = order.iter().filter(|value| !is_one(value)).count();
            n_distinct > 0 && n_others * MAX_EXCEPTIONS <= n_distinct
        };
        let n_emails = order.iter().filter(|value| is_email(value)).count();
        let kinds = [
            (TextKind::Emails, are_all(&is_email)),
            (TextKind::MostlyEmails, n_emails > 0 && n_emails * 2 >= n_distinct),
            (TextKind::FloatIds, n_distinct > 0 && order.iter().all(|value| is_float_id(value))),
            (TextKind::Currencies, are_all(&is_currency_code)),
            (TextKind::Phones, are_all(&is_phone)),
            (TextKind::States, are_all(&is_state)),
        ];
        values.kinds = kinds.into_iter().filter_map(|(kind, are)| are.then_some(kind)).collect();
        values.max_length = order.iter().map(|value| value.len()).max().unwrap_or_default();
        let mut numbers = NumberForms::default();
        let n_others = order.iter().filter(|value| !numbers.add(value)).count();
        values.numbers =
            Some(numbers).filter(|_| n_distinct > 0 && n_others * MAX_EXCEPTIONS <= n_distinct);
        values.dates = date_forms(order.iter().copied());
        values.distinct = order.iter().map(|value| ((*value).to_owned(), counts[value])).collect();
        values.distinct.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        values
    }

    pub(super) fn are(&self, kind: TextKind) -> bool {
        self.kinds.contains(&kind)
    }

    /// Whether at least this share of the rows, in percent, has a value.
    pub(super) fn are_filled(&self, percent: usize) -> bool {
        self.n_filled > 0 && self.n_filled * 100 >= self.n_rows * percent
    }

    /// Whether they are a few words that repeat, such as those of a status.
    pub(super) fn are_words(&self) -> bool {
        let n_distinct = self.distinct.len();
        let are_few = n_distinct <= 40 && (n_distinct <= 3 || self.n_filled >= 2 * n_distinct);
        are_few
            && self.max_length <= 60
            && !self.are(TextKind::Emails)
            && self.dates.is_empty()
            && self.numbers.as_ref().is_none_or(|numbers| !numbers.has_decimals())
    }

    /// Whether they can be numbers of orders, products or customers.
    pub(super) fn are_identifiers(&self) -> bool {
        let has_decimals = self.numbers.as_ref().is_some_and(NumberForms::has_decimals);
        let are_amounts = has_decimals && !self.are(TextKind::FloatIds);
        // Numbers that could be dates are rather identifiers.
        let is_text = |form: &DateForm| form.format.starts_with('%') || form.format == "iso8601";
        let are_dates = self.dates.iter().any(is_text);
        self.n_filled > 0
            && !are_amounts
            && !are_dates
            && !self.are(TextKind::Emails)
            && self.max_length <= 80
    }
}

pub(super) fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && domain.contains('.') && !text.contains(char::is_whitespace)
    })
}

fn is_float_id(text: &str) -> bool {
    let digits = text.strip_suffix(".0").unwrap_or_default();
    digits.len() > 2 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_currency_code(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn is_state(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn is_phone(text: &str) -> bool {
    let n_digits = text.bytes().filter(u8::is_ascii_digit).count();
    let is_allowed = |c: char| c.is_ascii_digit() || "+-()/. '".contains(c);
    (7..=15).contains(&n_digits)
        && text.chars().all(is_allowed)
        && text.starts_with(['+', '(', '0', '\''])
}

/// Whether a row is data rather than a header: it has a number, a date or an address.
pub(super) fn is_data(row: &StringRecord) -> bool {
    let is_value = |cell: &str| {
        let mut number = NumberForms::default();
        // `VAT 19` is a name: three letters need not be a currency.
        let is_code = |symbol: &String| symbol.bytes().all(|byte| byte.is_ascii_uppercase());
        let is_number = number.add(cell) && !number.symbols.iter().any(is_code);
        is_number || is_email(cell) || !date_forms(std::iter::once(cell)).is_empty()
    };
    row.iter().any(is_value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(texts: &[&str]) -> Values {
        Values::of(texts.iter().copied())
    }

    #[test]
    fn values_are_what_nearly_all_are() {
        assert!(values(&["ann@example.com", "", "bob@example.com"]).are(TextKind::Emails));
        assert!(values(&["EUR", "USD"]).are(TextKind::Currencies));
        assert!(values(&["+49 30 23125 101", "030/2312-102"]).are(TextKind::Phones));
        assert!(values(&["paid", "open", "paid", "paid"]).are_words());
        let numbers = values(&["1.50", "2.75"]);
        assert!(numbers.numbers.is_some() && !numbers.are_identifiers());
        assert!(values(&["A-1", "A-2"]).are_identifiers());
        assert!(values(&["2026-10-01", "2026-10-02"]).dates.len() == 1);
        assert_eq!(values(&["paid", "open", "paid"]).distinct[0], ("paid".to_owned(), 2));
    }

    #[test]
    fn header_is_no_data() {
        assert!(!is_data(&StringRecord::from(vec!["Order", "Product Item 1 Name", "E-mail"])));
        assert!(is_data(&StringRecord::from(vec!["A-1", "ann@example.com"])));
        assert!(is_data(&StringRecord::from(vec!["A-1", "12.50"])));
    }
}
