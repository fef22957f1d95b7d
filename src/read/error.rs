//! Read error: why an input cannot be read, with the position and a hint.
//!
//! Not for damage within one row: an unreadable row is a row with its reason, and the run goes on.
//! Returned by the other files of this module; `pipeline` ends the run with it.

use std::io;

use super::document_error::DocumentError;
use crate::model::{
    encoding_hint::{encoding_hint, likely_encoding},
    order::OrderId,
    text_encoding::TextEncoding,
};

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
        "{name}: changed while it was read: {difference}; nothing was sent\n  hint: run again \
         when the export is complete; write exports under another name and rename them when \
         complete, so that none is read in part"
    )]
    Changed {
        /// The input as the user named it.
        name: String,
        /// What is different.
        difference: String,
    },
    /// A pattern or folder without a file to read.
    #[error(
        "{0}: no input found\n  hint: name a file, a folder or a glob with .csv, .ndjson, .jsonl \
         or .json files (also .gz, .zst)"
    )]
    NoInput(String),
    /// The only files to read are those of joins.
    #[error(
        "{inputs}: no file is left to read, since {file} is that of the join {join:?}\n  hint: \
         name the export, or another file for the join with --join {join}=FILE"
    )]
    OnlySideFiles {
        /// The inputs as the user named them.
        inputs: String,
        /// A file that would be one of them.
        file: String,
        /// The name of its join.
        join: String,
    },
    /// The command line names a file for a join that the profile lacks.
    #[error(
        "--join {name}=…: the profile has no [[join]] with as = {name:?}; its joins are: {known}"
    )]
    UnknownJoin {
        /// The name on the command line.
        name: String,
        /// The names that the profile has.
        known: String,
    },
    /// The file of a join is not found.
    #[error("no file for the join {name:?}: {why}\n  hint: {}", hint_of_side_file(name, *.is_named))]
    NoSideFile {
        /// The name of the join.
        name: String,
        /// Why it is not known.
        why: String,
        /// Whether the command line names the file.
        is_named: bool,
    },
    /// More files than an order's id can distinguish.
    #[error("{0} input files, expected at most {max}\n  hint: read one folder at a time, or join \
        them into one file", max = OrderId::MAX_FILES)]
    TooManyInputs(usize),
    /// A CSV file without a header.
    #[error(
        "{0}:1: the file is empty, expected a header\n  hint: a file without rows still has its \
         header line; export it anew"
    )]
    NoHeader(String),
    /// Another encoding than the declared one, proved by the first bytes.
    #[error(
        "{name}:1: the file is {found}, expected {expected}\n  hint: set encoding = \"{found}\" in \
         the profile, or give --encoding {found}"
    )]
    Encoding {
        /// The input as the user named it.
        name: String,
        /// What the file is.
        found: TextEncoding,
        /// What the profile declares; UTF-8 if it declares nothing.
        expected: TextEncoding,
    },
    /// An archive, a workbook or another file that is no text, or a page of a web site.
    #[error("{name}: the file is {kind}, expected CSV or JSON\n  hint: {hint}")]
    Foreign {
        /// The input as the user named it.
        name: String,
        /// What the file is.
        kind: &'static str,
        /// What to do.
        hint: String,
    },
    /// A file with fewer lines than those before its header.
    #[error(
        "{name}: the file has {found} lines, expected a header after {expected} (skip_lines)\n  \
         hint: lower skip_lines in the profile; with 0 the first line is the header"
    )]
    NoLineOfHeader {
        /// The input as the user named it.
        name: String,
        /// Complete lines of the file.
        found: usize,
        /// Lines before the header.
        expected: usize,
    },
    /// A first line for Excel that contradicts the profile.
    #[error(
        "{name}:1: the first line says that cells are separated by {found:?}, expected \
         {expected:?}\n  hint: set delimiter = {toml:?} in the profile", toml = found.to_string()
    )]
    OtherDelimiter {
        /// The input as the user named it.
        name: String,
        /// What the line names.
        found: char,
        /// What the profile declares.
        expected: char,
    },
    /// A header whose names are not UTF-8, or whose quotes are not closed.
    #[error("{0}:1: the header cannot be read: {1}{hint}", hint = header_hint(.1))]
    BadHeader(String, String),
    /// JSON in a file whose name is not that of one, where it cannot be the header of a CSV file.
    #[error(
        "{0}:1: the file is JSON, expected a header of CSV\n  hint: give it a name that ends in \
         .json or .ndjson, or set format = \"json\" in the profile"
    )]
    UnexpectedJson(String),
    /// A line that ends in a carriage return alone: lines could not be counted, and a row may be
    /// split.
    #[error(
        "{0}:{1}: the line ends in CR alone, expected LF or CRLF\n  hint: convert the line ends \
         of classic Mac OS: tr '\\r' '\\n'"
    )]
    LoneCr(String, u64),
    /// A record of several lines that reads as one record per line where quotes are data.
    #[error(
        "{name}:{line}: the record of lines {line} to {last_line} can be read in two ways: a quote \
         within it encloses line breaks, but each of its lines has as many cells as the header\n  \
         hint: if quotes are data in this export, set quote = \"none\" in the profile; otherwise \
         the export must write a quote within a cell as \"\""
    )]
    AmbiguousQuotes {
        /// The input as the user named it.
        name: String,
        /// The line on which the record begins.
        line: u64,
        /// The line on which it ends.
        last_line: u64,
    },
    /// A record whose quotes enclose a line that looks like a row.
    #[error(
        "{name}:{row}: the line looks like a row, but it is within the quotes of the record of lines \
         {line} to {last_line}: a quote may be missing there, or be part of the text\n  hint: close \
         the quote or write it as \"\"; if quotes are data in this export, set quote = \"none\" in \
         the profile"
    )]
    EnclosedRow {
        /// The input as the user named it.
        name: String,
        /// The line on which the record begins.
        line: u64,
        /// The line on which it ends.
        last_line: u64,
        /// The line that looks like a row.
        row: u64,
    },
    /// A JSON file of which not all documents can be found.
    #[error("{name}:{line}: {error}\n  hint: {}", .error.hint())]
    Documents {
        /// The input as the user named it.
        name: String,
        /// The line that the error is about.
        line: u64,
        /// What is wrong.
        error: DocumentError,
    },
    /// A header with more columns than are allowed.
    #[error(
        "{0}:1: the header has more than {1} columns\n  hint: raise max_columns if the file is \
         correct"
    )]
    TooManyColumns(String, usize),
    /// A row or document with more bytes than are allowed; often due to a quote that is never
    /// closed.
    #[error("{name}:{line}: the record that begins here has more than {limit} bytes{}", too_long_hint(*.quote, *.is_json_value))]
    RecordTooLong {
        /// The input as the user named it.
        name: String,
        /// The line on which the record begins.
        line: u64,
        /// The maximum size in bytes.
        limit: u64,
        /// Line and column of the quote that is still open there.
        quote: Option<(u64, u32)>,
        /// Whether it is a value of a JSON file, which may be what is around the documents.
        is_json_value: bool,
    },
}

