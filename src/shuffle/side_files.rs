//! Side files: reads the files beside an export into tables, before the export is read.
//!
//! They are read as an export is, in the dialect of their join. A table that does not fit into
//! memory is sorted by its keys on disk. Called by `pipeline`; `blocks` and `scattered` join the
//! rows.

use std::{io, path::Path};

use super::{
    error::{ShuffleError, side_row_hint},
    settings::dialect,
};
use crate::{
    group::{MAX_HEADERS, RepeatedHeaders},
    map::{SideStore, SideTable, UnfitRow, input_settings::LastLineEnd, profile::Profile},
    model::{
        input::{ExportRead, InputRead, SideInput},
        origin::{FileId, InputNames},
    },
    read::{Block, BlockReader, Piece, ReadSettings},
    spill::{lookup::Lookup, sorter::Sorter},
};

/// Reads the side files of an export, which must be found already. `max_bytes` is the memory that
/// the tables may take; what is larger is in `folder`.
///
/// # Errors
///
/// [`ShuffleError`], for a file that cannot be read or does not fit its join: a row that is
/// unreadable may be that of any order.
pub fn read_side_files(
    profile: &Profile,
    settings: &ReadSettings<'_>,
    files: &mut ExportRead,
    (max_bytes, folder): (usize, &Path),
) -> Result<Vec<SideTable>, ShuffleError> {
    let (names, n_inputs) = (files.names(), files.inputs.len());
    let (mut tables, mut n_bytes) = (Vec::new(), 0);
    // The rest is for sorting.
    let max_in_memory = max_bytes - max_bytes / 4;
    for (number, join) in profile.joins.iter().enumerate() {
        let (mut table, mut sorter) = (SideTable::new(join), None);
        let unreadable = |error| ShuffleError::SideFile { join: join.name.clone(), error };
        let dialect = dialect(&join.files);
        let settings = ReadSettings { dialect, ..*settings };
        let id = |index| FileId(u32::try_from(n_inputs + index).unwrap_or(u32::MAX));
        let of_join = |(_, side): &(usize, &mut SideInput)| side.join == join.name;
        let mut headers = Vec::new();
        for (index, SideInput { read, .. }) in
            files.side_files.iter_mut().enumerate().filter(of_join)
        {
            let reader = BlockReader::open(&read.input, id(index), &settings);
            headers.extend(reader.map_err(unreadable)?.parser().header().cloned());
        }
        table.set_headers((profile, join), headers.iter().map(|header| &**header));
        for (index, SideInput { read, .. }) in
            files.side_files.iter_mut().enumerate().filter(of_join)
        {
            let id = id(index);
            let reader = BlockReader::open_hashed(&read.input, id, &settings);
            let mut reader = reader.map_err(unreadable)?;
            let parser = reader.parser().clone();
            let header = parser.header().map(|header| &**header);
            let side = table.bind((profile, join), header, (id, &read.input.name))?;
            if let Some(skipped) = reader.skipped_line() {
                for row in parser.parse([skipped]).map_err(unreadable)?.rows() {
                    table.add_skipped(&side, &row);
                }
            }
            let (mut block, mut n_rows) = (Block::default(), 0);
            while reader.next_block(&mut block).map_err(unreadable)? {
                for row in parser.parse([Piece::from(&block)]).map_err(unreadable)?.rows() {
                    n_rows += 1;
                    table.add(&side, &row).map_err(|unfit| {
                        unfit_row(unfit, names.locate(row.origin.position()), &join.name)
                    })?;
                }
                if table.repeated_headers().len() > MAX_HEADERS {
                    let file = read.input.name.clone();
                    return Err(ShuffleError::TooManySideHeaders { file, join: join.name.clone() });
                }
                if n_bytes + table.n_bytes() > max_in_memory {
                    let name = format!("side-rows-{number}");
                    let new = || Sorter::new(folder, &name, max_bytes / 4);
                    spill(&mut table, sorter.get_or_insert_with(new))?;
                }
            }
            *read = InputRead { rows: n_rows, ..reader.input_read() };
            if join.files.last_line_end == LastLineEnd::Required {
                ensure_last_line_end(read, &names)?;
            }
        }
        if let Some(sorter) = sorter {
            spill(&mut table, &sorter)?;
            let name = format!("side-table-{number}");
            let rows = Lookup::write(folder, &name, sorter.sorted()?)?;
            table.set_store(Box::new(RowsOnDisk(rows)));
        }
        table.complete(profile, join)?;
        n_bytes += table.n_bytes();
        tables.push(table);
    }
    Ok(tables)
}

/// Returns an error if a row of a side file could not be read back: orders may lack it.
pub(super) fn ensure_found(tables: &[SideTable]) -> Result<(), ShuffleError> {
    match tables.iter().find_map(SideTable::failure) {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
}

/// Moves the rows of a table to a sorter.
fn spill(table: &mut SideTable, to: &Sorter<(u64, u64)>) -> io::Result<()> {
    table.drain(|hash, number, row| to.push((hash, number), row))
}

/// The rows of a table on disk.
#[derive(Debug)]
struct RowsOnDisk(Lookup);

impl SideStore for RowsOnDisk {
    fn find(&self, hash: u64, visit: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        self.0.find(hash, visit)
    }

    fn for_each(&self, visit: &mut dyn FnMut(&[u8])) -> io::Result<()> {
        self.0.for_each(visit)
    }
}

/// The error of a row that does not fit its file. Any order may need the row.
fn unfit_row(unfit: UnfitRow, position: String, join: &str) -> ShuffleError {
    match unfit {
        UnfitRow::Unreadable(reason) => {
            ShuffleError::SideRow { position, hint: side_row_hint(join, &reason), reason }
        }
        UnfitRow::ExchangedHeader => ShuffleError::ExchangedHeader { position },
    }
}

/// The headers within side files, below which a second export begins.
pub(super) fn repeated_headers(tables: &[SideTable]) -> RepeatedHeaders {
    let mut headers = RepeatedHeaders::default();
    for table in tables {
        headers.append(table.repeated_headers().to_vec());
    }
    headers
}

fn ensure_last_line_end(read: &InputRead, names: &InputNames) -> Result<(), ShuffleError> {
    match read.unterminated {
        Some(last) => Err(ShuffleError::NoLastLineEnd { position: names.locate(last) }),
        None => Ok(()),
    }
}
