//! Bound rule: a rule of a profile with the sources of its values in one file.
//!
//! `S` is where a rule finds a value: a column or a path. Made by `header_rules` and
//! `document_binding`, applied by `mapper`.

use std::borrow::Cow;

use super::{
    condition::Condition, known_fields::KnownFields, packed_items::PackedItems,
    profile::FieldTarget, rule::Rule, wildcard::wildcard_field,
};
use crate::model::{
    draft::{ItemKind, PersonRole},
    field::{ExtensionType, Field},
};

/// A rule bound to the sources of its values.
pub(super) enum BoundRule<'p, S> {
    /// The rule of one field.
    Field(FieldBinding<'p, S>),
    /// The rule of fields that documents name.
    Custom(CustomRule<'p, S>),
}

/// The rule of one field, bound to its sources: the first one, then the fallbacks in order.
pub(super) struct FieldBinding<'p, S> {
    pub(super) field: Field,
    pub(super) rule: &'p Rule,
    /// [`Field::index`] of the field, computed once per file instead of once per cell.
    pub(super) index: Option<usize>,
    /// [`Rule::is_verbatim`] of the rule.
    pub(super) is_verbatim: bool,
    /// The first filled one is used, unless the rule combines several.
    pub(super) sources: Vec<S>,
    /// For each name of a rule that combines them the index of its source; none if the file lacks
    /// it.
    pub(super) parts: Vec<Option<usize>>,
    /// For each source the member beside it that has a number's number of decimals, if it is read.
    pub(super) beside: Vec<S>,
    /// Where the wanted language is, if the rule takes a text in one of several.
    pub(super) language: Vec<S>,
    /// Where the rule counts; none if it counts everywhere.
    pub(super) when: Option<Condition<TestedSource<S>>>,
    /// [`Rule::companion`] of the rule.
    pub(super) companion: Option<Box<Self>>,
    /// The columns that its condition tests, and those of its companion.
    pub(super) tested: Vec<S>,
    /// Whether each row counts, also one that repeats the previous one: the values of the rows are
    /// added up, or the condition tests the row as it is in the file.
    pub(super) counts_each_row: bool,
    /// The index of the join whose rows it adds up, if it does.
    pub(super) added_join: Option<usize>,
    /// The rule of the same field that is tried where this one yields no value.
    pub(super) otherwise: Option<Box<Self>>,
}

/// The rules of one kind of items.
pub(super) struct BoundKind<'p, S> {
    pub(super) kind: ItemKind,
    /// Which items are of this kind, or for which rows of an order it counts; none if all are.
    pub(super) when: Option<Condition<TestedSource<S>>>,
    /// [`Profile::tests_own_amounts`](super::profile::Profile::tests_own_amounts).
    pub(super) tests_own_amounts: bool,
    pub(super) rules: Vec<BoundRule<'p, S>>,
}

/// The people of one role, and where they are.
pub(super) struct BoundPeople<'p, S> {
    pub(super) role: PersonRole,
    /// Their array in a document; none if each row is a person.
    pub(super) array: Option<ArraySource<'p, S>>,
    pub(super) rules: Vec<BoundRule<'p, S>>,
}

/// Where an array is.
pub(super) struct ArraySource<'p, S> {
    /// Its path, for messages.
    pub(super) path: &'p str,
    pub(super) source: S,
    /// Whether its path selects elements of arrays on the way.
    pub(super) walks_arrays: bool,
}

/// Where a document has the id of the one that it belongs to.
pub(super) struct ParentSource<'p, S> {
    pub(super) rule: &'p Rule,
    pub(super) source: S,
    /// What is wrong with a value that is no id.
    pub(super) no_id: String,
}

/// Where a list of items is.
pub(super) struct PackedSource<'p, S> {
    pub(super) items: &'p PackedItems,
    pub(super) source: S,
}

/// What a condition tests.
#[derive(Debug, Clone)]
pub(super) enum TestedSource<S> {
    /// A value of the row.
    Value(S),
    /// A cell, unless it has a text as a spreadsheet keeps it, which no condition would find.
    Guarded(S),
    /// No such column, which is allowed.
    Missing,
    /// The row as it is in the file.
    Raw,
}

