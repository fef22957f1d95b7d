//! Backslashes of a text (`decode = "backslash"` of a rule), which some writers of lists put before
//! their separators. Used by `text_steps` and `parts`.

use std::borrow::Cow;

pub(super) const BACKSLASH: char = '\\';

/// The length of a backslash and the character behind it, if a text begins so.
pub(super) fn escape_len(text: &str) -> Option<usize> {
    let escaped = text.strip_prefix(BACKSLASH)?.chars().next()?;
    Some(BACKSLASH.len_utf8() + escaped.len_utf8())
}

/// The text with each backslash and the character behind it as what they stand for: a line break or
/// a tab, else that character. A backslash at the end stays.
pub(super) fn decode_backslashes(text: &str) -> Cow<'_, str> {
    if !text.contains(BACKSLASH) {
        return Cow::Borrowed(text);
    }
    let mut decoded = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        decoded.push(match character {
            BACKSLASH => characters.next().map_or(BACKSLASH, meaning),
            _ => character,
        });
    }
    Cow::Owned(decoded)
}

/// What a character behind a backslash stands for.
fn meaning(character: char) -> char {
    match character {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        _ => character,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backslash_makes_next_character_text() {
        for (text, expected) in [
            (r"Cup \| large\: 5\; blue", "Cup | large: 5; blue"),
            (r"a\\b\\", r"a\b\"),
            (r"\\|", r"\|"),
            (r"at the end \", r"at the end \"),
            (r"\é", "é"),
            (r"12 Main St\nFlat\t3\r\n", "12 Main St\nFlat\t3\r\n"),
            (r"a\\n", r"a\n"),
            ("", ""),
        ] {
            assert_eq!(decode_backslashes(text), expected, "{text}");
        }
    }
}
