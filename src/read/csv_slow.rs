//! Slow CSV path: parses one record cell by cell, with quotes, doubled quotes, quoted line breaks
//! and the position of each cell.
//!
//! Accepts any quoting as the csv crate does, except that an unclosed quote, text after a closing
//! quote, or blanks before an opening one are damage, because such a cell may have swallowed others. Does not find records.
//! Called by `csv` for every row that its fast path does not accept.

use std::ops::Range;

use memchr::{memchr2, memchr3};

use super::{
    dialect::{CsvSyntax, ReadLimits},
    position::{n_characters, to_u32},
};

/// Stored between two unescaped cells. Any single byte would do, since it is never read.
const SEPARATOR: char = ',';

/// The cells of any number of rows, one row after the other.
#[derive(Debug, Default)]
pub(super) struct CellBuffer {
    /// The cells without their quotes, with one byte between two cells of a row.
    pub(super) text: String,
    /// The end of each cell in the text of its row.
    pub(super) ends: Vec<u32>,
    /// For each cell the line below the row's first, and the character (from 1) within that line.
    pub(super) starts: Vec<(u32, u32)>,
}

/// Why the quotes of a row are unreliable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuoteError {
    /// Opened at this line below the row's first and this column, and never closed.
    Unclosed(u32, u32),
    /// Text between a closing quote and the next delimiter, at this line and column.
    TextAfter(u32, u32),
}

/// What is wrong with the text of a cell, which is then left empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CellError {
    /// It is not UTF-8.
    NotUtf8,
    /// It has this number of bytes, over the limit.
    TooLong(u64),
    /// It begins with blanks and a quote, so it is uncertain whether the quote encloses the cell.
    QuoteAfterBlanks,
}

/// The result of parsing one record.
#[derive(Debug, Default)]
pub(super) struct RecordScan {
    /// Its length, without the line break.
    pub(super) n_bytes: usize,
    /// The number of its cells.
    pub(super) n_cells: usize,
    /// The first quoting error.
    pub(super) quote_error: Option<QuoteError>,
    /// The first cell whose text is bad, from 0.
    pub(super) cell_error: Option<(usize, CellError)>,
    /// The number of its lines after the first.
    pub(super) extra_lines: u32,
}

/// The bytes that contain the records, with facts about all of them: one check of the whole costs
/// less than one per cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct ByteSpan<'b> {
    pub(super) bytes: &'b [u8],
    /// The same, if they are UTF-8.
    text: Option<&'b str>,
    is_ascii: bool,
}

impl<'b> ByteSpan<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, text: simdutf8::basic::from_utf8(bytes).ok(), is_ascii: bytes.is_ascii() }
    }

    /// A range of the bytes as text, if it is UTF-8.
    pub(super) fn text(&self, range: Range<usize>) -> Option<&'b str> {
        // The range begins and ends next to an ASCII byte, so it is UTF-8 independently of the
        // rest.
        match self.text {
            Some(text) => text.get(range),
            None => std::str::from_utf8(&self.bytes[range]).ok(),
        }
    }

    fn n_characters(&self, range: Range<usize>) -> u32 {
        if self.is_ascii { to_u32(range.len()) } else { n_characters(&self.bytes[range]) }
    }
}

/// Parses the record at byte `at` into `cells`. It ends before a line break outside quotes, or with
/// the bytes. Of a record with more cells than a header may have, only one more than that are kept.
pub(super) fn parse_record(
    span: ByteSpan<'_>,
    at: usize,
    syntax: CsvSyntax,
    limits: &ReadLimits,
    cells: &mut CellBuffer,
) -> RecordScan {
    let text_start = cells.text.len();
    let result = RecordScan::default();
    let mut parser = SlowCsvParser {
        span,
        syntax,
        at,
        line: 0,
        column: 1,
        cell_bytes: 0,
        is_utf8: true,
        cells,
        scan: result,
    };
    loop {
        let is_kept = parser.scan.n_cells <= limits.max_columns;
        parser.cell(text_start, limits.max_cell, is_kept);
        parser.scan.n_cells += 1;
        if parser.peek() != Some(syntax.delimiter) {
            break;
        }
        parser.skip_delimiter();
        if is_kept {
            parser.cells.text.push(SEPARATOR);
        }
    }
    parser.scan.extra_lines = parser.line;
    parser.scan.n_bytes = parser.at - at;
    parser.scan
}

