//! Item field: what a rule of `[item]` reads of an item in a list (`field`, `part`).
//!
//! Compiled by `rule`; `packed_compiler` refuses what no item has.

use std::fmt;

use super::{
    condition_text::ConditionText,
    key_errors::{KeyError, WHOLE_RULE},
    one_or_many::OneOrMany,
    rule_text::RuleText,
};

/// A field of an item in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemField {
    /// Its name.
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

/// The indexes of the names of needed fields, of which an item must have one for each rule and
/// condition.
pub(super) fn indexes_of<'f>(
    needed: impl Iterator<Item = &'f [ItemField]>,
    index_of: impl Fn(&str) -> Option<usize>,
) -> Vec<Vec<usize>> {
    let index = |field: &ItemField| match field {
        ItemField::Name(name) => index_of(name),
        ItemField::Part(_) => None,
    };
    let indexes = needed.map(|fields| fields.iter().filter_map(&index).collect::<Vec<_>>());
    let mut indexes: Vec<_> = indexes.filter(|fields| !fields.is_empty()).collect();
    indexes.sort();
    indexes.dedup();
    indexes
}

/// The field of an item that a condition tests.
pub(super) fn tested_field(text: &ConditionText) -> Result<Option<ItemField>, KeyError> {
    match (&text.field, text.part) {
        (Some(_), Some(_)) => Err((WHOLE_RULE, "has field and part; expected one of them".into())),
        (Some(name), None) => Ok(Some(ItemField::Name(name.clone()))),
        (None, Some(part)) => field_at(part).map(Some),
        (None, None) => Ok(None),
    }
}

fn field_at(part: i16) -> Result<ItemField, KeyError> {
    match u16::try_from(part) {
        Ok(part) if part > 0 => Ok(ItemField::Part(part)),
        _ => Err(("part", format!("is {part}; expected 1 for the first field of an item"))),
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
    Ok(vec![field_at(text.part.unwrap_or_default())?])
}
