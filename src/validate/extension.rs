//! The rules of extensions: at most 50 attributes, alphanumeric names, one type for ever.

use std::{
    borrow::Cow,
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use super::findings::Findings;
use crate::model::{
    draft::{Cell, Cells, Draft},
    field::{ExtensionKey, ExtensionKind, ExtensionScope, ExtensionTypes, Field},
    money::Amount,
    order::{Extension, ExtensionValue},
    problem::Code,
};

/// The manual's limit for one extension object.
const MOST_ATTRIBUTES: usize = 50;

/// The extension object's own members.
const TAKEN: [&str; 2] = ["name", "key"];

/// More names than this are data that stands where names should, and memory shall not grow with them.
pub const MOST_NAMES: usize = 10_000;

/// Keys that are known again by where they lie; a file of records has a few.
const MOST_SEEN: usize = 64;

/// The type that each attribute has in this run: at the tenant it keeps it for ever.
#[derive(Debug, Clone, Default)]
pub struct ExtensionKinds {
    kinds: HashMap<(bool, String), Kinds>,
    /// Some attribute has several types. Where none has, none need be asked for.
    is_mixed: bool,
    /// There are more names than are kept.
    are_too_many: bool,
    seen: Vec<Arc<ExtensionKey>>,
    /// The types that the tenant has seen in earlier runs.
    at_tenant: Arc<ExtensionTypes>,
}

/// The types that one attribute has.
#[derive(Debug, Clone, Copy)]
struct Kinds {
    first: ExtensionKind,
    has_floats: bool,
    are_several: bool,
}

impl Kinds {
    fn of(data_type: ExtensionKind) -> Self {
        Self { first: data_type, has_floats: data_type == ExtensionKind::Float, are_several: false }
    }

    fn append(&mut self, later: Self) {
        self.are_several |= later.are_several || later.first != self.first;
        self.has_floats |= later.has_floats;
    }

    /// The one that counts.
    fn kind(self) -> ExtensionKind {
        match self.first {
            ExtensionKind::Integer if self.has_floats => ExtensionKind::Float,
            first => first,
        }
    }
}

impl ExtensionKinds {
    /// The types that the tenant has seen in earlier runs count before those of this run.
    pub fn set_at_tenant(&mut self, types: Arc<ExtensionTypes>) {
        self.at_tenant = types;
    }

    /// Takes note of the attributes of a draft, in the order of the input. The first declared type counts. JSON does not
    /// tell `10` from `10.0`, so whole numbers beside others are floats.
    pub fn note(&mut self, draft: &Draft<'_>) {
        if draft.skip.is_some() {
            return;
        }
        let cells = draft.cells.free().chain(draft.items.iter().flat_map(|item| item.cells.free()));
        for (is_item, key) in cells.filter(|cell| !cell.is_broken).filter_map(|cell| extension_key(&cell.field)) {
            if !self.seen.iter().any(|known| Arc::ptr_eq(known, key)) {
                self.note_kinds((is_item, key.name.clone()), Kinds::of(key.kind));
                if self.seen.len() < MOST_SEEN {
                    self.seen.push(Arc::clone(key));
                }
            }
        }
    }

    fn note_kinds(&mut self, name: (bool, String), kinds: Kinds) {
        let has_room = self.kinds.len() < MOST_NAMES;
        let known = match self.kinds.entry(name) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(vacant) if has_room => vacant.insert(kinds),
            Entry::Vacant(_) => {
                self.are_too_many = true;
                return;
            }
        };
        known.append(kinds);
        self.is_mixed |= known.are_several;
    }

    /// Adds those of a later part of the input.
    pub fn append(&mut self, later: Self) {
        self.are_too_many |= later.are_too_many;
        for (name, types) in later.kinds {
            self.note_kinds(name, types);
        }
    }

    /// Whether there are more attributes than can be told apart.
    #[must_use]
    pub fn are_too_many(&self) -> bool {
        self.are_too_many
    }

    /// Whether every attribute has one type, so that none needs to know of another.
    #[must_use]
    pub fn agree(&self) -> bool {
        !self.is_mixed
    }

    fn kind(&self, is_item: bool, key: &ExtensionKey) -> ExtensionKind {
        if self.agree() {
            return key.kind;
        }
        self.kinds.get(&(is_item, key.name.clone())).map_or(key.kind, |types| types.kind())
    }
}

