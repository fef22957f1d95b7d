//! Block and piece: complete rows as bytes, owned or borrowed, with their line and offset in the
//! file.
//!
//! Knows no format. Filled by `block_reader` through `read_buffer`, parsed by `row_parser`; a piece
//! may also be one row that `shuffle` spilled.

use std::ops::Range;

use crate::model::origin::RowOrigin;

/// Complete rows, as they are in the file.
#[derive(Debug, Default)]
pub struct Block {
    /// The line of the first byte, from 1.
    pub line: u64,
    /// The character within the line at which the first byte is, from 1.
    pub column: u32,
    /// The offset of the first byte in the decompressed file.
    pub start: u64,
    /// The rows.
    pub bytes: Vec<u8>,
    /// Where they are in a file of JSON values; none of other files, whose rows end at line
    /// breaks.
    pub documents: Option<Vec<Range<usize>>>,
}

impl Block {
    /// The bytes of one of its rows.
    #[must_use]
    pub fn row(&self, row: &RowOrigin) -> &[u8] {
        let within = |offset: u64| usize::try_from(offset - self.start).unwrap_or(usize::MAX);
        &self.bytes[within(row.bytes.start)..within(row.bytes.end)]
    }
}

/// A range of a file's bytes that holds complete rows.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'b> {
    /// The line of the first byte, from 1.
    pub line: u64,
    /// The character within the line at which the first byte is, from 1.
    pub column: u32,
    /// The offset of the first byte in the decompressed file.
    pub start: u64,
    /// The rows as they are in the file.
    pub bytes: &'b [u8],
    /// Where the documents of a block are; none of a single row, and of files whose rows end at
    /// line breaks.
    pub documents: Option<&'b [Range<usize>]>,
}

impl<'b> Piece<'b> {
    /// One row, which begins at this line and column.
    #[must_use]
    pub fn of_row((line, column): (u64, u32), start: u64, bytes: &'b [u8]) -> Self {
        Self { line, column, start, bytes, documents: None }
    }
}

impl<'b> From<&'b Block> for Piece<'b> {
    fn from(block: &'b Block) -> Self {
        let Block { line, column, start, bytes, documents } = block;
        let documents = documents.as_deref();
        Self { line: *line, column: *column, start: *start, bytes, documents }
    }
}
