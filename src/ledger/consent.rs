//! What a person must have said before a run may start from a ledger that cannot know what was sent before: a new ledger, or
//! a new target in one that holds others. Called by the view of a run.

use rusqlite::Connection;

use super::{LedgerError, LedgerLocation, TargetHash, targets::known_targets};
use crate::model::target::Target;

/// What was said of the ledger when the run was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Consent {
    /// The target is real, so that orders must not be sent twice.
    Given {
        /// This is the first run with this ledger (`--new-ledger`).
        new_ledger: bool,
        /// This is the first run to this target (`--new-target`).
        new_target: bool,
    },
    /// The target ends with the process: nothing was sent to it before.
    NotNeeded,
}

impl Consent {
    /// Refuses to make a ledger that was not asked for.
    pub(super) fn ensure_may_create(self, location: &LedgerLocation) -> Result<(), LedgerError> {
        match self {
            Self::Given { new_ledger: false, .. } => Err(LedgerError::NoLedger {
                path: location.path.clone(),
                former: location.former_path.clone().filter(|former| former.exists()),
            }),
            Self::Given { .. } | Self::NotNeeded => Ok(()),
        }
    }

    /// Refuses a ledger that is not as it was said to be.
    pub(super) fn ensure_fits(
        self,
        connection: &Connection,
        location: &LedgerLocation,
        target: &Target,
    ) -> Result<(), LedgerError> {
        let Self::Given { new_ledger, new_target } = self else { return Ok(()) };
        let path = || location.path.clone();
        let attempt_count = connection.query_row("SELECT attempts FROM ledger", [], |row| row.get::<_, i64>(0))?;
        if new_ledger && attempt_count > 0 {
            return Err(LedgerError::NotNew { path: path(), attempt_count });
        }
        let hash = TargetHash::of(target);
        let holds_target = "SELECT EXISTS (SELECT 1 FROM attempts WHERE target = ?1)";
        let holds_target: bool = connection.query_row(holds_target, [hash.0], |row| row.get(0))?;
        if holds_target && new_target {
            return Err(LedgerError::NotNewTarget { path: path() });
        }
        if holds_target || new_target {
            return Ok(());
        }
        let known = known_targets(connection)?;
        if known.iter().any(|other| other.accepted_count + other.open_count > 0) {
            let base_url = target.base_url.clone();
            return Err(LedgerError::UnknownTarget { path: path(), base_url, known });
        }
        Ok(())
    }
}
