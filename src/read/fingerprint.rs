//! File fingerprint: the size, times and (on Unix) identity of a file, which reveal a later change.
//!
//! Reads no content. Called by `inputs` when a file is found, when it is opened and when it is read
//! to its end.

use std::{
    fs::{self, Metadata},
    io,
    path::Path,
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};

/// The longest time within which two writes may leave the same modification time.
//
// The coarsest clock that a Linux file system takes its times from ticks 100 times a second.
const CLOCK_TICK: Duration = Duration::from_millis(10);

/// The state of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Its size on disk, compressed or not.
    pub bytes: u64,
    /// When it was last written, where the system reports it.
    pub modified: Option<SystemTime>,
    // Not stored in a plan: device numbers may change when the system starts.
    #[serde(skip)]
    inode: Option<Inode>,
}

/// The identity of a file: a name can be reused for another file, and a modification time can be
/// set back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Inode {
    device: u64,
    number: u64,
    links: u64,
    /// The change time: seconds and nanoseconds.
    changed: (i64, i64),
}

impl Fingerprint {
    /// The state of a file whose next write is detectable: waits for the next tick of the clock if
    /// the last write was within this one.
    pub(super) fn wait_stable(path: &Path) -> io::Result<Self> {
        let found = Self::at(path)?;
        match found.modified.and_then(|modified| modified.elapsed().ok()).and_then(|age| CLOCK_TICK.checked_sub(age)) {
            None => Ok(found),
            Some(remaining) => {
                thread::sleep(remaining);
                Self::at(path)
            }
        }
    }

    /// The state of the file at `path`.
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|metadata| Self::from_metadata(&metadata))
    }

    /// The state of a file that is open.
    pub(super) fn from_metadata(metadata: &Metadata) -> Self {
        // A plan cannot store a time before 1970.
        let modified = metadata.modified().ok().filter(|time| *time >= UNIX_EPOCH);
        Self { bytes: metadata.len(), modified, inode: inode(metadata) }
    }

    /// Whether both are of the same file; assumed where the system does not identify files.
    pub(super) fn is_same_file(&self, other: &Self) -> bool {
        let id = |inode: Inode| (inode.device, inode.number);
        self.inode.map(id).zip(other.inode.map(id)).is_none_or(|(this, other)| this == other)
    }

    /// Whether nothing was written to the file until `now`. `is_in_place`: whether its path still names
    /// it.
    pub(super) fn is_unmodified(&self, now: &Self, is_in_place: bool) -> bool {
        // The change time reveals writes that set the modification time back, but it also changes
        // on a move, a removal or a new link. So it counts only where the file is in place and has
        // as many links as before.
        let has_same_links = |(was, now): &(Inode, Inode)| was.links == now.links;
        let inodes = self.inode.zip(now.inode).filter(has_same_links).filter(|_| is_in_place);
        let is_touched = inodes.is_some_and(|(was, now)| was.changed != now.changed);
        self.bytes == now.bytes && self.modified == now.modified && !is_touched
    }

    /// What is different `now`, as part of a message.
    pub(super) fn difference(&self, now: &Self) -> String {
        if !self.is_same_file(now) {
            return "another file is in its place".to_owned();
        }
        if self.bytes == now.bytes {
            return "its content or its permissions were changed, and it has the same size".to_owned();
        }
        format!("it had {} bytes at the start and has {} now", self.bytes, now.bytes)
    }
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
