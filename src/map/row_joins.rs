//! Joins of a row: finds the rows of side files that belong to a row of the export.
//!
//! Each row is looked up by itself, so that nothing depends on the rows around it. Used by
//! `file_mapper`.

use std::borrow::Cow;

use bumpalo::Bump;

use super::{
    input_settings::Many,
    join::{Join, KeyText},
    rule::Rule,
    side_table::SideTable,
};
use crate::model::{
    draft::CellOrigin,
    problem::{Code, Problem},
    record::{Header, Record, RecordForm},
    redact::{looks_personal, redact},
    row::Row,
    side_row::{SideFound, SideMatch, SideRow},
};

/// The joins of a profile, bound to a file of the export.
pub(super) struct RowJoins<'p>(pub(super) Vec<RowJoin<'p>>);

/// A join, bound to a file of the export.
pub(super) struct RowJoin<'p> {
    pub(super) join: &'p Join,
    pub(super) table: &'p SideTable,
    /// The columns of each part of the key, of which the first filled one counts.
    pub(super) keys: Vec<(Vec<usize>, &'p Rule)>,
}

impl RowJoins<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The record with the cells of side files behind its own, which `header` names.
    pub(super) fn join<'a>(
        &'a self,
        record: Record<'a>,
        header: &'a Header,
        texts: &'a Bump,
    ) -> Record<'a> {
        let mut items = Vec::new();
        let matches = self.0.iter().map(|join| join.find(&record, &mut items));
        let matches: Vec<SideMatch<'a>> = matches.collect();
        let (matches, items) = (texts.alloc_slice_copy(&matches), texts.alloc_slice_copy(&items));
        let own: &'a Record<'a> = texts.alloc(record);
        own.joined(header, (matches, items), texts)
    }

    /// The problems of a row without a side row that it should have.
    pub(super) fn problems(
        &self,
        row: &Row<'_>,
        record: &Record<'_>,
        previous: Option<&Record<'_>>,
    ) -> impl Iterator<Item = Problem> {
        let RecordForm::Joined(joined) = record.form else { return Vec::new().into_iter() };
        let joins = self.0.iter().zip(joined.matches);
        // The rows of an order repeat its keys.
        let is_new =
            |join: &RowJoin<'_>| previous.is_none_or(|previous| !join.repeats(record, previous));
        let problems: Vec<_> = joins
            .filter(|(join, _)| is_new(join))
            .filter_map(|(join, side)| join.problem(side.found, row, record))
            .collect();
        problems.into_iter()
    }
}

impl RowJoin<'_> {
    /// What belongs to a record; rows that are items are added to `items`.
    fn find<'a>(&'a self, record: &Record<'a>, items: &mut Vec<SideRow<'a>>) -> SideMatch<'a> {
        let n_columns = if self.join.has_items { 0 } else { self.table.columns.len() };
        let Some(key) = self.key(record) else {
            return SideMatch { n_columns, found: SideFound::NoKey };
        };
        let mut rows = self.table.find(key.as_str());
        let found = match rows.next() {
            None => SideFound::None,
            Some(first) if self.join.has_items => {
                items.push(first);
                items.extend(rows);
                SideFound::Items
            }
            Some(first) => match rows.next().filter(|_| self.join.many == Many::Refuse) {
                Some(second) => SideFound::Several([first, second]),
                None => SideFound::Row(first),
            },
        };
        SideMatch { n_columns, found }
    }

    /// The key of a record; none if a part of it is empty.
    fn key(&self, record: &Record<'_>) -> Option<KeyText> {
        let mut key = KeyText::default();
        for (columns, rule) in &self.keys {
            key.push(rule, filled(record, columns, rule).1)?;
        }
        Some(key)
    }

    /// Whether the previous row of the order has the same key.
    fn repeats(&self, record: &Record<'_>, previous: &Record<'_>) -> bool {
        let mut columns = self.keys.iter().flat_map(|(columns, _)| columns);
        columns.all(|column| record.cell(*column) == previous.cell(*column))
    }

    fn problem(&self, found: SideFound<'_>, row: &Row<'_>, record: &Record<'_>) -> Option<Problem> {
        let (code, fact) = match found {
            SideFound::NoKey | SideFound::Row(_) | SideFound::Items => return None,
            SideFound::None => {
                (Code::JoinUnmatched, format!("no row of {} has", self.table.file_names()))
            }
            SideFound::Several([first, second]) => {
                let place = |row| self.place(row);
                let places = [place(first), place(second)].join(" and ");
                (Code::JoinAmbiguous, format!("several rows, {places}, have"))
            }
        };
        let key: Vec<_> = self
            .keys
            .iter()
            .zip(&self.join.keys)
            .map(|((columns, rule), key)| {
                let to = key.to.columns.first().map_or("", String::as_str);
                let mut part = KeyText::default();
                let text = part.push(rule, filled(record, columns, rule).1).unwrap_or_default();
                let text = &*text;
                // The key may be a phone number; an address is redacted in every message.
                let shown =
                    if looks_personal(text) { redact(text).into() } else { Cow::from(text) };
                format!("{to} {shown:?}")
            })
            .collect();
        let first = self.keys.first().and_then(|(columns, rule)| {
            let column = filled(record, columns, rule).0?;
            Some(CellOrigin::Column(row, u32::try_from(column).unwrap_or(u32::MAX)))
        });
        let at = first.unwrap_or(CellOrigin::Row(row));
        let hint = match code {
            Code::JoinAmbiguous => "; expected one, or many = \"first\" in the join",
            _ => "",
        };
        let message = format!("{fact} {}{hint}", key.join(", "));
        Some(Problem::for_order(code, at, message))
    }

    /// The place of a side row, as messages name it.
    fn place(&self, row: SideRow<'_>) -> String {
        format!("{}:{}", self.table.file_name(row.file), row.line)
    }
}

/// The first filled one of some columns, and its text.
fn filled<'a>(record: &Record<'a>, columns: &[usize], rule: &Rule) -> (Option<usize>, &'a str) {
    let mut cells = columns.iter().map(|column| (*column, record.cell(*column)));
    let filled = cells.find(|(_, text)| !rule.is_empty(text));
    filled.map_or((columns.first().copied(), ""), |(column, text)| (Some(column), text))
}
