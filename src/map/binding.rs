//! Binding of a profile's rules to the columns of a header.
//!
//! Finds the columns of each rule once per file, expands wildcards, and reports columns that no
//! rule uses. Does not look at rows; called by `record_mapper`, and by
//! `document_mapper` for wildcards and messages.

use std::{collections::HashSet, sync::Arc};

use super::{
    condition::CellSource,
    error::{MapError, MissingName},
    input_settings::{MissingColumns, UnknownColumns},
    misspelling::misspelling,
    profile::{FieldRule, FieldTarget, Profile},
    rule::Rule,
};
use crate::model::{
    field::{ExtensionKey, ExtensionType, Field},
    origin::Position,
    problem::{Code, Problem},
    redact::redact,
    row::Header,
    suggest::{did_you_mean, suggest},
};

/// A rule bound to its columns (from 0): the first column, then the fallbacks in order.
pub(super) struct BoundRule<'p> {
    pub(super) field: Field,
    pub(super) rule: &'p Rule,
    /// [`Field::index`] of the field, computed once per file instead of once per cell.
    pub(super) index: Option<usize>,
    /// [`Rule::is_verbatim`] of the rule.
    pub(super) is_verbatim: bool,
    // Apart from the fallbacks: nearly all rules have one column, and a list access would take as
    // long as the access to the cell.
    pub(super) first_column: Option<usize>,
    pub(super) fallback_columns: Vec<usize>,
}

impl<'p> BoundRule<'p> {
    fn new(field: Field, rule: &'p Rule, columns: &[usize]) -> Self {
        let (first_column, fallback_columns) = match columns {
            [] => (None, Vec::new()),
            [first, others @ ..] => (Some(*first), others.to_vec()),
        };
        Self {
            index: field.index(),
            field,
            rule,
            is_verbatim: rule.is_verbatim(),
            first_column,
            fallback_columns,
        }
    }

    pub(super) fn columns(&self) -> impl Iterator<Item = usize> {
        self.first_column.into_iter().chain(self.fallback_columns.iter().copied())
    }
}

/// The columns of one header, and the names that the profile reads and the header lacks.
pub(super) struct HeaderColumns<'p> {
    profile: &'p Profile,
    header: &'p Header,
    file: &'p str,
    /// All columns that the profile reads.
    known: Vec<&'p str>,
    /// The missing columns: those that a file must have, and misspelt ones.
    pub(super) missing: Vec<MissingName>,
}

impl<'p> HeaderColumns<'p> {
    pub(super) fn new(profile: &'p Profile, header: &'p Header, file: &'p str) -> Self {
        Self { profile, header, file, known: known_columns(profile), missing: Vec::new() }
    }

