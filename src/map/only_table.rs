//! Only a table: values of keys that are one table, never a list, as serde types.
//!
//! A derived implementation takes a list too, for the values of the keys in their order, so that
//! `[[order]]` would be read. `profile_text` and its parts have types that are read from one table
//! wherever they are; `cli` has it of keys.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

/// One table.
#[derive(Debug)]
pub struct OnlyTable<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for OnlyTable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        one_table(deserializer)
    }
}

impl<'de, T: Deserialize<'de>> OneTable<'de> for OnlyTable<T> {
    const EXPECTED: &'static str = "a table";

    fn of_keys<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::deserialize(deserializer).map(Self)
    }
}

/// What is one table.
pub(super) trait OneTable<'de>: Sized {
    /// What is expected, in messages.
    const EXPECTED: &'static str;

    /// Reads the keys.
    fn of_keys<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

/// Deserializes one table, or says what its type expects.
pub(super) fn one_table<'de, T: OneTable<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    deserializer.deserialize_map(TableVisitor(PhantomData))
}

/// Deserializes one table.
///
/// # Errors
///
/// If it is none.
pub fn only_table<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    OnlyTable::deserialize(deserializer).map(|OnlyTable(table)| table)
}

/// Implements the serde traits of types with `#[serde(remote = "Self")]`, which are read from one
/// table; what messages expect in place of another value, if that is more than a table.
macro_rules! read_from_one_table {
    ($name:ty) => {
        super::only_table::read_from_one_table!($name, "a table");
    };
    ($name:ty, $expected:expr) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                super::only_table::one_table(deserializer)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                Self::serialize(self, serializer)
            }
        }

        impl<'de> super::only_table::OneTable<'de> for $name {
            const EXPECTED: &'static str = $expected;

            fn of_keys<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::deserialize(deserializer)
            }
        }
    };
}
pub(super) use read_from_one_table;

struct TableVisitor<T>(PhantomData<T>);

impl<'de, T: OneTable<'de>> Visitor<'de> for TableVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(T::EXPECTED)
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<T, M::Error> {
        T::of_keys(MapAccessDeserializer::new(map))
    }
}
