//! What must hold of orders that are assembled from several events, and of the carts that they leave.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    super::{
        ledger::Cart,
        test_shop::{Run, TestShop},
    },
    is_acceptance, is_definite_rejection,
};
use crate::support::service::Exchange;

/// The events of an order's own browser, in their sequence.
const SEQUENCE: [&str; 6] = ["IDENTITY", "ADD", "ADD_CONTACTS", "CONFIRM", "CHECKOUT", "CLEAR_CART"];

/// Of a second one nobody knows what it does.
const NOT_REPEATED: [&str; 3] = ["ADD_CONTACTS", "CONFIRM", "CHECKOUT"];

/// Everything that can be said of one run.
pub(super) fn check(run: &Run, shop: &TestShop) {
    let browsers = browsers(&run.exchanges);
    for (browser, exchanges) in &browsers {
        let Some(add) = exchanges.iter().find(|exchange| exchange.request.kind() == "ADD") else { continue };
        let assembly = Assembly { browser, reference: add.request.reference(), exchanges };
        assembly.carries_one_order();
        assembly.has_exactly_its_items(shop);
        assembly.is_confirmed_completely(shop);
        assembly.repeats_only_safe_events();
        assembly.clears_no_uncertain_checkout();
        // One that is given up may come when it is no longer awaited.
        if !run.is_impatient {
            assembly.is_in_sequence();
        }
        let is_known = run.carts.iter().any(|cart| cart.browser == *browser && cart.reference == assembly.reference);
        assert!(is_known, "the ledger does not know the cart of {browser}: {:?}", run.carts);
    }
    check_routes(run, shop);
    check_carts_append_only(run);
    check_closed_carts_empty(run, shop);
    check_only_open_carts_cleared(run);
    check_earlier_carts_cleared(run);
}

/// What must hold when only orders of which nobody knows are left: no cart holds anything.
pub(in super::super) fn check_all_cleared(run: &Run, shop: &TestShop) {
    let open: Vec<_> = run.carts.iter().filter(|cart| cart.is_open).collect();
    assert!(open.is_empty(), "{open:?}");
    let exchanges = shop.tenant.service.exchanges();
    let filled: Vec<_> = browsers(&exchanges).into_iter().filter(|(_, exchanges)| is_filled(exchanges)).collect();
    assert!(filled.is_empty(), "{filled:#?}");
}

/// What must hold of a run that finds nothing else to do: it clears what earlier ones left open.
pub(in super::super) fn check_only_clears(run: &Run) {
    let cleared: BTreeSet<_> = run.exchanges.iter().map(|exchange| exchange.request.browser()).collect();
    let open: BTreeSet<_> = open(&run.carts_before).map(|cart| cart.browser.as_str()).collect();
    assert_eq!(cleared, open);
    assert!(run.exchanges.iter().all(|exchange| exchange.request.kind() == "CLEAR_CART"));
}

/// All events of the browsers that a tenant has.
fn browsers(exchanges: &[Exchange]) -> BTreeMap<&str, Vec<&Exchange>> {
    let mut browsers: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for exchange in exchanges.iter().filter(|exchange| exchange.request.kind() != "BROWSER") {
        browsers.entry(exchange.request.browser()).or_default().push(exchange);
    }
    browsers
}

fn open(carts: &[Cart]) -> impl Iterator<Item = &Cart> {
    carts.iter().filter(|cart| cart.is_open)
}

/// What one run sends of an order on one browser.
struct Assembly<'r> {
    browser: &'r str,
    reference: &'r str,
    exchanges: &'r [&'r Exchange],
}

impl<'r> Assembly<'r> {
    fn events_of(&self, kind: &str) -> impl Iterator<Item = &'r Exchange> {
        self.exchanges.iter().copied().filter(move |exchange| exchange.request.kind() == kind)
    }

    fn carries_one_order(&self) {
        for exchange in self.exchanges {
            let request = &exchange.request;
            assert!(SEQUENCE.contains(&request.kind()), "{} goes on {}", request.kind(), self.browser);
            let is_same = ["", self.reference].contains(&request.reference());
            assert!(is_same, "{} carries {} and {}", self.browser, self.reference, request.reference());
        }
    }

    fn has_exactly_its_items(&self, shop: &TestShop) {
        let items = &shop.multi_products[self.reference];
        for add in self.events_of("ADD") {
            let product = &add.request.message["product"];
            let position_of =
                item_index(product).filter(|place| items.get(*place).is_some_and(|id| product["productId"] == **id));
            assert!(position_of.is_some(), "{} of {items:?}: {product}", self.reference);
        }
    }

    fn is_confirmed_completely(&self, shop: &TestShop) {
        let n_items = shop.multi_products[self.reference].len();
        for confirm in self.events_of("CONFIRM") {
            let named: Vec<_> = confirm.request.message["product"]
                .as_array()
                .unwrap()
                .iter()
                .map(|item| item_index(item).unwrap())
                .collect();
            assert_eq!(named, (0..n_items).collect::<Vec<_>>(), "{}", self.reference);
            let is_there = |item: &usize| {
                let of_item = |add: &&Exchange| item_index(&add.request.message["product"]) == Some(*item);
                self.events_of("ADD").filter(of_item).any(|add| is_answered_before(add, confirm))
            };
            assert!(named.iter().all(is_there), "{} is confirmed before all items are there", self.reference);
        }
        for checkout in self.events_of("CHECKOUT") {
            for kind in ["ADD_CONTACTS", "CONFIRM"] {
                let is_there = self.events_of(kind).any(|part| is_answered_before(part, checkout));
                assert!(is_there, "{} is checked out without {kind}", self.reference);
            }
        }
    }

    fn repeats_only_safe_events(&self) {
        for kind in NOT_REPEATED {
            let all: Vec<_> = self.events_of(kind).collect();
            let repeated = all.iter().rev().skip(1).find(|exchange| !is_definite_rejection(exchange));
            assert!(repeated.is_none(), "{} on {}: sent again after {repeated:?}", self.reference, self.browser);
        }
    }

    /// CLEAR_CART could overtake it, and an order that is there would not be.
    fn clears_no_uncertain_checkout(&self) {
        let is_uncertain = self.events_of("CHECKOUT").any(|checkout| !is_definite_rejection(checkout));
        assert!(
            !is_uncertain || self.events_of("CLEAR_CART").next().is_none(),
            "{} is cleared behind CHECKOUT",
            self.browser
        );
    }

    fn is_in_sequence(&self) {
        let position_of = |exchange: &&Exchange| {
            let kind = SEQUENCE.iter().position(|kind| *kind == exchange.request.kind());
            (kind, item_index(&exchange.request.message["product"]))
        };
        let places: Vec<_> = self.exchanges.iter().map(position_of).collect();
        assert!(places.is_sorted(), "{} on {}: {places:?}", self.reference, self.browser);
    }
}

