//! Checks of consent: refuses to create a ledger without the option, and a ledger that does not
//! match the options. Writes nothing. Called by `run` and `reader`.

use rusqlite::Connection;

use super::targets::known_targets;
use crate::{
    ledger::{consent::Consent, error::LedgerError, location::LedgerLocation, target_hash::TargetHash},
    model::target::Target,
};

impl Consent {
    /// Refuses to create a ledger without `--new-ledger`.
    pub(super) fn ensure_may_create(self, location: &LedgerLocation) -> Result<(), LedgerError> {
        match self {
            Self::Given { new_ledger: false, .. } => Err(LedgerError::NoLedger {
                path: location.path.clone(),
                former: location.former_path.clone().filter(|former| former.exists()),
            }),
            Self::Given { .. } | Self::NotNeeded => Ok(()),
        }
    }

    /// Refuses a ledger that does not match the options.
    pub(super) fn ensure_fits(
        self,
        connection: &Connection,
        location: &LedgerLocation,
        target: &Target,
    ) -> Result<(), LedgerError> {
        let Self::Given { new_ledger, new_target } = self else { return Ok(()) };
        let path = || location.path.clone();
        let attempt_count = connection.query_row("SELECT attempts FROM ledger", [], |row| row.get::<_, i64>(0))?;
        // A ledger without an attempt counts as new with and without the option: a first run that
        // failed before its first order can be repeated as it was typed.
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
        // Listed only for a refusal, because it reads all attempts. Targets where every attempt
        // failed do not count: nothing can be sent to them twice.
        let known = known_targets(connection)?;
        if known.iter().any(|other| other.accepted_count + other.open_count > 0) {
            let base_url = target.base_url.clone();
            return Err(LedgerError::UnknownTarget { path: path(), base_url, known });
        }
        Ok(())
    }
}
