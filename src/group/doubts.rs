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

use super::Settings;
use crate::model::{
    draft::{Cell, Draft},
    field::Field,
    origin::{FileId, Position},
    problem::{Code, Problem},
};

/// Of more rows than this nobody could say which orders they belong to, and memory shall not grow with them.
const MOST: usize = 1_000_000;

/// What is doubtful about orders anywhere in the export. Must be known of all of it before any order is believed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Doubts {
    /// The first row without a key of each time.
    keyless: BTreeMap<DateTime<Utc>, Position>,
    /// The first row that may hold the key of a second order, by the hash of that key: there may be a hundred for a row.
    run_together: HashMap<u64, Position>,
}

impl Doubts {
    /// Whether there are any.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keyless.is_empty() && self.run_together.is_empty()
    }

    /// Whether there are more than can be held against orders.
    #[must_use]
    pub fn are_too_many(&self) -> bool {
        self.keyless.len() + self.run_together.len() > MOST
    }

    /// Takes note of a row without a key.
    pub fn add_keyless(&mut self, made: DateTime<Utc>, at: Position) {
        keep_first(&mut self.keyless, made, at);
    }

    /// Takes note of a row that may hold the key of another order.
    pub fn add_run_together(&mut self, key: &str, at: Position, settings: Settings) {
        let first = self.run_together.entry(hash(settings.file_of(at.file), key)).or_insert(at);
        *first = earlier(*first, at);
    }

    /// Adds those of another part of the input.
    pub fn append(&mut self, other: Self) {
        if self.is_empty() {
            *self = other;
            return;
        }
        other.keyless.into_iter().for_each(|(ordered_at, at)| keep_first(&mut self.keyless, ordered_at, at));
        for (key, at) in other.run_together {
            let first = self.run_together.entry(key).or_insert(at);
            *first = earlier(*first, at);
        }
    }

    /// Tells a draft what is doubtful about it. Each is told of the first row that may be its own: of many rows and many
    /// orders of one day it would be told too much.
    pub fn tell(&self, draft: &mut Draft<'_>, settings: Settings) {
        if self.is_empty() || draft.key.is_empty() {
            return;
        }
        let made = draft.cell(&Field::OrderedAt).and_then(Cell::certain_time);
        let keyless = match made {
            Some(ordered_at) => self.keyless.get(&ordered_at),
            None => self.keyless.values().min_by_key(|at| (at.file, at.line)),
        };
        if let Some(at) = keyless {
            let words = "the row here has no order key and may belong to this order";
            draft.problems.push(Problem::of_order(Code::RowWithoutKey, *at, words));
        }
        let key = hash(settings.file_of(draft.position().file), &draft.key);
        if let Some(at) = self.run_together.get(&key) {
            draft.problems.push(neighbour(*at));
        }
    }
}

fn keep_first<K: Ord>(all: &mut BTreeMap<K, Position>, key: K, at: Position) {
    let known = all.entry(key).or_insert(at);
    *known = earlier(*known, at);
}

fn earlier(one: Position, other: Position) -> Position {
    if (other.file, other.line) < (one.file, one.line) { other } else { one }
}

/// Two keys of the same hash in one export are less likely than a disk that errs.
fn hash(file: FileId, key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (file, key).hash(&mut hasher);
    hasher.finish()
}

/// A row that may belong to an order.
pub(super) fn neighbour(at: Position) -> Problem {
    let words = "the row here cannot be read and may belong to this order";
    Problem::of_order(Code::AdjacentRowUnreadable, at, words)
}
