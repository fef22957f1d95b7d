//! Input discovery: resolves INPUT arguments (file, folder, glob, `-`) to the files to read, each
//! once and in a stable order. An input that can be read only once is copied into the run folder.
//!
//! Keeps the state in which each file was found, so that a later change is detected. Does not
//! parse. Called by `shuffle` and `pipeline`; `block_reader` opens and checks files through it.

use std::{
    collections::HashSet,
    io::{self, Read},
    path::{self, Path},
};

use super::{
    decompress, error::ReadError, hashed_source::HashedSource, original_stream::OriginalStream,
    text_decoder::TextDecoder,
};
use crate::{
    model::{
        input::{ExportRead, Input, InputFormat, InputRead, Location, Version},
        order::OrderId,
        printable::printable,
    },
    storage::{
        ByteStream, Listing, RunFolder, Source, Storage, StorageEntry, remove_spooled, spool,
    },
};

/// The name for standard input.
pub const STDIN: &str = "-";

/// An existing file in its present state.
pub fn find_one(storage: &dyn Storage, name: &str, location: Location) -> Result<Input, ReadError> {
    let to_read_error = |error| ReadError::Io { name: name.to_owned(), error };
    let version = storage.stable_version(&location).map_err(to_read_error)?;
    Ok(Input { name: name.to_owned(), location, version })
}

/// Opens an input that was read before, as text and from its start; none if its location does not
/// name the same, unmodified file any more.
pub fn reopen(storage: &dyn Storage, read: &InputRead) -> io::Result<Option<Box<dyn ByteStream>>> {
    let input = &read.input;
    if !storage.version(&input.location).is_ok_and(|now| is_as_found(input, &now)) {
        return Ok(None);
    }
    let bytes = decompress::reopen(storage, &input.location)?;
    Ok(Some(match TextDecoder::new(read.encoding) {
        Some(decoder) => Box::new(OriginalStream::new(bytes, decoder)),
        None => bytes,
    }))
}

/// Checks that nothing was written to the file since it was found.
///
/// # Errors
///
/// [`ReadError::Changed`].
pub fn ensure_unmodified(storage: &dyn Storage, input: &Input) -> Result<(), ReadError> {
    // A location that is gone or names another file was moved or replaced as a whole: what was read
    // from the open file is complete.
    match storage.version(&input.location).ok().filter(|now| input.version.is_same_file(now)) {
        Some(now) if !input.version.is_unmodified(&now, true) => Err(changed(input, &now)),
        _ => Ok(()),
    }
}

/// Opens the file if it is the one that was found and is unmodified.
pub(super) fn open(storage: &dyn Storage, input: &Input) -> Result<Box<dyn Source>, ReadError> {
    let source = storage.open(&input.location, 0).map_err(|error| io_error(input, error))?;
    // The version of what is open, not of the location, which may name another file by now.
    let now = source.version().map_err(|error| io_error(input, error))?;
    if is_as_found(input, &now) { Ok(source) } else { Err(changed(input, &now)) }
}

/// Checks that the open file is unmodified, wherever it is now.
pub(super) fn ensure_unchanged(
    storage: &dyn Storage,
    input: &Input,
    source: &dyn Source,
) -> Result<(), ReadError> {
    // The open file first, then its location: a file that is moved between the two calls must not
    // count as written to.
    let now = source.version().map_err(|error| io_error(input, error))?;
    let is_in_place = storage.version(&input.location).is_ok_and(|there| there.is_same_file(&now));
    if input.version.is_unmodified(&now, is_in_place) { Ok(()) } else { Err(changed(input, &now)) }
}

fn is_as_found(input: &Input, now: &Version) -> bool {
    input.version.is_same_file(now) && input.version.is_unmodified(now, true)
}

fn changed(input: &Input, now: &Version) -> ReadError {
    ReadError::Changed { name: input.name.clone(), difference: input.version.difference(now) }
}

/// Whether its size on disk is the size of its text; false where it cannot be read.
#[must_use]
pub fn is_uncompressed(storage: &dyn Storage, input: &Input) -> bool {
    storage
        .open(&input.location, 0)
        .and_then(|source| decompress::detect_compression(&mut HashedSource::unhashed(source)))
        .is_ok_and(|compression| compression.is_none())
}

pub(super) fn io_error(input: &Input, error: io::Error) -> ReadError {
    ReadError::Io { name: input.name.clone(), error }
}

/// Finds the files of a join: one, or those of a pattern, sorted by name.
///
/// # Errors
///
/// [`ReadError`] if there is none, or a folder or a pipe.
pub fn find_side_files(storage: &dyn Storage, pattern: &str) -> Result<Vec<Input>, ReadError> {
    find_inputs(storage, &[pattern.to_owned()], |_| {
        Err(io::Error::other("a pipe is read only once; expected a file"))
    })
}

/// Resolves `names` to files: a file, a folder (its exports, sorted by name, without subfolders), a
/// glob. A file that is named twice is read once. Standard input and pipes are copied into the run
/// folder.
// A second pass and `rejects/` read the inputs again.
pub fn find(
    storage: &dyn Storage,
    names: &[String],
    folder: &RunFolder,
) -> Result<ExportRead, ReadError> {
    let mut spooled = Vec::new();
    let found = find_inputs(storage, names, |name| {
        let copy_name = format!(".input-{}", spooled.len() + 1);
        // Before it is written: an incomplete copy must be removed as well.
        // Absolute, because a run in another working folder may resume this one.
        let copy = Location::from(path::absolute(folder.file(&copy_name))?);
        spooled.push(copy.clone());
        spool(&mut *open_stream(storage, name)?, folder, &copy_name)?;
        Ok(copy)
    });
    let found = found.inspect_err(|_| remove_spooled(&spooled))?;
    let inputs = found.into_iter().map(InputRead::unread).collect();
    Ok(ExportRead { inputs, spooled, ..ExportRead::default() })
}

