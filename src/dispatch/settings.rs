//! Settings of dispatch: rate, concurrency, timeouts, and limits on retries and outages.
//!
//! Values only: it checks nothing and reads no configuration file. The caller fills it in; every
//! part of dispatch reads it.

use std::{num::NonZeroU32, time::Duration};

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
