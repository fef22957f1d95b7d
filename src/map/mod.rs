//! Mapping of rows to fields by profiles, which declare the meaning of each column or JSON path.
//!
//! A profile is a TOML file; the canonical one is built in. Checks only what the profile itself
//! declares (a date has this format, a value is in this table); `validate` checks the rest. Called
//! by `pipeline`; depends on `model` only.

mod binding;
mod collector;
pub mod date;
mod document;
mod file;
pub mod file_mapper;
pub mod input_settings;
pub mod profile;
mod profile_text;
mod record;
pub mod rule;

#[cfg(test)]
mod tests;

pub use document::UnknownNames;
pub use file::{read_bounded, read_small_file};
pub use profile_text::{TomlError, toml_error};

use std::path::PathBuf;

use crate::model::suggest::did_you_mean;

/// Why a profile cannot be used. Ends the run, since the error concerns every order.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// The name is neither a built-in profile nor an existing file.
    #[error("unknown profile {name:?}; expected a built-in profile or a file{}", did_you_mean(.suggestion.as_deref()))]
    NoProfile {
        /// The given name.
        name: String,
        /// The built-in profile with the most similar name.
        suggestion: Option<String>,
    },
    /// The profile's file cannot be read.
    #[error("{}: {error}", .path.display())]
    Io {
        /// The profile's file.
        path: PathBuf,
        /// The error of the operating system.
        error: std::io::Error,
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
    /// The file lacks a column that the profile names.
    #[error("{file}:1: column {column:?} not found; the profile needs it for {field}{hint}")]
    MissingColumn {
        /// The input.
        file: String,
        /// The column.
        column: String,
        /// The field or condition that reads the column.
        field: String,
        /// A hint line with the most similar column or another cause.
        hint: String,
    },
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
    /// No document of the file has the path of the items, so every order would be without items.
    #[error("{file}: no document has {path:?}, the profile's path of items{hint}")]
    MissingItems {
        /// The input.
        file: String,
        /// The path of the items.
        path: String,
        /// A hint line with the most similar member.
        hint: String,
    },
    /// The profile has columns only and the file is JSON, or it has paths only and the file is
    /// CSV.
    #[error("{file}: the profile has no {expected} for {field}\n  hint: it was written for files of another format")]
    OtherFormat {
        /// The input.
        file: String,
        /// `column` or `path`.
        expected: &'static str,
        /// The field, usually the order's reference.
        field: String,
    },
}
