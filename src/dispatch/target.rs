//! Target of a run, as dispatch sees it: the traits that a target implements, and their data.
//!
//! A target knows its requests, the steps of a delivery and what a response means. Dispatch decides
//! when a request is sent; `dispatcher`, `worker`, `carts` and `probe` call the traits.

use std::{future::Future, num::NonZeroU32, time::Duration};

use tokio::time::Instant;

use super::journal::AttemptOutcome;
use crate::model::{outcome::OrderResult, planned::PlannedGuest, request::RequestKind};

// `impl Future + Send` in place of `async fn`, for the reason given in `journal`.

/// A service that planned orders are sent to.
pub trait DispatchTarget: Send + Sync + 'static {
    /// The response to a request, or why there is none.
    type Response: Send;

    /// What all parts of one guest share, for example how the guest is identified.
    type Identified: Default + Send;

    /// The delivery of one part of a guest.
    type Delivery<'a>: Delivery<Response = Self::Response, Identified = Self::Identified>
        + Send
        + Sync;

    /// Begins the delivery of a part of a guest, with what the part before has left.
    fn deliver<'a>(
        &'a self,
        part: &'a PlannedGuest,
        identified: Self::Identified,
    ) -> Self::Delivery<'a>;

    /// Maximum requests started in any second, retries included; `None` for no limit.
    fn rate(&self) -> Option<NonZeroU32>;

    /// Maximum time in which an order that takes several requests must be complete.
    fn session_timeout(&self) -> Duration;

    /// The wait before the next try of a request outside of any delivery, after `tries` tries; none
    /// if no try is left.
    fn retry_pause(&self, tries: u32) -> Option<Duration>;

    /// Sends a request and returns the response. Never retries.
    fn send(&self, request: &Request) -> impl Future<Output = Self::Response> + Send;

    /// Returns what a response says about the service, whatever request it answers.
    fn inspect(&self, response: &Self::Response) -> ServiceNotice;

    /// Returns what a response to a request outside of any delivery means.
    fn assess(&self, kind: RequestKind, response: Self::Response) -> Assessment;

    /// The request that probes the service: it carries nothing of a guest.
    fn probe(&self) -> Request;

    /// The request that clears a cart of an earlier run.
    fn clear_cart(&self, session: &str, clear_cart: &str, is_retry: bool) -> Request;

    /// The endpoint of a kind of request, as messages show it.
    fn endpoint(&self, kind: RequestKind) -> String;
}

/// The delivery of one part of a guest: a state machine without I/O.
pub trait Delivery {
    /// See [`DispatchTarget::Response`].
    type Response;

    /// See [`DispatchTarget::Identified`].
    type Identified;

    /// Returns the next action, as of `now`.
    fn next_action(&mut self, now: Instant) -> Action;

    /// Receives the response to the request of `next_action`.
    fn on_response(&mut self, response: Self::Response, now: Instant) -> Assessment;

    /// Stops the delivery: orders without an outcome end as not attempted. With `may_clear`, the
    /// current order may still clear its cart.
    fn stop(&mut self, reason: &str, may_clear: bool);

    /// The number of requests that the current order must complete within a session, if there is
    /// such a limit.
    fn requests_to_assemble(&self) -> Option<u64>;

    /// Whether the session of the current order may have ended: its request must not be sent.
    fn is_past_session(&self, now: Instant) -> bool;

    /// What the next part of the guest needs.
    fn identified(self) -> Self::Identified;
}

/// What a response means for its request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assessment {
    /// The outcome that is recorded for an attempt.
    pub outcome: AttemptOutcome,
    /// Whether the service is up: it accepted or rejected the request.
    pub shows_service_up: bool,
    /// What happened, for the terminal: no value of an order that the service may repeat. None if
    /// accepted.
    pub reason: Option<String>,
    /// For a request that may be sent again: the minimum wait before that. Dispatch obeys it when
    /// it clears leftover carts; a [`Delivery`] keeps to the service's wait by its own
    /// [`Action`]s.
    pub retry_after: Option<Duration>,
    /// Why no other request will be accepted: the run stops.
    pub stop: Option<StopReason>,
}

/// What a response says about the service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ServiceNotice {
    /// Whether the service throttles, and how.
    pub throttle: Option<Throttling>,
    /// Why the run stops.
    pub stop: Option<StopReason>,
}

/// How the service throttles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Throttling {
    /// It asks all requests to wait.
    Wait {
        /// For this time.
        time: Duration,
        /// By a response with this HTTP status.
        status: u16,
    },
    /// It names no time.
    SlowDown,
}

/// Why a run stops, and what the operator can do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StopReason {
    /// What happened.
    pub reason: String,
    /// What to do about it.
    pub hint: &'static str,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Send this request and call `on_response`.
    Send(Request),
    /// Wait for this time, then call `next_action` again.
    Wait(Duration),
    /// Record durably that items of an order are about to be put in the cart of this session; then
    /// call `next_action` again.
    OpenCart {
        /// The order's index in the guest's orders, from 0.
        order: usize,
        /// The target's id of the session.
        session: String,
        /// What a later run needs to clear the cart.
        clear_cart: String,
    },
    /// Record that the cart that was opened last is empty; then call `next_action` again.
    CloseCart,
    /// Report the result of the order at this index of the guest's orders; then call `next_action`
    /// again.
    Settled(usize, OrderResult),
    /// Stop the whole run for this reason; then call `next_action` again.
    StopRun(String),
    /// All orders are settled.
    Done,
}

/// A request to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its kind.
    pub kind: RequestKind,
    /// What is sent; it may carry a customer's order, so no message shows it.
    pub message: String,
    /// The index of the order that it is for in the guest's orders, from 0.
    pub order: usize,
    /// The same step was sent before, in this session or another.
    pub is_retry: bool,
}
