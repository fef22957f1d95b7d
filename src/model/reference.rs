//! Normalisation of order references that a spreadsheet has respelt: `000001001` becomes `1001`,
//! and then `1001.0`.
//!
//! The normal form only finds candidates for a duplicate; an order is sent under the reference of
//! the export. Called wherever orders of one reference are grouped or looked up.

use std::borrow::Cow;

use super::id_text::{composed, visible};

/// The reference without what a spreadsheet removes or adds: leading zeros, `#` and `'`, a
/// trailing `.0`, and upper case; without invisible characters and with composed letters. Of a
/// reference of several parts, such as `0017-1001.0`, each part is without leading zeros and `.0`.
///
/// Two references with one normal form may be the same reference.
#[must_use]
pub fn normalize_reference(reference: &str) -> Cow<'_, str> {
    match composed(visible(reference)) {
        Cow::Borrowed(reference) => lower_case(trim_reference(reference)),
        Cow::Owned(reference) => Cow::Owned(lower_case(trim_reference(&reference)).into_owned()),
    }
}

/// A text in lower case.
#[must_use]
pub fn lower_case(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return text;
    }
    Cow::Owned(text.to_lowercase())
}

/// The reference as [`normalize_reference`] returns it, but with its case and invisible characters.
#[must_use]
pub fn trim_reference(reference: &str) -> Cow<'_, str> {
    // Bytes are enough and faster than characters: every key of an export goes through here.
    let start = reference.bytes().position(|byte| !matches!(byte, b'\'' | b'#' | b'0'));
    let trimmed = &reference[start.unwrap_or(reference.len())..];
    let trimmed = trimmed.strip_suffix(".0").unwrap_or(trimmed);
    // A reference of zeros only is a reference too, and must not become empty.
    let trimmed = if trimmed.is_empty() && !reference.is_empty() { "0" } else { trimmed };
    let may_separate = |byte: u8| !byte.is_ascii_alphanumeric() && byte != b'.';
    let is_respelt = |bytes: &[u8]| match *bytes {
        [b'.', b'0', after] => may_separate(after),
        [before, b'0', _] => may_separate(before),
        _ => false,
    };
    if !trimmed.as_bytes().windows(3).any(is_respelt) {
        return Cow::Borrowed(trimmed);
    }
    Cow::Owned(map_parts(trimmed, |part| {
        let part = part.strip_suffix(".0").unwrap_or(part);
        match part.trim_start_matches('0') {
            "" if !part.is_empty() => "0",
            trimmed => trimmed,
        }
    }))
}

/// The reference with each of its parts without the `.0` of a spreadsheet.
#[must_use]
pub fn without_float_parts(reference: &str) -> Cow<'_, str> {
    if !reference.contains(".0") {
        return Cow::Borrowed(reference);
    }
    Cow::Owned(map_parts(reference, |part| part.strip_suffix(".0").unwrap_or(part)))
}

/// The problem of a part for which [`hides_float`] holds.
pub const HIDDEN_FLOAT: &str = "a number with the .0 of a spreadsheet, which the joined text hides; \
    join with a separator that is no letter, digit or point, such as \"-\"";

/// Whether a text that another one is joined to has the `.0` of a spreadsheet, and what is between
/// them keeps the joined text from showing it.
#[must_use]
pub fn hides_float(part: &str, separator: &str) -> bool {
    let digits = part.strip_suffix(".0").unwrap_or_default();
    let is_float = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_float && !separator.starts_with(is_separator)
}

/// Whether a character is between the parts of a reference.
fn is_separator(c: char) -> bool {
    !c.is_alphanumeric() && c != '.'
}

/// The text with each of its parts changed, between which there are characters other than letters,
/// digits and points.
fn map_parts(text: &str, change: impl Fn(&str) -> &str) -> String {
    let mut changed = String::with_capacity(text.len());
    for part in text.split_inclusive(is_separator) {
        let word = part.strip_suffix(is_separator).unwrap_or(part);
        changed.push_str(change(word));
        changed.push_str(&part[word.len()..]);
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_of_a_reference_is_normalized() {
        for spelling in ["17-1001-a", "0017-1001.0-A", "17.0-01001-a"] {
            assert_eq!(normalize_reference(spelling), "17-1001-a", "{spelling}");
        }
        for (reference, normal) in
            [("A-00", "a-0"), ("A-0", "a-0"), ("A-0.0/7", "a-0/7"), ("\u{e9}01", "\u{e9}01")]
        {
            assert_eq!(normalize_reference(reference), normal);
        }
        for other in ["17-1001.01-a", "17.05-1001-a", "170-1001-a"] {
            assert_ne!(normalize_reference(other), "17-1001-a");
        }
        for (reference, plain) in [("1.0-A", "1-A"), ("A-1.0", "A-1"), ("01.05-A", "01.05-A")] {
            assert_eq!(without_float_parts(reference), plain);
        }
    }

    #[test]
    fn spreadsheet_spellings_normalize_to_one_reference() {
        for spelling in
            ["1001", "000001001", "1001.0", "#1001", "'001001", "#0001001.0", "\u{feff}#1001.0\0"]
        {
            assert_eq!(normalize_reference(spelling), "1001", "{spelling}");
        }
        assert_eq!(normalize_reference("So-2026-\u{c9}"), "so-2026-\u{e9}");
        assert_eq!(normalize_reference("Ko\u{308}ln-01"), normalize_reference("K\u{f6}ln-1"));
        assert_eq!(
            (
                normalize_reference("0"),
                normalize_reference("000"),
                normalize_reference("0.0"),
                normalize_reference("#"),
                normalize_reference("")
            ),
            ("0".into(), "0".into(), "0".into(), "0".into(), "".into())
        );
        for other in ["1001.00", "10010", "1001.5", "A1001", "1001#"] {
            assert_ne!(normalize_reference(other), "1001");
        }
    }
}
