//! Classification of responses: the one table that decides which requests may be retried.
//!
//! It does not decide how often (`delivery`) or after which wait (`backoff`), and does no I/O.
//! Called by `delivery` and `service`.

use std::time::Duration;

use serde::Deserialize;

use crate::{
    dispatch::{Assessment, AttemptOutcome, StopReason, Throttling},
    model::{
        failure::{FailureCause, ServiceAnswer},
        redact::without_secrets,
        request::{RepeatEffect, RequestKind},
    },
};

/// Message for responses which show that requests go to the wrong target.
pub const WRONG_TARGET: &str = "the base URL or the client key is wrong";

/// The hint that goes with it.
pub const CHECK_TARGET: &str = "check base_url and client_key of the target; a base URL is for example \
                                       https://api-engage-eu.sitecorecloud.io";

/// The hint for a certificate that is not trusted.
// On Windows and Apple the system verifies the certificate, and ignores SSL_CERT_FILE.
const ADD_CA: &str = if cfg!(any(windows, target_vendor = "apple")) {
    "check base_url; add a CA of your own to the system's trust store"
} else {
    "check base_url; SSL_CERT_FILE=ca.pem trusts the CAs of that file in place of the system's"
};

/// Maximum length of a kept message of the service, in characters.
const MAX_REASON_CHARS: usize = 500;

/// Values of `status` in the body of a 2xx that reject the request, compared without case. The
/// manuals name none: `fail` and `error` are those of `JSend`
/// (<https://github.com/omniti-labs/jsend>), the others are usual variants.
// The list is short on purpose. A value that is not in it leaves a checkout unknown, which the
// operator can settle. A value that is in it but means "processed" would let the next run send the
// order twice.
const ERROR_STATUSES: [&str; 6] = ["ERROR", "FAIL", "FAILED", "FAILURE", "INVALID", "REJECTED"];

/// The response to a request, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceResponse {
    /// An HTTP response.
    Http {
        /// The status code.
        status: u16,
        /// The first bytes of the body; `None` if it was truncated.
        body: Option<String>,
        /// How long the service asks to wait (`Retry-After`).
        retry_after: Option<Duration>,
    },
    /// The request was definitely not sent: no connection, no name, no TLS.
    NotSent(String),
    /// The request was not sent, because the server's certificate is not trusted: another try ends
    /// in the same way.
    CertificateRejected(String),
    /// The request may have been sent, and no response came in time.
    TimedOut(String),
    /// The request may have been sent, and the connection ended before a response came.
    ConnectionClosed(String),
}

impl ServiceResponse {
    /// The status, if there was a response.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Http { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the request was sent, or may have been.
    #[must_use]
    pub fn may_have_been_sent(&self) -> bool {
        !matches!(self, Self::NotSent(_) | Self::CertificateRejected(_))
    }

    /// Whether the service definitely did not process the request. Otherwise it may have.
    #[must_use]
    pub fn is_definitely_not_processed(&self) -> bool {
        match self {
            Self::NotSent(_) | Self::CertificateRejected(_) => true,
            Self::TimedOut(_) | Self::ConnectionClosed(_) => false,
            Self::Http { status: 200..=299, body, .. } => {
                StatusBody::parse(body.as_deref()).body_status() == BodyStatus::Error
            }
            // 408 and 499 prove nothing; see `classify_status`.
            Self::Http { status, .. } => matches!(status, 300..=407 | 409..=498 | 503),
        }
    }

    /// Whether the service may still process the request later: the server that responded, if any
    /// did, did not wait for the processing, or reports with a status such as `QUEUED` that it did
    /// not.
    #[must_use]
    pub fn may_arrive_late(&self) -> bool {
        match self {
            Self::NotSent(_) | Self::CertificateRejected(_) => false,
            Self::TimedOut(_) | Self::ConnectionClosed(_) => true,
            Self::Http { status: 200..=299, body, .. } => {
                StatusBody::parse(body.as_deref()).body_status() == BodyStatus::Other
            }
            Self::Http { status, .. } => matches!(status, 408 | 499 | 502 | 504),
        }
    }

