//! Parts of a text between separators (`split`, `pairs`), none of which is within what `decode` of
//! the rule decodes: `\;` and `&amp;` have a semicolon of the text. Used by `text_part` and
//! `text_pair`.

use std::ops::Range;

use super::{backslashes, html, rule_text::DecodeText};

/// The ranges of the parts of a text.
#[derive(Debug, Clone)]
pub(super) struct Parts<'a> {
    text: &'a str,
    separator: &'a str,
    decode: Option<DecodeText>,
    /// Where the next part begins; none behind the last one.
    begin: Option<usize>,
}

impl<'a> Parts<'a> {
    pub(super) fn new(text: &'a str, separator: &'a str, decode: Option<DecodeText>) -> Self {
        let decode = decode.filter(|decode| text.contains(escape_start(*decode)));
        Self { text, separator, decode, begin: Some(0) }
    }
}

impl Iterator for Parts<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Self::Item> {
        let begin = self.begin?;
        let length = find(&self.text[begin..], self.separator, self.decode);
        let end = length.map_or(self.text.len(), |length| begin + length);
        self.begin = length.map(|_| end + self.separator.len());
        Some(begin..end)
    }
}

/// The place of the first separator that `decode` leaves as it is.
pub(super) fn find(text: &str, separator: &str, decode: Option<DecodeText>) -> Option<usize> {
    let Some(decode) = decode else { return text.find(separator) };
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let escape = escape_len(rest, decode);
        // A separator may be written as an escape itself, such as `\n`.
        if rest.starts_with(separator) && escape.is_none_or(|len| len <= separator.len()) {
            return Some(at);
        }
        at += escape.unwrap_or(first.len_utf8());
    }
    None
}

fn escape_start(decode: DecodeText) -> char {
    match decode {
        DecodeText::Html => html::ENTITY_START,
        DecodeText::Backslash => backslashes::BACKSLASH,
    }
}

/// The length of the escape with which a text begins.
fn escape_len(text: &str, decode: DecodeText) -> Option<usize> {
    match decode {
        DecodeText::Html => html::entity_len(text),
        DecodeText::Backslash => backslashes::escape_len(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_within_escapes_are_text() {
        let parts = |text, separator, decode| {
            Parts::new(text, separator, decode).map(|range| &text[range]).collect::<Vec<_>>()
        };
        let (html, backslash) = (Some(DecodeText::Html), Some(DecodeText::Backslash));
        for (text, separator, decode, expected) in [
            (r"a\;b;c", ";", None, vec![r"a\", "b", "c"]),
            (r"a\;b;c", ";", backslash, vec![r"a\;b", "c"]),
            (r"a\\;b\", ";", backslash, vec![r"a\\", r"b\"]),
            (r"a\nb\\nc", r"\n", backslash, vec!["a", r"b\\nc"]),
            (r"é\é|b", "|", backslash, vec![r"é\é", "b"]),
            ("a &amp; b;c", ";", None, vec!["a &amp", " b", "c"]),
            ("a &amp; b;c", ";", html, vec!["a &amp; b", "c"]),
            ("5&#039; x; y", "; ", html, vec!["5&#039; x", "y"]),
            ("AT&T;b & c;", ";", html, vec!["AT&T", "b & c", ""]),
            ("a&b&amp;c", "&", html, vec!["a", "b&amp;c"]),
            ("a&b&amp;c", "&amp;", html, vec!["a&b", "c"]),
            ("a---b", "--", None, vec!["a", "-b"]),
            ("", ";", html, vec![""]),
        ] {
            assert_eq!(parts(text, separator, decode), expected, "{text:?} at {separator:?}");
        }
    }
}
