//! The sandbox's HTTP side: which path means what, which check comes first, and what an answer looks like.
//!
//! It does not know what an event means. Everything that can be done without the tenant is done before its lock is
//! taken, and the lock is never held across an `await`. Called by [`Sandbox`](super::Sandbox).

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Request, State as Extract};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{Html, IntoResponse, Response};
use uuid::Uuid;

use super::answer::{Accepted, Refusal, json};
use super::message::{self, Event};
use super::state::State;
use super::tenant::{Kind, Tenant, UnknownBrowser};
use super::{Settings, page, query};

/// What all requests share.
#[derive(Debug)]
pub(super) struct Service {
    base_url: String,
    client_key: Option<String>,
    max_url_bytes: usize,
    tenant: Mutex<Tenant>,
}

/// One service for all paths: the sandbox counts what it refuses, and axum's own 404 and 405 would pass it by. Also,
/// axum answers HEAD wherever it answers GET, and a HEAD must not make a browser.
pub(super) fn router(service: Arc<Service>) -> Router {
    Router::new().fallback(answer).with_state(service)
}

async fn answer(Extract(service): Extract<Arc<Service>>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match parts.uri.path() {
        "/" | "/sandbox" if parts.method == Method::GET => service.page(),
        "/sandbox/state" if parts.method == Method::GET => json(StatusCode::OK, &service.state()),
        _ => service.stream_api(&parts.method, &parts.uri, &parts.headers),
    }
}

impl Service {
    pub(super) fn new(address: SocketAddr, settings: Settings) -> Self {
        Self {
            base_url: format!("http://{address}"),
            client_key: settings.client_key,
            max_url_bytes: settings.max_url_bytes,
            tenant: Mutex::new(Tenant::new(settings.pos)),
        }
    }

    pub(super) fn base_url(&self) -> &str {
        &self.base_url
    }

    pub(super) fn state(&self) -> State {
        self.tenant().state(&self.base_url)
    }

    /// A panic under the lock would leave at most a count behind the others; the tenant stays usable.
    fn tenant(&self) -> MutexGuard<'_, Tenant> {
        self.tenant.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn page(&self) -> Response {
        match page::render(&self.state()) {
            Ok(html) => Html(html).into_response(),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
        }
    }

    /// The checks in this order: length, path, method, key, message, browser.
    fn stream_api(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Response {
        let query = uri.query().unwrap_or_default();
        let call = Call::read(method, uri.path(), query);
        let screened = self.screen(&call, uri, headers, query);
        match self.take(call, screened) {
            Ok(accepted) => json(StatusCode::CREATED, &accepted),
            Err(refusal) => refusal.into_response(),
        }
    }

    /// The part under the lock.
    fn take(&self, call: Call, screened: Result<String, Refusal>) -> Result<Accepted, Refusal> {
        let mut tenant = self.tenant();
        tenant.count(call.kind());
        let answer = screened.and_then(|client_key| call.perform(&mut tenant, client_key));
        if answer.is_err() {
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
            Some(right) => key == right,
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
            Self::Event(Ok(event)) => match event.kind.as_str() {
                "IDENTITY" => Kind::Identity,
                "ORDER_CHECKOUT" => Kind::OrderCheckout,
                _ => Kind::Other,
            },
            Self::Event(Err(_)) | Self::WrongMethod | Self::WrongPath => Kind::Other,
        }
    }

    fn perform(self, tenant: &mut Tenant, client_key: String) -> Result<Accepted, Refusal> {
        match self {
            Self::BrowserCreate(message) => {
                message.map_err(bad_request)?;
                let browser_id = Uuid::new_v4().to_string();
                tenant.create_browser(browser_id.clone());
                Ok(Accepted::browser(client_key, browser_id))
            }
            Self::Event(event) => {
                let event = event.map_err(bad_request)?;
                tenant.accept(*event).map_err(|UnknownBrowser| unknown_browser())?;
                Ok(Accepted::event(client_key))
            }
            Self::WrongMethod => Err(wrong_method()),
            Self::WrongPath => Err(wrong_path()),
        }
    }
}

fn bad_request(why: String) -> Refusal {
    Refusal::new(StatusCode::BAD_REQUEST, why)
}

fn unknown_browser() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "browser_id is unknown")
}

fn wrong_path() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "no such path")
}

fn wrong_method() -> Refusal {
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "only GET is documented")
}
