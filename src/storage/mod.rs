//! Storage: where the bytes of a run come from and go to.
//!
//! `source` is what readers see of inputs and saved plans: a version, by which a change is
//! detected, and bytes from any offset on. `local` does that for files. `folder` is the run folder,
//! which the other users of the machine cannot read, and `spool` copies there what can be read only
//! once. Interprets no bytes. Called by every stage that reads or writes files; `spill` and the
//! ledger keep files of their own.

mod error;
mod folder;
mod local;
mod open;
mod source;
mod spool;

pub use error::StorageError;
pub use folder::{RunFile, RunFolder, create_new_file, ensure_creatable};
pub use local::LocalStorage;
pub use open::open_storage;
pub use source::{ByteStream, Listing, Source, Storage, StorageEntry};
pub use spool::{remove_spooled, spool};
