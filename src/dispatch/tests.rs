//! Fixtures of dispatch's tests: settings and planned guests.

use std::{num::NonZeroU32, time::Duration};

use super::settings::DispatchSettings;
use crate::model::{
    order::{OrderId, OrderRecord},
    origin::{FileId, Position},
    planned::{ContentHash, DedupHash, EventJson, EventSequence, PlannedGuest, PlannedOrder, StreamPayload},
};

/// Settings without an identity pause and with three tries.
pub fn settings(rate: Option<u32>) -> DispatchSettings {
    DispatchSettings {
        rate: rate.and_then(NonZeroU32::new),
        in_flight: 16,
        timeout: Duration::from_secs(30),
        identity_pause: Duration::ZERO,
        session_timeout: Duration::from_secs(20 * 60),
        tries: 3,
        retry_500: false,
        down_after: u32::MAX,
        give_up_after: Duration::from_secs(600),
        first_backoff: Duration::from_millis(500),
    }
}

/// A guest with `n_orders` single-event orders, ids from `first`; each checkout contains
/// `"order":ID`.
pub fn planned_guest(first: u32, n_orders: u32) -> PlannedGuest {
    let orders = (first..first + n_orders).map(planned_order).collect();
    PlannedGuest { identity: EventJson("\"}".into()), orders, results: Vec::new() }
}

/// A guest with one assembled order per element of `n_items`, ids from `first`; an order of 0
/// items is a single event.
pub fn multi_event_guest(first: u32, n_items: &[usize]) -> PlannedGuest {
    let mut guest = planned_guest(first, u32::try_from(n_items.len()).unwrap());
    for (order, n_items) in guest.orders.iter_mut().zip(n_items).filter(|(_, n_items)| **n_items > 0) {
        order.events = StreamPayload::Multi(Box::new(sequence(order.record.id.0, *n_items)));
    }
    guest
}

/// Each event contains `"order":ID`.
fn sequence(id: u64, n_items: usize) -> EventSequence {
    let event = |kind: &str| EventJson(format!("\",\"type\":\"{kind}\",\"order\":{id}}}"));
    EventSequence {
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
        item_count: 1,
        rows: Vec::new(),
        problems: Vec::new().into(),
    };
    let events = StreamPayload::Single(EventJson(format!("\",\"order\":{id}}}")));
    PlannedOrder {
        record,
        ordered_at,
        content: ContentHash([0; 16]),
        status: "PURCHASED".into(),
        dedup_hash: DedupHash([0; 16]),
        events,
        is_uncertain: false,
        held_result: None,
    }
}
