//! Reject sorter: brings the rows and reasons of rejected orders into the order of the input, in
//! bounded memory.
//!
//! It knows byte ranges, not bytes: `rejects` copies these from the inputs. Called by `recorder`.

use std::io;

use super::rejects::{self, Rejects};
use crate::{
    model::{
        order::OrderRecord,
        origin::{FileId, InputNames},
        outcome::OrderResult,
    },
    spill::{
        batch::Batch,
        sort_key::SortKey,
        sorter::{SortedIter, Sorter},
    },
    storage::RunFolder,
};

/// A rejected row: its file, and its first byte and its end there.
type RowKey = (u32, u64, u64);

/// A reason: the file, the first byte of the order there, and the id of the order.
type ReasonKey = (u32, u64, u64);

/// Entries of some orders.
#[derive(Default)]
pub(super) struct RejectBatch {
    rows: Batch<RowKey>,
    reasons: Batch<ReasonKey>,
}

impl RejectBatch {
    pub(super) fn add(&mut self, record: &OrderRecord, result: &OrderResult, names: &InputNames) {
        // The range alone is the entry: the bytes are copied from the input when `rejects/` is
        // written.
        for row in &record.rows {
            self.rows.push((row.file.0, row.bytes.start, row.bytes.end), &[]);
        }
        for (file, first, line) in rejects::reasons(record, result, names) {
            self.reasons.push((file.0, first, record.id.0), &line);
        }
    }
}

/// Sorts the entries by file and position.
pub(super) struct RejectSorter {
    rows: Sorter<RowKey>,
    reasons: Sorter<ReasonKey>,
    /// Whether there are entries that `rejects/` does not contain yet.
    has_new: bool,
}

impl RejectSorter {
    /// An empty sorter. What exceeds `memory` (in bytes, for the rows and for the reasons) is
    /// spilled to the run folder.
    pub(super) fn new(folder: &RunFolder, memory: usize) -> Self {
        Self {
            rows: Sorter::new(folder.path(), ".rejects.rows", memory),
            reasons: Sorter::new(folder.path(), ".rejects.reasons", memory),
            has_new: true,
        }
    }

    pub(super) fn has_new(&self) -> bool {
        self.has_new
    }

    pub(super) fn push_all(&mut self, batch: &mut RejectBatch) -> io::Result<()> {
        self.has_new |= !batch.reasons.is_empty();
        self.rows.push_all(&mut batch.rows)?;
        self.reasons.push_all(&mut batch.reasons)
    }

    /// Returns the sorted entries, and pushes each one into `keep`, an empty sorter, as it is read.
    // Reading a sorter consumes it, and `rejects/` may be written again with more entries.
    pub(super) fn replay_into(self, keep: &mut Self) -> io::Result<Rejects<'_>> {
        keep.has_new = false;
        let row = |(file, start, end), _: &[u8]| (FileId(file), start..end);
        let reason = |(file, ..): ReasonKey, line: &[u8]| (FileId(file), line.to_vec());
        Ok(Rejects {
            rows: Box::new(replay(self.rows.sorted()?, &keep.rows, row)),
            reasons: Box::new(replay(self.reasons.sorted()?, &keep.reasons, reason)),
        })
    }
}

/// Iterates over sorted entries and pushes each one into `keep` as well.
fn replay<K: SortKey + Send, T>(
    mut sorted: SortedIter<K>,
    keep: &Sorter<K>,
    entry: impl Fn(K, &[u8]) -> T,
) -> impl Iterator<Item = io::Result<T>> {
    std::iter::from_fn(move || {
        let next = sorted.next().and_then(|next| {
            let Some((key, payload)) = next else { return Ok(None) };
            keep.push(key, payload)?;
            Ok(Some(entry(key, payload)))
        });
        next.transpose()
    })
}
