//! Repeated rows: equal items of one order in different files, where files are joined or a join has
//! several, and rows whose numbers are added up: those of a side file with equal values, read or
//! not, others with equal numbers. A header that is met again begins another part of a file, as a
//! file does.
//!
//! Parts of an export that overlap would double the items and the sums of an order. Equal rows of
//! one part are often legitimate: two pieces on two lines. Called by `shuffle` with the draft of
//! an order.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    hash::Hash,
};

use super::{
    canonical::{added_values, item_values},
    headers::RepeatedHeaders,
};
use crate::model::{
    draft::{Draft, RefundId},
    origin::{FileId, InputNames, Position},
    problem::{Code, Problem},
};

/// Returns the problem of the first row that an earlier file or part of one has too. `headers` are
/// those within the files of the export, `side_headers` those within the files of joins.
#[must_use]
pub fn find_repeated_row(
    draft: &Draft<'_>,
    (headers, side_headers): (&RepeatedHeaders, &RepeatedHeaders),
    names: &InputNames,
) -> Option<Problem> {
    let part = |at: Position| (at.file, headers.part_of(at) + side_headers.part_of(at));
    let first_part = part(draft.rows.first()?.position());
    let first_side_part = draft.side_rows.first().map(|first| part(*first));
    let is_of_one_part = draft.rows.iter().all(|row| part(row.position()) == first_part)
        && draft.side_rows.iter().all(|row| Some(part(*row)) == first_side_part);
    if is_of_one_part {
        return None;
    }
    let own_ids =
        draft.refund_records.iter().filter(|record| matches!(record.id, RefundId::Own(_)));
    let records: HashSet<_> =
        own_ids.filter(|record| record.counts_once).map(|record| row_of(record.at)).collect();
    // Refunds with an id of their own are compared by it.
    let has_id = |at: Position| records.contains(&row_of(at));
    let items = draft.items.iter().filter(|item| !(item.is_refund && has_id(item.at.position())));
    // Those of the export and of each join are of kinds of their own.
    let items = items.map(|item| ((item.kind, item_values(item, draft)), item.at.position()));
    let added = |is_side: bool| {
        let rows = draft.added_rows.iter().filter(move |row| row.digest.is_some() == is_side);
        let added = rows.filter_map(|row| Some(((row.digest, added_values(row, draft)?), row.at)));
        find_in_two_parts(added, part)
    };
    let item = find_in_two_parts(items, part).map(|found| ("item equals", found));
    let refunds = draft.refunds.iter().map(|cell| (&cell.text, cell.at.position()));
    let refunds = refunds.filter(|(_, at)| !has_id(*at));
    let (what, (earlier, at)) = item
        .or_else(|| Some(("row adds the same as", added(false)?)))
        .or_else(|| Some(("row equals", added(true)?)))
        .or_else(|| Some(("refund equals", find_in_two_parts(refunds, part)?)))?;
    let message = format!(
        "the {what} the one at {}; where parts of an export overlap, it would count twice; if both \
         are meant, row_in_two_files = \"warning\" under [severity] of the profile sends both",
        names.locate(earlier)
    );
    Some(Problem::for_order(Code::RowInTwoFiles, at, message))
}

/// The row at a position, without its column.
fn row_of(at: Position) -> (FileId, u64) {
    (at.file, at.line)
}

/// The positions of the first value that an earlier part has too: there, and its own.
fn find_in_two_parts<K: Eq + Hash>(
    mut values: impl Iterator<Item = (K, Position)>,
    part: impl Fn(Position) -> (FileId, usize),
) -> Option<(Position, Position)> {
    let mut positions = HashMap::new();
    values.find_map(|(value, at)| {
        let earlier = match positions.entry(value) {
            Entry::Occupied(earlier) => *earlier.get(),
            Entry::Vacant(unseen) => *unseen.insert(at),
        };
        (part(earlier) != part(at)).then_some((earlier, at))
    })
}