    /// Binds rules. `name` returns the name of a field in messages.
    pub(super) fn bind_rules<'r>(
        &mut self,
        rules: &'r [FieldRule],
        name: impl Fn(&Field) -> String,
    ) -> Result<Vec<BoundRule<'r>>, MapError> {
        let mut bound = Vec::new();
        for field_rule in rules {
            let rule = &field_rule.rule;
            match &field_rule.target {
                FieldTarget::Field(field) => {
                    let is_required = !rule.may_be_missing()
                        && (self.profile.missing_columns == MissingColumns::Refuse
                            || self.profile.requires(field));
                    let columns = self.find_all(rule, &name(field), is_required)?;
                    // A rule without a column in this file and without a default yields nothing.
                    if !columns.is_empty() || rule.default_value.is_some() {
                        bound.push(BoundRule::new(field.clone(), rule, &columns));
                    }
                }
                wildcard => bound.extend(self.wildcard_columns(wildcard, rule)?),
            }
        }
        Ok(bound)
    }

    /// The columns of a rule that the header has. It is an error later if the header has none of
    /// them, and one is required or probably misspelt.
    pub(super) fn find_all(
        &mut self,
        rule: &Rule,
        field: &str,
        is_required: bool,
    ) -> Result<Vec<usize>, MapError> {
        let mut found = Vec::new();
        for column in &rule.columns {
            found.extend(self.find(column, field)?);
        }
        if found.is_empty()
            && let Some(first) = rule.columns.first()
        {
            let near = rule.columns.iter().find_map(|column| self.near(column));
            self.add_missing(first, field, is_required, near);
        }
        Ok(found)
    }

    /// The column of a condition, if the header has it.
    pub(super) fn find_tested(&mut self, source: &CellSource) -> Result<Option<usize>, MapError> {
        let name = source.column.as_deref().unwrap_or_default();
        let found = self.find(name, CONDITION)?;
        if found.is_none() {
            let near = self.near(name);
            self.add_missing(name, CONDITION, !source.is_optional, near);
        }
        Ok(found)
    }

    /// The index of a column, if the header has it; it is an error if it occurs twice.
    fn find(&self, column: &str, field: &str) -> Result<Option<usize>, MapError> {
        let mut indexes = self.header.names.iter().enumerate().filter(|(_, name)| *name == column);
        let index = indexes.next().map(|(index, _)| index);
        match indexes.next() {
            Some(_) => Err(self.ambiguous_column(column, field)),
            None => Ok(index),
        }
    }

    /// The column that no rule uses and that a missing one probably means.
    fn near(&self, column: &str) -> Option<String> {
        let names = self.header.names.iter().map(String::as_str);
        let unused = names.filter(|name| !self.is_known(name));
        misspelling(column, unused).map(str::to_owned)
    }

    fn is_known(&self, name: &str) -> bool {
        self.known.iter().any(|column| match column.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix) && name.len() > prefix.len(),
            None => *column == name,
        })
    }

    fn add_missing(&mut self, column: &str, field: &str, is_required: bool, near: Option<String>) {
        if self.missing.iter().any(|missing| missing.name == column) {
            return;
        }
        let names = self.header.names.iter().map(String::as_str);
        let hint = match (&near, self.header.names.as_slice()) {
            (Some(near), _) => did_you_mean(Some(near)),
            // The file probably has another delimiter, and a similar name would mislead.
            (None, [only]) if only.contains([';', '\t', '|']) => {
                "\n  hint: the header is one column; set delimiter in the profile".to_owned()
            }
            _ => did_you_mean(suggest(column, names)),
        };
        self.missing.push(MissingName {
            file: format!("{}:1", self.file),
            name: column.to_owned(),
            purpose: format!("the profile needs it for {field}"),
            is_path: false,
            is_required,
            near,
            hint,
        });
    }

    /// Returns an error if the file lacks columns that it must have, or has misspelt ones.
    pub(super) fn ensure_complete(&self) -> Result<(), MapError> {
        let mut missing = refused_names(&self.missing);
        let has_known = self.header.names.iter().any(|name| self.is_known(name));
        // Every name is missing then, and one says it.
        if !has_known {
            missing.truncate(1);
        }
        if let Some(first) = missing.first_mut().filter(|first| !has_known && first.hint.is_empty())
        {
            first.hint = first_line_hint(self.header);
        }
        if missing.is_empty() { Ok(()) } else { Err(MapError::Missing(missing)) }
    }

    fn ambiguous_column(&self, column: &str, field: &str) -> MapError {
        let (file, column, field) = (self.file.to_owned(), column.to_owned(), field.to_owned());
        MapError::AmbiguousColumn { file, column, field }
    }

    /// Binds a wildcard rule to each matching column that has no rule of its own.
    fn wildcard_columns<'r>(
        &self,
        wildcard: &FieldTarget,
        rule: &'r Rule,
    ) -> Result<Vec<BoundRule<'r>>, MapError> {
        let prefixes: Vec<&str> =
            rule.columns.iter().filter_map(|column| column.strip_suffix('*')).collect();
        let has_own_rule =
            |name: &String| self.profile.all_rules().any(|other| other.rule.columns.contains(name));
        // A set: comparing with all earlier names would be quadratic in the columns.
        let (mut bound, mut seen) = (Vec::new(), HashSet::new());
        let names = self.header.names.iter().enumerate();
        for (index, name) in names.filter(|(_, name)| !has_own_rule(name)) {
            let rest = prefixes
                .iter()
                .find_map(|prefix| name.strip_prefix(prefix))
                .filter(|rest| !rest.is_empty());
            if let Some(rest) = rest {
                let field = wildcard_field(wildcard, rule, rest, None);
                if !seen.insert(name) {
                    return Err(self.ambiguous_column(name, &field.to_string()));
                }
                bound.push(BoundRule::new(field, rule, &[index]));
            }
        }
        Ok(bound)
    }

    /// A warning for each column that no rule and no condition uses.
    pub(super) fn unknown_columns(&self) -> Vec<Problem> {
        if self.profile.unknown_columns == UnknownColumns::Ignore {
            return Vec::new();
        }
        let named = self.header.names.iter().zip(&self.header.positions);
        named
            .filter(|(name, _)| !self.is_known(name))
            .map(|(name, at)| unknown_column(name, *at, &self.known))
            .collect()
    }
}

