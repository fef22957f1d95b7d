//! Attempts: the statements that look attempts up for a run, and that write intents and outcomes.
//! Interprets nothing (see `prior_state`). Called by `reader`, `run` and `settle`.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Row, ToSql, params};

use super::{
    rows::{snapshot_from_row, time_from_millis},
    schema::attempt_columns,
    stamp::Stamp,
};
use crate::{
    ledger::{
        entry::{AttemptId, AttemptState, HistoryEntry, OrderKey},
        order::{outcome_name, parse_outcome},
        target_hash::TargetHash,
        write::Intent,
    },
    model::planned::{ContentHash, DedupHash},
};

/// The key of stored dedup hashes, which makes them useless outside their ledger.
#[derive(Debug, Clone, Copy)]
pub(super) struct Salt([u8; 32]);

impl Salt {
    pub(super) fn read(connection: &Connection) -> Result<Self, rusqlite::Error> {
        connection.query_row("SELECT salt FROM ledger", [], |row| row.get(0)).map(Self)
    }

    /// The dedup hash as it is stored.
    fn apply(self, dedup_hash: DedupHash) -> [u8; 16] {
        let mut key = [0; 16];
        key.copy_from_slice(&blake3::keyed_hash(&self.0, &dedup_hash.0).as_bytes()[..16]);
        key
    }
}

/// The attempts of each reference, the oldest first.
pub(super) fn of_references(
    connection: &Connection,
    target: TargetHash,
    references: &[&str],
) -> Result<Vec<Vec<HistoryEntry>>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "SELECT ordered_at, content, outcome, by_hand, status, total, currency, items FROM attempts
         WHERE target = ?1 AND reference = ?2 ORDER BY attempt",
    )?;
    let of_reference = |reference: &&str| {
        let attempts =
            statement.query_map(params![target.0, reference], |row| read_entry(reference, row))?;
        attempts.collect()
    };
    references.iter().map(of_reference).collect()
}

fn read_entry(reference: &str, row: &Row<'_>) -> Result<HistoryEntry, rusqlite::Error> {
    let order = OrderKey {
        reference: reference.to_owned(),
        ordered_at: time_from_millis(row.get(0)?),
        content: ContentHash(row.get(1)?),
    };
    let state = parse_outcome(row.get_ref(2)?.as_str_or_null()?);
    Ok(HistoryEntry { order, state, is_manual: row.get(3)?, snapshot: snapshot_from_row(row, 4)? })
}

/// The contents of the newest orders whose only attempt was accepted, and not by the operator.
pub(super) fn accepted_contents(
    connection: &Connection,
    target: TargetHash,
    max_orders: usize,
) -> Result<Vec<ContentHash>, rusqlite::Error> {
    // The unary plus makes SQLite read the table in its own order, which is faster than by an
    // index on `target` (https://sqlite.org/optoverview.html). The references with several
    // attempts are few, and are found in the index alone.
    let mut statement = connection.prepare(
        "SELECT content FROM attempts
         WHERE +target = ?1 AND outcome = 'accepted' AND NOT by_hand AND reference NOT IN (
             SELECT reference FROM attempts WHERE target = ?1
             GROUP BY reference HAVING count(*) > 1)
         ORDER BY attempt DESC LIMIT ?2",
    )?;
    let max_orders = i64::try_from(max_orders).unwrap_or(i64::MAX);
    let contents = statement.query_map(params![target.0, max_orders], |row| row.get(0))?;
    contents.map(|content| content.map(ContentHash)).collect()
}

/// The references for each hash of orders that were or may have been accepted.
pub(super) fn references_by_dedup_hash(
    connection: &Connection,
    target: TargetHash,
    hashes: &[DedupHash],
    salt: Salt,
) -> Result<Vec<Vec<String>>, rusqlite::Error> {
    // Limited to 1,000: no real guest orders the same items more often at one time.
    let sql = "SELECT DISTINCT reference FROM attempts
         WHERE target = ?1 AND likeness = ?2 AND outcome IS NOT 'not_accepted'
         ORDER BY attempt LIMIT 1000";
    references_by(connection, sql, target, hashes.iter().map(|hash| salt.apply(*hash)))
}

