//! Damage of a CSV record: what is wrong with its quotes, its cells and their number, and the
//! messages about it.
//!
//! csv-core reads any bytes in some way. An unclosed quote, text after a closing quote and blanks
//! before an opening one are damage here, because such a cell may have swallowed others. Does not
//! parse. Called by `csv_slow`.

use memchr::memchr_iter;

use super::{
    csv_format::CsvFormat, error::ReadError, position::line_offset_text, row_padding::RecordShape,
};
use crate::model::{
    encoding_hint::{BadByte, NOT_UTF8},
    raw_record::{CellQuotes, RawCell, RawRecord},
    row::{DamagePlace, RowDamage},
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

/// Why the quotes of a record are unreliable, with the line below the record's first and the
/// column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuoteError {
    /// Opened there, and never closed.
    Unclosed(u32, u32),
    /// Text there, between a closing quote and the next delimiter.
    TextAfter(u32, u32),
    /// An escape there, outside quotes and before a byte that ends a cell or opens quotes.
    EscapeOutside(u32, u32),
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
    /// An escape there, with the line below the record's first and the column, before a byte that
    /// needs none: it may be text.
    Escape(u32, u32),
    /// It begins as a text that a spreadsheet wraps, and does not end so.
    HalfWrapped,
}

/// Why a record cannot be read.
#[derive(Debug)]
pub(super) struct DamagedRecord {
    pub(super) reason: String,
    pub(super) at: Option<DamagePlace>,
    pub(super) column_name: Option<String>,
    pub(super) kind: RowDamage,
    pub(super) is_salvageable: bool,
}

impl QuoteError {
    /// The first one in a record.
    pub(super) fn of(record: RawRecord<'_>) -> Option<Self> {
        let at = |offset: usize| record.line_and_column(offset);
        record.cells().find_map(|cell| match cell.quotes {
            CellQuotes::Unclosed => {
                let open = record.opening_quote(cell.range.start).unwrap_or(cell.range.start);
                let (line, column) = at(open);
                Some(Self::Unclosed(line, column))
            }
            CellQuotes::ClosedBefore(end) if end < cell.range.end => {
                let (line, column) = at(end);
                Some(Self::TextAfter(line, column))
            }
            CellQuotes::ClosedBefore(_) => None,
            CellQuotes::None => {
                let escape = record.syntax.escape?;
                let bytes = &record.bytes[cell.range.clone()];
                let ends_cell = |at: &usize| matches!(bytes.get(at + 1), None | Some(b'"'));
                let mut escapes = (0..bytes.len()).filter(|at| bytes[*at] == escape);
                let (line, column) = at(cell.range.start + escapes.find(ends_cell)?);
                Some(Self::EscapeOutside(line, column))
            }
        })
    }

    fn place(self) -> DamagePlace {
        match self {
            Self::Unclosed(line, column)
            | Self::TextAfter(line, column)
            | Self::EscapeOutside(line, column) => (line, column),
        }
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
            Self::EscapeOutside(line, column) => format!(
                "an escape outside quotes at column {column}{}, where it is uncertain whether the \
                 cell ends; expected the cell within quotes",
                line_offset_text(line)
            ),
        }
    }
}

/// The cells of a record, from 0, whose text is doubtful: those that begin with blanks and a quote,
/// and those with an escape that may be text.
pub(super) fn doubtful_cells(
    record: RawRecord<'_>,
) -> impl Iterator<Item = (usize, CellError)> + use<'_> {
    let begins_with_quote = move |cell: &RawCell| {
        let text = std::str::from_utf8(&record.bytes[cell.range.clone()]);
        text.is_ok_and(|text| text.trim_start().starts_with('"'))
    };
    let cells = record.cells().enumerate().filter(move |_| record.syntax.has_quotes);
    cells.filter_map(move |(index, cell)| {
        if cell.quotes == CellQuotes::None && begins_with_quote(&cell) {
            return Some((index, CellError::QuoteAfterBlanks));
        }
        let (line, column) = record.line_and_column(doubtful_escape(record, &cell)?);
        Some((index, CellError::Escape(line, column)))
    })
}

