//! Origin of data in an input: file, line, column, byte range.
//!
//! `read` attaches an origin to each row; every later stage keeps it, for messages that name
//! `file:line:column` and for `rejects/`, which copies the original bytes.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// An input file of the run: its index in the list of inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileId(pub u32);

/// The origin of a row: its file, where it begins, and its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RowOrigin {
    /// The input file.
    pub file: FileId,
    /// The line on which the row begins, from 1.
    pub line: u64,
    /// The character within the line at which the row begins, from 1. More than 1 only of a
    /// document that is not alone on its line.
    #[serde(default = "first_column", skip_serializing_if = "is_first_column")]
    pub column: u32,
    /// The byte range in the text of the file, decompressed and decoded to UTF-8, without the line
    /// break at the row's end.
    pub bytes: Range<u64>,
}

impl RowOrigin {
    /// The position of the row as a whole, without a column.
    #[must_use]
    pub fn position(&self) -> Position {
        Position { file: self.file, line: self.line, column: None }
    }
}

fn first_column() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_first_column(column: &u32) -> bool {
    *column == 1
}

/// A position in an input, as messages name it. Positions are in the order of the input; a row as a
/// whole comes before its cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Position {
    /// The input file.
    pub file: FileId,
    /// The line, from 1.
    pub line: u64,
    /// The character within the line at which the cell begins, from 1; none for a row as a whole.
    pub column: Option<u32>,
}

/// A position, and the column there as the export names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The position.
    pub position: Position,
    /// The column's name in the header, or the path in a document; none for a row as a whole.
    pub column_name: Option<String>,
}

impl From<Position> for Place {
    fn from(position: Position) -> Self {
        Self { position, column_name: None }
    }
}

/// The names of a run's inputs, by [`FileId`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InputNames(Vec<String>);

impl InputNames {
    /// The name of an input; `?` for a file that is not an input of the run, since a report is
    /// worth more than a panic.
    #[must_use]
    pub fn get(&self, file: FileId) -> &str {
        self.0.get(file.0 as usize).map_or("?", String::as_str)
    }

    /// A position as messages name it: `orders.csv:17:5`, or `orders.csv:17` for a whole row.
    #[must_use]
    pub fn locate(&self, at: Position) -> String {
        let (file, line) = (self.get(at.file), at.line);
        match at.column {
            Some(column) => format!("{file}:{line}:{column}"),
            None => format!("{file}:{line}"),
        }
    }
}

/// In the order of their [`FileId`]s.
impl<N: Into<String>> FromIterator<N> for InputNames {
    fn from_iter<I: IntoIterator<Item = N>>(names: I) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn position_is_file_line_column() {
        let names: InputNames = ["orders.csv"].into_iter().collect();
        let at = Position { file: FileId(0), line: 17, column: Some(5) };
        assert_eq!(names.locate(at), "orders.csv:17:5");
        assert_eq!(names.locate(Position { column: None, ..at }), "orders.csv:17");
        assert_eq!(InputNames::default().locate(at), "?:17:5");
    }
}
