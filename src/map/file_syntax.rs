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
    /// The ASCII character between two cells of a CSV file; a comma if none is declared.
    pub delimiter: u8,
    /// Whether the profile declares the delimiter.
    pub declares_delimiter: bool,
    /// The lines before the header of a CSV file, blank ones included.
    pub skip_lines: usize,
    /// The names of the columns of CSV files that have no header.
    pub header: Option<Vec<String>>,
    /// What quotes mean in a CSV file.
    pub quote: Quote,
    /// Whether a file must end with a line break.
    pub last_line_end: LastLineEnd,
}

impl FileSyntax {
    /// Compiles the keys of a profile; those with an error have their default.
    pub(super) fn compile(text: &mut ProfileText, errors: &mut KeyErrors) -> Self {
        if text.format == Some(InputFormat::Ndjson) {
            let only_csv = [
                ("delimiter", text.delimiter.is_some()),
                ("skip_lines", text.skip_lines.is_some()),
                ("header", text.header.is_some()),
            ];
            for (key, _) in only_csv.into_iter().filter(|(_, is_set)| *is_set) {
                errors.add(key, "without effect: the profile's format is ndjson");
            }
        }
        Self {
            format: text.format,
            encoding: errors.keep(encoding(text.encoding.as_deref())).unwrap_or_default(),
            delimiter: errors.keep(delimiter(text.delimiter)).unwrap_or_default(),
            declares_delimiter: text.delimiter.is_some(),
            skip_lines: text.skip_lines.unwrap_or_default(),
            header: errors.keep(header(text.header.take())).flatten(),
            quote: text.quote,
            last_line_end: text.last_line_end,
        }
    }
}

fn encoding(label: Option<&str>) -> Result<TextEncoding, KeyError> {
    label.map_or(Ok(TextEncoding::Utf8), str::parse).map_err(|error| ("encoding", error))
}

fn header(names: Option<Vec<String>>) -> Result<Option<Vec<String>>, KeyError> {
    let Some(names) = names else { return Ok(None) };
    let is_blank = |name: &&String| name.trim() != name.as_str() || name.is_empty();
    if names.is_empty() {
        return Err(("header", "no name; expected the names of all columns, in order".to_owned()));
    }
    match names.iter().find(is_blank) {
        Some(name) => {
            let error = format!("name {name:?} is empty or has blanks around it; expected a name");
            Err(("header", error))
        }
        None => Ok(Some(names)),
    }
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
