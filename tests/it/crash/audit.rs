//! What must hold after every run, killed or not: the service's log against the ledger and the run folder.

mod carts;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    ledger::Attempt,
    test_shop::{Run, TestShop},
};
use crate::support::{
    REQUEST_KINDS, request_count,
    service::{Exchange, SentPart},
};

/// Statuses that say that nothing was taken. A run repeats a checkout after no other.
const NOT_PROCESSED: [u16; 5] = [400, 401, 404, 429, 503];

/// Everything that can be said of one run.
pub(super) fn check(run: &Run, shop: &TestShop) {
    check_requests_and_ledger(run, shop);
    check_results_match_ledger(run);
    if run.summary.is_some() && run.code.is_some() {
        check_summary(run);
        check_exit_code(run);
    }
}

pub(super) use carts::{check_all_cleared, check_only_clears};

/// What can be said of a run that could not write down what it has to tell.
pub(super) fn check_requests_and_ledger(run: &Run, shop: &TestShop) {
    check_ledger_append_only(run);
    check_intent_before_request(run);
    check_no_duplicates(run);
    check_identity_first(run, shop);
    check_ledger_outcomes(run);
    carts::check(run, shop);
}

/// What must hold when only orders of which nobody knows are left: none is missing.
pub(super) fn check_nothing_lost(run: &Run, shop: &TestShop) {
    let valid = run.results.iter().filter(|result| result["outcome"] != "invalid");
    let references: Vec<_> = valid.map(|result| result["referenceId"].as_str().unwrap()).collect();
    let report: BTreeSet<_> = references.iter().copied().collect();
    let orders: BTreeSet<_> = shop.guests.keys().map(String::as_str).collect();
    assert_eq!((&report, references.len()), (&orders, orders.len()), "every order is told once");
    for reference in references {
        match run.outcome(reference) {
            "accepted" | "already_sent" => assert!(has(&run.after, reference, Attempt::is_accepted), "{reference}"),
            "unknown" => {
                assert!(has(&run.after, reference, Attempt::is_unknown), "{reference}");
                assert!(!has(&run.after, reference, Attempt::is_accepted), "{reference}");
            }
            other => panic!("{reference} is {other}"),
        }
    }
}

/// What an attempt of an earlier run came to stays.
fn check_ledger_append_only(run: &Run) {
    assert!(run.after.starts_with(&run.before), "the ledger was\n{:?}\nand is\n{:?}", run.before, run.after);
}

fn check_intent_before_request(run: &Run) {
    for (reference, exchanges) in checkouts(run) {
        let n_intents = new_attempts(run, reference).count();
        assert!(n_intents >= exchanges.len(), "{reference} came {} times with {n_intents} intents", exchanges.len());
    }
    // Nothing but a checkout has one, and the last one may not have left.
    for reference in run.after[run.before.len()..].iter().map(|attempt| attempt.reference.as_str()) {
        let (n_intents, n_came) = (new_attempts(run, reference).count(), run.checkout_count(reference));
        assert!(run.is_impatient || n_intents <= n_came + 1, "{reference}: {n_intents} intents, {n_came} checkouts");
    }
}

/// Again is sent only what was surely not taken, or is unknown if the user wants it so.
fn check_no_duplicates(run: &Run) {
    for (reference, exchanges) in checkouts(run) {
        assert!(!has(&run.before, reference, Attempt::is_accepted), "{reference} was accepted, and sent again");
        let is_held = !run.resends && has(&run.before, reference, Attempt::is_unknown);
        assert!(!is_held, "{reference} is unknown, and was sent again");
        for (_, exchange) in &exchanges[..exchanges.len() - 1] {
            assert!(is_definite_rejection(exchange), "{reference} was answered {:?}, and sent again", exchange.status);
        }
    }
}

