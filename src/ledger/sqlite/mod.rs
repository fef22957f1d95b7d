//! SQLite ledger: a ledger in one database file, with its write-ahead log, its lock files and its
//! companions next to it.
//!
//! Holds everything that knows SQLite or the files; what the entries mean is decided outside. `run`
//! and `admin` are the two views, `settle` and `adopt` write the operator's decisions; below them
//! `file` opens the database. Used by `pipeline` and `cli` through the door of `ledger`.

mod admin;
mod adopt;
mod companions;
mod consent;
mod error;
mod file;
mod integrity;
mod location;
mod lock;
mod rows;
mod run;
mod schema;
mod settle;
mod state;
mod targets;

pub use admin::LedgerAdmin;
pub use adopt::{AdoptError, accept_loss, adopt};
pub use location::LedgerLocation;
pub use lock::RunLock;
pub use run::SqliteLedger;
pub use settle::settle;
