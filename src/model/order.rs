//! The valid order: the type that proves that every check passed.
//!
//! Only `validate` builds an [`Order`]; `tests/it/layers.rs` checks that. If one exists, it may be
//! sent. An order that is not valid appears in reports only, as an [`OrderRecord`].

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize, Serializer, ser::Error};
use serde_json::value::RawValue;

use super::{
    guest::{Consumer, Guest},
    lone_refunds::LoneRefunds,
    money::{Amount, Currency, Money},
    origin::{Position, RowOrigin},
    outcome::Outcome,
    problem::{Code, Problems},
    route::Route,
};

/// The id of an order within the run: file and byte offset of its first row. Ids sort in input
/// order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OrderId(pub u64);

impl OrderId {
    // 44 bits address 16 TB per file and leave 20 bits for the index of the file.
    const OFFSET_BITS: u32 = 44;

    /// The number of files that an id can tell apart; `read` refuses more inputs.
    pub const MAX_FILES: usize = 1 << (u64::BITS - Self::OFFSET_BITS);

    /// The id of the order whose first row is `row`.
    #[must_use]
    pub fn from_origin(row: &RowOrigin) -> Self {
        Self((u64::from(row.file.0) << Self::OFFSET_BITS) | row.bytes.start)
    }

    /// The byte at which its first row begins.
    #[must_use]
    pub fn offset(self) -> u64 {
        self.0 & ((1 << Self::OFFSET_BITS) - 1)
    }
}

/// An order that passed every check. Its texts borrow from the rows that they were read from.
#[derive(Debug, Clone)]
pub struct Order<'a> {
    /// The shop's reference of the order.
    pub reference: Cow<'a, str>,
    /// When it was ordered.
    pub ordered_at: DateTime<Utc>,
    /// `PURCHASED` or `PAYMENT_PENDING`; an order assembled from several events allows more
    /// values.
    pub status: Cow<'a, str>,
    /// The currency of `price`.
    pub currency: Currency,
    /// The order's total.
    pub price: Amount,
    /// How it was paid. May be empty on [`Route::Multi`], whose events do not carry it.
    pub payment_type: Cow<'a, str>,
    /// The type of the card that it was paid with.
    pub card_type: Option<Cow<'a, str>>,
    /// The order's extension attributes.
    pub extension: Extension<'a>,
    /// The items, in the order in which they are sent.
    pub items: Vec<Item<'a>>,
    /// The guest who bought it.
    pub guest: Guest<'a>,
    /// The attributes that all its events share.
    pub common: CommonAttributes<'a>,
    /// The route by which it is sent.
    pub route: Route,
    /// Contacts in addition to the guest. Empty on [`Route::Single`], which cannot carry them.
    pub contacts: Vec<Guest<'a>>,
    /// The people whom its items are for. Empty on [`Route::Single`], which cannot carry them.
    pub consumers: Vec<Consumer<'a>>,
}

/// One element of `order.orderItems`; all attributes are optional.
#[derive(Debug, Clone, Default)]
pub struct Item<'a> {
    /// The item's type, in upper case; the tenant must know it.
    pub item_type: Option<Cow<'a, str>>,
    /// The shop's reference of the item.
    pub reference: Option<Cow<'a, str>>,
    /// When it was ordered.
    pub ordered_at: Option<DateTime<Utc>>,
    /// `PURCHASED` or `PAYMENT_PENDING`.
    pub status: Option<Cow<'a, str>>,
    /// The currency of `price`.
    pub currency: Option<Currency>,
    /// The price, per unit or per line as the target expects it.
    pub price: Option<Amount>,
    /// The product's name, at most 128 characters.
    pub name: Option<Cow<'a, str>>,
    /// The product code.
    pub product_id: Option<Cow<'a, str>>,
    /// The number of pieces.
    pub quantity: Option<Amount>,
    /// The item's extension attributes.
    pub extension: Extension<'a>,
    /// Attributes that only [`Route::Multi`] can carry, if there are any.
    pub product: Option<Box<Product<'a>>>,
}

impl Item<'_> {
    /// Removes all attributes, but keeps the memory.
    pub fn clear(&mut self) {
        let Self { item_type, reference, status, name, product_id, .. } = self;
        for text in [item_type, reference, status, name, product_id] {
            *text = None;
        }
        (self.ordered_at, self.currency) = (None, None);
        (self.price, self.quantity) = (None, None);
        self.extension.clear();
        self.product = None;
    }
}

/// The attributes that `product` of ADD carries and an element of `order.orderItems` does not.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Product<'a> {
    /// Further attributes, such as the origin of a flight.
    pub attributes: Extension<'a>,
    /// The price of one piece, independent of the price basis that the target uses for the items
    /// of ORDER_CHECKOUT. Every item of an order on [`Route::Multi`] has it.
    pub unit_price: Option<Amount>,
}

/// Extension attributes, sorted by name, each name once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Extension<'a>(Vec<(Cow<'a, str>, ExtensionValue<'a>)>);

