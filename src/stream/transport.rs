//! Transport: the trait that carries requests to the service.
//!
//! It knows neither pacing nor the meaning of a response. `client` implements it over HTTP, tests
//! implement it with a script; `service` calls it.

use std::future::Future;

use super::classify::ServiceResponse;

// `impl Future + Send` in place of `async fn`, for the reason given in `dispatch::journal`.

/// Carries requests to the service.
pub trait Transport: Send + Sync + 'static {
    /// Sends one GET and returns the response. Never retries and never follows a redirect.
    fn send(&self, url: String) -> impl Future<Output = ServiceResponse> + Send;
}
