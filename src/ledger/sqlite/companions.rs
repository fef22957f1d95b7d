//! Companions of a ledger: files outside the database that record how many transactions it held,
//! so that a ledger without its newest attempts (an older backup, a lost write-ahead log) is
//! detected. One is the lock file next to the ledger; the second is in the state folder, because a
//! restored folder brings the first one along.
//!
//! A companion is evidence, never a condition: it is written only after a commit, so it may lag
//! behind the ledger but never lead, and one that is missing, unreadable or not writable is
//! ignored. Called by `file`, `run`, `settle` and `adopt`.

use std::{
    fs::File,
    io::{Read, Seek, Write},
    path::{Path, PathBuf},
};

use super::{
    location::SqliteLocation,
    lock::{RunLock, lock_files},
    paths::{canonical_path, files_in, make_private_folder, private_file_options},
    state::LedgerState,
};
use crate::ledger::{error::LedgerError, target_hash::TargetHash};

/// The folder of the second companions, below the state folder.
const FOLDER: &str = "ledgers";

/// The maximum length of a companion that is read; real ones are much shorter.
const MAX_COMPANION_BYTES: u64 = 64 * 1024;

/// Returns the states that readable companions of a ledger recorded: those of runs to one target,
/// or of all.
// Filtered by target, because a copy of the ledger that is used for another target (a staging
// tenant) has the same id, and its transactions prove nothing about this one.
pub(super) fn recorded_states(
    location: &SqliteLocation,
    target: Option<TargetHash>,
) -> Vec<(PathBuf, LedgerState)> {
    let adjacent = lock_files(&canonical_path(&location.path));
    let in_state_folder =
        location.state_folder.iter().flat_map(|folder| files_in(&folder.join(FOLDER)));
    let is_of_target = |file: &PathBuf| {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        target.is_none_or(|target| stem.ends_with(&target.to_string()))
    };
    let files = adjacent.into_iter().chain(in_state_folder).filter(is_of_target);
    files.filter_map(|file| Some((file.clone(), read_state(&file)?))).collect()
}

fn read_state(file: &Path) -> Option<LedgerState> {
    let mut text = String::new();
    File::open(file).ok()?.take(MAX_COMPANION_BYTES).read_to_string(&mut text).ok()?;
    LedgerState::parse(&text)
}

/// Refuses a ledger that is behind the state that a companion recorded for it.
pub(super) fn ensure_not_behind(
    path: &Path,
    now: &LedgerState,
    recorded: &[(PathBuf, LedgerState)],
) -> Result<(), LedgerError> {
    let same_ledger = recorded.iter().filter(|(_, state)| state.id == now.id);
    match same_ledger.max_by_key(|(_, state)| state.commits) {
        Some((companion, state)) if state.commits > now.commits => Err(LedgerError::Behind {
            location: path.display().to_string(),
            commits: now.commits,
            companion: companion.display().to_string(),
            expected: state.commits,
        }),
        _ => Ok(()),
    }
}

/// The companions that one run writes.
#[derive(Debug)]
pub(super) struct Companions {
    lock: RunLock,
    state_file: Option<File>,
}

impl Companions {
    /// Opens the lock file, and a file in the state folder for this ledger and target. Without the
    /// second one it returns a warning.
    pub(super) fn open(
        lock: RunLock,
        state_folder: Option<&Path>,
        id: &str,
        target: TargetHash,
    ) -> (Self, Option<String>) {
        match state_folder.map(|folder| companion_file(folder, id, target)).transpose() {
            Ok(state_file) => (Self { lock, state_file }, None),
            Err(warning) => (Self { lock, state_file: None }, Some(warning)),
        }
    }

    /// Records a state that was committed. Errors are ignored: a failure loses evidence, not
    /// content.
    pub(super) fn record(&mut self, state: &LedgerState) {
        drop(self.lock.record(state));
        if let Some(file) = &mut self.state_file {
            drop(file.rewind().and_then(|()| file.write_all(state.to_line().as_bytes())));
        }
    }
}

fn companion_file(state_folder: &Path, id: &str, target: TargetHash) -> Result<File, String> {
    let folder = state_folder.join(FOLDER);
    let path = folder.join(format!("{id}-{target}"));
    let opened = make_private_folder(&folder)
        .and_then(|()| private_file_options().truncate(false).write(true).open(&path));
    opened.map_err(|error| {
        format!(
            "{}: {error}; a ledger that is restored from a backup together with its folder will \
             not be detected",
            path.display()
        )
    })
}

#[cfg(test)]
mod tests {
    use super::{super::state::tests::state, *};

    #[test]
    fn ledger_behind_its_companion_is_refused() {
        let recorded =
            |id: &str, commits| vec![(PathBuf::from("c"), LedgerState { id: id.into(), commits })];
        let check = |recorded: &[_]| ensure_not_behind(Path::new("l.db"), &state(10), recorded);
        for valid in [recorded("ab12", 10), recorded("ab12", 3), recorded("other", 99), Vec::new()]
        {
            assert!(check(&valid).is_ok(), "{valid:?}");
        }
        let behind = check(&[recorded("ab12", 3), recorded("ab12", 11)].concat());
        assert!(matches!(behind, Err(LedgerError::Behind { commits: 10, expected: 11, .. })));
    }
}
