//! Trace of the choice between rules: which rule of a field made a cell, and why those before it
//! did not.
//!
//! The rules are applied to the row of the cell once more, one by one. Called by `trace`.

use std::convert::Infallible;

use super::{
    bound_rule::{FieldBinding, TestedSource},
    collector::Collector,
    combined_value::Part,
    condition::{CellSource, Condition},
    document_binding::{Names, bind_rule, bind_sources},
    document_view::DocumentView,
    item_view::ItemView,
    language_binding::texts_around,
    packed_trace::reads_cell,
    path::Path,
    path_text::dotted_names,
    profile::{FieldRule, Profile},
    record_view::RecordView,
    rule::Rule,
    tested_row::test,
    view::View,
};
use crate::model::{
    document::{Document, JsonNode},
    draft::{Cell, CellOrigin, Cells, ItemDraft},
    field::Field,
    record::Record,
    row::{Row, RowContent},
    side_row::{SideItems, SideMatch, SideRow},
};

/// The rule that made a cell.
pub(super) struct ChosenRule<'p> {
    pub(super) rule: &'p Rule,
    /// What its companion says of the row, if it has one.
    pub(super) companion: Option<&'static str>,
}

/// The rule of a cell's field that made it, of `rules` in their order. The steps say why. `item` is
/// the one that the cell is of, if it is of one.
pub(super) fn chosen<'p, 'a>(
    profile: &Profile,
    rules: &[&'p FieldRule],
    (cell, item): (&Cell<'a>, Option<&ItemDraft<'a>>),
    steps: &mut Vec<String>,
) -> Option<ChosenRule<'p>> {
    let last = rules.last()?;
    if rules.len() == 1 && last.when.is_none() && last.rule.companion.is_none() {
        return Some(ChosenRule { rule: &last.rule, companion: None });
    }
    // A row has the fields of several items, of which one made the cell.
    let of_fields = |when: &Condition| !when.fields().is_empty();
    let depends_on_item = |rule: &&FieldRule| {
        !rule.rule.fields.is_empty() || rule.when.as_ref().is_some_and(of_fields)
    };
    if rules.iter().any(depends_on_item) {
        let made_cell = |rule: &&&'p FieldRule| reads_cell(profile, &rule.rule, cell);
        let name = cell.at.column_name();
        let has_column = |rule: &&&FieldRule| {
            let columns = &rule.rule.columns;
            rule.rule.fields.is_empty() && name.as_ref().is_none_or(|name| columns.contains(name))
        };
        let mut of_kind = rules.iter();
        let chosen = of_kind.find(made_cell).or_else(|| rules.iter().find(has_column));
        let chosen = chosen.or_else(|| rules.iter().find(|rule| rule.rule.fields.is_empty()));
        return Some(ChosenRule { rule: &chosen.unwrap_or(last).rule, companion: None });
    }
    let replayed = cell.at.row().and_then(|row| match &row.content {
        RowContent::Record(record) => {
            let names = names_of(row, record);
            let bound: Vec<_> =
                rules.iter().map(|rule| bind_to(&names, &cell.field, rule)).collect();
            let view = RecordView::new(row, record, record.header, record.header);
            replay_item(&bound, view, item, profile, steps)
        }
        RowContent::Document(document) => {
            let side_column = |join, path: &str| side_column(row, join, path);
            let names = names_in(profile, &side_column);
            let bound: Vec<_> =
                rules.iter().map(|rule| bind_rule(&cell.field, rule, names)).collect();
            let of_fields: Vec<_> = rules.iter().map(|of_field| &of_field.rule).collect();
            let view = view_of((row, document), cell, &of_fields, profile);
            replay_item(&bound, view, item, profile, steps)
        }
        RowContent::Unreadable(_) => None,
    });
    let (index, companion) = replayed.unwrap_or((rules.len() - 1, None));
    Some(ChosenRule { rule: &rules[index].rule, companion })
}

/// The names of the columns of a record and of the side rows joined to it, those of items last.
fn names_of(row: &Row<'_>, record: &Record<'_>) -> Vec<String> {
    let mut names = record.header.names.clone();
    let matches = row.joined().map_or(&[][..], |joined| joined.matches);
    for SideItems { rows, first_field } in matches.iter().filter_map(SideMatch::items) {
        // The names of a file that has no row are not known, and none of them is read.
        names.resize(names.len().max(record.header.names.len() + first_field), String::new());
        names.extend(rows.first().map_or(&[][..], |row| row.names).iter().cloned());
    }
    names
}

