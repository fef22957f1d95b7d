//! What the shuffle calls back: [`Decide`] on all cores, [`Collect`] in the order of the input, and
//! a function that receives its progress.
//!
//! It knows neither what is decided nor what becomes of it. The pipeline implements both traits.

use super::{error::ShuffleError, facts::ExportFacts};
use crate::model::draft::Draft;

/// Decides about drafts, on all cores at once. Many of its decisions may be discarded.
pub trait Decide: Sync {
    /// What the drafts of one block come to.
    type Part: Default + Send;
    /// Why deciding ended.
    type Error: From<ShuffleError> + Send;

    /// Decides about an order. `facts` are what is known about the whole export.
    fn decide(
        &self,
        draft: Draft<'_>,
        facts: &ExportFacts,
        part: &mut Self::Part,
    ) -> Result<(), Self::Error>;

    /// Decides about orders whose keys have one hash: two spellings of a key, or documents that
    /// share theirs.
    fn decide_group(
        &self,
        drafts: Vec<Draft<'_>>,
        facts: &ExportFacts,
        part: &mut Self::Part,
    ) -> Result<(), Self::Error>;

    /// Ends a block, after all of its orders were passed: the place to look them up together.
    fn finish_block(&self, part: &mut Self::Part) -> Result<(), Self::Error>;
}

/// Collects the parts, on one core at a time.
pub trait Collect<P, E>: Send {
    /// Merges the part of the next block, in the order of the input except for scattered orders.
    fn merge(&mut self, part: P) -> Result<(), E>;

    /// Discards all parts. From then on, orders come in any order.
    fn restart(&mut self) -> Result<(), E>;
}

/// A progress event of the shuffle.
#[derive(Debug, Clone, Copy)]
pub enum ShuffleProgress<'a> {
    /// More rows were read; their number.
    Rows(u64),
    /// The export is read a second time, with what the first pass found out.
    SecondPass,
    /// The rows of some orders are scattered; they are grouped by an external sort.
    Scattered {
        /// Approximate number of scattered orders; none if all rows are spilled without counting
        /// them.
        orders: Option<u64>,
        /// Maximum bytes of disk that the sort needs.
        disk_needed: u64,
        /// Free bytes on that disk.
        disk_free: u64,
    },
    /// A warning for the user.
    Warning(&'a str),
}

/// Receives progress events, from any thread.
pub type ShuffleProgressFn<'a> = &'a (dyn Fn(ShuffleProgress<'_>) + Sync);
