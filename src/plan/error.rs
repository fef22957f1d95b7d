//! Errors of the plan: it cannot be written, or what is read is not what was written.
//!
//! Used by all files of the plan and by the pipeline, which sends nothing with any of them.

use std::{
    io,
    path::{Path, PathBuf},
};

use super::digest::PlanDigest;
use crate::storage::StorageError;

/// Why a plan cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The plan cannot be sorted, read or written.
    #[error("the plan: {0}")]
    Io(#[from] io::Error),
    /// A file of the plan cannot be written.
    #[error(transparent)]
    Write(#[from] StorageError),
    /// A file of the plan cannot be read or parsed.
    #[error("{}: cannot read: {error}\n  hint: send the export again", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system or of the parser.
        error: io::Error,
    },
    /// A line that no plan has.
    #[error(
        "the plan, byte {at}: invalid line: {error}\n  hint: the plan is damaged; send the export \
         again"
    )]
    InvalidLine {
        /// The offset of the line.
        at: u64,
        /// The error of the parser.
        error: serde_json::Error,
    },
    /// The file does not begin with a header.
    #[error("the plan: the first line is not a plan header of this version of orderferry")]
    MissingHeader,
    /// The format is that of another version of the program.
    #[error(
        "the plan: found format {found}, expected format {expected}; another version of orderferry \
         wrote it; nothing was sent\n  hint: send the export again, or resume with that version"
    )]
    OtherFormat {
        /// The format of the file.
        found: u32,
        /// The format that this version writes and reads.
        expected: u32,
    },
    /// Its header has only the number of the repeated headers, as earlier versions wrote it.
    #[error(
        "the plan: found repeated headers ({n_headers}) without their positions; an earlier \
         orderferry wrote it; nothing was sent\n  hint: send the export again"
    )]
    UnknownHeaders {
        /// Their number.
        n_headers: u64,
    },
    /// An order before any guest.
    #[error("the plan, byte {at}: found an order without a guest")]
    OrderWithoutGuest {
        /// The offset of its line.
        at: u64,
    },
    /// A file of the plan differs from its manifest: orders would be lost, or sent otherwise than
    /// planned.
    #[error(
        "{}: damaged: found {}; expected {}; nothing was sent\n  hint: send the export again",
        .path.display(), .contents.0, .contents.1
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// The digest that was found, and the expected one of the manifest.
        contents: Box<(PlanDigest, PlanDigest)>,
    },
    /// The plan has no manifest, so it cannot be verified.
    #[error(
        "{}: no {manifest} next to it to verify it; plans of an earlier orderferry have none; \
         nothing was sent\n  \
         hint: send the export again",
        .plan.display()
    )]
    NoManifest {
        /// The plan.
        plan: PathBuf,
        /// The name of the missing manifest.
        manifest: &'static str,
    },
    /// The folder has no plan to resume.
    #[error(
        "{}: no plan to resume\n  \
         hint: name the folder of a run; only a run that had begun to send has a plan; otherwise \
         send the export again", .folder.display()
    )]
    NoPlan {
        /// The run folder.
        folder: PathBuf,
    },
}

/// Returns a function that adds the path of a file of the plan to an io error; for `map_err`.
pub(super) fn unreadable(path: &Path) -> impl Fn(io::Error) -> PlanError {
    move |error| PlanError::Read { path: path.to_owned(), error }
}