/// The null of a database, which is written without quotes and is text.
const NULL: &[u8] = b"\\N";

/// The offset of the first escape in a cell that may be text: within quotes one before a byte that
/// needs none, such as the n of `\n`, which some writers mean as a line break and others as it
/// stands; outside quotes any, since some writers escape there and others do not.
fn doubtful_escape(record: RawRecord<'_>, cell: &RawCell) -> Option<usize> {
    let escape = record.syntax.escape?;
    let (from, end) = match cell.quotes {
        CellQuotes::None if record.bytes[cell.range.clone()].trim_ascii() == NULL => return None,
        CellQuotes::None => (cell.range.start, cell.range.end),
        CellQuotes::ClosedBefore(end) => (record.opening_quote(cell.range.start)?, end),
        CellQuotes::Unclosed => return None,
    };
    let needs_one = |byte: u8| {
        let ends_cell = byte == record.syntax.delimiter || matches!(byte, b'\r' | b'\n');
        byte == b'"' || byte == escape || ends_cell
    };
    let mut at = from;
    loop {
        at += record.bytes.get(at..end)?.iter().position(|byte| *byte == escape)?;
        let is_quoted = cell.quotes != CellQuotes::None;
        if !is_quoted || !record.bytes.get(at + 1).is_some_and(|byte| needs_one(*byte)) {
            return Some(at);
        }
        at += 2;
    }
}

impl RecordDamage {
    /// The damage of a record as rows report it; none if it is intact. `wrong_cell_count` is the
    /// message about its number of cells, if that is wrong.
    pub(super) fn described(
        &self,
        format: &CsvFormat,
        record: RawRecord<'_>,
        wrong_cell_count: Option<String>,
        n_breaks: usize,
    ) -> Option<DamagedRecord> {
        // Of a record with other cells than the header it is not known which column each one is of.
        let cell = self.cell.filter(|_| wrong_cell_count.is_none() && self.quotes.is_none());
        let at = match (self.quotes, cell) {
            (Some(error), _) => Some(error.place()),
            (None, Some((_, CellError::Escape(line, column)))) => Some((line, column)),
            (None, Some((index, _))) => record.starts().nth(index),
            (None, None) => None,
        };
        let column_name = cell.and_then(|(index, _)| format.header.names.get(index).cloned());
        let reason = self.reason(format, wrong_cell_count)?;
        let is_of_quotes =
            self.quotes.is_some() || matches!(self.cell, Some((_, CellError::QuoteAfterBlanks)));
        let kind = if is_of_quotes { RowDamage::Quotes } else { RowDamage::Other };
        // A damaged row of several lines may have swallowed rows of other orders: nothing of it is
        // reliable.
        let is_salvageable = n_breaks == 0 && self.quotes.is_none();
        Some(DamagedRecord { reason, at, column_name, kind, is_salvageable })
    }

    fn reason(&self, format: &CsvFormat, wrong_cell_count: Option<String>) -> Option<String> {
        match self.quotes {
            // The cause first: a quote error also changes the number of cells.
            Some(error) => Some(error.reason()),
            None => wrong_cell_count
                .or_else(|| self.cell.map(|(index, error)| format.cell_error(index, error))),
        }
    }
}

/// What a profile could say about a record of another number of cells than the header.
fn padding_hint(record: RecordShape, expected: usize) -> Option<&'static str> {
    // One cell is rather a line of text.
    if record.n_cells == 1 || record.n_breaks > 0 || record.n_filled > expected {
        return None;
    }
    Some(if record.n_cells < expected {
        "if it lacks only empty ones at its end, ragged_rows = \"pad\" adds them"
    } else {
        "ragged_rows = \"pad\" drops empty ones at the end"
    })
}

/// A cell with `0` in place of each number and `a` in place of each word.
fn shape(cell: &[u8]) -> Vec<u8> {
    let class = |byte: &u8| match byte {
        b'0'..=b'9' => b'0',
        byte if byte.is_ascii_alphabetic() || !byte.is_ascii() => b'a',
        byte => *byte,
    };
    let mut shape: Vec<u8> = cell.trim_ascii().iter().map(class).collect();
    shape.dedup();
    shape
}

