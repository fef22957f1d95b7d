//! Tests by scripts of orders that are assembled from several events.

use serde_json::Value;

use super::*;

/// An event of browser `a`.
fn event(kind: &str, rest: Value) -> TenantEvent {
    of_browser("a", kind, rest)
}

fn of_browser(browser: &str, kind: &str, rest: Value) -> TenantEvent {
    let mut event = common(kind, browser);
    let Value::Object(rest) = rest else { panic!("{rest}") };
    event.as_object_mut().unwrap().extend(rest);
    TenantEvent::parse(Some(&event.to_string())).unwrap()
}

fn product(item: &str, price: &Value, currency: &str) -> Value {
    json!({ "product": { "type": "PRODUCT", "item_id": item, "name": "Tea", "orderedAt": "2025-08-23T16:17:16.000Z",
            "quantity": 2, "price": price, "productId": "T", "currency": currency, "referenceId": format!("R-{item}") } })
}

fn add(item: &str, price: f64) -> TenantEvent {
    event("ADD", product(item, &json!(price), "EUR"))
}

fn confirm(items: &[&str]) -> TenantEvent {
    let product: Vec<_> = items.iter().map(|item| json!({ "item_id": item })).collect();
    event("CONFIRM", json!({ "product": product }))
}

fn checkout(reference: &str) -> TenantEvent {
    event("CHECKOUT", json!({ "reference_id": reference, "status": "PURCHASED" }))
}

fn clear() -> TenantEvent {
    event("CLEAR_CART", json!({}))
}

fn contacts(contact: &Value) -> TenantEvent {
    event("ADD_CONTACTS", json!({ "contact": contact }))
}

/// Runs a script, one event per minute, at a tenant that knows the point of sale `shop` and the
/// guest of browser `a`. Returns the refused and dropped events, the orders and the open carts.
fn run(script: Vec<TenantEvent>) -> String {
    let mut tenant = tenant(&["shop"], &["a", "b"]);
    tenant.accept(identity("a", "1"), Duration::ZERO).unwrap();
    summary(tenant, script)
}

fn summary(mut tenant: Tenant, script: Vec<TenantEvent>) -> String {
    let (mut text, mut now) = (String::new(), Duration::ZERO);
    for event in script {
        now += Duration::from_secs(60);
        if let Err(EventError::CheckoutFails(reasons)) = tenant.accept(event, now) {
            writeln!(text, "refused: {}", reasons.join("; ")).unwrap();
        }
    }
    let state = tenant.state("", now);
    for event in state.not_processed {
        let reference = event.reference_id.unwrap_or_default();
        writeln!(text, "dropped {} {reference}: {}", event.event_type, event.reasons.join("; "))
            .unwrap();
    }
    for order in state.order_list {
        let OrderEntry { reference_id, guest, ordered_at, status, currency, price, items, mode } =
            order;
        writeln!(text, "{mode} {reference_id} of {guest}, {items} items, {price} {currency}, {status} {ordered_at}")
            .unwrap();
    }
    let OrderCounts { received, processed, not_processed, repeated_references, items } =
        state.orders;
    assert_eq!((received, items > 0), (processed + not_processed, processed > 0));
    writeln!(text, "orders {processed} + {not_processed}, repeated {repeated_references}").unwrap();
    for cart in state.carts.list {
        let (guest, reference) =
            (cart.guest.unwrap_or_default(), cart.reference.unwrap_or_default());
        let (items, contacts, consumers) = (cart.items, cart.contacts, cart.consumers);
        writeln!(
            text,
            "cart {reference} of {} {guest}: {items}, {contacts}, {consumers}",
            cart.browser_id
        )
        .unwrap();
    }
    write!(
        text,
        "carts {}, abandoned {}, cleared {}",
        state.carts.open, state.carts.abandoned, state.carts.cleared
    )
    .unwrap();
    text
}

