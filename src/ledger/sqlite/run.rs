//! SQLite ledger: the view of one run to one target, in a database of one file that is durable at
//! every commit. Implements [`Ledger`]; does not interpret the history (see `prior_state`). Opened
//! by `pipeline`; `settle` writes outcomes with its statements.

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, ToSql, Transaction, TransactionBehavior, params};

use super::{
    companions::Companions,
    file,
    location::{self, LedgerLocation, OpenedFile},
    lock::RunLock,
    rows::{snapshot_from_row, time_from_millis},
    schema::{self, attempt_columns},
    state::LedgerState,
    targets,
};
use crate::{
    ledger::{
        change::{ChangeState, ChangedOrder},
        consent::Consent,
        entry::{AttemptId, AttemptState, CartId, HistoryEntry, OpenCart, OrderKey},
        error::LedgerError,
        order::{outcome_name, parse_outcome},
        store::Ledger,
        target_hash::TargetHash,
        write::{Intent, LedgerWrite},
    },
    model::{
        field::{AttributeType, AttributeTypes, ExtensionScope, ExtensionType},
        planned::{ContentHash, DedupHash, EventJson},
        target::Target,
    },
};

/// An open ledger, seen from one run to one target.
pub struct SqliteLedger {
    connection: Connection,
    location: LedgerLocation,
    target: TargetHash,
    run: String,
    foreign_writes: ForeignWrites,
    /// The key of stored dedup hashes, which makes them useless outside this ledger.
    salt: [u8; 32],
    writer: Option<Writer>,
    warnings: Vec<String>,
}

/// The state of a run that writes; a reader has none.
struct Writer {
    file: OpenedFile,
    id: String,
    /// The write-ahead log, if SQLite uses one.
    log: Option<OpenedFile>,
    /// Includes the lock that keeps out other runs to this target.
    companions: Companions,
    /// Whether the open-run mark is in the database file itself.
    is_marked: bool,
    /// Whether the clean end is marked.
    is_closed: bool,
}

/// The writes of other connections that this run has checked so far.
#[derive(Debug, Clone, Copy)]
struct ForeignWrites {
    /// `PRAGMA data_version`, which changes whenever another connection has written.
    data_version: i64,
    /// The newest attempt of any run at that time.
    attempt: i64,
    /// The newest cart at that time.
    cart: i64,
}

impl SqliteLedger {
    /// Opens the ledger of a run that sends and locks it for this target. With consent, creates
    /// one with mode 0600. `run` is the id of the run whose attempts are written.
    ///
    /// Refuses a ledger that is not known to be the right one, or that is damaged or incomplete.
    pub fn open(location: &LedgerLocation, target: &Target, run: &str, consent: Consent) -> Result<Self, LedgerError> {
        let opened = if location.has_ledger() {
            file::open_to_write(&location.path)?
        } else {
            consent.ensure_may_create(location)?;
            file::create(location)?
        };
        if schema::version(&opened.connection, &location.path)? == 0 {
            // A database without tables counts as no ledger, whatever its size.
            consent.ensure_may_create(location)?;
        }
        let hash = TargetHash::of(target);
        let lock = RunLock::acquire(&location.path, hash, &format!("run {run}"))?;
        opened.ensure_intact(location, Some(hash))?;
        opened.ensure_newest(location, hash)?;
        consent.ensure_fits(&opened.connection, location, target)?;
        let unverified = opened.unverified_wal_warning(location)?;
        file::enable_wal(&opened.connection, &location.path)?;
        let id = file::current_state(&opened.connection, &location.path)?.id;
        let (companions, warning) = Companions::open(lock, location.state_folder.as_deref(), &id, hash);
        let writer = Writer { file: opened.opened, log: None, id, companions, is_marked: false, is_closed: false };
        let mut ledger = Self::new(opened.connection, location, hash, run, Some(writer))?;
        ledger.warnings.extend(unverified.into_iter().chain(warning));
        if consent != Consent::NotNeeded {
            ledger.warnings.extend(
                location::ephemeral_file_system(&location.path)
                    .map(|file_system| ephemeral_storage_warning(location, &file_system)),
            );
        }
        ledger.mark_open(&target.base_url).map_err(|error| error.with_path(&ledger.connection))?;
        Ok(ledger)
    }

