//! Errors of profiles: why one cannot be used.
//!
//! Data and messages only. Problems of single orders are not errors: they are in `model`. Returned
//! by `profile_compiler` and `file_mapper`.

use crate::model::{diagnostic::Diagnostics, suggest::did_you_mean};

/// The kind of the faults of a profile.
pub(super) const PROFILE: &str = "profile";

/// Why a profile cannot be used. Ends the run, since the error concerns every order.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// No built-in profile has the name, and `cli` found no file of it.
    #[error("unknown profile {name:?}; expected a built-in profile or a file{}", did_you_mean(.suggestion.as_deref()))]
    NoProfile {
        /// The given name.
        name: String,
        /// The built-in profile with the most similar name.
        suggestion: Option<String>,
    },
    /// The text of a profile is wrong, or the export lacks columns or paths that it names.
    #[error(transparent)]
    Profile(Diagnostics),
    /// The file has a column twice that the profile names.
    // Using the first one would be a guess.
    #[error("{file}:1: column {column:?} occurs twice; the profile needs exactly one for {field}")]
    AmbiguousColumn {
        /// The input.
        file: String,
        /// The column.
        column: String,
        /// The field or condition that reads the column.
        field: String,
    },
    /// The profile has columns only and the file is JSON, or it has paths only and the file is
    /// CSV.
    #[error(
        "{file}: the profile has no {expected} for {field}\n  hint: it was written for files of \
         another format"
    )]
    OtherFormat {
        /// The input.
        file: String,
        /// `column` or `path`.
        expected: &'static str,
        /// The field, usually the order's reference.
        field: String,
    },
}

impl MapError {
    /// The faults of a profile, if the error consists of them.
    #[must_use]
    pub fn diagnostics(&self) -> Option<&Diagnostics> {
        match self {
            Self::Profile(diagnostics) => Some(diagnostics),
            _ => None,
        }
    }
}
