//! Wrapped cell: a text as a spreadsheet writes it, so that it stays a text: `="00123"`, `'00123`.
//!
//! Called by `csv_slow` for the cells of a file that the profile declares to have such ones.

use std::borrow::Cow;

use crate::model::record::trim_blanks;

/// The text of a cell. None if it begins as a wrapped one and does not end so.
pub(super) fn unwrapped(cell: &str) -> Option<Cow<'_, str>> {
    let cell = trim_blanks(cell);
    if let Some(text) = cell.strip_prefix('\'') {
        return Some(Cow::Borrowed(text));
    }
    let Some(rest) = cell.strip_prefix("=\"") else { return Some(Cow::Borrowed(cell)) };
    let text = rest.strip_suffix('"')?;
    if !text.contains('"') {
        return Some(Cow::Borrowed(text));
    }
    // A quote in the text of a formula is written twice.
    let halves = text.replace("\"\"", "");
    (!halves.contains('"')).then(|| Cow::Owned(text.replace("\"\"", "\"")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_unwrapped_once() {
        for (cell, text) in [
            ("=\"00123\"", Some("00123")),
            (" =\"00123\" ", Some("00123")),
            ("'00123", Some("00123")),
            ("''90s", Some("'90s")),
            ("'=\"1\"", Some("=\"1\"")),
            ("=\"'1\"", Some("'1")),
            ("=\"5\"\" pipe\"", Some("5\" pipe")),
            ("=\"\"", Some("")),
            ("'", Some("")),
            ("=1+1", Some("=1+1")),
            ("it's", Some("it's")),
            ("", Some("")),
            ("=\"00123", None),
            ("=\"", None),
            ("=\"a\"&\"b\"", None),
            ("=\"1\"x", None),
        ] {
            assert_eq!(unwrapped(cell).as_deref(), text, "{cell}");
        }
    }
}