    /// The status and the body if the response is a web page in place of the JSON of the Stream
    /// API.
    #[must_use]
    pub fn web_page(&self) -> Option<(u16, &str)> {
        match self {
            // An overloaded front end also responds with a page: statuses that mean "later" are no
            // evidence.
            Self::Http { status: 408 | 429 | 499.., .. } => None,
            Self::Http { status, body: Some(body), .. } if is_markup(body) => Some((*status, body)),
            _ => None,
        }
    }

    /// How the service throttles, if it does.
    #[must_use]
    pub fn throttling(&self) -> Option<Throttling> {
        match *self {
            Self::Http { status: status @ (429 | 503), retry_after, .. } => {
                let wait = |time| Throttling::Wait { time, status };
                Some(retry_after.map_or(Throttling::SlowDown, wait))
            }
            _ => None,
        }
    }
}

/// What a response means for the request, and what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Classification {
    /// The service accepted it; for a browser, `reference` is its id.
    Accepted {
        /// The body's `ref`.
        reference: Option<String>,
    },
    /// Definitely not accepted, or harmless to retry: try again.
    Retry {
        /// What happened.
        cause: FailureCause,
        /// The minimum wait before the next try, as the service asked for.
        not_before: Option<Duration>,
    },
    /// It may have been accepted, and the settings allow a retry nevertheless.
    RetryUncertain {
        /// What happened.
        cause: FailureCause,
    },
    /// It may have been accepted, and the effect of a second one is not documented: the order
    /// restarts on another browser.
    Restart {
        /// What happened.
        cause: FailureCause,
    },
    /// The service does not know the browser: create a new one and try again.
    RenewBrowser {
        /// The service's message.
        cause: FailureCause,
    },
    /// The service rejected it.
    Rejected {
        /// The service's message.
        cause: FailureCause,
    },
    /// It may have been accepted, and must not be retried.
    Uncertain {
        /// What happened.
        cause: FailureCause,
    },
    /// Definitely not accepted, and no other request will be: the run stops.
    StopRun {
        /// What happened.
        reason: String,
        /// What to do about it.
        hint: &'static str,
    },
}

impl Classification {
    /// The outcome that is recorded for an attempt with this classification.
    #[must_use]
    pub fn attempt_outcome(&self) -> AttemptOutcome {
        match self {
            Self::Accepted { .. } => AttemptOutcome::Accepted,
            Self::Uncertain { .. } | Self::RetryUncertain { .. } => AttemptOutcome::Unknown,
            Self::Retry { .. }
            | Self::Restart { .. }
            | Self::RenewBrowser { .. }
            | Self::Rejected { .. }
            | Self::StopRun { .. } => AttemptOutcome::NotAccepted,
        }
    }

    /// The service's message, or what happened; `None` if accepted.
    #[must_use]
    pub fn reason(&self) -> Option<String> {
        match self {
            Self::StopRun { reason, .. } => Some(reason.clone()),
            _ => self.cause().map(ToString::to_string),
        }
    }

    /// The same without the values of the order that the service's message may repeat.
    fn shown_reason(&self) -> Option<String> {
        match self {
            Self::StopRun { reason, .. } => Some(reason.clone()),
            _ => self.cause().map(FailureCause::shown),
        }
    }

    /// Why the request was not accepted, or may not have been; of one that stops the run `None`.
    fn cause(&self) -> Option<&FailureCause> {
        match self {
            Self::Accepted { .. } | Self::StopRun { .. } => None,
            Self::Retry { cause, .. }
            | Self::RetryUncertain { cause }
            | Self::Restart { cause }
            | Self::RenewBrowser { cause }
            | Self::Rejected { cause }
            | Self::Uncertain { cause } => Some(cause),
        }
    }

    /// Whether the service is up: it accepted or rejected the request.
    #[must_use]
    pub fn shows_service_up(&self) -> bool {
        !matches!(
            self,
            Self::Retry { .. }
                | Self::RetryUncertain { .. }
                | Self::Restart { .. }
                | Self::Uncertain { .. }
        )
    }
}

impl From<Classification> for Assessment {
    fn from(classification: Classification) -> Self {
        Self {
            outcome: classification.attempt_outcome(),
            shows_service_up: classification.shows_service_up(),
            reason: classification.shown_reason(),
            retry_after: match &classification {
                Classification::Retry { not_before, .. } => Some(not_before.unwrap_or_default()),
                _ => None,
            },
            stop: match classification {
                Classification::StopRun { reason, hint } => Some(StopReason { reason, hint }),
                _ => None,
            },
        }
    }
}

