//! Reasons: why orders are unknown, refused, failed or changed, or not tried again, in words that
//! count alike for many orders.
//!
//! The reason of a result says what happened to one order, and may repeat its values. Here the
//! cause counts, and of the service's answer the words that `service_words` shows, so that equal
//! causes add up and no value of an order is shown. Counted by `partial`; written by `summary`, and
//! shown by diagnostics with the first orders of each reason.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    examples::{Counted, Examples, Heading, OrderExample},
    numbers::with_unit,
};
use crate::model::{
    diagnostic::Diagnostic,
    failure::{Failure, FailureCause, ServiceAnswer},
    input::InputRead,
    order::OrderRecord,
    outcome::{GUEST_NOT_IDENTIFIED, OrderResult, Outcome},
    problem::Severity,
    request::{RequestKind, RequestRole},
    service_words::shown_words,
};

/// Maximum number of reasons that are counted one by one; a service may word each of its refusals
/// differently.
const MAX_REASONS: usize = 200;

/// Maximum number of reasons of an outcome that are shown with their orders.
const MAX_SHOWN: usize = 5;

/// The outcomes that have reasons, worst first.
const WITH_REASONS: [Outcome; 5] =
    [Outcome::Unknown, Outcome::Refused, Outcome::Failed, Outcome::NotAttempted, Outcome::Changed];

/// In place of a reason beyond [`MAX_REASONS`].
const OTHER: &str = "other reasons";

/// Why orders have an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReasonSummary {
    /// `unknown`, `refused`, `failed`, `changed`, or `not_attempted` after an attempt that was not
    /// accepted.
    pub outcome: Outcome,
    /// `warning` for a change that an earlier run reported: it does not set the exit code.
    pub severity: Severity,
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
    /// Whether an order of them sets the exit code.
    is_error: bool,
    /// Whether the answer is about the key or the target, not about an order.
    is_of_target: bool,
    /// The HTTP statuses that the reason does not name itself.
    statuses: BTreeSet<u16>,
    examples: Examples,
}

impl ReasonCounts {
    /// Counts an order, if its outcome is one that has reasons.
    pub(super) fn add(&mut self, record: &OrderRecord, result: &OrderResult) {
        let Some(title) = title(result) else { return };
        let mut examples = Examples::default();
        examples.add_order(record, shown_reason(result).as_deref().unwrap_or(&title));
        let statuses = counted_status(result).into_iter().collect();
        let is_error = result.change.as_ref().is_none_or(|change| change.sets_exit_code);
        let is_of_target = is_of_target(result);
        let count = ReasonCount { n_orders: 1, is_error, is_of_target, statuses, examples };
        self.add_count((result.outcome, title), count);
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
        total.is_error |= count.is_error;
        total.is_of_target |= count.is_of_target;
        total.statuses.extend(count.statuses);
        total.examples.append(&count.examples);
    }

    /// The reasons, worst outcome first, then by the number of orders.
    pub(super) fn summaries(&self) -> Vec<ReasonSummary> {
        let summarize = |(outcome, reason, count): (Outcome, String, &ReasonCount)| ReasonSummary {
            outcome,
            severity: count.severity(),
            reason,
            orders: count.n_orders,
        };
        WITH_REASONS.into_iter().flat_map(|outcome| self.of(outcome)).map(summarize).collect()
    }

    /// The number of orders of an outcome whose answer is about the key or the target.
    pub(super) fn n_of_target(&self, outcome: Outcome) -> u64 {
        let is_of_target = |(key, count): &(&(Outcome, String), &ReasonCount)| {
            key.0 == outcome && count.is_of_target
        };
        self.by_reason.iter().filter(is_of_target).map(|(_, count)| count.n_orders).sum()
    }

    /// The diagnostics of the first orders of each reason, in the same order. `has_accepted`:
    /// whether the run has orders that the service accepted.
    pub(super) fn diagnostics(&self, inputs: &[InputRead], has_accepted: bool) -> Vec<Diagnostic> {
        let of_outcome = |outcome| self.diagnostics_of(outcome, inputs, has_accepted);
        WITH_REASONS.into_iter().flat_map(of_outcome).collect()
    }

