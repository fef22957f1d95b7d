//! SQLite ledger: a ledger in one database file, with its write-ahead log, its lock files and its
//! companions next to it.
//!
//! Holds everything that knows SQLite or the files; what the entries mean is decided outside.
//! `reader`, `run` and `admin` are the three views; below them are the statements, by what they are
//! about, and `file`, which opens the database. Used by `ledger::open`.

mod admin;
mod adopt;
mod attempts;
mod attribute_types;
mod carts;
mod changes;
mod companions;
mod consent;
mod error;
mod file;
mod foreign_writes;
mod integrity;
mod lock;
mod mounts;
mod orders;
mod paths;
mod reader;
mod rows;
mod run;
mod schema;
mod settle;
mod stamp;
mod state;
mod targets;
#[cfg(test)]
mod tests;

pub(super) use admin::SqliteAdmin;
pub(super) use paths::has_ledger;
pub(super) use reader::SqliteReader;
pub(super) use run::SqliteLedger;
