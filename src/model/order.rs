//! A valid order. Only `validate` builds one, which `tests/it/layers.rs` checks: if it exists, it may be sent.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize, Serializer, ser::Error};
use serde_json::value::RawValue;

use super::{
    guest::{Consumer, Guest},
    money::{Amount, Currency, Money},
    origin::{Position, RowOrigin},
    outcome::Outcome,
    problem::Problems,
    route::Route,
};

/// The place of an order in the run: that of its first row. Orders sort by it as the input has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OrderId(pub u64);

impl OrderId {
    /// Bits for the byte in a file: 16 TB.
    const OFFSET_BITS: u32 = 44;

    /// More files have no ids of their own.
    pub const MAX_FILES: usize = 1 << (u64::BITS - Self::OFFSET_BITS);

    /// The id of the order whose first row this is.
    #[must_use]
    pub fn from_origin(row: &RowOrigin) -> Self {
        Self((u64::from(row.file.0) << Self::OFFSET_BITS) | row.bytes.start)
    }
}

/// An order that passed every check. Its texts are seen in the rows that they were read from.
#[derive(Debug, Clone)]
pub struct Order<'a> {
    /// Its reference at the shop.
    pub reference: Cow<'a, str>,
    /// When it was made.
    pub ordered_at: DateTime<Utc>,
    /// `PURCHASED` or `PAYMENT_PENDING`; one assembled from several events knows more.
    pub status: Cow<'a, str>,
    /// The currency of `price`.
    pub currency: Currency,
    /// The total.
    pub price: Amount,
    /// How it was paid; may be empty where several events are sent, which do not carry it.
    pub payment_type: Cow<'a, str>,
    /// With which card.
    pub card_type: Option<Cow<'a, str>>,
    /// Its extension attributes.
    pub extension: Extension<'a>,
    /// What was bought, in the order in which it is sent.
    pub items: Vec<Item<'a>>,
    /// Who bought it.
    pub guest: Guest<'a>,
    /// The attributes that its events share.
    pub common: CommonAttributes<'a>,
    /// How it is sent.
    pub route: Route,
    /// Whom to reach beside the guest. Only several events can carry them; otherwise none are here.
    pub contacts: Vec<Guest<'a>>,
    /// For whom its items are; likewise.
    pub consumers: Vec<Consumer<'a>>,
}

/// One element of `order.orderItems`; all attributes are optional.
#[derive(Debug, Clone, Default)]
pub struct Item<'a> {
    /// Upper case; must be known to the tenant.
    pub item_type: Option<Cow<'a, str>>,
    /// The item's reference.
    pub reference: Option<Cow<'a, str>>,
    /// When it was ordered.
    pub ordered_at: Option<DateTime<Utc>>,
    /// `PURCHASED` or `PAYMENT_PENDING`.
    pub status: Option<Cow<'a, str>>,
    /// The currency of `price`.
    pub currency: Option<Currency>,
    /// As the target wants it: per unit or per line.
    pub price: Option<Amount>,
    /// At most 128 characters.
    pub name: Option<Cow<'a, str>>,
    /// The product code.
    pub product_id: Option<Cow<'a, str>>,
    /// How many.
    pub quantity: Option<Amount>,
    /// Its extension attributes.
    pub extension: Extension<'a>,
    /// What only several events can carry, if there is anything.
    pub product: Option<Box<Product<'a>>>,
}

/// What `product` of ADD carries and an element of `order.orderItems` does not.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Product<'a> {
    /// Further attributes, such as where a flight begins.
    pub attributes: Extension<'a>,
    /// The price of one piece, whatever the target takes the price of an item of ORDER_CHECKOUT for. An order of several
    /// events has it for each of its items.
    pub unit_price: Option<Amount>,
}

/// Extension attributes, by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Extension<'a>(Vec<(Cow<'a, str>, ExtensionValue<'a>)>);

impl<'a> Extension<'a> {
    /// Attributes in any order, each with its source; of several of one name the last counts. Gives the sources of those
    /// that differ from the one of that name before.
    ///
    /// Sorted all at once: to insert one by one moves the others each time, which is quadratic.
    #[must_use]
    pub fn from_attributes<S>(mut attributes: Vec<(Cow<'a, str>, ExtensionValue<'a>, S)>) -> (Self, Vec<S>) {
        attributes.sort_by(|(one, ..), (other, ..)| one.cmp(other));
        let mut sorted: Vec<(Cow<'a, str>, ExtensionValue<'a>)> = Vec::with_capacity(attributes.len());
        let mut differing = Vec::new();
        for (name, value, source) in attributes {
            match sorted.last_mut().filter(|(known, _)| *known == name) {
                Some((_, known)) if *known == value => {}
                Some((_, known)) => {
                    *known = value;
                    differing.push(source);
                }
                None => sorted.push((name, value)),
            }
        }
        (Self(sorted), differing)
    }

    /// How many attributes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The attributes, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ExtensionValue<'a>)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// The values.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut ExtensionValue<'a>> {
        self.0.iter_mut().map(|(_, value)| value)
    }
}

/// The value of an extension attribute. Serialises as JSON of its type.
#[derive(Debug, Clone, PartialEq)]
pub enum ExtensionValue<'a> {
    /// Text.
    Text(Cow<'a, str>),
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number, or one whose type does not matter.
    Number(Amount),
    /// A decimal number. Shows its point, or the tenant would take it for an integer.
    Float(Amount),
}

impl Serialize for ExtensionValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Number(amount) => amount.serialize(serializer),
            Self::Float(amount) => with_decimal_point(*amount).map_err(S::Error::custom)?.serialize(serializer),
        }
    }
}

fn with_decimal_point(amount: Amount) -> serde_json::Result<Box<RawValue>> {
    let digits = amount.to_string();
    RawValue::from_string(if digits.contains('.') { digits } else { format!("{digits}.0") })
}

/// The attributes that every event of an order carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommonAttributes<'a> {
    /// The touchpoint.
    pub channel: Cow<'a, str>,
    /// ISO 639-1, upper case.
    pub language: Cow<'a, str>,
    /// ISO 4217.
    pub currency: Currency,
    /// The page's name.
    pub page: Cow<'a, str>,
    /// The point of sale; one that the tenant does not know loses the event silently.
    pub pos: Cow<'a, str>,
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
    pub item_count: usize,
    /// Its rows.
    pub rows: Vec<RowOrigin>,
    /// What is wrong with it.
    #[serde(flatten)]
    pub problems: Problems,
}

/// Two orders of one reference that are closer than this are one order: Sitecore's own rule for updates, because some
/// shops use references again.
pub const SAME_ORDER_WINDOW: TimeDelta = TimeDelta::days(2);

/// What validation makes of a draft.
#[derive(Debug)]
pub struct CheckedOrder<'a> {
    /// For the report.
    pub record: OrderRecord,
    /// The order, or why there is none.
    pub validity: Validity<'a>,
    /// The status as it was read, where there is no order.
    pub status: Option<String>,
}

/// Whether an order may be sent.
#[derive(Debug)]
pub enum Validity<'a> {
    /// It may.
    Valid(Box<Order<'a>>),
    /// It has errors; they stand in its record.
    Invalid,
    /// A rule of the profile leaves it out, for this reason.
    Skipped(std::sync::Arc<str>),
}

impl Validity<'_> {
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
