//! Fixtures of the tests of delivery: settings and planned guests.

use std::{num::NonZeroU32, time::Duration};

use super::{StreamPayload, StreamSettings, event_json::EventJson, payload::OrderEvent};
use crate::model::{
    order::{OrderId, OrderRecord},
    origin::{FileId, Position},
    planned::{ContentHash, DedupHash, EncodedOrder, Payload, PlannedGuest, PlannedOrder},
    request::RequestKind,
    route::{ConfirmMode, Mode, Route},
    target::Target,
};

/// Settings without an identity pause and with three tries.
pub(super) fn settings(rate: Option<u32>) -> StreamSettings {
    StreamSettings {
        target: Target { base_url: "http://127.0.0.1".into(), client_key: "k".into() },
        mode: Mode::Auto,
        max_url_bytes: 8192,
        confirm: ConfirmMode::Whole,
        session_timeout: Duration::from_secs(20 * 60),
        identity_pause: Duration::ZERO,
        rate: rate.and_then(NonZeroU32::new),
        tries: 3,
        first_backoff: Duration::from_millis(500),
        retry_500: false,
    }
}

/// A guest with `n_orders` single-event orders, ids from `first`; each checkout contains
/// `"order":ID`.
pub(super) fn planned_guest(first: u32, n_orders: u32) -> PlannedGuest {
    let orders = (first..first + n_orders).map(|id| planned_order(id, 0)).collect();
    PlannedGuest {
        identity: Payload::new(&serde_json::json!({ "type": "IDENTITY" })),
        orders,
        results: Vec::new(),
    }
}

/// A guest with one assembled order per element of `n_items`, ids from `first`; an order of 0
/// items is a single event.
pub(super) fn multi_event_guest(first: u32, n_items: &[usize]) -> PlannedGuest {
    let orders = (first..).zip(n_items).map(|(id, n_items)| planned_order(id, *n_items)).collect();
    PlannedGuest { orders, ..planned_guest(first, 0) }
}

/// Each event contains `"order":ID`.
fn events(id: u32, n_items: usize) -> StreamPayload {
    use RequestKind::{Add, AddContacts, Checkout, ClearCart, Confirm, OrderCheckout};
    let event = |kind: RequestKind| -> EventJson {
        serde_json::from_str(&format!("{{\"type\":\"{}\",\"order\":{id}}}", kind.name())).unwrap()
    };
    let kinds = if n_items == 0 {
        vec![OrderCheckout]
    } else {
        [vec![Add; n_items], vec![AddContacts, Confirm, Checkout]].concat()
    };
    let events = kinds.into_iter().map(|kind| OrderEvent(kind, event(kind))).collect();
    StreamPayload { events, clear_cart: (n_items > 0).then(|| event(ClearCart)) }
}

pub(super) fn planned_order(id: u32, n_items: usize) -> PlannedOrder {
    let ordered_at = "2025-01-01T00:00:00Z".parse().unwrap();
    let record = OrderRecord {
        id: OrderId(id.into()),
        reference: format!("A-{id}"),
        ordered_at: Some(ordered_at),
        source: Position { file: FileId(0), line: 1, column: None },
        money: None,
        item_count: 1,
        side_rows: Vec::new(),
        rows: Vec::new(),
        problems: Vec::new().into(),
    };
    let events = events(id, n_items);
    PlannedOrder {
        record,
        encoded: EncodedOrder {
            ordered_at,
            content: ContentHash([0; 16]),
            status: "PURCHASED".into(),
            dedup_hash: DedupHash([0; 16]),
            route: if n_items == 0 { Route::Single } else { Route::Multi },
            n_requests: events.n_requests(),
            payload: Payload::from(&events),
        },
        is_uncertain: false,
        held_result: None,
    }
}
