//! View of a CSV record: a source is a column.
//!
//! Also the rules for damaged records, whose cells are not all in their places. Used by `mapper`
//! and `file_mapper`.

use std::ops::RangeInclusive;

use super::view::{Found, Value, View};
use crate::model::{
    document::JsonNode,
    draft::CellOrigin,
    record::{Header, JoinedRecord, Record, RecordForm},
    row::Row,
    side_row::JoinedRows,
};

// The longest key that is searched for at the end of a cell, in characters.
const MAX_KEY_CHARS: usize = 64;

/// A record of a file; `n_columns` are those of the file, and of the side files joined to it.
#[derive(Clone, Copy)]
pub(super) struct RecordView<'a> {
    row: &'a Row<'a>,
    record: &'a Record<'a>,
    n_columns: usize,
    /// The number of cells of a record that is whole.
    n_whole: usize,
    /// The cells of side files behind its own.
    side: Option<&'a JoinedRecord<'a>>,
    /// The index of the side row whose values are viewed, of several that are added up.
    side_row: usize,
}

impl<'a> RecordView<'a> {
    /// `header` has all columns that rules read, `whole` those of which the record has cells.
    pub(super) fn new(
        row: &'a Row<'a>,
        record: &'a Record<'a>,
        header: &Header,
        whole: &Header,
    ) -> Self {
        let (n_columns, n_whole) = (header.names.len(), whole.names.len());
        let side = match &record.form {
            RecordForm::Joined(joined) => Some(joined),
            _ => None,
        };
        Self { row, record, n_columns, n_whole, side, side_row: 0 }
    }

    /// The text of a column, without blanks around it.
    #[inline]
    pub(super) fn cell(self, column: usize) -> &'a str {
        self.record.cell(column)
    }

    /// The value of a column of a side file.
    fn side_value(self, column: usize) -> Option<Found<'a>> {
        let (side, index) = self.side?.side_cell(column)?;
        let row = side.row(self.side_row)?;
        let at = if self.side_row == 0 {
            CellOrigin::Column(self.row, u32::try_from(column).unwrap_or(u32::MAX))
        } else {
            CellOrigin::Side(row, u32::try_from(index).unwrap_or(u32::MAX), self.row)
        };
        Some(Found { value: Value::of_side(row, index), at })
    }

    fn has_all_columns(self) -> bool {
        self.record.n_cells() == self.n_whole
    }
}

impl<'a> View<'a> for RecordView<'a> {
    type Source = usize;

    fn at(self) -> CellOrigin<'a> {
        CellOrigin::Row(self.row)
    }

    fn row(self) -> &'a Row<'a> {
        self.row
    }

    fn raw(self) -> Value<'a> {
        Value::of_row(self.row)
    }

    #[inline]
    fn find(self, column: &usize) -> Found<'a> {
        if self.side.is_some()
            && let Some(found) = self.side_value(*column)
        {
            return found;
        }
        let index = u32::try_from(*column).unwrap_or(u32::MAX);
        Found { value: Value::Text(self.cell(*column)), at: CellOrigin::Column(self.row, index) }
    }

    #[inline]
    fn lacks(self, column: &usize) -> bool {
        match self.record.form {
            RecordForm::Joined(joined) => joined.lacks(*column),
            // It has no side rows yet.
            _ => (self.n_whole..self.n_columns).contains(column),
        }
    }

    /// Such fields have the indexes behind those of the columns.
    fn item_field(self, column: &usize) -> Option<usize> {
        column.checked_sub(self.n_columns)
    }

    fn visit(self, column: &usize, visit: &mut impl FnMut(Found<'a>)) {
        visit(self.find(column));
    }

    fn joined(self) -> Option<&'a JoinedRows<'a>> {
        self.side.map(|joined| &joined.rows)
    }

    fn with_side_row(self, index: usize) -> Self {
        Self { side_row: index, ..self }
    }

    fn as_element(self) -> Self {
        self
    }

    fn elements(self, _: &usize) -> Result<Vec<Self>, Found<'a>> {
        Ok(vec![self])
    }

    fn node(self) -> Option<JsonNode<'a>> {
        None
    }

    fn place_of(self, _: JsonNode<'a>) -> CellOrigin<'a> {
        self.at()
    }

    fn is_blank(self, is_null: impl Fn(&str) -> bool) -> bool {
        (0..self.n_columns).all(|column| is_null(self.cell(column)))
    }

    fn max_values(self) -> usize {
        self.n_columns
    }

    /// With a wrong number of cells only the first one is certainly in its place.
    fn is_certain(self, column: &usize) -> bool {
        // A damaged row is not joined to those of side files.
        *column == 0 || self.has_all_columns() && *column < self.record.n_cells()
    }

    /// With a wrong number of cells it is unknown which delimiter is missing or superfluous. Then
    /// only the first cell is certainly in its place, and only if another cell follows. A row with
    /// enough cells for two rows may contain a second order, whose key is lost.
    fn is_certain_key(self, column: &usize) -> bool {
        let n_cells = self.record.n_cells();
        // Two rows without the line break between them have one cell less than twice the columns:
        // the last cell of the first row and the first cell of the second one are one cell.
        let is_first_cell = *column == 0 && n_cells > 1 && n_cells < 2 * self.n_whole - 1;
        self.has_all_columns() || is_first_cell
    }

    #[inline]
    fn repeats(self, previous: Self, column: &usize) -> bool {
        self.cell(*column) == previous.cell(*column)
    }

    fn repeats_columns(self, previous: Self, columns: &[RangeInclusive<usize>]) -> bool {
        columns.iter().all(|range| self.record.repeats(previous.record, range))
    }
}

