//! Fast path of extension attributes: those of columns are checked once, those that documents name
//! one by one.
//!
//! Used by `plain`.

use std::collections::HashSet;

use super::extension::{is_valid_name, parse_value};
use crate::model::{
    extension_types::ExtensionTypes,
    field::{ExtensionKey, ExtensionScope, Field},
    order::Extension,
    rules::ExtensionRules,
};

/// The extension attributes that plain orders of one file may have.
#[derive(Clone, Copy)]
pub(super) struct PlainAttributes<'a> {
    rules: &'a ExtensionRules,
    types: &'a ExtensionTypes,
    are_checked: bool,
}

impl<'a> PlainAttributes<'a> {
    /// Checks the attributes of a file with these columns; none if a value of one is not plain. The
    /// attributes of documents, which have no columns, are checked when they are added.
    pub(super) fn new(
        fields: Option<Vec<&Field>>,
        rules: &'a ExtensionRules,
        types: &'a ExtensionTypes,
    ) -> Option<Self> {
        let attributes = Self { rules, types, are_checked: fields.is_some() };
        let mut names = HashSet::new();
        for (scope, key) in fields.into_iter().flatten().filter_map(Field::extension_key) {
            if !attributes.is_plain(scope, key) || !names.insert((scope, &key.name)) {
                return None;
            }
        }
        (names.len() <= rules.max_attributes).then_some(attributes)
    }

    /// Whether an attribute has a valid name and is sent with its own type.
    fn is_plain(self, scope: ExtensionScope, key: &ExtensionKey) -> bool {
        let tenant_type = self.types.tenant_type(scope, &key.name);
        is_valid_name(&key.name, self.rules)
            && tenant_type.unwrap_or_else(|| self.types.type_in_run(scope, key)) == key.data_type
    }

    /// Adds an attribute; none if it is not plain.
    pub(super) fn add(
        self,
        extension: &mut Extension<'a>,
        (scope, key): (ExtensionScope, &'a ExtensionKey),
        text: &'a str,
    ) -> Option<()> {
        if !self.are_checked {
            let has_room = extension.len() < self.rules.max_attributes;
            (has_room && self.is_plain(scope, key)).then_some(())?;
        }
        extension.add_new(&key.name, parse_value(&text.into(), key.data_type)?)
    }
}