impl ReadError {
    /// The encoding that the file probably has, if the error is about that.
    #[must_use]
    pub fn encoding(&self) -> Option<TextEncoding> {
        match self {
            Self::Encoding { found, .. } => Some(*found),
            Self::BadHeader(_, reason) => likely_encoding(reason),
            _ => None,
        }
    }

    /// The join whose file is not found, if the error is about that.
    #[must_use]
    pub fn side_file(&self) -> Option<&str> {
        match self {
            Self::NoSideFile { name, .. } => Some(name),
            _ => None,
        }
    }

    /// The key of the profile that helps, with its value, if one does.
    #[must_use]
    pub fn profile_key(&self) -> Option<String> {
        match self {
            Self::OtherDelimiter { found, .. } => {
                Some(format!("delimiter = {:?}", found.to_string()))
            }
            Self::AmbiguousQuotes { .. } | Self::EnclosedRow { .. } => {
                Some("quote = \"none\"".to_owned())
            }
            Self::NoLineOfHeader { .. } => Some("skip_lines = 0".to_owned()),
            Self::Documents {
                error: DocumentError::None { .. } | DocumentError::NoneInElement { .. },
                ..
            } => Some("documents = \"…\"".to_owned()),
            Self::UnexpectedJson(_) => Some("format = \"json\"".to_owned()),
            _ => Some(format!("encoding = \"{}\"", self.encoding()?)),
        }
    }

    pub(super) fn record_too_long(name: &str, line: u64, limit: u64) -> Self {
        Self::RecordTooLong {
            name: name.to_owned(),
            line,
            limit,
            quote: None,
            is_json_value: false,
        }
    }
}

fn header_hint(reason: &str) -> String {
    encoding_hint(reason).map_or_else(String::new, |hint| format!("\n  hint: {hint}"))
}

fn too_long_hint(quote: Option<(u64, u32)>, is_json_value: bool) -> String {
    match quote {
        None if is_json_value => {
            "\n  hint: if the documents are within it, name where: documents = \"orders[]\" in the \
             profile; raise max_record if it is one document"
                .to_owned()
        }
        None => "\n  hint: raise max_record if the file is correct".to_owned(),
        Some((line, column)) => format!(
            "; the quote opened at {line}:{column} is not closed within them\n  hint: close that \
             quote, or set quote = \"none\" in the profile if quotes are data; raise max_record if \
             the file is correct"
        ),
    }
}

fn hint_of_side_file(name: &str, is_named: bool) -> String {
    if is_named {
        format!("give --join {name}=… the name of a file that is there")
    } else {
        format!("name the file with --join {name}=FILE")
    }
}
