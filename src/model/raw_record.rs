//! Raw CSV record: a record as it is in the file, split into cells that keep their quotes.
//!
//! csv-core, with which `read` parses such a record, returns the text of its cells, but neither
//! where they begin nor what is wrong with their quotes: that is found here. Does not unescape. Used
//! by `read` for damaged quotes, and by [`Record`](super::record::Record) for positions.

use std::ops::Range;

/// One record of a CSV file, without the line break at its end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RawRecord<'a> {
    /// The record as it is in the file. Need not be UTF-8.
    pub bytes: &'a [u8],
    /// The byte between two cells.
    pub delimiter: u8,
    /// Whether quotes enclose cells; otherwise they are data.
    pub has_quotes: bool,
}

/// A cell as it is in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawCell {
    /// Its range in the record, quotes included.
    pub range: Range<usize>,
    /// Where the quotes end that enclose it.
    pub quotes: CellQuotes,
}

/// The quotes around a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CellQuotes {
    /// It does not begin with a quote.
    None,
    /// The offset in the record after the closing quote. Text between it and the end of the cell
    /// is damage.
    ClosedBefore(usize),
    /// It ends with the record, since its quote is never closed.
    Unclosed,
}

impl<'a> RawRecord<'a> {
    /// The cells: at least one.
    pub fn cells(self) -> impl Iterator<Item = RawCell> + use<'a> {
        let mut next = Some(0);
        std::iter::from_fn(move || {
            let cell = self.cell_at(next?);
            next = Some(cell.range.end + 1).filter(|start| *start <= self.bytes.len());
            Some(cell)
        })
    }

    /// The start of each cell: the line (from 0), and the character within that line (from 1).
    pub fn starts(self) -> impl Iterator<Item = (u32, u32)> + use<'a> {
        let (mut start, mut passed) = ((0, 1), 0);
        self.cells().map(move |cell| {
            start = position_after(start, &self.bytes[passed..cell.range.start]);
            passed = cell.range.start;
            start
        })
    }

    /// The line (from 0) and the character within that line (from 1) of the byte at `offset`.
    #[must_use]
    pub fn line_and_column(self, offset: usize) -> (u32, u32) {
        position_after((0, 1), self.bytes.get(..offset).unwrap_or(self.bytes))
    }

    fn cell_at(self, start: usize) -> RawCell {
        let quotes = self.quotes_at(start);
        let from = match quotes {
            CellQuotes::None => start,
            CellQuotes::ClosedBefore(end) => end,
            CellQuotes::Unclosed => self.bytes.len(),
        };
        let n_unquoted = self.bytes[from..].iter().position(|byte| *byte == self.delimiter);
        let end = n_unquoted.map_or(self.bytes.len(), |n_unquoted| from + n_unquoted);
        RawCell { range: start..end, quotes }
    }

    fn quotes_at(self, start: usize) -> CellQuotes {
        if !self.has_quotes || self.bytes.get(start) != Some(&b'"') {
            return CellQuotes::None;
        }
        let mut from = start + 1;
        while let Some(n_bytes) = self.bytes[from..].iter().position(|byte| *byte == b'"') {
            let after = from + n_bytes + 1;
            if self.bytes.get(after) != Some(&b'"') {
                return CellQuotes::ClosedBefore(after);
            }
            from = after + 1;
        }
        CellQuotes::Unclosed
    }
}

/// The line and the column after some bytes. Both have 32 bits, as longer records are refused.
fn position_after((line, column): (u32, u32), bytes: &[u8]) -> (u32, u32) {
    bytes.iter().fold((line, column), |(line, column), byte| match byte {
        b'\n' => (line + 1, 1),
        // Continuation bytes do not begin a character.
        0b1000_0000..=0b1011_1111 => (line, column),
        _ => (line, column + 1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> RawRecord<'_> {
        RawRecord { bytes: text.as_bytes(), delimiter: b',', has_quotes: true }
    }

    #[test]
    fn cells_keep_their_quotes() {
        let cells =
            |text| raw(text).cells().map(|cell| (cell.range, cell.quotes)).collect::<Vec<_>>();
        assert_eq!(cells(""), [(0..0, CellQuotes::None)]);
        assert_eq!(cells("a,"), [(0..1, CellQuotes::None), (2..2, CellQuotes::None)]);
        assert_eq!(
            cells("\"a,\"\"\"x,5\" p"),
            [(0..7, CellQuotes::ClosedBefore(6)), (8..12, CellQuotes::None)]
        );
        assert_eq!(
            cells("\"\",\"a"),
            [(0..2, CellQuotes::ClosedBefore(2)), (3..5, CellQuotes::Unclosed)]
        );
        assert_eq!(RawRecord { has_quotes: false, ..raw("\"a,b") }.cells().count(), 2);
    }

    #[test]
    fn cell_positions_by_line_and_character() {
        let starts = |text| {
            let starts: Vec<_> = raw(text).starts().collect();
            let offsets = raw(text).cells().map(|cell| cell.range.start);
            let alone: Vec<_> = offsets.map(|start| raw(text).line_and_column(start)).collect();
            assert_eq!(starts, alone);
            starts
        };
        assert_eq!(starts("a,bc,d"), [(0, 1), (0, 3), (0, 6)]);
        assert_eq!(starts("é,b"), [(0, 1), (0, 3)]);
        assert_eq!(starts("\"a\nb\",c"), [(0, 1), (1, 4)]);
        assert_eq!(starts("\"a\"\"b\",c"), [(0, 1), (0, 8)]);
        assert_eq!(starts("5\" p,c"), [(0, 1), (0, 6)]);
    }
}
