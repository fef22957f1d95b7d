//! Deferred orders: an external sort that brings those orders together that may share their
//! reference.
//!
//! It decides nothing: it is filled on all cores at once, and returns groups.

use std::{io, path::Path};

use serde::Deserialize;

use super::undecided::UndecidedOrder;
use crate::{
    model::{order::OrderRecord, origin::Position},
    spill::{
        groups::{BatchError, BatchLimits, GroupBatch, Groups},
        sorter::Sorter,
    },
};

/// Bytes that a core decides about at once.
const BATCH_BYTES: usize = 256 * 1024;

/// Maximum bytes of the orders that share a reference.
// A shop has no reference with more orders than that.
const MAX_REFERENCE_BYTES: usize = 32 * 1024 * 1024;

/// Sorts orders by their group, then by their id.
#[derive(Debug)]
pub struct DeferredOrders(Sorter<(u64, u64)>);

impl DeferredOrders {
    /// None yet. What exceeds `memory` (in bytes) spills to `folder`.
    #[must_use]
    pub fn new(folder: &Path, memory: usize) -> Self {
        Self(Sorter::new(folder, ".deferred", memory))
    }

    /// Adds an order. Orders that may share their reference have the same `group`.
    pub fn push(&self, group: u64, order: &UndecidedOrder) -> io::Result<()> {
        self.0.push((group, order.record.id.0), &serde_json::to_vec(order)?)
    }

    /// Returns all of them, by group.
    pub fn grouped(self) -> io::Result<DeferredGroups> {
        Ok(DeferredGroups(Groups::new(self.0.sorted()?)))
    }
}

/// Iterates over batches of groups.
#[derive(Debug)]
pub struct DeferredGroups(Groups<u64, u64>);

impl Iterator for DeferredGroups {
    type Item = Result<DeferredBatch, DeferredError>;

    fn next(&mut self) -> Option<Self::Item> {
        let limits = BatchLimits {
            batch_bytes: BATCH_BYTES,
            group_bytes: MAX_REFERENCE_BYTES,
            entry_overhead: 0,
        };
        let batch = self.0.next_batch(limits).transpose()?;
        Some(batch.map(DeferredBatch).map_err(DeferredError::of))
    }
}

/// Groups that are decoded later, on any core.
#[derive(Debug)]
pub struct DeferredBatch(GroupBatch);

impl DeferredBatch {
    /// Returns the groups, each in the order of the input.
    pub fn groups(&self) -> impl Iterator<Item = io::Result<Vec<UndecidedOrder>>> {
        self.0
            .groups()
            .map(|group| Ok(group.map(serde_json::from_slice).collect::<Result<_, _>>()?))
    }
}

/// Why deferred orders cannot be grouped.
#[derive(Debug)]
pub enum DeferredError {
    /// They cannot be read back.
    Io(io::Error),
    /// Too many orders share a reference; the first of them.
    SharedReference(Position),
}

/// The part of an encoded [`UndecidedOrder`] that says where it is.
#[derive(Deserialize)]
struct DeferredRecord {
    record: OrderRecord,
}

impl DeferredError {
    fn of(error: BatchError) -> Self {
        match error {
            BatchError::Io(error) => Self::Io(error),
            BatchError::GroupTooLarge { first } => {
                match serde_json::from_slice::<DeferredRecord>(&first) {
                    Ok(first) => Self::SharedReference(first.record.source),
                    Err(error) => Self::Io(error.into()),
                }
            }
        }
    }
}
