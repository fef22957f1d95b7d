//! CSV parser: RFC 4180 records in UTF-8, with LF or CRLF and quoted line breaks.
//!
//! Has two paths with the same result. The fast path jumps from delimiter to delimiter and accepts
//! only rows that it has verified to be simple: no quotes but around whole cells, no lone carriage
//! return, UTF-8, as many cells as the header. Every other row takes the slow path (`csv_slow`),
//! which alone knows what can be wrong with a row. Does not read files. Called by `row_parser`, and
//! by `block_reader` for the header.

use std::{ops::Range, sync::Arc};

use memchr::{memchr, memchr_iter, memchr2};

use super::{
    block::Piece,
    boundary::{RecordBoundary, csv_boundary, line_boundary},
    csv_slow::{ByteSpan, CellBuffer, CellError, QuoteError, RecordScan, parse_record},
    dialect::{CsvSyntax, ReadLimits},
    error::ReadError,
    position::{line_offset_text, to_u32},
    scanner::{CHUNK_BYTES, Scanner, StructuralMask},
};
use crate::model::{
    origin::{FileId, RowOrigin},
    record::{CellLayout, Header, Record},
    row::{Row, RowContent, RowDamage, Unreadable},
};

/// What all rows of a file have in common.
#[derive(Debug, Clone)]
pub(super) struct CsvFormat {
    pub(super) name: Arc<str>,
    pub(super) file: FileId,
    pub(super) syntax: CsvSyntax,
    /// Without names while the header itself is parsed: then any number of cells fits.
    pub(super) header: Arc<Header>,
    pub(super) limits: ReadLimits,
}

/// Parsed rows.
#[derive(Debug, Default)]
pub(super) struct CsvRecords<'b> {
    records: Vec<ParsedRecord<'b>>,
    cells: CellBuffer,
}

/// A parsed row.
#[derive(Debug)]
struct ParsedRecord<'b> {
    line: u64,
    bytes: Range<u64>,
    text: RecordText<'b>,
    /// The range in [`CellBuffer::ends`].
    ends: Range<usize>,
    damage: Option<Box<DamagedRecord>>,
}

#[derive(Debug)]
enum RecordText<'b> {
    /// As it is in the piece.
    Unquoted(&'b str),
    /// As it is in the piece, with quotes around some cells and none within.
    Quoted(&'b str),
    /// The range in [`CellBuffer::text`], and the start in [`CellBuffer::starts`].
    Unescaped(Range<usize>, usize),
}

#[derive(Debug)]
struct DamagedRecord {
    reason: String,
    kind: RowDamage,
    is_salvageable: bool,
}

impl<'b> CsvRecords<'b> {
    /// No rows yet, with capacity for those of `pieces`.
    pub(super) fn with_capacity_for<'p>(
        pieces: impl Iterator<Item = Piece<'p>>,
        format: &CsvFormat,
    ) -> Self {
        // Without the reserve, growing step by step would cost as much as finding the rows.
        const AVERAGE_ROW_BYTES: usize = 128;
        const AVERAGE_CELL_BYTES: usize = 8;
        let (n_pieces, n_bytes) = pieces
            .fold((0, 0), |(n_pieces, n_bytes), piece| (n_pieces + 1, n_bytes + piece.bytes.len()));
        let mut records = Self {
            records: Vec::with_capacity(n_pieces.max(n_bytes / AVERAGE_ROW_BYTES)),
            cells: CellBuffer::default(),
        };
        records
            .cells
            .ends
            .reserve(n_bytes / AVERAGE_CELL_BYTES + CHUNK_BYTES + format.header.names.len());
        records
    }

    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// Parses the rows of a piece.
    pub(super) fn add(&mut self, format: &CsvFormat, piece: Piece<'b>) -> Result<(), ReadError> {
        let mut parser = FastCsvParser::new(format, piece);
        while parser.at < piece.bytes.len() {
            parser.parse_fast_rows(self);
            parser.parse_slow_row(self)?;
        }
        Ok(())
    }

    pub(super) fn row(&self, index: usize, file: FileId) -> Row<'_> {
        let parsed = &self.records[index];
        let origin = RowOrigin { file, line: parsed.line, bytes: parsed.bytes.clone() };
        let record = RowContent::Record(self.record(parsed));
        let content = match &parsed.damage {
            None => record,
            Some(damage) => RowContent::Unreadable(Unreadable {
                reason: damage.reason.clone(),
                damage: damage.kind,
                salvaged: damage.is_salvageable.then(|| Box::new(record)),
            }),
        };
        Row { origin, content }
    }

    fn record(&self, parsed: &ParsedRecord<'b>) -> Record<'_> {
        let ends = &self.cells.ends[parsed.ends.clone()];
        match &parsed.text {
            RecordText::Unquoted(text) => Record { text, ends, layout: CellLayout::Unquoted },
            RecordText::Quoted(text) => Record { text, ends, layout: CellLayout::Quoted },
            RecordText::Unescaped(text, starts) => {
                let starts = &self.cells.starts[*starts..*starts + ends.len()];
                Record {
                    text: &self.cells.text[text.clone()],
                    ends,
                    layout: CellLayout::Explicit(starts),
                }
            }
        }
    }
}

