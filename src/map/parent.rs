//! `parent`: lines of their own that belong to the document of an order, such as its items.
//!
//! Compiles the key; `child_documents` applies it. Called by `profile_keys`.

use super::{
    key_errors::{KeyError, KeyErrors},
    parent_text::ParentText,
    profile::Profile,
    profile_text::ProfileText,
    rule::Rule,
    rule_checks::check_path,
};
use crate::model::{guest_attributes::GuestAttributes, input::InputFormat};

/// Compiles the key, and refuses what contradicts it. `items_key` is the key of other items, if
/// the profile has any.
pub(super) fn compile_parent(
    profile: &mut ProfileText,
    items_key: Option<&str>,
    nulls: &[String],
    errors: &mut KeyErrors,
) -> Option<ParentRules> {
    let text = profile.parent.take()?;
    if profile.key.is_some() {
        errors.add("key", "contradicts parent, whose \"to\" is the order key");
    }
    if let Some(key) = items_key {
        let error = format!("contradicts {key}, which has the items within the document");
        errors.add("parent", &error);
    }
    if profile.checkout_events {
        errors.add("parent", "contradicts checkout_events, which are whole orders");
    }
    if profile.duplicates.is_some() {
        errors.add("duplicates", "contradicts parent: a document has no version of its lines");
    }
    if profile.format == Some(InputFormat::Csv) {
        errors.add("parent", "is for JSON, and format is \"csv\"");
    }
    errors.keep_below(&["parent"], ParentRules::new(text, nulls))
}

/// Refuses a profile that does not say which documents are items: the others are left out.
pub(super) fn check_item_rows(profile: &Profile, has_item_rows: bool, errors: &mut KeyErrors) {
    if profile.parent.is_some() && profile.maps_items() && !has_item_rows {
        errors.add("parent", "needs item_rows, which says which of the documents are items");
    }
}

/// The compiled key.
pub(super) struct ParentRules {
    /// The rule of the id of the parent, which is a path and no more.
    pub(super) parent: Rule,
    /// The rule of a document's own id, by which its children find it.
    pub(super) id: Rule,
}

impl ParentRules {
    /// Compiles the key. `nulls` are the texts that count as empty everywhere.
    pub(super) fn new(text: ParentText, nulls: &[String]) -> Result<Self, KeyErrors> {
        let ParentText { path, to, empty } = text;
        let mut errors = KeyErrors::default();
        errors.keep(ensure_one_value("path", &path));
        errors.keep(ensure_one_value("to", &to));
        if path == to {
            errors.add("to", "is the path of the parent too; expected that of a document's own id");
        }
        errors.ensure_none()?;
        let rule = |path, empty| {
            let attributes = GuestAttributes::Strict;
            let mut rule = Rule { paths: vec![path], empty, attributes, ..Rule::default() };
            rule.add_nulls(nulls);
            rule
        };
        Ok(Self { parent: rule(path, empty), id: rule(to, Vec::new()) })
    }
}

fn ensure_one_value(key: &'static str, path: &str) -> Result<(), KeyError> {
    check_path(path, false).map_err(|error| (key, error))
}
