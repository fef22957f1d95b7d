//! Inputs of a run: from the names that the user typed to the files.
//!
//! It reads no rows. An input that can be read only once is copied into the run folder first.
//! Called by `run` before the export is read.

use std::{
    io::{self, Read},
    path,
};

use super::spec::RunSpec;
use crate::{
    model::input::{ExportRead, InputRead, Location},
    read::{ReadError, inputs},
    storage::{RunFolder, spool},
};

/// Finds the inputs of a run. Those that can be read only once are copied into the run folder.
// A second pass and `rejects/` read the inputs again.
pub(super) fn find(spec: &RunSpec<'_>, folder: &RunFolder) -> Result<ExportRead, ReadError> {
    let mut spooled: Vec<Location> = Vec::new();
    let found = inputs::find(&*spec.storage, &spec.inputs, |name| {
        let copy_name = format!(".input-{}", spooled.len() + 1);
        // Before it is written: a copy that is incomplete must be removed as well.
        // Absolute, because a run in another working folder may resume this one.
        let copy = Location::from(path::absolute(folder.file(&copy_name))?);
        spooled.push(copy.clone());
        spool(&mut *open_stream(spec, name)?, folder, &copy_name)?;
        Ok(copy)
    })?;
    Ok(ExportRead {
        inputs: found.into_iter().map(InputRead::unread).collect(),
        spooled,
        ..ExportRead::default()
    })
}

fn open_stream(spec: &RunSpec<'_>, name: &str) -> io::Result<Box<dyn Read>> {
    if name == inputs::STDIN {
        return Ok(Box::new(io::stdin().lock()));
    }
    Ok(spec.storage.open(&name.into(), 0)?)
}
