//! SQLite ledger: the view of one run to one target, in a database of one file that is durable at
//! every commit. Implements [`Ledger`]; the statements are in `attempts`, `carts`, `changes` and
//! `attribute_types`. Opened by `open`.

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::{
    attempts::{self, Salt},
    attribute_types, carts, changes, commit_counter,
    companions::Companions,
    consent::{ensure_fits, ensure_may_create},
    file::{self, WritableFile},
    foreign_writes::ForeignWrites,
    location::SqliteLocation,
    lock::RunLock,
    mounts,
    paths::{self, OpenedFile},
    reader::SqliteReader,
    schema,
    stamp::{self, Stamp},
    state::LedgerState,
    targets, wal,
};
use crate::{
    ledger::{
        consent::Consent,
        entry::{AttemptState, OpenCart},
        error::LedgerError,
        store::{Ledger, LedgerReader},
        target_hash::TargetHash,
        write::LedgerWrite,
    },
    model::{
        field::{AttributeType, AttributeTypes},
        target::Target,
    },
};

/// A ledger that is open for a run that sends.
pub(super) struct SqliteLedger {
    connection: Connection,
    location: SqliteLocation,
    file: OpenedFile,
    /// The write-ahead log, if SQLite uses one.
    log: Option<OpenedFile>,
    /// Includes the lock that keeps out other runs to this target.
    companions: Companions,
    id: String,
    target: TargetHash,
    run: String,
    foreign_writes: ForeignWrites,
    salt: Salt,
    /// The types of extension attributes that are recorded for the target.
    types: AttributeTypes,
    /// Whether the open-run mark is in the database file itself.
    is_marked: bool,
    /// Whether the clean end is marked.
    is_closed: bool,
    warnings: Vec<String>,
}

impl SqliteLedger {
    /// Opens the ledger and locks it for this target. With consent, creates one with mode 0600.
    ///
    /// Refuses a ledger that is not known to be the right one, or that is damaged or incomplete.
    pub(super) fn open(
        location: &SqliteLocation,
        target: &Target,
        run: &str,
        consent: Consent,
    ) -> Result<Self, LedgerError> {
        let opened = open_or_create(location, consent)?;
        let hash = TargetHash::of(target);
        let lock = RunLock::acquire(&location.path, hash, &format!("run {run}"))?;
        opened.ensure_intact(location, Some(hash))?;
        opened.ensure_newest(location, hash)?;
        ensure_fits(consent, &opened.connection, location, target)?;
        let mut warnings = Vec::from_iter(wal::unverified_warning(&opened.connection, location)?);
        wal::enable(&opened.connection, &location.path)?;
        let id = commit_counter::current_state(&opened.connection, &location.path)?.id;
        let (companions, warning) =
            Companions::open(lock, location.state_folder.as_deref(), &id, hash);
        warnings.extend(warning);
        if consent != Consent::NotNeeded {
            let file_system = mounts::ephemeral_file_system(&location.path);
            warnings.extend(
                file_system.map(|file_system| ephemeral_storage_warning(location, &file_system)),
            );
        }
        let WritableFile { connection, opened: file, .. } = opened;
        let read = || {
            let (foreign_writes, salt) =
                (ForeignWrites::now(&connection)?, Salt::read(&connection)?);
            let types = attribute_types::of_target(&connection, hash)?;
            Ok::<_, LedgerError>((foreign_writes, salt, types))
        };
        let (foreign_writes, salt, types) =
            read().map_err(|error| error.with_location(&connection))?;
        let mut ledger = Self {
            connection,
            location: location.clone(),
            file,
            log: None,
            companions,
            id,
            target: hash,
            run: run.to_owned(),
            foreign_writes,
            salt,
            types,
            is_marked: false,
            is_closed: false,
            warnings,
        };
        ledger
            .mark_open(&target.base_url)
            .map_err(|error| error.with_location(&ledger.connection))?;
        Ok(ledger)
    }

    /// Marks this run as open in the database file itself, not only in its log: if the log is
    /// lost, the ledger is then refused.
    fn mark_open(&mut self, base_url: &str) -> Result<(), LedgerError> {
        let now = stamp::now();
        let transaction =
            Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        targets::mark_open(&transaction, self.target, base_url, &self.run, now)?;
        let commits = commit_counter::count(&transaction, 0)?;
        transaction.commit()?;
        self.record_commit(commits);
        self.log = OpenedFile::at(&paths::wal_path(&self.location.path)).ok();
        self.checkpoint_open_mark()
    }

    /// Copies the open-run mark from the log to the database file. A reader may block that for a
    /// while; until it ends, only the companions can detect the loss of the log.
    fn checkpoint_open_mark(&mut self) -> Result<(), LedgerError> {
        if !self.is_marked {
            self.is_marked = wal::checkpoint(&self.connection)?;
        }
        Ok(())
    }

    fn record_commit(&mut self, commits: u64) {
        self.companions.record(&LedgerState { id: self.id.clone(), commits });
    }

    fn ensure_in_place(&mut self) -> Result<(), LedgerError> {
        self.file.ensure_in_place()?;
        self.log.as_mut().map_or(Ok(()), OpenedFile::ensure_same_file)
    }

    /// Marks a clean end, once.
    fn mark_closed(&mut self) -> Result<(), LedgerError> {
        if self.is_closed {
            return Ok(());
        }
        let transaction =
            Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        targets::mark_closed(&transaction, Some(self.target))?;
        let commits = commit_counter::count(&transaction, 0)?;
        transaction.commit()?;
        self.record_commit(commits);
        self.is_closed = true;
        Ok(wal::keep_for_open_runs(&self.connection)?)
    }

