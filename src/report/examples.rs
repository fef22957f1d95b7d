//! Examples: the first orders that have a problem of a code, with their rows, and the diagnostics
//! that show them.
//!
//! Keeps a few per code, so its size does not grow with the run. Filled by `tally`; the excerpts
//! are added by `pipeline`, which can read the rows again.

use crate::model::{
    diagnostic::{Diagnostic, Excerpt, Note},
    explanation::Explanation,
    input::InputRead,
    order::{OrderId, OrderRecord},
    origin::{InputNames, Position, RowOrigin},
    problem::{Code, Problem},
};

use super::numbers::with_unit;

/// Maximum examples of a code.
const MAX_EXAMPLES: usize = 3;

/// A problem of an order, to show where it is.
#[derive(Debug, Clone)]
pub struct ProblemExample {
    /// The problem.
    pub problem: Problem,
    /// The order; none of a problem of no single order.
    id: Option<OrderId>,
    /// The reference of the order; empty if it has none.
    pub reference: String,
    /// The row of the cell; none if the problem is of no row of the order.
    pub row: Option<RowOrigin>,
    /// The line of the cell, once it is read again.
    pub excerpt: Option<Excerpt>,
}

/// The first problems of one code, each of another order.
#[derive(Debug, Clone, Default)]
pub struct Examples(Vec<ProblemExample>);

impl Examples {
    /// Adds the first problem that an order has of this code, or one of no single order.
    pub(super) fn add(&mut self, problem: &Problem, order: Option<&OrderRecord>) {
        let id = order.map(|order| order.id);
        let is_needed = |last: &ProblemExample| (problem.at, id) < last.place();
        if self.0.len() < MAX_EXAMPLES || self.0.last().is_some_and(is_needed) {
            self.insert(ProblemExample::new(problem, order));
        }
    }

    /// Adds those of another part of the run.
    pub(super) fn append(&mut self, others: &Self) {
        others.0.iter().for_each(|example| self.insert(example.clone()));
    }

    fn insert(&mut self, example: ProblemExample) {
        let at = self.0.partition_point(|kept| kept.place() < example.place());
        self.0.insert(at, example);
        self.0.truncate(MAX_EXAMPLES);
    }

    /// The first problem in the input.
    pub(super) fn first(&self) -> Option<&Problem> {
        self.0.first().map(|example| &example.problem)
    }

    /// The examples, to add their excerpts.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut ProblemExample> {
        self.0.iter_mut()
    }

    /// The diagnostics of the examples. `n_orders` have the problem.
    pub(super) fn diagnostics(
        &self,
        n_orders: u64,
        inputs: &[InputRead],
    ) -> impl Iterator<Item = Diagnostic> {
        let names: InputNames = inputs.iter().map(|read| read.input.name.as_str()).collect();
        let last = self.0.len().saturating_sub(1);
        self.0.iter().enumerate().map(move |(index, example)| {
            let code = example.problem.code;
            if index < last {
                return example.diagnostic(inputs, &names);
            }
            let more = match n_orders.saturating_sub(self.0.len() as u64) {
                0 => format!("explained by: orderferry explain {code}"),
                n => format!("and {}: orderferry explain {code}", with_unit(n, "more order")),
            };
            Diagnostic { more: Some(more), ..example.with_hint(inputs) }
        })
    }
}

impl ProblemExample {
    /// A problem of an order, or of no single order, without its excerpt.
    #[must_use]
    pub fn new(problem: &Problem, order: Option<&OrderRecord>) -> Self {
        let rows = order.into_iter().flat_map(|order| &order.rows);
        // The last one that begins above: a cell may be on a later line of its row.
        let row = rows
            .filter(|row| row.file == problem.at.file && row.line <= problem.at.line)
            .max_by_key(|row| row.line);
        Self {
            problem: problem.clone(),
            id: order.map(|order| order.id),
            reference: order.map_or_else(String::new, |order| order.reference.clone()),
            row: row.cloned(),
            excerpt: None,
        }
    }

    /// The diagnostic of the problem, with what to do about it.
    #[must_use]
    pub fn with_hint(&self, inputs: &[InputRead]) -> Diagnostic {
        let names: InputNames = inputs.iter().map(|read| read.input.name.as_str()).collect();
        let mut diagnostic = self.diagnostic(inputs, &names);
        diagnostic.notes.push(Note::Hint(hint(self.problem.code)));
        diagnostic
    }

    /// By which examples are sorted: the first ones in the input are kept, not the first counted,
    /// since parts of a run are counted in any order. Orders may share the position of a problem.
    fn place(&self) -> (Position, Option<OrderId>) {
        (self.problem.at, self.id)
    }

    fn diagnostic(&self, inputs: &[InputRead], names: &InputNames) -> Diagnostic {
        let Self { problem, reference, excerpt, .. } = self;
        let Problem { code, at, message, .. } = problem;
        let title = code.title().trim_end_matches('.');
        let is_csv = inputs.get(at.file.0 as usize).is_some_and(|read| read.header.is_some());
        let word = if is_csv { "column " } else { "" };
        let column = problem.column_name.as_ref().map(|name| format!("{word}{name}"));
        let order = Some(format!("order {reference}")).filter(|_| !reference.is_empty());
        let what: Vec<_> = order.into_iter().chain(column).collect();
        let blanks = if what.is_empty() { "" } else { "  " };
        Diagnostic {
            severity: problem.severity,
            kind: code.as_str(),
            title: lower_first(title),
            place: format!("{}{blanks}{}", names.locate(*at), what.join(", ")),
            notes: if excerpt.is_none() { vec![Note::Fact(message.clone())] } else { Vec::new() },
            excerpt: excerpt.clone(),
            more: None,
        }
    }
}

/// A sentence as a title: it begins in lower case.
fn lower_first(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().into_iter().flat_map(char::to_lowercase).chain(chars).collect()
}

/// The first sentence of how to fix a problem, on one line.
fn hint(code: Code) -> String {
    let fix = Explanation::of(code).fix.replace('\n', " ");
    match fix.find(". ") {
        Some(end) => fix[..end].to_owned(),
        None => fix.trim_end_matches('.').to_owned(),
    }
}
