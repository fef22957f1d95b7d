//! Joins of a row: finds the rows of side files that belong to a row of the export.
//!
//! Each row is looked up by itself, so that nothing depends on the rows around it. Used by
//! `file_mapper`.

use std::borrow::Cow;

use bumpalo::Bump;

use super::{
    input_settings::Many,
    join::{Join, KeyText},
    pick::PickError,
    rule::Rule,
    side_table::SideTable,
};
use crate::model::{
    draft::CellOrigin,
    origin::Position,
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
        let matches = self.0.iter().map(|join| join.find(&record, &mut items, texts));
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
    fn find<'a>(
        &'a self,
        record: &Record<'a>,
        items: &mut Vec<SideRow<'a>>,
        texts: &'a Bump,
    ) -> SideMatch<'a> {
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
            Some(first) if self.join.many == Many::First => SideFound::Row(first),
            Some(first) => {
                let rows: Vec<_> = [first].into_iter().chain(rows).collect();
                self.choose(texts.alloc_slice_copy(&rows))
            }
        };
        SideMatch { n_columns, found }
    }

    /// What counts of all rows with a key.
    fn choose<'a>(&self, rows: &'a [SideRow<'a>]) -> SideFound<'a> {
        match rows {
            rows if self.join.adds_rows() => SideFound::Rows(rows),
            [only] => SideFound::Row(*only),
            rows => match self.pick(rows) {
                Some(Ok(row)) => SideFound::Row(row),
                _ => SideFound::Several(rows),
            },
        }
    }

    /// The row that is picked of several; none if none is to be picked.
    fn pick<'a>(&self, rows: &[SideRow<'a>]) -> Option<Result<SideRow<'a>, PickError<'a>>> {
        let (pick, column) = self.join.pick.as_ref().zip(self.table.picked_by)?;
        Some(pick.choose(rows, column))
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
        let (code, fact, reason) = match found {
            SideFound::NoKey | SideFound::Row(_) | SideFound::Rows(_) | SideFound::Items => {
                return None;
            }
            SideFound::None => {
                let fact = format!("no row of {} has", self.table.file_names());
                (Code::JoinUnmatched, fact, String::new())
            }
            SideFound::Several(rows) => {
                let fact = format!("several rows, {}, have", self.places(rows));
                (Code::JoinAmbiguous, fact, self.reason(rows))
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
        let message = format!("{fact} {}{reason}", key.join(", "));
        Some(Problem::for_order(code, at, message))
    }

    /// Why none of several rows counts.
    fn reason(&self, rows: &[SideRow<'_>]) -> String {
        let (Some(Err(error)), Some(pick)) = (self.pick(rows), &self.join.pick) else {
            return "; expected one, or many = \"first\" in the join".to_owned();
        };
        let column = self.table.picked_by.unwrap_or_default();
        let value = |row: SideRow<'_>| {
            let text = row.cell(column);
            let text = if looks_personal(text) { redact(text).into() } else { Cow::from(text) };
            format!("{text:?} at {}", self.place(row.position(column)))
        };
        let taken = format!("; pick takes the {} {:?}, but", pick.name(), pick.column);
        match error {
            PickError::NotComparable(row) => {
                format!("{taken} {} is no number and no date such as 2026-10-31", value(row))
            }
            PickError::OtherKind([one, other]) => format!(
                "{taken} {} and {} are of different kinds, such as a number and a date",
                value(one),
                value(other)
            ),
            PickError::TwoReadings(row) => {
                format!("{taken} {} can be read in two ways; declare decimal", value(row))
            }
            PickError::Tie([one, other]) => {
                format!(
                    "{taken} {} and {} are equal, and the rows differ",
                    value(one),
                    value(other)
                )
            }
        }
    }

    /// The places of the first two of several side rows, as messages name them.
    fn places(&self, rows: &[SideRow<'_>]) -> String {
        let places: Vec<_> = rows.iter().take(2).map(|row| self.place(row.start())).collect();
        places.join(" and ")
    }

    fn place(&self, Position { file, line, column }: Position) -> String {
        let column = column.map_or_else(String::new, |column| format!(":{column}"));
        format!("{}:{line}{column}", self.table.file_name(file))
    }
}

/// The first filled one of some columns, and its text.
fn filled<'a>(record: &Record<'a>, columns: &[usize], rule: &Rule) -> (Option<usize>, &'a str) {
    let mut cells = columns.iter().map(|column| (*column, record.cell(*column)));
    let filled = cells.find(|(_, text)| !rule.is_empty(text));
    filled.map_or((columns.first().copied(), ""), |(column, text)| (Some(column), text))
}
