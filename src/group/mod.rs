//! Rows → drafts of one order each, wherever the rows stand.
//!
//! Drops no row: each ends in a draft, is counted as lost, or is part of a copy that a draft names. Never lets a part of
//! an order pass for the whole. Sees the rows that it is given, a block of a file or what has been gathered of a few
//! orders, and holds no more: what must be known of the whole export is told to it as [`Doubts`]. No I/O. Called by
//! `pipeline`; knows only `model`.

mod copies;
mod doubts;
mod merge;
mod runs;

pub use copies::resolved;
pub use doubts::Doubts;
pub use merge::draft;
pub use runs::{Run, Runs, gathered};

use crate::model::{
    origin::{FileId, Position},
    problem::{Code, Problem},
};

/// Rows that cannot be read, and were accepted, are told one by one up to here.
const MOST_TOLD: usize = 1000;

/// How rows of one order are brought together.
#[derive(Debug, Clone, Copy, Default)]
pub struct Settings {
    /// The rows of an order may come from several files.
    pub joins_files: bool,
    /// The rows of an order stand next to each other.
    pub has_adjacent_rows: bool,
    /// A row that cannot be read, and whose order is not known, is only counted.
    pub accepts_unreadable: bool,
}

impl Settings {
    /// The file that the rows of an order share.
    #[must_use]
    pub fn file_of(&self, file: FileId) -> FileId {
        if self.joins_files { FileId(0) } else { file }
    }
}

/// Why the run cannot go on: it is not known which order would be sent in part.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{reason}; it is not known which order the row belongs to{}", others(*.n_more))]
pub struct GroupError {
    /// The first such row.
    pub at: Position,
    /// What is wrong with it.
    pub reason: String,
    /// How many more there are.
    pub n_more: u64,
}

fn others(n_more: u64) -> String {
    if n_more == 0 { String::new() } else { format!(" ({n_more} more such rows)") }
}

/// Rows whose order is not known.
#[derive(Debug, Default)]
pub struct Lost {
    /// The first ones, in the order of the input.
    pub told: Vec<Problem>,
    /// All of them.
    pub n_rows: u64,
}

impl Lost {
    /// Adds a row, the next one of the input.
    pub fn add(&mut self, at: Position, reason: &str) {
        self.n_rows += 1;
        if self.told.len() < MOST_TOLD {
            self.told.push(Problem::of_order(Code::RowUnreadable, at, reason));
        }
    }

    /// Adds those of a later part of the input.
    pub fn append(&mut self, later: Self) {
        self.n_rows += later.n_rows;
        self.told.extend(later.told);
        self.told.truncate(MOST_TOLD);
    }

    /// Whether the run may go on without them.
    pub fn check(&self, settings: Settings) -> Result<(), GroupError> {
        let may_go_on = settings.accepts_unreadable || settings.has_adjacent_rows;
        match self.told.first().filter(|_| !may_go_on) {
            None => Ok(()),
            Some(first) => Err(GroupError { at: first.at, reason: first.message.clone(), n_more: self.n_rows - 1 }),
        }
    }
}

#[cfg(test)]
mod tests;
