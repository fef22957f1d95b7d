//! A row as it was read: text and places, not yet believed.

use std::ops::RangeInclusive;

use super::origin::{FileId, Position, RowOrigin};

/// One record of a CSV file, one line of an NDJSON file or one element of a JSON array.
#[derive(Debug, Clone, PartialEq)]
pub struct Row<'a> {
    /// Where it stood.
    pub origin: RowOrigin,
    /// What it holds.
    pub content: RowContent<'a>,
}

impl Row<'_> {
    /// How many values it has: cells that are not empty, or values of a document.
    #[must_use]
    pub fn n_values(&self) -> usize {
        self.content.n_values()
    }

    /// Where cell `index` (from 0) of a record begins; the row as a whole where it is none.
    #[must_use]
    pub fn position(&self, index: usize) -> Position {
        match &self.content {
            RowContent::Record(record) => record.position(&self.origin, index),
            RowContent::Document(_) | RowContent::Unreadable(_) => self.origin.position(),
        }
    }
}

/// What a row holds.
#[derive(Debug, Clone, PartialEq)]
pub enum RowContent<'a> {
    /// Cells under a header.
    Record(Record<'a>),
    /// A JSON object.
    Document(JsonNode),
    /// Nothing that can be trusted as a whole.
    Unreadable(Unreadable<'a>),
}

impl RowContent<'_> {
    fn n_values(&self) -> usize {
        match self {
            Self::Record(record) => record.n_filled(),
            Self::Document(node) => node.n_values(),
            Self::Unreadable(unreadable) => unreadable.salvaged.as_ref().map_or(0, |salvaged| salvaged.n_values()),
        }
    }
}

/// A row that cannot be read, with as much of it as is certain.
#[derive(Debug, Clone, PartialEq)]
pub struct Unreadable<'a> {
    /// What was found and what was expected.
    pub reason: String,
    /// What can be trusted nevertheless: cells or members that stood before the damage. A cell that cannot be trusted
    /// is empty.
    pub salvaged: Option<Box<RowContent<'a>>>,
}

/// The first row of a CSV file.
#[derive(Debug, PartialEq, Eq)]
pub struct Header {
    /// The column names as they stand there, without blanks around them.
    pub names: Vec<String>,
    /// Where each name stands.
    pub positions: Vec<Position>,
}

/// A CSV record, seen in the bytes that it was read from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Record<'a> {
    /// The cells, unquoted, with one byte between each and the next.
    pub text: &'a str,
    /// Where each cell ends in `text`, in bytes.
    pub ends: &'a [u32],
    /// Where each cell begins in the file.
    pub layout: CellLayout<'a>,
}

/// Where the cells of a record begin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CellLayout<'a> {
    /// Nothing is quoted: the cells stand one delimiter apart on one line.
    Unquoted,
    /// The same, but that some cells have quotes around them, and none within.
    Quoted,
    /// For each cell the lines below the record's first, and the character (from 1) within that line.
    Explicit(&'a [(u32, u32)]),
}

impl<'a> Record<'a> {
    /// How many cells it has.
    #[must_use]
    pub fn n_cells(&self) -> usize {
        self.ends.len()
    }

    /// How many of its cells are not empty.
    fn n_filled(&self) -> usize {
        (0..self.n_cells()).filter(|index| self.start(*index) < self.ends[*index] as usize).count()
    }

