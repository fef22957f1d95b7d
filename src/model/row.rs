//! Rows as they were read: text with origins, not yet interpreted or checked.
//!
//! `read` builds a row from each CSV record, NDJSON line or element of a JSON array; `map` makes
//! cells of it. Both borrow their text from the block that was read.

use super::{
    document::Document,
    origin::{Place, Position, RowOrigin},
    record::{Record, RecordForm},
    side_row::JoinedRows,
};

/// One record of a CSV file, one line of an NDJSON file or one element of a JSON array.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<'a> {
    /// The row's origin.
    pub origin: RowOrigin,
    /// The row's content.
    pub content: RowContent<'a>,
}

impl<'a> Row<'a> {
    /// The row as it is in the file; none if it is unreadable.
    #[must_use]
    pub fn raw(&self) -> Option<&'a str> {
        match &self.content {
            RowContent::Record(record) => std::str::from_utf8(record.raw()).ok(),
            RowContent::Document(document) => Some(document.text),
            RowContent::Unreadable(_) => None,
        }
    }

    /// What side files have for it, if any are joined to the file.
    #[must_use]
    pub fn joined(&self) -> Option<&JoinedRows<'a>> {
        match &self.content {
            RowContent::Record(record) => match &record.form {
                RecordForm::Joined(joined) => Some(&joined.rows),
                _ => None,
            },
            RowContent::Document(document) => document.joined,
            RowContent::Unreadable(_) => None,
        }
    }

    /// The place of what makes the row unreadable; that of the row if it is not known, or if the
    /// row is readable.
    #[must_use]
    pub fn damage_place(&self) -> Place {
        let row = self.origin.position();
        match &self.content {
            RowContent::Unreadable(Unreadable {
                at: Some((n_below, column)), column_name, ..
            }) => {
                let line = row.line + u64::from(*n_below);
                let position = Position { line, column: Some(*column), ..row };
                Place { position, column_name: column_name.clone() }
            }
            _ => row.into(),
        }
    }

    /// The number of values: cells that are not empty, or values of a document.
    #[must_use]
    pub fn n_values(&self) -> usize {
        self.content.n_values()
    }

    /// The position of a value (from 0): a cell of a record or a value of a document. That of the
    /// row if it is unreadable.
    #[must_use]
    pub fn position(&self, index: u32) -> Position {
        match &self.content {
            RowContent::Record(record) => record.position(&self.origin, index as usize),
            RowContent::Document(document) => document.value_at(index).position(&self.origin),
            RowContent::Unreadable(_) => self.origin.position(),
        }
    }

    /// The record, if the row is one.
    #[must_use]
    pub fn record(&self) -> Option<&Record<'a>> {
        match &self.content {
            RowContent::Record(record) => Some(record),
            RowContent::Document(_) | RowContent::Unreadable(_) => None,
        }
    }

    /// The name of column `index` (from 0) in the header; none if the row is not a record.
    #[must_use]
    pub fn column_name(&self, index: usize) -> Option<&str> {
        self.record()?.header.names.get(index).map(String::as_str)
    }
}

/// The content of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum RowContent<'a> {
    /// Cells under a header.
    Record(Record<'a>),
    /// A JSON object.
    Document(Document<'a>),
    /// A row that cannot be read as a whole.
    Unreadable(Unreadable<'a>),
}

impl RowContent<'_> {
    fn n_values(&self) -> usize {
        match self {
            Self::Record(record) => record.n_filled(),
            Self::Document(document) => document.n_values(),
            Self::Unreadable(unreadable) => {
                unreadable.salvaged.as_ref().map_or(0, |salvaged| salvaged.n_values())
            }
        }
    }
}

/// A row that cannot be read, with the part of it that is intact.
#[derive(Debug, Clone, PartialEq)]
pub struct Unreadable<'a> {
    /// What was found and what was expected.
    pub reason: String,
    /// Where, if it is at one character.
    pub at: Option<DamagePlace>,
    /// The column of the record that is damaged, if it is one cell.
    pub column_name: Option<String>,
    /// The kind of the damage.
    pub damage: RowDamage,
    /// The intact part: cells or members before the damage. A damaged cell is empty.
    pub salvaged: Option<Box<RowContent<'a>>>,
}

/// A character of a row: the number of lines below the first one, and its position within that
/// line, from 1.
pub type DamagePlace = (u32, u32);

/// The kind of damage that makes a row unreadable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowDamage {
    /// The quotes of a record; it may have swallowed other rows.
    Quotes,
    /// A JSON value that ends too early.
    CutOff,
    /// Text after a complete JSON document, which may be another one.
    TextAfter,
    /// Any other: the number of cells, the encoding, a limit.
    Other,
}
