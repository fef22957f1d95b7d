//! Planned orders, compared again with their history: another run, or the operator, may have
//! settled them after they were planned.
//!
//! It sends and records nothing. Called for the guests of a saved plan.

use std::sync::Arc;

use super::{
    decision::{Decision, Disposition},
    history::{decide_all, look_up_keys},
    read_order::ReadOrder,
    rules::DispositionRules,
};
use crate::{
    ledger::{self, ChangedOrder, LedgerError, LedgerReader},
    model::planned::{GuestParts, PlannedGuest, PlannedOrder},
};

/// Returns the guests of a plan, with the orders that are not to be sent any more moved to the
/// results. `on_change` receives the orders that changed after their acceptance.
pub fn settle_all<E, P, G, N>(
    ledger: Option<Box<dyn LedgerReader>>,
    guests: G,
    rules: DispositionRules,
    on_change: N,
) -> impl Iterator<Item = GuestParts<E>> + Send + use<E, P, G, N>
where
    P: Send + 'static,
    E: From<P> + From<LedgerError> + Send + 'static,
    G: Iterator<Item = GuestParts<P>> + Send + 'static,
    N: Fn(Box<ChangedOrder>) + Send + Sync + 'static,
{
    // Shared, since the workers read the later parts of several guests at the same time.
    let shared = Arc::new((ledger, on_change));
    guests.map(move |guest| {
        let shared = Arc::clone(&shared);
        guest.map_parts(move |mut part| {
            // Without a ledger, the results that the plan holds are final.
            let (Some(ledger), on_change) = &*shared else { return Ok(part.split_held()) };
            settle_by_history(&mut part, &**ledger, rules, on_change)?;
            Ok(part)
        })
    })
}

/// Moves those orders of a planned guest to its results that were sent after they had been planned,
/// or that must not be sent now. `on_change` receives the orders that changed after their
/// acceptance.
pub fn settle_by_history(
    guest: &mut PlannedGuest,
    ledger: &dyn LedgerReader,
    rules: DispositionRules,
    on_change: &dyn Fn(Box<ChangedOrder>),
) -> Result<(), LedgerError> {
    let orders = std::mem::take(&mut guest.orders);
    let read = |order| ReadOrder::Sendable { order, warns_of_duplicate: false };
    let read: Vec<_> = orders.iter().map(|order| (read(&order.encoded), &order.record)).collect();
    let histories = ledger::look_up(&look_up_keys(&read), ledger)?;
    let decisions = decide_all(&read, &histories, ledger, rules)?;
    for (mut order, Decision { disposition, problem }) in orders.into_iter().zip(decisions) {
        order.record.problems.extend(problem);
        match disposition {
            Disposition::Final(result) => guest.results.push((order.record, result)),
            Disposition::Changed(result, change) => {
                on_change(change);
                guest.results.push((order.record, result));
            }
            Disposition::Send { is_uncertain } => {
                guest.orders.push(PlannedOrder { is_uncertain, held_result: None, ..order });
            }
        }
    }
    Ok(())
}
