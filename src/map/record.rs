//! Maps the records of a CSV file.

use super::{
    MapError,
    collect::{Collector, Found, row_without_cells},
    columns::{Bound, bound_rules, columns_of, missing_column, only_column, unknown_columns},
    profile::{Profile, SkipRule},
    reading::MissingColumns,
    rule::Condition,
};
use crate::model::{
    draft::{ItemDraft, MappedRow, RowKind},
    field::Part,
    origin::RowOrigin,
    problem::Problem,
    row::{Header, Record},
};

/// Keys are looked for no further from the end of a cell, in characters.
const LONGEST_KEY: usize = 64;

pub(super) struct RecordMapper<'p> {
    profile: &'p Profile,
    n_columns: usize,
    key_columns: Vec<usize>,
    order_rules: Vec<Bound<'p>>,
    item_rules: Vec<Bound<'p>>,
    skips: Vec<(&'p SkipRule, usize)>,
    item_rows: Option<(&'p Condition, usize)>,
    pub(super) unknown: Vec<Problem>,
}

impl<'p> RecordMapper<'p> {
    pub(super) fn bind(profile: &'p Profile, header: &Header, file: &str) -> Result<Self, MapError> {
        if profile.key.columns.is_empty() {
            let field = "the order's reference".to_owned();
            return Err(MapError::OtherForm { file: file.to_owned(), wanted: "column", field });
        }
        let key_columns = columns_of(&profile.key, "referenceId", MissingColumns::Refuse, header, file)?;
        let rules = bound_rules(profile, header, file)?;
        let (item_rules, order_rules) = rules.into_iter().partition(|bound| bound.field.part() == Part::Item);
        let column = |condition: &Condition| {
            let name = condition.column.clone().unwrap_or_default();
            only_column(&name, "a condition", header, file)?
                .ok_or_else(|| missing_column(&name, "a condition", header, file))
        };
        Ok(Self {
            profile,
            n_columns: header.names.len(),
            key_columns,
            order_rules,
            item_rules,
            skips: profile.skips.iter().map(|skip| Ok((skip, column(&skip.when)?))).collect::<Result<_, MapError>>()?,
            item_rows: profile.item_rows.as_ref().map(|rows| Ok((rows, column(rows)?))).transpose()?,
            unknown: unknown_columns(profile, header),
        })
    }

    pub(super) fn map(&self, record: &Record, origin: RowOrigin) -> MappedRow {
        if (0..self.n_columns).all(|index| record.cell(index).is_empty()) {
            return row_without_cells(origin, RowKind::Blank);
        }
        let mut order = Collector::new(origin.position());
        apply(&mut order, &self.order_rules, record, &origin);
        let item = self.item(record, &origin, &mut order);
        let skip = self.skips.iter().find(|(skip, column)| skip.when.holds(record.cell(*column)));
        MappedRow {
            kind: self.key(record).map_or(RowKind::Keyless, RowKind::Part),
            origin,
            cells: order.cells,
            items: item.into_iter().collect(),
            skip: skip.map(|(skip, _)| skip.reason.clone()).or(order.skip),
            problems: order.problems,
        }
    }

    /// The item that the row adds, if any of its item columns is filled.
    fn item(&self, record: &Record, origin: &RowOrigin, order: &mut Collector) -> Option<ItemDraft> {
        if self.item_rows.is_some_and(|(rows, column)| !rows.holds(record.cell(column))) {
            return None;
        }
        let mut item = Collector::new(origin.position());
        apply(&mut item, &self.item_rules, record, origin);
        if item.n_filled == 0 {
            return None;
        }
        order.problems.append(&mut item.problems);
        order.skip = order.skip.take().or(item.skip);
        Some(ItemDraft { at: origin.position(), cells: item.cells })
    }

    /// The key of a row that cannot be read, if it is certain. Where the number of cells is wrong it is not known
    /// which delimiter is one too many, so only the first cell is where it should be, and only if another follows. So
    /// many cells that two rows may have run together hold the key of a second order, which is lost. An alternative
    /// column does not stand in for a damaged one.
    pub(super) fn certain_key(&self, record: &Record) -> Option<Box<str>> {
        let (n_cells, column) = (record.ends.len(), *self.key_columns.first()?);
        let is_where_it_should_be = column == 0 && n_cells > 1 && n_cells < 2 * self.n_columns - 1;
        let is_certain = n_cells == self.n_columns || is_where_it_should_be;
        self.profile.key_of(record.cell(column)).filter(|_| is_certain)
    }

    /// The ends of the cells of a row with too many of them: where a row was cut off and the next one follows without a
    /// line break, one of them ends with the next one's key.
    pub(super) fn cell_ends(&self, record: &Record) -> Vec<Box<str>> {
        let n_cells = record.ends.len();
        if n_cells <= self.n_columns {
            return Vec::new();
        }
        let end = |cell: &str| -> Box<str> {
            let start = cell.char_indices().rev().take(LONGEST_KEY).last().map_or(0, |(start, _)| start);
            cell[start..].into()
        };
        (1..n_cells).map(|index| end(record.cell(index))).filter(|end| !end.is_empty()).collect()
    }

    fn key(&self, record: &Record) -> Option<Box<str>> {
        let text = self.key_columns.iter().map(|index| record.cell(*index)).find(|text| !text.is_empty())?;
        self.profile.key_of(text)
    }
}

fn apply(collector: &mut Collector, rules: &[Bound<'_>], record: &Record, origin: &RowOrigin) {
    for Bound { field, rule, columns } in rules {
        let filled = columns.iter().copied().find(|index| !record.cell(*index).is_empty());
        let found = filled.map(|index| Found { text: record.cell(index), at: record.position(origin, index) });
        collector.take(field, rule, found.as_ref());
    }
}
