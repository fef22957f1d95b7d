//! CSV record: cells under a header, as text that borrows from the block that was read.
//!
//! Not yet interpreted or checked. `read` builds records; `map` makes cells of them.

use std::ops::{Range, RangeInclusive};

use bumpalo::Bump;

use super::{
    csv_syntax::CsvSyntax,
    origin::{Position, RowOrigin},
    raw_record::RawRecord,
    side_row::{JoinedRows, SideMatch},
};

/// The header row of a CSV file.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Header {
    /// The column names, without blanks around them.
    pub names: Vec<String>,
    /// The position of each name.
    pub positions: Vec<Position>,
    /// How the records of the file are written.
    pub syntax: CsvSyntax,
}

/// A CSV record that borrows the bytes that it was read from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Record<'a> {
    /// The header of the file.
    pub header: &'a Header,
    /// The text of all cells, with one byte between each cell and the next.
    pub text: &'a str,
    /// The end of each cell in `text`, in bytes.
    pub ends: &'a [u32],
    /// Whether `text` is the record as it is in the file.
    pub form: RecordForm<'a>,
}

/// What the text of a record is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum RecordForm<'a> {
    /// As it is in the file, without quotes around cells.
    Unquoted,
    /// As it is in the file, with quotes around some cells and none within.
    Quoted,
    /// Its cells unescaped. The record as it is in the file has their positions.
    Unescaped(RawRecord<'a>),
    /// The cells of a record and, behind them, those of the rows of side files that belong to it.
    Joined(JoinedRecord<'a>),
}

/// A record, and what belongs to it in each side file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JoinedRecord<'a> {
    /// The record as it is in its file.
    pub own: &'a Record<'a>,
    /// What each side file has for it, in the order of the columns.
    pub rows: JoinedRows<'a>,
}

impl<'a> Record<'a> {
    /// The number of cells.
    #[must_use]
    pub fn n_cells(&self) -> usize {
        self.ends.len()
    }

    /// The number of cells that are not empty.
    pub(super) fn n_filled(&self) -> usize {
        if let RecordForm::Joined(joined) = self.form {
            return joined.own.n_filled();
        }
        // `""` is empty too.
        let min_bytes = if matches!(self.form, RecordForm::Quoted) { 3 } else { 1 };
        let mut start = 0;
        let is_filled = |end: &&u32| {
            let (begin, end) = (start, **end as usize);
            start = end + 1;
            begin + min_bytes <= end || (begin < end && !self.text[begin..].starts_with('"'))
        };
        self.ends.iter().filter(is_filled).count()
    }

