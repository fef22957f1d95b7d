//! Where a profile looks for the value that a problem concerns: columns or paths, and the place of
//! the value in a row.
//!
//! Changes no value. Called by `excerpt`, and by `pipeline` for the problems of each order.

use std::{borrow::Cow, collections::BTreeSet};

use super::{
    path::{Path, PathEnd},
    profile::{FieldRule, FieldTarget, Profile},
    rule::Rule,
    view::Value,
};
use crate::model::{
    document::JsonNode,
    draft::{Cell, CellOrigin, Draft, ItemKind},
    field::Field,
    origin::{Position, RowOrigin},
    problem::{Code, Problem},
    record::Record,
    redact::without_address,
    row::{Row, RowContent},
};

/// Gives a problem of a row as a whole the columns or the paths of the rules that it concerns, and
/// the position of their cell in that row: where a value is missing, or where a key is.
pub fn name_columns(profile: &Profile, draft: &Draft<'_>, problem: &mut Problem) {
    if problem.at.column.is_some() || problem.column_name.is_some() {
        return;
    }
    // Other kinds of items have other columns.
    let here: Vec<_> = draft.items.iter().filter(|item| item.at.position() == problem.at).collect();
    let is_kind = |kind| here.is_empty() || here.iter().any(|item| item.kind == kind);
    let sought = Sought::of(profile, problem, is_kind);
    if sought.rules.is_empty() {
        return;
    }
    let row = row_at(draft, problem.at);
    let is_record = row.map_or_else(|| draft.has_columns(), |row| row.record().is_some());
    let names = sought.names(is_record);
    problem.column_name = Some(names.join(", ")).filter(|names| !names.is_empty());
    // A joined file is not the row.
    if let Some(at) = row.and_then(|row| sought.position_in(row))
        && at.file == problem.at.file
    {
        problem.at = at;
    }
}

/// The row at this position, if the draft has a value of it. None of several documents on one line.
fn row_at<'a>(draft: &Draft<'a>, at: Position) -> Option<&'a Row<'a>> {
    let of_items =
        draft.items.iter().flat_map(|item| [item.at].into_iter().chain(origins(&item.cells)));
    let mut rows = origins(&draft.cells).chain(of_items).filter_map(|origin| origin.row());
    let row = rows.find(|row| row.origin.position() == at)?;
    rows.all(|other| other.origin == row.origin || other.origin.position() != at).then_some(row)
}

fn origins<'d, 'a>(cells: &'d [Cell<'a>]) -> impl Iterator<Item = CellOrigin<'a>> + 'd {
    cells.iter().map(|cell| cell.at)
}

/// The rules that a problem concerns, which look for a value.
#[derive(Default)]
pub(super) struct Sought<'p> {
    rules: Vec<&'p Rule>,
    /// Whether the value is there, and not missing.
    is_there: bool,
}

impl<'p> Sought<'p> {
    /// Nowhere for a problem that concerns no rule. Of the kinds of items some are meant.
    pub(super) fn of(
        profile: &'p Profile,
        problem: &Problem,
        is_kind: impl Fn(ItemKind) -> bool,
    ) -> Self {
        let is_of_reference = problem.is_of_reference();
        let is_of = |rule: &&FieldRule| match &rule.target {
            FieldTarget::Field(Field::ReferenceId) if is_of_reference => true,
            FieldTarget::Field(Field::Identifier(_)) | FieldTarget::AnyIdentifier
                if problem.code == Code::MissingIdentifier =>
            {
                true
            }
            FieldTarget::Field(field) => {
                Some(field.to_string()) == problem.field
                    && (!rule.is_of_items() || is_kind(rule.kind))
            }
            _ => false,
        };
        let rules = match problem.code {
            Code::ParentMissing | Code::ParentCircle => profile.parent.iter().collect(),
            _ if problem.is_of_key() => vec![&profile.key],
            _ if problem.field.is_none() && !is_of_reference => Vec::new(),
            _ => profile.rules.iter().filter(is_of).map(|rule| &rule.rule).collect(),
        };
        Self { rules, is_there: is_of_reference }
    }

