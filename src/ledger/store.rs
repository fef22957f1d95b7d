//! Ledger traits: where a ledger is ([`LedgerLocation`]), what a run reads ([`LedgerReader`]) and
//! writes ([`Ledger`]) for one target, and what the operator does with a whole ledger
//! ([`LedgerAdmin`]).
//!
//! They know no database; `sqlite` implements them, and `locate` chooses the implementation. Held
//! by `pipeline`, by `group_commit` and by the `ledger` command of `cli`.

use std::{fmt, ops::ControlFlow};

use chrono::{DateTime, Utc};

use super::{
    accepted::AcceptedContents,
    adopt::AdoptError,
    consent::Consent,
    entry::OpenCart,
    error::LedgerError,
    history::ReferenceHistory,
    known_target::KnownTarget,
    order::LedgerOrder,
    query::{OrderFilter, TargetPrefix},
    settle::{SettleError, SettleRequest, SettledOrder},
    write::LedgerWrite,
};
use crate::model::{field::AttributeTypes, planned::DedupHash, target::Target};

/// Where a ledger is stored. `Display` shows it as messages name it.
pub trait LedgerLocation: fmt::Debug + fmt::Display + Send + Sync {
    /// Whether a ledger exists here.
    fn has_ledger(&self) -> bool;

    /// Opens the ledger of a run that sends, and locks it for this target. With consent, creates
    /// one. `run` is the id of the run whose attempts are written.
    ///
    /// Refuses a ledger that is not known to be the right one, or that is damaged or incomplete.
    fn open_to_write(
        &self,
        target: &Target,
        run: &str,
        consent: Consent,
    ) -> Result<Box<dyn Ledger>, LedgerError>;

    /// Opens an existing ledger for look-ups: nothing is written, migrated or locked. `None` if
    /// there is none.
    fn open_to_read(&self, target: &Target) -> Result<Option<Box<dyn LedgerReader>>, LedgerError>;

    /// Returns the operator's view of the ledger. Each of its operations opens the ledger.
    fn open_admin(&self) -> Box<dyn LedgerAdmin>;
}

/// What earlier runs did at one target. Many threads may look orders up at once.
// Each look-up is for many orders, so that an implementation needs one snapshot for all of them,
// and a remote one also one round trip.
pub trait LedgerReader: Send + Sync {
    /// Warnings about the ledger for the operator.
    fn warnings(&self) -> &[String];

    /// Whether a run to this target is refused without `--new-target`.
    fn needs_new_target(&self) -> bool;

    /// Returns the history of each reference, in the order of `references`.
    fn history(&self, references: &[&str]) -> Result<Vec<ReferenceHistory>, LedgerError>;

    /// Returns for each hash the references of orders that were or may have been accepted, in the
    /// order in which they were sent, at most the first 1,000.
    fn references_by_dedup_hash(
        &self,
        hashes: &[DedupHash],
    ) -> Result<Vec<Vec<String>>, LedgerError>;

    /// Returns for each time the references of orders that were or may have been accepted, in the
    /// order in which they were sent.
    fn references_by_time(&self, times: &[DateTime<Utc>]) -> Result<Vec<Vec<String>>, LedgerError>;

    /// Returns the newest orders whose only attempt the service accepted, at most `max_orders`:
    /// their prior state is certain without their histories.
    fn accepted_contents(&self, max_orders: usize) -> Result<AcceptedContents, LedgerError>;

    /// Returns the types of the extension attributes that this target has accepted.
    fn attribute_types(&self) -> Result<AttributeTypes, LedgerError>;
}

/// The attempts and carts of one run to one target. It keeps other runs to that target out as long
/// as it exists.
pub trait Ledger: Send {
    /// The random id of this ledger, as hex digits.
    fn id(&self) -> &str;

    /// Warnings about the ledger for the operator, for example a companion that cannot be written.
    fn warnings(&self) -> &[String];

    /// Opens the same ledger once more, for look-ups. It is not verified again.
    fn reader(&self) -> Result<Box<dyn LedgerReader>, LedgerError>;

    /// Returns the carts at this target that any run left open, the oldest first.
    fn open_carts(&self) -> Result<Vec<OpenCart>, LedgerError>;

    /// Writes all or nothing; durable when it returns. Returns the number of each write's attempt
    /// or cart.
    fn write(&mut self, writes: &[LedgerWrite]) -> Result<Vec<i64>, LedgerError>;

    /// Marks a clean end. An error means that the next run will not find what was written.
    fn close(&mut self) -> Result<(), LedgerError>;
}

/// A ledger with the attempts of all runs to all targets, as the operator sees it.
pub trait LedgerAdmin {
    /// Visits the selected orders by target, reference and time, one at a time, until a visit
    /// breaks.
    fn visit(
        &self,
        filter: &OrderFilter,
        visit: &mut dyn FnMut(LedgerOrder) -> ControlFlow<()>,
    ) -> Result<(), LedgerError>;

    /// Settles orders by the operator's decision: all, or none.
    fn settle(&self, request: &SettleRequest) -> Result<Vec<SettledOrder>, SettleError>;

    /// Moves everything that the ledger holds for one target to another: the same tenant under a
    /// new key or URL. Returns the old target as it was.
    fn adopt(&self, from: &TargetPrefix, to: &Target) -> Result<KnownTarget, AdoptError>;

    /// Lets the next run continue with a ledger that lacks its newest attempts. A damaged ledger
    /// is still refused: it would hide attempts that it holds.
    fn accept_loss(&self) -> Result<(), LedgerError>;
}
