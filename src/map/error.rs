//! Errors of profiles: why one cannot be used.
//!
//! Data and messages only. Problems of single orders are not errors: they are in `model`. Returned
//! by `profile_compiler` and `file_mapper`.

use std::fmt;

use crate::model::{diagnostic::Diagnostics, suggest::did_you_mean};

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
    /// The text of a profile is wrong.
    #[error(transparent)]
    Profile(Diagnostics),
    /// The export lacks columns or paths that the profile names.
    #[error("{}", all_missing(.0))]
    Missing(Vec<MissingName>),
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

/// Maximum missing names that are listed.
const MAX_LISTED: usize = 10;

fn all_missing(missing: &[MissingName]) -> String {
    let mut lines: Vec<String> = missing.iter().take(MAX_LISTED).map(ToString::to_string).collect();
    if missing.len() > MAX_LISTED {
        lines.push(format!("{} more are missing", missing.len() - MAX_LISTED));
    }
    // Indented, as all lines of a message after its first one.
    lines.join("\n  ")
}

/// A column or path that a profile names and the export lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingName {
    /// The input, with the line of its header.
    pub file: String,
    /// The column or path.
    pub name: String,
    /// What the profile reads it for, as part of a message.
    pub purpose: String,
    /// Whether no document has the path; else the header lacks the column.
    pub is_path: bool,
    /// Whether the export must have it.
    pub is_required: bool,
    /// The unused name that is probably meant.
    pub near: Option<String>,
    /// A hint line with the most similar name or another cause.
    pub hint: String,
}

impl MissingName {
    /// The same name if another file lacks it too, for a message about both.
    pub(super) fn and_in(mut self, others: &[Self]) -> Option<Self> {
        let other = others
            .iter()
            .find(|other| (&other.name, &other.purpose) == (&self.name, &self.purpose))?;
        self.file = format!("{}, {}", self.file, other.file);
        if self.near.is_none() && (other.near.is_some() || self.hint.is_empty()) {
            self.near.clone_from(&other.near);
            self.hint.clone_from(&other.hint);
        }
        Some(self)
    }

    pub(super) fn of_path(file: &str, name: String, purpose: String, hint: String) -> Self {
        let (file, near) = (file.to_owned(), None);
        Self { file, name, purpose, is_path: true, is_required: true, near, hint }
    }
}

impl fmt::Display for MissingName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, name, purpose, hint, .. } = self;
        if self.is_path {
            write!(f, "{file}: no document has {name:?}, {purpose}{hint}")
        } else {
            write!(f, "{file}: column {name:?} not found; {purpose}{hint}")
        }
    }
}
