//! One value per outcome, and one for all orders read: the type in which orders and money are
//! counted.
//!
//! An array keyed by outcome; in JSON the keys of `summary.json`. Adds up nothing by itself;
//! `tally` does. Called by `tally`, `summary`, `terminal` and `page`.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    ops::{Index, IndexMut},
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::Map;

use crate::model::outcome::Outcome;

/// The key of all orders read, beside those of the outcomes.
const READ: &str = "read";

/// Value of all orders read and of each outcome. In JSON an object with `read` and then the
/// outcomes, in the order of [`Outcome::ALL`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PerOutcome<T> {
    /// All orders read.
    pub read: T,
    by_outcome: [T; Outcome::ALL.len()],
}

impl<T> PerOutcome<T> {
    /// Iterates over the outcomes and their values, in the order of reports; `read` is left out.
    pub fn outcomes(&self) -> impl Iterator<Item = (Outcome, &T)> {
        Outcome::ALL.into_iter().zip(&self.by_outcome)
    }

    /// Applies `f` to all values.
    pub fn map<U>(&self, f: impl Fn(&T) -> U) -> PerOutcome<U> {
        PerOutcome { read: f(&self.read), by_outcome: self.by_outcome.each_ref().map(f) }
    }

    /// Adds the values of `other`, outcome by outcome.
    pub(super) fn append(&mut self, other: &Self, add: impl Fn(&mut T, &T)) {
        add(&mut self.read, &other.read);
        for (value, other) in self.by_outcome.iter_mut().zip(&other.by_outcome) {
            add(value, other);
        }
    }
}

impl<T> Index<Outcome> for PerOutcome<T> {
    type Output = T;

    fn index(&self, outcome: Outcome) -> &T {
        &self.by_outcome[outcome as usize]
    }
}

impl<T> IndexMut<Outcome> for PerOutcome<T> {
    fn index_mut(&mut self, outcome: Outcome) -> &mut T {
        &mut self.by_outcome[outcome as usize]
    }
}

impl<T: JsonSchema> JsonSchema for PerOutcome<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("PerOutcome_of_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let keys = || [READ].into_iter().chain(Outcome::ALL.map(Outcome::as_str));
        let value = generator.subschema_for::<T>();
        let properties: Map<_, _> =
            keys().map(|key| (key.to_owned(), value.clone().to_value())).collect();
        let required: Vec<_> = keys().collect();
        json_schema!({ "type": "object", "properties": properties, "required": required })
    }
}

impl<T: Serialize> Serialize for PerOutcome<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let outcomes = self.outcomes().map(|(outcome, value)| (outcome.as_str(), value));
        serializer.collect_map([(READ, &self.read)].into_iter().chain(outcomes))
    }
}

impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for PerOutcome<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut by_key = BTreeMap::<String, T>::deserialize(deserializer)?;
        let mut take = |key| by_key.remove(key).ok_or_else(|| D::Error::missing_field(key));
        let mut values = Self { read: take(READ)?, ..Self::default() };
        for outcome in Outcome::ALL {
            values[outcome] = take(outcome.as_str())?;
        }
        Ok(values)
    }
}

impl PerOutcome<u64> {
    /// Number of orders that have an outcome.
    #[must_use]
    pub fn with_result(&self) -> u64 {
        self.outcomes().map(|(_, n)| n).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_follow_outcome_order() {
        let mut counts = PerOutcome { read: 55, ..PerOutcome::default() };
        for (n, outcome) in (1..).zip(Outcome::ALL) {
            counts[outcome] = n;
        }
        let expected: Vec<String> =
            (1..).zip(Outcome::ALL).map(|(n, outcome)| format!(r#""{outcome}":{n}"#)).collect();
        let json = serde_json::to_string(&counts).unwrap();
        assert_eq!(serde_json::from_str::<PerOutcome<u64>>(&json).unwrap(), counts);
        assert_eq!(json, format!(r#"{{"read":55,{}}}"#, expected.join(",")));
        assert_eq!(counts.with_result(), counts.read);
        assert_eq!(counts.map(u64::to_string)[Outcome::Valid], "10");
    }
}
