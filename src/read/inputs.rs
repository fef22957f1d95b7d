//! Input discovery: resolves INPUT arguments (file, folder, glob, `-`) to the files to read, each
//! once and in a stable order.
//!
//! Keeps the state in which each file was found, so that a later change is detected. Does not
//! parse. Called by `shuffle`; `block_reader` opens and checks files through it.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{decompress, dialect::InputFormat, error::ReadError};
use crate::{
    model::{
        input::{Input, Location, Version},
        order::OrderId,
        printable::printable,
    },
    storage::local,
};

/// The name for standard input.
pub const STDIN: &str = "-";

/// An existing file in its present state.
pub fn find_one(name: &str, location: Location) -> Result<Input, ReadError> {
    let to_read_error = |error| ReadError::Io { name: name.to_owned(), error };
    let version = local::stable_version(location.as_path()).map_err(to_read_error)?;
    Ok(Input { name: name.to_owned(), location, version })
}

/// Whether its location still names the same, unmodified file.
#[must_use]
pub fn is_unchanged(input: &Input) -> bool {
    local::version(input.location.as_path())
        .is_ok_and(|now| input.version.is_same_file(&now) && input.version.is_unmodified(&now, true))
}

/// Checks that nothing was written to the file since it was found.
///
/// # Errors
///
/// [`ReadError::Changed`].
pub fn ensure_unmodified(input: &Input) -> Result<(), ReadError> {
    // A location that is gone or names another file was moved or replaced as a whole: what was read
    // from the open file is complete.
    match local::version(input.location.as_path()).ok().filter(|now| input.version.is_same_file(now)) {
        Some(now) if !input.version.is_unmodified(&now, true) => Err(changed(input, &now)),
        _ => Ok(()),
    }
}

/// Opens the file if it is the one that was found and is unmodified.
pub(super) fn open(input: &Input) -> Result<fs::File, ReadError> {
    let file = fs::File::open(input.location.as_path()).map_err(|error| io_error(input, error))?;
    // The state of the open file, not of the path, which may name another file by now.
    let now = local::version_of(&file.metadata().map_err(|error| io_error(input, error))?);
    if input.version.is_same_file(&now) && input.version.is_unmodified(&now, true) {
        Ok(file)
    } else {
        Err(changed(input, &now))
    }
}

/// Checks that the open file is unmodified, wherever its path is now.
pub(super) fn ensure_unchanged(input: &Input, file: &fs::File) -> Result<(), ReadError> {
    // The open file first, then the path: a file that is moved between the two calls must not
    // count as written to.
    let now = local::version_of(&file.metadata().map_err(|error| io_error(input, error))?);
    let is_in_place = local::version(input.location.as_path()).is_ok_and(|there| there.is_same_file(&now));
    if input.version.is_unmodified(&now, is_in_place) { Ok(()) } else { Err(changed(input, &now)) }
}

fn changed(input: &Input, now: &Version) -> ReadError {
    ReadError::Changed { name: input.name.clone(), difference: input.version.difference(now) }
}

/// Whether its size on disk is the size of its text; false where it cannot be read.
#[must_use]
pub fn is_uncompressed(input: &Input) -> bool {
    fs::File::open(input.location.as_path())
        .and_then(|mut file| decompress::detect_compression(&mut file))
        .is_ok_and(|compression| compression.is_none())
}

pub(super) fn io_error(input: &Input, error: io::Error) -> ReadError {
    ReadError::Io { name: input.name.clone(), error }
}

/// Resolves `names` to files: a file, a folder (its exports, sorted by name, without subfolders), a
/// glob. A file that is named twice is read once. Standard input and pipes cannot be read twice, so
/// `spool` copies them to a file first; it receives the name.
pub fn find(
    names: &[String],
    mut spool: impl FnMut(&str) -> Result<Location, ReadError>,
) -> Result<Vec<Input>, ReadError> {
    let mut inputs = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for name in names {
        for path in paths(name)? {
            let display_name = path.to_string_lossy().into_owned();
            // By canonical path: read under two names, a file would make each of its orders a
            // duplicate.
            if !seen.insert(fs::canonicalize(&path).unwrap_or_else(|_| path.clone())) {
                continue;
            }
            let is_stream = display_name == STDIN || fs::metadata(&path).is_ok_and(|meta| !meta.is_file());
            // Absolute, since a later run may resume from another working folder.
            let location = match is_stream {
                true => spool(&display_name)?,
                false => std::path::absolute(&path).unwrap_or(path).into(),
            };
            inputs.push(find_one(&printable(&display_name), location)?);
        }
    }
    if inputs.len() > OrderId::MAX_FILES { Err(ReadError::TooManyInputs(inputs.len())) } else { Ok(inputs) }
}

