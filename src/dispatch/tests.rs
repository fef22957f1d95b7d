//! What the tests of this room share.

use std::{num::NonZeroU32, time::Duration};

use super::Settings;
use crate::model::{
    order::{OrderId, OrderRecord},
    origin::{FileId, Position},
    planned::{ContentHash, EventText, Likeness, OrderEvents, PlannedGuest, PlannedOrder, Sequence},
};

/// Without a pause, three tries.
pub(super) fn settings(rate: Option<u32>) -> Settings {
    Settings {
        rate: rate.and_then(NonZeroU32::new),
        in_flight: 16,
        timeout: Duration::from_secs(30),
        identity_pause: Duration::ZERO,
        session_timeout: Duration::from_secs(20 * 60),
        tries: 3,
        repeats_500: false,
        down_after: u32::MAX,
        gives_up_after: Duration::from_secs(600),
        first_backoff: Duration::from_millis(500),
    }
}

/// A guest with so many orders, their ids from `first`; `"order":ID` stands in each checkout.
pub(super) fn planned_guest(first: u32, n_orders: u32) -> PlannedGuest {
    let orders = (first..first + n_orders).map(planned_order).collect();
    PlannedGuest { identity: EventText("\"}".into()), orders, settled: Vec::new() }
}

/// A guest with orders of so many items each that are assembled from several events, their ids from `first`; one of no
/// items is a single event.
pub(super) fn guest_of_many(first: u32, n_items: &[usize]) -> PlannedGuest {
    let mut guest = planned_guest(first, u32::try_from(n_items.len()).unwrap());
    for (order, n_items) in guest.orders.iter_mut().zip(n_items).filter(|(_, n_items)| **n_items > 0) {
        order.events = OrderEvents::Multi(Box::new(sequence(order.record.id.0, *n_items)));
    }
    guest
}

/// `"order":ID` stands in each event.
fn sequence(id: u64, n_items: usize) -> Sequence {
    let event = |kind: &str| EventText(format!("\",\"type\":\"{kind}\",\"order\":{id}}}"));
    Sequence {
        adds: vec![event("ADD"); n_items],
        contacts: event("ADD_CONTACTS"),
        consumers: None,
        confirms: vec![event("CONFIRM")],
        checkout: event("CHECKOUT"),
        clear_cart: event("CLEAR_CART"),
    }
}

fn planned_order(id: u32) -> PlannedOrder {
    let ordered_at = "2025-01-01T00:00:00Z".parse().unwrap();
    let record = OrderRecord {
        id: OrderId(id.into()),
        reference: format!("A-{id}"),
        ordered_at: Some(ordered_at),
        source: Position { file: FileId(0), line: 1, column: None },
        money: None,
        n_items: 1,
        rows: Vec::new(),
        problems: Vec::new().into(),
    };
    let events = OrderEvents::Single(EventText(format!("\",\"order\":{id}}}")));
    PlannedOrder {
        record,
        ordered_at,
        content: ContentHash([0; 16]),
        status: "PURCHASED".into(),
        likeness: Likeness([0; 16]),
        events,
        may_be_there: false,
        held: None,
    }
}
