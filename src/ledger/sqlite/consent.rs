//! Checks of consent: whether a ledger may be created, and whether one fits the options. Reads what
//! the rules of [`Consent`] depend on; writes nothing. Called by `run` and `reader`.

use rusqlite::Connection;

use super::{location::SqliteLocation, targets::known_targets};
use crate::{
    ledger::{
        consent::{Consent, Holdings},
        error::LedgerError,
        target_hash::TargetHash,
    },
    model::target::Target,
};

/// Refuses to create a ledger without `--new-ledger`.
pub(super) fn ensure_may_create(
    consent: Consent,
    location: &SqliteLocation,
) -> Result<(), LedgerError> {
    if consent.may_create() {
        return Ok(());
    }
    let former = location.former_path.as_ref().filter(|former| former.exists());
    let former = former.map(|former| former.display().to_string());
    Err(LedgerError::NoLedger { location: location.to_string(), former })
}

/// Refuses a ledger that does not match the options.
pub(super) fn ensure_fits(
    consent: Consent,
    connection: &Connection,
    location: &SqliteLocation,
    target: &Target,
) -> Result<(), LedgerError> {
    let has_target = "SELECT EXISTS (SELECT 1 FROM attempts WHERE target = ?1)";
    let holdings = Holdings {
        attempt_count: connection.query_row("SELECT attempts FROM ledger", [], |row| row.get(0))?,
        has_target: connection
            .query_row(has_target, [TargetHash::of(target).0], |row| row.get(0))?,
    };
    consent.ensure_fits(location, target, holdings, || Ok(known_targets(connection)?))
}
