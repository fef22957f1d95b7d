//! Damage of a CSV record: what is wrong with its quotes, its cells and their number, and the
//! messages about it.
//!
//! csv-core reads any bytes in some way. An unclosed quote, text after a closing quote and blanks
//! before an opening one are damage here, because such a cell may have swallowed others. Does not
//! parse. Called by `csv_slow`.

use memchr::memchr_iter;

use super::{csv_format::CsvFormat, error::ReadError, position::line_offset_text};
use crate::model::{
    encoding_hint::{BadByte, NOT_UTF8},
    raw_record::{CellQuotes, RawRecord},
    row::RowDamage,
    text_encoding::TextEncoding,
};

/// What is wrong with a record.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct RecordDamage {
    /// The first quoting error.
    pub(super) quotes: Option<QuoteError>,
    /// The first cell whose text is bad, from 0.
    pub(super) cell: Option<(usize, CellError)>,
}

/// Why the quotes of a record are unreliable, with the line below the record's first and the column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuoteError {
    /// Opened there, and never closed.
    Unclosed(u32, u32),
    /// Text there, between a closing quote and the next delimiter.
    TextAfter(u32, u32),
}

/// What is wrong with the text of a cell, which is then left empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CellError {
    /// It is not UTF-8; its first such byte.
    NotUtf8(BadByte),
    /// It has this number of bytes, over the limit.
    TooLong(u64),
    /// It begins with blanks and a quote, so it is uncertain whether the quote encloses the cell.
    QuoteAfterBlanks,
}

/// Why a record cannot be read.
#[derive(Debug)]
pub(super) struct DamagedRecord {
    pub(super) reason: String,
    pub(super) kind: RowDamage,
    pub(super) is_salvageable: bool,
}

impl QuoteError {
    /// The first one in a record.
    pub(super) fn of(record: RawRecord<'_>) -> Option<Self> {
        record.cells().find_map(|cell| match cell.quotes {
            CellQuotes::Unclosed => {
                let (line, column) = record.line_and_column(cell.range.start);
                Some(Self::Unclosed(line, column))
            }
            CellQuotes::ClosedBefore(end) if end < cell.range.end => {
                let (line, column) = record.line_and_column(end);
                Some(Self::TextAfter(line, column))
            }
            CellQuotes::ClosedBefore(_) | CellQuotes::None => None,
        })
    }

    fn reason(self) -> String {
        match self {
            Self::Unclosed(line, column) => format!(
                "the quote opened at column {column}{} is never closed",
                line_offset_text(line)
            ),
            Self::TextAfter(line, column) => format!(
                "text after a closing quote at column {column}{}, expected a delimiter; a quote \
                 within a cell is written \"\"",
                line_offset_text(line)
            ),
        }
    }
}

/// The cells of a record, from 0, that begin with blanks and a quote.
pub(super) fn cells_with_quote_after_blanks(record: RawRecord<'_>) -> impl Iterator<Item = usize> {
    let is_damaged = move |bytes: &[u8]| {
        std::str::from_utf8(bytes).is_ok_and(|text| text.trim_start().starts_with('"'))
    };
    let cells = record.cells().enumerate().filter(move |_| record.has_quotes);
    cells.filter_map(move |(index, cell)| {
        let is_unquoted = cell.quotes == CellQuotes::None;
        (is_unquoted && is_damaged(&record.bytes[cell.range])).then_some(index)
    })
}

impl RecordDamage {
    /// The damage as rows report it; none if the record of `n_cells` is intact.
    pub(super) fn described(
        &self,
        format: &CsvFormat,
        n_cells: usize,
        n_breaks: usize,
    ) -> Option<DamagedRecord> {
        let reason = self.reason(format, n_cells)?;
        let is_of_quotes =
            self.quotes.is_some() || matches!(self.cell, Some((_, CellError::QuoteAfterBlanks)));
        let kind = if is_of_quotes { RowDamage::Quotes } else { RowDamage::Other };
        // A damaged row of several lines may have swallowed rows of other orders: nothing of it is
        // reliable.
        let is_salvageable = n_breaks == 0 && self.quotes.is_none();
        Some(DamagedRecord { reason, kind, is_salvageable })
    }

    fn reason(&self, format: &CsvFormat, n_cells: usize) -> Option<String> {
        match self.quotes {
            // The cause first: a quote error also changes the number of cells.
            Some(error) => Some(error.reason()),
            None => format
                .wrong_cell_count(n_cells)
                .or_else(|| self.cell.map(|(index, error)| format.cell_error(index, error))),
        }
    }
}

impl CsvFormat {
    /// Refuses a record of several lines each of which, with quotes read as data, is a record too:
    /// its quotes may have swallowed other orders.
    pub(super) fn ensure_unambiguous(&self, line: u64, record: &[u8]) -> Result<(), ReadError> {
        let n_breaks = memchr_iter(b'\n', record).count();
        // Every line of a table of one column fits.
        let n_columns = self.header.names.len();
        let fits = |line: &[u8]| memchr_iter(self.syntax.delimiter, line).count() + 1 == n_columns;
        if n_breaks == 0 || n_columns < 2 || !record.split(|byte| *byte == b'\n').all(fits) {
            return Ok(());
        }
        let last_line = line + n_breaks as u64;
        Err(ReadError::AmbiguousQuotes { name: self.name.to_string(), line, last_line })
    }

    fn wrong_cell_count(&self, found: usize) -> Option<String> {
        let expected = self.header.names.len();
        (expected != 0 && found != expected).then(|| {
            let cells = if found == 1 { "cell" } else { "cells" };
            format!("the row has {found} {cells}, the header has {expected}")
        })
    }

    fn cell_error(&self, index: usize, error: CellError) -> String {
        let column = self
            .header
            .names
            .get(index)
            .map_or_else(|| (index + 1).to_string(), |name| format!("{name:?}"));
        match error {
            CellError::NotUtf8(byte) if self.encoding == TextEncoding::Utf8 => {
                format!("the cell of column {column} {NOT_UTF8}: {byte}")
            }
            CellError::NotUtf8(_) => {
                format!("the cell of column {column} has bytes that are not {}", self.encoding)
            }
            CellError::QuoteAfterBlanks => format!(
                "the cell of column {column} begins with blanks and a quote, expected the quote \
                 first; where quotes are data, set quote = \"none\""
            ),
            CellError::TooLong(n_bytes) => {
                let max_bytes = self.limits.max_cell;
                format!(
                    "the cell of column {column} has {n_bytes} bytes, expected at most \
                     {max_bytes} (max_cell)"
                )
            }
        }
    }
}
