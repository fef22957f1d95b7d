//! Tests of multi mode against the sandbox, which assembles orders by its own rules: the results
//! match the tenant's data exactly, no cart is left unreported, and leftover carts are cleared.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use orderferry::sandbox::{Faults, Sandbox, SandboxSettings};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::{
    samples::assert_tenant_matches,
    support::{
        assert_same_requests, request_count,
        service::{MockService, Reply},
        workspace::{RunResult, Workspace, pos_option},
    },
};

const HEADER: &str = "referenceId,orderedAt,status,currencyCode,price,paymentType,item.type,item.name,item.price,\
    item.quantity,item.productId,guest.email,guest.lastname\n";

const OPTIONS: &str = "--rate unlimited --identity-pause 0s --backfill";

/// With this limit a single event has space for about three items, and a CONFIRM for about 35.
const SMALL_URLS: &str = "--max-url-bytes 1500";

/// About one request in eight fails; mostly its outcome is uncertain, and it was not processed.
const FAULTS: [(&str, &str); 8] = [
    ("closed_taken", "2%"),
    ("closed_not_taken", "5%"),
    ("half", "1%"),
    ("garbage", "1%"),
    ("status.500", "2%"),
    ("status.503", "1%"),
    ("throttled", "1%"),
    ("retry_after", "0s"),
];

/// Enough tries that no order ends as failed.
const PATIENT: &str = "--set tries=20 --set down_after=1000";

/// An order as expected at the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Order {
    reference: String,
    guest: String,
    kind: &'static str,
    n_items: usize,
}

impl Order {
    fn new(number: usize, kind: &'static str, n_items: usize) -> Self {
        let (reference, guest) =
            (format!("{kind}-{number}"), format!("guest{}@example.com", number % 20));
        Self { reference, guest, kind, n_items }
    }

    /// In cents; the quantity of each item is two.
    fn unit_price(item: usize) -> i64 {
        1010 + i64::try_from(item).unwrap()
    }

    fn price(&self) -> Decimal {
        Decimal::new((0..self.n_items).map(|item| 2 * Self::unit_price(item)).sum(), 2)
    }

    fn ordered_at(&self) -> String {
        let number = self.reference.rsplit('-').next().unwrap();
        format!("2025-03-01T10:{number:0>2}:00")
    }

    fn rows(&self) -> String {
        let Self { reference, guest, kind, .. } = self;
        let (time, price) = (self.ordered_at(), self.price());
        let row = |item| {
            let unit_price = Decimal::new(Self::unit_price(item), 2);
            format!(
                "{reference},{time}Z,PURCHASED,EUR,{price},other,{kind},Item {item} of it,{unit_price},2,P{item},{guest},Smith\n"
            )
        };
        (0..self.n_items).map(row).collect()
    }

    /// Whether it does not fit a single event with `SMALL_URLS`.
    fn needs_multi(&self) -> bool {
        self.kind == "HOTEL" || self.n_items > 10
    }
}

/// Small orders, orders of a type that ORDER_CHECKOUT does not support, and orders that exceed its
/// limit.
fn orders(n_small: usize, n_hotels: usize, n_large: usize) -> Vec<Order> {
    let small = (0..n_small).map(|number| Order::new(number, "GEAR", 1 + number % 2));
    let hotels = (0..n_hotels).map(|number| Order::new(number, "HOTEL", 1 + number % 3));
    let large = (0..n_large).map(|number| Order::new(number, "WINE", 12 + number));
    small.chain(hotels).chain(large).collect()
}

fn workspace_with(orders: &[Order]) -> Workspace {
    let rows: String = orders.iter().map(Order::rows).collect();
    Workspace::with("orders.csv", format!("{HEADER}{rows}"))
}

/// A tenant that outlives the runs.
struct Tenant {
    runtime: Runtime,
    sandbox: Option<Sandbox>,
}

impl Tenant {
    fn new(faults: Option<Value>) -> Self {
        let runtime = Runtime::new().unwrap();
        let faults =
            faults.map(|faults| Faults::new(serde_json::from_value(faults).unwrap()).unwrap());
        let sandbox = runtime
            .block_on(Sandbox::start(SandboxSettings { faults, ..SandboxSettings::default() }))
            .unwrap();
        Self { runtime, sandbox: Some(sandbox) }
    }

    fn state(&self) -> Value {
        serde_json::to_value(self.sandbox.as_ref().unwrap().state()).unwrap()
    }

