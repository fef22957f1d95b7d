//! The type that each extension attribute has in this export and at the tenant.
//!
//! Collected from all drafts before any order is checked, since the first declared type of an
//! attribute counts. Does not check values, and does not read the ledger: the tenant's types are
//! passed in. Collected by `shuffle`, used by `validate`.

use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
};

use super::{
    draft::Draft,
    field::{AttributeTypes, ExtensionKey, ExtensionScope, ExtensionType},
};

/// Maximum number of attribute names in a run. More names are data in the place of names, and
/// memory must not grow with them.
pub const MAX_EXTENSION_NAMES: usize = 10_000;

/// Maximum number of keys that are recognised by their address instead of by name. A file of
/// records has only a few.
const MAX_KNOWN_KEYS: usize = 64;

/// The type of each extension attribute in this run. At the tenant an attribute keeps its type for
/// ever.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ExtensionTypes {
    types: HashMap<(ExtensionScope, String), SeenTypes>,
    /// Some attribute has several types. If none has, declared types are used without a lookup.
    has_conflict: bool,
    /// There are more names than the limit allows.
    exceeds_limit: bool,
    known_keys: Vec<Arc<ExtensionKey>>,
    /// The types that the tenant received in earlier runs.
    tenant_types: Arc<AttributeTypes>,
}

/// The types that one attribute has in this run.
#[derive(Debug, Clone, Copy, PartialEq)]
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
        let cells =
            draft.cells.custom().chain(draft.items.iter().flat_map(|item| item.cells.custom()));
        // An unparsable cell declares no type either: one such cell must not invalidate other
        // orders.
        let cells = cells.filter(|cell| !cell.is_unparsable);
        self.observe_keys(cells.filter_map(|cell| cell.field.extension_key()));
    }

    /// Whether attributes with these keys were observed, so that they show nothing more.
    pub fn has_observed<'k>(&self, mut keys: impl Iterator<Item = &'k Arc<ExtensionKey>>) -> bool {
        keys.all(|key| self.is_known(key))
    }

    /// Whether an attribute with this key was observed. Most cells of a file share the key of their
    /// column, so comparing addresses saves hashing the name.
    fn is_known(&self, key: &Arc<ExtensionKey>) -> bool {
        self.known_keys.iter().any(|known| Arc::ptr_eq(known, key))
    }

    /// Records the attributes of an order that is not skipped.
    pub fn observe_keys<'k>(
        &mut self,
        keys: impl Iterator<Item = (ExtensionScope, &'k Arc<ExtensionKey>)>,
    ) {
        for (scope, key) in keys {
            if !self.is_known(key) {
                self.observe_types((scope, key.name.clone()), SeenTypes::of(key.data_type));
                if self.known_keys.len() < MAX_KNOWN_KEYS {
                    self.known_keys.push(Arc::clone(key));
                }
            }
        }
    }

    fn observe_types(&mut self, name: (ExtensionScope, String), types: SeenTypes) {
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

    /// The type that the tenant received in earlier runs, if it received the attribute.
    #[must_use]
    pub fn tenant_type(&self, scope: ExtensionScope, name: &str) -> Option<ExtensionType> {
        self.tenant_types.get(scope, name)
    }

    /// The type that the attribute has in this run; `key` may declare another one.
    #[must_use]
    pub fn type_in_run(&self, scope: ExtensionScope, key: &ExtensionKey) -> ExtensionType {
        if self.is_uniform() {
            return key.data_type;
        }
        self.types
            .get(&(scope, key.name.clone()))
            .map_or(key.data_type, |types| types.effective_type())
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::*;
    use crate::model::{
        draft::{Cell, DraftKind, Notation},
        field::Field,
        origin::{FileId, Position},
        over_rows::OverRows,
    };

    const TYPES: [ExtensionType; 4] = [
        ExtensionType::String,
        ExtensionType::Boolean,
        ExtensionType::Integer,
        ExtensionType::Float,
    ];

    fn key(data_type: ExtensionType) -> ExtensionKey {
        ExtensionKey { name: "a".into(), data_type }
    }

    fn draft(data_type: ExtensionType) -> Draft<'static> {
        let cell = Cell {
            field: Cow::Owned(Field::Extension(Arc::new(key(data_type)))),
            text: "1".into(),
            time: None,
            at: Position { file: FileId(0), line: 1, column: None }.into(),
            is_unparsable: false,
            is_default: false,
            over_rows: OverRows::Equal,
            notation: Notation::Text,
        };
        Draft {
            key: "A-1".into(),
            key_is_number: false,
            rows: Vec::new(),
            cells: [cell].into_iter().collect(),
            items: Vec::new(),
            added_rows: Vec::new(),
            side_rows: Vec::new(),
            may_have_items: false,
            people: Vec::new(),
            refunds: Vec::new(),
            refund_records: Vec::new(),
            kind: DraftKind::Order,
            version: None,
            skip: None,
            problems: Vec::new().into(),
        }
    }

    fn observed(types: &[usize]) -> ExtensionTypes {
        let mut observed = ExtensionTypes::default();
        for index in types {
            observed.observe(&draft(TYPES[*index]));
        }
        observed
    }

    proptest! {
        /// Types are collected block by block; the block boundaries must not matter.
        #[test]
        fn merged_extension_types_equal_sequential_ones(
            types in prop::collection::vec(0_usize..4, 0..6),
            cuts in (0_usize..6, 0_usize..6),
        ) {
            let first = cuts.0.min(cuts.1).min(types.len());
            let second = cuts.0.max(cuts.1).min(types.len());
            let mut parts = observed(&types[..first]);
            parts.append(observed(&types[first..second]));
            parts.append(observed(&types[second..]));
            let whole = observed(&types);
            prop_assert_eq!(parts.is_uniform(), whole.is_uniform());
            for declared in TYPES.map(key) {
                let types = [&parts, &whole].map(|types| types.type_in_run(ExtensionScope::Order, &declared));
                prop_assert_eq!(types[0], types[1]);
            }
        }
    }
}
