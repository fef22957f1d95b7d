//! Tests of the sandbox over a real socket, with raw HTTP requests: a client library would
//! normalise them.

mod carts;
mod faults;
mod order_pages;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Sandbox, SandboxSettings, TenantRequestKind};

/// Status, head and body of a response.
struct HttpAnswer(u16, String, String);

impl HttpAnswer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.2).unwrap()
    }
}

async fn request(sandbox: &Sandbox, method: &str, target: &str) -> HttpAnswer {
    let base_url = sandbox.base_url();
    let host = base_url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let head = format!("{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    HttpAnswer(status, head.to_lowercase(), body.to_owned())
}

async fn get(sandbox: &Sandbox, target: &str) -> HttpAnswer {
    request(sandbox, "GET", target).await
}

/// Percent-encodes more than is required; a server must decode it all the same.
fn encoded(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            other => format!("%{other:02X}"),
        })
        .collect()
}

async fn create_browser(sandbox: &Sandbox) -> String {
    let answer = get(sandbox, "/v1.2/browser/create.json?client_key=key&message={}").await;
    assert_eq!(answer.0, 201, "{}", answer.2);
    answer.json()["ref"].as_str().unwrap().to_owned()
}

async fn send(sandbox: &Sandbox, event: &Value) -> HttpAnswer {
    let target =
        format!("/v1.2/event/create.json?client_key=key&message={}", encoded(&event.to_string()));
    get(sandbox, &target).await
}

fn identity(browser: &str) -> Value {
    json!({ "type": "IDENTITY", "browser_id": browser, "channel": "WEB", "language": "EN", "currency": "EUR",
            "page": "x", "pos": "shop", "identifiers": [{ "provider": "email", "id": "jörg+a&b@example.org" }] })
}

fn order(browser: &str) -> Value {
    json!({ "type": "ORDER_CHECKOUT", "browser_id": browser, "channel": "WEB", "language": "EN", "currency": "EUR",
            "page": "x", "pos": "shop", "order": { "referenceId": "R1", "orderedAt": "2025-08-23T16:17:16.000Z",
            "status": "PURCHASED", "currencyCode": "EUR", "price": 12.5, "paymentType": "other",
            "orderItems": [{ "name": "Tea", "price": 12.5, "quantity": 1 }] } })
}

async fn start(settings: SandboxSettings) -> Sandbox {
    Sandbox::start(settings).await.unwrap()
}

#[tokio::test]
async fn single_order_appears_in_state() {
    let sandbox = start(SandboxSettings::default()).await;
    let browser = create_browser(&sandbox).await;
    for event in [identity(&browser), order(&browser)] {
        let answer = send(&sandbox, &event).await;
        assert_eq!((answer.0, answer.json()["status"].as_str()), (201, Some("OK")));
        assert_eq!(answer.json()["version"], "1.2");
        assert_eq!(answer.json()["client_key"], "key");
        assert!(answer.json()["ref"].is_string());
    }
    let state = get(&sandbox, "/sandbox/state").await.json();
    assert_eq!(
        state,
        json!({
            "base_url": sandbox.base_url(),
            "requests": { "browser_create": 1, "identity": 1, "order_checkout": 1, "add": 0, "add_contacts": 0,
                "add_consumers": 0, "confirm": 0, "checkout": 0, "clear_cart": 0, "other": 0, "refused": 0, "total": 3 },
            "browsers": 1, "guests": 1,
            "orders": { "received": 1, "processed": 1, "not_processed": 0, "repeated_references": 0, "items": 1 },
            "money": [{ "currency": "EUR", "orders": 1, "total": "12.5" }],
            "carts": { "open": 0, "abandoned": 0, "cleared": 0, "list": [] },
            "not_processed": [],
            "order_list": [{ "referenceId": "R1", "guest": "email:jörg+a&b@example.org",
                "orderedAt": "2025-08-23T16:17:16.000Z", "status": "PURCHASED", "currency": "EUR", "price": "12.5",
                "items": 1, "mode": "single" }],
            "guest_list": [{ "identifiers": [{ "provider": "email", "id": "jörg+a&b@example.org" }], "orders": 1 }],
        })
    );
    assert_eq!(state, serde_json::to_value(sandbox.state()).unwrap());
    sandbox.stop().await;
}

#[tokio::test]
async fn dropped_events_are_answered_with_201() {
    let sandbox =
        start(SandboxSettings { pos: vec!["shop".to_owned()], ..SandboxSettings::default() }).await;
    let browser = create_browser(&sandbox).await;
    assert_eq!(send(&sandbox, &order(&browser)).await.0, 201);
    assert_eq!(send(&sandbox, &json!({ "type": "IDENTIFY", "browser_id": browser })).await.0, 201);
    let dropped = get(&sandbox, "/sandbox/state").await.json()["not_processed"].clone();
    assert_eq!(
        dropped,
        json!([
            { "type": "ORDER_CHECKOUT", "referenceId": "R1", "reasons": ["browser_id: its guest is not identified, expected an IDENTITY before"] },
            { "type": "IDENTIFY", "reasons": ["unknown event type IDENTIFY"] },
        ])
    );
}

