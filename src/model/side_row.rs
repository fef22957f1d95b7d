//! Side rows: the rows of side files that belong to a row of the export, found by their keys.
//!
//! Data only: `map` finds the rows. A value of a side file keeps its place there.

use super::origin::{FileId, Position};

/// What side files have for a row of the export.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JoinedRows<'a> {
    /// What each side file has, in the order of the joins.
    pub matches: &'a [SideMatch<'a>],
}

impl<'a> JoinedRows<'a> {
    /// Whether each side file has one row for it, with cells of CSV, or none is looked for.
    #[must_use]
    pub fn are_plain(&self) -> bool {
        let is_plain = |side: &SideMatch<'_>| match side.found {
            SideFound::NoKey => true,
            SideFound::Row(row) => row.cells.iter().all(|cell| cell.kind == SideKind::Text),
            _ => false,
        };
        self.matches.iter().all(is_plain)
    }

    /// Where the rows of all side files begin.
    pub fn starts(&self) -> impl Iterator<Item = Position> + use<'a> {
        self.matches.iter().flat_map(SideMatch::all_rows).map(SideRow::start)
    }
}

/// What a side file has for a row of the export.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SideMatch<'a> {
    /// The number of columns that are read of the side file.
    pub n_columns: usize,
    /// What was found.
    pub found: SideFound<'a>,
}

/// The result of a look-up in a side file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SideFound<'a> {
    /// The record has no key, so that nothing belongs to it.
    NoKey,
    /// The key is no single value.
    InvalidKey,
    /// No row has the key.
    None,
    /// One row, or the first one.
    Row(SideRow<'a>),
    /// All rows with the key, whose numbers are added up; at least one.
    Rows(&'a [SideRow<'a>]),
    /// Rows that are items, whose cells are none of the record.
    Items(SideItems<'a>),
    /// Several rows have the key where one is expected.
    Several(&'a [SideRow<'a>]),
    /// A line has the key that is passed over as a header, so that it is not known what else the
    /// file lacks.
    Skipped(Position),
}

/// Rows of a side file that are items.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SideItems<'a> {
    /// The rows.
    pub rows: &'a [SideRow<'a>],
    /// The index of the file's first column among those of all side files with items.
    pub first_field: usize,
}

impl SideFound<'_> {
    /// Whether there should be one row and is none or several, so that its values are not known.
    #[must_use]
    pub fn is_a_problem(&self) -> bool {
        matches!(self, Self::InvalidKey | Self::None | Self::Several(_) | Self::Skipped(_))
    }
}

/// A row of a side file, with the cells that are read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SideRow<'a> {
    /// Its number, which no other row of the join has.
    pub number: u64,
    /// The side file.
    pub file: FileId,
    /// The line on which the row begins, from 1.
    pub line: u64,
    /// A digest of all its values, also of those that are not read, or of those of the document that
    /// it is a part of; 0 if neither is compared.
    pub digest: u64,
    /// Whether no item before it is of the same document. True of every row that is no part of one.
    pub starts_document: bool,
    /// The texts of its cells, one after the other.
    pub text: &'a str,
    /// Where each of them ends, and its place in the file.
    pub cells: &'a [SideCell],
    /// The column or path of each of them, as rules name it.
    pub names: &'a [String],
}

/// A cell of a side row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SideCell {
    /// The end of its text, in bytes of the row's text.
    pub end: u32,
    /// The line on which it begins, counted from that of its row.
    pub line: u32,
    /// The character within that line, from 1.
    pub column: u32,
    /// What it is.
    pub kind: SideKind,
}

/// What a value of a side file is. A cell of a CSV file is a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SideKind {
    /// A text.
    Text,
    /// A number of JSON.
    Number,
    /// A boolean of JSON.
    Boolean,
    /// `null`
    Null,
    /// No such member.
    Missing,
    /// An array with elements.
    Array,
    /// An array without any.
    EmptyArray,
    /// An object.
    Object,
    /// Nothing: the path goes on within an array.
    WithinArray,
    /// Nothing: the path goes on within a text, a number or a boolean.
    WithinScalar,
    /// Nothing: the filter of the path selects several elements.
    Several,
}

impl<'a> SideRow<'a> {
    /// The text of a cell; empty if there is none.
    #[must_use]
    pub fn cell(&self, index: usize) -> &'a str {
        let Some(cell) = self.cells.get(index) else { return "" };
        let start = index.checked_sub(1).map_or(0, |before| self.cells[before].end as usize);
        self.text.get(start..cell.end as usize).unwrap_or_default()
    }

    /// What a cell is.
    #[must_use]
    pub fn kind(&self, index: usize) -> SideKind {
        self.cells.get(index).map_or(SideKind::Missing, |cell| cell.kind)
    }

    /// Whether its cells have the texts of those of another row.
    #[must_use]
    pub fn has_cells_of(&self, other: &Self) -> bool {
        let ends = |row: &Self| row.cells.iter().map(|cell| cell.end);
        self.text == other.text && ends(self).eq(ends(other))
    }

    /// Where it begins.
    #[must_use]
    pub fn start(&self) -> Position {
        Position { file: self.file, line: self.line, column: None }
    }

    /// The position of a cell.
    #[must_use]
    pub fn position(&self, index: usize) -> Position {
        let cell = self.cells.get(index);
        let line = self.line + cell.map_or(0, |cell| u64::from(cell.line));
        Position { file: self.file, line, column: cell.map(|cell| cell.column) }
    }
}

impl<'a> SideMatch<'a> {
    /// The row that belongs to the record, or one of several.
    #[must_use]
    pub fn row(&'a self, index: usize) -> Option<&'a SideRow<'a>> {
        match &self.found {
            SideFound::Row(row) => Some(row),
            SideFound::Rows(rows) => rows.get(index),
            _ => None,
        }
    }

    fn all_rows(&self) -> &[SideRow<'a>] {
        match &self.found {
            SideFound::Row(row) => std::slice::from_ref(row),
            SideFound::Rows(rows) | SideFound::Several(rows) => rows,
            SideFound::Items(items) => items.rows,
            _ => &[],
        }
    }

    /// The rows whose numbers are added up.
    #[must_use]
    pub fn rows(&self) -> &'a [SideRow<'a>] {
        if let SideFound::Rows(rows) = self.found { rows } else { &[] }
    }

    /// The rows that are items.
    #[must_use]
    pub fn items(&self) -> Option<SideItems<'a>> {
        if let SideFound::Items(items) = self.found { Some(items) } else { None }
    }

    /// The text of a cell of the first row; empty if there is none.
    #[must_use]
    pub fn cell(&'a self, index: usize) -> &'a str {
        self.row(0).map_or("", |row| row.cell(index))
    }
}
