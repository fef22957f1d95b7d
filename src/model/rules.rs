//! Rules of a target: what it takes on one route, as data; and the user's defaults for it.
//!
//! Tables, and no functions: `validate` applies them and knows no target, and a target has one
//! table per route with the manual page of each line. A second target brings its own tables.

use super::{field::Field, route::Route};

/// What a target takes on one route.
///
/// A list of values is compared letter for letter. Texts are parts of messages.
#[derive(Debug)]
pub struct TargetRules {
    /// The route.
    pub route: Route,
    /// What carries the order, as the subject of a message: `a single event`.
    pub carrier: &'static str,
    /// Which parts of an order the route carries.
    pub carries: Carries,
    /// The statuses of orders and items.
    pub statuses: &'static [&'static str],
    /// Those of an order that is to change, which the target can never do.
    pub unfinished_statuses: &'static [&'static str],
    /// The statuses of orders that were taken back. Any other order is a purchase.
    pub reversal_statuses: &'static [&'static str],
    /// The statuses that only another route takes.
    pub other_statuses: NotTaken,
    /// The documented channels; others are a warning.
    pub channels: &'static [&'static str],
    /// The documented payment types; others are a warning.
    pub payment_types: &'static [&'static str],
    /// The payment type that requires a card type.
    pub card_payment_type: &'static str,
    /// The documented card types; others are a warning.
    pub card_types: &'static [&'static str],
    /// The forms of address of a person.
    pub titles: &'static [&'static str],
    /// The genders of a person.
    pub genders: &'static [&'static str],
    /// The rules of the items.
    pub items: ItemRules,
    /// The rules of the extension of an order or an item.
    pub extensions: ExtensionRules,
    /// The rules of details: contacts, consumers, further attributes of products, legs.
    pub details: Details,
}

/// Which parts of an order a route carries.
#[derive(Debug)]
pub struct Carries {
    /// How it was paid. If so, an order requires a payment type.
    pub payment: bool,
    /// The order's total. If not, the tenant adds up the unit prices of the items, so all of them
    /// must be in the order's currency.
    pub total: bool,
    /// Extensions of the order and its items. If not, a warning lists what is dropped.
    pub extensions: bool,
}

/// Values that a route does not take.
#[derive(Debug)]
pub struct NotTaken {
    /// The values.
    pub values: &'static [&'static str],
    /// Why not, and what takes them; the end of a message.
    pub reason: &'static str,
}

impl NotTaken {
    /// No values.
    pub const NONE: Self = Self { values: &[], reason: "" };

    /// Whether the value is one of them, in upper or lower case.
    #[must_use]
    pub fn contains_ignoring_case(&self, value: &str) -> bool {
        self.values.iter().any(|known| value.eq_ignore_ascii_case(known))
    }
}

/// The rules of the items of an order.
#[derive(Debug)]
pub struct ItemRules {
    /// Maximum length of an item's name, in characters.
    pub max_name_chars: usize,
    /// The item types that the route cannot carry, whatever the tenant defines; compared without
    /// case.
    pub barred_types: NotTaken,
    /// Whether an order needs at least one item.
    pub is_required: bool,
    /// The fields that each item requires.
    pub required_fields: &'static [Field],
    /// When they are required, as part of a message.
    pub required_when: &'static str,
    /// The number of items that the tenant keeps of an order.
    pub max_kept: Option<usize>,
    /// The number of items whose events a session keeps.
    pub max_in_session: Option<SessionItems>,
}

/// How many items a session keeps.
#[derive(Debug)]
pub struct SessionItems {
    /// The number of events that a session keeps.
    pub events: usize,
    /// The number of items, whose events leave room for the order's other events.
    pub items: usize,
}

/// The rules of an extension object.
#[derive(Debug)]
pub struct ExtensionRules {
    /// Maximum number of attributes.
    pub max_attributes: usize,
    /// The object's own members, which an attribute cannot be named like.
    pub reserved_names: &'static [&'static str],
}

/// Whether a route carries details of an order: contacts, consumers, further attributes of
/// products, and the legs of a journey.
#[derive(Debug)]
pub enum Details {
    /// It carries them, by these rules.
    Carried(DetailRules),
    /// It drops them with a warning.
    Dropped {
        /// What carries them, as the end of the warning.
        hint: &'static str,
    },
}

/// The rules of details.
#[derive(Debug)]
pub struct DetailRules {
    /// The members of a product that are set from the item's own fields.
    pub reserved_names: &'static [&'static str],
    /// What sets these members, as the subject of a message.
    pub reserved_by: &'static str,
    /// The item type whose attributes may name airports.
    pub flight_type: &'static str,
    /// The attributes that name an airport.
    pub airports: &'static [&'static str],
}

impl Details {
    /// The rules, if the route carries details.
    #[must_use]
    pub fn carried(&self) -> Option<&DetailRules> {
        match self {
            Self::Carried(rules) => Some(rules),
            Self::Dropped { .. } => None,
        }
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