    /// The text of cell `index` (from 0), without blanks around it; empty if there is no such
    /// cell.
    #[must_use]
    #[inline]
    pub fn cell(&self, index: usize) -> &'a str {
        // With the index checked first, the end of the cell before it needs no check.
        let Some(end) = self.ends.get(index) else { return "" };
        let Some(cell) = self.text.get(self.start(index)..*end as usize) else { return "" };
        // All graphic ones but `!` and the quote.
        let is_certain = |byte: &u8| (b'#'..=b'~').contains(byte);
        match (cell.as_bytes().first(), cell.as_bytes().last()) {
            (Some(first), Some(last)) if is_certain(first) && is_certain(last) => cell,
            (None, None) => cell,
            _ => self.without_quotes(cell),
        }
    }

    /// The record with other texts in some cells, in their places in the file. `other` returns the
    /// text for a cell; none if it keeps its own.
    #[must_use]
    pub fn with_cells<'o>(
        &self,
        other: impl Fn(usize) -> Option<&'o str>,
        texts: &'a Bump,
    ) -> Self {
        let (mut text, mut ends) = (String::with_capacity(self.text.len()), Vec::new());
        for index in 0..self.n_cells() {
            if index > 0 {
                text.push(',');
            }
            text.push_str(other(index).unwrap_or_else(|| self.cell(index)));
            ends.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
        }
        let raw = match self.own().form {
            RecordForm::Unescaped(raw) => raw,
            _ => RawRecord { bytes: self.raw(), syntax: self.header.syntax },
        };
        let (text, ends) = (texts.alloc_str(&text), texts.alloc_slice_copy(&ends));
        Self { header: self.header, text, ends, form: RecordForm::Unescaped(raw) }
    }

    /// The record with the cells of side rows behind its own; `header` names them all, and
    /// `n_columns` of each match are those of its side file.
    #[must_use]
    pub fn joined(&'a self, header: &'a Header, rows: JoinedRows<'a>, texts: &'a Bump) -> Self {
        let (mut text, mut ends) =
            (String::with_capacity(2 * self.text.len()), Vec::with_capacity(header.names.len()));
        let mut push = |cell: &str| {
            if !ends.is_empty() {
                text.push(',');
            }
            text.push_str(cell);
            ends.push(u32::try_from(text.len()).unwrap_or(u32::MAX));
        };
        (0..self.n_cells()).for_each(|index| push(self.cell(index)));
        for side in rows.matches {
            (0..side.n_columns).for_each(|index| push(side.cell(index)));
        }
        let (text, ends) = (texts.alloc_str(&text), texts.alloc_slice_copy(&ends));
        let form = RecordForm::Joined(JoinedRecord { own: self, rows });
        Self { header, text, ends, form }
    }

    /// The record as it is in its file, without the cells of side files.
    #[must_use]
    pub fn own(&self) -> &Self {
        if let RecordForm::Joined(joined) = self.form { joined.own } else { self }
    }

    /// The text of a cell that may have quotes or blanks around it.
    // Inlined, it would keep `cell` from being inlined.
    #[inline(never)]
    fn without_quotes(&self, cell: &'a str) -> &'a str {
        // The quotes are stripped here, so that quoted cells are read in place without a copy.
        let is_quoted = matches!(self.form, RecordForm::Quoted) && cell.starts_with('"');
        trim_blanks(if is_quoted { &cell[1..cell.len().max(2) - 1] } else { cell })
    }

    /// Whether all cells of adjacent columns certainly repeat those of another record of the file.
    // Comparing one range of bytes replaces a comparison per cell.
    #[must_use]
    pub fn repeats(&self, other: &Self, columns: &RangeInclusive<usize>) -> bool {
        let bytes = self.bytes_of(columns);
        bytes == other.bytes_of(columns)
            && match (self.form, other.form) {
                // As they are in the file, equal bytes are split in the same way.
                (RecordForm::Unquoted, RecordForm::Unquoted)
                | (RecordForm::Quoted, RecordForm::Quoted) => true,
                // A quote is part of a cell in one form, and around it in another.
                _ => !bytes.contains(&b'"') && self.has_lengths_of(other, columns),
            }
    }

    /// Whether adjacent cells are as long as those of another record. Unescaped, `a,` and `b` join
    /// to the same bytes as `a` and `,b`.
    fn has_lengths_of(&self, other: &Self, columns: &RangeInclusive<usize>) -> bool {
        let lengths = |record: &Self| {
            let start = record.start(*columns.start());
            let ends = record.ends.get(columns.clone()).unwrap_or_default();
            ends.iter().map(move |end| *end as usize - start)
        };
        lengths(self).eq(lengths(other))
    }

    /// The bytes of adjacent columns.
    #[inline]
    fn bytes_of(&self, columns: &RangeInclusive<usize>) -> &'a [u8] {
        let start = self.start(*columns.start());
        let end = self.ends.get(*columns.end()).map_or(self.text.len(), |end| *end as usize);
        self.text.as_bytes().get(start..end).unwrap_or_default()
    }

    /// The position at which cell `index` (from 0) begins.
    #[must_use]
    pub fn position(&self, origin: &RowOrigin, index: usize) -> Position {
        let (line, column) = match self.form {
            RecordForm::Joined(joined) => return joined.position(origin, index),
            // A cell that the row lacks is at its end.
            RecordForm::Unescaped(raw) => {
                raw.starts().nth(index).unwrap_or_else(|| raw.line_and_column(raw.bytes.len()))
            }
            RecordForm::Unquoted | RecordForm::Quoted => (0, self.column_of(index)),
        };
        Position { file: origin.file, line: origin.line + u64::from(line), column: Some(column) }
    }

    /// The positions of all cells.
    #[must_use]
    pub fn positions(&self, origin: &RowOrigin) -> Vec<Position> {
        let position = |(line, column)| Position {
            file: origin.file,
            line: origin.line + u64::from(line),
            column: Some(column),
        };
        match self.form {
            RecordForm::Joined(_) => {
                (0..self.n_cells()).map(|index| self.position(origin, index)).collect()
            }
            // One walk for all of them: a header may have 10,000 cells.
            RecordForm::Unescaped(raw) => raw.starts().take(self.n_cells()).map(position).collect(),
            RecordForm::Unquoted | RecordForm::Quoted => {
                (0..self.n_cells()).map(|index| self.position(origin, index)).collect()
            }
        }
    }

    /// Whether a cell may have a quote in its text.
    #[must_use]
    #[inline]
    pub fn may_have_inner_quotes(&self) -> bool {
        matches!(self.form, RecordForm::Unescaped(_) | RecordForm::Joined(_))
            || !self.header.syntax.has_quotes
    }

    /// The record as it is in the file.
    #[must_use]
    pub fn raw(&self) -> &'a [u8] {
        match self.form {
            RecordForm::Unescaped(raw) => raw.bytes,
            RecordForm::Joined(joined) => joined.own.raw(),
            RecordForm::Unquoted | RecordForm::Quoted => self.text.as_bytes(),
        }
    }

    /// The record as it is in the file, and the range of each cell in it, quotes included.
    #[must_use]
    pub fn raw_cells(&self) -> (&'a [u8], Vec<Range<usize>>) {
        match self.form {
            RecordForm::Unescaped(raw) => (raw.bytes, raw.cells().map(|cell| cell.range).collect()),
            RecordForm::Joined(joined) => joined.own.raw_cells(),
            RecordForm::Unquoted | RecordForm::Quoted => {
                let end = |index: usize| self.ends[index] as usize;
                let ranges = (0..self.n_cells()).map(|index| self.start(index)..end(index));
                (self.text.as_bytes(), ranges.collect())
            }
        }
    }

    fn column_of(&self, index: usize) -> u32 {
        let before = self.text.get(..self.start(index)).unwrap_or_default();
        u32::try_from(count_chars(before) + 1).unwrap_or(u32::MAX)
    }

    #[inline]
    fn start(&self, index: usize) -> usize {
        index
            .checked_sub(1)
            .and_then(|previous| self.ends.get(previous))
            .map_or(0, |end| *end as usize + 1)
    }
}

