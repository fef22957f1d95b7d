//! Locating a ledger: the only place that chooses a back end. Opens nothing; a [`LedgerLocation`]
//! does.

use std::path::{Path, PathBuf};

use super::{error::LedgerError, sqlite::SqliteLocation, store::LedgerLocation};

/// Locates the ledger that the operator named by a path or a URL: `ledger.db`,
/// `sqlite:ledger.db`. A relative path is one in `folder`, or in the working folder if that is
/// empty. Refuses the URL of any other database.
///
/// A ledger of one file uses the state folder, if there is one, to detect that it was restored
/// from a backup.
pub fn locate(
    typed: &Path,
    folder: &Path,
    state_folder: Option<PathBuf>,
) -> Result<Box<dyn LedgerLocation>, LedgerError> {
    let path = folder.join(database_file(typed)?);
    Ok(Box::new(SqliteLocation::at(path, state_folder)))
}

/// Locates the ledger that has no name, in this folder.
#[must_use]
pub fn in_folder(folder: &Path, state_folder: Option<PathBuf>) -> Box<dyn LedgerLocation> {
    Box::new(SqliteLocation::in_folder(folder, state_folder))
}

/// Locates the ledger that has no name, in the state folder. If there is none, the error names the
/// place where earlier versions kept it.
#[must_use]
pub fn in_state_folder(state_folder: PathBuf) -> Box<dyn LedgerLocation> {
    Box::new(SqliteLocation::in_state_folder(state_folder))
}

/// Locates the ledger in this file, without a state folder.
#[must_use]
pub fn at_path(path: PathBuf) -> Box<dyn LedgerLocation> {
    Box::new(SqliteLocation::at(path, None))
}

/// Returns the database file that a path or a URL names.
fn database_file(typed: &Path) -> Result<&Path, LedgerError> {
    // A path that is not Unicode is no URL.
    let Some(text) = typed.to_str() else { return Ok(typed) };
    match (text.strip_prefix("sqlite:"), text.split_once("://")) {
        (Some(path), None) => Ok(Path::new(path)),
        (None, None) => Ok(typed),
        // Only the scheme is shown: the rest of a database URL may contain a password.
        (_, Some((scheme, _))) => Err(LedgerError::UnknownScheme { scheme: scheme.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_schemes_are_accepted() {
        let located = |typed: &str| {
            let location = locate(Path::new(typed), Path::new(""), None);
            location.map(|location| location.to_string()).map_err(|error| error.to_string())
        };
        for (typed, path) in [
            ("a/ledger.db", "a/ledger.db"),
            ("sqlite:a/l.db", "a/l.db"),
            ("C:\\l.db", "C:\\l.db"),
            ("a:b", "a:b"),
        ] {
            assert_eq!(located(typed).unwrap(), path);
        }
        for typed in ["postgres://user:secret@host/db", "sqlite://l.db"] {
            let message = located(typed).unwrap_err();
            assert!(
                message.contains(typed.split(':').next().unwrap()) && !message.contains("secret"),
                "{message}"
            );
        }
    }

    #[test]
    fn relative_path_is_one_in_the_folder() {
        let located =
            |typed: &str| locate(Path::new(typed), Path::new("/shop"), None).unwrap().to_string();
        assert_eq!(
            (located("l.db").as_str(), located("sqlite:/l.db").as_str()),
            ("/shop/l.db", "/l.db")
        );
    }
}
