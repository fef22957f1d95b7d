//! Bytes → rows: which files, unpacking, CSV and NDJSON.
//!
//! Believes nothing: a row that cannot be read is a row too, with what is certain of it. Each row knows its file, line
//! and byte range. Called by `pipeline`; knows only `model`.

pub mod csv;
pub mod inputs;
mod layout;
pub mod ndjson;
mod tape;
#[cfg(test)]
mod tests;
pub mod unpack;

use std::{io, ops::Range, path::PathBuf, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::model::{
    origin::{FileId, Position},
    row::{Header, Row},
};
use inputs::Input;

/// Why an input cannot be read: the run cannot go on, since orders may be missing.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No such file, no permission, a broken archive.
    #[error("{name}: {error}")]
    Io {
        /// The input as the user named it.
        name: String,
        /// What the system said.
        error: io::Error,
    },
    /// A pattern or folder without a file to read.
    #[error(
        "{0}: no input found\n  hint: name a file, a folder or a glob with .csv, .ndjson or .jsonl files (also .gz, .zst)"
    )]
    NoInput(String),
    /// A pattern that is none.
    #[error("{0}: {1}")]
    BadPattern(String, glob::PatternError),
    /// A CSV file without a header.
    #[error("{0}:1: the file is empty, expected a header\n  hint: an export without orders still has its header line")]
    NoHeader(String),
    /// UTF-16 or another encoding that its first bytes give away.
    #[error(
        "{0}:1: the file is UTF-16, expected UTF-8\n  hint: export it as UTF-8, or convert it: iconv -f utf-16 -t utf-8"
    )]
    Utf16(String),
    /// A header whose names are not UTF-8, or whose quotes are not closed.
    #[error("{0}:1: the header cannot be read: {1}")]
    BadHeader(String, String),
    /// A line that ends in a carriage return alone: lines could not be counted, and a row may have been torn.
    #[error(
        "{0}:{1}: the line ends in CR alone, expected LF or CRLF\n  hint: tr '\\r' '\\n' makes lines of an old Mac's file"
    )]
    LoneCr(String, u64),
    /// A file that is one JSON array.
    #[error(
        "{0}:1:1: the file is one JSON array, expected one JSON object a line\n  hint: jq -c '.[]' makes lines of an array"
    )]
    JsonArray(String),
}

/// The form of an input file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Comma-separated values with a header, RFC 4180.
    Csv,
    /// One JSON object a line.
    Ndjson,
}

/// How the files of an export are written.
#[derive(Debug, Clone, Copy)]
pub struct Dialect {
    /// The form of all files; where it is not said, a file's name or else its first character tells.
    pub format: Option<Format>,
    /// What stands between two cells of a CSV file.
    pub delimiter: u8,
}

impl Default for Dialect {
    fn default() -> Self {
        Self { format: None, delimiter: b',' }
    }
}

/// An open input: an iterator over its rows.
pub struct Rows {
    source: Source,
}

enum Source {
    Csv(csv::CsvRows),
    Ndjson(ndjson::NdjsonRows),
}

/// What is known about a file when all its rows are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEnd {
    /// The bytes of the header in the unpacked file, without its line break.
    pub header: Option<Range<u64>>,
    /// Whether the file's lines end in `\r\n`.
    pub has_crlf: bool,
    /// Where the last row stands, if it ends without a line break.
    pub unfinished: Option<Position>,
}

impl Rows {
    /// Opens an input and reads its header, if its form has one.
    pub fn open(input: &Input, file: FileId, dialect: &Dialect) -> Result<Self, ReadError> {
        let mut bytes = unpack::open(&input.path).map_err(|source| input.error(source))?;
        let start = unpack::first_bytes(&mut bytes).map_err(|source| input.error(source))?;
        if start.starts_with(&[0xFF, 0xFE]) || start.starts_with(&[0xFE, 0xFF]) {
            return Err(ReadError::Utf16(input.name.clone()));
        }
        let source = match dialect.format.unwrap_or_else(|| format_of(input, &start)) {
            Format::Csv => Source::Csv(csv::CsvRows::open(bytes, input, file, dialect.delimiter)?),
            Format::Ndjson => Source::Ndjson(ndjson::NdjsonRows::open(bytes, input, file)?),
        };
        Ok(Self { source })
    }

    /// The header of a CSV file.
    #[must_use]
    pub fn header(&self) -> Option<&Arc<Header>> {
        match &self.source {
            Source::Csv(rows) => Some(rows.header()),
            Source::Ndjson(_) => None,
        }
    }

    /// What is known when all rows are read.
    #[must_use]
    pub fn end(&self) -> FileEnd {
        match &self.source {
            Source::Csv(rows) => rows.end(),
            Source::Ndjson(rows) => rows.end(),
        }
    }
}

impl Iterator for Rows {
    type Item = Result<Row, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        match &mut self.source {
            Source::Csv(rows) => rows.next(),
            Source::Ndjson(rows) => rows.next(),
        }
    }
}

fn format_of(input: &Input, start: &[u8]) -> Format {
    match inputs::format_by_name(&PathBuf::from(&input.name)) {
        Some(format) => format,
        None => match start.strip_prefix(unpack::BOM).unwrap_or(start).trim_ascii_start().first() {
            Some(b'{' | b'[') => Format::Ndjson,
            _ => Format::Csv,
        },
    }
}
