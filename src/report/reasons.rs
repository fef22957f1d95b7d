//! Reasons: why orders are unknown, refused, failed or changed, in words that count alike for many
//! orders.
//!
//! A result's own reason names what happened to one order; what varies from order to order is left
//! out here, so that equal causes add up and no value of an order is shown. Counted by `partial`;
//! written by `summary`, and shown by diagnostics with the first orders of each reason.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::examples::{Examples, Heading, OrderExample};
use crate::model::{
    diagnostic::Diagnostic,
    input::InputRead,
    order::OrderRecord,
    outcome::{GUEST_NOT_IDENTIFIED, OrderResult, Outcome},
    problem::Severity,
};

/// Maximum number of reasons that are counted one by one; a service may word each of its refusals
/// differently.
const MAX_REASONS: usize = 200;

/// Maximum length of the service's message in a reason, in characters.
const MAX_MESSAGE_CHARS: usize = 120;

/// Maximum length of what happened to one order, in characters.
const MAX_SHOWN_CHARS: usize = 240;

/// Maximum number of reasons of an outcome that are shown with their orders.
const MAX_SHOWN: usize = 5;

/// The outcomes that have reasons, worst first.
const WITH_REASONS: [Outcome; 4] =
    [Outcome::Unknown, Outcome::Refused, Outcome::Failed, Outcome::Changed];

/// In place of a word that is an address or a part of a URL.
const REDACTED: &str = "***";

/// In place of a reason beyond [`MAX_REASONS`].
const OTHER: &str = "other reasons";

/// Why orders have an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReasonSummary {
    /// `unknown`, `refused`, `failed` or `changed`.
    pub outcome: Outcome,
    /// What happened, for people.
    pub reason: String,
    /// Number of orders; each order counts for one reason.
    pub orders: u64,
}

/// Orders by outcome and reason. Its size is bounded.
#[derive(Debug, Clone, Default)]
pub(super) struct ReasonCounts {
    by_reason: BTreeMap<(Outcome, String), ReasonCount>,
}

#[derive(Debug, Clone, Default)]
struct ReasonCount {
    n_orders: u64,
    /// The HTTP statuses that the reason does not name itself.
    statuses: BTreeSet<u16>,
    examples: Examples,
}

impl ReasonCounts {
    /// Counts an order, if its outcome is one that has reasons.
    pub(super) fn add(&mut self, record: &OrderRecord, result: &OrderResult) {
        let reason = match result.outcome {
            Outcome::Unknown => unknown(result),
            Outcome::Refused => refused(result),
            Outcome::Failed => failed(result),
            Outcome::Changed => changed(result),
            _ => return,
        };
        // The message of a refusal begins with its status.
        let status = result.http_status.filter(|_| result.outcome != Outcome::Refused);
        let mut examples = Examples::default();
        examples.add_order(record, &shown_message(result.reason.as_deref().unwrap_or(&reason)));
        let statuses = status.into_iter().collect();
        self.add_count((result.outcome, reason), ReasonCount { n_orders: 1, statuses, examples });
    }

    /// Adds those of other orders.
    pub(super) fn append(&mut self, others: Self) {
        for (reason, count) in others.by_reason {
            self.add_count(reason, count);
        }
    }

    fn add_count(&mut self, (outcome, reason): (Outcome, String), count: ReasonCount) {
        let is_full = self.by_reason.len() >= MAX_REASONS;
        let mut key = (outcome, reason);
        if is_full && !self.by_reason.contains_key(&key) {
            key = (key.0, OTHER.to_owned());
        }
        let total = self.by_reason.entry(key).or_default();
        total.n_orders += count.n_orders;
        total.statuses.extend(count.statuses);
        total.examples.append(&count.examples);
    }

    /// The reasons, worst outcome first, then by the number of orders.
    pub(super) fn summaries(&self) -> Vec<ReasonSummary> {
        let summarize = |(outcome, reason, count): (Outcome, String, &ReasonCount)| ReasonSummary {
            outcome,
            reason,
            orders: count.n_orders,
        };
        WITH_REASONS.into_iter().flat_map(|outcome| self.of(outcome)).map(summarize).collect()
    }

