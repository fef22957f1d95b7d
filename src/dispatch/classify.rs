//! What an answer means: the one table of what may be repeated.
//!
//! How often and how patiently is said elsewhere (`delivery`, `backoff`).

use std::time::Duration;

use serde::Deserialize;

use super::AttemptOutcome;

/// Said where answers show that requests go to the wrong place.
pub(super) const WRONG_TARGET: &str = "the base URL or the client key is wrong";

/// What to do about that.
pub(super) const CHECK_TARGET: &str = "check base_url and client_key of the target; a base URL is for example \
                                       https://api-engage-eu.sitecorecloud.io";

/// What to do about a certificate that is not trusted. Elsewhere the system verifies it, which ignores the variable.
const ADD_CA: &str = if cfg!(any(windows, target_vendor = "apple")) {
    "check base_url; add a CA of your own to the system's trust store"
} else {
    "check base_url; SSL_CERT_FILE=ca.pem trusts the CAs of that file, in place of those of the system"
};

/// Stands in the service's words for what nobody shall read.
pub(super) const REDACTED: &str = "[left out]";

/// The longest words of the service that are kept, in characters.
const MAX_REASON_CHARS: usize = 500;

/// Values of `status` in the body of a 2xx that refuse the request, compared without case. The manuals name none: `fail`
/// and `error` are those of `JSend` (<https://github.com/omniti-labs/jsend>), the others their usual variants. The list is
/// short on purpose. A word that is not in it leaves a checkout unknown, which a person can settle; one that is in it and
/// means "taken" would let the next run send the order twice.
const ERROR_STATUSES: [&str; 6] = ["ERROR", "FAIL", "FAILED", "FAILURE", "INVALID", "REJECTED"];

/// What was sent; the events of a cart in the order in which they are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RequestKind {
    /// The creation of a browser. A second one only makes another anonymous guest.
    BrowserCreate,
    /// IDENTITY. A second one says the same.
    Identity,
    /// ORDER_CHECKOUT. A second one may be a second order.
    OrderCheckout,
    /// ADD. A second one of the same item changes the cart's line into what it is.
    Add,
    /// ADD_CONTACTS. Of a second one no manual says what it does.
    AddContacts,
    /// ADD_CONSUMERS. The same.
    AddConsumers,
    /// CONFIRM. The same.
    Confirm,
    /// CHECKOUT. A second one may be a second order.
    Checkout,
    /// CLEAR_CART. A second one finds nothing.
    ClearCart,
}

impl RequestKind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::BrowserCreate,
        Self::Identity,
        Self::OrderCheckout,
        Self::Add,
        Self::AddContacts,
        Self::AddConsumers,
        Self::Confirm,
        Self::Checkout,
        Self::ClearCart,
    ];

    /// Whether it makes an order.
    #[must_use]
    pub fn is_checkout(self) -> bool {
        matches!(self, Self::OrderCheckout | Self::Checkout)
    }
}

/// What was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServiceResponse {
    /// A status, and the body as far as it came.
    Http {
        /// The status code.
        status: u16,
        /// The first bytes of the body; nothing if it was cut off.
        body: Option<String>,
        /// How long the service asks to wait.
        retry_after: Option<Duration>,
    },
    /// The request surely did not leave: no connection, no name, no TLS.
    NotSent(String),
    /// The request did not leave, because the server's certificate is not trusted: another try ends in the same way.
    CertificateRejected(String),
    /// It may have left, and no answer came.
    NoResponse(String),
}