    /// Opens an existing ledger read-only: nothing is written or migrated. `None` if there is
    /// none.
    pub fn open_existing(location: &LedgerLocation, target: &Target, run: &str) -> Result<Option<Self>, LedgerError> {
        let hash = TargetHash::of(target);
        let Some(connection) = file::open_to_look_up(location, hash)? else { return Ok(None) };
        let consent = Consent::Given { new_ledger: false, new_target: false };
        // A reader sends nothing, so that an unknown target is a warning here.
        let fits = consent.ensure_fits(&connection, location, target);
        let mut ledger = Self::new(connection, location, hash, run, None)?;
        match fits {
            Err(LedgerError::UnknownTarget { base_url, .. }) => ledger.warnings.push(format!(
                "the ledger {} holds other targets, but no attempt to send an order to {base_url} with this client key\n  \
                 hint: a send to another tenant needs --new-target; the same tenant under a new key or URL needs \
                 orderferry ledger adopt",
                location.path.display()
            )),
            fits => fits?,
        }
        Ok(Some(ledger))
    }

    /// Opens the same ledger once more, read-only. It is not verified again.
    pub fn reader(&self) -> Result<Self, LedgerError> {
        let connection = file::open_to_read(&self.location.path)?;
        let connection = connection.ok_or_else(|| LedgerError::NotFound { path: self.location.path.clone() })?;
        Self::new(connection, &self.location, self.target, &self.run, None)
    }

    fn new(
        connection: Connection,
        location: &LedgerLocation,
        target: TargetHash,
        run: &str,
        writer: Option<Writer>,
    ) -> Result<Self, LedgerError> {
        let read = || {
            let salt = connection.query_row("SELECT salt FROM ledger", [], |row| row.get(0))?;
            Ok::<_, LedgerError>((ForeignWrites::now(&connection)?, salt))
        };
        let (foreign_writes, salt) = read().map_err(|error| error.with_path(&connection))?;
        let (location, run) = (location.clone(), run.to_owned());
        Ok(Self { connection, location, target, run, foreign_writes, salt, writer, warnings: Vec::new() })
    }

    /// The random id of this ledger, as hex digits.
    pub fn id(&self) -> Result<String, LedgerError> {
        Ok(file::current_state(&self.connection, &self.location.path)?.id)
    }

    /// Warnings about the ledger for the operator, for example a companion that cannot be written.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Marks this run as open in the database file itself, not only in its log: if the log is
    /// lost, the ledger is then refused.
    fn mark_open(&mut self, base_url: &str) -> Result<(), LedgerError> {
        let now = file::now();
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        targets::mark_open(&transaction, self.target, base_url, &self.run, now)?;
        let commits = file::count_commit(&transaction, 0)?;
        transaction.commit()?;
        self.record_commit(commits);
        if let Some(writer) = &mut self.writer {
            writer.log = OpenedFile::at(&location::wal_path(&self.location.path)).ok();
        }
        self.checkpoint_open_mark()
    }

    /// Copies the open-run mark from the log to the database file. A reader may block that for a
    /// while; until it ends, only the companions can detect the loss of the log.
    fn checkpoint_open_mark(&mut self) -> Result<(), LedgerError> {
        if let Some(writer) = self.writer.as_mut().filter(|writer| !writer.is_marked) {
            writer.is_marked = file::checkpoint(&self.connection)?;
        }
        Ok(())
    }

    fn record_commit(&mut self, commits: u64) {
        if let Some(writer) = &mut self.writer {
            writer.companions.record(&LedgerState { id: writer.id.clone(), commits });
        }
    }

    fn ensure_in_place(&mut self) -> Result<(), LedgerError> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        writer.file.ensure_in_place()?;
        writer.log.as_mut().map_or(Ok(()), OpenedFile::ensure_same_file)
    }

    /// Marks a clean end, once.
    fn mark_closed(&mut self) -> Result<(), LedgerError> {
        if self.writer.as_ref().is_none_or(|writer| writer.is_closed) {
            return Ok(());
        }
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        targets::mark_closed(&transaction, Some(self.target))?;
        let commits = file::count_commit(&transaction, 0)?;
        transaction.commit()?;
        self.record_commit(commits);
        if let Some(writer) = &mut self.writer {
            writer.is_closed = true;
        }
        Ok(file::keep_wal_of_open_runs(&self.connection)?)
    }
}

fn ephemeral_storage_warning(location: &LedgerLocation, file_system: &str) -> String {
    format!(
        "the ledger {} is on {file_system}; if that belongs to a container, the ledger is lost with the container\n  \
         hint: keep it on a volume and name it with --ledger",
        location.path.display()
    )
}

impl Drop for SqliteLedger {
    fn drop(&mut self) {
        // As in `close`: without the mark the next run finds the log.
        drop(self.mark_closed());
    }
}

impl ForeignWrites {
    fn now(connection: &Connection) -> Result<Self, LedgerError> {
        // `data_version` first: what is written between the queries is then checked again.
        let data_version = connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
        let newest = |sql| connection.query_row(sql, [], |row| row.get(0));
        let attempt = newest("SELECT coalesce(max(attempt), 0) FROM attempts")?;
        let cart = newest("SELECT coalesce(max(cart), 0) FROM carts")?;
        Ok(Self { data_version, attempt, cart })
    }

