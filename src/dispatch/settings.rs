//! Settings of dispatch: concurrency, and the limits of an outage.
//!
//! Values only: it checks nothing and reads no configuration file. The caller fills it in; every
//! part of dispatch reads it. What depends on the target, such as the rate, the target says.

use std::time::Duration;

/// Limits on concurrency and on waiting.
#[derive(Debug, Clone)]
pub struct DispatchSettings {
    /// Maximum requests waiting for a response.
    pub in_flight: usize,
    /// After this many consecutive failures the service counts as down: nothing is started, and
    /// single requests probe it.
    pub down_after: u32,
    /// Maximum duration of an outage, and maximum wait that the service may ask for; beyond it the
    /// run stops.
    pub give_up_after: Duration,
}
