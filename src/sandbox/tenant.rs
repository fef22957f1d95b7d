//! State machine of the tenant: browsers, guests, carts, orders and dropped events, and how an
//! event changes them.
//!
//! It has no I/O, no clock and no lock: the caller passes browser ids and times. It does not check
//! the schema of an event (`message` does) or the content of a cart (`cart` does). Called by
//! `server` under its lock, so each call is short.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use rust_decimal::Decimal;

use super::cart::{CartStep, CheckoutHeader, CheckoutResult, Purchase};
use super::cart_store::CartStore;
use super::exact_decimal;
use super::guests::{GuestId, GuestStore};
use super::message::{EventContent, TenantEvent, TenantOrder};
use super::order_log::{
    LoggedOrder, MAX_LOG_BYTES, MessageId, OrderLog, OrderOutcome, ReceivedOrder, ReceivedOrders,
};
use super::request_kind::TenantRequestKind;
use super::state::{
    GuestEntry, MoneyTotal, NotProcessed, OrderCounts, OrderEntry, Requests, SandboxState,
    TenantIdentifier, TenantMode,
};

/// Why an event is refused. Other invalid events are accepted and dropped.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum EventError {
    /// Its `browser_id` was not created by this tenant.
    UnknownBrowser,
    /// A CHECKOUT that makes no order, with all reasons.
    CheckoutFails(Vec<String>),
}

#[derive(Debug)]
pub(super) struct Tenant {
    /// If empty, every point of sale is known.
    known_pos: Vec<String>,
    requests: Requests,
    /// Browser ids, each with its guest once an IDENTITY was processed.
    browsers: HashMap<String, Option<GuestId>>,
    guests: GuestStore,
    carts: CartStore,
    /// Processed orders in the order of arrival.
    orders: Vec<(GuestId, TenantOrder)>,
    counts: OrderCounts,
    references: HashSet<String>,
    sums: BTreeMap<String, CurrencySum>,
    not_processed: Vec<NotProcessed>,
    log: OrderLog,
}

/// `total` is `None` if the sum is not exact: no number is better than a rounded one.
#[derive(Debug)]
struct CurrencySum {
    n_orders: usize,
    total: Option<Decimal>,
}

// The manual: the guest must be identified by an IDENTITY before an order.
const NOT_IDENTIFIED: &str = "browser_id: its guest is not identified, expected an IDENTITY before";

impl Tenant {
    /// A session ends after `session_timeout` without an event.
    pub(super) fn new(known_pos: Vec<String>, session_timeout: Duration) -> Self {
        Self {
            known_pos,
            requests: Requests::default(),
            browsers: HashMap::new(),
            guests: GuestStore::default(),
            carts: CartStore::new(session_timeout),
            orders: Vec::new(),
            counts: OrderCounts::default(),
            references: HashSet::new(),
            sums: BTreeMap::new(),
            not_processed: Vec::new(),
            log: OrderLog::new(MAX_LOG_BYTES),
        }
    }

    /// Counts a received request, whatever its response.
    pub(super) fn count(&mut self, kind: TenantRequestKind) {
        self.requests.by_kind[kind] += 1;
        self.requests.total += 1;
    }

    /// Counts a request that got a 4xx.
    pub(super) fn count_refused(&mut self) {
        self.requests.refused += 1;
    }

    /// Adds a browser, whose guest is anonymous.
    pub(super) fn create_browser(&mut self, browser_id: String) {
        self.browsers.insert(browser_id, None);
    }

    /// Accepts an event that arrives at `now`, and processes or drops it.
    ///
    /// Processing is immediate; a real tenant processes some time later.
    pub(super) fn accept(&mut self, event: TenantEvent, now: Duration) -> Result<(), EventError> {
        let TenantEvent { event_type, browser_id, reference_id, pos, content, text } = event;
        let guest = *self.browsers.get(&browser_id).ok_or(EventError::UnknownBrowser)?;
        let message = self.log.add_message(text);
        let kind = TenantRequestKind::from_event_type(&event_type);
        let mut messages = match kind {
            // Before the event is processed, which removes a purchased cart.
            TenantRequestKind::Checkout => self.carts.messages(&browser_id, now).to_vec(),
            _ => Vec::new(),
        };
        messages.push(message);
        // An unknown point of sale drops the event before it changes a cart or a session; its other
        // errors are still listed.
        let result = match self.unknown_pos(pos.as_deref()) {
            Some(reason) => Ok([drop_reasons(&content, guest), vec![reason]].concat()),
            None => self.process(content, &browser_id, guest, message, now),
        };
        if kind.is_order() {
            self.log.add_order(LoggedOrder {
                reference_id: reference_id.clone().unwrap_or_default(),
                browser_id,
                guest,
                outcome: self.outcome(&result),
                messages,
            });
        }
        let reasons = result.map_err(EventError::CheckoutFails)?;
        if kind.is_order() {
            self.process_order(reference_id.as_deref());
        }
        if !reasons.is_empty() {
            self.counts.not_processed += usize::from(kind.is_order());
            self.not_processed.push(NotProcessed { event_type, reference_id, reasons });
        }
        Ok(())
    }