    /// The columns or the paths, as far as they can be shown.
    pub(super) fn names(&self, is_record: bool) -> Vec<Cow<'p, str>> {
        let mut names: Vec<_> = Vec::new();
        for rule in self.rules.iter().flat_map(|rule| rule.readers()) {
            let of_rule = if is_record { &rule.columns } else { &rule.paths };
            names.extend(of_rule.iter().map(|name| without_address(name)));
        }
        let mut known = BTreeSet::new();
        names.retain(|name| known.insert(name.clone()));
        names
    }

    /// The position of the value in a row, if it is there.
    fn position_in(&self, row: &Row<'_>) -> Option<Position> {
        let origin = &row.origin;
        match &row.content {
            RowContent::Record(record) => {
                let index = self.cell(record, origin, origin.position())?;
                Some(record.position(origin, index))
            }
            RowContent::Document(document) => {
                Some(self.value_in(document.root())?.1.position(origin))
            }
            RowContent::Unreadable(_) => None,
        }
    }

    /// The index of the cell at this position, or else of the first empty one that is looked at, or
    /// of the only one.
    pub(super) fn cell(
        &self,
        record: &Record<'_>,
        origin: &RowOrigin,
        at: Position,
    ) -> Option<usize> {
        if at.column.is_some() {
            return record.positions(origin).iter().position(|cell| *cell == at);
        }
        let names = &record.header.names;
        let rule_of = |index| self.rules.iter().find(|rule| rule.reads_column(names, index));
        let cells: Vec<_> =
            (0..names.len()).filter_map(|index| Some((index, rule_of(index)?))).collect();
        let is_empty = |(index, rule): &&(usize, &&Rule)| rule.yields_nothing(record.cell(*index));
        if self.is_there {
            let index_of = |rule: &Rule, column: &String| {
                (0..names.len())
                    .find(|index| names[*index] == *column && rule.reads_column(names, *index))
                    .filter(|index| !rule.yields_nothing(record.cell(*index)))
            };
            let mut columns = self
                .rules
                .iter()
                .flat_map(|rule| rule.columns.iter().map(move |column| (*rule, column)));
            return columns.find_map(|(rule, column)| index_of(rule, column));
        }
        match (cells.iter().find(is_empty), cells.as_slice()) {
            (Some((index, _)), _) | (None, [(index, _)]) => Some(*index),
            _ => None,
        }
    }

    /// The index of the value at this position; of an object that lacks a value its member, if it
    /// is there and empty.
    pub(super) fn member(
        &self,
        nodes: &[(JsonNode<'_>, &str)],
        origin: &RowOrigin,
        at: Position,
    ) -> Option<usize> {
        let is_at = |node: &JsonNode<'_>| node.position(origin) == at;
        let index = match at.column {
            Some(_) => nodes.iter().position(|(node, _)| is_at(node))?,
            None => 0,
        };
        let (object, _) = nodes[index];
        let member = self.value_in(object).and_then(|(_, value)| {
            let is_value = |node: &JsonNode<'_>| node.raw_range() == value.raw_range();
            nodes.iter().position(|(node, _)| is_value(node))
        });
        Some(member.unwrap_or(index))
    }

    /// The value that is looked at in an object, with its path.
    pub(super) fn value_in<'d>(&self, object: JsonNode<'d>) -> Option<(&'p str, JsonNode<'d>)> {
        let rules = self.rules.iter().filter(|_| object.is_object());
        let mut paths = rules.flat_map(|rule| rule.paths.iter().map(|path| (*rule, path)));
        paths.find_map(|(rule, path)| match Path::new(path).find(object) {
            PathEnd::Value(node) if !self.is_there || !is_empty(node, rule) => {
                Some((&**path, node))
            }
            _ => None,
        })
    }

    /// What is wrong, and where the value was looked for unless its column is named beside it.
    pub(super) fn label(
        &self,
        problem: &Problem,
        content: &RowContent<'_>,
        is_named: bool,
    ) -> String {
        let is_record = matches!(content, RowContent::Record(_));
        let word = if is_record { "column" } else { "member" };
        let looked_at = match self.names(is_record).as_slice() {
            _ if is_named || self.is_there => String::new(),
            [] => String::new(),
            [name] => format!("; looked at {word} {name}"),
            names => format!("; looked at {word}s {}", names.join(", ")),
        };
        format!("{}{looked_at}", problem.message)
    }
}

/// Whether a value counts as empty.
fn is_empty(node: JsonNode<'_>, rule: &Rule) -> bool {
    Value::of(Some(node)).text().is_none_or(|text| rule.yields_nothing(text))
}
