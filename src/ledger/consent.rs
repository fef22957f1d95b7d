//! Consent: the options that a run needs to start from a ledger that cannot know what was sent
//! before. That is a new ledger, or a new target in a ledger that holds others. Decides from what
//! a back end has found; reads no ledger. Set by `cli`.

use std::fmt::Display;

use super::{error::LedgerError, known_target::KnownTarget};
use crate::model::target::Target;

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

/// What a ledger holds, as far as the options depend on it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Holdings {
    /// The number of attempts to all targets.
    pub(super) attempt_count: i64,
    /// Whether there is an attempt to the target of this run.
    pub(super) has_target: bool,
}

impl Consent {
    /// Whether a ledger may be created: not without `--new-ledger`.
    pub(super) fn may_create(self) -> bool {
        !matches!(self, Self::Given { new_ledger: false, .. })
    }

    /// Refuses a ledger that does not match the options. `known_targets` is called only if the
    /// ledger does not hold the target, because it reads all attempts.
    pub(super) fn ensure_fits(
        self,
        location: &dyn Display,
        target: &Target,
        holdings: Holdings,
        known_targets: impl FnOnce() -> Result<Vec<KnownTarget>, LedgerError>,
    ) -> Result<(), LedgerError> {
        let Self::Given { new_ledger, new_target } = self else { return Ok(()) };
        let Holdings { attempt_count, has_target } = holdings;
        // A ledger without an attempt counts as new with and without the option: a first run that
        // failed before its first order can be repeated as it was typed.
        if new_ledger && attempt_count > 0 {
            return Err(LedgerError::NotNew { location: location.to_string(), attempt_count });
        }
        if has_target && new_target {
            return Err(LedgerError::NotNewTarget { location: location.to_string() });
        }
        if has_target || new_target {
            return Ok(());
        }
        let known = known_targets()?;
        // Targets where every attempt failed do not count: nothing can be sent to them twice.
        if known.iter().any(|other| other.accepted_count + other.open_count > 0) {
            let base_url = target.base_url.clone();
            return Err(LedgerError::UnknownTarget {
                location: location.to_string(),
                base_url,
                known,
            });
        }
        Ok(())
    }
}
