//! Settings of the Stream API as a target: the tenant, the route of orders, the limits of one
//! request and one session, the rate, and the retries.
//!
//! Values only; those of a run never change. Built by `cli`.

use std::{num::NonZeroU32, time::Duration};

use super::multi_event::UrlLimits;
use crate::model::{
    route::{ConfirmMode, Mode},
    target::Target,
};

/// The tenant that orders are sent to, and how its Stream API takes them.
#[derive(Debug, Clone)]
pub struct StreamSettings {
    /// The tenant; its base URL and key are part of every event's length.
    pub target: Target,
    /// The route by which orders are sent: single, multi or auto.
    pub mode: Mode,
    /// Maximum URL length, in bytes of the percent-encoded form.
    pub max_url_bytes: usize,
    /// Whether one CONFIRM names all items of an order assembled from several events, or several
    /// name a part each.
    pub confirm: ConfirmMode,
    /// Maximum age of the browser of such an order: the tenant ends sessions after some time.
    pub session_timeout: Duration,
    /// Pause between an accepted IDENTITY and the event that follows it, within that session.
    pub identity_pause: Duration,
    /// Maximum requests started in any second, retries included; none means unlimited.
    pub rate: Option<NonZeroU32>,
    /// Maximum tries of one request that may be retried, and maximum starts of an order that is
    /// assembled from several events.
    pub tries: u32,
    /// Maximum pause before the second try; it doubles with each further try.
    pub first_backoff: Duration,
    /// Whether a checkout is sent again after a 500, although the service may have processed the
    /// event.
    pub retry_500: bool,
}

impl StreamSettings {
    /// The limits within which the events of an order are encoded.
    #[must_use]
    pub fn url_limits(&self) -> UrlLimits<'_> {
        UrlLimits { target: &self.target, max_url_bytes: self.max_url_bytes, confirm: self.confirm }
    }
}
