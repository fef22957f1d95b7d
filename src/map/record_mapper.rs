//! Record mapper: maps the records of a CSV file to cells, items and people.
//!
//! Bound once per file to the header's columns. Called by `file_mapper`, which handles JSON
//! documents with `document_mapper` instead.

use std::{borrow::Cow, ops::RangeInclusive, sync::Arc};

use super::{
    binding::{BoundRule, HeaderColumns},
    collector::{Collector, RawValue},
    condition::{CellSource, Condition, TestedValue},
    error::{MapError, MissingName},
    profile::{Profile, SkipRule},
};
use crate::model::{
    draft::{CellOrigin, Cells, ItemDraft, MappedRow, Notation, PersonRole, RowKind},
    field::{Field, FieldGroup},
    problem::Problem,
    row::{Header, Record, Row},
};

// The longest key that is searched for at the end of a cell, in characters.
const MAX_KEY_CHARS: usize = 64;

/// A condition bound to the columns of a header.
type BoundCondition = Condition<TestedCell>;

/// The cell that a condition tests.
#[derive(Debug, Clone, Copy, PartialEq)]
enum TestedCell {
    Column(usize),
    /// No such column, which is allowed.
    Missing,
    /// The row as it is in the file.
    Raw,
}

pub(super) struct RecordMapper<'p> {
    profile: &'p Profile,
    header: Arc<Header>,
    n_columns: usize,
    key_columns: Vec<usize>,
    order_rules: Vec<BoundRule<'p>>,
    /// The columns of `order_rules` as ranges of adjacent columns. If all ranges repeat the
    /// previous row, no rule needs to be applied.
    order_column_runs: Vec<RangeInclusive<usize>>,
    item_rules: Vec<BoundRule<'p>>,
    /// Whether the file has a column of items; constants alone do not add an item. If several files
    /// are joined, another one may have it.
    may_have_items: bool,
    people: Vec<(PersonRole, Vec<BoundRule<'p>>)>,
    skips: Vec<(&'p SkipRule, BoundCondition)>,
    ignore_rows: Vec<BoundCondition>,
    item_rows: Option<BoundCondition>,
    pub(super) unknown: Vec<Problem>,
    /// The columns that the file lacks, if files are joined: another one may have them.
    pub(super) missing: Vec<MissingName>,
}

impl<'p> RecordMapper<'p> {
    pub(super) fn bind(
        profile: &'p Profile,
        header: &Arc<Header>,
        file: &str,
    ) -> Result<Self, MapError> {
        if profile.key.columns.is_empty() {
            let field = "the order's reference".to_owned();
            return Err(MapError::OtherFormat { file: file.to_owned(), expected: "column", field });
        }
        profile.ensure_conditions_apply(file, "column", |source| source.column.as_ref())?;
        let mut columns = HeaderColumns::new(profile, header, file);
        let key_columns = columns.find_all(&profile.key, "referenceId", true)?;
        let rules = columns.bind_rules(&profile.rules, Field::to_string)?;
        let (item_rules, order_rules): (Vec<BoundRule<'_>>, Vec<BoundRule<'_>>) =
            rules.into_iter().partition(|bound| bound.field.group() == FieldGroup::Item);
        let bind = |condition: &Condition, columns: &mut HeaderColumns<'_>| {
            condition.bind(&mut |source| tested_cell(source, columns))
        };
        let mut skips = Vec::new();
        for skip in &profile.skips {
            skips.push((skip, bind(&skip.when, &mut columns)?));
        }
        let mut ignore_rows = Vec::new();
        for ignored in &profile.ignore_rows {
            ignore_rows.push(bind(ignored, &mut columns)?);
        }
        let item_rows = profile.item_rows.as_ref();
        let item_rows = item_rows.map(|rows| bind(rows, &mut columns)).transpose()?;
        let people = bind_people(profile, &mut columns)?;
        if !profile.joins_files || key_columns.is_empty() {
            columns.ensure_complete()?;
        }
        Ok(Self {
            profile,
            header: Arc::clone(header),
            n_columns: header.names.len(),
            key_columns,
            order_column_runs: column_runs(&order_rules),
            order_rules,
            may_have_items: profile.joins_files
                || item_rules.iter().any(|rule| rule.first_column.is_some()),
            item_rules,
            people,
            skips,
            ignore_rows,
            item_rows,
            unknown: columns.unknown_columns(),
            missing: columns.missing,
        })
    }

    pub(super) fn declared_extensions(&self) -> Vec<&Field> {
        let fields = self.order_rules.iter().chain(&self.item_rules).map(|bound| &bound.field);
        fields
            .filter(|field| matches!(field, Field::Extension(_) | Field::ItemExtension(_)))
            .collect()
    }

    pub(super) fn has_identifiers(&self) -> bool {
        self.order_rules.iter().any(|bound| bound.field.is_text_identifier())
    }

    /// Whether a record repeats the header, which may have a byte order mark there.
    pub(super) fn is_header(&self, record: &Record<'_>) -> bool {
        let is_name = |index: usize| {
            let cell = record.cell(index);
            let marked = if index == 0 { cell.strip_prefix('\u{feff}') } else { None };
            // A byte order mark before the quotes makes them part of the cell.
            marked.map_or(cell, |cell| cell.trim_matches('"')) == self.header.names[index]
        };
        record.n_cells() == self.n_columns
            // Few other rows have the name of the key's column for a key.
            && self.key_columns.iter().all(|column| is_name(*column))
            && (0..record.n_cells()).all(is_name)
    }

    pub(super) fn kind<'a>(&'a self, record: &Record<'a>) -> RowKind<'a> {
        match self.key(record) {
            Some(key) => RowKind::OrderRow(key),
            None if (0..self.n_columns).all(|index| self.profile.is_null(record.cell(index))) => {
                RowKind::Blank
            }
            None => RowKind::WithoutKey { ordered_at: None, has_item: false },
        }
    }

    pub(super) fn map<'a>(
        &'a self,
        row: &'a Row<'a>,
        record: &Record<'a>,
        previous: Option<&Record<'_>>,
        into: &mut MappedRow<'a>,
    ) {
        let is_repeated = |previous: &Record<'_>| {
            self.order_column_runs
                .iter()
                .all(|columns| previous.cells(columns.clone()) == record.cells(columns.clone()))
        };
        let mut order = Collector::new(CellOrigin::Row(row), std::mem::take(&mut into.cells));
        // The rows of an order repeat most of it, so this usually skips all rules of the order.
        if !previous.is_some_and(is_repeated) {
            order.cells.reserve(self.order_rules.len());
            apply_rules(&mut order, &self.order_rules, row, record, previous);
        }
        into.may_have_items |= self.may_have_items;
        let n_items_before = into.items.len();
        into.items.extend(self.item(row, record, &mut order));
        if !self.people.is_empty() {
            let item = (into.items.len() > n_items_before).then_some(n_items_before);
            self.add_people(row, record, item, &mut order, into);
        }
        for ignored in &self.ignore_rows {
            self.holds(ignored, row, record, &mut order);
        }
        let skip = self.skips.iter().find(|(_, when)| self.holds(when, row, record, &mut order));
        order.finish_into(skip.map(|(skip, _)| &skip.reason), into);
    }

    /// Whether a condition holds; one that cannot be tested is a problem of the order.
    fn holds<'a>(
        &self,
        condition: &BoundCondition,
        row: &'a Row<'a>,
        record: &Record<'a>,
        order: &mut Collector<'a>,
    ) -> bool {
        let value = |cell: &TestedCell| match cell {
            TestedCell::Column(index) => self.profile.tested_text(record.cell(*index)),
            TestedCell::Missing | TestedCell::Raw => TestedValue::Missing,
        };
        condition.holds(&value).unwrap_or_else(|(cell, error)| {
            let at = match cell {
                TestedCell::Column(index) => CellOrigin::Column(row, to_u32(*index)),
                TestedCell::Missing | TestedCell::Raw => CellOrigin::Row(row),
            };
            order.push_untestable(at, error);
            false
        })
    }

    /// Whether one of several lines of a record is a row too, if its quotes are data.
    pub(super) fn may_hold_rows(&self, raw: &[u8]) -> bool {
        let is_row = |line: &[u8]| {
            let is_delimiter = |byte: &&u8| **byte == self.profile.delimiter;
            line.iter().filter(is_delimiter).count() + 1 == self.n_columns
        };
        raw.contains(&b'\n') && raw.split(|byte| *byte == b'\n').any(is_row)
    }

    /// Whether the profile ignores a row. `line` is the row as it is in the file, if that is known.
    ///
    /// With a wrong number of cells only the first one is certainly in its place.
    pub(super) fn is_ignored(&self, record: &Record<'_>, line: Option<&str>) -> bool {
        let value = |cell: &TestedCell| match cell {
            TestedCell::Raw => line.map_or(TestedValue::Lost, TestedValue::Text),
            TestedCell::Missing => TestedValue::Missing,
            TestedCell::Column(index) if *index == 0 || record.n_cells() == self.n_columns => {
                self.profile.tested_text(record.cell(*index))
            }
            TestedCell::Column(_) => TestedValue::Lost,
        };
        self.ignore_rows.iter().any(|ignored| ignored.holds(&value) == Ok(true))
    }

    /// The item of the row, if one of its item columns is filled.
    fn item<'a>(
        &'a self,
        row: &'a Row<'a>,
        record: &Record<'a>,
        order: &mut Collector<'a>,
    ) -> Option<ItemDraft<'a>> {
        if self.item_rows.as_ref().is_some_and(|rows| !self.holds(rows, row, record, order)) {
            return None;
        }
        let mut item =
            Collector::new(CellOrigin::Row(row), Cells::with_capacity(self.item_rules.len()));
        apply_rules(&mut item, &self.item_rules, row, record, None);
        if item.filled == 0 {
            return None;
        }
        order.problems.append(&mut item.problems);
        order.skip = order.skip.take().or(item.skip);
        Some(ItemDraft { at: CellOrigin::Row(row), cells: item.cells.trimmed() })
    }

    /// Adds the people whose columns are filled; a consumer belongs to the item of the row.
    fn add_people<'a>(
        &'a self,
        row: &'a Row<'a>,
        record: &Record<'a>,
        item: Option<usize>,
        order: &mut Collector<'a>,
        into: &mut MappedRow<'a>,
    ) {
        for (role, rules) in &self.people {
            let mut person =
                Collector::new(CellOrigin::Row(row), Cells::with_capacity(rules.len()));
            apply_rules(&mut person, rules, row, record, None);
            into.people.extend(person.finish_person(
                *role,
                item.filter(|_| *role == PersonRole::Consumer),
                order,
            ));
        }
    }

    /// The key of an unreadable row, if it is reliable.
    ///
    /// With a wrong number of cells it is unknown which delimiter is missing or superfluous. Then
    /// only the first cell is certainly in its place, and only if another cell follows. A row with
    /// enough cells for two rows may contain a second order, whose key is lost. A fallback column
    /// does not replace a damaged first column.
    pub(super) fn reliable_key<'a>(&'a self, record: &Record<'a>) -> Option<Cow<'a, str>> {
        let (n_cells, column) = (record.n_cells(), *self.key_columns.first()?);
        // Two rows without the line break between them have one cell less than twice the columns:
        // the last cell of the first row and the first cell of the second one are one cell.
        let is_first_cell = column == 0 && n_cells > 1 && n_cells < 2 * self.n_columns - 1;
        let is_reliable = n_cells == self.n_columns || is_first_cell;
        self.profile.key_of(record.cell(column)).filter(|_| is_reliable)
    }

    /// The possible keys of a further row within a row with too many cells: every ending of the
    /// cells in which that row may begin.
    ///
    /// The further row's own cells end the row, so its key is at the end of the first superfluous
    /// cell, or of the cell before it if one cell has a superfluous delimiter too. With more than
    /// two rows the key may be in any cell.
    pub(super) fn possible_keys(&self, record: &Record<'_>) -> Vec<String> {
        let n_cells = record.n_cells();
        if n_cells <= self.n_columns {
            return Vec::new();
        }
        // Every ending, because where the next row begins within the cell is not known.
        let endings = |cell: &'_ str| {
            let starts: Vec<usize> =
                cell.char_indices().rev().take(MAX_KEY_CHARS).map(|(start, _)| start).collect();
            let keys = starts
                .into_iter()
                .filter_map(|start| self.profile.key_of(&cell[start..]).map(Cow::into_owned));
            keys.collect::<Vec<_>>()
        };
        let junction = n_cells - self.n_columns;
        let cells = if n_cells < 2 * self.n_columns {
            junction.max(2) - 1..junction + 1
        } else {
            1..n_cells
        };
        cells.flat_map(|index| endings(record.cell(index))).collect()
    }

    fn key<'a>(&'a self, record: &Record<'a>) -> Option<Cow<'a, str>> {
        let text = self
            .key_columns
            .iter()
            .map(|index| record.cell(*index))
            .find(|text| !self.profile.key.yields_nothing(text))?;
        self.profile.key_of(text)
    }
}

