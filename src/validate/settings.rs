//! Settings of validation: what the user sets about prices, references and the common attributes.
//!
//! Data only; the values of a run never change. Built by `cli`, passed to `check` by `pipeline`.

use chrono::{DateTime, NaiveDate, Utc};

use crate::model::{
    guest_attributes::GuestAttributes,
    pricing::{PriceBasis, TotalFrom},
    rules::CommonDefaults,
    severity::SeverityRules,
};

/// The settings that the rules depend on.
#[derive(Debug, Clone)]
pub struct ValidateSettings {
    /// The common attributes of events for orders whose export has none.
    pub common: CommonDefaults,
    /// Whether the export has the quantities of items; if not, each item is one piece.
    pub has_quantities: bool,
    /// Whether an order's total is exported or the sum of its lines.
    pub total_from: TotalFrom,
    /// Whether the export's item prices are per unit or per line.
    pub price_basis: PriceBasis,
    /// Whether the target's item prices are per unit or per line.
    pub target_price_basis: PriceBasis,
    /// The severities that the profile sets.
    pub severities: SeverityRules,
    /// What becomes of an optional attribute of a person that the target would not take.
    pub guest_attributes: GuestAttributes,
    /// The first day, in UTC, on which an order can have been made.
    pub earliest_order: NaiveDate,
    /// When the run started.
    pub now: DateTime<Utc>,
}
