//! Excerpts: reads single rows of an export again, to show the cells that their problems concern.
//!
//! Only what a person is to look at, so an export that cannot be read again has no excerpts. Rows
//! of side files are left to `side_excerpts`. Called by `pipeline` once the export was read.

use std::io::{self, Read};

use super::{
    settings::ShuffleSettings,
    side_excerpts::{SideSlot, fill_side_excerpts},
};
use crate::{
    map::{excerpt, punctuation_line},
    model::{
        diagnostic::Excerpt,
        input::{ExportRead, InputRead},
        origin::{FileId, RowOrigin},
        problem::Problem,
        row::RowContent,
    },
    read::{BlockReader, Piece, RowParser, inputs},
};

/// Maximum bytes of a row that is read for it.
const MAX_ROW_BYTES: u64 = 1024 * 1024;

/// Bytes that are read for a row whose end is not known.
const MAX_UNKNOWN_BYTES: u64 = 64 * 1024;

/// A row to show.
pub struct ExcerptSlot<'e> {
    /// The row; none if it is where the problem is, in a side file.
    pub row: Option<&'e RowOrigin>,
    /// The problem to show; none to show the row alone.
    pub problem: Option<&'e Problem>,
    /// Whether it is not known which order the row is of, so that its values are not shown.
    pub is_of_unknown_order: bool,
    /// Where the excerpt goes.
    pub excerpt: &'e mut Option<Excerpt>,
}

/// A row of an input to show.
struct RowSlot<'e> {
    row: &'e RowOrigin,
    problem: Option<&'e Problem>,
    is_of_unknown_order: bool,
    excerpt: &'e mut Option<Excerpt>,
}

/// Fills the excerpts of rows of these files, as far as they can be read again.
pub fn fill_excerpts<'e>(
    settings: &ShuffleSettings<'_>,
    files: &ExportRead,
    slots: impl IntoIterator<Item = ExcerptSlot<'e>>,
) {
    let (mut rows, mut of_sides) = (Vec::new(), Vec::new());
    for ExcerptSlot { row, problem, is_of_unknown_order, excerpt } in slots {
        match (row, problem) {
            (Some(row), _) => rows.push(RowSlot { row, problem, is_of_unknown_order, excerpt }),
            (None, Some(problem)) => of_sides.push(SideSlot { problem, excerpt }),
            (None, None) => {}
        }
    }
    rows.sort_by_key(|slot| (slot.row.file, slot.row.bytes.start));
    for of_file in rows.chunk_by_mut(|one, other| one.row.file == other.row.file) {
        let file = of_file[0].row.file;
        if let Some(input) = files.inputs.get(file.0 as usize) {
            // What cannot be read is not shown; its place is named in any case.
            let _ = fill_of_file(settings, input, file, of_file);
        }
    }
    fill_side_excerpts(settings, files, of_sides);
}

/// Fills the excerpts of one file, whose rows are in ascending order. None if it cannot be read.
fn fill_of_file(
    settings: &ShuffleSettings<'_>,
    input: &InputRead,
    file: FileId,
    slots: &mut [RowSlot<'_>],
) -> Option<()> {
    let parser = BlockReader::open(&input.input, file, &settings.read).ok()?.parser().clone();
    let mut source = inputs::reopen(settings.read.storage, input).ok()??;
    let read = |n_skipped, n_bytes, into: &mut Vec<u8>| {
        source.skip(n_skipped)?;
        source.by_ref().take(n_bytes).read_to_end(into)
    };
    let mut rows = RowBytes { read, start: 0, bytes: Vec::new() };
    for slot in slots {
        let range = slot.row.bytes.clone();
        let n_bytes = if range.is_empty() { MAX_UNKNOWN_BYTES } else { range.end - range.start };
        if n_bytes <= MAX_ROW_BYTES {
            let bytes = rows.read(range.start, n_bytes)?;
            *slot.excerpt = excerpt_of(&parser, settings, slot, bytes);
        }
    }
    Some(())
}

/// The rows of a file, read in ascending order; several may begin within the bytes of one.
struct RowBytes<R> {
    /// Skips bytes of the file, then appends the next ones to a buffer.
    read: R,
    start: u64,
    bytes: Vec<u8>,
}

impl<R: FnMut(u64, u64, &mut Vec<u8>) -> io::Result<usize>> RowBytes<R> {
    /// The bytes from `start` on, fewer at the end of the file.
    fn read(&mut self, start: u64, n_bytes: u64) -> Option<&[u8]> {
        let n_passed = usize::try_from(start.checked_sub(self.start)?).ok()?;
        let n_skipped = n_passed.saturating_sub(self.bytes.len());
        self.bytes.drain(..n_passed - n_skipped);
        self.start = start;
        let n_missing = n_bytes.saturating_sub(self.bytes.len() as u64);
        (self.read)(n_skipped as u64, n_missing, &mut self.bytes).ok()?;
        let n_bytes = usize::try_from(n_bytes).ok()?;
        Some(&self.bytes[..self.bytes.len().min(n_bytes)])
    }
}

fn excerpt_of(
    parser: &RowParser,
    settings: &ShuffleSettings<'_>,
    &RowSlot { row, problem, is_of_unknown_order, .. }: &RowSlot<'_>,
    bytes: &[u8],
) -> Option<Excerpt> {
    let piece = Piece::of_row((row.line, row.column), row.bytes.start, bytes);
    let parsed = parser.parse([piece]).ok()?;
    let first = parsed.rows().next()?;
    // What follows a row whose end is not known may only seem to belong to it.
    if row.bytes.is_empty() && matches!(first.content, RowContent::Unreadable(_)) {
        return None;
    }
    match first.content {
        RowContent::Record(_) if is_of_unknown_order => {
            Some(punctuation_line(&first, bytes, problem))
        }
        _ => excerpt(settings.profile, &first, bytes, problem),
    }
}
