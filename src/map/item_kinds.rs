//! Item kinds: the tables of `[[item]]`, of which each has the rules of one kind of items.
//!
//! Checked when a profile is compiled. Called by `profile_keys`.

use super::{
    items_text::ItemSource,
    key_errors::KeyErrors,
    one_or_list::OneOrList,
    profile::{FieldRule, ItemKindRules},
    profile_text::ItemText,
};
use crate::model::draft::ItemKind;

/// The kinds of a profile, whose conditions are compiled later. Without one of items that have a
/// row or an element of their own there is one without rules.
pub(super) fn item_kinds(texts: &OneOrList<ItemText>) -> Vec<ItemKindRules> {
    let kind = |(index, text): (u16, &ItemText)| {
        let is_of_order = text.from == Some(ItemSource::Order);
        ItemKindRules { kind: ItemKind { index, is_of_order }, when: None }
    };
    let mut kinds: Vec<_> = (0..).zip(&texts.tables).map(kind).collect();
    if kinds.iter().all(|of| of.kind.is_of_order) {
        let index = u16::try_from(kinds.len()).unwrap_or(u16::MAX);
        let kind = ItemKind { index, is_of_order: false };
        kinds.push(ItemKindRules { kind, when: None });
    }
    kinds
}

/// Refuses kinds of which an item may have several, and those that make no item.
pub(super) fn check_kinds(
    texts: &OneOrList<ItemText>,
    kinds: &[ItemKindRules],
    rules: &[FieldRule],
    errors: &mut KeyErrors,
) {
    let n_of_items = kinds.iter().filter(|of| !of.kind.is_of_order).count();
    for (index, (text, of)) in texts.tables.iter().zip(kinds).enumerate() {
        let name = index.to_string();
        let path = texts.path_of(&["item"], &name);
        let is_of_order = of.kind.is_of_order;
        if !is_of_order && n_of_items > 1 && text.when.is_none() {
            let error = "has no when, but other [[item]] tables are for rows or elements too; \
                         expected a when in each, of which one holds for an item";
            errors.add_at(&path, error);
        }
        let mut of_kind = rules.iter().filter(|rule| rule.is_of_items() && rule.kind == of.kind);
        let is_plain_item = !texts.is_list && text.when.is_none() && !is_of_order;
        if !is_plain_item && !of_kind.any(|rule| rule.rule.has_source()) && !errors.has_below(&path)
        {
            let error = "the table reads nothing of the export, and constants alone make no item; expected \
                         for example price = { column = \"Shipping\" }";
            errors.add_at(&path, error);
        }
    }
}
