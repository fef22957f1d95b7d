//! Orders of the ledger as text for people, as JSON for scripts and as CSV. Does no I/O.
//!
//! The JSON keys and CSV columns are read by scripts and keep their names. Called by `commands`.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::{
    cli::args::DecisionArgument,
    ledger::{ContentChange, LedgerOrder, OrderState, SettledOrder, Submission, hex},
    model::{planned::ContentHash, printable::printable, spreadsheet::without_formulas},
};

/// Header line of a list.
pub(super) fn header() -> String {
    columns(["state", "reference", "ordered at", "sent", "last at", "by run", "target", "change"])
}

/// Line of a list.
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
    // Widths are fixed, since a list is printed order by order; a longer reference shifts its line.
    let line = format!(
        "{state:<8}  {reference:<20}  {ordered_at:<20}  {n_sent:>4}  {last:<20}  {run:<20}  \
         {target:<8}  {change}"
    );
    line.trim_end().to_owned()
}

/// Returns the newest change that is not acknowledged.
fn open_change(order: &LedgerOrder) -> Option<&ContentChange> {
    order.changes.iter().rfind(|change| change.acknowledged_at.is_none())
}

/// Returns why the order is not sent any more, or that its content differs, and the differences
/// from what was accepted.
fn change_summary(order: &LedgerOrder, change: &ContentChange) -> String {
    let cause = change.cause.as_deref().unwrap_or("other content");
    printable(&format!("{cause}{}", differences(order, change))).into_owned()
}

fn differences(order: &LedgerOrder, change: &ContentChange) -> String {
    let accepted =
        order.accepted().map(|submission| submission.snapshot.clone()).unwrap_or_default();
    let differences = accepted.differences(&change.snapshot);
    if differences.is_empty() { differences } else { format!(" ({differences})") }
}

/// JSON object of an order.
#[derive(Serialize)]
struct LedgerOrderLine<'a> {
    target: String,
    reference: &'a str,
    ordered_at: String,
    outcome: &'static str,
    attempts: usize,
    last_sent_at: String,
    run: &'a str,
    /// Absent unless the order changed after it was accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<String>,
}

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

/// CSV header of a list: the keys of the JSON objects.
pub(super) fn csv_header() -> String {
    csv_line(&[
        "target",
        "reference",
        "ordered_at",
        "outcome",
        "attempts",
        "last_sent_at",
        "run",
        "change",
    ])
}

/// CSV record of an order.
pub(super) fn csv_record(order: &LedgerOrder) -> String {
    let last = order.newest();
    csv_line(&[
        &order.target.to_hex(),
        &order.reference,
        &exact_time(order.ordered_at()),
        order.state().as_str(),
        &order.submissions.len().to_string(),
        &exact_time(last.intended_at),
        &last.run,
        &open_change(order).map_or_else(String::new, |change| change_summary(order, change)),
    ])
}

/// A CSV record without its line break, safe to open in a spreadsheet.
fn csv_line(fields: &[&str]) -> String {
    let fields = fields.iter().copied().map(without_formulas);
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer
        .write_record(fields.map(|field| field.into_owned().into_bytes()))
        .expect("a Vec accepts all bytes");
    let record = writer.into_inner().expect("a Vec accepts all bytes");
    String::from_utf8_lossy(&record).trim_end_matches('\n').to_owned()
}

/// JSON object of a submission.
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

/// CSV header of an export: the keys of the JSON objects.
pub(super) fn submission_csv_header() -> String {
    csv_line(&[
        "target",
        "reference",
        "ordered_at",
        "content",
        "run",
        "intended_at",
        "outcome",
        "settled_at",
        "by_hand",
    ])
}

/// CSV record of a submission.
pub(super) fn submission_csv(order: &LedgerOrder, submission: &Submission) -> String {
    csv_line(&[
        &order.target.to_hex(),
        &order.reference,
        &exact_time(submission.ordered_at),
        &hex(&submission.content.0),
        &submission.run,
        &exact_time(submission.intended_at),
        submission.outcome().unwrap_or_default(),
        &submission.settled_at.map_or_else(String::new, exact_time),
        if submission.is_manual { "true" } else { "false" },
    ])
}

fn json(line: &impl Serialize) -> String {
    serde_json::to_string(line).expect("text and numbers always serialize")
}

/// Returns all submissions and changes of an order, one a line below a heading.
pub(super) fn history_text(order: &LedgerOrder) -> String {
    // The reference comes from the export: a line break in it must not start a line of this text.
    let head = format!(
        "{} ordered at {}, sent to target {}: {}\n",
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
        (None, _) => "no outcome was recorded".to_owned(),
        (Some(outcome), at) => {
            let by = if submission.is_manual { "settled manually as " } else { "" };
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
        None => {
            format!(" with content {}{}", short_hash(change.content), differences(order, change))
        }
    };
    let result = change.acknowledged_at.map_or_else(
        || "not acknowledged".to_owned(),
        |at| format!("acknowledged manually at {}", time_in_seconds(at)),
    );
    format!("  {at}  observed by run {}{what}: {result}\n", change.run)
}

/// Returns one line about a settled order.
pub(super) fn settled_text(order: &SettledOrder, decision: DecisionArgument) -> String {
    let SettledOrder { before, after } = order;
    let what = match (decision, after) {
        (DecisionArgument::Accepted, _) => "settled as accepted; it is not sent again",
        (DecisionArgument::Failed, OrderState::Failed) => {
            "settled as failed; the next run that reads it sends it again"
        }
        (DecisionArgument::Failed, OrderState::Unknown) => {
            "what this run sent is settled as failed; it stays unknown, since another run sent it too"
        }
        (DecisionArgument::Failed, _) => "what was open is settled as failed; it stays accepted",
        (DecisionArgument::Acknowledged, _) => {
            "its change is acknowledged; the service keeps what it accepted"
        }
    };
    let (reference, ordered_at) = (printable(&before.reference), exact_time(before.ordered_at()));
    format!("{reference} ordered at {ordered_at}, was {}: {what}", before.state().as_str())
}

/// Formats a time with all digits that the ledger holds.
fn exact_time(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn time_in_seconds(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// First eight hex digits of a hash, enough to tell two contents apart.
fn short_hash(content: ContentHash) -> String {
    hex(&content.0[..4])
}
