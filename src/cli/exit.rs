//! Exit codes that the command line sets itself: for errors, a locked ledger, a stop by a signal.
//!
//! It does not hold the codes of a finished run, which are in its summary. Used by `entry`, `run`
//! and `signals`.

/// Nothing was sent: a usage or configuration error, or an unreadable input.
pub(super) const EXIT_NOTHING_SENT: u8 = 2;

/// Another run holds the ledger.
pub(super) const EXIT_LOCKED: u8 = 5;

/// The run stopped early; running it again continues.
pub(super) const EXIT_STOPPED: u8 = 4;
