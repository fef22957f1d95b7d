//! Limit on the number of orders that a run sends (`--limit`).
//!
//! It decides nothing about the order of sending, which is the plan's. Called by `pipeline` between
//! the plan and the delivery.

use std::sync::{Arc, Mutex, PoisonError};

use crate::model::{
    outcome::OrderResult,
    planned::{GuestParts, PlannedGuest},
};

/// Limits the guests of a plan to `limit` orders in total. The other orders get the result
/// `not_attempted`, or `unknown` where an earlier run left them uncertain.
///
/// The limit is used up in the order of reading, oldest first: while the first parts of a guest
/// with many orders are sent, other guests get what is left of it.
pub fn with_limit<E: Send + 'static>(
    guests: impl Iterator<Item: Into<GuestParts<E>>>,
    limit: Option<usize>,
) -> impl Iterator<Item = GuestParts<E>> {
    // Shared, since the parts of a guest are read later than those of other guests, by other tasks.
    let left = Arc::new(Mutex::new(limit.unwrap_or(usize::MAX)));
    guests.map(move |guest| {
        let left = Arc::clone(&left);
        guest.into().map_parts(move |part| {
            let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
            let part = apply_limit(part, *left, limit);
            *left -= part.orders.len();
            Ok(part)
        })
    })
}

/// Keeps the first `n_left` orders of a guest; the others get a result.
fn apply_limit(mut guest: PlannedGuest, n_left: usize, limit: Option<usize>) -> PlannedGuest {
    let excess = guest.orders.split_off(n_left.min(guest.orders.len()));
    guest.results.extend(excess.into_iter().map(|order| {
        let result = OrderResult::not_attempted(order.is_uncertain, limit.map(limit_reached));
        (order.record, result)
    }));
    guest
}

/// The reason of orders that are not sent because of a limit.
#[must_use]
pub fn limit_reached(limit: usize) -> String {
    let orders = if limit == 1 { "order" } else { "orders" };
    format!("the limit of {limit} {orders} was reached")
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::model::{
        order::{OrderId, OrderRecord},
        origin::{FileId, Position},
        outcome::Outcome,
        planned::{ContentHash, DedupHash, EncodedOrder, Payload, PlannedOrder},
        route::Route,
    };

    fn order(id: u64, is_uncertain: bool) -> PlannedOrder {
        let source = Position { file: FileId(0), line: 1, column: None };
        let record = OrderRecord {
            id: OrderId(id),
            reference: format!("A-{id}"),
            ordered_at: None,
            source,
            money: None,
            item_count: 0,
            side_rows: Vec::new(),
            rows: Vec::new(),
            problems: Vec::new().into(),
        };
        PlannedOrder {
            record,
            encoded: EncodedOrder {
                ordered_at: DateTime::UNIX_EPOCH,
                content: ContentHash([0; 16]),
                status: "PURCHASED".into(),
                dedup_hash: DedupHash([0; 16]),
                route: Route::Single,
                n_requests: 1,
                payload: Payload::new(&""),
            },
            is_uncertain,
            held_result: None,
        }
    }

    #[test]
    fn reached_limit_is_counted_in_orders() {
        assert_eq!(limit_reached(1), "the limit of 1 order was reached");
        assert_eq!(limit_reached(2), "the limit of 2 orders was reached");
    }

    #[test]
    fn limit_keeps_uncertain_orders_unknown() {
        let guest =
            |orders| PlannedGuest { identity: Payload::new(&""), orders, results: Vec::new() };
        let guests =
            [vec![order(0, true)], vec![order(1, false), order(2, false), order(3, true)], vec![]];
        let guests = guests.into_iter().map(|orders| Ok::<_, ()>(guest(orders)));
        let guests: Vec<_> = with_limit(guests, Some(2)).flatten().map(Result::unwrap).collect();
        assert_eq!(guests.iter().map(|guest| guest.orders.len()).collect::<Vec<_>>(), [1, 1, 0]);
        let results = guests.iter().flat_map(|guest| &guest.results);
        let results: Vec<_> =
            results.map(|(record, result)| (record.id.0, result.outcome)).collect();
        assert_eq!(results, [(2, Outcome::NotAttempted), (3, Outcome::Unknown)]);
    }
}