    /// The types of extension attributes that the tenant keeps after these writes and did not have
    /// before.
    fn new_types(&self, writes: &[LedgerWrite]) -> Vec<AttributeType> {
        let accepted = writes.iter().flat_map(|write| match write {
            LedgerWrite::Outcome { state: AttemptState::Accepted, types, .. } => &types[..],
            _ => &[],
        });
        accepted.filter(|of| self.types.get(of.scope, &of.name).is_none()).cloned().collect()
    }

    fn commit(&mut self, writes: &[LedgerWrite]) -> Result<Vec<i64>, LedgerError> {
        let has_intent = writes.iter().any(LedgerWrite::is_intent);
        // Only intents are guarded: an outcome has happened already, and is worth writing whatever
        // file the path names now and whichever run writes too.
        if has_intent {
            self.ensure_in_place()?;
        }
        let stamp = Stamp { target: self.target, run: &self.run, now: stamp::now() };
        let transaction =
            Transaction::new_unchecked(&self.connection, TransactionBehavior::Immediate)?;
        let foreign_writes = if has_intent {
            self.foreign_writes.ensure_no_other_run(&transaction, self.target, &self.run)?
        } else {
            self.foreign_writes
        };
        let write = |write| write_one(&transaction, write, self.salt, stamp);
        let numbers = writes.iter().map(write).collect::<Result<_, _>>()?;
        let new_types = self.new_types(writes);
        attribute_types::record(&transaction, &new_types, stamp)?;
        let commits = commit_counter::count(&transaction, writes.iter().map(n_added).sum())?;
        transaction.commit()?;
        self.foreign_writes = foreign_writes.without(writes);
        for attribute in new_types {
            self.types.add(attribute);
        }
        self.record_commit(commits);
        // The commit is final, whether or not the mark can be copied.
        drop(self.checkpoint_open_mark());
        Ok(numbers)
    }
}

fn open_or_create(
    location: &SqliteLocation,
    consent: Consent,
) -> Result<WritableFile, LedgerError> {
    let opened = if paths::has_ledger(&location.path) {
        file::open_to_write(&location.path)?
    } else {
        ensure_may_create(consent, location)?;
        file::create(location)?
    };
    if schema::version(&opened.connection, &location.path)? == 0 {
        // A database without tables counts as no ledger, whatever its size.
        ensure_may_create(consent, location)?;
    }
    Ok(opened)
}

fn ephemeral_storage_warning(location: &SqliteLocation, file_system: &str) -> String {
    format!(
        "the ledger {location} is on {file_system}; if that belongs to a container, the ledger is \
         lost with the container\n  \
         hint: keep it on a volume and name it with --ledger"
    )
}

/// The number of attempts that a write adds.
fn n_added(write: &LedgerWrite) -> i64 {
    match write {
        LedgerWrite::Intent(_) => 1,
        LedgerWrite::Withdraw(_) => -1,
        _ => 0,
    }
}

/// Returns the number of the attempt or cart; 0 if the write has none.
fn write_one(
    connection: &Connection,
    write: &LedgerWrite,
    salt: Salt,
    stamp: Stamp<'_>,
) -> Result<i64, rusqlite::Error> {
    match write {
        LedgerWrite::Intent(intent) => {
            attempts::insert(connection, intent, salt, stamp).map(|attempt| attempt.0)
        }
        LedgerWrite::Outcome { attempt, state, .. } => {
            attempts::set_outcome(connection, *attempt, *state, false, stamp.now)
                .map(|()| attempt.0)
        }
        LedgerWrite::Withdraw(attempt) => {
            attempts::withdraw(connection, *attempt, stamp.run).map(|()| attempt.0)
        }
        LedgerWrite::OpenCart { reference, session, clear_cart } => {
            carts::insert(connection, reference, session, clear_cart, stamp).map(|cart| cart.0)
        }
        LedgerWrite::CloseCart(cart) => carts::close(connection, *cart, stamp.now).map(|()| cart.0),
        LedgerWrite::RecordChange(change) => changes::record(connection, change, stamp).map(|()| 0),
        LedgerWrite::MarkReported => changes::mark_reported(connection, stamp).map(|()| 0),
    }
}

impl Drop for SqliteLedger {
    fn drop(&mut self) {
        // As in `close`: without the mark the next run finds the log.
        drop(self.mark_closed());
    }
}

impl Ledger for SqliteLedger {
    fn id(&self) -> &str {
        &self.id
    }

    fn warnings(&self) -> &[String] {
        &self.warnings
    }

    fn reader(&self) -> Result<Box<dyn LedgerReader>, LedgerError> {
        Ok(Box::new(SqliteReader::open_again(&self.location.path, &self.id, self.target)?))
    }

    fn open_carts(&self) -> Result<Vec<OpenCart>, LedgerError> {
        carts::open_carts(&self.connection, self.target)
            .map_err(|error| LedgerError::from(error).with_location(&self.connection))
    }

    fn write(&mut self, writes: &[LedgerWrite]) -> Result<Vec<i64>, LedgerError> {
        self.commit(writes).map_err(|error| error.with_location(&self.connection))
    }

    fn close(&mut self) -> Result<(), LedgerError> {
        self.ensure_in_place()?;
        // A failure is no loss: without the mark the next run finds the log, which is kept.
        drop(self.mark_closed());
        Ok(())
    }
}
