//! Accepted contents: the orders that earlier runs sent once and that were accepted, as a set in
//! memory. An order that it contains needs no look-up.
//!
//! Most orders of an export that grows from night to night are among them. The set is not
//! complete: it says nothing of an order that it does not contain. Read by `sqlite`; asked by
//! `pipeline`.

use crate::model::planned::ContentHash;

/// The contents of orders whose [prior state](super::PriorState) is `Accepted`.
// The reference and the time of an order are part of its content, so that the content alone names
// the order.
#[derive(Debug, Default)]
pub struct AcceptedContents(Vec<ContentHash>);

impl AcceptedContents {
    /// The bytes that one order takes.
    pub const BYTES_PER_ORDER: usize = size_of::<ContentHash>();

    /// The set of these contents, in any order.
    #[must_use]
    pub fn new(mut contents: Vec<ContentHash>) -> Self {
        contents.sort_unstable();
        Self(contents)
    }

    /// Whether an order of this content was accepted.
    #[must_use]
    pub fn contains(&self, content: ContentHash) -> bool {
        self.0.binary_search(&content).is_ok()
    }

    /// Whether no order is known to be accepted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
