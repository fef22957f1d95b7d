//! File syntax: how a profile says that the files of an export are written.
//!
//! Compiles the keys of a profile that concern files, not rows. Does not read files: `pipeline`
//! passes it on to `read`.

use super::{
    input_settings::{LastLineEnd, Quote},
    key_errors::{KeyError, KeyErrors},
    profile_text::ProfileText,
};
use crate::model::{input::InputFormat, text_encoding::TextEncoding};

/// How the files of an export are written.
#[derive(Debug, Clone)]
pub struct FileSyntax {
    /// The format of the files, if it is always the same.
    pub format: Option<InputFormat>,
    /// The encoding of their text.
    pub encoding: TextEncoding,
    /// The ASCII character between two cells of a CSV file.
    pub delimiter: u8,
    /// What quotes mean in a CSV file.
    pub quote: Quote,
    /// Whether a file must end with a line break.
    pub last_line_end: LastLineEnd,
}

impl FileSyntax {
    /// Compiles the keys of a profile; those with an error have their default.
    pub(super) fn compile(text: &ProfileText, errors: &mut KeyErrors) -> Self {
        Self {
            format: text.format,
            encoding: errors.keep(encoding(text.encoding.as_deref())).unwrap_or_default(),
            delimiter: errors.keep(delimiter(text.delimiter)).unwrap_or_default(),
            quote: text.quote,
            last_line_end: text.last_line_end,
        }
    }
}

fn encoding(label: Option<&str>) -> Result<TextEncoding, KeyError> {
    label.map_or(Ok(TextEncoding::Utf8), str::parse).map_err(|error| ("encoding", error))
}

fn delimiter(delimiter: Option<char>) -> Result<u8, KeyError> {
    let delimiter = delimiter.unwrap_or(',');
    // Quotes and line breaks have a meaning of their own in CSV.
    match u8::try_from(delimiter) {
        Ok(byte) if byte.is_ascii() && !matches!(byte, b'"' | b'\r' | b'\n') => Ok(byte),
        _ => {
            let error = format!(
                "invalid character {delimiter:?}; expected an ASCII character such as ; or \\t"
            );
            Err(("delimiter", error))
        }
    }
}
