//! TOML syntax of `[[join]]`: a file beside the export, as serde types.
//!
//! Syntax only: `joins_compiler` compiles it. A part of `profile_text`.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
    ser,
};

use super::{
    condition_text::ConditionText, file_keys_text::FileKeysText, input_settings::Many,
    only_table::read_from_one_table, rule_text::RuleText, written_text::is_default,
};

/// A file beside the export, whose rows belong to those of the export by their keys.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(super) struct JoinText {
    /// The name before its columns, such as `customer` in `customer.email`.
    pub(super) r#as: String,
    /// The file or a pattern such as `items-*.csv`, beside the export; else `--join` names it.
    pub(super) file: Option<String>,
    /// How it is written.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) profile: FileKeysText,
    /// The columns of the export and of the file that have equal values where a row belongs to
    /// another.
    pub(super) on: Vec<JoinKeyText>,
    /// Whether a row of the export may have a key that no row of the file has.
    #[serde(default, skip_serializing_if = "is_default")]
    pub(super) optional: bool,
    /// Whether the file must be there; else a run without it goes on, with a warning.
    #[serde(default = "is_required", skip_serializing_if = "Clone::clone")]
    pub(super) required: bool,
    /// What several rows with the key of one row of the export mean.
    pub(super) many: Option<Many>,
    /// Which one of all of them counts.
    pub(super) pick: Option<PickText>,
    /// Whether its rows are the items of the orders, or the path of the array in its documents
    /// whose elements are.
    pub(super) items: Option<JoinItemsText>,
    /// Which of its rows are items, where `from` of an `[[item]]` names the join.
    pub(super) item_rows: Option<ConditionText>,
}

read_from_one_table!(JoinText);

const fn is_required() -> bool {
    true
}

/// Where a file has the items.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "expected true or the path of an array such as \"lines[]\"")]
pub(super) enum JoinItemsText {
    /// Whether its rows are items.
    Rows(bool),
    /// The path of an array in its documents.
    Path(String),
}

/// The column whose values decide which one of several rows counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(super) struct PickText {
    /// The row with the largest number or the latest date of this column.
    pub(super) largest: Option<String>,
    /// The row with the smallest number or the earliest date of this column.
    pub(super) smallest: Option<String>,
}

read_from_one_table!(PickText);

/// A part of the key: the rule of the export's column, and in `to` that of the file's.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct JoinKeyText {
    /// Where the export has it.
    pub(super) from: RuleText,
    /// Where the file has it.
    pub(super) to: RuleText,
}

const EXPECTED_KEY: &str = "a part of the key: { column = \"customer_id\", to = \"id\" }";

impl<'de> Deserialize<'de> for JoinKeyText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(JoinKeyVisitor)
    }
}

impl Serialize for JoinKeyText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct WrittenKey<'k> {
            #[serde(flatten)]
            from: &'k RuleText,
            to: toml::Value,
        }
        let mut to = toml::Table::try_from(&self.to).map_err(ser::Error::custom)?;
        let to = match (to.remove("column"), to.is_empty()) {
            (Some(toml::Value::String(name)), true) => name.into(),
            (column, _) => {
                to.extend(column.map(|column| ("column".to_owned(), column)));
                toml::Value::Table(to)
            }
        };
        WrittenKey { from: &self.from, to }.serialize(serializer)
    }
}

impl JsonSchema for JoinKeyText {
    fn schema_name() -> Cow<'static, str> {
        "JoinKeyText".into()
    }

    /// The keys of a rule, and `to`.
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let rule = generator.subschema_for::<RuleText>();
        let mut schema = RuleText::json_schema(generator);
        let to = json_schema!({
            "description": "The column of the file that has the same value, or a rule of it.",
            "anyOf": [{ "type": "string" }, rule]
        });
        if let Some(keys) = schema.get_mut("properties").and_then(|keys| keys.as_object_mut()) {
            keys.insert("to".to_owned(), to.into());
        }
        schema.insert("required".to_owned(), ["to"].as_slice().into());
        schema
    }
}

struct JoinKeyVisitor;

impl<'de> Visitor<'de> for JoinKeyVisitor {
    type Value = JoinKeyText;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(EXPECTED_KEY)
    }

    // The keys of a rule are read by its own type, which knows no `to`.
    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<JoinKeyText, M::Error> {
        let mut table = toml::Table::deserialize(MapAccessDeserializer::new(map))?;
        let Some(to) = table.remove("to") else {
            let message = format!("missing field `to`; expected {EXPECTED_KEY}");
            return Err(M::Error::custom(message));
        };
        let to = match to {
            toml::Value::String(name) => toml::Table::from_iter([("column".into(), name.into())]),
            toml::Value::Table(rule) => rule,
            _ => {
                let message = "\"to\" is no column; expected \"id\" or { column = \"id\" }";
                return Err(M::Error::custom(message));
            }
        };
        let rule = |table| RuleText::deserialize(toml::Value::Table(table));
        let [from, to] = [table, to].map(|table| rule(table).map_err(M::Error::custom));
        Ok(JoinKeyText { from: from?, to: to? })
    }
}
