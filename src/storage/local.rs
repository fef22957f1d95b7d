//! Local files, pipes and folders as a storage.
//!
//! Called through [`Storage`]; `folder` writes.

use std::{
    fs::{self, File, Metadata},
    io::{self, BufReader, ErrorKind, Seek, SeekFrom},
    path::{Path, PathBuf},
    thread,
    time::{Duration, UNIX_EPOCH},
};

use super::source::{ByteStream, Listing, Source, Storage, StorageEntry};
use crate::model::input::{Inode, Location, Version};

/// The longest time within which two writes may leave the same modification time.
//
// The coarsest clock that a Linux file system takes its times from ticks 100 times a second.
const CLOCK_TICK: Duration = Duration::from_millis(10);

/// Bytes per read where the caller asks for less.
//
// Not more: `Read::read_to_end` begins with reads of this size, and reads that are not smaller than
// the buffer bypass it, so a block is read without a copy.
const BUFFER_BYTES: usize = 8 * 1024;

/// The files of this machine.
#[derive(Debug, Clone, Copy)]
pub struct LocalStorage;

impl Storage for LocalStorage {
    fn list(&self, name: &str) -> io::Result<Listing> {
        let path = Path::new(name);
        if path.is_dir() {
            return folder_entries(path).map(Listing::Folder);
        }
        // An existing file is read even if its name looks like a pattern.
        if path.exists() || !name.contains(['*', '?', '[']) {
            return Ok(Listing::One(entry(path.to_owned())));
        }
        let matching =
            glob::glob(name).map_err(|error| io::Error::new(ErrorKind::InvalidInput, error))?;
        let paths: Vec<PathBuf> = matching.collect::<Result<_, _>>().map_err(io::Error::from)?;
        Ok(Listing::Pattern(paths.into_iter().filter(|path| !path.is_dir()).map(entry).collect()))
    }

    fn version(&self, location: &Location) -> io::Result<Version> {
        fs::metadata(location.as_path()).map(|metadata| version_of(&metadata))
    }

    /// Waits for the next tick of the clock if the last write was within this one.
    fn stable_version(&self, location: &Location) -> io::Result<Version> {
        let found = self.version(location)?;
        match found
            .modified
            .and_then(|modified| modified.elapsed().ok())
            .and_then(|age| CLOCK_TICK.checked_sub(age))
        {
            None => Ok(found),
            Some(remaining) => {
                thread::sleep(remaining);
                self.version(location)
            }
        }
    }

    fn open(&self, location: &Location, start: u64) -> io::Result<Box<dyn Source>> {
        let mut file = File::open(location.as_path())?;
        // A pipe has no position.
        if start > 0 {
            file.seek(SeekFrom::Start(start))?;
        }
        Ok(Box::new(BufReader::with_capacity(BUFFER_BYTES, file)))
    }
}

/// What is directly in a folder, without its folders.
fn folder_entries(folder: &Path) -> io::Result<Vec<StorageEntry>> {
    let mut paths = Vec::new();
    for file in fs::read_dir(folder)? {
        let path = file?.path();
        if !path.is_dir() {
            paths.push(path);
        }
    }
    // `read_dir` lists in the order of the file system, which differs between machines.
    paths.sort();
    Ok(paths.into_iter().map(entry).collect())
}

fn entry(path: PathBuf) -> StorageEntry {
    StorageEntry {
        name: path.to_string_lossy().into_owned(),
        is_stream: fs::metadata(&path).is_ok_and(|metadata| !metadata.is_file()),
        canonical: fs::canonicalize(&path).unwrap_or_else(|_| path.clone()).into(),
        // Absolute, since a later run may resume from another working folder.
        location: std::path::absolute(&path).unwrap_or(path).into(),
    }
}

// `BufReader` itself, not a type of ours around it: that one could not forward `Read::read_buf`,
// and each block would be filled with zeros before it is read.
impl ByteStream for BufReader<File> {
    fn skip(&mut self, n_bytes: u64) -> io::Result<()> {
        match i64::try_from(n_bytes) {
            Ok(n_bytes) => self.seek_relative(n_bytes),
            Err(error) => Err(io::Error::new(ErrorKind::InvalidInput, error)),
        }
    }
}

impl Source for BufReader<File> {
    fn version(&self) -> io::Result<Version> {
        self.get_ref().metadata().map(|metadata| version_of(&metadata))
    }

    fn position(&self) -> io::Result<u64> {
        // Through a reference: that of the file itself needs `&mut`.
        let mut file = self.get_ref();
        file.stream_position()
    }
}

fn version_of(metadata: &Metadata) -> Version {
    // A plan cannot store a time before 1970.
    let modified = metadata.modified().ok().filter(|time| *time >= UNIX_EPOCH);
    Version { size: metadata.len(), modified, inode: inode(metadata) }
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems do not identify files")]
fn inode(metadata: &Metadata) -> Option<Inode> {
    use std::os::unix::fs::MetadataExt;
    Some(Inode {
        device: metadata.dev(),
        number: metadata.ino(),
        links: metadata.nlink(),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    })
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> Option<Inode> {
    None
}
