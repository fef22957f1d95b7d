//! Side excerpts: the rows of side files that the problems of their cells concern, read again.
//!
//! A problem says only the line of its cell, so a file is read up to there. Called by `excerpts`.

use super::settings::{ShuffleSettings, dialect};
use crate::{
    map::{excerpt, join::Join},
    model::{
        diagnostic::Excerpt,
        input::{ExportRead, InputRead},
        origin::FileId,
        problem::Problem,
        record::{Header, Record},
        row::{Row, RowContent},
    },
    read::{Block, BlockReader, Piece, ReadSettings},
};

/// A row of a side file to show.
pub(super) struct SideSlot<'e> {
    /// The problem of its cell.
    pub(super) problem: &'e Problem,
    /// Where the excerpt goes.
    pub(super) excerpt: &'e mut Option<Excerpt>,
}

/// Fills the excerpts of rows of side files, as far as they can be read again.
pub(super) fn fill_side_excerpts(
    settings: &ShuffleSettings<'_>,
    files: &ExportRead,
    mut slots: Vec<SideSlot<'_>>,
) {
    slots.sort_by_key(|slot| slot.problem.at);
    for of_file in slots.chunk_by_mut(|one, other| one.problem.at.file == other.problem.at.file) {
        let file = of_file[0].problem.at.file;
        let index = (file.0 as usize).checked_sub(files.inputs.len());
        let Some(side) = index.and_then(|index| files.side_files.get(index)) else { continue };
        let mut joins = settings.profile.joins.iter();
        if let Some(join) = joins.find(|join| join.name == side.join) {
            // What cannot be read is not shown; its place is named in any case.
            let _ = fill_of_file(settings, (join, &side.read), file, of_file);
        }
    }
}

/// Fills the excerpts of one file, whose lines are in ascending order. None if it cannot be read.
fn fill_of_file(
    settings: &ShuffleSettings<'_>,
    (join, side): (&Join, &InputRead),
    file: FileId,
    slots: &mut [SideSlot<'_>],
) -> Option<()> {
    let read = ReadSettings { dialect: dialect(&join.files), ..settings.read };
    let mut reader = BlockReader::open(&side.input, file, &read).ok()?;
    let parser = reader.parser().clone();
    let header = parser.header().map(|header| named_header(join, header));
    let (mut block, mut slots) = (Block::default(), slots.iter_mut().peekable());
    while slots.peek().is_some() && reader.next_block(&mut block).ok()? {
        for row in parser.parse([Piece::from(&block)]).ok()?.rows() {
            let bytes = block.row(&row.origin);
            let last_line = row.origin.line + n_inner_breaks(bytes);
            let row = with_header(row, header.as_ref());
            while let Some(slot) = slots.next_if(|slot| slot.problem.at.line <= last_line) {
                *slot.excerpt = excerpt(settings.profile, &row, bytes, Some(slot.problem));
            }
        }
    }
    Some(())
}

/// The number of line breaks within a row, of which the bytes may have the one at its end too.
fn n_inner_breaks(row: &[u8]) -> u64 {
    let row = row.strip_suffix(b"\n").unwrap_or(row);
    row.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// The header with the columns as rules name them, by which a value may be shown.
fn named_header(join: &Join, header: &Header) -> Header {
    let names = header.names.iter().map(|name| join.column(name)).collect();
    Header { names, ..header.clone() }
}

fn with_header<'a>(row: Row<'a>, header: Option<&'a Header>) -> Row<'a> {
    match (row.content, header) {
        (RowContent::Record(record), Some(header)) => {
            Row { content: RowContent::Record(Record { header, ..record }), ..row }
        }
        (content, _) => Row { content, ..row },
    }
}