/// The references for each time of orders that were or may have been accepted.
pub(super) fn references_by_time(
    connection: &Connection,
    target: TargetHash,
    times: &[DateTime<Utc>],
) -> Result<Vec<Vec<String>>, rusqlite::Error> {
    let sql = "SELECT DISTINCT reference FROM attempts
         WHERE target = ?1 AND ordered_at = ?2 AND outcome IS NOT 'not_accepted'
         ORDER BY attempt";
    references_by(connection, sql, target, times.iter().map(DateTime::timestamp_millis))
}

fn references_by(
    connection: &Connection,
    sql: &str,
    target: TargetHash,
    values: impl Iterator<Item = impl ToSql>,
) -> Result<Vec<Vec<String>>, rusqlite::Error> {
    let mut statement = connection.prepare_cached(sql)?;
    values
        .map(|value| statement.query_map(params![target.0, value], |row| row.get(0))?.collect())
        .collect()
}

/// Writes an attempt without an outcome. Returns its number.
pub(super) fn insert(
    connection: &Connection,
    intent: &Intent,
    salt: Salt,
    stamp: Stamp<'_>,
) -> Result<AttemptId, rusqlite::Error> {
    let Intent { order, status, money, item_count, dedup_hash } = intent;
    let mut statement = connection.prepare_cached(
        "INSERT INTO attempts (target, reference, ordered_at, content, run, intended_at, status,
             total, currency, items, likeness, checksum)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 0)",
    )?;
    statement.execute(params![
        stamp.target.0,
        order.reference,
        order.ordered_at.timestamp_millis(),
        order.content.0,
        stamp.run,
        stamp.now,
        status,
        money.as_ref().map(|money| money.amount.to_string()),
        money.as_ref().map(|money| money.currency.to_string()),
        i64::try_from(*item_count).unwrap_or(i64::MAX),
        dedup_hash.map(|dedup_hash| salt.apply(dedup_hash)),
    ])?;
    // The checksum covers the row's number, which is known only after the insert.
    let attempt = AttemptId(connection.last_insert_rowid());
    update_checksum(connection, attempt)?;
    Ok(attempt)
}

/// Writes the outcome of an attempt, as reported by the service or set by the operator.
pub(super) fn set_outcome(
    connection: &Connection,
    attempt: AttemptId,
    state: AttemptState,
    is_manual: bool,
    now: i64,
) -> Result<(), rusqlite::Error> {
    let mut statement = connection.prepare_cached(
        "UPDATE attempts SET outcome = ?2, settled_at = ?3, by_hand = ?4 WHERE attempt = ?1",
    )?;
    statement.execute(params![attempt.0, outcome_name(state), now, is_manual])?;
    update_checksum(connection, attempt)
}

/// Removes an attempt of this run that was never sent. An error if it is not there, or has an
/// outcome.
pub(super) fn withdraw(
    connection: &Connection,
    attempt: AttemptId,
    run: &str,
) -> Result<(), rusqlite::Error> {
    let sql = "DELETE FROM attempts WHERE attempt = ?1 AND run = ?2 AND outcome IS NULL";
    match connection.prepare_cached(sql)?.execute(params![attempt.0, run])? {
        1 => Ok(()),
        n_rows => Err(rusqlite::Error::StatementChangedRows(n_rows)),
    }
}

/// Recomputes the checksum of an attempt.
fn update_checksum(connection: &Connection, attempt: AttemptId) -> Result<(), rusqlite::Error> {
    let sql = concat!(
        "UPDATE attempts SET checksum = row_checksum(",
        attempt_columns!(),
        ") WHERE attempt = ?1"
    );
    connection.prepare_cached(sql)?.execute(params![attempt.0])?;
    Ok(())
}
