//! Excerpts: reads single rows of an export again, to show the cells that their problems concern.
//!
//! Only what a person is to look at, so an export that cannot be read again has no excerpts. Called
//! by `pipeline` once the export was read.

use std::io::Read;

use super::settings::ShuffleSettings;
use crate::{
    map::excerpt,
    model::{
        diagnostic::Excerpt,
        input::InputRead,
        origin::{FileId, RowOrigin},
        problem::Problem,
    },
    read::{BlockReader, Piece, RowParser, inputs},
};

/// Maximum bytes of a row that is read for it.
const MAX_ROW_BYTES: u64 = 1024 * 1024;

/// A row to show.
pub struct ExcerptSlot<'e> {
    /// The row.
    pub row: &'e RowOrigin,
    /// The problem to show; none to show the row alone.
    pub problem: Option<&'e Problem>,
    /// Where the excerpt goes.
    pub excerpt: &'e mut Option<Excerpt>,
}

/// Fills the excerpts of rows of these inputs, as far as they can be read again.
pub fn fill_excerpts(
    settings: &ShuffleSettings<'_>,
    inputs: &[InputRead],
    mut slots: Vec<ExcerptSlot<'_>>,
) {
    slots.sort_by_key(|slot| (slot.row.file, slot.row.bytes.start));
    for of_file in slots.chunk_by_mut(|one, other| one.row.file == other.row.file) {
        let file = of_file[0].row.file;
        if let Some(input) = inputs.get(file.0 as usize) {
            // What cannot be read is not shown; its place is named in any case.
            let _ = fill_of_file(settings, input, file, of_file);
        }
    }
}

/// Fills the excerpts of one file, whose rows are in ascending order. None if it cannot be read.
fn fill_of_file(
    settings: &ShuffleSettings<'_>,
    input: &InputRead,
    file: FileId,
    slots: &mut [ExcerptSlot<'_>],
) -> Option<()> {
    let parser = BlockReader::open(&input.input, file, &settings.read).ok()?.parser().clone();
    let mut source = inputs::reopen(settings.read.storage, input).ok()??;
    let (mut at, mut bytes) = (0, Vec::new());
    for ExcerptSlot { row, problem, excerpt: shown } in slots {
        let range = row.bytes.clone();
        if range.end - range.start > MAX_ROW_BYTES {
            continue;
        }
        // Several problems of a row need it once.
        if range.start >= at {
            source.skip(range.start - at).ok()?;
            bytes.clear();
            let n_bytes = range.end - range.start;
            source.by_ref().take(n_bytes).read_to_end(&mut bytes).ok()?;
            at = range.end;
        }
        **shown = excerpt_of(&parser, settings, row, *problem, &bytes);
    }
    Some(())
}

fn excerpt_of(
    parser: &RowParser,
    settings: &ShuffleSettings<'_>,
    row: &RowOrigin,
    problem: Option<&Problem>,
    bytes: &[u8],
) -> Option<Excerpt> {
    let piece = Piece { line: row.line, start: row.bytes.start, bytes };
    let parsed = parser.parse([piece]).ok()?;
    excerpt(settings.profile, &parsed.rows().next()?, problem)
}