/// A header, and its byte range in the decompressed file without the line break.
pub(super) type LocatedHeader = (Header, Range<u64>);

/// Parses the header at the start of a file, which is absent where there are only blank lines. Also
/// returns the number of bytes up to and including its line break.
pub(super) fn parse_header(
    format: &CsvFormat,
    piece: Piece<'_>,
) -> Result<(Option<LocatedHeader>, usize), ReadError> {
    let mut records = CsvRecords::default();
    let mut parser = FastCsvParser::new(format, piece);
    while records.records.is_empty() && parser.at < piece.bytes.len() {
        parser.parse_slow_row(&mut records)?;
    }
    if records.len() == 0 {
        return Ok((None, parser.at));
    }
    let Row { origin, content } = records.row(0, format.file);
    let record = match content {
        RowContent::Unreadable(unreadable) => {
            return Err(ReadError::BadHeader(format.name.to_string(), unreadable.reason));
        }
        RowContent::Record(record) => record,
        RowContent::Document(_) => return Ok((None, parser.at)),
    };
    let header = Header {
        names: (0..record.n_cells()).map(|index| record.cell(index).to_owned()).collect(),
        positions: (0..record.n_cells()).map(|index| record.position(&origin, index)).collect(),
    };
    Ok((Some((header, origin.bytes)), parser.at))
}

/// Pushes the ends of the cells whose delimiters are set in the mask. `chunk_start` counts from the
/// start of the row, which may be within the chunk: then it is negative and wraps.
fn push_ends(mut delimiters: u64, chunk_start: usize, ends: &mut Vec<u32>) {
    ends.reserve(CHUNK_BYTES);
    while delimiters != 0 {
        ends.push(to_u32(chunk_start.wrapping_add(delimiters.trailing_zeros() as usize)));
        delimiters &= delimiters - 1;
    }
}

/// The state of parsing one piece.
struct FastCsvParser<'w, 'b> {
    format: &'w CsvFormat,
    piece: Piece<'b>,
    span: ByteSpan<'b>,
    scanner: Scanner,
    /// The offset of the next row.
    at: usize,
    line: u64,
    /// Whether a cell of that row has quotes around it.
    has_quotes: bool,
}

impl<'w, 'b> FastCsvParser<'w, 'b> {
    fn new(format: &'w CsvFormat, piece: Piece<'b>) -> Self {
        let scanner = Scanner::new(format.syntax, memchr(b'\r', piece.bytes).is_some());
        Self {
            format,
            piece,
            span: ByteSpan::new(piece.bytes),
            scanner,
            at: 0,
            line: piece.line,
            has_quotes: false,
        }
    }

