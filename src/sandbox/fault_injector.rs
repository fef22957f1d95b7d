//! A bad night at work: hands each request its faults, spoils its answer, and says when the next outage begins.
//!
//! It decides nothing, which `faults` does, and closes no connection itself. Called by `server` and `listen`.

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
use super::response::{ErrorResponse, SandboxResponse, with_invalid_body, with_retry_after, with_truncated_body};

/// Faults as they go on; without any, a night like every other.
#[derive(Debug)]
pub(super) struct FaultInjector {
    scheduler: Option<Mutex<FaultScheduler>>,
    outage: OutageFault,
    first_request: watch::Sender<Option<Instant>>,
    n_in_flight: AtomicU64,
}

/// The connection is to be closed without an answer.
#[derive(Debug, Error)]
#[error("closed on request")]
pub(super) struct ConnectionClosed;

/// A request that has no answer yet.
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

    /// What happens to a request that has just come.
    pub(super) fn next_fault(&self, path: &str, query: &str) -> FaultDecision {
        let Some(scheduler) = &self.scheduler else { return FaultDecision::default() };
        self.first_request.send_if_modified(|first| first.is_none() && first.replace(Instant::now()).is_none());
        let content = RequestContent::parse(path, query::parameter(query, "message").as_deref());
        lock(scheduler).next_fault(content)
    }

    /// Counts a request as under way until what comes back is dropped.
    pub(super) fn track_request(&self) -> InFlightGuard<'_> {
        self.n_in_flight.fetch_add(1, Ordering::Relaxed);
        InFlightGuard(self)
    }

    /// How many of each fault were dealt out.
    pub(super) fn injected(&self) -> BTreeMap<String, u64> {
        self.scheduler.as_ref().map(|scheduler| lock(scheduler).injected()).unwrap_or_default()
    }

    /// Returns when the outage after `n_before` others begins, with how long it lasts; never, if there is none.
    pub(super) async fn next_outage(&self, n_before: u32) -> Duration {
        let Some(start) = self.outage.start_offset(n_before) else { return std::future::pending().await };
        let mut first_request = self.first_request.subscribe();
        let first = first_request.wait_for(Option::is_some).await.ok().and_then(|first| *first);
        match first.and_then(|first| first.checked_add(start)) {
            Some(time) => sleep_until(time).await,
            None => std::future::pending().await,
        }
        self.outage.lasts.0
    }

    /// Counts an outage and the answers that it cuts off; to be called before it does.
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

/// Why the event is not taken; `None`: it is, or as far as it is the fault's to say.
pub(super) fn error_response(fault: Option<Fault>) -> Option<ErrorResponse> {
    let status = match fault? {
        Fault::Status { code, is_processed: false } => code.0,
        Fault::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
        // Nobody sees it.
        Fault::ConnectionClosed { is_processed: false } => StatusCode::SERVICE_UNAVAILABLE,
        _ => return None,
    };
    Some(injected_error(status))
}

/// What the client gets of an answer.
pub(super) fn corrupt(response: SandboxResponse, fault: Option<Fault>) -> Result<SandboxResponse, ConnectionClosed> {
    match fault {
        None | Some(Fault::LateResponse | Fault::Status { is_processed: false, .. }) => Ok(response),
        Some(Fault::Status { code, is_processed: true }) => Ok(injected_error(code.0).into_response()),
        Some(Fault::Throttled { wait, form }) => Ok(with_retry_after(response, wait, form)),
        Some(Fault::TruncatedBody) => Ok(with_truncated_body(response)),
        Some(Fault::InvalidBody) => Ok(with_invalid_body(response)),
        Some(Fault::ConnectionClosed { .. }) => Err(ConnectionClosed),
    }
}

fn injected_error(status: StatusCode) -> ErrorResponse {
    ErrorResponse::new(status, "the sandbox misbehaves on request")
}

/// A panic under the lock would leave at most a count behind the others.
fn lock(scheduler: &Mutex<FaultScheduler>) -> MutexGuard<'_, FaultScheduler> {
    scheduler.lock().unwrap_or_else(PoisonError::into_inner)
}
