//! Integrity check of the ledger: detects damage before it can hide an attempt.
//!
//! Every row that decides about sending carries a checksum, the rows are counted, and the indexes
//! are compared with the tables before anything is looked up through them. Does not interpret the
//! rows. Called by `file`.

use std::{cmp::Ordering, ops::Range, path::Path};

use rusqlite::{
    Connection, OptionalExtension, Row, Transaction, TransactionBehavior,
    functions::FunctionFlags,
    types::{FromSqlError, Value, ValueRef},
};
use xxhash_rust::xxh3::xxh3_64;

use super::schema::{attempt_columns, ledger_columns, target_columns};
use crate::ledger::error::LedgerError;

/// The indexes of `attempts`: the name, the columns and the rows of each.
pub(super) const ATTEMPT_INDEXES: [(&str, &str, &str); 3] = [
    ("attempts_of_reference", "target, reference", "TRUE"),
    ("attempts_of_likeness", "target, likeness", "likeness IS NOT NULL"),
    ("attempts_of_time", "target, ordered_at", "TRUE"),
];

/// Bytes of a typical row.
const ROW_BYTES: usize = 512;

/// Defines the SQL function `row_checksum(…)` on a connection: XXH3 over the types, lengths and
/// bytes of its arguments.
// An SQL function, so that a migration or an adoption writes the checksums of all rows in one
// UPDATE.
pub(super) fn define_functions(connection: &Connection) -> Result<(), rusqlite::Error> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("row_checksum", -1, flags, |columns| {
        let mut bytes = Vec::with_capacity(ROW_BYTES);
        (0..columns.len()).for_each(|column| push_value(columns.get_raw(column), &mut bytes));
        Ok(checksum(&bytes))
    })
}

/// Replaces a value, and keeps its memory.
fn replace(kept: &mut Value, value: ValueRef<'_>) -> Result<(), FromSqlError> {
    match (&mut *kept, value) {
        (Value::Blob(kept), ValueRef::Blob(bytes)) => bytes.clone_into(kept),
        (Value::Text(kept), ValueRef::Text(_)) => value.as_str()?.clone_into(kept),
        _ => *kept = value.try_into()?,
    }
    Ok(())
}

/// Whether a row sorts before another one in an index. Values of different types, or NULL, do not:
/// the columns of the indexes hold one type each.
fn is_less(row: &[Value], other: &Row<'_>) -> Result<bool, rusqlite::Error> {
    for (column, value) in row.iter().enumerate() {
        let order = match (ValueRef::from(value), other.get_ref(column)?) {
            (ValueRef::Integer(value), ValueRef::Integer(other)) => value.cmp(&other),
            (ValueRef::Text(value), ValueRef::Text(other))
            | (ValueRef::Blob(value), ValueRef::Blob(other)) => value.cmp(other),
            _ => return Ok(false),
        };
        if order != Ordering::Equal {
            return Ok(order == Ordering::Less);
        }
    }
    Ok(false)
}

/// The checksum of the bytes of a row's values.
// Hashed at once: piece by piece takes several times as long for a row of some hundred bytes.
fn checksum(bytes: &[u8]) -> i64 {
    xxh3_64(bytes).cast_signed()
}

fn push_value(value: ValueRef<'_>, row: &mut Vec<u8>) {
    match value {
        ValueRef::Null => row.push(b'n'),
        ValueRef::Integer(number) => push(row, b'i', &number.to_le_bytes()),
        ValueRef::Real(number) => push(row, b'r', &number.to_le_bytes()),
        ValueRef::Text(text) => push(row, b't', text),
        ValueRef::Blob(bytes) => push(row, b'b', bytes),
    }
}

fn push(row: &mut Vec<u8>, tag: u8, value: &[u8]) {
    // Type and length go in too: otherwise a byte that moves to the next column keeps the
    // checksum.
    row.push(tag);
    row.extend_from_slice(&(value.len() as u64).to_le_bytes());
    row.extend_from_slice(value);
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
    // https://sqlite.org/pragma.html#pragma_quick_check: the structure of all pages. The whole
    // `integrity_check` looks up each row of `attempts` in each of its indexes, which takes fifteen
    // times as long as to read both.
    let structure: String = snapshot.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if structure != "ok" {
        return Ok(Some(structure));
    }
    let attempts = AttemptsScan::read(&snapshot)?;
    let damage = find_damaged_table(&snapshot)?.or(find_damaged_index(&snapshot, &attempts)?);
    if damage.is_some() {
        return Ok(damage);
    }
    for (table, row_name, columns) in [
        ("ledger", "'the ledger row'", ledger_columns!()),
        ("targets", "'target ' || hex(substr(target, 1, 4))", target_columns!()),
    ] {
        let sql = format!(
            "SELECT {row_name} FROM {table} WHERE checksum IS NOT row_checksum({columns}) LIMIT 1"
        );
        let damaged: Option<String> = snapshot.query_row(&sql, [], |row| row.get(0)).optional()?;
        if let Some(row) = damaged {
            return Ok(Some(format!("{row} does not match its checksum")));
        }
    }
    if let Some(attempt) = attempts.damaged {
        return Ok(Some(format!("attempt {attempt} does not match its checksum")));
    }
    // Checksums do not detect a row that is missing; the count does.
    let expected: Option<i64> =
        snapshot.query_row("SELECT attempts FROM ledger", [], |row| row.get(0)).optional()?;
    let (found, is_complete) = (attempts.count, expected == Some(attempts.count));
    Ok((!is_complete)
        .then(|| format!("it holds {found} attempts, expected {}", expected.unwrap_or_default())))
}

