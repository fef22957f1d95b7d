//! Collector of the cells and problems of one row, item or person while rules are applied to it.
//!
//! `mapper` finds the text of a field; the collector turns it into a cell or a problem.

use std::{borrow::Cow, sync::Arc};

use chrono::{DateTime, Utc};

use super::{
    bound_rule::FieldBinding,
    cell_test::TestError,
    combined_value::exact_value,
    rule::Rule,
    rule_result::RuleResult,
    view::{Found, Value},
};
use crate::model::{
    draft::{
        AddedSideRows, Cell, CellOrigin, Cells, MappedRow, Notation, PersonDraft, PersonRole,
        ValueSkip,
    },
    field::Field,
    over_rows::OverRows,
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
    value_skips: Vec<ValueSkip>,
    pub(super) problems: Vec<Problem>,
    /// Whether the last rule has read that its field has no value ([`RuleResult::Nothing`]).
    pub(super) has_read_nothing: bool,
    /// [`MappedRow::has_several_numbers`].
    pub(super) has_several_numbers: bool,
    /// [`MappedRow::added_side_rows`] of the rows above.
    pub(super) added_side_rows: Vec<AddedSideRows>,
}

impl<'a> Collector<'a> {
    /// Creates a collector that appends to `cells`.
    pub(super) fn new(at: CellOrigin<'a>, cells: Cells<'a>) -> Self {
        Self {
            at,
            cells,
            filled: 0,
            skip: None,
            value_skips: Vec::new(),
            problems: Vec::new(),
            has_read_nothing: false,
            has_several_numbers: false,
            added_side_rows: Vec::new(),
        }
    }

    /// Moves the cells and problems of a row into `into`, with the reason to skip the order, if
    /// any.
    pub(super) fn finish_into(self, skip: Option<&Arc<str>>, into: &mut MappedRow<'a>) {
        into.cells = self.cells;
        into.skip = skip.cloned().or(self.skip).or(into.skip.take());
        into.value_skips.extend(self.value_skips);
        into.problems.extend(self.problems);
        into.has_several_numbers = self.has_several_numbers;
        into.added_side_rows = self.added_side_rows;
    }

