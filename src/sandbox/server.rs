//! The sandbox's HTTP side: which path means what, which check comes first, and what an answer looks like.
//!
//! It does not know what an event means. Everything that can be done without the tenant is done before its lock is
//! taken, and the lock is never held across an `await`. Called by `listen`.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode, Uri};
use tokio::time::Instant;
use uuid::Uuid;

use super::answer::{Accepted, Answer, Refusal, broken, html, json};
use super::message::{self, Event};
use super::night::{self, Closed, Night};
use super::state::State;
use super::tenant::{Kind, NotAccepted, Tenant};
use super::{Settings, host, page, query};

/// What all requests share.
#[derive(Debug)]
pub(super) struct Service {
    base_url: String,
    client_key: Option<String>,
    max_url_bytes: usize,
    started: Instant,
    tenant: Mutex<Tenant>,
    night: Night,
}

impl Service {
    pub(super) fn new(address: SocketAddr, settings: Settings) -> Self {
        Self {
            base_url: format!("http://{address}"),
            client_key: settings.client_key,
            max_url_bytes: settings.max_url_bytes,
            started: Instant::now(),
            tenant: Mutex::new(Tenant::new(settings.pos, settings.session_timeout)),
            night: Night::new(settings.faults),
        }
    }

    pub(super) fn base_url(&self) -> &str {
        &self.base_url
    }

    pub(super) fn state(&self) -> State {
        let faults = self.night.dealt();
        let tenant = self.tenant();
        State { faults, ..tenant.state(&self.base_url, self.started.elapsed()) }
    }

    /// The faults of this sandbox.
    pub(super) fn night(&self) -> &Night {
        &self.night
    }

    /// One function for all paths, since the sandbox counts what it refuses, and a HEAD must not make a browser.
    pub(super) async fn answer(&self, request: &Parts) -> Result<Answer, Closed> {
        if !host::is_this_machine(request) {
            let why = "the Host header names another machine, expected localhost, 127.0.0.1 or [::1]";
            return Ok(Refusal::new(StatusCode::MISDIRECTED_REQUEST, why).answer());
        }
        match request.uri.path() {
            "/" | "/sandbox" if request.method == Method::GET => Ok(self.page()),
            "/sandbox/state" if request.method == Method::GET => Ok(json(StatusCode::OK, &self.state())),
            _ => self.stream_api(request).await,
        }
    }

    /// A panic under the lock would leave at most a count behind the others; the tenant stays usable.
    fn tenant(&self) -> MutexGuard<'_, Tenant> {
        self.tenant.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn page(&self) -> Answer {
        page::render(&self.state()).map_or_else(|error| broken(&error), html)
    }

    /// The checks in this order: length, path, method, key, message, browser. A fault that keeps an event from being
    /// taken comes before all of them; one that spoils the answer comes after, when the event is taken.
    async fn stream_api(&self, Parts { method, uri, headers, .. }: &Parts) -> Result<Answer, Closed> {
        let _in_flight = self.night.under_way();
        let query = uri.query().unwrap_or_default();
        let decision = self.night.deal(uri.path(), query);
        let endpoint = Call::read(method, uri.path(), query);
        let checked = match night::refusal(decision.fault) {
            Some(refusal) => Err(refusal),
            None => self.screen(&endpoint, uri, headers, query),
        };
        let response = match self.take(endpoint, checked) {
            Ok(accepted) => json(StatusCode::CREATED, &accepted),
            Err(refusal) => refusal.answer(),
        };
        if !decision.wait.is_zero() {
            tokio::time::sleep(decision.wait).await;
        }
        night::spoil(response, decision.fault)
    }

    /// The part under the lock.
    fn take(&self, call: Call, screened: Result<String, Refusal>) -> Result<Accepted, Refusal> {
        let mut tenant = self.tenant();
        tenant.count(call.kind());
        // Under the lock, so that no event seems to come before one that was taken earlier.
        let now = self.started.elapsed();
        let answer = screened.and_then(|client_key| call.perform(&mut tenant, client_key, now));
        if answer.as_ref().is_err_and(Refusal::is_clients) {
            tenant.count_refused();
        }
        answer
    }

