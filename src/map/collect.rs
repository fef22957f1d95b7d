//! Collects the cells of one row or item while rules are applied to it.

use std::{borrow::Cow, sync::Arc};

use chrono::{DateTime, Utc};

use super::{
    columns::Bound,
    rule::{Made, Rule},
};
use crate::model::{
    draft::{Cell, Cells, MappedRow, PersonDraft, Place, Role},
    field::Field,
    problem::{Code, Problem},
};

/// A filled cell of the export and where it stands.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) text: &'a str,
    pub(super) at: Place<'a>,
}

/// What the rules made of the row so far.
pub(super) struct Collector<'a> {
    /// Where constants stand.
    at: Place<'a>,
    pub(super) cells: Cells<'a>,
    /// How many cells came from the export, not from a constant or default.
    pub(super) n_filled: usize,
    pub(super) skip: Option<Arc<str>>,
    pub(super) problems: Vec<Problem>,
}

impl<'a> Collector<'a> {
    /// Adds to `cells`.
    pub(super) fn new(at: Place<'a>, cells: Cells<'a>) -> Self {
        Self { at, cells, n_filled: 0, skip: None, problems: Vec::new() }
    }

    /// Gives what was collected of a row, and the reason why the row's order is left out, if there is one.
    pub(super) fn hand_over(self, skip: Option<&Arc<str>>, into: &mut MappedRow<'a>) {
        into.cells = self.cells;
        into.skip = skip.cloned().or(self.skip).or(into.skip.take());
        into.problems.extend(self.problems);
    }

    /// Gives the person that was collected, if anything is told of it, and hands its problems to the order.
    pub(super) fn person(self, role: Role, item: Option<usize>, order: &mut Self) -> Option<PersonDraft<'a>> {
        let with_role_name =
            |problem: Problem| Problem { field: problem.field.map(|field| role.named(&field)), ..problem };
        order.problems.extend(self.problems.into_iter().map(with_role_name));
        order.skip = order.skip.take().or(self.skip);
        (self.n_filled > 0).then_some(PersonDraft { role, item, cells: self.cells.trimmed() })
    }

    /// Fills a field with what stands in its cell.
    #[inline]
    pub(super) fn fill_as_is(&mut self, bound: &'a Bound<'_>, found: Found<'a>) {
        self.n_filled += 1;
        let (field, text, first_wins) =
            (Cow::Borrowed(&bound.field), Cow::Borrowed(found.text), bound.rule.first_counts);
        let (is_unparsable, is_default) = (false, false);
        let cell = Cell {
            field,
            text,
            time: None,
            at: found.at,
            is_broken: is_unparsable,
            is_fallback: is_default,
            first_counts: first_wins,
        };
        self.cells.push_of(bound.number, cell);
    }

    /// Applies the rule of a field to its cell, or to nothing.
    pub(super) fn take(&mut self, field: Cow<'a, Field>, rule: &'a Rule, found: Option<Found<'a>>) {
        match found {
            None => self.fall_back(field, rule),
            Some(found) => self.take_made(field, rule, rule.make(found.text), Cow::Borrowed(found.text), found.at),
        }
    }

    /// Puts down what a rule made of a text.
    pub(super) fn take_made(
        &mut self,
        field: Cow<'a, Field>,
        rule: &'a Rule,
        result: Made<'a>,
        text: Cow<'a, str>,
        at: Place<'a>,
    ) {
        match result {
            Made::Value(value) if value.is_empty() => self.fall_back(field, rule),
            Made::Value(value) => self.fill(field, rule, value, None, at),
            Made::Time(time, warning) => {
                if let Some((code, message)) = warning {
                    self.problems.push(Problem::of(code, &field, at.position(), message));
                }
                self.fill(field, rule, text, Some(time), at);
            }
            Made::Broken(code, message) => {
                // The value of a guest's field is for nobody to read.
                let message = if field.is_personal() { "does not fit the profile's rule".to_owned() } else { message };
                let problem = Problem::of(code, &field, at.position(), message);
                self.broken(field, problem, text, at);
            }
            Made::Skip(reason) => {
                self.skip.get_or_insert(reason);
                // What stood there is kept for reports: it may be the status of an order that was accepted before.
                self.fill_broken(field, text, at);
            }
        }
    }

    fn fall_back(&mut self, field: Cow<'a, Field>, rule: &'a Rule) {
        if let Some(value) = rule.fallback.as_deref().filter(|fallback| !fallback.is_empty()) {
            let (text, at, first_wins) = (Cow::Borrowed(value), self.at, rule.first_counts);
            self.cells.push(Cell {
                field,
                text,
                time: None,
                at,
                is_broken: false,
                is_fallback: true,
                first_counts: first_wins,
            });
        }
    }

    fn fill(
        &mut self,
        field: Cow<'a, Field>,
        rule: &Rule,
        text: Cow<'a, str>,
        time: Option<DateTime<Utc>>,
        at: Place<'a>,
    ) {
        self.n_filled += 1;
        let first_wins = rule.first_counts;
        self.cells.push(Cell { field, text, time, at, is_broken: false, is_fallback: false, first_counts: first_wins });
    }

    /// Marks a field as there but broken.
    pub(super) fn broken(&mut self, field: Cow<'a, Field>, problem: Problem, text: Cow<'a, str>, at: Place<'a>) {
        self.problems.push(problem);
        self.fill_broken(field, text, at);
    }

    fn fill_broken(&mut self, field: Cow<'a, Field>, text: Cow<'a, str>, at: Place<'a>) {
        self.n_filled += 1;
        let cell = Cell { field, text, time: None, at, is_broken: true, is_fallback: false, first_counts: false };
        self.cells.push(cell);
    }

    /// Marks a field as holding an array or object where one value belongs.
    pub(super) fn not_a_scalar(&mut self, field: Cow<'a, Field>, at: Place<'a>, found: &'static str) {
        let message = format!("{found} where a single value is expected");
        let problem = Problem::of(Code::NotAScalar, &field, at.position(), message);
        self.broken(field, problem, Cow::Borrowed(found), at);
    }
}