impl CsvFormat {
    /// Refuses a record of several lines whose quotes may have swallowed other orders: with quotes
    /// read as data, each of its lines is a record too, or one between the first and the last looks
    /// like a row.
    pub(super) fn ensure_unambiguous(&self, line: u64, record: &[u8]) -> Result<(), ReadError> {
        let n_breaks = memchr_iter(b'\n', record).count();
        // Every line of a table of one column fits.
        let n_columns = self.header.names.len();
        let fits = |line: &[u8]| {
            let n_cells = |line| memchr_iter(self.syntax.delimiter, line).count() + 1;
            n_cells(line) == n_columns
                || self.padding.is_some()
                    && n_cells(line) > n_columns
                    && n_cells(self.without_empty_cells(line)) <= n_columns
        };
        if n_breaks == 0 || n_columns < 2 {
            return Ok(());
        }
        let (name, last_line) = (self.name.to_string(), line + n_breaks as u64);
        let mut lines = record.split(|byte| *byte == b'\n');
        if lines.clone().all(fits) {
            return Err(ReadError::AmbiguousQuotes { name, line, last_line });
        }
        let first = lines.next().unwrap_or_default();
        let mut enclosed = lines.take(n_breaks - 1).zip(line + 1..);
        match enclosed.find(|(row, _)| fits(row) && self.have_alike_cells(first, row)) {
            Some((_, row)) => Err(ReadError::EnclosedRow { name, line, last_line, row }),
            None => Ok(()),
        }
    }

    /// Whether the first cells of two lines, up to a quote, look alike, such as `A-7` and `B-12`:
    /// at least two filled ones, one of them with a digit. Lines of a text rarely do.
    fn have_alike_cells(&self, one: &[u8], other: &[u8]) -> bool {
        let cells = |line| <[u8]>::split(line, |byte| *byte == self.syntax.delimiter);
        let (mut n_alike, mut has_digits) = (0, false);
        for (one, other) in cells(one).zip(cells(other)) {
            let shapes = [shape(one), shape(other)];
            if shapes.iter().any(|shape| shape.contains(&b'"')) {
                break;
            }
            if shapes.iter().any(Vec::is_empty) {
                continue;
            }
            if shapes[0] != shapes[1] {
                return false;
            }
            n_alike += 1;
            has_digits |= shapes[0].contains(&b'0');
        }
        n_alike >= 2 && has_digits
    }

    /// A line without the delimiters at its end.
    fn without_empty_cells<'l>(&self, line: &'l [u8]) -> &'l [u8] {
        let is_empty = |byte: &&u8| **byte == self.syntax.delimiter || byte.is_ascii_whitespace();
        &line[..line.len() - line.iter().rev().take_while(is_empty).count()]
    }

    /// The number of cells that a record gets: that of the header. The error is a message.
    pub(super) fn fitted_cells(&self, record: RecordShape) -> Result<usize, String> {
        let (found, expected) = (record.n_cells, self.header.names.len());
        if expected == 0 || found == expected {
            return Ok(found);
        }
        let why = match &self.padding {
            Some(padding) => match padding.ensure_fits(record) {
                Ok(()) => return Ok(expected),
                Err(why) => Some(why),
            },
            None => padding_hint(record, expected).map(str::to_owned),
        };
        let cells = if found == 1 { "cell" } else { "cells" };
        let why = why.map_or_else(String::new, |why| format!("; {why}"));
        Err(format!("the row has {found} {cells}, the header has {expected}{why}"))
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
                 first; skip_blanks = true skips the blanks, and where quotes are data, set \
                 quote = \"none\""
            ),
            CellError::Escape(line, at) => format!(
                "the cell of column {column} has an escape at column {at}{} that may be text; \
                 expected a quote, a delimiter, a line break or another escape behind it",
                line_offset_text(line)
            ),
            CellError::HalfWrapped => format!(
                "the cell of column {column} begins with =\", expected a quote at its end as in \
                 =\"00123\""
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
