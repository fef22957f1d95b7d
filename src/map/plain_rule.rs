//! Plain rule: the value of one field in a row that needs no closer look, taken without a cell.
//!
//! The same for all formats, as in `mapper`, but a value that is not plainly good is left to it:
//! one that its rule refuses, an array. Used by `plain_columns` and `plain_documents`.

use chrono::{DateTime, Utc};

use super::{
    bound_rule::FieldBinding,
    collector::text_of_lines,
    combination::Combination,
    rule::Rule,
    rule_result::RuleResult,
    view::{Found, Value, View},
};
use crate::model::{
    draft::Notation,
    field::Field,
    plain::{PlainDraft, PlainValue},
};

/// The rule of one field, bound to the sources of its values in a file.
pub(super) struct PlainRule<'m, S> {
    field: &'m Field,
    rule: &'m Rule,
    is_verbatim: bool,
    sources: &'m [S],
}

impl<'m, S> PlainRule<'m, S> {
    /// None if the rule needs more than the first filled value of its sources.
    pub(super) fn new(binding: &'m FieldBinding<'_, S>) -> Option<Self> {
        let FieldBinding { field, rule, is_verbatim, sources, beside, .. } = binding;
        let takes_first = rule.combination == Combination::First
            && beside.is_empty()
            && rule.language.is_none()
            && binding.is_unconditional()
            && !rule.over_rows.is_sum()
            // Amounts of which a price is made.
            && !matches!(field, Field::ItemLinePrice | Field::ItemDiscount);
        takes_first.then_some(Self { field, rule, is_verbatim: *is_verbatim, sources })
    }

    pub(super) fn field(&self) -> &'m Field {
        self.field
    }

    pub(super) fn sources(&self) -> &'m [S] {
        self.sources
    }

    /// Whether empty values leave the field without one: another source or a default does not
    /// replace them.
    pub(super) fn has_no_other(&self) -> bool {
        self.sources.len() == 1 && self.rule.default_text().is_none()
    }

    /// The value of a filled cell of a record, whose text the rule returns unchanged.
    #[inline]
    pub(super) fn cell_value<'a>(
        &self,
        column: u32,
        text: &'a str,
        time: Option<DateTime<Utc>>,
    ) -> PlainValue<'a>
    where
        'm: 'a,
    {
        let (notation, index) = (Notation::Text, Some(column));
        PlainValue { field: self.field, text, time, notation, index }
    }

    /// Adds the value of the first filled source, or the default. Returns whether it is of the
    /// export; none if it needs a closer look.
    #[inline]
    pub(super) fn push_value<'a, V>(&self, view: V, into: &mut PlainDraft<'a>) -> Option<bool>
    where
        V: View<'a, Source = S>,
        'm: 'a,
    {
        for source in self.sources {
            let found = view.find(source);
            let Some(text) = plain_text(found.value) else {
                let text = text_of_lines(self.field, self.rule, found.value)?;
                let text = into.keep(text.into());
                return push_converted(self.field, self.rule, text, found, into);
            };
            let Some(text) = text else { continue };
            // Nearly all values: those of a rule that converts nothing.
            if self.is_verbatim && !self.rule.is_empty(text) {
                into.push(plain_value(self.field, text, found));
                return Some(true);
            }
            if !self.rule.yields_nothing(text) {
                return push_converted(self.field, self.rule, text, found, into);
            }
        }
        push_default(self.field, self.rule, into);
        Some(false)
    }
}

/// The text of a value, if it is filled; no option at all if the value needs a closer look.
#[expect(clippy::option_option, reason = "the outer one is for `?`")]
pub(super) fn plain_text(value: Value<'_>) -> Option<Option<&str>> {
    match value {
        Value::Missing | Value::Null | Value::Text("") => Some(None),
        // Such a number may be one that a spreadsheet has rounded.
        Value::Number(digits) if digits.contains(['e', 'E']) => None,
        Value::Text(_) | Value::Number(_) | Value::Boolean(_) => Some(value.text()),
        Value::Array(_)
        | Value::Object(_)
        | Value::WithinArray
        | Value::WithinScalar { .. }
        | Value::Several
        | Value::Uncompared(_)
        | Value::Nested(_)
        | Value::Lost => None,
    }
}

/// Adds a value as its rule converts it, or the default. Returns whether it is of the export; none
/// if it needs a closer look.
pub(super) fn push_converted<'a>(
    field: &'a Field,
    rule: &'a Rule,
    text: &'a str,
    found: Found<'a>,
    into: &mut PlainDraft<'a>,
) -> Option<bool> {
    let (result, notation) = rule.convert(field, text, found.value.notation(), None, &mut ());
    let (text, time) = match result {
        RuleResult::Value(text) if text.is_empty() => {
            push_default(field, rule, into);
            return Some(false);
        }
        RuleResult::Value(text) => (into.keep(text), None),
        RuleResult::Time(time, None) => (text, Some(time)),
        RuleResult::Shortened(..)
        | RuleResult::Time(..)
        | RuleResult::Skip(_)
        | RuleResult::Nothing
        | RuleResult::Invalid(..) => return None,
    };
    into.push(PlainValue { time, notation, ..plain_value(field, text, found) });
    Some(true)
}

pub(super) fn push_default<'a>(field: &'a Field, rule: &'a Rule, into: &mut PlainDraft<'a>) {
    if let Some(text) = rule.default_text() {
        let notation = Notation::Declared;
        into.push(PlainValue { field, text, time: None, notation, index: None });
    }
}

fn plain_value<'a>(field: &'a Field, text: &'a str, found: Found<'a>) -> PlainValue<'a> {
    let (notation, index) = (found.value.notation(), found.at.index());
    PlainValue { field, text, time: None, notation, index }
}
