//! Raw CSV record: a record as it is in the file, split into cells that keep their quotes.
//!
//! csv-core, with which `read` parses such a record, returns the text of its cells, but neither
//! where they begin nor what is wrong with their quotes: that is found here. Does not unescape.
//! Used by `read` for damaged quotes, and by [`Record`](super::record::Record) for positions.

use std::ops::Range;

use super::csv_syntax::CsvSyntax;

/// One record of a CSV file, without the line break at its end.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RawRecord<'a> {
    /// The record as it is in the file. Need not be UTF-8.
    pub bytes: &'a [u8],
    /// How it is written.
    pub syntax: CsvSyntax,
}

/// A cell as it is in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawCell {
    /// Its range in the record, with its quotes and the blanks before them.
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
    /// The first record in bytes that begin with one, without its line break.
    #[must_use]
    pub fn first_of(bytes: &'a [u8], syntax: CsvSyntax) -> Self {
        let (all, mut start) = (Self { bytes, syntax }, 0);
        loop {
            let from = all.unquoted_from(all.quotes_at(start), start);
            let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n') || *byte == syntax.delimiter;
            let Some(n_unquoted) = bytes[from..].iter().position(is_end) else { return all };
            let end = from + n_unquoted;
            if bytes[end] != syntax.delimiter {
                return Self { bytes: &bytes[..end], syntax };
            }
            start = end + 1;
        }
    }

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
        let from = self.unquoted_from(quotes, start);
        let n_unquoted = self.bytes[from..].iter().position(|byte| *byte == self.syntax.delimiter);
        let end = n_unquoted.map_or(self.bytes.len(), |n_unquoted| from + n_unquoted);
        RawCell { range: start..end, quotes }
    }

    /// Where the text of a cell goes on behind its quotes.
    fn unquoted_from(self, quotes: CellQuotes, start: usize) -> usize {
        match quotes {
            CellQuotes::None => start,
            CellQuotes::ClosedBefore(end) => end,
            CellQuotes::Unclosed => self.bytes.len(),
        }
    }

    /// The offset of the quote that opens the cell at `start`.
    #[must_use]
    pub fn opening_quote(self, start: usize) -> Option<usize> {
        let is_blank = |byte: &&u8| self.syntax.is_blank(**byte);
        let n_blanks = self.bytes[start..].iter().take_while(is_blank).count();
        let is_quote = self.bytes.get(start + n_blanks) == Some(&b'"');
        (self.syntax.has_quotes && is_quote).then_some(start + n_blanks)
    }

    fn quotes_at(self, start: usize) -> CellQuotes {
        let Some(open) = self.opening_quote(start) else { return CellQuotes::None };
        let is_mark = |byte: &u8| *byte == b'"' || Some(*byte) == self.syntax.escape;
        let mut from = open + 1;
        while let Some(n_bytes) = self.bytes.get(from..).and_then(|it| it.iter().position(is_mark))
        {
            let after = from + n_bytes + 1;
            if self.bytes[after - 1] == b'"' && self.bytes.get(after) != Some(&b'"') {
                return CellQuotes::ClosedBefore(after);
            }
            // The second of two quotes, or what is escaped.
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
        RawRecord { bytes: text.as_bytes(), syntax: CsvSyntax::default() }
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
        let syntax = CsvSyntax { has_quotes: false, ..CsvSyntax::default() };
        assert_eq!(RawRecord { syntax, ..raw("\"a,b") }.cells().count(), 2);
    }

    #[test]
    fn blanks_and_escapes_are_those_of_the_syntax() {
        let blanks = CsvSyntax { skips_blanks: true, ..CsvSyntax::default() };
        let escape = CsvSyntax { escape: Some(b'\\'), ..CsvSyntax::default() };
        let cells = |text, syntax| {
            let cells = RawRecord { syntax, ..raw(text) }.cells();
            cells.map(|cell| (cell.range, cell.quotes)).collect::<Vec<_>>()
        };
        let (none, closed) = (CellQuotes::None, CellQuotes::ClosedBefore);
        assert_eq!(cells(" \"a,\", b", blanks), [(0..5, closed(5)), (6..8, none)]);
        assert_eq!(cells("a\t\"b", blanks), [(0..4, none)]);
        assert_eq!(cells(r#""a\",",\""#, escape), [(0..6, closed(6)), (7..9, none)]);
        assert_eq!(cells(r#""a\\",b"#, escape), [(0..5, closed(5)), (6..7, none)]);
        assert_eq!(cells(r#""a\""#, escape), [(0..4, CellQuotes::Unclosed)]);
        assert_eq!(cells(r#""a\"#, escape), [(0..3, CellQuotes::Unclosed)]);
    }

    #[test]
    fn first_record_ends_outside_quotes() {
        let first = |text| RawRecord::first_of(raw(text).bytes, raw(text).syntax).bytes.len();
        assert_eq!(
            (first("a,\"b\nc\"\nd"), first("a\r\nb"), first("a"), first("a,\n")),
            (7, 1, 1, 2)
        );
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
