//! Invariants of every run, killed or not: the requests of the service compared with the ledger
//! and the run folder.

mod carts;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    ledger::Attempt,
    test_shop::{Run, TestShop},
};
use crate::support::{
    REQUEST_KINDS, request_count,
    service::{Exchange, SentPart},
};

/// Statuses of requests that were definitely not processed. A checkout is repeated only after
/// these.
const NOT_PROCESSED: [u16; 5] = [400, 401, 404, 429, 503];

/// Checks everything about one run.
pub(super) fn check(run: &Run, shop: &TestShop) {
    check_requests_and_ledger(run, shop);
    check_results_match_ledger(run);
    check_csv(run);
    if run.summary.is_some() && run.code.is_some() {
        assert!(run.results_csv.is_some(), "results.csv is missing");
        check_summary(run);
        check_exit_code(run);
    }
}

pub(super) use carts::{check_all_cleared, check_only_clears};

/// The checks that also apply to a run that could not write its results.
pub(super) fn check_requests_and_ledger(run: &Run, shop: &TestShop) {
    check_ledger_append_only(run);
    check_intent_before_request(run);
    check_no_duplicates(run);
    check_identity_first(run, shop);
    check_ledger_outcomes(run);
    carts::check(run, shop);
}

/// Checks that every order is accepted or unknown, when nothing else is left to send.
pub(super) fn check_nothing_lost(run: &Run, shop: &TestShop) {
    let valid = run.results.iter().filter(|result| result["outcome"] != "invalid");
    let references: Vec<_> = valid.map(|result| result["referenceId"].as_str().unwrap()).collect();
    let reported: BTreeSet<_> = references.iter().copied().collect();
    let orders: BTreeSet<_> = shop.guests.keys().map(String::as_str).collect();
    assert_eq!(
        (&reported, references.len()),
        (&orders, orders.len()),
        "each order must be reported exactly once"
    );
    for reference in references {
        match run.outcome(reference) {
            "accepted" | "already_sent" => {
                assert!(has(&run.after, reference, Attempt::is_accepted), "{reference}");
            }
            "unknown" => {
                assert!(has(&run.after, reference, Attempt::is_unknown), "{reference}");
                assert!(!has(&run.after, reference, Attempt::is_accepted), "{reference}");
            }
            other => panic!("{reference} is {other}"),
        }
    }
}

/// Attempts of earlier runs do not change.
fn check_ledger_append_only(run: &Run) {
    assert!(
        run.after.starts_with(&run.before),
        "the ledger was\n{:?}\nand is\n{:?}",
        run.before,
        run.after
    );
}

fn check_intent_before_request(run: &Run) {
    for (reference, exchanges) in checkouts(run) {
        let n_intents = new_attempts(run, reference).count();
        assert!(
            n_intents >= exchanges.len(),
            "{reference} was received {} times with {n_intents} intents",
            exchanges.len()
        );
    }
    // Only checkouts have an intent; the last one may not have been sent.
    for reference in run.after[run.before.len()..].iter().map(|attempt| attempt.reference.as_str())
    {
        let (n_intents, n_received) =
            (new_attempts(run, reference).count(), run.checkout_count(reference));
        assert!(
            run.is_impatient || n_intents <= n_received + 1,
            "{reference}: {n_intents} intents, {n_received} checkouts"
        );
    }
}

/// Only orders that were definitely not processed are resent, and unknown ones with `--unknown
/// resend`.
fn check_no_duplicates(run: &Run) {
    for (reference, exchanges) in checkouts(run) {
        assert!(
            !has(&run.before, reference, Attempt::is_accepted),
            "{reference} was accepted, but sent again"
        );
        let is_held = !run.resends && has(&run.before, reference, Attempt::is_unknown);
        assert!(!is_held, "{reference} is unknown, but was sent again");
        for (_, exchange) in &exchanges[..exchanges.len() - 1] {
            assert!(
                is_definite_rejection(exchange),
                "{reference} got status {:?}, but was sent again",
                exchange.status
            );
        }
    }
}

fn check_identity_first(run: &Run, shop: &TestShop) {
    for (reference, exchanges) in checkouts(run) {
        for (index, checkout) in exchanges {
            let browser = &checkout.request.message["browser_id"];
            let is_identified = run.exchanges[..index].iter().any(|exchange| {
                let request = &exchange.request;
                let is_guest = request.kind() == "IDENTITY"
                    && request.message["email"] == *shop.guests[reference];
                // Its response precedes the checkout; requests are counted from the first run.
                let is_answered = exchange.status == Some(201)
                    && exchange.answered_at <= checkout.requests_before;
                is_guest && is_answered && request.message["browser_id"] == *browser
            });
            assert!(is_identified, "{reference} was sent before its guest's IDENTITY was accepted");
        }
    }
}

