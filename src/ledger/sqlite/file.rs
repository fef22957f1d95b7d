//! Ledger file: opens the database for writing or reading, and refuses a file that is not known to
//! be the right ledger, or that is damaged or incomplete.
//!
//! Does not interpret the rows; `wal` knows the write-ahead log. Called by `run` and `reader` for
//! runs, and by `admin`, `settle` and `adopt` for the operator.

use std::{io, path::Path};

use rusqlite::{Connection, OpenFlags, backup::Backup, config::DbConfig};

use super::{
    commit_counter::current_state,
    companions,
    error::open_error,
    integrity,
    location::SqliteLocation,
    lock::RunLock,
    paths::{self, OpenedFile},
    schema, wal,
};
use crate::ledger::{error::LedgerError, target_hash::TargetHash};

/// A connection is used by one thread at a time, which its type ensures: SQLite needs no locks.
const READ_ONLY: OpenFlags =
    OpenFlags::SQLITE_OPEN_READ_ONLY.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);
const READ_WRITE: OpenFlags =
    OpenFlags::SQLITE_OPEN_READ_WRITE.union(OpenFlags::SQLITE_OPEN_NO_MUTEX);

/// A ledger that is open for writing.
pub(super) struct WritableFile {
    pub(super) connection: Connection,
    pub(super) opened: OpenedFile,
    /// Whether a non-empty write-ahead log existed before the database was opened.
    had_wal: bool,
}

/// Opens an existing ledger for writing. It is neither migrated nor verified yet.
pub(super) fn open_to_write(path: &Path) -> Result<WritableFile, LedgerError> {
    if !paths::has_ledger(path) {
        return Err(LedgerError::NotFound { location: path.display().to_string() });
    }
    open_file(path)
}

/// Creates an empty file with mode 0600 and opens it.
pub(super) fn create(location: &SqliteLocation) -> Result<WritableFile, LedgerError> {
    let path = &location.path;
    if let Some(folder) =
        path.parent().filter(|folder| location.state_folder.as_deref() == Some(*folder))
    {
        // Only the state folder is ours to create. If another one is missing, opening the file
        // reports it.
        paths::make_private_folder(folder)
            .map_err(|error| LedgerError::LockFile { path: folder.display().to_string(), error })?;
    }
    create_private(path)
        .map_err(|error| LedgerError::LockFile { path: path.display().to_string(), error })?;
    open_file(path)
}

fn open_file(path: &Path) -> Result<WritableFile, LedgerError> {
    paths::ensure_single_link(path)?;
    // Before SQLite opens the database, because it then creates the log.
    let had_wal = wal::exists(path);
    let mut opened = OpenedFile::at(path)
        .map_err(|error| LedgerError::LockFile { path: path.display().to_string(), error })?;
    let connection = Connection::open_with_flags(path, READ_WRITE).map_err(open_error(path))?;
    configure(&connection, path)?;
    // EXTRA, so that a commit that returned survives a power cut
    // (https://sqlite.org/pragma.html#pragma_synchronous). WAL does not guarantee that on its own.
    // Nor does FULL with a rollback journal: it does not sync the folder after the journal is
    // removed, so a power cut could take back an intent whose order was sent. SQLite keeps the
    // rollback journal without an error where a write fails while it turns to WAL, or where the
    // disk has no shared memory.
    connection.execute_batch("PRAGMA synchronous = EXTRA").map_err(open_error(path))?;
    schema::version(&connection, path)?;
    // The path may have been replaced between the two opens.
    opened.ensure_same_file()?;
    Ok(WritableFile { connection, opened, had_wal })
}

impl WritableFile {
    /// Migrates the ledger, and refuses one that is damaged or lacks the write-ahead log of a run
    /// that did not end cleanly. `held` is the target whose lock the caller holds already.
    pub(super) fn ensure_intact(
        &self,
        location: &SqliteLocation,
        held: Option<TargetHash>,
    ) -> Result<(), LedgerError> {
        self.migrate_and_verify(location, held)?;
        wal::ensure_present(&self.connection, location, self.had_wal)
    }

    /// Migrates the ledger, and refuses one that is damaged.
    pub(super) fn migrate_and_verify(
        &self,
        location: &SqliteLocation,
        held: Option<TargetHash>,
    ) -> Result<(), LedgerError> {
        let found = schema::version(&self.connection, &location.path)?;
        // The locks keep runs of an older program out, which would go on writing rows of their
        // version.
        let is_older = (1..i64::from(schema::VERSION)).contains(&found);
        let others = || RunLock::acquire_others(&location.path, held, "a migration of the ledger");
        let _locks = if is_older { others()? } else { Vec::new() };
        schema::migrate(&self.connection, &location.path)?;
        integrity::verify(&self.connection, &location.path)
    }

    /// Refuses a ledger that is behind the state that companions of runs to this target recorded.
    pub(super) fn ensure_newest(
        &self,
        location: &SqliteLocation,
        target: TargetHash,
    ) -> Result<(), LedgerError> {
        ensure_newest(&self.connection, location, target)
    }
}

