//! Input files of an export: finds them, and records what was read of each.
//!
//! It reads no rows. An input that can be read only once is copied into the run folder first.
//! Called by the pipeline before reading; saved in the header of a plan, so that a resumed run can
//! report them.

use std::{fs::File, io, path::PathBuf};

use serde::{Deserialize, Serialize};

use crate::pipeline::spec::RunSpec;
use crate::{
    map::input_settings,
    model::origin::InputNames,
    read::{Dialect, FileEnd, InputFormat, ReadError, inputs, inputs::InputFile},
    storage::RunFolder,
};

/// The input files of an export, and the counts over all of them.
#[derive(Default, Clone, Serialize, Deserialize)]
pub(crate) struct ExportRead {
    pub(crate) inputs: Vec<InputRead>,
    pub(crate) n_rows: u64,
    pub(crate) n_unreadable: u64,
    /// Orders whose rows were at more than one position.
    #[serde(default)]
    pub(crate) n_scattered: u64,
    /// Lost rows that are counted but not listed.
    #[serde(default)]
    pub(crate) omitted_lost_rows: u64,
    /// Orders with the content of another one that are counted but not listed.
    #[serde(default)]
    pub(crate) omitted_repeated_orders: u64,
    /// Bytes of all files, decompressed.
    #[serde(skip)]
    pub(crate) n_bytes_read: u64,
    /// Paths of the copies of inputs that could be read only once.
    pub(crate) spooled: Vec<PathBuf>,
    /// Whether an earlier run read them, so that they may have changed or been removed.
    pub(crate) is_from_earlier_run: bool,
}

/// An input file, and what was read of it.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct InputRead {
    pub(crate) input: InputFile,
    pub(crate) n_rows: u64,
    pub(crate) end: FileEnd,
    /// Whether it is one JSON array.
    #[serde(default)]
    pub(crate) is_array: bool,
}

impl ExportRead {
    /// Finds the inputs of a run. Those that can be read only once are copied into the run folder.
    // A second pass and `rejects/` read the inputs again.
    pub(crate) fn find(spec: &RunSpec<'_>, folder: &RunFolder) -> Result<Self, ReadError> {
        let mut spooled = Vec::new();
        let found = inputs::find(&spec.inputs, |name| {
            let copy = format!(".input-{}", spooled.len() + 1);
            spooled.push(folder.file(&copy));
            spool(name, folder, &copy)
        })?;
        let end = FileEnd { header: None, has_crlf: false, unterminated: None };
        let unread = |input| InputRead { input, n_rows: 0, end: end.clone(), is_array: false };
        Ok(Self { inputs: found.into_iter().map(unread).collect(), spooled, ..Self::default() })
    }

    /// Returns them with absolute paths, for a later run in another working folder.
    pub(crate) fn with_absolute_paths(&self) -> Self {
        let mut files = self.clone();
        for read in &mut files.inputs {
            if let Ok(path) = std::path::absolute(&read.input.path) {
                read.input.path = path;
            }
        }
        files
    }

    /// Returns the inputs by `FileId`.
    pub(super) fn inputs(&self) -> Vec<InputFile> {
        self.inputs.iter().map(|read| read.input.clone()).collect()
    }

    /// Returns the inputs' names by `FileId`.
    pub(crate) fn names(&self) -> InputNames {
        self.inputs.iter().map(|read| read.input.name.clone()).collect()
    }
}

/// Copies an input that can be read only once into the run folder, which other users cannot read.
fn spool(name: &str, folder: &RunFolder, copy_name: &str) -> Result<PathBuf, ReadError> {
    let in_error = |error: io::Error| ReadError::Io { name: name.to_owned(), error };
    let mut copy = folder.create_file(copy_name).map_err(|error| in_error(io::Error::other(error.to_string())))?;
    if name == inputs::STDIN {
        io::copy(&mut io::stdin().lock(), &mut copy).map_err(in_error)?;
    } else {
        io::copy(&mut File::open(name).map_err(in_error)?, &mut copy).map_err(in_error)?;
    }
    Ok(folder.file(copy_name))
}

/// Returns the dialect that the profile declares.
pub(super) fn dialect(spec: &RunSpec<'_>) -> Dialect {
    let format = spec.profile.format.map(|format| match format {
        input_settings::ProfileFormat::Csv => InputFormat::Csv,
        input_settings::ProfileFormat::Ndjson => InputFormat::Ndjson,
    });
    Dialect { format, delimiter: spec.profile.delimiter }
}
