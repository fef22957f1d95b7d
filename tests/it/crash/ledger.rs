//! The ledger read with SQL, independently of the program's own code.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags, Row, config::DbConfig, types::ValueRef};

/// One attempt to send an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) id: i64,
    pub(super) reference: String,
    /// `None` until an outcome is recorded.
    pub(super) outcome: Option<String>,
}

impl Attempt {
    pub(super) fn is_accepted(&self) -> bool {
        self.outcome.as_deref() == Some("accepted")
    }

    /// Whether it is uncertain if the order was accepted.
    pub(super) fn is_unknown(&self) -> bool {
        matches!(self.outcome.as_deref(), None | Some("unknown"))
    }
}

/// The cart of a browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cart {
    pub(super) id: i64,
    pub(super) reference: String,
    pub(super) browser: String,
    /// It may contain items.
    pub(super) is_open: bool,
}

/// The rows of a ledger.
#[derive(Debug, Clone, Default)]
pub(super) struct LedgerRows {
    pub(super) attempts: Vec<Attempt>,
    pub(super) carts: Vec<Cart>,
}

const CARTS: &str = "SELECT cart, reference, browser, closed_at IS NULL FROM carts ORDER BY cart";

const ATTEMPTS: &str = "SELECT attempt, reference, outcome FROM attempts ORDER BY attempt";

fn row_to_attempt(row: &Row<'_>) -> rusqlite::Result<Attempt> {
    Ok(Attempt { id: row.get(0)?, reference: row.get(1)?, outcome: row.get(2)? })
}

fn read_attempts(connection: &Connection) -> rusqlite::Result<Vec<Attempt>> {
    connection.prepare(ATTEMPTS)?.query_map([], row_to_attempt)?.collect()
}

fn read_carts(connection: &Connection) -> rusqlite::Result<Vec<Cart>> {
    let cart = |row: &Row<'_>| {
        Ok(Cart {
            id: row.get(0)?,
            reference: row.get(1)?,
            browser: row.get(2)?,
            is_open: row.get(3)?,
        })
    };
    connection.prepare(CARTS)?.query_map([], cart)?.collect()
}

/// All rows of a ledger that no process writes. Reads a copy, so that the recovery after a crash
/// is left to the program.
pub(super) fn read_ledger(ledger: &Path) -> LedgerRows {
    let copy = tempfile::tempdir().unwrap();
    for end in ["", "-wal", "-journal"] {
        let from = with_suffix(ledger, end);
        if from.exists() {
            fs::copy(from, copy.path().join(format!("ledger.db{end}"))).unwrap();
        }
    }
    let connection = Connection::open(copy.path().join("ledger.db")).unwrap();
    let has_tables = connection.table_exists(None, "carts").unwrap();
    if !has_tables {
        return LedgerRows::default();
    }
    LedgerRows {
        attempts: read_attempts(&connection).unwrap(),
        carts: read_carts(&connection).unwrap(),
    }
}

/// All attempts of a ledger that the program is writing; `None` if it cannot be read at the moment.
pub(super) fn attempts_during_run(ledger: &Path) -> Option<Vec<Attempt>> {
    let connection = Connection::open_with_flags(ledger, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    read_attempts(&connection).ok()
}

/// Changes a ledger as the program would: updates the checksums of the rows, and keeps the
/// write-ahead log.
pub(super) fn change_attempts(ledger: &Path, assignments: &str) -> usize {
    let connection = Connection::open(ledger).unwrap();
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
    let changed = connection.execute(&format!("UPDATE attempts SET {assignments}"), []).unwrap();
    let columns = "attempt, target, reference, ordered_at, content, run, intended_at, outcome, settled_at, by_hand, \
                   status, total, currency, items, likeness";
    let mut rows = connection.prepare(&format!("SELECT {columns} FROM attempts")).unwrap();
    let checksum = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, checksum(row)));
    let checksums: Vec<_> = rows.query_map([], checksum).unwrap().map(Result::unwrap).collect();
    for (attempt, checksum) in checksums {
        connection
            .execute("UPDATE attempts SET checksum = ?2 WHERE attempt = ?1", (attempt, checksum))
            .unwrap();
    }
    changed
}

/// The checksum of a row by its definition: XXH3 of the type letter, length and bytes of each
/// column.
fn checksum(row: &Row<'_>) -> i64 {
    let mut bytes = Vec::new();
    for column in 0..row.as_ref().column_count() {
        let (kind, value) = match row.get_ref(column).unwrap() {
            ValueRef::Null => (b'n', None),
            ValueRef::Integer(number) => (b'i', Some(number.to_le_bytes().to_vec())),
            ValueRef::Text(text) => (b't', Some(text.to_vec())),
            ValueRef::Blob(blob) => (b'b', Some(blob.to_vec())),
            ValueRef::Real(_) => panic!("the ledger has no floating-point numbers"),
        };
        bytes.push(kind);
        if let Some(value) = value {
            bytes.extend((value.len() as u64).to_le_bytes());
            bytes.extend(value);
        }
    }
    xxhash_rust::xxh3::xxh3_64(&bytes).cast_signed()
}

/// A file next to the ledger.
fn with_suffix(ledger: &Path, end: &str) -> PathBuf {
    let mut name = ledger.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}
