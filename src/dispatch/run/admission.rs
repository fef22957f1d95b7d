//! How many orders may be assembled side by side: no more than are complete well inside their sessions. What they have to
//! send shares one rate, and with too many of them each would come too late.

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::dispatch::DispatchSettings;

/// The part of the session's time-out within which all that is open is to be sent: the rest is for what is slower than
/// the rate says.
const SESSION_SHARE: u32 = 2;

/// Lets orders in that are assembled from several events.
pub(super) struct AssemblyLimiter {
    /// The requests that those inside may take together; any number where there is no rate.
    requests: Option<(Semaphore, u32)>,
    /// One for each: more than requests may be in flight would wait for each other.
    orders: Semaphore,
}

/// An order is inside for as long as this lives.
pub(super) struct AssemblySlot<'r> {
    _requests: Option<SemaphorePermit<'r>>,
    _order: SemaphorePermit<'r>,
}

impl AssemblyLimiter {
    pub(super) fn new(settings: &DispatchSettings) -> Self {
        let capacity = |rate: std::num::NonZeroU32| {
            let requests_in_session = (settings.session_timeout / SESSION_SHARE).as_secs_f64() * f64::from(rate.get());
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is clamped")]
            let max_requests = requests_in_session.clamp(1.0, f64::from(u32::MAX >> 4)) as u32;
            (Semaphore::new(max_requests as usize), max_requests)
        };
        Self { requests: settings.rate.map(capacity), orders: Semaphore::new(settings.in_flight) }
    }

    /// Waits until there is room for an order of so many requests. One that takes all of it is let in alone.
    pub(super) async fn admit(&self, n_requests: u64) -> AssemblySlot<'_> {
        let requests = match &self.requests {
            Some((requests, max_requests)) => {
                let n_requests = u32::try_from(n_requests).unwrap_or(u32::MAX).min(*max_requests);
                Some(requests.acquire_many(n_requests).await.expect("the room is never closed"))
            }
            None => None,
        };
        let order = self.orders.acquire().await.expect("the room is never closed");
        AssemblySlot { _requests: requests, _order: order }
    }
}