    /// Returns the collected person, if it has a filled cell, and moves its problems to the order.
    pub(super) fn finish_person(
        mut self,
        role: PersonRole,
        item: Option<usize>,
        order: &mut Self,
    ) -> Option<PersonDraft<'a>> {
        let with_role_name = |problem: Problem| Problem {
            field: problem.field.map(|field| role.field_name(&field)),
            ..problem
        };
        order.skip = order.skip.take().or(self.take_skip());
        order.problems.extend(self.problems.into_iter().map(with_role_name));
        (self.filled > 0).then_some(PersonDraft { role, item, cells: self.cells.trimmed() })
    }

    /// The reason to skip the order, of whatever row the value is.
    pub(super) fn take_skip(&mut self) -> Option<Arc<str>> {
        let of_value = self.value_skips.pop().map(|skip| skip.reason);
        self.skip.take().or(of_value)
    }

    /// Forgets that values of the row leave out the order.
    pub(super) fn forget_skips(&mut self) {
        self.skip = None;
        self.value_skips.clear();
    }

    /// Takes over all that another one has collected of the same row.
    pub(super) fn append(&mut self, other: Self) {
        other.cells.into_iter().for_each(|cell| self.cells.push(cell));
        self.filled += other.filled;
        self.skip = self.skip.take().or(other.skip);
        self.value_skips.extend(other.value_skips);
        self.problems.extend(other.problems);
    }

    /// Replaces the problems by those of another one, and takes over its reasons to skip the order.
    pub(super) fn replace_problems(&mut self, mut other: Self) {
        self.skip = self.skip.take().or(other.take_skip());
        self.problems = other.problems;
    }

    /// Appends a cell with the unchanged text: the fast path for rules without a conversion.
    #[inline]
    pub(super) fn push_verbatim<S>(&mut self, bound: &'a FieldBinding<'_, S>, found: RawValue<'a>) {
        self.filled += 1;
        let (field, text, over_rows) =
            (Cow::Borrowed(&bound.field), Cow::Borrowed(found.text), bound.rule.over_rows);
        let (is_unparsable, is_default) = (false, false);
        let cell = Cell {
            field,
            text,
            time: None,
            at: found.at,
            is_unparsable,
            is_default,
            over_rows,
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
        let (mut result, mut notation) = rule.convert(&field, text, notation, beside, &mut ());
        if rule.over_rows.is_sum() {
            (result, notation) = exact_value(&field, result, notation);
        }
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
            RuleResult::Nothing => self.has_read_nothing = true,
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
                self.problems.push(problem);
                self.push_unparsable(field, rule.over_rows, text, at);
            }
            RuleResult::Skip(reason) => {
                if rule.over_rows.is_sum() {
                    self.skip.get_or_insert(reason);
                } else {
                    // The value of another row may count, or be another one.
                    let (field, at) = (field.clone().into_owned(), at.position());
                    self.value_skips.push(ValueSkip { field, at, reason });
                }
                // The text is kept for reports: it may be the new status of an order accepted
                // earlier.
                self.push_unparsable(field, rule.over_rows, text, at);
            }
        }
    }

    /// Appends the constant of a rule whose condition holds. It is no default: rows with different
    /// ones disagree. It adds no item and no person.
    pub(super) fn push_conditional_constant(&mut self, field: Cow<'a, Field>, rule: &'a Rule) {
        if let Some(value) = rule.default_text() {
            let value = (Cow::Borrowed(value), None);
            self.push(field, rule, value, (self.at, Notation::Declared));
            self.filled -= 1;
        }
    }

    fn push_default(&mut self, field: Cow<'a, Field>, rule: &'a Rule) {
        if let Some(value) = rule.default_text() {
            let (text, at, over_rows) = (Cow::Borrowed(value), self.at, rule.over_rows);
            self.cells.push(Cell {
                field,
                text,
                time: None,
                at,
                is_unparsable: false,
                is_default: true,
                over_rows,
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
        let over_rows = rule.over_rows;
        self.cells.push(Cell {
            field,
            text,
            time,
            at,
            is_unparsable: false,
            is_default: false,
            over_rows,
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
        self.push_unparsable(field, OverRows::Equal, text, at);
    }

    /// Appends a field whose value is not known, for which there is a problem already.
    pub(super) fn push_unknown(&mut self, field: Cow<'a, Field>, rule: &Rule, at: CellOrigin<'a>) {
        self.push_unparsable(field, rule.over_rows, Cow::Borrowed(""), at);
    }

    // Counts as filled: an item or person whose only cell is unparsable is one too.
    fn push_unparsable(
        &mut self,
        field: Cow<'a, Field>,
        over_rows: OverRows,
        text: Cow<'a, str>,
        at: CellOrigin<'a>,
    ) {
        self.filled += 1;
        let cell = Cell {
            field,
            text,
            time: None,
            at,
            is_unparsable: true,
            is_default: false,
            over_rows,
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

    /// Records that a field is to be in an object, in whose place a single value is. The other
    /// fields of the object add no further problem.
    pub(super) fn push_not_an_object(
        &mut self,
        field: Cow<'a, Field>,
        at: CellOrigin<'a>,
        found: Value<'_>,
    ) {
        let message = found.unexpected("an object");
        let problem = Problem::for_field(Code::NotAScalar, &field, at, message);
        let is_same = |known: &Problem| (known.code, &known.at) == (problem.code, &problem.at);
        if !self.problems.iter().any(is_same) {
            self.problems.push(problem);
        }
        self.push_unparsable(field, OverRows::Equal, Cow::Borrowed(found.type_name()), at);
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
