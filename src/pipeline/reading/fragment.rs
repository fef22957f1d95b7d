//! Rows that are kept aside until the rest of their order is there.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::{
    group::Run,
    model::{
        draft::{KeyedRow, RowKind},
        order::OrderId,
        origin::{FileId, Position, RowOrigin},
    },
    read::{Block, Piece},
};

/// The rows of one order that stand together, as their bytes.
#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Fragment {
    /// The order's key; empty where it has none.
    pub(super) key: String,
    /// Whether rows elsewhere may belong to it.
    pub(super) is_part: bool,
    pub(super) rows: Vec<RowOrigin>,
    /// Lost rows next to it.
    pub(super) suspects: Vec<Position>,
    /// Its last row, if that ends the file without a line break.
    pub(super) unfinished: Option<Position>,
    #[serde(with = "serde_bytes")]
    bytes: Vec<u8>,
}

impl Fragment {
    /// A run of a block.
    pub(super) fn of(run: &Run<'_>, block: &Block) -> Self {
        let is_of_order = |row: &&KeyedRow<'_>| row.kind != RowKind::Blank && !row.kind.is_lost();
        let rows: Vec<RowOrigin> = run.rows.iter().filter(is_of_order).map(|row| row.row.origin.clone()).collect();
        let mut bytes = Vec::new();
        for row in &rows {
            let within = |offset: u64| usize::try_from(offset - block.start).unwrap_or(usize::MAX);
            bytes.extend_from_slice(&block.bytes[within(row.bytes.start)..within(row.bytes.end)]);
        }
        let (key, is_part) = (run.key().to_owned(), run.is_part());
        Self { key, is_part, rows, suspects: run.suspects.clone(), unfinished: None, bytes }
    }

    /// Adds rows of the same order that follow at once.
    pub(super) fn append(&mut self, later: Self) {
        self.rows.extend(later.rows);
        self.bytes.extend(later.bytes);
        self.suspects.extend(later.suspects);
        self.unfinished = later.unfinished;
    }

    /// Its size in memory, about.
    pub(super) fn n_bytes(&self) -> usize {
        self.bytes.len() + self.rows.len() * size_of::<RowOrigin>()
    }

    /// The place of its first row, by which fragments sort as they stood in the input.
    pub(super) fn place(&self) -> u64 {
        self.rows.first().map_or(0, |row| OrderId::of(row).0)
    }

    /// The rows as they are read, those of each file together.
    pub(super) fn stretches(&self) -> Vec<(FileId, Vec<Piece<'_>>)> {
        let mut stretches: Vec<(FileId, Vec<Piece<'_>>)> = Vec::new();
        let mut start = 0;
        for row in &self.rows {
            let end = start + length(&row.bytes);
            let piece = Piece { line: row.line, start: row.bytes.start, bytes: &self.bytes[start..end] };
            start = end;
            match stretches.last_mut().filter(|(file, _)| *file == row.file) {
                Some((_, pieces)) => pieces.push(piece),
                None => stretches.push((row.file, vec![piece])),
            }
        }
        stretches
    }
}

fn length(bytes: &Range<u64>) -> usize {
    usize::try_from(bytes.end - bytes.start).unwrap_or(usize::MAX)
}
