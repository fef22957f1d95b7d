//! Valid orders → the order of sending: guests by their oldest order, a guest's orders oldest first.
//!
//! Personalize keeps the last 20 orders of a guest, so the newest must come last. The plan is written to the run folder
//! before anything is sent and read back from there, so that a slow service holds no export in memory. Called by
//! `pipeline`; knows only `model` and `event`.

mod file;

pub use file::{PlanError, PlannedGuests, write};

use std::collections::HashMap;

use crate::{
    event::{canonical, json},
    model::{
        guest::Identifier,
        order::{Order, OrderId},
        planned::{PlannedGuest, PlannedOrder},
    },
};

/// Brings orders into the order of sending. IDENTITY is taken from the guest's newest order, which knows best.
#[must_use]
pub fn planned(orders: Vec<(OrderId, Box<Order>)>) -> Vec<PlannedGuest> {
    let mut guests = by_guest(orders);
    for orders in &mut guests {
        orders.sort_by_key(|(id, order)| (order.ordered_at, *id));
    }
    guests.sort_by_key(|orders| orders.first().map(|(id, order)| (order.ordered_at, *id)));
    guests.iter().map(guest).collect()
}

type Orders = Vec<(OrderId, Box<Order>)>;

/// How many guests the orders belong to.
#[must_use]
pub fn n_guests<'a>(orders: impl Iterator<Item = &'a Order>) -> usize {
    orders.map(|order| order.guest.key()).collect::<std::collections::HashSet<_>>().len()
}

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

fn guest(orders: &Orders) -> PlannedGuest {
    let (_, newest) = orders.last().expect("a guest is there because of an order");
    PlannedGuest {
        identity: json::identity(&newest.guest, &newest.common),
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
