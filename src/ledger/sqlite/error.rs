//! SQLite errors: how an error of SQLite becomes a `LedgerError`. Words no message; `LedgerError` does.
//! Called wherever a statement runs or a database is opened.

use std::path::Path;

use crate::ledger::error::LedgerError;

impl From<rusqlite::Error> for LedgerError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Statement(error.to_string())
    }
}

impl LedgerError {
    /// Adds the path of the database to a failed read or write.
    // `From` cannot do it: `?` calls it inside a query, where no connection is at hand.
    pub(super) fn with_path(self, connection: &rusqlite::Connection) -> Self {
        match (self, connection.path()) {
            (Self::Statement(error), Some(path)) => Self::Failed { path: path.into(), error },
            (error, _) => error,
        }
    }
}

/// Converts an error of SQLite while a ledger is opened.
pub(super) fn open_error(path: &Path) -> impl Fn(rusqlite::Error) -> LedgerError {
    move |error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => LedgerError::NotALedger { path: path.to_owned() },
        Some(rusqlite::ErrorCode::DatabaseCorrupt) => {
            LedgerError::Damaged { path: path.to_owned(), found: error.to_string() }
        }
        _ => LedgerError::Open { path: path.to_owned(), error: error.to_string() },
    }
}
