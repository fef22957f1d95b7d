//! The ledger's file: made, told from other files, and brought up to date. Knows nothing of orders. Called by the two
//! views of a ledger, that of a run and that of a person.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, OptionalExtension, Transaction, TransactionBehavior};

use super::LedgerError;

/// "ordf", so that a database of something else is not taken for a ledger.
const APPLICATION_ID: i64 = 0x6f72_6466;

/// The newest schema; `user_version` of the database.
const VERSION: u32 = 3;

/// What each version adds to the one before. Those that were released are never edited: databases have them.
///
/// Times are milliseconds since 1970, hashes BLAKE3. `outcome` is empty while nothing is known. A row of `changes` is an
/// order as a run saw it after it had been accepted with other content; `acknowledged_at` is empty until a person knows.
/// A row of `carts` is the browser of an order assembled from several events; `clear_cart` is the event that empties its
/// cart, and `closed_at` is empty as long as the cart may hold something.
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
];

/// Opens a file that is a ledger, or makes an empty one with mode 0600 that can become one.
pub(super) fn open_or_make(path: &Path) -> Result<Connection, LedgerError> {
    refuse_second_names(path)?;
    create_private(path);
    let connection = Connection::open(path).map_err(in_open(path))?;
    configure(&connection, path)?;
    version(&connection, path)?;
    Ok(connection)
}

/// Opens a ledger that is there, and brings it up to date. Nothing where there is none, or one that was made but not
/// written to.
pub(super) fn open_existing(path: &Path) -> Result<Option<Connection>, LedgerError> {
    if !path.exists() {
        return Ok(None);
    }
    refuse_second_names(path)?;
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(in_open(path))?;
    configure(&connection, path)?;
    if version(&connection, path)? == 0 {
        return Ok(None);
    }
    bring_up_to_date(&connection, path)?;
    Ok(Some(connection))
}

/// A commit is one write to a log beside the file, and readers do not wait for it. The file remembers.
pub(super) fn write_ahead(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    connection.execute_batch("PRAGMA journal_mode = WAL").map_err(in_open(path))
}

/// A ledger in memory that holds nothing, in place of one that was made but not written to.
pub(super) fn empty() -> Result<Connection, LedgerError> {
    let connection = Connection::open_in_memory()?;
    bring_up_to_date(&connection, Path::new(":memory:"))?;
    Ok(connection)
}

/// Makes the tables of a new ledger, and what an older one has not.
pub(super) fn bring_up_to_date(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    let found = version(connection, path)?;
    if found == i64::from(VERSION) {
        return Ok(());
    }
    migrate(connection, path).map_err(|error| match error {
        LedgerError::Open { path, error } if found > 0 => {
            LedgerError::Outdated { path, found, known: VERSION.into(), error }
        }
        error => error,
    })
}

fn migrate(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    // Two runs may come to a ledger at once: the one that waits finds it done.
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate).map_err(in_open(path))?;
    let found = version(&transaction, path)?;
    for (_, migration) in (1..).zip(MIGRATIONS).filter(|(number, _)| *number > found) {
        transaction.execute_batch(migration).map_err(in_open(path))?;
    }
    let names = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};");
    transaction.execute_batch(&names).map_err(in_open(path))?;
    transaction.commit().map_err(in_open(path))
}

/// The version of the schema, 0 for an empty database.
fn version(connection: &Connection, path: &Path) -> Result<i64, LedgerError> {
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(in_open(path));
    let has_tables = connection.query_row("SELECT 1 FROM sqlite_schema LIMIT 1", [], |_| Ok(())).optional();
    let has_tables = has_tables.map_err(in_open(path))?.is_some();
    match (pragma("application_id")?, pragma("user_version")?) {
        (0, 0) if !has_tables => Ok(0),
        (APPLICATION_ID, version) if (1..=VERSION.into()).contains(&version) => Ok(version),
        (APPLICATION_ID, found) => Err(LedgerError::Newer { path: path.to_owned(), found, known: VERSION.into() }),
        _ => Err(LedgerError::Foreign { path: path.to_owned() }),
    }
}

fn configure(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    // Longer than a person's word on a hundred thousand orders takes.
    connection.busy_timeout(std::time::Duration::from_secs(30)).map_err(in_open(path))?;
    // EXTRA: a commit that returned survives a power cut, which WAL alone does not promise, nor FULL without it. SQLite
    // does not say so where a disk that failed for a moment, or knows no shared memory, kept the file from WAL.
    connection.execute_batch("PRAGMA synchronous = EXTRA").map_err(in_open(path))
}

/// SQLite gives its companions the mode of the database, which it would make with the umask's.
fn create_private(path: &Path) {
    let mut options = std::fs::OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    // What is wrong with the place, SQLite will say.
    drop(options.open(path));
}

