//! Adoption: why the orders of one target were not moved to another. Does no I/O; `sqlite` moves
//! them. Requested by the `ledger` command of `cli`.

use super::{
    error::LedgerError,
    known_target::{KnownTarget, format_lines},
    target_hash::TargetHash,
};

/// Why a target was not adopted.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    /// No target, or several, begin with the given digits.
    #[error(
        "{found} of the ledger's targets begin with these digits; nothing was \
         changed{}", format_lines(.known)
    )]
    NotUnique {
        /// The number of targets that match.
        found: usize,
        /// All targets that the ledger holds.
        known: Vec<KnownTarget>,
    },
    /// The target to adopt from is the configured target itself.
    #[error("target {0} is the configured target itself; nothing was changed")]
    Same(TargetHash),
    /// The ledger cannot be used.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
}
