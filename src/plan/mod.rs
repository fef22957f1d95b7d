//! Send plan: valid orders in the order of sending, guests by their oldest order, the orders of a
//! guest oldest first.
//!
//! Personalize keeps the last 20 orders of a guest, so the newest must come last. The plan is
//! written to the run folder before anything is sent and read back from there, so that a slow
//! service holds no export in memory. Does not send. Called by `pipeline`; knows only `model`,
//! `stream` and `spill`.

mod digest;
mod file;
mod limit;
mod planner;

pub use digest::{DigestWriter, PlanDigest};
pub use file::{PlanError, PlannedGuests, write, write_lines};
pub use limit::{limit_reached, with_limit};
pub use planner::{PlanInput, Planner, SortedPlan};
