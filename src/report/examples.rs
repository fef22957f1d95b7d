//! Examples: the first orders that have a problem of a code or a reason of their outcome, with
//! their rows, and the diagnostics that show them.
//!
//! Keeps a few of each, so its size does not grow with the run. Filled by `tally` and `reasons`;
//! the excerpts are added by `pipeline`, which can read the rows again.

use std::collections::BTreeSet;

use crate::model::{
    diagnostic::{Diagnostic, Excerpt, FilePosition, Note},
    encoding_hint::encoding_hint,
    explanation::Explanation,
    input::InputRead,
    order::{OrderId, OrderRecord},
    origin::{InputNames, Position, RowOrigin},
    problem::{Code, Problem, Severity},
    redact::without_address,
};

use super::numbers::with_unit;

/// Maximum examples of a code or a reason.
const MAX_EXAMPLES: usize = 3;

/// What spreadsheets write into the first cell below a table, in lower case.
const TOTALS: [&str; 11] = [
    "total",
    "totals",
    "grand total",
    "subtotal",
    "sum",
    "summe",
    "gesamt",
    "gesamtsumme",
    "totale",
    "totaal",
    "suma",
];

/// A problem or the outcome of an order, to show where it is.
#[derive(Debug, Clone)]
pub struct OrderExample {
    /// The problem; none of an outcome.
    pub problem: Option<Problem>,
    /// The row of the cell, or the order's first one; none if the problem is of no row of the
    /// order.
    pub row: Option<RowOrigin>,
    /// Whether it is not known which order the row is of, so that its values are not shown.
    pub is_of_unknown_order: bool,
    /// The line of the cell, once it is read again.
    pub excerpt: Option<Excerpt>,
    /// The order; none of a problem of no single order.
    id: Option<OrderId>,
    /// The reference of the order; empty if it has none.
    reference: String,
    at: Position,
    /// What was found, or what happened.
    message: String,
}

/// The first examples of one kind in the input, each of another order.
#[derive(Debug, Clone, Default)]
pub struct Examples(Vec<OrderExample>);

/// How many there are of a kind of examples.
#[derive(Debug, Clone, Copy)]
pub(super) enum Counted {
    /// Orders.
    Orders(u64),
    /// Rows that belong to no known order.
    Rows(u64),
}

/// What examples have in common.
pub(super) struct Heading {
    pub(super) severity: Severity,
    pub(super) kind: &'static str,
    pub(super) title: String,
    /// What to do.
    pub(super) hint: String,
    /// The command that explains it.
    pub(super) command: String,
}

impl Heading {
    /// That of a problem code.
    pub(super) fn of_code(code: Code, severity: Severity) -> Self {
        Self {
            severity,
            kind: code.as_str(),
            title: title_in_line(code),
            hint: hint(code),
            command: format!("orderferry explain {code}"),
        }
    }
}

impl Examples {
    /// Adds the first problem that an order has of this code, or one of no single order.
    pub(super) fn add(&mut self, problem: &Problem, order: Option<&OrderRecord>) {
        let id = order.map(|order| order.id);
        if self.is_needed((problem.at, id)) {
            self.insert(OrderExample::of_problem(problem, order));
        }
    }

    /// Adds an order for its outcome. `message` is what happened to it.
    pub(super) fn add_order(&mut self, order: &OrderRecord, message: &str) {
        if self.is_needed((order.source, Some(order.id))) {
            self.insert(OrderExample {
                problem: None,
                id: Some(order.id),
                reference: order.reference.clone(),
                row: order.rows.first().cloned(),
                is_of_unknown_order: is_unknown(order, order.source),
                excerpt: None,
                at: order.source,
                message: message.to_owned(),
            });
        }
    }

    fn is_needed(&self, place: (Position, Option<OrderId>)) -> bool {
        let is_before = |last: &OrderExample| place < last.place();
        self.0.len() < MAX_EXAMPLES || self.0.last().is_some_and(is_before)
    }

    /// Adds those of another part of the run.
    pub(super) fn append(&mut self, others: &Self) {
        others.0.iter().for_each(|example| self.insert(example.clone()));
    }

    fn insert(&mut self, example: OrderExample) {
        let at = self.0.partition_point(|kept| kept.place() < example.place());
        self.0.insert(at, example);
        self.0.truncate(MAX_EXAMPLES);
    }

    /// The first problem in the input.
    pub(super) fn first(&self) -> Option<&Problem> {
        self.0.first()?.problem.as_ref()
    }