/// The index of the value of a path in the side row of a join, whose columns a CSV file may name.
fn side_column(row: &Row<'_>, join: usize, path: &str) -> Option<usize> {
    let joined = row.joined()?;
    let side = joined.matches.get(join)?;
    let (first_field, row) = match side.items() {
        Some(items) => (items.first_field, items.rows.first()),
        None => (0, side.row(0)),
    };
    let column = dotted_names(path);
    let index = row?.names.iter().position(|name| name == path || *name == column)?;
    Some(first_field + index)
}

/// The names of the values of a document and of the side rows that are joined to it.
fn names_in<'p>(
    profile: &'p Profile,
    side_column: &'p dyn Fn(usize, &str) -> Option<usize>,
) -> Names<'p> {
    Names { packed: None, first_own_field: 0, joins: &profile.joins, side_column }
}

/// The values that a rule combines, in the row of a cell. `item` is the one that the cell is of,
/// if it is of one.
pub(super) fn parts<'a>(
    profile: &Profile,
    rule: &Rule,
    (cell, item): (&Cell<'a>, Option<&ItemDraft<'a>>),
) -> Vec<Part<'a>> {
    let Some(row) = cell.at.row() else { return Vec::new() };
    match &row.content {
        RowContent::Record(record) => {
            let bound = bind_columns(&names_of(row, record), &cell.field, rule);
            let view = RecordView::new(row, record, record.header, record.header);
            parts_in_item(&bound, view, item)
        }
        RowContent::Document(document) => {
            let side_column = |join, path: &str| side_column(row, join, path);
            let bound = bind_sources(&cell.field, rule, names_in(profile, &side_column));
            parts_in_item(&bound, view_of((row, document), cell, &[rule], profile), item)
        }
        RowContent::Unreadable(_) => Vec::new(),
    }
}

fn parts_in_item<'a, V: View<'a>>(
    bound: &FieldBinding<'_, V::Source>,
    view: V,
    item: Option<&ItemDraft<'a>>,
) -> Vec<Part<'a>>
where
    V::Source: 'a,
{
    match item.and_then(|item| view_of_item(view, item)) {
        Some(item) => bound.parts_in(item),
        None => bound.parts_in(view),
    }
}

/// The view of an item that is a row of a side file, if it is one: the row that a value of the item
/// is of, or else the one where it begins.
fn view_of_item<'a, V: View<'a>>(view: V, item: &ItemDraft<'a>) -> Option<ItemView<'a, V>> {
    let of_joins = view.joined()?.matches.iter().filter_map(SideMatch::items);
    let mut rows = of_joins.flat_map(|of| of.rows.iter().map(move |row| (row, of.first_field)));
    let has_value = |row: &SideRow<'_>| {
        let mut cells = item.cells.iter();
        cells.any(|cell| matches!(cell.at, CellOrigin::Side(side, ..) if side == row))
    };
    let begins = |row: &SideRow<'_>| item.at == CellOrigin::Known(row.start());
    let found = rows.clone().find(|(row, _)| has_value(row));
    let (row, first_field) = found.or_else(|| rows.find(|(row, _)| begins(row)))?;
    Some(ItemView::of_side(view, row, first_field))
}

/// Applies rules to a row, or to the item that is a row of a side file.
fn replay_item<'a, V: View<'a>>(
    rules: &'a [FieldBinding<'_, V::Source>],
    view: V,
    item: Option<&ItemDraft<'a>>,
    profile: &Profile,
    steps: &mut Vec<String>,
) -> Option<(usize, Option<&'static str>)> {
    match item.and_then(|item| view_of_item(view, item)) {
        Some(item) => replay(rules, item, profile, steps),
        None => replay(rules, view, profile, steps),
    }
}