fn paths(name: &str) -> Result<Vec<PathBuf>, ReadError> {
    let path = Path::new(name);
    if name == STDIN {
        return Ok(vec![path.to_owned()]);
    }
    if path.is_dir() {
        return exports_in(path, name);
    }
    // An existing file is read even if its name looks like a pattern.
    if path.exists() || !name.contains(['*', '?', '[']) {
        return Ok(vec![path.to_owned()]);
    }
    let pattern = glob::glob(name).map_err(|source| ReadError::BadPattern(name.to_owned(), source))?;
    let mut found = Vec::new();
    for path in pattern {
        let unreadable = |error: glob::GlobError| ReadError::Io { name: name.to_owned(), error: error.into() };
        found.push(path.map_err(unreadable)?);
    }
    found.retain(|path| !path.is_dir() && !is_reasons_file(path));
    if found.is_empty() { Err(ReadError::NoInput(name.to_owned())) } else { Ok(found) }
}

fn exports_in(folder: &Path, name: &str) -> Result<Vec<PathBuf>, ReadError> {
    let to_read_error = |error| ReadError::Io { name: name.to_owned(), error };
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(to_read_error)? {
        let path = entry.map_err(to_read_error)?.path();
        if !path.is_dir() && format_by_name(&path).is_some() && !is_reasons_file(&path) {
            found.push(path);
        }
    }
    // `read_dir` lists in the order of the file system, which differs between machines.
    found.sort();
    if found.is_empty() { Err(ReadError::NoInput(name.to_owned())) } else { Ok(found) }
}

/// Whether a file holds the reasons of a run's rejects. The folder of rejects can be an input
/// itself.
fn is_reasons_file(path: &Path) -> bool {
    path.to_string_lossy().ends_with(".reasons.ndjson")
}

/// The format that a file's extension means; `.gz` and `.zst` are ignored.
#[must_use]
pub fn format_by_name(path: &Path) -> Option<InputFormat> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    match extension.as_str() {
        "gz" | "zst" => format_by_name(Path::new(path.file_stem()?)),
        "csv" => Some(InputFormat::Csv),
        "ndjson" | "jsonl" | "json" => Some(InputFormat::Ndjson),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_spool(_: &str) -> Result<Location, ReadError> {
        panic!("no input needs spooling")
    }

    fn file_names(names: &[String]) -> Vec<String> {
        let found = find(names, no_spool).unwrap();
        found.iter().map(|input| input.location.as_path().file_name().unwrap().to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn finds_files_in_folders_and_globs_once() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.csv", "a.ndjson.gz", "c.json", "notes.txt", "b.csv.reasons.ndjson"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        assert_eq!(file_names(&[at("")]), ["a.ndjson.gz", "b.csv", "c.json"]);
        assert_eq!(file_names(&[at("*.csv*"), at("b.csv"), at("notes.txt")]), ["b.csv", "notes.txt"]);
        assert!(matches!(find(&[at("*.zip")], no_spool), Err(ReadError::NoInput(_))));
        assert!(matches!(find(&[at("none.csv")], no_spool), Err(ReadError::Io { .. })));
    }

    #[test]
    fn standard_input_is_spooled() {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("copy");
        fs::write(&copy, "a\n").unwrap();
        let found = find(&["-".to_owned()], |name| {
            assert_eq!(name, "-");
            Ok(copy.clone().into())
        });
        assert_eq!(found.unwrap(), [find_one("-", copy.clone().into()).unwrap()]);
    }
}
