//! Compilation of `items`: where the items of an order are.
//!
//! Called by `profile_compiler`.

use super::{
    item_paths::item_paths, items_text::ItemsText, key_errors::KeyErrors,
    packed_items::PackedItems, profile::FieldRule, repeated_items::RepeatedItems, rule::Rule,
};

/// Where the items of an order are, besides its rows.
#[derive(Default)]
pub(super) struct ItemsRules {
    pub(super) paths: Option<Vec<String>>,
    pub(super) packed: Option<PackedItems>,
    pub(super) repeated: Option<RepeatedItems>,
}

impl ItemsRules {
    /// Compiles the keys without what is wrong.
    pub(super) fn new(text: Option<ItemsText>, errors: &mut KeyErrors) -> Self {
        let Some(text) = text else { return Self::default() };
        let paths = item_paths(&text, errors);
        let packed = text
            .table
            .packed
            .and_then(|packed| errors.keep_below(&["items", "packed"], PackedItems::new(packed)));
        let repeated = text.table.repeated.and_then(|repeated| {
            let items = RepeatedItems::new(&repeated.columns);
            let key = ["items", "repeated", "columns"];
            items.map_err(|error| errors.add_at(&key, &error)).ok()
        });
        Self { paths, packed, repeated }
    }

    /// Completes them by the rules of all fields, and refuses those that find no items.
    pub(super) fn complete(&mut self, rules: &[FieldRule], errors: &mut KeyErrors) {
        let has_no_items = self.paths.as_ref().is_some_and(Vec::is_empty) && self.packed.is_none();
        if has_no_items && !errors.has_below(&["items"]) && rules.iter().any(reads_elements) {
            let error = "is empty, but [item] has a path; expected the path of the items";
            errors.add("items", error);
        }
        if let Some(packed) = &mut self.packed {
            packed.complete(rules, errors);
        }
        if let Some(repeated) = &mut self.repeated {
            let rules: Vec<_> = rules.iter().map(|rule| &rule.rule).collect();
            repeated.complete(&rules, errors);
        }
    }
}

/// Whether a rule reads a member of an item.
fn reads_elements(rule: &FieldRule) -> bool {
    let Rule { paths, .. } = &rule.rule;
    // The names of combined sources serve either format.
    rule.reads_items() && !paths.is_empty() && !rule.rule.has_shared_names()
}
