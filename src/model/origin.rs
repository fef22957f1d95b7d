//! Origin of data in an input: file, line, column, byte range.
//!
//! `read` attaches an origin to each row; every later stage keeps it, for messages that name
//! `file:line:column` and for `rejects/`, which copies the original bytes.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// An input file of the run: its index in the list of inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileId(pub u32);

/// The origin of a row: its file, the line on which it begins, and its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RowOrigin {
    /// The input file.
    pub file: FileId,
    /// The line on which the row begins, from 1.
    pub line: u64,
    /// The byte range in the decompressed file, without the line break at the row's end.
    pub bytes: Range<u64>,
}

impl RowOrigin {
    /// The position of the row as a whole, without a column.
    #[must_use]
    pub fn position(&self) -> Position {
        Position { file: self.file, line: self.line, column: None }
    }
}

/// A position in an input, as messages name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Position {
    /// The input file.
    pub file: FileId,
    /// The line, from 1.
    pub line: u64,
    /// The character within the line at which the cell begins, from 1; none for a row as a whole.
    pub column: Option<u32>,
}
