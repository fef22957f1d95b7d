//! SQLite reader: looks up what earlier runs did at one target. Implements [`LedgerReader`]; does
//! not interpret the history (see `prior_state`). Opened by `open` for a check, and by `run`.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard},
};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{
    attempts::{self, Salt},
    attribute_types, changes, commit_counter,
    consent::ensure_fits,
    file,
    location::SqliteLocation,
};
use crate::{
    ledger::{
        accepted::AcceptedContents, consent::Consent, error::LedgerError,
        history::ReferenceHistory, store::LedgerReader, target_hash::TargetHash,
    },
    model::{field::AttributeTypes, planned::DedupHash, target::Target},
};

/// A ledger that is open for look-ups.
pub(super) struct SqliteReader {
    connections: Connections,
    target: TargetHash,
    salt: Salt,
    /// Whether the ledger holds other targets, but not this one.
    needs_new_target: bool,
    warnings: Vec<String>,
}

/// The connections of a reader. Each one serves one thread at a time.
enum Connections {
    /// Those that no thread uses; a thread that finds none opens one more.
    Idle { connections: Mutex<Vec<Connection>>, path: PathBuf, id: String },
    /// The only one of a private copy, which a ledger of an older version is read from.
    Copy(Mutex<Connection>),
}

impl SqliteReader {
    /// Opens an existing ledger: nothing is written or migrated. `None` if there is none.
    pub(super) fn open(
        location: &SqliteLocation,
        target: &Target,
    ) -> Result<Option<Self>, LedgerError> {
        let hash = TargetHash::of(target);
        let Some(connection) = file::open_to_look_up(location, hash)? else { return Ok(None) };
        let consent = Consent::Given { new_ledger: false, new_target: false };
        // A reader sends nothing, so that an unknown target is a warning here.
        let warning = match ensure_fits(consent, &connection, location, target) {
            Err(LedgerError::UnknownTarget { base_url, .. }) => {
                Some(unknown_target_warning(location, &base_url))
            }
            fits => fits.map(|()| None)?,
        };
        Ok(Some(Self {
            needs_new_target: warning.is_some(),
            warnings: warning.into_iter().collect(),
            ..Self::new(connection, &location.path, hash)?
        }))
    }

    /// Opens a ledger that a run holds the lock of. It is not verified again.
    pub(super) fn open_again(
        path: &Path,
        id: &str,
        target: TargetHash,
    ) -> Result<Self, LedgerError> {
        Self::new(file::open_again(path, id)?, path, target)
    }

    fn new(connection: Connection, path: &Path, target: TargetHash) -> Result<Self, LedgerError> {
        let salt = Salt::read(&connection)
            .map_err(|error| LedgerError::from(error).with_location(&connection))?;
        let connections = if file::is_private_copy(&connection) {
            Connections::Copy(Mutex::new(connection))
        } else {
            let id = commit_counter::current_state(&connection, path)?.id;
            Connections::Idle {
                connections: Mutex::new(vec![connection]),
                path: path.to_owned(),
                id,
            }
        };
        Ok(Self { connections, target, salt, needs_new_target: false, warnings: Vec::new() })
    }

    fn look_up<T>(
        &self,
        query: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, LedgerError> {
        match &self.connections {
            Connections::Copy(connection) => look_up(&lock(connection), query),
            Connections::Idle { connections, path, id } => {
                let idle = lock(connections).pop();
                let connection = idle.map_or_else(|| file::open_again(path, id), Ok)?;
                let found = look_up(&connection, query);
                lock(connections).push(connection);
                found
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no thread panics while holding the lock")
}

/// Looks up in one transaction.
// A statement on its own would lock and unlock the write-ahead log for each order.
//
// One snapshot for many orders is safe. A run opens its reader after it has acquired the lock of
// its target, so that everything that earlier runs wrote is in it. The run itself writes its first
// intent after the last look-up of its export; a run that resumes a plan looks up the orders of a
// guest before it sends them, and each order is in the plan once.
fn look_up<T>(
    connection: &Connection,
    query: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
) -> Result<T, LedgerError> {
    let found = Transaction::new_unchecked(connection, TransactionBehavior::Deferred)
        .and_then(|transaction| query(&transaction));
    found.map_err(|error| LedgerError::from(error).with_location(connection))
}

fn unknown_target_warning(location: &SqliteLocation, base_url: &str) -> String {
    format!(
        "the ledger {location} holds other targets, but no attempt to send an order to {base_url} \
         with this client key\n  \
         hint: a send to another tenant needs --new-target; the same tenant under a new key or URL \
         needs orderferry ledger adopt"
    )
}

impl LedgerReader for SqliteReader {
    fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn needs_new_target(&self) -> bool {
        self.needs_new_target
    }

    fn history(&self, references: &[&str]) -> Result<Vec<ReferenceHistory>, LedgerError> {
        self.look_up(|connection| {
            let attempts =
                attempts::of_references(connection, self.target, references)?.into_iter();
            let mut histories: Vec<_> = attempts
                .map(|attempts| ReferenceHistory { attempts, changes: Vec::new() })
                .collect();
            changes::add_to_histories(connection, self.target, &mut histories)?;
            Ok(histories)
        })
    }

    fn references_by_dedup_hash(
        &self,
        hashes: &[DedupHash],
    ) -> Result<Vec<Vec<String>>, LedgerError> {
        self.look_up(|connection| {
            attempts::references_by_dedup_hash(connection, self.target, hashes, self.salt)
        })
    }

    fn references_by_time(&self, times: &[DateTime<Utc>]) -> Result<Vec<Vec<String>>, LedgerError> {
        self.look_up(|connection| attempts::references_by_time(connection, self.target, times))
    }

    fn accepted_contents(&self, max_orders: usize) -> Result<AcceptedContents, LedgerError> {
        self.look_up(|connection| {
            attempts::accepted_contents(connection, self.target, max_orders)
                .map(AcceptedContents::new)
        })
    }

    fn attribute_types(&self) -> Result<AttributeTypes, LedgerError> {
        self.look_up(|connection| attribute_types::of_target(connection, self.target))
    }
}
