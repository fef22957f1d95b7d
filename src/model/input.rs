//! Inputs: the files of an export as they were found, their format, and what was read of them.
//!
//! Data only: `storage` opens them, `read` finds and reads them. Used by every stage from `read` to
//! `report`; saved in the header of a plan, so that a resumed run can report them.

use std::{
    fmt,
    ops::Range,
    path::{Path, PathBuf},
    time::SystemTime,
};

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    origin::{InputNames, Position},
    text_encoding::TextEncoding,
};

/// Where the bytes of an input are: the absolute path of a local file.
// Not a bare path: a location may also be the URL of an object one day, which only `storage` reads.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Location(PathBuf);

impl Location {
    /// Its path in the file system.
    #[must_use]
    pub fn as_path(&self) -> &Path {
        &self.0
    }
}

impl<P: Into<PathBuf>> From<P> for Location {
    fn from(path: P) -> Self {
        Self(path.into())
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.display().fmt(f)
    }
}

/// The state of a file, by which a later change is detected.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Its size in bytes, compressed or not.
    pub size: u64,
    /// When it was last written, where the system reports it.
    pub modified: Option<SystemTime>,
    /// Which file it is, where the system reports it. Not stored in a plan: device numbers may
    /// change when the system starts.
    #[serde(skip)]
    pub inode: Option<Inode>,
}

/// The identity of a file: a name can be reused for another file, and a modification time can be
/// set back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inode {
    /// The device that holds the file.
    pub device: u64,
    /// The file's number on the device.
    pub number: u64,
    /// The number of its names.
    pub links: u64,
    /// The change time: seconds and nanoseconds.
    pub changed: (i64, i64),
}

impl Version {
    /// Whether both are of the same file; assumed where the system does not identify files.
    #[must_use]
    pub fn is_same_file(&self, other: &Self) -> bool {
        let id = |inode: Inode| (inode.device, inode.number);
        self.inode.map(id).zip(other.inode.map(id)).is_none_or(|(this, other)| this == other)
    }

    /// Whether nothing was written to the file until `now`. `is_in_place`: whether its location
    /// still names it.
    #[must_use]
    pub fn is_unmodified(&self, now: &Self, is_in_place: bool) -> bool {
        // The change time reveals writes that set the modification time back, but it also changes
        // on a move, a removal or a new link. So it counts only where the file is in place and has
        // as many links as before.
        let has_same_links = |(was, now): &(Inode, Inode)| was.links == now.links;
        let inodes = self.inode.zip(now.inode).filter(has_same_links).filter(|_| is_in_place);
        let is_touched = inodes.is_some_and(|(was, now)| was.changed != now.changed);
        self.size == now.size && self.modified == now.modified && !is_touched
    }

    /// What is different `now`, as part of a message.
    #[must_use]
    pub fn difference(&self, now: &Self) -> String {
        if !self.is_same_file(now) {
            return "another file is in its place".to_owned();
        }
        if self.size == now.size {
            return "its content or its permissions were changed, and it has the same size"
                .to_owned();
        }
        format!("it had {} bytes at the start and has {} now", self.size, now.size)
    }
}

/// The format of an input file, as the profile declares it or the file's name means it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(transform = with_json)]
pub enum InputFormat {
    /// Comma-separated values with a header, RFC 4180.
    Csv,
    /// JSON objects, one per line or over several, or one array of them: the first character
    /// decides.
    #[serde(alias = "json")]
    Ndjson,
}

/// Adds the other name of a format to the schema, which has no aliases of its own.
fn with_json(schema: &mut Schema) {
    if let Some(Value::Array(formats)) = schema.get_mut("oneOf") {
        let description = "The same as `ndjson`.";
        formats.push(json!({ "type": "string", "const": "json", "description": description }));
    }
}

/// An input file as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// The name in messages and reports: one line, control characters escaped.
    pub name: String,
    /// Where its bytes are; for standard input and pipes the spooled copy.
    pub location: Location,
    /// Its state when it was found. A file that differs when it is opened has changed.
    pub version: Version,
}

/// An input, and what was read of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputRead {
    /// The file.
    pub input: Input,
    /// Rows, without the header.
    pub rows: u64,
    /// The byte range of the header in the text, with the mark and the lines before it and
    /// without its line break; empty of a CSV file without a header, none of other files.
    pub header: Option<Range<u64>>,
    /// The byte ranges of the headers that are repeated within it.
    #[serde(default)]
    pub repeated_headers: Vec<Range<u64>>,
    /// The line break after the first line.
    pub line_break: LineBreak,
    /// The encoding of its text.
    #[serde(default)]
    pub encoding: TextEncoding,
    /// The syntax around the rows.
    pub framing: Framing,
    /// Which of the places that the profile declares have documents, a bit for each.
    #[serde(default)]
    pub document_forms: u32,
    /// The position of the last row of a CSV or NDJSON file, or of its header, if the file ends
    /// without a line break.
    pub unterminated: Option<Position>,
    /// SHA-256 of the file, compressed or not, in hexadecimal digits; none if it was not read to
    /// its end.
    #[serde(default)]
    pub sha256: Option<String>,
}

