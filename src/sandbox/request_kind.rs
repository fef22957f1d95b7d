//! Request kinds: the one table of the requests that a tenant knows, and their counts.
//!
//! Its own reading of the manual, as all of the sandbox. Counted by `tenant`, shown by `page` and
//! in `state`. A further kind is a variant and a row here.

use std::ops::{Index, IndexMut};

use serde::{Serialize, Serializer};

/// The kind of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TenantRequestKind {
    /// A request to create a browser.
    BrowserCreate,
    /// An IDENTITY event.
    Identity,
    /// An `ORDER_CHECKOUT` event.
    OrderCheckout,
    /// An ADD event.
    Add,
    /// An `ADD_CONTACTS` event.
    AddContacts,
    /// An `ADD_CONSUMERS` event.
    AddConsumers,
    /// A CONFIRM event.
    Confirm,
    /// A CHECKOUT event.
    Checkout,
    /// A `CLEAR_CART` event.
    ClearCart,
    /// Another event, an unreadable message, another path or method.
    Other,
}

/// A row of the table.
struct KindFacts {
    /// The key in the state.
    key: &'static str,
    /// The `type` of its event, and the heading of its count on the page.
    name: &'static str,
    /// Whether it is an event of an order that is assembled in a cart.
    is_of_cart: bool,
}

impl TenantRequestKind {
    /// All kinds.
    pub const ALL: [Self; 10] = [
        Self::BrowserCreate,
        Self::Identity,
        Self::OrderCheckout,
        Self::Add,
        Self::AddContacts,
        Self::AddConsumers,
        Self::Confirm,
        Self::Checkout,
        Self::ClearCart,
        Self::Other,
    ];

    fn facts(self) -> KindFacts {
        let request = |key, name| KindFacts { key, name, is_of_cart: false };
        let cart_event = |key, name| KindFacts { key, name, is_of_cart: true };
        match self {
            Self::BrowserCreate => request("browser_create", "browser"),
            Self::Identity => request("identity", "IDENTITY"),
            Self::OrderCheckout => request("order_checkout", "ORDER_CHECKOUT"),
            Self::Add => cart_event("add", "ADD"),
            Self::AddContacts => cart_event("add_contacts", "ADD_CONTACTS"),
            Self::AddConsumers => cart_event("add_consumers", "ADD_CONSUMERS"),
            Self::Confirm => cart_event("confirm", "CONFIRM"),
            Self::Checkout => cart_event("checkout", "CHECKOUT"),
            Self::ClearCart => cart_event("clear_cart", "CLEAR_CART"),
            Self::Other => request("other", "other"),
        }
    }

    /// The kind of an event of this `type`.
    #[must_use]
    pub fn from_event_type(event_type: &str) -> Self {
        // `browser` and `other` are no types of events.
        let is_event = |kind: &Self| {
            !matches!(kind, Self::BrowserCreate | Self::Other) && kind.name() == event_type
        };
        Self::ALL.into_iter().find(is_event).unwrap_or(Self::Other)
    }

    /// The `type` of its event, or what it is in place of one.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// Whether it is an event that makes an order.
    #[must_use]
    pub fn is_order(self) -> bool {
        matches!(self, Self::OrderCheckout | Self::Checkout)
    }

    /// Whether it is an event of an order that is assembled in a cart.
    #[must_use]
    pub fn is_of_cart(self) -> bool {
        self.facts().is_of_cart
    }
}

/// The number of requests of each kind. In JSON an object with the keys of the kinds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TenantRequestCounts([u64; TenantRequestKind::ALL.len()]);

impl TenantRequestCounts {
    /// The counts of the events of carts, or of all other requests.
    pub fn of_carts(&self, is_of_cart: bool) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = TenantRequestKind::ALL.into_iter().zip(self.0);
        counts
            .filter(move |(kind, _)| kind.is_of_cart() == is_of_cart)
            .map(|(kind, n_requests)| (kind.name(), n_requests))
    }
}

impl Index<TenantRequestKind> for TenantRequestCounts {
    type Output = u64;

    fn index(&self, kind: TenantRequestKind) -> &u64 {
        &self.0[kind as usize]
    }
}

impl IndexMut<TenantRequestKind> for TenantRequestCounts {
    fn index_mut(&mut self, kind: TenantRequestKind) -> &mut u64 {
        &mut self.0[kind as usize]
    }
}

impl Serialize for TenantRequestCounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let counts = TenantRequestKind::ALL.into_iter().zip(self.0);
        serializer.collect_map(counts.map(|(kind, n_requests)| (kind.facts().key, n_requests)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_index_their_counts() {
        let mut counts = TenantRequestCounts::default();
        for (n, kind) in (1..).zip(TenantRequestKind::ALL) {
            counts[kind] = n;
        }
        let json = r#"{"browser_create":1,"identity":2,"order_checkout":3,"add":4,"add_contacts":5,"add_consumers":6,"confirm":7,"checkout":8,"clear_cart":9,"other":10}"#;
        assert_eq!(serde_json::to_string(&counts).unwrap(), json);
    }

    #[test]
    fn only_events_have_an_event_type() {
        for kind in TenantRequestKind::ALL {
            let is_event = kind.name().to_uppercase() == kind.name();
            let expected = if is_event { kind } else { TenantRequestKind::Other };
            assert_eq!(TenantRequestKind::from_event_type(kind.name()), expected);
        }
        assert_eq!(TenantRequestKind::from_event_type("add"), TenantRequestKind::Other);
    }
}
