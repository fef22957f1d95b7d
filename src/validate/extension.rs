//! Rules of extensions: at most 50 attributes, alphanumeric names, one type per attribute for
//! ever.
//!
//! [`ExtensionTypes`] collects the types that attributes have in a run before any order is
//! checked. Does not read the ledger: the tenant's types are passed in. Called by `order`, `items`
//! and `product`, and by `pipeline` for the types.

use std::{
    borrow::Cow,
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use super::findings::Findings;
use crate::model::{
    draft::{Cell, Cells, Draft},
    field::{AttributeTypes, ExtensionKey, ExtensionScope, ExtensionType, Field},
    money::Amount,
    order::{Extension, ExtensionValue},
    problem::Code,
};

/// The manual's limit for one extension object.
const MAX_ATTRIBUTES: usize = 50;

/// The extension object's own members.
const RESERVED_NAMES: [&str; 2] = ["name", "key"];

/// Maximum number of attribute names in a run. More names are data in the place of names, and
/// memory must not grow with them.
pub const MAX_EXTENSION_NAMES: usize = 10_000;

/// Maximum number of keys that are recognised by their address instead of by name. A file of
/// records has only a few.
const MAX_KNOWN_KEYS: usize = 64;

/// The type of each extension attribute in this run. At the tenant an attribute keeps its type for
/// ever.
#[derive(Debug, Clone, Default)]
pub struct ExtensionTypes {
    types: HashMap<(bool, String), SeenTypes>,
    /// Some attribute has several types. If none has, declared types are used without a lookup.
    has_conflict: bool,
    /// There are more names than the limit allows.
    exceeds_limit: bool,
    known_keys: Vec<Arc<ExtensionKey>>,
    /// The types that the tenant received in earlier runs.
    tenant_types: Arc<AttributeTypes>,
}

/// The types that one attribute has in this run.
#[derive(Debug, Clone, Copy)]
struct SeenTypes {
    first: ExtensionType,
    has_floats: bool,
    has_several: bool,
}

impl SeenTypes {
    fn of(data_type: ExtensionType) -> Self {
        Self { first: data_type, has_floats: data_type == ExtensionType::Float, has_several: false }
    }

    fn append(&mut self, later: Self) {
        self.has_several |= later.has_several || later.first != self.first;
        self.has_floats |= later.has_floats;
    }

    /// The type that the attribute is sent with.
    fn effective_type(self) -> ExtensionType {
        match self.first {
            ExtensionType::Integer if self.has_floats => ExtensionType::Float,
            first => first,
        }
    }
}

impl ExtensionTypes {
    /// Sets the types that the tenant received in earlier runs; they take precedence over those of
    /// this run.
    pub fn set_tenant_types(&mut self, types: Arc<AttributeTypes>) {
        self.tenant_types = types;
    }

    /// Records the attributes of a draft. Drafts must come in input order, because the first
    /// declared type counts. JSON does not distinguish `10` from `10.0`, so an attribute with
    /// integers and floats is a float.
    pub fn observe(&mut self, draft: &Draft<'_>) {
        // A skipped order is not sent, so it declares no type.
        if draft.skip.is_some() {
            return;
        }
        let cells = draft.cells.custom().chain(draft.items.iter().flat_map(|item| item.cells.custom()));
        // An unparsable cell declares no type either: one such cell must not invalidate other
        // orders.
        for (is_item, key) in cells.filter(|cell| !cell.is_unparsable).filter_map(|cell| extension_key(&cell.field)) {
            // Most cells of a file share the key of their column, so comparing addresses saves
            // hashing the name.
            if !self.known_keys.iter().any(|known| Arc::ptr_eq(known, key)) {
                self.observe_types((is_item, key.name.clone()), SeenTypes::of(key.data_type));
                if self.known_keys.len() < MAX_KNOWN_KEYS {
                    self.known_keys.push(Arc::clone(key));
                }
            }
        }
    }

    fn observe_types(&mut self, name: (bool, String), types: SeenTypes) {
        let has_room = self.types.len() < MAX_EXTENSION_NAMES;
        let known = match self.types.entry(name) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(vacant) if has_room => vacant.insert(types),
            Entry::Vacant(_) => {
                self.exceeds_limit = true;
                return;
            }
        };
        known.append(types);
        self.has_conflict |= known.has_several;
    }

    /// Appends the types of a later part of the input.
    pub fn append(&mut self, later: Self) {
        self.exceeds_limit |= later.exceeds_limit;
        for (name, types) in later.types {
            self.observe_types(name, types);
        }
    }

    /// Whether there are more attributes than the limit allows.
    #[must_use]
    pub fn exceeds_limit(&self) -> bool {
        self.exceeds_limit
    }

    /// Whether every attribute has one type, so that orders can be checked independently of each
    /// other.
    #[must_use]
    pub fn is_uniform(&self) -> bool {
        !self.has_conflict
    }

    fn effective_type(&self, is_item: bool, key: &ExtensionKey) -> ExtensionType {
        if self.is_uniform() {
            return key.data_type;
        }
        self.types.get(&(is_item, key.name.clone())).map_or(key.data_type, |types| types.effective_type())
    }
}

