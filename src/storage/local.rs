//! Local files: their versions, and their removal.

use std::{
    fs::{self, Metadata},
    io,
    path::Path,
    thread,
    time::{Duration, UNIX_EPOCH},
};

use crate::model::input::{Inode, Location, Version};

/// The longest time within which two writes may leave the same modification time.
//
// The coarsest clock that a Linux file system takes its times from ticks 100 times a second.
const CLOCK_TICK: Duration = Duration::from_millis(10);

/// The version of a file whose next write is detectable: waits for the next tick of the clock if
/// the last write was within this one.
pub fn stable_version(path: &Path) -> io::Result<Version> {
    let found = version(path)?;
    match found.modified.and_then(|modified| modified.elapsed().ok()).and_then(|age| CLOCK_TICK.checked_sub(age)) {
        None => Ok(found),
        Some(remaining) => {
            thread::sleep(remaining);
            version(path)
        }
    }
}

/// The version of the file at `path`.
pub fn version(path: &Path) -> io::Result<Version> {
    fs::metadata(path).map(|metadata| version_of(&metadata))
}

/// Removes the file at a location.
pub fn remove(location: &Location) -> io::Result<()> {
    fs::remove_file(location.as_path())
}

/// The version of a file that is open.
pub fn version_of(metadata: &Metadata) -> Version {
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
