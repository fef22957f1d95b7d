//! Outcomes become files, words and a page: everything that a run leaves behind for people and for scripts.
//!
//! The run folder (`folder`) holds `summary.json` (`summary`, counted by `tally`), `results.ndjson` (`results`),
//! `rejects/` (`rejects`) and `report.html` (`page`); `terminal` says the same in a few lines.
//!
//! Decides nothing: which outcome an order has and which exit code a run has is handed in. Opens no input itself, has no
//! clock, prints nothing. Knows only `model`. Called by `pipeline`.

pub mod estimate;
pub mod exact_sum;
pub mod folder;
pub mod numbers;
mod order_line;
pub mod page;
pub mod per_outcome;
pub mod rejects;
pub mod results;
pub mod summary;
pub mod tally;
pub mod terminal;

use std::{io, path::PathBuf};

pub use order_line::format_position;

/// Why something of the report could not be written. The io errors are part of the words, not sources, so that a chain
/// printed whole says them once.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The run folder would mix with what is there already.
    #[error(
        "{}: the run folder exists and is not empty\n  hint: name another one with --out, or leave --out away for a new one",
        .0.display()
    )]
    NotEmpty(PathBuf),
    /// The disk said no.
    #[error(
        "{}: cannot {action}: {error}\n  hint: the run folder must lie on a writable disk with some room; --out names another place",
        .path.display()
    )]
    Io {
        /// What was to be made or written.
        path: PathBuf,
        /// What was to be done with it, such as `write`.
        action: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// An input could not be read a second time, for `rejects/`.
    #[error("{name}: cannot read it again for rejects: {error}")]
    Input {
        /// The input.
        name: String,
        /// What the system or the unpacking said.
        error: io::Error,
    },
    /// An input ends before a row that was read from it.
    #[error(
        "{name}: ends at byte {end}, before a row that was read from it: it has changed since\n  hint: run again, and leave \
         the file alone until the run has ended"
    )]
    InputChanged {
        /// The input.
        name: String,
        /// Its length now, unpacked.
        end: u64,
    },
    /// The page could not be rendered.
    #[error("cannot render report.html: {0}")]
    Page(askama::Error),
}

/// Names path and action in an io error; for `map_err`.
pub fn io_error(path: impl Into<PathBuf>, action: &'static str) -> impl FnOnce(io::Error) -> ReportError {
    let path = path.into();
    move |error| ReportError::Io { path, action, error }
}