    /// The diagnostics of the first orders of each reason, in the same order.
    pub(super) fn diagnostics(&self, inputs: &[InputRead]) -> Vec<Diagnostic> {
        let shown = WITH_REASONS
            .into_iter()
            .flat_map(|outcome| self.of(outcome).into_iter().take(MAX_SHOWN));
        let diagnostics = |(outcome, title, count): (Outcome, String, &ReasonCount)| {
            let heading = Heading {
                severity: Severity::Error,
                kind: outcome.as_str(),
                title,
                hint: hint(outcome).to_owned(),
                command: "orderferry help outcomes".to_owned(),
            };
            count.examples.diagnostics(&heading, count.n_orders, inputs)
        };
        shown.flat_map(diagnostics).collect()
    }

    /// The orders that are shown with their rows.
    pub(super) fn examples_mut(&mut self) -> impl Iterator<Item = &mut OrderExample> {
        self.by_reason.values_mut().flat_map(|count| count.examples.iter_mut())
    }

    /// The reasons of an outcome with their statuses, by the number of orders.
    fn of(&self, outcome: Outcome) -> Vec<(Outcome, String, &ReasonCount)> {
        let of_outcome = self.by_reason.iter().filter(|((other, _), _)| *other == outcome);
        let mut reasons: Vec<_> = of_outcome
            .map(|((_, reason), count)| {
                let statuses: Vec<_> = count.statuses.iter().map(u16::to_string).collect();
                let statuses = match statuses.as_slice() {
                    [] => String::new(),
                    statuses => format!(" ({})", statuses.join(", ")),
                };
                (outcome, format!("{reason}{statuses}"), count)
            })
            .collect();
        reasons.sort_by_key(|(.., count)| std::cmp::Reverse(count.n_orders));
        reasons
    }
}

/// What to do about orders of an outcome.
fn hint(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Unknown => {
            "look the orders up in Personalize, then settle them (orderferry ledger settle); \
             until then they are held"
        }
        Outcome::Refused => "correct their rows in rejects/ of the run folder, and send that file",
        Outcome::Failed => "run it again: none of them is in",
        _ => {
            "the Stream API cannot update an order: correct it in Personalize, then acknowledge \
             the change (orderferry ledger settle)"
        }
    }
}

/// What happened to one order, without addresses and URLs, and cut.
fn shown_message(reason: &str) -> String {
    let words = reason.split_whitespace().map(|word| if is_secret(word) { REDACTED } else { word });
    let text = words.collect::<Vec<_>>().join(" ");
    cut(&text, MAX_SHOWN_CHARS)
}

/// Whether a word is an address or a part of a URL.
fn is_secret(word: &str) -> bool {
    word.contains('@') || word.contains("://")
}

/// The start of a text, with `…` where it is cut.
fn cut(text: &str, max_chars: usize) -> String {
    let start: String = text.chars().take(max_chars).collect();
    if start.len() < text.len() { start + "…" } else { start }
}

fn unknown(result: &OrderResult) -> String {
    let reason = result.reason.as_deref().unwrap_or_default();
    match result.http_status {
        _ if result.attempts == 0 => "sent by an earlier run, and no answer came",
        Some(200..=299) => "an answer that does not say OK",
        Some(_) => "an error that says nothing certain",
        // The words of the HTTP client.
        None if reason.contains("timed out") => "no answer in time",
        None => "the connection closed before an answer came",
    }
    .to_owned()
}

fn refused(result: &OrderResult) -> String {
    let reason = result.reason.as_deref().unwrap_or_default();
    match reason.strip_prefix(GUEST_NOT_IDENTIFIED) {
        Some(message) => {
            format!("the guest was refused: {}", template(message.trim_start_matches(": ")))
        }
        None => template(reason),
    }
}

