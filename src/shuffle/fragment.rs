//! Fragment: adjacent rows of one order, kept as bytes until the other rows of the order are read.
//!
//! It does no I/O and parses nothing: its bytes are parsed again when the order is complete. Kept by
//! `block_merger`, serialized by `spilled_run`.

use std::{borrow::Cow, io, ops::Range};

use serde::{Deserialize, Serialize};

use crate::{
    group::Run,
    model::{
        order::OrderId,
        origin::{FileId, Position, RowOrigin},
    },
    read::{Block, Piece},
};

/// What fragments are sorted by: the hash of the order's key, then the position in the input.
pub(super) type FragmentKey = (u64, u64);

/// Adjacent rows of one order, as bytes.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Fragment<'a> {
    /// The order's key; empty if it has none.
    #[serde(borrow)]
    pub(super) key: Cow<'a, str>,
    /// Whether rows at other positions may belong to the same order.
    pub(super) is_partial: bool,
    pub(super) rows: Vec<RowOrigin>,
    /// Positions of adjacent lost rows, which may belong to it.
    pub(super) possible_rows: Vec<Position>,
    /// Position of its last row, if that row ends the file without a line break.
    pub(super) unterminated: Option<Position>,
    #[serde(borrow, with = "serde_bytes")]
    bytes: Cow<'a, [u8]>,
    n_values: usize,
}

impl<'a> Fragment<'a> {
    /// Creates a fragment of a run in a block.
    pub(super) fn of(run: &Run<'a>, block: &'a Block) -> Self {
        let rows: Vec<RowOrigin> = run.rows_of_order().map(|row| row.origin.clone()).collect();
        // Those of several rows are copied, since other rows may be between them.
        let bytes = match rows.as_slice() {
            [row] => Cow::Borrowed(block.row(row)),
            rows => rows.iter().flat_map(|row| block.row(row)).copied().collect(),
        };
        let (key, is_partial) = (Cow::Borrowed(run.key()), run.may_continue());
        Self {
            key,
            is_partial,
            rows,
            possible_rows: run.possible_rows.clone(),
            unterminated: None,
            bytes,
            n_values: run.n_values(),
        }
    }

    /// Creates a fragment of rows without a key.
    #[cfg(test)]
    pub(super) fn with_rows(rows: Vec<RowOrigin>, bytes: &'a [u8]) -> Self {
        Self { rows, bytes: Cow::Borrowed(bytes), ..Self::default() }
    }

    /// Decodes a fragment that [`write`](Self::write) encoded.
    pub(super) fn read(bytes: &'a [u8]) -> io::Result<Self> {
        postcard::from_bytes(bytes).map_err(io::Error::other)
    }

    /// Appends the encoded fragment to `into`.
    pub(super) fn write(&self, into: &mut Vec<u8>) -> io::Result<()> {
        *into = postcard::to_extend(self, std::mem::take(into)).map_err(io::Error::other)?;
        Ok(())
    }

    /// Copies what it borrows, so that it outlives its block.
    pub(super) fn owned(self) -> Fragment<'static> {
        let Self { key, is_partial, rows, possible_rows, unterminated, bytes, n_values } = self;
        let (key, bytes) = (Cow::Owned(key.into_owned()), Cow::Owned(bytes.into_owned()));
        Fragment { key, is_partial, rows, possible_rows, unterminated, bytes, n_values }
    }

    /// Adds the rows that follow immediately, which are of the same order.
    pub(super) fn append(&mut self, later: Self) {
        self.rows.extend(later.rows);
        self.bytes.to_mut().extend_from_slice(&later.bytes);
        self.possible_rows.extend(later.possible_rows);
        self.unterminated = self.unterminated.or(later.unterminated);
        self.n_values += later.n_values;
    }

    /// Returns its approximate size in memory, in bytes.
    pub(super) fn n_bytes(&self) -> usize {
        self.bytes.len() + self.rows.len() * size_of::<RowOrigin>()
    }

    /// Returns the position of its first row.
    pub(super) fn position(&self) -> Option<Position> {
        self.rows.first().map(RowOrigin::position)
    }

    /// Returns the number of values in its rows.
    pub(super) fn n_values(&self) -> usize {
        self.n_values
    }

    /// Returns the order id of its first row. Fragments sort by it in the order of the input.
    pub(super) fn sort_key(&self) -> u64 {
        self.rows.first().map_or(0, |row| OrderId::from_origin(row).0)
    }

    /// Returns its rows as pieces for a parser, with their files.
    pub(super) fn pieces(&self) -> impl Iterator<Item = (FileId, Piece<'_>)> {
        let mut start = 0;
        self.rows.iter().map(move |row| {
            let bytes = &self.bytes[start..start + length(&row.bytes)];
            start += bytes.len();
            (row.file, Piece { line: row.line, start: row.bytes.start, bytes, cells: None })
        })
    }
}

fn length(bytes: &Range<u64>) -> usize {
    usize::try_from(bytes.end - bytes.start).unwrap_or(usize::MAX)
}
