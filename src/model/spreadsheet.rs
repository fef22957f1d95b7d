//! Text as a cell of a CSV file that people open in a spreadsheet: no cell is run as a formula.
//!
//! The practice of OWASP ("CSV Injection"): an apostrophe before the cell. Writes no CSV; `report`
//! and `cli` do.

use std::borrow::Cow;

/// The characters that begin a formula, in the full width of East Asian keyboards too.
const FORMULA_SIGNS: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// Spreadsheets of regions with a decimal comma divide a cell at `;`, also inside of quotes that do
/// not begin the line; tab and line breaks do the same when text is pasted.
const CELL_ENDS: [char; 4] = [';', '\t', '\r', '\n'];

/// Returns a text so that no spreadsheet runs it as a formula: unchanged, or with an apostrophe
/// before each part that would be one. A number stays a number, `-12.50` too.
#[must_use]
pub fn without_formulas(text: &str) -> Cow<'_, str> {
    let begins_invisibly = text.starts_with(|first: char| first.is_control());
    if !begins_invisibly && !text.split_inclusive(CELL_ENDS).any(is_formula) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 1);
    // Some programs drop a tab or a line break at the start, and then see a formula.
    if begins_invisibly {
        safe.push('\'');
    }
    for part in text.split_inclusive(CELL_ENDS) {
        if is_formula(part) {
            safe.push('\'');
        }
        safe.push_str(part);
    }
    Cow::Owned(safe)
}

fn is_formula(part: &str) -> bool {
    let part =
        part.trim_matches(|c: char| c.is_whitespace() || c.is_control() || CELL_ENDS.contains(&c));
    part.starts_with(FORMULA_SIGNS) && !is_number(part)
}

/// Whether a text has a sign, digits, decimal and thousands marks only, so that nothing of it can
/// be a name, a function or an operator.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    digits.contains(|c: char| c.is_ascii_digit())
        && digits.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ','))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_become_text() {
        for (text, expected) in [
            ("=1+1", "'=1+1"),
            ("+49 151 23", "'+49 151 23"),
            ("-2+3", "'-2+3"),
            ("-", "'-"),
            ("--1", "'--1"),
            ("-1e5", "'-1e5"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("＝1+1", "'＝1+1"),
            (" =1+1", "' =1+1"),
            ("\u{a0}=1", "'\u{a0}=1"),
            ("\t=1+1", "'\t'=1+1"),
            ("\rx", "'\rx"),
            ("\0=1", "''\0=1"),
            ("a;=1+1", "a;'=1+1"),
            ("a\n=1+1", "a\n'=1+1"),
        ] {
            assert_eq!(without_formulas(text), expected, "{text:?}");
        }
    }

    #[test]
    fn other_text_is_unchanged() {
        for text in
            ["", "A-1", "a=b", "-12.50", "+3", "-1.234,50", "1-2", "'=1", "a;-5;b", "x; y", "a\nb"]
        {
            assert_eq!(without_formulas(text), text);
        }
    }

    proptest::proptest! {
        #[test]
        fn cell_never_begins_a_formula(text in "[=+\\-@;\\t\\r\\n a1.,'＝]{0,8}") {
            let safe = without_formulas(&text);
            proptest::prop_assert_eq!(safe.replace('\'', ""), text.replace('\'', ""));
            proptest::prop_assert!(!safe.starts_with(['=', '@', '\t', '\r', '\n', '＝']));
            let is_signed = safe.starts_with(['+', '-']);
            let end = safe.find([';', '\t', '\r', '\n']).unwrap_or(safe.len());
            let number = safe[..end].trim_end();
            proptest::prop_assert!(!is_signed || number[1..].bytes().all(|c| b"0123456789.,".contains(&c)));
        }
    }
}