/// Opens a ledger read-only; one of an older version is migrated in a copy. `None` if there is
/// none, or if it was created but never written to.
pub(super) fn open_to_read(path: &Path) -> Result<Option<Connection>, LedgerError> {
    if !paths::has_ledger(path) {
        return Ok(None);
    }
    paths::ensure_single_link(path)?;
    let connection = open_read_only(path)?;
    let found = schema::version(&connection, path)?;
    if found == i64::from(schema::VERSION) {
        return Ok(Some(connection));
    }
    let copy = copy(&connection).map_err(open_error(path))?;
    configure(&copy, path)?;
    schema::migrate(&copy, path)?;
    Ok((found > 0).then_some(copy))
}

/// Opens one more connection to a ledger that is open already, by its id; refuses another ledger
/// that is at its path now. The names of the file are not checked again, because a backup may give
/// it a second one for a moment.
pub(super) fn open_again(path: &Path, id: &str) -> Result<Connection, LedgerError> {
    if !paths::has_ledger(path) {
        return Err(LedgerError::NotFound { location: path.display().to_string() });
    }
    let connection = open_read_only(path)?;
    if current_state(&connection, path)?.id != id {
        let found = "the path now names another ledger".to_owned();
        return Err(LedgerError::Replaced { location: path.display().to_string(), found });
    }
    Ok(connection)
}

/// Like [`open_to_read`], but refuses a ledger that is damaged, incomplete or outdated.
pub(super) fn open_to_look_up(
    location: &SqliteLocation,
    target: TargetHash,
) -> Result<Option<Connection>, LedgerError> {
    let had_wal = wal::exists(&location.path);
    let Some(connection) = open_to_read(&location.path)? else { return Ok(None) };
    integrity::verify(&connection, &location.path)?;
    ensure_newest(&connection, location, target)?;
    wal::ensure_present(&connection, location, had_wal)?;
    Ok(Some(connection))
}

fn ensure_newest(
    connection: &Connection,
    location: &SqliteLocation,
    target: TargetHash,
) -> Result<(), LedgerError> {
    // The companions are read first: a run that writes meanwhile can then only make the ledger
    // newer.
    let recorded = companions::recorded_states(location, Some(target));
    companions::ensure_not_behind(
        &location.path,
        &current_state(connection, &location.path)?,
        &recorded,
    )
}

fn open_read_only(path: &Path) -> Result<Connection, LedgerError> {
    let open = || {
        let connection = Connection::open_with_flags(path, READ_ONLY).map_err(open_error(path))?;
        configure(&connection, path)?;
        schema::version(&connection, path).map(|_| connection)
    };
    match open() {
        // SQLite needs to create a shared-memory file next to the database, which another user may
        // not be allowed to do (https://sqlite.org/wal.html#readonly). Without a log no run is
        // writing.
        Err(LedgerError::Open { .. }) if !wal::exists(path) => open_immutable(path),
        opened => opened,
    }
}

fn open_immutable(path: &Path) -> Result<Connection, LedgerError> {
    let path_of_url = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let escaped =
        path_of_url.to_string_lossy().replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    let flags = READ_ONLY.union(OpenFlags::SQLITE_OPEN_URI);
    let connection = Connection::open_with_flags(format!("file:{escaped}?immutable=1"), flags)
        .map_err(open_error(path))?;
    configure(&connection, path)?;
    // A marker for `wal`: SQLite does not report that a database was opened as immutable.
    connection.pragma_update(None, "query_only", true).map_err(open_error(path))?;
    Ok(connection)
}

/// A private copy on disk, which SQLite removes when it is closed.
fn copy(connection: &Connection) -> Result<Connection, rusqlite::Error> {
    const PAGES_AT_ONCE: i32 = 1000;
    let mut copy = Connection::open("")?;
    Backup::new(connection, &mut copy)?.run_to_completion(
        PAGES_AT_ONCE,
        std::time::Duration::ZERO,
        None,
    )?;
    Ok(copy)
}

/// Whether a connection reads a private copy.
pub(super) fn is_private_copy(connection: &Connection) -> bool {
    connection.path().is_none_or(str::is_empty)
}

fn configure(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    // Longer than it takes to settle a hundred thousand orders in one transaction.
    connection.busy_timeout(std::time::Duration::from_secs(30)).map_err(open_error(path))?;
    // Otherwise the last connection to close the ledger would delete the log of a run that was
    // killed.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)
        .map_err(open_error(path))?;
    // Without the query planner stability guarantee
    // (https://sqlite.org/c3ref/c_dbconfig_defensive.html), statements are compiled again for each
    // value that is bound to them. Plans that depend on a value need statistics, which no ledger
    // has.
    connection
        .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)
        .map_err(open_error(path))?;
    integrity::define_functions(connection).map_err(open_error(path))
}

