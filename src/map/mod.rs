//! Rows → cells with meaning: profiles say which cell means what.
//!
//! A profile is a TOML file; the canonical one is built in. Nothing is checked here but what a profile itself claims
//! (a date has this format, a value stands in this table): the rest is for `validate`. Called by `pipeline`; knows
//! only `model`.

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

/// Why a profile cannot be used: the run cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// No such built-in profile and no such file.
    #[error("no profile {name:?}: it is not built in and there is no such file{}", did_you_mean(.suggestion.as_deref()))]
    NoProfile {
        /// What was asked for.
        name: String,
        /// The built-in profile that may be meant.
        suggestion: Option<String>,
    },
    /// A file that cannot be read.
    #[error("{}: {error}", .path.display())]
    Io {
        /// The profile's file.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// A fault in the TOML text.
    #[error("{name}:{error}")]
    Toml {
        /// The profile's file or name.
        name: String,
        /// What and where.
        error: TomlError,
    },
    /// A rule that makes no sense.
    #[error("{name}: {field}: {message}")]
    Rule {
        /// The profile's file or name.
        name: String,
        /// The rule's field.
        field: String,
        /// What is wrong with it.
        message: String,
    },
    /// A column that the profile names and the file does not have.
    #[error("{file}:1: no column {column:?}, which the profile takes {field} from{hint}")]
    MissingColumn {
        /// The input.
        file: String,
        /// The column.
        column: String,
        /// What it is for.
        field: String,
        /// The column that may be meant, or what else may be wrong.
        hint: String,
    },
    /// A column that the profile names and the file has twice.
    #[error("{file}:1: column {column:?} stands there twice, so it is not clear which one {field} comes from")]
    AmbiguousColumn {
        /// The input.
        file: String,
        /// The column.
        column: String,
        /// What it is for.
        field: String,
    },
    /// A place of items that no document of a file has: all its orders would go without.
    #[error("{file}: no document has {path:?}, where the profile says its items are{hint}")]
    MissingItems {
        /// The input.
        file: String,
        /// The path of the items.
        path: String,
        /// The member that may be meant.
        hint: String,
    },
    /// A profile of columns for a JSON file, or of paths for a CSV file.
    #[error("{file}: the profile says no {expected} for {field}\n  hint: it was written for files of another form")]
    OtherFormat {
        /// The input.
        file: String,
        /// `column` or `path`.
        expected: &'static str,
        /// The field, usually the order's reference.
        field: String,
    },
}
