//! Commit counter: the id of a ledger and the number of its transactions, which companions record
//! too. Reads and writes the one row of the table `ledger`. Called by `file`, `wal` and all that
//! write to the ledger.

use std::path::Path;

use rusqlite::{Connection, params};

use super::{error::open_error, state::LedgerState};
use crate::ledger::{error::LedgerError, target_hash::hex};

/// The current state of the ledger, as companions record it.
pub(super) fn current_state(
    connection: &Connection,
    path: &Path,
) -> Result<LedgerState, LedgerError> {
    let read = |row: &rusqlite::Row<'_>| {
        let (id, commits): (Vec<u8>, i64) = (row.get(0)?, row.get(1)?);
        Ok(LedgerState { id: hex(&id), commits: commits.cast_unsigned() })
    };
    connection.query_row("SELECT id, commits FROM ledger", [], read).map_err(open_error(path))
}

/// Counts a transaction and the attempts that it adds. Returns the number of the transaction.
pub(super) fn count(connection: &Connection, n_attempts: i64) -> Result<u64, rusqlite::Error> {
    let mut update = connection.prepare_cached(
        "UPDATE ledger SET commits = commits + 1, attempts = attempts + ?1,
             checksum = row_checksum(id, salt, commits + 1, attempts + ?1)
         RETURNING commits",
    )?;
    update.query_row(params![n_attempts], |row| row.get::<_, i64>(0)).map(i64::cast_unsigned)
}
