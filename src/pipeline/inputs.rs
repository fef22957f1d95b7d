//! Inputs of a run: from the names that the user typed to the files.
//!
//! It reads no rows. An input that can be read only once is copied into the run folder first.
//! Called by `run` before the export is read.

use std::{fs::File, io};

use crate::{
    model::input::{ExportRead, Input, InputRead, Location},
    read::{ReadError, decompress, inputs},
    report::DecompressedRead,
    storage::RunFolder,
};

/// Finds the inputs that the user named. Those that can be read only once are copied into the run folder.
// A second pass and `rejects/` read the inputs again.
pub(super) fn find(names: &[String], folder: &RunFolder) -> Result<ExportRead, ReadError> {
    let mut spooled: Vec<Location> = Vec::new();
    let found = inputs::find(names, |name| {
        let copy = format!(".input-{}", spooled.len() + 1);
        spooled.push(folder.file(&copy).into());
        spool(name, folder, &copy)
    })?;
    Ok(ExportRead { inputs: found.into_iter().map(InputRead::unread).collect(), spooled, ..ExportRead::default() })
}

/// Copies an input that can be read only once into the run folder, which other users cannot read.
fn spool(name: &str, folder: &RunFolder, copy_name: &str) -> Result<Location, ReadError> {
    let in_error = |error: io::Error| ReadError::Io { name: name.to_owned(), error };
    let mut copy = folder.create_file(copy_name).map_err(|error| in_error(io::Error::other(error.to_string())))?;
    if name == inputs::STDIN {
        io::copy(&mut io::stdin().lock(), &mut copy).map_err(in_error)?;
    } else {
        io::copy(&mut File::open(name).map_err(in_error)?, &mut copy).map_err(in_error)?;
    }
    Ok(folder.file(copy_name).into())
}

/// Opens an input again, to copy its rejected rows. None if it was moved, replaced or changed after
/// it was read.
pub(super) fn reopen(input: &Input) -> io::Result<Option<Box<dyn DecompressedRead>>> {
    if !inputs::is_unchanged(input) {
        return Ok(None);
    }
    Ok(Some(Box::new(decompress::open(input.location.as_path())?)))
}

impl DecompressedRead for decompress::Decompressed {
    fn skip(&mut self, n_bytes: u64) -> io::Result<()> {
        Self::skip(self, n_bytes)
    }
}
