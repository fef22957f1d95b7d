//! Shuffle: external group-by of the rows of an export into orders, on all cores and in bounded
//! memory.
//!
//! Usually one pass is enough: an order whose rows are adjacent is decided where it is read. If the
//! first pass finds that this is not valid (a key is repeated, a row has lost its key, a type
//! changes), all its decisions are discarded, and a second pass decides with the facts of the whole
//! export. It groups the rows of scattered orders by an external sort in the run folder. If the
//! first pass finds early that most orders are scattered, it stops, and the next pass spills all
//! rows and collects the facts meanwhile. If the disk has no space for all rows, the first pass is
//! run completely instead.
//!
//! It checks no order and writes no report: [`Decide`] decides on all cores, and [`Collect`]
//! receives what the blocks come to. Called by `pipeline`.

mod block_merger;
mod blocks;
mod context;
mod engine;
mod error;
mod excerpts;
mod export;
mod facts;
mod fragment;
mod hash;
mod identifiers;
mod lost_row_hint;
mod observe;
mod ordered;
mod parent_circles;
mod pass;
mod plain;
mod scattered;
mod settings;
mod side_excerpts;
mod side_files;
mod sink;
mod wrapped_orders;

pub use engine::run;
pub use error::ShuffleError;
pub use excerpts::{ExcerptSlot, fill_excerpts};
pub use export::Export;
pub use facts::ExportFacts;
pub use hash::{hash, hash_reference};
pub use ordered::for_each_ordered;
pub use settings::{ShuffleMemory, ShuffleSettings, dialect};
pub use side_files::read_side_files;
pub use sink::{CheckPlain, Collect, Decide};
