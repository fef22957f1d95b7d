//! Ledger: a durable record of every attempt to send an order and of its outcome. It keeps an
//! order from being sent twice. It holds references and hashes, no personal data.
//!
//! Write-ahead protocol: the intent is written before a checkout goes on the wire, the outcome
//! after the response. An intent without an outcome is an order whose outcome is unknown. A cart
//! is recorded before an assembled order adds anything to it, and marked as closed once nothing
//! can be left in it; the next run clears the carts that stayed open.
//!
//! Two views: [`Ledger`] serves one run to one target and is used by `pipeline`; [`LedgerAdmin`]
//! serves the operator for all targets and is used by the `ledger` command of `cli`. Knows only
//! `model`.

mod admin;
mod adopt;
mod change;
mod companions;
mod consent;
mod file;
mod group_commit;
mod integrity;
mod location;
mod lock;
mod order;
mod prior_state;
mod schema;
mod settle;
mod sqlite;
mod target_hash;
mod targets;

pub use admin::{LedgerAdmin, OrderFilter, ReferencePattern};
pub use adopt::{AdoptError, accept_loss, adopt};
pub use change::{ChangeState, ChangedOrder, OrderSnapshot, unsent_change_hash};
pub use consent::Consent;
pub use group_commit::{CloseReport, GroupCommit};
pub use location::LedgerLocation;
pub use lock::RunLock;
pub use order::{ContentChange, LedgerOrder, OrderState, Submission};
pub use prior_state::{PriorState, has_order_near, matching_accepted, prior_state, single_order_time};
pub use settle::{ManualDecision, SettleError, SettleRefusal, SettleRequest, settle};
pub use sqlite::SqliteLedger;
pub use target_hash::{TargetHash, TargetPrefix, hex};
pub use targets::KnownTarget;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::{
    field::{AttributeType, AttributeTypes},
    money::Money,
    planned::{ContentHash, DedupHash, EventJson},
};

