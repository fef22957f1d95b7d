//! Side files: finds the files that the joins of a profile read, beside the inputs or where the
//! command line names them, and has them read.
//!
//! Called by `run` before the export is read.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
};

use super::{error::Refusal, memory::MemoryBudget, spec::RunSpec};
use crate::{
    map::{SideTable, join::Join},
    model::input::{ExportRead, InputRead, SideInput},
    read::{ReadError, inputs},
    shuffle,
    storage::RunFolder,
};

/// Why a join needs a file.
const NEEDED: &str = "only one with required = false in the profile may have none";

/// How rejects are read whose run had no file of a join.
const OR_NONE: &str = "; an empty FILE is for rejects of a run without it";

/// Finds and reads the side files. With an error come the files that were found.
pub(super) fn open(
    spec: &RunSpec<'_>,
    folder: &RunFolder,
    mut files: ExportRead,
) -> Result<(ExportRead, Vec<SideTable>), (Box<ExportRead>, Refusal)> {
    match find(spec, &mut files).and_then(|()| {
        let memory = (MemoryBudget::split(spec.memory).side_tables, folder.path());
        let settings = spec.read_settings();
        Ok(shuffle::read_side_files(&spec.profile, &settings, &mut files, memory)?)
    }) {
        Ok(tables) => Ok((files, tables)),
        Err(refusal) => Err((Box::new(files), refusal)),
    }
}

/// Adds the side files. One that is among the inputs, as those of a folder are, is none of them.
fn find(spec: &RunSpec<'_>, files: &mut ExportRead) -> Result<(), Refusal> {
    let joins = &spec.profile.joins;
    for (name, _) in &spec.joins {
        if !joins.iter().any(|join| join.name == *name) {
            let known: Vec<_> = joins.iter().map(|join| join.name.as_str()).collect();
            return Err(
                ReadError::UnknownJoin { name: name.clone(), known: known.join(", ") }.into()
            );
        }
    }
    let mut inputs = files.inputs.iter();
    let are_rejects = inputs.any(|read| inputs::holds_rejects(&*spec.storage, &read.input));
    let mut taken = None;
    for join in joins {
        let named = spec.joins.iter().find(|(name, _)| *name == join.name);
        // The files of the joins are not beside rejects, whose run had them.
        let may_be_absent = !join.is_required && named.is_none() && !are_rejects;
        if named.is_some() {
            taken = taken.or(take_files_of_profile(spec, join, files));
        }
        let pattern = match named {
            Some((_, file)) => file.clone(),
            None if join.file.is_none() && may_be_absent => String::new(),
            None => pattern(join, files)?,
        };
        if pattern.is_empty() {
            if join.is_required {
                return Err(not_found(join, NEEDED.to_owned(), true).into());
            }
            files.absent_joins.push(join.name.clone());
            continue;
        }
        let found = match inputs::find_side_files(&*spec.storage, &pattern) {
            Err(error) if may_be_absent && is_missing(&error) => {
                files.absent_joins.push(join.name.clone());
                continue;
            }
            found => found.map_err(|error| {
                let why = match error {
                    ReadError::Io { .. } => error.to_string(),
                    ReadError::NoInput(pattern) => format!("{pattern}: no file found"),
                    error => return error,
                };
                let or_none = if join.is_required || named.is_some() { "" } else { OR_NONE };
                not_found(join, why + or_none, named.is_some())
            })?,
        };
        for input in found {
            let is_other = |read: &InputRead| read.input.location != input.location;
            if !files.inputs.iter().all(is_other) {
                taken = Some((input.name.clone(), join.name.clone()));
            }
            files.inputs.retain(is_other);
            let read = InputRead::unread(input);
            let (join, pattern) = (join.name.clone(), pattern.clone());
            files.side_files.push(SideInput { join, pattern, read });
        }
    }
    match taken.filter(|_| files.inputs.is_empty()) {
        Some((file, join)) => {
            Err(ReadError::OnlySideFiles { inputs: spec.inputs.join(" "), file, join }.into())
        }
        None => Ok(()),
    }
}

/// Whether there is no file, rather than one that cannot be read.
fn is_missing(error: &ReadError) -> bool {
    match error {
        ReadError::Io { error, .. } => error.kind() == io::ErrorKind::NotFound,
        error => matches!(error, ReadError::NoInput(_)),
    }
}

/// Takes the files that the profile names for a join out of the inputs, where the command line
/// names another one: they are no exports.
fn take_files_of_profile(
    spec: &RunSpec<'_>,
    join: &Join,
    files: &mut ExportRead,
) -> Option<(String, String)> {
    let file = join.file.as_ref()?;
    let beside = |read: &InputRead| {
        Path::new(&read.input.name).with_file_name(file).to_string_lossy().into_owned()
    };
    let patterns: BTreeSet<String> = files.inputs.iter().map(beside).collect();
    let mut taken = None;
    for input in patterns
        .iter()
        .filter_map(|pattern| {
            // It need not be there.
            inputs::find_side_files(&*spec.storage, pattern).ok()
        })
        .flatten()
    {
        let n_inputs = files.inputs.len();
        files.inputs.retain(|read| read.input.location != input.location);
        if files.inputs.len() < n_inputs {
            taken = Some((input.name, join.name.clone()));
        }
    }
    taken
}

/// The file that the profile names for a join, or the pattern of its files.
fn pattern(join: &Join, files: &ExportRead) -> Result<String, ReadError> {
    let not_found = |why: &str| not_found(join, why.to_owned(), false);
    let Some(file) = &join.file else {
        return Err(not_found("the profile names none"));
    };
    let mut folders: Vec<PathBuf> = Vec::new();
    for read in &files.inputs {
        let location = &read.input.location;
        if files.spooled.contains(location) {
            return Err(not_found("there is no folder beside standard input or a pipe"));
        }
        let folder = location.as_path().parent().unwrap_or(Path::new(""));
        if !folders.iter().any(|known| known == folder) {
            folders.push(folder.to_owned());
        }
    }
    match folders.as_slice() {
        // Relative to the working folder, as the inputs are named, where that is possible.
        [_] => {
            let name = &files.inputs[0].input.name;
            Ok(Path::new(name).with_file_name(file).to_string_lossy().into_owned())
        }
        _ => Err(not_found("the inputs are in several folders")),
    }
}

fn not_found(join: &Join, why: String, is_named: bool) -> ReadError {
    ReadError::NoSideFile { name: join.name.clone(), why, is_named }
}
