//! Hint about the encoding of a file that is not UTF-8: what it looks like, and what to type.
//!
//! Called by `read` for headers, by `shuffle`, `report` and `pipeline` for rows.

use super::text_encoding::TextEncoding;

/// How messages say that a text has another encoding.
pub const NOT_UTF8: &str = "is not UTF-8";

/// A byte that is no part of UTF-8, and the encoding that it looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadByte {
    byte: u8,
    letter: Option<char>,
    /// The name of the encoding for people, as in messages.
    encoding: &'static str,
}

const WINDOWS: &str = "Windows-1252";
const DOS: &str = "CP850";

/// The commonest letters of DOS texts; in Windows-1252 these bytes are punctuation or nothing.
const DOS_LETTERS: [(u8, char); 8] = [
    (0x81, 'ü'),
    (0x82, 'é'),
    (0x84, 'ä'),
    (0x87, 'ç'),
    (0x8A, 'è'),
    (0x94, 'ö'),
    (0x99, 'Ö'),
    (0x9A, 'Ü'),
];

impl BadByte {
    /// The one at which a text ends to be UTF-8.
    #[must_use]
    pub fn of(text: &[u8], error: std::str::Utf8Error) -> Self {
        let at = error.valid_up_to();
        // An error is at a byte of the text.
        let byte = text.get(at).copied().unwrap_or_default();
        let is_letter = |index: Option<usize>| {
            index.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphabetic)
        };
        // Punctuation is not beside letters on both sides.
        let is_within_word = is_letter(at.checked_sub(1)) && is_letter(Some(at + 1));
        let in_dos = DOS_LETTERS.iter().find(|(other, _)| *other == byte && is_within_word);
        if let Some((_, letter)) = in_dos {
            return Self { byte, letter: Some(*letter), encoding: DOS };
        }
        // From 0xA0 on it is Latin-1.
        let letter = (byte >= 0xA0).then(|| char::from(byte));
        Self { byte, letter, encoding: WINDOWS }
    }
}

impl std::fmt::Display for BadByte {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { byte, letter, encoding } = self;
        match letter {
            Some(letter) => write!(f, "byte 0x{byte:02X}, {letter:?} in {encoding}"),
            None => write!(f, "byte 0x{byte:02X}, as in {encoding}"),
        }
    }
}

/// The encoding that a file looks like of which a message says that a text
/// [is not UTF-8](NOT_UTF8); none if it says something else.
#[must_use]
pub fn likely_encoding(message: &str) -> Option<TextEncoding> {
    let label = if message.contains(DOS) { "cp850" } else { "windows-1252" };
    TextEncoding::for_label(label).filter(|_| message.contains(NOT_UTF8))
}

/// What to do about a file of which a message says that a text [is not UTF-8](NOT_UTF8); none if
/// it says something else.
#[must_use]
pub fn encoding_hint(message: &str) -> Option<String> {
    let label = likely_encoding(message)?;
    let who = match label {
        TextEncoding::DosPage(_) => "DOS programs write CP850",
        _ => "Excel and Windows often write Windows-1252",
    };
    Some(format!(
        "{who}; if that is it, give --encoding {label}, or set encoding = \"{label}\" in the profile"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn byte_names_the_encoding_that_it_looks_like() {
        for (text, expected) in [
            (&b"M\xFCller"[..], "byte 0xFC, 'ü' in Windows-1252"),
            (b"M\x81ller", "byte 0x81, 'ü' in CP850"),
            (b"so \x84quoted\x94", "byte 0x84, as in Windows-1252"),
            (b"12 \x80", "byte 0x80, as in Windows-1252"),
        ] {
            let error = std::str::from_utf8(text).unwrap_err();
            assert_eq!(BadByte::of(text, error).to_string(), expected);
        }
    }

    #[test]
    fn hint_names_the_option() {
        let hint = encoding_hint("the cell is not UTF-8: byte 0x81, 'ü' in CP850").unwrap();
        assert!(hint.contains("--encoding cp850"), "{hint}");
        assert_eq!(encoding_hint("the row has 3 cells"), None);
    }
}
