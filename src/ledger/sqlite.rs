//! The ledger as an SQLite database: one file, durable at every commit.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::{Attempt, AttemptState, Entry, Ledger, LedgerError, OrderKey, RunLock, Write};
use crate::model::{planned::ContentHash, target::Target};

/// "ordf", so that a database of something else is not taken for a ledger.
const APPLICATION_ID: i64 = 0x6f72_6466;

/// The newest schema; `user_version` of the database.
const VERSION: i64 = 1;

/// Times are milliseconds since 1970, hashes BLAKE3. `outcome` is empty while nothing is known.
const SCHEMA: &str = "
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
";

/// An open ledger, seen from one run to one target.
pub struct SqliteLedger {
    connection: Connection,
    target: [u8; 32],
    run: String,
    /// No other run writes for this target while this one does.
    _lock: Option<RunLock>,
}

impl SqliteLedger {
    /// Opens a ledger, or makes one with mode 0600, and holds it for this target. `run` names the run whose attempts are
    /// written.
    pub fn open(path: &Path, target: &Target, run: &str) -> Result<Self, LedgerError> {
        let in_open = |error| LedgerError::Open { path: path.to_owned(), error };
        let hash = target_hash(target);
        create_private(path);
        let connection = Connection::open(path).map_err(in_open)?;
        check_version(&connection, path)?;
        // However the path is written, through a link or not, it is one ledger.
        let place = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let lock = RunLock::take(&place, &hash, run)?;
        prepare(&connection, path)?;
        Ok(Self { connection, target: hash, run: run.to_owned(), _lock: Some(lock) })
    }

    /// Opens a ledger that is there, to look at it only. Nothing where there is none.
    pub fn open_existing(path: &Path, target: &Target) -> Result<Option<Self>, LedgerError> {
        let in_open = |error| LedgerError::Open { path: path.to_owned(), error };
        if !path.exists() {
            return Ok(None);
        }
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
        let connection = Connection::open_with_flags(path, flags).map_err(in_open)?;
        if check_version(&connection, path)? == 0 {
            // Made, but not written to: nothing was ever sent.
            return Ok(None);
        }
        Ok(Some(Self { connection, target: target_hash(target), run: String::new(), _lock: None }))
    }
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

/// The target's name in the ledger: who reads it learns no key.
fn target_hash(target: &Target) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(target.base_url.as_bytes()).update(b"\n").update(target.client_key.as_bytes());
    *hasher.finalize().as_bytes()
}

/// The same as text.
#[must_use]
pub fn target_name(target: &Target) -> String {
    blake3::Hash::from(target_hash(target)).to_hex().to_string()
}

fn prepare(connection: &Connection, path: &Path) -> Result<(), LedgerError> {
    let in_open = |error| LedgerError::Open { path: path.to_owned(), error };
    connection.busy_timeout(std::time::Duration::from_secs(10)).map_err(in_open)?;
    // Two runs may come to a new ledger at once: the one that waits finds it made.
    let transaction = rusqlite::Transaction::new_unchecked(connection, rusqlite::TransactionBehavior::Immediate);
    let transaction = transaction.map_err(in_open)?;
    if check_version(&transaction, path)? == 0 {
        let versions = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION};");
        transaction.execute_batch(&format!("{SCHEMA} {versions}")).map_err(in_open)?;
    }
    transaction.commit().map_err(in_open)?;
    // FULL: a commit that returned survives a power cut, which WAL alone does not promise.
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;").map_err(in_open)
}

/// The version of the schema, 0 for an empty database.
fn check_version(connection: &Connection, path: &Path) -> Result<i64, LedgerError> {
    let in_open = |error| LedgerError::Open { path: path.to_owned(), error };
    let pragma = |name: &str| connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    let (application, version) = (pragma("application_id").map_err(in_open)?, pragma("user_version").map_err(in_open)?);
    let has_tables = connection
        .query_row("SELECT 1 FROM sqlite_schema LIMIT 1", [], |_| Ok(()))
        .optional()
        .map_err(in_open)?
        .is_some();
    match (application, version) {
        (0, 0) if !has_tables => Ok(0),
        (APPLICATION_ID, VERSION) => Ok(version),
        (APPLICATION_ID, found) => Err(LedgerError::Newer { path: path.to_owned(), found, known: VERSION }),
        _ => Err(LedgerError::Foreign { path: PathBuf::from(path) }),
    }
}

