//! One order's cells, brought together but not yet believed.

use std::sync::Arc;

use super::{
    field::Field,
    origin::{Position, RowOrigin},
    problem::Problem,
};

/// A value that a profile made out of a cell, in canonical form (timestamps in UTC, table values looked up).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// The target field.
    pub field: Field,
    /// The value; never empty.
    pub text: Box<str>,
    /// Where it stood; a constant of the profile stands where its row stands.
    pub at: Position,
    /// The cell was there but could not be brought into canonical form; the problem is already told, so nothing else
    /// is to be said about it.
    pub is_broken: bool,
    /// A constant or default of the profile: any cell of the export counts before it.
    pub is_fallback: bool,
    /// What happens when another row of the order has another value.
    pub first_counts: bool,
}

/// What a profile made out of one row.
#[derive(Debug, Clone, PartialEq)]
pub struct MappedRow {
    /// The row.
    pub origin: RowOrigin,
    /// What kind of row.
    pub kind: RowKind,
    /// Attributes of the order, its guest and its events.
    pub cells: Vec<Cell>,
    /// The items it adds: none or one for a record, any number for a document.
    pub items: Vec<ItemDraft>,
    /// The reason why the profile leaves the row's order out, if it does.
    pub skip: Option<Arc<str>>,
    /// What went wrong in mapping it.
    pub problems: Vec<Problem>,
}

/// How a row takes part in grouping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowKind {
    /// One of the rows of the order with this key.
    Part(Box<str>),
    /// A whole order in one document, with this key if it has one.
    Whole(Option<Box<str>>),
    /// A readable row without a key.
    Keyless,
    /// A row that cannot be read.
    Unreadable {
        /// Its order's key, if that is certain.
        key: Option<Box<str>>,
        /// What is wrong with it.
        reason: String,
        /// Where it may have run together with a row of another order, the ends of its cells: one of them may end with
        /// the other order's key.
        cell_ends: Vec<Box<str>>,
    },
    /// Nothing stands in it.
    Blank,
}

/// The cells of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemDraft {
    /// Where the item stands.
    pub at: Position,
    /// Its attributes.
    pub cells: Vec<Cell>,
}

impl ItemDraft {
    /// The cell of a field.
    #[must_use]
    pub fn cell(&self, field: &Field) -> Option<&Cell> {
        cell_of(&self.cells, field)
    }
}

/// All rows of one order.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The order key of the profile; empty where the rows have none.
    pub key: Box<str>,
    /// Its rows, in the order of the input.
    pub rows: Vec<RowOrigin>,
    /// The first filled value of each field.
    pub cells: Vec<Cell>,
    /// Its items, in the order of the input.
    pub items: Vec<ItemDraft>,
    /// The reason why the profile leaves it out, if it does.
    pub skip: Option<Arc<str>>,
    /// What went wrong so far.
    pub problems: Vec<Problem>,
}

impl Draft {
    /// Where the order's first row stands.
    #[must_use]
    pub fn position(&self) -> Position {
        self.rows.first().expect("a draft has at least one row").position()
    }

    /// The cell of a field.
    #[must_use]
    pub fn cell(&self, field: &Field) -> Option<&Cell> {
        cell_of(&self.cells, field)
    }
}

fn cell_of<'a>(cells: &'a [Cell], field: &Field) -> Option<&'a Cell> {
    cells.iter().find(|cell| cell.field == *field)
}