impl ServiceResponse {
    /// The status, if there was an answer.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Http { status, .. } => Some(*status),
            Self::NotSent(_) | Self::CertificateRejected(_) | Self::NoResponse(_) => None,
        }
    }

    /// Whether the request left this machine, or may have.
    #[must_use]
    pub fn may_have_been_sent(&self) -> bool {
        !matches!(self, Self::NotSent(_) | Self::CertificateRejected(_))
    }

    /// Whether the service surely did nothing of what was asked. Otherwise it may have.
    #[must_use]
    pub fn is_definitely_not_processed(&self) -> bool {
        match self {
            Self::NotSent(_) | Self::CertificateRejected(_) => true,
            Self::NoResponse(_) => false,
            Self::Http { status: 200..=299, body, .. } => {
                StatusBody::parse(body.as_deref()).body_status() == BodyStatus::Error
            }
            Self::Http { status, .. } => matches!(status, 300..=407 | 409..=498 | 503),
        }
    }

    /// Whether the request may still be on its way to where it is dealt with: the server that answered, if any did, did
    /// not wait for that, or says with a word such as `QUEUED` that it did not.
    #[must_use]
    pub fn may_arrive_late(&self) -> bool {
        match self {
            Self::NotSent(_) | Self::CertificateRejected(_) => false,
            Self::NoResponse(_) => true,
            Self::Http { status: 200..=299, body, .. } => {
                StatusBody::parse(body.as_deref()).body_status() == BodyStatus::Other
            }
            Self::Http { status, .. } => matches!(status, 408 | 499 | 502 | 504),
        }
    }

    /// The status and the body where a web page came in place of an answer of the Stream API, which is JSON. A front end in
    /// trouble answers with a page too, so those statuses that say "later" are left out.
    #[must_use]
    pub fn web_page(&self) -> Option<(u16, &str)> {
        match self {
            Self::Http { status: 408 | 429 | 499.., .. } => None,
            Self::Http { status, body: Some(body), .. } if is_markup(body) => Some((*status, body)),
            _ => None,
        }
    }

    /// Whether we are too much for the service, and how long it asks all of us to wait, if it says so.
    #[must_use]
    pub fn throttle(&self) -> Option<Option<Duration>> {
        match self {
            Self::Http { status: 429 | 503, retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }
}

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Classification {
    /// The service accepted it; a browser has its id.
    Accepted {
        /// The body's `ref`.
        reference: Option<String>,
    },
    /// Surely not accepted, or harmless to repeat: try again.
    Retry {
        /// What happened.
        reason: String,
        /// Not earlier than this.
        not_before: Option<Duration>,
    },
    /// It may have been accepted, and the settings let it be repeated nevertheless.
    RetryUncertain {
        /// What happened.
        reason: String,
    },
    /// It may have been accepted, and what a second one does nobody knows: the order begins anew on another browser.
    Restart {
        /// What happened.
        reason: String,
    },
    /// The service does not know the browser: a new one, and once more.
    RenewBrowser {
        /// The service's words.
        reason: String,
    },
    /// The service said no.
    Rejected {
        /// The service's words.
        reason: String,
    },
    /// It may have been accepted, and must not be repeated.
    Uncertain {
        /// What happened.
        reason: String,
    },
    /// Surely not accepted, and nothing else will be: the run stops.
    StopRun {
        /// Why.
        reason: String,
        /// What to do about it.
        hint: &'static str,
    },
}

impl Classification {
    /// What is recorded of an attempt with this verdict.
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

    /// The service's words, or what happened.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Accepted { .. } => None,
            Self::Retry { reason, .. }
            | Self::RetryUncertain { reason }
            | Self::Restart { reason }
            | Self::RenewBrowser { reason }
            | Self::Rejected { reason }
            | Self::Uncertain { reason }
            | Self::StopRun { reason, .. } => Some(reason),
        }
    }

    /// Whether the service is up: it said yes or no.
    #[must_use]
    pub fn shows_service_up(&self) -> bool {
        !matches!(
            self,
            Self::Retry { .. } | Self::RetryUncertain { .. } | Self::Restart { .. } | Self::Uncertain { .. }
        )
    }
}

/// The members of a body that count; none of a body that is no JSON object.
#[derive(Default, Deserialize)]
struct StatusBody {
    status: Option<serde_json::Value>,
    r#ref: Option<serde_json::Value>,
}

/// What the `status` of a 2xx body says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BodyStatus {
    /// `OK`, in these letters.
    Ok,
    /// One of [`ERROR_WORDS`].
    Error,
    /// Some other text.
    Other,
    /// There is no such text.
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
            Some(word) if ERROR_STATUSES.iter().any(|error| error.eq_ignore_ascii_case(word.trim())) => {
                BodyStatus::Error
            }
            Some(_) => BodyStatus::Other,
        }
    }
}

