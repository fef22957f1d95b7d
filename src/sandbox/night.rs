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

use super::answer::{Answer, Refusal, cut_in_half, garbled, with_retry_after};
use super::faults::{Dealer, Decision, Fault, Faults, Outage, Said};
use super::query;

/// Faults as they go on; without any, a night like every other.
#[derive(Debug)]
pub(super) struct Night {
    dealer: Option<Mutex<Dealer>>,
    outage: Outage,
    first_request: watch::Sender<Option<Instant>>,
    n_under_way: AtomicU64,
}

/// The connection is to be closed without an answer.
#[derive(Debug, Error)]
#[error("closed on request")]
pub(super) struct Closed;

/// A request that has no answer yet.
pub(super) struct UnderWay<'a>(&'a Night);

impl Night {
    pub(super) fn new(faults: Option<Faults>) -> Self {
        Self {
            outage: faults.as_ref().map(Faults::outage).unwrap_or_default(),
            dealer: faults.map(|faults| Mutex::new(Dealer::new(faults))),
            first_request: watch::Sender::new(None),
            n_under_way: AtomicU64::new(0),
        }
    }

    /// What happens to a request that has just come.
    pub(super) fn deal(&self, path: &str, query: &str) -> Decision {
        let Some(dealer) = &self.dealer else { return Decision::default() };
        self.first_request.send_if_modified(|first| first.is_none() && first.replace(Instant::now()).is_none());
        let said = Said::read(path, query::parameter(query, "message").as_deref());
        lock(dealer).deal(said)
    }

    /// Counts a request as under way until what comes back is dropped.
    pub(super) fn under_way(&self) -> UnderWay<'_> {
        self.n_under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(self)
    }

    /// How many of each fault were dealt out.
    pub(super) fn dealt(&self) -> BTreeMap<String, u64> {
        self.dealer.as_ref().map(|dealer| lock(dealer).dealt()).unwrap_or_default()
    }

    /// Returns when the outage after `n_before` others begins, with how long it lasts; never, if there is none.
    pub(super) async fn next_outage(&self, n_before: u32) -> Duration {
        let Some(start) = self.outage.begins(n_before) else { return std::future::pending().await };
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
        if let Some(scheduler) = &self.dealer {
            lock(scheduler).count_outage(self.n_under_way.load(Ordering::Relaxed));
        }
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.n_under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Why the event is not taken; `None`: it is, or as far as it is the fault's to say.
pub(super) fn refusal(fault: Option<Fault>) -> Option<Refusal> {
    let status = match fault? {
        Fault::Status { code, is_taken: false } => code.0,
        Fault::Throttled { .. } => StatusCode::TOO_MANY_REQUESTS,
        // Nobody sees it.
        Fault::Closed { is_taken: false } => StatusCode::SERVICE_UNAVAILABLE,
        _ => return None,
    };
    Some(on_request(status))
}

/// What the client gets of an answer.
pub(super) fn spoil(answer: Answer, fault: Option<Fault>) -> Result<Answer, Closed> {
    match fault {
        None | Some(Fault::Late | Fault::Status { is_taken: false, .. }) => Ok(answer),
        Some(Fault::Status { code, is_taken: true }) => Ok(on_request(code.0).answer()),
        Some(Fault::Throttled { wait, form }) => Ok(with_retry_after(answer, wait, form)),
        Some(Fault::Half) => Ok(cut_in_half(answer)),
        Some(Fault::Garbage) => Ok(garbled(answer)),
        Some(Fault::Closed { .. }) => Err(Closed),
    }
}

fn on_request(status: StatusCode) -> Refusal {
    Refusal::new(status, "the sandbox misbehaves on request")
}

/// A panic under the lock would leave at most a count behind the others.
fn lock(scheduler: &Mutex<Dealer>) -> MutexGuard<'_, Dealer> {
    scheduler.lock().unwrap_or_else(PoisonError::into_inner)
}
