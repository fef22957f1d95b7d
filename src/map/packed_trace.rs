//! Trace of packed items: which field of an item in a list became a cell.
//!
//! Used by `trace` and `rule_trace`.

use super::{
    item_field::ItemField, profile::Profile, rule::Rule, rule_result::RuleResult, view::Value,
};
use crate::model::{
    draft::{Cell, CellOrigin, Notation},
    row::RowContent,
};

/// A field of an item in a list.
pub(super) struct TracedField<'a> {
    /// What it is, in words.
    pub(super) name: String,
    pub(super) text: &'a str,
}

/// Whether a rule makes a cell of a field of an item.
pub(super) fn reads_cell(profile: &Profile, rule: &Rule, cell: &Cell<'_>) -> bool {
    let name = cell.at.column_name();
    let in_group = name.as_ref().zip(profile.repeated_items.as_ref());
    let field = in_group.and_then(|(name, items)| Some(items.parts(name)?.1));
    let is_own = |own: &ItemField| matches!(own, ItemField::Name(own) if Some(&**own) == field);
    rule.fields.iter().any(is_own) || packed_field(profile, rule, cell).is_some()
}

/// The first field of an item from which a rule makes a cell; none if the rule reads no field.
pub(super) fn packed_field<'a>(
    profile: &'a Profile,
    rule: &Rule,
    cell: &Cell<'a>,
) -> Option<TracedField<'a>> {
    let packed = profile.packed_items.as_ref().filter(|_| !rule.fields.is_empty())?;
    let list = list_at(cell.at)?;
    let makes_cell =
        |text: &str| match rule.convert(&cell.field, text, Notation::Text, None, &mut ()).0 {
            RuleResult::Value(value) | RuleResult::Shortened(value, _) => value == cell.text,
            RuleResult::Time(time, _) => Some(time) == cell.time,
            RuleResult::Skip(_) | RuleResult::Invalid(..) => text == cell.text,
            RuleResult::Nothing => false,
        };
    for item in packed.items(list).ok()? {
        let filled = rule.fields.iter().find_map(|field| {
            let text = item.field(packed.field_index(field)?)?;
            (!rule.yields_nothing(text)).then(|| TracedField { name: field.to_string(), text })
        });
        if let Some(field) = filled.filter(|field| makes_cell(field.text)) {
            return Some(field);
        }
    }
    None
}

/// The text of a list.
fn list_at(at: CellOrigin<'_>) -> Option<&str> {
    match at {
        CellOrigin::Column(row, column) => match &row.content {
            RowContent::Record(record) => Some(record.cell(column as usize)),
            _ => None,
        },
        CellOrigin::Node(_, node) => Value::of(Some(node)).text(),
        CellOrigin::Known(_) | CellOrigin::Row(_) | CellOrigin::Side(..) => None,
    }
}
