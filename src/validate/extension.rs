//! The rules of extensions: at most 50 attributes, alphanumeric names, one type for ever.

use std::collections::HashMap;

use serde_json::value::RawValue;

use super::findings::Findings;
use crate::model::{
    draft::{Cell, Draft},
    field::{ExtensionKey, ExtensionKind, Field},
    money::Amount,
    order::Extension,
    problem::Code,
};

/// The manual's limit for one extension object.
const MOST_ATTRIBUTES: usize = 50;

/// The extension object's own members.
const TAKEN: [&str; 2] = ["name", "key"];

/// The type that each attribute has in this run: at the tenant it keeps it for ever.
pub(super) struct ExtensionKinds(HashMap<(bool, String), ExtensionKind>);

impl ExtensionKinds {
    /// The first declared type counts. JSON does not tell `10` from `10.0`, so whole numbers beside others are floats.
    pub(super) fn of(drafts: &[Draft]) -> Self {
        let mut kinds = HashMap::new();
        for draft in drafts.iter().filter(|draft| draft.skip.is_none()) {
            let cells = draft.cells.iter().chain(draft.items.iter().flat_map(|item| &item.cells));
            let sound = cells.filter(|cell| !cell.is_broken);
            for (is_item, key) in sound.filter_map(|cell| extension_key(&cell.field)) {
                match kinds.get_mut(&(is_item, key.name.clone())) {
                    None => drop(kinds.insert((is_item, key.name.clone()), key.kind)),
                    Some(known) if are_numbers(*known, key.kind) && *known != key.kind => *known = ExtensionKind::Float,
                    Some(_) => {}
                }
            }
        }
        Self(kinds)
    }

    fn kind(&self, is_item: bool, key: &ExtensionKey) -> ExtensionKind {
        self.0.get(&(is_item, key.name.clone())).copied().unwrap_or(key.kind)
    }
}

fn are_numbers(one: ExtensionKind, other: ExtensionKind) -> bool {
    let is_number = |kind| matches!(kind, ExtensionKind::Integer | ExtensionKind::Float);
    is_number(one) && is_number(other)
}

fn extension_key(field: &Field) -> Option<(bool, &ExtensionKey)> {
    match field {
        Field::Extension(key) => Some((false, key)),
        Field::ItemExtension(key) => Some((true, key)),
        _ => None,
    }
}

/// The extension attributes among the cells of an order or of an item.
pub(super) fn checked(cells: &[Cell], kinds: &ExtensionKinds, findings: &mut Findings) -> Extension {
    let mut extension = Extension::new();
    for cell in cells {
        let Some((is_item, key)) = extension_key(&cell.field) else { continue };
        let has_good_name = has_good_name(key, cell, findings);
        let kind = kinds.kind(is_item, key);
        if !cell.is_broken && kind != key.kind && !are_numbers(kind, key.kind) {
            let words = format!("{} here, but {} before: an attribute keeps its type", key.kind.name(), kind.name());
            findings.cell(Code::ExtensionTypeConflict, cell, words);
        } else if has_good_name && !cell.is_broken {
            let value = value(cell, kind, findings);
            let known = value.and_then(|value| extension.insert(key.name.clone(), value));
            if known.is_some_and(|known| extension.get(&key.name).is_some_and(|value| value.get() != known.get())) {
                findings.cell(Code::ExtensionValue, cell, format!("{:?} is a second value", cell.text));
            }
        }
    }
    if extension.len() > MOST_ATTRIBUTES {
        let words = format!("{} extension attributes, at most {MOST_ATTRIBUTES} are allowed", extension.len());
        findings.order(Code::TooManyExtensions, words);
    }
    extension
}

fn has_good_name(key: &ExtensionKey, cell: &Cell, findings: &mut Findings) -> bool {
    let name = key.name.as_str();
    let is_alphanumeric = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let fault = if name.contains(':') {
        let words =
            format!("{name:?} declares no known type; expected string, boolean, integer or float behind the colon");
        Some((Code::ExtensionTypeUnknown, words))
    } else if TAKEN.contains(&name) {
        Some((Code::ExtensionName, format!("{name:?} is taken by the extension object itself")))
    } else if is_alphanumeric {
        None
    } else {
        Some((Code::ExtensionName, format!("{name:?} is not alphanumeric")))
    };
    fault.map(|(code, words)| findings.cell(code, cell, words)).is_none()
}

fn value(cell: &Cell, kind: ExtensionKind, findings: &mut Findings) -> Option<Box<RawValue>> {
    let json = match kind {
        ExtensionKind::String => serde_json::to_string(&*cell.text).ok(),
        ExtensionKind::Boolean => {
            ["true", "false"].into_iter().find(|word| cell.text.eq_ignore_ascii_case(word)).map(str::to_owned)
        }
        ExtensionKind::Integer => cell.text.parse::<i64>().ok().map(|number| number.to_string()),
        ExtensionKind::Float => cell.text.parse().ok().map(float),
    };
    if json.is_none() {
        findings.cell(Code::ExtensionValue, cell, format!("{:?} is no {}", cell.text, kind.name()));
    }
    json.and_then(|json| RawValue::from_string(json).ok())
}

/// A float shows its point, or the tenant would take it for an integer.
fn float(amount: Amount) -> String {
    let digits = amount.to_string();
    if digits.contains('.') { digits } else { format!("{digits}.0") }
}
