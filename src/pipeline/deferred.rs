//! Deferred orders: checked orders that are decided later, and the external sort that brings those
//! together that may share their reference.
//!
//! It decides nothing: `triage` fills it on all cores at once and takes the groups out of it.

use std::{io, path::Path};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    disposition::{ReadOrder, SendableOrder},
    ledger::{OrderKey, ReferenceHistory},
    model::{
        order::OrderRecord,
        origin::Position,
        planned::{ContentHash, DedupHash},
        problem::Problem,
        unsendable::Unsendable,
    },
    shuffle::hash_reference,
    spill::{
        groups::{BatchError, BatchLimits, GroupBatch, Groups},
        sorter::Sorter,
    },
    stream::EncodedOrder,
    validate::SharedReference,
};

/// A checked order that is decided later: in the end of its block, when it is looked up, or when all
/// orders are known that may share its reference.
#[derive(Serialize, Deserialize)]
pub(super) struct DeferredOrder {
    pub(super) record: OrderRecord,
    pub(super) order: Result<EncodedOrder, Unsendable>,
    /// See [`Triage::has_time_of_day`].
    pub(super) has_time_of_day: bool,
}

impl DeferredOrder {
    pub(super) fn shared_reference(&self) -> SharedReference<'_> {
        SharedReference { record: &self.record, dedup_hash: self.order.as_ref().ok().map(|order| order.dedup_hash) }
    }

    pub(super) fn is_skipped(&self) -> bool {
        matches!(&self.order, Err(Unsendable { rule: Some(_), .. }))
    }

    /// Returns its content, if it is known.
    pub(super) fn content(&self) -> Option<ContentHash> {
        match &self.order {
            Ok(order) => Some(order.content),
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
            Ok(order) => ReadOrder::Sendable { order, warns_of_duplicate: self.has_time_of_day },
            Err(unsendable) => ReadOrder::Unsendable(unsendable),
        }
    }

    /// Makes it invalid if there is a problem.
    pub(super) fn add_problem(&mut self, problem: Option<Problem>) {
        let Some(problem) = problem else { return };
        self.record.problems.push(problem);
        if let Ok(order) = &self.order {
            let (status, content) = (Some(order.status.clone()), Some(order.content));
            let has_time_of_day = self.has_time_of_day;
            self.order = Err(Unsendable { rule: None, status, content, is_other_order: false, has_time_of_day });
        }
    }
}

impl SendableOrder for EncodedOrder {
    fn ordered_at(&self) -> DateTime<Utc> {
        self.ordered_at
    }

    fn status(&self) -> &str {
        &self.status
    }

    fn content(&self) -> ContentHash {
        self.content
    }

    fn dedup_hash(&self) -> DedupHash {
        self.dedup_hash
    }
}

/// Bytes that a core decides about at once.
const BATCH_BYTES: usize = 256 * 1024;

/// Maximum bytes of the orders that share a reference.
// A shop has no reference with more orders than that.
const MAX_REFERENCE_BYTES: usize = 32 * 1024 * 1024;

/// Sorts encoded orders by the hash of their reference, then by their id.
pub(super) struct DeferredOrders(Sorter<(u64, u64)>);

impl DeferredOrders {
    /// None yet. What exceeds `memory` (in bytes) spills to `folder`.
    pub(super) fn new(folder: &Path, memory: usize) -> Self {
        Self(Sorter::new(folder, ".clashing", memory))
    }

    pub(super) fn push(&self, order: &DeferredOrder) -> io::Result<()> {
        self.0.push((hash_reference(&order.record.reference), order.record.id.0), &serde_json::to_vec(order)?)
    }

    /// Returns all of them, grouped by the hash of their reference.
    pub(super) fn grouped(self) -> io::Result<DeferredGroups> {
        Ok(DeferredGroups(Groups::new(self.0.sorted()?)))
    }
}

/// Iterates over batches of groups. A group has the orders whose references have one hash.
pub(super) struct DeferredGroups(Groups<u64, u64>);

impl Iterator for DeferredGroups {
    type Item = Result<DeferredBatch, DeferredError>;

    fn next(&mut self) -> Option<Self::Item> {
        let limits = BatchLimits { batch_bytes: BATCH_BYTES, group_bytes: MAX_REFERENCE_BYTES, entry_overhead: 0 };
        let batch = self.0.next_batch(limits).transpose()?;
        Some(batch.map(DeferredBatch).map_err(DeferredError::of))
    }
}

/// Groups that are decoded later, on any core.
pub(super) struct DeferredBatch(GroupBatch);

impl DeferredBatch {
    /// Returns the groups, each in the order of the input.
    pub(super) fn groups(&self) -> impl Iterator<Item = io::Result<Vec<DeferredOrder>>> {
        self.0.groups().map(|group| Ok(group.map(serde_json::from_slice).collect::<Result<_, _>>()?))
    }
}

/// Why deferred orders cannot be grouped.
pub(super) enum DeferredError {
    /// They cannot be read back.
    Io(io::Error),
    /// Too many orders share a reference; the first of them.
    SharedReference(Position),
}

impl DeferredError {
    fn of(error: BatchError) -> Self {
        match error {
            BatchError::Io(error) => Self::Io(error),
            BatchError::GroupTooLarge { first } => match serde_json::from_slice::<DeferredOrder>(&first) {
                Ok(first) => Self::SharedReference(first.record.source),
                Err(error) => Self::Io(error.into()),
            },
        }
    }
}