    /// A copy of all data.
    pub(super) fn state(&self, base_url: &str, now: Duration) -> SandboxState {
        let guest_list = self.guest_list();
        SandboxState {
            base_url: base_url.to_owned(),
            requests: self.requests,
            faults: BTreeMap::new(),
            browsers: self.browsers.len(),
            guests: guest_list.len(),
            orders: OrderCounts { processed: self.orders.len(), ..self.counts },
            money: self.money(),
            carts: self.carts.state(now, |browser_id| self.guest_name(browser_id)),
            not_processed: self.not_processed.clone(),
            order_list: self
                .orders
                .iter()
                .map(|(guest, order)| self.order_entry(*guest, order))
                .collect(),
            guest_list,
        }
    }

    /// A copy of the newest `max` orders with a reference.
    pub(super) fn received_orders(&self, reference_id: &str, max: usize) -> ReceivedOrders {
        ReceivedOrders {
            newest: self
                .log
                .orders_of(reference_id)
                .take(max)
                .map(|order| self.received_order(order))
                .collect(),
            n_orders: self.log.orders_of(reference_id).count(),
            is_known: self.references.contains(reference_id),
            n_logged: self.log.n_orders(),
        }
    }

    /// Applies an event. Returns the reasons why it is dropped, none if it is processed, or the
    /// reasons why a CHECKOUT fails.
    fn process(
        &mut self,
        content: Result<EventContent, Vec<String>>,
        browser_id: &str,
        guest: Option<GuestId>,
        message: MessageId,
        now: Duration,
    ) -> Result<Vec<String>, Vec<String>> {
        self.carts.touch_session(browser_id, now);
        let reasons = drop_reasons(&content, guest);
        match content {
            Ok(EventContent::Identity(identifiers)) => {
                self.identify(browser_id, guest, identifiers);
            }
            Ok(EventContent::Order(order)) => self.store_order(guest, order),
            Ok(EventContent::Cart(CartStep::Checkout(checkout))) => {
                self.checkout(browser_id, guest, checkout)?;
            }
            // A change that violates the schema is stored too: it makes a later CHECKOUT fail.
            Ok(EventContent::Cart(CartStep::Change(change))) => {
                self.carts.change(browser_id, change, message, now);
            }
            Ok(EventContent::Cart(CartStep::Clear)) => self.carts.clear(browser_id),
            Err(_) => {}
        }
        Ok(reasons)
    }

    /// Stores the order of the browser's cart. If the order is dropped, the cart stays unchanged.
    fn checkout(
        &mut self,
        browser_id: &str,
        guest: Option<GuestId>,
        CheckoutResult { header, common_errors }: CheckoutResult,
    ) -> Result<(), Vec<String>> {
        let (CheckoutHeader { reference_id, status }, purchase) =
            match (header, self.carts.checkout(browser_id)) {
                (Ok(header), Ok(purchase)) => (header, purchase),
                (header, purchase) => {
                    let reasons = [
                        header.err().unwrap_or_default(),
                        common_errors,
                        purchase.err().unwrap_or_default(),
                    ];
                    return Err(reasons.concat());
                }
            };
        if guest.is_some() && common_errors.is_empty() {
            let Purchase { ordered_at, currency, price, n_items } = purchase;
            let order = TenantOrder {
                reference_id,
                ordered_at,
                status,
                currency,
                price,
                n_items,
                mode: TenantMode::Multi,
            };
            self.store_order(guest, order);
            self.carts.remove_purchased(browser_id);
        }
        Ok(())
    }

    /// The outcome of an order by the result of [`Tenant::process`], which stored it last.
    fn outcome(&self, result: &Result<Vec<String>, Vec<String>>) -> OrderOutcome {
        match result {
            Ok(reasons) if reasons.is_empty() => OrderOutcome::Processed(self.orders.len() - 1),
            Ok(reasons) => OrderOutcome::Dropped(reasons.clone()),
            Err(reasons) => OrderOutcome::Refused(reasons.clone()),
        }
    }

    /// Counts an order and a repeated reference, whether or not the orders were processed.
    fn process_order(&mut self, reference_id: Option<&str>) {
        self.counts.received += 1;
        // Also for dropped orders: the client has sent the reference twice.
        let is_repeated =
            reference_id.is_some_and(|reference| !self.references.insert(reference.to_owned()));
        self.counts.repeated_references += usize::from(is_repeated);
    }

