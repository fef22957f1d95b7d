//! Orders of a saved plan's run that cannot be sent, compared again with their history.
//!
//! It records nothing. Called when a saved plan is resumed.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::{
    decision::{Decision, Disposition},
    history::{decide_all, look_up_keys},
    read_order::ReadOrder,
    rules::DispositionRules,
};
use crate::{
    ledger::{self, LedgerError, LedgerReader, OrderKey},
    model::{
        order::{OrderRecord, SAME_ORDER_WINDOW},
        unsendable::Unsendable,
    },
};

/// The accepted orders that this run has reported as changed.
// They may have been recorded in the ledger after the plan was written. Then the plan does not
// contain which of several orders of the export is the accepted one.
#[derive(Debug, Default)]
pub struct AcceptedOrders(HashMap<String, Vec<DateTime<Utc>>>);

impl AcceptedOrders {
    /// Decides again about an order that cannot be sent, and adds what its history shows to
    /// `record`.
    // One order at a time: a changed one depends on those before it.
    pub fn decide(
        &mut self,
        unsendable: &Unsendable,
        record: &mut OrderRecord,
        ledger: &dyn LedgerReader,
        rules: DispositionRules,
    ) -> Result<Disposition, LedgerError> {
        let order = [(ReadOrder::Unsendable(unsendable), &*record)];
        let histories = ledger::look_up(&look_up_keys(&order), ledger)?;
        let mut decisions = decide_all(&order, &histories, ledger, rules)?;
        let Decision { disposition, problem } = decisions.remove(0);
        record.problems.extend(problem);
        Ok(match disposition {
            Disposition::Changed(_, change) if !self.insert(&change.order) => {
                Disposition::Final(unsendable.result())
            }
            disposition => disposition,
        })
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
