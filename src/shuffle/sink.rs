//! Interface of the consumer of decisions: [`Collect`].
//!
//! The engine calls it on one core at a time. `pipeline::sink` implements it.

use crate::pipeline::{error::Refusal, partial::PartialReport};

/// Receives the decisions in the order of the input, except for those about scattered orders.
pub(crate) trait Collect: Send {
    /// Merges a partial report.
    fn merge(&mut self, partial: PartialReport) -> Result<(), Refusal>;

    /// Discards all decisions. From then on, orders arrive in any order.
    fn restart(&mut self) -> Result<(), Refusal>;
}
