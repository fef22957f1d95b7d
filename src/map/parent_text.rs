//! TOML syntax of `parent`, as a serde type.
//!
//! Syntax only: `parent` compiles it. A part of `profile_text`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{only_table::read_from_one_table, written_text::is_default};

/// How a document names the one that it belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(super) struct ParentText {
    /// The path at which a document has the id of the one that it belongs to.
    pub(super) path: String,
    /// The path at which the document of an order has its id, which is the order key.
    pub(super) to: String,
    /// Texts at `path` that count as empty, in addition to `nulls`.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) empty: Vec<String>,
}

read_from_one_table!(ParentText);
