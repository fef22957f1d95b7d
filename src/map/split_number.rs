//! Numbers that are a part of a text (`split` and `part`, `pairs`): what is dropped beside them must
//! be no part of the number, such as the sign of `-EUR 5` or the thousands of `1 250.00`.
//!
//! What the separator is decides what is looked for. A sign or a mark of the number cuts it, and is
//! an error of the profile. Beside a blank or a word there may be a sign, around a currency there
//! may be decimals, and a blank or a comma may be between groups of digits. Other marks, such as `|`
//! and `/`, part fields of which nothing belongs to the number. Called by `number`.

use super::{
    currency_symbols::{CurrencySymbols, is_currency_sign},
    number_marks::{NumberMarks, is_dash},
    text_part::SplitText,
};

/// Returns an error if a text at which the rule with this key cuts may be a part of a number.
pub(super) fn check_separator(
    key: &str,
    separator: &str,
    marks: NumberMarks,
) -> Result<(), String> {
    let is_of_number = |c: char| c.is_ascii_digit() || is_dash(c) || is_parenthesis(c);
    if separator.contains(is_of_number) {
        return Err(format!("{key} = {separator:?} would cut off the sign or digits of a number"));
    }
    if marks.has(separator) {
        return Err(format!(
            "{key} = {separator:?} would cut off digits of a number, which has that mark\n  \
             hint: decimals that are always zero are stripped: strip_suffix = \"{}00\"",
            marks.decimal_char()
        ));
    }
    // A text that goes on behind a pair is a problem anyway.
    if key == "split" && separator == "," && !marks.declare_decimal() {
        return Err(format!(
            "split = {separator:?} would cut off digits of a number that has that mark; declare \
             decimal, such as decimal = \".\""
        ));
    }
    Ok(())
}

/// Returns an error if what `split` drops of a text may be a part of the number.
pub(super) fn check_dropped(
    split: &SplitText<'_>,
    marks: NumberMarks,
    symbols: &CurrencySymbols,
) -> Result<(), String> {
    // The numbers of a wildcard are known in the export only.
    check_separator("split", split.separator(), marks)?;
    let separator = Separator { text: split.separator(), marks, symbols };
    let [before, behind] = split.dropped_texts();
    let error = |lost: &str, hint: &str| {
        let lost = lost.trim();
        Err(format!("split drops {lost:?}, which may be a part of the number{hint}"))
    };
    let sides = [(before, End::Start), (behind, End::End)];
    if separator.may_be_beside_sign()
        && let Some((lost, _)) = sides.iter().find(|(side, end)| separator.has_sign(side, *end))
    {
        return error(lost, "");
    }
    let is_filled = |text: &&str| !text.trim().is_empty();
    let previous = before.rsplit(separator.text).find(is_filled).map(str::trim);
    let next = behind.split(separator.text).find(is_filled).map(str::trim);
    let part = split.part();
    if part.is_empty() {
        let has_digit = |text: &&str| text.contains(|c: char| c.is_ascii_digit());
        let number = previous.filter(has_digit).or(next.filter(has_digit));
        let is_beside = separator.is_blank() || separator.may_be_currency(separator.text.trim());
        return match number.filter(|_| is_beside) {
            Some(number) => error(number, ""),
            None => Ok(()),
        };
    }
    // Beside a blank there may be other words: `Order 12 EUR 50`, `25 € 10 pcs`.
    let are_units = |left: &str| separator.touches_before(before) || is_number(left);
    let are_decimals = |right: &str| separator.touches_behind(behind) || is_number(right);
    let neighbours = [
        previous.map(|left| (left, left, part, are_units(left))),
        next.map(|right| (right, part, right, are_decimals(right))),
    ];
    for (lost, left, right, is_of_amount) in neighbours.into_iter().flatten() {
        if is_of_amount && separator.is_between_decimals(left, right) {
            return error(lost, "");
        }
        if separator.is_between_groups(left, right) {
            return error(lost, "; without such groups, write thousands = \"\"");
        }
    }
    Ok(())
}

/// What is between the parts of a text, and what the profile says about its numbers.
struct Separator<'a> {
    text: &'a str,
    marks: NumberMarks,
    symbols: &'a CurrencySymbols,
}

