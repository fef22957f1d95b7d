//! SQLite location: where the files of a ledger are. Does no I/O. Made by `ledger::locate`, opened
//! by `open`.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// The name of a database file that the operator did not name.
const DEFAULT_NAME: &str = "orderferry-ledger.db";

/// Where the files of a ledger are. `Display` shows the database file.
#[derive(Debug, Clone)]
pub(in crate::ledger) struct SqliteLocation {
    /// The database file.
    pub(super) path: PathBuf,
    /// The folder of the second companion (see `companions`), independent of the folder that the
    /// ledger is in or restored to. Without it the only companion is the one next to the ledger.
    pub(super) state_folder: Option<PathBuf>,
    /// Where an earlier version of the program kept its ledger, for the message if there is none
    /// at `path`.
    pub(super) former_path: Option<PathBuf>,
}

impl SqliteLocation {
    /// The location of this database file.
    pub(in crate::ledger) fn at(path: PathBuf, state_folder: Option<PathBuf>) -> Self {
        Self { path, state_folder, former_path: None }
    }

    /// The location of the default ledger in this folder.
    pub(in crate::ledger) fn in_folder(folder: &Path, state_folder: Option<PathBuf>) -> Self {
        Self::at(folder.join(DEFAULT_NAME), state_folder)
    }

    /// The location of the default ledger in the state folder. Earlier versions kept it in the
    /// working folder.
    pub(in crate::ledger) fn in_state_folder(state_folder: PathBuf) -> Self {
        Self {
            former_path: Some(DEFAULT_NAME.into()),
            ..Self::in_folder(&state_folder.clone(), Some(state_folder))
        }
    }
}

impl fmt::Display for SqliteLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.display().fmt(f)
    }
}
