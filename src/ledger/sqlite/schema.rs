//! Schema of the ledger's database: its versions, and the migration of an older one. Does not
//! interpret the rows. Called by `file`; `run`, `adopt` and `integrity` use the lists of
//! columns.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use super::error::open_error;
use crate::ledger::error::LedgerError;

/// "ordf" in ASCII: `application_id` of the database, so that another program's database is not
/// mistaken for a ledger.
const APPLICATION_ID: i64 = 0x6f72_6466;

/// The newest version of the schema: `user_version` of the database.
pub(super) const VERSION: u32 = 5;

// Macros instead of constants: `concat!` builds the statements from them at compile time.

/// The columns of `attempts` that its checksum covers, as arguments of `row_checksum`.
macro_rules! attempt_columns {
    () => {
        "attempt, target, reference, ordered_at, content, run, intended_at, outcome, settled_at,
         by_hand, status, total, currency, items, likeness"
    };
}

/// The columns of `ledger` that its checksum covers.
macro_rules! ledger_columns {
    () => {
        "id, salt, commits, attempts"
    };
}

/// The columns of `targets` that its checksum covers.
macro_rules! target_columns {
    () => {
        "target, base_url, last_run, last_run_at, open_run"
    };
}

pub(super) use {attempt_columns, ledger_columns, target_columns};

