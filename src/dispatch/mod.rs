//! Dispatch: sends planned guests and returns one outcome for each order.
//!
//! The orders of one guest are sent oldest first and one at a time; different guests are sent
//! concurrently. Single-event orders share the guest's browser, after one IDENTITY. An order
//! assembled from several events gets a browser of its own, also after an IDENTITY. No checkout is
//! sent before its intent is recorded, and no cart is filled before it is recorded. Called by
//! `pipeline`; knows only `model` and `event`.

pub mod backoff;
pub mod classify;
mod client;
pub mod delivery;
mod health;
pub mod pacer;
mod page_counter;
mod run;
mod shutdown;
mod wait_counter;

pub use classify::{RequestKind, ServiceResponse};
pub use client::HttpClient;
pub use run::{DispatchEvent, DispatchOutcome, ShutdownSignal, Work, run};

use std::{future::Future, num::NonZeroU32, time::Duration};

use crate::model::planned::{EventJson, PlannedOrder};

/// Why sending cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The HTTP client cannot be created, for example because there are no CA certificates.
    #[error(
        "cannot create the HTTP client: {0}\n  hint: it needs CA certificates: those of the system (package \
         ca-certificates), or SSL_CERT_FILE=ca.pem"
    )]
    Client(String),
}

/// Limits on the speed of sending, on waiting and on retries.
#[derive(Debug, Clone)]
pub struct DispatchSettings {
    /// Maximum requests started in any second, retries included; `None` for no limit.
    pub rate: Option<NonZeroU32>,
    /// Maximum requests waiting for a response.
    pub in_flight: usize,
    /// Time to wait for one response.
    pub timeout: Duration,
    /// Pause between an accepted IDENTITY and the event that follows it.
    pub identity_pause: Duration,
    /// Maximum tries of one request that may be retried, and maximum starts of an order that is
    /// assembled from several events.
    pub tries: u32,
    /// Maximum age of the browser of an order that is being assembled: the service ends sessions
    /// after some time.
    pub session_timeout: Duration,
    /// Whether a checkout is sent again after a 500, although the service may have processed the
    /// event.
    pub retry_500: bool,
    /// After this many consecutive failures the service counts as down: nothing is started, and
    /// single requests probe it.
    pub down_after: u32,
    /// Maximum duration of an outage, and maximum wait that the service may ask for; beyond it the
    /// run stops.
    pub give_up_after: Duration,
    /// Maximum pause before the second try; it doubles with each further try.
    pub first_backoff: Duration,
}

/// The result of one submission of an order's last event, as it is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The service accepted it.
    Accepted,
    /// The service definitely did not process it.
    NotAccepted,
    /// It may or may not have been processed.
    Unknown,
}

// The methods of both traits return `impl Future + Send` in place of being `async fn`: `run`
// spawns its workers, and a spawned future must be `Send`, which `async fn` in a trait does not
// promise.

/// Records attempts and carts. An `Err` means that the record was not written: nothing more is
/// sent then.
pub trait Journal: Send + Sync + 'static {
    /// Identifies one attempt.
    type Attempt: Copy + Send;

    /// Identifies one cart.
    type Cart: Copy + Send + Sync + 'static;

    /// Records durably that an order's last event is about to be sent.
    fn record_intent(&self, order: &PlannedOrder) -> impl Future<Output = Result<Self::Attempt, String>> + Send;

    /// Records durably the outcome of that attempt.
    fn record_outcome(
        &self,
        attempt: Self::Attempt,
        outcome: AttemptOutcome,
    ) -> impl Future<Output = Result<(), String>> + Send;

    /// Records durably that items of an order are about to be put in the cart of a browser, and
    /// the event that clears it.
    fn open_cart(
        &self,
        reference: &str,
        browser: &str,
        clear_cart: &EventJson,
    ) -> impl Future<Output = Result<Self::Cart, String>> + Send;

    /// Records durably that the cart is empty.
    fn close_cart(&self, cart: Self::Cart) -> impl Future<Output = Result<(), String>> + Send;
}

/// A cart that may still hold items of an earlier run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftoverCart<C> {
    /// Its id in the journal.
    pub cart: C,
    /// The browser's id.
    pub browser: String,
    /// The event that clears it.
    pub clear_cart: EventJson,
}

/// Carries requests to the service.
pub trait Transport: Send + Sync + 'static {
    /// Sends one GET and returns the response. Never retries and never follows a redirect.
    fn send(&self, url: String) -> impl Future<Output = ServiceResponse> + Send;
}

#[cfg(test)]
mod tests;
