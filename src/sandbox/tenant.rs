//! What a tenant holds and how events change it: browsers, guests, orders, and what it dropped.
//!
//! A machine without I/O, clock or lock: browser ids come from outside. It does not judge an event's schema, which
//! `message` did. Called by `server`, under its lock, so each call is short.

use std::collections::{BTreeMap, HashMap, HashSet};

use rust_decimal::Decimal;

use super::guests::{GuestId, Guests};
use super::message::{Content, Event, Order};
use super::state::{GuestEntry, Identifier, Money, NotProcessed, OrderEntry, Orders, Requests, State};

/// What a request asks for, as far as it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    BrowserCreate,
    Identity,
    OrderCheckout,
    Other,
}

/// The event's `browser_id` is none that this tenant made.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnknownBrowser;

#[derive(Debug, Default)]
pub(super) struct Tenant {
    /// Empty: any point of sale is known.
    known_pos: Vec<String>,
    requests: Requests,
    /// Each browser with its guest, once that one is identified.
    browsers: HashMap<String, Option<GuestId>>,
    guests: Guests,
    /// Those processed, in the order in which they came.
    orders: Vec<(GuestId, Order)>,
    counts: Orders,
    references: HashSet<String>,
    sums: BTreeMap<String, Sum>,
    not_processed: Vec<NotProcessed>,
}

/// `total` is `None` once the sum cannot be exact any more: better no number than a rounded one.
#[derive(Debug)]
struct Sum {
    n_orders: usize,
    total: Option<Decimal>,
}

impl Tenant {
    pub(super) fn new(known_pos: Vec<String>) -> Self {
        Self { known_pos, ..Self::default() }
    }

