//! Log of the newest messages and of the orders that they sent, for the page of an order.
//!
//! Bounded by its size in memory: the oldest messages are removed first, and with its last message
//! an order. It interprets neither. Called by `tenant`.

// A ring buffer of messages beside one of orders, not orders that own their messages: an open cart
// would otherwise hold the messages of its events without a limit.

use std::collections::VecDeque;

use super::guests::GuestId;
use super::state::{OrderEntry, TenantIdentifier};

/// Maximum size of a log; thousands of orders of a usual size. `send --sandbox` holds one too, next
/// to all that it needs itself.
pub(super) const MAX_LOG_BYTES: usize = 16 << 20;

/// What a message or an order takes in addition to its texts, roughly.
const ENTRY_BYTES: usize = 256;

/// The number of a message, in the order of arrival.
pub(super) type MessageId = u64;

#[derive(Debug)]
pub(super) struct OrderLog {
    max_bytes: usize,
    n_bytes: usize,
    messages: VecDeque<String>,
    /// The number of the first message that is still held.
    first_message: MessageId,
    orders: VecDeque<LoggedOrder>,
}

/// An order that was received, whatever came of it.
#[derive(Debug)]
pub(super) struct LoggedOrder {
    /// Empty if the order has none.
    pub(super) reference_id: String,
    pub(super) browser_id: String,
    /// The identified guest of the browser.
    pub(super) guest: Option<GuestId>,
    pub(super) outcome: OrderOutcome,
    /// The messages that sent it, in the order of arrival: one, or all that filled the cart and the
    /// CHECKOUT.
    pub(super) messages: Vec<MessageId>,
}

/// What became of a received order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OrderOutcome {
    /// Stored, at this index.
    Processed(usize),
    /// Accepted with 201 and dropped silently, with all reasons.
    Dropped(Vec<String>),
    /// Refused with 400, with all reasons.
    Refused(Vec<String>),
}

/// A copy of the orders of one reference.
#[derive(Debug)]
pub(super) struct ReceivedOrders {
    /// The newest orders first, not more than were asked for.
    pub(super) newest: Vec<ReceivedOrder>,
    /// Number of all orders in the log with the reference.
    pub(super) n_orders: usize,
    /// Whether the reference was received, even if the log no longer has an order with it.
    pub(super) is_known: bool,
    /// Number of orders in the log.
    pub(super) n_logged: usize,
}

/// A copy of an order, with all that the tenant knows about it.
#[derive(Debug)]
pub(super) struct ReceivedOrder {
    pub(super) browser_id: String,
    /// All identifiers of the guest; empty if the guest was not identified.
    pub(super) identifiers: Vec<TenantIdentifier>,
    pub(super) outcome: OrderOutcome,
    /// The order as it is stored, if it was processed.
    pub(super) stored: Option<OrderEntry>,
    /// The messages that are still held, in the order of arrival.
    pub(super) messages: Vec<String>,
    /// Number of older messages that are no longer held.
    pub(super) n_removed_messages: usize,
}

impl OrderLog {
    pub(super) fn new(max_bytes: usize) -> Self {
        Self {
            max_bytes,
            n_bytes: 0,
            messages: VecDeque::new(),
            first_message: 0,
            orders: VecDeque::new(),
        }
    }

    pub(super) fn add_message(&mut self, text: String) -> MessageId {
        let id = self.first_message + self.messages.len() as u64;
        self.n_bytes += message_bytes(&text);
        self.messages.push_back(text);
        self.remove_oldest();
        id
    }

    /// Adds an order; its last message is newer than that of any order before it.
    pub(super) fn add_order(&mut self, order: LoggedOrder) {
        self.n_bytes += order.n_bytes();
        self.orders.push_back(order);
        self.remove_oldest();
    }

    /// The text of a message, if it is still held.
    pub(super) fn message(&self, id: MessageId) -> Option<&str> {
        let index = usize::try_from(id.checked_sub(self.first_message)?).ok()?;
        self.messages.get(index).map(String::as_str)
    }

    /// The orders with a reference, newest first.
    pub(super) fn orders_of(&self, reference_id: &str) -> impl Iterator<Item = &LoggedOrder> {
        self.orders.iter().rev().filter(move |order| order.reference_id == reference_id)
    }

    pub(super) fn n_orders(&self) -> usize {
        self.orders.len()
    }

