//! Collector of the cells and problems of one row, item or person while rules are applied to it.
//!
//! `mapper` finds the text of a field; the collector turns it into a cell or a problem.

use std::{borrow::Cow, sync::Arc};

use chrono::{DateTime, Utc};

use super::{
    bound_rule::FieldBinding,
    condition::TestError,
    rule::{Rule, RuleResult},
    view::{Found, Value},
};
use crate::model::{
    draft::{Cell, CellOrigin, Cells, MappedRow, Notation, PersonDraft, PersonRole},
    field::Field,
    problem::{Code, Problem},
};

/// The text of a filled cell of the export, with its origin.
#[derive(Clone, Copy)]
pub(super) struct RawValue<'a> {
    pub(super) text: &'a str,
    pub(super) at: CellOrigin<'a>,
    pub(super) notation: Notation,
    /// The text of the member beside a number that has its number of decimals.
    pub(super) beside: Option<&'a str>,
}

/// The cells, problems and skip reason collected so far.
pub(super) struct Collector<'a> {
    /// The origin of constants and defaults: the row or element.
    at: CellOrigin<'a>,
    pub(super) cells: Cells<'a>,
    /// The number of cells from the export, not counting constants and defaults.
    pub(super) filled: usize,
    pub(super) skip: Option<Arc<str>>,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Collector<'a> {
    /// Creates a collector that appends to `cells`.
    pub(super) fn new(at: CellOrigin<'a>, cells: Cells<'a>) -> Self {
        Self { at, cells, filled: 0, skip: None, problems: Vec::new() }
    }

    /// Moves the cells and problems of a row into `into`, with the reason to skip the order, if
    /// any.
    pub(super) fn finish_into(self, skip: Option<&Arc<str>>, into: &mut MappedRow<'a>) {
        into.cells = self.cells;
        into.skip = skip.cloned().or(self.skip).or(into.skip.take());
        into.problems.extend(self.problems);
    }

    /// Returns the collected person, if it has a filled cell, and moves its problems to the order.
    pub(super) fn finish_person(
        self,
        role: PersonRole,
        item: Option<usize>,
        order: &mut Self,
    ) -> Option<PersonDraft<'a>> {
        let with_role_name = |problem: Problem| Problem {
            field: problem.field.map(|field| role.field_name(&field)),
            ..problem
        };
        order.problems.extend(self.problems.into_iter().map(with_role_name));
        order.skip = order.skip.take().or(self.skip);
        (self.filled > 0).then_some(PersonDraft { role, item, cells: self.cells.trimmed() })
    }

    /// Appends a cell with the unchanged text: the fast path for rules without a conversion.
    #[inline]
    pub(super) fn push_verbatim<S>(&mut self, bound: &'a FieldBinding<'_, S>, found: RawValue<'a>) {
        self.filled += 1;
        let (field, text, first_wins) =
            (Cow::Borrowed(&bound.field), Cow::Borrowed(found.text), bound.rule.first_wins);
        let (is_unparsable, is_default) = (false, false);
        let cell = Cell {
            field,
            text,
            time: None,
            at: found.at,
            is_unparsable,
            is_default,
            first_wins,
            notation: found.notation,
        };
        self.cells.push_at(bound.index, cell);
    }

    /// Applies the rule of a field to its cell, or appends the default if there is none.
    pub(super) fn push_value(
        &mut self,
        field: Cow<'a, Field>,
        rule: &'a Rule,
        found: Option<RawValue<'a>>,
    ) {
        let Some(RawValue { text, at, notation, beside }) = found else {
            return self.push_default(field, rule);
        };
        let (result, notation) = rule.convert(&field, text, notation, beside, &mut ());
        self.push_result(field, rule, result, Cow::Borrowed(text), (at, notation));
    }

    /// Appends the result of a rule: a cell, or a problem with an unparsable cell.
    pub(super) fn push_result(
        &mut self,
        field: Cow<'a, Field>,
        rule: &'a Rule,
        result: RuleResult<'a>,
        text: Cow<'a, str>,
        (at, notation): (CellOrigin<'a>, Notation),
    ) {
        match result {
            RuleResult::Value(value) if value.is_empty() => self.push_default(field, rule),
            RuleResult::Value(value) => {
                self.push(field, rule, (value, None), (at, notation));
            }
            RuleResult::Shortened(value, message) => {
                let code = Code::TextShortened;
                self.problems.push(Problem::for_field(code, &field, at, message));
                self.push(field, rule, (value, None), (at, notation));
            }
            RuleResult::Time(time, warning) => {
                if let Some((code, message)) = warning {
                    self.problems.push(Problem::for_field(code, &field, at, message));
                }
                self.push(field, rule, (text, Some(time)), (at, notation));
            }
            RuleResult::Invalid(code, message) => {
                // The rule's message quotes the value, which must not be shown if it is personal
                // data.
                let message = match code {
                    Code::GuestAttributeLeftOut => {
                        let name = field.short_name();
                        format!("does not match the profile's rule; {name} is left out")
                    }
                    code if field.is_personal() && code != Code::PhoneImplausible => {
                        "does not match the profile's rule".to_owned()
                    }
                    _ => message,
                };
                let problem = Problem::for_field(code, &field, at, message);
                self.push_invalid(field, problem, text, at);
            }
            RuleResult::Skip(reason) => {
                self.skip.get_or_insert(reason);
                // The text is kept for reports: it may be the new status of an order accepted
                // earlier.
                self.push_unparsable(field, text, at);
            }
        }
    }

    fn push_default(&mut self, field: Cow<'a, Field>, rule: &'a Rule) {
        if let Some(value) = rule.default_text() {
            let (text, at, first_wins) = (Cow::Borrowed(value), self.at, rule.first_wins);
            self.cells.push(Cell {
                field,
                text,
                time: None,
                at,
                is_unparsable: false,
                is_default: true,
                first_wins,
                notation: Notation::Declared,
            });
        }
    }

    fn push(
        &mut self,
        field: Cow<'a, Field>,
        rule: &Rule,
        (text, time): (Cow<'a, str>, Option<DateTime<Utc>>),
        (at, notation): (CellOrigin<'a>, Notation),
    ) {
        self.filled += 1;
        let first_wins = rule.first_wins;
        self.cells.push(Cell {
            field,
            text,
            time,
            at,
            is_unparsable: false,
            is_default: false,
            first_wins,
            notation,
        });
    }

    /// Records a problem and appends the field as unparsable.
    pub(super) fn push_invalid(
        &mut self,
        field: Cow<'a, Field>,
        problem: Problem,
        text: Cow<'a, str>,
        at: CellOrigin<'a>,
    ) {
        self.problems.push(problem);
        self.push_unparsable(field, text, at);
    }

    // Counts as filled: an item or person whose only cell is unparsable is one too.
    fn push_unparsable(&mut self, field: Cow<'a, Field>, text: Cow<'a, str>, at: CellOrigin<'a>) {
        self.filled += 1;
        let cell = Cell {
            field,
            text,
            time: None,
            at,
            is_unparsable: true,
            is_default: false,
            first_wins: false,
            notation: Notation::Text,
        };
        self.cells.push(cell);
    }

    /// Records that a condition of the profile cannot be tested.
    // The message does not quote the value, which may be personal data.
    pub(super) fn push_untestable(&mut self, at: CellOrigin<'a>, error: TestError) {
        let message = format!("the value {error}");
        let problem = Problem::for_order(Code::ConditionUnreadable, at, message);
        // Several conditions may test one value.
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
    }

    /// Records that a field has an array or object instead of a single value.
    pub(super) fn push_not_a_scalar(
        &mut self,
        field: Cow<'a, Field>,
        at: CellOrigin<'a>,
        found: &'static str,
    ) {
        let message = format!("{found} where a single value is expected");
        let problem = Problem::for_field(Code::NotAScalar, &field, at, message);
        self.push_invalid(field, problem, Cow::Borrowed(found), at);
    }

    /// Appends the value of a field that is an array or an object: only a street may have several
    /// lines.
    pub(super) fn push_nested(&mut self, field: Cow<'a, Field>, rule: &'a Rule, found: Found<'a>) {
        let Some(text) = text_of_lines(&field, rule, found.value) else {
            return self.push_not_a_scalar(field, found.at, found.value.type_name());
        };
        let result = rule.apply(&text).into_owned();
        self.push_result(field, rule, result, Cow::Owned(text), (found.at, Notation::Text));
    }
}

/// The text of a street that is an array of lines; none of other fields and values.
pub(super) fn text_of_lines(field: &Field, rule: &Rule, value: Value<'_>) -> Option<String> {
    let (Field::GuestStreet, Value::Array(array)) = (field, value) else { return None };
    let lines = array.elements()?.map(|line| Value::of(Some(line)).text());
    let mut lines = lines.collect::<Option<Vec<_>>>()?;
    lines.retain(|line| line.is_empty() || !rule.is_empty(line));
    Some(lines.join("\n").trim().to_owned())
}
