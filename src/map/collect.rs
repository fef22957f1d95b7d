//! Collects the cells of one row or item while rules are applied to it.

use std::sync::Arc;

use super::rule::{Made, Rule};
use crate::model::{
    draft::{Cell, MappedRow, RowKind},
    field::Field,
    origin::{Position, RowOrigin},
    problem::{Code, Problem},
};

/// A filled cell of the export and where it stands.
pub(super) struct Found<'a> {
    pub(super) text: &'a str,
    pub(super) at: Position,
}

/// What the rules made of the row so far.
pub(super) struct Collector {
    /// Where constants stand.
    at: Position,
    pub(super) cells: Vec<Cell>,
    /// How many cells came from the export, not from a constant or default.
    pub(super) n_filled: usize,
    pub(super) skip: Option<Arc<str>>,
    pub(super) problems: Vec<Problem>,
}

impl Collector {
    pub(super) fn new(at: Position) -> Self {
        Self { at, cells: Vec::new(), n_filled: 0, skip: None, problems: Vec::new() }
    }

    /// Applies the rule of a field to its cell, or to nothing.
    pub(super) fn take(&mut self, field: &Field, rule: &Rule, found: Option<&Found<'_>>) {
        let Some(&Found { text, at }) = found else {
            return self.fall_back(field, rule);
        };
        match rule.make(text) {
            Made::Value(made, _) if made.is_empty() => self.fall_back(field, rule),
            Made::Value(made, doubt) => {
                if let Some((code, words)) = doubt {
                    self.problems.push(Problem::of(code, field, at, words));
                }
                self.fill(field, rule, &made, at, false);
            }
            Made::Broken(code, words) => {
                // The value of a guest's field is for nobody to read.
                let words = if field.is_personal() { "does not fit the profile's rule".to_owned() } else { words };
                self.broken(field, Problem::of(code, field, at, words), text);
            }
            Made::Skip(reason) => {
                self.n_filled += 1;
                self.skip.get_or_insert(reason);
            }
        }
    }

    fn fall_back(&mut self, field: &Field, rule: &Rule) {
        if let Some(fallback) = rule.fallback.as_ref().filter(|fallback| !fallback.is_empty()) {
            let at = self.at;
            self.push(field, rule.first_counts, fallback, at, true);
        }
    }

    /// Fills a field with a value in canonical form.
    pub(super) fn fill(&mut self, field: &Field, rule: &Rule, text: &str, at: Position, is_fallback: bool) {
        self.n_filled += 1;
        self.push(field, rule.first_counts, text, at, is_fallback);
    }

    fn push(&mut self, field: &Field, first_counts: bool, text: &str, at: Position, is_fallback: bool) {
        let cell = Cell { field: field.clone(), text: text.into(), at, is_broken: false, is_fallback, first_counts };
        self.cells.push(cell);
    }

    /// Marks a field as there but broken.
    pub(super) fn broken(&mut self, field: &Field, problem: Problem, text: &str) {
        self.n_filled += 1;
        let at = problem.at;
        self.problems.push(problem);
        self.cells.push(Cell {
            field: field.clone(),
            text: text.into(),
            at,
            is_broken: true,
            is_fallback: false,
            first_counts: false,
        });
    }

    /// Marks a field as holding an array or object where one value belongs.
    pub(super) fn not_a_scalar(&mut self, field: &Field, at: Position, found: &str) {
        let words = format!("{found} where a single value is expected");
        self.broken(field, Problem::of(Code::NotAScalar, field, at, words), found);
    }
}

/// A row that adds nothing to an order.
pub(super) fn row_without_cells(origin: RowOrigin, kind: RowKind) -> MappedRow {
    MappedRow { origin, kind, cells: Vec::new(), items: Vec::new(), skip: None, problems: Vec::new() }
}