/// The number of characters of a text.
// Sums of bytes are added up many at once. `chars().count()` does the same for texts of some
// hundreds of bytes; a position is needed for each identifier of an export.
fn count_chars(text: &str) -> usize {
    let begins_char = |byte: &u8| u8::from(!matches!(byte, 0x80..0xc0));
    let chunks = text.as_bytes().chunks(usize::from(u8::MAX));
    chunks.map(|chunk| usize::from(chunk.iter().map(begins_char).sum::<u8>())).sum()
}

/// A text without blanks around it, as [`str::trim`] returns it.
// Checking the first and the last byte is enough for most texts; `str::trim` decodes characters.
#[must_use]
#[inline]
pub fn trim_blanks(text: &str) -> &str {
    let bytes = text.as_bytes();
    match (bytes.first(), bytes.last()) {
        (Some(first), Some(last)) if first.is_ascii_graphic() && last.is_ascii_graphic() => text,
        _ => text.trim(),
    }
}

impl<'a> JoinedRecord<'a> {
    /// The side file of a cell, and the index of the cell there; none of a cell of the record's
    /// own.
    #[must_use]
    pub fn side_cell(&self, index: usize) -> Option<(&'a SideMatch<'a>, usize)> {
        let mut index = index.checked_sub(self.own.n_cells())?;
        for side in self.rows.matches {
            if index < side.n_columns {
                return Some((side, index));
            }
            index -= side.n_columns;
        }
        None
    }

    /// Whether a cell is one of a side row that the record should have.
    #[must_use]
    pub fn lacks(&self, index: usize) -> bool {
        self.side_cell(index).is_some_and(|(side, _)| side.found.is_a_problem())
    }

    /// The position at which a cell begins. A cell of no side row is at the row itself.
    fn position(&self, origin: &RowOrigin, index: usize) -> Position {
        if index < self.own.n_cells() {
            return self.own.position(origin, index);
        }
        let found = self.side_cell(index).and_then(|(side, index)| Some((side.row(0)?, index)));
        found.map_or_else(|| origin.position(), |(row, index)| row.position(index))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_of_any_length_are_counted() {
        for part in ["a", "\u{fc}", "\u{20ac}", "\u{1f6d2}", "a\u{fc}b"] {
            for n_parts in [0, 1, 15, 16, 17, 255, 256, 1000] {
                let text = part.repeat(n_parts);
                assert_eq!(count_chars(&text), text.chars().count(), "{part} {n_parts}");
            }
        }
    }

    #[test]
    fn quotes_around_a_cell_are_not_quotes_within() {
        let header = Header::default();
        let record = |form| Record { header: &header, text: "A,\"x\"", ends: &[1, 5], form };
        let (quoted, unquoted) = (record(RecordForm::Quoted), record(RecordForm::Unquoted));
        assert_eq!((quoted.cell(1), unquoted.cell(1)), ("x", "\"x\""));
        assert!(!quoted.repeats(&unquoted, &(0..=1)));
        assert!(quoted.repeats(&quoted, &(0..=1)));
        assert!(quoted.repeats(&unquoted, &(0..=0)));
    }
}
