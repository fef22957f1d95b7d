//! Ambiguous rows: rows that may belong to orders other than their own, collected over the whole
//! export.
//!
//! A readable row without a key becomes an invalid order of its own. Any order with the same order
//! time could be missing that row, so it is invalid too: an order is never sent in part. Only the
//! time excludes an order: a row that lost its key may also have lost a digit of its price. A row
//! merged from two rows may hold the key of another order, which is then incomplete. Filled block
//! by block by `shuffle`; does not decide which rows are ambiguous.

use std::{
    collections::{BTreeMap, HashMap, btree_map::Entry},
    hash::{DefaultHasher, Hash, Hasher},
};

use chrono::{DateTime, Utc};

use super::settings::GroupSettings;
use crate::model::{
    draft::{Cell, Draft},
    field::Field,
    origin::{FileId, Position, RowOrigin},
    problem::{Code, Problem},
};

/// Maximum number of ambiguous rows. Beyond it, assigning them to orders is hopeless, and memory
/// must not grow with their number.
const MAX_AMBIGUITIES: usize = 1_000_000;

/// The ambiguous rows of an export. They must be collected from all of it before any order counts
/// as complete.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Ambiguities {
    /// The first row without a key for each order time.
    rows_without_key: BTreeMap<DateTime<Utc>, RowOrigin>,
    /// The first row that may hold the key of a second order, by the hash of that key. One row may
    /// have a hundred possible keys.
    merged_rows: HashMap<u64, Position>,
}

impl Ambiguities {
    /// Whether there are no ambiguous rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows_without_key.is_empty() && self.merged_rows.is_empty()
    }

    /// Whether there are more ambiguous rows than the limit allows.
    #[must_use]
    pub fn exceeds_limit(&self) -> bool {
        self.rows_without_key.len() + self.merged_rows.len() > MAX_AMBIGUITIES
    }

    /// Adds a row without a key.
    pub fn add_row_without_key(&mut self, ordered_at: DateTime<Utc>, row: RowOrigin) {
        keep_first(&mut self.rows_without_key, ordered_at, row);
    }

    /// Adds a row that may hold the key of another order.
    pub fn add_merged_row(&mut self, key: &str, at: Position, settings: GroupSettings) {
        let first = self.merged_rows.entry(key_hash(settings.file_of(at.file), key)).or_insert(at);
        *first = min_position(*first, at);
    }

    /// Adds the ambiguous rows of another part of the input, in any order of the parts.
    pub fn append(&mut self, other: Self) {
        if self.is_empty() {
            *self = other;
            return;
        }
        other
            .rows_without_key
            .into_iter()
            .for_each(|(ordered_at, row)| keep_first(&mut self.rows_without_key, ordered_at, row));
        for (key, at) in other.merged_rows {
            let first = self.merged_rows.entry(key).or_insert(at);
            *first = min_position(*first, at);
        }
    }

    /// Adds a problem to a draft for each kind of ambiguous row that may belong to it.
    pub fn mark(&self, draft: &mut Draft<'_>, settings: GroupSettings) {
        if self.is_empty() || draft.key.is_empty() {
            return;
        }
        // Only the first such row is reported: many rows and many orders of one day would
        // multiply.
        let ordered_at = draft.cell(&Field::OrderedAt).and_then(Cell::reliable_time);
        if let Some(row) = self.row_without_key(ordered_at) {
            let message = "this row has no order key and may belong to the order";
            draft.problems.push(Problem::for_row(Code::RowWithoutKey, row.clone(), message));
        }
        if let Some(at) = self.merged_row(draft.position().file, &draft.key, settings) {
            draft.problems.push(adjacent_row_problem(at));
        }
    }

    /// Whether an ambiguous row may belong to the order with this key, in this file. `ordered_at`
    /// is its time, if that is reliable.
    #[must_use]
    pub fn concern(
        &self,
        (file, key): (FileId, &str),
        ordered_at: Option<DateTime<Utc>>,
        settings: GroupSettings,
    ) -> bool {
        self.row_without_key(ordered_at).is_some() || self.merged_row(file, key, settings).is_some()
    }

    /// The first row without a key that may belong to an order with this time.
    fn row_without_key(&self, ordered_at: Option<DateTime<Utc>>) -> Option<&RowOrigin> {
        match ordered_at {
            Some(ordered_at) => self.rows_without_key.get(&ordered_at),
            // Without a reliable time no row can be excluded.
            None => self.rows_without_key.values().min_by_key(|row| (row.file, row.line)),
        }
    }

    /// The first row that may hold this key.
    fn merged_row(&self, file: FileId, key: &str, settings: GroupSettings) -> Option<Position> {
        if self.merged_rows.is_empty() {
            return None;
        }
        self.merged_rows.get(&key_hash(settings.file_of(file), key)).copied()
    }
}

fn keep_first<K: Ord>(rows: &mut BTreeMap<K, RowOrigin>, key: K, row: RowOrigin) {
    match rows.entry(key) {
        Entry::Vacant(entry) => drop(entry.insert(row)),
        Entry::Occupied(mut entry) => {
            let first = entry.get_mut();
            if (row.file, row.line) < (first.file, first.line) {
                *first = row;
            }
        }
    }
}

fn min_position(one: Position, other: Position) -> Position {
    if (other.file, other.line) < (one.file, one.line) { other } else { one }
}

// A collision within one export is less likely than a disk error.
fn key_hash(file: FileId, key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (file, key).hash(&mut hasher);
    hasher.finish()
}

pub(super) fn adjacent_row_problem(at: Position) -> Problem {
    let message = "this row cannot be read and may belong to the order";
    Problem::for_order(Code::AdjacentRowUnreadable, at, message)
}
