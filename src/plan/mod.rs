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
        order::{Order, OrderId, OrderRecord},
        outcome::Settled,
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

/// The guests of a plan with no more than `limit` orders to send together, oldest first; the others are settled as not
/// attempted, or are still unknown.
pub fn limited<E>(
    guests: impl Iterator<Item = Result<PlannedGuest, E>>,
    limit: Option<usize>,
) -> impl Iterator<Item = Result<PlannedGuest, E>> {
    let mut left = limit.unwrap_or(usize::MAX);
    guests.map(move |guest| {
        guest.map(|mut guest| {
            let beyond = guest.orders.split_off(left.min(guest.orders.len()));
            left -= guest.orders.len();
            guest.settled.extend(beyond.into_iter().map(|order| {
                let settled = Settled::not_attempted(order.may_be_there, limit.map(beyond_limit));
                (order.record, settled)
            }));
            guest
        })
    })
}

/// What is said where a limit keeps orders from being sent.
#[must_use]
pub fn beyond_limit(limit: usize) -> String {
    format!("the limit of {limit} orders was reached")
}

/// Brings orders into the order of sending. All of them were noted in `identities`.
pub fn planned(
    orders: Vec<OrderToSend>,
    identities: &Identities,
) -> impl ExactSizeIterator<Item = PlannedGuest> + use<'_> {
    let mut guests = by_guest(orders);
    for orders in &mut guests {
        orders.sort_by_key(OrderToSend::age);
    }
    guests.sort_by_key(|orders| orders.first().map(OrderToSend::age));
    guests.into_iter().map(|orders| guest(orders, identities))
}

/// A valid order that is to be sent.
#[derive(Debug, Clone)]
pub struct OrderToSend {
    /// For the report.
    pub record: OrderRecord,
    /// The order.
    pub order: Box<Order>,
    /// An earlier run sent it, and nobody knows what came of that.
    pub may_be_there: bool,
    /// What became of it already: it is planned only for a run that goes on with the plan later, when it may be sent.
    pub held: Option<Settled>,
}

impl OrderToSend {
    /// Oldest first; of two at the same time the one that was read first.
    fn age(&self) -> (DateTime<Utc>, OrderId) {
        (self.order.ordered_at, self.record.id)
    }

    fn planned(self) -> PlannedOrder {
        PlannedOrder {
            ordered_at: self.order.ordered_at,
            content: canonical::content_hash(&self.order),
            checkout: json::order_checkout(&self.order),
            record: self.record,
            may_be_there: self.may_be_there,
            held: self.held,
        }
    }
}

fn by_guest(orders: Vec<OrderToSend>) -> Vec<Vec<OrderToSend>> {
    let mut guests: Vec<Vec<OrderToSend>> = Vec::new();
    let mut places: HashMap<Identifier, usize> = HashMap::new();
    for order in orders {
        let place = *places.entry(order.order.guest.key().clone()).or_insert(guests.len());
        if place == guests.len() {
            guests.push(Vec::new());
        }
        guests[place].push(order);
    }
    guests
}

fn guest(orders: Vec<OrderToSend>, identities: &Identities) -> PlannedGuest {
    let any = orders.first().expect("a guest is there because of an order");
    let (_, identity) = identities.0.get(any.order.guest.key()).expect("every order was noted");
    PlannedGuest {
        identity: identity.clone(),
        orders: orders.into_iter().map(OrderToSend::planned).collect(),
        settled: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        origin::{FileId, Position},
        outcome::Outcome,
        planned::ContentHash,
    };

    fn order(id: u32, may_be_there: bool) -> PlannedOrder {
        let source = Position { file: FileId(0), line: 1, column: None };
        let record = OrderRecord {
            id: OrderId(id),
            reference: format!("A-{id}"),
            ordered_at: None,
            source,
            money: None,
            n_items: 0,
            rows: Vec::new(),
            problems: Vec::new(),
        };
        let (content, checkout) = (ContentHash([0; 16]), EventText(String::new()));
        PlannedOrder { record, ordered_at: DateTime::UNIX_EPOCH, content, checkout, may_be_there, held: None }
    }

    #[test]
    fn beyond_the_limit_nothing_is_attempted_and_what_was_unknown_stays_so() {
        let guest = |orders| PlannedGuest { identity: EventText(String::new()), orders, settled: Vec::new() };
        let guests = [vec![order(0, true)], vec![order(1, false), order(2, false), order(3, true)], vec![]];
        let guests = guests.into_iter().map(|orders| Ok::<_, ()>(guest(orders)));
        let guests: Vec<_> = limited(guests, Some(2)).map(Result::unwrap).collect();
        assert_eq!(guests.iter().map(|guest| guest.orders.len()).collect::<Vec<_>>(), [1, 1, 0]);
        let settled = guests.iter().flat_map(|guest| &guest.settled);
        let settled: Vec<_> = settled.map(|(record, settled)| (record.id.0, settled.outcome)).collect();
        assert_eq!(settled, [(2, Outcome::NotAttempted), (3, Outcome::Unknown)]);
    }
}
