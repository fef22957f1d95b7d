//! Compilation of `items`: where the items of an order are.
//!
//! Called by `profile_keys`.

use super::{
    condition::CellSource,
    input_settings::MissingColumns,
    item_field::ItemField,
    item_paths::item_paths,
    items_text::ItemsText,
    key_errors::{KeyError, KeyErrors, WHOLE_RULE},
    packed_items::PackedItems,
    profile::FieldRule,
    repeated_items::RepeatedItems,
    rule::Rule,
};

/// Where the items of an order are, besides its rows.
#[derive(Default)]
pub(super) struct ItemsRules {
    pub(super) paths: Option<Vec<String>>,
    pub(super) packed: Option<PackedItems>,
    pub(super) repeated: Option<RepeatedItems>,
    /// What happens if the export lacks them.
    pub(super) missing: MissingColumns,
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
        let missing = match text.table.optional {
            Some(true) => MissingColumns::Allow,
            _ => MissingColumns::Refuse,
        };
        Self { paths, packed, repeated, missing }
    }

    /// The key that says where the items are; none if they are rows.
    pub(super) fn key(&self) -> Option<&'static str> {
        let keys = [
            (self.paths.is_some(), "items"),
            (self.packed.is_some(), "[items.packed]"),
            (self.repeated.is_some(), "[items.repeated]"),
        ];
        keys.into_iter().find(|(is_set, _)| *is_set).map(|(_, key)| key)
    }

    /// Whether they have a path, at which the paths of their rules begin.
    pub(super) fn have_path(&self) -> bool {
        self.paths.as_ref().is_some_and(|paths| !paths.is_empty())
    }

    /// Refuses fields of items that there are not, of a rule or a condition.
    pub(super) fn check_fields<'f>(
        &self,
        fields: impl IntoIterator<Item = &'f ItemField>,
        errors: &KeyErrors,
    ) -> Result<(), KeyError> {
        let mut fields = fields.into_iter().peekable();
        match (&self.packed, &self.repeated) {
            _ if fields.peek().is_none() => Ok(()),
            (Some(packed), _) => packed.check(fields),
            (None, Some(_)) => RepeatedItems::check(fields),
            (None, None) if errors.has_below(&["items"]) => Ok(()),
            (None, None) => {
                let error = "found a field of an item; expected [items.packed] or \
                             [items.repeated], or a column or path";
                Err((WHOLE_RULE, error.into()))
            }
        }
    }

    /// Completes them by the rules of all fields and what conditions test, and refuses those that
    /// find no items.
    pub(super) fn complete(
        &mut self,
        rules: &[FieldRule],
        tested: &[&CellSource],
        errors: &mut KeyErrors,
    ) {
        let has_no_items = self.paths.as_ref().is_some_and(Vec::is_empty) && self.packed.is_none();
        if has_no_items && !errors.has_below(&["items"]) && rules.iter().any(reads_elements) {
            let error = "is empty, but [item] has a path; expected the path of the items";
            errors.add("items", error);
        }
        if let Some(packed) = &mut self.packed {
            packed.complete(rules, tested, errors);
        }
        if let Some(repeated) = &mut self.repeated {
            let rules: Vec<_> = rules.iter().map(|rule| &rule.rule).collect();
            repeated.complete(&rules, tested, errors);
        }
    }
}

/// Whether a rule reads a member of an item.
fn reads_elements(rule: &FieldRule) -> bool {
    let Rule { paths, .. } = &rule.rule;
    // The names of combined sources serve either format.
    rule.reads_items() && !paths.is_empty() && !rule.rule.has_shared_names()
}