fn check_identity_first(run: &Run, shop: &TestShop) {
    for (reference, exchanges) in checkouts(run) {
        for (at, checkout) in exchanges {
            let browser = &checkout.request.message["browser_id"];
            let is_identified = run.exchanges[..at].iter().any(|exchange| {
                let request = &exchange.request;
                let is_guest = request.kind() == "IDENTITY" && request.message["email"] == *shop.guests[reference];
                // It is answered before the checkout comes; the numbers of requests count from the first run.
                let is_answered = exchange.status == Some(201) && exchange.answered_at <= checkout.requests_before;
                is_guest && is_answered && request.message["browser_id"] == *browser
            });
            assert!(is_identified, "{reference} came before its guest's IDENTITY was accepted");
        }
    }
}

/// Accepted is what was answered so; not accepted is only what was surely not taken.
fn check_ledger_outcomes(run: &Run) {
    let checkouts = checkouts(run);
    for reference in run.after[run.before.len()..].iter().map(|attempt| attempt.reference.as_str()) {
        let exchanges = checkouts.get(reference).map_or(&[][..], Vec::as_slice);
        let n_accepted = new_attempts(run, reference).filter(|attempt| attempt.is_accepted()).count();
        let n_answered = exchanges.iter().filter(|(_, exchange)| is_acceptance(exchange)).count();
        assert!(n_accepted <= n_answered, "{reference} is said to be accepted");
        let n_maybe = new_attempts(run, reference).filter(|attempt| attempt.is_accepted() || attempt.is_unknown());
        let n_taken = exchanges.iter().filter(|(_, exchange)| !is_definite_rejection(exchange)).count();
        assert!(n_maybe.count() >= n_taken, "{reference} may be there, and is said not to be");
    }
}

/// What stands in the results stands in the ledger.
fn check_results_match_ledger(run: &Run) {
    for result in &run.results {
        let (reference, outcome) = (result["referenceId"].as_str().unwrap(), result["outcome"].as_str().unwrap());
        let is_right = match outcome {
            "accepted" => new_attempts(run, reference).any(Attempt::is_accepted),
            "already_sent" => has(&run.before, reference, Attempt::is_accepted),
            "unknown" => has(&run.after, reference, Attempt::is_unknown),
            "refused" | "failed" | "not_attempted" => !new_attempts(run, reference).any(|new| new.outcome.is_none()),
            "invalid" => !has(&run.after, reference, |_| true),
            _ => false,
        };
        assert!(is_right, "{reference} is told to be {outcome}; the ledger:\n{:?}", run.after);
    }
}

fn check_summary(run: &Run) {
    let summary = run.summary();
    let orders = summary["orders"].as_object().unwrap();
    let n: u64 = orders.iter().filter(|(name, _)| *name != "read").map(|(_, n)| n.as_u64().unwrap()).sum();
    assert_eq!(orders["read"], n, "{orders:?}");
    assert_eq!(run.results.len() as u64, n);
    for name in REQUEST_KINDS {
        let kind = if name == "browser_create" { "BROWSER" } else { &*name.to_uppercase() };
        let n_received = run.exchanges.iter().filter(|exchange| exchange.request.kind() == kind).count() as u64;
        let n_sent = request_count(&summary, name);
        // One that is given up before it has left is sent by its own account only.
        let is_equal = n_sent == n_received || (run.is_impatient && n_sent > n_received);
        assert!(is_equal, "{n_sent} {name} were sent, {n_received} came");
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

/// The checkouts of each order in the order in which they came, with their places.
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

fn has(attempts: &[Attempt], reference: &str, is_so: impl Fn(&Attempt) -> bool) -> bool {
    attempts.iter().any(|attempt| attempt.reference == reference && is_so(attempt))
}

fn is_definite_rejection(exchange: &Exchange) -> bool {
    exchange.sent == SentPart::Whole && exchange.status.is_some_and(|status| NOT_PROCESSED.contains(&status))
}

fn is_acceptance(exchange: &Exchange) -> bool {
    exchange.sent == SentPart::Whole && exchange.status == Some(201)
}
