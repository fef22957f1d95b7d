//! One or many: values of keys that are one text or a list of texts, as serde types.
//!
//! Used by `profile_text` and its parts, and where these are compiled.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, de::Error};

/// One string or several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected a string or a list of strings")]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl OneOrMany {
    pub(super) fn into_vec(self) -> Vec<String> {
        match self {
            Self::One(text) => vec![text],
            Self::Many(texts) => texts,
        }
    }
}

/// A text, or a list of one: in a list `?` is no open question.
pub(super) fn one_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let mut texts = OneOrMany::deserialize(deserializer)?.into_vec();
    let only = texts.pop().filter(|_| texts.is_empty());
    only.ok_or_else(|| D::Error::custom("expected a string, or a list of one string"))
}

pub(super) fn some_text<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<String>, D::Error> {
    one_text(deserializer).map(Some)
}

pub(super) fn one_text_schema(_: &mut SchemaGenerator) -> Schema {
    let text = json_schema!({ "type": "string" });
    let list = json_schema!({ "type": "array", "items": text, "minItems": 1, "maxItems": 1 });
    json_schema!({ "anyOf": [text, list] })
}
