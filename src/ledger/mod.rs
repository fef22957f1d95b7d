//! What was sent and what came of it, durably: the memory that keeps an order from being sent twice.
//!
//! Holds references and hashes, nothing personal. Before a checkout goes on the wire its intent is written; after the
//! answer its outcome. An intent without an outcome is an order of which nobody knows. Before an order that is assembled
//! from several events puts anything in a cart, its browser is written, and once nothing can be left in the cart, that it
//! is closed: the next run clears the carts that stayed open. There are two views of it: that
//! of a run to one target, a [`Ledger`], which `pipeline` uses, and that of a person on all of it, a [`Book`], which the
//! command `ledger` of `cli` uses. Knows only `model`.

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
        "the ledger {}: {error}\n  hint: it must lie on a writable disk with some room; move it if need be, and --ledger names the place",
        .path.display()
    )]
    Open {
        /// Its file.
        path: PathBuf,
        /// What SQLite says.
        error: rusqlite::Error,
    },
    /// It was written by a newer program.
    #[error(
        "the ledger {} has version {found}, this orderferry knows {known}\n  hint: use the newer orderferry that wrote it",
        .path.display()
    )]
    NewerVersion {
        /// Its file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest known version.
        known: i64,
    },
    /// It was written by an older program, and cannot be brought up to date.
    #[error(
        "the ledger {} has version {found} and cannot be brought to version {known}: {error}\n  hint: this user must be able to write the file and its folder",
        .path.display()
    )]
    MigrationFailed {
        /// Its file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The newest known version.
        known: i64,
        /// What SQLite says.
        error: rusqlite::Error,
    },
    /// There is none, where one was asked for what it holds.
    #[error(
        "there is no ledger {}\n  hint: --ledger names it; the first run makes it with --new-ledger", .path.display()
    )]
    NotFound {
        /// Where it should be.
        path: PathBuf,
    },
    /// There is none, and nobody said that this is the first run.
    #[error(
        "there is no ledger {}, so it is not known what was sent before; nothing was sent{}\n  hint: the first run makes it with --new-ledger; if there was one, restore it or name it with --ledger: with a new ledger every order is sent again",
        .path.display(), former_ledger_hint(.former.as_deref())
    )]
    NoLedger {
        /// Where it should be.
        path: PathBuf,
        /// A ledger where earlier versions kept it.
        former: Option<PathBuf>,
    },
    /// It is no new one, though a new one was asked for.
    #[error(
        "--new-ledger, but the ledger {} holds {attempt_count} attempts to send an order; nothing was sent\n  hint: leave out --new-ledger to go on with this ledger; the option is for the first run only",
        .path.display()
    )]
    NotNew {
        /// Its file.
        path: PathBuf,
        /// How many.
        attempt_count: i64,
    },
    /// It holds other targets, but not this one.
    #[error(
        "the ledger {} holds other targets, but no attempt to send an order to {base_url} with this client key; nothing was sent{}\n  hint: if it is another tenant, add --new-target; if it is the same tenant under a new key or URL, orderferry ledger adopt --from TARGET, or its orders are sent twice",
        .path.display(), targets::format_lines(.known)
    )]
    UnknownTarget {
        /// Its file.
        path: PathBuf,
        /// The base URL of the target that it does not hold.
        base_url: String,
        /// Those that it holds.
        known: Vec<KnownTarget>,
    },
    /// It holds this target already, though a new one was announced.
    #[error(
        "--new-target, but the ledger {} holds attempts to send orders to this target; nothing was sent\n  hint: leave out --new-target; the option is for the first run to a target only",
        .path.display()
    )]
    NotNewTarget {
        /// Its file.
        path: PathBuf,
    },
    /// Its file is mounted alone.
    #[error(
        "the ledger {} is a mount point; a file that is mounted alone has a second name outside, which would damage it\n  hint: mount the folder in place of the file",
        .path.display()
    )]
    MountPoint {
        /// Its file.
        path: PathBuf,
    },
    /// Its path does not name the open file any more.
    #[error(
        "the ledger {} was deleted, replaced or cut off while it was open ({found}), so nothing more is sent\n  hint: put the file back before the next run; results.ndjson of this run names what was sent",
        .path.display()
    )]
    Replaced {
        /// Its file.
        path: PathBuf,
        /// What is there now.
        found: String,
    },
    /// Its content is not what was written.
    #[error(
        "the ledger {} is damaged: {found}\n  hint: restore a backup of it, then see orderferry ledger accept-loss; without a sound ledger orders would be sent twice",
        .path.display()
    )]
    Damaged {
        /// Its file.
        path: PathBuf,
        /// What was found.
        found: String,
    },
    /// It lacks what it held before.
    #[error(
        "the ledger {} is at transaction {commits}, but it was at {expected}, says {}: its newest attempts are lost, as in an older backup\n  hint: find the newest copy; if there is none, settle what can be known of the last runs, then orderferry ledger accept-loss",
        .path.display(), .companion.display()
    )]
    Behind {
        /// Its file.
        path: PathBuf,
        /// How many it holds.
        commits: u64,
        /// The file that remembers more.
        companion: PathBuf,
        /// How many that remembers.
        expected: u64,
    },
    /// It lacks what was in its write-ahead log.
    #[error(
        "the ledger {} lacks its write-ahead log {}: run {run} did not end cleanly{}",
        .path.display(), location::wal_path(.path).display(), missing_wal_hint(*.is_recorded)
    )]
    WalMissing {
        /// Its file.
        path: PathBuf,
        /// The run that did not end cleanly.
        run: String,
        /// Whether a companion remembers just this state of the ledger.
        is_recorded: bool,
    },
    /// Its file has a second name.
    #[error(
        "the ledger {} is one file under several names (hard links), which would damage it\n  hint: keep one name and remove the others; a copy (cp) is a file of its own",
        .path.display()
    )]
    HardLinked {
        /// One of its names.
        path: PathBuf,
    },
    /// It is a database of something else.
    #[error("{} is no ledger of orderferry", .path.display())]
    NotALedger {
        /// Its file.
        path: PathBuf,
    },
    /// The lock file cannot be made.
    #[error(
        "{}: {error}\n  hint: the ledger must lie on a writable disk with some room; move it if need be, and --ledger names the place",
        .path.display()
    )]
    LockFile {
        /// The lock file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// Another run holds it, or someone who settles orders by hand.
    #[error("the ledger is held for this target: {holder}\n  hint: wait until it has ended")]
    Locked {
        /// Who it is.
        holder: String,
    },
    /// Another run writes to it all the same: someone removed the lock file.
    #[error(
        "another run ({run}) writes to this ledger for the same target, so nothing more is sent\n  hint: wait until it has ended, run this again, and leave the .lock files alone"
    )]
    OtherRun {
        /// Which.
        run: String,
    },
    /// A read or write failed. An empty ledger elsewhere would be no way out: everything would be sent again.
    #[error(
        "the ledger {}: {error}\n  hint: see to its disk and run it again to go on, with this ledger: it knows what was sent",
        .path.display()
    )]
    Failed {
        /// Its file.
        path: PathBuf,
        /// What SQLite says.
        error: String,
    },
    /// The same, said by someone who does not know the file.
    #[error("the ledger: {0}")]
    Sqlite(String),
    /// The thread that writes is gone.
    #[error("the ledger is closed")]
    Closed,
}