/// The members of a body that are read; both are `None` if the body is not a JSON object.
#[derive(Default, Deserialize)]
struct StatusBody {
    status: Option<serde_json::Value>,
    r#ref: Option<serde_json::Value>,
}

/// The `status` of a 2xx body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BodyStatus {
    /// Exactly `OK`.
    Ok,
    /// One of [`ERROR_STATUSES`].
    Error,
    /// Any other text.
    Other,
    /// There is no `status` with a text.
    Missing,
}

impl StatusBody {
    fn parse(text: Option<&str>) -> Self {
        text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }

    fn body_status(&self) -> BodyStatus {
        match self.status.as_ref().and_then(serde_json::Value::as_str) {
            None => BodyStatus::Missing,
            Some("OK") => BodyStatus::Ok,
            Some(status)
                if ERROR_STATUSES.iter().any(|error| error.eq_ignore_ascii_case(status.trim())) =>
            {
                BodyStatus::Error
            }
            Some(_) => BodyStatus::Other,
        }
    }
}

/// Classifies the response to a request. With `retry_500`, a checkout is retried after a 500,
/// which asks to try again but does not exclude that the service has processed the event.
#[must_use]
pub fn classify(kind: RequestKind, response: ServiceResponse, retry_500: bool) -> Classification {
    match response {
        ServiceResponse::Http { status: 500, body, .. } if retry_500 && kind.is_checkout() => {
            let cause = FailureCause::Error(answer(500, body.as_deref()));
            Classification::RetryUncertain { cause }
        }
        ServiceResponse::NotSent(text) => {
            Classification::Retry { cause: FailureCause::NotConnected(text), not_before: None }
        }
        ServiceResponse::CertificateRejected(reason) => {
            Classification::StopRun { reason, hint: ADD_CA }
        }
        ServiceResponse::TimedOut(text) => when_uncertain(kind, FailureCause::TimedOut(text)),
        ServiceResponse::ConnectionClosed(text) => {
            when_uncertain(kind, FailureCause::ConnectionClosed(text))
        }
        ServiceResponse::Http { status, body, retry_after } => {
            classify_status(kind, status, body.as_deref(), retry_after)
        }
    }
}

fn classify_status(
    kind: RequestKind,
    status: u16,
    body: Option<&str>,
    retry_after: Option<Duration>,
) -> Classification {
    let cause = FailureCause::Error(answer(status, body));
    match status {
        200..=299 => classify_success(kind, status, body),
        // Redirects are never followed: they would carry a customer's order to an unknown host.
        300..=399 => {
            stop_run(format!("the service redirects (HTTP {status}); redirects are not followed"))
        }
        401 => stop_run("the client key was refused (HTTP 401)".to_owned()),
        // The cart of an unknown browser is gone too.
        404 if kind == RequestKind::ClearCart => Classification::Accepted { reference: None },
        // Both statuses mean that nothing was processed.
        429 | 503 => Classification::Retry { cause, not_before: retry_after },
        // A timeout on the service's side proves nothing about what it did before it, and neither
        // does 499: nginx logs it where the client closed the connection, and a front end may pass
        // it on.
        408 | 499 => when_uncertain(kind, cause),
        // The request carries only the client key, so the rejection is not about a guest. When it
        // was held against each guest, a wrong key or URL ended hundreds of orders as refused.
        400..=498 if kind == RequestKind::BrowserCreate => {
            let answer = if body.is_some_and(is_markup) {
                format!("HTTP {status} with a web page")
            } else {
                cause.shown()
            };
            stop_run(format!("cannot create a browser ({answer}): {WRONG_TARGET}"))
        }
        404 => Classification::RenewBrowser { cause },
        400..=499 => Classification::Rejected { cause },
        // The service may have processed the request before it failed.
        _ => when_uncertain(kind, cause),
    }
}

