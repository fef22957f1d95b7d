//! Planned guests → outcomes: the delivery machine, the pacer, the wire.
//!
//! A guest's orders go oldest first and one at a time, different guests side by side. Those of a single event go on the
//! guest's browser, with IDENTITY once before them; one that is assembled from several events has a browser of its own, with
//! IDENTITY before it. Nothing is sent whose intent is not recorded, and no cart is filled that is not. Called by `pipeline`;
//! knows only `model` and `event`.

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
    /// The HTTP client cannot be made, for want of certificates for example.
    #[error(
        "the HTTP client: {0}\n  hint: it needs CA certificates: those of the system (package ca-certificates), or SSL_CERT_FILE=ca.pem"
    )]
    Client(String),
}

/// How patiently orders are sent.
#[derive(Debug, Clone)]
pub struct DispatchSettings {
    /// The most requests started in any second, retries included; none for no limit.
    pub rate: Option<NonZeroU32>,
    /// The most requests that wait for an answer.
    pub in_flight: usize,
    /// How long to wait for one answer.
    pub timeout: Duration,
    /// How long to wait between an accepted IDENTITY and the event that follows it.
    pub identity_pause: Duration,
    /// How often one request is tried that may be repeated, and how often an order is begun that is assembled from several
    /// events.
    pub tries: u32,
    /// How long after its browser was created an order may be assembled: the service ends sessions after some time.
    pub session_timeout: Duration,
    /// Whether a checkout is sent again after a 500, although the event may have been taken.
    pub retry_500: bool,
    /// When so many requests in a row fail, the service is down: nothing is started, and single requests probe it.
    pub down_after: u32,
    /// The run stops when the service was down for so long, or asks to wait for longer.
    pub give_up_after: Duration,
    /// The longest pause before the second try; it doubles with each.
    pub first_backoff: Duration,
}

/// What came of one sending of an order's last event, for the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The service accepted it.
    Accepted,
    /// The service surely did not take it.
    NotAccepted,
    /// Nothing is certain.
    Unknown,
}

/// Where attempts are recorded. An error says that the record failed: then nothing more is sent.
pub trait Journal: Send + Sync + 'static {
    /// Names one attempt.
    type Attempt: Copy + Send;

    /// Names one cart.
    type Cart: Copy + Send + Sync + 'static;

    /// Records durably that an order's last event is about to be sent.
    fn record_intent(&self, order: &PlannedOrder) -> impl Future<Output = Result<Self::Attempt, String>> + Send;

    /// Records durably what came of it.
    fn record_outcome(
        &self,
        attempt: Self::Attempt,
        outcome: AttemptOutcome,
    ) -> impl Future<Output = Result<(), String>> + Send;

    /// Records durably that items of an order are about to be put in the cart of a browser, and how it is cleared.
    fn open_cart(
        &self,
        reference: &str,
        browser: &str,
        clear_cart: &EventJson,
    ) -> impl Future<Output = Result<Self::Cart, String>> + Send;

    /// Records durably that nothing is left in it.
    fn close_cart(&self, cart: Self::Cart) -> impl Future<Output = Result<(), String>> + Send;
}

/// A cart in which an earlier run may have left something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftoverCart<C> {
    /// Its name in the journal.
    pub cart: C,
    /// The browser's id.
    pub browser: String,
    /// The event that clears it.
    pub clear_cart: EventJson,
}

/// What carries requests.
pub trait Transport: Send + Sync + 'static {
    /// Sends one GET and says what was heard. Never repeats anything, never follows a redirect.
    fn send(&self, url: String) -> impl Future<Output = ServiceResponse> + Send;
}

#[cfg(test)]
mod tests;
