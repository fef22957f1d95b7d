//! Packed row: a plain CSV row with the ends of its cells, which is read back without being parsed
//! again.
//!
//! A header of fixed size, the ends of the cells, and the row as it is in the file. Does not know
//! rows that are not plain: damaged ones, those whose cells are unescaped, documents. Called by
//! `spilled_run`.

use crate::{
    model::{
        origin::{FileId, RowOrigin},
        record::{Record, RecordForm},
        row::{Row, RowContent},
    },
    read::{KnownCells, Piece},
};

/// A packed row.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PackedRow<'a> {
    pub(super) file: FileId,
    line: u64,
    /// The offset in the decompressed file.
    start: u64,
    bytes: &'a [u8],
    cells: KnownCells<'a>,
}

impl<'a> PackedRow<'a> {
    /// Appends a row to `into`, if it is plain and has at most 64 KiB. Returns whether it does.
    pub(super) fn write(row: &Row<'_>, into: &mut Vec<u8>) -> bool {
        let RowContent::Record(Record { text, ends, form }) = &row.content else { return false };
        let has_quotes = match form {
            RecordForm::Unquoted => false,
            RecordForm::Quoted => true,
            RecordForm::Unescaped(_) => return false,
        };
        let (Ok(n_bytes), Ok(n_cells)) = (u16::try_from(text.len()), u16::try_from(ends.len()))
        else {
            return false;
        };
        into.extend_from_slice(&row.origin.file.0.to_le_bytes());
        into.extend_from_slice(&row.origin.line.to_le_bytes());
        into.extend_from_slice(&row.origin.bytes.start.to_le_bytes());
        into.extend_from_slice(&n_bytes.to_le_bytes());
        into.extend_from_slice(&n_cells.to_le_bytes());
        into.push(u8::from(has_quotes));
        let start = into.len();
        into.resize(start + 2 * ends.len(), 0);
        let (packed, _) = into[start..].as_chunks_mut();
        for (packed, end) in packed.iter_mut().zip(*ends) {
            #[expect(clippy::cast_possible_truncation, reason = "no end is after the row's end")]
            let end = *end as u16;
            *packed = end.to_le_bytes();
        }
        into.extend_from_slice(text.as_bytes());
        true
    }

    /// Returns the first of packed rows, and those after it; none if it is incomplete.
    pub(super) fn split_first(rows: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (file, rows) = rows.split_first_chunk()?;
        let (line, rows) = rows.split_first_chunk()?;
        let (start, rows) = rows.split_first_chunk()?;
        let (n_bytes, rows) = rows.split_first_chunk()?;
        let (n_cells, rows) = rows.split_first_chunk()?;
        let (has_quotes, rows) = rows.split_first()?;
        let (ends, rows) = rows.split_at_checked(2 * usize::from(u16::from_le_bytes(*n_cells)))?;
        let (bytes, rows) = rows.split_at_checked(usize::from(u16::from_le_bytes(*n_bytes)))?;
        let row = Self {
            file: FileId(u32::from_le_bytes(*file)),
            line: u64::from_le_bytes(*line),
            start: u64::from_le_bytes(*start),
            bytes,
            cells: KnownCells { ends: ends.as_chunks().0, has_quotes: *has_quotes != 0 },
        };
        Some((row, rows))
    }

    pub(super) fn origin(&self) -> RowOrigin {
        let bytes = self.start..self.start + self.bytes.len() as u64;
        RowOrigin { file: self.file, line: self.line, bytes }
    }

    pub(super) fn n_bytes(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn piece(&self) -> Piece<'a> {
        let Self { line, start, bytes, cells, .. } = *self;
        Piece { line, start, bytes, cells: Some(cells) }
    }
}
