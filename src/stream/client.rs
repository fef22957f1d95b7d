//! HTTP client: sends one GET through reqwest and returns the response.
//!
//! It retries nothing, follows no redirect and does not judge responses; `classify` does. Called
//! by `service` through `Transport`. A URL carries a customer's order, so no message ever shows
//! one.

use std::{
    error::Error,
    io,
    time::{Duration, SystemTime},
};

use reqwest::{Client, Response, redirect, retry};

use super::{base_url::is_loopback, classify::ServiceResponse, transport::Transport};
use crate::model::{redact::REDACTED, target::Target};

/// Maximum time to connect: a connection that takes longer does not come. Nothing is sent before
/// there is one, so the request may be tried again.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Front ends close idle connections, some after 5 seconds. A request on a connection that is
/// being closed is lost, and cannot be distinguished from one that was processed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);

/// Maximum bytes read of a body: responses are short, and an error page has its message in the
/// first lines.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// Why sending cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The HTTP client cannot be created, for example because there are no CA certificates.
    #[error(
        "cannot create the HTTP client: {0}\n  hint: it needs CA certificates: those of the system \
         (package ca-certificates), or SSL_CERT_FILE=ca.pem"
    )]
    Client(String),
}

/// Sends requests over HTTP/1.1 with keep-alive.
pub struct HttpClient {
    client: Client,
    timeout: Duration,
    /// Redacted in bodies: services often echo it.
    client_key: String,
}

impl HttpClient {
    /// A client of one target, for `in_flight` concurrent requests that each wait at most `timeout`
    /// for their response. A target on this machine is reached without any proxy.
    pub fn new(target: &Target, timeout: Duration, in_flight: usize) -> Result<Self, ClientError> {
        let mut client = Client::builder()
            .redirect(redirect::Policy::none())
            // reqwest would retry without a permit of the pacer and without a decision of
            // `classify`.
            .retry(retry::never())
            // HTTP/2 would put every request on one connection, which one lost packet holds up and
            // one reset ends.
            .http1_only()
            .timeout(timeout)
            .connect_timeout(timeout.min(CONNECT_TIMEOUT))
            .pool_max_idle_per_host(in_flight)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .tcp_nodelay(true)
            .user_agent(concat!("orderferry/", env!("CARGO_PKG_VERSION")));
        if is_loopback(target) {
            client = client.no_proxy();
        }
        // No certificate is checked: the system needs none, and decoding hundreds takes longer than
        // a small run.
        if target.base_url.starts_with("http://") {
            client = client.tls_certs_only([]);
        }
        // An error means that an earlier client has installed it.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = client.build().map_err(|error| ClientError::Client(error_chain(error)))?;
        Ok(Self { client, timeout, client_key: target.client_key.clone() })
    }
}

impl Transport for HttpClient {
    async fn send(&self, url: String) -> ServiceResponse {
        match self.client.get(url).send().await {
            Ok(response) => read_response(response, &self.client_key).await,
            Err(error) => response_from_error(error, self.timeout),
        }
    }
}

fn response_from_error(error: reqwest::Error, timeout: Duration) -> ServiceResponse {
    if let Some(certificate) = certificate_error(&error) {
        return ServiceResponse::CertificateRejected(format!(
            "the server's certificate is not trusted: {certificate}"
        ));
    }
    if error.is_connect() || error.is_builder() {
        return ServiceResponse::NotSent(error_chain(error));
    }
    // Both may come after the service has received the request.
    if error.is_timeout() {
        let timeout = humantime::format_duration(timeout);
        return ServiceResponse::TimedOut(format!("no answer within {timeout}"));
    }
    let chain = error_chain(error);
    // Of reqwest; it reads as if the request was not sent.
    let cause = chain.strip_prefix("error sending request: ").unwrap_or(&chain);
    ServiceResponse::ConnectionClosed(cause.to_owned())
}

/// Returns why the server's certificate was rejected, if that is why there was no connection.
// Other errors of a handshake, such as a connection that is reset during it, may be temporary.
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
    let retry_after =
        response.headers().get("retry-after").and_then(|value| retry_after(value.to_str().ok()?));
    let mut bytes = Vec::new();
    let body = loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() < MAX_BODY_BYTES => bytes.extend_from_slice(&chunk),
            Ok(_) => break Some(redact_key(&String::from_utf8_lossy(&bytes), client_key)),
            // A truncated body proves nothing, so none is kept; the status is known all the same.
            Err(_) => break None,
        }
    };
    ServiceResponse::Http { status, body, retry_after }
}

/// Replaces the client key in a body.
fn redact_key(body: &str, client_key: &str) -> String {
    // No tenant has a shorter key. Replacing one would destroy the body: the status OK must stay
    // readable.
    const MIN_KEY_BYTES: usize = 6;
    if client_key.len() < MIN_KEY_BYTES {
        body.to_owned()
    } else {
        body.replace(client_key, REDACTED)
    }
}

/// Parses `Retry-After`: seconds or a date (RFC 9110, §10.2.3).
fn retry_after(value: &str) -> Option<Duration> {
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = httpdate::parse_http_date(value).ok()?;
    Some(until.duration_since(SystemTime::now()).unwrap_or_default())
}

/// Formats an error and its causes, without its URL.
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
    use std::{io::Read, net::TcpListener, thread};

    use super::*;
    use crate::stream::target;

    #[test]
    fn retry_after_is_seconds_or_date() {
        assert_eq!(retry_after("120"), Some(Duration::from_secs(120)));
        assert_eq!(retry_after("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(60));
        assert!(retry_after(&soon).unwrap() > Duration::from_secs(50));
        assert_eq!(retry_after("soon"), None);
    }
    /// The response to a request that a service on this machine deals with like this.
    fn response(serve: impl FnOnce(TcpListener) + Send + 'static) -> ServiceResponse {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let target = target(&base_url, "key").unwrap();
        let client = HttpClient::new(&target, Duration::from_millis(500), 1).unwrap();
        let server = thread::spawn(move || serve(listener));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let response = runtime.block_on(client.send(base_url));
        // Closes the connection, for which the server may wait.
        drop((client, runtime));
        server.join().unwrap();
        response
    }

    #[test]
    fn missing_response_names_its_cause() {
        // Without the end of the connection there is nothing but the timeout.
        let silent = response(|listener| {
            let (mut connection, _) = listener.accept().unwrap();
            connection.read_to_end(&mut Vec::new()).unwrap();
        });
        assert_eq!(silent, ServiceResponse::TimedOut("no answer within 500ms".to_owned()));
        let closed = response(|listener| drop(listener.accept().unwrap()));
        let ServiceResponse::ConnectionClosed(cause) = &closed else { panic!("{closed:?}") };
        assert!(!cause.contains("error sending"), "{cause}");
    }
}
