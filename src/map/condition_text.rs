//! TOML syntax of a condition on rows, as serde types.
//!
//! Syntax only: `condition` and `condition_compiler` compile it. A part of `profile_text`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{one_or_many::OneOrMany, only_table::read_from_one_table, written_text::is_default};

/// A number: `0`, `0.5`, or a text, which keeps all digits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a number")]
pub(super) enum NumberText {
    Integer(i64),
    Float(f64),
    Text(String),
}

/// A condition on rows: all tests that are set must hold.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(super) struct ConditionText {
    /// The column that is tested.
    pub(super) column: Option<String>,
    /// The path that is tested in a JSON document.
    pub(super) path: Option<String>,
    /// The field of an item in a list or in a group of columns that is tested.
    pub(super) field: Option<String>,
    /// The position of a field of an item in a list that is tested, from 1.
    pub(super) part: Option<i16>,
    /// Whether the row is tested as it is in the file.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) raw: bool,
    /// Whether the export may lack the column or path.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) optional: bool,
    /// The value is this text, or one of these.
    pub(super) is: Option<OneOrMany>,
    /// There is a value, and it is none of these texts.
    pub(super) is_not: Option<OneOrMany>,
    /// The value starts with this text, or one of these.
    pub(super) starts_with: Option<OneOrMany>,
    /// The value ends with this text, or one of these.
    pub(super) ends_with: Option<OneOrMany>,
    /// The value contains this text, or one of these.
    pub(super) contains: Option<OneOrMany>,
    /// An element of the array, or of the text split at commas, is this text.
    pub(super) list_contains: Option<OneOrMany>,
    /// Whether there is no value.
    pub(super) empty: Option<bool>,
    /// Whether the column or member is there.
    pub(super) exists: Option<bool>,
    /// The value is this number.
    pub(super) equals: Option<NumberText>,
    /// The value is a smaller number.
    pub(super) less: Option<NumberText>,
    /// The value is a greater number.
    pub(super) greater: Option<NumberText>,
    /// All of these conditions hold.
    pub(super) all: Option<Vec<Self>>,
    /// One of these conditions holds.
    pub(super) any: Option<Vec<Self>>,
    /// This condition does not hold.
    pub(super) not: Option<Box<Self>>,
}

read_from_one_table!(
    ConditionText,
    "a condition: { column = \"Kind\", is = \"Sale\" }\n  hint: several conditions are \
     { all = [...] } or { any = [...] }"
);
