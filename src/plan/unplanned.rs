//! Unplanned orders: those with a result before anything is sent, as a file beside the plan.
//!
//! A run that resumes the plan reports them too. It does not interpret them. Written by `pipeline`
//! while it reads the export, and read by it for a resume.

use std::{
    io::{self, BufRead, BufWriter, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{
    digest::{DigestWriter, PlanDigest},
    error::{PlanError, unreadable},
};
use crate::{
    model::{
        order::OrderRecord,
        outcome::OrderResult,
        unsendable::{UnplannedOrder, Unsendable},
    },
    storage::{RunFile, RunFolder, Storage, StorageError},
};

/// Name of the file in the run folder.
// The name is older than the term `unplanned` and stays, since users see it.
pub(super) const FILE: &str = "left_out.ndjson";

/// Line of an order; `R`, `S` and `U` are references for writing.
#[derive(Serialize, Deserialize)]
struct UnplannedLine<R, S, U> {
    order: R,
    result: S,
    #[serde(default = "Option::default", skip_serializing_if = "Option::is_none")]
    unsendable: Option<U>,
}

/// Appends the line of an unplanned order to `lines`.
pub fn write_unplanned(
    lines: &mut Vec<u8>,
    order: &OrderRecord,
    result: &OrderResult,
    unsendable: Option<&Unsendable>,
) {
    let line = UnplannedLine { order, result, unsendable };
    serde_json::to_writer(&mut *lines, &line)
        .expect("text and numbers always serialize, and a Vec accepts all bytes");
    lines.push(b'\n');
}

/// Writes the file of unplanned orders.
pub struct UnplannedWriter {
    file: DigestWriter<BufWriter<RunFile>>,
    path: PathBuf,
}

impl UnplannedWriter {
    /// Creates an empty file in the run folder.
    pub fn create(folder: &RunFolder) -> Result<Self, StorageError> {
        let file = DigestWriter::new(BufWriter::new(folder.create_file(FILE)?));
        Ok(Self { file, path: folder.file(FILE) })
    }

    /// Appends lines of [`write_unplanned`].
    pub fn add(&mut self, lines: &[u8]) -> Result<(), StorageError> {
        self.file.write_all(lines).map_err(StorageError::at(&self.path, "write"))
    }

    /// Writes the rest to disk, so that it survives a power cut, and returns the digest of the
    /// file.
    pub fn finish(self) -> Result<PlanDigest, StorageError> {
        self.file.sync().map_err(StorageError::at(self.path, "write"))
    }
}

/// Reads the unplanned orders of the run in a folder.
pub(super) fn read_unplanned(
    folder: &Path,
    storage: &dyn Storage,
) -> Result<impl Iterator<Item = Result<UnplannedOrder, PlanError>> + use<>, PlanError> {
    let path = folder.join(FILE);
    let file = storage.open(&path.as_path().into(), 0).map_err(unreadable(&path))?;
    Ok(file.lines().enumerate().map(move |(index, line)| {
        let line = line.map_err(unreadable(&path))?;
        let in_line =
            |error| unreadable(&path)(io::Error::other(format!("line {}: {error}", index + 1)));
        let UnplannedLine { order, result, unsendable } =
            serde_json::from_str(&line).map_err(in_line)?;
        Ok(UnplannedOrder { record: order, result, unsendable })
    }))
}