    /// Checks what other connections have written since: no other run to the same target may
    /// continue at the same time. The lock keeps it out unless the lock file is removed.
    fn ensure_no_other_run(self, connection: &Connection, target: TargetHash, run: &str) -> Result<Self, LedgerError> {
        let now: i64 = connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
        if now == self.data_version {
            return Ok(self);
        }
        // The unary plus keeps SQLite from using the index on `target`, and so from reading all
        // attempts of the target (https://sqlite.org/optoverview.html).
        let other = connection
            .prepare_cached(
                "SELECT run FROM attempts WHERE attempt > ?1 AND +target = ?3 AND run <> ?4
                 UNION ALL SELECT run FROM carts WHERE cart > ?2 AND +target = ?3 AND run <> ?4 LIMIT 1",
            )?
            .query_row(params![self.attempt, self.cart, target.0, run], |row| row.get(0))
            .optional()?;
        other.map_or_else(|| Self::now(connection), |run| Err(LedgerError::OtherRun { run }))
    }
}

impl Ledger for SqliteLedger {
    fn history(&self, reference: &str) -> Result<Vec<HistoryEntry>, LedgerError> {
        self.read_history(reference).map_err(|error| error.with_path(&self.connection))
    }

    fn references_by_dedup_hash(&self, dedup_hash: DedupHash) -> Result<Vec<String>, LedgerError> {
        self.read_references_by_dedup_hash(dedup_hash).map_err(|error| error.with_path(&self.connection))
    }

    fn references_by_time(&self, ordered_at: DateTime<Utc>) -> Result<Vec<String>, LedgerError> {
        self.read_references_by_time(ordered_at).map_err(|error| error.with_path(&self.connection))
    }

    fn change_state(&self, order: &OrderKey) -> Result<ChangeState, LedgerError> {
        self.read_change_state(order).map_err(|error| error.with_path(&self.connection))
    }

    fn attribute_types(&self) -> Result<AttributeTypes, LedgerError> {
        self.read_attribute_types().map_err(|error| error.with_path(&self.connection))
    }

    fn open_carts(&self) -> Result<Vec<OpenCart>, LedgerError> {
        self.read_open_carts().map_err(|error| error.with_path(&self.connection))
    }

    fn write(&mut self, writes: &[LedgerWrite]) -> Result<Vec<i64>, LedgerError> {
        self.commit(writes).map_err(|error| error.with_path(&self.connection))
    }

    fn close(&mut self) -> Result<(), LedgerError> {
        self.ensure_in_place()?;
        // A failure is no loss: without the mark the next run finds the log, which is kept.
        drop(self.mark_closed());
        Ok(())
    }
}

