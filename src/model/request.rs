//! Request kinds: the one table of the requests that a run sends, and values kept per kind.
//!
//! Data only: it sends nothing. `stream` sends the requests and reads from the table which of them
//! may be repeated, `dispatch` reads what each proves about the service, and `report` counts them
//! by its names. A further kind is a variant and a row here.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    ops::{Index, IndexMut},
};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Map;

/// The kind of a request; the events of a cart in the order in which they are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
    /// The creation of a browser.
    BrowserCreate,
    /// IDENTITY, which identifies the guest of a browser.
    Identity,
    /// ORDER_CHECKOUT, which carries a whole order.
    OrderCheckout,
    /// ADD, which puts an item in the cart.
    Add,
    /// ADD_CONTACTS, the people who can be contacted.
    AddContacts,
    /// ADD_CONSUMERS, the people who use the items.
    AddConsumers,
    /// CONFIRM, which names items of the cart.
    Confirm,
    /// CHECKOUT, which creates an order from the cart.
    Checkout,
    /// CLEAR_CART, which empties the cart.
    ClearCart,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestRole {
    /// Identifies the guest; needed on every route.
    Identify,
    /// Carries a whole order.
    SendOrder,
    /// Fills the cart of an order that is assembled from several events.
    FillCart,
    /// Creates an order from a cart.
    CheckOutCart,
    /// Empties a cart.
    ClearCart,
}

/// The effect of sending the same request a second time, if the first one may have been processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepeatEffect {
    /// None, or none that matters.
    Harmless,
    /// No manual documents it.
    Undocumented,
    /// It may create a second order.
    SecondOrder,
}

/// A row of the table.
struct RequestFacts {
    /// The key in `summary.json`.
    key: &'static str,
    /// The name in messages and on the page.
    name: &'static str,
    role: RequestRole,
    repeat: RepeatEffect,
}

impl RequestKind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::BrowserCreate,
        Self::Identity,
        Self::OrderCheckout,
        Self::Add,
        Self::AddContacts,
        Self::AddConsumers,
        Self::Confirm,
        Self::Checkout,
        Self::ClearCart,
    ];

    fn facts(self) -> RequestFacts {
        use RepeatEffect::{Harmless, SecondOrder, Undocumented};
        use RequestRole::{CheckOutCart, FillCart, Identify, SendOrder};
        let facts = |key, name, role, repeat| RequestFacts { key, name, role, repeat };
        match self {
            // A second browser is another anonymous guest, which stays empty.
            Self::BrowserCreate => facts("browser_create", "create browser", Identify, Harmless),
            Self::Identity => facts("identity", "IDENTITY", Identify, Harmless),
            Self::OrderCheckout => {
                facts("order_checkout", "ORDER_CHECKOUT", SendOrder, SecondOrder)
            }
            // The same item again sets the cart's line to what it already is.
            Self::Add => facts("add", "ADD", FillCart, Harmless),
            Self::AddContacts => facts("add_contacts", "ADD_CONTACTS", FillCart, Undocumented),
            Self::AddConsumers => facts("add_consumers", "ADD_CONSUMERS", FillCart, Undocumented),
            Self::Confirm => facts("confirm", "CONFIRM", FillCart, Undocumented),
            Self::Checkout => facts("checkout", "CHECKOUT", CheckOutCart, SecondOrder),
            // The second one finds an empty cart.
            Self::ClearCart => facts("clear_cart", "CLEAR_CART", RequestRole::ClearCart, Harmless),
        }
    }

    /// The key in `summary.json`.
    #[must_use]
    pub fn key(self) -> &'static str {
        self.facts().key
    }

    /// The name in messages: that of the event, or `create browser`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// What the request is for.
    #[must_use]
    pub fn role(self) -> RequestRole {
        self.facts().role
    }

    /// The effect of a second one.
    #[must_use]
    pub fn repeat_effect(self) -> RepeatEffect {
        self.facts().repeat
    }

    /// Whether it creates an order.
    #[must_use]
    pub fn is_checkout(self) -> bool {
        matches!(self.role(), RequestRole::SendOrder | RequestRole::CheckOutCart)
    }

    /// Whether only orders that are assembled from several events need it.
    #[must_use]
    pub fn needs_cart(self) -> bool {
        matches!(
            self.role(),
            RequestRole::FillCart | RequestRole::CheckOutCart | RequestRole::ClearCart
        )
    }
}

/// One value per request kind. In JSON an object whose keys are [`RequestKind::key`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PerKind<T>([T; RequestKind::ALL.len()]);

impl<T> PerKind<T> {
    /// The kinds with their values, in the order of [`RequestKind::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (RequestKind, &T)> {
        RequestKind::ALL.into_iter().zip(&self.0)
    }
}

impl<T> Index<RequestKind> for PerKind<T> {
    type Output = T;

    fn index(&self, kind: RequestKind) -> &T {
        &self.0[kind as usize]
    }
}

impl<T> IndexMut<RequestKind> for PerKind<T> {
    fn index_mut(&mut self, kind: RequestKind) -> &mut T {
        &mut self.0[kind as usize]
    }
}

/// Kinds that only assembled orders need are not required: a report leaves them out if they are
/// zero.
impl<T: JsonSchema> JsonSchema for PerKind<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("PerKind_of_{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        let properties: Map<_, _> = RequestKind::ALL
            .map(|kind| (kind.key().to_owned(), value.clone().to_value()))
            .into_iter()
            .collect();
        let required: Vec<_> = RequestKind::ALL
            .into_iter()
            .filter(|kind| !kind.needs_cart())
            .map(RequestKind::key)
            .collect();
        json_schema!({ "type": "object", "properties": properties, "required": required })
    }
}

impl<T: Serialize> Serialize for PerKind<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(kind, value)| (kind.key(), value)))
    }
}

/// Kinds without a key have the default value, and other keys are ignored.
impl<'de, T: Deserialize<'de> + Default> Deserialize<'de> for PerKind<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut by_key = BTreeMap::<String, T>::deserialize(deserializer)?;
        Ok(Self(RequestKind::ALL.map(|kind| by_key.remove(kind.key()).unwrap_or_default())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_index_their_values() {
        let mut values = PerKind::default();
        for (n, kind) in (1..).zip(RequestKind::ALL) {
            values[kind] = n;
        }
        let json = r#"{"browser_create":1,"identity":2,"order_checkout":3,"add":4,"add_contacts":5,"add_consumers":6,"confirm":7,"checkout":8,"clear_cart":9}"#;
        assert_eq!(serde_json::to_string(&values).unwrap(), json);
        assert_eq!(serde_json::from_str::<PerKind<u64>>(json).unwrap(), values);
        for kind in RequestKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.key());
        }
    }

    #[test]
    fn only_checkouts_may_create_second_orders() {
        for kind in RequestKind::ALL {
            assert_eq!(
                kind.repeat_effect() == RepeatEffect::SecondOrder,
                kind.is_checkout(),
                "{kind:?}"
            );
        }
    }
}
