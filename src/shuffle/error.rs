//! Errors of the shuffle: why an export cannot be grouped into orders.
//!
//! Problems of single orders are no errors. Each message names the position of the rows. Returned
//! by [`run`](super::run), in the error type of the caller.

use std::io;

use crate::{
    group::GroupError,
    map::{MapError, set_in_join},
    model::encoding_hint::likely_encoding,
    read::ReadError,
};

/// Why an export cannot be grouped into orders.
#[derive(Debug, thiserror::Error)]
pub enum ShuffleError {
    /// An input cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The profile does not fit an input.
    #[error(transparent)]
    Map(#[from] MapError),
    /// The caller stopped it; the reason.
    #[error("{0}; nothing was sent")]
    Stopped(String),
    /// A row was lost, and the profile does not accept that.
    #[error("{position}: {error}\n  hint: {hint}")]
    LostRow {
        /// The row.
        position: String,
        /// Why it is lost.
        error: GroupError,
        /// What to do about it.
        hint: String,
    },
    /// The rows of one order have too many bytes.
    #[error(
        "{position}: the order that begins here has more than {} MB of rows; nothing was sent\n  \
         hint: too many rows share its key; the profile's key may be the wrong column",
        n_bytes / 1_000_000
    )]
    OrderTooLarge {
        /// The first row of the order.
        position: String,
        /// The maximum, in bytes.
        n_bytes: u64,
    },
    /// The rows of one order have too many values.
    #[error(
        "{position}: the rows of the order that begins here have more than {max} values; nothing \
         was sent\n  \
         hint: too many rows share its key; the profile's key may be the wrong column; otherwise \
         raise max_values"
    )]
    TooManyValues {
        /// The first row of the order.
        position: String,
        /// The maximum.
        max: usize,
    },
    /// The export has more extension attributes than this maximum.
    #[error(
        "the export has more than {0} extension attributes; nothing was sent\n  \
         hint: names that are data, such as order numbers, cannot be attribute names"
    )]
    TooManyExtensions(usize),
    /// An input may be truncated.
    #[error(
        "{position}: the last row ends without a line end, expected one (last_line_end = \
         \"required\" in the profile); nothing was sent\n  \
         hint: the export is still being written, or was cut off; run it again when it is complete"
    )]
    NoLastLineEnd {
        /// The last row.
        position: String,
    },
    /// A header within a file has its columns in another order than the first one. No setting
    /// accepts that: whatever is below would be misread.
    #[error(
        "{position}: the header again, with the columns in another order: the rows below it would \
         be misread; nothing was sent\n  \
         hint: split the file there"
    )]
    ExchangedHeader {
        /// The header.
        position: String,
    },
    /// A line that `skip_lines` passes over is a row of an order.
    #[error(
        "{position}: skip_lines passes over this line, which has the date of an order; nothing was \
         sent\n  \
         hint: the file may lack the header that header in the profile replaces: give it one, or \
         check it with a lower skip_lines"
    )]
    SkippedOrder {
        /// The line.
        position: String,
    },
    /// Too many rows may belong to other orders than their own.
    #[error(
        "too many rows have no order key, or have too many cells, so that other rows may be merged \
         into them: their orders are not known; nothing was sent\n  \
         hint: the profile's key may be the wrong column; look at the first lines of the export \
         and fix the rows"
    )]
    TooAmbiguous,
    /// Two formats of the profile read one date differently.
    #[error(
        "{position}: two date formats of the profile read {text:?} as different times, and no date \
         shows which is right; nothing was sent\n  \
         hint: leave only the right format in date"
    )]
    AmbiguousDates {
        /// The first such date.
        position: String,
        /// Its text.
        text: String,
    },
    /// The totals of all orders may have a thousands mark where their decimal mark should be.
    #[error(
        "{position}: order totals can be read in two ways: {text:?} is {text} or {without_point}; \
         all totals with a point have three digits behind it; nothing was sent\n  \
         hint: write decimal = \".\" in the profile, or decimal = \",\" and thousands = \".\""
    )]
    AmbiguousTotals {
        /// The first total with a point.
        position: String,
        /// Its text.
        text: String,
        /// Its text without the point.
        without_point: String,
    },
    /// The header occurs too often within the files.
    #[error(
        "the header is repeated more than 10000 times; nothing was sent\n  \
         hint: export the orders anew, without a header between them"
    )]
    TooManyHeaders,
    /// The header occurs too often within the files of a join.
    #[error(
        "{file}: the header of the join {join:?} is repeated more than 10000 times; nothing was \
         sent\n  \
         hint: export the file anew, without a header between its rows"
    )]
    TooManySideHeaders {
        /// The file in which it is once more.
        file: String,
        /// The name of the join.
        join: String,
    },
    /// More identifiers than this maximum are those of several people.
    #[error(
        "more than {0} identifiers are those of several people; nothing was sent\n  \
         hint: the column may be no identifier; shared_identifiers = \"send\" in [guest] sends them"
    )]
    TooManySharedIdentifiers(usize),
    /// The disk has too little space for the rows of scattered orders.
    #[error(
        "the rows of scattered orders need {} of disk in the run folder, and {} are free; nothing \
         was sent\n  \
         hint: free disk space, name a folder on another disk with --out, or sort the export by order",
        bytesize::ByteSize(*wanted).display().si(), bytesize::ByteSize(*free).display().si()
    )]
    DiskFull {
        /// Bytes that they need.
        wanted: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// A side file cannot be read.
    #[error("{}", side_file_message(join, error))]
    SideFile {
        /// The name of its join.
        join: String,
        /// Why.
        error: ReadError,
    },
    /// A row of a side file cannot be read.
    #[error("{position}: {reason}; any order may need the row; nothing was sent\n  hint: {hint}")]
    SideRow {
        /// The row.
        position: String,
        /// What is wrong with it.
        reason: String,
        /// What to do about it.
        hint: String,
    },
    /// Rows or facts cannot be spilled, or not be read back.
    #[error(
        "{0}; nothing was sent\n  \
         hint: the run folder needs a disk with free space; name a folder on another one with --out"
    )]
    Spill(#[from] io::Error),
}

/// The message about a side file: a key that helps is one of its join.
fn side_file_message(join: &str, error: &ReadError) -> String {
    let message = error.to_string();
    match (error.profile_key(), message.split_once(HINT)) {
        (Some(key), Some((what, _))) => format!("{what}{HINT}{}", set_in_join(join, &key)),
        _ => message,
    }
}

/// What to do about a row of a side file that cannot be read.
pub(super) fn side_row_hint(join: &str, reason: &str) -> String {
    match likely_encoding(reason) {
        Some(encoding) => set_in_join(join, &format!("encoding = \"{encoding}\"")),
        None if reason.contains(PAD) => set_in_join(join, PAD),
        None => "repair the row, or export the file anew".to_owned(),
    }
}

/// The key that completes short rows, as the reasons of such rows have it.
const PAD: &str = "ragged_rows = \"pad\"";

const HINT: &str = "\n  hint: ";
