//! Run lock: one run at a time for a ledger and a target.
//!
//! An advisory file lock of the operating system, which ends with its process: no crash leaves a
//! stale one behind. The lock file is also a companion of the ledger (see `companions`). Used by
//! the modules that write to the ledger.

use std::{
    fs::{File, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

use super::{
    paths::{canonical_path, files_in, private_file_options},
    state::LedgerState,
};
use crate::ledger::{error::LedgerError, target_hash::TargetHash};

/// A lock that is held until it is dropped or the process ends.
#[derive(Debug)]
pub(super) struct RunLock {
    file: File,
    holder: String,
}

impl RunLock {
    /// Acquires the lock of a ledger for a target, and writes its holder (for example `run 7`)
    /// into it.
    pub(super) fn acquire(
        ledger: &Path,
        target: TargetHash,
        holder: &str,
    ) -> Result<Self, LedgerError> {
        Self::acquire_file(&lock_file(&canonical_path(ledger), target), holder)
    }

    /// Acquires the locks of all targets that ever had one, except for a target whose lock is
    /// already held. While they are held, no run writes to the ledger.
    pub(super) fn acquire_others(
        ledger: &Path,
        held: Option<TargetHash>,
        holder: &str,
    ) -> Result<Vec<Self>, LedgerError> {
        let resolved_ledger = canonical_path(ledger);
        let held = held.map(|target| lock_file(&resolved_ledger, target));
        let others =
            lock_files(&resolved_ledger).into_iter().filter(|file| Some(file) != held.as_ref());
        others.map(|file| Self::acquire_file(&file, holder)).collect()
    }

    fn acquire_file(path: &Path, holder: &str) -> Result<Self, LedgerError> {
        let lock_error = |error| LedgerError::LockFile { path: path.display().to_string(), error };
        let mut file = private_file_options()
            .truncate(false)
            .read(true)
            .write(true)
            .open(path)
            .map_err(lock_error)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // The name of the holder is only for the message; an error here changes nothing.
                drop(file.read_to_string(&mut holder));
                let holder = holder.lines().next().unwrap_or_default().to_owned();
                return Err(LedgerError::Locked { holder });
            }
            Err(TryLockError::Error(error)) => return Err(lock_error(error)),
        }
        let mut previous = String::new();
        // A companion is evidence, never a condition: one that is unreadable records nothing.
        drop(file.read_to_string(&mut previous));
        let holder = format!("{holder}, process {}", std::process::id());
        let mut lock = Self { file, holder };
        lock.write(LedgerState::parse(&previous).as_ref()).map_err(lock_error)?;
        Ok(lock)
    }

    /// Records the state of the ledger in the lock file, which makes it a companion.
    pub(super) fn record(&mut self, state: &LedgerState) -> io::Result<()> {
        self.write(Some(state))
    }

    fn write(&mut self, state: Option<&LedgerState>) -> io::Result<()> {
        // Rewritten in place: a rename would give the path a new file that is not locked.
        let text =
            format!("{}\n{}", self.holder, state.map_or_else(String::new, LedgerState::to_line));
        self.file.rewind()?;
        self.file.write_all(text.as_bytes())?;
        self.file.set_len(text.len() as u64)
    }
}

/// The lock file of a target, next to the ledger.
fn lock_file(ledger: &Path, target: TargetHash) -> PathBuf {
    let mut name = ledger.as_os_str().to_owned();
    name.push(format!(".{target}.lock"));
    PathBuf::from(name)
}

/// The lock files of all targets next to a ledger.
pub(super) fn lock_files(ledger: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (ledger.parent(), ledger.file_name()) else {
        return Vec::new();
    };
    let prefix = format!("{}.", name.to_string_lossy());
    let is_lock = |file: &PathBuf| {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(&prefix) && file.extension() == Some("lock".as_ref())
    };
    files_in(folder).into_iter().filter(is_lock).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lock_error_names_holder() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = folder.path().join("ledger.db");
        let lock = RunLock::acquire(&ledger, TargetHash([1; 32]), "run 1").unwrap();
        let held = RunLock::acquire(&ledger, TargetHash([1; 32]), "run 2").unwrap_err().to_string();
        assert!(held.contains("run 1, process"), "{held}");
        drop(RunLock::acquire(&ledger, TargetHash([2; 32]), "run 2").unwrap());
        drop(lock);
        drop(RunLock::acquire(&ledger, TargetHash([1; 32]), "run 2").unwrap());
    }
}