    /// Those of an outcome, with how many reasons are not shown.
    fn diagnostics_of(
        &self,
        outcome: Outcome,
        inputs: &[InputRead],
        has_accepted: bool,
    ) -> Vec<Diagnostic> {
        let mut reasons = self.of(outcome);
        let others = reasons.split_off(reasons.len().min(MAX_SHOWN));
        let diagnostics = |(_, title, count): (Outcome, String, &ReasonCount)| {
            let heading = Heading {
                severity: count.severity(),
                kind: outcome.as_str(),
                title,
                hint: hint(outcome, count.is_of_target, has_accepted).to_owned(),
                command: if count.is_of_target { TENANT } else { OUTCOMES }.to_owned(),
            };
            count.examples.diagnostics(&heading, Counted::Orders(count.n_orders), inputs)
        };
        let mut shown: Vec<_> = reasons.into_iter().flat_map(diagnostics).collect();
        if let Some(last) = shown.last_mut().filter(|_| !others.is_empty()) {
            let n_orders = others.iter().map(|(.., count)| count.n_orders).sum();
            let orders = with_unit(n_orders, &format!("more {outcome} order"));
            let reasons = with_unit(others.len() as u64, "other reason");
            last.more.push(format!("and {orders} with {reasons}: see report.html"));
        }
        shown
    }

    /// The orders that are shown with their rows.
    pub(super) fn examples_mut(&mut self) -> impl Iterator<Item = &mut OrderExample> {
        self.by_reason.values_mut().flat_map(|count| count.examples.iter_mut())
    }

    /// The reasons of an outcome with their statuses, errors first, then by the number of orders.
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
        reasons.sort_by_key(|(.., count)| (count.severity(), std::cmp::Reverse(count.n_orders)));
        reasons
    }
}

impl ReasonCount {
    fn severity(&self) -> Severity {
        if self.is_error { Severity::Error } else { Severity::Warning }
    }
}

/// The manual about the key and the target.
const TENANT: &str = "orderferry help tenant";

/// The manual about all other outcomes.
const OUTCOMES: &str = "orderferry help outcomes";

/// HTTP statuses about the key, or about the way to the service, whatever a request carries.
const OF_TARGET: [u16; 3] = [401, 403, 407];

/// Whether an answer is about the key or the target: no row is to be corrected.
fn is_of_target(result: &OrderResult) -> bool {
    match result.failure.as_ref().map(|failure| &failure.cause) {
        Some(FailureCause::RunStopped(_)) => true,
        Some(cause) => cause.answer().is_some_and(|answer| OF_TARGET.contains(&answer.status)),
        None => false,
    }
}

/// What to do about orders of an outcome.
fn hint(outcome: Outcome, is_of_target: bool, has_accepted: bool) -> &'static str {
    match outcome {
        Outcome::Refused | Outcome::Failed if is_of_target && has_accepted => {
            "the answer is about the client key or the way to the service, which accepted other \
             orders of this run: a firewall may refuse what these carry, or the key was changed \
             meanwhile; the whole answer is in the reasons in rejects/ of the run folder"
        }
        Outcome::Refused | Outcome::Failed if is_of_target => {
            "the answer is about the client key or the way to the service, not about the rows: \
             check the base URL and what the key may do, then run it again"
        }
        Outcome::Unknown => {
            "look the orders up in Personalize, then settle them (orderferry ledger settle); \
             until then they are held"
        }
        Outcome::Refused => {
            "correct their rows in rejects/ of the run folder, and send that file; the whole answer \
             is in the reasons beside it"
        }
        Outcome::Failed | Outcome::NotAttempted => "run it again: none of them is in",
        _ => {
            "the Stream API cannot update an order: correct it in Personalize, then acknowledge \
             the change (orderferry ledger settle)"
        }
    }
}

/// Why an order has its outcome, in words that count alike for many orders.
fn title(result: &OrderResult) -> Option<String> {
    let failure = result.failure.as_ref();
    let title = match (result.outcome, failure) {
        // The history of the order decided it, and no request.
        (Outcome::Unknown, None) => FailureCause::SentByEarlierRun.to_string(),
        (Outcome::Refused | Outcome::Failed, None) => {
            shown_words(result.reason.as_deref().unwrap_or_default())
        }
        (Outcome::Unknown, Some(failure)) => title_of_cause(&failure.cause),
        (Outcome::Refused, Some(failure)) => title_of_refusal(failure),
        (Outcome::Failed, Some(failure)) => title_of_failed(failure),
        (Outcome::Changed, _) => title_of_changed(result),
        (Outcome::NotAttempted, Some(_)) => {
            "not accepted, and the run ended before the next try".to_owned()
        }
        _ => return None,
    };
    Some(title)
}

fn title_of_changed(result: &OrderResult) -> String {
    let what = result.change.as_ref().map(|change| change.what.as_str());
    let what = what.filter(|what| !what.is_empty()).unwrap_or("the content changed");
    match &result.change {
        Some(change) if !change.sets_exit_code => format!("{what}, as an earlier run reported"),
        _ => what.to_owned(),
    }
}

