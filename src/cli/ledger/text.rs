//! What the ledger holds, in words and as JSON. Does no I/O.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::args::DecisionArgument;
use crate::{
    ledger::{ContentChange, LedgerOrder, Submission, hex},
    model::{planned::ContentHash, printable::printable},
};

/// What stands above the lines of a list.
pub(super) fn header() -> String {
    columns(["state", "reference", "made at", "sent", "last at", "by run", "target", "change"])
}

/// An order in one line.
pub(super) fn line(order: &LedgerOrder) -> String {
    let last = order.newest();
    columns([
        order.state().as_str(),
        &printable(&order.reference),
        &exact_time(order.ordered_at()),
        &order.submissions.len().to_string(),
        &time_in_seconds(last.intended_at),
        &last.run,
        &order.target.to_string(),
        &open_change(order).map_or_else(String::new, |change| change_summary(order, change)),
    ])
}

fn columns([state, reference, ordered_at, n_sent, last, run, target, change]: [&str; 8]) -> String {
    let line = format!(
        "{state:<8}  {reference:<20}  {ordered_at:<20}  {n_sent:>4}  {last:<20}  {run:<20}  {target:<8}  {change}"
    );
    line.trim_end().to_owned()
}

/// The newest change that no person has acknowledged.
fn open_change(order: &LedgerOrder) -> Option<&ContentChange> {
    order.changes.iter().rfind(|change| change.acknowledged_at.is_none())
}

/// Why the order is not sent any more, if it is not, and what differs from what was accepted.
fn change_summary(order: &LedgerOrder, change: &ContentChange) -> String {
    let cause = change.cause.as_deref().unwrap_or("other content");
    printable(&format!("{cause}{}", differences(order, change))).into_owned()
}

fn differences(order: &LedgerOrder, change: &ContentChange) -> String {
    let accepted = order.accepted().map(|submission| submission.snapshot.clone()).unwrap_or_default();
    let differences = accepted.differences(&change.snapshot);
    if differences.is_empty() { differences } else { format!(" ({differences})") }
}

/// An order in one JSON object.
#[derive(Serialize)]
struct LedgerOrderLine<'a> {
    target: String,
    reference: &'a str,
    ordered_at: String,
    outcome: &'static str,
    attempts: usize,
    last_sent_at: String,
    run: &'a str,
    /// Of an order that has changed since it was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<String>,
}

/// An order as one line of JSON.
pub(super) fn json_line(order: &LedgerOrder) -> String {
    let last = order.newest();
    json(&LedgerOrderLine {
        target: order.target.to_hex(),
        reference: &order.reference,
        ordered_at: exact_time(order.ordered_at()),
        outcome: order.state().as_str(),
        attempts: order.submissions.len(),
        last_sent_at: exact_time(last.intended_at),
        run: &last.run,
        change: open_change(order).map(|change| change_summary(order, change)),
    })
}

/// A sending in one JSON object.
#[derive(Serialize)]
struct SubmissionLine<'a> {
    target: String,
    reference: &'a str,
    ordered_at: String,
    content: String,
    run: &'a str,
    intended_at: String,
    outcome: Option<&'static str>,
    settled_at: Option<String>,
    by_hand: bool,
}

/// A sending as one line of JSON.
pub(super) fn submission_line(order: &LedgerOrder, submission: &Submission) -> String {
    json(&SubmissionLine {
        target: order.target.to_hex(),
        reference: &order.reference,
        ordered_at: exact_time(submission.ordered_at),
        content: hex(&submission.content.0),
        run: &submission.run,
        intended_at: exact_time(submission.intended_at),
        outcome: submission.outcome(),
        settled_at: submission.settled_at.map(exact_time),
        by_hand: submission.is_manual,
    })
}

fn json(line: &impl Serialize) -> String {
    serde_json::to_string(line).expect("texts and numbers always serialise")
}

/// Everything about an order.
pub(super) fn history_text(order: &LedgerOrder) -> String {
    let head = format!(
        "{} made at {}, sent to target {}: {}\n",
        printable(&order.reference),
        exact_time(order.ordered_at()),
        order.target,
        order.state().as_str()
    );
    let submissions = order.submissions.iter().map(submission_text);
    let changes = order.changes.iter().map(|change| change_text(order, change));
    std::iter::once(head).chain(submissions).chain(changes).collect()
}

fn submission_text(submission: &Submission) -> String {
    let (at, content) = (time_in_seconds(submission.intended_at), short_hash(submission.content));
    let result = match (submission.outcome(), submission.settled_at) {
        (None, _) => "no outcome was written".to_owned(),
        (Some(outcome), at) => {
            let by = if submission.is_manual { "settled by hand as " } else { "" };
            let at = at.map_or_else(String::new, |at| format!(" at {}", time_in_seconds(at)));
            format!("{by}{}{at}", outcome.replace('_', " "))
        }
    };
    format!("  {at}  sent by run {} with content {content}: {result}\n", submission.run)
}

fn change_text(order: &LedgerOrder, change: &ContentChange) -> String {
    let at = time_in_seconds(change.seen_at);
    let what = match &change.cause {
        Some(_) => format!(", {}", change_summary(order, change)),
        None => format!(" with content {}{}", short_hash(change.content), differences(order, change)),
    };
    let result = change
        .acknowledged_at
        .map_or_else(|| "not acknowledged".to_owned(), |at| format!("acknowledged by hand at {}", time_in_seconds(at)));
    format!("  {at}  seen by run {}{what}: {result}\n", change.run)
}

/// What was settled, as one line. The order is as it was before.
pub(super) fn settled_text(before: &LedgerOrder, decision: DecisionArgument) -> String {
    let what = match decision {
        DecisionArgument::Accepted => "settled as accepted; it is not sent again",
        DecisionArgument::Failed => "settled as failed; the next run that reads it sends it again",
        DecisionArgument::Acknowledged => "its change is acknowledged; the service keeps what it accepted",
    };
    let (reference, ordered_at) = (printable(&before.reference), exact_time(before.ordered_at()));
    format!("{reference} made at {ordered_at}, was {}: {what}", before.state().as_str())
}

/// As exact as the ledger has it.
fn exact_time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn time_in_seconds(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Enough of a hash to see that it is another one.
fn short_hash(content: ContentHash) -> String {
    hex(&content.0[..4])
}
