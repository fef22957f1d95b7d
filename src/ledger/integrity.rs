//! Damage is noticed before it can hide an attempt: every row that decides about sending carries a checksum, the rows are
//! counted, and the indexes are compared with the tables before anything is looked up through them. Does not know what the
//! rows mean. Called by `file`.

use std::path::Path;

use rusqlite::{
    Connection, OptionalExtension, Transaction, TransactionBehavior,
    functions::{Context, FunctionFlags},
    types::ValueRef,
};
use xxhash_rust::xxh3::Xxh3;

use super::{
    LedgerError,
    schema::{attempt_columns, ledger_columns, target_columns},
};

/// Gives a connection the SQL function `row_checksum(…)`: XXH3 over types, lengths and bytes of its arguments.
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
    hasher.update(&[tag]);
    hasher.update(&(bytes.len() as u64).to_le_bytes());
    hasher.update(bytes);
}

/// Says what is wrong with the ledger, if its content is not what was written.
pub(super) fn verify(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    let damage = find_damage(connection).map_err(|error| match error.sqlite_error_code() {
        // A read that fails for another reason says nothing of the content.
        Some(rusqlite::ErrorCode::DatabaseBusy | rusqlite::ErrorCode::SystemIoFailure) => {
            LedgerError::Open { path: path.to_owned(), error }
        }
        _ => LedgerError::Damaged { path: path.to_owned(), found: error.to_string() },
    })?;
    damage.map_or(Ok(()), |found| Err(LedgerError::Damaged { path: path.to_owned(), found }))
}

fn find_damage(connection: &Connection) -> Result<Option<String>, rusqlite::Error> {
    // One snapshot: a run to another target may write meanwhile.
    let snapshot = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)?;
    // SQLite's own check: the structure of all pages, and that each index has just the rows of its table.
    let check_result: String = snapshot.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if check_result != "ok" {
        return Ok(Some(check_result));
    }
    for (table, row_name, columns) in [
        ("ledger", "'the ledger row'", ledger_columns!()),
        ("targets", "'target ' || hex(substr(target, 1, 4))", target_columns!()),
        ("attempts", "'attempt ' || attempt", attempt_columns!()),
    ] {
        let sql = format!("SELECT {row_name} FROM {table} WHERE checksum IS NOT row_checksum({columns}) LIMIT 1");
        let damaged: Option<String> = snapshot.query_row(&sql, [], |row| row.get(0)).optional()?;
        if let Some(row) = damaged {
            return Ok(Some(format!("{row} has another checksum than it was written with")));
        }
    }
    let (found, expected): (i64, Option<i64>) =
        snapshot.query_row("SELECT (SELECT count(*) FROM attempts), (SELECT attempts FROM ledger)", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let is_complete = expected == Some(found);
    Ok((!is_complete).then(|| format!("it holds {found} attempts, but {} were written", expected.unwrap_or_default())))
}