fn title_of_cause(cause: &FailureCause) -> String {
    match cause {
        FailureCause::NotConnected(_) => "the service could not be reached",
        FailureCause::TimedOut(_) => "no answer in time",
        FailureCause::ConnectionClosed(_) => "the connection closed before an answer came",
        FailureCause::Error(_) => "an error that says nothing certain",
        FailureCause::StatusNotOk(_) => "an answer whose status is not OK",
        // Their words have no value of an order.
        FailureCause::NoBrowserId
        | FailureCause::SentByEarlierRun
        | FailureCause::SessionTimeout(_)
        | FailureCause::RunStopped(_) => return cause.to_string(),
    }
    .to_owned()
}

fn title_of_refusal(failure: &Failure) -> String {
    match failure.cause.answer() {
        Some(answer) if is_of_guest(failure) => {
            format!("the guest was refused: {}", shown_answer(failure.request, answer))
        }
        Some(answer) => shown_answer(failure.request, answer),
        None => title_of_cause(&failure.cause),
    }
}

/// The words of an answer that are shown, after the event if an order has several:
/// `ADD, HTTP 400: the type … is not known`.
fn shown_answer(request: RequestKind, answer: &ServiceAnswer) -> String {
    let answer = answer.shown();
    if request.needs_cart() { format!("{}, {answer}", request.name()) } else { answer.to_string() }
}

fn title_of_failed(failure: &Failure) -> String {
    let title = match &failure.cause {
        _ if is_of_guest(failure) => return GUEST_NOT_IDENTIFIED.to_owned(),
        // Another try would end in the same way.
        FailureCause::RunStopped(_) => return title_of_cause(&failure.cause),
        FailureCause::Error(ServiceAnswer { status: 429 | 503, .. }) => {
            "the service was too busy".to_owned()
        }
        FailureCause::Error(_) => "errors".to_owned(),
        cause => title_of_cause(cause),
    };
    format!("{title}, after all tries")
}

/// Whether the guest could not be identified.
fn is_of_guest(failure: &Failure) -> bool {
    failure.request.role() == RequestRole::Identify
}

/// The HTTP status that is counted beside the reason, if the reason does not name it itself.
fn counted_status(result: &OrderResult) -> Option<u16> {
    let answer = result.failure.as_ref()?.cause.answer()?;
    // The title of a refusal begins with its status.
    (result.outcome != Outcome::Refused).then_some(answer.status)
}

