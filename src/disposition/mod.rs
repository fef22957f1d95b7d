//! Disposition: what becomes of a checked order, given what earlier runs sent and what else this
//! export holds.
//!
//! An order is sent, or it has its result without a request: accepted before, changed, held,
//! skipped, invalid. The history in the ledger takes precedence over the export. It checks no
//! draft, encodes nothing and writes no report. Called by `pipeline` on all cores at once.

mod age;
mod changed;
mod changed_orders;
mod conflicts;
mod decide;
mod decision;
mod deferred;
mod history;
mod pending;
mod planned;
mod read_order;
mod repeated_content;
mod rules;
mod undecided;
mod unplanned;

pub use age::{AgeLimit, BackfillGuard, OldOrders, in_days};
pub use changed_orders::ChangedOrders;
#[cfg(test)]
pub(crate) use conflicts::{SharedReference, find_conflicts};
pub use decide::accepted_before;
pub use decision::Disposition;
pub use deferred::{DeferredBatch, DeferredError, DeferredGroups, DeferredOrders};
pub use pending::{DecidedOrder, PendingOrders};
pub use planned::{settle_all, settle_by_history};
pub use read_order::ReadOrder;
pub use repeated_content::{ContentKey, RepeatedContent, RepeatedContentSorter, push_content};
pub use rules::{ChangedExit, DispositionRules};
pub use undecided::UndecidedOrder;
pub use unplanned::{AcceptedOrders, UNPLANNED_PER_LOOK_UP};
