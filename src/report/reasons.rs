//! Reasons: why orders are unknown, refused, failed or changed, in words that count alike for many
//! orders.
//!
//! The reason of a result says what happened to one order, and may repeat its values. Of the
//! service's message only the words of a list are kept here, so that equal causes add up and no
//! value of an order is shown. Counted by `partial`; written by `summary`, and shown by diagnostics
//! with the first orders of each reason.

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

/// Maximum number of reasons of an outcome that are shown with their orders.
const MAX_SHOWN: usize = 5;

/// The outcomes that have reasons, worst first.
const WITH_REASONS: [Outcome; 4] =
    [Outcome::Unknown, Outcome::Refused, Outcome::Failed, Outcome::Changed];

/// The words of a service's message that are shown: those of error messages, and what the words of
/// events are called. No other word is, since the service may repeat a value of the order.
const SHOWN_WORDS: &str = "\
    a able about above action adding after allowed already also an and any are array as at attribute \
    attributes available bad be been before below between body boolean both browser but by can cannot \
    cart changed channel characters checkout code confirm contact contacts consumer consumers content \
    could country create currency currencycode customer data date decimal deleted denied did different \
    disabled do does doesn't duplicate e-mail email empty encoded error event events exceed exceeded exceeds \
    exist existing exists expected expired extension fail failed failure field fields firstname for \
    forbidden format found from greater guest has have header http id identified identifier \
    identifiers identity in incorrect injected fault integer internal into invalid is isn't it item \
    items its json key known language lastname least length less limit list long longer malformed \
    many match matches maximum message minimum missing more most must name names no none not null \
    number object of on one only or order ordercheckout ordereditems orderedat orderitems other out \
    page parameter parse parsed paymenttype please pos present price processed processing product \
    productid property provided provider providers quantity rate read received referenceid refused \
    rejected request requests required resource response same schema server service session should \
    size small string such support supported than that the there this time timed timestamp to too \
    try again type types unable unauthorized unexpected unknown unprocessable unrecognized \
    unsupported url use used valid validate validation value values version was were with within \
    without wrong you your zero";

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
        let status = match result.outcome {
            // The message of a refusal begins with its status.
            Outcome::Refused => None,
            // A later attempt may have another status than the one that left the doubt.
            Outcome::Unknown => answer(result).and_then(|answer| answer.status.parse().ok()),
            _ => result.http_status,
        };
        let mut examples = Examples::default();
        examples.add_order(record, &shown_message(result, &reason));
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
        Outcome::Refused => {
            "correct their rows in rejects/ of the run folder, and send that file; the whole answer \
             is in the reasons beside it"
        }
        Outcome::Failed => "run it again: none of them is in",
        _ => {
            "the Stream API cannot update an order: correct it in Personalize, then acknowledge \
             the change (orderferry ledger settle)"
        }
    }
}

/// What happened to one order, without the values that a service repeated.
fn shown_message(result: &OrderResult, title: &str) -> String {
    let reason = result.reason.as_deref().unwrap_or(title);
    let without_guest = reason.strip_prefix(GUEST_NOT_IDENTIFIED).unwrap_or(reason);
    match answer(result) {
        Some(_) => template(without_guest.trim_start_matches(": ")),
        // The words of this program.
        None => reason.to_owned(),
    }
}

/// The start of a text, with `…` where it is cut.
fn cut(text: &str, max_chars: usize) -> String {
    let start: String = text.chars().take(max_chars).collect();
    if start.len() < text.len() { start + "…" } else { start }
}

fn unknown(result: &OrderResult) -> String {
    let reason = result.reason.as_deref().unwrap_or_default();
    match answer(result) {
        _ if result.attempts == 0 => "sent by an earlier run, and no answer came",
        Some(answer) if answer.status.starts_with('2') => "an answer whose status is not OK",
        Some(_) => "an error that says nothing certain",
        // The words of the HTTP client.
        None if reason.contains("timed out") => "no answer in time",
        None if reason.contains("error sending request") => {
            "the connection closed before an answer came"
        }
        // Those of the delivery, which have no value of an order.
        None => return template(reason),
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
    what.filter(|what| !what.is_empty()).unwrap_or("the content changed").to_owned()
}

/// What a reason says about a response: `ADD of item 2: HTTP 400: no such type`.
struct Answer<'r> {
    /// The event and its item; empty of an order that is one event.
    step: &'r str,
    status: &'r str,
    body: &'r str,
}

fn answer(result: &OrderResult) -> Option<Answer<'_>> {
    Answer::parse(result.reason.as_deref().unwrap_or_default())
}

impl<'r> Answer<'r> {
    fn parse(reason: &'r str) -> Option<Self> {
        let (step, answer) = match reason.strip_prefix("HTTP ") {
            Some(answer) => ("", answer),
            None => reason.split_once(": HTTP ")?,
        };
        let n_digits = answer.bytes().take_while(u8::is_ascii_digit).count();
        let (status, body) = answer.split_at(n_digits);
        Some(Self { step, status, body: body.trim_start_matches([':', ',', ' ']) })
    }
}

