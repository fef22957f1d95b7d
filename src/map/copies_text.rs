//! TOML syntax of `duplicates`: what becomes of several copies of an order.
//!
//! Syntax only: `copies_compiler` checks what it means.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::{one_or_many::OneOrMany, path_text::segments, rule_text::RuleText};

/// What becomes of several copies of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DuplicatesText {
    /// Which copy counts.
    pub(super) keep: KeptCopy,
    /// The column or path that says how new a copy is, or its rule.
    pub(super) by: VersionText,
}

/// Which of several copies of an order counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum KeptCopy {
    /// The newest one.
    Newest,
}

/// A name of a column or path, or a rule.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct VersionText(pub(super) RuleText);

impl VersionText {
    /// The rule of a name.
    fn of_name(name: &str) -> Result<Self, toml::de::Error> {
        let mut rule = toml::Table::new();
        rule.insert("column".to_owned(), name.into());
        // Of CSV the name may be no path.
        if segments(name).is_ok() {
            rule.insert("path".to_owned(), name.into());
        }
        RuleText::deserialize(toml::Value::Table(rule)).map(Self)
    }
}

impl Serialize for VersionText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0.column {
            Some(OneOrMany::One(name)) if Self::of_name(name).as_ref() == Ok(self) => {
                name.serialize(serializer)
            }
            _ => Serialize::serialize(&self.0, serializer),
        }
    }
}

impl<'de> Deserialize<'de> for VersionText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(VersionVisitor)
    }
}

impl JsonSchema for VersionText {
    fn schema_name() -> Cow<'static, str> {
        "VersionText".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let rule = generator.subschema_for::<RuleText>();
        json_schema!({ "anyOf": [{ "type": "string" }, rule] })
    }
}

struct VersionVisitor;

impl<'de> Visitor<'de> for VersionVisitor {
    type Value = VersionText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a column or path such as \"updated_at\", or { column = \"Updated\", date = \"…\" }",
        )
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<VersionText, E> {
        VersionText::of_name(name).map_err(E::custom)
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<VersionText, M::Error> {
        RuleText::deserialize(MapAccessDeserializer::new(map)).map(VersionText)
    }
}
