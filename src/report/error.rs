//! Errors of the report, all of them of the file system or of the page's template.
//!
//! Used by all files of the report and by the pipeline, which ends the run with them.

use std::{io, path::PathBuf};

/// Error in writing the report. Io errors are part of the message, not sources, so that printing the whole
/// error chain does not repeat them.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The run folder exists and has files, which must not mix with those of this run.
    #[error(
        "{}: the run folder exists and is not empty\n  hint: name another folder with --out, or omit --out for a new one",
        .0.display()
    )]
    NotEmpty(PathBuf),
    /// The file system returned an error.
    #[error(
        "{}: cannot {action}: {error}\n  hint: the run folder must be on a writable disk with free space; name another one with --out",
        .path.display()
    )]
    Io {
        /// File or folder.
        path: PathBuf,
        /// What could not be done with it, such as `write`.
        action: &'static str,
        /// Error of the system.
        error: io::Error,
    },
    /// An input could not be read a second time, to copy its rows to `rejects/`.
    #[error("{name}: cannot read the file again for rejects/: {error}")]
    Input {
        /// Name of the input.
        name: String,
        /// Error of the system or of decompression.
        error: io::Error,
    },
    /// An input ends before a row that was read from it.
    #[error(
        "{name}: ends at byte {end}, before a row that was read from it; the file changed during the run\n  \
         hint: run again, and do not change the file until the run has ended"
    )]
    InputChanged {
        /// Name of the input.
        name: String,
        /// Its length now, in decompressed bytes.
        end: u64,
    },
    /// The page could not be rendered.
    #[error("cannot render report.html: {0}")]
    Page(askama::Error),
}

/// Returns a function that adds path and action to an io error; for `map_err`.
pub fn io_error(path: impl Into<PathBuf>, action: &'static str) -> impl FnOnce(io::Error) -> ReportError {
    let path = path.into();
    move |error| ReportError::Io { path, action, error }
}
