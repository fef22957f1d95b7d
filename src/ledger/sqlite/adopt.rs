//! Operator's decisions about a whole ledger: `adopt` (two targets are one tenant) and
//! `accept_loss` (the newest attempts are lost, and the next run continues without them). Sends
//! nothing. Called by `admin`.

use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use super::{
    commit_counter,
    companions::Companions,
    file::{self, WritableFile},
    location::SqliteLocation,
    lock::RunLock,
    schema::{attempt_columns, ledger_columns},
    targets::{self, known_targets, mark_closed},
    wal,
};
use crate::{
    ledger::{
        adopt::AdoptError, error::LedgerError, known_target::KnownTarget, query::TargetPrefix,
        target_hash::TargetHash,
    },
    model::target::Target,
};

impl From<rusqlite::Error> for AdoptError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Ledger(error.into())
    }
}

/// Moves everything that the ledger holds for one target to another: the same tenant under a new
/// key or URL. Returns the old target as it was.
pub(super) fn adopt(
    location: &SqliteLocation,
    from: &TargetPrefix,
    to: &Target,
) -> Result<KnownTarget, AdoptError> {
    const HOLDER: &str = "orderferry ledger adopt";
    let ledger = file::open_to_write(&location.path)?;
    let to_hash = TargetHash::of(to);
    let lock = RunLock::acquire(&location.path, to_hash, HOLDER)?;
    ledger.ensure_intact(location, Some(to_hash))?;
    let known = known_targets(&ledger.connection)?;
    let (mut matching, _): (Vec<_>, Vec<_>) =
        known.iter().cloned().partition(|known| from.matches(known.target));
    if matching.len() != 1 {
        return Err(AdoptError::NotUnique { found: matching.len(), known });
    }
    let from = matching.remove(0);
    if from.target == to_hash {
        return Err(AdoptError::Same(to_hash));
    }
    let _other_lock = RunLock::acquire(&location.path, from.target, HOLDER)?;
    ledger.ensure_newest(location, from.target)?;
    ledger.ensure_newest(location, to_hash)?;
    let transaction =
        Transaction::new_unchecked(&ledger.connection, TransactionBehavior::Immediate)?;
    move_rows(&transaction, from.target, to_hash)?;
    targets::rename(&transaction, from.target, to_hash, &to.base_url)?;
    commit_counter::count(&transaction, 0)?;
    transaction.commit()?;
    let state = commit_counter::current_state(&ledger.connection, &location.path)?;
    let (mut companions, _) =
        Companions::open(lock, location.state_folder.as_deref(), &state.id, to_hash);
    companions.record(&state);
    wal::keep_for_open_runs(&ledger.connection)?;
    Ok(from)
}

fn move_rows(
    connection: &Connection,
    from: TargetHash,
    to: TargetHash,
) -> Result<(), rusqlite::Error> {
    let hashes = params![from.0, to.0];
    // Where both targets have a row, that of the new target is kept; a change keeps the times at
    // which it was acknowledged and reported for either of them.
    for sql in [
        "UPDATE attempts SET target = ?2 WHERE target = ?1",
        "UPDATE changes
         SET acknowledged_at = coalesce(changes.acknowledged_at, of_other.acknowledged_at),
             reported_at = coalesce(changes.reported_at, of_other.reported_at)
         FROM (
             SELECT reference, content, acknowledged_at, reported_at FROM changes
             WHERE target = ?1
         ) AS of_other
         WHERE target = ?2 AND changes.reference = of_other.reference
             AND changes.content = of_other.content",
        "UPDATE OR IGNORE changes SET target = ?2 WHERE target = ?1",
        "DELETE FROM changes WHERE target = ?1",
        "UPDATE carts SET target = ?2 WHERE target = ?1",
        "UPDATE OR IGNORE extension_types SET target = ?2 WHERE target = ?1",
        "DELETE FROM extension_types WHERE target = ?1",
    ] {
        connection.execute(sql, if sql.contains("?2") { hashes } else { &hashes[..1] })?;
    }
    // `target` is one of the columns that the checksum covers.
    let update_checksums = concat!(
        "UPDATE attempts SET checksum = row_checksum(",
        attempt_columns!(),
        ") WHERE target = ?1"
    );
    connection.execute(update_checksums, params![to.0])?;
    Ok(())
}

/// Lets the next run continue with a ledger that lacks its newest attempts. A damaged ledger is
/// still refused: it would hide attempts that it holds.
pub(super) fn accept_loss(location: &SqliteLocation) -> Result<(), LedgerError> {
    let WritableFile { connection, .. } = {
        let ledger = file::open_to_write(&location.path)?;
        ledger.migrate_and_verify(location, None)?;
        ledger
    };
    let _locks = RunLock::acquire_others(&location.path, None, "orderferry ledger accept-loss")?;
    let transaction = Transaction::new_unchecked(&connection, TransactionBehavior::Immediate)?;
    // With a new id the states that companions recorded no longer apply to this ledger.
    transaction.execute("UPDATE ledger SET id = randomblob(16)", [])?;
    transaction.execute(
        concat!("UPDATE ledger SET checksum = row_checksum(", ledger_columns!(), ")"),
        [],
    )?;
    mark_closed(&transaction, None)?;
    transaction.commit()?;
    wal::keep_for_open_runs(&connection)?;
    Ok(())
}
