//! Lone refunds: those that are to be taken off an order that the export lacks.
//!
//! Data only. Found by `validate`; `disposition` compares them with the order that an earlier run
//! sent.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Refunds that are to be taken off an order that the export lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoneRefunds {
    /// The time of the first one, if that can be parsed: never that of the order.
    pub refunded_at: Option<DateTime<Utc>>,
}
