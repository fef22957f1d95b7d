//! One run at a time for a ledger and a target. The lock is the operating system's: it dies with its process, so no
//! crash leaves one behind. The lock file is also a companion of the ledger (see `companions`).

use std::{
    fs::{File, TryLockError},
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
};

use super::{
    LedgerError, TargetHash,
    companions::{LedgerState, files_in},
    location::{canonical_path, private_file_options},
};

/// Held until it is dropped, or the process ends however it does.
#[derive(Debug)]
pub struct RunLock {
    file: File,
    holder: String,
}

impl RunLock {
    /// Takes the lock of a ledger for a target and says in it who holds it: `run 7`, say.
    pub(super) fn acquire(ledger: &Path, target: TargetHash, holder: &str) -> Result<Self, LedgerError> {
        Self::acquire_file(&lock_file(&canonical_path(ledger), target), holder)
    }

    /// Takes the locks of all targets that ever had one but for a target that is held already: nobody writes then.
    pub(super) fn acquire_others(
        ledger: &Path,
        held: Option<TargetHash>,
        holder: &str,
    ) -> Result<Vec<Self>, LedgerError> {
        let resolved_ledger = canonical_path(ledger);
        let held = held.map(|target| lock_file(&resolved_ledger, target));
        let others = lock_files(&resolved_ledger).into_iter().filter(|file| Some(file) != held.as_ref());
        others.map(|file| Self::acquire_file(&file, holder)).collect()
    }

    fn acquire_file(path: &Path, holder: &str) -> Result<Self, LedgerError> {
        let lock_error = |error| LedgerError::LockFile { path: path.to_owned(), error };
        let mut file = private_file_options().truncate(false).read(true).write(true).open(path).map_err(lock_error)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Who holds it is a courtesy; that it is held is certain.
                drop(file.read_to_string(&mut holder));
                let holder = holder.lines().next().unwrap_or_default().to_owned();
                return Err(LedgerError::Locked { holder });
            }
            Err(TryLockError::Error(error)) => return Err(lock_error(error)),
        }
        let mut previous = String::new();
        // One that cannot be read remembers nothing.
        drop(file.read_to_string(&mut previous));
        let holder = format!("{holder}, process {}", std::process::id());
        let mut lock = Self { file, holder };
        lock.write(LedgerState::parse(&previous).as_ref()).map_err(lock_error)?;
        Ok(lock)
    }

    /// Remembers the state of the ledger beside which the lock lies.
    pub(super) fn record(&mut self, state: &LedgerState) -> io::Result<()> {
        self.write(Some(state))
    }

    fn write(&mut self, state: Option<&LedgerState>) -> io::Result<()> {
        let text = format!("{}\n{}", self.holder, state.map_or_else(String::new, LedgerState::to_line));
        self.file.rewind()?;
        self.file.write_all(text.as_bytes())?;
        self.file.set_len(text.len() as u64)
    }
}

/// Beside the ledger, a file for each target.
fn lock_file(ledger: &Path, target: TargetHash) -> PathBuf {
    let mut name = ledger.as_os_str().to_owned();
    name.push(format!(".{target}.lock"));
    PathBuf::from(name)
}

/// The lock files beside a ledger, of whichever targets.
pub(super) fn lock_files(ledger: &Path) -> Vec<PathBuf> {
    let (Some(folder), Some(name)) = (ledger.parent(), ledger.file_name()) else { return Vec::new() };
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
