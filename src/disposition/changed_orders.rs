//! Changed orders of a run, until they are recorded in the ledger.
//!
//! In bounded memory, since every order of an export may have changed. It writes no ledger; the
//! caller does.

use std::{io, path::Path};

use crate::{
    ledger::{ChangedOrder, LedgerWrite},
    spill::sorter::{SortedIter, Sorter},
};

/// Changed orders per write to the ledger.
const CHANGES_PER_WRITE: usize = 1000;

/// Collects changed orders.
// A sorter for its bounded memory only: its entries need no order.
#[derive(Debug)]
pub struct ChangedOrders(Sorter<()>);

impl ChangedOrders {
    /// None yet. What exceeds `memory` (in bytes) spills to `folder`.
    #[must_use]
    pub fn new(folder: &Path, memory: usize) -> Self {
        Self(Sorter::new(folder, ".changed", memory))
    }

    /// Adds orders.
    pub fn push_all(&self, orders: &[ChangedOrder]) -> io::Result<()> {
        orders.iter().try_for_each(|order| self.0.push((), &serde_json::to_vec(order)?))
    }

    /// Returns the writes that record them, in batches.
    pub fn into_writes(self) -> io::Result<impl Iterator<Item = io::Result<Vec<LedgerWrite>>>> {
        let mut orders = self.0.sorted()?;
        Ok(std::iter::from_fn(move || next_writes(&mut orders).transpose()))
    }
}

fn next_writes(orders: &mut SortedIter<()>) -> io::Result<Option<Vec<LedgerWrite>>> {
    let mut writes = Vec::new();
    while writes.len() < CHANGES_PER_WRITE {
        let Some(((), order)) = orders.next()? else { break };
        writes.push(LedgerWrite::RecordChange(serde_json::from_slice(order)?));
    }
    Ok((!writes.is_empty()).then_some(writes))
}