/// What happened to one order, without the values that a service repeated.
pub(super) fn shown_reason(result: &OrderResult) -> Option<String> {
    match &result.failure {
        Some(Failure { request, cause }) => Some(match cause.answer() {
            Some(answer) => shown_answer(*request, answer),
            // The words of this program and of the HTTP client.
            None => cause.to_string(),
        }),
        None => result.reason.clone(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{
        order::OrderId,
        origin::{FileId, Position},
        outcome::AcceptedChange,
    };

    /// The result of an order that a request ended, as a delivery makes it.
    fn result(outcome: Outcome, request: RequestKind, cause: FailureCause) -> OrderResult {
        let reason = Some(cause.to_string());
        OrderResult {
            attempts: 1,
            failure: Some(Failure { request, cause }),
            ..OrderResult::without_request(outcome, reason)
        }
    }

    fn of_checkout(outcome: Outcome, answer: ServiceAnswer) -> OrderResult {
        result(outcome, RequestKind::OrderCheckout, FailureCause::Error(answer))
    }

    fn answer(status: u16, message: &str) -> ServiceAnswer {
        ServiceAnswer { status, message: message.to_owned() }
    }

    fn record(row: u64) -> OrderRecord {
        OrderRecord {
            id: OrderId(row),
            reference: format!("N-{row}"),
            ordered_at: None,
            source: Position { file: FileId(0), line: row + 2, column: None },
            money: None,
            item_count: 1,
            side_rows: Vec::new(),
            rows: Vec::new(),
            problems: Vec::new().into(),
        }
    }

    fn lines(counts: &ReasonCounts) -> String {
        let line = |ReasonSummary { outcome, severity, reason, orders }| {
            format!("{} {outcome} {orders} {reason}", severity.as_str())
        };
        counts.summaries().into_iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn equal_causes_count_as_one() {
        use FailureCause::{
            ConnectionClosed, Error, NotConnected, RunStopped, SessionTimeout, StatusNotOk,
            TimedOut,
        };
        use Outcome::{Accepted, Changed, Failed, NotAttempted, Refused, Unknown};
        use RequestKind::{Add, BrowserCreate, Identity, OrderCheckout};
        let mut counts = ReasonCounts::default();
        let body = |name: &str| {
            format!(r#"{{"status":400,"message":"the type \"{name}\" is not known"}}"#)
        };
        let client = || "error sending request: operation timed out".to_owned();
        let ten_minutes = Duration::from_secs(600);
        let stopped = |words: &str| RunStopped(words.to_owned());
        for result in [
            result(Unknown, OrderCheckout, TimedOut(client())),
            // The words of the HTTP client do not matter.
            result(Unknown, OrderCheckout, ConnectionClosed(client())),
            result(Unknown, OrderCheckout, Error(answer(502, ""))),
            result(Unknown, OrderCheckout, Error(answer(500, "try again"))),
            result(Unknown, OrderCheckout, StatusNotOk(answer(200, ""))),
            result(Unknown, OrderCheckout, FailureCause::SentByEarlierRun),
            OrderResult::without_request(Unknown, Some("sent by an earlier run; now".to_owned())),
            result(Refused, OrderCheckout, Error(answer(400, &body("GEAR")))),
            result(Refused, OrderCheckout, Error(answer(400, &body("ROOM")))),
            result(Refused, Add, Error(answer(400, &body("ROOM")))),
            result(
                Refused,
                OrderCheckout,
                Error(answer(422, "order N-17 of [redacted] is unknown")),
            ),
            result(Refused, Identity, Error(answer(400, "no e-mail"))),
            result(Refused, OrderCheckout, stopped("the client key was refused (HTTP 401)")),
            result(Failed, OrderCheckout, Error(answer(503, ""))),
            result(Failed, OrderCheckout, Error(answer(429, ""))),
            result(Failed, Add, Error(answer(500, ""))),
            result(Failed, Identity, Error(answer(500, ""))),
            result(Failed, BrowserCreate, FailureCause::NoBrowserId),
            result(Failed, OrderCheckout, NotConnected(client())),
            result(Failed, Add, TimedOut(client())),
            result(Failed, Add, SessionTimeout(ten_minutes)),
            result(Failed, OrderCheckout, stopped("the service redirects (HTTP 302)")),
            result(NotAttempted, OrderCheckout, Error(answer(503, ""))),
            OrderResult::without_request(NotAttempted, Some("stopped".to_owned())),
            OrderResult::without_request(Accepted, None),
            OrderResult::without_request(Changed, None),
        ] {
            counts.add(&record(0), &result);
        }
        let what = "the amount is another now".to_owned();
        let change = AcceptedChange { sets_exit_code: true, what, totals: None };
        let changed = OrderResult::without_request(Changed, None);
        for sets_exit_code in [true, false] {
            let change = Some(Box::new(AcceptedChange { sets_exit_code, ..change.clone() }));
            counts.add(&record(0), &OrderResult { change, ..changed.clone() });
        }
        insta::assert_snapshot!(lines(&counts), @"
        error unknown 2 an error that says nothing certain (500, 502)
        error unknown 2 sent by an earlier run, and no answer came
        error unknown 1 an answer whose status is not OK (200)
        error unknown 1 no answer in time
        error unknown 1 the connection closed before an answer came
        error refused 2 HTTP 400: the type … is not known
        error refused 1 ADD, HTTP 400: the type … is not known
        error refused 1 HTTP 422: order … of … is unknown
        error refused 1 the client key was refused (HTTP 401)
        error refused 1 the guest was refused: HTTP 400: no e-mail
        error failed 2 the guest could not be identified (500)
        error failed 2 the service was too busy, after all tries (429, 503)
        error failed 1 errors, after all tries (500)
        error failed 1 no answer in time, after all tries
        error failed 1 the service could not be reached, after all tries
        error failed 1 the service redirects (HTTP 302)
        error failed 1 the session timeout of 10m passed before it could be sent, after all tries
        error not_attempted 1 not accepted, and the run ended before the next try (503)
        error changed 1 the amount is another now
        error changed 1 the content changed
        warning changed 1 the amount is another now, as an earlier run reported
        ");
    }

    #[test]
    fn first_orders_of_each_reason_are_shown() {
        use Outcome::{Changed, Refused, Unknown};
        let mut counts = ReasonCounts::default();
        for row in (0..5).rev() {
            let mut part = ReasonCounts::default();
            part.add(&record(row), &of_checkout(Unknown, answer(502, "see https://x.example/a")));
            counts.append(part);
        }
        let body = r#"{"message":"no type for ann@example.com"}"#;
        counts.add(&record(7), &of_checkout(Refused, answer(400, body)));
        counts.add(&record(9), &OrderResult::without_request(Changed, None));
        let diagnostics = counts.diagnostics(&[], false);
        let text: Vec<_> = diagnostics
            .iter()
            .map(|diagnostic| {
                let Diagnostic { kind, title, notes, more, .. } = diagnostic;
                format!("{kind} {title}: {notes:?} {more:?}")
            })
            .collect();
        insta::assert_snapshot!(text.join("\n"), @r#"
        unknown an error that says nothing certain (502): [Fact("HTTP 502: …")] []
        unknown an error that says nothing certain (502): [Fact("HTTP 502: …")] []
        unknown an error that says nothing certain (502): [Fact("HTTP 502: …"), Hint("look the orders up in Personalize, then settle them (orderferry ledger settle); until then they are held")] ["and 2 more orders: orderferry help outcomes"]
        refused HTTP 400: no type for …: [Hint("correct their rows in rejects/ of the run folder, and send that file; the whole answer is in the reasons beside it")] ["explained by: orderferry help outcomes"]
        changed the content changed: [Hint("the Stream API cannot update an order: correct it in Personalize, then acknowledge the change (orderferry ledger settle)")] ["explained by: orderferry help outcomes"]
        "#);
    }

    #[test]
    fn answer_about_the_key_mentions_accepted_orders() {
        let mut counts = ReasonCounts::default();
        counts.add(&record(0), &of_checkout(Outcome::Refused, answer(403, "")));
        let hint = |has_accepted| {
            let [Diagnostic { notes, .. }] = &counts.diagnostics(&[], has_accepted)[..] else {
                panic!("one order");
            };
            format!("{notes:?}")
        };
        assert!(hint(false).contains("not about the rows"), "{}", hint(false));
        assert!(hint(true).contains("which accepted other orders"), "{}", hint(true));
        assert!(!hint(true).contains("not about the rows"), "{}", hint(true));
    }

    #[test]
    fn later_answer_does_not_show_its_values() {
        use Outcome::Unknown;
        let timed_out = FailureCause::TimedOut("operation timed out".to_owned());
        let reason = "operation timed out; then: HTTP 400: guest Ann Leewood".to_owned();
        let result = OrderResult {
            reason: Some(reason),
            ..result(Unknown, RequestKind::Checkout, timed_out)
        };
        assert_eq!(shown_reason(&result).unwrap(), "operation timed out");
    }

    #[test]
    fn reasons_beyond_the_limit_are_counted() {
        let mut counts = ReasonCounts::default();
        for n in 0..MAX_SHOWN as u64 + 2 {
            for row in 0..10 - n {
                let status = 410 + u16::try_from(n).unwrap();
                counts.add(&record(row), &of_checkout(Outcome::Refused, answer(status, "")));
            }
        }
        let diagnostics = counts.diagnostics(&[], false);
        let lines: Vec<_> = diagnostics.iter().flat_map(|one| one.more.clone()).collect();
        insta::assert_snapshot!(lines.join("\n"), @"
        and 7 more orders: orderferry help outcomes
        and 6 more orders: orderferry help outcomes
        and 5 more orders: orderferry help outcomes
        and 4 more orders: orderferry help outcomes
        and 3 more orders: orderferry help outcomes
        and 9 more refused orders with 2 other reasons: see report.html
        ");
    }

    /// In the summary, and so on the screen and the page, and in the diagnostics.
    #[test]
    fn known_changes_are_warnings_and_come_last() {
        let mut counts = ReasonCounts::default();
        let changed = |sets_exit_code| {
            let what = "the amount is another now".to_owned();
            let change = AcceptedChange { sets_exit_code, what, totals: None };
            let result = OrderResult::without_request(Outcome::Changed, None);
            OrderResult { change: Some(Box::new(change)), ..result }
        };
        for (row, sets_exit_code) in [(0, false), (1, false), (2, true)] {
            counts.add(&record(row), &changed(sets_exit_code));
        }
        insta::assert_snapshot!(lines(&counts), @"
        error changed 1 the amount is another now
        warning changed 2 the amount is another now, as an earlier run reported
        ");
        let diagnostics = counts.diagnostics(&[], false);
        let severities: Vec<_> = diagnostics.iter().map(|one| one.severity).collect();
        assert_eq!(severities, [Severity::Error, Severity::Warning, Severity::Warning]);
    }

    #[test]
    fn number_of_reasons_is_bounded() {
        let mut counts = ReasonCounts::default();
        for status in 0..2 * MAX_REASONS {
            let mut one = ReasonCounts::default();
            let answer = answer(u16::try_from(status).unwrap(), "");
            one.add(&record(0), &of_checkout(Outcome::Refused, answer));
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
