//! Sorts and remembers more than memory holds, through files in the run folder.
//!
//! Each of these files belongs to its user only, is removed when what reads it is dropped, and is never needed by a
//! later run: nothing here is durable, and nothing is synced. Knows nothing of ours, only std. Called by `pipeline` and
//! `plan`.

pub mod batch;
pub mod bloom;
mod chunks;
pub mod duplicate_counter;
mod kway_merge;
pub mod sorter;