impl<'a> Extension<'a> {
    /// Builds the attributes from `(name, value, source)` in any order.
    ///
    /// Where a name occurs several times, the last value is kept. Returns also the sources of the
    /// values that differ from the preceding value of the same name.
    #[must_use]
    pub fn from_attributes<S>(
        mut attributes: Vec<(Cow<'a, str>, ExtensionValue<'a>, S)>,
    ) -> (Self, Vec<S>) {
        // Sorted once: inserting the attributes one by one moves the others each time, which is
        // quadratic. The sort is stable, so "the last value" means the last one of the input.
        attributes.sort_by(|(one, ..), (other, ..)| one.cmp(other));
        let mut sorted: Vec<(Cow<'a, str>, ExtensionValue<'a>)> =
            Vec::with_capacity(attributes.len());
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

    /// Removes all attributes, but keeps the memory.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Adds an attribute; none if it has one of this name.
    #[must_use]
    pub fn add_new(&mut self, name: &'a str, value: ExtensionValue<'a>) -> Option<()> {
        if self.0.last().is_none_or(|(last, _)| **last < *name) {
            self.0.push((name.into(), value));
            return Some(());
        }
        let index = self.0.partition_point(|(known, _)| **known < *name);
        if self.0.get(index).is_some_and(|(known, _)| known == name) {
            return None;
        }
        self.0.insert(index, (name.into(), value));
        Some(())
    }

    /// The number of attributes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no attributes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The attributes, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &ExtensionValue<'a>)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// The values, to be changed in place.
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
    /// An integer, or a number whose type does not matter.
    Number(Amount),
    /// A decimal number. Always serialised with a decimal point.
    Float(Amount),
}

impl Serialize for ExtensionValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Boolean(value) => serializer.serialize_bool(*value),
            Self::Number(amount) => amount.serialize(serializer),
            Self::Float(amount) => {
                with_decimal_point(*amount).map_err(S::Error::custom)?.serialize(serializer)
            }
        }
    }
}

// The tenant infers the type from the JSON: it would store `5` as an integer.
fn with_decimal_point(amount: Amount) -> serde_json::Result<Box<RawValue>> {
    let digits = amount.to_string();
    RawValue::from_string(if digits.contains('.') { digits } else { format!("{digits}.0") })
}

/// The common attributes, which every event of an order carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommonAttributes<'a> {
    /// The touchpoint.
    pub channel: Cow<'a, str>,
    /// The language, an upper-case code of ISO 639-1.
    pub language: Cow<'a, str>,
    /// The currency, a code of ISO 4217.
    pub currency: Currency,
    /// The name of the page.
    pub page: Cow<'a, str>,
    /// The point of sale. The service silently discards an event whose `pos` the tenant does not
    /// have.
    pub pos: Cow<'a, str>,
}

/// The facts that reports contain about an order, whatever its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderRecord {
    /// The order's id within the run.
    pub id: OrderId,
    /// The reference, or the order key where the reference is missing.
    pub reference: String,
    /// When it was ordered, if that can be parsed.
    pub ordered_at: Option<DateTime<Utc>>,
    /// The position of its first row.
    pub source: Position,
    /// The order's total, if price and currency can be parsed.
    pub money: Option<Money>,
    /// The number of its items.
    pub item_count: usize,
    /// The origins of its rows; last those that the profile leaves out.
    pub rows: Vec<RowOrigin>,
    /// Where the rows of side files begin that are joined to them.
    pub side_rows: Vec<Position>,
    /// All problems that were found.
    #[serde(flatten)]
    pub problems: Problems,
}

impl OrderRecord {
    /// Whether its rows go with a row that cannot be read and may be of it, whatever became of the
    /// order: alone, that row would be taken for one of another order.
    #[must_use]
    pub fn may_lack_a_row(&self) -> bool {
        self.problems.iter().any(|problem| problem.code == Code::AdjacentRowUnreadable)
    }
}

/// Two orders with one reference that are less than two days apart are the same order.
///
/// This is Sitecore's own rule for updates: some shops reuse references.
pub const SAME_ORDER_WINDOW: TimeDelta = TimeDelta::days(2);

/// The result of validating a draft.
#[derive(Debug)]
pub struct CheckedOrder<'a> {
    /// The facts for the report.
    pub record: OrderRecord,
    /// The valid order, or why there is none.
    pub validity: Validity<'a>,
    /// The status of the export, if the order is not valid.
    pub status: Option<String>,
}

/// Whether an order may be sent.
#[derive(Debug)]
pub enum Validity<'a> {
    /// The order passed every check.
    Valid(Box<Order<'a>>),
    /// The order has errors; its record lists them.
    Invalid,
    /// A skip rule of the profile excludes the order, for this reason.
    Skipped(std::sync::Arc<str>),
    /// There is no order: these are refunds of one that the export lacks.
    Refunds {
        /// The reason for which they are skipped; without one they are invalid.
        rule: Option<std::sync::Arc<str>>,
        /// What is to be taken off the order; none if they are left out.
        taken_off: Option<LoneRefunds>,
    },
}

impl Validity<'_> {
    /// The outcome that a check reports.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Valid(_) => Outcome::Valid,
            Self::Invalid | Self::Refunds { rule: None, .. } => Outcome::Invalid,
            Self::Skipped(_) | Self::Refunds { rule: Some(_), .. } => Outcome::Skipped,
        }
    }
}