/// SQLite names its write-ahead log after the path: of a file with two names it would keep two, and lose what stands in
/// one of them.
fn refuse_second_names(path: &Path) -> Result<(), LedgerError> {
    #[cfg(unix)]
    if std::fs::metadata(path).is_ok_and(|file| std::os::unix::fs::MetadataExt::nlink(&file) > 1) {
        return Err(LedgerError::Linked { path: path.to_owned() });
    }
    // Elsewhere the standard library does not tell.
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

fn in_open(path: &Path) -> impl Fn(rusqlite::Error) -> LedgerError {
    move |error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => LedgerError::Foreign { path: path.to_owned() },
        _ => LedgerError::Open { path: path.to_owned(), error },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the first version wrote it, with rows: not made of `MIGRATIONS`, which could be edited.
    const OF_VERSION_1: &str = "
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
        PRAGMA application_id = 1869767782; PRAGMA user_version = 1; PRAGMA journal_mode = WAL;
        INSERT INTO attempts VALUES
            (1, x'aa', 'A-1', 1740823200000, x'01', 'run-1', 1740900000000, 'accepted', 1740900000500),
            (2, x'aa', 'A-2', 1740823200000, x'02', 'run-1', 1740900001000, NULL, NULL);
    ";

    /// As the second version wrote it.
    const OF_VERSION_2: &str = "
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
        , by_hand INTEGER NOT NULL DEFAULT 0) STRICT;
        CREATE INDEX attempts_of_reference ON attempts (target, reference);
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
        PRAGMA application_id = 1869767782; PRAGMA user_version = 2; PRAGMA journal_mode = WAL;
        INSERT INTO attempts VALUES
            (1, x'aa', 'A-1', 1740823200000, x'01', 'run-1', 1740900000000, 'accepted', 1740900000500, 1),
            (2, x'aa', 'A-2', 1740823200000, x'02', 'run-1', 1740900001000, NULL, NULL, 0);
        INSERT INTO changes VALUES (1, x'aa', 'A-1', 1740823200000, x'03', 'run-2', 1740900002000, NULL);
    ";

    fn older(folder: &Path, tables: &str) -> std::path::PathBuf {
        let path = folder.join("older.db");
        Connection::open(&path).unwrap().execute_batch(tables).unwrap();
        path
    }

    fn schema(connection: &Connection) -> Vec<String> {
        let mut statement =
            connection.prepare("SELECT sql FROM sqlite_schema WHERE sql NOT NULL ORDER BY name").unwrap();
        let lines = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        lines.map(|line| line.unwrap().split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    #[test]
    fn an_older_ledger_keeps_its_history() {
        let in_attempts =
            "SELECT group_concat(reference || ' ' || coalesce(outcome, 'open') || ' ' || by_hand) FROM attempts";
        let in_changes = "SELECT coalesce(group_concat(reference || ' ' || run), '') FROM changes";
        for (tables, attempts, changes) in
            [(OF_VERSION_1, "A-1 accepted 0,A-2 open 0", ""), (OF_VERSION_2, "A-1 accepted 1,A-2 open 0", "A-1 run-2")]
        {
            let folder = tempfile::tempdir().unwrap();
            let path = older(folder.path(), tables);
            for _ in 0..2 {
                let connection = open_existing(&path).unwrap().unwrap();
                assert_eq!(version(&connection, &path).unwrap(), 3);
                assert_eq!(schema(&connection), schema(&empty().unwrap()));
                let rows = |sql| connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
                assert_eq!((rows(in_attempts).as_str(), rows(in_changes).as_str()), (attempts, changes));
                assert_eq!(rows("SELECT count(*) || '' FROM carts"), "0");
            }
        }
    }

    #[test]
    fn an_older_ledger_that_cannot_be_written_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = older(folder.path(), OF_VERSION_1);
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        let said = bring_up_to_date(&connection, &path).unwrap_err().to_string();
        assert!(said.contains("has version 1 and cannot be brought to version 3: ") && said.contains("hint"), "{said}");
        assert_eq!(version(&connection, &path).unwrap(), 1);
    }

    #[test]
    fn a_commit_is_durable_without_a_write_ahead_log_too() {
        let folder = tempfile::tempdir().unwrap();
        let connection = open_or_make(&folder.path().join("ledger.db")).unwrap();
        let level: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
        assert_eq!(level, 3, "EXTRA");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_with_two_names_is_no_ledger() {
        let folder = tempfile::tempdir().unwrap();
        let (path, second) = (older(folder.path(), OF_VERSION_2), folder.path().join("second.db"));
        std::fs::hard_link(&path, &second).unwrap();
        for name in [&path, &second] {
            assert!(matches!(open_or_make(name), Err(LedgerError::Linked { .. })));
            assert!(matches!(open_existing(name), Err(LedgerError::Linked { .. })));
        }
        std::fs::remove_file(&second).unwrap();
        assert!(open_existing(&path).unwrap().is_some());
    }
}
