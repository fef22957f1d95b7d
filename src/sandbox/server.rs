//! Request handler of the sandbox: routes paths, checks requests in a fixed order, and builds the
//! responses.
//!
//! It does not interpret events. Work that does not need the tenant is done before its lock is
//! acquired, and the lock is never held across an `await`. Called by `listener`.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode, Uri};
use tokio::time::Instant;
use uuid::Uuid;

use super::fault_injector::{self, ConnectionClosed, FaultInjector};
use super::message::{TenantEvent, parse_object};
use super::request_kind::TenantRequestKind;
use super::response::{
    AcceptedResponse, ErrorResponse, SandboxResponse, html, internal_error, json, style,
};
use super::settings::SandboxSettings;
use super::state::SandboxState;
use super::tenant::{EventError, Tenant};
use super::{host, order_page, order_url, page, query};

/// State shared by all requests.
#[derive(Debug)]
pub(super) struct Service {
    base_url: String,
    client_key: Option<String>,
    max_url_bytes: usize,
    started: Instant,
    tenant: Mutex<Tenant>,
    fault_injector: FaultInjector,
}

impl Service {
    pub(super) fn new(address: SocketAddr, settings: SandboxSettings) -> Self {
        Self {
            base_url: format!("http://{address}"),
            client_key: settings.client_key,
            max_url_bytes: settings.max_url_bytes,
            started: Instant::now(),
            tenant: Mutex::new(Tenant::new(settings.pos, settings.session_timeout)),
            fault_injector: FaultInjector::new(settings.faults),
        }
    }

    pub(super) fn base_url(&self) -> &str {
        &self.base_url
    }

    pub(super) fn state(&self) -> SandboxState {
        let faults = self.fault_injector.injected();
        let tenant = self.tenant();
        SandboxState { faults, ..tenant.state(&self.base_url, self.started.elapsed()) }
    }

    pub(super) fn fault_injector(&self) -> &FaultInjector {
        &self.fault_injector
    }

    /// Responds to a request for any path.
    pub(super) async fn respond(
        &self,
        request: &Parts,
    ) -> Result<SandboxResponse, ConnectionClosed> {
        if !host::is_this_machine(request) {
            let message =
                "the Host header names another machine; expected localhost, 127.0.0.1 or [::1]";
            return Ok(ErrorResponse::new(StatusCode::MISDIRECTED_REQUEST, message).into_response());
        }
        // Not a router: the sandbox counts the requests that it refuses, and a HEAD, which a router
        // would treat as a GET, must not create a browser.
        match OwnPage::at_path(request.uri.path()) {
            Some(page) if request.method == Method::GET => Ok(self.own_page(page, &request.uri)),
            _ => self.stream_api(request).await,
        }
    }

    fn tenant(&self) -> MutexGuard<'_, Tenant> {
        // After a panic under the lock at most one counter is behind the others; the tenant stays
        // usable.
        self.tenant.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn own_page(&self, page: OwnPage, uri: &Uri) -> SandboxResponse {
        match page {
            OwnPage::Start => self.start_page(),
            OwnPage::State => json(StatusCode::OK, &self.state()),
            OwnPage::Style => style(),
            OwnPage::Order => self.order_page(uri),
        }
    }

    fn start_page(&self) -> SandboxResponse {
        match page::render(&self.state()) {
            Ok(page) => html(StatusCode::OK, page),
            Err(error) => internal_error(&error),
        }
    }

    fn order_page(&self, uri: &Uri) -> SandboxResponse {
        let reference_id = order_url::reference_of(uri);
        // The lock is released before the page is rendered.
        let received = self.tenant().received_orders(&reference_id, order_page::MAX_SHOWN_ORDERS);
        let status = match received.n_orders {
            0 => StatusCode::NOT_FOUND,
            _ => StatusCode::OK,
        };
        match order_page::render(&self.base_url, &reference_id, received) {
            Ok(page) => html(status, page),
            Err(error) => internal_error(&error),
        }
    }

    /// Responds to a request of the Stream API. Order of the checks: length, path, method, key,
    /// message, browser. A fault that prevents processing takes effect before all of them; a fault
    /// that corrupts the response takes effect after them, when the event has been processed.
    async fn stream_api(
        &self,
        Parts { method, uri, headers, .. }: &Parts,
    ) -> Result<SandboxResponse, ConnectionClosed> {
        let _in_flight = self.fault_injector.track_request();
        let query = uri.query().unwrap_or_default();
        let decision = self.fault_injector.next_fault(uri.path(), query);
        let endpoint = Endpoint::parse(method, uri.path(), query);
        let checked = match fault_injector::error_response(decision.fault) {
            Some(error) => Err(error),
            None => self.check_request(&endpoint, uri, headers, query),
        };
        let response = match self.process_checked(endpoint, checked) {
            Ok(accepted) => json(StatusCode::CREATED, &accepted),
            Err(error) => error.into_response(),
        };
        if !decision.wait.is_zero() {
            tokio::time::sleep(decision.wait).await;
        }
        fault_injector::corrupt(response, decision.fault)
    }