    /// Parses rows as long as they are simple.
    fn parse_fast_rows(&mut self, into: &mut CsvRecords<'b>) {
        let bytes = self.piece.bytes;
        let mut first_end = into.cells.ends.len();
        let mut chunk_start = self.at;
        self.has_quotes = false;
        'chunks: while chunk_start < bytes.len() {
            let StructuralMask { mut delimiters, mut special } =
                self.scanner.scan(&bytes[chunk_start..]);
            while special != 0 {
                let bit = special.trailing_zeros();
                let before = delimiters & !(u64::MAX << bit);
                push_ends(before, chunk_start.wrapping_sub(self.at), &mut into.cells.ends);
                (delimiters, special) = (delimiters & !before, special & (special - 1));
                let position = chunk_start + bit as usize;
                let is_fast = match bytes[position] {
                    // Any other CR is left to the slow path, which refuses it.
                    b'\r' => matches!(bytes.get(position + 1), None | Some(b'\n')),
                    b'\n' => self.parse_fast_row(position, &mut first_end, into),
                    _ => match self.skip_quoted_cell(position) {
                        // Delimiters and line breaks of the quoted cell are already in the masks:
                        // scan again from its end.
                        Some(after) => {
                            chunk_start = after;
                            continue 'chunks;
                        }
                        None => false,
                    },
                };
                // The slow path parses this row from its start, so its cell ends are dropped.
                if !is_fast {
                    return into.cells.ends.truncate(first_end);
                }
            }
            push_ends(delimiters, chunk_start.wrapping_sub(self.at), &mut into.cells.ends);
            chunk_start += CHUNK_BYTES;
        }
        if self.at < bytes.len() && !self.parse_fast_row(bytes.len(), &mut first_end, into) {
            into.cells.ends.truncate(first_end);
        }
    }

    /// The offset after the cell that the quote at `position` opens, if that cell is on one line
    /// and has no quotes within.
    fn skip_quoted_cell(&mut self, position: usize) -> Option<usize> {
        let bytes = self.piece.bytes;
        let is_cell_start =
            position == self.at || bytes[position - 1] == self.format.syntax.delimiter;
        let close =
            memchr2(b'"', b'\n', &bytes[position + 1..]).filter(|_| is_cell_start)? + position + 1;
        let is_closed = bytes[close] == b'"'
            && bytes.get(close + 1).is_none_or(|next| {
                *next == self.format.syntax.delimiter || matches!(next, b'\r' | b'\n')
            });
        self.has_quotes |= is_closed;
        is_closed.then_some(close + 1)
    }

    /// Pushes the row that ends with the line break or the end of the piece at `position`, if it is
    /// simple.
    fn parse_fast_row(
        &mut self,
        position: usize,
        first_end: &mut usize,
        into: &mut CsvRecords<'b>,
    ) -> bool {
        let with_cr = &self.piece.bytes[self.at..position];
        let own = with_cr.strip_suffix(b"\r").unwrap_or(with_cr);
        let n_cells = into.cells.ends.len() - *first_end + 1;
        let is_blank = own.is_empty() && n_cells == 1;
        if !is_blank {
            // No cell is longer than its row, so the limit of a cell is checked on the row: a long
            // row of short cells takes the slow path.
            let limits = &self.format.limits;
            let fits = n_cells == self.format.header.names.len()
                && own.len() as u64 <= limits.max_cell.min(limits.max_record);
            let Some(text) = self.span.text(self.at..self.at + own.len()).filter(|_| fits) else {
                return false;
            };
            into.cells.ends.push(to_u32(own.len()));
            let ends = *first_end..into.cells.ends.len();
            *first_end = ends.end;
            into.records.push(ParsedRecord {
                line: self.line,
                bytes: self.byte_range(own.len()),
                text: if std::mem::take(&mut self.has_quotes) {
                    RecordText::Quoted(text)
                } else {
                    RecordText::Unquoted(text)
                },
                ends,
                damage: None,
            });
        }
        self.at = self.piece.bytes.len().min(position + 1);
        self.line += 1;
        true
    }

    /// Parses one row of any shape, or skips a blank line.
    fn parse_slow_row(&mut self, into: &mut CsvRecords<'b>) -> Result<(), ReadError> {
        let rest = &self.piece.bytes[self.at..];
        if !matches!(rest.first(), None | Some(b'\r' | b'\n')) {
            let from = (into.cells.text.len(), into.cells.ends.len(), into.cells.starts.len());
            let scan = parse_record(
                self.span,
                self.at,
                self.format.syntax,
                &self.format.limits,
                &mut into.cells,
            );
            let record = self.parsed_record(&rest[..scan.n_bytes], &scan, from, &into.cells)?;
            into.records.push(record);
            self.at += scan.n_bytes;
            self.line += u64::from(scan.extra_lines);
        }
        self.skip_line_break()
    }

    fn parsed_record(
        &self,
        record_bytes: &[u8],
        scan: &RecordScan,
        (text, ends, starts): (usize, usize, usize),
        cells: &CellBuffer,
    ) -> Result<ParsedRecord<'b>, ReadError> {
        // Line breaks after a quote that never closes may be the end of the file, not part of the
        // row.
        let n_breaks =
            record_bytes.iter().rev().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let n_bytes = record_bytes.len() - n_breaks;
        if n_bytes as u64 > self.format.limits.max_record {
            return Err(ReadError::record_too_long(
                &self.format.name,
                self.line,
                self.format.limits.max_record,
            ));
        }
        self.format.ensure_unambiguous(self.line, &record_bytes[..n_bytes], scan)?;
        let ends = ends..cells.ends.len();
        let reason = self.format.reason(scan);
        let is_of_quotes = scan.quote_error.is_some()
            || matches!(scan.cell_error, Some((_, CellError::QuoteAfterBlanks)));
        let kind = if is_of_quotes { RowDamage::Quotes } else { RowDamage::Other };
        // A damaged row of several lines may have swallowed rows of other orders: nothing of it is
        // reliable.
        let is_salvageable = scan.extra_lines == 0 && scan.quote_error.is_none();
        Ok(ParsedRecord {
            line: self.line,
            bytes: self.byte_range(n_bytes),
            text: RecordText::Unescaped(text..cells.text.len(), starts),
            ends,
            damage: reason.map(|reason| Box::new(DamagedRecord { reason, kind, is_salvageable })),
        })
    }

    fn skip_line_break(&mut self) -> Result<(), ReadError> {
        match self.piece.bytes[self.at..] {
            [b'\r', b'\n', ..] => self.at += 2,
            // A CR at the end of the piece is a CRLF whose LF was cut off.
            [] | [b'\n', ..] | [b'\r'] => self.at = self.piece.bytes.len().min(self.at + 1),
            _ => return Err(ReadError::LoneCr(self.format.name.to_string(), self.line)),
        }
        self.line += 1;
        Ok(())
    }

    fn byte_range(&self, n_bytes: usize) -> Range<u64> {
        let start = self.piece.start + self.at as u64;
        start..start + n_bytes as u64
    }
}

