//! How a profile wants files to be read.

use serde::Deserialize;

/// The form of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProfileFormat {
    /// CSV.
    Csv,
    /// One JSON object a line.
    Ndjson,
}

/// What a row that cannot be read, and whose order is not known, does to the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum UnreadableRows {
    /// It ends: some order would be sent in part.
    #[default]
    Refuse,
    /// It is counted and the run goes on.
    Accept,
}

/// What is done about columns that the profile does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum UnknownColumns {
    /// Nothing: exports have many.
    #[default]
    Ignore,
    /// They are reported, once.
    Warn,
}

/// What is done about columns that the profile names and a file does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum MissingColumns {
    /// The run ends: the profile or the export is the wrong one.
    #[default]
    Refuse,
    /// They are taken as empty.
    Allow,
}

/// Whether a file must end with a line end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum LastLineEnd {
    /// It need not: the order of a last row without one has a warning.
    #[default]
    Optional,
    /// It must: a file without one is still being written.
    Required,
}
