//! A valid order. Only `validate` builds one, which `tests/it/layers.rs` checks: if it exists, it may be sent.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    guest::Guest,
    money::{Amount, Currency, Money},
    origin::{Position, RowOrigin},
    outcome::Outcome,
    problem::Problem,
};

/// The place of an order in the run, from 0, in the order of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OrderId(pub u32);

/// An order that passed every check.
#[derive(Debug, Clone)]
pub struct Order {
    /// Its reference at the shop.
    pub reference: String,
    /// When it was made.
    pub ordered_at: DateTime<Utc>,
    /// `PURCHASED` or `PAYMENT_PENDING`.
    pub status: String,
    /// The currency of `price`.
    pub currency: Currency,
    /// The total.
    pub price: Amount,
    /// How it was paid.
    pub payment_type: String,
    /// With which card.
    pub card_type: Option<String>,
    /// Its extension attributes.
    pub extension: Extension,
    /// What was bought.
    pub items: Vec<Item>,
    /// Who bought it.
    pub guest: Guest,
    /// The attributes that its events share.
    pub common: CommonAttributes,
}

/// One element of `order.orderItems`; all attributes are optional.
#[derive(Debug, Clone, Default)]
pub struct Item {
    /// Upper case; must be known to the tenant.
    pub kind: Option<String>,
    /// The item's reference.
    pub reference: Option<String>,
    /// When it was ordered.
    pub ordered_at: Option<DateTime<Utc>>,
    /// `PURCHASED` or `PAYMENT_PENDING`.
    pub status: Option<String>,
    /// The currency of `price`.
    pub currency: Option<Currency>,
    /// As the target wants it: per unit or per line.
    pub price: Option<Amount>,
    /// At most 128 characters.
    pub name: Option<String>,
    /// The product code.
    pub product_id: Option<String>,
    /// How many.
    pub quantity: Option<Amount>,
    /// Its extension attributes.
    pub extension: Extension,
}

/// Extension attributes by name; each value is JSON text of the declared type.
pub type Extension = BTreeMap<String, Box<RawValue>>;

/// The attributes that every event of an order carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommonAttributes {
    /// The touchpoint.
    pub channel: String,
    /// ISO 639-1, upper case.
    pub language: String,
    /// ISO 4217.
    pub currency: Currency,
    /// The page's name.
    pub page: String,
    /// The point of sale; one that the tenant does not know loses the event silently.
    pub pos: String,
}

/// What a report says about an order, whatever became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRecord {
    /// Its place in the run.
    pub id: OrderId,
    /// Its reference, or its key where the reference is missing.
    pub reference: String,
    /// When it was made, if that can be read.
    pub ordered_at: Option<DateTime<Utc>>,
    /// Where its first row stands.
    pub source: Position,
    /// Its total, if price and currency can be read.
    pub money: Option<Money>,
    /// How many items it has.
    pub n_items: usize,
    /// Its rows.
    pub rows: Vec<RowOrigin>,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

/// Two orders of one reference that are closer than this are one order: Sitecore's own rule for updates, because some
/// shops use references again.
pub const ONE_ORDER: TimeDelta = TimeDelta::days(2);

/// What validation makes of a draft.
#[derive(Debug)]
pub struct Checked {
    /// For the report.
    pub record: OrderRecord,
    /// The order, or why there is none.
    pub verdict: Verdict,
}

/// Whether an order may be sent.
#[derive(Debug)]
pub enum Verdict {
    /// It may.
    Valid(Box<Order>),
    /// It has errors; they stand in its record.
    Invalid,
    /// A rule of the profile leaves it out, for this reason.
    Skipped(std::sync::Arc<str>),
}

impl Verdict {
    /// The outcome that a check reports.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Valid(_) => Outcome::Valid,
            Self::Invalid => Outcome::Invalid,
            Self::Skipped(_) => Outcome::Skipped,
        }
    }
}
