//! Fault injection at run time: passes each request to the scheduler, corrupts its response, and
//! waits for the start of the next outage.
//!
//! It does not select faults (`faults` does) and closes no connection itself. Called by `server`
//! and `listener`.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hyper::StatusCode;
use thiserror::Error;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::faults::{Fault, FaultDecision, FaultScheduler, Faults, OutageFault, RequestContent};
use super::query;
use super::response::{
    ErrorResponse, SandboxResponse, with_invalid_body, with_retry_after, with_truncated_body,
};

/// Injects the configured faults; without any, every request passes unchanged.
#[derive(Debug)]
pub(super) struct FaultInjector {
    scheduler: Option<Mutex<FaultScheduler>>,
    outage: OutageFault,
    first_request: watch::Sender<Option<Instant>>,
    n_in_flight: AtomicU64,
}

/// The connection must be closed without a response.
#[derive(Debug, Error)]
#[error("connection closed by an injected fault")]
pub(super) struct ConnectionClosed;

/// Counts a request as in flight until it is dropped.
pub(super) struct InFlightGuard<'a>(&'a FaultInjector);

impl FaultInjector {
    pub(super) fn new(faults: Option<Faults>) -> Self {
        Self {
            outage: faults.as_ref().map(Faults::outage).unwrap_or_default(),
            scheduler: faults.map(|faults| Mutex::new(FaultScheduler::new(faults))),
            first_request: watch::Sender::new(None),
            n_in_flight: AtomicU64::new(0),
        }
    }

    /// The fault and the delay of a request that has just arrived.
    pub(super) fn next_fault(&self, path: &str, query: &str) -> FaultDecision {
        let Some(scheduler) = &self.scheduler else { return FaultDecision::default() };
        // Outages are scheduled from the first request, not from the start of the sandbox.
        self.first_request
            .send_if_modified(|first| first.is_none() && first.replace(Instant::now()).is_none());
        let content = RequestContent::parse(path, query::parameter(query, "message").as_deref());
        lock(scheduler).next_fault(content)
    }

    pub(super) fn track_request(&self) -> InFlightGuard<'_> {
        self.n_in_flight.fetch_add(1, Ordering::Relaxed);
        InFlightGuard(self)
    }

    /// Number of injected faults by the names of their settings.
    pub(super) fn injected(&self) -> BTreeMap<String, u64> {
        self.scheduler.as_ref().map(|scheduler| lock(scheduler).injected()).unwrap_or_default()
    }

    /// Waits until the outage after `n_before` others begins and returns its duration. Never
    /// returns if there is none.
    pub(super) async fn next_outage(&self, n_before: u32) -> Duration {
        let Some(start) = self.outage.start_offset(n_before) else {
            return std::future::pending().await;
        };
        let mut first_request = self.first_request.subscribe();
        let first = first_request.wait_for(Option::is_some).await.ok().and_then(|first| *first);
        match first.and_then(|first| first.checked_add(start)) {
            Some(time) => sleep_until(time).await,
            None => std::future::pending().await,
        }
        self.outage.lasts.0
    }

    /// Counts an outage and the responses in flight that it drops.
    ///
    /// Call it before the connections are closed: a closed connection is no longer in flight.
    pub(super) fn count_outage(&self) {
        if let Some(scheduler) = &self.scheduler {
            lock(scheduler).count_outage(self.n_in_flight.load(Ordering::Relaxed));
        }
    }
}

impl Drop for InFlightGuard<'_> {
    fn drop(&mut self) {
        self.0.n_in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The response of a fault that prevents processing; `None` if the request is processed as usual.
pub(super) fn error_response(fault: Option<Fault>) -> Option<ErrorResponse> {
    let status = match fault? {
        Fault::Status { code, is_processed: false } => code.0,
        Fault::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
        // Never sent: `corrupt` closes the connection. It only prevents processing.
        Fault::ConnectionClosed { is_processed: false } => StatusCode::SERVICE_UNAVAILABLE,
        _ => return None,
    };
    Some(injected_error(status))
}

/// Applies a fault to a finished response.
pub(super) fn corrupt(
    response: SandboxResponse,
    fault: Option<Fault>,
) -> Result<SandboxResponse, ConnectionClosed> {
    match fault {
        None | Some(Fault::LateResponse | Fault::Status { is_processed: false, .. }) => {
            Ok(response)
        }
        Some(Fault::Status { code, is_processed: true }) => {
            Ok(injected_error(code.0).into_response())
        }
        Some(Fault::Throttled { wait, form }) => Ok(with_retry_after(response, wait, form)),
        Some(Fault::TruncatedBody) => Ok(with_truncated_body(response)),
        Some(Fault::InvalidBody) => Ok(with_invalid_body(response)),
        Some(Fault::ConnectionClosed { .. }) => Err(ConnectionClosed),
    }
}

fn injected_error(status: StatusCode) -> ErrorResponse {
    ErrorResponse::new(status, "injected fault")
}

fn lock(scheduler: &Mutex<FaultScheduler>) -> MutexGuard<'_, FaultScheduler> {
    // After a panic under the lock at most one counter is behind the others.
    scheduler.lock().unwrap_or_else(PoisonError::into_inner)
}