impl InputRead {
    /// An input of which nothing is read yet.
    #[must_use]
    pub fn unread(input: Input) -> Self {
        let (line_break, framing) = (LineBreak::default(), Framing::default());
        Self {
            input,
            rows: 0,
            header: None,
            repeated_headers: Vec::new(),
            line_break,
            encoding: TextEncoding::default(),
            framing,
            document_forms: 0,
            unterminated: None,
            sha256: None,
        }
    }
}

/// A line break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LineBreak {
    /// `\n`
    #[default]
    Lf,
    /// `\r\n`
    CrLf,
}

impl LineBreak {
    /// Its bytes.
    #[must_use]
    pub fn bytes(self) -> &'static [u8] {
        match self {
            Self::Lf => b"\n",
            Self::CrLf => b"\r\n",
        }
    }
}

/// The syntax around the rows of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Framing {
    /// No syntax.
    #[default]
    None,
    /// The rows are elements of a JSON array.
    Array,
    /// The rows are documents at a path.
    Documents {
        /// What comes before the first row.
        opening: String,
        /// What comes between two rows.
        separator: String,
        /// What comes after the last row.
        closing: String,
    },
}

impl Framing {
    /// What comes before the first row.
    #[must_use]
    pub fn opening(&self) -> &[u8] {
        match self {
            Self::None => b"",
            Self::Array => b"[\n",
            Self::Documents { opening, .. } => opening.as_bytes(),
        }
    }

    /// What comes between two rows.
    #[must_use]
    pub fn separator(&self) -> &[u8] {
        match self {
            Self::None => b"",
            Self::Array => b",",
            Self::Documents { separator, .. } => separator.as_bytes(),
        }
    }

    /// What comes after the last row.
    #[must_use]
    pub fn closing(&self) -> &[u8] {
        match self {
            Self::None => b"",
            Self::Array => b"]\n",
            Self::Documents { closing, .. } => closing.as_bytes(),
        }
    }
}

/// A file that is joined to an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideInput {
    /// The name of its join in the profile.
    pub join: String,
    /// The path or the pattern by which the file was found, as the command line takes it.
    pub pattern: String,
    /// The file, and what was read of it.
    pub read: InputRead,
}

/// The inputs of an export, and the counts over all of them.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct ExportRead {
    /// The inputs, by `FileId`.
    pub inputs: Vec<InputRead>,
    /// The files that are joined to them. Their `FileId`s are those behind the inputs'.
    #[serde(default)]
    pub side_files: Vec<SideInput>,
    /// The joins without a file, which the profile allows.
    #[serde(default)]
    pub absent_joins: Vec<String>,
    /// Rows of all inputs, without headers.
    pub rows: u64,
    /// The unreadable ones among them.
    pub unreadable_rows: u64,
    /// Those among them that belong to no order, as the profile says.
    pub ignored_rows: u64,
    /// Those among them that the profile leaves out of their orders.
    #[serde(default)]
    pub skipped_rows: u64,
    /// Headers that are repeated within a file.
    pub repeated_headers: u64,
    /// Whether an order may have rows of several files.
    #[serde(default)]
    pub joins_files: bool,
    /// Orders whose rows were at more than one position.
    pub scattered_orders: u64,
    /// Lost rows that are counted but not listed.
    pub omitted_lost_rows: u64,
    /// Orders with the content of another one that are counted but not listed.
    pub omitted_repeated_orders: u64,
    /// Identifiers with several e-mail addresses that are counted but not listed.
    #[serde(default)]
    pub omitted_shared_identifiers: u64,
    /// Bytes of all files, decompressed.
    #[serde(skip)]
    pub bytes_read: u64,
    /// The copies of inputs that could be read only once.
    pub spooled: Vec<Location>,
    /// Whether an earlier run read them, so that they may have changed or been removed.
    pub is_from_earlier_run: bool,
}

impl ExportRead {
    /// The joins, with the path or pattern of the files of each, which is empty without a file.
    #[must_use]
    pub fn joins(&self) -> Vec<(&str, &str)> {
        let sides = self.side_files.chunk_by(|one, next| one.join == next.join);
        let read = sides.map(|sides| (&*sides[0].join, &*sides[0].pattern));
        read.chain(self.absent_joins.iter().map(|join| (&**join, ""))).collect()
    }

    /// The inputs by `FileId`.
    #[must_use]
    pub fn inputs(&self) -> Vec<Input> {
        self.inputs.iter().map(|read| read.input.clone()).collect()
    }

    /// The inputs and the files joined to them, by `FileId`.
    pub fn all_files(&self) -> impl Iterator<Item = &InputRead> {
        self.inputs.iter().chain(self.side_files.iter().map(|side| &side.read))
    }

    /// The names of all files by `FileId`.
    #[must_use]
    pub fn names(&self) -> InputNames {
        self.all_files().map(|read| read.input.name.as_str()).collect()
    }
}
