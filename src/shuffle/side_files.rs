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
    map::{
        SideStore, SideTable, UnfitRow, input_settings::LastLineEnd, join::Join, profile::Profile,
    },
    model::{
        input::{ExportRead, InputRead, SideInput},
        origin::{FileId, InputNames},
    },
    read::{Block, BlockReader, Piece, ReadError, ReadSettings},
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
    for (number, join) in profile.joins.iter().enumerate() {
        if files.absent_joins.contains(&join.name) {
            tables.push(SideTable::without_file(profile, join));
            continue;
        }
        let id = |index| FileId(u32::try_from(n_inputs + index).unwrap_or(u32::MAX));
        let numbered = files.side_files.iter_mut().enumerate();
        let of_join = numbered.filter(|(_, side)| side.join == join.name);
        let of_join = of_join.map(|(index, SideInput { read, .. })| (id(index), read)).collect();
        let reader = JoinReader {
            profile,
            join,
            number,
            settings: ReadSettings { dialect: dialect(&join.files), ..*settings },
            names: &names,
            folder,
            // The rest of the memory is for sorting.
            max_table_bytes: (max_bytes - max_bytes / 4).saturating_sub(n_bytes),
            max_sorter_bytes: max_bytes / 4,
            table: SideTable::new(join),
            sorter: None,
        };
        let table = reader.read(of_join)?;
        n_bytes += table.n_bytes();
        tables.push(table);
    }
    Ok(tables)
}

/// Reads the files of a join into its table.
struct JoinReader<'r> {
    profile: &'r Profile,
    join: &'r Join,
    /// The number of the join within the profile.
    number: usize,
    settings: ReadSettings<'r>,
    names: &'r InputNames,
    folder: &'r Path,
    max_table_bytes: usize,
    max_sorter_bytes: usize,
    table: SideTable,
    /// The rows that did not fit into the table.
    sorter: Option<Sorter<(u64, u64)>>,
}

impl JoinReader<'_> {
    fn read(mut self, mut files: Vec<(FileId, &mut InputRead)>) -> Result<SideTable, ShuffleError> {
        let mut headers = Vec::new();
        for (id, read) in &files {
            let reader = BlockReader::open(&read.input, *id, &self.settings);
            let reader = reader.map_err(|error| self.unreadable(error))?;
            headers.extend(reader.parser().header().cloned());
        }
        let of_join = (self.profile, self.join);
        self.table.set_headers(of_join, headers.iter().map(|header| &**header));
        for (id, read) in &mut files {
            self.add_file(*id, read)?;
        }
        if self.sorter.is_some() {
            self.spill()?;
        }
        if let Some(sorter) = self.sorter {
            let name = format!("side-table-{}", self.number);
            let rows = Lookup::write(self.folder, &name, sorter.sorted()?)?;
            self.table.set_store(Box::new(RowsOnDisk(rows)));
        }
        self.table.complete(self.profile, self.join)?;
        Ok(self.table)
    }

    /// Adds the rows of a file.
    fn add_file(&mut self, id: FileId, read: &mut InputRead) -> Result<(), ShuffleError> {
        let reader = BlockReader::open_hashed(&read.input, id, &self.settings);
        let mut reader = reader.map_err(|error| self.unreadable(error))?;
        let parser = reader.parser().clone();
        let header = parser.header().map(|header| &**header);
        let side = self.table.bind((self.profile, self.join), header, (id, &read.input.name))?;
        if let Some(skipped) = reader.skipped_line() {
            let skipped = parser.parse([skipped]).map_err(|error| self.unreadable(error))?;
            skipped.rows().for_each(|row| self.table.add_skipped(&side, &row));
        }
        let (mut block, mut n_rows) = (Block::default(), 0);
        while reader.next_block(&mut block).map_err(|error| self.unreadable(error))? {
            let rows = parser.parse([Piece::from(&block)]);
            for row in rows.map_err(|error| self.unreadable(error))?.rows() {
                n_rows += 1;
                let place = || self.names.locate(row.origin.position());
                let added = self.table.add(&side, &row);
                added.map_err(|unfit| unfit_row(unfit, place(), &self.join.name))?;
            }
            if self.table.repeated_headers().len() > MAX_HEADERS {
                let file = read.input.name.clone();
                return Err(ShuffleError::TooManySideHeaders {
                    file,
                    join: self.join.name.clone(),
                });
            }
            if self.table.n_bytes() > self.max_table_bytes {
                self.spill()?;
            }
        }
        *read = InputRead { rows: n_rows, ..reader.input_read() };
        if self.join.files.last_line_end == LastLineEnd::Required {
            ensure_last_line_end(read, self.names)?;
        }
        Ok(())
    }

    /// Moves the rows of the table to the sorter.
    fn spill(&mut self) -> io::Result<()> {
        let name = format!("side-rows-{}", self.number);
        let new = || Sorter::new(self.folder, &name, self.max_sorter_bytes);
        let sorter = self.sorter.get_or_insert_with(new);
        self.table.drain(|hash, number, row| sorter.push((hash, number), row))
    }

    fn unreadable(&self, error: ReadError) -> ShuffleError {
        ShuffleError::SideFile { join: self.join.name.clone(), error }
    }
}

/// Returns an error if a row of a side file could not be read back: orders may lack it.
pub(super) fn ensure_found(tables: &[SideTable]) -> Result<(), ShuffleError> {
    match tables.iter().find_map(SideTable::failure) {
        Some(error) => Err(error.into()),
        None => Ok(()),
    }
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