/// What one read of the table of attempts shows.
struct AttemptsScan {
    count: i64,
    /// The first attempt that does not match its checksum.
    damaged: Option<i64>,
    /// For each index, the sum of the checksums of the rows that it must have.
    index_sums: [i64; ATTEMPT_INDEXES.len()],
}

impl AttemptsScan {
    fn read(snapshot: &Connection) -> Result<Self, rusqlite::Error> {
        let of_indexes =
            ATTEMPT_INDEXES.map(|(_, columns, rows)| format!("{rows}, {columns}, attempt"));
        let sql = format!(
            "SELECT attempt, checksum, {}, {} FROM attempts NOT INDEXED",
            attempt_columns!(),
            of_indexes.join(", ")
        );
        let count = |columns: &str| columns.split(',').count();
        let mut scan = Self { count: 0, damaged: None, index_sums: [0; ATTEMPT_INDEXES.len()] };
        let (mut statement, mut bytes) = (snapshot.prepare(&sql)?, Vec::new());
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            scan.count += 1;
            let (attempt, expected): (i64, i64) = (row.get(0)?, row.get(1)?);
            let mut end = 2 + count(attempt_columns!());
            if checksum_of(row, 2..end, &mut bytes)? != expected {
                scan.damaged.get_or_insert(attempt);
            }
            for ((_, columns, _), sum) in ATTEMPT_INDEXES.iter().zip(&mut scan.index_sums) {
                let (is_in_index, start) = (end, end + 1);
                end = start + count(columns) + 1;
                if row.get(is_in_index)? {
                    *sum = sum.wrapping_add(checksum_of(row, start..end, &mut bytes)?);
                }
            }
        }
        Ok(scan)
    }
}

/// The checksum of some columns of a row.
fn checksum_of(
    row: &Row<'_>,
    columns: Range<usize>,
    bytes: &mut Vec<u8>,
) -> Result<i64, rusqlite::Error> {
    bytes.clear();
    for column in columns {
        push_value(row.get_ref(column)?, bytes);
    }
    Ok(checksum(bytes))
}

/// Compares the indexes of all tables but `attempts` with their tables.
fn find_damaged_table(snapshot: &Connection) -> Result<Option<String>, rusqlite::Error> {
    let sql = "SELECT checked.integrity_check
         FROM sqlite_schema AS listed, pragma_integrity_check(listed.name) AS checked
         WHERE listed.type = 'table' AND listed.name <> 'attempts'
             AND checked.integrity_check <> 'ok' LIMIT 1";
    snapshot.query_row(sql, [], |row| row.get(0)).optional()
}

/// Compares the indexes of `attempts` with the table: an index has the rows of its table if their
/// checksums have the same sum, and finds each of them if it is sorted.
fn find_damaged_index(
    snapshot: &Connection,
    table: &AttemptsScan,
) -> Result<Option<String>, rusqlite::Error> {
    for ((index, columns, rows), of_table) in ATTEMPT_INDEXES.into_iter().zip(table.index_sums) {
        let (of_index, is_sorted) = scan_index(snapshot, &index_sql(index, columns, rows))?;
        if of_index != of_table {
            return Ok(Some(format!("the index {index} does not have the rows of its table")));
        }
        if !is_sorted {
            return Ok(Some(format!("the index {index} is not sorted")));
        }
    }
    Ok(None)
}

/// Reads all entries of an index. Returns the sum of their checksums, and whether each of them is
/// greater than the one before it.
fn scan_index(snapshot: &Connection, sql: &str) -> Result<(i64, bool), rusqlite::Error> {
    let mut statement = snapshot.prepare(sql)?;
    let (columns, mut bytes) = (0..statement.column_count(), Vec::new());
    let (mut sum, mut is_sorted, mut previous) = (0_i64, true, Vec::<Value>::new());
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        sum = sum.wrapping_add(checksum_of(row, columns.clone(), &mut bytes)?);
        if previous.is_empty() {
            previous = columns.clone().map(|column| row.get(column)).collect::<Result<_, _>>()?;
            continue;
        }
        is_sorted &= is_less(&previous, row)?;
        for (column, kept) in previous.iter_mut().enumerate() {
            replace(kept, row.get_ref(column)?)?;
        }
    }
    Ok((sum, is_sorted))
}

/// Returns the statement that reads all entries of an index, and no row of its table.
pub(super) fn index_sql(index: &str, columns: &str, rows: &str) -> String {
    format!("SELECT {columns}, attempt FROM attempts INDEXED BY {index} WHERE {rows}")
}
