//! History: looks up in the ledger what earlier runs did with orders, many at once, and lets
//! `decide` decide about them.
//!
//! It writes nothing: the caller records problems, changes and results. Called for the orders of an
//! export and for those of a saved plan.

use chrono::{DateTime, Utc};

use super::{
    decide::{by_history, of_new},
    decision::{Decision, Disposition},
    read_order::ReadOrder,
    rules::DispositionRules,
};
use crate::{
    ledger::{ChangedOrder, LedgerError, LedgerReader, ReferenceHistory},
    model::{
        order::OrderRecord,
        planned::{PlannedGuest, PlannedOrder},
        reference::normalize_reference,
    },
};

/// Decides about orders, valid or not, in their order.
pub fn decide_all(
    orders: &[(ReadOrder<'_>, &OrderRecord)],
    ledger: &dyn LedgerReader,
    rules: DispositionRules,
) -> Result<Vec<Decision>, LedgerError> {
    let histories = histories(orders, ledger)?;
    let mut decisions = Vec::with_capacity(orders.len());
    for ((order, record), history) in orders.iter().zip(&histories) {
        decisions.push(by_history(*order, record, history, rules));
    }
    // Valid orders that are new under their references: the ledger may have them under others.
    let mut new = Vec::new();
    for ((order, record), decision) in orders.iter().zip(&mut decisions) {
        if let (ReadOrder::Sendable { order: sendable, .. }, None) = (order, &decision) {
            new.push((*order, sendable.dedup_hash(), *record, decision));
        }
    }
    let hashes: Vec<_> = new.iter().map(|(_, hash, ..)| *hash).collect();
    let equal = ledger.references_by_dedup_hash(&hashes)?;
    for ((order, _, record, decision), equal) in new.into_iter().zip(equal) {
        *decision = Some(of_new(order, record, &equal, rules));
    }
    Ok(decisions.into_iter().flatten().collect())
}

fn histories(
    orders: &[(ReadOrder<'_>, &OrderRecord)],
    ledger: &dyn LedgerReader,
) -> Result<Vec<ReferenceHistory>, LedgerError> {
    let to_look_up: Vec<_> = orders.iter().map(|(order, record)| (*record, order.identifying_time(record))).collect();
    histories_of_any_spelling(&to_look_up, ledger)
}

/// Returns the history of each order. If there is none near its time under its reference, returns
/// that of an order with exactly the same time whose reference differs only in spelling, as
/// spreadsheets change it. An order without a time has only its own spelling.
// The callers give no time that is only a date, which too many orders share to identify one.
pub(super) fn histories_of_any_spelling(
    orders: &[(&OrderRecord, Option<DateTime<Utc>>)],
    ledger: &dyn LedgerReader,
) -> Result<Vec<ReferenceHistory>, LedgerError> {
    let references: Vec<_> = orders.iter().map(|(record, _)| record.reference.as_str()).collect();
    let mut histories = ledger.history(&references)?;
    let mut missing = Vec::new();
    for ((record, ordered_at), history) in orders.iter().zip(&mut histories) {
        let Some(ordered_at) = ordered_at.filter(|_| !record.reference.is_empty()) else { continue };
        if !history.has_order_near(ordered_at) {
            missing.push((record.reference.as_str(), ordered_at, history));
        }
    }
    let times: Vec<_> = missing.iter().map(|(_, ordered_at, _)| *ordered_at).collect();
    for ((reference, ordered_at, history), others) in missing.into_iter().zip(ledger.references_by_time(&times)?) {
        let normalized = normalize_reference(reference);
        let Some(other) = others.iter().find(|other| normalize_reference(other) == normalized) else { continue };
        for mut respelled in ledger.history(&[other])? {
            respelled.attempts.retain(|entry| entry.order.ordered_at == ordered_at);
            *history = respelled;
        }
    }
    Ok(histories)
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
    let read: Vec<_> = orders.iter().map(|order| (read(order), &order.record)).collect();
    let decisions = decide_all(&read, ledger, rules)?;
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
