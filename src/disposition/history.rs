//! Decisions about many orders at once, by what earlier runs did with them.
//!
//! It writes nothing: the caller records problems, changes and results. Called for the orders of an
//! export and, by `planned`, for those of a saved plan; `decide` decides about each.

use chrono::{DateTime, Utc};

use super::{
    decide::{by_history, of_new},
    decision::Decision,
    read_order::ReadOrder,
    rules::DispositionRules,
};
use crate::{
    ledger::{LedgerError, LedgerReader, ReferenceHistory, ensure_all_answered},
    model::order::OrderRecord,
};

/// Decides about orders, valid or not, in their order. `histories` are theirs, as the ledger found
/// them by [`look_up_keys`].
pub(super) fn decide_all(
    orders: &[(ReadOrder<'_>, &OrderRecord)],
    histories: &[ReferenceHistory],
    ledger: &dyn LedgerReader,
    rules: DispositionRules,
) -> Result<Vec<Decision>, LedgerError> {
    let mut decisions = Vec::with_capacity(orders.len());
    for ((order, record), history) in orders.iter().zip(histories) {
        decisions.push(by_history(*order, record, history, rules));
    }
    // Valid orders that are new under their references: the ledger may have them under others.
    let mut new = Vec::new();
    for ((order, record), decision) in orders.iter().zip(&mut decisions) {
        if let (ReadOrder::Sendable { order: sendable, .. }, None) = (order, &decision) {
            new.push((*order, sendable.dedup_hash, *record, decision));
        }
    }
    let hashes: Vec<_> = new.iter().map(|(_, hash, ..)| *hash).collect();
    let equal = ledger.references_by_dedup_hash(&hashes)?;
    for ((order, _, record, decision), equal) in new.into_iter().zip(equal) {
        *decision = Some(of_new(order, record, &equal, rules));
    }
    ensure_all_answered(decisions.into_iter().flatten().collect(), orders.len())
}

/// Returns by what each order is looked up in the ledger: its reference and the time that
/// identifies it.
pub(super) fn look_up_keys<'o>(
    orders: &[(ReadOrder<'_>, &'o OrderRecord)],
) -> Vec<(&'o str, Option<DateTime<Utc>>)> {
    orders
        .iter()
        .map(|(order, record)| (record.reference.as_str(), order.identifying_time(record)))
        .collect()
}
