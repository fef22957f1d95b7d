//! Packed items: the items of an order as a list in one cell (`[items.packed]`).
//!
//! Splits a cell into items and an item into fields. What does not fit the description is an
//! error, since a separator within a name would move what is behind it. Compiled by
//! `packed_compiler`;
//! `mapper` adds the items, and the views read their fields.

use super::{
    backslashes::BACKSLASH,
    parts::{self, Parts},
    rule_text::DecodeText,
};

/// How a cell holds items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedItems {
    /// The column of the cell.
    pub(super) column: Option<String>,
    /// The path of the same text in documents.
    pub(super) path: Option<String>,
    /// Between two items.
    pub(super) separator: Option<String>,
    /// The texts of which each item starts with one; none if the separator alone tells.
    pub(super) starts: Vec<String>,
    /// How a separator is escaped that is a part of a value.
    pub(super) escape: Option<DecodeText>,
    pub(super) fields: PackedFields,
}

/// How an item holds fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PackedFields {
    /// It is the only field itself.
    Whole,
    /// By their positions.
    Positions { separator: String, names: Vec<String>, n_fields: usize },
    /// Each with its name.
    Named(NamedFields),
}

/// Fields with their names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamedFields {
    /// Between two fields.
    pub(super) separator: String,
    /// Between a name and its value.
    pub(super) assign: String,
    /// The names, or those that rules read if not all are listed.
    pub(super) names: Vec<String>,
    /// Whether all names are listed, so that what has another one is a part of the value before.
    pub(super) are_listed: bool,
    /// The names, by their indexes, of which every item must have one: a single one for most rules.
    pub(super) required: Vec<Vec<usize>>,
}

/// An item in a cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct PackedItem<'a> {
    text: &'a str,
    of: &'a PackedItems,
}

impl PackedItems {
    /// The items in a filled cell. An error is a message.
    pub(super) fn items<'a>(&'a self, cell: &'a str) -> Result<Vec<PackedItem<'a>>, String> {
        let texts = self.texts(cell)?;
        let n_items = texts.len();
        let item = |(index, text): (usize, &'a str)| {
            let item = PackedItem { text: text.trim(), of: self };
            let number = index + 1;
            let values =
                item.values().map_err(|error| format!("item {number} of {n_items} {error}"));
            values.map(|_| item)
        };
        texts.into_iter().enumerate().map(item).collect()
    }

    /// The texts of the items.
    fn texts<'a>(&self, cell: &'a str) -> Result<Vec<&'a str>, String> {
        if !self.starts.is_empty() && self.start_of(cell).is_none() {
            let starts: Vec<_> = self.starts.iter().map(|start| format!("{start:?}")).collect();
            return Err(format!("the first item does not start with {}", starts.join(" or ")));
        }
        let (mut texts, mut begin) = (Vec::new(), 0);
        while let Some((end, next)) = self.boundary(cell, begin) {
            texts.push(&cell[begin..end]);
            begin = next;
        }
        texts.push(&cell[begin..]);
        Ok(texts)
    }

    /// Where the item that begins at `begin` ends, and where the next one begins.
    fn boundary(&self, cell: &str, begin: usize) -> Option<(usize, usize)> {
        let mut from = begin + self.start_of(&cell[begin..]).unwrap_or_default();
        loop {
            let (end, next) = if let Some(separator) = &self.separator {
                let end = from + parts::find(&cell[from..], separator, self.escape)?;
                (end, end + separator.len())
            } else {
                let starts = self.starts.iter();
                let end = from + starts.filter_map(|start| cell[from..].find(start)).min()?;
                (end, end)
            };
            if self.starts.is_empty() || self.start_of(&cell[next..]).is_some() {
                return Some((end, next));
            }
            from = next;
        }
    }

    /// The length of the longest text of `starts` with which a text starts.
    fn start_of(&self, text: &str) -> Option<usize> {
        let starts = self.starts.iter().filter(|start| text.starts_with(start.as_str()));
        starts.map(String::len).max()
    }

    /// Refuses a field in which an escaped separator is before an assign that is not escaped: who
    /// escapes one escapes both, so that the backslash is the end of a value, and the separator one.
    fn check_escapes(&self, field: &str, assign: &str) -> Result<(), String> {
        let separators = [self.separator.as_deref(), self.fields.separator()];
        for separator in separators.into_iter().flatten().filter(|_| self.escape.is_some()) {
            let escaped = format!("{BACKSLASH}{separator}");
            let behind = field.split_once(&escaped).map(|(_, behind)| behind);
            if behind.is_some_and(|behind| parts::find(behind, assign, self.escape).is_some()) {
                return Err(format!(
                    "has a backslash before {separator:?} and {assign:?} behind that; it is not \
                     known whether the separator is a part of the value"
                ));
            }
        }
        Ok(())
    }

    /// The names of the fields.
    pub(super) fn names(&self) -> &[String] {
        match &self.fields {
            PackedFields::Whole => &[],
            PackedFields::Positions { names, .. } => names,
            PackedFields::Named(named) => &named.names,
        }
    }
}

