//! Repeated rows: items of one order with equal cells in different files, where files are joined.
//!
//! Parts of an export that overlap would double the items of an order. Equal items of one file are
//! often legitimate: two pieces on two lines. Called by `shuffle` with the draft of an order.

use std::collections::{HashMap, hash_map::Entry};

use super::canonical::item_values;
use crate::model::{
    draft::Draft,
    origin::InputNames,
    problem::{Code, Problem},
};

/// Returns the problem of the first item that an earlier file has too.
#[must_use]
pub fn find_repeated_row(draft: &Draft<'_>, names: &InputNames) -> Option<Problem> {
    let first = draft.rows.first()?;
    if draft.rows.iter().all(|row| row.file == first.file) {
        return None;
    }
    let mut positions = HashMap::new();
    draft.items.iter().find_map(|item| {
        let at = item.at.position();
        let earlier = match positions.entry(item_values(item, draft)) {
            Entry::Occupied(earlier) => *earlier.get(),
            Entry::Vacant(unseen) => *unseen.insert(at),
        };
        (earlier.file != at.file).then(|| {
            let message = format!(
                "the item equals the one at {}; where parts of an export overlap, it would count \
                 twice; if both are meant, row_in_two_files = \"warning\" under [severity] of the \
                 profile sends both",
                names.locate(earlier)
            );
            Problem::for_order(Code::RowInTwoFiles, at, message)
        })
    })
}
