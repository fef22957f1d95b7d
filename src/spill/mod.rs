//! Sorts and remembers more than memory holds, through files in the run folder.
//!
//! Each of these files belongs to its user only, is removed when what reads it is dropped, and is never needed by a
//! later run: nothing here is durable, and nothing is synced. Knows nothing of ours, only std. Called by `pipeline` and
//! `plan`.

mod chunks;
pub mod entries;
pub mod filter;
mod merge;
pub mod seen;
pub mod sorter;
