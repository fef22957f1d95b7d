//! Settlement in the database: applies the operator's decision, in one transaction: all orders of a
//! request are settled, or none.
//!
//! Locks the targets as a run does, so that no run sends meanwhile. Which attempts a decision
//! settles is decided by `ledger::settle`. Called by `admin`.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{
    attempts, changes, commit_counter, companions::Companions, file, location::SqliteLocation,
    lock::RunLock, orders::collect_orders, stamp, targets, wal,
};
use crate::ledger::{
    error::LedgerError,
    order::LedgerOrder,
    query::{OrderFilter, ReferencePattern},
    settle::{SettleError, SettleRequest, SettledOrder, attempts_to_settle, select_order, settled},
};

/// The holder that the lock file names meanwhile.
const HOLDER: &str = "orderferry ledger settle";

impl From<rusqlite::Error> for SettleError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Ledger(error.into())
    }
}

/// Settles orders by the operator's decision.
pub(super) fn settle(
    location: &SqliteLocation,
    request: &SettleRequest,
) -> Result<Vec<SettledOrder>, SettleError> {
    let ledger = file::open_to_write(&location.path)?;
    ledger.ensure_intact(location, None)?;
    let connection = &ledger.connection;
    for target in targets::target_hashes(connection)? {
        ledger.ensure_newest(location, target)?;
    }
    let now = stamp::now();
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    let mut selected = BTreeMap::new();
    let mut refusals = Vec::new();
    for reference in request.references.iter().collect::<BTreeSet<_>>() {
        let found = find_orders(&transaction, reference, request)?;
        match select_order(reference, &found, request) {
            Ok(order) => drop(selected.insert(reference, order)),
            Err(refusal) => refusals.push(refusal),
        }
    }
    if !refusals.is_empty() {
        return Err(SettleError::Refused(refusals));
    }
    // This transaction keeps other writers out; the locks detect a run that is between two
    // transactions. They are acquired only now, because the targets to lock are those of the
    // selected orders.
    let selected_targets: BTreeSet<_> = selected.values().map(|order| order.target).collect();
    let acquire =
        |target| Ok::<_, LedgerError>((target, RunLock::acquire(&location.path, target, HOLDER)?));
    let locks = selected_targets.into_iter().map(acquire).collect::<Result<Vec<_>, _>>()?;
    let settle = |order| write_decision(&transaction, order, request, now);
    let settled = selected.into_values().map(settle).collect::<Result<_, _>>()?;
    commit_counter::count(&transaction, 0)?;
    transaction.commit()?;
    // Without this a backup from before the settlement would pass for the newest state.
    let state = commit_counter::current_state(connection, &location.path)?;
    for (target, lock) in locks {
        Companions::open(lock, location.state_folder.as_deref(), &state.id, target)
            .0
            .record(&state);
    }
    wal::keep_for_open_runs(connection)?;
    Ok(settled)
}

/// Finds the orders of a reference that the request may mean.
fn find_orders(
    connection: &Connection,
    reference: &str,
    request: &SettleRequest,
) -> Result<Vec<LedgerOrder>, rusqlite::Error> {
    let filter = OrderFilter {
        references: ReferencePattern::Exact(reference.to_owned()),
        target: request.target.clone(),
        run: request.run.clone(),
        ordered_at: request.ordered_at.clone(),
        ..OrderFilter::default()
    };
    collect_orders(connection, &filter)
}

fn write_decision(
    connection: &Connection,
    order: LedgerOrder,
    request: &SettleRequest,
    now: i64,
) -> Result<SettledOrder, rusqlite::Error> {
    let SettleRequest { decision, run, .. } = request;
    let Some(state) = decision.attempt_state() else {
        changes::acknowledge(connection, &order, now)?;
        return Ok(settled(order, *decision, &[]));
    };
    let attempts = attempts_to_settle(&order, *decision, run.as_deref());
    for attempt in &attempts {
        attempts::set_outcome(connection, *attempt, state, true, now)?;
    }
    Ok(settled(order, *decision, &attempts))
}
