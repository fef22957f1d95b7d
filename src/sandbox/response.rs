//! What the sandbox answers: the documented body of an accepted request, a small one for a refused request, whose body
//! the manual does not show, and both spoilt as a fault wants it.
//!
//! Shapes only; it decides nothing. Called by `server`.

use std::time::{Duration, SystemTime};

use hyper::header::{self, HeaderValue};
use hyper::{Response, StatusCode};
use serde::Serialize;
use uuid::Uuid;

use super::body::ResponseBody;
use super::faults::RetryAfterForm;

/// What goes back to a client.
pub(super) type SandboxResponse = Response<ResponseBody>;

/// "status": "OK" means accepted, not processed.
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
    /// For a new browser, with its anonymous guest.
    pub(super) fn for_browser(client_key: String, browser_id: String) -> Self {
        Self { customer_ref: Some(Uuid::new_v4().to_string()), ..Self::new(client_key, browser_id) }
    }

    /// For an event.
    pub(super) fn for_event(client_key: String) -> Self {
        Self::new(client_key, Uuid::new_v4().to_string())
    }

    fn new(client_key: String, reference: String) -> Self {
        Self { status: "OK", version: "1.2", client_key, reference, customer_ref: None }
    }
}

/// An answer that is not a 2xx, and why.
#[derive(Debug)]
pub(super) struct ErrorResponse {
    status: StatusCode,
    message: String,
}

#[derive(Serialize)]
struct ErrorBody {
    status: u16,
    /// The status again: the service's own codes are not documented.
    code: u16,
    message: String,
}

impl ErrorResponse {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { status, message }
    }

    /// Whether the request is to blame, not the service.
    pub(super) fn is_client_error(&self) -> bool {
        self.status.is_client_error()
    }

    pub(super) fn into_response(self) -> SandboxResponse {
        let code = self.status.as_u16();
        let body = ErrorBody { status: code, code, message: self.message };
        let mut response = json(self.status, &body);
        if self.status == StatusCode::METHOD_NOT_ALLOWED {
            response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET"));
        }
        response
    }
}

/// A JSON answer.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> SandboxResponse {
    match serde_json::to_string(body) {
        Ok(text) => with_type(status, "application/json", text),
        Err(error) => internal_error(&error),
    }
}

/// A page.
pub(super) fn html(page: String) -> SandboxResponse {
    with_type(StatusCode::OK, "text/html; charset=utf-8", page)
}

/// The same answer, which asks to wait before the next request.
pub(super) fn with_retry_after(mut response: SandboxResponse, wait: Duration, form: RetryAfterForm) -> SandboxResponse {
    let text = match form {
        RetryAfterForm::Seconds => wait.as_secs().to_string(),
        RetryAfterForm::Date => httpdate::fmt_http_date(SystemTime::now() + wait),
    };
    let value = HeaderValue::try_from(text).expect("a number and a date of HTTP are ASCII");
    response.headers_mut().insert(header::RETRY_AFTER, value);
    response
}

/// The same answer up to the middle of its body; the connection ends there.
pub(super) fn with_truncated_body(response: SandboxResponse) -> SandboxResponse {
    response.map(ResponseBody::truncated)
}

/// The same status and headers over a body that is no JSON, as a page of a proxy is.
pub(super) fn with_invalid_body(response: SandboxResponse) -> SandboxResponse {
    response.map(|_| ResponseBody::new("<html><body>\u{fffd}\u{0} {\"status\": OK</body>"))
}

/// The sandbox itself failed.
pub(super) fn internal_error(error: &impl ToString) -> SandboxResponse {
    with_type(StatusCode::INTERNAL_SERVER_ERROR, "text/plain; charset=utf-8", error.to_string())
}

fn with_type(status: StatusCode, content_type: &'static str, text: String) -> SandboxResponse {
    let mut response = Response::new(ResponseBody::new(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
