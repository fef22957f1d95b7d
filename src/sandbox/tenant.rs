//! What a tenant holds and how events change it: browsers, guests, carts, orders, and what it dropped.
//!
//! A machine without I/O, clock or lock: browser ids and the time come from outside. It does not judge an event's
//! schema, which `message` did, nor what is in a cart. Called by `server`, under its lock, so each call is short.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use rust_decimal::Decimal;

use super::cart::{CartStep, CheckoutHeader, CheckoutResult, Purchase};
use super::carts::CartStore;
use super::exact_decimal;
use super::guests::{GuestId, GuestStore};
use super::message::{EventContent, TenantEvent, TenantOrder};
use super::state::{
    GuestEntry, MoneyTotal, NotProcessed, OrderCounts, OrderEntry, Requests, SandboxState, TenantIdentifier, TenantMode,
};

/// What a request asks for, as far as it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TenantRequestKind {
    BrowserCreate,
    Identity,
    OrderCheckout,
    Add,
    AddContacts,
    AddConsumers,
    Confirm,
    Checkout,
    ClearCart,
    Other,
}

impl TenantRequestKind {
    /// That of an event, by its `type`.
    pub(super) fn from_event_type(event_type: &str) -> Self {
        match event_type {
            "IDENTITY" => Self::Identity,
            "ORDER_CHECKOUT" => Self::OrderCheckout,
            "ADD" => Self::Add,
            "ADD_CONTACTS" => Self::AddContacts,
            "ADD_CONSUMERS" => Self::AddConsumers,
            "CONFIRM" => Self::Confirm,
            "CHECKOUT" => Self::Checkout,
            "CLEAR_CART" => Self::ClearCart,
            _ => Self::Other,
        }
    }
}

/// Why an event is refused, where others are accepted and dropped.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum EventError {
    /// Its `browser_id` is none that this tenant made.
    UnknownBrowser,
    /// It is a CHECKOUT of which no order can be made, for all these reasons.
    CheckoutFails(Vec<String>),
}

#[derive(Debug)]
pub(super) struct Tenant {
    /// Empty: any point of sale is known.
    known_pos: Vec<String>,
    requests: Requests,
    /// Each browser with its guest, once that one is identified.
    browsers: HashMap<String, Option<GuestId>>,
    guests: GuestStore,
    carts: CartStore,
    /// Those processed, in the order in which they came.
    orders: Vec<(GuestId, TenantOrder)>,
    counts: OrderCounts,
    references: HashSet<String>,
    sums: BTreeMap<String, CurrencySum>,
    not_processed: Vec<NotProcessed>,
}

/// `total` is `None` once the sum cannot be exact any more: better no number than a rounded one.
#[derive(Debug)]
struct CurrencySum {
    n_orders: usize,
    total: Option<Decimal>,
}

/// Why an order is dropped that nobody is known to have made.
const NOT_IDENTIFIED: &str = "browser_id: its guest was not identified before";

