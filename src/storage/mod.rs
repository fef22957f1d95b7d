//! Storage: where the bytes of a run come from and go to.
//!
//! `folder` is the run folder, which the other users of the machine cannot read. Interprets no
//! bytes. Called by every stage that reads or writes files; `spill` and the ledger keep files of
//! their own.

mod error;
mod folder;
pub mod local;

pub use error::StorageError;
pub use folder::{RunFile, RunFolder};
