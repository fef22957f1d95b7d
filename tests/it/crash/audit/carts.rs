//! Invariants of orders that are assembled from several events, and of their carts.

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

/// The events on the browser of an order, in sequence.
const SEQUENCE: [&str; 6] =
    ["IDENTITY", "ADD", "ADD_CONTACTS", "CONFIRM", "CHECKOUT", "CLEAR_CART"];

/// Events whose repetition has an undocumented effect.
const NOT_REPEATED: [&str; 3] = ["ADD_CONTACTS", "CONFIRM", "CHECKOUT"];

/// Checks everything about the carts of one run.
pub(super) fn check(run: &Run, shop: &TestShop) {
    let browsers = browsers(&run.exchanges);
    for (browser, exchanges) in &browsers {
        let Some(add) = exchanges.iter().find(|exchange| exchange.request.kind() == "ADD") else {
            continue;
        };
        let assembly = Assembly { browser, reference: add.request.reference(), exchanges };
        assembly.has_one_order();
        assembly.has_exactly_its_items(shop);
        assembly.is_confirmed_completely(shop);
        assembly.repeats_only_safe_events();
        assembly.clears_no_uncertain_checkout();
        // A request that timed out may arrive later, out of sequence.
        if !run.is_impatient {
            assembly.is_in_sequence();
        }
        let is_known = run
            .carts
            .iter()
            .any(|cart| cart.browser == *browser && cart.reference == assembly.reference);
        assert!(is_known, "the ledger does not contain the cart of {browser}: {:?}", run.carts);
    }
    check_routes(run, shop);
    check_carts_append_only(run);
    check_closed_carts_empty(run, shop);
    check_only_open_carts_cleared(run);
    check_earlier_carts_cleared(run);
}

/// Checks that no cart contains items, when nothing but unknown orders is left.
pub(in super::super) fn check_all_cleared(run: &Run, shop: &TestShop) {
    let open: Vec<_> = run.carts.iter().filter(|cart| cart.is_open).collect();
    assert!(open.is_empty(), "{open:?}");
    let exchanges = shop.tenant.service.exchanges();
    let filled: Vec<_> =
        browsers(&exchanges).into_iter().filter(|(_, exchanges)| is_filled(exchanges)).collect();
    assert!(filled.is_empty(), "{filled:#?}");
}

/// Checks a run with nothing else to do: it clears the carts that earlier runs left open.
pub(in super::super) fn check_only_clears(run: &Run) {
    let cleared: BTreeSet<_> =
        run.exchanges.iter().map(|exchange| exchange.request.browser()).collect();
    let open: BTreeSet<_> = open(&run.carts_before).map(|cart| cart.browser.as_str()).collect();
    assert_eq!(cleared, open);
    assert!(run.exchanges.iter().all(|exchange| exchange.request.kind() == "CLEAR_CART"));
}

/// All events of each browser.
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

/// The events of one order that a run sends on one browser.
struct Assembly<'r> {
    browser: &'r str,
    reference: &'r str,
    exchanges: &'r [&'r Exchange],
}

impl<'r> Assembly<'r> {
    fn events_of(&self, kind: &str) -> impl Iterator<Item = &'r Exchange> {
        self.exchanges.iter().copied().filter(move |exchange| exchange.request.kind() == kind)
    }

    fn has_one_order(&self) {
        for exchange in self.exchanges {
            let request = &exchange.request;
            assert!(
                SEQUENCE.contains(&request.kind()),
                "{} is sent on {}",
                request.kind(),
                self.browser
            );
            let is_same = ["", self.reference].contains(&request.reference());
            assert!(
                is_same,
                "{} is used for {} and {}",
                self.browser,
                self.reference,
                request.reference()
            );
        }
    }

    fn has_exactly_its_items(&self, shop: &TestShop) {
        let items = &shop.multi_products[self.reference];
        for add in self.events_of("ADD") {
            let product = &add.request.message["product"];
            let index = item_index(product)
                .filter(|index| items.get(*index).is_some_and(|id| product["productId"] == **id));
            assert!(index.is_some(), "{} of {items:?}: {product}", self.reference);
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
            let is_accepted = |item: &usize| {
                let of_item =
                    |add: &&Exchange| item_index(&add.request.message["product"]) == Some(*item);
                self.events_of("ADD").filter(of_item).any(|add| is_answered_before(add, confirm))
            };
            assert!(
                named.iter().all(is_accepted),
                "{} is confirmed before all items are accepted",
                self.reference
            );
        }
        for checkout in self.events_of("CHECKOUT") {
            for kind in ["ADD_CONTACTS", "CONFIRM"] {
                let is_accepted =
                    self.events_of(kind).any(|part| is_answered_before(part, checkout));
                assert!(is_accepted, "{} is checked out without {kind}", self.reference);
            }
        }
    }

    fn repeats_only_safe_events(&self) {
        for kind in NOT_REPEATED {
            let all: Vec<_> = self.events_of(kind).collect();
            let repeated =
                all.iter().rev().skip(1).find(|exchange| !is_definite_rejection(exchange));
            assert!(
                repeated.is_none(),
                "{} on {}: sent again after {repeated:?}",
                self.reference,
                self.browser
            );
        }
    }

    /// A CLEAR_CART could overtake the CHECKOUT and remove an order that would otherwise be
    /// created.
    fn clears_no_uncertain_checkout(&self) {
        let is_uncertain =
            self.events_of("CHECKOUT").any(|checkout| !is_definite_rejection(checkout));
        assert!(
            !is_uncertain || self.events_of("CLEAR_CART").next().is_none(),
            "{} is cleared after an uncertain CHECKOUT",
            self.browser
        );
    }

    fn is_in_sequence(&self) {
        let position_of = |exchange: &&Exchange| {
            let kind = SEQUENCE.iter().position(|kind| *kind == exchange.request.kind());
            (kind, item_index(&exchange.request.message["product"]))
        };
        let positions: Vec<_> = self.exchanges.iter().map(position_of).collect();
        assert!(positions.is_sorted(), "{} on {}: {positions:?}", self.reference, self.browser);
    }
}