/// One line per request: method, target, status. Each request is counted.
#[tokio::test]
async fn error_statuses_match_the_manual() {
    let sandbox =
        start(SandboxSettings { client_key: Some("k+y".to_owned()), ..SandboxSettings::default() })
            .await;
    let event = "/v1.2/event/create.json";
    let unknown = encoded(&identity("a38b230c-11eb-4cf9-8d5d-274e9f344925").to_string());
    let long = "x".repeat(8192);
    let table = [
        ("GET", "/v1.2/browser/create.json?client_key=k+y&message={}".to_owned(), 201),
        ("GET", "/v1.2/browser/create.json?client_key=k%2By&message=%7B%7D".to_owned(), 201),
        ("GET", "/v1.2/browser/create.json?client_key=k%20y&message={}".to_owned(), 401),
        ("GET", "/v1.2/browser/create.json?message={}".to_owned(), 401),
        ("GET", "/v1.2/browser/create.json?client_key=k+y".to_owned(), 400),
        ("GET", format!("{event}?client_key=k+y"), 400),
        ("GET", format!("{event}?client_key=k+y&message=%5B%5D"), 400),
        ("GET", format!("{event}?client_key=k+y&message={{}}"), 400),
        ("GET", format!("{event}?client_key=k+y&message=%ff"), 400),
        ("GET", format!("{event}?client_key=k+y&message={unknown}"), 404),
        ("GET", format!("{event}?client_key=wrong&message={{}}"), 401),
        ("GET", format!("{event}?client_key=wrong&message={long}"), 414),
        ("POST", format!("{event}?client_key=k+y&message={unknown}"), 405),
        ("HEAD", "/v1.2/browser/create.json?client_key=k+y&message={}".to_owned(), 405),
        ("POST", "/sandbox/state".to_owned(), 405),
        ("HEAD", "/orders/R1".to_owned(), 405),
        ("GET", "/v1.1/event/create.json".to_owned(), 404),
    ];
    for (method, target, status) in &table {
        let answer = request(&sandbox, method, target).await;
        assert_eq!(answer.0, *status, "{method} {target}");
        assert_eq!(*status == 405, answer.1.contains("\r\nallow: get"), "{method} {target}");
        if *method == "GET" && *status != 201 {
            assert_eq!(answer.json()["status"], *status);
            assert!(answer.json()["message"].is_string());
        }
    }
    let state = sandbox.state();
    assert_eq!((state.requests.total, state.requests.refused, state.browsers), (17, 15, 2));
    let kinds = state.requests.by_kind;
    assert_eq!(
        (kinds[TenantRequestKind::BrowserCreate], kinds[TenantRequestKind::Identity]),
        (5, 1)
    );
}

/// The limit applies to the whole URL; the longest URL that hyper can read is accepted.
#[tokio::test]
async fn url_limit_is_exact_to_the_byte() {
    for limit in [8192, 65_534] {
        let sandbox =
            start(SandboxSettings { max_url_bytes: limit, ..SandboxSettings::default() }).await;
        let start = "/v1.2/browser/create.json?client_key=key&message={}&x=";
        let padding = limit - sandbox.base_url().len() - start.len();
        assert_eq!(
            get(&sandbox, &format!("{start}{}", "y".repeat(padding))).await.0,
            201,
            "{limit}"
        );
        if limit < 65_000 {
            assert_eq!(
                get(&sandbox, &format!("{start}{}", "y".repeat(padding + 1))).await.0,
                414,
                "{limit}"
            );
        }
    }
}

#[tokio::test]
async fn page_is_html_and_not_counted() {
    let sandbox = start(SandboxSettings::default()).await;
    for path in ["/", "/sandbox", "/sandbox?x=1"] {
        let answer = get(&sandbox, path).await;
        assert_eq!(answer.0, 200);
        assert!(answer.1.contains("content-type: text/html; charset=utf-8"));
        assert!(answer.2.trim_end().ends_with("</html>"));
    }
    assert_eq!(sandbox.state().requests.total, 0);
}

#[tokio::test]
async fn invalid_limit_and_used_port_fail_to_start() {
    for max_url_bytes in [0, 65_535] {
        let error = Sandbox::start(SandboxSettings { max_url_bytes, ..SandboxSettings::default() })
            .await
            .unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    }
    let sandbox = start(SandboxSettings::default()).await;
    let port = sandbox.base_url().rsplit_once(':').unwrap().1.parse().unwrap();
    let error =
        Sandbox::start(SandboxSettings { port, ..SandboxSettings::default() }).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
}

/// Neither an idle connection nor one in the middle of a request delays `stop` for long.
#[tokio::test(start_paused = true)]
async fn stop_is_bounded_in_time() {
    let sandbox = start(SandboxSettings::default()).await;
    let host = sandbox.base_url().replace("http://", "");
    let mut unfinished = TcpStream::connect(&host).await.unwrap();
    unfinished.write_all(b"GET / HTTP/1.1\r\nHo").await.unwrap();
    assert_eq!(get(&sandbox, "/").await.0, 200);
    sandbox.stop().await;
    assert!(TcpStream::connect(&host).await.is_err());
}

#[tokio::test]
async fn foreign_host_headers_are_rejected() {
    let sandbox = start(SandboxSettings::default()).await;
    let address = sandbox.base_url();
    let address = address.strip_prefix("http://").unwrap();
    for target in ["/", "/sandbox/state", "/v1.2/browser/create.json?client_key=key&message={}"] {
        for (host, is_accepted) in
            [("example.com", false), ("localhost", true), ("127.0.0.1:1", true)]
        {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let head =
                format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).await.unwrap();
            assert_eq!(!text.starts_with("HTTP/1.1 421 "), is_accepted, "{target} {host}: {text}");
            assert_eq!(!text.contains("names another machine"), is_accepted, "{text}");
        }
    }
    assert_eq!(sandbox.state().browsers, 2);
}