/// An accepted attempt has an accepting response; a not accepted one was definitely not processed.
fn check_ledger_outcomes(run: &Run) {
    let checkouts = checkouts(run);
    for reference in run.after[run.before.len()..].iter().map(|attempt| attempt.reference.as_str())
    {
        let exchanges = checkouts.get(reference).map_or(&[][..], Vec::as_slice);
        let n_accepted =
            new_attempts(run, reference).filter(|attempt| attempt.is_accepted()).count();
        let n_answered = exchanges.iter().filter(|(_, exchange)| is_acceptance(exchange)).count();
        assert!(
            n_accepted <= n_answered,
            "{reference} is recorded as accepted, but has no accepting response"
        );
        let n_maybe = new_attempts(run, reference)
            .filter(|attempt| attempt.is_accepted() || attempt.is_unknown());
        let n_maybe_processed =
            exchanges.iter().filter(|(_, exchange)| !is_definite_rejection(exchange)).count();
        assert!(
            n_maybe.count() >= n_maybe_processed,
            "{reference} may have been processed, but is recorded as not accepted"
        );
    }
}

/// The results match the ledger.
fn check_results_match_ledger(run: &Run) {
    for result in &run.results {
        let (reference, outcome) =
            (result["referenceId"].as_str().unwrap(), result["outcome"].as_str().unwrap());
        let is_consistent = match outcome {
            "accepted" => new_attempts(run, reference).any(Attempt::is_accepted),
            "already_sent" => has(&run.before, reference, Attempt::is_accepted),
            "unknown" => has(&run.after, reference, Attempt::is_unknown),
            "refused" | "failed" | "not_attempted" => {
                !new_attempts(run, reference).any(|new| new.outcome.is_none())
            }
            "invalid" => !has(&run.after, reference, |_| true),
            _ => false,
        };
        assert!(
            is_consistent,
            "{reference} is reported as {outcome}; the ledger:\n{:?}",
            run.after
        );
    }
}

/// `results.csv` has all results, or does not exist.
pub(super) fn check_csv(run: &Run) {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let outcome = |result: &Value| (text(&result["referenceId"]), text(&result["outcome"]));
    let expected: Vec<_> = run.results.iter().map(outcome).collect();
    assert!(run.results_csv.as_ref().is_none_or(|outcomes| *outcomes == expected));
}

fn check_summary(run: &Run) {
    let summary = run.summary();
    let orders = summary["orders"].as_object().unwrap();
    let n: u64 =
        orders.iter().filter(|(name, _)| *name != "read").map(|(_, n)| n.as_u64().unwrap()).sum();
    assert_eq!(orders["read"], n, "{orders:?}");
    assert_eq!(run.results.len() as u64, n);
    for name in REQUEST_KINDS {
        let kind = if name == "browser_create" { "BROWSER" } else { &*name.to_uppercase() };
        let n_received =
            run.exchanges.iter().filter(|exchange| exchange.request.kind() == kind).count() as u64;
        let n_sent = request_count(&summary, name);
        // A request that timed out before it was sent is counted by the run only.
        let is_equal = n_sent == n_received || (run.is_impatient && n_sent > n_received);
        assert!(is_equal, "{n_sent} {name} were sent, {n_received} received");
    }
    let n_sent: u64 = REQUEST_KINDS.iter().map(|name| request_count(&summary, name)).sum();
    assert_eq!(summary["requests"]["total"], n_sent);
}

fn check_exit_code(run: &Run) {
    let has = |outcomes: &[&str]| outcomes.iter().any(|outcome| run.n(outcome) > 0);
    let expected = match () {
        () if has(&["unknown"]) => 3,
        () if has(&["not_attempted"]) => 4,
        () => i32::from(has(&["invalid", "refused", "failed", "changed"])),
    };
    assert_eq!(run.code, Some(expected), "{}", run.errors);
}

/// The checkouts of each order in the order of arrival, with their indexes.
fn checkouts(run: &Run) -> BTreeMap<&str, Vec<(usize, &Exchange)>> {
    let mut checkouts: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (at, exchange) in run.exchanges.iter().enumerate() {
        if exchange.request.is_checkout() {
            checkouts.entry(exchange.request.reference()).or_default().push((at, exchange));
        }
    }
    checkouts
}

fn new_attempts<'r>(run: &'r Run, reference: &'r str) -> impl Iterator<Item = &'r Attempt> {
    run.after[run.before.len()..].iter().filter(move |attempt| attempt.reference == reference)
}

fn has(attempts: &[Attempt], reference: &str, condition: impl Fn(&Attempt) -> bool) -> bool {
    attempts.iter().any(|attempt| attempt.reference == reference && condition(attempt))
}

fn is_definite_rejection(exchange: &Exchange) -> bool {
    exchange.sent == SentPart::Whole
        && exchange.status.is_some_and(|status| NOT_PROCESSED.contains(&status))
}

fn is_acceptance(exchange: &Exchange) -> bool {
    exchange.sent == SentPart::Whole && exchange.status == Some(201)
}
