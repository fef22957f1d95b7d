//! Facts of a run: target, what was read, how long it took, and what is worth a note.
//!
//! Each line only if there is something to say. Called by `screen`.

use std::time::Duration;

use chrono::{DateTime, Datelike, Utc};

use super::{
    super::{
        numbers::{count, format_duration, with_unit},
        summary::{InputSummary, Summary},
    },
    layout::{Layout, listed},
};
use crate::model::{
    folded::unbroken,
    outcome::Outcome,
    problem::{Code, Severity},
};

/// Maximum number of inputs that are named; the report has the others.
const MAX_INPUTS: usize = 4;

/// The point of sale of a sandbox that was given none.
const SANDBOX_POS: &str = "sandbox";

/// Returns the lines of the facts.
pub(super) fn facts(summary: &Summary, layout: Layout) -> String {
    let parts = [target, read, took, notes];
    parts.map(|part| part(summary, layout)).concat()
}

fn target(summary: &Summary, layout: Layout) -> String {
    let is_check = summary.command == "check";
    let target = match &summary.target {
        Some(target) if target.sandbox => Some("a sandbox of this run"),
        Some(target) => Some(match &target.name {
            Some(name) => name.as_str(),
            None => target.base_url.trim_start_matches("https://"),
        }),
        None if is_check => Some("no target yet"),
        None => None,
    };
    let pos = summary.pos.as_deref().filter(|pos| *pos != SANDBOX_POS);
    let names: Vec<_> = target.into_iter().chain(pos).collect();
    match (is_check, names.join(", ")) {
        (true, names) => layout.field("for", &format!("{names}; nothing was sent")),
        (false, names) if names.is_empty() => String::new(),
        (false, names) => layout.field("to", &names),
    }
}

fn read(summary: &Summary, layout: Layout) -> String {
    let inputs = &summary.inputs;
    let mut parts = match inputs.as_slice() {
        [] => return String::new(),
        [input] => vec![unbroken(&input.file)],
        inputs => vec![with_unit(inputs.len() as u64, "file")],
    };
    parts.push(with_unit(summary.rows, "row"));
    if summary.orders.read > 0 {
        parts.push(with_unit(summary.orders.read, "order"));
    }
    parts.extend(summary.orders_from.zip(summary.orders_to).map(|(from, to)| span(from, to)));
    let mut lines = layout.field("read", &parts.join(", "));
    let joined = |input: &InputSummary| {
        layout.field(
            "joined",
            &format!("{}, {}", unbroken(&input.file), with_unit(input.rows, "row")),
        )
    };
    lines.extend(summary.side_files.iter().take(MAX_INPUTS).map(joined));
    if inputs.len() > 1 {
        for input in inputs.iter().take(MAX_INPUTS) {
            lines += &layout
                .field("", &format!("{}, {}", unbroken(&input.file), with_unit(input.rows, "row")));
        }
    }
    if let Some(n @ 1..) = inputs.len().checked_sub(MAX_INPUTS) {
        lines +=
            &layout.field("", &format!("and {} in the report", with_unit(n as u64, "more file")));
    }
    lines
}

/// The dates of the orders, in UTC: `24 October to 20 November 2026`.
fn span(from: DateTime<Utc>, to: DateTime<Utc>) -> String {
    let last = to.format("%-d %B %Y").to_string();
    if from.date_naive() == to.date_naive() {
        return last;
    }
    let first = if from.year() == to.year() { "%-d %B" } else { "%-d %B %Y" };
    format!("{} to {last}", from.format(first))
}

fn took(summary: &Summary, layout: Layout) -> String {
    let (requests, orders) = (&summary.requests, &summary.orders);
    let is_unsent = summary.command == "check" || matches!(summary.exit_code, 2 | 5);
    if requests.total == 0 && (is_unsent || orders.read == 0) {
        return String::new();
    }
    let sent = match requests.total {
        0 => "no requests".to_owned(),
        n => with_unit(n, "request"),
    };
    let retries = match requests.retries {
        0 => String::new(),
        1 => ", 1 retry".to_owned(),
        n => format!(", {} retries", count(n)),
    };
    let time = format_duration(summary.duration());
    let down = match summary.seconds_down {
        0 => String::new(),
        n => format!("; service down {}", format_duration(Duration::from_secs(n))),
    };
    if orders[Outcome::Accepted] == orders.read {
        let (orders, guests) =
            (with_unit(orders.read, "order"), with_unit(summary.guests, "guest"));
        return layout
            .field("accepted", &format!("{orders} of {guests}, {sent}{retries}, {time}{down}"));
    }
    layout.field("took", &format!("{time}, {sent}{retries}{down}"))
}

fn notes(summary: &Summary, layout: Layout) -> String {
    let mut lines = String::new();
    if let Some(reason) = &summary.stopped {
        lines +=
            &layout.field("ended", &reason.lines().map(str::trim).collect::<Vec<_>>().join("; "));
    }
    for note in note_texts(summary) {
        let label = if lines.contains("  note ") { "" } else { "note" };
        lines += &layout.field(label, &note);
    }
    lines
}

fn note_texts(summary: &Summary) -> Vec<String> {
    let mut notes = Vec::new();
    let is_pending = |code, severity| code == Code::PaymentPending && severity == Severity::Warning;
    if let Some(pending) =
        summary.problems.iter().find(|problem| is_pending(problem.code, problem.severity))
    {
        let are = if pending.orders == 1 { "is" } else { "are" };
        notes.push(format!("{} {are} PAYMENT_PENDING and will stay so", count(pending.orders)));
    }
    let rows: Vec<_> = [
        (summary.rows_unreadable, "row", "unreadable"),
        (summary.rows_ignored, "row", "ignored"),
        (summary.rows_skipped, "row", "left out"),
        (summary.headers_repeated, "header", "repeated"),
    ]
    .into_iter()
    .filter(|(n, ..)| *n > 0)
    .map(|(n, unit, what)| format!("{} {what}", with_unit(n, unit)))
    .collect();
    if !rows.is_empty() {
        notes.push(listed(&rows));
    }
    match summary.scattered {
        0 => {}
        1 => notes.push("the rows of 1 order are scattered".to_owned()),
        n => notes.push(format!("the rows of {} orders are scattered", count(n))),
    }
    if summary.repeated_after > 0 {
        let (n, orders) = (summary.repeated_after, with_unit(summary.repeated_after, "order"));
        let were = if n == 1 { "was" } else { "were" };
        notes.push(format!(
            "{orders} {were} sent again after an uncertain answer: repeated_after in the results"
        ));
    }
    match summary.carts_open {
        0 => {}
        n => notes.push(format!(
            "{} may not be empty: the next run clears what is left",
            with_unit(n, "cart")
        )),
    }
    notes.extend(summary.old_orders_hint());
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn span_of_dates_is_short() {
        let span = |from: &str, to: &str| {
            let time = |date: &str| format!("{date}T12:00:00Z").parse().unwrap();
            span(time(from), time(to))
        };
        assert_eq!(span("2026-11-03", "2026-11-03"), "3 November 2026");
        assert_eq!(span("2026-10-24", "2026-11-20"), "24 October to 20 November 2026");
        assert_eq!(span("2025-12-31", "2026-01-01"), "31 December 2025 to 1 January 2026");
    }
}
