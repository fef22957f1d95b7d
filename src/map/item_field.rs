//! Item field: what a rule of `[item]` reads of an item in a list (`field`, `part`).
//!
//! Compiled by `rule`; `packed_compiler` refuses what no item has.

use std::fmt;

use super::{key_errors::KeyError, one_or_many::OneOrMany, profile_text::RuleText};

/// A field of an item in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ItemField {
    Name(String),
    /// Its position, from 1.
    Part(u16),
}

impl fmt::Display for ItemField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "the field {name:?}"),
            Self::Part(part) => write!(f, "field {part}"),
        }
    }
}

/// The fields of an item that a rule reads.
pub(super) fn item_fields(text: &RuleText) -> Result<Vec<ItemField>, KeyError> {
    if !text.reads_part() {
        let names = text.field.clone().map(OneOrMany::into_vec).unwrap_or_default();
        if text.field.is_some() && names.is_empty() {
            return Err(("field", "is empty; expected the name of a field".into()));
        }
        return Ok(names.into_iter().map(ItemField::Name).collect());
    }
    let part = text.part.unwrap_or_default();
    match u16::try_from(part) {
        Ok(part) if part > 0 => Ok(vec![ItemField::Part(part)]),
        _ => Err(("part", format!("is {part}; expected 1 for the first field of an item"))),
    }
}
