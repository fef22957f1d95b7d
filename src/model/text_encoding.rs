//! Text encodings: which bytes stand for which characters in an input.
//!
//! Names them only; `read` decodes. Compiled by `map` from a profile's label, and kept with what
//! was read of an input, so that rejects and a resumed run read its bytes in the same way.

use std::{borrow::Cow, fmt, str::FromStr};

use encoding_rs::{Encoding, REPLACEMENT, UTF_8, UTF_16BE, UTF_16LE, X_USER_DEFINED};
use oem_cp::code_table::DECODING_TABLE_CP_MAP;
use serde::{Deserialize, Serialize};

use super::suggest::suggest;

/// The encoding of an input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum TextEncoding {
    /// UTF-8, in which all stages have their texts.
    #[default]
    Utf8,
    /// One of the Encoding Standard (WHATWG).
    Web(&'static Encoding),
    /// A code page of DOS, by its number: a byte below 128 is ASCII, any other has its own letter.
    DosPage(u16),
}

/// Usual labels, to find the one that a misspelt one means.
const USUAL_LABELS: [&str; 16] = [
    "utf-8",
    "utf-16le",
    "utf-16be",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "iso-8859-1",
    "iso-8859-15",
    "macintosh",
    "cp437",
    "cp850",
    "cp852",
    "shift_jis",
    "gb18030",
    "big5",
    "euc-kr",
];

impl TextEncoding {
    /// The encoding of a label of the Encoding Standard, or of a code page of DOS such as `cp850`;
    /// upper case and blanks around it do not matter. None if there is no such encoding.
    #[must_use]
    pub fn for_label(label: &str) -> Option<Self> {
        // Neither says what a byte means: the first stands for encodings that are not to be read,
        // the second is for scripts that read bytes.
        let is_text = |found: &&Encoding| *found != REPLACEMENT && *found != X_USER_DEFINED;
        match Encoding::for_label(label.as_bytes()).filter(is_text) {
            Some(found) if found == UTF_8 => Some(Self::Utf8),
            Some(found) => Some(Self::Web(found)),
            None => dos_page(label.trim()).map(Self::DosPage),
        }
    }

    /// Whether each byte stands for one character, as in the pages of Windows.
    #[must_use]
    pub fn is_page_of_windows(self) -> bool {
        matches!(self, Self::Web(encoding) if encoding.is_single_byte())
    }

    /// ASCII text in this encoding.
    #[must_use]
    pub fn encode_ascii(self, text: &[u8]) -> Cow<'_, [u8]> {
        let units = text.iter().map(|byte| u16::from(*byte));
        match self {
            Self::Web(encoding) if encoding == UTF_16LE => {
                units.flat_map(u16::to_le_bytes).collect()
            }
            Self::Web(encoding) if encoding == UTF_16BE => {
                units.flat_map(u16::to_be_bytes).collect()
            }
            // ASCII is a part of every other one.
            _ => Cow::Borrowed(text),
        }
    }

    /// The encoding that the byte order mark at the start of a file names, if there is one.
    #[must_use]
    pub fn of_mark(start: &[u8]) -> Option<Self> {
        let (encoding, _) = Encoding::for_bom(start)?;
        Some(if encoding == UTF_8 { Self::Utf8 } else { Self::Web(encoding) })
    }
}

/// The number of a code page of DOS that is known.
fn dos_page(label: &str) -> Option<u16> {
    let label = label.to_ascii_lowercase();
    let number = label.strip_prefix("cp").or_else(|| label.strip_prefix("ibm"))?;
    let number = number.trim_start_matches(['-', '_']).parse().ok()?;
    DECODING_TABLE_CP_MAP.contains_key(&number).then_some(number)
}

/// The name that a profile may give.
impl fmt::Display for TextEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Utf8 => f.write_str("utf-8"),
            Self::Web(encoding) => f.write_str(&encoding.name().to_ascii_lowercase()),
            Self::DosPage(number) => write!(f, "cp{number}"),
        }
    }
}

impl From<TextEncoding> for String {
    fn from(encoding: TextEncoding) -> Self {
        encoding.to_string()
    }
}

/// Of a label that a person typed; an error is a message that names a near label, or usual ones.
impl FromStr for TextEncoding {
    type Err = String;

    fn from_str(label: &str) -> Result<Self, String> {
        Self::for_label(label).ok_or_else(|| match suggest(label, USUAL_LABELS) {
            Some(near) => format!("unknown encoding {label:?}; meant {near:?}?"),
            None => format!(
                "unknown encoding {label:?}; expected a label of the Encoding Standard or of a \
                 DOS page, such as windows-1252, utf-16le or cp850"
            ),
        })
    }
}

impl TryFrom<String> for TextEncoding {
    type Error = String;

    fn try_from(label: String) -> Result<Self, String> {
        label.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_web_and_dos_are_known() {
        let name = |label| TextEncoding::for_label(label).map(|encoding| encoding.to_string());
        for (label, expected) in [
            ("UTF-8", "utf-8"),
            (" Windows-1252 ", "windows-1252"),
            ("latin1", "windows-1252"),
            ("iso-8859-15", "iso-8859-15"),
            ("utf-16", "utf-16le"),
            ("UTF-16BE", "utf-16be"),
            ("cp437", "cp437"),
            ("CP850", "cp850"),
            ("ibm852", "cp852"),
            ("cp866", "ibm866"),
            ("shift_jis", "shift_jis"),
        ] {
            assert_eq!(name(label).as_deref(), Some(expected), "{label}");
        }
        for label in
            ["", "cp", "cp1", "850", "windows1252x", "replacement", "iso-2022-kr", "x-user-defined"]
        {
            assert_eq!(name(label), None, "{label}");
        }
        for label in USUAL_LABELS {
            assert!(TextEncoding::for_label(label).is_some(), "{label}");
        }
    }

    #[test]
    fn name_in_a_plan_is_read_again() {
        for label in USUAL_LABELS {
            let encoding = TextEncoding::for_label(label).unwrap();
            let text = serde_json::to_string(&encoding).unwrap();
            assert_eq!(serde_json::from_str::<TextEncoding>(&text).unwrap(), encoding);
        }
    }

    #[test]
    fn line_break_has_two_bytes_in_utf_16() {
        let encoded = |label| TextEncoding::for_label(label).unwrap().encode_ascii(b"\r\n");
        assert_eq!(&*encoded("utf-16le"), b"\r\0\n\0");
        assert_eq!(&*encoded("utf-16be"), b"\0\r\0\n");
        assert_eq!(&*encoded("cp850"), b"\r\n");
    }
}
