//! Spilled rows: the rows of a side table as bytes, in a store that finds them by the hashes of
//! their keys.
//!
//! `shuffle` has the store, on disk. Used by `side_table`.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    sync::{
        OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use bumpalo::Bump;

use crate::model::{
    origin::{FileId, Position},
    side_row::{SideCell, SideKind, SideRow},
};

/// Where the rows are that do not fit into memory.
pub trait SideStore: fmt::Debug + Send + Sync {
    /// Visits the rows of a hash, in the order in which they were passed.
    ///
    /// # Errors
    ///
    /// An error names the file.
    fn find(&self, hash: u64, visit: &mut dyn FnMut(&[u8])) -> io::Result<()>;

    /// Visits all rows.
    ///
    /// # Errors
    ///
    /// An error names the file.
    fn for_each(&self, visit: &mut dyn FnMut(&[u8])) -> io::Result<()>;
}

/// The rows of a side table in a store.
#[derive(Debug)]
pub(super) struct SpilledRows {
    store: Box<dyn SideStore>,
    /// Of each cell that was passed whether it is one of the table's columns.
    pub(super) kept: Vec<bool>,
    /// A bit for each row that belongs to one of the export.
    used: Vec<AtomicU64>,
    failure: OnceLock<io::Error>,
}

/// All kinds of values, which their indexes stand for.
const KINDS: [SideKind; 11] = [
    SideKind::Text,
    SideKind::Number,
    SideKind::Boolean,
    SideKind::Null,
    SideKind::Missing,
    SideKind::Array,
    SideKind::EmptyArray,
    SideKind::Object,
    SideKind::WithinArray,
    SideKind::WithinScalar,
    SideKind::Several,
];

/// Bytes of a cell.
const CELL_BYTES: usize = 13;

/// The hash by which a store finds the rows of a key.
pub(super) fn hash(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

/// Writes a row with its key, or the key of no rows.
pub(super) fn encode(key: &str, row: Option<SideRow<'_>>, into: &mut Vec<u8>) {
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes();
    into.clear();
    into.extend_from_slice(&number(key.len()));
    into.extend_from_slice(key.as_bytes());
    let Some(row) = row else { return };
    into.extend_from_slice(&row.number.to_le_bytes());
    into.extend_from_slice(&row.file.0.to_le_bytes());
    into.extend_from_slice(&row.line.to_le_bytes());
    into.extend_from_slice(&row.digest.to_le_bytes());
    into.push(row.starts_document.into());
    into.extend_from_slice(&number(row.cells.len()));
    for SideCell { end, line, column, kind } in row.cells {
        into.extend([end, line, column].into_iter().flat_map(|field| field.to_le_bytes()));
        let kind = KINDS.iter().position(|known| known == kind).unwrap_or_default();
        into.push(u8::try_from(kind).unwrap_or_default());
    }
    into.extend_from_slice(row.text.as_bytes());
}

/// A row as it was written.
struct Encoded<'b> {
    key: &'b str,
    /// None of a key without rows.
    row: Option<EncodedRow<'b>>,
}

struct EncodedRow<'b> {
    number: u64,
    file: FileId,
    line: u64,
    digest: u64,
    starts_document: bool,
    cells: &'b [u8],
    text: &'b str,
}

/// Reads what [`encode`] wrote; none if it is damaged.
fn decode(bytes: &[u8]) -> Option<Encoded<'_>> {
    let (n_bytes, rest) = bytes.split_first_chunk()?;
    let (key, rest) = rest.split_at_checked(u32::from_le_bytes(*n_bytes) as usize)?;
    let key = std::str::from_utf8(key).ok()?;
    if rest.is_empty() {
        return Some(Encoded { key, row: None });
    }
    let (number, rest) = rest.split_first_chunk()?;
    let (file, rest) = rest.split_first_chunk()?;
    let (line, rest) = rest.split_first_chunk()?;
    let (digest, rest) = rest.split_first_chunk()?;
    let (starts_document, rest) = rest.split_first()?;
    let (n_cells, rest) = rest.split_first_chunk()?;
    let (cells, text) =
        rest.split_at_checked(u32::from_le_bytes(*n_cells) as usize * CELL_BYTES)?;
    let row = EncodedRow {
        number: u64::from_le_bytes(*number),
        file: FileId(u32::from_le_bytes(*file)),
        line: u64::from_le_bytes(*line),
        digest: u64::from_le_bytes(*digest),
        starts_document: *starts_document != 0,
        cells,
        text: std::str::from_utf8(text).ok()?,
    };
    Some(Encoded { key, row: Some(row) })
}

