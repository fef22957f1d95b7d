//! Rows → drafts of one order each, wherever the rows stand.
//!
//! Drops no row: each ends in a draft, is counted as lost, or is part of a copy that a draft names. Never lets a part of
//! an order pass for the whole. Sees the rows that it is given, a block of a file or what has been gathered of a few
//! orders, and holds no more: what must be known of the whole export is told to it as [`Doubts`]. No I/O. Called by
//! `pipeline`; knows only `model`.

mod ambiguity;
mod duplicates;
mod merge;
mod runs;

pub use ambiguity::Ambiguities;
pub use duplicates::deduplicate;
pub use merge::draft;
pub use runs::{BlockRuns, Run, group_scattered};

use crate::model::{
    origin::{FileId, Position},
    problem::{Code, Problem},
};

/// Rows that cannot be read, and were accepted, are told one by one up to here.
const MAX_LISTED_ROWS: usize = 1000;

/// How rows of one order are brought together.
#[derive(Debug, Clone, Copy, Default)]
pub struct GroupSettings {
    /// The rows of an order may come from several files.
    pub joins_files: bool,
    /// The rows of an order stand next to each other.
    pub has_adjacent_rows: bool,
    /// A row that cannot be read, and whose order is not known, is only counted.
    pub accepts_unreadable: bool,
}

impl GroupSettings {
    /// The file that the rows of an order share.
    #[must_use]
    pub fn file_of(&self, file: FileId) -> FileId {
        if self.joins_files { FileId(0) } else { file }
    }
}

/// Why the run cannot go on: it is not known which order would be sent in part.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{reason}; it is not known which order the row belongs to{}", more_rows_suffix(*.more_rows))]
pub struct GroupError {
    /// The first such row.
    pub at: Position,
    /// What is wrong with it.
    pub reason: String,
    /// How many more there are.
    pub more_rows: u64,
}

fn more_rows_suffix(more_rows: u64) -> String {
    if more_rows == 0 { String::new() } else { format!(" ({more_rows} more such rows)") }
}

/// Rows whose order is not known.
#[derive(Debug, Default)]
pub struct LostRows {
    /// The first ones, in the order of the input.
    pub listed: Vec<Problem>,
    /// All of them.
    pub count: u64,
}

impl LostRows {
    /// Adds a row, the next one of the input.
    pub fn push(&mut self, at: Position, reason: &str) {
        self.count += 1;
        if self.listed.len() < MAX_LISTED_ROWS {
            self.listed.push(Problem::for_order(Code::RowUnreadable, at, reason));
        }
    }

    /// Adds those of a later part of the input.
    pub fn append(&mut self, later: Self) {
        self.count += later.count;
        self.listed.extend(later.listed);
        self.listed.truncate(MAX_LISTED_ROWS);
    }

    /// Whether the run may go on without them.
    pub fn ensure_allowed(&self, settings: GroupSettings) -> Result<(), GroupError> {
        let is_allowed = settings.accepts_unreadable || settings.has_adjacent_rows;
        match self.listed.first().filter(|_| !is_allowed) {
            None => Ok(()),
            Some(first) => Err(GroupError { at: first.at, reason: first.message.clone(), more_rows: self.count - 1 }),
        }
    }
}

#[cfg(test)]
mod tests;
