//! Known fields: those of the names that the documents of a file have shown, made once each.
//!
//! All cores add to them, and none is ever removed, so that values of any document refer to them.
//! Used by `bound_rule`.

use std::sync::OnceLock;

use crate::model::field::{ExtensionType, Field};

/// Maximum number of fields. Files have more only if names are data, and then searching for one
/// would take longer than making it.
const MAX_FIELDS: usize = 64;

/// The fields of one rule.
pub(super) struct KnownFields {
    /// Filled from the front.
    fields: Box<[OnceLock<KnownField>]>,
}

struct KnownField {
    name: Box<str>,
    json_type: Option<ExtensionType>,
    field: Field,
}

impl KnownFields {
    pub(super) fn new() -> Self {
        Self { fields: std::iter::repeat_with(OnceLock::new).take(MAX_FIELDS).collect() }
    }

    /// The field for a name and a type, which is `new` if it is the first one; none if there are
    /// too many.
    pub(super) fn get_or_insert(
        &self,
        name: &str,
        json_type: Option<ExtensionType>,
        new: impl Fn() -> Field,
    ) -> Option<&Field> {
        for known in &self.fields {
            let known =
                known.get_or_init(|| KnownField { name: name.into(), json_type, field: new() });
            if known.json_type == json_type && *known.name == *name {
                return Some(&known.field);
            }
        }
        None
    }
}
