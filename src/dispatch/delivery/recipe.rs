//! What an order takes, as data: another kind of order is another recipe. Knows nothing of answers.

use std::{collections::VecDeque, fmt};

use crate::{
    dispatch::Kind,
    model::planned::{EventText, OrderEvents, Sequence},
};

/// One step towards an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Task {
    /// A browser, the guest's or the order's own.
    CreateBrowser,
    /// Who the guest is, on this browser.
    Identity,
    /// An event of the order.
    Part(Part),
}

impl Task {
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::CreateBrowser => Kind::BrowserCreate,
            Self::Identity => Kind::Identity,
            Self::Part(event) => event.kind(),
        }
    }
}

/// An event of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The whole order.
    OrderCheckout,
    /// The item at this place, from 0.
    Add(usize),
    /// The contacts.
    AddContacts,
    /// The consumers.
    AddConsumers,
    /// The CONFIRM at this place, from 0; mostly there is one.
    Confirm(usize),
    /// What makes an order of all this.
    Checkout,
    /// What makes nothing of it.
    ClearCart,
}

impl Part {
    /// The kind of request.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self {
            Self::OrderCheckout => Kind::OrderCheckout,
            Self::Add(_) => Kind::Add,
            Self::AddContacts => Kind::AddContacts,
            Self::AddConsumers => Kind::AddConsumers,
            Self::Confirm(_) => Kind::Confirm,
            Self::Checkout => Kind::Checkout,
            Self::ClearCart => Kind::ClearCart,
        }
    }

    /// Its text.
    #[must_use]
    pub fn text(self, payload: &OrderEvents) -> &EventText {
        match payload {
            OrderEvents::Single(checkout) => checkout,
            OrderEvents::Multi(sequence) => self.text_in(sequence),
        }
    }

    fn text_in(self, sequence: &Sequence) -> &EventText {
        match self {
            Self::Add(item) => &sequence.adds[item],
            Self::AddContacts => &sequence.contacts,
            Self::AddConsumers => sequence.consumers.as_ref().expect("the recipe names it only where it is there"),
            Self::Confirm(index) => &sequence.confirms[index],
            Self::Checkout | Self::OrderCheckout => &sequence.checkout,
            Self::ClearCart => &sequence.clear_cart,
        }
    }
}

/// As reasons name it.
impl fmt::Display for Part {
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

/// The steps of an order. A single event goes on the guest's browser, which may be there; an order that is assembled takes
/// a fresh one, since the same item twice in one session means "change that line".
pub(super) fn steps(payload: &OrderEvents, has_browser: bool) -> VecDeque<Task> {
    let order_events = match payload {
        OrderEvents::Single(_) => vec![Part::OrderCheckout],
        OrderEvents::Multi(sequence) => parts(sequence),
    };
    let is_ready = has_browser && matches!(payload, OrderEvents::Single(_));
    let browser: &[Task] = if is_ready { &[] } else { &[Task::CreateBrowser, Task::Identity] };
    browser.iter().copied().chain(order_events.into_iter().map(Task::Part)).collect()
}

fn parts(sequence: &Sequence) -> Vec<Part> {
    let adds = (0..sequence.adds.len()).map(Part::Add);
    let consumers = sequence.consumers.iter().map(|_| Part::AddConsumers);
    let confirms = (0..sequence.confirms.len()).map(Part::Confirm);
    adds.chain([Part::AddContacts]).chain(consumers).chain(confirms).chain([Part::Checkout]).collect()
}
