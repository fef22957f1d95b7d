//! Tests of each fault over a real socket. They run in virtual time (tokio's clock is paused), so
//! no test waits or depends on the speed of the machine.

use std::io::ErrorKind;
use std::time::{Duration, SystemTime};

use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::super::{FaultSettings, Faults};
use super::*;

const CREATE: &str = "/v1.2/browser/create.json?client_key=key&message={}";

async fn with_faults(faults: Value) -> Sandbox {
    let settings: FaultSettings = serde_json::from_value(faults).unwrap();
    start(SandboxSettings {
        faults: Some(Faults::new(settings).unwrap()),
        ..SandboxSettings::default()
    })
    .await
}

fn host(sandbox: &Sandbox) -> String {
    sandbox.base_url().replace("http://", "")
}

/// Requests a browser and returns all bytes until the connection ends.
async fn create_browser_at(host: String) -> String {
    request_at(host, CREATE).await
}

async fn request_at(host: String, target: &str) -> String {
    let mut stream = TcpStream::connect(&host).await.unwrap();
    let head = format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

fn spawn_create_browser(sandbox: &Sandbox) -> JoinHandle<String> {
    tokio::spawn(create_browser_at(host(sandbox)))
}

/// One line per fault: its name in the state, its settings, the start of the response, and the
/// number of browsers afterwards, which shows whether the request was processed.
#[tokio::test]
async fn each_fault_has_its_response_and_effect() {
    let table = [
        ("status.429", json!({ "status": { "429": "100%" } }), "HTTP/1.1 429 ", 0),
        (
            "status.503",
            json!({ "status": { "503": "100%" }, "taken_anyway": "100%" }),
            "HTTP/1.1 503 ",
            0,
        ),
        (
            "status.500",
            json!({ "status": { "500": "100%" }, "taken_anyway": "100%" }),
            "HTTP/1.1 500 ",
            1,
        ),
        (
            "status.504",
            json!({ "status": { "504": "100%" }, "taken_anyway": "0%" }),
            "HTTP/1.1 504 ",
            0,
        ),
        ("throttled", json!({ "throttled": "100%" }), "HTTP/1.1 429 ", 0),
        ("closed_not_taken", json!({ "closed_not_taken": "100%" }), "", 0),
        ("closed_taken", json!({ "closed_taken": "100%" }), "", 1),
        ("late", json!({ "late": "100%", "late_after": "1ms" }), "HTTP/1.1 201 ", 1),
        ("half", json!({ "half": "100%" }), "HTTP/1.1 201 ", 1),
        ("garbage", json!({ "garbage": "100%" }), "HTTP/1.1 201 ", 1),
    ];
    for (name, faults, start, n_browsers) in table {
        let sandbox = with_faults(faults).await;
        let text = create_browser_at(host(&sandbox)).await;
        assert!(text.starts_with(start) && text.is_empty() == start.is_empty(), "{name}: {text}");
        let state = get(&sandbox, "/sandbox/state").await.json();
        assert_eq!(state["faults"], json!({ name: 1 }));
        assert_eq!(
            (&state["browsers"], &state["requests"]["browser_create"]),
            (&n_browsers.into(), &1.into()),
            "{name}"
        );
        let is_refused = start.starts_with("HTTP/1.1 4");
        assert_eq!(state["requests"]["refused"], u64::from(is_refused), "{name}");
        assert_eq!(text.contains("retry-after: 2\r\n"), name == "throttled", "{text}");
    }
}

/// Half of the responses are missing; with this seed the one of the last CHECKOUT is among them.
#[tokio::test]
async fn cart_events_are_processed_without_a_response() {
    let sandbox = with_faults(json!({ "seed": 80, "closed_taken": "50%" })).await;
    let browser = create_browser(&sandbox).await;
    let events =
        [identity(&browser)].into_iter().chain(carts::events(&browser).map(|(event, _)| event));
    let mut last = String::new();
    for event in events {
        let target = format!(
            "/v1.2/event/create.json?client_key=key&message={}",
            encoded(&event.to_string())
        );
        last = request_at(host(&sandbox), &target).await;
    }
    let state = sandbox.state();
    assert_eq!((last.as_str(), state.orders.processed, state.carts.open), ("", 1, 0));
    assert!(
        state.faults["closed_taken"] > 1
            && state.requests.by_kind[TenantRequestKind::Checkout] == 2
    );
}

#[tokio::test]
async fn retry_after_as_http_date() {
    let faults = json!({ "throttled": "100%", "retry_after": "1h", "retry_after_as": "date" });
    let text = create_browser_at(host(&with_faults(faults).await)).await;
    let date = text.split("retry-after: ").nth(1).unwrap().split("\r\n").next().unwrap();
    let wait = httpdate::parse_http_date(date).unwrap().duration_since(SystemTime::now()).unwrap();
    assert!(wait > Duration::from_secs(50 * 60) && wait <= Duration::from_secs(60 * 60), "{date}");
}

#[tokio::test]
async fn truncated_body_declares_full_length() {
    let text = create_browser_at(host(&with_faults(json!({ "half": "100%" })).await)).await;
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let declared: usize = head
        .split("content-length: ")
        .nth(1)
        .unwrap()
        .split("\r\n")
        .next()
        .unwrap()
        .parse()
        .unwrap();
    assert_eq!(body.len(), declared / 2, "{text}");
    assert!(body.starts_with("{\"status\":\"OK\""));
}

#[tokio::test]
async fn invalid_body_is_not_json() {
    let text = create_browser_at(host(&with_faults(json!({ "garbage": "100%" })).await)).await;
    assert!(serde_json::from_str::<Value>(text.split_once("\r\n\r\n").unwrap().1).is_err());
}

/// A fault closes the connection of one request only, not of other requests or of the sandbox's
/// pages.
#[tokio::test]
async fn faults_affect_only_their_request() {
    let sandbox = with_faults(json!({ "closed_not_taken": "50%" })).await;
    let mut n_answers = 0;
    for _ in 0..50 {
        n_answers += usize::from(!create_browser_at(host(&sandbox)).await.is_empty());
    }
    let state = get(&sandbox, "/sandbox/state").await.json();
    assert!((10..40).contains(&n_answers), "{n_answers}");
    assert_eq!(
        (&state["browsers"], &state["faults"]["closed_not_taken"]),
        (&n_answers.into(), &(50 - n_answers).into())
    );
    assert_eq!(state["requests"]["total"], 50);
}

#[tokio::test(start_paused = true)]
async fn latency_applies_to_every_response() {
    let sandbox = with_faults(json!({ "latency": "50ms..60ms", "status": { "503": "50%" } })).await;
    for _ in 0..10 {
        let before = Instant::now();
        create_browser_at(host(&sandbox)).await;
        let waited = before.elapsed();
        assert!((50..=61).contains(&waited.as_millis()), "{waited:?}");
    }
    let before = Instant::now();
    get(&sandbox, "/sandbox/state").await;
    assert!(before.elapsed() < Duration::from_millis(50));
}

#[tokio::test(start_paused = true)]
async fn late_response_blocks_no_other_request() {
    let sandbox = with_faults(json!({ "late": "100%" })).await;
    let before = Instant::now();
    let late = spawn_create_browser(&sandbox);
    sleep(Duration::from_secs(1)).await;
    assert_eq!(get(&sandbox, "/sandbox/state").await.json()["browsers"], 1);
    assert!(late.await.unwrap().starts_with("HTTP/1.1 201 "));
    assert!((35..37).contains(&before.elapsed().as_secs()));
    // It does not delay `stop` either.
    let late = spawn_create_browser(&sandbox);
    sleep(Duration::from_secs(1)).await;
    let before = Instant::now();
    sandbox.stop().await;
    assert!(
        before.elapsed() <= super::super::handle::SHUTDOWN_TIMEOUT + Duration::from_millis(100)
    );
    assert_eq!(late.await.unwrap(), "");
}

/// Whether a connection is accepted; if not, the kind of the error.
async fn try_connect(host: &str) -> Result<(), ErrorKind> {
    TcpStream::connect(host).await.map(drop).map_err(|error| error.kind())
}

#[tokio::test(start_paused = true)]
async fn outage_drops_and_refuses_connections() {
    let sandbox =
        with_faults(json!({ "outage": { "after": "10s", "lasts": "20s", "every": "1min" } })).await;
    let host = host(&sandbox);
    // Outages are scheduled from the first request, not from the start of the sandbox.
    sleep(Duration::from_secs(100)).await;
    assert!(create_browser_at(host.clone()).await.starts_with("HTTP/1.1 201 "));
    for n_outages in 1..=2 {
        sleep(Duration::from_secs(9)).await;
        let mut idle = TcpStream::connect(&host).await.unwrap();
        sleep(Duration::from_secs(2)).await;
        assert_eq!(idle.read(&mut [0]).await.unwrap(), 0);
        assert_eq!(try_connect(&host).await, Err(ErrorKind::ConnectionRefused));
        sleep(Duration::from_secs(18)).await;
        assert_eq!(try_connect(&host).await, Err(ErrorKind::ConnectionRefused));
        sleep(Duration::from_secs(2)).await;
        assert!(create_browser_at(host.clone()).await.starts_with("HTTP/1.1 201 "));
        assert_eq!(sandbox.state().faults["outage"], n_outages);
        sleep(Duration::from_secs(29)).await;
    }
    assert_eq!((sandbox.state().requests.total, sandbox.state().faults["outage.cut_off"]), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn outage_drops_in_flight_responses() {
    let sandbox =
        with_faults(json!({ "latency": "1min", "outage": { "after": "1s", "lasts": "1h" } })).await;
    let cut_off = spawn_create_browser(&sandbox);
    sleep(Duration::from_secs(2)).await;
    assert_eq!(cut_off.await.unwrap(), "");
    let state = sandbox.state();
    assert_eq!((state.browsers, state.faults["outage"], state.faults["outage.cut_off"]), (1, 1, 1));
    let before = Instant::now();
    sandbox.stop().await;
    assert!(before.elapsed() < Duration::from_secs(1));
}