impl<S> TestedSource<S> {
    /// The source of the value, if it is one of the row.
    pub(super) fn value_source(&self) -> Option<&S> {
        match self {
            Self::Value(source) | Self::Guarded(source) => Some(source),
            Self::Missing | Self::Raw => None,
        }
    }
}

impl<'p, S> FieldBinding<'p, S> {
    /// Binds a rule to a source for each of its names, or to none where the file lacks it.
    pub(super) fn new(field: Field, rule: &'p Rule, named: Vec<Option<S>>, beside: Vec<S>) -> Self {
        let (index, is_verbatim) = (field.index(), rule.is_verbatim());
        let mut n_sources = 0;
        let mut part = |source: &Option<S>| {
            source.is_some().then(|| {
                n_sources += 1;
                n_sources - 1
            })
        };
        let parts =
            if rule.combines() { named.iter().map(&mut part).collect() } else { Vec::new() };
        let sources = named.into_iter().flatten().collect();
        Self {
            field,
            rule,
            index,
            is_verbatim,
            sources,
            parts,
            beside,
            language: Vec::new(),
            when: None,
            companion: None,
            tested: Vec::new(),
            counts_each_row: rule.over_rows.is_sum(),
            added_join: None,
            otherwise: None,
        }
    }

    /// The first of several rules of one field, each followed by the next.
    pub(super) fn chained(rules: Vec<Self>) -> Option<Self> {
        let chain = |otherwise: Option<Self>, rule| {
            Some(Self { otherwise: otherwise.map(Box::new), ..rule })
        };
        rules.into_iter().rev().fold(None, chain)
    }

    /// The rule and those that are tried after it.
    pub(super) fn chain(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |rule| rule.otherwise.as_deref())
    }

    /// The sources of the values of all rules.
    pub(super) fn sources(&self) -> impl Iterator<Item = &S> {
        self.chain().flat_map(|rule| &rule.sources)
    }

    /// Whether the first filled value of the sources counts, wherever it is.
    pub(super) fn is_unconditional(&self) -> bool {
        self.when.is_none() && self.companion.is_none() && self.otherwise.is_none()
    }
}

impl<S> BoundKind<'_, S> {
    /// The sources of the values of all rules of single fields.
    pub(super) fn sources(&self) -> impl Iterator<Item = &S> {
        self.rules.iter().flat_map(BoundRule::sources)
    }
}

impl<'p, S> BoundRule<'p, S> {
    /// The binding of its field, if it is the rule of one.
    pub(super) fn binding(&self) -> Option<&FieldBinding<'p, S>> {
        match self {
            Self::Field(binding) => Some(binding),
            Self::Custom(_) => None,
        }
    }

    /// The sources of its values, if it is the rule of one field.
    pub(super) fn sources(&self) -> impl Iterator<Item = &S> {
        self.binding().into_iter().flat_map(FieldBinding::sources)
    }

    /// The field, if it is the rule of one.
    pub(super) fn field(&self) -> Option<&Field> {
        self.binding().map(|binding| &binding.field)
    }
}

/// A rule for any name, bound to the paths of its members.
pub(super) struct CustomRule<'p, S> {
    pub(super) target: &'p FieldTarget,
    pub(super) rule: &'p Rule,
    /// Where the rule counts; none if it counts everywhere.
    pub(super) when: Option<Condition<TestedSource<S>>>,
    pub(super) members: Vec<CustomMembers<'p, S>>,
    pub(super) known: KnownFields,
}

impl<S> CustomRule<'_, S> {
    /// The field for a name and the type of its value in JSON.
    pub(super) fn field(&self, name: &str, json_type: Option<ExtensionType>) -> Cow<'_, Field> {
        let new = || wildcard_field(self.target, self.rule, name, json_type);
        self.known_field(name, json_type).map_or_else(|| Cow::Owned(new()), Cow::Borrowed)
    }

    /// The same field, kept for all documents of the file; none if they have too many names.
    pub(super) fn known_field(
        &self,
        name: &str,
        json_type: Option<ExtensionType>,
    ) -> Option<&Field> {
        let new = || wildcard_field(self.target, self.rule, name, json_type);
        self.known.get_or_insert(name, json_type, new)
    }
}

/// Where the members are.
pub(super) enum CustomMembers<'p, S> {
    /// Those of the object at a path.
    Object(S),
    /// Those of the document or element itself whose names have this prefix.
    Prefix(&'p str),
}