fn missing_wal_hint(is_remembered: bool) -> &'static str {
    if is_remembered {
        ", but a companion remembers just this state\n  hint: a tool such as sqlite3 takes the log when it closes the ledger, and then nothing is lost; if that is what happened, orderferry ledger accept-loss goes on"
    } else {
        ", and its newest attempts are in that file\n  hint: put it back beside the ledger; if it is lost, settle what can be known of that run, then orderferry ledger accept-loss"
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
    /// Names the file of a failed read or write.
    fn with_path(self, connection: &rusqlite::Connection) -> Self {
        match (self, connection.path()) {
            (Self::Sqlite(error), Some(path)) => Self::Failed { path: path.into(), error },
            (error, _) => error,
        }
    }
}

/// An order as the ledger knows it: by reference and time, compared by content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderKey {
    /// The order's reference.
    pub reference: String,
    /// When it was made; shops use references again.
    pub ordered_at: DateTime<Utc>,
    /// What it holds.
    pub content: ContentHash,
}

/// An order whose last event is about to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// The order.
    pub order: OrderKey,
    /// Its status, so that a later run can say what changed; likewise what follows.
    pub status: String,
    /// Its total.
    pub money: Option<Money>,
    /// How many items it has.
    pub item_count: usize,
    /// What it has in common with the same order under another reference.
    pub dedup_hash: Option<DedupHash>,
}

