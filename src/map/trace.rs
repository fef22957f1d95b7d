//! Trace of a cell: where its value came from, and the steps of its rule.
//!
//! It maps nothing: the rule that made the cell is asked for its steps once more. Called by
//! `pipeline` for the few orders that a person wants to have explained.

use std::{borrow::Cow, collections::BTreeSet};

use super::{
    combination::Combination,
    combined_value::{Part, combine},
    language_binding::{language_step, texts_around},
    packed_trace::packed_field,
    profile::{FieldRule, FieldTarget, Profile},
    rule::Rule,
    rule_trace::{self, nothing_in},
    view::Value,
};
use crate::model::{
    document::{JsonNode, JsonValue},
    draft::{Cell, CellOrigin, ItemDraft, PersonRole},
    field::Field,
    order_trace::{TracedValue, ValueOrigin},
    origin::Place,
    over_rows::OverRows,
    record::Record,
    row::RowContent,
};

/// What a cell is of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum CellOwner<'a> {
    /// The order, its guest or its events.
    Order,
    /// This item.
    Item(&'a ItemDraft<'a>),
    /// A person of this role besides the guest.
    Person(PersonRole),
}

impl<'a> CellOwner<'a> {
    fn item(self) -> Option<&'a ItemDraft<'a>> {
        if let Self::Item(item) = self { Some(item) } else { None }
    }
}

/// Returns how a cell of an order came to be. The texts are in clear.
#[must_use]
pub fn trace(profile: &Profile, of: CellOwner<'_>, cell: &Cell<'_>) -> TracedValue {
    let (rules, mut steps) = (rules_of(profile, of, &cell.field), Vec::new());
    let chosen = rule_trace::chosen(profile, &rules, (cell, of.item()), &mut steps);
    let (rule, companion) = chosen.map(|chosen| (chosen.rule, chosen.companion)).unzip();
    let companion = companion.flatten();
    let value = match cell.time {
        Some(time) => time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
        None => cell.text.to_string(),
    };
    let (field, text) = (cell.field.short_name(), String::new());
    if cell.is_default {
        let from = match rule.filter(|rule| rule.has_source()) {
            Some(rule) => {
                if steps.is_empty() {
                    steps.push(nothing_in(rule));
                }
                ValueOrigin::RuleDefault
            }
            None => ValueOrigin::Constant,
        };
        return TracedValue { field, value, from, text, steps };
    }
    if rule.is_some_and(|rule| !rule.has_source()) {
        return TracedValue { field, value, from: ValueOrigin::Constant, text, steps };
    }
    let mut traced =
        TracedValue { field, value, from: ValueOrigin::Cell(Place::from(cell.at)), text, steps };
    if let Some(rule) = rule {
        let texts = texts_around(rule, cell.at);
        traced.steps.extend(skipped_sources(rule, &traced.from, texts));
        traced.steps.extend(texts.map(|texts| language_step(texts, cell.at)));
    }
    if let Some(rule) = rule.filter(|rule| rule.combines()) {
        let parts = rule_trace::parts(profile, rule, (cell, of.item()));
        if let (ValueOrigin::Cell(place), Some(names)) =
            (&mut traced.from, sources_of(&parts, rule, cell.at))
        {
            place.column_name = Some(names);
        }
        let combined = combine(&cell.field, rule, &parts, companion, &mut traced.steps);
        if let (Combination::Concat(_) | Combination::Join(_), Some(combined)) =
            (&rule.combination, combined)
        {
            traced.text = combined.text;
        }
        return with_rows(traced, cell);
    }
    let Some(TracedText { exported, raw, beside }) = source_text(cell.at, rule) else {
        return traced;
    };
    if let Some((rule, field)) =
        rule.and_then(|rule| Some((rule, packed_field(profile, rule, cell)?)))
    {
        traced.steps.push(format!("{} of an item in the list", field.name));
        rule.convert(&cell.field, field.text, cell.notation, companion, &mut traced.steps);
        field.text.clone_into(&mut traced.text);
        return traced;
    }
    if raw.trim_end() != raw || raw.trim_start() != raw {
        traced.steps.push("trimmed".to_owned());
    }
    if raw.trim().is_empty() && !exported.is_empty() && !profile.files.fill_down.is_empty() {
        traced.steps.push("blank, as in the row above".to_owned());
    }
    traced.steps.extend(unwrapping(cell.at, &raw));
    if let Some(rule) = rule {
        let beside = companion.or(beside);
        rule.convert(&cell.field, exported, cell.notation, beside, &mut traced.steps);
    }
    exported.clone_into(&mut traced.text);
    with_rows(traced, cell)
}

/// Notes how many rows a value is the sum of.
fn with_rows(mut traced: TracedValue, cell: &Cell<'_>) -> TracedValue {
    if let OverRows::Sum { n_rows: n_rows @ 2.. } = cell.over_rows {
        traced.steps.push(format!("{n_rows} rows added up"));
    }
    traced
}

/// That a cell is a text in the notation of a spreadsheet.
fn unwrapping(at: CellOrigin<'_>, raw: &str) -> Option<String> {
    let CellOrigin::Column(row, _) = at else { return None };
    let RowContent::Record(record) = &row.content else { return None };
    let is_wrapped = raw.trim().starts_with(['\'', '=']);
    (record.header.syntax.unwraps_cells && is_wrapped).then(|| "unwrapped".to_owned())
}

