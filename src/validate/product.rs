//! Rules of further attributes of a product: names that the target does not set itself, values of
//! their declared types.
//!
//! A route carries these attributes or drops them with a warning. Called by `items`.

use super::{
    extension::{self, name},
    findings::Findings,
};
use crate::model::{
    draft::{Cell, Cells},
    field::{ExtensionKey, Field},
    order::{Extension, ExtensionValue},
    problem::Code,
    rules::DetailRules,
};

/// Checks the further attributes among the cells of an item; returns the valid ones. Without rules
/// they are not sent, so they are not checked: only a warning reports them.
pub(super) fn check_attributes<'a>(
    cells: &Cells<'a>,
    rules: Option<&DetailRules>,
    findings: &mut Findings,
) -> Extension<'a> {
    let mut attributes = Vec::new();
    for cell in cells.custom().filter(|cell| !cell.is_unparsable) {
        let Some(key) = key(cell) else { continue };
        match rules {
            None => {
                // The names are needed for the warning, whatever the values are.
                let text = || ExtensionValue::Text(cell.text.clone());
                attributes.push((
                    name(cell),
                    extension::parse_value(&cell.text, key.data_type).unwrap_or_else(text),
                    cell,
                ));
            }
            Some(rules) => match value(cell, key, rules) {
                Ok(value) => attributes.push((name(cell), value, cell)),
                Err(message) => findings.on_cell(Code::ProductAttribute, cell, message),
            },
        }
    }
    let (attributes, conflicting) = Extension::from_attributes(attributes);
    if rules.is_some() {
        for cell in conflicting {
            findings.on_cell(Code::ProductAttribute, cell, extension::second_value_message(cell));
        }
    }
    attributes
}

/// Returns the value of an attribute, or the message of a problem.
fn value<'a>(
    cell: &Cell<'a>,
    key: &ExtensionKey,
    rules: &DetailRules,
) -> Result<ExtensionValue<'a>, String> {
    let ExtensionKey { name, data_type } = key;
    if let Some(message) = name_error(name, rules) {
        return Err(message);
    }
    extension::parse_value(&cell.text, *data_type)
        .ok_or_else(|| extension::invalid_value_message(cell, *data_type))
}

/// Why an attribute cannot have this name; none if it can.
pub(super) fn name_error(name: &str, rules: &DetailRules) -> Option<String> {
    if rules.reserved_names.contains(&name) {
        let by = rules.reserved_by;
        return Some(format!("{name:?} is reserved; {by} sets this attribute itself"));
    }
    let is_letter = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
    let is_valid = !name.is_empty() && name.bytes().all(is_letter);
    (!is_valid)
        .then(|| format!("invalid attribute name {name:?}; expected only letters, digits and _"))
}

/// Warns about airports that are not "IATA" codes: three upper-case letters. Whether the code
/// exists is not checked.
pub(super) fn check_airports(cells: &Cells<'_>, rules: &DetailRules, findings: &mut Findings) {
    let is_code =
        |text: &str| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    for cell in cells.custom().filter(|cell| !cell.is_unparsable) {
        if key(cell).is_some_and(|key| rules.airports.contains(&key.name.as_str()))
            && !is_code(&cell.text)
        {
            let message = format!(
                "implausible airport code {:?}; expected an IATA code such as DUB",
                cell.text
            );
            findings.on_cell(Code::AirportImplausible, cell, message);
        }
    }
}

fn key<'c>(cell: &'c Cell<'_>) -> Option<&'c ExtensionKey> {
    match &*cell.field {
        Field::ItemProduct(key) => Some(key),
        _ => None,
    }
}