impl Ledger for SqliteLedger {
    fn history(&self, reference: &str) -> Result<Vec<Entry>, LedgerError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT ordered_at, content, outcome FROM attempts WHERE target = ?1 AND reference = ?2 ORDER BY attempt",
        )?;
        let entries = statement.query_map(params![self.target, reference], |row| {
            let ordered_at = DateTime::from_timestamp_millis(row.get(0)?).unwrap_or(DateTime::UNIX_EPOCH);
            let order = OrderKey { reference: reference.to_owned(), ordered_at, content: ContentHash(row.get(1)?) };
            Ok(Entry { order, state: state(row.get::<_, Option<String>>(2)?.as_deref()) })
        })?;
        Ok(entries.collect::<Result<_, _>>()?)
    }

    fn write(&mut self, writes: &[Write]) -> Result<Vec<Attempt>, LedgerError> {
        let now = Utc::now().timestamp_millis();
        let transaction = self.connection.transaction()?;
        let mut attempts = Vec::with_capacity(writes.len());
        for write in writes {
            attempts.push(match write {
                Write::Intend(order) => {
                    let mut statement = transaction.prepare_cached(
                        "INSERT INTO attempts (target, reference, ordered_at, content, run, intended_at)
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                    )?;
                    let ordered_at = order.ordered_at.timestamp_millis();
                    statement.execute(params![
                        self.target,
                        order.reference,
                        ordered_at,
                        order.content.0,
                        self.run,
                        now
                    ])?;
                    Attempt(transaction.last_insert_rowid())
                }
                Write::Settle(attempt, state) => {
                    let mut statement = transaction
                        .prepare_cached("UPDATE attempts SET outcome = ?2, settled_at = ?3 WHERE attempt = ?1")?;
                    statement.execute(params![attempt.0, outcome(*state), now])?;
                    *attempt
                }
            });
        }
        transaction.commit()?;
        Ok(attempts)
    }
}

fn outcome(state: AttemptState) -> Option<&'static str> {
    match state {
        AttemptState::Intended => None,
        AttemptState::Accepted => Some("accepted"),
        AttemptState::NotAccepted => Some("not_accepted"),
        AttemptState::Unknown => Some("unknown"),
    }
}

fn state(outcome: Option<&str>) -> AttemptState {
    match outcome {
        None => AttemptState::Intended,
        Some("accepted") => AttemptState::Accepted,
        Some("not_accepted") => AttemptState::NotAccepted,
        Some(_) => AttemptState::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(key: &str) -> Target {
        Target { base_url: "https://stream.example".into(), client_key: key.into() }
    }

    fn order(reference: &str) -> OrderKey {
        let ordered_at = "2025-01-01T16:17:16.123Z".parse().unwrap();
        OrderKey { reference: reference.into(), ordered_at, content: ContentHash([1; 16]) }
    }

    fn states(ledger: &SqliteLedger, reference: &str) -> Vec<AttemptState> {
        ledger.history(reference).unwrap().into_iter().map(|entry| entry.state).collect()
    }

    #[test]
    fn remembers_what_was_sent_to_which_target() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let mut ledger = SqliteLedger::open(&path, &target("a"), "run-1").unwrap();
        let attempts = ledger.write(&[Write::Intend(order("A")), Write::Intend(order("B"))]).unwrap();
        ledger.write(&[Write::Settle(attempts[0], AttemptState::Accepted)]).unwrap();
        drop(ledger);
        let ledger = SqliteLedger::open_existing(&path, &target("a")).unwrap().unwrap();
        assert_eq!(ledger.history("A").unwrap(), [Entry { order: order("A"), state: AttemptState::Accepted }]);
        assert_eq!(states(&ledger, "B"), [AttemptState::Intended]);
        let other = SqliteLedger::open_existing(&path, &target("b")).unwrap().unwrap();
        assert_eq!(states(&other, "A"), []);
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        assert!(SqliteLedger::open_existing(&path, &target("a")).unwrap().is_none());
        std::fs::write(&path, "").unwrap();
        assert!(SqliteLedger::open_existing(&path, &target("a")).unwrap().is_none());
        drop(SqliteLedger::open(&path, &target("a"), "run-1").unwrap());
        Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 2").unwrap();
        assert!(matches!(SqliteLedger::open(&path, &target("a"), "r"), Err(LedgerError::Newer { found: 2, .. })));
        let foreign = folder.path().join("other.db");
        Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
        assert!(matches!(SqliteLedger::open(&foreign, &target("a"), "r"), Err(LedgerError::Foreign { .. })));
        let text = folder.path().join("notes.txt");
        std::fs::write(&text, "no database at all, but long enough to be looked at as one".repeat(20)).unwrap();
        assert!(matches!(SqliteLedger::open(&text, &target("a"), "r"), Err(LedgerError::Open { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read_it() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let mut ledger = SqliteLedger::open(&path, &target("a"), "r").unwrap();
        let link = folder.path().join("link.db");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(matches!(SqliteLedger::open(&link, &target("a"), "r"), Err(LedgerError::Held { .. })));
        std::fs::remove_file(&link).unwrap();
        ledger.write(&[Write::Intend(order("A"))]).unwrap();
        let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap).collect();
        assert_eq!(files.len(), 4);
        for file in files {
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
        }
    }
}
