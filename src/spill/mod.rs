//! External algorithms: sorting, grouping and duplicate counting of more than memory holds, through
//! files in the run folder.
//!
//! Each file is readable by its user only, is removed when its reader is dropped, and is never
//! needed by a later run: nothing is durable and nothing is synced. Depends on no other module of
//! this crate. Called by `shuffle`, `disposition`, `plan` and `report`.

pub mod batch;
mod bucket_sort;
mod chunks;
pub mod disk;
pub mod duplicate_counter;
pub mod groups;
mod kway_merge;
pub mod lookup;
pub mod sort_key;
pub mod sorter;