    /// Counts a request that came in, whatever the answer will be.
    pub(super) fn count(&mut self, kind: Kind) {
        let counter = match kind {
            Kind::BrowserCreate => &mut self.requests.browser_create,
            Kind::Identity => &mut self.requests.identity,
            Kind::OrderCheckout => &mut self.requests.order_checkout,
            Kind::Other => &mut self.requests.other,
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

    /// Takes an event and processes it at once, where a real tenant would do so some time later.
    pub(super) fn accept(&mut self, event: Event) -> Result<(), UnknownBrowser> {
        let guest = *self.browsers.get(&event.browser_id).ok_or(UnknownBrowser)?;
        let is_order = event.kind == "ORDER_CHECKOUT";
        if is_order {
            self.receive_order(event.reference_id.as_deref());
        }
        let pos_reason = self.unknown_pos(event.pos.as_deref());
        match judge(event.content, pos_reason, guest) {
            Ok(Change::Identify(identifiers)) => self.identify(event.browser_id, guest, identifiers),
            Ok(Change::Buy(guest, order)) => self.keep_order(guest, order),
            Err(reasons) => {
                self.counts.not_processed += usize::from(is_order);
                let (kind, reference_id) = (event.kind, event.reference_id);
                self.not_processed.push(NotProcessed { kind, reference_id, reasons });
            }
        }
        Ok(())
    }

    /// All that it holds, copied.
    pub(super) fn state(&self, base_url: &str) -> State {
        let guest_list = self.guest_list();
        State {
            base_url: base_url.to_owned(),
            requests: self.requests,
            faults: BTreeMap::new(),
            browsers: self.browsers.len(),
            guests: guest_list.len(),
            orders: Orders { processed: self.orders.len(), ..self.counts },
            money: self.money(),
            not_processed: self.not_processed.clone(),
            order_list: self.orders.iter().map(|(guest, order)| self.order_entry(*guest, order)).collect(),
            guest_list,
        }
    }

    /// The reference counts as repeated whether or not the orders were processed: someone sent it twice.
    fn receive_order(&mut self, reference_id: Option<&str>) {
        self.counts.received += 1;
        let is_repeated = reference_id.is_some_and(|reference| !self.references.insert(reference.to_owned()));
        self.counts.repeated_references += usize::from(is_repeated);
    }

    fn unknown_pos(&self, pos: Option<&str>) -> Option<String> {
        let is_known = |pos: &str| self.known_pos.is_empty() || self.known_pos.iter().any(|known| known == pos);
        pos.filter(|pos| !is_known(pos)).map(|pos| format!("pos: {pos:?} is unknown to this tenant"))
    }

    fn identify(&mut self, browser_id: String, before: Option<GuestId>, identifiers: Vec<Identifier>) {
        let guest = self.guests.identify(before, identifiers);
        self.browsers.insert(browser_id, Some(guest));
    }

    fn keep_order(&mut self, guest: GuestId, order: Order) {
        self.counts.items += order.n_items;
        let nothing = Sum { n_orders: 0, total: Some(Decimal::ZERO) };
        self.sums.entry(order.currency.clone()).or_insert(nothing).add(order.price);
        self.orders.push((guest, order));
    }

    fn money(&self) -> Vec<Money> {
        let entry = |(currency, sum): (&String, &Sum)| Money {
            currency: currency.clone(),
            orders: sum.n_orders,
            total: sum.total.map_or_else(|| "inexact".to_owned(), |total| total.to_string()),
        };
        self.sums.iter().map(entry).collect()
    }

    fn order_entry(&self, guest: GuestId, order: &Order) -> OrderEntry {
        OrderEntry {
            reference_id: order.reference_id.clone(),
            guest: self.guests.name(guest),
            ordered_at: order.ordered_at.clone(),
            status: order.status.clone(),
            currency: order.currency.clone(),
            price: order.price.to_string(),
            items: order.n_items,
        }
    }

    fn guest_list(&self) -> Vec<GuestEntry> {
        let mut n_orders: HashMap<GuestId, usize> = HashMap::new();
        for (guest, _) in &self.orders {
            *n_orders.entry(self.guests.current(*guest)).or_default() += 1;
        }
        let entry = |(guest, identifiers): (GuestId, &[Identifier])| GuestEntry {
            identifiers: identifiers.to_vec(),
            orders: n_orders.get(&guest).copied().unwrap_or_default(),
        };
        self.guests.iter().map(entry).collect()
    }
}

impl Sum {
    fn add(&mut self, price: Decimal) {
        self.n_orders += 1;
        self.total = self.total.and_then(|total| exact_sum(total, price));
    }
}

/// `rust_decimal` rounds a sum that does not fit its 96 bits, which shows in fewer places after the point.
fn exact_sum(one: Decimal, other: Decimal) -> Option<Decimal> {
    let n_places = one.scale().max(other.scale());
    one.checked_add(other).filter(|sum| sum.scale() == n_places)
}

/// What a processed event does to the tenant.
enum Change {
    Identify(Vec<Identifier>),
    Buy(GuestId, Order),
}

/// Whether an accepted event is processed, or every reason why not. `guest` is the browser's, once identified.
fn judge(
    content: Result<Content, Vec<String>>,
    pos_reason: Option<String>,
    guest: Option<GuestId>,
) -> Result<Change, Vec<String>> {
    let (change, mut reasons) = match content {
        Ok(Content::Identity(identifiers)) => (Some(Change::Identify(identifiers)), Vec::new()),
        Ok(Content::Order(order)) => match guest {
            Some(guest) => (Some(Change::Buy(guest, order)), Vec::new()),
            None => (None, vec!["browser_id: its guest was not identified before".to_owned()]),
        },
        Err(reasons) => (None, reasons),
    };
    reasons.extend(pos_reason);
    change.filter(|_| reasons.is_empty()).ok_or(reasons)
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use serde_json::json;

    use super::*;

    fn common(kind: &str, browser: &str) -> serde_json::Value {
        json!({ "type": kind, "browser_id": browser, "channel": "WEB", "language": "EN", "currency": "EUR",
                "page": "x", "pos": "shop" })
    }

    fn identity(browser: &str, id: &str) -> Event {
        let mut event = common("IDENTITY", browser);
        event["identifiers"] = json!([{ "provider": "email", "id": id }]);
        Event::read(Some(&event.to_string())).unwrap()
    }

    fn order(browser: &str, reference: &str, currency: &str, price: &str) -> Event {
        let mut event = common("ORDER_CHECKOUT", browser);
        event["order"] = json!({ "referenceId": reference, "orderedAt": "2025-08-23T16:17:16.000Z", "status": "PURCHASED",
            "currencyCode": currency, "price": 0, "paymentType": "other", "orderItems": [{}, {}] });
        let text = event.to_string().replace("\"price\":0", &format!("\"price\":{price}"));
        Event::read(Some(&text)).unwrap()
    }

    fn tenant(known_pos: &[&str], browsers: &[&str]) -> Tenant {
        let mut tenant = Tenant::new(known_pos.iter().map(ToString::to_string).collect());
        for browser in browsers {
            tenant.create_browser((*browser).to_owned());
        }
        tenant
    }

    /// Runs a script, then shows the tenant in a few lines.
    fn after(mut tenant: Tenant, script: Vec<Event>) -> String {
        for event in script {
            tenant.accept(event).unwrap();
        }
        let state = tenant.state("");
        let mut text = format!("guests {} of {} browsers\n", state.guests, state.browsers);
        let Orders { received, processed, not_processed, repeated_references, items } = state.orders;
        writeln!(
            text,
            "orders {received} = {processed} + {not_processed}, repeated {repeated_references}, items {items}"
        )
        .unwrap();
        for sum in state.money {
            writeln!(text, "{} {} {}", sum.currency, sum.orders, sum.total).unwrap();
        }
        for lost in state.not_processed {
            writeln!(text, "{} {}: {}", lost.kind, lost.reference_id.unwrap_or_default(), lost.reasons.join("; "))
                .unwrap();
        }
        text
    }

    #[test]
    fn orders_of_identified_guests_are_kept_and_summed_exactly() {
        let script = vec![
            identity("a", "1"),
            order("a", "R1", "GBP", "0.10"),
            order("a", "R2", "GBP", "0.2"),
            identity("b", "2"),
            order("b", "R3", "EUR", "-1e1"),
        ];
        assert_eq!(
            after(tenant(&[], &["a", "b"]), script),
            "guests 2 of 2 browsers\norders 3 = 3 + 0, repeated 0, items 6\nEUR 1 -10\nGBP 2 0.30\n"
        );
    }

    #[test]
    fn an_order_before_identity_is_dropped_with_the_reason() {
        let script = vec![order("a", "R1", "EUR", "5"), identity("a", "1")];
        assert_eq!(
            after(tenant(&[], &["a"]), script),
            "guests 1 of 1 browsers\norders 1 = 0 + 1, repeated 0, items 0\n\
             ORDER_CHECKOUT R1: browser_id: its guest was not identified before\n"
        );
    }

    #[test]
    fn an_unknown_point_of_sale_drops_both_events() {
        let script = vec![identity("a", "1"), order("a", "R1", "EUR", "\"5\"")];
        assert_eq!(
            after(tenant(&["other"], &["a"]), script),
            "guests 0 of 1 browsers\norders 1 = 0 + 1, repeated 0, items 0\n\
             IDENTITY : pos: \"shop\" is unknown to this tenant\n\
             ORDER_CHECKOUT R1: order.price: text, expected a number; pos: \"shop\" is unknown to this tenant\n"
        );
        let script = vec![identity("a", "1"), order("a", "R1", "EUR", "5")];
        assert!(after(tenant(&["other", "shop"], &["a"]), script).contains("orders 1 = 1 + 0"));
    }

    #[test]
    fn a_repeated_reference_is_stored_and_counted() {
        let script = vec![identity("a", "1"), order("a", "R1", "EUR", "5"), order("a", "R1", "EUR", "5")];
        assert_eq!(
            after(tenant(&[], &["a"]), script),
            "guests 1 of 1 browsers\norders 2 = 2 + 0, repeated 1, items 4\nEUR 2 10\n"
        );
    }

    #[test]
    fn two_browsers_of_one_identifier_are_one_guest_with_all_orders() {
        let mut tenant = tenant(&[], &["a", "b"]);
        for event in
            [identity("a", "1"), order("a", "R1", "EUR", "5"), identity("b", "1"), order("b", "R2", "EUR", "5")]
        {
            tenant.accept(event).unwrap();
        }
        let state = tenant.state("");
        assert_eq!(state.guest_list.iter().map(|guest| guest.orders).collect::<Vec<_>>(), [2]);
        assert_eq!(state.order_list[1].guest, "email:1");
    }

    #[test]
    fn an_event_of_an_unknown_browser_changes_nothing() {
        let mut tenant = tenant(&[], &["a"]);
        let before = tenant.state("");
        assert_eq!(tenant.accept(order("made-up", "R1", "EUR", "5")), Err(UnknownBrowser));
        assert_eq!(tenant.state(""), before);
    }

    #[test]
    fn a_sum_that_cannot_be_exact_is_not_shown() {
        let script = vec![
            identity("a", "1"),
            order("a", "R1", "EUR", "7922816251426433759354395033"),
            order("a", "R2", "EUR", "0.01"),
        ];
        assert!(after(tenant(&[], &["a"]), script).contains("EUR 2 inexact"));
    }

    #[test]
    fn requests_are_counted_by_kind() {
        let mut tenant = tenant(&[], &[]);
        for kind in [Kind::BrowserCreate, Kind::Identity, Kind::OrderCheckout, Kind::OrderCheckout, Kind::Other] {
            tenant.count(kind);
        }
        tenant.count_refused();
        let expected = Requests { browser_create: 1, identity: 1, order_checkout: 2, other: 1, refused: 1, total: 5 };
        assert_eq!(tenant.state("").requests, expected);
    }
}
