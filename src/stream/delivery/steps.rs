//! Steps of an order, as data: another route is another list of steps. It knows nothing about
//! responses.

use std::{collections::VecDeque, fmt};

use crate::model::{
    planned::{EventJson, EventSequence, StreamPayload},
    request::RequestKind,
};

/// One step of the delivery of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeliveryStep {
    /// Create a browser, the guest's or the order's own.
    CreateBrowser,
    /// Identify the guest on this browser.
    Identity,
    /// Send an event of the order.
    Event(OrderEvent),
}

impl DeliveryStep {
    pub(super) fn kind(self) -> RequestKind {
        match self {
            Self::CreateBrowser => RequestKind::BrowserCreate,
            Self::Identity => RequestKind::Identity,
            Self::Event(event) => event.kind(),
        }
    }
}

/// An event of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderEvent {
    /// The whole order.
    OrderCheckout,
    /// The item at this index, from 0.
    Add(usize),
    /// The contacts.
    AddContacts,
    /// The consumers.
    AddConsumers,
    /// The CONFIRM at this index, from 0; usually there is one.
    Confirm(usize),
    /// Creates the order from the cart.
    Checkout,
    /// Empties the cart.
    ClearCart,
}

impl OrderEvent {
    /// The kind of request.
    #[must_use]
    pub fn kind(self) -> RequestKind {
        match self {
            Self::OrderCheckout => RequestKind::OrderCheckout,
            Self::Add(_) => RequestKind::Add,
            Self::AddContacts => RequestKind::AddContacts,
            Self::AddConsumers => RequestKind::AddConsumers,
            Self::Confirm(_) => RequestKind::Confirm,
            Self::Checkout => RequestKind::Checkout,
            Self::ClearCart => RequestKind::ClearCart,
        }
    }

    /// The event's JSON in an order's payload.
    #[must_use]
    pub fn json(self, payload: &StreamPayload) -> &EventJson {
        match payload {
            StreamPayload::Single(checkout) => checkout,
            StreamPayload::Multi(sequence) => self.json_in(sequence),
        }
    }

    fn json_in(self, sequence: &EventSequence) -> &EventJson {
        match self {
            Self::Add(item) => &sequence.adds[item],
            Self::AddContacts => &sequence.contacts,
            Self::AddConsumers => sequence.consumers.as_ref().expect("the steps name consumers only if there are any"),
            Self::Confirm(index) => &sequence.confirms[index],
            Self::Checkout | Self::OrderCheckout => &sequence.checkout,
            Self::ClearCart => &sequence.clear_cart,
        }
    }
}

/// The name that reasons use.
impl fmt::Display for OrderEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OrderCheckout => f.write_str("ORDER_CHECKOUT"),
            Self::Add(item) => write!(f, "ADD of item {}", item + 1),
            Self::AddContacts => f.write_str("ADD_CONTACTS"),
            Self::AddConsumers => f.write_str("ADD_CONSUMERS"),
            Self::Confirm(_) => f.write_str("CONFIRM"),
            Self::Checkout => f.write_str("CHECKOUT"),
            Self::ClearCart => f.write_str("CLEAR_CART"),
        }
    }
}

/// Returns the steps of an order. `has_browser` is set if the guest already has a browser for
/// single-event orders.
pub(super) fn steps_for(payload: &StreamPayload, has_browser: bool) -> VecDeque<DeliveryStep> {
    let order_events = match payload {
        StreamPayload::Single(_) => vec![OrderEvent::OrderCheckout],
        StreamPayload::Multi(sequence) => sequence_events(sequence),
    };
    // An assembled order always gets a fresh browser: the same item twice in one session means
    // "change that line".
    let is_ready = has_browser && matches!(payload, StreamPayload::Single(_));
    let browser: &[DeliveryStep] = if is_ready { &[] } else { &[DeliveryStep::CreateBrowser, DeliveryStep::Identity] };
    browser.iter().copied().chain(order_events.into_iter().map(DeliveryStep::Event)).collect()
}

fn sequence_events(sequence: &EventSequence) -> Vec<OrderEvent> {
    let adds = (0..sequence.adds.len()).map(OrderEvent::Add);
    let consumers = sequence.consumers.iter().map(|_| OrderEvent::AddConsumers);
    let confirms = (0..sequence.confirms.len()).map(OrderEvent::Confirm);
    adds.chain([OrderEvent::AddContacts]).chain(consumers).chain(confirms).chain([OrderEvent::Checkout]).collect()
}
