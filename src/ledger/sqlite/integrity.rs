//! Integrity check of the ledger: detects damage before it can hide an attempt.
//!
//! Every row that decides about sending carries a checksum, the rows are counted, and the indexes
//! are compared with the tables before anything is looked up through them. Does not interpret the
//! rows. Called by `file`.

use std::path::Path;

use rusqlite::{
    Connection, OptionalExtension, Transaction, TransactionBehavior,
    functions::{Context, FunctionFlags},
    types::ValueRef,
};
use xxhash_rust::xxh3::Xxh3;

use super::schema::{attempt_columns, ledger_columns, target_columns};
use crate::ledger::error::LedgerError;

/// Defines the SQL function `row_checksum(…)` on a connection: XXH3 over the types, lengths and
/// bytes of its arguments.
// An SQL function, so that a migration or an adoption writes the checksums of all rows in one
// UPDATE.
pub(super) fn define_checksum(connection: &Connection) -> Result<(), rusqlite::Error> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("row_checksum", -1, flags, |columns| Ok(checksum(columns)))
}

fn checksum(columns: &Context<'_>) -> i64 {
    let mut hasher = Xxh3::new();
    for column in 0..columns.len() {
        match columns.get_raw(column) {
            ValueRef::Null => hasher.update(b"n"),
            ValueRef::Integer(number) => update(&mut hasher, b'i', &number.to_le_bytes()),
            ValueRef::Real(number) => update(&mut hasher, b'r', &number.to_le_bytes()),
            ValueRef::Text(text) => update(&mut hasher, b't', text),
            ValueRef::Blob(bytes) => update(&mut hasher, b'b', bytes),
        }
    }
    hasher.digest().cast_signed()
}

fn update(hasher: &mut Xxh3, tag: u8, bytes: &[u8]) {
    // Type and length go in too: otherwise a byte that moves to the next column keeps the
    // checksum.
    hasher.update(&[tag]);
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

/// Returns an error if the content of the ledger is not what was written.
pub(super) fn verify(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    let damage = find_damage(connection).map_err(|error| match error.sqlite_error_code() {
        // A read that fails for these reasons proves nothing about the content.
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::SystemIoFailure) => {
            LedgerError::Open { location: path.display().to_string(), error: error.to_string() }
        }
        _ => {
            LedgerError::Damaged { location: path.display().to_string(), found: error.to_string() }
        }
    })?;
    damage.map_or(Ok(()), |found| {
        Err(LedgerError::Damaged { location: path.display().to_string(), found })
    })
}

fn find_damage(connection: &Connection) -> Result<Option<String>, rusqlite::Error> {
    // All checks read one snapshot, because a run to another target may write meanwhile.
    let snapshot = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
    // https://sqlite.org/pragma.html#pragma_integrity_check: the structure of all pages, and that
    // each index has exactly the rows of its table.
    let check_result: String =
        snapshot.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if check_result != "ok" {
        return Ok(Some(check_result));
    }
    for (table, row_name, columns) in [
        ("ledger", "'the ledger row'", ledger_columns!()),
        ("targets", "'target ' || hex(substr(target, 1, 4))", target_columns!()),
        ("attempts", "'attempt ' || attempt", attempt_columns!()),
    ] {
        let sql = format!(
            "SELECT {row_name} FROM {table} WHERE checksum IS NOT row_checksum({columns}) LIMIT 1"
        );
        let damaged: Option<String> = snapshot.query_row(&sql, [], |row| row.get(0)).optional()?;
        if let Some(row) = damaged {
            return Ok(Some(format!("{row} does not match its checksum")));
        }
    }
    // Checksums do not detect a row that is missing; the count does.
    let (found, expected): (i64, Option<i64>) = snapshot.query_row(
        "SELECT (SELECT count(*) FROM attempts), (SELECT attempts FROM ledger)",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let is_complete = expected == Some(found);
    Ok((!is_complete)
        .then(|| format!("it holds {found} attempts, expected {}", expected.unwrap_or_default())))
}
