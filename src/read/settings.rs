//! Read settings: what the reader of a run's inputs needs to know of all of them.
//!
//! Set by `pipeline`, read by `block_reader`.

use super::dialect::{Dialect, ReadLimits};
use crate::storage::Storage;

/// How the inputs of a run are read.
#[derive(Clone, Copy)]
pub struct ReadSettings<'s> {
    /// Where they are.
    pub storage: &'s dyn Storage,
    /// How they are written.
    pub dialect: Dialect<'s>,
    /// The limits that hostile input may not exceed.
    pub limits: ReadLimits,
}
