//! Backslashes of a text (`decode = "backslash"` of a rule), which some writers of lists put before
//! their separators. Used by `text_steps`.

use std::borrow::Cow;

/// The text with each backslash and the character behind it as that character. A backslash at the
/// end stays.
pub(super) fn decode_backslashes(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut decoded = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        decoded.push(if character == '\\' { characters.next().unwrap_or('\\') } else { character });
    }
    Cow::Owned(decoded)
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
            ("", ""),
        ] {
            assert_eq!(decode_backslashes(text), expected, "{text}");
        }
    }
}