    fn send(&self, workspace: &Workspace, what: &str) -> RunResult {
        let base_url = self.sandbox.as_ref().unwrap().base_url();
        let pos = pos_option(what);
        workspace.run(&format!("send {what} --base-url {base_url} --client-key k{pos} {OPTIONS}"))
    }
}

impl Drop for Tenant {
    fn drop(&mut self) {
        if let Some(sandbox) = self.sandbox.take() {
            self.runtime.block_on(sandbox.stop());
        }
    }
}

fn sandbox_of(ran: &RunResult) -> Value {
    serde_json::from_str(&ran.text("sandbox.json")).unwrap()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

/// The references of the results or orders that satisfy a condition.
fn references(list: &Value, is_wanted: impl Fn(&Value) -> bool) -> BTreeSet<String> {
    let list = list.as_array().unwrap().iter();
    list.filter(|entry| is_wanted(entry)).map(|entry| text(&entry["referenceId"])).collect()
}

fn of_outcome(ran: &RunResult, outcome: &str) -> BTreeSet<String> {
    references(&ran.results().into(), |result| result["outcome"] == outcome)
}

/// Asserts that the tenant has exactly these orders, each sent in its mode.
fn assert_has_orders(state: &Value, orders: &[Order], is_assembled: impl Fn(&Order) -> bool) {
    let stored: BTreeMap<_, _> = state["order_list"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (text(&entry["referenceId"]), entry))
        .collect();
    assert_eq!((stored.len(), &state["orders"]["processed"]), (orders.len(), &orders.len().into()));
    for order in orders {
        let (mode, price) =
            (if is_assembled(order) { "multi" } else { "single" }, order.price().to_string());
        let expected = json!({
            "referenceId": order.reference, "guest": format!("email:{}", order.guest), "status": "PURCHASED",
            "orderedAt": format!("{}.000Z", order.ordered_at()), "currency": "EUR", "price": price,
            "items": order.n_items, "mode": mode,
        });
        assert_eq!(*stored[&order.reference], expected);
    }
    let total: Decimal = orders.iter().map(Order::price).sum();
    assert_eq!(
        state["money"],
        json!([{ "currency": "EUR", "orders": orders.len(), "total": total.to_string() }])
    );
}

/// The expected number of requests of each kind without retries.
fn expected_requests(orders: &[Order], is_assembled: impl Fn(&Order) -> bool) -> [usize; 6] {
    let (assembled, single): (Vec<_>, Vec<_>) =
        orders.iter().partition(|order| is_assembled(order));
    let guests: BTreeSet<_> = single.iter().map(|order| &order.guest).collect();
    let n_items = assembled.iter().map(|order| order.n_items).sum();
    let n_browsers = guests.len() + assembled.len();
    [n_browsers, n_browsers, single.len(), n_items, assembled.len(), assembled.len()]
}

fn requests(ran: &RunResult) -> [usize; 6] {
    let kinds = ["browser_create", "identity", "order_checkout", "add", "add_contacts", "checkout"];
    let summary = ran.summary();
    kinds.map(|kind| usize::try_from(request_count(&summary, kind)).unwrap())
}

#[test]
fn summary_matches_the_tenant_in_every_mode() {
    let orders = orders(6, 6, 3);
    for (mode, is_assembled) in
        [("multi", (|_| true) as fn(&Order) -> bool), ("auto", Order::needs_multi)]
    {
        let ran = workspace_with(&orders)
            .run(&format!("send orders.csv --sandbox --mode {mode} {OPTIONS} {SMALL_URLS}"));
        assert_eq!(ran.code, 0, "{}", ran.report());
        let (summary, state) = (ran.summary(), sandbox_of(&ran));
        assert_tenant_matches(&summary, &state, mode);
        assert_has_orders(&state, &orders, is_assembled);
        assert_eq!(state["carts"], json!({ "open": 0, "abandoned": 0, "cleared": 0, "list": [] }));
        assert_eq!(requests(&ran), expected_requests(&orders, is_assembled), "{mode}");
        assert_eq!(
            (request_count(&summary, "confirm"), request_count(&summary, "retries")),
            (requests(&ran)[5] as u64, 0)
        );
    }
}

#[test]
fn second_run_sends_nothing() {
    let orders = orders(4, 4, 2);
    let (workspace, tenant) = (workspace_with(&orders), Tenant::new(None));
    for (mode, is_assembled) in [("multi", (|_| true) as fn(&Order) -> bool), ("auto", |_| true)] {
        let ran = tenant.send(&workspace, &format!("orders.csv --mode {mode} {SMALL_URLS}"));
        assert_eq!(ran.code, 0, "{}", ran.report());
        assert_has_orders(&tenant.state(), &orders, is_assembled);
        // Orders that were accepted in multi mode are not sent again in auto mode.
        let n_sent = if mode == "multi" { expected_requests(&orders, |_| true) } else { [0; 6] };
        assert_eq!(requests(&ran), n_sent, "{mode}");
    }
    let again = tenant.send(&workspace, &format!("orders.csv --mode multi {SMALL_URLS}"));
    assert_eq!((again.code, &again.summary()["orders"]["already_sent"]), (0, &10.into()));
    assert_eq!(request_count(&again.summary(), "total"), 0);
    assert_eq!(tenant.state()["orders"]["received"], 10);
}

/// An order with more items than fit one CONFIRM.
#[test]
fn split_confirm_carries_large_orders() {
    let orders = [Order::new(0, "WINE", 60), Order::new(1, "GEAR", 1)];
    for (confirm, code, n_confirms) in [("whole", 1, 0), ("parts", 0, 2)] {
        let options = format!("{OPTIONS} {SMALL_URLS} --max-invalid 100% --set confirm={confirm}");
        let ran = workspace_with(&orders)
            .run(&format!("send orders.csv --sandbox --mode auto {options}"));
        let state = sandbox_of(&ran);
        assert_eq!(
            (ran.code, request_count(&ran.summary(), "confirm")),
            (code, n_confirms),
            "{}",
            ran.report()
        );
        assert_tenant_matches(&ran.summary(), &state, confirm);
        let is_sent = |order: &&Order| confirm == "parts" || order.n_items == 1;
        let expected: Vec<_> = orders.iter().filter(is_sent).cloned().collect();
        assert_has_orders(&state, &expected, Order::needs_multi);
        assert_eq!(ran.report().contains("confirm"), code == 1, "{}", ran.report());
    }
}

/// Asserts that the reported outcomes match the tenant's data.
fn assert_matches_tenant(ran: &RunResult, state: &Value) {
    let (accepted, unknown) = (of_outcome(ran, "accepted"), of_outcome(ran, "unknown"));
    let stored = references(&state["order_list"], |_| true);
    assert!(accepted.is_subset(&stored), "{:?}", accepted.difference(&stored));
    let known = [&accepted, &unknown, &of_outcome(ran, "already_sent")];
    assert!(
        stored.iter().all(|order| known.iter().any(|known| known.contains(order))),
        "{}",
        ran.report()
    );
    assert_eq!(
        (&state["orders"]["repeated_references"], &state["orders"]["not_processed"]),
        (&0.into(), &0.into())
    );
    // Only CHECKOUTs with an unknown outcome leave carts.
    let carts = state["carts"]["list"].as_array().unwrap();
    let left: BTreeSet<_> = carts.iter().map(|cart| text(&cart["reference"])).collect();
    assert!(
        left.is_subset(&unknown) && state["carts"]["abandoned"] == 0,
        "{carts:?} are left: {}",
        ran.report()
    );
}

#[test]
fn summary_matches_the_tenant_under_faults() {
    let orders = orders(20, 20, 4);
    let mut faults = "--fault seed=7".to_owned();
    for (name, share) in FAULTS {
        write!(faults, " --fault {name}={share}").unwrap();
    }
    for mode in ["multi", "auto"] {
        let options = format!("--mode {mode} {OPTIONS} {SMALL_URLS} {PATIENT} {faults}");
        let ran = workspace_with(&orders).run(&format!("send orders.csv --sandbox {options}"));
        let state = sandbox_of(&ran);
        assert_eq!(ran.code, 3, "{}", ran.report());
        assert_matches_tenant(&ran, &state);
        assert_same_requests(&ran.summary(), &state);
        // Some carts are cleared and some are left: otherwise the faults would be too rare for the
        // test.
        assert!(
            state["carts"]["cleared"] != 0 && state["carts"]["open"] != 0,
            "{}",
            state["carts"]
        );
        let price: BTreeMap<_, _> =
            orders.iter().map(|order| (&order.reference, order.price().to_string())).collect();
        for entry in state["order_list"].as_array().unwrap() {
            assert_eq!(entry["price"], *price[&text(&entry["referenceId"])]);
        }
    }
}

#[test]
fn next_run_clears_carts_left_by_faults() {
    let orders = orders(20, 20, 4);
    let mut faults = json!({ "seed": 7, "status": {} });
    for (name, share) in FAULTS {
        match name.strip_prefix("status.") {
            Some(status) => faults["status"][status] = share.into(),
            None => faults[name] = share.into(),
        }
    }
    let (workspace, tenant) = (workspace_with(&orders), Tenant::new(Some(faults)));
    let send =
        |what: &str| tenant.send(&workspace, &format!("{what} --mode auto {SMALL_URLS} {PATIENT}"));
    let first = send("orders.csv");
    let left = tenant.state();
    assert_matches_tenant(&first, &left);
    assert!(left["carts"]["open"] != 0, "{}", first.report());
    // Unknown orders stay unknown, and their open carts are cleared.
    let second = send("orders.csv");
    let (summary, state) = (second.summary(), tenant.state());
    assert_matches_tenant(&second, &state);
    assert_eq!(second.code, 3);
    assert_eq!((&state["carts"]["open"], &state["order_list"]), (&0.into(), &left["order_list"]));
    assert_eq!(request_count(&summary, "total"), request_count(&summary, "clear_cart"));
    assert!(Some(request_count(&summary, "clear_cart")) >= left["carts"]["open"].as_u64());
    let third = send("orders.csv");
    assert_eq!((third.code, request_count(&third.summary(), "total")), (3, 0));
    // On request they are sent again, assembled on other browsers.
    let resent = send("orders.csv --unknown resend");
    assert!(
        of_outcome(&resent, "accepted").is_subset(&of_outcome(&second, "unknown")),
        "{}",
        resent.report()
    );
    assert!(of_outcome(&resent, "accepted").len() > 1, "{}", resent.report());
    let stored = references(&tenant.state()["order_list"], |_| true);
    assert!(of_outcome(&resent, "accepted").is_subset(&stored), "{}", resent.report());
}

#[test]
fn limit_never_splits_an_order() {
    let orders = orders(4, 4, 2);
    let (workspace, tenant) = (workspace_with(&orders), Tenant::new(None));
    let first = tenant.send(&workspace, &format!("orders.csv --mode multi {SMALL_URLS} --limit 3"));
    assert_eq!(
        (first.code, &first.summary()["orders"]["accepted"]),
        (4, &3.into()),
        "{}",
        first.report()
    );
    let state = tenant.state();
    assert_eq!((&state["orders"]["processed"], &state["carts"]["open"]), (&3.into(), &0.into()));
    let rest = tenant.send(&workspace, "--resume run-1");
    let counts = &rest.summary()["orders"];
    assert_eq!(
        (rest.code, &counts["accepted"], &counts["already_sent"]),
        (0, &7.into(), &3.into()),
        "{}",
        rest.report()
    );
    assert_has_orders(&tenant.state(), &orders, |_| true);
    let all: Vec<_> =
        requests(&first).iter().zip(requests(&rest)).map(|(first, rest)| first + rest).collect();
    assert_eq!(all, expected_requests(&orders, |_| true));
    assert_eq!(request_count(&tenant.send(&workspace, "--resume run-1").summary(), "total"), 0);
}

/// With one request in flight, at most one can arrive later than it was started, so the times at
/// the service are sufficient.
#[test]
fn rate_limit_holds_in_every_second() {
    const RATE: usize = 60;
    let received_at = Arc::new(Mutex::new(Vec::new()));
    let (times, seen) = (Arc::clone(&received_at), Mutex::new(BTreeSet::new()));
    let service = MockService::start(move |request| {
        times.lock().unwrap().push(Instant::now());
        // The first ADD of each order is retried, and some orders are refused and cleared.
        let is_first =
            request.kind() == "ADD" && seen.lock().unwrap().insert(request.reference().to_owned());
        let is_refused = request.kind() == "CHECKOUT"
            && ["-2", "-5"].iter().any(|end| request.reference().ends_with(end));
        if is_first { Some(Reply::status(500)) } else { is_refused.then(|| Reply::status(400)) }
    });
    let workspace = workspace_with(&orders(7, 7, 2));
    let target =
        format!("--base-url {} --client-key k --pos p --backfill {PATIENT}", service.base_url);
    let ran = workspace.run(&format!(
        "send orders.csv {target} --mode multi --rate {RATE}/s --in-flight 1 --identity-pause 0s"
    ));
    assert_eq!((ran.code, request_count(&ran.summary(), "clear_cart")), (1, 4), "{}", ran.report());
    assert_eq!(request_count(&ran.summary(), "retries"), 16);
    let received_at = received_at.lock().unwrap();
    assert!(received_at.len() > 2 * RATE, "{} requests", received_at.len());
    let max_requests = RATE + RATE / 20 + 1;
    for (first, later) in received_at.iter().zip(received_at.iter().skip(max_requests)) {
        let time = *later - *first;
        assert!(time >= Duration::from_secs(1), "{} requests in {time:?}", max_requests + 1);
    }
}