impl SqliteLedger {
    fn read_history(&self, reference: &str) -> Result<Vec<HistoryEntry>, LedgerError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT ordered_at, content, outcome, by_hand, status, total, currency, items FROM attempts
             WHERE target = ?1 AND reference = ?2 ORDER BY attempt",
        )?;
        let entries = statement.query_map(params![self.target.0, reference], |row| {
            let (ordered_at, content) = (time_from_millis(row.get(0)?), ContentHash(row.get(1)?));
            let order = OrderKey { reference: reference.to_owned(), ordered_at, content };
            let (state, is_manual) = (parse_outcome(row.get::<_, Option<String>>(2)?.as_deref()), row.get(3)?);
            Ok(HistoryEntry { order, state, is_manual, snapshot: snapshot_from_row(row, 4)? })
        })?;
        Ok(entries.collect::<Result<_, _>>()?)
    }

    fn read_references_by_dedup_hash(&self, dedup_hash: DedupHash) -> Result<Vec<String>, LedgerError> {
        // Limited to 1,000: no real guest orders the same items more often at one time.
        let mut statement = self.connection.prepare_cached(
            "SELECT DISTINCT reference FROM attempts
             WHERE target = ?1 AND likeness = ?2 AND outcome IS NOT 'not_accepted' ORDER BY attempt LIMIT 1000",
        )?;
        let references =
            statement.query_map(params![self.target.0, salted_hash(dedup_hash, &self.salt)], |row| row.get(0))?;
        Ok(references.collect::<Result<_, _>>()?)
    }

    fn read_references_by_time(&self, ordered_at: DateTime<Utc>) -> Result<Vec<String>, LedgerError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT DISTINCT reference FROM attempts
             WHERE target = ?1 AND ordered_at = ?2 AND outcome IS NOT 'not_accepted' ORDER BY attempt",
        )?;
        let parameters = params![self.target.0, ordered_at.timestamp_millis()];
        let references = statement.query_map(parameters, |row| row.get(0))?;
        Ok(references.collect::<Result<_, _>>()?)
    }

    fn read_change_state(&self, order: &OrderKey) -> Result<ChangeState, LedgerError> {
        // The time of an order is part of its content hash, so it is not compared.
        let mut statement = self.connection.prepare_cached(
            "SELECT acknowledged_at IS NOT NULL, reported_at IS NOT NULL FROM changes
             WHERE target = ?1 AND reference = ?2 AND content = ?3",
        )?;
        let parameters = params![self.target.0, order.reference, order.content.0];
        let found = statement.query_row(parameters, |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        Ok(match found {
            Some((true, _)) => ChangeState::Acknowledged,
            Some((false, true)) => ChangeState::Reported,
            Some((false, false)) | None => ChangeState::New,
        })
    }

    fn read_attribute_types(&self) -> Result<AttributeTypes, LedgerError> {
        let mut statement =
            self.connection.prepare("SELECT scope, name, type FROM extension_types WHERE target = ?1")?;
        let mut rows = statement.query(params![self.target.0])?;
        let mut types = AttributeTypes::default();
        while let Some(row) = rows.next()? {
            let scope = match row.get_ref(0)?.as_str() {
                Ok("item") => ExtensionScope::Item,
                _ => ExtensionScope::Order,
            };
            // A type that a later version added cannot conflict with one that this version knows.
            let Some(data_type) = ExtensionType::from_name(&row.get::<_, String>(2)?) else { continue };
            types.add(AttributeType { scope, name: row.get(1)?, data_type });
        }
        Ok(types)
    }

    fn read_open_carts(&self) -> Result<Vec<OpenCart>, LedgerError> {
        let mut statement = self.connection.prepare_cached(
            "SELECT cart, reference, browser, clear_cart FROM carts
             WHERE target = ?1 AND closed_at IS NULL ORDER BY cart",
        )?;
        let carts = statement.query_map(params![self.target.0], |row| {
            let (cart, reference, browser) = (CartId(row.get(0)?), row.get(1)?, row.get(2)?);
            Ok(OpenCart { cart, reference, browser, clear_cart: EventJson(row.get(3)?) })
        })?;
        Ok(carts.collect::<Result<_, _>>()?)
    }

    fn commit(&mut self, writes: &[LedgerWrite]) -> Result<Vec<i64>, LedgerError> {
        let now = file::now();
        let has_intent = writes.iter().any(LedgerWrite::is_intent);
        // Only intents are guarded: an outcome has happened already, and is worth writing whatever
        // file the path names now and whichever run writes too.
        if has_intent {
            self.ensure_in_place()?;
        }
        let transaction = Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        let foreign_writes = if has_intent {
            self.foreign_writes.ensure_no_other_run(&transaction, self.target, &self.run)?
        } else {
            self.foreign_writes
        };
        let write = |write: &LedgerWrite| match write {
            LedgerWrite::Intent(intent) => write_intent(&transaction, intent, self.target, &self.run, &self.salt, now),
            LedgerWrite::Outcome(attempt, state) => write_outcome(&transaction, *attempt, *state, false, now),
            LedgerWrite::OpenCart { reference, browser, clear_cart } => {
                let parameters = params![self.target.0, reference, self.run, browser, clear_cart.0, now];
                insert_cart(&transaction, parameters)
            }
            LedgerWrite::CloseCart(cart) => close_cart(&transaction, *cart, now),
            LedgerWrite::RecordChange(change) => record_change(&transaction, change, self.target, &self.run, now),
            LedgerWrite::RecordAttributeTypes(types) => {
                record_attribute_types(&transaction, types, self.target, &self.run, now)
            }
            LedgerWrite::MarkReported => mark_reported(&transaction, self.target, &self.run, now),
        };
        let numbers = writes.iter().map(write).collect::<Result<_, _>>()?;
        let n_intents = writes.iter().filter(|write| matches!(write, LedgerWrite::Intent(_))).count();
        let commits = file::count_commit(&transaction, n_intents.try_into().unwrap_or(i64::MAX))?;
        transaction.commit()?;
        self.foreign_writes = foreign_writes;
        self.record_commit(commits);
        // The commit is final, whether or not the mark can be copied.
        drop(self.checkpoint_open_mark());
        Ok(numbers)
    }
}

