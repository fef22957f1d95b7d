//! What rows without an order of their own mean for others: which orders might they be a part of?
//!
//! A readable row without a key makes an invalid order of its own. Any order that was made at the same time could miss
//! it, so that one is invalid too: an order is never sent in part. Nothing but the time tells orders apart: a row that
//! lost its key may have lost a digit of its price as well. A row that two rows ran together into may hold the key of
//! another order, which then lacks it.

use std::{
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
};

use chrono::{DateTime, Utc};

use super::GroupSettings;
use crate::model::{
    draft::{Cell, Draft},
    field::Field,
    origin::{FileId, Position},
    problem::{Code, Problem},
};

/// Of more rows than this nobody could say which orders they belong to, and memory shall not grow with them.
const MAX_AMBIGUITIES: usize = 1_000_000;

/// What is doubtful about orders anywhere in the export. Must be known of all of it before any order is believed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Ambiguities {
    /// The first row without a key of each time.
    rows_without_key: BTreeMap<DateTime<Utc>, Position>,
    /// The first row that may hold the key of a second order, by the hash of that key: there may be a hundred for a row.
    merged_rows: HashMap<u64, Position>,
}

impl Ambiguities {
    /// Whether there are any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows_without_key.is_empty() && self.merged_rows.is_empty()
    }

    /// Whether there are more than can be held against orders.
    #[must_use]
    pub fn exceeds_limit(&self) -> bool {
        self.rows_without_key.len() + self.merged_rows.len() > MAX_AMBIGUITIES
    }

    /// Takes note of a row without a key.
    pub fn add_row_without_key(&mut self, ordered_at: DateTime<Utc>, at: Position) {
        keep_min(&mut self.rows_without_key, ordered_at, at);
    }

    /// Takes note of a row that may hold the key of another order.
    pub fn add_merged_row(&mut self, key: &str, at: Position, settings: GroupSettings) {
        let first = self.merged_rows.entry(key_hash(settings.file_of(at.file), key)).or_insert(at);
        *first = min_position(*first, at);
    }

    /// Adds those of another part of the input.
    pub fn append(&mut self, other: Self) {
        if self.is_empty() {
            *self = other;
            return;
        }
        other
            .rows_without_key
            .into_iter()
            .for_each(|(ordered_at, at)| keep_min(&mut self.rows_without_key, ordered_at, at));
        for (key, at) in other.merged_rows {
            let first = self.merged_rows.entry(key).or_insert(at);
            *first = min_position(*first, at);
        }
    }

    /// Tells a draft what is doubtful about it. Each is told of the first row that may be its own: of many rows and many
    /// orders of one day it would be told too much.
    pub fn mark(&self, draft: &mut Draft<'_>, settings: GroupSettings) {
        if self.is_empty() || draft.key.is_empty() {
            return;
        }
        let ordered_at = draft.cell(&Field::OrderedAt).and_then(Cell::reliable_time);
        let row_without_key = match ordered_at {
            Some(ordered_at) => self.rows_without_key.get(&ordered_at),
            None => self.rows_without_key.values().min_by_key(|at| (at.file, at.line)),
        };
        if let Some(at) = row_without_key {
            let message = "the row here has no order key and may belong to this order";
            draft.problems.push(Problem::for_order(Code::RowWithoutKey, *at, message));
        }
        let key = key_hash(settings.file_of(draft.position().file), &draft.key);
        if let Some(at) = self.merged_rows.get(&key) {
            draft.problems.push(adjacent_row_problem(*at));
        }
    }
}

fn keep_min<K: Ord>(positions: &mut BTreeMap<K, Position>, key: K, at: Position) {
    let first = positions.entry(key).or_insert(at);
    *first = min_position(*first, at);
}

fn min_position(one: Position, other: Position) -> Position {
    if (other.file, other.line) < (one.file, one.line) { other } else { one }
}

/// Two keys of the same hash in one export are less likely than a disk that errs.
fn key_hash(file: FileId, key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (file, key).hash(&mut hasher);
    hasher.finish()
}

/// A row that may belong to an order.
pub(super) fn adjacent_row_problem(at: Position) -> Problem {
    let message = "the row here cannot be read and may belong to this order";
    Problem::for_order(Code::AdjacentRowUnreadable, at, message)
}
