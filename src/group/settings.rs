//! Settings of grouping: where the rows of one order may be, and what a lost row means.
//!
//! Does not decide about a row. Set by `pipeline` from the profile and the command line, read by
//! the other files of this module.

use crate::model::origin::FileId;

/// How rows are grouped into orders.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of the profile of its own")]
pub struct GroupSettings {
    /// The rows of an order may come from several files.
    pub joins_files: bool,
    /// The rows of an order are adjacent.
    pub has_adjacent_rows: bool,
    /// Refunds, which need not be next to their orders, are taken off them.
    pub nets_refunds: bool,
    /// An unreadable row whose order is not known is counted and does not end the run.
    pub accepts_unreadable: bool,
}

impl GroupSettings {
    /// The file ID that all rows of an order share.
    #[must_use]
    pub fn file_of(&self, file: FileId) -> FileId {
        // Joined files are one input, so every row gets the same ID.
        if self.joins_files { FileId(0) } else { file }
    }
}