fn write_intent(
    connection: &Connection,
    intent: &Intent,
    target: TargetHash,
    run: &str,
    salt: &[u8; 32],
    now: i64,
) -> Result<i64, LedgerError> {
    let Intent { order, status, money, item_count, dedup_hash } = intent;
    let mut statement = connection.prepare_cached(
        "INSERT INTO attempts (target, reference, ordered_at, content, run, intended_at, status, total, currency, items,
                               likeness, checksum)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 0)",
    )?;
    statement.execute(params![
        target.0,
        order.reference,
        order.ordered_at.timestamp_millis(),
        order.content.0,
        run,
        now,
        status,
        money.as_ref().map(|money| money.amount.to_string()),
        money.as_ref().map(|money| money.currency.to_string()),
        i64::try_from(*item_count).unwrap_or(i64::MAX),
        dedup_hash.map(|dedup_hash| salted_hash(dedup_hash, salt)),
    ])?;
    // The checksum covers the row's number, which is known only after the insert.
    let attempt = connection.last_insert_rowid();
    update_checksum(connection, AttemptId(attempt))?;
    Ok(attempt)
}

/// The dedup hash as it is stored: keyed with the salt of the ledger.
fn salted_hash(dedup_hash: DedupHash, salt: &[u8; 32]) -> [u8; 16] {
    let mut key = [0; 16];
    key.copy_from_slice(&blake3::keyed_hash(salt, &dedup_hash.0).as_bytes()[..16]);
    key
}

/// Recomputes the checksum of an attempt.
pub(super) fn update_checksum(connection: &Connection, attempt: AttemptId) -> Result<(), rusqlite::Error> {
    let sql = concat!("UPDATE attempts SET checksum = row_checksum(", attempt_columns!(), ") WHERE attempt = ?1");
    connection.prepare_cached(sql)?.execute(params![attempt.0])?;
    Ok(())
}

/// Writes the outcome of an attempt, as reported by the service or set by the operator.
pub(super) fn write_outcome(
    connection: &Connection,
    attempt: AttemptId,
    state: AttemptState,
    is_manual: bool,
    now: i64,
) -> Result<i64, LedgerError> {
    let mut statement = connection
        .prepare_cached("UPDATE attempts SET outcome = ?2, settled_at = ?3, by_hand = ?4 WHERE attempt = ?1")?;
    statement.execute(params![attempt.0, outcome_name(state), now, is_manual])?;
    update_checksum(connection, attempt)?;
    Ok(attempt.0)
}

fn insert_cart(connection: &Connection, parameters: &[&dyn ToSql]) -> Result<i64, LedgerError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO carts (target, reference, run, browser, clear_cart, opened_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    statement.execute(parameters)?;
    Ok(connection.last_insert_rowid())
}

fn close_cart(connection: &Connection, cart: CartId, now: i64) -> Result<i64, LedgerError> {
    let mut statement = connection.prepare_cached("UPDATE carts SET closed_at = ?2 WHERE cart = ?1")?;
    statement.execute(params![cart.0, now])?;
    Ok(cart.0)
}

/// Records a change. Until a run has reported it, it belongs to the run that recorded it last.
fn record_change(
    connection: &Connection,
    change: &ChangedOrder,
    target: TargetHash,
    run: &str,
    now: i64,
) -> Result<i64, LedgerError> {
    let ChangedOrder { order, cause, snapshot } = change;
    let mut statement = connection.prepare_cached(
        "INSERT INTO changes (target, reference, ordered_at, content, run, seen_at, cause, status, total, currency, items)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
         ON CONFLICT (target, reference, content) DO UPDATE SET run = excluded.run, seen_at = excluded.seen_at
             WHERE reported_at IS NULL",
    )?;
    statement.execute(params![
        target.0,
        order.reference,
        order.ordered_at.timestamp_millis(),
        order.content.0,
        run,
        now,
        cause,
        snapshot.status,
        snapshot.money.as_ref().map(|money| money.amount.to_string()),
        snapshot.money.as_ref().map(|money| money.currency.to_string()),
        snapshot.item_count.and_then(|n_items| i64::try_from(n_items).ok()),
    ])?;
    Ok(connection.last_insert_rowid())
}

fn record_attribute_types(
    connection: &Connection,
    types: &[AttributeType],
    target: TargetHash,
    run: &str,
    now: i64,
) -> Result<i64, LedgerError> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO extension_types (target, scope, name, type, run, seen_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO NOTHING",
    )?;
    for AttributeType { scope, name, data_type } in types {
        statement.execute(params![target.0, scope.as_str(), name, data_type.name(), run, now])?;
    }
    Ok(0)
}