impl Separator<'_> {
    fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Whether a sign of the number may be on its other side: that of `-Rs.500` is, that of `-|500`
    /// is a field of its own.
    fn may_be_beside_sign(&self) -> bool {
        self.is_blank() || self.text.contains(|c: char| c.is_alphabetic() || is_currency_sign(c))
    }

    /// Whether a word is a currency, or as short as one that the profile does not list.
    fn may_be_currency(&self, word: &str) -> bool {
        self.symbols.has(word) || is_short_word(word)
    }

    /// Whether the text at one end of a cell makes the number beside it negative: it has a sign that
    /// touches the number or its currency, as in `Refund -EUR 5.00`, or it is nothing but a sign and
    /// a currency. The dash of `5.00 - DHL` and `Flat rate - EUR 5.00` is between words.
    fn has_sign(&self, side: &str, end: End) -> bool {
        let words: Vec<&str> = side.split(self.text).flat_map(str::split_whitespace).collect();
        let is_other = |word: &&&str| !self.symbols.has(word);
        let nearest = match end {
            End::Start => words.iter().rfind(is_other),
            End::End => words.iter().find(is_other),
        };
        nearest.is_some_and(|word| self.touches_number(word, end)) || self.is_sign(&words, end)
    }

    /// Whether the word nearest to the number, but for currencies, is a sign or a currency with one.
    fn touches_number(&self, word: &str, end: End) -> bool {
        let currency = match end {
            End::Start => word.strip_prefix(is_dash),
            End::End => word.strip_suffix(is_dash),
        };
        is_credit_or_debit(word)
            || currency.is_some_and(|word| !word.is_empty() && self.may_be_currency(word))
    }

    /// Whether the words at one end of a cell are a sign and a currency, which may be a short word
    /// if the sign is the outermost one: `- kr 5.00`.
    fn is_sign(&self, words: &[&str], end: End) -> bool {
        let has = |parenthesis| words.iter().any(|word| word.contains(parenthesis));
        // `(net)` is a remark, `(EUR` begins a number in parentheses.
        let is_remark = has('(') && has(')');
        let is_sign = |c: char| is_dash(c) || !is_remark && is_parenthesis(c);
        let is_signed = |word: &&str| {
            word.starts_with(is_sign) || word.ends_with(is_sign) || is_credit_or_debit(word)
        };
        let begins_or_ends = match end {
            End::Start => words.first().is_some_and(|word| word.starts_with(is_sign)),
            End::End => words.last().is_some_and(|word| word.ends_with(is_sign)),
        };
        let unsigned = words.iter().filter(|word| !is_credit_or_debit(word));
        let unsigned = unsigned.map(|word| word.trim_matches(|c| is_dash(c) || is_parenthesis(c)));
        let others: Vec<&str> = unsigned.filter(|word| !word.is_empty()).collect();
        let are_currency =
            others.iter().all(|word| self.symbols.has(word)) || self.symbols.has(&others.join(" "));
        let may_be_currency = || others.iter().all(|word| self.may_be_currency(word));
        are_currency && words.iter().any(is_signed) || begins_or_ends && may_be_currency()
    }

    /// Whether it touches what is before it, in a text that ends with it.
    fn touches_before(&self, before: &str) -> bool {
        let text = before.trim_end().strip_suffix(self.text.trim());
        text.is_some_and(|text| !text.ends_with(char::is_whitespace))
    }

    /// Whether it touches what is behind it, in a text that begins with it.
    fn touches_behind(&self, behind: &str) -> bool {
        let text = behind.trim_start().strip_prefix(self.text.trim());
        text.is_some_and(|text| !text.starts_with(char::is_whitespace))
    }

    /// Whether it is between units and hundredths, as in `12€50`.
    fn is_between_decimals(&self, left: &str, right: &str) -> bool {
        let whole = from_first_digit(left);
        let last_group = whole.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        let is_whole = last_group.len() == 3 || !whole.is_empty() && last_group == whole;
        let (decimals, rest) = split_digits(right);
        let ends = !rest.trim_start_matches(['.', ',']).starts_with(|c: char| c.is_ascii_digit());
        self.symbols.has(self.text.trim()) && is_whole && decimals.len() == 2 && ends
    }

    /// Whether it is between groups of digits, as in `1 250.00`.
    fn is_between_groups(&self, left: &str, right: &str) -> bool {
        let first = from_first_digit(left);
        let is_first = matches!(first.len(), 1..=3)
            && first.bytes().all(|byte| byte.is_ascii_digit())
            && !first.starts_with('0');
        self.marks.may_group(self.text) && is_first && split_digits(right).0.len() == 3
    }
}

/// The end of a cell at which a text is.
#[derive(Clone, Copy)]
enum End {
    Start,
    End,
}

fn from_first_digit(text: &str) -> &str {
    text.trim_start_matches(|c: char| !c.is_ascii_digit())
}

/// The digits with which a text begins, and the rest.
fn split_digits(text: &str) -> (&str, &str) {
    text.split_at(text.bytes().take_while(u8::is_ascii_digit).count())
}

/// Whether a text has nothing but digits, marks of numbers and signs.
fn is_number(text: &str) -> bool {
    let is_mark = |c: char| matches!(c, '.' | ',' | '\'') || is_dash(c) || c.is_whitespace();
    text.chars().all(|c| c.is_ascii_digit() || is_mark(c))
}

fn is_parenthesis(c: char) -> bool {
    matches!(c, '(' | ')')
}

/// Whether a text has as many letters as `kr.`, `Rs.` or a code, and no digit.
fn is_short_word(text: &str) -> bool {
    let n_letters = text.chars().filter(|c| c.is_alphabetic()).count();
    matches!(n_letters, 1..=3) && !text.contains(|c: char| c.is_ascii_digit())
}

/// Whether a text is the word of accounts for a sign.
fn is_credit_or_debit(text: &str) -> bool {
    let word = text.trim_matches(|c: char| c.is_ascii_punctuation());
    ["cr", "dr"].iter().any(|sign| word.eq_ignore_ascii_case(sign))
}