/// The columns or paths that a combined value is made of, each once; none of a single one, whose
/// place says more.
fn sources_of(parts: &[Part<'_>], rule: &Rule, at: CellOrigin<'_>) -> Option<String> {
    let is_filled = |part: &&Part<'_>| part.found.value.text().is_some_and(|text| !text.is_empty());
    let sources: BTreeSet<usize> = parts.iter().filter(is_filled).map(|part| part.source).collect();
    let is_record = at.row().is_some_and(|row| matches!(row.content, RowContent::Record(_)));
    let known = if is_record { &rule.columns } else { &rule.paths };
    let names: Vec<_> = sources.into_iter().filter_map(|source| known.get(source)).collect();
    (names.len() > 1).then(|| names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", "))
}

/// The rules that fill a field.
fn rules_of<'p>(profile: &'p Profile, of: CellOwner<'_>, field: &Field) -> Vec<&'p FieldRule> {
    let wildcard = |rule: &&FieldRule| {
        matches!(
            (&rule.target, field),
            (FieldTarget::AnyExtension, Field::Extension(_))
                | (FieldTarget::AnyItemExtension, Field::ItemExtension(_))
                | (FieldTarget::AnyItemProduct, Field::ItemProduct(_))
                | (FieldTarget::AnyIdentifier, Field::Identifier(_))
        )
    };
    let rules: Vec<_> = match of {
        CellOwner::Order => profile.rules.iter().collect(),
        CellOwner::Item(item) => {
            profile.rules.iter().filter(|rule| rule.kind == item.kind).collect()
        }
        CellOwner::Person(role) => {
            let people = profile.people.iter().filter(|people| people.role == role);
            people.flat_map(|people| &people.rules).collect()
        }
    };
    let own: Vec<_> = rules.iter().copied().filter(|rule| rule.fills(field)).collect();
    if own.is_empty() { rules.into_iter().filter(wildcard).take(1).collect() } else { own }
}

/// Which sources of a rule before the one of a value are empty. `texts` are those in several
/// languages of which the value is one.
fn skipped_sources(rule: &Rule, from: &ValueOrigin, texts: Option<JsonNode<'_>>) -> Option<String> {
    let ValueOrigin::Cell(Place { column_name: Some(name), .. }) = from else { return None };
    let name = texts.map_or_else(|| name.clone(), JsonNode::path);
    let is_source = |source: &String| *source == name || ends_with_path(&name, source);
    let position = |sources: &[String]| sources.iter().position(is_source);
    let sources = if position(&rule.columns).is_some() { &rule.columns } else { &rule.paths };
    let before = &sources[..position(sources)?];
    (!before.is_empty()).then(|| format!("{} is empty", before.join(", ")))
}

/// Whether the path of a value in its document ends with a path of a profile.
fn ends_with_path(whole: &str, path: &str) -> bool {
    whole.strip_suffix(path).is_some_and(|before| before.ends_with(['.', ']']))
}

/// The text of a cell.
struct TracedText<'a> {
    /// As rules read it.
    exported: &'a str,
    /// As it is in the file, with the blanks around it.
    raw: Cow<'a, str>,
    /// The text of the member beside it that has its number of decimals.
    beside: Option<&'a str>,
}

/// The text of a single value; none of an array, and of a row as a whole.
fn source_text<'a>(at: CellOrigin<'a>, rule: Option<&Rule>) -> Option<TracedText<'a>> {
    match at {
        CellOrigin::Known(_) | CellOrigin::Row(_) => None,
        CellOrigin::Side(row, column, _) => {
            let exported = row.cell(column as usize);
            Some(TracedText { exported, raw: Cow::Borrowed(exported), beside: None })
        }
        CellOrigin::Column(row, column) => {
            let RowContent::Record(record) = &row.content else { return None };
            let index = column as usize;
            // A cell of a side file is not in the row as it is in its file.
            let is_own = index < record.own().n_cells();
            let of_side = || (!is_own).then(|| Cow::Borrowed(record.cell(index)));
            let raw = raw_cell(record, index).or_else(of_side)?;
            Some(TracedText { exported: record.cell(index), raw, beside: None })
        }
        CellOrigin::Node(_, node) => {
            let exported = Value::of(Some(node)).text()?;
            let raw = match node.value() {
                JsonValue::Text(text) => text,
                _ => exported,
            };
            let beside = rule.and_then(|rule| text_beside(node, rule.scale_member()?));
            Some(TracedText { exported, raw: Cow::Borrowed(raw), beside })
        }
    }
}

/// A cell as it is in the file, without the quotes around it.
fn raw_cell<'a>(record: &Record<'a>, index: usize) -> Option<Cow<'a, str>> {
    let (bytes, ranges) = record.raw_cells();
    let raw = String::from_utf8_lossy(bytes.get(ranges.get(index)?.clone())?);
    let unquoted = raw.trim().strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    match unquoted.map(str::to_owned) {
        Some(unquoted) => Some(Cow::Owned(unquoted)),
        None => Some(raw),
    }
}

fn text_beside<'a>(node: JsonNode<'a>, name: &str) -> Option<&'a str> {
    Value::of(node.parent()?.member(name)).text().filter(|text| !text.is_empty())
}
