//! Settings of a profile that concern its input files as a whole: quotes, columns, unreadable rows,
//! joined rows, the last line break.
//!
//! Data only. `pipeline` applies the settings when it reads files, `binding` those of columns.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How to handle an unreadable row whose order is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "lowercase")]
pub enum UnreadableRows {
    /// End the run, since the order of the row would be sent incompletely.
    #[default]
    Refuse,
    /// Count the row and continue.
    Accept,
}

/// What quotes mean in a CSV file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Default)]
pub enum Quote {
    /// Double quotes enclose cells.
    #[default]
    #[serde(rename = "\"")]
    Double,
    /// Quotes are data.
    #[serde(rename = "none")]
    None,
}

/// How to handle rows with more or fewer cells than the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "lowercase")]
pub enum RaggedRows {
    /// Each is unreadable.
    #[default]
    Refuse,
    /// Add the cells that are missing at the end, and drop empty ones that are too many there.
    Pad,
}

/// How the texts in cells are written, beside quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CellNotation {
    /// As a spreadsheet keeps texts: `="00123"` or with a leading apostrophe.
    Spreadsheet,
}

/// What becomes of several rows of a file that belong to one row of the export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "lowercase")]
pub enum Many {
    /// The order is invalid: which one is meant is not known.
    #[default]
    Refuse,
    /// The first one counts.
    First,
    /// All of them: rules add up their numbers, or one of them is picked.
    All,
}

/// How to handle columns that the profile does not use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "lowercase")]
pub enum UnknownColumns {
    /// Ignore them without a warning: exports have many.
    #[default]
    Ignore,
    /// Ignore them and report each one once.
    Warn,
}

/// How to handle columns that the profile names and the file lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "lowercase")]
pub enum MissingColumns {
    /// End the run, since the profile does not fit the export.
    #[default]
    Refuse,
    /// Treat them as empty.
    Allow,
}

/// Whether a file must end with a line break.
// A file that is appended to after it was read looks like a complete one, unless the
// profile declares that a complete one ends with a line break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "lowercase")]
pub enum LastLineEnd {
    /// Not required: the order of a last row without one gets a warning.
    #[default]
    Optional,
    /// Required: a file without one is still being written.
    Required,
}

/// What becomes of orders whose identifier is that of several people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "lowercase")]
pub enum SharedIdentifiers {
    /// They are invalid.
    #[default]
    Invalid,
    /// They are sent, as orders of one guest.
    Send,
}

/// What becomes of the rows that are refunds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema, Default)]
#[serde(rename_all = "snake_case")]
pub enum RefundMode {
    /// They are left out of their orders.
    #[default]
    LeaveOut,
    /// They are rows as all others.
    Keep,
    /// Their amounts are taken off their orders.
    Net,
}
