//! Scripts of the delivery state machine: responses in, steps out, one line each.

mod assembled;

use std::time::Duration;

use proptest::prelude::*;
use tokio::time::Instant;

use super::GuestDelivery;
use crate::{
    dispatch::{Action, Delivery},
    model::{outcome::Outcome, planned::PlannedGuest, request::RequestKind},
    stream::{
        ServiceResponse, StreamSettings,
        tests::{planned_guest, settings as default_settings},
    },
};

const OK: &str = "201 OK";

const SLOW: &str = "slow";

fn settings() -> StreamSettings {
    StreamSettings {
        identity_pause: Duration::from_millis(500),
        first_backoff: Duration::ZERO,
        ..default_settings(None)
    }
}

/// The response for one entry of a script: `201 OK` with a browser id that counts up, `slow` (the
/// same after a quarter of an hour), `no response`, `no connection`, `bad certificate`, or a bare
/// status.
fn response(entry: &str, n_browsers: &mut u32) -> ServiceResponse {
    let http = |status, body| ServiceResponse::Http { status, body: Some(body), retry_after: None };
    match entry {
        OK | SLOW => {
            *n_browsers += 1;
            http(201, format!("{{\"status\":\"OK\",\"ref\":\"b{n_browsers}\"}}"))
        }
        "no response" => ServiceResponse::TimedOut("timed out".into()),
        "no connection" => ServiceResponse::NotSent("refused".into()),
        "bad certificate" => ServiceResponse::CertificateRejected("unknown issuer".into()),
        status => http(status.parse().unwrap(), String::new()),
    }
}

/// Runs a script until it is used up: one line for each step and its result.
fn run_script(n_orders: u32, script: &[&str]) -> String {
    run_script_with(&planned_guest(0, n_orders), &settings(), script)
}

/// `stop` or `graceful stop` in place of a response stops the run before the step is sent.
fn run_script_with(guest: &PlannedGuest, settings: &StreamSettings, script: &[&str]) -> String {
    let mut delivery = GuestDelivery::new(guest, settings);
    let (mut lines, mut n_browsers, mut entries) = (String::new(), 0, script.iter());
    let mut now = Instant::now();
    loop {
        let line = match delivery.next_action(now) {
            Action::Done => break,
            Action::Wait(time) => {
                now += time;
                format!("wait {}ms", time.as_millis())
            }
            Action::OpenCart { order, session, .. } => {
                format!("open the cart of {order} on {session}")
            }
            Action::CloseCart => "close the cart".to_owned(),
            Action::StopRun(reason) => {
                delivery.stop("stopped", false);
                format!("stop the run: {reason}")
            }
            Action::Settled(index, result) => {
                let reason = result.reason.unwrap_or_default();
                let repeated = result
                    .uncertain_before
                    .map(|uncertainty| format!(" [repeated after: {uncertainty}]"));
                let repeated = repeated.unwrap_or_default();
                format!("{index} {} after {} {reason}{repeated}", result.outcome, result.attempts)
            }
            Action::Send(request) => match entries.next() {
                None => break,
                Some(entry @ (&"stop" | &"graceful stop")) => {
                    delivery.stop("stopped", *entry == "graceful stop");
                    (*entry).to_owned()
                }
                Some(entry) => {
                    let again = if request.is_retry { " again" } else { "" };
                    let step = delivery.describe_step();
                    now += if *entry == SLOW {
                        Duration::from_secs(15 * 60)
                    } else {
                        Duration::from_secs(1)
                    };
                    delivery.on_response(response(entry, &mut n_browsers), now);
                    format!("{step}{again} -> {entry}")
                }
            },
        };
        lines += line.trim_end();
        lines.push('\n');
    }
    lines
}

impl GuestDelivery<'_> {
    fn describe_step(&self) -> String {
        let (step, browser, order) =
            (self.current_step().unwrap(), self.browser().unwrap_or_default(), self.order_index);
        match step.kind() {
            RequestKind::BrowserCreate => "browser".to_owned(),
            RequestKind::Identity => format!("{browser} IDENTITY"),
            _ => format!("{browser} {step}, order {order}"),
        }
    }
}

