//! Bytes → rows: which files, unpacking, CSV, NDJSON and JSON arrays.
//!
//! In two steps, so that all cores can read one file: `source` reads forwards and cuts where rows are proved to end,
//! `reader` makes rows of the pieces, in any order and on any thread. Believes nothing: a row that cannot be read is
//! a row too, with what is certain of it. Each row knows its file, line and byte range. Holds no more than a block and
//! the largest record that is allowed. Called by `pipeline`; knows only `model`.

mod array;
mod block_reader;
mod boundary;
mod csv;
mod csv_slow;
pub mod decompress;
mod fingerprint;
pub mod inputs;
mod json;
mod read_buffer;
mod row_parser;
mod scanner;
#[cfg(test)]
mod tests;

use std::{io, ops::Range};

use serde::{Deserialize, Serialize};

use crate::model::{order::OrderId, origin::Position};

pub use block_reader::{Block, BlockReader};
pub use fingerprint::Fingerprint;
pub use row_parser::{ParsedBlock, Piece, RowParser};

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
    /// The file is not the one that was found, or not as it was then: orders may be there in part.
    #[error(
        "{name}: changed while it was read: {difference}; nothing was sent\n  hint: run it again when the export is complete; an export that is written under another name and then renamed is never read in part"
    )]
    Changed {
        /// The input as the user named it.
        name: String,
        /// What is different.
        difference: String,
    },
    /// A pattern or folder without a file to read.
    #[error(
        "{0}: no input found\n  hint: name a file, a folder or a glob with .csv, .ndjson, .jsonl or .json files (also .gz, .zst)"
    )]
    NoInput(String),
    /// More files than an order's id can tell apart.
    #[error("{0} files are too many, expected {max} at most\n  hint: read them a folder at a time, or as one file", max = OrderId::MAX_FILES)]
    TooManyInputs(usize),
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
    /// Text behind the bracket that closes a JSON array: another array would be lost.
    #[error(
        "{0}:{1}: text behind the \"]\" that closes the array, expected the end of the file\n  hint: give each array a file of its own, or make lines of them: jq -c '.[]'"
    )]
    TextAfterArray(String, u64),
    /// A header with more columns than are allowed.
    #[error("{0}:1: the header has more than {1} columns\n  hint: raise max_columns if the file is right")]
    TooManyColumns(String, usize),
    /// A row or document with more bytes than are allowed; often a quote that is never closed.
    #[error("{name}:{line}: the record that begins here has more than {limit} bytes{}", open_quote_hint(*.quote))]
    RecordTooLong {
        /// The input as the user named it.
        name: String,
        /// The line on which the record begins.
        line: u64,
        /// How many bytes may be.
        limit: u64,
        /// Line and column of the quote that is still open there.
        quote: Option<(u64, u32)>,
    },
}

impl ReadError {
    fn record_too_long(name: &str, line: u64, limit: u64) -> Self {
        Self::RecordTooLong { name: name.to_owned(), line, limit, quote: None }
    }
}

fn open_quote_hint(quote: Option<(u64, u32)>) -> String {
    match quote {
        None => "\n  hint: raise max_record if the file is right".to_owned(),
        Some((line, column)) => format!(
            "; the quote opened at {line}:{column} is not closed within them\n  hint: close that quote, or raise max_record if the file is right"
        ),
    }
}

/// What hostile input may not exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// The bytes of one cell or JSON value; a row with a longer one is unreadable.
    pub max_cell: u64,
    /// The bytes of one row or document. At most 4 GiB count, since places within a row have 32 bits.
    pub max_record: u64,
    /// The columns of a header.
    pub max_columns: usize,
    /// The values of one order: those of a JSON document, which is unreadable if it has more, or the filled cells of the
    /// rows that share a key.
    pub max_values: usize,
    /// How many times its packed size a file may have unpacked; not judged before 64 MiB are unpacked, since small
    /// files of alike rows pack very well.
    pub max_expansion: u64,
}

impl Default for ReadLimits {
    /// Far above any export: an order has some KiB, an export some hundred columns, a tenant keeps 100 items of an order, for
    /// which even verbose exports have a hundred values each, and text packs 5 to 30 times.
    fn default() -> Self {
        Self {
            max_cell: 1024 * 1024,
            max_record: 16 * 1024 * 1024,
            max_columns: 10_000,
            max_values: 200_000,
            max_expansion: 200,
        }
    }
}

/// The form of an input file as it is said or named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputFormat {
    /// Comma-separated values with a header, RFC 4180.
    Csv,
    /// One JSON object a line, or one array of them: the first character tells.
    Ndjson,
}

/// The form of an input file as it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// Comma-separated values with a header.
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// One JSON array of objects.
    JsonArray,
}

/// How the files of an export are written.
#[derive(Debug, Clone, Copy)]
pub struct Dialect {
    /// The form of all files; where it is not said, a file's name or else its first character tells.
    pub format: Option<InputFormat>,
    /// What stands between two cells of a CSV file.
    pub delimiter: u8,
}

impl Default for Dialect {
    fn default() -> Self {
        Self { format: None, delimiter: b',' }
    }
}

/// What is known about a file when all its rows are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEnd {
    /// The bytes of the header in the unpacked file, without its line break.
    pub header: Option<Range<u64>>,
    /// Whether the file's first line ends in `\r\n`.
    pub has_crlf: bool,
    /// Where the last row of a CSV or NDJSON file stands, or its header, if it ends without a line end.
    pub unterminated: Option<Position>,
}