#[test]
fn checkout_makes_an_order_and_removes_the_cart() {
    let consumers = event("ADD_CONSUMERS", json!({ "consumer": [{ "item_ids": ["A"] }, {}] }));
    let script = vec![
        add("A", 12.25),
        contacts(&json!([{}])),
        consumers,
        add("B", 0.1),
        confirm(&["A", "B"]),
        checkout("R1"),
    ];
    insta::assert_snapshot!(run(script), @"
    multi R1 of email:1, 2 items, 24.70 EUR, PURCHASED 2025-08-23T16:17:16.000Z
    orders 1 + 0, repeated 0
    carts 0, abandoned 0, cleared 0
    ");
}

#[test]
fn only_confirmed_items_are_purchased() {
    let script = vec![
        add("A", 1.0),
        add("B", 2.0),
        add("C", 4.0),
        confirm(&["B"]),
        confirm(&["C"]),
        checkout("R1"),
    ];
    insta::assert_snapshot!(run(script), @"
    multi R1 of email:1, 2 items, 12.0 EUR, PURCHASED 2025-08-23T16:17:16.000Z
    orders 1 + 0, repeated 0
    carts 0, abandoned 0, cleared 0
    ");
}

#[test]
fn adding_an_item_again_replaces_its_line() {
    let script =
        vec![add("A", 1.0), add("B", 2.0), add("A", 5.0), confirm(&["A", "B"]), checkout("R1")];
    insta::assert_snapshot!(run(script), @"
    multi R1 of email:1, 2 items, 14.0 EUR, PURCHASED 2025-08-23T16:17:16.000Z
    orders 1 + 0, repeated 0
    carts 0, abandoned 0, cleared 0
    ");
}

#[test]
fn invalid_confirm_fails_the_checkout() {
    let object = event("CONFIRM", json!({ "product": { "item_id": "A" } }));
    insta::assert_snapshot!(run(vec![add("A", 1.0), object, checkout("R1")]), @"
    refused: CONFIRM: product: an object, expected an array
    dropped CONFIRM : product: an object, expected an array
    orders 0 + 0, repeated 0
    cart R-A of a email:1: 1, 0, 0
    carts 1, abandoned 0, cleared 0
    ");
}

#[test]
fn unknown_confirmed_item_fails_checkout_until_added() {
    let script =
        vec![add("A", 1.0), confirm(&["A", "B"]), checkout("R1"), add("B", 1.0), checkout("R1")];
    insta::assert_snapshot!(run(script), @r#"
    refused: CONFIRM: item_id "B" was not added
    multi R1 of email:1, 2 items, 4.0 EUR, PURCHASED 2025-08-23T16:17:16.000Z
    orders 1 + 0, repeated 0
    carts 0, abandoned 0, cleared 0
    "#);
}

#[test]
fn invalid_add_fails_checkout_until_cart_is_cleared() {
    let text = event("ADD", product("A", &json!("1.00"), "EUR"));
    let script = vec![
        text,
        add("B", 1.0),
        confirm(&["B"]),
        checkout("R1"),
        clear(),
        add("B", 1.0),
        checkout("R2"),
    ];
    insta::assert_snapshot!(run(script), @r#"
    refused: ADD of "A": product.price: text, expected a number
    refused: nothing was confirmed
    dropped ADD R-A: product.price: text, expected a number
    orders 0 + 0, repeated 0
    cart R-B of a email:1: 1, 0, 0
    carts 1, abandoned 0, cleared 1
    "#);
}

#[test]
fn mixed_currencies_fail_the_checkout() {
    let dollars = event("ADD", product("B", &json!(1), "USD"));
    insta::assert_snapshot!(run(vec![add("A", 1.0), dollars, confirm(&["A", "B"]), checkout("R1")]), @"
    refused: product.currency: EUR, USD, expected one currency for all items
    orders 0 + 0, repeated 0
    cart R-A of a email:1: 2, 0, 0
    carts 1, abandoned 0, cleared 0
    ");
}

#[test]
fn failed_checkout_lists_all_reasons() {
    let wrong = event("CHECKOUT", json!({ "status": "Purchased", "language": "en" }));
    insta::assert_snapshot!(run(vec![wrong]), @r#"
    refused: reference_id: missing; status: "Purchased", expected one of CHECKOUT's statuses; language: "en", expected two upper-case letters; nothing was added; nothing was confirmed
    orders 0 + 0, repeated 0
    carts 0, abandoned 0, cleared 0
    "#);
}

#[test]
fn invalid_common_attributes_drop_a_checkout() {
    let wrong =
        event("CHECKOUT", json!({ "reference_id": "R1", "status": "PURCHASED", "language": "en" }));
    insta::assert_snapshot!(run(vec![add("A", 1.0), confirm(&["A"]), wrong]), @r#"
    dropped CHECKOUT R1: language: "en", expected two upper-case letters
    orders 0 + 1, repeated 0
    cart R-A of a email:1: 1, 0, 0
    carts 1, abandoned 0, cleared 0
    "#);
}

#[test]
fn clear_cart_drops_confirmations() {
    let script = vec![
        add("A", 1.0),
        confirm(&["A"]),
        clear(),
        add("A", 1.0),
        checkout("R1"),
        clear(),
        clear(),
    ];
    insta::assert_snapshot!(run(script), @"
    refused: nothing was confirmed
    orders 0 + 0, repeated 0
    carts 0, abandoned 0, cleared 2
    ");
}

#[test]
fn invalid_contacts_do_not_affect_the_order() {
    let script = vec![add("A", 1.0), contacts(&json!({})), confirm(&["A"]), checkout("R1")];
    insta::assert_snapshot!(run(script), @"
    dropped ADD_CONTACTS : contact: an object, expected an array
    multi R1 of email:1, 1 items, 2.0 EUR, PURCHASED 2025-08-23T16:17:16.000Z
    orders 1 + 0, repeated 0
    carts 0, abandoned 0, cleared 0
    ");
}

/// After 30 minutes the browser has a new session.
#[test]
fn session_timeout_abandons_the_cart() {
    let mut script = vec![add("A", 1.0), confirm(&["A"])];
    script.extend((0..30).map(|_| of_browser("b", "CLEAR_CART", json!({}))));
    script.extend([checkout("R1"), add("B", 1.0), contacts(&json!([{}]))]);
    insta::assert_snapshot!(run(script), @"
    refused: nothing was added; nothing was confirmed
    orders 0 + 0, repeated 0
    cart R-B of a email:1: 1, 1, 0
    carts 1, abandoned 1, cleared 0
    ");
}

/// Every event that is not dropped extends the session.
#[test]
fn events_keep_a_session_alive() {
    let mut script = vec![add("A", 1.0)];
    for n in 0..60 {
        script.push(if n % 29 == 0 {
            identity("a", "1")
        } else {
            of_browser("b", "VIEW", json!({ "pos": "other" }))
        });
    }
    assert!(run(script).ends_with("carts 1, abandoned 0, cleared 0"));
}

#[test]
fn unknown_point_of_sale_leaves_the_cart_unchanged() {
    let with_unknown_pos = |kind: &str, mut rest: Value| {
        rest["pos"] = json!("other");
        event(kind, rest)
    };
    let script = vec![
        add("A", 1.0),
        with_unknown_pos("ADD", product("A", &json!("5"), "EUR")),
        with_unknown_pos("ADD_CONTACTS", json!({ "contact": [{}] })),
        with_unknown_pos("ADD_CONSUMERS", json!({ "consumer": [{}] })),
        with_unknown_pos("CONFIRM", json!({ "product": {} })),
        with_unknown_pos("CHECKOUT", json!({ "reference_id": "R1", "status": "PURCHASED" })),
        with_unknown_pos("CLEAR_CART", json!({})),
        confirm(&["A"]),
        checkout("R1"),
    ];
    insta::assert_snapshot!(run(script), @r#"
    dropped ADD R-A: product.price: text, expected a number; pos: "other" is unknown to this tenant
    dropped ADD_CONTACTS : pos: "other" is unknown to this tenant
    dropped ADD_CONSUMERS : pos: "other" is unknown to this tenant
    dropped CONFIRM : product: an object, expected an array; pos: "other" is unknown to this tenant
    dropped CHECKOUT R1: pos: "other" is unknown to this tenant
    dropped CLEAR_CART : pos: "other" is unknown to this tenant
    multi R1 of email:1, 1 items, 2.0 EUR, PURCHASED 2025-08-23T16:17:16.000Z
    orders 1 + 1, repeated 1
    carts 0, abandoned 0, cleared 0
    "#);
}

#[test]
fn checkout_before_identity_keeps_the_cart() {
    let script = vec![add("A", 1.0), confirm(&["A"]), checkout("R1")];
    insta::assert_snapshot!(summary(tenant(&[], &["a"]), script), @"
    dropped CHECKOUT R1: browser_id: its guest is not identified, expected an IDENTITY before
    orders 0 + 1, repeated 0
    cart R-A of a : 1, 0, 0
    carts 1, abandoned 0, cleared 0
    ");
}

#[test]
fn repeated_references_are_counted_across_modes() {
    let script = vec![
        order("a", "R1", "EUR", "5"),
        add("A", 1.0),
        checkout("R1"),
        confirm(&["A"]),
        checkout("R1"),
    ];
    insta::assert_snapshot!(run(script), @"
    refused: nothing was confirmed
    single R1 of email:1, 2 items, 5 EUR, PURCHASED 2025-08-23T16:17:16.000Z
    multi R1 of email:1, 1 items, 2.0 EUR, PURCHASED 2025-08-23T16:17:16.000Z
    orders 2 + 0, repeated 1
    carts 0, abandoned 0, cleared 0
    ");
}

#[test]
fn flights_need_no_order_time() {
    let flight = json!({ "type": "FLIGHT", "item_id": "F", "name": "DUB-LHR", "quantity": 1, "price": 99.5,
        "productId": "DUB-LHR", "currency": "EUR", "origin": "DUB", "destination": "LHR" });
    let script = vec![event("ADD", json!({ "product": flight })), confirm(&["F"]), checkout("R1")];
    insta::assert_snapshot!(run(script), @"
    multi R1 of email:1, 1 items, 99.5 EUR, PURCHASED 
    orders 1 + 0, repeated 0
    carts 0, abandoned 0, cleared 0
    ");
}

#[test]
fn totals_include_single_and_multi_orders() {
    let script =
        vec![order("a", "R1", "EUR", "0.50"), add("A", 1.25), confirm(&["A"]), checkout("R2")];
    let mut tenant = tenant(&[], &["a"]);
    tenant.accept(identity("a", "1"), Duration::ZERO).unwrap();
    for event in script {
        tenant.accept(event, Duration::ZERO).unwrap();
    }
    let state = tenant.state("", Duration::ZERO);
    let [money] = state.money.as_slice() else { panic!("{:?}", state.money) };
    assert_eq!((money.orders, money.total.as_str()), (2, "3.00"));
    assert_eq!((state.orders.items, state.guest_list[0].orders), (3, 2));
}