    /// The text of cell `index` (from 0), without blanks around it; empty where there is no such cell.
    #[must_use]
    #[inline]
    pub fn cell(&self, index: usize) -> &'a str {
        let start = self.start(index);
        let cell = self.ends.get(index).and_then(|end| self.text.get(start..*end as usize)).unwrap_or_default();
        let is_quoted = self.layout == CellLayout::Quoted && cell.starts_with('"');
        trim_blanks(if is_quoted { &cell[1..cell.len().max(2) - 1] } else { cell })
    }

    /// The cells of some columns in one piece, of which two are equal only if all their cells are.
    #[must_use]
    pub fn cells(&self, columns: RangeInclusive<usize>) -> impl PartialEq + use<'a> {
        let (start, ends) = (self.start(*columns.start()), self.ends.get(columns).unwrap_or_default());
        let end = ends.last().map_or(start, |end| *end as usize);
        CellRange {
            text: self.text.get(start..end).unwrap_or_default(),
            start: u32::try_from(start).unwrap_or(u32::MAX),
            ends,
        }
    }

    /// Where cell `index` (from 0) begins.
    #[must_use]
    pub fn position(&self, origin: &RowOrigin, index: usize) -> Position {
        let (line_offset, column) = match self.layout {
            CellLayout::Explicit(starts) => starts.get(index).copied().unwrap_or((0, 1)),
            CellLayout::Unquoted | CellLayout::Quoted => (0, self.column_of(index)),
        };
        Position { file: origin.file, line: origin.line + u64::from(line_offset), column: Some(column) }
    }

    fn column_of(&self, index: usize) -> u32 {
        let before = self.text.get(..self.start(index)).unwrap_or_default();
        u32::try_from(before.chars().count() + 1).unwrap_or(u32::MAX)
    }

    fn start(&self, index: usize) -> usize {
        index.checked_sub(1).and_then(|previous| self.ends.get(previous)).map_or(0, |end| *end as usize + 1)
    }
}

/// Cells that stand next to each other.
struct CellRange<'a> {
    text: &'a str,
    start: u32,
    ends: &'a [u32],
}

impl PartialEq for CellRange<'_> {
    fn eq(&self, other: &Self) -> bool {
        let is_same_offset =
            |(one, another): (&u32, &u32)| one.wrapping_sub(self.start) == another.wrapping_sub(other.start);
        self.text == other.text
            && self.ends.len() == other.ends.len()
            && self.ends.iter().zip(other.ends).all(is_same_offset)
    }
}

/// Most cells have no blanks around them, which their first and last byte tell.
fn trim_blanks(cell: &str) -> &str {
    match cell.as_bytes() {
        [] => cell,
        [first, .., last] if first.is_ascii_graphic() && last.is_ascii_graphic() => cell,
        _ => cell.trim(),
    }
}

/// A JSON value and where it stands in its document.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonNode {
    /// The lines below the document's first; none but in a JSON array, whose elements may span lines.
    pub line_offset: u32,
    /// The character within the line where the value begins, from 1; on the first line of an array's element counted
    /// from where the element begins.
    pub column: u32,
    /// The value.
    pub value: JsonValue,
}

/// A JSON value whose scalars keep the text of the export.
#[derive(Debug, Clone, PartialEq)]
pub enum JsonValue {
    /// `null`
    Null,
    /// `true`, `false`
    Boolean(bool),
    /// A number with its own digits.
    Number(String),
    /// A string, unescaped.
    Text(String),
    /// An array.
    Array(Vec<JsonNode>),
    /// An object, its members in the order of the file.
    Object(Vec<(String, JsonNode)>),
}

impl JsonNode {
    /// The member `name` of an object.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&JsonNode> {
        match &self.value {
            JsonValue::Object(members) => members.iter().find(|(key, _)| key == name).map(|(_, node)| node),
            _ => None,
        }
    }

    /// The value at a dotted path such as `customer.address.city`. A member whose whole name has dots counts first;
    /// a number steps into an array, from 0.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&JsonNode> {
        if let Some(node) = self.step(path) {
            return Some(node);
        }
        path.match_indices('.').find_map(|(dot, _)| self.step(&path[..dot])?.at(&path[dot + 1..]))
    }

    /// How many values it is made of, itself among them.
    #[must_use]
    pub fn n_values(&self) -> usize {
        1 + match &self.value {
            JsonValue::Array(elements) => elements.iter().map(Self::n_values).sum(),
            JsonValue::Object(members) => members.iter().map(|(_, member)| member.n_values()).sum(),
            _ => 0,
        }
    }

    fn step(&self, name: &str) -> Option<&JsonNode> {
        match &self.value {
            JsonValue::Array(elements) => elements.get(name.parse::<usize>().ok()?),
            _ => self.member(name),
        }
    }

    /// Where the value stands in the file; `line` is the document's first.
    #[must_use]
    pub fn position(&self, file: FileId, line: u64) -> Position {
        Position { file, line: line + u64::from(self.line_offset), column: Some(self.column) }
    }
}
