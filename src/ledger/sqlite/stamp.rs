//! Stamp: what all rows that a run writes in one transaction have in common. Made by `run`;
//! `settle` uses its clock.

use std::time::SystemTime;

use chrono::{DateTime, Utc};

use crate::ledger::target_hash::TargetHash;

/// The target, run and time of a row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp<'r> {
    /// The target that the run sends to.
    pub(super) target: TargetHash,
    /// The id of the run.
    pub(super) run: &'r str,
    /// When the row is written, in milliseconds since 1970.
    pub(super) now: i64,
}

/// The current time in milliseconds since 1970.
// Not `Utc::now()`, which panics if the clock is set to a time before 1970.
pub(super) fn now() -> i64 {
    DateTime::<Utc>::from(SystemTime::now()).timestamp_millis()
}
