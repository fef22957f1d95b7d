//! Short or table: values of keys that are a table, or a text or a list that is short for one, as
//! serde types.
//!
//! Used by `rule_text`, `items_text` and `copies_text`.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{
        Error, MapAccess, SeqAccess, Unexpected, Visitor,
        value::{MapAccessDeserializer, SeqAccessDeserializer},
    },
};

use toml::Value;

use super::{one_or_many::OneOrMany, serde_message::LIST_OF_TABLES};

/// What is a table, or short for one.
pub(super) trait ShortOrTable: Sized {
    /// The keys of the table.
    type Table;

    /// What is expected, in messages.
    const EXPECTED: &'static str;

    /// The value of a text or a list; none if it takes none.
    fn of_short(short: OneOrMany) -> Option<Self>;

    /// The value of a table.
    fn of_table(table: Self::Table) -> Self;
}

/// Deserializes a text, a list or a table.
pub(super) fn short_or_table<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: ShortOrTable,
    T::Table: Deserialize<'de>,
    D: Deserializer<'de>,
{
    deserializer.deserialize_any(ShortOrTableVisitor(PhantomData))
}

struct ShortOrTableVisitor<T>(PhantomData<T>);

impl<'de, T> Visitor<'de> for ShortOrTableVisitor<T>
where
    T: ShortOrTable,
    T::Table: Deserialize<'de>,
{
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        let short = T::of_short(OneOrMany::One(text.to_owned()));
        short.ok_or_else(|| E::invalid_type(Unexpected::Str(text), &self))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, list: S) -> Result<T, S::Error> {
        // Tables are an error of the whole list, which is written instead of one of them.
        let elements = Vec::<Value>::deserialize(SeqAccessDeserializer::new(list))?;
        let text = |element: &Value| element.as_str().map(str::to_owned);
        let found = match elements.iter().map(text).collect() {
            Some(texts) => match T::of_short(OneOrMany::Many(texts)) {
                Some(value) => return Ok(value),
                None => Unexpected::Seq,
            },
            None if elements.iter().any(Value::is_table) => Unexpected::Other(LIST_OF_TABLES),
            None => Unexpected::Other("a list of values that are no strings"),
        };
        Err(S::Error::invalid_type(found, &self))
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<T, M::Error> {
        T::Table::deserialize(MapAccessDeserializer::new(map)).map(T::of_table)
    }
}
