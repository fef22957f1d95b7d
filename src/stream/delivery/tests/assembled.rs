//! Scripts of orders that are assembled from several events, also mixed with single-event orders.

use std::time::Duration;

use proptest::prelude::*;

use super::{OK, SLOW, run_script_with, settings};
use crate::{
    model::{outcome::Outcome, planned::Payload, request::RequestKind},
    stream::{StreamPayload, StreamSettings, payload::OrderEvent, tests::multi_event_guest},
};

/// Runs a script for one assembled order per element of `n_items`; an order of 0 items is a single
/// event.
fn assembled(n_items: &[usize], script: &[&str]) -> String {
    run_script_with(&multi_event_guest(0, n_items), &settings(), script)
}

#[test]
fn multi_event_order_has_own_browser() {
    insta::assert_snapshot!(assembled(&[2], &[OK; 7]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    b1 ADD of item 1, order 0 -> 201 OK
    b1 ADD of item 2, order 0 -> 201 OK
    b1 ADD_CONTACTS, order 0 -> 201 OK
    b1 CONFIRM, order 0 -> 201 OK
    b1 CHECKOUT, order 0 -> 201 OK
    close the cart
    0 accepted after 1
    ");
    let mut guest = multi_event_guest(0, &[1]);
    let mut payload = StreamPayload::read(&guest.orders[0]).unwrap();
    let event = payload.events[0].1.clone();
    payload.events.insert(2, OrderEvent(RequestKind::AddConsumers, event.clone()));
    payload.events.insert(3, OrderEvent(RequestKind::Confirm, event));
    guest.orders[0].encoded.n_requests = payload.n_requests();
    guest.orders[0].encoded.payload = Payload::from(&payload);
    insta::assert_snapshot!(run_script_with(&guest, &settings(), &[OK; 8]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    b1 ADD of item 1, order 0 -> 201 OK
    b1 ADD_CONTACTS, order 0 -> 201 OK
    b1 ADD_CONSUMERS, order 0 -> 201 OK
    b1 CONFIRM, order 0 -> 201 OK
    b1 CONFIRM, order 0 -> 201 OK
    b1 CHECKOUT, order 0 -> 201 OK
    close the cart
    0 accepted after 1
    ");
}

#[test]
fn single_event_orders_share_guest_browser() {
    insta::assert_snapshot!(assembled(&[1, 0, 1, 0], &[OK; 16]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    b1 ADD of item 1, order 0 -> 201 OK
    b1 ADD_CONTACTS, order 0 -> 201 OK
    b1 CONFIRM, order 0 -> 201 OK
    b1 CHECKOUT, order 0 -> 201 OK
    close the cart
    0 accepted after 1
    browser -> 201 OK
    b7 IDENTITY -> 201 OK
    wait 500ms
    b7 ORDER_CHECKOUT, order 1 -> 201 OK
    1 accepted after 1
    browser -> 201 OK
    b10 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 2 on b10
    b10 ADD of item 1, order 2 -> 201 OK
    b10 ADD_CONTACTS, order 2 -> 201 OK
    b10 CONFIRM, order 2 -> 201 OK
    b10 CHECKOUT, order 2 -> 201 OK
    close the cart
    2 accepted after 1
    b7 ORDER_CHECKOUT, order 3 -> 201 OK
    3 accepted after 1
    ");
}

#[test]
fn add_is_retried_uncertain_confirm_restarts() {
    insta::assert_snapshot!(assembled(&[2], &[OK, OK, OK, "no response", "500", OK, OK, "no response", OK, OK, OK, OK, OK, OK, OK, OK]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    b1 ADD of item 1, order 0 -> 201 OK
    b1 ADD of item 2, order 0 -> no response
    wait 0ms
    b1 ADD of item 2, order 0 again -> 500
    wait 0ms
    b1 ADD of item 2, order 0 again -> 201 OK
    b1 ADD_CONTACTS, order 0 -> 201 OK
    b1 CONFIRM, order 0 -> no response
    wait 0ms
    b1 CLEAR_CART, order 0 -> 201 OK
    browser again -> 201 OK
    b7 IDENTITY again -> 201 OK
    wait 500ms
    open the cart of 0 on b7
    b7 ADD of item 1, order 0 again -> 201 OK
    b7 ADD of item 2, order 0 again -> 201 OK
    b7 ADD_CONTACTS, order 0 again -> 201 OK
    b7 CONFIRM, order 0 again -> 201 OK
    b7 CHECKOUT, order 0 -> 201 OK
    close the cart
    0 accepted after 1
    ");
    // Definitely not processed, so the event may be retried on the same browser.
    insta::assert_snapshot!(assembled(&[1], &[OK, OK, OK, "503", OK, "429", OK, "no connection", OK]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    b1 ADD of item 1, order 0 -> 201 OK
    b1 ADD_CONTACTS, order 0 -> 503
    wait 0ms
    b1 ADD_CONTACTS, order 0 again -> 201 OK
    b1 CONFIRM, order 0 -> 429
    wait 0ms
    b1 CONFIRM, order 0 again -> 201 OK
    b1 CHECKOUT, order 0 -> no connection
    wait 0ms
    b1 CHECKOUT, order 0 again -> 201 OK
    close the cart
    0 accepted after 2
    ");
}

#[test]
fn restarts_are_limited() {
    let once = [OK, OK, OK, "500"];
    let script = [once.as_slice(), &[OK], &once, &[OK], &once, &[OK]].concat();
    insta::assert_snapshot!(assembled(&[1], &script), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    b1 ADD of item 1, order 0 -> 201 OK
    b1 ADD_CONTACTS, order 0 -> 500
    wait 0ms
    b1 CLEAR_CART, order 0 -> 201 OK
    close the cart
    browser again -> 201 OK
    b5 IDENTITY again -> 201 OK
    wait 500ms
    open the cart of 0 on b5
    b5 ADD of item 1, order 0 again -> 201 OK
    b5 ADD_CONTACTS, order 0 again -> 500
    wait 0ms
    b5 CLEAR_CART, order 0 -> 201 OK
    close the cart
    browser again -> 201 OK
    b9 IDENTITY again -> 201 OK
    wait 500ms
    open the cart of 0 on b9
    b9 ADD of item 1, order 0 again -> 201 OK
    b9 ADD_CONTACTS, order 0 again -> 500
    b9 CLEAR_CART, order 0 -> 201 OK
    close the cart
    0 failed after 0 ADD_CONTACTS: HTTP 500
    ");
}

#[test]
fn refused_order_clears_its_cart() {
    insta::assert_snapshot!(assembled(&[3], &[OK, OK, OK, "400", OK]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    b1 ADD of item 1, order 0 -> 201 OK
    b1 ADD of item 2, order 0 -> 400
    b1 CLEAR_CART, order 0 -> 201 OK
    close the cart
    0 refused after 0 ADD of item 2: HTTP 400
    ");
    insta::assert_snapshot!(assembled(&[1], &[OK, OK, OK, OK, OK, "400", "no response", OK]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    b1 ADD of item 1, order 0 -> 201 OK
    b1 ADD_CONTACTS, order 0 -> 201 OK
    b1 CONFIRM, order 0 -> 201 OK
    b1 CHECKOUT, order 0 -> 400
    b1 CLEAR_CART, order 0 -> no response
    wait 0ms
    b1 CLEAR_CART, order 0 again -> 201 OK
    close the cart
    0 refused after 1 CHECKOUT: HTTP 400
    ");
    // The cart is empty.
    insta::assert_snapshot!(assembled(&[1], &[OK, OK, "400"]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    b1 ADD of item 1, order 0 -> 400
    close the cart
    0 refused after 0 ADD of item 1: HTTP 400
    ");
    insta::assert_snapshot!(assembled(&[1], &[OK, OK, "no connection", "503", "429"]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    b1 ADD of item 1, order 0 -> no connection
    wait 0ms
    b1 ADD of item 1, order 0 again -> 503
    wait 0ms
    b1 ADD of item 1, order 0 again -> 429
    close the cart
    0 failed after 0 ADD of item 1: HTTP 429
    ");
    // The cart may hold an item.
    insta::assert_snapshot!(assembled(&[1], &[OK, OK, "500", "500", "500", OK]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    b1 ADD of item 1, order 0 -> 500
    wait 0ms
    b1 ADD of item 1, order 0 again -> 500
    wait 0ms
    b1 ADD of item 1, order 0 again -> 500
    b1 CLEAR_CART, order 0 -> 201 OK
    close the cart
    0 failed after 0 ADD of item 1: HTTP 500
    ");
}

#[test]
fn uncertain_checkout_keeps_cart() {
    insta::assert_snapshot!(assembled(&[1, 0], &[OK, OK, OK, OK, OK, "no response", OK, OK, OK]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    b1 ADD of item 1, order 0 -> 201 OK
    b1 ADD_CONTACTS, order 0 -> 201 OK
    b1 CONFIRM, order 0 -> 201 OK
    b1 CHECKOUT, order 0 -> no response
    0 unknown after 1 CHECKOUT: timed out, and its cart may still hold items until the next run clears it
    browser -> 201 OK
    b6 IDENTITY -> 201 OK
    wait 500ms
    b6 ORDER_CHECKOUT, order 1 -> 201 OK
    1 accepted after 1
    ");
    let lenient = StreamSettings { retry_500: true, ..settings() };
    let script = [OK, OK, OK, OK, OK, "500", "400"];
    insta::assert_snapshot!(run_script_with(&multi_event_guest(0, &[1]), &lenient, &script), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    b1 ADD of item 1, order 0 -> 201 OK
    b1 ADD_CONTACTS, order 0 -> 201 OK
    b1 CONFIRM, order 0 -> 201 OK
    b1 CHECKOUT, order 0 -> 500
    wait 0ms
    b1 CHECKOUT, order 0 again -> 400
    0 unknown after 2 CHECKOUT: HTTP 500; then: CHECKOUT: HTTP 400, and its cart may still hold items until the next run clears it [repeated after: CHECKOUT: HTTP 500]
    ");
}

#[test]
fn unknown_browser_has_no_cart_to_clear() {
    let once = [OK, OK, OK, OK, OK];
    let script = [once.as_slice(), &["404"], &once, &["404"]].concat();
    insta::assert_snapshot!(assembled(&[1], &script), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    b1 ADD of item 1, order 0 -> 201 OK
    b1 ADD_CONTACTS, order 0 -> 201 OK
    b1 CONFIRM, order 0 -> 201 OK
    b1 CHECKOUT, order 0 -> 404
    close the cart
    browser again -> 201 OK
    b6 IDENTITY again -> 201 OK
    wait 500ms
    open the cart of 0 on b6
    b6 ADD of item 1, order 0 again -> 201 OK
    b6 ADD_CONTACTS, order 0 again -> 201 OK
    b6 CONFIRM, order 0 again -> 201 OK
    b6 CHECKOUT, order 0 again -> 404
    close the cart
    0 refused after 2 CHECKOUT: HTTP 404
    ");
    insta::assert_snapshot!(assembled(&[1], &[OK, OK, OK, "400", "404"]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    b1 ADD of item 1, order 0 -> 201 OK
    b1 ADD_CONTACTS, order 0 -> 400
    b1 CLEAR_CART, order 0 -> 404
    close the cart
    0 refused after 0 ADD_CONTACTS: HTTP 400
    ");
}

#[test]
fn expired_session_restarts_order() {
    insta::assert_snapshot!(assembled(&[1], &[OK, SLOW, SLOW, OK, OK, OK, OK, OK, OK, OK]), @"
    browser -> 201 OK
    b1 IDENTITY -> slow
    wait 500ms
    open the cart of 0 on b1
    b1 ADD of item 1, order 0 -> slow
    wait 0ms
    b1 CLEAR_CART, order 0 -> 201 OK
    close the cart
    browser again -> 201 OK
    b5 IDENTITY again -> 201 OK
    wait 500ms
    open the cart of 0 on b5
    b5 ADD of item 1, order 0 again -> 201 OK
    b5 ADD_CONTACTS, order 0 -> 201 OK
    b5 CONFIRM, order 0 -> 201 OK
    b5 CHECKOUT, order 0 -> 201 OK
    close the cart
    0 accepted after 1
    ");
    let once = [OK, OK, SLOW, SLOW];
    let script = [once.as_slice(), &[OK], &once, &[OK], &once, &[OK]].concat();
    insta::assert_snapshot!(assembled(&[1], &script), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    b1 ADD of item 1, order 0 -> slow
    b1 ADD_CONTACTS, order 0 -> slow
    wait 0ms
    b1 CLEAR_CART, order 0 -> 201 OK
    close the cart
    browser again -> 201 OK
    b6 IDENTITY again -> 201 OK
    wait 500ms
    open the cart of 0 on b6
    b6 ADD of item 1, order 0 again -> slow
    b6 ADD_CONTACTS, order 0 again -> slow
    wait 0ms
    b6 CLEAR_CART, order 0 -> 201 OK
    close the cart
    browser again -> 201 OK
    b11 IDENTITY again -> 201 OK
    wait 500ms
    open the cart of 0 on b11
    b11 ADD of item 1, order 0 again -> slow
    b11 ADD_CONTACTS, order 0 again -> slow
    b11 CLEAR_CART, order 0 -> 201 OK
    close the cart
    0 failed after 0 CONFIRM: the session timeout of 20m passed before it could be sent
    ");
}

#[test]
fn uncleared_cart_is_reported() {
    insta::assert_snapshot!(assembled(&[2, 1], &[OK, OK, OK, "400", "no response", "500", "503", OK, OK, OK, OK, "no response", "400", OK, OK, OK, OK, OK, OK]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    b1 ADD of item 1, order 0 -> 201 OK
    b1 ADD of item 2, order 0 -> 400
    b1 CLEAR_CART, order 0 -> no response
    wait 0ms
    b1 CLEAR_CART, order 0 again -> 500
    wait 0ms
    b1 CLEAR_CART, order 0 again -> 503
    0 refused after 0 ADD of item 2: HTTP 400, and its cart could not be cleared (HTTP 503)
    browser -> 201 OK
    b4 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 1 on b4
    b4 ADD of item 1, order 1 -> 201 OK
    b4 ADD_CONTACTS, order 1 -> 201 OK
    b4 CONFIRM, order 1 -> no response
    wait 0ms
    b4 CLEAR_CART, order 1 -> 400
    browser again -> 201 OK
    b8 IDENTITY again -> 201 OK
    wait 500ms
    open the cart of 1 on b8
    b8 ADD of item 1, order 1 again -> 201 OK
    b8 ADD_CONTACTS, order 1 again -> 201 OK
    b8 CONFIRM, order 1 again -> 201 OK
    b8 CHECKOUT, order 1 -> 201 OK
    close the cart
    1 accepted after 1 the cart from before a restart could not be cleared (HTTP 400)
    ");
    insta::assert_snapshot!(assembled(&[2], &[OK, OK, OK, "400", "401"]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    b1 ADD of item 1, order 0 -> 201 OK
    b1 ADD of item 2, order 0 -> 400
    b1 CLEAR_CART, order 0 -> 401
    0 refused after 0 ADD of item 2: HTTP 400, and its cart could not be cleared (the client key was refused (HTTP 401))
    stop the run: the client key was refused (HTTP 401)
    ");
}

#[test]
fn aborted_run_leaves_cart_to_next_run() {
    insta::assert_snapshot!(assembled(&[1, 0], &[OK, OK, OK, "stop"]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    b1 ADD of item 1, order 0 -> 201 OK
    stop
    0 not_attempted after 0 stopped, and its cart stays open until the next run clears it
    1 not_attempted after 0 stopped
    ");
    insta::assert_snapshot!(assembled(&[1], &[OK, OK, "stop"]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    stop
    close the cart
    0 not_attempted after 0 stopped
    ");
    // The outcome that the order already has is kept.
    insta::assert_snapshot!(assembled(&[2], &[OK, OK, OK, "400", "stop"]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    b1 ADD of item 1, order 0 -> 201 OK
    b1 ADD of item 2, order 0 -> 400
    stop
    0 refused after 0 ADD of item 2: HTTP 400, and its cart stays open until the next run clears it
    ");
    insta::assert_snapshot!(assembled(&[1], &[OK, OK, OK, "no response", "stop"]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    b1 ADD of item 1, order 0 -> 201 OK
    b1 ADD_CONTACTS, order 0 -> no response
    wait 0ms
    stop
    0 not_attempted after 0 stopped, and its cart stays open until the next run clears it
    ");
    insta::assert_snapshot!(assembled(&[1], &[OK, OK, OK, "401"]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    b1 ADD of item 1, order 0 -> 201 OK
    b1 ADD_CONTACTS, order 0 -> 401
    0 refused after 0 ADD_CONTACTS: the client key was refused (HTTP 401), and its cart stays open until the next run clears it
    stop the run: the client key was refused (HTTP 401)
    ");
}

#[test]
fn graceful_stop_clears_cart() {
    insta::assert_snapshot!(assembled(&[1, 0], &[OK, OK, OK, "graceful stop", OK, "graceful stop"]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    b1 ADD of item 1, order 0 -> 201 OK
    graceful stop
    b1 CLEAR_CART, order 0 -> 201 OK
    close the cart
    0 not_attempted after 0 stopped
    graceful stop
    1 not_attempted after 0 stopped
    ");
    // An aborted run does not retry it, and an empty cart needs no CLEAR_CART.
    insta::assert_snapshot!(assembled(&[1], &[OK, OK, OK, "graceful stop", "503", "stop"]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    b1 ADD of item 1, order 0 -> 201 OK
    graceful stop
    b1 CLEAR_CART, order 0 -> 503
    wait 0ms
    stop
    0 not_attempted after 0 stopped, and its cart stays open until the next run clears it
    ");
    insta::assert_snapshot!(assembled(&[1], &[OK, OK, "graceful stop"]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    graceful stop
    close the cart
    0 not_attempted after 0 stopped
    ");
}

#[test]
fn uncertain_checkout_is_not_assembled_again() {
    let lenient = StreamSettings { retry_500: true, ..settings() };
    let to_checkout = [OK, OK, OK, OK, OK];
    let script = |more: &[&'static str]| [&to_checkout[..], more].concat();
    let lines_after_checkout = |more: &[&'static str]| {
        let lines = run_script_with(&multi_event_guest(0, &[1]), &lenient, &script(more));
        lines.lines().skip(to_checkout.len() + 2).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(lines_after_checkout(&["500", OK]), @"
    b1 CHECKOUT, order 0 -> 500
    wait 0ms
    b1 CHECKOUT, order 0 again -> 201 OK
    close the cart
    0 accepted after 2  [repeated after: CHECKOUT: HTTP 500]
    ");
    insta::assert_snapshot!(lines_after_checkout(&["500", "404"]), @"
    b1 CHECKOUT, order 0 -> 500
    wait 0ms
    b1 CHECKOUT, order 0 again -> 404
    0 unknown after 2 CHECKOUT: HTTP 500; then: CHECKOUT: HTTP 404, and its cart may still hold items until the next run clears it [repeated after: CHECKOUT: HTTP 500]
    ");
    // The session ends before it may be sent again.
    let short_session = StreamSettings { session_timeout: Duration::from_secs(5), ..lenient };
    let lines = run_script_with(&multi_event_guest(0, &[1]), &short_session, &script(&["500"]));
    insta::assert_snapshot!(lines.lines().last().unwrap(), @"0 unknown after 1 CHECKOUT: HTTP 500; then: the session timeout of 5s passed before it could be sent, and its cart may still hold items until the next run clears it");
}

#[test]
fn uncertain_assembled_order_stays_unknown() {
    let mut guest = multi_event_guest(0, &[1]);
    guest.orders[0].is_uncertain = true;
    insta::assert_snapshot!(run_script_with(&guest, &settings(), &[OK, OK, OK, OK, "400", OK]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    b1 ADD of item 1, order 0 -> 201 OK
    b1 ADD_CONTACTS, order 0 -> 201 OK
    b1 CONFIRM, order 0 -> 400
    b1 CLEAR_CART, order 0 -> 201 OK
    close the cart
    0 unknown after 0 sent by an earlier run, and no answer came; then: CONFIRM: HTTP 400
    ");
    insta::assert_snapshot!(run_script_with(&guest, &settings(), &[OK; 6]), @"
    browser -> 201 OK
    b1 IDENTITY -> 201 OK
    wait 500ms
    open the cart of 0 on b1
    b1 ADD of item 1, order 0 -> 201 OK
    b1 ADD_CONTACTS, order 0 -> 201 OK
    b1 CONFIRM, order 0 -> 201 OK
    b1 CHECKOUT, order 0 -> 201 OK
    close the cart
    0 accepted after 1  [repeated after: sent by an earlier run, and no answer came]
    ");
}

/// The entries of a random script.
const ENTRIES: [&str; 12] =
    [OK, OK, OK, OK, SLOW, "no response", "no connection", "400", "404", "503", "500", "stop"];

/// Checks the invariants of an assembled order's cart in the lines of a script.
fn assert_cart_invariants(lines: &str) -> Result<(), TestCaseError> {
    let (mut open, mut is_filled, mut n_sent) = (None, false, 0);
    for line in lines.lines() {
        let (browser, is_sent) = (line.split(' ').next().unwrap(), line.contains(", order 0"));
        if let Some(browser) = line.strip_prefix("open the cart of 0 on ") {
            (open, is_filled) = (Some(browser.to_owned()), false);
        } else if line == "close the cart" {
            prop_assert!(!is_filled && open.take().is_some(), "{}", lines);
        } else if is_sent && (line.contains("ADD") || line.contains("CONFIRM")) {
            prop_assert_eq!(open.as_deref(), Some(browser), "{}", lines);
            is_filled |=
                !["no connection", "400", "404", "503"].iter().any(|no| line.ends_with(no));
        } else if is_sent && line.contains("CLEAR_CART") {
            is_filled &= !(line.ends_with(OK) || line.ends_with(SLOW) || line.ends_with("404"));
        } else if is_sent && line.contains(" CHECKOUT") {
            n_sent += 1;
            is_filled = ![OK, SLOW].iter().any(|ok| line.ends_with(ok));
        }
        if is_sent && line.ends_with("404") {
            is_filled = false;
        }
    }
    prop_assert!(n_sent <= 12);
    Ok(())
}

proptest! {
    #[test]
    fn filled_cart_is_journaled_and_outcome_is_unique(
        n_items in 1_usize..4,
        script in prop::collection::vec(prop::sample::select(ENTRIES.to_vec()), 120)
    ) {
        let lines = assembled(&[n_items], &script);
        let is_settled = |line: &&str| Outcome::ALL.iter().any(|outcome| line.starts_with(&format!("0 {outcome}")));
        prop_assert_eq!(lines.lines().filter(is_settled).count(), 1, "{}", lines);
        assert_cart_invariants(&lines)?;
        let checkouts: Vec<_> = lines.lines().filter(|line| line.contains(" CHECKOUT, order 0")).collect();
        for line in checkouts.iter().rev().skip(1) {
            prop_assert!(["503", "no connection", "404"].iter().any(|harmless| line.ends_with(harmless)), "{}", lines);
        }
    }
}
