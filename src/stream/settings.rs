//! Settings of the Stream API as a target: the tenant, the route of orders, and the limits of one
//! request and one session.
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
    /// How long the tenant keeps the session in which such an order is assembled.
    pub session_timeout: Duration,
    /// The pause after the guest's IDENTITY, within that session.
    pub identity_pause: Duration,
    /// Maximum number of requests per second; none means unlimited.
    pub rate: Option<NonZeroU32>,
}

impl StreamSettings {
    /// The limits within which the events of an order are encoded.
    #[must_use]
    pub fn url_limits(&self) -> UrlLimits<'_> {
        UrlLimits { target: &self.target, max_url_bytes: self.max_url_bytes, confirm: self.confirm }
    }
}