fn open_stream(storage: &dyn Storage, name: &str) -> io::Result<Box<dyn Read>> {
    if name == STDIN {
        return Ok(Box::new(io::stdin().lock()));
    }
    Ok(storage.open(&name.into(), 0)?)
}

/// Finds the inputs; `spool` receives the name of each that can be read only once, and copies it to
/// a file.
fn find_inputs(
    storage: &dyn Storage,
    names: &[String],
    mut spool: impl FnMut(&str) -> io::Result<Location>,
) -> Result<Vec<Input>, ReadError> {
    let mut inputs = Vec::new();
    let mut seen = HashSet::new();
    for name in names {
        for entry in entries(storage, name)? {
            // By its one name: read under two names, a file would make each of its orders a
            // duplicate.
            if !seen.insert(entry.canonical) {
                continue;
            }
            let location = if entry.is_stream {
                spool(&entry.name)
                    .map_err(|error| ReadError::Io { name: entry.name.clone(), error })?
            } else {
                entry.location
            };
            inputs.push(find_one(storage, &printable(&entry.name), location)?);
        }
    }
    if inputs.len() > OrderId::MAX_FILES {
        Err(ReadError::TooManyInputs(inputs.len()))
    } else {
        Ok(inputs)
    }
}

fn entries(storage: &dyn Storage, name: &str) -> Result<Vec<StorageEntry>, ReadError> {
    if name == STDIN {
        let (location, canonical) = (STDIN.into(), STDIN.into());
        return Ok(vec![StorageEntry {
            name: name.to_owned(),
            location,
            canonical,
            is_stream: true,
        }]);
    }
    let listing =
        storage.list(name).map_err(|error| ReadError::Io { name: name.to_owned(), error })?;
    let found: Vec<StorageEntry> = match listing {
        Listing::One(entry) => return Ok(vec![entry]),
        Listing::Folder(entries) => entries
            .into_iter()
            .filter(|entry| format_by_name(Path::new(&entry.name)).is_some())
            .collect(),
        Listing::Pattern(entries) => entries,
    };
    let exports: Vec<_> = found.into_iter().filter(|entry| !is_reasons_file(&entry.name)).collect();
    if exports.is_empty() { Err(ReadError::NoInput(name.to_owned())) } else { Ok(exports) }
}

/// The end of the name of a file with the reasons of a run's rejects, behind the name of the file
/// with their rows.
const REASONS_SUFFIX: &str = ".reasons.ndjson";

/// Whether a file holds the reasons of a run's rejects. The folder of rejects can be an input
/// itself.
fn is_reasons_file(name: &str) -> bool {
    name.ends_with(REASONS_SUFFIX)
}

/// Whether an input holds the rejects of a run: their reasons are beside it.
#[must_use]
pub fn holds_rejects(storage: &dyn Storage, input: &Input) -> bool {
    let mut reasons = input.location.as_path().as_os_str().to_owned();
    reasons.push(REASONS_SUFFIX);
    storage.version(&reasons.into()).is_ok()
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
    use std::fs;

    use super::*;
    use crate::storage::LocalStorage;

    fn no_spool(_: &str) -> io::Result<Location> {
        panic!("no input needs spooling")
    }

    fn file_names(names: &[String]) -> Vec<String> {
        let found = find_inputs(&LocalStorage, names, no_spool).unwrap();
        found
            .iter()
            .map(|input| {
                input.location.as_path().file_name().unwrap().to_string_lossy().into_owned()
            })
            .collect()
    }

    #[test]
    fn finds_files_in_folders_and_globs_once() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.csv", "a.ndjson.gz", "c.json", "notes.txt", "b.csv.reasons.ndjson"] {
            fs::write(folder.path().join(name), "x").unwrap();
        }
        let at = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        assert_eq!(file_names(&[at("")]), ["a.ndjson.gz", "b.csv", "c.json"]);
        assert_eq!(
            file_names(&[at("*.csv*"), at("b.csv"), at("notes.txt")]),
            ["b.csv", "notes.txt"]
        );
        assert!(matches!(
            find_inputs(&LocalStorage, &[at("*.zip")], no_spool),
            Err(ReadError::NoInput(_))
        ));
        assert!(matches!(
            find_inputs(&LocalStorage, &[at("none.csv")], no_spool),
            Err(ReadError::Io { .. })
        ));
    }

    #[test]
    fn standard_input_is_spooled() {
        let folder = tempfile::tempdir().unwrap();
        let copy = folder.path().join("copy");
        fs::write(&copy, "a\n").unwrap();
        let found = find_inputs(&LocalStorage, &["-".to_owned()], |name| {
            assert_eq!(name, "-");
            Ok(copy.clone().into())
        });
        assert_eq!(found.unwrap(), [find_one(&LocalStorage, "-", copy.clone().into()).unwrap()]);
    }
}
