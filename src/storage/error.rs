//! Storage error: what could not be done with which file.
//!
//! Used by the other files of the module, and by the stages that write to files of the run folder.

use std::{io, path::PathBuf};

/// Error of a file or folder. The error of the system is part of the message, not its source, so
/// that printing the whole chain does not repeat it.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The run folder exists and has files, which must not mix with those of this run.
    #[error(
        "{}: the run folder exists and is not empty\n  \
         hint: name another folder with --out, or omit --out for a new one",
        .0.display()
    )]
    NotEmpty(PathBuf),
    /// The file system returned an error.
    #[error(
        "{}: cannot {action}: {error}\n  \
         hint: the run folder must be on a writable disk with free space; name another one with \
         --out",
        .path.display()
    )]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What could not be done with it, such as `write`.
        action: &'static str,
        /// The error of the system.
        error: io::Error,
    },
}

impl StorageError {
    /// Adds the path and the action to an error of the system; for `map_err`.
    pub fn at(path: impl Into<PathBuf>, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |error| Self::Io { path, action, error }
    }
}
