//! Tests of the fault decisions without a socket: which requests are hit, how often, in any order.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};

use super::decide::{Fault, FaultDecision, FaultError, Faults};
use super::request_key::{LastAddByBrowser, RequestContent};
use super::scheduler::FaultScheduler;

fn faults(settings: Value) -> Result<Faults, FaultError> {
    Faults::new(serde_json::from_value(settings).unwrap())
}

/// Some of each fault.
fn all_faults(seed: u64) -> Faults {
    faults(json!({ "seed": seed, "latency": "10ms p99 1s", "status": { "500": "4%", "503": "3%" }, "throttled": "2%",
        "closed_not_taken": "1%", "closed_taken": "0.5%", "late": "1%", "half": "1.5%", "garbage": "2%" }))
    .unwrap()
}

fn order(n: u32, browser: &str) -> RequestContent {
    let message =
        json!({ "type": "ORDER_CHECKOUT", "browser_id": browser, "order": { "referenceId": n } });
    RequestContent::parse("/v1.2/event/create.json", Some(&message.to_string()))
}

/// The decision for the first request of an order.
fn decide(faults: &Faults, n: u32) -> FaultDecision {
    faults.decide(LastAddByBrowser::default().key_of(order(n, "b")), 0)
}

/// The decisions for three requests of each order, whatever the order of the requests.
fn decisions_of(
    scheduler: &mut FaultScheduler,
    orders: impl Iterator<Item = u32>,
    browser: &str,
) -> BTreeMap<u32, Vec<FaultDecision>> {
    orders.map(|n| (n, (0..3).map(|_| scheduler.next_fault(order(n, browser))).collect())).collect()
}

#[test]
fn same_seed_selects_same_requests() {
    let (mut one, mut other) =
        (FaultScheduler::new(all_faults(7)), FaultScheduler::new(all_faults(7)));
    let decisions = decisions_of(&mut one, 0..500, "one browser");
    assert_eq!(decisions, decisions_of(&mut other, (0..500).rev(), "another browser"));
    assert_eq!(one.injected(), other.injected());
    assert_ne!(
        decisions,
        decisions_of(&mut FaultScheduler::new(all_faults(8)), 0..500, "one browser")
    );
    assert!(
        decisions.values().any(|times| times[0].fault.is_some() && times[1].fault.is_none()),
        "a retry is decided independently"
    );
}

/// Within five standard deviations of the expected counts.
#[test]
fn fault_rates_match_their_probabilities() {
    let mut scheduler = FaultScheduler::new(all_faults(1));
    let decisions: Vec<_> = (0..10_000).map(|n| scheduler.next_fault(order(n, "b"))).collect();
    let injected = scheduler.injected();
    for (name, expected) in [
        ("status.500", 400.0),
        ("status.503", 300.0),
        ("throttled", 200.0),
        ("closed_not_taken", 100.0),
        ("closed_taken", 50.0),
        ("late", 100.0),
        ("half", 150.0),
        ("garbage", 200.0),
    ] {
        let found = f64::from(u32::try_from(injected[name]).unwrap());
        assert!(
            (found - expected).abs() < 5.0 * f64::sqrt(expected),
            "{name}: {found}, expected about {expected}"
        );
    }
    let failed = decisions.iter().filter_map(|decision| decision.fault);
    let n_processed =
        failed.filter(|fault| matches!(fault, Fault::Status { is_processed: true, .. })).count();
    assert!(
        (150..250).contains(&n_processed),
        "{n_processed} of about 400 are processed despite the error"
    );
}

#[test]
fn probabilities_of_zero_and_one_hold() {
    let all = faults(json!({ "half": "60%", "late": "40%", "late_after": "40s", "latency": "1s" }))
        .unwrap();
    let none = faults(json!({})).unwrap();
    for n in 0..1000 {
        let decision = decide(&all, n);
        let seconds = if decision.fault == Some(Fault::LateResponse) { 41 } else { 1 };
        assert!(decision.fault.is_some() && decision.wait == Duration::from_secs(seconds));
        assert_eq!(decide(&none, n), FaultDecision::default());
    }
}

#[test]
fn only_ambiguous_statuses_process_the_event() {
    let all = |status: &str| {
        let faults =
            faults(json!({ "status": { status: "100%" }, "taken_anyway": "100%" })).unwrap();
        matches!(decide(&faults, 1).fault, Some(Fault::Status { is_processed: true, .. }))
    };
    assert_eq!(
        ["401", "429", "500", "502", "503", "504"].map(all),
        [false, false, true, true, false, true]
    );
}

#[test]
fn contradictory_fault_settings_are_rejected() {
    let error = |settings| faults(settings).unwrap_err().to_string();
    insta::assert_snapshot!(error(json!({ "half": "60%", "status": { "500": "40.5%" } })), @"
    the shares of the faults add up to 100.5%; expected at most 100%
      hint: a request has at most one fault; lower some of the shares
    ");
    insta::assert_snapshot!(error(json!({ "outage": { "lasts": "1min", "every": "60s" } })), @"
    outage.every is 1m; expected more than outage.lasts, which is 1m
      hint: outage.every is the time from the start of one outage to the start of the next
    ");
    assert!(faults(json!({ "outage": { "lasts": "1min" } })).is_ok());
}