fn decode_cell(bytes: &[u8]) -> Option<SideCell> {
    let (end, rest) = bytes.split_first_chunk()?;
    let (line, rest) = rest.split_first_chunk()?;
    let (column, rest) = rest.split_first_chunk()?;
    Some(SideCell {
        end: u32::from_le_bytes(*end),
        line: u32::from_le_bytes(*line),
        column: u32::from_le_bytes(*column),
        kind: *KINDS.get(usize::from(*rest.first()?))?,
    })
}

impl SpilledRows {
    /// Rows in a store, with `n_columns` cells each. `n_used` is the number of rows of which it is
    /// kept whether they belong to one of the export.
    pub(super) fn new(store: Box<dyn SideStore>, n_columns: usize, n_used: u64) -> Self {
        let n_words = usize::try_from(n_used.div_ceil(64)).unwrap_or(usize::MAX);
        let used = (0..n_words).map(|_| AtomicU64::new(0)).collect();
        Self { store, kept: vec![true; n_columns], used, failure: OnceLock::new() }
    }

    /// The rows with a key; none if no row has it.
    pub(super) fn find<'a>(
        &'a self,
        key: &str,
        names: &'a [String],
        texts: &'a Bump,
    ) -> Option<Vec<SideRow<'a>>> {
        let (mut rows, mut is_damaged) = (None, false);
        let found = self.store.find(hash(key), &mut |bytes| match decode(bytes) {
            Some(Encoded { key: other, row }) if other == key => {
                let rows = rows.get_or_insert_with(Vec::new);
                if let Some(row) = row {
                    self.mark_used(row.number);
                    rows.push(self.side_row(&row, names, texts));
                }
            }
            Some(_) => {}
            None => is_damaged = true,
        });
        self.keep_failure(found, is_damaged);
        rows
    }

    fn side_row<'a>(
        &self,
        row: &EncodedRow<'_>,
        names: &'a [String],
        texts: &'a Bump,
    ) -> SideRow<'a> {
        let cells = row.cells.chunks(CELL_BYTES).zip(&self.kept).filter(|(_, kept)| **kept);
        let cells: Vec<_> = cells.filter_map(|(bytes, _)| decode_cell(bytes)).collect();
        SideRow {
            number: row.number,
            file: row.file,
            line: row.line,
            digest: row.digest,
            starts_document: row.starts_document,
            text: texts.alloc_str(row.text),
            cells: texts.alloc_slice_copy(&cells),
            names,
        }
    }

    /// The word that has the bit of a row, if it is kept whether the row is used.
    fn word_of(&self, number: u64) -> Option<&AtomicU64> {
        self.used.get(usize::try_from(number / 64).ok()?)
    }

    fn mark_used(&self, number: u64) {
        if let Some(word) = self.word_of(number) {
            word.fetch_or(1 << (number % 64), Ordering::Relaxed);
        }
    }

    fn is_used(&self, number: u64) -> bool {
        let is_set = |word: &AtomicU64| word.load(Ordering::Relaxed) >> (number % 64) & 1 == 1;
        self.word_of(number).is_some_and(is_set)
    }

    /// Visits where the rows begin that belong to no row of the export.
    pub(super) fn visit_unused(&self, mut visit: impl FnMut(Position)) {
        let mut is_damaged = false;
        let visited = self.store.for_each(&mut |bytes| match decode(bytes) {
            Some(Encoded { row: Some(row), .. }) if !self.is_used(row.number) => {
                visit(Position { file: row.file, line: row.line, column: None });
            }
            Some(_) => {}
            None => is_damaged = true,
        });
        self.keep_failure(visited, is_damaged);
    }

    fn keep_failure(&self, result: io::Result<()>, is_damaged: bool) {
        let damage = || is_damaged.then(|| io::Error::other("a spilled row is damaged"));
        if let Some(error) = result.err().or_else(damage) {
            // The first one is reported.
            _ = self.failure.set(error);
        }
    }

    /// The first error of a look-up.
    pub(super) fn failure(&self) -> Option<io::Error> {
        let error = self.failure.get()?;
        Some(io::Error::new(error.kind(), error.to_string()))
    }
}
