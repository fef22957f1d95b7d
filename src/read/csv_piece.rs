//! Piece of a CSV file, and how far it is parsed.
//!
//! Does not parse. Shared by `csv`, `csv_fast` and `csv_slow`.

use std::ops::Range;

use super::{block::Piece, csv_records::RecordPlace};

/// A piece of a file, and the next record in it.
#[derive(Debug)]
pub(super) struct CsvPiece<'b> {
    pub(super) bytes: &'b [u8],
    /// The same, if they are UTF-8: one check of the whole costs less than one per record.
    text: Option<&'b str>,
    /// The offset of the first byte in the decompressed file.
    start: u64,
    /// The offset of the next record in the piece.
    pub(super) at: usize,
    /// Its line.
    pub(super) line: u64,
}

impl<'b> CsvPiece<'b> {
    pub(super) fn new(piece: Piece<'b>) -> Self {
        let Piece { line, start, bytes, .. } = piece;
        Self { bytes, text: simdutf8::basic::from_utf8(bytes).ok(), start, at: 0, line }
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    pub(super) fn rest(&self) -> &'b [u8] {
        &self.bytes[self.at..]
    }

    /// Where the next record begins.
    pub(super) fn place(&self) -> RecordPlace {
        RecordPlace { line: self.line, start: self.start + self.at as u64 }
    }

    /// A range of the bytes as text, if it is UTF-8. Begins and ends next to an ASCII byte, so that
    /// it is UTF-8 independently of the rest.
    pub(super) fn text(&self, range: Range<usize>) -> Option<&'b str> {
        match self.text {
            Some(text) => text.get(range),
            None => std::str::from_utf8(&self.bytes[range]).ok(),
        }
    }
}
