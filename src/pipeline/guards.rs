//! Guards before sending: the run is refused if too many orders are invalid or too old.
//!
//! They count only; `disposition` decides about the single old order. Called by `candidates` and
//! `resume`.

use super::{error::Refusal, max_invalid::MaxInvalid, spec::RunSpec};
use crate::disposition::OldOrders;

/// Refuses a run with too many invalid orders.
pub(super) fn check_invalid(
    n_invalid: u64,
    n_orders: u64,
    max_invalid: MaxInvalid,
) -> Result<(), Refusal> {
    if max_invalid.is_exceeded(n_invalid, n_orders) {
        return Err(Refusal::TooManyInvalid { n_invalid, n_orders, max_invalid });
    }
    Ok(())
}

/// Refuses a run if more orders are too old than `max_invalid` allows.
// A few old orders are stragglers and are held, while the others are sent. Many of them mean that
// the export is history.
pub(super) fn check_old(
    old_orders: OldOrders,
    n_orders: u64,
    spec: &RunSpec<'_>,
) -> Result<(), Refusal> {
    let (n_old, max_invalid) = (old_orders.n_orders, spec.max_invalid);
    match spec.backfill_guard().held(old_orders) {
        Some((age, oldest)) if max_invalid.is_exceeded(n_old, n_orders) => {
            Err(Refusal::TooManyOld { n_old, n_orders, max_invalid, age, oldest })
        }
        _ => Ok(()),
    }
}
