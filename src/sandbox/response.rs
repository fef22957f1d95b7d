//! Responses of the sandbox: the documented body of an accepted request, a small body for a refused
//! request, and both corrupted for injected faults.
//!
//! It makes no decisions. Called by `server` and `fault_injector`.

use std::time::{Duration, SystemTime};

use hyper::header::{self, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Serialize;
use uuid::Uuid;

use super::body::ResponseBody;
use super::faults::RetryAfterForm;

pub(super) type SandboxResponse = Response<ResponseBody>;

/// Headers of a page: whatever an order contains, it runs no script and loads nothing from
/// elsewhere.
const PAGE_HEADERS: [(HeaderName, &str); 3] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // A page shows what the sandbox holds now, and nothing of a customer stays in a cache.
    (header::CACHE_CONTROL, "no-store"),
];

/// The documented body of a 201. `"status": "OK"` means accepted, not processed.
#[derive(Debug, Serialize)]
pub(super) struct AcceptedResponse {
    status: &'static str,
    version: &'static str,
    client_key: String,
    #[serde(rename = "ref")]
    reference: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_ref: Option<String>,
}

impl AcceptedResponse {
    /// The response to the creation of a browser, with its anonymous guest.
    pub(super) fn for_browser(client_key: String, browser_id: String) -> Self {
        Self { customer_ref: Some(Uuid::new_v4().to_string()), ..Self::new(client_key, browser_id) }
    }

    pub(super) fn for_event(client_key: String) -> Self {
        Self::new(client_key, Uuid::new_v4().to_string())
    }

    fn new(client_key: String, reference: String) -> Self {
        Self { status: "OK", version: "1.2", client_key, reference, customer_ref: None }
    }
}

/// A response that is not a 2xx: its status and a message.
#[derive(Debug)]
pub(super) struct ErrorResponse {
    status: StatusCode,
    message: String,
}

// The manual does not document the body of an error.
#[derive(Serialize)]
struct ErrorBody {
    status: u16,
    // Equal to `status`: the service's own codes are not documented.
    code: u16,
    message: String,
}

impl ErrorResponse {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, message }
    }

    pub(super) fn is_client_error(&self) -> bool {
        self.status.is_client_error()
    }

    pub(super) fn into_response(self) -> SandboxResponse {
        let code = self.status.as_u16();
        let body = ErrorBody { status: code, code, message: self.message };
        let mut response = json(self.status, &body);
        // RFC 9110, section 15.5.6: a 405 must carry `Allow`.
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
        }
        response
    }
}

pub(super) fn json(status: StatusCode, body: &impl Serialize) -> SandboxResponse {
    match serde_json::to_string(body) {
        Ok(text) => with_type(status, "application/json", text),
        Err(error) => internal_error(&error),
    }
}

/// A page for a person.
pub(super) fn html(status: StatusCode, page: String) -> SandboxResponse {
    let mut response = with_type(status, "text/html; charset=utf-8", page);
    for (name, value) in PAGE_HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The style of all pages.
pub(super) fn style() -> SandboxResponse {
    with_type(StatusCode::OK, "text/css; charset=utf-8", include_str!("style.css").to_owned())
}

/// Adds `Retry-After` to a response.
pub(super) fn with_retry_after(
    mut response: SandboxResponse,
    wait: Duration,
    form: RetryAfterForm,
) -> SandboxResponse {
    let text = match form {
        RetryAfterForm::Seconds => wait.as_secs().to_string(),
        RetryAfterForm::Date => httpdate::fmt_http_date(SystemTime::now() + wait),
    };
    let value = HeaderValue::try_from(text).expect("a number or an HTTP date is ASCII");
    response.headers_mut().insert(header::RETRY_AFTER, value);
    response
}

/// Truncates the body half way; the connection is closed there.
pub(super) fn with_truncated_body(response: SandboxResponse) -> SandboxResponse {
    response.map(ResponseBody::truncated)
}

/// Replaces the body by one that is not JSON, such as the HTML page of a proxy.
pub(super) fn with_invalid_body(response: SandboxResponse) -> SandboxResponse {
    response.map(|_| ResponseBody::new("<html><body>\u{fffd}\u{0} {\"status\": OK</body>"))
}

/// The response to an error of the sandbox itself.
pub(super) fn internal_error(error: &impl ToString) -> SandboxResponse {
    with_type(StatusCode::INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8", error.to_string())
}

fn with_type(status: StatusCode, content_type: &'static str, text: String) -> SandboxResponse {
    let mut response = Response::new(ResponseBody::new(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
