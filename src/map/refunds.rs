//! Refunds: the rows or documents that say what was refunded of an order (`refunds` of a profile).
//!
//! Data only. Compiled by `refunds_compiler`, found by `bound_refunds`.

use super::condition::Condition;

/// The rows that are refunds, and what becomes of them.
#[derive(Debug, Clone)]
pub struct Refunds {
    /// Whether their amounts are taken off their orders; else they are left out.
    pub(super) are_netted: bool,
    /// The rows or documents that are refunds.
    pub(super) rows: Condition,
}