/// Creates an empty private file. SQLite would create the database with the umask's mode; its
/// `-wal` and `-shm` files get the mode of the database.
fn create_private(path: &Path) -> io::Result<()> {
    paths::private_file_options().append(true).open(path).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database of version 1 with rows. Not built from `MIGRATIONS`, which could be edited by
    /// mistake.
    const SCHEMA_V1: &str = "
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

    /// A database of version 2 with rows.
    const SCHEMA_V2: &str = "
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

    fn create_old_ledger(folder: &Path, tables: &str) -> std::path::PathBuf {
        let path = folder.join("older.db");
        Connection::open(&path).unwrap().execute_batch(tables).unwrap();
        path
    }

    fn schema(connection: &Connection) -> Vec<String> {
        let mut statement = connection
            .prepare("SELECT sql FROM sqlite_schema WHERE sql NOT NULL ORDER BY name")
            .unwrap();
        let lines = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        lines.map(|line| line.unwrap().split_whitespace().collect::<Vec<_>>().join(" ")).collect()
    }

    /// A ledger of the newest version.
    fn in_memory() -> Result<Connection, LedgerError> {
        let connection = Connection::open_in_memory()?;
        configure(&connection, Path::new(":memory:"))?;
        schema::migrate(&connection, Path::new(":memory:"))?;
        Ok(connection)
    }

    /// Opens a ledger as a run does.
    fn open_and_migrate(path: &Path) -> Connection {
        let ledger = open_to_write(path).unwrap();
        ledger.ensure_intact(&SqliteLocation::at(path.to_owned(), None), None).unwrap();
        ledger.connection
    }

    #[test]
    fn migration_keeps_history() {
        let in_attempts = "SELECT group_concat(reference || ' ' || coalesce(outcome, 'open') || ' ' || by_hand) FROM attempts";
        let in_changes = "SELECT coalesce(group_concat(reference || ' ' || run), '') FROM changes";
        for (tables, attempts, changes) in [
            (SCHEMA_V1, "A-1 accepted 0,A-2 open 0", ""),
            (SCHEMA_V2, "A-1 accepted 1,A-2 open 0", "A-1 run-2"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = create_old_ledger(folder.path(), tables);
            let before = std::fs::read(&path).unwrap();
            // Opened for reading, it is migrated in a copy.
            let read_only = open_to_read(&path).unwrap().unwrap();
            assert_eq!(std::fs::read(&path).unwrap(), before);
            for connection in [read_only, open_and_migrate(&path), open_and_migrate(&path)] {
                assert_eq!(
                    schema::version(&connection, &path).unwrap(),
                    i64::from(schema::VERSION)
                );
                assert_eq!(schema(&connection), schema(&in_memory().unwrap()));
                let rows =
                    |sql| connection.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
                assert_eq!(
                    (rows(in_attempts).as_str(), rows(in_changes).as_str()),
                    (attempts, changes)
                );
                assert_eq!(rows("SELECT count(*) || '' FROM carts"), "0");
            }
        }
    }

    #[test]
    fn migration_waits_for_running_writers() {
        let folder = tempfile::tempdir().unwrap();
        let path = create_old_ledger(folder.path(), SCHEMA_V2);
        let location = SqliteLocation::at(path.clone(), None);
        let older_program_lock = RunLock::acquire(&path, TargetHash([0xaa; 32]), "run 1").unwrap();
        let migrate =
            || open_to_write(&path).unwrap().ensure_intact(&location, Some(TargetHash([0xbb; 32])));
        assert!(matches!(migrate(), Err(LedgerError::Locked { .. })));
        drop(older_program_lock);
        migrate().unwrap();
    }

    #[test]
    fn migration_of_read_only_ledger_fails() {
        let folder = tempfile::tempdir().unwrap();
        let path = create_old_ledger(folder.path(), SCHEMA_V1);
        let connection =
            Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        configure(&connection, &path).unwrap();
        let message = schema::migrate(&connection, &path).unwrap_err().to_string();
        assert!(
            message.contains("has version 1 and cannot be migrated to version ")
                && message.contains("hint"),
            "{message}"
        );
        assert_eq!(schema::version(&connection, &path).unwrap(), 1);
    }

    /// Version 4 is the last released one; version 5 only adds an index.
    #[test]
    fn migration_from_version_4_adds_the_index() {
        let folder = tempfile::tempdir().unwrap();
        let location = SqliteLocation::at(folder.path().join("ledger.db"), None);
        let of_version_4 = create(&location).unwrap().connection;
        schema::migrate(&of_version_4, &location.path).unwrap();
        of_version_4
            .execute_batch("DROP INDEX attempts_of_time; PRAGMA user_version = 4;")
            .unwrap();
        drop(of_version_4);
        let of_reader = open_to_read(&location.path).unwrap().unwrap();
        for connection in [of_reader, open_and_migrate(&location.path)] {
            assert_eq!(schema::version(&connection, &location.path).unwrap(), 5);
            assert_eq!(schema(&connection), schema(&in_memory().unwrap()));
        }
    }

    #[test]
    fn synchronous_is_extra() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = create(&SqliteLocation::at(folder.path().join("ledger.db"), None)).unwrap();
        let level: i64 =
            ledger.connection.pragma_query_value(None, "synchronous", |row| row.get(0)).unwrap();
        assert_eq!(level, 3, "EXTRA");
    }
}
