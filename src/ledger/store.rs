//! Ledger trait: what a run asks of its ledger and writes to it, for one target. Knows no database;
//! `SqliteLedger` implements it. Called by `pipeline`, also through `group_commit`.

use chrono::{DateTime, Utc};

use super::{
    change::ChangeState,
    entry::{HistoryEntry, OpenCart, OrderKey},
    error::LedgerError,
    write::LedgerWrite,
};
use crate::model::{field::AttributeTypes, planned::DedupHash};

/// A store of attempts and carts for one target and one run.
pub trait Ledger: Send {
    /// Returns all attempts of any run to send a reference to this target.
    fn history(&self, reference: &str) -> Result<Vec<HistoryEntry>, LedgerError>;

    /// Returns the references of orders with this hash that were or may have been accepted, in the
    /// order in which they were sent, at most the first 1,000.
    fn references_by_dedup_hash(&self, dedup_hash: DedupHash) -> Result<Vec<String>, LedgerError>;

    /// Returns the references of orders with this time that were or may have been accepted, in the
    /// order in which they were sent.
    fn references_by_time(&self, ordered_at: DateTime<Utc>) -> Result<Vec<String>, LedgerError>;

    /// Returns the state of the change from the accepted order to this one.
    fn change_state(&self, order: &OrderKey) -> Result<ChangeState, LedgerError>;

    /// Returns the types of the extension attributes that this target has accepted.
    fn attribute_types(&self) -> Result<AttributeTypes, LedgerError>;

    /// Returns the carts at this target that any run left open, the oldest first.
    fn open_carts(&self) -> Result<Vec<OpenCart>, LedgerError>;

    /// Writes all or nothing; durable when it returns. Returns the number of each write's attempt
    /// or cart.
    fn write(&mut self, writes: &[LedgerWrite]) -> Result<Vec<i64>, LedgerError>;

    /// Marks a clean end. An error means that the next run will not find what was written.
    fn close(&mut self) -> Result<(), LedgerError>;
}
