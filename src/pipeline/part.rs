//! Part: what the orders of one block come to.
//!
//! It does no I/O. `triage` and `dispose` fill it on one core, `sink` takes it apart in the order
//! of the input.

use crate::{
    disposition::{ContentKey, OldOrders, PendingOrders},
    ledger::ChangedOrder,
    plan::PlanInput,
    report::PartialReport,
    spill::batch::Batch,
};

/// What the orders of one block come to.
#[derive(Default)]
pub(super) struct TriagePart {
    /// Their part of the report.
    pub(super) report: PartialReport,
    /// Orders that are too old to be sent without `--backfill`.
    pub(super) old_orders: OldOrders,
    /// Orders that may be sent, by dedup hash.
    pub(super) dedup_hashes: Batch<ContentKey>,
    /// For a send: orders for the plan, lines of the unplanned orders, and changed orders.
    pub(super) plan: PlanInput,
    pub(super) unplanned: Vec<u8>,
    pub(super) changed: Vec<ChangedOrder>,
    /// Orders to look up in the ledger at the end of the block; empty after that.
    pub(super) pending: PendingOrders,
}

impl TriagePart {
    /// An empty part with capacity for this number of orders that are only checked.
    pub(super) fn with_capacity(n_orders: usize) -> Self {
        Self {
            report: PartialReport::with_capacity(n_orders),
            dedup_hashes: Batch::with_capacity(n_orders, CONTENT_BYTES * n_orders),
            ..Self::default()
        }
    }
}

/// Bytes of the position and the reference of a typical order.
const CONTENT_BYTES: usize = 32;