/// The migrations: what each version adds to the previous one. A released migration is never
/// edited, because databases have been migrated with it.
///
/// Times are milliseconds since 1970, hashes BLAKE3. In `attempts`, `outcome` is NULL while no
/// outcome is recorded; `by_hand` is 1 if the operator set it; `status`, `total`, `currency` and
/// `items` describe the order that was sent, and `likeness` is a keyed hash of guest, time, items
/// and amounts (all NULL in rows of versions before 4).
///
/// A row of `changes` is an accepted order as a later run read it: `cause` is why the export no
/// longer sends it, NULL where its content differs; `acknowledged_at` is NULL until the operator
/// acknowledges it, `reported_at` until a run has reported it. A row of `carts` is the browser of
/// an order assembled from several events: `clear_cart` is the event that empties its cart, and
/// `closed_at` is NULL as long as the cart may contain something.
///
/// The one row of `ledger` identifies this ledger: `id` and `salt` are random, `commits` counts
/// the transactions and `attempts` the rows of that table. `targets.open_run` names a run that is
/// active or did not end cleanly. A `checksum` is `row_checksum` over the other columns of its row
/// (see `integrity`).
const MIGRATIONS: [&str; VERSION as usize] = [
    "
    CREATE TABLE attempts (
        attempt INTEGER PRIMARY KEY,
        target BLOB NOT NULL,
        reference TEXT NOT NULL,
        ordered_at INTEGER NOT NULL,
        content BLOB NOT NULL,
        run TEXT NOT NULL,
        intended_at INTEGER NOT NULL,
        outcome TEXT CHECK (outcome IN ('accepted', 'not_accepted', 'unknown')),
        settled_at INTEGER
    ) STRICT;
    CREATE INDEX attempts_of_reference ON attempts (target, reference);
    ",
    "
    ALTER TABLE attempts ADD COLUMN by_hand INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE changes (
        change INTEGER PRIMARY KEY,
        target BLOB NOT NULL,
        reference TEXT NOT NULL,
        ordered_at INTEGER NOT NULL,
        content BLOB NOT NULL,
        run TEXT NOT NULL,
        seen_at INTEGER NOT NULL,
        acknowledged_at INTEGER,
        UNIQUE (target, reference, content)
    ) STRICT;
    ",
    "
    CREATE TABLE carts (
        cart INTEGER PRIMARY KEY,
        target BLOB NOT NULL,
        reference TEXT NOT NULL,
        run TEXT NOT NULL,
        browser TEXT NOT NULL,
        clear_cart TEXT NOT NULL,
        opened_at INTEGER NOT NULL,
        closed_at INTEGER
    ) STRICT;
    CREATE INDEX open_carts ON carts (target) WHERE closed_at IS NULL;
    ",
    concat!(
        "
    ALTER TABLE attempts ADD COLUMN status TEXT;
    ALTER TABLE attempts ADD COLUMN total TEXT;
    ALTER TABLE attempts ADD COLUMN currency TEXT;
    ALTER TABLE attempts ADD COLUMN items INTEGER;
    ALTER TABLE attempts ADD COLUMN likeness BLOB;
    ALTER TABLE attempts ADD COLUMN checksum INTEGER NOT NULL DEFAULT 0;
    UPDATE attempts SET checksum = row_checksum(",
        attempt_columns!(),
        ");
    CREATE INDEX attempts_of_likeness ON attempts (target, likeness) WHERE likeness IS NOT NULL;
    ALTER TABLE changes ADD COLUMN cause TEXT;
    ALTER TABLE changes ADD COLUMN status TEXT;
    ALTER TABLE changes ADD COLUMN total TEXT;
    ALTER TABLE changes ADD COLUMN currency TEXT;
    ALTER TABLE changes ADD COLUMN items INTEGER;
    ALTER TABLE changes ADD COLUMN reported_at INTEGER;
    UPDATE changes SET reported_at = seen_at;
    CREATE TABLE extension_types (
        target BLOB NOT NULL,
        scope TEXT NOT NULL CHECK (scope IN ('order', 'item')),
        name TEXT NOT NULL,
        type TEXT NOT NULL,
        run TEXT NOT NULL,
        seen_at INTEGER NOT NULL,
        PRIMARY KEY (target, scope, name)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE targets (
        target BLOB PRIMARY KEY,
        base_url TEXT NOT NULL,
        last_run TEXT NOT NULL,
        last_run_at INTEGER NOT NULL,
        open_run TEXT,
        checksum INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE ledger (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        id BLOB NOT NULL,
        salt BLOB NOT NULL,
        commits INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        checksum INTEGER NOT NULL
    ) STRICT;
    INSERT INTO ledger SELECT 1, randomblob(16), randomblob(32), 0, count(*), 0 FROM attempts;
    UPDATE ledger SET checksum = row_checksum(",
        ledger_columns!(),
        ");
    "
    ),
    "CREATE INDEX attempts_of_time ON attempts (target, ordered_at);",
];

/// Creates the tables of a new ledger, or migrates an older one.
pub(super) fn migrate(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    let found = version(connection, path)?;
    if found == i64::from(VERSION) {
        return Ok(());
    }
    run_migrations(connection, path).map_err(|error| match error {
        LedgerError::Open { location, error } if found > 0 => {
            LedgerError::MigrationFailed { location, found, known: VERSION.into(), error }
        }
        error => error,
    })
}

fn run_migrations(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    // Two runs may open a ledger at once. IMMEDIATE makes the second one wait; it then finds the
    // migration done.
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)
        .map_err(open_error(path))?;
    let found = version(&transaction, path)?;
    for (_, migration) in (1..).zip(MIGRATIONS).filter(|(number, _)| *number > found) {
        transaction.execute_batch(migration).map_err(open_error(path))?;
    }
    let names =
        format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};");
    transaction.execute_batch(&names).map_err(open_error(path))?;
    transaction.commit().map_err(open_error(path))
}

/// The version of the schema; 0 for an empty database. Refuses a newer version and a foreign
/// database.
pub(super) fn version(connection: &Connection, path: &Path) -> Result<i64, LedgerError> {
    let pragma = |name| {
        connection
            .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
            .map_err(open_error(path))
    };
    let has_tables =
        connection.query_row("SELECT 1 FROM sqlite_schema LIMIT 1", [], |_| Ok(())).optional();
    let has_tables = has_tables.map_err(open_error(path))?.is_some();
    match (pragma("application_id")?, pragma("user_version")?) {
        (0, 0) if !has_tables => Ok(0),
        (APPLICATION_ID, version) if (1..=VERSION.into()).contains(&version) => Ok(version),
        (APPLICATION_ID, found) => Err(LedgerError::NewerVersion {
            location: path.display().to_string(),
            found,
            known: VERSION.into(),
        }),
        _ => Err(LedgerError::NotALedger { location: path.display().to_string() }),
    }
}