/// The names of a header, for rows that may be one too.
pub(super) struct HeaderNames {
    /// In ascending order.
    sorted: Vec<String>,
    /// A bit for each length of a name; those of 63 bytes and more share the last one.
    lengths: u64,
    /// A bit for each last byte of a name and its neighbour.
    ends: u64,
}

/// A row that is a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeaderRow {
    /// The file's header again.
    Repeated,
    /// The names of the file's header in another order: the rows below it would be misread.
    Exchanged,
}

impl HeaderNames {
    pub(super) fn new(header: &Header) -> Self {
        let mut sorted = header.names.clone();
        sorted.sort_unstable();
        let lengths = sorted.iter().fold(0, |lengths, name| lengths | length_bit(name));
        let ends = sorted.iter().fold(0, |ends, name| ends | end_bit(name));
        Self { sorted, lengths, ends }
    }

    #[inline]
    pub(super) fn contains(&self, cell: &str) -> bool {
        // Most rows are decided by the length of one cell, or by the digit at its end.
        self.lengths & length_bit(cell) != 0
            && self.ends & end_bit(cell) != 0
            && self.sorted.binary_search_by(|name| name.as_str().cmp(cell)).is_ok()
    }

    /// Which header a record is, if it is one. Its first name may have a byte order mark.
    pub(super) fn header_row(
        &self,
        record: &Record<'_>,
        header: &Header,
        key_columns: &[usize],
    ) -> Option<HeaderRow> {
        let name = |index: usize| {
            let cell = record.cell(index);
            // A byte order mark before the quotes makes them part of the cell.
            let marked = if index == 0 { cell.strip_prefix('\u{feff}') } else { None };
            marked.map_or(cell, |cell| cell.trim_matches('"'))
        };
        let n_cells = record.n_cells();
        // Few other rows have the name of a column for a key.
        let is_header = n_cells == header.names.len()
            && key_columns.iter().all(|column| self.contains(name(*column)))
            && (0..n_cells).all(|index| self.contains(name(index)));
        if !is_header {
            return None;
        }
        if (0..n_cells).all(|index| name(index) == header.names[index]) {
            return Some(HeaderRow::Repeated);
        }
        let n_named = (0..n_cells).filter(|index| !name(*index).is_empty()).count();
        (n_named > 1).then_some(HeaderRow::Exchanged)
    }
}

fn length_bit(name: &str) -> u64 {
    1 << name.len().min(63)
}

fn end_bit(name: &str) -> u64 {
    1 << (name.bytes().next_back().unwrap_or_default() / 2 % 64)
}

/// Whether one of several lines of a record is a row too, if its quotes are data.
pub(super) fn may_hold_rows(raw: &[u8], header: &Header) -> bool {
    let is_row = |line: &[u8]| {
        let n_delimiters = line.iter().filter(|byte| **byte == header.syntax.delimiter).count();
        n_delimiters + 1 == header.names.len()
    };
    raw.contains(&b'\n') && raw.split(|byte| *byte == b'\n').any(is_row)
}

/// The texts that may be the key of a further row within a row with too many cells: every ending of
/// the cells in which that row may begin.
///
/// The further row's own cells end the row, so its key is at the end of the first superfluous cell,
/// or of the cell before it if one cell has a superfluous delimiter too. With more than two rows
/// the key may be in any cell.
pub(super) fn possible_keys<'a>(record: &Record<'a>, header: &Header) -> Vec<&'a str> {
    let (n_cells, n_columns) = (record.n_cells(), header.names.len());
    if n_cells <= n_columns {
        return Vec::new();
    }
    // Every ending, because where the next row begins within the cell is not known.
    let endings = |cell: &'a str| {
        cell.char_indices().rev().take(MAX_KEY_CHARS).map(move |(start, _)| &cell[start..])
    };
    let junction = n_cells - n_columns;
    let cells =
        if n_cells < 2 * n_columns { junction.max(2) - 1..junction + 1 } else { 1..n_cells };
    cells.flat_map(|index| endings(record.cell(index))).collect()
}