/// What a condition's column is needed for, as part of a message.
const CONDITION: &str = "a condition";

/// Names of a header that a hint shows.
const SHOWN_NAMES: usize = 5;

/// A hint that shows what was taken for the header.
fn first_line_hint(header: &Header) -> String {
    let shown: Vec<String> = header
        .names
        .iter()
        .take(SHOWN_NAMES)
        .map(|name| format!("{:?}", if name.contains('@') { redact(name) } else { name.clone() }))
        .collect();
    let more = if header.names.len() > SHOWN_NAMES { ", …" } else { "" };
    format!(
        "\n  hint: none of the profile's columns is in the first line, {}{more}; is it a header?",
        shown.join(", ")
    )
}

/// The missing names for which the export is refused.
pub(super) fn refused_names(missing: &[MissingName]) -> Vec<MissingName> {
    missing.iter().filter(|name| name.is_required || name.near.is_some()).cloned().collect()
}

/// All columns that the profile reads.
fn known_columns(profile: &Profile) -> Vec<&str> {
    let rules = profile.all_rules().map(|rule| &rule.rule).chain([&profile.key]);
    let conditions = profile.order_conditions().chain(&profile.item_rows);
    let tested = conditions.flat_map(|condition| condition.sources());
    rules
        .flat_map(|rule| rule.columns.iter().map(String::as_str))
        .chain(tested.filter_map(|source| source.column.as_deref()))
        .collect()
}

/// The field of a wildcard for a name such as `giftWrap:boolean`.
///
/// Without a type in the name it is the type of the JSON value, or else the wildcard's default.
pub(super) fn wildcard_field(
    wildcard: &FieldTarget,
    rule: &Rule,
    name: &str,
    json_type: Option<ExtensionType>,
) -> Field {
    if let FieldTarget::AnyIdentifier = wildcard {
        return Field::Identifier(rule.provider(name));
    }
    let (name, extension_type) = match name.rsplit_once(':') {
        // An unknown type remains part of the name, which validation rejects as not alphanumeric.
        Some((bare, type_name)) => match ExtensionType::from_name(type_name.trim()) {
            Some(extension_type) => (bare.trim(), extension_type),
            None => (name, ExtensionType::String),
        },
        None => (name, json_type.unwrap_or_else(|| wildcard.default_type(name))),
    };
    let key = Arc::new(ExtensionKey { name: name.to_owned(), data_type: extension_type });
    match wildcard {
        FieldTarget::AnyItemExtension => Field::ItemExtension(key),
        FieldTarget::AnyItemProduct => Field::ItemProduct(key),
        _ => Field::Extension(key),
    }
}

pub(super) fn unknown_column(name: &str, at: Position, known: &[&str]) -> Problem {
    let hint = suggest(name, known.iter().copied())
        .map_or_else(String::new, |known| format!("; did you mean {known:?}?"));
    // In a file without a header the first row takes its place, and may contain an e-mail address.
    let name = if name.contains('@') { redact(name) } else { name.to_owned() };
    Problem::for_order(Code::UnknownColumn, at, format!("{name:?} is unknown and ignored{hint}"))
}
