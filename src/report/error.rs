//! Errors of the report, all of them of the file system or of the page's template.
//!
//! Used by all files of the report and by the pipeline, which ends the run with them.

use std::io;

use crate::storage::StorageError;

/// Error in writing the report. Io errors are part of the message, not sources, so that printing
/// the whole error chain does not repeat them.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// A file of the report cannot be written.
    #[error(transparent)]
    Storage(#[from] StorageError),
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
        "{name}: ends at byte {end}, before a row that was read from it; the file changed during \
         the run\n  \
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
