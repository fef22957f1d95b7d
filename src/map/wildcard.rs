//! Wildcard: the fields of a rule for any name, such as extension attributes.
//!
//! Used by `header_rules` for the columns of a header, and by `custom_members` for those of
//! documents.

use std::sync::Arc;

use super::{profile::FieldTarget, rule::Rule};
use crate::model::field::{ExtensionKey, ExtensionType, Field};

/// The field of a wildcard for a name such as `giftWrap:boolean`.
///
/// Without a type in the name it is that of the rule, of the JSON value, or else the wildcard's
/// default.
pub(super) fn wildcard_field(
    wildcard: &FieldTarget,
    rule: &Rule,
    name: &str,
    json_type: Option<ExtensionType>,
) -> Field {
    if let FieldTarget::AnyIdentifier = wildcard {
        return Field::Identifier(rule.provider(name));
    }
    // An unknown type remains part of the name, which validation rejects as not alphanumeric.
    let typed = name.rsplit_once(':').and_then(|(bare, type_name)| {
        Some((bare.trim(), ExtensionType::from_name(type_name.trim())?))
    });
    let (name, extension_type) = typed.unwrap_or_else(|| {
        let declared = rule.extension_type.or(json_type);
        (name, declared.unwrap_or_else(|| wildcard.default_type(name)))
    });
    let key = Arc::new(ExtensionKey { name: name.to_owned(), data_type: extension_type });
    match wildcard {
        FieldTarget::AnyItemExtension => Field::ItemExtension(key),
        FieldTarget::AnyItemProduct => Field::ItemProduct(key),
        _ => Field::Extension(key),
    }
}