    fn remove_oldest(&mut self) {
        self.remove_orders_without_messages();
        while self.n_bytes > self.max_bytes {
            let Some(text) = self.messages.pop_front() else { return };
            self.n_bytes -= message_bytes(&text);
            self.first_message += 1;
            self.remove_orders_without_messages();
        }
    }

    fn remove_orders_without_messages(&mut self) {
        while let Some(order) = self.orders.front() {
            if order.messages.last().is_some_and(|last| *last >= self.first_message) {
                return;
            }
            self.n_bytes -= order.n_bytes();
            self.orders.pop_front();
        }
    }
}

impl LoggedOrder {
    fn n_bytes(&self) -> usize {
        let reasons: usize =
            self.outcome.reasons().iter().map(|reason| size_of::<String>() + reason.len()).sum();
        let messages = self.messages.len() * size_of::<MessageId>();
        ENTRY_BYTES + self.reference_id.len() + self.browser_id.len() + reasons + messages
    }
}

impl OrderOutcome {
    /// Why the order was not processed; empty if it was.
    pub(super) fn reasons(&self) -> &[String] {
        match self {
            Self::Processed(_) => &[],
            Self::Dropped(reasons) | Self::Refused(reasons) => reasons,
        }
    }
}

fn message_bytes(text: &str) -> usize {
    ENTRY_BYTES + text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Adds an order that was sent with these messages.
    fn add(log: &mut OrderLog, reference_id: &str, messages: Vec<MessageId>) {
        log.add_order(LoggedOrder {
            reference_id: reference_id.to_owned(),
            browser_id: "b".to_owned(),
            guest: None,
            outcome: OrderOutcome::Dropped(vec!["pos: unknown".to_owned()]),
            messages,
        });
    }

    fn n_orders_of(log: &OrderLog, reference_id: &str) -> usize {
        log.orders_of(reference_id).count()
    }

    #[test]
    fn orders_of_a_reference_are_newest_first() {
        let mut log = OrderLog::new(MAX_LOG_BYTES);
        for (reference_id, text) in [("A", "first"), ("B", "other"), ("A", "second")] {
            let message = log.add_message(text.to_owned());
            add(&mut log, reference_id, vec![message]);
        }
        let texts = log.orders_of("A").map(|order| log.message(order.messages[0]));
        assert_eq!(texts.collect::<Vec<_>>(), [Some("second"), Some("first")]);
        assert_eq!((log.n_orders(), n_orders_of(&log, "C")), (3, 0));
        assert_eq!(log.message(3), None);
    }

    #[test]
    fn a_million_orders_stay_within_the_limit() {
        let mut log = OrderLog::new(100_000);
        for n in 0..1_000_000 {
            let message = log.add_message(format!("message {n}"));
            add(&mut log, &n.to_string(), vec![message]);
            assert!(log.n_bytes <= 100_000);
        }
        assert_eq!(log.n_orders(), log.messages.len());
        assert!(log.n_orders() > 150, "{}", log.n_orders());
        assert_eq!((n_orders_of(&log, "999999"), n_orders_of(&log, "0")), (1, 0));
        assert_eq!((log.message(0), log.message(999_999)), (None, Some("message 999999")));
    }

    #[test]
    fn an_order_is_held_as_long_as_its_last_message() {
        let mut log = OrderLog::new(5 * ENTRY_BYTES);
        let messages = ["ADD", "CONFIRM", "CHECKOUT"].map(|text| log.add_message(text.to_owned()));
        add(&mut log, "A", messages.to_vec());
        log.add_message("x".to_owned());
        assert_eq!(messages.map(|id| log.message(id)), [None, Some("CONFIRM"), Some("CHECKOUT")]);
        assert_eq!(n_orders_of(&log, "A"), 1);
        log.add_message("x".repeat(3 * ENTRY_BYTES));
        assert_eq!((log.n_orders(), log.messages.len()), (0, 1));
    }

    #[test]
    fn a_message_above_the_limit_is_not_held() {
        let mut log = OrderLog::new(1000);
        let message = log.add_message("x".repeat(2000));
        add(&mut log, "A", vec![message]);
        assert_eq!((log.n_bytes, log.n_orders(), log.message(message)), (0, 0, None));
        let next = log.add_message("y".to_owned());
        assert_eq!((next, log.message(next)), (1, Some("y")));
    }
}
