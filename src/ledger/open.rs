//! Opening a ledger: the only place that chooses a back end. Verifies nothing itself; the back end
//! does. Called by `pipeline` for a run, and by `cli` for the operator.

use std::path::{Path, PathBuf};

use super::{
    consent::Consent,
    error::LedgerError,
    location::LedgerLocation,
    sqlite::{self, SqliteAdmin, SqliteLedger, SqliteReader},
    store::{Ledger, LedgerAdmin, LedgerReader},
};
use crate::model::target::Target;

/// Returns the database file that a path or a URL names: `ledger.db`, `sqlite:ledger.db`. Refuses
/// the URL of any other database.
pub fn resolve_path(typed: &Path) -> Result<PathBuf, LedgerError> {
    // A path that is not Unicode is no URL.
    let Some(text) = typed.to_str() else { return Ok(typed.to_owned()) };
    match (text.strip_prefix("sqlite:"), text.split_once("://")) {
        (Some(path), None) => Ok(path.into()),
        (None, None) => Ok(typed.to_owned()),
        // Only the scheme is shown: the rest of a database URL may contain a password.
        (_, Some((scheme, _))) => Err(LedgerError::UnknownScheme { scheme: scheme.to_owned() }),
    }
}

/// Whether a ledger exists at a location.
#[must_use]
pub fn has_ledger(location: &LedgerLocation) -> bool {
    sqlite::has_ledger(&location.path)
}

/// Opens the ledger of a run that sends, and locks it for this target. With consent, creates one.
/// `run` is the id of the run whose attempts are written.
///
/// Refuses a ledger that is not known to be the right one, or that is damaged or incomplete.
pub fn open_to_write(
    location: &LedgerLocation,
    target: &Target,
    run: &str,
    consent: Consent,
) -> Result<Box<dyn Ledger>, LedgerError> {
    Ok(Box::new(SqliteLedger::open(location, target, run, consent)?))
}

/// Opens an existing ledger for look-ups: nothing is written, migrated or locked. `None` if there
/// is none.
pub fn open_to_read(location: &LedgerLocation, target: &Target) -> Result<Option<Box<dyn LedgerReader>>, LedgerError> {
    let reader = SqliteReader::open(location, target)?;
    Ok(reader.map(|reader| Box::new(reader) as Box<dyn LedgerReader>))
}

/// Returns the operator's view of a ledger. Each of its operations opens the ledger.
#[must_use]
pub fn open_admin(location: &LedgerLocation) -> Box<dyn LedgerAdmin> {
    Box::new(SqliteAdmin::new(location.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_schemes_are_accepted() {
        let resolve = |typed: &str| resolve_path(Path::new(typed)).map_err(|error| error.to_string());
        for (typed, path) in
            [("a/ledger.db", "a/ledger.db"), ("sqlite:a/l.db", "a/l.db"), ("C:\\l.db", "C:\\l.db"), ("a:b", "a:b")]
        {
            assert_eq!(resolve(typed).unwrap(), Path::new(path));
        }
        for typed in ["postgres://user:secret@host/db", "sqlite://l.db"] {
            let message = resolve(typed).unwrap_err();
            assert!(message.contains(typed.split(':').next().unwrap()) && !message.contains("secret"), "{message}");
        }
    }
}
