//! Rules of extensions: the number of attributes, alphanumeric names, one type per attribute for
//! ever.
//!
//! Does not collect the types that attributes have in a run: `ExtensionTypes` of the model has
//! them. Called by `order`, `items` and `product`.

use std::borrow::Cow;

use super::findings::Findings;
use crate::model::{
    draft::{Cell, Cells},
    extension_types::ExtensionTypes,
    field::{ExtensionKey, ExtensionType, Field},
    money::Amount,
    order::{Extension, ExtensionValue},
    problem::Code,
    rules::ExtensionRules,
};

/// Whether a value of the declared type can be sent as a value of another type.
fn can_be_sent_as(declared: ExtensionType, sent: ExtensionType) -> bool {
    declared == sent || (declared, sent) == (ExtensionType::Integer, ExtensionType::Float)
}

/// Checks the extension attributes among the cells of an order or of an item; returns the valid
/// ones.
pub(super) fn check_extension<'a>(
    cells: &Cells<'a>,
    rules: &ExtensionRules,
    types: &ExtensionTypes,
    findings: &mut Findings,
) -> Extension<'a> {
    let mut attributes = Vec::with_capacity(cells.custom().count());
    for cell in cells.custom() {
        let Some((scope, key)) = cell.field.extension_key() else { continue };
        let has_valid_name = has_valid_name(key, rules, cell, findings);
        let tenant_type = types.tenant_type(scope, &key.name);
        let data_type = tenant_type.unwrap_or_else(|| types.type_in_run(scope, key));
        if !cell.is_unparsable && !can_be_sent_as(key.data_type, data_type) {
            let before = if tenant_type.is_some() {
                "at the tenant, as an earlier run sent it"
            } else {
                "before"
            };
            let (here, expected) = (key.data_type.name(), data_type.name());
            let message =
                format!("{here} here, but {expected} {before}: an attribute keeps its type");
            findings.on_cell(Code::ExtensionTypeConflict, cell, message);
        } else if has_valid_name && !cell.is_unparsable {
            attributes
                .extend(value(cell, data_type, findings).map(|value| (name(cell), value, cell)));
        }
    }
    let (extension, conflicting) = Extension::from_attributes(attributes);
    for cell in conflicting {
        findings.on_cell(Code::ExtensionValue, cell, second_value_message(cell));
    }
    let (n_attributes, max_attributes) = (extension.len(), rules.max_attributes);
    if n_attributes > max_attributes {
        let message =
            format!("{n_attributes} extension attributes, at most {max_attributes} are allowed");
        findings.on_order(Code::TooManyExtensions, message);
    }
    extension
}

/// The message for a cell whose attribute already has a different value.
pub(super) fn second_value_message(cell: &Cell<'_>) -> String {
    format!("{:?} is a second value of this attribute", cell.text)
}

/// Returns the attribute name of a custom cell, whose name is the user's own.
pub(super) fn name<'a>(cell: &Cell<'a>) -> Cow<'a, str> {
    fn custom_name(field: &Field) -> &str {
        match field {
            Field::Extension(key) | Field::ItemExtension(key) | Field::ItemProduct(key) => {
                &key.name
            }
            _ => "",
        }
    }
    match &cell.field {
        Cow::Borrowed(field) => Cow::Borrowed(custom_name(field)),
        Cow::Owned(field) => Cow::Owned(custom_name(field).to_owned()),
    }
}

/// Whether an attribute may have this name.
pub(super) fn is_valid_name(name: &str, rules: &ExtensionRules) -> bool {
    let is_alphanumeric = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_alphanumeric && !rules.reserved_names.contains(&name)
}

/// Why an attribute cannot have this name; none if it can.
pub(super) fn name_error(name: &str, rules: &ExtensionRules) -> Option<String> {
    if is_valid_name(name, rules) {
        None
    } else if rules.reserved_names.contains(&name) {
        Some(format!("{name:?} is reserved by the extension object itself"))
    } else {
        Some(format!("{name:?} is not alphanumeric"))
    }
}

fn has_valid_name(
    key: &ExtensionKey,
    rules: &ExtensionRules,
    cell: &Cell<'_>,
    findings: &mut Findings,
) -> bool {
    let name = key.name.as_str();
    let Some(message) = name_error(name, rules) else { return true };
    let (code, message) = if name.contains(':') {
        // The mapper leaves an unknown type in the name.
        let message = format!(
            "{name:?} declares an unknown type; expected string, boolean, integer or float after \
             the colon"
        );
        (Code::ExtensionTypeUnknown, message)
    } else {
        (Code::ExtensionName, message)
    };
    findings.on_cell(code, cell, message);
    false
}

fn value<'a>(
    cell: &Cell<'a>,
    data_type: ExtensionType,
    findings: &mut Findings,
) -> Option<ExtensionValue<'a>> {
    let value = parse_value(&cell.text, data_type);
    if value.is_none() {
        findings.on_cell(Code::ExtensionValue, cell, invalid_value_message(cell, data_type));
    }
    value
}

/// The message for a cell whose value is not of the declared type.
pub(super) fn invalid_value_message(cell: &Cell<'_>, data_type: ExtensionType) -> String {
    format!("invalid {} {:?}", data_type.name(), cell.text)
}

/// Returns the value of a text if it is of this type.
pub(super) fn parse_value<'a>(
    text: &Cow<'a, str>,
    data_type: ExtensionType,
) -> Option<ExtensionValue<'a>> {
    match data_type {
        ExtensionType::String => Some(ExtensionValue::Text(text.clone())),
        ExtensionType::Boolean if text.eq_ignore_ascii_case("true") => {
            Some(ExtensionValue::Boolean(true))
        }
        ExtensionType::Boolean if text.eq_ignore_ascii_case("false") => {
            Some(ExtensionValue::Boolean(false))
        }
        ExtensionType::Boolean => None,
        ExtensionType::Integer => {
            text.parse::<i64>().ok().map(|number| ExtensionValue::Number(Amount(number.into())))
        }
        ExtensionType::Float => text.parse().ok().map(ExtensionValue::Float),
    }
}
