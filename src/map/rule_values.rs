//! Table of values (`values`, `other` and `ignore_case` of a rule): the constants that stand for
//! the texts of the export.
//!
//! Compiled and asked by `rule`.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    key_errors::{KeyError, WHOLE_RULE},
    rule_text::{RuleText, TableValue},
    steps::Steps,
};
use crate::model::suggest::suggest;

/// The constants for the texts of the export.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RuleValues {
    /// By their texts, which are in lower case if `ignores_case`.
    entries: BTreeMap<String, TableEntry>,
    /// What other texts stand for.
    other: Option<TableEntry>,
    ignores_case: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum TableEntry {
    Value(String),
    Skip(Arc<str>),
    /// The text itself.
    Keep,
}

impl From<TableValue> for TableEntry {
    fn from(value: TableValue) -> Self {
        match value {
            TableValue::Text(text) => Self::Value(text),
            TableValue::Skip { skip } => Self::Skip(skip.into()),
        }
    }
}

/// What a text stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listed<'t> {
    /// This constant.
    Value(&'t str),
    /// The profile skips the order, for this reason.
    Skip(&'t Arc<str>),
    /// Itself.
    Kept,
    /// Nothing: the table lacks it.
    Unlisted,
}

impl RuleValues {
    /// Compiles the table of a rule, if it has one.
    pub(super) fn new(text: &RuleText) -> Result<Option<Self>, KeyError> {
        let Some(values) = &text.values else {
            let key = match (&text.other, text.ignore_case) {
                // That of a table of several columns.
                (Some(_), false) if text.table.is_some() => return Ok(None),
                (_, true) => "ignore_case",
                (Some(_), false) => "other",
                (None, false) => return Ok(None),
            };
            return Err((WHOLE_RULE, format!("has {key}, but no values")));
        };
        if values.is_empty() {
            let error = "is empty, expected texts of the export and what they stand for";
            return Err(("values", error.into()));
        }
        let mut entries = BTreeMap::new();
        for (from, to) in values {
            let key = if text.ignore_case { from.to_lowercase() } else { from.clone() };
            if entries.insert(key, TableEntry::from(to.clone())).is_some() {
                let message = format!("has {from:?} twice, since ignore_case is set");
                return Err(("values", message));
            }
        }
        let other = text.other.clone().map(|other| match other {
            TableValue::Text(keep) if keep == KEEP => TableEntry::Keep,
            other => other.into(),
        });
        Ok(Some(Self { entries, other, ignores_case: text.ignore_case }))
    }

    /// Whether all its values are constants of the profile.
    pub(super) fn has_constants_only(&self) -> bool {
        self.other != Some(TableEntry::Keep)
    }

    /// Whether the texts of the export may have another case than those of the table.
    pub(super) fn ignores_case(&self) -> bool {
        self.ignores_case
    }

    /// The texts that stand for something; for nothing, as an empty cell does, is no loss.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        let stands_for_nothing =
            |entry: &TableEntry| matches!(entry, TableEntry::Value(value) if value.is_empty());
        let entries = self.entries.iter().filter(move |(_, entry)| !stands_for_nothing(entry));
        entries.map(|(text, _)| text.as_str())
    }

    /// Whether texts stand for leaving out their order.
    pub(super) fn may_skip(&self) -> bool {
        let mut entries = self.entries.values().chain(&self.other);
        entries.any(|entry| matches!(entry, TableEntry::Skip(_)))
    }

    /// What a text stands for.
    pub(super) fn find(&self, text: &str, steps: &mut impl Steps) -> Listed<'_> {
        let listed = if self.ignores_case {
            self.entries.get(&text.to_lowercase())
        } else {
            self.entries.get(text)
        };
        let entry = listed.or(self.other.as_ref());
        steps.add(|| {
            let place = if listed.is_some() { "by the table" } else { "not in the table" };
            let becomes = match entry {
                Some(TableEntry::Skip(_)) => ", left out",
                Some(TableEntry::Keep) => ", kept",
                Some(TableEntry::Value(_)) | None => "",
            };
            format!("{place}{becomes}")
        });
        match entry {
            Some(TableEntry::Value(value)) => Listed::Value(value),
            Some(TableEntry::Skip(reason)) => Listed::Skip(reason),
            Some(TableEntry::Keep) => Listed::Kept,
            None => Listed::Unlisted,
        }
    }

    /// The message of the problem of a text that the table lacks.
    pub(super) fn unlisted_message(&self, text: &str) -> String {
        let suggestion = suggest(text, self.entries.keys().map(String::as_str));
        let hint = suggestion.map_or_else(String::new, |name| format!("; did you mean {name:?}?"));
        format!("{text:?} is not in the profile's values{hint}")
    }
}

/// The word of `other` for texts that stand for themselves.
pub(super) const KEEP: &str = "keep";