/// Classifies a 2xx by the body's `status`.
fn classify_success(kind: RequestKind, status: u16, body: Option<&str>) -> Classification {
    let answer = answer(status, body);
    let body = StatusBody::parse(body);
    let reference = body.r#ref.as_ref().and_then(serde_json::Value::as_str).map(str::to_owned);
    match body.body_status() {
        BodyStatus::Ok
            if kind == RequestKind::BrowserCreate
                && !reference.as_deref().is_some_and(is_browser_id) =>
        {
            when_uncertain(kind, FailureCause::NoBrowserId)
        }
        BodyStatus::Ok => Classification::Accepted { reference },
        // The request carries nothing of a guest that could be rejected.
        BodyStatus::Error if kind == RequestKind::BrowserCreate => {
            when_uncertain(kind, FailureCause::Error(answer))
        }
        BodyStatus::Error => Classification::Rejected { cause: FailureCause::Error(answer) },
        // Not a rejection: `QUEUED`, `ACCEPTED` or `ok` may mean that the order is processed.
        BodyStatus::Other | BodyStatus::Missing => {
            when_uncertain(kind, FailureCause::StatusNotOk(answer))
        }
    }
}

fn stop_run(reason: String) -> Classification {
    Classification::StopRun { reason, hint: CHECK_TARGET }
}

/// Whether a body is HTML or XML.
// JSON never begins with `<`. The content type is less reliable: some servers send everything as
// `text/html`.
fn is_markup(body: &str) -> bool {
    body.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').starts_with('<')
}

