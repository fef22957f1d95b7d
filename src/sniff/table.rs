//! Table: the values of a sample by column or path, row by row.
//!
//! A row is a record of CSV, a document of JSON, or an element of an array in documents. Knows no
//! meaning of a value. Made by `csv_layout` and `json_layout`.

use csv::StringRecord;

/// Where a value comes from, as a profile names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum ValueSource {
    /// A column of CSV.
    Column(String),
    /// A path of JSON.
    Path(String),
    /// A field of items in one cell or in groups of columns.
    Field(String),
}

impl ValueSource {
    /// The name of the column, or the path.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Column(name) | Self::Path(name) | Self::Field(name) => name,
        }
    }

    /// The key of a rule that names it.
    pub(super) fn key(&self) -> &'static str {
        match self {
            Self::Column(_) => "column",
            Self::Path(_) => "path",
            Self::Field(_) => "field",
        }
    }
}

/// The values of a sample.
#[derive(Debug, Clone, Default)]
pub(super) struct SampleTable {
    pub(super) columns: Vec<ValueSource>,
    /// Each with a cell for each column; empty where there is no value.
    pub(super) rows: Vec<StringRecord>,
    /// Of elements of an array: the index of the row of their document. Empty otherwise.
    pub(super) parents: Vec<usize>,
}

impl SampleTable {
    /// The value in a row and column.
    pub(super) fn cell(&self, row: usize, column: usize) -> &str {
        self.rows.get(row).and_then(|row| row.get(column)).unwrap_or_default()
    }

    /// The values of a column, row by row.
    pub(super) fn cells(&self, column: usize) -> impl Iterator<Item = &str> {
        self.rows.iter().map(move |row| row.get(column).unwrap_or_default())
    }
}
