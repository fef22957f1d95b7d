//! Tests of the page of an order, over a real socket.

use super::super::order_url;
use super::*;

/// The page of a reference.
async fn page_of(sandbox: &Sandbox, reference: &str) -> HttpAnswer {
    get(sandbox, &order_url::of_reference(reference)).await
}

/// A page between its head and the form at its end, as HTML.
fn content(answer: &HttpAnswer) -> &str {
    let main = answer.2.split_once("<main class=\"page\">\n").unwrap().1;
    main.split_once("\n<form").unwrap().0
}

/// The text of a page, without the values that differ from run to run.
fn text(answer: &HttpAnswer, sandbox: &Sandbox) -> String {
    let cells = content(answer)
        .replace("</td><td", "</td> | <td")
        .replace("</th><t", "</th> | <t")
        .replace("</a><span", "</a> | <span")
        .replace("</dt><dd", "</dt>: <dd");
    let without_tags =
        cells.split('<').map(|part| part.split_once('>').map_or(part, |(_, text)| text));
    let mut text: String = without_tags.collect();
    for (escaped, sign) in
        [("&#34;", "\""), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&"), ("&nbsp;", "\u{a0}")]
    {
        text = text.replace(escaped, sign);
    }
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.collect::<Vec<_>>().join("\n").replace(&sandbox.base_url(), "URL")
}

fn with_reference(mut order: Value, reference: &str) -> Value {
    order["order"]["referenceId"] = json!(reference);
    order
}

/// A sandbox with a browser whose guest is identified.
async fn with_guest(settings: SandboxSettings) -> (Sandbox, String) {
    let sandbox = start(settings).await;
    let browser = create_browser(&sandbox).await;
    assert_eq!(send(&sandbox, &identity(&browser)).await.0, 201);
    (sandbox, browser)
}

#[tokio::test]
async fn page_shows_an_order_with_items_and_extensions() {
    let (sandbox, browser) = with_guest(SandboxSettings::default()).await;
    // As text, so that the digits stay as they are.
    let message = r#"{"type":"ORDER_CHECKOUT","browser_id":"BROWSER","channel":"WEB","language":"EN","currency":"EUR",
        "page":"x","pos":"shop/ireland","order":{"referenceId":"R1","orderedAt":"2025-08-23T16:17:16.000Z",
        "status":"PURCHASED","currencyCode":"EUR","price":24.50,"paymentType":"Card","cardType":"Visa",
        "extensions":[{"name":"ext","key":"default","giftWrap":true,"weightKg":1.740}],
        "orderItems":[{"type":"BACKPACK","referenceId":"R1-1","productId":"T-1","name":"Tea \"Étoilé\"","price":12.50,
        "currencyCode":"EUR","quantity":1.0,"extensions":[{"name":"ext","key":"default","colour":"petrol"}]},
        {"name":"Cup"}]}}"#
        .replace("BROWSER", &browser);
    let target = format!("/v1.2/event/create.json?client_key=key&message={}", encoded(&message));
    assert_eq!(get(&sandbox, &target).await.0, 201);
    let answer = page_of(&sandbox, "R1").await;
    assert_eq!(answer.0, 200);
    insta::assert_snapshot!(text(&answer, &sandbox).replace(&browser, "BROWSER"), @r##"
    All orders | URL
    Order R1
    Processed
    The sandbox accepted the order and stored it.
    ordered at, UTC: 2025-08-23T16:17:16.000Z
    status: PURCHASED
    price: EUR 24.50
    guest: email jörg+a&b@example.org
    browser: BROWSER
    point of sale: shop/ireland
    payment: Card Visa
    sent as: one event
    Items 2
    product | name and extension | quantity | price
    T-1 | Tea "Étoilé"
    BACKPACK · R1-1
    colour petrol | 1.0 | EUR 12.50
    – | Cup | – | –
    Extension of the order 2
    attribute | value
    giftWrap | true
    weightKg | 1.740
    JSON
    As it arrived, with line breaks and blanks added.
    ORDER_CHECKOUT
    {
      "type": "ORDER_CHECKOUT",
      "browser_id": "BROWSER",
      "channel": "WEB",
      "language": "EN",
      "currency": "EUR",
      "page": "x",
      "pos": "shop/ireland",
      "order": {
        "referenceId": "R1",
        "orderedAt": "2025-08-23T16:17:16.000Z",
        "status": "PURCHASED",
        "currencyCode": "EUR",
        "price": 24.50,
        "paymentType": "Card",
        "cardType": "Visa",
        "extensions": [
          {
            "name": "ext",
            "key": "default",
            "giftWrap": true,
            "weightKg": 1.740
          }
        ],
        "orderItems": [
          {
            "type": "BACKPACK",
            "referenceId": "R1-1",
            "productId": "T-1",
            "name": "Tea \"Étoilé\"",
            "price": 12.50,
            "currencyCode": "EUR",
            "quantity": 1.0,
            "extensions": [
              {
                "name": "ext",
                "key": "default",
                "colour": "petrol"
              }
            ]
          },
          {
            "name": "Cup"
          }
        ]
      }
    }
    "##);
}

#[tokio::test]
async fn page_shows_an_order_of_several_events() {
    let (sandbox, browser) = with_guest(SandboxSettings::default()).await;
    let [(add, _), (contacts, _), (checkout, _), (confirm, _), _] = carts::events(&browser);
    let mut other = add.clone();
    other["product"]["item_id"] = json!("2");
    other["product"]["colour"] = json!("petrol");
    for event in [add, other, contacts, checkout.clone(), confirm, checkout] {
        send(&sandbox, &event).await;
    }
    let answer = page_of(&sandbox, "R1").await;
    let page = content(&answer);
    let (processed, refused) = page.split_once("<h2 id=\"order-2\">Refused</h2>").unwrap();
    assert!(refused.contains("<li>nothing was confirmed</li>"), "{refused}");
    for shown in [
        "received 2 orders with this reference",
        "<h2 id=\"order-1\">Processed</h2>",
        "<dd class=\"sum\">EUR\u{a0}36.75</dd>",
        "<dd>2025-08-23T16:17:16.000Z</dd>",
        "<dd>5 events</dd>",
        "<span class=\"chip\">not confirmed, not part of the order</span>",
        "<dt>colour</dt> <dd>petrol</dd>",
    ] {
        assert!(processed.contains(shown), "{shown}: {processed}");
    }
    let n_unconfirmed = |part: &str| part.matches("not confirmed, not").count();
    assert_eq!((n_unconfirmed(processed), n_unconfirmed(refused)), (1, 2));
    let events: Vec<_> = processed.split("<summary>").skip(1).collect();
    let types = events.iter().map(|event| event.split('<').next().unwrap());
    assert_eq!(types.collect::<Vec<_>>(), ["ADD", "ADD", "ADD_CONTACTS", "CONFIRM", "CHECKOUT"]);
}

#[tokio::test]
async fn page_says_why_an_order_was_dropped() {
    let sandbox = start(SandboxSettings {
        pos: vec!["other <shop>".to_owned()],
        ..SandboxSettings::default()
    })
    .await;
    let browser = create_browser(&sandbox).await;
    let mut order = order(&browser);
    order["order"]["price"] = json!("12.5");
    order["order"]["orderItems"] = json!({ "a": 1 });
    send(&sandbox, &order).await;
    let answer = page_of(&sandbox, "R1").await;
    assert_eq!(answer.0, 200);
    insta::assert_snapshot!(text(&answer, &sandbox).replace(&browser, "BROWSER"), @r##"
    All orders | URL
    Order R1
    Not processed
    Accepted with 201, then dropped. A real tenant drops it silently.
    order.price: text, expected a number
    order.orderItems: an object, expected an array
    pos: "shop" is unknown to this tenant
    ordered at, UTC: 2025-08-23T16:17:16.000Z
    status: PURCHASED
    price: EUR 12.5
    guest: not identified
    browser: BROWSER
    point of sale: shop
    payment: other
    sent as: one event
    Items 0
    None that can be read.
    Extension of the order 0
    None.
    JSON
    As it arrived, with line breaks and blanks added.
    ORDER_CHECKOUT
    {
      "browser_id": "BROWSER",
      "channel": "WEB",
      "currency": "EUR",
      "language": "EN",
      "order": {
        "currencyCode": "EUR",
        "orderItems": {
          "a": 1
        },
        "orderedAt": "2025-08-23T16:17:16.000Z",
        "paymentType": "other",
        "price": "12.5",
        "referenceId": "R1",
        "status": "PURCHASED"
      },
      "page": "x",
      "pos": "shop",
      "type": "ORDER_CHECKOUT"
    }
    "##);
}

#[tokio::test]
async fn orders_with_one_reference_share_a_page() {
    let (sandbox, browser) = with_guest(SandboxSettings::default()).await;
    for n in 1..=25 {
        let mut order = order(&browser);
        order["order"]["orderedAt"] = json!(format!("2025-08-{n:02}T16:17:16.000Z"));
        send(&sandbox, &order).await;
    }
    let page = page_of(&sandbox, "R1").await.2;
    assert!(page.contains("received 25 orders with this reference."), "{page}");
    assert!(page.contains("The newest 20 are shown, the newest first."), "{page}");
    assert!(page.find("2025-08-25T") < page.find("2025-08-06T"));
    assert!(!page.contains("2025-08-05T"));
    assert_eq!(page.matches("<section").count(), 20);
}

#[tokio::test]
async fn hostile_references_lead_to_their_page() {
    let (sandbox, browser) = with_guest(SandboxSettings::default()).await;
    let references = [
        "<script>alert(1)</script>",
        "\"onmouseover=\"alert(1)",
        "a/b",
        "..",
        "100%",
        "%2F",
        "a b+c",
        "日本 ü",
        "x\u{202e}y",
    ];
    for reference in references {
        let mut order = with_reference(order(&browser), reference);
        order["order"]["orderItems"][0]["name"] = json!("</pre><script>'\"&");
        send(&sandbox, &order).await;
    }
    let start_page = get(&sandbox, "/").await.2;
    for reference in references {
        let url = order_url::of_reference(reference);
        assert!(start_page.contains(&format!("<a href=\"{url}\">")), "{url}");
        let answer = page_of(&sandbox, reference).await;
        assert_eq!((answer.0, answer.2.matches("<section").count()), (200, 1), "{reference}");
        assert!(!answer.2.contains("<script") && !answer.2.contains("\u{202e}"), "{}", answer.2);
        assert!(!answer.2.contains("\"onmouseover"), "{}", answer.2);
        assert_eq!(answer.2.matches("</pre>").count(), 1);
    }
    assert!(!start_page.contains("<script") && !start_page.contains("\"onmouseover"));
}

#[tokio::test]
async fn order_without_a_reference_has_a_page() {
    let sandbox = start(SandboxSettings::default()).await;
    let browser = create_browser(&sandbox).await;
    let mut order = order(&browser);
    order["order"].as_object_mut().unwrap().remove("referenceId");
    assert_eq!(page_of(&sandbox, "").await.0, 404);
    send(&sandbox, &order).await;
    assert!(get(&sandbox, "/").await.2.contains("<a href=\"/orders/\">no reference</a>"));
    let answer = page_of(&sandbox, "").await;
    assert_eq!(answer.0, 200);
    assert!(answer.2.contains("<h1>Orders without a reference</h1>"), "{}", answer.2);
    assert!(answer.2.contains("<li>order.referenceId: missing</li>"), "{}", answer.2);
}

#[tokio::test]
async fn unknown_reference_is_a_404_in_plain_words() {
    let sandbox = start(SandboxSettings::default()).await;
    let answer = page_of(&sandbox, "<R 1>").await;
    assert_eq!(answer.0, 404);
    insta::assert_snapshot!(text(&answer, &sandbox), @r##"
    All orders | URL
    No order <R 1>
    The sandbox has received no such order. A reference must match exactly, with upper and lower case.
    "##);
    assert_eq!(sandbox.state().requests.total, 0);
}

#[tokio::test]
async fn order_that_is_no_longer_held_is_said_to_be_too_old() {
    let (sandbox, browser) =
        with_guest(SandboxSettings { max_url_bytes: 65_534, ..SandboxSettings::default() }).await;
    send(&sandbox, &order(&browser)).await;
    let mut large = with_reference(order(&browser), "R2");
    large["order"]["orderItems"][0]["name"] = json!("x".repeat(60_000));
    for _ in 0..280 {
        assert_eq!(send(&sandbox, &large).await.0, 201);
    }
    assert_eq!(page_of(&sandbox, "R2").await.0, 200);
    let answer = page_of(&sandbox, "R1").await;
    assert_eq!(answer.0, 404);
    insta::assert_snapshot!(text(&answer, &sandbox), @r##"
    All orders | URL
    No order R1
    This reference was received, but its order is too old to be shown. The sandbox keeps the newest orders in 16 MiB of memory, which are 275 now. Older ones are in the lists of /sandbox/state, without their items.
    "##);
}

#[tokio::test]
async fn pages_run_no_script_and_load_nothing_from_elsewhere() {
    let (sandbox, browser) = with_guest(SandboxSettings::default()).await;
    send(&sandbox, &order(&browser)).await;
    for path in ["/", "/orders/R1", "/orders/R2"] {
        let answer = get(&sandbox, path).await;
        for header in [
            "content-security-policy: default-src 'none'; style-src 'self'; img-src data:;",
            "x-content-type-options: nosniff",
            "cache-control: no-store",
        ] {
            assert!(answer.1.contains(&format!("\r\n{header}")), "{path}: {}", answer.1);
        }
        let page = &answer.2;
        for forbidden in ["<script", "<style", "style=", "http-equiv", "src=", "//cdn"] {
            assert!(!page.contains(forbidden), "{path}: {forbidden}");
        }
        assert_eq!(
            page.matches("<link rel=\"stylesheet\" href=\"/sandbox/style.css\">").count(),
            1
        );
    }
    let style = get(&sandbox, "/sandbox/style.css").await;
    assert_eq!(style.0, 200);
    assert!(style.1.contains("content-type: text/css"));
    assert!(!style.2.contains("url(") && !style.2.contains("@import"));
}
