//! Consent: the options that a run needs to start from a ledger that cannot know what was sent
//! before. That is a new ledger, or a new target in a ledger that holds others. Checks nothing;
//! `sqlite` does. Set by `cli`.

/// The options about the ledger that the run was started with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// The target is real, so orders must not be sent twice.
    Given {
        /// This is the first run with this ledger (`--new-ledger`).
        new_ledger: bool,
        /// This is the first run to this target (`--new-target`).
        new_target: bool,
    },
    /// The target is a sandbox that ends with the process, so nothing was sent to it before.
    NotNeeded,
}
