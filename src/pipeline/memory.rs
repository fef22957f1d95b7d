//! How much of its memory a run gives to what grows with the export. The rest, some tens of megabytes, is for the program,
//! the ledger and the blocks that are worked on, and does not grow.

/// Enough to tell a hundred million keys apart.
const MAX_FILTER_BYTES: usize = 64 * 1024 * 1024;

/// What each part may hold, in bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct MemoryBudget {
    /// The keys seen. Beyond that they are remembered on disk.
    pub(super) keys: usize,
    /// The guests seen, likewise.
    pub(super) guests: usize,
    /// What is known of keys that come back; a bit more or less only makes rows take the way of scattered ones.
    pub(super) filter: usize,
    /// Rows of scattered orders.
    pub(super) rows: usize,
    /// Lines of results that are to be sorted.
    pub(super) results: usize,
    /// Rows and reasons of rejects, each.
    pub(super) rejects: usize,
    /// Orders that may be sent, by their likeness.
    pub(super) repeated_content: usize,
    /// Orders to send.
    pub(super) plan: usize,
}

impl MemoryBudget {
    /// Shares of the whole. Keys are forgotten before scattered rows are sorted, and half of the plan's is used only behind
    /// those, so what is held together stays below the whole.
    pub(super) fn split(bytes: u64) -> Self {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        Self {
            keys: bytes / 6,
            guests: bytes / 12,
            // A bit more or less is no matter, and it is taken as a whole.
            filter: (bytes / 32).min(MAX_FILTER_BYTES),
            // Of a file of 10 GB the chunks of 256 MB can be merged at once, without being written again.
            rows: bytes / 10 * 4,
            results: bytes / 5,
            rejects: bytes / 64,
            repeated_content: bytes / 64,
            plan: bytes / 4,
        }
    }
}
