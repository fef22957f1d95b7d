//! Times at which a run is killed: at random, or at a named point that is observable from outside.

use std::{
    fs,
    io::Write,
    os::{fd::OwnedFd, unix::net::UnixStream},
    process::Stdio,
    thread,
    time::Duration,
};

use super::{
    ledger,
    tenant::{FirstHeld, HoldRule},
    test_shop::{LEDGER, RouteMix, Run, Running, TestShop},
};
use crate::support::{
    rng::TestRng,
    service::{CHECKOUTS, ReceivedRequest, SentPart},
    wait,
};

/// A point of a run that is observable from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KillPoint {
    PlanWritten,
    LedgerMade,
    /// The ledger contains an intent whose checkout was not received.
    IntentRecorded,
    BrowserReceived,
    IdentityReceived,
    CheckoutReceived,
    CheckoutHalfAnswered,
    CheckoutAnswered,
    ResultWritten,
    ReportBegun,
    AddReceived,
    ConfirmReceived,
    /// The request clears a cart of an earlier run.
    ClearCartReceived,
}

impl KillPoint {
    /// Whether it occurs only if orders are assembled from several events.
    pub(super) fn is_multi_only(self) -> bool {
        matches!(self, Self::AddReceived | Self::ConfirmReceived | Self::ClearCartReceived)
    }
}

/// All kill points.
pub(super) const POINTS: [KillPoint; 13] = [
    KillPoint::PlanWritten,
    KillPoint::LedgerMade,
    KillPoint::IntentRecorded,
    KillPoint::BrowserReceived,
    KillPoint::IdentityReceived,
    KillPoint::CheckoutReceived,
    KillPoint::CheckoutHalfAnswered,
    KillPoint::CheckoutAnswered,
    KillPoint::ResultWritten,
    KillPoint::ReportBegun,
    KillPoint::AddReceived,
    KillPoint::ConfirmReceived,
    KillPoint::ClearCartReceived,
];

/// The time at which a run is killed.
#[derive(Debug, Clone, Copy)]
pub(super) enum KillTime {
    After(Duration),
    /// After this number of requests of the run was received.
    Requests(usize),
    At(KillPoint),
}

impl KillTime {
    /// A random time, before about `n_requests` requests.
    pub(super) fn any(rng: &mut TestRng, n_requests: usize) -> Self {
        match rng.below(2) {
            0 => Self::After(Duration::from_micros(rng.below(250_000) as u64)),
            _ => Self::Requests(rng.below(n_requests)),
        }
    }
}

/// Starts a run and kills it at this time, unless it ends before. Returns whether the time was
/// reached.
pub(super) fn kill_at(
    shop: &TestShop,
    options: &str,
    time: KillTime,
    rng: &mut TestRng,
) -> (Run, bool) {
    let KillTime::At(point) = time else {
        let mut running = shop.start(options);
        if let KillTime::After(delay) = time {
            thread::sleep(delay);
        }
        let is_reached = |running: &Running<'_>| match time {
            KillTime::Requests(n) => shop.tenant.service.n_received() - running.n_before() >= n,
            KillTime::After(_) | KillTime::At(_) => true,
        };
        let was_reached = until(&mut running, is_reached);
        return (running.kill(), was_reached);
    };
    if let Some(rule) = hold_rule_for(point, rng.below(8)) {
        shop.tenant.hold(rule);
    }
    // At a low rate an intent waits for its request for some time.
    let rate = match (point, shop.routes) {
        (KillPoint::IntentRecorded, RouteMix::Single) => "--set rate=30/s",
        (KillPoint::IntentRecorded, RouteMix::Multi | RouteMix::Mixed) => "--set rate=100/s",
        _ => "--set rate=unlimited",
    };
    let options = format!("{options} {rate}");
    let (mut running, _reader) = if point == KillPoint::ReportBegun {
        let (out, reader) = blocked_stdout();
        let (args, name) = shop.command(&options);
        (shop.start_with(args, name, &options, out), Some(reader))
    } else {
        (shop.start(&options), None)
    };
    let was_reached = until(&mut running, |running| has_reached(point, running));
    (running.kill(), was_reached)
}

/// Waits until a condition holds (true) or the run ends (false).
fn until(running: &mut Running<'_>, condition: impl Fn(&Running<'_>) -> bool) -> bool {
    wait::until_some("the kill time of a run", || {
        if condition(running) { Some(true) } else { running.has_ended().then_some(false) }
    })
}