impl CsvFormat {
    /// The format before its header is known.
    pub(super) fn new(name: Arc<str>, file: FileId, syntax: CsvSyntax, limits: ReadLimits) -> Self {
        let header = Arc::new(Header { names: Vec::new(), positions: Vec::new() });
        Self { name, file, syntax, header, limits }
    }

    pub(super) fn with_header(self, header: Header) -> Result<Self, ReadError> {
        if header.names.len() > self.limits.max_columns {
            return Err(ReadError::TooManyColumns(self.name.to_string(), self.limits.max_columns));
        }
        Ok(Self { header: Arc::new(header), ..self })
    }

    /// The last boundary of the records in bytes that begin with one.
    pub(super) fn boundary(&self, bytes: &[u8]) -> RecordBoundary {
        if self.syntax.has_quotes {
            csv_boundary(bytes, self.syntax.delimiter)
        } else {
            line_boundary(bytes)
        }
    }

    /// Refuses a record of several lines each of which, with quotes read as data, is a record too:
    /// its quotes may have swallowed other orders.
    fn ensure_unambiguous(
        &self,
        line: u64,
        record: &[u8],
        scan: &RecordScan,
    ) -> Result<(), ReadError> {
        // Line breaks after a quote that never closes are counted as lines of the record.
        let n_breaks = if scan.extra_lines == 0 { 0 } else { memchr_iter(b'\n', record).count() };
        // Every line of a table of one column fits.
        let n_columns = self.header.names.len();
        let fits = |line: &[u8]| memchr_iter(self.syntax.delimiter, line).count() + 1 == n_columns;
        if n_breaks == 0 || n_columns < 2 || !record.split(|byte| *byte == b'\n').all(fits) {
            return Ok(());
        }
        let last_line = line + n_breaks as u64;
        Err(ReadError::AmbiguousQuotes { name: self.name.to_string(), line, last_line })
    }

    /// Why a row is unreadable, if it is.
    fn reason(&self, scan: &RecordScan) -> Option<String> {
        match scan.quote_error {
            // The cause first: a quote error also changes the number of cells.
            Some(error) => Some(quote_error(error)),
            None => self
                .wrong_cell_count(scan.n_cells)
                .or_else(|| scan.cell_error.map(|(index, error)| self.cell_error(index, error))),
        }
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
            CellError::NotUtf8 => format!("the cell of column {column} is not UTF-8"),
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

fn quote_error(error: QuoteError) -> String {
    match error {
        QuoteError::Unclosed(line, column) => {
            format!("the quote opened at column {column}{} is never closed", line_offset_text(line))
        }
        QuoteError::TextAfter(line, column) => format!(
            "text after a closing quote at column {column}{}, expected a delimiter; a quote \
             within a cell is written \"\"",
            line_offset_text(line)
        ),
    }
}
