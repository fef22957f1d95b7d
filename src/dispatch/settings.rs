//! Settings of dispatch: concurrency, and the limits of an outage.
//!
//! Values, and the gauge that dispatch writes for a display: it checks nothing and reads no
//! configuration file. The caller fills it in; every part of dispatch reads it. What depends on the
//! target, such as the rate, the target says.

use std::{sync::Arc, time::Duration};

use crate::model::progress::SendGauge;

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
    /// What the display of progress reads.
    pub gauge: Arc<SendGauge>,
}
