//! Side files: reads the files beside an export into tables, before the export is read.
//!
//! They are read as an export is, in the dialect of their join, and in memory. Called by
//! `pipeline`; `blocks` and `scattered` join the rows.

use bytesize::ByteSize;

use super::{
    error::{ShuffleError, side_row_hint},
    settings::dialect,
};
use crate::{
    map::{SideTable, input_settings::LastLineEnd, profile::Profile},
    model::{
        input::{ExportRead, InputRead, SideInput},
        origin::{FileId, InputNames},
    },
    read::{Block, BlockReader, Piece, ReadSettings},
};

/// Reads the side files of an export, which must be found already. `max_bytes` is the memory that
/// the tables may take.
///
/// # Errors
///
/// [`ShuffleError`], for a file that cannot be read or does not fit its join: a row that is
/// unreadable may be that of any order.
pub fn read_side_files(
    profile: &Profile,
    settings: &ReadSettings<'_>,
    files: &mut ExportRead,
    max_bytes: usize,
) -> Result<Vec<SideTable>, ShuffleError> {
    let (names, n_inputs) = (files.names(), files.inputs.len());
    let (mut tables, mut n_bytes) = (Vec::new(), 0);
    for join in &profile.joins {
        let mut table = SideTable::new(join);
        let unreadable = |error| ShuffleError::SideFile { join: join.name.clone(), error };
        let dialect = dialect(&join.files);
        let settings = ReadSettings { dialect, ..*settings };
        for (index, SideInput { read, .. }) in
            files.side_files.iter_mut().enumerate().filter(|(_, side)| side.join == join.name)
        {
            let id = FileId(u32::try_from(n_inputs + index).unwrap_or(u32::MAX));
            let reader = BlockReader::open_hashed(&read.input, id, &settings);
            let mut reader = reader.map_err(unreadable)?;
            let parser = reader.parser().clone();
            let header = parser.header().map(|header| &**header);
            let side = table.bind((profile, join), header, (id, &read.input.name))?;
            let (mut block, mut n_rows) = (Block::default(), 0);
            while reader.next_block(&mut block).map_err(unreadable)? {
                for row in parser.parse([Piece::from(&block)]).map_err(unreadable)?.rows() {
                    n_rows += 1;
                    table.add(&side, &row).map_err(|reason| ShuffleError::SideRow {
                        position: names.locate(row.origin.position()),
                        hint: side_row_hint(&join.name, &reason),
                        reason,
                    })?;
                }
                ensure_fits(n_bytes + table.n_bytes(), max_bytes, &read.input.name)?;
            }
            *read = InputRead { rows: n_rows, ..reader.input_read() };
            if join.files.last_line_end == LastLineEnd::Required {
                ensure_last_line_end(read, &names)?;
            }
        }
        table.complete(profile, join)?;
        n_bytes += table.n_bytes();
        tables.push(table);
    }
    Ok(tables)
}

fn ensure_fits(n_bytes: usize, max_bytes: usize, name: &str) -> Result<(), ShuffleError> {
    if n_bytes <= max_bytes {
        return Ok(());
    }
    let size = |bytes: usize| ByteSize(bytes as u64).display().si().to_string();
    Err(ShuffleError::SideFileTooLarge { name: name.to_owned(), max: size(max_bytes) })
}

fn ensure_last_line_end(read: &InputRead, names: &InputNames) -> Result<(), ShuffleError> {
    match read.unterminated {
        Some(last) => Err(ShuffleError::NoLastLineEnd { position: names.locate(last) }),
        None => Ok(()),
    }
}