    /// Counts the request and processes it, under the lock.
    fn process_checked(
        &self,
        endpoint: Endpoint,
        checked: Result<String, ErrorResponse>,
    ) -> Result<AcceptedResponse, ErrorResponse> {
        let mut tenant = self.tenant();
        tenant.count(endpoint.kind());
        // Read under the lock, so that times increase in the order in which events are processed.
        let now = self.started.elapsed();
        let result = checked.and_then(|client_key| endpoint.process(&mut tenant, client_key, now));
        if result.as_ref().is_err_and(ErrorResponse::is_client_error) {
            tenant.count_refused();
        }
        result
    }

    /// Returns the client key, or the error of a check that needs neither the tenant nor the
    /// message.
    fn check_request(
        &self,
        endpoint: &Endpoint,
        uri: &Uri,
        headers: &HeaderMap,
        query: &str,
    ) -> Result<String, ErrorResponse> {
        let n_bytes = url_bytes(uri, headers);
        if n_bytes > self.max_url_bytes {
            let message =
                format!("the URL has {n_bytes} bytes; expected at most {}", self.max_url_bytes);
            return Err(ErrorResponse::new(StatusCode::URI_TOO_LONG, message));
        }
        match endpoint {
            Endpoint::WrongPath => Err(wrong_path()),
            Endpoint::WrongMethod => Err(wrong_method()),
            Endpoint::BrowserCreate(_) | Endpoint::Event(_) => {
                query::parameter(query, "client_key")
                    .filter(|key| self.is_valid_key(key))
                    .ok_or_else(|| {
                        ErrorResponse::new(
                            StatusCode::UNAUTHORIZED,
                            "client_key is missing or wrong",
                        )
                    })
            }
        }
    }

    fn is_valid_key(&self, key: &str) -> bool {
        match &self.client_key {
            Some(expected) => key == expected,
            None => !key.is_empty(),
        }
    }
}

/// The length of the URL as the client wrote it, in bytes.
fn url_bytes(uri: &Uri, headers: &HeaderMap) -> usize {
    // The request line contains neither scheme nor host.
    let host = headers.get(header::HOST).map_or(0, HeaderValue::len);
    let target = uri.path_and_query().map_or(0, |target| target.as_str().len());
    "http://".len() + host + target
}

/// A page of the sandbox itself, which the Stream API does not have.
#[derive(Clone, Copy)]
enum OwnPage {
    Start,
    State,
    Style,
    Order,
}

impl OwnPage {
    fn at_path(path: &str) -> Option<Self> {
        match path {
            "/" | "/sandbox" => Some(Self::Start),
            "/sandbox/state" => Some(Self::State),
            "/sandbox/style.css" => Some(Self::Style),
            path if order_url::is_order_path(path) => Some(Self::Order),
            _ => None,
        }
    }
}

/// The endpoint of a request, with its parsed message or the reason why the message is invalid.
enum Endpoint {
    BrowserCreate(Result<(), String>),
    Event(Result<Box<TenantEvent>, String>),
    WrongMethod,
    WrongPath,
}

impl Endpoint {
    fn parse(method: &Method, path: &str, query: &str) -> Self {
        let message = || query::parameter(query, "message");
        match path {
            "/v1.2/browser/create.json" | "/v1.2/event/create.json" if method != Method::GET => {
                Self::WrongMethod
            }
            "/v1.2/browser/create.json" => {
                Self::BrowserCreate(parse_object(message().as_deref()).map(drop))
            }
            "/v1.2/event/create.json" => {
                Self::Event(TenantEvent::parse(message().as_deref()).map(Box::new))
            }
            path if OwnPage::at_path(path).is_some() => Self::WrongMethod,
            _ => Self::WrongPath,
        }
    }

    fn kind(&self) -> TenantRequestKind {
        match self {
            Self::BrowserCreate(_) => TenantRequestKind::BrowserCreate,
            Self::Event(Ok(event)) => TenantRequestKind::from_event_type(&event.event_type),
            Self::Event(Err(_)) | Self::WrongMethod | Self::WrongPath => TenantRequestKind::Other,
        }
    }

    fn process(
        self,
        tenant: &mut Tenant,
        client_key: String,
        now: Duration,
    ) -> Result<AcceptedResponse, ErrorResponse> {
        match self {
            Self::BrowserCreate(message) => {
                message.map_err(bad_request)?;
                let browser_id = Uuid::new_v4().to_string();
                tenant.create_browser(browser_id.clone());
                Ok(AcceptedResponse::for_browser(client_key, browser_id))
            }
            Self::Event(event) => {
                let event = event.map_err(bad_request)?;
                tenant.accept(*event, now).map_err(event_error_response)?;
                Ok(AcceptedResponse::for_event(client_key))
            }
            Self::WrongMethod => Err(wrong_method()),
            Self::WrongPath => Err(wrong_path()),
        }
    }
}

fn bad_request(message: String) -> ErrorResponse {
    ErrorResponse::new(StatusCode::BAD_REQUEST, message)
}

fn event_error_response(error: EventError) -> ErrorResponse {
    match error {
        EventError::UnknownBrowser => {
            ErrorResponse::new(StatusCode::NOT_FOUND, "unknown browser_id")
        }
        EventError::CheckoutFails(reasons) => {
            bad_request(format!("CHECKOUT failed: {}", reasons.join("; ")))
        }
    }
}

fn wrong_path() -> ErrorResponse {
    ErrorResponse::new(StatusCode::NOT_FOUND, "unknown path")
}

fn wrong_method() -> ErrorResponse {
    ErrorResponse::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method not allowed; expected GET, the only documented one",
    )
}