/// The state of parsing one record.
struct SlowCsvParser<'w> {
    span: ByteSpan<'w>,
    syntax: CsvSyntax,
    at: usize,
    line: u32,
    column: u32,
    /// The bytes of the cell so far, and whether they are UTF-8.
    cell_bytes: u64,
    is_utf8: bool,
    cells: &'w mut CellBuffer,
    scan: RecordScan,
}

impl SlowCsvParser<'_> {
    fn cell(&mut self, text_start: usize, max_bytes: u64, is_kept: bool) {
        let (cell_start, position) = (self.cells.text.len(), (self.line, self.column));
        (self.cell_bytes, self.is_utf8) = (0, true);
        let is_quoted = self.syntax.has_quotes && self.peek() == Some(b'"');
        if is_quoted {
            self.quoted();
        } else {
            self.unquoted();
        }
        let unquoted = (self.syntax.has_quotes && !is_quoted).then_some(cell_start);
        let error = self.check_cell(unquoted, max_bytes);
        if let Some(error) = error {
            self.scan.cell_error.get_or_insert((self.scan.n_cells, error));
        }
        if error.is_some() || !is_kept {
            self.cells.text.truncate(cell_start);
        }
        if is_kept {
            self.cells.starts.push(position);
            self.cells.ends.push(to_u32(self.cells.text.len() - text_start));
        }
    }

    fn quoted(&mut self) {
        let opened = (self.line, self.column);
        self.skip_delimiter();
        loop {
            let rest = &self.span.bytes[self.at..];
            let Some(n_bytes) = memchr2(b'"', b'\n', rest) else {
                self.push(rest.len());
                return self.record_error(QuoteError::Unclosed(opened.0, opened.1));
            };
            self.push(n_bytes);
            if rest[n_bytes] == b'\n' {
                self.push(1);
                (self.line, self.column) = (self.line.saturating_add(1), 1);
                continue;
            }
            self.skip_delimiter();
            if self.peek() != Some(b'"') {
                break;
            }
            // Of a doubled quote the second one is the text of both.
            self.push(1);
        }
        if self
            .peek()
            .is_some_and(|byte| byte != self.syntax.delimiter && !matches!(byte, b'\r' | b'\n'))
        {
            // The rest is unquoted text of the same cell, as in the csv crate.
            self.record_error(QuoteError::TextAfter(self.line, self.column));
            self.unquoted();
        }
    }

    fn unquoted(&mut self) {
        let rest = &self.span.bytes[self.at..];
        self.push(memchr3(self.syntax.delimiter, b'\n', b'\r', rest).unwrap_or(rest.len()));
    }

    /// Appends the next bytes to the cell. A line break is appended alone, since a new line begins
    /// after it.
    fn push(&mut self, n_bytes: usize) {
        let kept = self.at..self.at + n_bytes;
        match self.span.text(kept.clone()) {
            Some(text) => self.cells.text.push_str(text),
            None => self.is_utf8 = false,
        }
        self.cell_bytes += n_bytes as u64;
        self.at += n_bytes;
        self.column = self.column.saturating_add(self.span.n_characters(kept));
    }

    /// Skips a quote or a delimiter.
    fn skip_delimiter(&mut self) {
        self.at += 1;
        self.column = self.column.saturating_add(1);
    }

    fn peek(&self) -> Option<u8> {
        self.span.bytes.get(self.at).copied()
    }

    fn record_error(&mut self, error: QuoteError) {
        self.scan.quote_error.get_or_insert(error);
    }

    /// `unquoted` is where the text of a cell begins that is not quoted but could be.
    fn check_cell(&self, unquoted: Option<usize>, max_bytes: u64) -> Option<CellError> {
        if !self.is_utf8 {
            return Some(CellError::NotUtf8);
        }
        if self.cell_bytes > max_bytes {
            return Some(CellError::TooLong(self.cell_bytes));
        }
        let text = &self.cells.text[unquoted?..];
        let has_quote_after_blanks = !text.starts_with('"') && text.trim_start().starts_with('"');
        has_quote_after_blanks.then_some(CellError::QuoteAfterBlanks)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(bytes: &[u8]) -> (RecordScan, CellBuffer) {
        parsed_with(true, bytes)
    }

    fn parsed_with(has_quotes: bool, bytes: &[u8]) -> (RecordScan, CellBuffer) {
        let mut cells = CellBuffer::default();
        let limits = ReadLimits { max_cell: 4, max_columns: 4, ..ReadLimits::default() };
        let syntax = CsvSyntax { has_quotes, ..CsvSyntax::default() };
        let scan = parse_record(ByteSpan::new(bytes), 0, syntax, &limits, &mut cells);
        (scan, cells)
    }

    #[test]
    fn cell_positions_by_line_and_character() {
        let starts = |text: &str| parsed(text.as_bytes()).1.starts;
        assert_eq!(starts("a,bc,d"), [(0, 1), (0, 3), (0, 6)]);
        assert_eq!(starts("é,b"), [(0, 1), (0, 3)]);
        assert_eq!(starts("\"a\nb\",c"), [(0, 1), (1, 4)]);
        assert_eq!(starts("\"a\"\"b\",c"), [(0, 1), (0, 8)]);
        assert_eq!(starts("5\" p,c"), [(0, 1), (0, 6)]);
    }

    #[test]
    fn quotes_are_removed_and_content_kept() {
        let (row, cells) = parsed(b"\"a\n\"\"\",,b\r\nc");
        assert_eq!(
            (cells.text.as_str(), cells.ends, row.n_bytes, row.extra_lines),
            ("a\n\",,b", vec![3, 4, 6], 9, 1)
        );
    }

    #[test]
    fn malformed_quotes_are_reported() {
        assert_eq!(parsed(b"a,\"b,c").0.quote_error, Some(QuoteError::Unclosed(0, 3)));
        assert_eq!(parsed(b"a,\"b\"c,d").0.quote_error, Some(QuoteError::TextAfter(0, 6)));
        assert_eq!(parsed(b"a,\"b\\\"c\",d").0.quote_error, Some(QuoteError::TextAfter(0, 7)));
    }

    #[test]
    fn invalid_cell_is_left_empty() {
        let (row, cells) = parsed(b"a,\"\xFF\",12345,b");
        assert_eq!((row.cell_error, cells.text.as_str()), (Some((1, CellError::NotUtf8)), "a,,,b"));
        assert_eq!(parsed(b"a,\"12\"\"345\"").0.cell_error, Some((1, CellError::TooLong(6))));
    }

    #[test]
    fn quote_after_blanks_is_an_error() {
        let error = |text: &str| parsed(text.as_bytes()).0.cell_error;
        assert_eq!(error("a, \"b\",c"), Some((1, CellError::QuoteAfterBlanks)));
        assert_eq!(error("a,\t\"b"), Some((1, CellError::QuoteAfterBlanks)));
        assert_eq!(error("a,\" \"\"\",5\" p, b"), None);
        assert_eq!(parsed_with(false, b"a, \"b").0.cell_error, None);
    }

    #[test]
    fn quotes_are_data_without_quoting() {
        let (row, cells) = parsed_with(false, b"\"a\",\"b\nc");
        assert_eq!(
            (cells.text.as_str(), row.n_bytes, row.extra_lines, row.quote_error),
            ("\"a\",\"b", 6, 0, None)
        );
    }

    #[test]
    fn excess_cells_are_counted_but_not_kept() {
        let (row, cells) = parsed(b"1,2,3,4,5,6,7\n");
        assert_eq!((row.n_cells, cells.ends.len(), cells.text.as_str()), (7, 5, "1,2,3,4,5,"));
    }
}
