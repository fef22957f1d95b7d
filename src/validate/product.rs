//! The rules of further attributes of `product`: names that ADD does not use itself, values of their declared types.

use super::{
    extension::{self, name},
    findings::Findings,
};
use crate::model::{
    draft::{Cell, Cells},
    field::{ExtensionKey, Field},
    order::{Extension, ExtensionValue},
    problem::Code,
    route::Route,
};

/// What ADD's `product` has already.
const RESERVED_NAMES: [&str; 9] =
    ["type", "item_id", "name", "orderedAt", "quantity", "price", "productId", "currency", "referenceId"];

/// Where a flight begins and ends.
const AIRPORTS: [&str; 2] = ["origin", "destination"];

/// The further attributes among the cells of an item. A single event does not carry them, so there they are not checked:
/// that they stay behind is all that is told.
pub(super) fn check_attributes<'a>(cells: &Cells<'a>, route: Route, findings: &mut Findings) -> Extension<'a> {
    let mut attributes = Vec::new();
    for cell in cells.custom().filter(|cell| !cell.is_unparsable) {
        let Some(key) = key(cell) else { continue };
        match route {
            Route::Single => {
                let text = || ExtensionValue::Text(cell.text.clone());
                attributes.push((name(cell), extension::parse_value(cell, key.data_type).unwrap_or_else(text), cell));
            }
            Route::Multi => match value(cell, key) {
                Ok(value) => attributes.push((name(cell), value, cell)),
                Err(message) => findings.on_cell(Code::ProductAttribute, cell, message),
            },
        }
    }
    let (attributes, conflicting) = Extension::from_attributes(attributes);
    if route == Route::Multi {
        for cell in conflicting {
            findings.on_cell(Code::ProductAttribute, cell, extension::second_value_message(cell));
        }
    }
    attributes
}

/// The value of an attribute. An error says what is wrong with it.
fn value<'a>(cell: &Cell<'a>, key: &ExtensionKey) -> Result<ExtensionValue<'a>, String> {
    let ExtensionKey { name: key_name, data_type } = key;
    if RESERVED_NAMES.contains(&key_name.as_str()) {
        return Err(format!("{key_name:?} is one of the attributes that every ADD has"));
    }
    if key_name.is_empty() || !key_name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric()) {
        return Err(format!("{key_name:?} is no name: only letters, digits and _ may stand in it"));
    }
    extension::parse_value(cell, *data_type).ok_or_else(|| format!("{:?} is no {}", cell.text, data_type.name()))
}

/// "IATA"
pub(super) fn check_airports(cells: &Cells<'_>, findings: &mut Findings) {
    let is_code = |text: &str| text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_uppercase());
    for cell in cells.custom().filter(|cell| !cell.is_unparsable) {
        if key(cell).is_some_and(|key| AIRPORTS.contains(&key.name.as_str())) && !is_code(&cell.text) {
            let message = format!("{:?} is no IATA code of an airport, expected such as DUB", cell.text);
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
