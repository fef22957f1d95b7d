//! Settings of validation: the target, the defaults of the common attributes, and the limits and
//! modes that the rules depend on.
//!
//! Data only; the values of a run never change. Built by `cli`, passed to `check` by `pipeline`.

use std::{num::NonZeroU32, time::Duration};

use chrono::{DateTime, Utc};

use crate::{
    model::{
        pricing::{PriceBasis, TotalFrom},
        route::{ConfirmMode, Mode},
        target::Target,
    },
    stream::multi_event::UrlLimits,
};

/// The rules that depend on settings.
#[derive(Debug, Clone)]
pub struct ValidateSettings {
    /// The tenant that orders are sent to; its base URL and key are part of every event's length.
    pub target: Target,
    /// The common attributes of events for orders whose export has none.
    pub common: CommonDefaults,
    /// Maximum URL length, in bytes of the percent-encoded form.
    pub max_url_bytes: usize,
    /// Whether an order's total is exported or the sum of its lines.
    pub total_from: TotalFrom,
    /// Whether the export's item prices are per unit or per line.
    pub price_basis: PriceBasis,
    /// Whether the target's item prices are per unit or per line.
    pub target_price_basis: PriceBasis,
    /// The route by which orders are sent: single, multi or auto.
    pub mode: Mode,
    /// Whether one CONFIRM names all items of an order assembled from several events, or several
    /// name a part each.
    pub confirm: ConfirmMode,
    /// How long the tenant keeps the session in which such an order is assembled.
    pub session_timeout: Duration,
    /// The pause after the guest's IDENTITY, within that session.
    pub identity_pause: Duration,
    /// Maximum number of requests per second; none means unlimited.
    pub rate: Option<NonZeroU32>,
    /// Whether orders of one reference are sent if they are two or more days apart.
    pub sends_reused_references: bool,
    /// When the run started.
    pub now: DateTime<Utc>,
}

impl ValidateSettings {
    /// The limits within which the events of an order are encoded.
    #[must_use]
    pub fn url_limits(&self) -> UrlLimits<'_> {
        UrlLimits { target: &self.target, max_url_bytes: self.max_url_bytes, confirm: self.confirm }
    }
}

/// The common attributes of events for orders whose export has none.
#[derive(Debug, Clone, Default)]
pub struct CommonDefaults {
    /// Default: `WEB`.
    pub channel: Option<String>,
    /// Default: `EN`.
    pub language: Option<String>,
    /// Default: the order's currency.
    pub currency: Option<String>,
    /// Default: `oms-import`.
    pub page: Option<String>,
    /// No default.
    pub pos: Option<String>,
}
