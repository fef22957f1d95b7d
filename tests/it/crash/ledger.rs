//! The ledger as SQL sees it, so that the program's own reading of it is not trusted.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rusqlite::{Connection, OpenFlags, Row};

/// One sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attempt {
    pub(super) id: i64,
    pub(super) reference: String,
    /// None while nothing is known.
    pub(super) outcome: Option<String>,
}

impl Attempt {
    pub(super) fn is_accepted(&self) -> bool {
        self.outcome.as_deref() == Some("accepted")
    }

    /// Whether the order may or may not be there.
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
    /// Something may lie in it.
    pub(super) is_open: bool,
}

/// What a ledger holds.
#[derive(Debug, Clone, Default)]
pub(super) struct Held {
    pub(super) attempts: Vec<Attempt>,
    pub(super) carts: Vec<Cart>,
}

const CARTS: &str = "SELECT cart, reference, browser, closed_at IS NULL FROM carts ORDER BY cart";

const ATTEMPTS: &str = "SELECT attempt, reference, outcome FROM attempts ORDER BY attempt";

fn attempt(row: &Row<'_>) -> rusqlite::Result<Attempt> {
    Ok(Attempt { id: row.get(0)?, reference: row.get(1)?, outcome: row.get(2)? })
}

fn all(connection: &Connection) -> rusqlite::Result<Vec<Attempt>> {
    connection.prepare(ATTEMPTS)?.query_map([], attempt)?.collect()
}

fn carts(connection: &Connection) -> rusqlite::Result<Vec<Cart>> {
    let cart = |row: &Row<'_>| {
        Ok(Cart { id: row.get(0)?, reference: row.get(1)?, browser: row.get(2)?, is_open: row.get(3)? })
    };
    connection.prepare(CARTS)?.query_map([], cart)?.collect()
}

/// All that stands in a ledger that nobody writes. Looks at a copy: mending what a crash left is the program's affair.
pub(super) fn held(ledger: &Path) -> Held {
    let copy = tempfile::tempdir().unwrap();
    for end in ["", "-wal", "-journal"] {
        let from = with_end(ledger, end);
        if from.exists() {
            fs::copy(from, copy.path().join(format!("ledger.db{end}"))).unwrap();
        }
    }
    let connection = Connection::open(copy.path().join("ledger.db")).unwrap();
    let has_tables = connection.table_exists(None, "carts").unwrap();
    if !has_tables {
        return Held::default();
    }
    Held { attempts: all(&connection).unwrap(), carts: carts(&connection).unwrap() }
}

/// All attempts of a ledger that the program writes at this moment, or nothing if it cannot be read just now.
pub(super) fn attempts_while_it_is_written(ledger: &Path) -> Option<Vec<Attempt>> {
    let connection = Connection::open_with_flags(ledger, OpenFlags::SQLITE_OPEN_READ_ONLY).ok()?;
    all(&connection).ok()
}

/// A file beside the ledger.
fn with_end(ledger: &Path, end: &str) -> PathBuf {
    let mut name = ledger.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}
