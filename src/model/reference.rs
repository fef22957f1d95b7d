//! Normalisation of order references that a spreadsheet has respelt: `000001001` becomes `1001`,
//! and then `1001.0`.
//!
//! The normal form only finds candidates for a duplicate; an order is sent under the reference of
//! the export. Called wherever orders of one reference are grouped or looked up.

use std::borrow::Cow;

use super::id_text::visible;

/// The reference without what a spreadsheet removes or adds: leading zeros, `#` and `'`, a
/// trailing `.0`, and upper case; and without invisible characters.
///
/// Two references with one normal form may be the same reference.
#[must_use]
pub fn normalize_reference(reference: &str) -> Cow<'_, str> {
    match visible(reference) {
        Cow::Borrowed(reference) => lower_case(trim_reference(reference)),
        Cow::Owned(reference) => Cow::Owned(lower_case(trim_reference(&reference)).into_owned()),
    }
}

fn lower_case(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.to_lowercase())
}

/// The reference as [`normalize_reference`] returns it, but with its case and invisible characters.
#[must_use]
pub fn trim_reference(reference: &str) -> &str {
    // Bytes are enough and faster than characters: every key of an export goes through here.
    let start = reference.bytes().position(|byte| !matches!(byte, b'\'' | b'#' | b'0'));
    let trimmed = &reference[start.unwrap_or(reference.len())..];
    let trimmed = trimmed.strip_suffix(".0").unwrap_or(trimmed);
    // A reference of zeros only is a reference too, and must not become empty.
    if trimmed.is_empty() && !reference.is_empty() { "0" } else { trimmed }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreadsheet_spellings_normalize_to_one_reference() {
        for spelling in
            ["1001", "000001001", "1001.0", "#1001", "'001001", "#0001001.0", "\u{feff}#1001.0\0"]
        {
            assert_eq!(normalize_reference(spelling), "1001", "{spelling}");
        }
        assert_eq!(normalize_reference("So-2026-\u{c9}"), "so-2026-\u{e9}");
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