/// Whether a value of the declared type can be sent as a value of another type.
fn can_be_sent_as(declared: ExtensionType, sent: ExtensionType) -> bool {
    declared == sent || (declared, sent) == (ExtensionType::Integer, ExtensionType::Float)
}

fn extension_key(field: &Field) -> Option<(bool, &Arc<ExtensionKey>)> {
    match field {
        Field::Extension(key) => Some((false, key)),
        Field::ItemExtension(key) => Some((true, key)),
        _ => None,
    }
}

/// Checks the extension attributes among the cells of an order or of an item; returns the valid
/// ones.
pub(super) fn check_extension<'a>(cells: &Cells<'a>, types: &ExtensionTypes, findings: &mut Findings) -> Extension<'a> {
    let mut attributes = Vec::with_capacity(cells.custom().count());
    for cell in cells.custom() {
        let Some((is_item, key)) = extension_key(&cell.field) else { continue };
        let has_valid_name = has_valid_name(key, cell, findings);
        let scope = if is_item { ExtensionScope::Item } else { ExtensionScope::Order };
        let tenant_type = types.tenant_types.get(scope, &key.name);
        let data_type = tenant_type.unwrap_or_else(|| types.effective_type(is_item, key));
        if !cell.is_unparsable && !can_be_sent_as(key.data_type, data_type) {
            let before = if tenant_type.is_some() { "at the tenant, as an earlier run sent it" } else { "before" };
            let (here, expected) = (key.data_type.name(), data_type.name());
            let message = format!("{here} here, but {expected} {before}: an attribute keeps its type");
            findings.on_cell(Code::ExtensionTypeConflict, cell, message);
        } else if has_valid_name && !cell.is_unparsable {
            attributes.extend(value(cell, data_type, findings).map(|value| (name(cell), value, cell)));
        }
    }
    let (extension, conflicting) = Extension::from_attributes(attributes);
    for cell in conflicting {
        findings.on_cell(Code::ExtensionValue, cell, second_value_message(cell));
    }
    if extension.len() > MAX_ATTRIBUTES {
        let message = format!("{} extension attributes, at most {MAX_ATTRIBUTES} are allowed", extension.len());
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
            Field::Extension(key) | Field::ItemExtension(key) | Field::ItemProduct(key) => &key.name,
            _ => "",
        }
    }
    match &cell.field {
        Cow::Borrowed(field) => Cow::Borrowed(custom_name(field)),
        Cow::Owned(field) => Cow::Owned(custom_name(field).to_owned()),
    }
}

fn has_valid_name(key: &ExtensionKey, cell: &Cell<'_>, findings: &mut Findings) -> bool {
    let name = key.name.as_str();
    let is_alphanumeric = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_alphanumeric && !RESERVED_NAMES.contains(&name) {
        return true;
    }
    let (code, message) = if name.contains(':') {
        // The mapper leaves an unknown type in the name.
        let message =
            format!("{name:?} declares an unknown type; expected string, boolean, integer or float after the colon");
        (Code::ExtensionTypeUnknown, message)
    } else if RESERVED_NAMES.contains(&name) {
        (Code::ExtensionName, format!("{name:?} is reserved by the extension object itself"))
    } else {
        (Code::ExtensionName, format!("{name:?} is not alphanumeric"))
    };
    findings.on_cell(code, cell, message);
    false
}

fn value<'a>(cell: &Cell<'a>, data_type: ExtensionType, findings: &mut Findings) -> Option<ExtensionValue<'a>> {
    let value = parse_value(cell, data_type);
    if value.is_none() {
        findings.on_cell(Code::ExtensionValue, cell, invalid_value_message(cell, data_type));
    }
    value
}

/// The message for a cell whose value is not of the declared type.
pub(super) fn invalid_value_message(cell: &Cell<'_>, data_type: ExtensionType) -> String {
    format!("invalid {} {:?}", data_type.name(), cell.text)
}

/// Returns the value of a cell if it is of this type.
pub(super) fn parse_value<'a>(cell: &Cell<'a>, data_type: ExtensionType) -> Option<ExtensionValue<'a>> {
    let text = &cell.text;
    match data_type {
        ExtensionType::String => Some(ExtensionValue::Text(text.clone())),
        ExtensionType::Boolean if text.eq_ignore_ascii_case("true") => Some(ExtensionValue::Boolean(true)),
        ExtensionType::Boolean if text.eq_ignore_ascii_case("false") => Some(ExtensionValue::Boolean(false)),
        ExtensionType::Boolean => None,
        ExtensionType::Integer => text.parse::<i64>().ok().map(|number| ExtensionValue::Number(Amount(number.into()))),
        ExtensionType::Float => text.parse().ok().map(ExtensionValue::Float),
    }
}