#[test]
fn guest_is_delivered_without_faults() {
    insta::assert_snapshot!(run_script(2, &[OK, OK, OK, OK]), @r#"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    b1 ORDER_CHECKOUT, order 0 -> 201 OK
    0 accepted after 1
    b1 ORDER_CHECKOUT, order 1 -> 201 OK
    1 accepted after 1
    "#);
}

#[test]
fn silent_checkout_is_unknown_next_order_is_sent() {
    insta::assert_snapshot!(run_script(2, &["no response", OK, "500", OK, "no response", OK]), @"
    browser -> no response
    wait 0ms
    browser again -> 201 OK
    b1 IDENTITY -> 500
    wait 0ms
    b1 IDENTITY again -> 201 OK
    wait 500ms
    b1 ORDER_CHECKOUT, order 0 -> no response
    0 unknown after 1 timed out
    b1 ORDER_CHECKOUT, order 1 -> 201 OK
    1 accepted after 1
    ");
}

#[test]
fn definite_failures_are_retried_then_fail() {
    insta::assert_snapshot!(run_script(2, &[OK, OK, "503", "no connection", "429", "400"]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    b1 ORDER_CHECKOUT, order 0 -> 503
    wait 0ms
    b1 ORDER_CHECKOUT, order 0 again -> no connection
    wait 0ms
    b1 ORDER_CHECKOUT, order 0 again -> 429
    0 failed after 3 HTTP 429
    b1 ORDER_CHECKOUT, order 1 -> 400
    1 refused after 1 HTTP 400
    ");
}

#[test]
fn unidentified_guest_fails_all_orders() {
    insta::assert_snapshot!(run_script(2, &[OK, "400"]), @r#"
    browser -> 201 OK
    b1 IDENTITY -> 400
    0 refused after 0 the guest could not be identified: HTTP 400
    1 refused after 0 the guest could not be identified: HTTP 400
    "#);
    insta::assert_snapshot!(run_script(1, &["500", "500", "500"]), @"
    browser -> 500
    wait 0ms
    browser again -> 500
    wait 0ms
    browser again -> 500
    0 failed after 0 the guest could not be identified: HTTP 500
    ");
}

#[test]
fn unknown_browser_is_renewed_once() {
    insta::assert_snapshot!(run_script(2, &[OK, OK, "404", OK, OK, "404", OK]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    b1 ORDER_CHECKOUT, order 0 -> 404
    browser again -> 201 OK
    b3 IDENTITY again -> 201 OK
    wait 500ms
    b3 ORDER_CHECKOUT, order 0 again -> 404
    0 refused after 2 HTTP 404
    b3 ORDER_CHECKOUT, order 1 -> 201 OK
    1 accepted after 1
    ");
    insta::assert_snapshot!(run_script(1, &[OK, "404", OK, OK, OK]), @"
    browser -> 201 OK
    b1 IDENTITY -> 404
    browser again -> 201 OK
    b2 IDENTITY again -> 201 OK
    wait 500ms
    b2 ORDER_CHECKOUT, order 0 -> 201 OK
    0 accepted after 1
    ");
}

#[test]
fn refused_key_stops_run() {
    insta::assert_snapshot!(run_script(3, &[OK, OK, "401"]), @r#"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    b1 ORDER_CHECKOUT, order 0 -> 401
    0 refused after 1 the client key was refused (HTTP 401)
    stop the run: the client key was refused (HTTP 401)
    1 not_attempted after 0 stopped
    2 not_attempted after 0 stopped
    "#);
    insta::assert_snapshot!(run_script(1, &["302"]), @r"
    browser -> 302
    stop the run: the service redirects (HTTP 302); redirects are not followed
    0 not_attempted after 0 stopped
    ");
}

#[test]
fn stop_between_tries_names_the_last_answer() {
    insta::assert_snapshot!(run_script(2, &[OK, OK, "503", "stop"]), @r#"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    b1 ORDER_CHECKOUT, order 0 -> 503
    wait 0ms
    stop
    0 not_attempted after 1 not accepted: HTTP 503; then: stopped
    1 not_attempted after 0 stopped
    "#);
}

#[test]
fn wrong_target_or_certificate_refuses_no_order() {
    insta::assert_snapshot!(run_script(2, &["404"]), @"
    browser -> 404
    stop the run: cannot create a browser (HTTP 404): the base URL or the client key is wrong
    0 not_attempted after 0 stopped
    1 not_attempted after 0 stopped
    ");
    // In the middle of a run, for example after an outage.
    insta::assert_snapshot!(run_script(2, &[OK, OK, OK, "bad certificate"]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    b1 ORDER_CHECKOUT, order 0 -> 201 OK
    0 accepted after 1
    b1 ORDER_CHECKOUT, order 1 -> bad certificate
    stop the run: unknown issuer
    1 not_attempted after 1 stopped
    ");
}

#[test]
fn retried_500_is_uncertain_until_accepted() {
    let lenient = StreamSettings { retry_500: true, ..settings() };
    insta::assert_snapshot!(run_script_with(&planned_guest(0, 3), &lenient, &[OK, OK, "500", OK, "500", "400", "500", "500", "500"]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    b1 ORDER_CHECKOUT, order 0 -> 500
    wait 0ms
    b1 ORDER_CHECKOUT, order 0 again -> 201 OK
    0 accepted after 2  [repeated after: HTTP 500]
    b1 ORDER_CHECKOUT, order 1 -> 500
    wait 0ms
    b1 ORDER_CHECKOUT, order 1 again -> 400
    1 unknown after 2 HTTP 500; then: HTTP 400 [repeated after: HTTP 500]
    b1 ORDER_CHECKOUT, order 2 -> 500
    wait 0ms
    b1 ORDER_CHECKOUT, order 2 again -> 500
    wait 0ms
    b1 ORDER_CHECKOUT, order 2 again -> 500
    2 unknown after 3 HTTP 500; then: HTTP 500 [repeated after: HTTP 500]
    ");
}

#[test]
fn earlier_unknown_stays_until_accepted() {
    let mut guest = planned_guest(0, 3);
    for order in &mut guest.orders[..2] {
        order.is_uncertain = true;
    }
    insta::assert_snapshot!(run_script_with(&guest, &settings(), &[OK, OK, OK, "400", "400"]), @r#"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    b1 ORDER_CHECKOUT, order 0 -> 201 OK
    0 accepted after 1  [repeated after: sent by an earlier run, and no answer came]
    b1 ORDER_CHECKOUT, order 1 -> 400
    1 unknown after 1 sent by an earlier run, and no answer came; then: HTTP 400 [repeated after: sent by an earlier run, and no answer came]
    b1 ORDER_CHECKOUT, order 2 -> 400
    2 refused after 1 HTTP 400
    "#);
    insta::assert_snapshot!(run_script_with(&guest, &settings(), &[OK, "400"]), @"
    browser -> 201 OK
    b1 IDENTITY -> 400
    0 unknown after 0 sent by an earlier run, and no answer came; then: the guest could not be identified: HTTP 400
    1 unknown after 0 sent by an earlier run, and no answer came; then: the guest could not be identified: HTTP 400
    2 refused after 0 the guest could not be identified: HTTP 400
    ");
}

proptest! {
    #[test]
    fn every_order_has_exactly_one_outcome(
        n_orders in 0_u32..5,
        script in prop::collection::vec(prop::sample::select(vec![OK, OK, "no response", "no connection", "bad certificate", "400", "401", "404", "503", "302", "500"]), 60)
    ) {
        let lines = run_script(n_orders, &script);
        let settled: Vec<_> = lines.lines().filter_map(|line| {
            let (id, rest) = line.split_once(' ')?;
            Outcome::ALL.iter().any(|outcome| rest.starts_with(outcome.as_str())).then(|| id.parse::<u32>().ok())?
        }).collect();
        prop_assert_eq!(settled, (0..n_orders).collect::<Vec<_>>());
        // At most three tries on each of two browsers, and never one after a response that may
        // mean "accepted".
        for order in 0..n_orders {
            let sent: Vec<_> = lines.lines().filter(|line| line.contains(&format!("ORDER_CHECKOUT, order {order} "))).collect();
            prop_assert!(sent.len() <= 6);
            for line in sent.iter().rev().skip(1) {
                prop_assert!(["503", "no connection", "404"].iter().any(|harmless| line.ends_with(harmless)), "{}", line);
            }
        }
    }
}
