//! Binding of a profile's rules to the columns of a header.
//!
//! Finds the columns of each rule once per file, expands wildcards, and reports columns that no
//! rule uses. Does not look at rows; called by `record_mapper`, and by
//! `document_mapper` for wildcards and messages.

use std::{collections::HashSet, sync::Arc};

use super::{
    error::MapError,
    input_settings::{MissingColumns, UnknownColumns},
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

/// Binds rules to the columns of a header. `name` returns the name of a field in messages.
pub(super) fn bind_rules<'p>(
    rules: &'p [FieldRule],
    name: impl Fn(&Field) -> String,
    profile: &Profile,
    header: &Header,
    file: &str,
) -> Result<Vec<BoundRule<'p>>, MapError> {
    let mut bound = Vec::new();
    for field_rule in rules {
        let rule = &field_rule.rule;
        match &field_rule.target {
            FieldTarget::Field(field) => {
                let columns =
                    find_columns(rule, &name(field), profile.missing_columns, header, file)?;
                // A rule without a column in this file and without a default yields nothing.
                if !columns.is_empty() || rule.default_value.is_some() {
                    bound.push(BoundRule::new(field.clone(), rule, &columns));
                }
            }
            wildcard => bound.extend(wildcard_columns(wildcard, rule, profile, header, file)?),
        }
    }
    Ok(bound)
}

/// The columns of a rule that the header has.
///
/// It is an error if the header has none of them, unless the profile allows it or the rule has a
/// default.
pub(super) fn find_columns(
    rule: &Rule,
    field: &str,
    missing: MissingColumns,
    header: &Header,
    file: &str,
) -> Result<Vec<usize>, MapError> {
    let mut found = Vec::new();
    for column in &rule.columns {
        found.extend(find_column(column, field, header, file)?);
    }
    let is_required = missing == MissingColumns::Refuse && rule.default_value.is_none();
    match rule.columns.first() {
        Some(column) if found.is_empty() && is_required => {
            Err(missing_column(column, field, header, file))
        }
        _ => Ok(found),
    }
}

/// The index of a column, if the header has it; it is an error if it occurs twice.
pub(super) fn find_column(
    column: &str,
    field: &str,
    header: &Header,
    file: &str,
) -> Result<Option<usize>, MapError> {
    let mut indexes =
        header.names.iter().enumerate().filter(|(_, name)| *name == column).map(|(index, _)| index);
    let index = indexes.next();
    if indexes.next().is_some() { Err(ambiguous_column(column, field, file)) } else { Ok(index) }
}

fn ambiguous_column(column: &str, field: &str, file: &str) -> MapError {
    let (file, column, field) = (file.to_owned(), column.to_owned(), field.to_owned());
    MapError::AmbiguousColumn { file, column, field }
}

pub(super) fn missing_column(column: &str, field: &str, header: &Header, file: &str) -> MapError {
    MapError::MissingColumn {
        file: file.to_owned(),
        column: column.to_owned(),
        field: field.to_owned(),
        hint: match header.names.as_slice() {
            // The file probably has another delimiter, and a similar name would mislead.
            [only] if only.contains([';', '\t', '|']) => {
                "\n  hint: the header is one column; set delimiter in the profile".to_owned()
            }
            names => did_you_mean(suggest(column, names.iter().map(String::as_str))),
        },
    }
}

/// Binds a wildcard rule to each matching column that has no rule of its own.
fn wildcard_columns<'p>(
    wildcard: &FieldTarget,
    rule: &'p Rule,
    profile: &Profile,
    header: &Header,
    file: &str,
) -> Result<Vec<BoundRule<'p>>, MapError> {
    let prefixes: Vec<&str> =
        rule.columns.iter().filter_map(|column| column.strip_suffix('*')).collect();
    let has_own_rule =
        |name: &String| profile.all_rules().any(|other| other.rule.columns.contains(name));
    // A set: comparing with all earlier names would be quadratic in the columns.
    let (mut bound, mut seen) = (Vec::new(), HashSet::new());
    for (index, name) in header.names.iter().enumerate().filter(|(_, name)| !has_own_rule(name)) {
        let rest = prefixes
            .iter()
            .find_map(|prefix| name.strip_prefix(prefix))
            .filter(|rest| !rest.is_empty());
        if let Some(rest) = rest {
            let field = wildcard_field(wildcard, rule, rest, None);
            if !seen.insert(name) {
                return Err(ambiguous_column(name, &field.to_string(), file));
            }
            bound.push(BoundRule::new(field, rule, &[index]));
        }
    }
    Ok(bound)
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

/// A warning for each column that no rule and no condition uses.
pub(super) fn unknown_columns(profile: &Profile, header: &Header) -> Vec<Problem> {
    if profile.unknown_columns == UnknownColumns::Ignore {
        return Vec::new();
    }
    let rules = profile.all_rules().map(|rule| &rule.rule).chain([&profile.key]);
    let conditions = profile.order_conditions().chain(&profile.item_rows);
    let tested = conditions.flat_map(|condition| condition.sources());
    let known: Vec<&str> = rules
        .flat_map(|rule| rule.columns.iter().map(String::as_str))
        .chain(tested.filter_map(|source| source.column.as_deref()))
        .collect();
    let is_known = |name: &str| {
        known.iter().any(|column| match column.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix) && name.len() > prefix.len(),
            None => *column == name,
        })
    };
    let named = header.names.iter().zip(&header.positions);
    named
        .filter(|(name, _)| !is_known(name))
        .map(|(name, at)| unknown_column(name, *at, &known))
        .collect()
}

pub(super) fn unknown_column(name: &str, at: Position, known: &[&str]) -> Problem {
    let hint = suggest(name, known.iter().copied())
        .map_or_else(String::new, |known| format!("; did you mean {known:?}?"));
    // In a file without a header the first row takes its place, and may contain an e-mail address.
    let name = if name.contains('@') { redact(name) } else { name.to_owned() };
    Problem::for_order(Code::UnknownColumn, at, format!("{name:?} is unknown and ignored{hint}"))
}
