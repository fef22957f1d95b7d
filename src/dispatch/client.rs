//! The wire: one GET through reqwest, and what was heard of it.
//!
//! Repeats nothing and follows no redirect. A URL carries a customer's order, so no message ever shows one.

use std::{
    error::Error,
    io,
    time::{Duration, SystemTime},
};

use reqwest::{Client, Response, redirect, retry};

use super::{ClientError, DispatchSettings, ServiceResponse, Transport, classify::REDACTED};
use crate::model::target::Target;

/// A connection that takes longer does not come; and until there is one nothing was sent, so it may be tried again.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Front ends close idle connections, some after 5 seconds. A request on a connection that is being closed is lost, and
/// nobody can tell it from one that was taken.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// More of a body is not read: answers are short, and an error page tells all on its first lines.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// Requests over HTTP/1.1, kept alive.
pub struct HttpClient {
    client: Client,
    /// Never to be heard: services like to repeat it.
    client_key: String,
}

impl HttpClient {
    /// A wire to a target. A target on this machine is reached without any proxy.
    pub fn new(target: &Target, settings: &DispatchSettings) -> Result<Self, ClientError> {
        let mut client = Client::builder()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            // HTTP/2 would put every request on one connection, which one lost packet holds up and one reset ends.
            .http1_only()
            .timeout(settings.timeout)
            .connect_timeout(settings.timeout.min(CONNECT_TIMEOUT))
            .pool_max_idle_per_host(settings.in_flight)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .tcp_nodelay(true)
            .user_agent(concat!("orderferry/", env!("CARGO_PKG_VERSION")));
        if target.is_loopback() {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| ClientError::Client(error_chain(error)))?;
        Ok(Self { client, client_key: target.client_key.clone() })
    }
}

impl Transport for HttpClient {
    async fn send(&self, url: String) -> ServiceResponse {
        match self.client.get(url).send().await {
            Ok(response) => read_response(response, &self.client_key).await,
            Err(error) => response_from_error(error),
        }
    }
}

fn response_from_error(error: reqwest::Error) -> ServiceResponse {
    if let Some(certificate) = certificate_error(&error) {
        return ServiceResponse::CertificateRejected(format!("the server's certificate is not trusted: {certificate}"));
    }
    if error.is_connect() || error.is_builder() {
        return ServiceResponse::NotSent(error_chain(error));
    }
    ServiceResponse::NoResponse(error_chain(error))
}

/// What is wrong with the server's certificate, if that is why there was no connection. Other errors of a handshake, such
/// as a connection that is reset within it, may pass.
fn certificate_error(error: &reqwest::Error) -> Option<&rustls::CertificateError> {
    let mut error: &(dyn Error + 'static) = error;
    loop {
        if let Some(rustls::Error::InvalidCertificate(certificate)) = error.downcast_ref() {
            return Some(certificate);
        }
        // The source of an `io::Error` is that of the error within it.
        error = match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(within) => within,
            None => error.source()?,
        };
    }
}

async fn read_response(mut response: Response, client_key: &str) -> ServiceResponse {
    let status = response.status().as_u16();
    let retry_after = response.headers().get("retry-after").and_then(|value| retry_after(value.to_str().ok()?));
    let mut bytes = Vec::new();
    let body = loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() < MAX_BODY_BYTES => bytes.extend_from_slice(&chunk),
            Ok(_) => break Some(redact_key(&String::from_utf8_lossy(&bytes), client_key)),
            Err(_) => break None,
        }
    };
    ServiceResponse::Http { status, body, retry_after }
}

/// A body that says OK stays one. A shorter key than that is none of a tenant's, and would leave little of the body.
fn redact_key(body: &str, client_key: &str) -> String {
    const MIN_KEY_BYTES: usize = 6;
    if client_key.len() < MIN_KEY_BYTES { body.to_owned() } else { body.replace(client_key, REDACTED) }
}

/// `Retry-After`: seconds or a date (RFC 9110, §10.2.3).
fn retry_after(value: &str) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(value).ok()?;
    Some(until.duration_since(SystemTime::now()).unwrap_or_default())
}

/// The causes of an error without its URL.
fn error_chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut chain = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        chain = format!("{chain}: {deeper}");
        cause = deeper.source();
    }
    chain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_date() {
        assert_eq!(retry_after("120"), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(60));
        assert!(retry_after(&soon).unwrap() > Duration::from_secs(50));
        assert_eq!(retry_after("soon"), None);
    }
}
