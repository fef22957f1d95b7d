//! Changes: the statements about accepted orders that a later run read otherwise. Compares nothing.
//! Called by `reader`, `run` and `settle`.

use rusqlite::{Connection, Row, params};

use super::stamp::Stamp;
use crate::{
    ledger::{
        change::{ChangeState, ChangedOrder},
        history::ReferenceHistory,
        order::LedgerOrder,
        target_hash::TargetHash,
    },
    model::planned::ContentHash,
};

/// Adds the recorded changes to histories that have their attempts already.
pub(super) fn add_to_histories(
    connection: &Connection,
    target: TargetHash,
    histories: &mut [ReferenceHistory],
) -> Result<(), rusqlite::Error> {
    // Most ledgers hold none; then no reference is looked up.
    let has_any =
        connection.prepare_cached("SELECT 1 FROM changes WHERE target = ?1")?.exists([target.0])?;
    if !has_any {
        return Ok(());
    }
    let mut statement = connection.prepare_cached(
        "SELECT content, acknowledged_at IS NOT NULL, reported_at IS NOT NULL FROM changes
         WHERE target = ?1 AND reference = ?2",
    )?;
    for history in histories {
        let Some(newest) = history.attempts.last() else { continue };
        let changes = statement.query_map(params![target.0, newest.order.reference], read_state)?;
        history.changes = changes.collect::<Result<_, _>>()?;
    }
    Ok(())
}

fn read_state(row: &Row<'_>) -> Result<(ContentHash, ChangeState), rusqlite::Error> {
    let state = match (row.get(1)?, row.get(2)?) {
        (true, _) => ChangeState::Acknowledged,
        (false, true) => ChangeState::Reported,
        (false, false) => ChangeState::New,
    };
    Ok((ContentHash(row.get(0)?), state))
}

/// Records a change. Until a run has reported it, it belongs to the run that recorded it last.
pub(super) fn record(
    connection: &Connection,
    change: &ChangedOrder,
    stamp: Stamp<'_>,
) -> Result<(), rusqlite::Error> {
    let ChangedOrder { order, cause, snapshot } = change;
    let mut statement = connection.prepare_cached(
        "INSERT INTO changes (target, reference, ordered_at, content, run, seen_at, cause,
             status, total, currency, items)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (target, reference, content)
             DO UPDATE SET run = excluded.run, seen_at = excluded.seen_at
             WHERE reported_at IS NULL",
    )?;
    statement.execute(params![
        stamp.target.0,
        order.reference,
        order.ordered_at.timestamp_millis(),
        order.content.0,
        stamp.run,
        stamp.now,
        cause,
        snapshot.status,
        snapshot.money.as_ref().map(|money| money.amount.to_string()),
        snapshot.money.as_ref().map(|money| money.currency.to_string()),
        snapshot.item_count.and_then(|n_items| i64::try_from(n_items).ok()),
    ])?;
    Ok(())
}

/// Marks the changes that this run recorded as reported.
pub(super) fn mark_reported(
    connection: &Connection,
    stamp: Stamp<'_>,
) -> Result<(), rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "UPDATE changes SET reported_at = ?3
         WHERE target = ?1 AND run = ?2 AND reported_at IS NULL",
    )?;
    statement.execute(params![stamp.target.0, stamp.run, stamp.now])?;
    Ok(())
}

/// Marks all changes of an order as acknowledged.
pub(super) fn acknowledge(
    connection: &Connection,
    order: &LedgerOrder,
    now: i64,
) -> Result<(), rusqlite::Error> {
    for change in order.changes.iter().filter(|change| change.acknowledged_at.is_none()) {
        let mut statement = connection.prepare_cached(
            "UPDATE changes SET acknowledged_at = ?4
             WHERE target = ?1 AND reference = ?2 AND content = ?3",
        )?;
        statement.execute(params![order.target.0, order.reference, change.content.0, now])?;
    }
    Ok(())
}
