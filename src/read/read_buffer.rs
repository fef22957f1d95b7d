//! Read buffer: the bytes of a file that are read and not yet emitted, with their line and offset.
//!
//! Knows no format. Called by `block_reader`.

use std::{io, mem};

use memchr::memchr_iter;

use super::{
    block::{Block, Piece},
    decompress::DecompressedSource,
    position::position_after,
    text_decoder::TextDecoder,
};
use crate::model::text_encoding::TextEncoding;

/// The UTF-8 byte order mark.
pub(super) const BOM: &[u8] = &[0xEF, 0xBB, 0xBF];

/// At least this many bytes are decoded at once, so that a few characters that are missing at the
/// end of a block do not cost a call each.
const MIN_DECODED: usize = 4096;

/// The buffered bytes, and the stream they come from.
pub(super) struct ReadBuffer {
    pub(super) stream: DecompressedSource,
    pub(super) bytes: Vec<u8>,
    /// The line of the first buffered byte, from 1.
    pub(super) line: u64,
    /// Its character within the line, from 1.
    column: u32,
    /// The offset of the first buffered byte in the decompressed file.
    start: u64,
    /// Whether the stream has ended: the buffered bytes are the last.
    pub(super) is_eof: bool,
    /// Decodes what is read; none of UTF-8.
    decoder: Option<TextDecoder>,
    /// What is being decoded; kept for its memory.
    encoded: Vec<u8>,
}

impl ReadBuffer {
    pub(super) fn new(stream: DecompressedSource) -> Self {
        let (bytes, encoded) = (Vec::new(), Vec::new());
        Self { stream, bytes, line: 1, column: 1, start: 0, is_eof: false, decoder: None, encoded }
    }

    /// Decodes what is buffered, which is the start of the file, and what is read from now on.
    pub(super) fn decode_from(&mut self, encoding: TextEncoding) {
        self.decoder = TextDecoder::new(encoding);
        if let Some(decoder) = &mut self.decoder {
            self.encoded = mem::take(&mut self.bytes);
            decoder.decode(&self.encoded, self.is_eof, &mut self.bytes);
        }
    }

    /// Reads until at least `n_bytes` are buffered or the file ends.
    pub(super) fn fill(&mut self, n_bytes: usize) -> io::Result<()> {
        if let Some(decoder) = &mut self.decoder {
            while self.bytes.len() < n_bytes && !self.is_eof {
                self.encoded.clear();
                let n_missing = (n_bytes - self.bytes.len()).max(MIN_DECODED);
                let n_read = self.stream.append_to(&mut self.encoded, n_missing)?;
                self.is_eof = n_read < n_missing;
                decoder.decode(&self.encoded, self.is_eof, &mut self.bytes);
            }
            return Ok(());
        }
        let n_missing = n_bytes.saturating_sub(self.bytes.len());
        if n_missing > 0 && !self.is_eof {
            // Straight into the buffer that a block is made of: a `BufReader` would copy once more.
            self.bytes.reserve(n_missing);
            let n_read = self.stream.append_to(&mut self.bytes, n_missing)?;
            self.is_eof = n_read < n_missing;
        }
        Ok(())
    }

    /// All that is buffered.
    pub(super) fn piece(&self) -> Piece<'_> {
        Piece::of_row((self.line, self.column), self.start, &self.bytes)
    }

    pub(super) fn skip_bom(&mut self) {
        if self.bytes.starts_with(BOM) {
            self.consume(BOM.len());
            // It is no character of the text.
            self.column = 1;
        }
    }

    pub(super) fn consume(&mut self, n_bytes: usize) {
        self.advance_position(n_bytes);
        self.bytes.drain(..n_bytes);
    }

    /// Moves the first `n_bytes` into `block`; its former buffer receives the rest.
    pub(super) fn split_to(&mut self, n_bytes: usize, block: &mut Block) {
        (block.line, block.column, block.start) = (self.line, self.column, self.start);
        self.advance_position(n_bytes);
        // Swapped, so that only the rest is copied: less than one record in nearly all blocks.
        std::mem::swap(&mut self.bytes, &mut block.bytes);
        self.bytes.clear();
        self.bytes.extend_from_slice(&block.bytes[n_bytes..]);
        block.bytes.truncate(n_bytes);
    }

    fn advance_position(&mut self, n_bytes: usize) {
        let (n_breaks, column) = position_after(&self.bytes[..n_bytes], 0, self.column);
        self.line += u64::from(n_breaks);
        self.column = column;
        self.start += n_bytes as u64;
    }

    /// The number of line breaks in the first `n_bytes`.
    pub(super) fn n_lines(&self, n_bytes: usize) -> u64 {
        memchr_iter(b'\n', &self.bytes[..n_bytes]).count() as u64
    }

    /// The number of blanks and line breaks at the start.
    pub(super) fn leading_blanks(&self) -> usize {
        self.bytes.len() - self.bytes.trim_ascii_start().len()
    }
}
