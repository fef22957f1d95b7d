//! What the shuffle calls back: [`Decide`] on all cores, and [`Collect`] in the order of the input.
//!
//! It knows neither what is decided nor what becomes of it. The pipeline implements both traits.

use super::{error::ShuffleError, facts::ExportFacts};
use crate::model::{
    draft::Draft,
    field::Field,
    order::CheckedOrder,
    plain::{PlainDraft, PlainOrder},
};

/// Decides about drafts, on all cores at once. Many of its decisions may be discarded.
pub trait Decide: Sync {
    /// What the drafts of one block come to.
    type Part: Default + Send;
    /// Why deciding ended.
    type Error: From<ShuffleError> + Send;

    /// Returns an empty part with capacity for the decisions about this number of orders.
    fn new_part(&self, n_orders: usize) -> Self::Part;

    /// Whether a plain order is to be decided by its draft.
    fn needs_draft(&self, order: &PlainDraft<'_>) -> bool;

    /// Checks an order. `facts` are what is known about the whole export.
    fn check<'a>(&'a self, draft: Draft<'a>, facts: &ExportFacts) -> CheckedOrder<'a>;

    /// Returns the check of the plain orders of a file, if there can be any. `fields` are those of
    /// its columns; none of documents, which name their own.
    fn plain_check<'c>(
        &'c self,
        fields: Option<Vec<&'c Field>>,
        facts: &'c ExportFacts,
    ) -> Option<Box<dyn CheckPlain<'c> + 'c>>;

    /// Decides about a plain order.
    fn decide_plain(
        &self,
        order: PlainOrder<'_, '_>,
        facts: &ExportFacts,
        part: &mut Self::Part,
    ) -> Result<(), Self::Error>;

    /// Decides about a checked order.
    fn decide(
        &self,
        checked: CheckedOrder<'_>,
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

/// Checks plain orders one after the other.
pub trait CheckPlain<'c> {
    /// Returns the order if it is valid and has no problem. If not, its draft is decided.
    fn check(&mut self, draft: &PlainDraft<'c>) -> Option<PlainOrder<'_, 'c>>;
}

/// Collects the parts, on one core at a time.
pub trait Collect<P, E>: Send {
    /// Merges the part of the next block, in the order of the input except for scattered orders.
    fn merge(&mut self, part: P) -> Result<(), E>;

    /// Discards all parts. From then on, orders come in any order.
    fn restart(&mut self) -> Result<(), E>;
}
