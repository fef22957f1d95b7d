//! Item kinds: the tables of `[[item]]`, of which each has the rules of one kind of items.
//!
//! Checked when a profile is compiled. Called by `profile_keys`.

use super::{
    items_text::ItemsFrom,
    join_text::{JoinItemsText, JoinText},
    key_errors::KeyErrors,
    one_or_list::OneOrList,
    profile::{FieldRule, ItemKindRules},
    profile_text::ItemText,
};
use crate::model::{
    draft::{ItemKind, ItemSource},
    suggest::suggest,
};

/// The kinds of a profile, whose conditions are compiled later. Without one of the items of the
/// orders there is one without rules.
pub(super) fn item_kinds(
    texts: &OneOrList<ItemText>,
    joins: &[JoinText],
    errors: &mut KeyErrors,
) -> Vec<ItemKindRules> {
    let is_of_orders =
        |text: &ItemText| matches!(text.from.as_ref().unwrap_or_default(), ItemsFrom::Items);
    let has_own = texts.tables.iter().any(is_of_orders);
    let mut kinds = Vec::new();
    for (index, text) in (0..).zip(&texts.tables) {
        let (source, join) = match text.from.as_ref().unwrap_or_default() {
            ItemsFrom::Items => (ItemSource::Items, None),
            ItemsFrom::Order => (ItemSource::Order, None),
            ItemsFrom::Join(name) => {
                let join = joins.iter().position(|join| join.r#as == *name && has_items(join));
                if join.is_none() {
                    let place = index.to_string();
                    let path = [texts.path_of(&["item"], &place).as_slice(), &["from"]].concat();
                    errors.add_at(&path, &unknown_source(name, joins));
                }
                // Without others they are the items of the orders.
                (if has_own { ItemSource::Join } else { ItemSource::Items }, join)
            }
        };
        kinds.push(ItemKindRules { kind: ItemKind { index, source }, join, when: None });
    }
    if kinds.iter().all(|of| of.kind.source != ItemSource::Items) {
        let index = u16::try_from(kinds.len()).unwrap_or(u16::MAX);
        let kind = ItemKind { index, source: ItemSource::Items };
        kinds.push(ItemKindRules { kind, join: None, when: None });
    }
    kinds
}

fn has_items(join: &JoinText) -> bool {
    join.items.as_ref().is_some_and(|items| *items != JoinItemsText::Rows(false))
}

/// The error of a name that no join with items has.
fn unknown_source(name: &str, joins: &[JoinText]) -> String {
    if joins.iter().any(|join| join.r#as == name) {
        return format!("the join {name:?} has no items; expected items = true in it");
    }
    let sources = joins.iter().map(|join| join.r#as.as_str()).chain(["items", "order"]);
    let expected = match suggest(name, sources) {
        Some(near) => format!("meant {near:?}?"),
        None => {
            "expected \"items\", \"order\" or the name of a [[join]] with items = true".to_owned()
        }
    };
    format!("unknown value {name:?}; {expected}")
}

/// Refuses kinds of which an item may have several, and those that make no item.
pub(super) fn check_kinds(
    texts: &OneOrList<ItemText>,
    kinds: &[ItemKindRules],
    rules: &[FieldRule],
    errors: &mut KeyErrors,
) {
    for (index, (text, of)) in texts.tables.iter().zip(kinds).enumerate() {
        let name = index.to_string();
        let path = texts.path_of(&["item"], &name);
        let is_of_order = of.kind.source == ItemSource::Order;
        let others = kinds
            .iter()
            .zip(&texts.tables)
            .filter(|(other, _)| other.kind.source == of.kind.source && other.join == of.join);
        if !is_of_order && text.when.is_none() && others.count() > 1 {
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