/// Applies rules until one yields a value, and returns its index and what its companion says.
fn replay<'a, V: View<'a>>(
    rules: &'a [FieldBinding<'_, V::Source>],
    view: V,
    profile: &Profile,
    steps: &mut Vec<String>,
) -> Option<(usize, Option<&'static str>)> {
    for (index, binding) in rules.iter().enumerate() {
        let mut collector = Collector::new(view.at(), Cells::default());
        binding.apply_alone(&mut collector, view, profile);
        let when = binding.when.as_ref();
        let decided = when.map_or(Ok(true), |when| test(when, view, profile));
        let holds = matches!(decided, Ok(true));
        let number = if rules.len() > 1 { format!("rule {}: ", index + 1) } else { String::new() };
        if !collector.cells.is_empty() {
            let why = match (holds, when) {
                (false, _) if decided.is_err() => "its condition cannot be decided",
                (false, _) => "its condition does not hold",
                (true, Some(_)) => "its condition holds",
                (true, None) if rules.len() > 1 => "counts",
                (true, None) => "",
            };
            if !why.is_empty() {
                steps.push(format!("{number}{why}"));
            }
            let companion = binding.companion.as_ref();
            let said = companion.map(|companion| companion.said_to(binding.rule, view, profile));
            return Some((index, said.and_then(Result::ok)));
        }
        let why =
            if holds { nothing_in(binding.rule) } else { "its condition does not hold".into() };
        steps.push(format!("{number}{why}"));
    }
    None
}

/// Why the default of a rule counts.
pub(super) fn nothing_in(rule: &Rule) -> String {
    rule.names().next().map_or_else(String::new, |name| format!("{name} is empty"))
}

/// Binds a rule to the names of a header.
fn bind_to<'p>(
    names: &[String],
    field: &Field,
    FieldRule { rule, when, .. }: &'p FieldRule,
) -> FieldBinding<'p, usize> {
    let position = |column: &String| names.iter().position(|name| name == column);
    let bound = bind_columns(names, field, rule);
    let is_bound = !bound.sources.is_empty() || !rule.has_source();
    let bind = |when: &Condition| {
        let bound = when.bind(&mut |source: &CellSource| {
            let column = source.column.as_ref().and_then(position);
            Ok::<_, Infallible>(match column {
                _ if source.is_raw => TestedSource::Raw,
                Some(column) => TestedSource::Value(column),
                None => TestedSource::Missing,
            })
        });
        bound.unwrap_or_else(|never| match never {})
    };
    let when = when.as_ref().filter(|_| is_bound).map(bind);
    let companion = rule.companion.as_deref().map(|companion| {
        let columns = companion.columns.iter().map(position).collect();
        Box::new(FieldBinding::new(field.clone(), companion, columns, Vec::new()))
    });
    FieldBinding { when, companion, ..bound }
}

/// Binds the columns of a rule to the names of a header.
fn bind_columns<'p>(names: &[String], field: &Field, rule: &'p Rule) -> FieldBinding<'p, usize> {
    let position = |column: &String| {
        let is_own = |index: &usize| names[*index] == *column && rule.reads_column(names, *index);
        (0..names.len()).find(is_own)
    };
    let columns = rule.columns.iter().map(position).collect();
    FieldBinding::new(field.clone(), rule, columns, Vec::new())
}

/// The document or element of a cell: the nearest one from which a path of the rules leads to it.
fn view_of<'a>(
    (row, document): (&'a Row<'a>, &'a Document<'a>),
    cell: &Cell<'a>,
    rules: &[&Rule],
    profile: &Profile,
) -> DocumentView<'a> {
    let root = document.root();
    let whole = DocumentView::new(row, root, profile.checkout_events);
    let CellOrigin::Node(_, node) = cell.at else { return whole };
    let paths: Vec<_> =
        rules.iter().flat_map(|rule| &rule.paths).map(|path| Path::new(path)).collect();
    // A rule of several languages leads to the object of the texts.
    let texts = rules.iter().find_map(|rule| texts_around(rule, cell.at));
    let value = texts.unwrap_or(node);
    let leads_to_cell =
        |start: &JsonNode<'_>| paths.iter().any(|path| path.leads_to(*start, value));
    let mut above = std::iter::successors(node.parent(), |above| above.parent());
    let start = above.find(leads_to_cell).unwrap_or(node);
    let is_order = whole.event().is_some_and(|event| event.order == start);
    if start == root || is_order { whole } else { whole.element(start) }
}