/// What follows from what was heard of a request. `retry_500` says that a 500, whose page says "try again", may be
/// tried again although the event may have been taken.
#[must_use]
pub fn classify(kind: RequestKind, response: ServiceResponse, retry_500: bool) -> Classification {
    match response {
        ServiceResponse::Http { status: 500, body, .. } if retry_500 && kind.is_checkout() => {
            Classification::RetryUncertain { reason: reason_text(500, body.as_deref().unwrap_or_default()) }
        }
        ServiceResponse::NotSent(reason) => Classification::Retry { reason, not_before: None },
        ServiceResponse::CertificateRejected(reason) => Classification::StopRun { reason, hint: ADD_CA },
        ServiceResponse::NoResponse(reason) => when_uncertain(kind, reason),
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
    let reason = reason_text(status, body.unwrap_or_default());
    match status {
        200..=299 => classify_success(kind, status, body),
        // Redirects are never followed: they would carry a customer's order to who knows where.
        300..=399 => stop_run(format!("the service redirects (HTTP {status}), which is not followed")),
        401 => stop_run("the client key was refused (HTTP 401)".to_owned()),
        // The cart of a browser that is not known is gone too.
        404 if kind == RequestKind::ClearCart => Classification::Accepted { reference: None },
        // These two say that nothing was taken.
        429 | 503 => Classification::Retry { reason, not_before: retry_after },
        // A time-out on the service's side says nothing of what it did before, nor does 499: nginx logs it where the client
        // went away, and a front end may pass it on.
        408 | 499 => when_uncertain(kind, reason),
        // The request carries the client key and nothing else, so this says nothing of a guest.
        400..=498 if kind == RequestKind::BrowserCreate => {
            let reason = if body.is_some_and(is_markup) { format!("HTTP {status} and a web page") } else { reason };
            stop_run(format!("a browser cannot be created ({reason}): {WRONG_TARGET}"))
        }
        404 => Classification::RenewBrowser { reason },
        400..=499 => Classification::Rejected { reason },
        _ => when_uncertain(kind, reason),
    }
}

/// A 2xx: what counts is the body's `status`.
fn classify_success(kind: RequestKind, status: u16, body: Option<&str>) -> Classification {
    let reason = reason_text(status, body.unwrap_or_default());
    let body = StatusBody::parse(body);
    let reference = body.r#ref.as_ref().and_then(serde_json::Value::as_str).map(str::to_owned);
    match body.body_status() {
        BodyStatus::Ok if kind == RequestKind::BrowserCreate && !reference.as_deref().is_some_and(is_browser_id) => {
            when_uncertain(kind, "a browser without a proper ref".to_owned())
        }
        BodyStatus::Ok => Classification::Accepted { reference },
        // Nothing of a guest is in that request which could be refused.
        BodyStatus::Error if kind == RequestKind::BrowserCreate => when_uncertain(kind, reason),
        BodyStatus::Error => Classification::Rejected { reason },
        BodyStatus::Other | BodyStatus::Missing => {
            when_uncertain(kind, format!("{reason}, but the body does not say OK"))
        }
    }
}

fn stop_run(reason: String) -> Classification {
    Classification::StopRun { reason, hint: CHECK_TARGET }
}

/// Whether a body is HTML or XML, which JSON never looks like. The content type would say less: some servers call all they
/// send `text/html`.
fn is_markup(body: &str) -> bool {
    body.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').starts_with('<')
}

/// It goes into the events' JSON as it is.
fn is_browser_id(reference: &str) -> bool {
    !reference.is_empty() && reference.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

/// A checkout that may have been accepted is not repeated; what does no harm a second time may be.
fn when_uncertain(kind: RequestKind, reason: String) -> Classification {
    match kind {
        RequestKind::OrderCheckout | RequestKind::Checkout => Classification::Uncertain { reason },
        RequestKind::AddContacts | RequestKind::AddConsumers | RequestKind::Confirm => {
            Classification::Restart { reason }
        }
        RequestKind::BrowserCreate | RequestKind::Identity | RequestKind::Add | RequestKind::ClearCart => {
            Classification::Retry { reason, not_before: None }
        }
    }
}

/// The status and the service's words, on one line. Front ends like to show the URL, which carries the key and a
/// customer's order, so whatever looks like a part of one is left out, and so are e-mail addresses.
fn reason_text(status: u16, body: &str) -> String {
    let redact = |word: &str| -> String {
        let has_secret =
            ["client_key", "message=", "browser_id", "%22", "@", "%40"].iter().any(|mark| word.contains(mark));
        if has_secret { REDACTED.to_owned() } else { word.chars().filter(|c| !c.is_control()).collect() }
    };
    let words: Vec<_> = body.split_whitespace().map(redact).collect();
    let words = words.join(" ");
    let words: String = words.chars().take(MAX_REASON_CHARS).collect();
    if words.is_empty() { format!("HTTP {status}") } else { format!("HTTP {status}: {words}") }
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
            Classification::Retry { .. } => "repeat",
            Classification::RetryUncertain { .. } => "repeat in doubt",
            Classification::Restart { .. } => "start over",
            Classification::RenewBrowser { .. } => "new browser",
            Classification::Rejected { .. } => "refused",
            Classification::Uncertain { .. } => "unknown",
            Classification::StopRun { .. } => "stop",
        }
    }

    fn answer(status: u16, body: Option<&str>) -> ServiceResponse {
        ServiceResponse::Http { status, body: body.map(str::to_owned), retry_after: None }
    }

    fn transport_failures() -> [ServiceResponse; 3] {
        let certificate = ServiceResponse::CertificateRejected("unknown issuer".into());
        [ServiceResponse::NotSent("refused".into()), certificate, ServiceResponse::NoResponse("timed out".into())]
    }

    /// Kinds of which the same holds always.
    const EQUIVALENT_KINDS: [&[RequestKind]; 6] = [
        &[RequestKind::BrowserCreate],
        &[RequestKind::Identity],
        &[RequestKind::Add],
        &[RequestKind::AddContacts, RequestKind::AddConsumers, RequestKind::Confirm],
        &[RequestKind::ClearCart],
        &[RequestKind::OrderCheckout, RequestKind::Checkout],
    ];

    /// The verdicts on what was heard, for [`ALIKE`]: browser, identity, ADD, what goes with it, CLEAR_CART, checkouts.
    fn names(response: &ServiceResponse) -> [&'static str; 6] {
        EQUIVALENT_KINDS.map(|kinds| {
            let names: Vec<_> = kinds.iter().map(|kind| name(*kind, response.clone())).collect();
            assert!(names.windows(2).all(|pair| pair[0] == pair[1]), "{kinds:?} after {response:?}: {names:?}");
            names[0]
        })
    }

    /// Every status with a body: runs of statuses with the same verdicts, as `first-last` and [`names`].
    fn statuses(body: &str) -> Vec<String> {
        let mut runs: Vec<(u16, u16, [&str; 6])> = Vec::new();
        for status in 100..=599 {
            let names = names(&answer(status, Some(body)));
            match runs.last_mut() {
                Some((_, last, known)) if *known == names => *last = status,
                _ => runs.push((status, status, names)),
            }
        }
        runs.iter().map(|(first, last, names)| format!("{first}-{last} {}", names.join(", "))).collect()
    }

    /// Words that a 2xx may say; the status does not matter.
    const STATUS_WORDS: [&str; 14] = [
        "OK", "ok", "Ok", " OK", "ACCEPTED", "QUEUED", "PENDING", "SUCCESS", "", "ERROR", "error", "Failed", "INVALID",
        "REJECTED",
    ];

    fn with_status_word(status: u16, word: &str) -> ServiceResponse {
        answer(status, Some(&format!("{{\"status\":\"{word}\",\"ref\":\"b\"}}")))
    }

    #[test]
    fn every_response_has_a_classification() {
        let words = STATUS_WORDS.iter().map(|word| {
            let classifications = [200, 201, 202, 299].map(|status| names(&with_status_word(status, word)));
            assert!(classifications.windows(2).all(|pair| pair[0] == pair[1]), "{word}: {classifications:?}");
            format!("2xx {word:?} {}", classifications[0].join(", "))
        });
        let bodies =
            [None, Some(""), Some("{\"status\":"), Some("<html>"), Some("{}"), Some("[]"), Some("{\"status\":1}")];
        let bodies = bodies.iter().map(|body| format!("2xx body {body:?} {}", names(&answer(201, *body)).join(", ")));
        let failures = transport_failures();
        let failures = failures.iter().map(|response| format!("{response:?} {}", names(response).join(", ")));
        let table: Vec<_> = statuses(OK).into_iter().chain(words).chain(bodies).chain(failures).collect();
        insta::assert_snapshot!(table.join("\n"), @r#"
        100-199 repeat, repeat, repeat, start over, repeat, unknown
        200-299 accepted, accepted, accepted, accepted, accepted, accepted
        300-399 stop, stop, stop, stop, stop, stop
        400-400 stop, refused, refused, refused, refused, refused
        401-401 stop, stop, stop, stop, stop, stop
        402-403 stop, refused, refused, refused, refused, refused
        404-404 stop, new browser, new browser, new browser, accepted, new browser
        405-407 stop, refused, refused, refused, refused, refused
        408-408 repeat, repeat, repeat, start over, repeat, unknown
        409-428 stop, refused, refused, refused, refused, refused
        429-429 repeat, repeat, repeat, repeat, repeat, repeat
        430-498 stop, refused, refused, refused, refused, refused
        499-502 repeat, repeat, repeat, start over, repeat, unknown
        503-503 repeat, repeat, repeat, repeat, repeat, repeat
        504-599 repeat, repeat, repeat, start over, repeat, unknown
        2xx "OK" accepted, accepted, accepted, accepted, accepted, accepted
        2xx "ok" repeat, repeat, repeat, start over, repeat, unknown
        2xx "Ok" repeat, repeat, repeat, start over, repeat, unknown
        2xx " OK" repeat, repeat, repeat, start over, repeat, unknown
        2xx "ACCEPTED" repeat, repeat, repeat, start over, repeat, unknown
        2xx "QUEUED" repeat, repeat, repeat, start over, repeat, unknown
        2xx "PENDING" repeat, repeat, repeat, start over, repeat, unknown
        2xx "SUCCESS" repeat, repeat, repeat, start over, repeat, unknown
        2xx "" repeat, repeat, repeat, start over, repeat, unknown
        2xx "ERROR" repeat, refused, refused, refused, refused, refused
        2xx "error" repeat, refused, refused, refused, refused, refused
        2xx "Failed" repeat, refused, refused, refused, refused, refused
        2xx "INVALID" repeat, refused, refused, refused, refused, refused
        2xx "REJECTED" repeat, refused, refused, refused, refused, refused
        2xx body None repeat, repeat, repeat, start over, repeat, unknown
        2xx body Some("") repeat, repeat, repeat, start over, repeat, unknown
        2xx body Some("{\"status\":") repeat, repeat, repeat, start over, repeat, unknown
        2xx body Some("<html>") repeat, repeat, repeat, start over, repeat, unknown
        2xx body Some("{}") repeat, repeat, repeat, start over, repeat, unknown
        2xx body Some("[]") repeat, repeat, repeat, start over, repeat, unknown
        2xx body Some("{\"status\":1}") repeat, repeat, repeat, start over, repeat, unknown
        NotSent("refused") repeat, repeat, repeat, repeat, repeat, repeat
        CertificateRejected("unknown issuer") stop, stop, stop, stop, stop, stop
        NoResponse("timed out") repeat, repeat, repeat, start over, repeat, unknown
        "#);
        assert!(RequestKind::ALL.iter().all(|kind| EQUIVALENT_KINDS.concat().contains(kind)));
    }

    #[test]
    fn definitely_not_processed_is_never_uncertain() {
        let failures = transport_failures();
        let answers = (100..=599).flat_map(|status| STATUS_WORDS.map(|word| with_status_word(status, word)));
        for response in answers.chain(failures) {
            let classification = name(RequestKind::Checkout, response.clone());
            let may_be_processed = matches!(classification, "accepted" | "unknown");
            assert_eq!(response.is_definitely_not_processed(), !may_be_processed, "{response:?}");
            assert!(!(response.may_arrive_late() && response.is_definitely_not_processed()), "{response:?}");
        }
    }

    #[test]
    fn only_browser_create_requires_ref() {
        for body in ["{\"status\":\"OK\"}", "{\"status\":\"OK\",\"ref\":1}", "{\"status\":\"OK\",\"ref\":\"\\\"\"}"] {
            assert_eq!(name(RequestKind::BrowserCreate, answer(201, Some(body))), "repeat", "{body}");
            assert_eq!(name(RequestKind::OrderCheckout, answer(201, Some(body))), "accepted", "{body}");
        }
    }

    #[test]
    fn reason_redacts_urls_and_addresses() {
        let echo =
            "The URL /v1.2/event/create.json?client_key=K&message=%7B%22email%22 of ann@example.com\nis <b>wrong</b>";
        let classification = classify(RequestKind::OrderCheckout, answer(400, Some(echo)), false);
        let reason = "HTTP 400: The URL [left out] of [left out] is <b>wrong</b>".to_owned();
        assert_eq!(classification, Classification::Rejected { reason });
    }

    #[test]
    fn retry_500_setting_affects_only_500() {
        for status in 100..=599 {
            let [strict, lenient] =
                [false, true].map(|lenient| classify(RequestKind::OrderCheckout, answer(status, Some(OK)), lenient));
            assert_eq!(strict != lenient, status == 500, "{status}");
        }
        let uncertain = classify(RequestKind::OrderCheckout, answer(500, None), true);
        assert_eq!((name_of(&uncertain), uncertain.attempt_outcome()), ("repeat in doubt", AttemptOutcome::Unknown));
        assert_eq!(name_of(&classify(RequestKind::Identity, answer(500, None), true)), "repeat");
    }
}
