//! SIMD scan of CSV, 64 bytes at a time: where cells and records end, which bytes have quotes, and
//! where the grammar is not plain.
//!
//! Proves the quoting of plain records with a few operations on 64-bit masks, and leaves every
//! other record to csv-core. Does not read cells. Called by `csv_fast`.

use std::num::NonZeroU64;

use wide::u8x16;

use crate::model::csv_syntax::CsvSyntax;

/// Bytes scanned together: one bit each in a machine word, the lowest bit for the first byte.
pub(super) const CHUNK_BYTES: usize = 64;

/// What a chunk means in the grammar of CSV, if all is plain before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ChunkMarks {
    /// Delimiters outside quotes.
    pub(super) delimiters: u64,
    /// Line feeds outside quotes.
    pub(super) line_feeds: u64,
    /// Quotes.
    pub(super) quotes: u64,
    /// The second quotes of the pairs that are written for one quote within a quoted cell.
    pub(super) doubled: u64,
    /// Bytes at which it shows that their record is not plain: a quote within an unquoted cell,
    /// text after a closing quote, a line break within quotes, text after a lone carriage return.
    pub(super) irregular: u64,
}

/// Finds the marks of one chunk after the other, from the start of a record.
#[derive(Debug)]
pub(super) struct Scanner {
    delimiter: u8x16,
    /// All bits if quotes enclose cells, none if they are data.
    quoting: u64,
    has_cr: bool,
    before: Before,
}

/// What is before a chunk. The bits are in the place of the chunk's first byte.
#[derive(Debug, Clone, Copy, Default)]
struct Before {
    /// All bits if a quote is open.
    is_within: u64,
    /// Set if the last byte ended a cell, or there is none.
    cell_end: u64,
    /// Set if the last byte was a closing quote, unless another one follows.
    closing: u64,
    /// Set if the last byte was a carriage return outside quotes.
    carriage_return: u64,
}

/// The bytes of a chunk that have a meaning in the grammar, whether quoted or not.
#[derive(Debug, Clone, Copy, Default)]
struct Structural {
    delimiters: u64,
    line_feeds: u64,
    quotes: u64,
    carriage_returns: u64,
}

impl ChunkMarks {
    /// The bit of the first line feed or irregular byte.
    #[inline]
    pub(super) fn first_stop(&self) -> Option<NonZeroU64> {
        let stops = self.line_feeds | self.irregular;
        NonZeroU64::new(stops & stops.wrapping_neg())
    }

    /// Splits off the marks up to and including this bit.
    #[inline]
    pub(super) fn split_through(&mut self, last: NonZeroU64) -> Self {
        let through = last.get() | (last.get() - 1);
        let first = self.masked(through);
        *self = self.masked(!through);
        first
    }

    fn masked(self, bits: u64) -> Self {
        Self {
            delimiters: self.delimiters & bits,
            line_feeds: self.line_feeds & bits,
            quotes: self.quotes & bits,
            doubled: self.doubled & bits,
            irregular: self.irregular & bits,
        }
    }
}

impl Scanner {
    /// At the start of a record. Without carriage returns in the bytes (`has_cr` false) the scan is
    /// faster.
    pub(super) fn new(syntax: CsvSyntax, has_cr: bool) -> Self {
        let quoting = if syntax.has_quotes { u64::MAX } else { 0 };
        let delimiter = u8x16::splat(syntax.delimiter);
        let before = Before { cell_end: 1, ..Before::default() };
        Self { delimiter, quoting, has_cr, before }
    }

    /// Whether a quote is open at the end of the bytes that were scanned.
    pub(super) fn is_within_quotes(&self) -> bool {
        self.before.is_within != 0
    }

    /// Scans the first [`CHUNK_BYTES`] bytes, or as many as there are.
    #[inline]
    pub(super) fn scan(&mut self, bytes: &[u8]) -> ChunkMarks {
        let last_chunk;
        let chunk = if let Some(chunk) = bytes.first_chunk() {
            chunk
        } else {
            last_chunk = padded(bytes);
            &last_chunk
        };
        let found = self.structural(chunk);
        let mut marks = ChunkMarks {
            delimiters: found.delimiters,
            line_feeds: found.line_feeds,
            ..ChunkMarks::default()
        };
        // Most chunks have no quotes and follow none.
        if found.quotes | self.before.is_within | self.before.closing != 0 {
            marks = self.quoted_marks(found, bytes.len());
        } else if self.has_cr {
            marks.irregular = self.lone_carriage_returns(found, 0) & first_bits(bytes.len());
        }
        self.before.cell_end = (marks.delimiters | marks.line_feeds) >> 63;
        marks
    }

    #[inline]
    fn structural(&self, chunk: &[u8; CHUNK_BYTES]) -> Structural {
        let [line_feed, quote, carriage_return] = [b'\n', b'"', b'\r'].map(u8x16::splat);
        let mut found = Structural::default();
        for (quarter, lanes) in chunk.as_chunks::<16>().0.iter().enumerate() {
            let lanes = u8x16::new(*lanes);
            let bits =
                |sought: u8x16| u64::from(lanes.simd_eq(sought).to_bitmask()) << (16 * quarter);
            found.delimiters |= bits(self.delimiter);
            found.line_feeds |= bits(line_feed);
            found.quotes |= bits(quote);
            if self.has_cr {
                found.carriage_returns |= bits(carriage_return);
            }
        }
        found.quotes &= self.quoting;
        found
    }