impl Tenant {
    /// A session without an event for as long as `session_timeout` is over.
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
        }
    }

    /// Counts a request that came in, whatever the answer will be.
    pub(super) fn count(&mut self, kind: TenantRequestKind) {
        let counter = match kind {
            TenantRequestKind::BrowserCreate => &mut self.requests.browser_create,
            TenantRequestKind::Identity => &mut self.requests.identity,
            TenantRequestKind::OrderCheckout => &mut self.requests.order_checkout,
            TenantRequestKind::Add => &mut self.requests.add,
            TenantRequestKind::AddContacts => &mut self.requests.add_contacts,
            TenantRequestKind::AddConsumers => &mut self.requests.add_consumers,
            TenantRequestKind::Confirm => &mut self.requests.confirm,
            TenantRequestKind::Checkout => &mut self.requests.checkout,
            TenantRequestKind::ClearCart => &mut self.requests.clear_cart,
            TenantRequestKind::Other => &mut self.requests.other,
        };
        *counter += 1;
        self.requests.total += 1;
    }

    /// Counts a request that was answered with a 4xx.
    pub(super) fn count_refused(&mut self) {
        self.requests.refused += 1;
    }

    /// A new browser, and so an anonymous guest.
    pub(super) fn create_browser(&mut self, browser_id: String) {
        self.browsers.insert(browser_id, None);
    }

    /// Takes an event that comes at `now` and processes it at once, where a real tenant would do so some time later.
    pub(super) fn accept(&mut self, event: TenantEvent, now: Duration) -> Result<(), EventError> {
        let guest = *self.browsers.get(&event.browser_id).ok_or(EventError::UnknownBrowser)?;
        let reasons = match self.unknown_pos(event.pos.as_deref()) {
            Some(reason) => [drop_reasons(&event.content, guest), vec![reason]].concat(),
            None => self.process(event.content, &event.browser_id, guest, now)?,
        };
        let is_order = matches!(
            TenantRequestKind::from_event_type(&event.event_type),
            TenantRequestKind::OrderCheckout | TenantRequestKind::Checkout
        );
        if is_order {
            self.process_order(event.reference_id.as_deref());
        }
        if !reasons.is_empty() {
            self.counts.not_processed += usize::from(is_order);
            let (event_type, reference_id) = (event.event_type, event.reference_id);
            self.not_processed.push(NotProcessed { event_type, reference_id, reasons });
        }
        Ok(())
    }

    /// All that it holds, copied.
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
            order_list: self.orders.iter().map(|(guest, order)| self.order_entry(*guest, order)).collect(),
            guest_list,
        }
    }

    /// Does what the event says. What comes back is why it is dropped: nothing where it is processed.
    fn process(
        &mut self,
        content: Result<EventContent, Vec<String>>,
        browser_id: &str,
        guest: Option<GuestId>,
        now: Duration,
    ) -> Result<Vec<String>, EventError> {
        self.carts.touch_session(browser_id, now);
        let reasons = drop_reasons(&content, guest);
        match content {
            Ok(EventContent::Identity(identifiers)) => self.identify(browser_id, guest, identifiers),
            Ok(EventContent::Order(order)) => self.store_order(guest, order),
            Ok(EventContent::Cart(CartStep::Checkout(check_out))) => self.checkout(browser_id, guest, check_out)?,
            // One that breaks the schema is remembered too.
            Ok(EventContent::Cart(CartStep::Change(change))) => self.carts.change(browser_id, change, now),
            Ok(EventContent::Cart(CartStep::Clear)) => self.carts.clear(browser_id),
            Err(_) => {}
        }
        Ok(reasons)
    }

    /// A cart whose order is not kept stays as it is.
    fn checkout(
        &mut self,
        browser_id: &str,
        guest: Option<GuestId>,
        CheckoutResult { header, common_errors }: CheckoutResult,
    ) -> Result<(), EventError> {
        let (CheckoutHeader { reference_id, status }, purchase) = match (header, self.carts.checkout(browser_id)) {
            (Ok(header), Ok(purchase)) => (header, purchase),
            (header, purchase) => {
                let reasons = [header.err().unwrap_or_default(), common_errors, purchase.err().unwrap_or_default()];
                return Err(EventError::CheckoutFails(reasons.concat()));
            }
        };
        if guest.is_some() && common_errors.is_empty() {
            let Purchase { ordered_at, currency, price, n_items } = purchase;
            let order =
                TenantOrder { reference_id, ordered_at, status, currency, price, n_items, mode: TenantMode::Multi };
            self.store_order(guest, order);
            self.carts.remove_purchased(browser_id);
        }
        Ok(())
    }

    /// The reference counts as repeated whether or not the orders were processed: someone sent it twice.
    fn process_order(&mut self, reference_id: Option<&str>) {
        self.counts.received += 1;
        let is_repeated = reference_id.is_some_and(|reference| !self.references.insert(reference.to_owned()));
        self.counts.repeated_references += usize::from(is_repeated);
    }

    fn unknown_pos(&self, pos: Option<&str>) -> Option<String> {
        let is_known = |pos: &str| self.known_pos.is_empty() || self.known_pos.iter().any(|known| known == pos);
        pos.filter(|pos| !is_known(pos)).map(|pos| format!("pos: {pos:?} is unknown to this tenant"))
    }

    fn identify(&mut self, browser_id: &str, previous: Option<GuestId>, identifiers: Vec<TenantIdentifier>) {
        let guest = self.guests.identify(previous, identifiers);
        self.browsers.insert(browser_id.to_owned(), Some(guest));
    }

    /// One of a guest who was not identified is not kept.
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
        self.total = self.total.zip(price).and_then(|(total, price)| exact_decimal::sum(total, price));
    }
}

fn format_exact(amount: Option<Decimal>) -> String {
    amount.map_or_else(|| "inexact".to_owned(), |amount| amount.to_string())
}

/// Every reason why an accepted event is dropped, but for its point of sale. `guest` is the browser's, once identified.
fn drop_reasons(content: &Result<EventContent, Vec<String>>, guest: Option<GuestId>) -> Vec<String> {
    let mut reasons = match content {
        Ok(EventContent::Cart(step)) => step.schema_errors(),
        Ok(EventContent::Identity(_) | EventContent::Order(_)) => Vec::new(),
        Err(reasons) => reasons.clone(),
    };
    let is_order = matches!(content, Ok(EventContent::Order(_) | EventContent::Cart(CartStep::Checkout(_))));
    if is_order && guest.is_none() {
        reasons.push(NOT_IDENTIFIED.to_owned());
    }
    reasons
}

#[cfg(test)]
mod tests;
