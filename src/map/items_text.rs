//! TOML syntax of `items`: where the items of an order are, as serde types.
//!
//! Syntax only: `item_paths` checks what the paths mean. A part of `profile_text`.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    one_or_many::{OneOrMany, one_text, one_text_schema, some_text},
    only_table::read_from_one_table,
    short_or_table::{ShortOrTable, short_or_table},
    written_text::{written_text, written_text_if_any},
};

/// Where the items of an order are: `items = "lines"` is short for its only key `path`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ItemsText {
    pub(super) table: ItemsTable,
    /// Whether it is written without the key `path`.
    pub(super) is_short: bool,
}

/// Where the items of a kind come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub(super) enum ItemsFrom {
    /// Each is a row, an element or a text of its own.
    Items,
    /// One of each order, of values that its rows share.
    Order,
    /// Each is a row of the file of the join with this name.
    Join(String),
}

const ITEMS: &str = "items";
const ORDER: &str = "order";

impl Default for &ItemsFrom {
    fn default() -> Self {
        &ItemsFrom::Items
    }
}

impl From<String> for ItemsFrom {
    fn from(text: String) -> Self {
        match &*text {
            ITEMS => Self::Items,
            ORDER => Self::Order,
            _ => Self::Join(text),
        }
    }
}

impl From<ItemsFrom> for String {
    fn from(from: ItemsFrom) -> Self {
        match from {
            ItemsFrom::Items => ITEMS.to_owned(),
            ItemsFrom::Order => ORDER.to_owned(),
            ItemsFrom::Join(name) => name,
        }
    }
}

impl JsonSchema for ItemsFrom {
    fn schema_name() -> Cow<'static, str> {
        "ItemsFrom".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let named = [ITEMS, ORDER];
        json_schema!({
            "description": "Where the items of a kind come from; else the name of a join.",
            "anyOf": [{ "enum": named }, { "type": "string" }]
        })
    }
}

/// The keys of `[items]`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(super) struct ItemsTable {
    /// The path of the array of items in a document, or several of which all elements are items.
    pub(super) path: Option<OneOrMany>,
    /// How the items are a list in one cell.
    pub(super) packed: Option<PackedText>,
    /// How the items are groups of columns.
    pub(super) repeated: Option<RepeatedText>,
    /// Whether the export may lack the array, the list or the groups: its orders have no items.
    pub(super) optional: Option<bool>,
}

read_from_one_table!(ItemsTable);

/// Items as groups of columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(super) struct RepeatedText {
    /// The names of the columns, with `{n}` for the number of an item and `*` for that of a field.
    pub(super) columns: String,
}

read_from_one_table!(RepeatedText);

/// A list of items in one cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(super) struct PackedText {
    /// The column of the list.
    pub(super) column: Option<String>,
    /// The path of the list in a JSON document.
    pub(super) path: Option<String>,
    /// What is between two items.
    #[serde(default, deserialize_with = "some_text", serialize_with = "written_text_if_any")]
    #[schemars(schema_with = "one_text_schema")]
    pub(super) separator: Option<String>,
    /// What each item starts with, or several texts of which it starts with one.
    pub(super) starts_with: Option<OneOrMany>,
    /// The character before a separator that is a part of a value.
    pub(super) escape: Option<EscapeText>,
    /// The fields of an item; without it an item is one field.
    pub(super) fields: Option<FieldsText>,
}

read_from_one_table!(PackedText);

/// The character before a separator that is a part of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(super) enum EscapeText {
    /// A backslash.
    #[serde(rename = "\\")]
    Backslash,
}

/// The fields of an item in a cell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
pub(super) struct FieldsText {
    /// What is between two fields.
    #[serde(deserialize_with = "one_text", serialize_with = "written_text")]
    #[schemars(schema_with = "one_text_schema")]
    pub(super) separator: String,
    /// What is between the name of a field and its value; else fields are known by their
    /// positions.
    #[serde(default, deserialize_with = "some_text", serialize_with = "written_text_if_any")]
    #[schemars(schema_with = "one_text_schema")]
    pub(super) assign: Option<String>,
    /// The names of all fields.
    pub(super) names: Option<Vec<String>>,
}

read_from_one_table!(FieldsText);

impl ShortOrTable for ItemsText {
    type Table = ItemsTable;

    const EXPECTED: &str = "a path such as \"lines\", a list of paths, or a table";

    fn of_short(path: OneOrMany) -> Option<Self> {
        let table = ItemsTable { path: Some(path), packed: None, repeated: None, optional: None };
        Some(Self { table, is_short: true })
    }

    fn of_table(table: ItemsTable) -> Self {
        Self { table, is_short: false }
    }
}

impl Serialize for ItemsText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.table.path {
            Some(path) if self.is_short => path.serialize(serializer),
            _ => self.table.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ItemsText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        short_or_table(deserializer)
    }
}

impl JsonSchema for ItemsText {
    fn schema_name() -> Cow<'static, str> {
        "ItemsText".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let path = generator.subschema_for::<OneOrMany>();
        let table = generator.subschema_for::<ItemsTable>();
        json_schema!({ "anyOf": [path, table] })
    }
}
