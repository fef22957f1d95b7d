//! Copy version: how new the copy of an order is that a row is of, a number or a date as such.
//!
//! `group` compares the versions of copies. Used by `mapper`.

use super::{
    bound_rule::FieldBinding,
    collector::Collector,
    copies::{Duplicates, VERSION},
    date::{parse_iso, parse_iso_date},
    number_marks::NumberMarks,
    profile::Profile,
    view::View,
};
use crate::model::{
    copy_version::CopyVersion,
    decimal_mark::PointReading,
    draft::{Cell, CellOrigin, Cells, Notation},
    money::Amount,
    problem::{Code, Problem},
};

/// How new the copy of a row is. An error is the problem of a value that does not tell it.
pub(super) fn copy_version<'a, V: View<'a>>(
    by: &'a FieldBinding<'_, V::Source>,
    view: V,
    (profile, duplicates): (&Profile, &Duplicates),
) -> Result<CopyVersion, Box<Problem>> {
    let mut found = Collector::new(view.at(), Cells::default());
    by.apply(&mut found, view, profile);
    let problem = |at: CellOrigin<'a>, message: &str| {
        let message = format!("{message}, so it is not known how new this copy of the order is");
        Box::new(Problem::for_field(Code::NewestCopyUnknown, VERSION, at, message))
    };
    if let Some(unreadable) = found.problems.iter().find(|problem| problem.is_error()) {
        let at = found.cells.first().map_or(view.at(), |cell| cell.at);
        return Err(problem(at, &unreadable.message));
    }
    let Some(cell) = found.cells.first().filter(|cell| !cell.is_unparsable) else {
        let first = by.sources.first().map_or(view.at(), |source| view.find(source).at);
        return Err(problem(first, "duplicates.by has no value"));
    };
    version_of(cell, duplicates.marks).ok_or_else(|| {
        let message = format!(
            "{:?} is no number, no date such as 2026-10-31 and no time in ISO 8601 with an offset; \
             another date is by = {{ column = \"…\", date = \"%d.%m.%Y\", zone = \"…\" }} under duplicates",
            cell.text
        );
        problem(cell.at, &message)
    })
}

fn version_of(cell: &Cell<'_>, marks: NumberMarks) -> Option<CopyVersion> {
    if let Some(time) = cell.time {
        return Some(CopyVersion::Time(time));
    }
    let number: Option<Amount> = if cell.notation == Notation::JsonNumber || cell.is_default {
        cell.text.parse().ok()
    } else if marks.are_declared() {
        marks.parse(&cell.text)
    } else {
        let is_read_in_one_way = PointReading::of_text(&cell.text) != PointReading::Ambiguous;
        cell.text.parse().ok().filter(|_| is_read_in_one_way)
    };
    let time = || parse_iso(&cell.text).map(CopyVersion::Time);
    let date = || parse_iso_date(&cell.text).map(CopyVersion::Date);
    number.map(CopyVersion::Number).or_else(time).or_else(date)
}
