//! Why: the reasons of the outcomes that need attention, grouped and counted, worst outcome first.
//!
//! Called by `screen`.

use super::{
    super::{
        examples::title_in_line,
        numbers::{count, with_unit},
        reasons::ReasonSummary,
        summary::{ProblemSummary, Summary},
    },
    layout::Layout,
    money_table::label,
};
use crate::model::{
    outcome::Outcome,
    problem::{Code, Severity},
};

/// Maximum lines of one outcome; the report has the others.
const MAX_LINES: usize = 5;

/// The least width of the counts, which follow the name of the outcome.
const COUNT_WIDTH: usize = 6;

/// Name of the outcome, number of orders, reason, and the code of a problem.
struct Line {
    label: &'static str,
    n: u64,
    text: String,
    code: &'static str,
}

/// Returns the lines of the reasons.
pub(super) fn why(summary: &Summary, layout: Layout) -> String {
    let groups = [
        of_outcome(summary, Outcome::Unknown),
        of_outcome(summary, Outcome::Refused),
        of_outcome(summary, Outcome::Failed),
        of_outcome(summary, Outcome::Changed),
        of_problems(summary, Severity::Error),
        of_problems(summary, Severity::Warning),
        left_out(summary),
    ];
    let lines: Vec<_> = groups.into_iter().flat_map(shortened).collect();
    let counts = lines.iter().map(|line| count(line.n).len());
    let width = counts.max().unwrap_or_default().max(COUNT_WIDTH);
    lines.iter().map(|line| line.text(width, layout)).collect()
}

fn of_outcome(summary: &Summary, outcome: Outcome) -> Vec<Line> {
    let reasons = summary.reasons.iter().filter(|reason| reason.outcome == outcome);
    let line = |reason: &ReasonSummary| Line {
        label: label(outcome),
        n: reason.orders,
        text: reason.reason.clone(),
        code: "",
    };
    reasons.map(line).collect()
}

fn of_problems(summary: &Summary, severity: Severity) -> Vec<Line> {
    let label = |problem: &ProblemSummary| match severity {
        Severity::Error if problem.invalid > 0 => label(Outcome::Invalid),
        // An order that an earlier run sent is changed, although it is invalid now.
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let line = |problem: &ProblemSummary| Line {
        label: label(problem),
        // A problem of a file, such as an unknown column, has no orders.
        n: if problem.orders == 0 { problem.rows } else { problem.orders },
        text: title_in_line(problem.code),
        code: problem.code.as_str(),
    };
    let is_shown = |problem: &&ProblemSummary| {
        // Pending payments have a note.
        problem.severity == severity
            && (severity == Severity::Error || problem.code != Code::PaymentPending)
    };
    summary.problems.iter().filter(is_shown).map(line).collect()
}

fn left_out(summary: &Summary) -> Vec<Line> {
    let label = label(Outcome::Skipped);
    let lines = summary.skipped.iter();
    lines.map(|line| Line { label, n: line.orders, text: line.reason.clone(), code: "" }).collect()
}

/// The first lines of a group, and one of all others.
fn shortened(mut lines: Vec<Line>) -> Vec<Line> {
    if lines.len() > MAX_LINES {
        let others = lines.split_off(MAX_LINES - 1);
        lines.push(Line {
            label: others[0].label,
            n: others.iter().map(|line| line.n).sum(),
            text: with_unit(others.len() as u64, "more cause"),
            code: "see the report",
        });
    }
    lines
}

impl Line {
    fn text(&self, width: usize, layout: Layout) -> String {
        let Self { label, n, text, code } = self;
        let first = format!("    {label:9}{:>width$}  ", count(*n));
        let rest = " ".repeat(first.len());
        let mut text = layout.wrapped(text, &first, &rest);
        if code.is_empty() {
            return text;
        }
        text.pop();
        let n_last = text.lines().last().unwrap_or_default().chars().count();
        let columns = layout.columns;
        let n_free = columns.saturating_sub(n_last);
        if n_free > code.len() {
            format!("{text}{code:>n_free$}\n")
        } else {
            format!("{text}\n{code:>columns$}\n")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_parts_of_a_line() {
        assert_eq!(title_in_line(Code::NumberUnreadable), "a number cannot be read");
        assert_eq!(title_in_line(Code::UnknownTitle), "IDENTITY does not take the title");
    }

    #[test]
    fn code_that_does_not_fit_is_on_its_own_line() {
        let of = |code: Code| {
            let (text, code) = (title_in_line(code), code.as_str());
            Line { label: "warning", n: 1_468, text, code }.text(COUNT_WIDTH, Layout::default())
        };
        let columns = Layout::default().columns;
        for code in Code::ALL {
            assert!(of(*code).lines().all(|line| line.chars().count() <= columns), "{}", of(*code));
        }
        insta::assert_snapshot!([of(Code::EventTooLarge), of(Code::ItemTimestampImplausible)].concat(), @"
        warning   1,468  an event is too long for one request        event_too_large
        warning   1,468  the time of an item is implausible
                                                          item_timestamp_implausible
        ");
    }
}