    fn unknown_pos(&self, pos: Option<&str>) -> Option<String> {
        let is_known = |pos: &str| {
            self.known_pos.is_empty() || self.known_pos.iter().any(|known| known == pos)
        };
        pos.filter(|pos| !is_known(pos))
            .map(|pos| format!("pos: {pos:?} is unknown to this tenant"))
    }

    fn identify(
        &mut self,
        browser_id: &str,
        previous: Option<GuestId>,
        identifiers: Vec<TenantIdentifier>,
    ) {
        let guest = self.guests.identify(previous, identifiers);
        self.browsers.insert(browser_id.to_owned(), Some(guest));
    }

    /// Stores an order; drops it if its guest is not identified.
    fn store_order(&mut self, guest: Option<GuestId>, order: TenantOrder) {
        let Some(guest) = guest else { return };
        self.counts.items += order.n_items;
        let zero = CurrencySum { n_orders: 0, total: Some(Decimal::ZERO) };
        self.sums.entry(order.currency.clone()).or_insert(zero).add(order.price);
        self.orders.push((guest, order));
    }

    fn money(&self) -> Vec<MoneyTotal> {
        let entry = |(currency, sum): (&String, &CurrencySum)| MoneyTotal {
            currency: currency.clone(),
            orders: sum.n_orders,
            total: format_exact(sum.total),
        };
        self.sums.iter().map(entry).collect()
    }

    fn order_entry(&self, guest: GuestId, order: &TenantOrder) -> OrderEntry {
        OrderEntry {
            reference_id: order.reference_id.clone(),
            guest: self.guests.name(guest),
            ordered_at: order.ordered_at.clone(),
            status: order.status.clone(),
            currency: order.currency.clone(),
            price: format_exact(order.price),
            items: order.n_items,
            mode: order.mode,
        }
    }

    fn received_order(&self, order: &LoggedOrder) -> ReceivedOrder {
        let LoggedOrder { browser_id, guest, outcome, messages, .. } = order;
        let stored = match outcome {
            OrderOutcome::Processed(index) => self.orders.get(*index),
            OrderOutcome::Dropped(_) | OrderOutcome::Refused(_) => None,
        };
        let held: Vec<_> =
            messages.iter().filter_map(|id| self.log.message(*id)).map(str::to_owned).collect();
        ReceivedOrder {
            browser_id: browser_id.clone(),
            identifiers: guest
                .map(|guest| self.guests.identifiers(guest).to_vec())
                .unwrap_or_default(),
            outcome: outcome.clone(),
            stored: stored.map(|(guest, order)| self.order_entry(*guest, order)),
            n_removed_messages: messages.len() - held.len(),
            messages: held,
        }
    }

    fn guest_name(&self, browser_id: &str) -> Option<String> {
        let guest = *self.browsers.get(browser_id)?;
        guest.map(|guest| self.guests.name(guest))
    }

    fn guest_list(&self) -> Vec<GuestEntry> {
        let mut n_orders: HashMap<GuestId, usize> = HashMap::new();
        for (guest, _) in &self.orders {
            *n_orders.entry(self.guests.current(*guest)).or_default() += 1;
        }
        let entry = |(guest, identifiers): (GuestId, &[TenantIdentifier])| GuestEntry {
            identifiers: identifiers.to_vec(),
            orders: n_orders.get(&guest).copied().unwrap_or_default(),
        };
        self.guests.iter().map(entry).collect()
    }
}

impl CurrencySum {
    fn add(&mut self, price: Option<Decimal>) {
        self.n_orders += 1;
        self.total =
            self.total.zip(price).and_then(|(total, price)| exact_decimal::sum(total, price));
    }
}

fn format_exact(amount: Option<Decimal>) -> String {
    amount.map_or_else(|| "inexact".to_owned(), |amount| amount.to_string())
}

/// All reasons why an accepted event is dropped, except its point of sale. `guest` is the
/// identified guest of its browser.
fn drop_reasons(
    content: &Result<EventContent, Vec<String>>,
    guest: Option<GuestId>,
) -> Vec<String> {
    let mut reasons = match content {
        Ok(EventContent::Cart(step)) => step.schema_errors(),
        Ok(EventContent::Identity(_) | EventContent::Order(_)) => Vec::new(),
        Err(reasons) => reasons.clone(),
    };
    let is_order =
        matches!(content, Ok(EventContent::Order(_) | EventContent::Cart(CartStep::Checkout(_))));
    if is_order && guest.is_none() {
        reasons.push(NOT_IDENTIFIED.to_owned());
    }
    reasons
}

#[cfg(test)]
mod tests;
