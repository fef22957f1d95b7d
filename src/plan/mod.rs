//! Valid orders → the order of sending: guests by their oldest order, a guest's orders oldest first.
//!
//! Personalize keeps the last 20 orders of a guest, so the newest must come last. The plan is written to the run folder
//! before anything is sent and read back from there, so that a slow service holds no export in memory. Called by
//! `pipeline`; knows only `model` and `event`.

mod file;

pub use file::{PlanError, PlannedGuests, write};

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::{
    event::{canonical, json},
    model::{
        guest::Identifier,
        order::{Order, OrderId},
        planned::{EventText, PlannedGuest, PlannedOrder},
    },
};

/// IDENTITY of each guest from its newest order, which knows best, whether that one is to be sent or was sent before.
#[derive(Debug, Default)]
pub struct Identities(HashMap<Identifier, (DateTime<Utc>, EventText)>);

impl Identities {
    /// Takes note of a valid order.
    pub fn note(&mut self, order: &Order) {
        let identity = || (order.ordered_at, json::identity(&order.guest, &order.common));
        let known = self.0.entry(order.guest.key().clone()).or_insert_with(identity);
        if known.0 < order.ordered_at {
            *known = identity();
        }
    }

    /// How many guests there are.
    #[must_use]
    pub fn n_guests(&self) -> usize {
        self.0.len()
    }
}

/// The guests of a plan as long as they have no more than `limit` orders together; the last one with a part of its
/// orders, its oldest.
pub fn limited<E>(
    guests: impl Iterator<Item = Result<PlannedGuest, E>>,
    limit: Option<usize>,
) -> impl Iterator<Item = Result<PlannedGuest, E>> {
    let mut left = limit.unwrap_or(usize::MAX);
    guests.map_while(move |guest| {
        if left == 0 {
            return None;
        }
        Some(guest.map(|mut guest| {
            guest.orders.truncate(left);
            left -= guest.orders.len();
            guest
        }))
    })
}

/// Brings orders into the order of sending. All of them were noted in `identities`.
#[must_use]
pub fn planned(orders: Vec<(OrderId, Box<Order>)>, identities: &Identities) -> Vec<PlannedGuest> {
    let mut guests = by_guest(orders);
    for orders in &mut guests {
        orders.sort_by_key(|(id, order)| (order.ordered_at, *id));
    }
    guests.sort_by_key(|orders| orders.first().map(|(id, order)| (order.ordered_at, *id)));
    guests.iter().map(|orders| guest(orders, identities)).collect()
}

type Orders = Vec<(OrderId, Box<Order>)>;

fn by_guest(orders: Orders) -> Vec<Orders> {
    let mut guests: Vec<Orders> = Vec::new();
    let mut places: HashMap<Identifier, usize> = HashMap::new();
    for (id, order) in orders {
        let place = *places.entry(order.guest.key().clone()).or_insert(guests.len());
        if place == guests.len() {
            guests.push(Vec::new());
        }
        guests[place].push((id, order));
    }
    guests
}

fn guest(orders: &Orders, identities: &Identities) -> PlannedGuest {
    let (_, any) = orders.first().expect("a guest is there because of an order");
    let (_, identity) = identities.0.get(any.guest.key()).expect("every order was noted");
    PlannedGuest {
        identity: identity.clone(),
        orders: orders.iter().map(|(id, order)| planned_order(*id, order)).collect(),
    }
}

fn planned_order(id: OrderId, order: &Order) -> PlannedOrder {
    PlannedOrder {
        id,
        reference: order.reference.clone(),
        ordered_at: order.ordered_at,
        content: canonical::content_hash(order),
        checkout: json::order_checkout(order),
    }
}
