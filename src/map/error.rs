//! Errors of profiles: why one cannot be used, and the position of an error in a TOML text.
//!
//! Data and messages only. Problems of single orders are not errors: they are in `model`. Returned
//! by `profile` and `file_mapper`; `cli` uses [`toml_error`] for its settings too.

use std::fmt;

use crate::model::suggest::{did_you_mean, suggest};

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
    /// The TOML text is invalid.
    #[error("{name}:{error}")]
    Toml {
        /// The profile's file or name.
        name: String,
        /// The error with its position.
        error: TomlError,
    },
    /// A rule is invalid.
    #[error("{name}: {field}: {message}")]
    Rule {
        /// The profile's file or name.
        name: String,
        /// The rule's field.
        field: String,
        /// What was found and what was expected.
        message: String,
    },
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

/// An error of a TOML text with its position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TomlError {
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
    /// What was found and what was expected.
    pub message: String,
    /// The known name most similar to an unknown one.
    pub suggestion: Option<String>,
}

impl fmt::Display for TomlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: {}{}",
            self.line,
            self.column,
            self.message,
            did_you_mean(self.suggestion.as_deref())
        )
    }
}

/// Converts an error of the `toml` crate; for an unknown name it adds the most similar known one.
#[must_use]
pub fn toml_error(error: &toml::de::Error, text: &str) -> TomlError {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let message = error.message().replace('\n', ", ");
    TomlError { line, column, suggestion: suggest_name(&message), message }
}

// serde's messages have the form "unknown field `x`, expected one of `y`, `z`". It returns neither
// name in a structured form.
fn suggest_name(message: &str) -> Option<String> {
    let mut names = message.strip_prefix("unknown ")?.split('`').skip(1).step_by(2);
    let unknown = names.next()?;
    suggest(unknown, names).map(str::to_owned)
}

/// A field of a profile and a message; the name of the profile's file is added later.
pub(super) type ProfileError = (String, String);

/// Returns the error of a field.
pub(super) fn for_field(field: &str, error: &str) -> ProfileError {
    (field.to_owned(), error.to_owned())
}