fn tested_cell(
    source: &CellSource,
    columns: &mut HeaderColumns<'_>,
) -> Result<TestedCell, MapError> {
    if source.is_raw {
        return Ok(TestedCell::Raw);
    }
    Ok(columns.find_tested(source)?.map_or(TestedCell::Missing, TestedCell::Column))
}

/// The rules of the roles for which the file has a column; constants alone do not add a person.
fn bind_people<'p>(
    profile: &'p Profile,
    columns: &mut HeaderColumns<'_>,
) -> Result<Vec<(PersonRole, Vec<BoundRule<'p>>)>, MapError> {
    let mut bound = Vec::new();
    for people in &profile.people {
        let name = |field: &Field| people.role.field_name(&field.to_string());
        let rules = columns.bind_rules(&people.rules, name)?;
        if rules.iter().any(|rule| rule.first_column.is_some()) {
            bound.push((people.role, rules));
        }
    }
    Ok(bound)
}

/// The columns of rules as ranges of adjacent columns.
fn column_runs(rules: &[BoundRule<'_>]) -> Vec<RangeInclusive<usize>> {
    let mut columns: Vec<usize> = rules.iter().flat_map(BoundRule::columns).collect();
    columns.sort_unstable();
    let mut runs: Vec<RangeInclusive<usize>> = Vec::new();
    for column in columns {
        match runs.last_mut().filter(|last| column <= last.end() + 1) {
            Some(last) => *last = *last.start()..=column,
            None => runs.push(column..=column),
        }
    }
    runs
}

fn apply_rules<'a>(
    collector: &mut Collector<'a>,
    rules: &'a [BoundRule<'_>],
    row: &'a Row<'a>,
    record: &Record<'a>,
    previous: Option<&Record<'_>>,
) {
    for bound in rules {
        let is_repeated = |previous: &Record<'_>| {
            bound.columns().all(|index| previous.cell(index) == record.cell(index))
        };
        if previous.is_some_and(is_repeated) {
            continue;
        }
        let found = |index: usize| RawValue {
            text: record.cell(index),
            at: CellOrigin::Column(row, to_u32(index)),
            notation: Notation::Text,
            beside: None,
        };
        let is_filled = |found: &RawValue<'_>| !bound.rule.yields_nothing(found.text);
        let first = bound.first_column.map(found).filter(is_filled);
        let found = first
            .or_else(|| bound.fallback_columns.iter().map(|index| found(*index)).find(is_filled));
        match found {
            Some(found) if bound.is_verbatim => collector.push_verbatim(bound, found),
            found => collector.push_value(Cow::Borrowed(&bound.field), bound.rule, found),
        }
    }
}

fn to_u32(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
