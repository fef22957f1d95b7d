//! Memory budget: the shares of `--memory` for the parts of a run that grow with the export.
//!
//! It does not cover the program, the ledger and the blocks in progress. They need some tens of
//! megabytes in addition, which do not grow. Called by the files of the pipeline that make settings
//! or sorters.

use crate::shuffle::ShuffleMemory;

/// Maximum size of a Bloom filter: enough to distinguish a hundred million keys.
const MAX_FILTER_BYTES: usize = 64 * 1024 * 1024;

/// Shares of the memory budget, in bytes. More spills to disk.
#[derive(Debug, Clone, Copy)]
pub(super) struct MemoryBudget {
    /// Order keys, Bloom filters, identifiers, rows of scattered orders, and result lines to sort.
    pub(super) shuffle: ShuffleMemory,
    /// The rows of side files.
    pub(super) side_tables: usize,
    /// Hashes of the guests.
    pub(super) guests: usize,
    /// Orders that may share their reference.
    pub(super) deferred: usize,
    /// Rows and reasons of rejects, each.
    pub(super) rejects: usize,
    /// Orders that may be sent, by dedup hash.
    pub(super) repeated_content: usize,
    /// Planned orders.
    pub(super) plan: usize,
    /// Contents of orders that earlier runs sent.
    pub(super) accepted: usize,
}

impl MemoryBudget {
    /// Splits a budget of `bytes` into its shares.
    // The shares add up to more than the whole, but they are not used at the same time: keys are
    // freed before scattered rows are sorted, and half of the plan's share is used only after
    // those.
    pub(super) fn split(bytes: u64) -> Self {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
        Self {
            shuffle: ShuffleMemory {
                keys: bytes / 6,
                // Its size has little effect, and it is allocated as a whole.
                filter: (bytes / 32).min(MAX_FILTER_BYTES),
                identifiers: bytes / 24,
                // The chunks of a 10 GB file with 256 MB of memory can be merged in one pass.
                rows: bytes / 10 * 4,
                results: bytes / 5,
            },
            side_tables: bytes / 3,
            guests: bytes / 12,
            deferred: bytes / 10,
            rejects: bytes / 64,
            repeated_content: bytes / 64,
            plan: bytes / 4,
            accepted: bytes / 6,
        }
    }
}
