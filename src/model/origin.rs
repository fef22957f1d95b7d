//! Where something stood in an input: file, line, column, bytes.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// An input file of the run, as an index into the run's inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct FileId(pub u32);

/// Where a row stood: its file, the line it began on (from 1), and its bytes in the unpacked file without the line
/// break at its end.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RowOrigin {
    /// The input file.
    pub file: FileId,
    /// The line the row begins on, from 1.
    pub line: u64,
    /// Byte offsets in the unpacked file.
    pub bytes: Range<u64>,
}

impl RowOrigin {
    /// The row as a whole, without a column.
    #[must_use]
    pub fn position(&self) -> Position {
        Position { file: self.file, line: self.line, column: None }
    }
}

/// A place in an input that a message can point at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Position {
    /// The input file.
    pub file: FileId,
    /// From 1.
    pub line: u64,
    /// The character within the line where the cell begins, from 1; none where the row as a whole is meant.
    pub column: Option<u32>,
}