/// Whether a `ref` is a valid browser id.
// It is copied into the events' JSON unescaped, so it must not contain a quote.
fn is_browser_id(reference: &str) -> bool {
    !reference.is_empty()
        && reference
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// Classifies a request that may or may not have been processed.
fn when_uncertain(kind: RequestKind, cause: FailureCause) -> Classification {
    match kind.repeat_effect() {
        RepeatEffect::SecondOrder => Classification::Uncertain { cause },
        // A new browser begins with an empty cart.
        RepeatEffect::Undocumented => Classification::Restart { cause },
        RepeatEffect::Harmless => Classification::Retry { cause, not_before: None },
    }
}

/// The status and the start of the body on one line, without URLs and e-mail addresses.
fn answer(status: u16, body: Option<&str>) -> ServiceAnswer {
    let message = without_secrets(body.unwrap_or_default());
    ServiceAnswer { status, message: message.chars().take(MAX_REASON_CHARS).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OK: &str = r#"{"status":"OK","ref":"b"}"#;

    fn name(kind: RequestKind, response: ServiceResponse) -> &'static str {
        name_of(&classify(kind, response, false))
    }

    fn name_of(classification: &Classification) -> &'static str {
        match classification {
            Classification::Accepted { .. } => "accepted",
            Classification::Retry { .. } => "retry",
            Classification::RetryUncertain { .. } => "retry uncertain",
            Classification::Restart { .. } => "restart",
            Classification::RenewBrowser { .. } => "renew browser",
            Classification::Rejected { .. } => "rejected",
            Classification::Uncertain { .. } => "uncertain",
            Classification::StopRun { .. } => "stop run",
        }
    }

    fn http(status: u16, body: Option<&str>) -> ServiceResponse {
        ServiceResponse::Http { status, body: body.map(str::to_owned), retry_after: None }
    }

    fn transport_failures() -> [ServiceResponse; 4] {
        let certificate = ServiceResponse::CertificateRejected("unknown issuer".into());
        [
            ServiceResponse::NotSent("refused".into()),
            certificate,
            ServiceResponse::TimedOut("timed out".into()),
            ServiceResponse::ConnectionClosed("reset".into()),
        ]
    }

    /// Groups of kinds that always have the same classification.
    const EQUIVALENT_KINDS: [&[RequestKind]; 6] = [
        &[RequestKind::BrowserCreate],
        &[RequestKind::Identity],
        &[RequestKind::Add],
        &[RequestKind::AddContacts, RequestKind::AddConsumers, RequestKind::Confirm],
        &[RequestKind::ClearCart],
        &[RequestKind::OrderCheckout, RequestKind::Checkout],
    ];

    /// The classifications of a response for [`EQUIVALENT_KINDS`]: browser, IDENTITY, ADD, the
    /// events that follow ADD, CLEAR_CART, checkouts.
    fn names(response: &ServiceResponse) -> [&'static str; 6] {
        EQUIVALENT_KINDS.map(|kinds| {
            let names: Vec<_> = kinds.iter().map(|kind| name(*kind, response.clone())).collect();
            assert!(
                names.windows(2).all(|pair| pair[0] == pair[1]),
                "{kinds:?} after {response:?}: {names:?}"
            );
            names[0]
        })
    }

    /// All statuses with this body, as ranges of statuses with equal classifications: `first-last`
    /// and [`names`].
    fn statuses(body: &str) -> Vec<String> {
        let mut runs: Vec<(u16, u16, [&str; 6])> = Vec::new();
        for status in 100..=599 {
            let names = names(&http(status, Some(body)));
            match runs.last_mut() {
                Some((_, last, known)) if *known == names => *last = status,
                _ => runs.push((status, status, names)),
            }
        }
        runs.iter()
            .map(|(first, last, names)| format!("{first}-{last} {}", names.join(", ")))
            .collect()
    }

    /// Values of `status` in a 2xx body; which 2xx does not matter.
    const STATUS_VALUES: [&str; 14] = [
        "OK", "ok", "Ok", " OK", "ACCEPTED", "QUEUED", "PENDING", "SUCCESS", "", "ERROR", "error",
        "Failed", "INVALID", "REJECTED",
    ];

    fn with_body_status(status: u16, value: &str) -> ServiceResponse {
        http(status, Some(&format!("{{\"status\":\"{value}\",\"ref\":\"b\"}}")))
    }

    #[test]
    fn every_response_has_a_classification() {
        let values = STATUS_VALUES.iter().map(|value| {
            let classifications =
                [200, 201, 202, 299].map(|status| names(&with_body_status(status, value)));
            assert!(
                classifications.windows(2).all(|pair| pair[0] == pair[1]),
                "{value}: {classifications:?}"
            );
            format!("2xx {value:?} {}", classifications[0].join(", "))
        });
        let bodies = [
            None,
            Some(""),
            Some("{\"status\":"),
            Some("<html>"),
            Some("{}"),
            Some("[]"),
            Some("{\"status\":1}"),
        ];
        let bodies = bodies
            .iter()
            .map(|body| format!("2xx body {body:?} {}", names(&http(201, *body)).join(", ")));
        let failures = transport_failures();
        let failures =
            failures.iter().map(|response| format!("{response:?} {}", names(response).join(", ")));
        let table: Vec<_> =
            statuses(OK).into_iter().chain(values).chain(bodies).chain(failures).collect();
        insta::assert_snapshot!(table.join("\n"), @r#"
        100-199 retry, retry, retry, restart, retry, uncertain
        200-299 accepted, accepted, accepted, accepted, accepted, accepted
        300-399 stop run, stop run, stop run, stop run, stop run, stop run
        400-400 stop run, rejected, rejected, rejected, rejected, rejected
        401-401 stop run, stop run, stop run, stop run, stop run, stop run
        402-403 stop run, rejected, rejected, rejected, rejected, rejected
        404-404 stop run, renew browser, renew browser, renew browser, accepted, renew browser
        405-407 stop run, rejected, rejected, rejected, rejected, rejected
        408-408 retry, retry, retry, restart, retry, uncertain
        409-428 stop run, rejected, rejected, rejected, rejected, rejected
        429-429 retry, retry, retry, retry, retry, retry
        430-498 stop run, rejected, rejected, rejected, rejected, rejected
        499-502 retry, retry, retry, restart, retry, uncertain
        503-503 retry, retry, retry, retry, retry, retry
        504-599 retry, retry, retry, restart, retry, uncertain
        2xx "OK" accepted, accepted, accepted, accepted, accepted, accepted
        2xx "ok" retry, retry, retry, restart, retry, uncertain
        2xx "Ok" retry, retry, retry, restart, retry, uncertain
        2xx " OK" retry, retry, retry, restart, retry, uncertain
        2xx "ACCEPTED" retry, retry, retry, restart, retry, uncertain
        2xx "QUEUED" retry, retry, retry, restart, retry, uncertain
        2xx "PENDING" retry, retry, retry, restart, retry, uncertain
        2xx "SUCCESS" retry, retry, retry, restart, retry, uncertain
        2xx "" retry, retry, retry, restart, retry, uncertain
        2xx "ERROR" retry, rejected, rejected, rejected, rejected, rejected
        2xx "error" retry, rejected, rejected, rejected, rejected, rejected
        2xx "Failed" retry, rejected, rejected, rejected, rejected, rejected
        2xx "INVALID" retry, rejected, rejected, rejected, rejected, rejected
        2xx "REJECTED" retry, rejected, rejected, rejected, rejected, rejected
        2xx body None retry, retry, retry, restart, retry, uncertain
        2xx body Some("") retry, retry, retry, restart, retry, uncertain
        2xx body Some("{\"status\":") retry, retry, retry, restart, retry, uncertain
        2xx body Some("<html>") retry, retry, retry, restart, retry, uncertain
        2xx body Some("{}") retry, retry, retry, restart, retry, uncertain
        2xx body Some("[]") retry, retry, retry, restart, retry, uncertain
        2xx body Some("{\"status\":1}") retry, retry, retry, restart, retry, uncertain
        NotSent("refused") retry, retry, retry, retry, retry, retry
        CertificateRejected("unknown issuer") stop run, stop run, stop run, stop run, stop run, stop run
        TimedOut("timed out") retry, retry, retry, restart, retry, uncertain
        ConnectionClosed("reset") retry, retry, retry, restart, retry, uncertain
        "#);
        assert!(RequestKind::ALL.iter().all(|kind| EQUIVALENT_KINDS.concat().contains(kind)));
    }

    #[test]
    fn definitely_not_processed_is_never_uncertain() {
        let failures = transport_failures();
        let http_responses = (100..=599)
            .flat_map(|status| STATUS_VALUES.map(|value| with_body_status(status, value)));
        for response in http_responses.chain(failures) {
            let classification = name(RequestKind::Checkout, response.clone());
            let may_be_processed = matches!(classification, "accepted" | "uncertain");
            assert_eq!(response.is_definitely_not_processed(), !may_be_processed, "{response:?}");
            assert!(
                !(response.may_arrive_late() && response.is_definitely_not_processed()),
                "{response:?}"
            );
        }
    }

    #[test]
    fn only_browser_create_requires_ref() {
        for body in [
            "{\"status\":\"OK\"}",
            "{\"status\":\"OK\",\"ref\":1}",
            "{\"status\":\"OK\",\"ref\":\"\\\"\"}",
        ] {
            assert_eq!(name(RequestKind::BrowserCreate, http(201, Some(body))), "retry", "{body}");
            assert_eq!(
                name(RequestKind::OrderCheckout, http(201, Some(body))),
                "accepted",
                "{body}"
            );
        }
    }

    #[test]
    fn reason_redacts_urls_and_addresses() {
        let echo = "The URL /v1.2/event/create.json?client_key=K&message=%7B%22email%22 of ann@example.com\nis <b>wrong</b>";
        let classification = classify(RequestKind::OrderCheckout, http(400, Some(echo)), false);
        let reason = "HTTP 400: The URL [redacted] of [redacted] is <b>wrong</b>";
        assert_eq!(name_of(&classification), "rejected");
        assert_eq!(classification.reason().as_deref(), Some(reason));
    }

    /// The warning that the service is down, and the reason why a run stops.
    #[test]
    fn terminal_shows_no_value_of_an_answer() {
        let body = r#"{"message": "guest Ann Leewood, +49 30 1234567, is invalid", "code": 1}"#;
        for (kind, status, shown) in [
            (RequestKind::Identity, 500, "HTTP 500: guest … is invalid"),
            (RequestKind::Checkout, 400, "HTTP 400: guest … is invalid"),
            (
                RequestKind::BrowserCreate,
                400,
                "cannot create a browser (HTTP 400: guest … is invalid): the base URL or the \
                 client key is wrong",
            ),
        ] {
            let assessment = Assessment::from(classify(kind, http(status, Some(body)), false));
            assert_eq!(assessment.reason.as_deref(), Some(shown));
            let stop = assessment.stop.map(|stop| stop.reason);
            assert!(stop.is_none_or(|reason| reason == shown));
        }
    }

    #[test]
    fn retry_500_setting_affects_only_500() {
        for status in 100..=599 {
            let [strict, lenient] = [false, true].map(|lenient| {
                classify(RequestKind::OrderCheckout, http(status, Some(OK)), lenient)
            });
            assert_eq!(strict != lenient, status == 500, "{status}");
        }
        let uncertain = classify(RequestKind::OrderCheckout, http(500, None), true);
        assert_eq!(
            (name_of(&uncertain), uncertain.attempt_outcome()),
            ("retry uncertain", AttemptOutcome::Unknown)
        );
        assert_eq!(name_of(&classify(RequestKind::Identity, http(500, None), true)), "retry");
    }
}
