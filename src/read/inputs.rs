//! What the user named → the files to read, in a stable order, each once.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::{Fingerprint, InputFormat, ReadError, decompress};
use crate::model::{order::OrderId, printable::printable};

/// The name that stands for standard input.
pub const STDIN: &str = "-";

/// A file to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// As messages and reports name it, in one line that steers no terminal.
    pub name: String,
    /// Where its bytes are; for standard input the file it was copied to.
    pub path: PathBuf,
    /// Its state when it was found. Whoever opens it finds it like that, or it has changed.
    pub fingerprint: Fingerprint,
}

impl InputFile {
    /// A file that exists.
    pub fn new(name: &str, path: &Path) -> Result<Self, ReadError> {
        let to_read_error = |error| ReadError::Io { name: name.to_owned(), error };
        let fingerprint = Fingerprint::wait_stable(path).map_err(to_read_error)?;
        Ok(Self { name: name.to_owned(), path: path.to_owned(), fingerprint })
    }

    /// Whether the file is still there as it was found.
    #[must_use]
    pub fn is_unchanged(&self) -> bool {
        Fingerprint::at(&self.path)
            .is_ok_and(|now| self.fingerprint.is_same_file(&now) && self.fingerprint.is_unmodified(&now, true))
    }

    /// That nothing was written to the file since it was found. One that is gone, or in whose place another one is, was
    /// moved or replaced as a whole.
    ///
    /// # Errors
    ///
    /// [`ReadError::Changed`].
    pub fn ensure_unmodified(&self) -> Result<(), ReadError> {
        match Fingerprint::at(&self.path).ok().filter(|now| self.fingerprint.is_same_file(now)) {
            Some(now) if !self.fingerprint.is_unmodified(&now, true) => Err(self.changed(&now)),
            _ => Ok(()),
        }
    }

    /// Opens the file if it is still the one that was found, and as it was.
    pub(super) fn open(&self) -> Result<fs::File, ReadError> {
        let file = fs::File::open(&self.path).map_err(|error| self.error(error))?;
        let now = Fingerprint::from_metadata(&file.metadata().map_err(|error| self.error(error))?);
        if self.fingerprint.is_same_file(&now) && self.fingerprint.is_unmodified(&now, true) {
            Ok(file)
        } else {
            Err(self.changed(&now))
        }
    }

    /// That the open file is as it was found, wherever it is now.
    pub(super) fn ensure_unchanged(&self, file: &fs::File) -> Result<(), ReadError> {
        // In this order: a file that is moved in between is not taken for one that was written to.
        let now = Fingerprint::from_metadata(&file.metadata().map_err(|error| self.error(error))?);
        let is_in_place = Fingerprint::at(&self.path).is_ok_and(|there| there.is_same_file(&now));
        if self.fingerprint.is_unmodified(&now, is_in_place) { Ok(()) } else { Err(self.changed(&now)) }
    }

    fn changed(&self, now: &Fingerprint) -> ReadError {
        ReadError::Changed { name: self.name.clone(), difference: self.fingerprint.difference(now) }
    }

    /// Whether its size on disk is that of its text; not sure where it cannot be read.
    #[must_use]
    pub fn is_uncompressed(&self) -> bool {
        fs::File::open(&self.path)
            .and_then(|mut file| decompress::detect_compression(&mut file))
            .is_ok_and(|compression| compression.is_none())
    }

    pub(super) fn error(&self, error: io::Error) -> ReadError {
        ReadError::Io { name: self.name.clone(), error }
    }
}

/// The files that `named` stands for: a file, a folder (its exports, by name, not those in folders below), a glob. A
/// file that is named twice is read once. What cannot be read twice, standard input and pipes, is first copied to
/// a file by `spool`, which is told its name.
pub fn find(
    names: &[String],
    mut spool: impl FnMut(&str) -> Result<PathBuf, ReadError>,
) -> Result<Vec<InputFile>, ReadError> {
    let mut inputs = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for name in names {
        for path in paths(name)? {
            let display_name = path.to_string_lossy().into_owned();
            if !seen.insert(fs::canonicalize(&path).unwrap_or_else(|_| path.clone())) {
                continue;
            }
            let is_stream = display_name == STDIN || fs::metadata(&path).is_ok_and(|meta| !meta.is_file());
            let file_path = if is_stream { spool(&display_name)? } else { path };
            inputs.push(InputFile::new(&printable(&display_name), &file_path)?);
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
    found.sort();
    if found.is_empty() { Err(ReadError::NoInput(name.to_owned())) } else { Ok(found) }
}

/// Whether a file holds the reasons beside the rejects of a run, which can be fed back as a folder.
fn is_reasons_file(path: &Path) -> bool {
    path.to_string_lossy().ends_with(".reasons.ndjson")
}

/// The form that a file's name tells; an ending for its packing does not count.
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

    fn no_spool(_: &str) -> Result<PathBuf, ReadError> {
        panic!("nothing to spool")
    }

    fn file_names(named: &[String]) -> Vec<String> {
        let found = find(named, no_spool).unwrap();
        found.iter().map(|input| input.path.file_name().unwrap().to_string_lossy().into_owned()).collect()
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
            Ok(copy.clone())
        });
        assert_eq!(found.unwrap(), [InputFile::new("-", &copy).unwrap()]);
    }
}
