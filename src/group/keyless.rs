//! Readable rows without an order key: which orders might they be a part of?
//!
//! Such a row makes an invalid order of its own. Any order that it does not contradict could miss it, so that one is
//! invalid too: an order is never sent in part.

use std::collections::HashMap;

use super::merge::comparable;
use crate::model::{
    draft::{Cell, Draft, MappedRow},
    field::Field,
    problem::{Code, Problem},
};

/// Whether a row says enough of its order to tell it apart from others. A row of items alone could belong to any.
pub(super) fn can_be_told_apart(row: &MappedRow) -> bool {
    filled(&row.cells).any(|cell| cell.field == Field::OrderedAt)
}

/// Marks every draft that one of the keyless drafts could belong to.
pub(super) fn suspect(drafts: &mut [Draft], keyless: &[usize]) {
    if keyless.is_empty() {
        return;
    }
    let mut by_time: HashMap<Box<str>, Vec<usize>> = HashMap::new();
    for (index, draft) in drafts.iter().enumerate().filter(|(_, draft)| !draft.key.is_empty()) {
        // A time that rows may disagree on tells no order apart.
        let time = draft.cell(&Field::OrderedAt).filter(|cell| !cell.first_counts);
        let time = time.map_or_else(Box::default, |cell| cell.text.clone());
        by_time.entry(time).or_default().push(index);
    }
    for &lost in keyless {
        let time = drafts[lost].cell(&Field::OrderedAt).map_or("", |cell| &cell.text);
        let candidates = [time, ""].into_iter().filter_map(|time| by_time.get(time)).flatten();
        let owners: Vec<usize> =
            candidates.copied().filter(|&index| !contradicts(&drafts[lost], &drafts[index])).collect();
        let at = drafts[lost].position();
        for index in owners {
            let words = "the row here has no order key and may belong to this order";
            drafts[index].problems.push(Problem::of_order(Code::RowWithoutKey, at, words));
        }
    }
}

fn contradicts(row: &Draft, draft: &Draft) -> bool {
    let is_firm = |known: &&Cell| !known.is_fallback && !known.first_counts;
    filled(&row.cells)
        .any(|cell| draft.cell(&cell.field).filter(is_firm).is_some_and(|known| comparable(known) != comparable(cell)))
}

fn filled(cells: &[Cell]) -> impl Iterator<Item = &Cell> {
    cells.iter().filter(|cell| !cell.is_fallback)
}
