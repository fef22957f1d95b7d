//! Assembly limiter: bounds how many orders are assembled concurrently, so that each is complete
//! well within its session. They all share one rate, and with too many of them each would be too
//! late.
//!
//! It only grants slots and sends nothing. Called by `worker` before the first request of an
//! assembled order.

use std::{num::NonZeroU32, time::Duration};

use tokio::sync::{Semaphore, SemaphorePermit};

/// All requests of the admitted orders fit into the session timeout divided by this. The rest of
/// the session is a reserve for requests that are slower than the rate.
const SESSION_SHARE: u32 = 2;

/// Admits orders that are assembled from several events.
pub(super) struct AssemblyLimiter {
    /// The total requests of all admitted orders, with the capacity; `None` if there is no rate
    /// limit.
    requests: Option<(Semaphore, u32)>,
    /// One permit per order.
    // As many as requests may be in flight: more orders would only wait for each other.
    orders: Semaphore,
}

/// Admits one order until it is dropped.
pub(super) struct AssemblySlot<'r> {
    _requests: Option<SemaphorePermit<'r>>,
    _order: SemaphorePermit<'r>,
}

impl AssemblyLimiter {
    /// A limiter for orders that share `rate`, each within `session_timeout`.
    pub(super) fn new(
        rate: Option<NonZeroU32>,
        session_timeout: Duration,
        in_flight: usize,
    ) -> Self {
        let capacity = |rate: NonZeroU32| {
            let requests_in_session =
                (session_timeout / SESSION_SHARE).as_secs_f64() * f64::from(rate.get());
            // The upper bound is below tokio's `Semaphore::MAX_PERMITS`, on 32-bit machines too.
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "the value is clamped"
            )]
            let max_requests = requests_in_session.clamp(1.0, f64::from(u32::MAX >> 4)) as u32;
            (Semaphore::new(max_requests as usize), max_requests)
        };
        Self { requests: rate.map(capacity), orders: Semaphore::new(in_flight) }
    }

    /// Waits until an order of `n_requests` requests is admitted. One that needs the whole
    /// capacity or more is admitted alone.
    pub(super) async fn admit(&self, n_requests: u64) -> AssemblySlot<'_> {
        let requests = match &self.requests {
            Some((requests, max_requests)) => {
                let n_requests = u32::try_from(n_requests).unwrap_or(u32::MAX).min(*max_requests);
                // tokio's semaphore is fair: smaller orders that come later do not overtake a
                // large one.
                Some(
                    requests.acquire_many(n_requests).await.expect("the semaphore is never closed"),
                )
            }
            None => None,
        };
        let order = self.orders.acquire().await.expect("the semaphore is never closed");
        AssemblySlot { _requests: requests, _order: order }
    }
}
