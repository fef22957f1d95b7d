//! Write-ahead log of the ledger: turned on and copied to the database file, and missed where the
//! ledger needs it.
//!
//! A run that was killed leaves its newest attempts there, so a ledger that lost its log must not
//! be used. Reads no attempts. Called by `file`, and by all that write to the ledger.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, config::DbConfig};

use super::{
    commit_counter::current_state, companions, error::open_error, location::SqliteLocation, paths,
};
use crate::ledger::error::LedgerError;

/// Whether there is a log that is not empty.
pub(super) fn exists(path: &Path) -> bool {
    paths::has_ledger(&paths::wal_path(path))
}

/// Turns on write-ahead logging, a property of the file: a commit is one write to a log next to
/// it, and readers do not wait for it.
pub(super) fn enable(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    connection.execute_batch("PRAGMA journal_mode = WAL").map_err(open_error(path))
}

/// Returns a warning if the log cannot be verified: a run did not end cleanly, and no companion
/// recorded how many transactions it wrote.
pub(super) fn unverified_warning(
    connection: &Connection,
    location: &SqliteLocation,
) -> Result<Option<String>, LedgerError> {
    let Some(run) = open_run(connection, &location.path)? else { return Ok(None) };
    let now = current_state(connection, &location.path)?;
    let is_recorded =
        companions::recorded_states(location, None).iter().any(|(_, state)| state.id == now.id);
    Ok((!is_recorded).then(|| {
        format!(
            "run {run} did not end cleanly, and no companion recorded the state of the ledger \
             {location}: if its log {} is damaged, the loss of its newest attempts is not detected",
            paths::wal_path(&location.path).display()
        )
    }))
}

/// Refuses a ledger without the log that it needs. A run that was killed leaves its id in
/// `targets.open_run` and its newest attempts in the write-ahead log: without the log they are
/// lost.
pub(super) fn ensure_present(
    connection: &Connection,
    location: &SqliteLocation,
    had_wal: bool,
) -> Result<(), LedgerError> {
    let path = &location.path;
    match open_run(connection, path)? {
        // The second `exists`: a run that began after the first may have created the log.
        Some(run) if is_wal_mode(connection, path)? && !had_wal && !exists(path) => {
            let now = current_state(connection, path)?;
            let is_recorded =
                companions::recorded_states(location, None).iter().any(|(_, state)| *state == now);
            Err(LedgerError::WalMissing {
                location: location.to_string(),
                wal: paths::wal_path(path).display().to_string(),
                run,
                is_recorded,
            })
        }
        _ => Ok(()),
    }
}

/// A run that did not end cleanly or is still active.
fn open_run(connection: &Connection, path: &Path) -> Result<Option<String>, LedgerError> {
    let open_run = "SELECT open_run FROM targets WHERE open_run IS NOT NULL LIMIT 1";
    connection.query_row(open_run, [], |row| row.get(0)).optional().map_err(open_error(path))
}

/// Whether the database uses a write-ahead log; a disk without shared memory prevents that. For an
/// immutable file SQLite reports another mode, but only ledgers in WAL mode are opened that way.
fn is_wal_mode(connection: &Connection, path: &Path) -> Result<bool, LedgerError> {
    let mode: String = connection
        .pragma_query_value(None, "journal_mode", |row| row.get(0))
        .map_err(open_error(path))?;
    let is_immutable: bool = connection
        .pragma_query_value(None, "query_only", |row| row.get(0))
        .map_err(open_error(path))?;
    Ok(mode == "wal" || is_immutable)
}

/// Prepares a connection for closing: SQLite must keep the log as long as a run is marked as open,
/// because a ledger with that mark and without a log is refused.
pub(super) fn keep_for_open_runs(connection: &Connection) -> Result<(), rusqlite::Error> {
    let has_open_run: bool = connection.query_row(
        "SELECT EXISTS (SELECT 1 FROM targets WHERE open_run IS NOT NULL)",
        [],
        |row| row.get(0),
    )?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, has_open_run)?;
    Ok(())
}

/// Copies the log to the database file, as far as no reader blocks it. Returns whether all of it
/// was copied.
// PASSIVE: the other modes wait for readers, up to the busy timeout.
pub(super) fn checkpoint(connection: &Connection) -> Result<bool, rusqlite::Error> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
        let (is_busy, n_pages, n_copied): (bool, i64, i64) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(!is_busy && n_pages == n_copied)
    })
}