    /// What can be refused without looking at the tenant or at the message; else the client key.
    fn screen(&self, call: &Call, uri: &Uri, headers: &HeaderMap, query: &str) -> Result<String, Refusal> {
        let n_bytes = url_bytes(uri, headers);
        if n_bytes > self.max_url_bytes {
            let why = format!("the URL has {n_bytes} bytes, at most {} are read", self.max_url_bytes);
            return Err(Refusal::new(StatusCode::URI_TOO_LONG, why));
        }
        match call {
            Call::WrongPath => Err(wrong_path()),
            Call::WrongMethod => Err(wrong_method()),
            Call::BrowserCreate(_) | Call::Event(_) => query::parameter(query, "client_key")
                .filter(|key| self.is_right(key))
                .ok_or_else(|| Refusal::new(StatusCode::UNAUTHORIZED, "client_key is missing or wrong")),
        }
    }

    fn is_right(&self, key: &str) -> bool {
        match &self.client_key {
            Some(expected) => key == expected,
            None => !key.is_empty(),
        }
    }
}

/// The URL's length as its client wrote it: a request line carries neither scheme nor host.
fn url_bytes(uri: &Uri, headers: &HeaderMap) -> usize {
    let host = headers.get(header::HOST).map_or(0, HeaderValue::len);
    let target = uri.path_and_query().map_or(0, |target| target.as_str().len());
    "http://".len() + host + target
}

/// What a request asks for. A message that cannot be read stands with the reason why.
enum Call {
    BrowserCreate(Result<(), String>),
    Event(Result<Box<Event>, String>),
    WrongMethod,
    WrongPath,
}

impl Call {
    fn read(method: &Method, path: &str, query: &str) -> Self {
        let message = || query::parameter(query, "message");
        match path {
            "/v1.2/browser/create.json" | "/v1.2/event/create.json" if method != Method::GET => Self::WrongMethod,
            "/v1.2/browser/create.json" => Self::BrowserCreate(message::read_object(message().as_deref()).map(drop)),
            "/v1.2/event/create.json" => Self::Event(Event::read(message().as_deref()).map(Box::new)),
            "/" | "/sandbox" | "/sandbox/state" => Self::WrongMethod,
            _ => Self::WrongPath,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::BrowserCreate(_) => Kind::BrowserCreate,
            Self::Event(Ok(event)) => Kind::of(&event.kind),
            Self::Event(Err(_)) | Self::WrongMethod | Self::WrongPath => Kind::Other,
        }
    }

    fn perform(self, tenant: &mut Tenant, client_key: String, now: Duration) -> Result<Accepted, Refusal> {
        match self {
            Self::BrowserCreate(message) => {
                message.map_err(bad_request)?;
                let browser_id = Uuid::new_v4().to_string();
                tenant.create_browser(browser_id.clone());
                Ok(Accepted::browser(client_key, browser_id))
            }
            Self::Event(event) => {
                let event = event.map_err(bad_request)?;
                tenant.accept(*event, now).map_err(not_accepted)?;
                Ok(Accepted::event(client_key))
            }
            Self::WrongMethod => Err(wrong_method()),
            Self::WrongPath => Err(wrong_path()),
        }
    }
}

fn bad_request(message: String) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, message)
}

fn not_accepted(why: NotAccepted) -> Refusal {
    match why {
        NotAccepted::UnknownBrowser => Refusal::new(StatusCode::NOT_FOUND, "browser_id is unknown"),
        NotAccepted::CheckoutFails(reasons) => bad_request(format!("CHECKOUT fails: {}", reasons.join("; "))),
    }
}

fn wrong_path() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "no such path")
}

fn wrong_method() -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "only GET is documented")
}
