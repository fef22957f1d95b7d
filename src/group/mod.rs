//! Rows → drafts of one order each, wherever the rows stand.
//!
//! Drops no row: each ends in a draft, is counted as unreadable, or is part of a copy that a draft names. Never lets a
//! part of an order pass for the whole. No I/O. Called by `pipeline`; knows only `model`.

mod copies;
mod keyless;
mod merge;

use std::collections::HashMap;

use crate::model::{
    draft::{Draft, MappedRow, RowKind},
    origin::{FileId, Position, RowOrigin},
    problem::{Code, Problem},
};

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

/// All orders of the input.
#[derive(Debug, PartialEq)]
pub struct Grouped {
    /// In the order of their first rows.
    pub drafts: Vec<Draft>,
    /// Unreadable rows that were accepted.
    pub accepted_unreadable: Vec<Problem>,
}

/// Brings rows together; they are added in the order of the input.
#[derive(Debug)]
pub struct Grouper {
    settings: Settings,
    drafts: Vec<Draft>,
    by_key: HashMap<(FileId, Box<str>), usize>,
    keyless: Vec<usize>,
    n_rows: u64,
    n_unreadable: u64,
    /// Unreadable rows whose order is not known.
    lost: Vec<Problem>,
    /// Unreadable rows that may hold the key of a second order, and the ends of their cells.
    run_together: Vec<(RowOrigin, Vec<Box<str>>)>,
    last: Option<(FileId, usize)>,
    unreadable_before: Option<(FileId, Position)>,
}

impl Grouper {
    /// A grouper without rows.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            drafts: Vec::new(),
            by_key: HashMap::new(),
            keyless: Vec::new(),
            n_rows: 0,
            n_unreadable: 0,
            lost: Vec::new(),
            run_together: Vec::new(),
            last: None,
            unreadable_before: None,
        }
    }

    /// Adds the next row.
    pub fn add(&mut self, row: MappedRow) {
        if row.kind == RowKind::Blank {
            return;
        }
        self.n_rows += 1;
        let index = match &row.kind {
            RowKind::Part(key) | RowKind::Unreadable { key: Some(key), .. } => self.draft_of(key.clone(), &row.origin),
            RowKind::Whole(key) => self.new_draft(key.clone().unwrap_or_default()),
            RowKind::Keyless if keyless::can_be_told_apart(&row) => {
                self.keyless.push(self.drafts.len());
                self.new_draft(Box::default())
            }
            RowKind::Keyless => return self.lose(&row.origin, "the row has no order key".to_owned()),
            RowKind::Unreadable { key: None, reason, .. } => return self.lose(&row.origin, reason.clone()),
            RowKind::Blank => return,
        };
        self.follow(&row.origin, index);
        if let RowKind::Unreadable { reason, cell_ends, .. } = &row.kind {
            self.n_unreadable += 1;
            if !cell_ends.is_empty() {
                self.run_together.push((row.origin.clone(), cell_ends.clone()));
            }
            let problem = Problem::of_order(Code::RowUnreadable, row.origin.position(), reason.clone());
            self.drafts[index].problems.push(problem);
        }
        if self.drafts[index].key.is_empty() {
            let words = "there is no order key, so it is not known which order this is";
            let problem = Problem::of_order(Code::RowWithoutKey, row.origin.position(), words);
            self.drafts[index].problems.push(problem);
        }
        merge::add_row(&mut self.drafts[index], row);
    }

    /// How many rows were added, without blank ones.
    #[must_use]
    pub fn n_rows(&self) -> u64 {
        self.n_rows
    }

    /// How many of them cannot be read, or are of no order that is known.
    #[must_use]
    pub fn n_unreadable(&self) -> u64 {
        self.n_unreadable
    }

    /// Adds a problem to the order of the last row.
    pub fn add_problem_to_last(&mut self, problem: Problem) {
        if let Some((_, index)) = self.last {
            self.drafts[index].problems.push(problem);
        }
    }

    /// All orders, once all rows are there. `key_of` makes an order key of the text of its cell, as the profile says.
    pub fn finish(mut self, key_of: impl Fn(&str) -> Option<Box<str>>) -> Result<Grouped, GroupError> {
        let may_go_on = self.settings.accepts_unreadable || self.settings.has_adjacent_rows;
        if let Some(first) = self.lost.first().filter(|_| !may_go_on) {
            let n_more = self.lost.len() as u64 - 1;
            return Err(GroupError { at: first.at, reason: first.message.clone(), n_more });
        }
        keyless::suspect(&mut self.drafts, &self.keyless);
        self.suspect_run_together(key_of);
        Ok(Grouped { drafts: copies::resolved(self.drafts), accepted_unreadable: self.lost })
    }

    fn draft_of(&mut self, key: Box<str>, origin: &RowOrigin) -> usize {
        let file = self.file_of(origin);
        let next = self.drafts.len();
        let index = *self.by_key.entry((file, key.clone())).or_insert(next);
        if index == next { self.new_draft(key) } else { index }
    }

    /// The file that the rows of an order share.
    fn file_of(&self, origin: &RowOrigin) -> FileId {
        if self.settings.joins_files { FileId(0) } else { origin.file }
    }

    fn new_draft(&mut self, key: Box<str>) -> usize {
        let draft =
            Draft { key, rows: Vec::new(), cells: Vec::new(), items: Vec::new(), skip: None, problems: Vec::new() };
        self.drafts.push(draft);
        self.drafts.len() - 1
    }

    /// Notes that a row of draft `index` stands here, behind an unreadable one or not.
    fn follow(&mut self, origin: &RowOrigin, index: usize) {
        if let Some((file, at)) = self.unreadable_before.take()
            && file == self.file_of(origin)
        {
            self.suspect_neighbour(index, at);
        }
        self.last = Some((self.file_of(origin), index));
    }

    fn lose(&mut self, origin: &RowOrigin, reason: String) {
        self.n_unreadable += 1;
        let at = origin.position();
        if self.settings.has_adjacent_rows {
            if let Some((file, index)) = self.last
                && file == self.file_of(origin)
            {
                self.suspect_neighbour(index, at);
            }
            self.unreadable_before = Some((self.file_of(origin), at));
        }
        self.lost.push(Problem::of_order(Code::RowUnreadable, at, reason));
    }

    /// An order may have lost a row to one of another order that it ran together with.
    fn suspect_run_together(&mut self, key_of: impl Fn(&str) -> Option<Box<str>>) {
        let mut suspects = Vec::new();
        for (origin, cell_ends) in &self.run_together {
            let endings = cell_ends.iter().flat_map(|end| end.char_indices().map(|(start, _)| &end[start..]));
            let indices = endings.filter_map(|text| self.by_key.get(&(self.file_of(origin), key_of(text)?)));
            suspects.extend(indices.map(|index| (*index, origin.position())));
        }
        // Each order is told of the first such row.
        suspects.sort_by_key(|(index, at)| (*index, at.line));
        suspects.dedup_by_key(|(index, _)| *index);
        for (index, at) in suspects {
            self.suspect_neighbour(index, at);
        }
    }

    fn suspect_neighbour(&mut self, index: usize, at: Position) {
        let words = "the row here cannot be read and may belong to this order";
        self.drafts[index].problems.push(Problem::of_order(Code::NeighbourUnreadable, at, words));
    }
}

#[cfg(test)]
mod tests;
