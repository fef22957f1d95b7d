//! TOML syntax of `duplicates`: what becomes of several copies of an order.
//!
//! Syntax only: `copies_compiler` checks what it means.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    one_or_many::OneOrMany,
    only_table::read_from_one_table,
    path_text::segments,
    rule_text::RuleText,
    short_or_table::{ShortOrTable, short_or_table},
};

/// What becomes of several copies of an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(super) struct DuplicatesText {
    /// Which copy counts.
    pub(super) keep: KeptCopy,
    /// The column or path that says how new a copy is, or its rule.
    pub(super) by: VersionText,
}

read_from_one_table!(DuplicatesText);

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
    fn of_name(name: &str) -> Option<Self> {
        let mut rule = toml::Table::new();
        rule.insert("column".to_owned(), name.into());
        // Of CSV the name may be no path.
        if segments(name).is_ok() {
            rule.insert("path".to_owned(), name.into());
        }
        RuleText::deserialize(toml::Value::Table(rule)).ok().map(Self)
    }
}

impl ShortOrTable for VersionText {
    type Table = RuleText;

    const EXPECTED: &str =
        "a column or path such as \"updated_at\", or { column = \"Updated\", date = \"…\" }";

    fn of_short(short: OneOrMany) -> Option<Self> {
        match short {
            OneOrMany::One(name) => Self::of_name(&name),
            OneOrMany::Many(_) => None,
        }
    }

    fn of_table(rule: RuleText) -> Self {
        Self(rule)
    }
}

impl Serialize for VersionText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0.column {
            Some(OneOrMany::One(name)) if Self::of_name(name).as_ref() == Some(self) => {
                name.serialize(serializer)
            }
            _ => Serialize::serialize(&self.0, serializer),
        }
    }
}

impl<'de> Deserialize<'de> for VersionText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        short_or_table(deserializer)
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
