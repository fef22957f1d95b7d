//! Pending orders: those of a block that are decided together, since looking many orders up at once
//! is faster.
//!
//! It sends and records nothing: it looks the orders up in the ledger, `history` decides, and the
//! caller gets the disposition of each.

use std::{collections::BTreeMap, mem, ops::Range};

use super::{
    conflicts::mark_conflicts,
    decision::{Decision, Disposition},
    history::{decide_all, look_up_keys},
    rules::DispositionRules,
    undecided::UndecidedOrder,
};
use crate::{
    ledger::{self, LedgerError, LedgerReader, OrderKey, ReferenceHistory},
    model::{order::OrderRecord, origin::InputNames},
};

/// Orders to decide about at the end of their block.
#[derive(Debug, Default)]
pub struct PendingOrders {
    orders: Vec<UndecidedOrder>,
    /// Those of them that may be one order, or share their reference.
    groups: Vec<Range<usize>>,
    /// Orders that are known to be accepted, each with the number of `orders` before it.
    accepted: Vec<(usize, OrderRecord)>,
}

/// An order of a block that is decided.
pub enum DecidedOrder {
    /// An order that was known to be accepted.
    Accepted(OrderRecord),
    /// Any other order, with what becomes of it.
    Other(Box<UndecidedOrder>, Disposition),
}

impl PendingOrders {
    /// Adds an order whose reference no other order has.
    pub fn push(&mut self, order: UndecidedOrder) {
        self.orders.push(order);
    }

    /// Adds an order that is known to be accepted, in its place among the others.
    pub fn push_accepted(&mut self, order: OrderRecord) {
        self.accepted.push((self.orders.len(), order));
    }

    /// Adds orders whose references may be equal, or equal except for their spelling. They are in
    /// the order of the input, of files with these names.
    pub fn push_group(
        &mut self,
        mut orders: Vec<UndecidedOrder>,
        rules: DispositionRules,
        names: &InputNames,
    ) {
        mark_conflicts(&mut orders, rules.sends_reused_references);
        let problems = orders.iter_mut().flat_map(|order| order.record.problems.iter_mut());
        problems.for_each(|problem| problem.name_other_file(names));
        let first = self.orders.len();
        self.orders.extend(orders);
        // A single order is the only one that can be the accepted one.
        if self.orders.len() - first > 1 {
            self.groups.push(first..self.orders.len());
        }
    }

    /// Decides about all orders, in their order. Without a ledger, none has a history.
    pub fn decide(
        mut self,
        ledger: Option<&dyn LedgerReader>,
        rules: DispositionRules,
    ) -> Result<Vec<DecidedOrder>, LedgerError> {
        let mut accepted = mem::take(&mut self.accepted).into_iter().peekable();
        let others = if self.orders.is_empty() { Vec::new() } else { self.look_up(ledger, rules)? };
        let mut decided = Vec::with_capacity(accepted.len() + others.len());
        for (index, (order, disposition)) in others.into_iter().enumerate() {
            while let Some((_, order)) = accepted.next_if(|(n_before, _)| *n_before <= index) {
                decided.push(DecidedOrder::Accepted(order));
            }
            decided.push(DecidedOrder::Other(Box::new(order), disposition));
        }
        decided.extend(accepted.map(|(_, order)| DecidedOrder::Accepted(order)));
        Ok(decided)
    }

    /// Decides about those that are not known to be accepted.
    fn look_up(
        mut self,
        ledger: Option<&dyn LedgerReader>,
        rules: DispositionRules,
    ) -> Result<Vec<(UndecidedOrder, Disposition)>, LedgerError> {
        let Some(ledger) = ledger else {
            let decide = |order: UndecidedOrder| {
                let disposition = order.read_order().without_history(rules);
                (order, disposition)
            };
            return Ok(self.orders.into_iter().map(decide).collect());
        };
        if !self.groups.is_empty() {
            let grouped = self.groups.iter().flat_map(|group| &self.orders[group.clone()]);
            let keys: Vec<_> = grouped
                .map(|order| (order.record.reference.as_str(), order.identifying_time()))
                .collect();
            let histories = ledger::look_up(&keys, ledger)?;
            assign_accepted(&mut self.orders, &self.groups, &histories);
        }
        let read: Vec<_> =
            self.orders.iter().map(|order| (order.read_order(), &order.record)).collect();
        let histories = ledger::look_up(&look_up_keys(&read), ledger)?;
        let decisions = decide_all(&read, &histories, ledger, rules)?;
        let decided = self.orders.into_iter().zip(decisions);
        Ok(decided
            .map(|(mut order, Decision { disposition, problem })| {
                order.record.problems.extend(problem);
                (order, disposition)
            })
            .collect())
    }
}

/// Matches each accepted order of the ledger with one of the orders of a group, which may be it:
/// the one with its content, else the one with its spelling of the reference, else the first that
/// no rule skips. The others are marked as other orders. `histories` are those of the orders in
/// groups.
// Otherwise two duplicates that differ would be two changes of one accepted order.
fn assign_accepted(
    orders: &mut [UndecidedOrder],
    groups: &[Range<usize>],
    histories: &[ReferenceHistory],
) {
    let grouped: Vec<(usize, usize)> = groups
        .iter()
        .enumerate()
        .flat_map(|(group, orders)| orders.clone().map(move |order| (group, order)))
        .collect();
    let mut ranks_by_order: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for ((group, index), history) in grouped.into_iter().zip(histories) {
        let order = &orders[index];
        // Orders without a reference share none.
        let accepted = order.accepted(history).filter(|_| !order.record.reference.is_empty());
        let Some(OrderKey { reference, ordered_at, content }) = accepted else { continue };
        let is_other = order.content() != Some(content);
        let rank = (is_other, order.record.reference != reference, order.is_skipped(), index);
        ranks_by_order.entry((group, reference, ordered_at)).or_default().push(rank);
    }
    for mut ranks in ranks_by_order.into_values() {
        ranks.sort_unstable();
        for (_, _, _, index) in ranks.into_iter().skip(1) {
            if let Err(unsendable) = &mut orders[index].order {
                unsendable.is_other_order = true;
            }
        }
    }
}