impl PackedFields {
    /// What is between two fields.
    pub(super) fn separator(&self) -> Option<&str> {
        match self {
            Self::Whole => None,
            Self::Positions { separator, .. } => Some(separator),
            Self::Named(named) => Some(&named.separator),
        }
    }
}

impl<'a> PackedItem<'a> {
    /// The text of the field at an index; none if the item has no such field.
    pub(super) fn field(self, index: usize) -> Option<&'a str> {
        self.values().ok()?.get(index).copied().flatten()
    }

    /// The texts of all fields. An error is the end of a message.
    fn values(self) -> Result<Vec<Option<&'a str>>, String> {
        if self.text.is_empty() {
            return Err("is empty".into());
        }
        let escape = self.of.escape;
        match &self.of.fields {
            PackedFields::Whole => Ok(vec![Some(self.text)]),
            PackedFields::Positions { separator, names, n_fields } => {
                let values = Parts::new(self.text, separator, escape);
                let values: Vec<_> = values.map(|range| &self.text[range]).collect();
                if values.len() != *n_fields {
                    return Err(wrong_number(values.len(), separator, *n_fields, names));
                }
                Ok(values.into_iter().map(|value| Some(value.trim())).collect())
            }
            PackedFields::Named(named) => named.values(self.text, self.of),
        }
    }
}

impl NamedFields {
    fn values<'a>(&self, item: &'a str, of: &PackedItems) -> Result<Vec<Option<&'a str>>, String> {
        let mut values: Vec<Option<(usize, usize)>> = vec![None; self.names.len()];
        let mut last = None;
        for (index, range) in Parts::new(item, &self.separator, of.escape).enumerate() {
            let (piece, begin, end) = (&item[range.clone()], range.start, range.end);
            of.check_escapes(piece, &self.assign)?;
            let named = self.named(piece, of.escape);
            let known = named.and_then(|(name, _)| self.names.iter().position(|one| one == name));
            let number = index + 1;
            match (known, named) {
                _ if piece.trim().is_empty() => return Err(format!("has an empty field {number}")),
                (Some(known), Some((name, value))) => {
                    if values[known].is_some() {
                        return Err(format!("has the field {name:?} twice"));
                    }
                    values[known] = Some((begin + value, end));
                    last = Some(known);
                }
                (None, _) if self.are_listed => {
                    let Some((_, value_end)) = last.and_then(|last| values[last].as_mut()) else {
                        let all = quoted(&self.names);
                        return Err(format!("does not begin with a field of the names {all}"));
                    };
                    // The separator is a part of the value.
                    *value_end = end;
                }
                (None, None) => {
                    let assign = &self.assign;
                    return Err(format!(
                        "has no {assign:?} in its field {number}; if separators are parts of \
                         values, list all names in fields.names"
                    ));
                }
                _ => {}
            }
        }
        let lacks = |names: &&Vec<usize>| names.iter().all(|at| values[*at].is_none());
        if let Some(lacking) = self.required.iter().find(lacks) {
            let names: Vec<_> = lacking.iter().map(|at| format!("{:?}", self.names[*at])).collect();
            let (fields, them) =
                if names.len() == 1 { ("field", "it") } else { ("fields", "them") };
            return Err(format!(
                "lacks the {fields} {}; where it may lack {them}, its rule has optional = true",
                names.join(" and ")
            ));
        }
        let text = |(begin, end): (usize, usize)| item.get(begin..end).unwrap_or_default().trim();
        Ok(values.into_iter().map(|value| value.map(text)).collect())
    }

    /// The name of a field, and where its value begins.
    fn named<'a>(&self, piece: &'a str, escape: Option<DecodeText>) -> Option<(&'a str, usize)> {
        if let Some(at) = parts::find(piece, &self.assign, escape) {
            return Some((piece[..at].trim(), at + self.assign.len()));
        }
        // An empty value ends with the assign, whose blanks a cell does not keep.
        let bare = self.assign.trim_end();
        let name = piece.trim_end().strip_suffix(bare).filter(|_| !bare.is_empty())?;
        Some((name.trim(), piece.len()))
    }
}

/// The message about another number of fields than expected.
fn wrong_number(found: usize, separator: &str, expected: usize, names: &[String]) -> String {
    let fields = if found == 1 { "field" } else { "fields" };
    let hint = if names.is_empty() {
        "; fields.names lists all fields of an item".to_owned()
    } else {
        format!(": {}", quoted(names))
    };
    format!("has {found} {fields} between {separator:?}, expected {expected}{hint}")
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
}
