//! Dialect and limits: how the files of an export are written, and how large their parts may be.
//!
//! Does not detect a format. Set by `pipeline` and `cli` from the profile and the configuration,
//! read by the other files of this module.

use crate::model::{
    csv_syntax::CsvSyntax, document_path::DocumentPath, input::InputFormat,
    text_encoding::TextEncoding,
};

/// The format of an input file as detected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileFormat {
    /// Comma-separated values with a header.
    Csv,
    /// One JSON object per line.
    Ndjson,
    /// JSON values over any number of lines, which are documents, arrays of them, or have them at
    /// the paths that are declared.
    JsonValues,
}

/// How the files of an export are written.
#[derive(Debug, Clone, Copy, Default)]
pub struct Dialect<'p> {
    /// The format of all files; without it a file's name decides, or else its first character.
    pub format: Option<InputFormat>,
    /// Where the values of JSON files have their documents; none where that is not declared: a
    /// document a line, or as the first value shows.
    pub documents: Option<&'p [DocumentPath]>,
    /// The encoding of their text.
    pub encoding: TextEncoding,
    /// The syntax of the CSV files among them.
    pub csv_syntax: CsvSyntax,
    /// Whether the delimiter is declared; else a first line for Excel, `sep=;`, may name another.
    pub declares_delimiter: bool,
    /// The lines before the header of a CSV file, blank ones included.
    pub skip_lines: usize,
    /// If rows of a CSV file may have more or fewer empty cells at their end than the header: the
    /// columns of which each row must have a cell.
    pub padded_beside: Option<&'p [String]>,
    /// The names of the columns of CSV files without a header.
    pub column_names: Option<&'p [String]>,
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
