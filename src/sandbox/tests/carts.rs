//! Tests of an order assembled from several events, over a real socket.

use std::time::Duration;

use super::*;

/// The events of an order with one item, each with the expected status.
pub(super) fn events(browser: &str) -> [(Value, u16); 5] {
    let event = |kind: &str, rest: Value| {
        let mut event = json!({ "type": kind, "browser_id": browser, "channel": "WEB", "language": "EN",
            "currency": "EUR", "page": "x", "pos": "shop" });
        event.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        event
    };
    let product = json!({ "type": "PRODUCT", "item_id": "1", "name": "Tea", "orderedAt": "2025-08-23T16:17:16.000Z",
        "quantity": 3, "price": 12.25, "productId": "T", "currency": "EUR", "referenceId": "R1-1" });
    let checkout = json!({ "reference_id": "R1", "status": "PURCHASED" });
    [
        (event("ADD", json!({ "product": product })), 201),
        (event("ADD_CONTACTS", json!({ "contact": [{ "email": "jörg+a&b@example.org" }] })), 201),
        (event("CHECKOUT", checkout.clone()), 400),
        (event("CONFIRM", json!({ "product": [{ "item_id": "1" }] })), 201),
        (event("CHECKOUT", checkout), 201),
    ]
}

#[tokio::test]
async fn multi_event_order_appears_in_state() {
    let sandbox = start(SandboxSettings::default()).await;
    let browser = create_browser(&sandbox).await;
    assert_eq!(send(&sandbox, &identity(&browser)).await.0, 201);
    for (event, status) in events(&browser) {
        let answer = send(&sandbox, &event).await;
        assert_eq!(answer.0, status, "{event}");
        if status == 400 {
            let why = "CHECKOUT failed: nothing was confirmed";
            assert_eq!(answer.json(), json!({ "status": 400, "code": 400, "message": why }));
        }
    }
    let state = get(&sandbox, "/sandbox/state").await.json();
    assert_eq!(
        state["requests"],
        json!({ "browser_create": 1, "identity": 1, "order_checkout": 0, "add": 1, "add_contacts": 1,
            "add_consumers": 0, "confirm": 1, "checkout": 2, "clear_cart": 0, "other": 0, "refused": 1, "total": 7 })
    );
    assert_eq!(
        state["order_list"],
        json!([{ "referenceId": "R1", "guest": "email:jörg+a&b@example.org", "orderedAt": "2025-08-23T16:17:16.000Z",
            "status": "PURCHASED", "currency": "EUR", "price": "36.75", "items": 1, "mode": "multi" }])
    );
    assert_eq!(state["orders"]["received"], 1);
}

/// Runs in virtual time: tokio's clock is paused.
#[tokio::test(start_paused = true)]
async fn open_cart_is_listed_until_session_timeout() {
    let sandbox = start(SandboxSettings {
        session_timeout: Duration::from_secs(60),
        ..SandboxSettings::default()
    })
    .await;
    let browser = create_browser(&sandbox).await;
    for (event, _) in &events(&browser)[..2] {
        assert_eq!(send(&sandbox, event).await.0, 201);
    }
    let entry = json!({ "browser_id": browser, "items": 1, "contacts": 1, "consumers": 0, "reference": "R1-1" });
    let carts = || async { get(&sandbox, "/sandbox/state").await.json()["carts"].clone() };
    assert_eq!(carts().await, json!({ "open": 1, "abandoned": 0, "cleared": 0, "list": [entry] }));
    assert!(get(&sandbox, "/").await.2.contains(&format!("<code>{browser}</code>")));
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(carts().await, json!({ "open": 0, "abandoned": 1, "cleared": 0, "list": [] }));
    let (checkout, _) = &events(&browser)[4];
    let answer = send(&sandbox, checkout).await;
    assert_eq!(
        answer.json()["message"],
        "CHECKOUT failed: nothing was added; nothing was confirmed"
    );
}
