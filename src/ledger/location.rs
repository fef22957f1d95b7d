//! Ledger location: where a ledger is stored. Does no I/O. Made by `cli`, opened by `open`.

use std::path::PathBuf;

/// Where the ledger of a run is stored.
#[derive(Debug, Clone)]
pub struct LedgerLocation {
    /// The database file.
    pub path: PathBuf,
    /// The folder of the second companion (see `sqlite::companions`), independent of the folder
    /// that the ledger is in or restored to. Without it the only companion is the one next to the
    /// ledger.
    pub state_folder: Option<PathBuf>,
    /// Where an earlier version of the program kept its ledger, for the message if there is none
    /// at `path`.
    pub former_path: Option<PathBuf>,
}

impl LedgerLocation {
    /// The location of a ledger without a state folder.
    #[must_use]
    pub fn at(path: PathBuf) -> Self {
        Self { path, state_folder: None, former_path: None }
    }
}
