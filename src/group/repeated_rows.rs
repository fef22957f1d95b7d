//! Repeated rows: equal rows of one order in different files, where files are joined.
//!
//! Parts of an export that overlap would double the items of an order. Equal rows of one file are
//! often legitimate: two pieces on two lines. Called by `merge`.

use std::collections::{HashMap, hash_map::Entry};

use crate::model::{
    draft::{CellOrigin, Draft},
    problem::{Code, Problem},
    row::RowContent,
};

/// Returns the problem of the first row with an item that an earlier file has too.
pub(super) fn find_repeated_row(draft: &Draft<'_>) -> Option<Problem> {
    let (first, last) = (draft.rows.first()?, draft.rows.last()?);
    if first.file == last.file {
        return None;
    }
    let mut origins = HashMap::new();
    draft.items.iter().find_map(|item| {
        let CellOrigin::Row(row) = item.at else { return None };
        let RowContent::Record(record) = &row.content else { return None };
        let cells: Vec<&str> = (0..record.n_cells()).map(|index| record.cell(index)).collect();
        let earlier = match origins.entry(cells) {
            Entry::Occupied(earlier) => *earlier.get(),
            Entry::Vacant(unseen) => *unseen.insert(&row.origin),
        };
        (earlier.file != row.origin.file).then(|| {
            let message = format!(
                "this row equals line {} of another file; where parts of an export overlap, its \
                 item would count twice",
                earlier.line
            );
            Problem::for_order(Code::RowInTwoFiles, row.origin.position(), message)
        })
    })
}