/// Returns a reason without what varies from order to order and may be a value of one.
/// `HTTP 400: field "phone" of N-17 is invalid` becomes `HTTP 400: field … of … is invalid`.
fn template(reason: &str) -> String {
    let Some(Answer { step, status, body }) = Answer::parse(reason) else {
        return shown_words(reason);
    };
    // The item's number varies.
    let step = step.split_whitespace().next().map(|event| format!("{event}, ")).unwrap_or_default();
    let message = shown_words(service_message(body));
    let colon = if message.is_empty() { "" } else { ": " };
    format!("{step}HTTP {status}{colon}{message}")
}

/// Returns the start of the message within a body of JSON, which may be cut off; any other body is
/// one itself.
fn service_message(body: &str) -> &str {
    let of_key =
        |key: &str| body.split_once(key)?.1.trim_start_matches([':', ' ']).strip_prefix('"');
    let keys = ["\"message\"", "\"developerMessage\"", "\"error\""];
    // What follows the message is not a part of it: `"code":400}`.
    let message = keys.into_iter().find_map(of_key);
    message.map_or(body, |message| message.split("\",\"").next().unwrap_or_default())
}

/// Returns the words of a message that are of [`SHOWN_WORDS`], and `…` for all others.
fn shown_words(message: &str) -> String {
    let is_shown = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        SHOWN_WORDS.split_whitespace().any(|shown| shown == word)
    };
    let mut words: Vec<&str> = Vec::new();
    for word in message.split_whitespace() {
        match is_shown(word) {
            true => words.push(word.trim_matches(['"', '\\', '{', '}', '[', ']'])),
            false if words.last() != Some(&"…") => words.push("…"),
            false => {}
        }
    }
    cut(&words.join(" "), MAX_MESSAGE_CHARS)
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
        let what = "the amount is another now".to_owned();
        let change = AcceptedChange { sets_exit_code: true, what, totals: None };
        let changed = OrderResult::without_request(Changed, None);
        counts.add(&record(0), &OrderResult { change: Some(Box::new(change)), ..changed });
        insta::assert_snapshot!(lines(&counts), @"
        unknown 2 an error that says nothing certain (500, 502)
        unknown 1 an answer whose status is not OK (200)
        unknown 1 no answer in time
        unknown 1 sent by an earlier run, and no answer came
        unknown 1 the connection closed before an answer came
        refused 2 HTTP 400: the type … is not known
        refused 1 HTTP 422: order … of … is unknown
        refused 1 the guest was refused: HTTP 400: no e-mail
        failed 2 the service was too busy, after all tries (429, 503)
        failed 1 the guest could not be identified
        failed 1 the service could not be reached, after all tries
        changed 1 the amount is another now
        changed 1 the content changed
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
        unknown an error that says nothing certain (502): [Fact("HTTP 502: …")] -
        unknown an error that says nothing certain (502): [Fact("HTTP 502: …")] -
        unknown an error that says nothing certain (502): [Fact("HTTP 502: …"), Hint("look the orders up in Personalize, then settle them (orderferry ledger settle); until then they are held")] and 2 more orders: orderferry help outcomes
        refused HTTP 400: no type for …: [Hint("correct their rows in rejects/ of the run folder, and send that file; the whole answer is in the reasons beside it")] explained by: orderferry help outcomes
        changed the content changed: [Hint("the Stream API cannot update an order: correct it in Personalize, then acknowledge the change (orderferry ledger settle)")] explained by: orderferry help outcomes
        "#);
    }

    #[test]
    fn no_value_that_a_service_repeats_is_shown() {
        for (reason, shown) in [
            (
                r#"HTTP 400: {"status":400,"message":"guest Ann Leewood, phone +49 30 1234567, \"GEAR\" unknown","code":2000}"#,
                "HTTP 400: guest … unknown",
            ),
            (
                r#"ADD of item 1: HTTP 400: {"message":"the type GEAR is not known"}"#,
                "ADD, HTTP 400: the type … is not known",
            ),
            // Cut off, and with a redacted word that held the end of the text.
            (
                r#"HTTP 422: {"message":"no such type [redacted] in Ann"#,
                "HTTP 422: no such type … in …",
            ),
            ("HTTP 400: <html><body>Leewood</body>", "HTTP 400: …"),
            ("HTTP 400", "HTTP 400"),
        ] {
            assert_eq!(template(reason), shown);
            let refused = result(Outcome::Refused, Some(400), reason);
            assert_eq!(shown_message(&refused, ""), shown);
        }
    }

    #[test]
    fn number_of_reasons_is_bounded() {
        let mut counts = ReasonCounts::default();
        let words: Vec<_> = SHOWN_WORDS.split_whitespace().take(2 * MAX_REASONS).collect();
        for n in 0..2 * MAX_REASONS {
            let mut one = ReasonCounts::default();
            let answer = format!("HTTP 400: {} {}", words[n % words.len()], words[n / words.len()]);
            one.add(&record(0), &result(Outcome::Refused, Some(400), &answer));
            counts.append(one);
        }
        let summaries = counts.summaries();
        assert_eq!(summaries.len(), MAX_REASONS + 1);
        let other = summaries.iter().find(|summary| summary.reason == OTHER);
        assert_eq!(other.map(|other| other.orders), Some(MAX_REASONS as u64));
        let n_orders: u64 = summaries.iter().map(|summary| summary.orders).sum();
        assert_eq!(n_orders, 2 * MAX_REASONS as u64);
    }
}