fn mark_reported(connection: &Connection, target: TargetHash, run: &str, now: i64) -> Result<i64, LedgerError> {
    let mut statement = connection
        .prepare_cached("UPDATE changes SET reported_at = ?3 WHERE target = ?1 AND run = ?2 AND reported_at IS NULL")?;
    Ok(statement.execute(params![target.0, run, now])?.try_into().unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::ledger::OrderSnapshot;

    fn target(key: &str) -> Target {
        Target { base_url: "https://stream.example".into(), client_key: key.into() }
    }

    fn order(reference: &str) -> OrderKey {
        let ordered_at = "2025-01-01T16:17:16.123Z".parse().unwrap();
        OrderKey { reference: reference.into(), ordered_at, content: ContentHash([1; 16]) }
    }

    fn intend(reference: &str) -> LedgerWrite {
        let (status, dedup_hash) = ("PURCHASED".into(), Some(DedupHash([1; 16])));
        LedgerWrite::Intent(Intent { order: order(reference), status, money: None, item_count: 1, dedup_hash })
    }

    fn open(path: &Path, key: &str, run: &str) -> Result<SqliteLedger, LedgerError> {
        SqliteLedger::open(&LedgerLocation::at(path.into()), &target(key), run, Consent::NotNeeded)
    }

    fn open_existing(path: &Path, key: &str) -> Result<Option<SqliteLedger>, LedgerError> {
        SqliteLedger::open_existing(&LedgerLocation::at(path.into()), &target(key), "run-2")
    }

    fn states(ledger: &SqliteLedger, reference: &str) -> Vec<AttemptState> {
        ledger.history(reference).unwrap().into_iter().map(|entry| entry.state).collect()
    }

    #[test]
    fn history_is_per_target() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let mut ledger = open(&path, "a", "run-1").unwrap();
        let attempts = ledger.write(&[intend("A"), intend("B")]).unwrap();
        ledger.write(&[LedgerWrite::Outcome(AttemptId(attempts[0]), AttemptState::Accepted)]).unwrap();
        drop(ledger);
        let ledger = open_existing(&path, "a").unwrap().unwrap();
        assert_eq!(
            ledger.history("A").unwrap(),
            [HistoryEntry {
                order: order("A"),
                state: AttemptState::Accepted,
                is_manual: false,
                snapshot: OrderSnapshot { status: Some("PURCHASED".into()), money: None, item_count: Some(1) }
            }]
        );
        assert_eq!(states(&ledger, "B"), [AttemptState::Intended]);
        let other = open_existing(&path, "b").unwrap().unwrap();
        assert_eq!(states(&other, "A"), []);
    }

    fn cart(browser: &str) -> LedgerWrite {
        let clear_cart = EventJson("\",\"type\":\"CLEAR_CART\"}".into());
        LedgerWrite::OpenCart { reference: "A".into(), browser: browser.into(), clear_cart }
    }

    fn open_browsers(ledger: &SqliteLedger) -> Vec<String> {
        ledger.open_carts().unwrap().into_iter().map(|cart| cart.browser).collect()
    }

    #[test]
    fn open_carts_are_per_target() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let mut ledger = open(&path, "a", "run-1").unwrap();
        let mut other = open(&path, "b", "run-1").unwrap();
        let carts = ledger.write(&[cart("b-1"), intend("A"), cart("b-2"), cart("b-3")]).unwrap();
        other.write(&[cart("b-4")]).unwrap();
        ledger.write(&[LedgerWrite::CloseCart(CartId(carts[2]))]).unwrap();
        drop(ledger);
        let next = open(&path, "a", "run-2").unwrap();
        assert_eq!(
            (open_browsers(&next), open_browsers(&other)),
            (vec!["b-1".into(), "b-3".into()], vec!["b-4".into()])
        );
        let clear_cart = EventJson("\",\"type\":\"CLEAR_CART\"}".into());
        let (reference, browser) = ("A".into(), "b-1".into());
        assert_eq!(next.open_carts().unwrap()[0], OpenCart { cart: CartId(carts[0]), reference, browser, clear_cart });
    }

    #[test]
    fn unknown_version_and_foreign_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        assert!(open_existing(&path, "a").unwrap().is_none());
        std::fs::write(&path, "").unwrap();
        assert!(open_existing(&path, "a").unwrap().is_none());
        drop(open(&path, "a", "run-1").unwrap());
        Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 6").unwrap();
        assert!(matches!(open(&path, "a", "r"), Err(LedgerError::NewerVersion { found: 6, .. })));
        let foreign = folder.path().join("other.db");
        Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
        assert!(matches!(open(&foreign, "a", "r"), Err(LedgerError::NotALedger { .. })));
        let text = folder.path().join("notes.txt");
        std::fs::write(&text, "no database at all, but long enough to be read as one".repeat(20)).unwrap();
        assert!(matches!(open(&text, "a", "r"), Err(LedgerError::NotALedger { .. })));
    }

    fn change(order: OrderKey) -> LedgerWrite {
        let cause = Some("left out".into());
        LedgerWrite::RecordChange(Box::new(ChangedOrder { order, cause, snapshot: OrderSnapshot::default() }))
    }

    #[test]
    fn change_is_recorded_once_until_acknowledged() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let mut ledger = open(&path, "a", "run-1").unwrap();
        ledger.write(&[change(order("A")), change(order("A")), change(order("B"))]).unwrap();
        ledger.write(&[change(order("A"))]).unwrap();
        let count = |sql: &str| ledger.connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(count("SELECT count(*) FROM changes"), 2);
        assert_eq!(ledger.change_state(&order("A")).unwrap(), ChangeState::New);
        ledger.connection.execute_batch("UPDATE changes SET acknowledged_at = 1 WHERE reference = 'A'").unwrap();
        let other = OrderKey { content: ContentHash([2; 16]), ..order("A") };
        let state = |order: &OrderKey| ledger.change_state(order).unwrap();
        assert_eq!(state(&order("A")), ChangeState::Acknowledged);
        assert_eq!([state(&order("B")), state(&other)], [ChangeState::New, ChangeState::New]);
    }

    #[test]
    fn change_is_reported_by_last_recording_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let (first, second) = (order("A"), order("B"));
        let mut run = open(&path, "a", "run-1").unwrap();
        run.write(&[change(first.clone()), change(second.clone())]).unwrap();
        // The run is killed before its report.
        drop(run);
        let mut run = open(&path, "a", "run-2").unwrap();
        run.write(&[change(first.clone())]).unwrap();
        run.close().unwrap();
        let commits = file::current_state(&run.connection, &path).unwrap().commits;
        run.write(&[LedgerWrite::MarkReported]).unwrap();
        assert_eq!(run.change_state(&first).unwrap(), ChangeState::Reported);
        assert_eq!(run.change_state(&second).unwrap(), ChangeState::New);
        // The companions record it too, although the run has ended.
        let remembered = crate::ledger::sqlite::companions::recorded_states(&LedgerLocation::at(path.clone()), None);
        assert_eq!(remembered.iter().map(|(_, state)| state.commits).max(), Some(commits + 1));
        drop(run);
        open(&path, "a", "run-3").unwrap();
    }

    #[test]
    fn concurrent_run_stops_intents() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let mut first = open(&path, "a", "run-1").unwrap();
        let attempt = AttemptId(first.write(&[intend("A")]).unwrap()[0]);
        // A run to another target does not interfere.
        open(&path, "b", "run-b").unwrap().write(&[intend("A")]).unwrap();
        first.write(&[intend("B")]).unwrap();
        let lock = |file: &std::fs::DirEntry| file.path().extension().is_some_and(|ending| ending == "lock");
        for file in std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap).filter(lock) {
            std::fs::remove_file(file.path()).unwrap();
        }
        let mut second = open(&path, "a", "run-2").unwrap();
        // The second run observed the first run's earlier writes when it started.
        second.write(&[intend("C")]).unwrap();
        for _ in 0..2 {
            let found = first.write(&[intend("C"), LedgerWrite::Outcome(attempt, AttemptState::Accepted)]);
            assert!(matches!(found, Err(LedgerError::OtherRun { run }) if run == "run-2"));
        }
        assert!(matches!(first.write(&[cart("b-1")]), Err(LedgerError::OtherRun { .. })));
        assert_eq!(states(&first, "C"), [AttemptState::Intended]);
        first.write(&[LedgerWrite::Outcome(attempt, AttemptState::Accepted)]).unwrap();
        assert_eq!(states(&second, "A"), [AttemptState::Accepted]);
    }

    #[cfg(unix)]
    #[test]
    fn files_are_private_to_the_user() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let mut ledger = open(&path, "a", "r").unwrap();
        let link = folder.path().join("link.db");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(matches!(open(&link, "a", "r"), Err(LedgerError::Locked { .. })));
        std::fs::remove_file(&link).unwrap();
        ledger.write(&[intend("A")]).unwrap();
        let files: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(Result::unwrap).collect();
        assert_eq!(files.len(), 4);
        for file in files {
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
        }
    }

    /// A listing that is open in another terminal, for example, keeps SQLite from copying the log.
    #[test]
    fn reader_delays_open_run_mark_only() {
        let folder = tempfile::tempdir().unwrap();
        let (path, copy) = (folder.path().join("ledger.db"), folder.path().join("copy.db"));
        open(&path, "a", "run-1").unwrap().write(&[intend("A")]).unwrap();
        let reader = Connection::open(&path).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM attempts").unwrap();
        let start = std::time::Instant::now();
        let mut ledger = open(&path, "a", "run-2").unwrap();
        // Busy time-outs take thirty seconds.
        assert!(start.elapsed() < std::time::Duration::from_secs(20));
        reader.execute_batch("COMMIT").unwrap();
        ledger.write(&[intend("B")]).unwrap();
        std::fs::copy(&path, &copy).unwrap();
        assert!(matches!(open(&copy, "a", "run-3"), Err(LedgerError::WalMissing { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn wal_is_found_through_symlink() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("ledger.db"), folder.path().join("link"));
        drop(open(&path, "a", "run-1").unwrap());
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let mut killed = open(&path, "a", "run-2").unwrap();
        killed.write(&[intend("A")]).unwrap();
        // Another target, since the lock of the first one is held.
        drop(open(&link, "b", "run-3").unwrap());
    }

    #[test]
    fn database_without_tables_is_not_a_ledger() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE t (a); DROP TABLE t").unwrap();
        let consent = Consent::Given { new_ledger: false, new_target: false };
        let opened = SqliteLedger::open(&LedgerLocation::at(path.clone()), &target("a"), "run-1", consent);
        assert!(matches!(opened, Err(LedgerError::NoLedger { .. })));
        assert!(open(&path, "a", "run-1").is_ok());
    }

    /// Sends from a copy, to a staging tenant for example, do not make the original outdated.
    #[test]
    fn copy_for_other_target_keeps_original_current() {
        let folder = tempfile::tempdir().unwrap();
        let location = |name: &str| LedgerLocation {
            state_folder: Some(folder.path().join("state")),
            ..LedgerLocation::at(folder.path().join(name))
        };
        let run = |name: &str, key: &str| {
            let mut ledger = SqliteLedger::open(&location(name), &target(key), "run", Consent::NotNeeded)?;
            ledger.write(&[intend("A")]).map(drop)
        };
        run("ledger.db", "a").unwrap();
        std::fs::copy(location("ledger.db").path, location("copy.db").path).unwrap();
        (0..3).for_each(|_| run("copy.db", "staging").unwrap());
        run("ledger.db", "a").unwrap();
        // An older copy of the original is refused.
        std::fs::copy(location("ledger.db").path, location("old.db").path).unwrap();
        run("ledger.db", "a").unwrap();
        assert!(matches!(run("old.db", "a"), Err(LedgerError::Behind { .. })));
    }

    /// Counts the orders that a run would send again, because the ledger does not have them as
    /// accepted.
    fn is_sent_again(path: &Path) -> Result<usize, LedgerError> {
        let ledger = open_existing(path, "a")?.ok_or(LedgerError::Closed)?;
        let mut n_sent_again = 0;
        for reference in references() {
            let OrderKey { ordered_at, content, .. } = order(&reference);
            let state = crate::ledger::prior_state(&ledger.history(&reference)?, ordered_at, content);
            n_sent_again += usize::from(!matches!(state, crate::ledger::PriorState::Accepted));
        }
        Ok(n_sent_again)
    }

    fn references() -> impl Iterator<Item = String> {
        (0..200).map(|number| format!("A-{number:04}"))
    }

    /// Flips one bit of every 16th byte, or of each byte with `ORDERFERRY_EVERY_BYTE`.
    #[test]
    fn bit_flips_never_hide_an_attempt() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let mut ledger = open(&path, "a", "run-1").unwrap();
        let attempts = ledger.write(&references().map(|reference| intend(&reference)).collect::<Vec<_>>()).unwrap();
        let settle = |attempt: i64| LedgerWrite::Outcome(AttemptId(attempt), AttemptState::Accepted);
        ledger.write(&attempts.into_iter().map(settle).collect::<Vec<_>>()).unwrap();
        drop(ledger);
        let intact = std::fs::read(&path).unwrap();
        let step = if std::env::var_os("ORDERFERRY_EVERY_BYTE").is_some() { 1 } else { 16 };
        let (mut n_refused, mut n_fine) = (0, 0);
        for byte in (0..intact.len()).step_by(step) {
            let mut flipped = intact.clone();
            flipped[byte] ^= 1 << (byte / step % 8);
            for file in std::fs::read_dir(folder.path()).unwrap() {
                std::fs::remove_file(file.unwrap().path()).unwrap();
            }
            std::fs::write(&path, flipped).unwrap();
            match is_sent_again(&path) {
                Ok(n_sent_again) => {
                    assert_eq!(n_sent_again, 0, "byte {byte}");
                    n_fine += 1;
                }
                Err(_) => n_refused += 1,
            }
        }
        assert!(n_refused > n_fine / 2, "{n_refused} refused, {n_fine} fine");
        std::fs::write(&path, intact).unwrap();
        assert_eq!(is_sent_again(&path).unwrap(), 0);
    }
}
