//! What is left to send of a plan: counted on a thread of its own while it is sent, since the
//! first request must not wait until a plan of millions is read.
//!
//! For the progress display only; it decides nothing. Called by `run` with a limit and by `resume`.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use super::target::IDENTIFY_REQUESTS;
use crate::model::{
    forecast::Forecast,
    outcome::Outcome,
    planned::GuestParts,
    progress::{Progress, ProgressFn},
    route::Route,
};

/// Calls `dispatch` and, at the same time, counts what it has to send and emits that. `guests` are
/// those that it sends, in the same order, without its `limit`.
// The count does not know what is sent meanwhile, but it reads the plan much faster than a service
// takes orders, so that it comes to each order first.
pub(super) fn count_while<T, E>(
    dispatch: impl FnOnce() -> T,
    guests: impl Iterator<Item = GuestParts<E>> + Send,
    limit: Option<usize>,
    emit: ProgressFn<'_>,
) -> T {
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            // An error ends the sending too, once that comes to the same guest.
            if let Ok(Some(progress)) = count(guests, limit, &is_over) {
                emit(progress);
            }
        });
        let sent = dispatch();
        is_over.store(true, Ordering::Relaxed);
        sent
    })
}

/// Counts the orders that get their outcome and the requests that this takes, up to the limit; none
/// if `is_over` is set before.
fn count<E>(
    guests: impl Iterator<Item = GuestParts<E>>,
    limit: Option<usize>,
    is_over: &AtomicBool,
) -> Result<Option<Progress<'static>>, E> {
    let limit = limit.map_or(u64::MAX, |limit| limit as u64);
    let (mut forecast, mut n_unknown) = (Forecast::default(), 0);
    for guest in guests {
        let mut has_single = false;
        for part in guest {
            if is_over.load(Ordering::Relaxed) {
                return Ok(None);
            }
            let part = part?;
            let is_unknown = |outcome| outcome == Outcome::Unknown;
            let results = part.results.iter();
            n_unknown += results.filter(|(_, result)| is_unknown(result.outcome)).count() as u64;
            for order in part.orders {
                if forecast.n_orders() < limit {
                    let (route, n_requests) = (order.encoded.route, order.encoded.n_requests);
                    forecast.add_order(route, n_requests, IDENTIFY_REQUESTS);
                    has_single |= route == Route::Single;
                }
            }
        }
        forecast.add_guests(u64::from(has_single), IDENTIFY_REQUESTS);
    }
    let (orders, requests) = (forecast.n_orders() + n_unknown, forecast.n_requests());
    Ok(Some(Progress::ToSend { orders, requests }))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::model::{
        order::{OrderId, OrderRecord},
        origin::{FileId, Position},
        outcome::OrderResult,
        planned::{ContentHash, DedupHash, EncodedOrder, Payload, PlannedGuest, PlannedOrder},
    };

    fn order(route: Route, n_requests: u64) -> PlannedOrder {
        let record = OrderRecord {
            id: OrderId(0),
            reference: "A-1".to_owned(),
            ordered_at: None,
            source: Position { file: FileId(0), line: 2, column: None },
            money: None,
            item_count: 1,
            side_rows: Vec::new(),
            rows: Vec::new(),
            problems: Vec::new().into(),
        };
        let encoded = EncodedOrder {
            ordered_at: chrono::DateTime::UNIX_EPOCH,
            content: ContentHash([0; 16]),
            status: "PURCHASED".to_owned(),
            dedup_hash: DedupHash([0; 16]),
            route,
            n_requests,
            payload: Payload::new(&()),
        };
        PlannedOrder { record, encoded, is_uncertain: false, held_result: None }
    }

    /// A guest with the orders that are not settled yet, and the outcomes of the others.
    fn guest(orders: Vec<PlannedOrder>, settled: &[Outcome]) -> GuestParts<Infallible> {
        let record = order(Route::Single, 1).record;
        let result = |outcome| OrderResult::without_request(outcome, None);
        let results = settled.iter().map(|outcome| (record.clone(), result(*outcome)));
        let results = results.collect();
        Ok(PlannedGuest { identity: Payload::new(&()), orders, results }).into()
    }

    /// A plan of seven orders and 19 requests, three of whose orders have their outcome.
    fn half_sent_plan() -> Vec<GuestParts<Infallible>> {
        use Outcome::{AlreadySent, Unknown};
        vec![
            guest(vec![], &[AlreadySent]),
            guest(vec![order(Route::Single, 1)], &[AlreadySent, Unknown]),
            guest(vec![order(Route::Single, 1), order(Route::Single, 1)], &[]),
            guest(vec![order(Route::Multi, 5)], &[]),
        ]
    }

    fn counted(limit: Option<usize>, is_over: bool) -> Option<(u64, u64)> {
        let is_over = AtomicBool::new(is_over);
        let Ok(progress) = count(half_sent_plan().into_iter(), limit, &is_over);
        progress.map(|progress| match progress {
            Progress::ToSend { orders, requests } => (orders, requests),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn orders_of_earlier_runs_are_not_to_be_sent() {
        // One guest is not identified any more, and an unknown order ends without a request.
        assert_eq!(counted(None, false), Some((5, 14)));
        assert_eq!(counted(Some(2), false), Some((3, 6)));
        assert_eq!(counted(None, true), None);
    }

    #[test]
    fn count_is_emitted_while_orders_are_sent() {
        let (sender, receiver) = std::sync::mpsc::channel();
        let sender = std::sync::Mutex::new(sender);
        let emit = |progress: Progress<'_>| {
            if let Progress::ToSend { orders, requests } = progress {
                sender.lock().unwrap().send((orders, requests)).unwrap();
            }
        };
        let wait = || receiver.recv_timeout(std::time::Duration::from_secs(60));
        let sent = count_while(wait, half_sent_plan().into_iter(), None, &emit);
        assert_eq!(sent, Ok((5, 14)));
    }
}
