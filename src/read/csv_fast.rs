//! Fast CSV path: parses plain records, from one structural byte to the next.
//!
//! Plain is what the scanner has proved: on one line, with quotes only around cells or doubled
//! within them; and it is UTF-8, has as many cells as the header and none that may be too long.
//! Stops at any other record, which `csv_slow` parses. Called by `csv`.

use std::ops::Range;

use memchr::{memchr, memchr_iter};

use super::{
    csv_format::CsvFormat,
    csv_piece::CsvPiece,
    csv_records::{CellBuffer, CsvRecords, UnescapedRecord},
    position::to_u32,
    scanner::{CHUNK_BYTES, ChunkMarks, Scanner},
};
use crate::model::csv_syntax::CsvSyntax;

/// Parses the plain records of a piece.
#[derive(Debug)]
pub(super) struct FastCsvParser {
    syntax: CsvSyntax,
    has_cr: bool,
    n_columns: usize,
    max_bytes: u64,
}

/// The record that is being scanned.
#[derive(Debug)]
struct OpenRecord {
    /// Where its ends begin in [`CellBuffer::ends`].
    first_end: usize,
    has_quotes: bool,
    has_doubled: bool,
}

impl FastCsvParser {
    pub(super) fn new(format: &CsvFormat, piece: &CsvPiece<'_>) -> Self {
        Self {
            syntax: format.syntax,
            has_cr: memchr(b'\r', piece.bytes).is_some(),
            n_columns: format.header.names.len(),
            // No cell is longer than its record, so the limit of a cell is checked on the record: a
            // long record of short cells takes the slow path.
            max_bytes: format.limits.max_cell.min(format.limits.max_record),
        }
    }

    /// Parses records as long as they are plain.
    pub(super) fn parse<'b>(&self, piece: &mut CsvPiece<'b>, into: &mut CsvRecords<'b>) {
        // Of these the text of a plain record may differ from that in the file.
        if self.syntax.escape.is_some() || self.syntax.unwraps_cells {
            return;
        }
        let mut open = OpenRecord::at(into.cells.ends.len());
        if !self.scan_records(piece, &mut open, into) {
            // The slow path parses this record from its start.
            into.cells.ends.truncate(open.first_end);
        }
    }

    /// Returns whether all records up to the end of the piece were plain.
    fn scan_records<'b>(
        &self,
        piece: &mut CsvPiece<'b>,
        open: &mut OpenRecord,
        into: &mut CsvRecords<'b>,
    ) -> bool {
        let mut scanner = Scanner::new(self.syntax, self.has_cr);
        let mut chunk_start = piece.at;
        while chunk_start < piece.bytes.len() {
            let mut marks = scanner.scan(&piece.bytes[chunk_start..]);
            while let Some(stop) = marks.first_stop() {
                let before = marks.split_through(stop);
                open.extend(before, chunk_start.wrapping_sub(piece.at), &mut into.cells);
                let end = chunk_start + stop.trailing_zeros() as usize;
                if before.irregular != 0 || !self.push_record(end, piece, open, into) {
                    return false;
                }
            }
            open.extend(marks, chunk_start.wrapping_sub(piece.at), &mut into.cells);
            chunk_start += CHUNK_BYTES;
        }
        if piece.is_at_end() {
            return true;
        }
        into.cells.ends.push(to_u32(piece.rest().len()));
        !scanner.is_within_quotes() && self.push_record(piece.bytes.len(), piece, open, into)
    }

    /// Pushes the record that ends with the line break or the end of the piece at `end`, if it is
    /// plain.
    fn push_record<'b>(
        &self,
        end: usize,
        piece: &mut CsvPiece<'b>,
        open: &mut OpenRecord,
        into: &mut CsvRecords<'b>,
    ) -> bool {
        let ends = &mut into.cells.ends[open.first_end..];
        let mut n_bytes = end - piece.at;
        if piece.bytes[piece.at..end].last() == Some(&b'\r') {
            n_bytes -= 1;
            if let Some(last) = ends.last_mut() {
                *last -= 1;
            }
        }
        if n_bytes == 0 && ends.len() == 1 {
            // A blank line.
            into.cells.ends.truncate(open.first_end);
        } else {
            let fits = ends.len() == self.n_columns && n_bytes as u64 <= self.max_bytes;
            let text = if fits { piece.text(piece.at..piece.at + n_bytes) } else { None };
            let Some(text) = text else { return false };
            open.push(text, piece, into);
            *open = OpenRecord::at(into.cells.ends.len());
        }
        piece.at = piece.bytes.len().min(end + 1);
        piece.line += 1;
        true
    }
}

impl OpenRecord {
    fn at(first_end: usize) -> Self {
        Self { first_end, has_quotes: false, has_doubled: false }
    }

    /// Adds the cells that end in a part of a chunk.
    #[inline]
    fn extend(&mut self, marks: ChunkMarks, chunk_start: usize, cells: &mut CellBuffer) {
        self.has_quotes |= marks.quotes != 0;
        self.has_doubled |= marks.doubled != 0;
        #[expect(clippy::cast_possible_truncation, reason = "it wraps; the sums have 32 bits")]
        cells.push_ends(marks.delimiters | marks.line_feeds, chunk_start as u32);
    }

    fn push<'b>(&self, text: &'b str, piece: &CsvPiece<'b>, into: &mut CsvRecords<'b>) {
        if self.has_doubled {
            // All records of the rest fit without growing again.
            into.cells.text.reserve(piece.rest().len());
            let unescaped = into.cells.unescape(text, self.first_end);
            let raw = text.as_bytes();
            let record = UnescapedRecord { raw, text: unescaped, damage: None };
            into.push_unescaped(piece.place(), self.first_end, record);
        } else {
            into.push(piece.place(), self.first_end, text, self.has_quotes);
        }
    }
}

impl CellBuffer {
    /// Appends the text of a record without the quotes around its cells and without one of each two
    /// within them, and moves its ends, which are the last ones. Returns the range of the text.
    // Inlined, it would take the registers of the plain records.
    #[inline(never)]
    fn unescape(&mut self, record: &str, first_end: usize) -> Range<usize> {
        let start = self.text.len();
        let (mut from, mut n_removed, mut is_within) = (0, 0, false);
        let mut quotes = memchr_iter(b'"', record.as_bytes());
        let (ends, mut index) = (&mut self.ends[first_end..], 0);
        while let Some(quote) = quotes.next() {
            self.text.push_str(&record[from..quote]);
            from = quote + 1;
            while index < ends.len() && ends[index] <= to_u32(quote) {
                ends[index] -= n_removed;
                index += 1;
            }
            n_removed += 1;
            if is_within && record.as_bytes().get(from) == Some(&b'"') {
                // The second of two quotes is the text of both.
                quotes.next();
            } else {
                is_within = !is_within;
            }
        }
        self.text.push_str(&record[from..]);
        ends[index..].iter_mut().for_each(|end| *end -= n_removed);
        start..self.text.len()
    }
}
