//! What was sent and what came of it, durably: the memory that keeps an order from being sent twice.
//!
//! Holds references and hashes, nothing personal. Before a checkout goes on the wire its intent is written; after the
//! answer its outcome. An intent without an outcome is an order of which nobody knows. Called by `pipeline`; knows only
//! `model`.

mod commit;
mod known;
mod lock;
mod sqlite;

pub use commit::GroupCommit;
pub use known::{Known, known};
pub use lock::RunLock;
pub use sqlite::{SqliteLedger, target_name};

use std::path::PathBuf;

use chrono::{DateTime, Utc};

use crate::model::planned::ContentHash;

/// Why the ledger cannot be used; nothing may be sent without it.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The database cannot be opened.
    #[error(
        "the ledger {}: {error}\n  hint: it must lie on a writable disk; --ledger names another place", .path.display()
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
    /// It is a database of something else.
    #[error("{} is no ledger of orderferry", .path.display())]
    Foreign {
        /// Its file.
        path: PathBuf,
    },
    /// The lock file cannot be made.
    #[error("{}: {error}\n  hint: the ledger must lie on a writable disk; --ledger names another place", .path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// Another run holds it.
    #[error("another run sends to this target with this ledger: {holder}\n  hint: wait until it has ended")]
    Held {
        /// Who it is.
        holder: String,
    },
    /// A read or write failed.
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

/// An order as the ledger knows it: by reference and time, compared by content.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// An earlier sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The order.
    pub order: OrderKey,
    /// What came of it.
    pub state: AttemptState,
}

/// Something to be written.
#[derive(Debug, Clone)]
pub enum Write {
    /// An order's last event is about to be sent.
    Intend(OrderKey),
    /// What came of it.
    Settle(Attempt, AttemptState),
}

/// A store of attempts for one target and one run.
pub trait Ledger: Send {
    /// All sendings of a reference to this target, by any run.
    fn history(&self, reference: &str) -> Result<Vec<Entry>, LedgerError>;

    /// Writes all or nothing, durably when it returns. Gives the attempt of each write.
    fn write(&mut self, writes: &[Write]) -> Result<Vec<Attempt>, LedgerError>;
}
