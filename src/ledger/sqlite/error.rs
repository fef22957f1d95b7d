//! SQLite errors: how an error of SQLite becomes a `LedgerError`. Words no message; `LedgerError`
//! does. Called wherever a statement runs or a database is opened.

use std::path::Path;

use crate::ledger::error::LedgerError;

impl From<rusqlite::Error> for LedgerError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Statement(error.to_string())
    }
}

impl LedgerError {
    /// Adds the location of the database to a failed read or write.
    // `From` cannot do it: `?` calls it inside a query, where no connection is at hand.
    pub(super) fn with_location(self, connection: &rusqlite::Connection) -> Self {
        match (self, connection.path()) {
            (Self::Statement(error), Some(path)) => Self::Failed { location: path.into(), error },
            (error, _) => error,
        }
    }
}

/// Converts an error of SQLite while a ledger is opened.
pub(super) fn open_error(path: &Path) -> impl Fn(rusqlite::Error) -> LedgerError {
    move |error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => {
            LedgerError::NotALedger { location: path.display().to_string() }
        }
        Some(rusqlite::ErrorCode::DatabaseCorrupt) => {
            LedgerError::Damaged { location: path.display().to_string(), found: error.to_string() }
        }
        _ => LedgerError::Open { location: path.display().to_string(), error: error.to_string() },
    }
}