    /// The examples, to add their excerpts.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut OrderExample> {
        self.0.iter_mut()
    }

    /// The diagnostics of the examples; `n` is what they are examples of.
    pub(super) fn diagnostics(
        &self,
        heading: &Heading,
        n: Counted,
        inputs: &[InputRead],
    ) -> Vec<Diagnostic> {
        let names: InputNames = inputs.iter().map(|read| read.input.name.as_str()).collect();
        let mut diagnostics: Vec<_> =
            self.0.iter().map(|example| example.diagnostic(heading, inputs, &names)).collect();
        if let Some(last) = diagnostics.last_mut() {
            let command = &heading.command;
            let hint = self.0.iter().find_map(OrderExample::encoding_hint);
            let hint = hint.unwrap_or_else(|| heading.hint.clone());
            let totals = self.0.iter().filter_map(OrderExample::totals_hint);
            let totals: BTreeSet<_> = totals.collect();
            // No value is missing in the row of a total.
            if totals.len() < self.0.len() {
                last.notes.push(Note::Hint(hint));
            }
            last.notes.extend(totals.into_iter().map(Note::Hint));
            let (n, unit) = match n {
                Counted::Orders(n) => (n, "more order"),
                Counted::Rows(n) => (n, "more row"),
            };
            last.more.push(match n.saturating_sub(self.0.len() as u64) {
                0 => format!("explained by: {command}"),
                n => format!("and {}: {command}", with_unit(n, unit)),
            });
        }
        diagnostics
    }
}

impl OrderExample {
    /// A problem of an order, or of no single order, without its excerpt.
    #[must_use]
    pub fn of_problem(problem: &Problem, order: Option<&OrderRecord>) -> Self {
        let rows = order.into_iter().flat_map(|order| &order.rows);
        // The last one that begins above: a cell may be on a later line of its row.
        let row = rows
            .filter(|row| row.file == problem.at.file && row.line <= problem.at.line)
            // A row as a whole begins at its line; another one may be of no order.
            .filter(|row| problem.at.column.is_some() || row.line == problem.at.line)
            .max_by_key(|row| row.line);
        let row = row.or(problem.row.as_deref());
        let reference = order.map(|order| &*order.reference).or(problem.reference.as_deref());
        let is_of_unknown_order = problem.is_of_unknown_order()
            || order.is_some_and(|order| {
                is_unknown(order, row.map_or(problem.at, RowOrigin::position))
            });
        Self {
            problem: Some(problem.clone()),
            id: order.map(|order| order.id),
            reference: reference.unwrap_or_default().to_owned(),
            row: row.cloned(),
            is_of_unknown_order,
            excerpt: None,
            at: problem.at,
            message: problem.message.clone(),
        }
    }

    /// The diagnostic of the problem, with what to do about it; none of an outcome.
    #[must_use]
    pub fn with_hint(&self, inputs: &[InputRead]) -> Option<Diagnostic> {
        let names: InputNames = inputs.iter().map(|read| read.input.name.as_str()).collect();
        let problem = self.problem.as_ref()?;
        let heading = Heading::of_code(problem.code, problem.severity);
        let mut diagnostic = self.diagnostic(&heading, inputs, &names);
        diagnostic.notes.push(Note::Hint(heading.hint));
        Some(diagnostic)
    }

    /// What to do about a row in another encoding, if it is one.
    fn encoding_hint(&self) -> Option<String> {
        let problem = self.problem.as_ref().filter(|one| one.code == Code::RowUnreadable)?;
        encoding_hint(&problem.message)
    }

    /// What to do about a row below the orders that is no order, but the total of the table.
    fn totals_hint(&self) -> Option<String> {
        let code = self.problem.as_ref()?.code;
        let lacks_value = matches!(code, Code::MissingAttribute | Code::MissingIdentifier);
        let word = self.reference.trim_end_matches(':').to_lowercase();
        (lacks_value && TOTALS.contains(&word.as_str())).then(|| {
            let reference = &self.reference;
            format!(
                "a total of the table is no order: leave it out with a [[skip]] in the profile, when = \
                 {{ column = COLUMN, is = {reference:?} }} with the column of referenceId \
                 (orderferry help profile)"
            )
        })
    }

    /// By which examples are sorted: the first ones in the input are kept, not the first counted,
    /// since parts of a run are counted in any order. Orders may share the position of a problem.
    fn place(&self) -> (Position, Option<OrderId>) {
        (self.at, self.id)
    }

