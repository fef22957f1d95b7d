//! Ledger error: why a ledger cannot be used, with a hint for the operator.
//!
//! Opens and checks nothing; the messages of known targets come from `known_target`. Returned by
//! every other file of `ledger`; `pipeline` and `cli` report it.

use super::known_target::{KnownTarget, format_lines};

/// Why the ledger cannot be used; nothing may be sent without it.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The database cannot be opened.
    #[error(
        "cannot open the ledger {location}: {error}\n  \
         hint: it must be on a writable disk with free space; move it if necessary, and name its place with --ledger"
    )]
    Open {
        /// Its location.
        location: String,
        /// The error that the database reports.
        error: String,
    },
    /// A newer program wrote it.
    #[error(
        "the ledger {location} has version {found}; this orderferry supports versions up to \
         {known}\n  \
         hint: use the newer orderferry that wrote it"
    )]
    NewerVersion {
        /// Its location.
        location: String,
        /// The version of its schema.
        found: i64,
        /// The newest version that this program supports.
        known: i64,
    },
    /// An older program wrote it, and it cannot be migrated.
    #[error(
        "the ledger {location} has version {found} and cannot be migrated to version {known}: \
         {error}\n  \
         hint: this user must be able to write the file and its folder"
    )]
    MigrationFailed {
        /// Its location.
        location: String,
        /// The version of its schema.
        found: i64,
        /// The newest version that this program supports.
        known: i64,
        /// The error that the database reports.
        error: String,
    },
    /// No ledger exists where one was to be read.
    #[error(
        "there is no ledger at {location}\n  hint: name it with --ledger; the first run creates it with --new-ledger"
    )]
    NotFound {
        /// The location that was tried.
        location: String,
    },
    /// No ledger exists, and this was not declared the first run.
    #[error(
        "there is no ledger at {location}, so it is unknown what was sent before; nothing was \
         sent{}\n  \
         hint: the first run creates it with --new-ledger; if there was one, restore it or name it \
         with --ledger: with a new ledger every order is sent again",
        former_ledger_hint(.former.as_deref())
    )]
    NoLedger {
        /// The location that was tried.
        location: String,
        /// Where earlier versions kept a ledger, if there is one.
        former: Option<String>,
    },
    /// A new ledger was declared, but this one has been used.
    #[error(
        "--new-ledger was given, but the ledger {location} holds {attempt_count} attempts to send \
         an order; nothing was sent\n  \
         hint: leave out --new-ledger to continue with this ledger; the option is for the first \
         run only"
    )]
    NotNew {
        /// Its location.
        location: String,
        /// The number of attempts to all targets.
        attempt_count: i64,
    },
    /// It holds other targets, but not this one.
    #[error(
        "the ledger {location} holds other targets, but no attempt to send an order to {base_url} \
         with this client key; nothing was sent{}\n  \
         hint: for another tenant add --new-target; for the same tenant under a new key or URL run \
         orderferry ledger adopt --from TARGET first, or its orders are sent twice",
        format_lines(.known)
    )]
    UnknownTarget {
        /// Its location.
        location: String,
        /// The base URL of the target that it does not hold.
        base_url: String,
        /// The targets that it holds.
        known: Vec<KnownTarget>,
    },
    /// A new target was declared, but the ledger holds attempts to send to it.
    #[error(
        "--new-target was given, but the ledger {location} holds attempts to send orders to this \
         target; nothing was sent\n  \
         hint: leave out --new-target; the option is for the first run to a target only"
    )]
    NotNewTarget {
        /// Its location.
        location: String,
    },
    /// The file itself is a mount point.
    #[error(
        "the ledger {location} is a mount point; a file that is mounted on its own has a second \
         name outside, which would damage it\n  hint: mount the folder instead of the file"
    )]
    MountPoint {
        /// Its location.
        location: String,
    },
    /// The path no longer names the open file.
    #[error(
        "the ledger {location} was deleted, replaced or truncated while it was open ({found}), so \
         nothing more is sent\n  \
         hint: put the file back before the next run; results.ndjson of this run lists what was \
         sent"
    )]
    Replaced {
        /// Its location.
        location: String,
        /// What is at the path now.
        found: String,
    },
    /// Its content differs from what was written.
    #[error(
        "the ledger {location} is damaged: {found}\n  \
         hint: restore a backup of it, then see orderferry ledger accept-loss; without an intact \
         ledger orders would be sent twice"
    )]
    Damaged {
        /// Its location.
        location: String,
        /// The first damage that was found.
        found: String,
    },
    /// It has fewer transactions than a companion recorded.
    #[error(
        "the ledger {location} is at transaction {commits}, but {companion} recorded transaction \
         {expected}: its newest attempts are lost, as in an older backup\n  \
         hint: find the newest copy; if there is none, settle what can be found out about the last \
         runs, then run orderferry ledger accept-loss"
    )]
    Behind {
        /// Its location.
        location: String,
        /// The number of transactions that it holds.
        commits: u64,
        /// The file that recorded more.
        companion: String,
        /// The number of transactions that the companion recorded.
        expected: u64,
    },
    /// Its write-ahead log is gone, and with it what was not yet in the database file.
    #[error(
        "the ledger {location} lacks its write-ahead log {wal}: run {run} did not end cleanly{}",
        missing_wal_hint(*.is_recorded)
    )]
    WalMissing {
        /// Its location.
        location: String,
        /// The write-ahead log that is missing.
        wal: String,
        /// The run that did not end cleanly.
        run: String,
        /// Whether a companion recorded exactly this state of the ledger.
        is_recorded: bool,
    },
    /// The file has several names.
    #[error(
        "the ledger {location} is one file under several names (hard links), which would damage \
         it\n  \
         hint: keep one name and remove the others; a copy (cp) is a separate file"
    )]
    HardLinked {
        /// One of its names.
        location: String,
    },
    /// The ledger was named with the URL of a database that is not supported.
    #[error(
        "invalid ledger: unknown scheme {scheme:?}; expected a path, or sqlite: and a path\n  \
         hint: a ledger is one file on a local disk"
    )]
    UnknownScheme {
        /// The part of the URL before `://`.
        scheme: String,
    },
    /// It is another program's database, or no database.
    #[error("{location} is not an orderferry ledger")]
    NotALedger {
        /// The file.
        location: String,
    },
    /// The database, its lock file or its folder cannot be created or opened.
    #[error(
        "{path}: {error}\n  hint: the ledger must be on a writable disk with free space; move it \
         if necessary, and name its place with --ledger"
    )]
    LockFile {
        /// The file or folder.
        path: String,
        /// The error that the operating system reports.
        error: std::io::Error,
    },
    /// Another run, or a `ledger` command, holds the lock of this target.
    #[error("the ledger is locked for this target by {holder}\n  hint: wait until it has ended")]
    Locked {
        /// Who holds the lock, and the process id.
        holder: String,
    },
    /// Another run writes to it in spite of the lock: the lock file was removed.
    #[error(
        "another run ({run}) writes to this ledger for the same target, so nothing more is sent\n  \
         hint: wait until it has ended, run this again, and do not remove the .lock files"
    )]
    OtherRun {
        /// The id of the other run.
        run: String,
    },
    /// A read or write failed. The hint insists on the same ledger, because with an empty one
    /// elsewhere every order would be sent again.
    #[error(
        "cannot read or write the ledger {location}: {error}\n  \
         hint: check its disk, then run this again with the same ledger to continue: it records \
         what was sent"
    )]
    Failed {
        /// Its location.
        location: String,
        /// The error that the database reports.
        error: String,
    },
    /// A read or write failed, and the location is not known where it failed.
    #[error("cannot read or write the ledger: {0}")]
    Statement(String),
    /// A look-up returned fewer answers than asked. Nothing may be sent, because an order without
    /// an answer would pass for one that is new.
    #[error("the ledger answered {found} of {asked} look-ups")]
    MissingAnswers {
        /// The number of answers.
        found: usize,
        /// The number of questions.
        asked: usize,
    },
    /// The writer thread has ended.
    #[error("the ledger is closed")]
    Closed,
}

fn missing_wal_hint(is_recorded: bool) -> &'static str {
    if is_recorded {
        ", but a companion recorded exactly this state\n  \
         hint: a tool such as sqlite3 merges the log when it closes the ledger, and then nothing \
         is lost; if that is what happened, continue with orderferry ledger accept-loss"
    } else {
        ", and its newest attempts are in that file\n  \
         hint: put it back next to the ledger; if it is lost, settle what can be found out about \
         that run, then run orderferry ledger accept-loss"
    }
}

fn former_ledger_hint(former: Option<&str>) -> String {
    former.map_or_else(String::new, |former| {
        format!(
            "\n  an earlier version kept its ledger at {former}: name it with --ledger, or move it"
        )
    })
}