/// Why the ledger cannot be used; nothing may be sent without it.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The database cannot be opened.
    #[error(
        "cannot open the ledger {}: {error}\n  \
         hint: it must be on a writable disk with free space; move it if necessary, and name its place with --ledger",
        .path.display()
    )]
    Open {
        /// The database file.
        path: PathBuf,
        /// The error that SQLite reports.
        error: rusqlite::Error,
    },
    /// A newer program wrote it.
    #[error(
        "the ledger {} has version {found}; this orderferry supports versions up to {known}\n  \
         hint: use the newer orderferry that wrote it",
        .path.display()
    )]
    NewerVersion {
        /// The database file.
        path: PathBuf,
        /// The version of its schema.
        found: i64,
        /// The newest version that this program supports.
        known: i64,
    },
    /// An older program wrote it, and it cannot be migrated.
    #[error(
        "the ledger {} has version {found} and cannot be migrated to version {known}: {error}\n  \
         hint: this user must be able to write the file and its folder",
        .path.display()
    )]
    MigrationFailed {
        /// The database file.
        path: PathBuf,
        /// The version of its schema.
        found: i64,
        /// The newest version that this program supports.
        known: i64,
        /// The error that SQLite reports.
        error: rusqlite::Error,
    },
    /// No ledger exists where one was to be read.
    #[error(
        "there is no ledger at {}\n  hint: name it with --ledger; the first run creates it with --new-ledger",
        .path.display()
    )]
    NotFound {
        /// The path that was tried.
        path: PathBuf,
    },
    /// No ledger exists, and this was not declared the first run.
    #[error(
        "there is no ledger at {}, so it is unknown what was sent before; nothing was sent{}\n  \
         hint: the first run creates it with --new-ledger; if there was one, restore it or name it with --ledger: \
         with a new ledger every order is sent again",
        .path.display(), former_ledger_hint(.former.as_deref())
    )]
    NoLedger {
        /// The path that was tried.
        path: PathBuf,
        /// A ledger at the path that earlier versions used.
        former: Option<PathBuf>,
    },
    /// A new ledger was declared, but this one has been used.
    #[error(
        "--new-ledger was given, but the ledger {} holds {attempt_count} attempts to send an order; \
         nothing was sent\n  \
         hint: leave out --new-ledger to continue with this ledger; the option is for the first run only",
        .path.display()
    )]
    NotNew {
        /// The database file.
        path: PathBuf,
        /// The number of attempts to all targets.
        attempt_count: i64,
    },
    /// It holds other targets, but not this one.
    #[error(
        "the ledger {} holds other targets, but no attempt to send an order to {base_url} with this client key; \
         nothing was sent{}\n  \
         hint: for another tenant add --new-target; for the same tenant under a new key or URL run \
         orderferry ledger adopt --from TARGET first, or its orders are sent twice",
        .path.display(), targets::format_lines(.known)
    )]
    UnknownTarget {
        /// The database file.
        path: PathBuf,
        /// The base URL of the target that it does not hold.
        base_url: String,
        /// The targets that it holds.
        known: Vec<KnownTarget>,
    },
    /// A new target was declared, but the ledger holds attempts to send to it.
    #[error(
        "--new-target was given, but the ledger {} holds attempts to send orders to this target; nothing was sent\n  \
         hint: leave out --new-target; the option is for the first run to a target only",
        .path.display()
    )]
    NotNewTarget {
        /// The database file.
        path: PathBuf,
    },
    /// The file itself is a mount point.
    #[error(
        "the ledger {} is a mount point; a file that is mounted on its own has a second name outside, \
         which would damage it\n  hint: mount the folder instead of the file",
        .path.display()
    )]
    MountPoint {
        /// The database file.
        path: PathBuf,
    },
    /// The path no longer names the open file.
    #[error(
        "the ledger {} was deleted, replaced or truncated while it was open ({found}), so nothing more is sent\n  \
         hint: put the file back before the next run; results.ndjson of this run lists what was sent",
        .path.display()
    )]
    Replaced {
        /// The database file.
        path: PathBuf,
        /// What is at the path now.
        found: String,
    },
    /// Its content differs from what was written.
    #[error(
        "the ledger {} is damaged: {found}\n  \
         hint: restore a backup of it, then see orderferry ledger accept-loss; \
         without an intact ledger orders would be sent twice",
        .path.display()
    )]
    Damaged {
        /// The database file.
        path: PathBuf,
        /// The first damage that was found.
        found: String,
    },
    /// It has fewer transactions than a companion recorded.
    #[error(
        "the ledger {} is at transaction {commits}, but {} recorded transaction {expected}: \
         its newest attempts are lost, as in an older backup\n  \
         hint: find the newest copy; if there is none, settle what can be found out about the last runs, \
         then run orderferry ledger accept-loss",
        .path.display(), .companion.display()
    )]
    Behind {
        /// The database file.
        path: PathBuf,
        /// The number of transactions that it holds.
        commits: u64,
        /// The file that recorded more.
        companion: PathBuf,
        /// The number of transactions that the companion recorded.
        expected: u64,
    },
    /// Its write-ahead log is gone, and with it what was not yet in the database file.
    #[error(
        "the ledger {} lacks its write-ahead log {}: run {run} did not end cleanly{}",
        .path.display(), location::wal_path(.path).display(), missing_wal_hint(*.is_recorded)
    )]
    WalMissing {
        /// The database file.
        path: PathBuf,
        /// The run that did not end cleanly.
        run: String,
        /// Whether a companion recorded exactly this state of the ledger.
        is_recorded: bool,
    },
    /// The file has several names.
    #[error(
        "the ledger {} is one file under several names (hard links), which would damage it\n  \
         hint: keep one name and remove the others; a copy (cp) is a separate file",
        .path.display()
    )]
    HardLinked {
        /// One of its names.
        path: PathBuf,
    },
    /// It is another program's database, or no database.
    #[error("{} is not an orderferry ledger", .path.display())]
    NotALedger {
        /// The file.
        path: PathBuf,
    },
    /// The database, its lock file or its folder cannot be created or opened.
    #[error(
        "{}: {error}\n  hint: the ledger must be on a writable disk with free space; move it if necessary, \
         and name its place with --ledger",
        .path.display()
    )]
    LockFile {
        /// The file or folder.
        path: PathBuf,
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
        "cannot read or write the ledger {}: {error}\n  \
         hint: check its disk, then run this again with the same ledger to continue: it records what was sent",
        .path.display()
    )]
    Failed {
        /// The database file.
        path: PathBuf,
        /// The error that SQLite reports.
        error: String,
    },
    /// A read or write failed, and the path is not known where it failed.
    #[error("cannot read or write the ledger: {0}")]
    Sqlite(String),
    /// The writer thread has ended.
    #[error("the ledger is closed")]
    Closed,
}

fn missing_wal_hint(is_recorded: bool) -> &'static str {
    if is_recorded {
        ", but a companion recorded exactly this state\n  \
         hint: a tool such as sqlite3 merges the log when it closes the ledger, and then nothing is lost; \
         if that is what happened, continue with orderferry ledger accept-loss"
    } else {
        ", and its newest attempts are in that file\n  \
         hint: put it back next to the ledger; if it is lost, settle what can be found out about that run, \
         then run orderferry ledger accept-loss"
    }
}

fn former_ledger_hint(former: Option<&Path>) -> String {
    former.map_or_else(String::new, |former| {
        format!("\n  an earlier version kept its ledger at {}: name it with --ledger, or move it", former.display())
    })
}

impl From<rusqlite::Error> for LedgerError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error.to_string())
    }
}