    fn diagnostic(
        &self,
        heading: &Heading,
        inputs: &[InputRead],
        names: &InputNames,
    ) -> Diagnostic {
        let Self { problem, reference, excerpt, at, message, .. } = self;
        let is_csv = inputs.get(at.file.0 as usize).is_some_and(|read| read.header.is_some());
        let word = if is_csv { "column " } else { "" };
        let marked = excerpt.as_ref().and_then(|excerpt| excerpt.marked.as_ref());
        let at = marked.map_or(at, |place| &place.position);
        let column_name = problem.as_ref().and_then(|problem| problem.column_name.as_ref());
        let column_name = column_name.or(marked.and_then(|place| place.column_name.as_ref()));
        let column = column_name.map(|name| format!("{word}{name}"));
        let order =
            Some(format!("order {}", without_address(reference))).filter(|_| !reference.is_empty());
        let what: Vec<_> = order.into_iter().chain(column).collect();
        let blanks = if what.is_empty() { "" } else { "  " };
        // The label of an excerpt says what was found.
        let is_said = excerpt.as_ref().is_some_and(|excerpt| !excerpt.label.is_empty())
            || *message == heading.title;
        let notes = if is_said { Vec::new() } else { vec![Note::Fact(message.clone())] };
        Diagnostic {
            severity: problem.as_ref().map_or(heading.severity, |problem| problem.severity),
            kind: heading.kind,
            title: heading.title.clone(),
            place: format!("{}{blanks}{}", names.locate(*at), what.join(", ")),
            position: Some(FilePosition {
                file: names.get(at.file).to_owned(),
                line: Some(at.line),
                column: at.column.map(u64::from),
            }),
            notes,
            excerpt: excerpt.clone(),
            more: Vec::new(),
        }
    }
}

/// The title of a code within a line.
pub(super) fn title_in_line(code: Code) -> String {
    in_line(code.title())
}

/// A sentence within a line: no capital letter, unless the first word has only these, and no full
/// stop.
fn in_line(sentence: &str) -> String {
    let sentence = sentence.trim_end_matches('.');
    let is_word = sentence.chars().nth(1).is_some_and(|second| !second.is_uppercase());
    match sentence.chars().next() {
        Some(first) if is_word => {
            format!("{}{}", first.to_lowercase(), &sentence[first.len_utf8()..])
        }
        _ => sentence.to_owned(),
    }
}

/// Whether it is not known that the row at this position is of the order: the order has no key, or
/// the row was not read as one of it.
fn is_unknown(order: &OrderRecord, row: Position) -> bool {
    let is_at = |problem: &Problem| (problem.at.file, problem.at.line) == (row.file, row.line);
    let mut problems = order.problems.iter();
    order.reference.is_empty()
        || problems.any(|problem| problem.is_of_unknown_order() && is_at(problem))
}

/// The first sentence of how to fix a problem, within a line.
fn hint(code: Code) -> String {
    let fix = Explanation::of(code).fix.replace('\n', " ");
    in_line(fix.find(". ").map_or(&*fix, |end| &fix[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::origin::FileId;

    #[test]
    fn total_below_the_orders_is_to_be_left_out() {
        let hints = |references: &[&str], code: Code| {
            let mut examples = Examples::default();
            for (line, reference) in (2..).zip(references) {
                let at = Position { file: FileId(0), line, column: None };
                let order = OrderRecord {
                    id: OrderId(line),
                    reference: (*reference).to_owned(),
                    ordered_at: None,
                    source: at,
                    money: None,
                    item_count: 0,
                    side_rows: Vec::new(),
                    rows: Vec::new(),
                    problems: Vec::new().into(),
                };
                examples.add(&Problem::for_order(code, at, "no value"), Some(&order));
            }
            let shown = examples.diagnostics(
                &Heading::of_code(code, Severity::Error),
                Counted::Orders(2),
                &[],
            );
            let is_of_total =
                |note: &Note| matches!(note, Note::Hint(hint) if hint.contains("[[skip]] in"));
            let notes = &shown.last().unwrap().notes;
            (notes.len(), notes.iter().filter(|note| is_of_total(note)).count())
        };
        // The fact that a value is missing, and what to do.
        assert_eq!(hints(&["A-1", "Summe:"], Code::MissingAttribute), (3, 1));
        assert_eq!(hints(&["Total"], Code::MissingAttribute), (2, 1));
        assert_eq!(hints(&["A-1", "Totalled"], Code::MissingAttribute), (2, 0));
        assert_eq!(hints(&["Total"], Code::NumberUnreadable), (2, 0));
    }
}
