//! Deferred orders: checked orders that are decided later, and the external sort that brings those
//! together that may share their reference.
//!
//! It decides nothing: it is filled on all cores at once and gives groups back. How an order is
//! encoded is for the caller to say (`E`).

use std::{io, path::Path};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::read_order::ReadOrder;
use crate::{
    ledger::{OrderKey, ReferenceHistory},
    model::{
        order::OrderRecord,
        origin::Position,
        planned::{ContentHash, DedupHash, GuestOrder},
        problem::Problem,
        unsendable::Unsendable,
    },
    spill::{
        groups::{BatchError, BatchLimits, GroupBatch, Groups},
        sorter::Sorter,
    },
};

/// A checked order that is decided later: in the end of its block, when it is looked up, or when
/// all orders are known that may share its reference.
#[derive(Debug, Serialize, Deserialize)]
pub struct DeferredOrder {
    /// Its facts for the report.
    pub record: OrderRecord,
    /// The encoded order, or why it is not sent.
    pub order: Result<GuestOrder, Unsendable>,
    /// Whether its time is more than a date.
    pub has_time_of_day: bool,
}

impl DeferredOrder {
    /// Returns the hash of its guest, time, items and amounts, if it is valid so far.
    pub(super) fn dedup_hash(&self) -> Option<DedupHash> {
        self.order.as_ref().ok().map(|order| order.encoded.dedup_hash)
    }

    /// Whether a rule of the profile leaves it out.
    pub(super) fn is_skipped(&self) -> bool {
        matches!(&self.order, Err(Unsendable { rule: Some(_), .. }))
    }

    /// Returns its content, if it is known.
    pub(super) fn content(&self) -> Option<ContentHash> {
        match &self.order {
            Ok(order) => Some(order.encoded.content),
            Err(unsendable) => unsendable.content,
        }
    }

    /// Returns the accepted order in its history that matches it.
    pub(super) fn accepted(&self, history: &ReferenceHistory) -> Option<OrderKey> {
        let ordered_at = self.record.ordered_at.or_else(|| history.single_order_time())?;
        history.matching_accepted(ordered_at, self.content()).map(|entry| entry.order.clone())
    }

    /// Returns the time by which an earlier run's order is found under another spelling of the
    /// reference.
    pub(super) fn identifying_time(&self) -> Option<DateTime<Utc>> {
        self.record.ordered_at.filter(|_| self.has_time_of_day)
    }

    /// Returns it as its history is compared with it.
    pub(super) fn read_order(&self) -> ReadOrder<'_> {
        match &self.order {
            Ok(order) => ReadOrder::Sendable {
                order: &order.encoded,
                warns_of_duplicate: self.has_time_of_day,
            },
            Err(unsendable) => ReadOrder::Unsendable(unsendable),
        }
    }

    /// Makes it invalid if there is a problem.
    pub(super) fn add_problem(&mut self, problem: Option<Problem>) {
        let Some(problem) = problem else { return };
        self.record.problems.push(problem);
        if let Ok(order) = &self.order {
            let (status, content) =
                (Some(order.encoded.status.clone()), Some(order.encoded.content));
            let has_time_of_day = self.has_time_of_day;
            self.order = Err(Unsendable {
                rule: None,
                status,
                content,
                is_other_order: false,
                has_time_of_day,
            });
        }
    }
}

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
    pub fn push(&self, group: u64, order: &DeferredOrder) -> io::Result<()> {
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
    pub fn groups(&self) -> impl Iterator<Item = io::Result<Vec<DeferredOrder>>> {
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

/// The part of an encoded [`DeferredOrder`] that says where it is.
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
