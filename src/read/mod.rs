//! Input stage, bytes → rows: input discovery, decompression, CSV, NDJSON and JSON arrays.
//!
//! Reads in two steps, so that all cores can work on one file: `block_reader` reads forward and
//! splits at verified record boundaries, `row_parser` parses the pieces in any order and on any
//! thread. An unreadable row is a row too, with what is reliable of it. Each row knows its file,
//! line and byte range. Memory holds no more than a block and the largest record that is allowed.
//! Called by `pipeline`; knows only `model`.

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
    /// No such file, no permission, or a damaged archive.
    #[error("{name}: {error}")]
    Io {
        /// The input as the user named it.
        name: String,
        /// The error of the system or of the decompressor.
        error: io::Error,
    },
    /// The file is not the one that was found, or was modified since: orders may be incomplete.
    #[error(
        "{name}: changed while it was read: {difference}; nothing was sent\n  hint: run again when the export is complete; write exports under another name and rename them when complete, so that none is read in part"
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
    /// More files than an order's id can distinguish.
    #[error("{0} input files, expected at most {max}\n  hint: read one folder at a time, or join them into one file", max = OrderId::MAX_FILES)]
    TooManyInputs(usize),
    /// An invalid glob pattern.
    #[error("{0}: {1}")]
    BadPattern(String, glob::PatternError),
    /// A CSV file without a header.
    #[error("{0}:1: the file is empty, expected a header\n  hint: an export without orders still has its header line")]
    NoHeader(String),
    /// UTF-16, detected by its first bytes.
    #[error(
        "{0}:1: the file is UTF-16, expected UTF-8\n  hint: export it as UTF-8, or convert it: iconv -f utf-16 -t utf-8"
    )]
    Utf16(String),
    /// A header whose names are not UTF-8, or whose quotes are not closed.
    #[error("{0}:1: the header cannot be read: {1}")]
    BadHeader(String, String),
    /// A line that ends in a carriage return alone: lines could not be counted, and a row may be
    /// split.
    #[error(
        "{0}:{1}: the line ends in CR alone, expected LF or CRLF\n  hint: convert the line ends of classic Mac OS: tr '\\r' '\\n'"
    )]
    LoneCr(String, u64),
    /// Text after the bracket that closes a JSON array: another array would be lost.
    #[error(
        "{0}:{1}: text after the \"]\" that closes the array, expected the end of the file\n  hint: write each array to its own file, or convert them to NDJSON: jq -c '.[]'"
    )]
    TextAfterArray(String, u64),
    /// A header with more columns than are allowed.
    #[error("{0}:1: the header has more than {1} columns\n  hint: raise max_columns if the file is correct")]
    TooManyColumns(String, usize),
    /// A row or document with more bytes than are allowed; often due to a quote that is never
    /// closed.
    #[error("{name}:{line}: the record that begins here has more than {limit} bytes{}", open_quote_hint(*.quote))]
    RecordTooLong {
        /// The input as the user named it.
        name: String,
        /// The line on which the record begins.
        line: u64,
        /// The maximum size in bytes.
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
        None => "\n  hint: raise max_record if the file is correct".to_owned(),
        Some((line, column)) => format!(
            "; the quote opened at {line}:{column} is not closed within them\n  hint: close that quote, or raise max_record if the file is correct"
        ),
    }
}

/// Limits that hostile input may not exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadLimits {
    /// Bytes of one cell or JSON value; a row with a longer one is unreadable.
    pub max_cell: u64,
    /// Bytes of one row or document; at most 4 GiB, since positions within a record have 32 bits.
    pub max_record: u64,
    /// Columns of a header.
    pub max_columns: usize,
    /// Values of one order: those of a JSON document, which is unreadable if it has more, or the
    /// filled cells of the rows that share a key.
    pub max_values: usize,
    /// Maximum ratio of decompressed to compressed size. Not checked before 64 MiB are
    /// decompressed, since small files of similar rows compress very well.
    pub max_expansion: u64,
}

impl Default for ReadLimits {
    // Far above any export: an order has a few KiB and an export a few hundred columns, a tenant
    // keeps 100 items of an order, for which even verbose exports have a hundred values each, and
    // text compresses 5 to 30 times.
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

/// The format of an input file as configured, or as its name means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum InputFormat {
    /// Comma-separated values with a header, RFC 4180.
    Csv,
    /// One JSON object per line, or one array of them: the first character decides.
    Ndjson,
}

/// The format of an input file as detected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// Comma-separated values with a header.
    Csv,
    /// One JSON object per line.
    Ndjson,
    /// One JSON array of objects.
    JsonArray,
}

/// How the files of an export are written.
#[derive(Debug, Clone, Copy)]
pub struct Dialect {
    /// The format of all files; without it a file's name decides, or else its first character.
    pub format: Option<InputFormat>,
    /// The byte between two cells of a CSV file.
    pub delimiter: u8,
}

impl Default for Dialect {
    fn default() -> Self {
        Self { format: None, delimiter: b',' }
    }
}

/// What is known of a file after all its rows are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEnd {
    /// The byte range of the header in the decompressed file, without its line break.
    pub header: Option<Range<u64>>,
    /// Whether the file's first line ends in `\r\n`.
    pub has_crlf: bool,
    /// The position of the last row of a CSV or NDJSON file, or of its header, if the file ends
    /// without a line break.
    pub unterminated: Option<Position>,
}
