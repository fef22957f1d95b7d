//! Readable rows without an order key: which orders might they be a part of?
//!
//! Such a row makes an invalid order of its own. Any order that was made at the same time could miss it, so that one is
//! invalid too: an order is never sent in part. Nothing but the time tells orders apart: a row that lost its key may
//! have lost a digit of its price as well.

use std::collections::HashMap;

use crate::model::{
    draft::{Cell, Draft, MappedRow},
    field::Field,
    problem::{Code, Problem},
};

/// Whether a row says when its order was made. Otherwise it could belong to any.
pub(super) fn can_be_told_apart(row: &MappedRow) -> bool {
    row.cells.iter().any(is_certain_time)
}

/// Marks every draft that one of the keyless drafts could belong to.
pub(super) fn suspect(drafts: &mut [Draft], keyless: &[usize]) {
    if keyless.is_empty() {
        return;
    }
    let mut by_time: HashMap<Option<Box<str>>, Vec<usize>> = HashMap::new();
    for (index, draft) in drafts.iter().enumerate().filter(|(_, draft)| !draft.key.is_empty()) {
        by_time.entry(time(draft)).or_default().push(index);
    }
    for &lost in keyless {
        let at = drafts[lost].position();
        for time in [time(&drafts[lost]), None] {
            // Each order is told of the first row that may be its own: of many rows and many orders of one day it would
            // be told too much.
            for owner in by_time.remove(&time).into_iter().flatten() {
                let words = "the row here has no order key and may belong to this order";
                drafts[owner].problems.push(Problem::of_order(Code::RowWithoutKey, at, words));
            }
        }
    }
}

/// When the order was made, if that is certain.
fn time(draft: &Draft) -> Option<Box<str>> {
    draft.cells.iter().find(|cell| is_certain_time(cell)).map(|cell| cell.text.clone())
}

/// Not a constant, not a cell that cannot be read, nor one that the rows of an order may disagree on.
fn is_certain_time(cell: &Cell) -> bool {
    cell.field == Field::OrderedAt && !cell.is_fallback && !cell.is_broken && !cell.first_counts
}