fn failed(result: &OrderResult) -> String {
    let reason = result.reason.as_deref().unwrap_or_default();
    if reason.starts_with(GUEST_NOT_IDENTIFIED) {
        return GUEST_NOT_IDENTIFIED.to_owned();
    }
    match result.http_status {
        Some(429 | 503) => "the service was too busy, after all tries".to_owned(),
        Some(_) => "errors, after all tries".to_owned(),
        None if reason.contains("error sending request") => {
            "the service could not be reached, after all tries".to_owned()
        }
        None => template(reason),
    }
}

fn changed(result: &OrderResult) -> String {
    let what = result.change.as_ref().map(|change| change.what.as_str());
    what.filter(|what| !what.is_empty()).unwrap_or("its content is other now").to_owned()
}

/// Returns a message without what varies from order to order and may be a value of one: quoted
/// text, and words with digits. `HTTP 400: field "phone" of N-17 is invalid` becomes
/// `HTTP 400: field … of … is invalid`.
fn template(reason: &str) -> String {
    let (status, message) = match reason.split_once(": ") {
        Some((status, message)) if status.starts_with("HTTP ") => {
            (format!("{status}: "), service_message(message))
        }
        _ => (String::new(), reason.to_owned()),
    };
    let message = without_quoted(&message);
    let is_of_order = |word: &str| word.contains(|c: char| c.is_ascii_digit()) || is_secret(word);
    let words = message.split_whitespace().map(|word| if is_of_order(word) { "…" } else { word });
    let message = words.collect::<Vec<_>>().join(" ");
    format!("{status}{}", cut(&message, MAX_MESSAGE_CHARS)).trim_end_matches([':', ' ']).to_owned()
}

/// Returns the message within a body of JSON; any other body is one itself.
fn service_message(body: &str) -> String {
    let object: Option<serde_json::Value> = serde_json::from_str(body).ok();
    let message = object.as_ref().and_then(|object| {
        ["message", "developerMessage", "error"].iter().find_map(|key| object.get(key)?.as_str())
    });
    message.unwrap_or(body).to_owned()
}

