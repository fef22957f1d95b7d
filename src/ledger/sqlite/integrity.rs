//! Integrity check of the ledger: detects damage before it can hide an attempt.
//!
//! Every row that decides about sending carries a checksum, the rows are counted, and the indexes
//! are compared with the tables before anything is looked up through them. Does not interpret the
//! rows. Called by `file`.

use std::{cmp::Ordering, path::Path};

use rusqlite::{
    Connection, OptionalExtension, Transaction, TransactionBehavior,
    functions::{Aggregate, Context, FunctionFlags},
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

/// Defines the SQL functions of this module on a connection. `row_checksum(…)` is XXH3 over the
/// types, lengths and bytes of its arguments, `rows_checksum(…)` the sum of all rows', in whatever
/// order they come, and `rows_ascend(…)` is 1 if each row is greater than the one before it.
// SQL functions, so that a migration or an adoption writes the checksums of all rows in one
// UPDATE.
pub(super) fn define_functions(connection: &Connection) -> Result<(), rusqlite::Error> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    connection.create_scalar_function("row_checksum", -1, flags, |columns| {
        Ok(checksum(columns, &mut Vec::with_capacity(ROW_BYTES)))
    })?;
    connection.create_aggregate_function("rows_checksum", -1, flags, RowsChecksum)?;
    connection.create_aggregate_function("rows_ascend", -1, flags, RowsAscend)
}

/// Bytes of a typical row.
const ROW_BYTES: usize = 512;

struct RowsChecksum;

/// The sum of the checksums so far, and the memory of a row.
type ChecksumSum = (i64, Vec<u8>);

impl Aggregate<ChecksumSum, i64> for RowsChecksum {
    fn init(&self, _: &mut Context<'_>) -> Result<ChecksumSum, rusqlite::Error> {
        Ok((0, Vec::new()))
    }

    fn step(
        &self,
        row: &mut Context<'_>,
        (sum, bytes): &mut ChecksumSum,
    ) -> Result<(), rusqlite::Error> {
        *sum = sum.wrapping_add(checksum(row, bytes));
        Ok(())
    }

    fn finalize(
        &self,
        _: &mut Context<'_>,
        sum: Option<ChecksumSum>,
    ) -> Result<i64, rusqlite::Error> {
        Ok(sum.map_or(0, |(sum, _)| sum))
    }
}

struct RowsAscend;

/// The row before the next one, empty before the first; none once two rows did not ascend.
type PreviousRow = Option<Vec<Value>>;

impl Aggregate<PreviousRow, bool> for RowsAscend {
    fn init(&self, _: &mut Context<'_>) -> Result<PreviousRow, rusqlite::Error> {
        Ok(Some(Vec::new()))
    }

    fn step(&self, row: &mut Context<'_>, before: &mut PreviousRow) -> Result<(), rusqlite::Error> {
        let Some(previous) = before else { return Ok(()) };
        let values = || (0..row.len()).map(|column| row.get_raw(column));
        if previous.is_empty() {
            *previous = values().map(Value::try_from).collect::<Result<_, _>>()?;
        } else if is_less(previous, values()) {
            previous.iter_mut().zip(values()).try_for_each(|(kept, value)| replace(kept, value))?;
        } else {
            *before = None;
        }
        Ok(())
    }

    fn finalize(
        &self,
        _: &mut Context<'_>,
        last: Option<PreviousRow>,
    ) -> Result<bool, rusqlite::Error> {
        Ok(last.is_none_or(|last| last.is_some()))
    }
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
fn is_less<'v>(row: &[Value], other: impl Iterator<Item = ValueRef<'v>>) -> bool {
    for (value, other) in row.iter().zip(other) {
        let order = match (ValueRef::from(value), other) {
            (ValueRef::Integer(value), ValueRef::Integer(other)) => value.cmp(&other),
            (ValueRef::Text(value), ValueRef::Text(other))
            | (ValueRef::Blob(value), ValueRef::Blob(other)) => value.cmp(other),
            _ => return false,
        };
        if order != Ordering::Equal {
            return order == Ordering::Less;
        }
    }
    false
}

/// The checksum of a row. `bytes` is memory for it.
// Hashed at once: piece by piece takes several times as long for a row of some hundred bytes.
fn checksum(columns: &Context<'_>, bytes: &mut Vec<u8>) -> i64 {
    bytes.clear();
    for column in 0..columns.len() {
        match columns.get_raw(column) {
            ValueRef::Null => bytes.push(b'n'),
            ValueRef::Integer(number) => push(bytes, b'i', &number.to_le_bytes()),
            ValueRef::Real(number) => push(bytes, b'r', &number.to_le_bytes()),
            ValueRef::Text(text) => push(bytes, b't', text),
            ValueRef::Blob(blob) => push(bytes, b'b', blob),
        }
    }
    xxh3_64(bytes).cast_signed()
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
        let sums = ATTEMPT_INDEXES.map(|(_, columns, rows)| {
            format!("rows_checksum({columns}, attempt) FILTER (WHERE {rows})")
        });
        let sql = format!(
            "SELECT count(*), min(attempt) FILTER (WHERE checksum IS NOT row_checksum({})), {}
             FROM attempts NOT INDEXED",
            attempt_columns!(),
            sums.join(", ")
        );
        snapshot.query_row(&sql, [], |row| {
            Ok(Self {
                count: row.get(0)?,
                damaged: row.get(1)?,
                index_sums: [row.get(2)?, row.get(3)?, row.get(4)?],
            })
        })
    }
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
        let (of_index, is_sorted): (i64, bool) =
            snapshot.query_row(&index_sql(index, columns, rows), [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })?;
        if of_index != of_table {
            return Ok(Some(format!("the index {index} does not have the rows of its table")));
        }
        if !is_sorted {
            return Ok(Some(format!("the index {index} is not sorted")));
        }
    }
    Ok(None)
}

/// Returns the statement that reads all entries of an index, and no row of its table.
pub(super) fn index_sql(index: &str, columns: &str, rows: &str) -> String {
    format!(
        "SELECT rows_checksum({columns}, attempt), rows_ascend({columns}, attempt)
         FROM attempts INDEXED BY {index} WHERE {rows}"
    )
}
