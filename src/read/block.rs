//! Block and piece: complete rows as bytes, owned or borrowed, with their line and offset in the
//! file.
//!
//! Knows no format. Filled by `block_reader` through `read_buffer`, parsed by `row_parser`; a piece
//! may also be one row that `shuffle` spilled.

use crate::model::origin::RowOrigin;

/// Complete rows, as they are in the file.
#[derive(Debug, Default)]
pub struct Block {
    /// The line of the first byte, from 1.
    pub line: u64,
    /// The offset of the first byte in the decompressed file.
    pub start: u64,
    /// The rows.
    pub bytes: Vec<u8>,
}

impl Block {
    /// The bytes of one of its rows.
    #[must_use]
    pub fn row(&self, row: &RowOrigin) -> &[u8] {
        let within = |offset: u64| usize::try_from(offset - self.start).unwrap_or(usize::MAX);
        &self.bytes[within(row.bytes.start)..within(row.bytes.end)]
    }

    /// The bytes from one of its rows on.
    #[must_use]
    pub fn from_row(&self, row: &RowOrigin) -> &[u8] {
        let within = usize::try_from(row.bytes.start - self.start).unwrap_or(usize::MAX);
        &self.bytes[within..]
    }
}

/// A range of a file's bytes that holds complete rows.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'b> {
    /// The line of the first byte, from 1.
    pub line: u64,
    /// The offset of the first byte in the decompressed file.
    pub start: u64,
    /// The rows as they are in the file.
    pub bytes: &'b [u8],
}

impl<'b> From<&'b Block> for Piece<'b> {
    fn from(block: &'b Block) -> Self {
        Self { line: block.line, start: block.start, bytes: &block.bytes }
    }
}
