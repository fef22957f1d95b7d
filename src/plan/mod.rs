//! Send plan: valid orders in the order of sending, guests by their oldest order, the orders of a
//! guest oldest first.
//!
//! Personalize keeps the last 20 orders of a guest, so the newest must come last. The plan is
//! written to the run folder before anything is sent and read back from there, so that a slow
//! service holds no export in memory. Does not send. Called by `pipeline`.

mod digest;
mod error;
mod file;
mod folder;
mod limit;
mod planner;
mod resume_point;
mod unplanned;

pub use digest::PlanDigest;
pub use error::PlanError;
pub use file::{PlanLine, PlannedGuests, write_lines};
pub use folder::{PlanHeader, SavedPlan};
pub use limit::{limit_reached, with_limit};
pub use planner::{PlanInput, Planner, SortedPlan};
pub use unplanned::{UnplannedWriter, write_unplanned};