/// The requests to hold, so that the run does not end before the point is observed.
fn hold_rule_for(point: KillPoint, after: usize) -> Option<HoldRule> {
    let held = |kinds, after| Some(HoldRule { kinds, after, first: FirstHeld::HeldBack });
    match point {
        KillPoint::PlanWritten | KillPoint::LedgerMade => held(&["BROWSER"], 0),
        KillPoint::BrowserReceived => held(&["BROWSER"], after),
        KillPoint::IdentityReceived => held(&["IDENTITY"], after),
        KillPoint::AddReceived => held(&["ADD"], after),
        KillPoint::ConfirmReceived => held(&["CONFIRM"], after),
        // There may be one open cart only.
        KillPoint::ClearCartReceived => held(&["CLEAR_CART"], 0),
        KillPoint::CheckoutReceived => held(CHECKOUTS, after),
        KillPoint::ResultWritten => held(CHECKOUTS, after + 1),
        KillPoint::CheckoutHalfAnswered => {
            Some(HoldRule { kinds: CHECKOUTS, after, first: FirstHeld::HalfAnswered })
        }
        KillPoint::CheckoutAnswered => {
            Some(HoldRule { kinds: CHECKOUTS, after, first: FirstHeld::Answered })
        }
        KillPoint::IntentRecorded | KillPoint::ReportBegun => None,
    }
}

fn has_reached(point: KillPoint, running: &Running<'_>) -> bool {
    let tenant = &running.shop.tenant;
    let has_sent = |sent| {
        let first = tenant.first_held();
        first.is_some_and(|first| {
            let is_first =
                |request: &ReceivedRequest| request.is_checkout() && request.reference() == first;
            running
                .exchanges()
                .iter()
                .any(|exchange| is_first(&exchange.request) && exchange.sent == sent)
        })
    };
    match point {
        KillPoint::PlanWritten => running.path("plan.ndjson").exists(),
        KillPoint::LedgerMade => running.shop.folder.join(LEDGER).exists(),
        KillPoint::IntentRecorded => has_unsent_intent(running),
        KillPoint::BrowserReceived
        | KillPoint::IdentityReceived
        | KillPoint::AddReceived
        | KillPoint::ConfirmReceived
        | KillPoint::ClearCartReceived
        | KillPoint::CheckoutReceived => tenant.first_held().is_some(),
        KillPoint::CheckoutHalfAnswered => has_sent(SentPart::Half),
        KillPoint::CheckoutAnswered => has_sent(SentPart::Whole),
        KillPoint::ResultWritten => has_sent_result(running),
        KillPoint::ReportBegun => running.path("report.html").exists(),
    }
}

/// Whether the ledger contains an intent whose checkout was not yet received.
fn has_unsent_intent(running: &Running<'_>) -> bool {
    // Before the plan exists, the ledger may be being created, and a reader would block that.
    if !running.path("plan.ndjson").exists() {
        return false;
    }
    let attempts =
        ledger::attempts_during_run(&running.shop.folder.join(LEDGER)).unwrap_or_default();
    let exchanges = running.exchanges();
    let checkouts: Vec<_> = exchanges
        .iter()
        .map(|exchange| &exchange.request)
        .filter(|request| request.is_checkout())
        .collect();
    let is_sent =
        |reference: &str| checkouts.iter().any(|checkout| checkout.reference() == reference);
    let is_new = |id: i64| running.before.iter().all(|attempt| attempt.id != id);
    attempts.iter().any(|attempt| {
        attempt.outcome.is_none() && is_new(attempt.id) && !is_sent(&attempt.reference)
    })
}

fn has_sent_result(running: &Running<'_>) -> bool {
    let text = fs::read_to_string(running.path("results.ndjson")).unwrap_or_default();
    let attempts = |(at, key): (usize, &str)| text[at + key.len()..].chars().next();
    text.match_indices("\"attempts\":").filter_map(attempts).any(|digit| digit != '0')
}

/// A standard output that blocks, so that the run waits when it prints its result; and its other
/// end.
fn blocked_stdout() -> (Stdio, UnixStream) {
    let (mut writer, reader) = UnixStream::pair().unwrap();
    writer.set_nonblocking(true).unwrap();
    while writer.write(b".").is_ok() {}
    writer.set_nonblocking(false).unwrap();
    (Stdio::from(OwnedFd::from(writer)), reader)
}
