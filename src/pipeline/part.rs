//! Part: what the orders of one block come to.
//!
//! `triage` fills it on one core, `sink` takes it apart in the order of the input.

use std::ops::Range;

use super::{deferred::DeferredOrder, partial::PartialReport};

/// What the orders of one block come to.
#[derive(Default)]
pub(super) struct TriagePart {
    pub(super) report: PartialReport,
    /// Orders to look up in the ledger at the end of the block; empty after that.
    pub(super) pending: Vec<DeferredOrder>,
    /// Those of them that may be one order, or share their reference.
    pub(super) pending_groups: Vec<Range<usize>>,
}
