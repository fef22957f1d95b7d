//! One or list: values of keys that are one table or a list of such tables, as serde types.
//!
//! Used by `profile_text` and `rule_text`, and where its types are compiled.

use std::{borrow::Cow, fmt, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{
        MapAccess, SeqAccess, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};

/// One table or several.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct OneOrList<T> {
    pub(super) tables: Vec<T>,
    /// Whether they are written as a list.
    pub(super) is_list: bool,
}

/// What is one table or several.
pub(super) trait ListedTable {
    /// What is expected, in messages.
    const EXPECTED: &'static str;
}

impl<T> OneOrList<T> {
    /// The path of the table at an index, where the whole is at `path`.
    pub(super) fn path_of<'n>(&self, path: &[&'n str], index: &'n str) -> Vec<&'n str> {
        path.iter().copied().chain(self.is_list.then_some(index)).collect()
    }
}

impl<T> Default for OneOrList<T> {
    fn default() -> Self {
        Self { tables: Vec::new(), is_list: false }
    }
}

impl<'de, T: Deserialize<'de> + ListedTable> Deserialize<'de> for OneOrList<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

impl<T: Serialize> Serialize for OneOrList<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.tables.as_slice() {
            [only] if !self.is_list => only.serialize(serializer),
            tables => tables.serialize(serializer),
        }
    }
}

impl<T: JsonSchema> JsonSchema for OneOrList<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}OrList", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<T>();
        json_schema!({ "anyOf": [table, { "type": "array", "items": table }] })
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de> + ListedTable> Visitor<'de> for ListVisitor<T> {
    type Value = OneOrList<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<OneOrList<T>, M::Error> {
        let table = T::deserialize(MapAccessDeserializer::new(map))?;
        Ok(OneOrList { tables: vec![table], is_list: false })
    }

    fn visit_seq<S: SeqAccess<'de>>(self, list: S) -> Result<OneOrList<T>, S::Error> {
        let tables = Vec::deserialize(SeqAccessDeserializer::new(list))?;
        Ok(OneOrList { tables, is_list: true })
    }
}