/// Whether a value of one type can be sent as one of another.
fn can_be_sent_as(declared: ExtensionKind, sent: ExtensionKind) -> bool {
    declared == sent || (declared, sent) == (ExtensionKind::Integer, ExtensionKind::Float)
}

fn extension_key(field: &Field) -> Option<(bool, &Arc<ExtensionKey>)> {
    match field {
        Field::Extension(key) => Some((false, key)),
        Field::ItemExtension(key) => Some((true, key)),
        _ => None,
    }
}

/// The extension attributes among the cells of an order or of an item.
pub(super) fn checked<'a>(cells: &Cells<'a>, kinds: &ExtensionKinds, findings: &mut Findings) -> Extension<'a> {
    let mut attributes = Vec::with_capacity(cells.free().count());
    for cell in cells.free() {
        let Some((is_item, key)) = extension_key(&cell.field) else { continue };
        let has_good_name = has_good_name(key, cell, findings);
        let scope = if is_item { ExtensionScope::Item } else { ExtensionScope::Order };
        let at_tenant = kinds.at_tenant.get(scope, &key.name);
        let kind = at_tenant.unwrap_or_else(|| kinds.kind(is_item, key));
        if !cell.is_broken && !can_be_sent_as(key.kind, kind) {
            let before = if at_tenant.is_some() { "at the tenant, as an earlier run sent it" } else { "before" };
            let (here, expected) = (key.kind.name(), kind.name());
            let message = format!("{here} here, but {expected} {before}: an attribute keeps its type");
            findings.cell(Code::ExtensionTypeConflict, cell, message);
        } else if has_good_name && !cell.is_broken {
            attributes.extend(value(cell, kind, findings).map(|value| (name(cell), value, cell)));
        }
    }
    let (extension, conflicting) = Extension::of(attributes);
    for cell in conflicting {
        findings.cell(Code::ExtensionValue, cell, second_value(cell));
    }
    if extension.len() > MOST_ATTRIBUTES {
        let message = format!("{} extension attributes, at most {MOST_ATTRIBUTES} are allowed", extension.len());
        findings.order(Code::TooManyExtensions, message);
    }
    extension
}

/// What is wrong with a cell whose attribute has another value already.
pub(super) fn second_value(cell: &Cell<'_>) -> String {
    format!("{:?} is a second value", cell.text)
}

/// The name of the attribute that a cell fills whose name is the user's own.
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

fn has_good_name(key: &ExtensionKey, cell: &Cell<'_>, findings: &mut Findings) -> bool {
    let name = key.name.as_str();
    let is_alphanumeric = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_alphanumeric && !TAKEN.contains(&name) {
        return true;
    }
    let (code, message) = if name.contains(':') {
        let message =
            format!("{name:?} declares no known type; expected string, boolean, integer or float behind the colon");
        (Code::ExtensionTypeUnknown, message)
    } else if TAKEN.contains(&name) {
        (Code::ExtensionName, format!("{name:?} is taken by the extension object itself"))
    } else {
        (Code::ExtensionName, format!("{name:?} is not alphanumeric"))
    };
    findings.cell(code, cell, message);
    false
}

fn value<'a>(cell: &Cell<'a>, data_type: ExtensionKind, findings: &mut Findings) -> Option<ExtensionValue<'a>> {
    let value = parsed(cell, data_type);
    if value.is_none() {
        findings.cell(Code::ExtensionValue, cell, format!("{:?} is no {}", cell.text, data_type.name()));
    }
    value
}

/// The value of a cell, if it is of this type.
pub(super) fn parsed<'a>(cell: &Cell<'a>, kind: ExtensionKind) -> Option<ExtensionValue<'a>> {
    let text = &cell.text;
    match kind {
        ExtensionKind::String => Some(ExtensionValue::Text(text.clone())),
        ExtensionKind::Boolean if text.eq_ignore_ascii_case("true") => Some(ExtensionValue::Boolean(true)),
        ExtensionKind::Boolean if text.eq_ignore_ascii_case("false") => Some(ExtensionValue::Boolean(false)),
        ExtensionKind::Boolean => None,
        ExtensionKind::Integer => text.parse::<i64>().ok().map(|number| ExtensionValue::Number(Amount(number.into()))),
        ExtensionKind::Float => text.parse().ok().map(ExtensionValue::Float),
    }
}