/// One sending of an order's last event, by its number in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptId(pub i64);

/// The cart of one browser on which an order is assembled, by its number in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CartId(pub i64);

/// A cart in which an order's items may lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCart {
    /// Its number.
    pub cart: CartId,
    /// The order's reference.
    pub reference: String,
    /// The browser's id.
    pub browser: String,
    /// The event that empties it.
    pub clear_cart: EventJson,
}

/// What is known of one sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptState {
    /// It was about to be sent, and nothing is known since.
    Intended,
    /// The service accepted it.
    Accepted,
    /// The service surely did not take it.
    NotAccepted,
    /// No answer came that says anything.
    Unknown,
}

impl AttemptState {
    /// Whether the service may have it, and nobody knows.
    fn is_open(self) -> bool {
        matches!(self, Self::Intended | Self::Unknown)
    }
}

/// An earlier sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// The order.
    pub order: OrderKey,
    /// What came of it.
    pub state: AttemptState,
    /// Whether a person said so.
    pub is_manual: bool,
    /// What was sent, as far as it was written down.
    pub snapshot: OrderSnapshot,
}

/// Something to be written.
#[derive(Debug, Clone)]
pub enum LedgerWrite {
    /// An order's last event is about to be sent.
    Intent(Intent),
    /// What came of it.
    Outcome(AttemptId, AttemptState),
    /// An order's items are about to be put in the cart of a browser.
    OpenCart {
        /// The order's reference.
        reference: String,
        /// The browser's id.
        browser: String,
        /// The event that empties it.
        clear_cart: EventJson,
    },
    /// Nothing is left in it.
    CloseCart(CartId),
    /// An accepted order has changed; each change once, so that a person can acknowledge it.
    RecordChange(Box<ChangedOrder>),
    /// The changes that this run noted stand in a finished report.
    MarkReported,
    /// The tenant has seen types of extension attributes, which it keeps for ever.
    RecordAttributeTypes(Vec<AttributeType>),
}

impl LedgerWrite {
    /// Whether it leads to a request, which must not be sent without it. The others say what came of one.
    fn is_intent(&self) -> bool {
        matches!(self, Self::Intent(_) | Self::OpenCart { .. })
    }
}

/// A store of attempts and carts for one target and one run.
pub trait Ledger: Send {
    /// All sendings of a reference to this target, by any run.
    fn history(&self, reference: &str) -> Result<Vec<HistoryEntry>, LedgerError>;

    /// The references of orders of this likeness that were accepted, or may have been: as they were sent, the first of them.
    fn references_by_dedup_hash(&self, dedup_hash: DedupHash) -> Result<Vec<String>, LedgerError>;

    /// The references of orders of this time that were accepted, or may have been, the first of them.
    fn references_by_time(&self, ordered_at: DateTime<Utc>) -> Result<Vec<String>, LedgerError>;

    /// What is known of the change that makes an accepted order this one.
    fn change_state(&self, order: &OrderKey) -> Result<ChangeState, LedgerError>;

    /// The types that this target has seen of extension attributes.
    fn attribute_types(&self) -> Result<AttributeTypes, LedgerError>;

    /// The carts at this target that any run left open, the oldest first.
    fn open_carts(&self) -> Result<Vec<OpenCart>, LedgerError>;

    /// Writes all or nothing, durably when it returns. Gives the number of each write's attempt or cart.
    fn write(&mut self, writes: &[LedgerWrite]) -> Result<Vec<i64>, LedgerError>;

    /// Marks a clean end. An error means that the next run will not find what was written.
    fn close(&mut self) -> Result<(), LedgerError>;
}
