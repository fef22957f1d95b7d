//! What was sent and what came of it, durably: the memory that keeps an order from being sent twice.
//!
//! Holds references and hashes, nothing personal. Before a checkout goes on the wire its intent is written; after the
//! answer its outcome. An intent without an outcome is an order of which nobody knows. Before an order that is assembled
//! from several events puts anything in a cart, its browser is written, and once nothing can be left in the cart, that it
//! is closed: the next run clears the carts that stayed open. There are two views of it: that
//! of a run to one target, a [`Ledger`], which `pipeline` uses, and that of a person on all of it, a [`Book`], which the
//! command `ledger` of `cli` uses. Knows only `model`.

mod book;
mod commit;
mod file;
mod key;
mod known;
mod lock;
mod order;
mod settle;
mod sqlite;

pub use book::{Book, Filter, References};
pub use commit::GroupCommit;
pub use key::{TargetHash, TargetPrefix, hex};
pub use known::{Known, known};
pub use lock::RunLock;
pub use order::{Change, LedgerOrder, OrderState, Sending};
pub use settle::{ByHand, Fault, SettleError, Settlement};
pub use sqlite::SqliteLedger;

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::planned::{ContentHash, EventText};

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
    Newer {
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
    Outdated {
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
        "there is no ledger {}\n  hint: --ledger names it; a run makes it when it first sends something", .path.display()
    )]
    NotThere {
        /// Where it should be.
        path: PathBuf,
    },
    /// Its file has a second name.
    #[error(
        "the ledger {} is one file under several names (hard links), which would damage it\n  hint: keep one name and remove the others; a copy (cp) is a file of its own",
        .path.display()
    )]
    Linked {
        /// One of its names.
        path: PathBuf,
    },
    /// It is a database of something else.
    #[error("{} is no ledger of orderferry", .path.display())]
    Foreign {
        /// Its file.
        path: PathBuf,
    },
    /// The lock file cannot be made.
    #[error(
        "{}: {error}\n  hint: the ledger must lie on a writable disk with some room; move it if need be, and --ledger names the place",
        .path.display()
    )]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// Another run holds it, or someone who settles orders by hand.
    #[error("the ledger is held for this target: {holder}\n  hint: wait until it has ended")]
    Held {
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

impl From<rusqlite::Error> for LedgerError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error.to_string())
    }
}

impl LedgerError {
    /// Names the file of a failed read or write.
    fn in_file_of(self, connection: &rusqlite::Connection) -> Self {
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

/// One sending of an order's last event, by its number in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt(pub i64);

/// The cart of one browser on which an order is assembled, by its number in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cart(pub i64);

/// A cart in which an order's items may lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCart {
    /// Its number.
    pub cart: Cart,
    /// The order's reference.
    pub reference: String,
    /// The browser's id.
    pub browser: String,
    /// The event that empties it.
    pub clear_cart: EventText,
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
pub struct Entry {
    /// The order.
    pub order: OrderKey,
    /// What came of it.
    pub state: AttemptState,
    /// Whether a person said so.
    pub is_by_hand: bool,
}

/// Something to be written.
#[derive(Debug, Clone)]
pub enum Write {
    /// An order's last event is about to be sent.
    Intend(OrderKey),
    /// What came of it.
    Settle(Attempt, AttemptState),
    /// An order's items are about to be put in the cart of a browser.
    OpenCart {
        /// The order's reference.
        reference: String,
        /// The browser's id.
        browser: String,
        /// The event that empties it.
        clear_cart: EventText,
    },
    /// Nothing is left in it.
    CloseCart(Cart),
}

impl Write {
    /// Whether it leads to a request, which must not be sent without it. The others say what came of one.
    fn is_of_intent(&self) -> bool {
        matches!(self, Self::Intend(_) | Self::OpenCart { .. })
    }
}

/// A store of attempts and carts for one target and one run.
pub trait Ledger: Send {
    /// All sendings of a reference to this target, by any run.
    fn history(&self, reference: &str) -> Result<Vec<Entry>, LedgerError>;

    /// Whether a person knows that the accepted order has this content now.
    fn is_acknowledged(&self, order: &OrderKey) -> Result<bool, LedgerError>;

    /// Notes orders that were accepted with other content, each content once, so that a person can acknowledge it.
    fn note_changed(&self, orders: &[OrderKey]) -> Result<(), LedgerError>;

    /// The carts at this target that any run left open, the oldest first.
    fn open_carts(&self) -> Result<Vec<OpenCart>, LedgerError>;

    /// Writes all or nothing, durably when it returns. Gives the number of each write's attempt or cart.
    fn write(&mut self, writes: &[Write]) -> Result<Vec<i64>, LedgerError>;
}