    /// The marks of a chunk with quotes, or after one.
    fn quoted_marks(&mut self, found: Structural, n_bytes: usize) -> ChunkMarks {
        // Every quote opens or closes: of a doubled one, the first closes and the second opens.
        // So a byte is within quotes if the number of quotes up to it is odd.
        let within = parity(found.quotes) ^ self.before.is_within;
        let (opening, closing) = (found.quotes & within, found.quotes & !within);
        let delimiters = found.delimiters & !within;
        let line_feeds = found.line_feeds & !within;
        let cell_ends = delimiters | line_feeds;

        // A quote opens a cell at its start, or continues one; a closing one is followed by the end
        // of the cell, or by the one that continues it.
        let after_cell_end = cell_ends << 1 | self.before.cell_end;
        let after_closing = closing << 1 | self.before.closing;
        let misplaced = opening & !(after_cell_end | after_closing);
        let text_after = after_closing & !(cell_ends | opening | found.carriage_returns);
        // What follows the last byte is no text.
        let irregular = first_bits(n_bytes)
            & (misplaced
                | text_after
                | (found.line_feeds & within)
                | self.lone_carriage_returns(found, within));

        // The sign is copied into all bits.
        self.before.is_within = (within.cast_signed() >> 63).cast_unsigned();
        self.before.closing = closing >> 63;
        let doubled = opening & after_closing;
        ChunkMarks { delimiters, line_feeds, quotes: found.quotes, doubled, irregular }
    }

    /// What follows a carriage return outside quotes and is no line feed.
    fn lone_carriage_returns(&mut self, found: Structural, within: u64) -> u64 {
        let unquoted = found.carriage_returns & !within;
        let lone = (unquoted << 1 | self.before.carriage_return) & !found.line_feeds;
        self.before.carriage_return = unquoted >> 63;
        lone
    }
}

fn padded(bytes: &[u8]) -> [u8; CHUNK_BYTES] {
    // The padding adds no bits, since no structural byte is 0.
    let mut chunk = [0; CHUNK_BYTES];
    chunk[..bytes.len()].copy_from_slice(bytes);
    chunk
}

fn first_bits(n_bits: usize) -> u64 {
    if n_bits >= CHUNK_BYTES { u64::MAX } else { !(u64::MAX << n_bits) }
}

/// For each bit, whether the number of bits that are set up to it is odd.
fn parity(mut bits: u64) -> u64 {
    for shift in [1, 2, 4, 8, 16, 32] {
        bits ^= bits << shift;
    }
    bits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The marks of all bytes, by a state machine that goes from byte to byte.
    fn bytewise(bytes: &[u8], has_quotes: bool) -> Vec<ChunkMarks> {
        let mut chunks = vec![ChunkMarks::default(); bytes.len().div_ceil(CHUNK_BYTES)];
        let (mut is_within, mut before, mut is_after_closing) = (false, b'\n', false);
        for (position, &byte) in bytes.iter().enumerate() {
            let (chunk, bit) = (&mut chunks[position / CHUNK_BYTES], 1 << (position % CHUNK_BYTES));
            let is_quote = has_quotes && byte == b'"';
            let is_end = matches!(byte, b',' | b'\n');
            let is_lone_cr = before == b'\r' && !is_within && byte != b'\n';
            let is_irregular = match (is_quote, is_within) {
                (true, true) => false,
                (true, false) => !is_after_closing && !matches!(before, b',' | b'\n'),
                (false, true) => byte == b'\n',
                (false, false) => is_after_closing && !is_end && byte != b'\r',
            };
            chunk.irregular |= if is_irregular || is_lone_cr { bit } else { 0 };
            chunk.quotes |= if is_quote { bit } else { 0 };
            chunk.doubled |= if is_quote && is_after_closing { bit } else { 0 };
            chunk.delimiters |= if byte == b',' && !is_within { bit } else { 0 };
            chunk.line_feeds |= if byte == b'\n' && !is_within { bit } else { 0 };
            is_after_closing = is_quote && is_within;
            is_within ^= is_quote;
            before = if is_within || is_after_closing { b'"' } else { byte };
        }
        chunks
    }

    proptest! {
        #[test]
        fn simd_scan_equals_bytewise_scan(
            bytes in prop::collection::vec(prop::sample::select(b"aab,\"\"\r\n\0".to_vec()), 0..200),
            has_quotes in prop::bool::ANY,
        ) {
            let has_cr = bytes.contains(&b'\r');
            let mut scanner = Scanner::new(CsvSyntax { has_quotes, ..CsvSyntax::default() }, has_cr);
            let starts = (0..bytes.len()).step_by(CHUNK_BYTES);
            let found: Vec<_> = starts.map(|start| scanner.scan(&bytes[start..])).collect();
            prop_assert_eq!(found, bytewise(&bytes, has_quotes));
        }
    }
}