impl LedgerError {
    /// Adds the path of the database to a failed read or write.
    // `From` cannot do it: `?` calls it inside a query, where no connection is at hand.
    fn with_path(self, connection: &rusqlite::Connection) -> Self {
        match (self, connection.path()) {
            (Self::Sqlite(error), Some(path)) => Self::Failed { path: path.into(), error },
            (error, _) => error,
        }
    }
}

/// An order as the ledger identifies it: by reference and time, compared by content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderKey {
    /// The order's reference.
    pub reference: String,
    /// When it was ordered. Part of the key, because shops reuse references.
    pub ordered_at: DateTime<Utc>,
    /// The hash of its content.
    pub content: ContentHash,
}

/// An order whose last event is about to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The order.
    pub order: OrderKey,
    // Status, total and number of items are stored so that a later run can report what changed.
    /// Its status.
    pub status: String,
    /// Its total.
    pub money: Option<Money>,
    /// The number of its items.
    pub item_count: usize,
    /// The hash that it shares with the same order under another reference.
    pub dedup_hash: Option<DedupHash>,
}

/// One attempt to send an order's last event, by its number in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptId(pub i64);

/// The cart of the browser on which an order is assembled, by its number in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CartId(pub i64);

/// A cart that may still contain an order's items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCart {
    /// Its number.
    pub cart: CartId,
    /// The order's reference.
    pub reference: String,
    /// The browser's id.
    pub browser: String,
    /// The event that empties the cart.
    pub clear_cart: EventJson,
}

/// The state of one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptState {
    /// It was about to be sent; no outcome was recorded.
    Intended,
    /// The service accepted it.
    Accepted,
    /// It is known not to be accepted.
    NotAccepted,
    /// It was sent, and no conclusive response came.
    Unknown,
}

impl AttemptState {
    /// Whether the service may or may not have accepted it.
    fn is_open(self) -> bool {
        matches!(self, Self::Intended | Self::Unknown)
    }
}

/// An earlier attempt to send an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The order.
    pub order: OrderKey,
    /// Its state.
    pub state: AttemptState,
    /// Whether the operator set this state with `ledger settle`.
    pub is_manual: bool,
    /// What was sent, as far as it was recorded.
    pub snapshot: OrderSnapshot,
}

/// One write to the ledger.
#[derive(Debug, Clone)]
pub enum LedgerWrite {
    /// An order's last event is about to be sent.
    Intent(Intent),
    /// The outcome of an attempt.
    Outcome(AttemptId, AttemptState),
    /// An order's items are about to be added to the cart of a browser.
    OpenCart {
        /// The order's reference.
        reference: String,
        /// The browser's id.
        browser: String,
        /// The event that empties the cart.
        clear_cart: EventJson,
    },
    /// Nothing is left in the cart.
    CloseCart(CartId),
    /// An accepted order has changed. Each change is stored once, so that the operator can
    /// acknowledge it.
    RecordChange(Box<ChangedOrder>),
    /// The changes that this run recorded are in a finished report.
    MarkReported,
    /// The tenant has accepted extension attributes of these types, which it keeps for ever.
    RecordAttributeTypes(Vec<AttributeType>),
}

impl LedgerWrite {
    /// Whether a request depends on it: that request must not be sent unless this is durable. The
    /// other writes record what has already happened.
    fn is_intent(&self) -> bool {
        matches!(self, Self::Intent(_) | Self::OpenCart { .. })
    }
}

/// A store of attempts and carts for one target and one run.
pub trait Ledger: Send {
    /// Returns all attempts of any run to send a reference to this target.
    fn history(&self, reference: &str) -> Result<Vec<HistoryEntry>, LedgerError>;

    /// Returns the references of orders with this hash that were or may have been accepted, in the
    /// order in which they were sent, at most the first 1,000.
    fn references_by_dedup_hash(&self, dedup_hash: DedupHash) -> Result<Vec<String>, LedgerError>;

    /// Returns the references of orders with this time that were or may have been accepted, in the
    /// order in which they were sent.
    fn references_by_time(&self, ordered_at: DateTime<Utc>) -> Result<Vec<String>, LedgerError>;

    /// Returns the state of the change from the accepted order to this one.
    fn change_state(&self, order: &OrderKey) -> Result<ChangeState, LedgerError>;

    /// Returns the types of the extension attributes that this target has accepted.
    fn attribute_types(&self) -> Result<AttributeTypes, LedgerError>;

    /// Returns the carts at this target that any run left open, the oldest first.
    fn open_carts(&self) -> Result<Vec<OpenCart>, LedgerError>;

    /// Writes all or nothing; durable when it returns. Returns the number of each write's attempt
    /// or cart.
    fn write(&mut self, writes: &[LedgerWrite]) -> Result<Vec<i64>, LedgerError>;

    /// Marks a clean end. An error means that the next run will not find what was written.
    fn close(&mut self) -> Result<(), LedgerError>;
}
