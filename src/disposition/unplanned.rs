//! Orders of a saved plan's run that cannot be sent, compared again with their history: another run
//! or the operator may have settled them in the meantime.
//!
//! It records nothing. Called when a saved plan is resumed.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{
    decision::Disposition,
    history::{decide_all, look_up_keys},
    read_order::ReadOrder,
    rules::DispositionRules,
};
use crate::{
    ledger::{self, LedgerError, LedgerReader, LedgerWrite, OrderKey},
    model::{order::SAME_ORDER_WINDOW, unsendable::UnplannedOrder},
};

/// Orders that are looked up at once.
pub const UNPLANNED_PER_LOOK_UP: usize = 1000;

/// The accepted orders that this run has reported as changed.
// They may have been recorded in the ledger after the plan was written. Then the plan does not
// contain which of several orders of the export is the accepted one.
#[derive(Debug, Default)]
pub struct AcceptedOrders(HashMap<String, Vec<DateTime<Utc>>>);

impl AcceptedOrders {
    /// Decides again about those of some unplanned orders that cannot be sent, and adds what their
    /// histories show to their records. Returns the writes that record changed orders.
    pub fn settle(
        &mut self,
        orders: &mut [UnplannedOrder],
        ledger: &dyn LedgerReader,
        rules: DispositionRules,
    ) -> Result<Vec<LedgerWrite>, LedgerError> {
        let read: Vec<_> = orders
            .iter()
            .filter_map(|order| {
                Some((ReadOrder::Unsendable(order.unsendable.as_ref()?), &order.record))
            })
            .collect();
        let histories = ledger::look_up(&look_up_keys(&read), ledger)?;
        let decisions = decide_all(&read, &histories, ledger, rules)?;
        let unsendable = orders.iter_mut().filter_map(|order| {
            Some((&mut order.record, &mut order.result, order.unsendable.as_ref()?))
        });
        let mut changes = Vec::new();
        for ((record, result, unsendable), decision) in unsendable.zip(decisions) {
            record.problems.extend(decision.problem);
            match decision.disposition {
                Disposition::Final(again) => *result = again,
                Disposition::Changed(again, change) if self.insert(&change.order) => {
                    changes.push(LedgerWrite::RecordChange(change));
                    *result = again;
                }
                Disposition::Changed(..) => *result = unsendable.result(),
                Disposition::Send { .. } => {}
            }
        }
        Ok(changes)
    }

    /// Inserts an accepted order. Returns whether no other order was matched with it before.
    fn insert(&mut self, order: &OrderKey) -> bool {
        let times = self.0.entry(order.reference.clone()).or_default();
        let is_first =
            times.iter().all(|time| (*time - order.ordered_at).abs() >= SAME_ORDER_WINDOW);
        times.push(order.ordered_at);
        is_first
    }
}
