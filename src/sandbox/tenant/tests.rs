//! Tests by scripts: a list of events in, a summary of the tenant out. The scripts of carts are in
//! `tests/carts.rs`.

mod carts;

use std::fmt::Write as _;

use serde_json::json;

use super::*;

const TIMEOUT: Duration = Duration::from_secs(30 * 60);

fn common(kind: &str, browser: &str) -> serde_json::Value {
    json!({ "type": kind, "browser_id": browser, "channel": "WEB", "language": "EN", "currency": "EUR",
            "page": "x", "pos": "shop" })
}

fn identity(browser: &str, id: &str) -> TenantEvent {
    let mut event = common("IDENTITY", browser);
    event["identifiers"] = json!([{ "provider": "email", "id": id }]);
    TenantEvent::parse(Some(&event.to_string())).unwrap()
}

fn order(browser: &str, reference: &str, currency: &str, price: &str) -> TenantEvent {
    let mut event = common("ORDER_CHECKOUT", browser);
    event["order"] = json!({ "referenceId": reference, "orderedAt": "2025-08-23T16:17:16.000Z", "status": "PURCHASED",
        "currencyCode": currency, "price": 0, "paymentType": "other", "orderItems": [{}, {}] });
    let text = event.to_string().replace("\"price\":0", &format!("\"price\":{price}"));
    TenantEvent::parse(Some(&text)).unwrap()
}

fn tenant(known_pos: &[&str], browsers: &[&str]) -> Tenant {
    let mut tenant = Tenant::new(known_pos.iter().map(ToString::to_string).collect(), TIMEOUT);
    for browser in browsers {
        tenant.create_browser((*browser).to_owned());
    }
    tenant
}

/// Runs a script and returns a summary of the tenant.
fn after(mut tenant: Tenant, script: Vec<TenantEvent>) -> String {
    for event in script {
        tenant.accept(event, Duration::ZERO).unwrap();
    }
    let state = tenant.state("", Duration::ZERO);
    let mut text = format!("guests {} of {} browsers\n", state.guests, state.browsers);
    let OrderCounts { received, processed, not_processed, repeated_references, items } =
        state.orders;
    writeln!(text, "orders {received} = {processed} + {not_processed}, repeated {repeated_references}, items {items}")
        .unwrap();
    for sum in state.money {
        writeln!(text, "{} {} {}", sum.currency, sum.orders, sum.total).unwrap();
    }
    for event in state.not_processed {
        writeln!(
            text,
            "{} {}: {}",
            event.event_type,
            event.reference_id.unwrap_or_default(),
            event.reasons.join("; ")
        )
        .unwrap();
    }
    text
}

#[test]
fn orders_of_identified_guests_are_summed_exactly() {
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
fn order_before_identity_is_dropped() {
    let script = vec![order("a", "R1", "EUR", "5"), identity("a", "1")];
    assert_eq!(
        after(tenant(&[], &["a"]), script),
        "guests 1 of 1 browsers\norders 1 = 0 + 1, repeated 0, items 0\n\
         ORDER_CHECKOUT R1: browser_id: its guest is not identified, expected an IDENTITY before\n"
    );
}

#[test]
fn unknown_point_of_sale_drops_events() {
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
fn repeated_reference_is_stored_and_counted() {
    let script =
        vec![identity("a", "1"), order("a", "R1", "EUR", "5"), order("a", "R1", "EUR", "5")];
    assert_eq!(
        after(tenant(&[], &["a"]), script),
        "guests 1 of 1 browsers\norders 2 = 2 + 0, repeated 1, items 4\nEUR 2 10\n"
    );
}

#[test]
fn browsers_with_same_identifier_share_a_guest() {
    let mut tenant = tenant(&[], &["a", "b"]);
    for event in [
        identity("a", "1"),
        order("a", "R1", "EUR", "5"),
        identity("b", "1"),
        order("b", "R2", "EUR", "5"),
    ] {
        tenant.accept(event, Duration::ZERO).unwrap();
    }
    let state = tenant.state("", Duration::ZERO);
    assert_eq!(state.guest_list.iter().map(|guest| guest.orders).collect::<Vec<_>>(), [2]);
    assert_eq!(state.order_list[1].guest, "email:1");
}

#[test]
fn event_of_unknown_browser_changes_nothing() {
    let mut tenant = tenant(&[], &["a"]);
    let before = tenant.state("", Duration::ZERO);
    assert_eq!(
        tenant.accept(order("made-up", "R1", "EUR", "5"), Duration::ZERO),
        Err(EventError::UnknownBrowser)
    );
    assert_eq!(tenant.state("", Duration::ZERO), before);
}

#[test]
fn inexact_sum_is_not_reported() {
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
    for kind in [
        TenantRequestKind::BrowserCreate,
        TenantRequestKind::Identity,
        TenantRequestKind::OrderCheckout,
        TenantRequestKind::OrderCheckout,
        TenantRequestKind::Other,
    ] {
        tenant.count(kind);
    }
    tenant.count_refused();
    let requests = tenant.state("", Duration::ZERO).requests;
    assert_eq!((requests.refused, requests.total), (1, 5));
    let counts = TenantRequestKind::ALL.map(|kind| requests.by_kind[kind]);
    assert_eq!(counts, [1, 1, 2, 0, 0, 0, 0, 0, 0, 1]);
}
