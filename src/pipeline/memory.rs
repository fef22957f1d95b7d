//! How much of its memory a run gives to what grows with the export. The rest, some tens of megabytes, is for the program,
//! the ledger and the blocks that are worked on, and does not grow.

/// What each part may hold, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Memory {
    /// The keys seen. Beyond that they are remembered on disk.
    pub(super) keys: usize,
    /// The guests seen, likewise.
    pub(super) guests: usize,
    /// What is known of keys that come back; a bit more or less only makes rows take the way of scattered ones.
    pub(super) filter: usize,
    /// Rows of scattered orders.
    pub(super) rows: usize,
    /// The rows of a single order. A key that so many rows share is no order key.
    pub(super) order: usize,
    /// Lines of results that are to be sorted.
    pub(super) results: usize,
    /// Rows and reasons of rejects, each.
    pub(super) rejects: usize,
    /// Orders to send.
    pub(super) plan: usize,
}

impl Memory {
    /// Shares of the whole that are never used up together: keys are forgotten before scattered rows are sorted, and
    /// those before the plan is.
    pub(super) fn of(bytes: u64) -> Self {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        Self {
            keys: bytes / 6,
            guests: bytes / 12,
            filter: bytes / 32,
            rows: bytes / 4,
            order: bytes / 8,
            results: bytes / 8,
            rejects: bytes / 64,
            plan: bytes / 4,
        }
    }
}