/// The index of an item; `None` if the product is not a single item.
fn item_index(product: &Value) -> Option<usize> {
    product["item_id"].as_str()?.parse::<usize>().ok()?.checked_sub(1)
}

fn is_answered_before(part: &Exchange, next: &Exchange) -> bool {
    is_acceptance(part) && part.answered_at <= next.requests_before
}

fn check_routes(run: &Run, shop: &TestShop) {
    for request in run
        .exchanges
        .iter()
        .map(|exchange| &exchange.request)
        .filter(|request| request.is_checkout())
    {
        let kind = if shop.multi_products.contains_key(request.reference()) {
            "CHECKOUT"
        } else {
            "ORDER_CHECKOUT"
        };
        assert_eq!(request.kind(), kind, "{}", request.reference());
    }
}

/// A cart is never deleted and never reopened.
fn check_carts_append_only(run: &Run) {
    for (before, after) in run.carts_before.iter().zip(&run.carts) {
        let is_kept = Cart { is_open: before.is_open, ..after.clone() } == *before
            && (before.is_open || !after.is_open);
        assert!(is_kept, "{before:?} became {after:?}");
    }
    assert!(
        run.carts_before.len() <= run.carts.len(),
        "{:?} became {:?}",
        run.carts_before,
        run.carts
    );
}

/// Whether a browser's cart may contain items of which no order was created.
fn is_filled(exchanges: &[&Exchange]) -> bool {
    exchanges.iter().fold(false, |is_filled, exchange| match exchange.request.kind() {
        // An unknown browser has no cart.
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
        assert!(!is_filled(exchanges), "{cart:?} is closed, but may contain items: {exchanges:#?}");
    }
}

fn check_only_open_carts_cleared(run: &Run) {
    for clear in run.exchanges.iter().filter(|exchange| exchange.request.kind() == "CLEAR_CART") {
        let browser = clear.request.browser();
        let was_closed =
            run.carts_before.iter().any(|cart| cart.browser == browser && !cart.is_open);
        let is_known = run.carts.iter().any(|cart| cart.browser == browser);
        assert!(
            is_known && !was_closed,
            "{browser} was cleared, but has no open cart: {:?}",
            run.carts
        );
    }
}

/// A cart of an earlier run is cleared before its order is checked out on another browser, and by
/// every run that is not stopped.
fn check_earlier_carts_cleared(run: &Run) {
    let is_over = run.code.is_some() && run.summary.is_some() && run.summary()["stopped"].is_null();
    for cart in open(&run.carts_before) {
        let is_of_cart = |exchange: &Exchange| exchange.request.browser() == cart.browser;
        let cleared_at = run.exchanges.iter().position(is_of_cart);
        let checked_out = |exchange: &Exchange| {
            exchange.request.is_checkout() && exchange.request.reference() == cart.reference
        };
        if let Some(at) = run.exchanges.iter().position(checked_out) {
            assert!(
                cleared_at.is_some_and(|cleared_at| cleared_at < at),
                "{cart:?} was not cleared"
            );
        }
        assert!(!is_over || run.is_impatient || cleared_at.is_some(), "{cart:?} was not cleared");
    }
}