/// The place of an item, from 0; none of what is no single item.
fn item_index(product: &Value) -> Option<usize> {
    product["item_id"].as_str()?.parse::<usize>().ok()?.checked_sub(1)
}

fn is_answered_before(part: &Exchange, next: &Exchange) -> bool {
    is_acceptance(part) && part.answered_at <= next.requests_before
}

fn check_routes(run: &Run, shop: &TestShop) {
    for request in run.exchanges.iter().map(|exchange| &exchange.request).filter(|request| request.is_checkout()) {
        let kind = if shop.multi_products.contains_key(request.reference()) { "CHECKOUT" } else { "ORDER_CHECKOUT" };
        assert_eq!(request.kind(), kind, "{}", request.reference());
    }
}

/// A cart is never forgotten, and never opened again.
fn check_carts_append_only(run: &Run) {
    for (before, after) in run.carts_before.iter().zip(&run.carts) {
        let is_kept =
            Cart { is_open: before.is_open, ..after.clone() } == *before && (before.is_open || !after.is_open);
        assert!(is_kept, "{before:?} became {after:?}");
    }
    assert!(run.carts_before.len() <= run.carts.len(), "{:?} became {:?}", run.carts_before, run.carts);
}

/// Whether items may lie in a browser's cart, and no order was made of them.
fn is_filled(exchanges: &[&Exchange]) -> bool {
    exchanges.iter().fold(false, |is_filled, exchange| match exchange.request.kind() {
        // Whoever asks of a browser that is not known hears that its cart is gone too.
        _ if exchange.status == Some(404) => false,
        "ADD" => is_filled || !is_definite_rejection(exchange),
        "CHECKOUT" | "CLEAR_CART" => is_filled && !is_acceptance(exchange),
        _ => is_filled,
    })
}

fn check_closed_carts_empty(run: &Run, shop: &TestShop) {
    let exchanges = shop.tenant.service.exchanges();
    let browsers = browsers(&exchanges);
    for cart in run.carts.iter().filter(|cart| !cart.is_open) {
        let exchanges = browsers.get(cart.browser.as_str()).map_or(&[][..], Vec::as_slice);
        assert!(!is_filled(exchanges), "{cart:?} is closed, and may hold something: {exchanges:#?}");
    }
}

fn check_only_open_carts_cleared(run: &Run) {
    for clear in run.exchanges.iter().filter(|exchange| exchange.request.kind() == "CLEAR_CART") {
        let browser = clear.request.browser();
        let was_closed = run.carts_before.iter().any(|cart| cart.browser == browser && !cart.is_open);
        let is_known = run.carts.iter().any(|cart| cart.browser == browser);
        assert!(is_known && !was_closed, "{browser} was cleared: {:?}", run.carts);
    }
}

/// What earlier runs left is cleared before its order is there on another browser, and by every run that comes to its end.
fn check_earlier_carts_cleared(run: &Run) {
    let is_over = run.code.is_some() && run.summary.is_some() && run.summary()["stopped"].is_null();
    for cart in open(&run.carts_before) {
        let is_of_cart = |exchange: &Exchange| exchange.request.browser() == cart.browser;
        let cleared_at = run.exchanges.iter().position(is_of_cart);
        let checked_out =
            |exchange: &Exchange| exchange.request.is_checkout() && exchange.request.reference() == cart.reference;
        if let Some(at) = run.exchanges.iter().position(checked_out) {
            assert!(cleared_at.is_some_and(|cleared_at| cleared_at < at), "{cart:?} was not cleared");
        }
        assert!(!is_over || run.is_impatient || cleared_at.is_some(), "{cart:?} was not cleared");
    }
}
