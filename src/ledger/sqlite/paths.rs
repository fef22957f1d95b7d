//! Ledger files: whether a path names exactly one file (hard links, mount points, a file that is
//! replaced while it is open), and private files and folders. Does not read the content. Called by
//! `file` and `run`, and by `lock` and `companions` for their own files.

use std::{
    fs::{self, Metadata, OpenOptions},
    io,
    path::{Path, PathBuf},
};

use super::mounts::is_mount_point;
use crate::ledger::error::LedgerError;

/// Whether a ledger exists at this path. A file of zero bytes is not one: a ledger that was emptied
/// must not pass for a new one.
pub(super) fn has_ledger(path: &Path) -> bool {
    match fs::metadata(path) {
        Ok(file) => file.len() > 0,
        // A ledger that this user may not see counts as existing; opening it then reports why it
        // failed.
        Err(error) => error.kind() != io::ErrorKind::NotFound,
    }
}

/// Resolves symbolic links and relative parts, so that every spelling of a path names the same
/// ledger.
pub(super) fn canonical_path(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

/// Options to open or create a file that only this user may read (mode 0600).
pub(super) fn private_file_options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Creates a folder that only this user may enter (mode 0700), and its missing parents.
pub(super) fn make_private_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// The files of a folder; none if it is unreadable.
pub(super) fn files_in(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    entries.filter_map(|entry| Some(entry.ok()?.path())).collect()
}

/// The path of SQLite's write-ahead log: next to the database file itself, also if `path` is a
/// symbolic link to it.
pub(super) fn wal_path(path: &Path) -> PathBuf {
    let mut name = canonical_path(path).into_os_string();
    name.push("-wal");
    PathBuf::from(name)
}

/// The identity and length of the file that a path named when it was opened.
#[derive(Debug, Clone)]
pub(super) struct OpenedFile {
    path: PathBuf,
    identity: FileIdentity,
    len: u64,
}

/// Device and inode. Outside Unix, the standard library offers no file identity.
type FileIdentity = (u64, u64);

#[cfg(unix)]
fn identity(file: &Metadata) -> FileIdentity {
    use std::os::unix::fs::MetadataExt;
    (file.dev(), file.ino())
}

#[cfg(not(unix))]
fn identity(_: &Metadata) -> FileIdentity {
    (0, 0)
}

impl OpenedFile {
    /// The file that the path names now.
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        let file = fs::metadata(path)?;
        Ok(Self { path: path.to_owned(), identity: identity(&file), len: file.len() })
    }

    /// Refuses a path that no longer names this file, or a file that is shorter than before: a
    /// database only grows.
    // SQLite itself continues to write to a file that was deleted or replaced, and what it writes
    // is lost to the next run
    // (https://sqlite.org/howtocorrupt.html#_unlinking_or_renaming_a_database_file_while_in_use).
    pub(super) fn ensure_in_place(&mut self) -> Result<(), LedgerError> {
        let before = self.len;
        self.ensure_same_file()?;
        if self.len < before {
            return Err(replaced_error(
                &self.path,
                &format!("the file has {} bytes, had {before}", self.len),
            ));
        }
        Ok(())
    }

    /// Refuses a path that no longer names this file. The length may differ, since SQLite may roll
    /// back what an interrupted run wrote.
    pub(super) fn ensure_same_file(&mut self) -> Result<(), LedgerError> {
        let now =
            Self::at(&self.path).map_err(|error| replaced_error(&self.path, &error.to_string()))?;
        if now.identity != self.identity {
            return Err(replaced_error(&self.path, "the path now names another file"));
        }
        self.len = now.len;
        Ok(())
    }
}

fn replaced_error(path: &Path, found: &str) -> LedgerError {
    LedgerError::Replaced { location: path.display().to_string(), found: found.to_owned() }
}

/// Refuses a file with several names. SQLite names its write-ahead log after the path, so it would
/// keep two logs of one file, and lose the content of one
/// (<https://sqlite.org/howtocorrupt.html#_multiple_links_to_the_same_file>).
pub(super) fn ensure_single_link(path: &Path) -> Result<(), LedgerError> {
    #[cfg(unix)]
    if fs::metadata(path).is_ok_and(|file| std::os::unix::fs::MetadataExt::nlink(&file) > 1) {
        return Err(LedgerError::HardLinked { location: path.display().to_string() });
    }
    ensure_not_mount_point(path)
}

/// Refuses a file that is itself a mount point (`docker -v $PWD/l.db:/data/l.db`): it has a second
/// name outside, with another write-ahead log and another lock.
fn ensure_not_mount_point(path: &Path) -> Result<(), LedgerError> {
    let Ok(path) = fs::canonicalize(path) else { return Ok(()) };
    if is_mount_point(&path) {
        return Err(LedgerError::MountPoint { location: path.display().to_string() });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaced_or_truncated_file_is_detected() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        fs::write(&path, "0123456789").unwrap();
        let mut opened = OpenedFile::at(&path).unwrap();
        opened.ensure_in_place().unwrap();
        fs::write(&path, "0123456789abc").unwrap();
        opened.ensure_in_place().unwrap();
        fs::write(&path, "01234").unwrap();
        assert!(matches!(opened.ensure_in_place(), Err(LedgerError::Replaced { .. })));
        fs::write(&path, "0123456789abc").unwrap();
        opened.ensure_same_file().unwrap();
        fs::copy(&path, folder.path().join("other.db")).unwrap();
        fs::rename(folder.path().join("other.db"), &path).unwrap();
        assert!(
            cfg!(not(unix))
                || matches!(opened.ensure_in_place(), Err(LedgerError::Replaced { .. }))
        );
        fs::remove_file(&path).unwrap();
        assert!(matches!(opened.ensure_in_place(), Err(LedgerError::Replaced { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn hard_linked_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (path, second) = (folder.path().join("ledger.db"), folder.path().join("second.db"));
        fs::write(&path, "x").unwrap();
        fs::hard_link(&path, &second).unwrap();
        for name in [&path, &second] {
            assert!(matches!(ensure_single_link(name), Err(LedgerError::HardLinked { .. })));
        }
        fs::remove_file(&second).unwrap();
        assert!(ensure_single_link(&path).is_ok());
    }
}
