//! SQLite ledger: a ledger in one database file, with its write-ahead log, its lock files and its
//! companions next to it.
//!
//! Holds everything that knows SQLite or the files; what the entries mean is decided outside.
//! `reader`, `run` and `admin` are the three views; below them are the statements, by what they are
//! about, and `file`, which opens the database, with `wal`. Used by `ledger::locate`.

mod admin;
mod adopt;
mod attempts;
mod attribute_types;
mod carts;
mod changes;
mod commit_counter;
mod companions;
mod consent;
mod error;
mod file;
mod foreign_writes;
mod integrity;
mod location;
mod lock;
mod mounts;
mod open;
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
mod wal;

pub(super) use location::SqliteLocation;