/// Replaces text between quotes.
fn without_quoted(message: &str) -> String {
    const QUOTES: [char; 2] = ['"', '`'];
    let mut parts = message.split(QUOTES);
    let mut text = parts.next().unwrap_or_default().to_owned();
    while let Some(_quoted) = parts.next() {
        text.push('…');
        text.push_str(parts.next().unwrap_or_default());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        order::OrderId,
        origin::{FileId, Position},
        outcome::AcceptedChange,
    };

    fn result(outcome: Outcome, status: Option<u16>, reason: &str) -> OrderResult {
        OrderResult {
            attempts: 1,
            http_status: status,
            ..OrderResult::without_request(outcome, Some(reason.to_owned()))
        }
    }

    fn record(row: u64) -> OrderRecord {
        OrderRecord {
            id: OrderId(row),
            reference: format!("N-{row}"),
            ordered_at: None,
            source: Position { file: FileId(0), line: row + 2, column: None },
            money: None,
            item_count: 1,
            rows: Vec::new(),
            problems: Vec::new().into(),
        }
    }

    fn lines(counts: &ReasonCounts) -> String {
        let line =
            |ReasonSummary { outcome, reason, orders }| format!("{outcome} {orders} {reason}");
        counts.summaries().into_iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn equal_causes_count_as_one() {
        use Outcome::{Accepted, Changed, Failed, Refused, Unknown};
        let mut counts = ReasonCounts::default();
        let body = |name: &str| {
            format!(r#"HTTP 400: {{"status":400,"message":"the type \"{name}\" is not known"}}"#)
        };
        for result in [
            result(Unknown, None, "error sending request: operation timed out"),
            result(Unknown, None, "error sending request: connection closed"),
            result(Unknown, Some(502), "HTTP 502"),
            result(Unknown, Some(500), "HTTP 500: try again"),
            result(Unknown, Some(200), "HTTP 200, but the body's status is not OK"),
            OrderResult::without_request(Unknown, Some("sent by an earlier run".to_owned())),
            result(Refused, Some(400), &body("GEAR")),
            result(Refused, Some(400), &body("ROOM")),
            result(Refused, Some(422), "HTTP 422: order N-17 of [redacted] is unknown"),
            result(Refused, Some(400), "the guest could not be identified: HTTP 400: no e-mail"),
            result(Failed, Some(503), "HTTP 503"),
            result(Failed, Some(429), "HTTP 429"),
            result(Failed, None, "the guest could not be identified: HTTP 500"),
            result(Failed, None, "error sending request: connection refused"),
            result(Accepted, Some(201), ""),
            OrderResult::without_request(Changed, None),
        ] {
            counts.add(&record(0), &result);
        }
        let what = "its amount is another now".to_owned();
        let change = AcceptedChange { sets_exit_code: true, what, totals: None };
        let changed = OrderResult::without_request(Changed, None);
        counts.add(&record(0), &OrderResult { change: Some(Box::new(change)), ..changed });
        insta::assert_snapshot!(lines(&counts), @"
        unknown 2 an error that says nothing certain (500, 502)
        unknown 1 an answer that does not say OK (200)
        unknown 1 no answer in time
        unknown 1 sent by an earlier run, and no answer came
        unknown 1 the connection closed before an answer came
        refused 2 HTTP 400: the type … is not known
        refused 1 HTTP 422: order … of [redacted] is unknown
        refused 1 the guest was refused: HTTP 400: no e-mail
        failed 2 the service was too busy, after all tries (429, 503)
        failed 1 the guest could not be identified
        failed 1 the service could not be reached, after all tries
        changed 1 its amount is another now
        changed 1 its content is other now
        ");
    }

    #[test]
    fn first_orders_of_each_reason_are_shown() {
        use Outcome::{Changed, Refused, Unknown};
        let mut counts = ReasonCounts::default();
        for row in (0..5).rev() {
            let mut part = ReasonCounts::default();
            part.add(
                &record(row),
                &result(Unknown, Some(502), "HTTP 502: see https://x.example/a"),
            );
            counts.append(part);
        }
        let body = r#"HTTP 400: {"message":"no type for ann@example.com"}"#;
        counts.add(&record(7), &result(Refused, Some(400), body));
        counts.add(&record(9), &OrderResult::without_request(Changed, None));
        let diagnostics = counts.diagnostics(&[]);
        let text: Vec<_> = diagnostics
            .iter()
            .map(|diagnostic| {
                let Diagnostic { kind, title, notes, more, .. } = diagnostic;
                format!("{kind} {title}: {notes:?} {}", more.as_deref().unwrap_or("-"))
            })
            .collect();
        insta::assert_snapshot!(text.join("\n"), @r#"
        unknown an error that says nothing certain (502): [Fact("HTTP 502: see ***")] -
        unknown an error that says nothing certain (502): [Fact("HTTP 502: see ***")] -
        unknown an error that says nothing certain (502): [Fact("HTTP 502: see ***"), Hint("look the orders up in Personalize, then settle them (orderferry ledger settle); until then they are held")] and 2 more orders: orderferry help outcomes
        refused HTTP 400: no type for …: [Fact("HTTP 400: {\"message\":\"no type for ***"), Hint("correct their rows in rejects/ of the run folder, and send that file")] explained by: orderferry help outcomes
        changed its content is other now: [Hint("the Stream API cannot update an order: correct it in Personalize, then acknowledge the change (orderferry ledger settle)")] explained by: orderferry help outcomes
        "#);
    }

    #[test]
    fn number_of_reasons_is_bounded() {
        let mut counts = ReasonCounts::default();
        let word = |n: usize| format!("HTTP 400: {}", "x".repeat(n % 300));
        for n in 0..2 * MAX_REASONS {
            let mut one = ReasonCounts::default();
            one.add(&record(0), &result(Outcome::Refused, Some(400), &word(n)));
            counts.append(one);
        }
        let summaries = counts.summaries();
        assert!(summaries.len() <= MAX_REASONS + 1, "{}", summaries.len());
        let n_orders: u64 = summaries.iter().map(|summary| summary.orders).sum();
        assert_eq!(n_orders, 2 * MAX_REASONS as u64);
    }
}
