//! Escaping of control characters in text from outside (file names, arguments, references, service
//! responses) before it is shown on a terminal or a page.
//!
//! Does not escape HTML and does not redact personal data. Called by `cli::print` for the
//! terminal, by `report` for page and summary, and by `read` for the names of inputs.

use std::borrow::Cow;

/// Whether a character controls a terminal (C0, DEL, C1) or changes the direction of the text
/// after it (U+202A–202E, U+2066–2069), so that a text looks different from what it contains.
pub(super) fn needs_escape(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Escapes a text for one line: an escape character becomes `\u{1b}`, a line break `\n`.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    escape_with(text, |_| false, char::escape_default)
}

/// Escapes a text of several lines and keeps its line breaks.
#[must_use]
pub fn printable_lines(text: &str) -> Cow<'_, str> {
    escape_with(text, |_| true, char::escape_default)
}

/// Escapes a message: one line, followed by indented lines that belong to it, such as a hint.
///
/// Any other line break comes from data. It is escaped, since otherwise data could imitate a
/// message of its own.
#[must_use]
pub fn printable_message(text: &str) -> Cow<'_, str> {
    escape_with(text, |rest| rest.starts_with("  "), char::escape_default)
}

/// Escapes JSON with JSON's own escapes, so that its value stays the same.
#[must_use]
pub fn printable_json(json: &str) -> Cow<'_, str> {
    escape_with(json, |_| true, |c| format!("\\u{:04x}", u32::from(c)))
}

/// Escapes control characters, except line breaks for which `keeps_break` accepts the text after
/// them.
fn escape_with<E: std::fmt::Display>(
    text: &str,
    keeps_break: impl Fn(&str) -> bool,
    escape: impl Fn(char) -> E,
) -> Cow<'_, str> {
    // Nearly all texts need no escape and are not copied.
    if !text.contains(needs_escape) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for (index, c) in text.char_indices() {
        if !needs_escape(c) || c == '\n' && keeps_break(&text[index + 1..]) {
            shown.push(c);
        } else {
            shown += &escape(c).to_string();
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        let text = "a\u{1b}[31m\u{7f}\u{9b}\u{202e}\u{2066}\u{2069}é\r\t\0";
        assert_eq!(printable(text), r"a\u{1b}[31m\u{7f}\u{9b}\u{202e}\u{2066}\u{2069}é\r\t\u{0}");
        let plain = "plain – naïve \u{200f}🙂";
        assert!(matches!(printable(plain), Cow::Borrowed(same) if same == plain));
        for c in ('\0'..=' ').chain('\u{7f}'..='\u{a0}').chain('\u{2028}'..='\u{206a}') {
            let is_escaped = c < ' '
                || ('\u{7f}'..'\u{a0}').contains(&c)
                || ('\u{202a}'..='\u{202e}').contains(&c)
                || ('\u{2066}'..='\u{2069}').contains(&c);
            assert_eq!(printable(&c.to_string()) != c.to_string(), is_escaped, "{c:?}");
        }
    }

    #[test]
    fn only_own_line_breaks_are_kept() {
        let text = "a\n  hint: b\nerror: c\n";
        assert_eq!(printable(text), "a\\n  hint: b\\nerror: c\\n");
        assert_eq!(printable_lines(text), text);
        assert_eq!(printable_message(text), "a\n  hint: b\\nerror: c\\n");
    }

    #[test]
    fn escaped_json_keeps_its_value() {
        let value = serde_json::json!({ "a\u{202e}": "\u{9b}\u{7f}\u{2069}\n\u{1b}é" });
        let shown = printable_json(&value.to_string()).into_owned();
        assert!(!shown.contains(needs_escape), "{shown}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
    }
}
