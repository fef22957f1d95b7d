//! When a run is killed: at a random moment, or at a named point as it is seen from outside.

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

/// What can be seen from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KillPoint {
    PlanWritten,
    LedgerMade,
    /// An intent stands in the ledger, and the checkout has not come.
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
    /// Of a cart that an earlier run left.
    ClearCartReceived,
}

impl KillPoint {
    /// Whether it comes where orders are assembled from several events, and not else.
    pub(super) fn is_multi_only(self) -> bool {
        matches!(self, Self::AddReceived | Self::ConfirmReceived | Self::ClearCartReceived)
    }
}

/// All of them.
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

/// When a run is killed.
#[derive(Debug, Clone, Copy)]
pub(super) enum KillTime {
    After(Duration),
    /// Once so many requests of this run have come.
    Requests(usize),
    At(KillPoint),
}

impl KillTime {
    /// Any moment before about `n_requests` requests.
    pub(super) fn any(rng: &mut TestRng, n_requests: usize) -> Self {
        match rng.below(2) {
            0 => Self::After(Duration::from_micros(rng.below(250_000) as u64)),
            _ => Self::Requests(rng.below(n_requests)),
        }
    }
}

/// Starts a run and kills it at this moment, unless it ends before. Says whether the moment came.
pub(super) fn kill_at(shop: &TestShop, options: &str, moment: KillTime, rng: &mut TestRng) -> (Run, bool) {
    let KillTime::At(point) = moment else {
        let mut running = shop.start(options);
        if let KillTime::After(time) = moment {
            thread::sleep(time);
        }
        let comes = |running: &Running<'_>| match moment {
            KillTime::Requests(n) => shop.tenant.service.n_received() - running.n_before() >= n,
            KillTime::After(_) | KillTime::At(_) => true,
        };
        let has_come = until(&mut running, comes);
        return (running.kill(), has_come);
    };
    if let Some(jam) = hold_rule_for(point, rng.below(8)) {
        shop.tenant.hold(jam);
    }
    // Where a few requests a second are sent, intents wait for theirs for a while.
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
    let has_come = until(&mut running, |running| has_reached(point, running));
    (running.kill(), has_come)
}

/// Waits until it is so, or the run ends.
fn until(running: &mut Running<'_>, is_so: impl Fn(&Running<'_>) -> bool) -> bool {
    wait::until_some("a moment of a run", || {
        if is_so(running) { Some(true) } else { running.has_ended().then_some(false) }
    })
}

/// What keeps a run from ending before the point is seen.
fn hold_rule_for(point: KillPoint, after: usize) -> Option<HoldRule> {
    let held = |kinds, after| Some(HoldRule { kinds, after, first: FirstHeld::HeldBack });
    match point {
        KillPoint::PlanWritten | KillPoint::LedgerMade => held(&["BROWSER"], 0),
        KillPoint::BrowserReceived => held(&["BROWSER"], after),
        KillPoint::IdentityReceived => held(&["IDENTITY"], after),
        KillPoint::AddReceived => held(&["ADD"], after),
        KillPoint::ConfirmReceived => held(&["CONFIRM"], after),
        // One cart may be all that was left.
        KillPoint::ClearCartReceived => held(&["CLEAR_CART"], 0),
        KillPoint::CheckoutReceived => held(CHECKOUTS, after),
        KillPoint::ResultWritten => held(CHECKOUTS, after + 1),
        KillPoint::CheckoutHalfAnswered => Some(HoldRule { kinds: CHECKOUTS, after, first: FirstHeld::HalfAnswered }),
        KillPoint::CheckoutAnswered => Some(HoldRule { kinds: CHECKOUTS, after, first: FirstHeld::Answered }),
        KillPoint::IntentRecorded | KillPoint::ReportBegun => None,
    }
}

fn has_reached(point: KillPoint, running: &Running<'_>) -> bool {
    let tenant = &running.shop.tenant;
    let has_sent = |sent| {
        let first = tenant.first_held();
        first.is_some_and(|first| {
            let is_first = |request: &ReceivedRequest| request.is_checkout() && request.reference() == first;
            running.exchanges().iter().any(|exchange| is_first(&exchange.request) && exchange.sent == sent)
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

/// Whether an order was about to be sent, and was not, when the ledger was read.
fn has_unsent_intent(running: &Running<'_>) -> bool {
    // Before there is a plan, the ledger may be in the making, and who looks at it then is in the way.
    if !running.path("plan.ndjson").exists() {
        return false;
    }
    let attempts = ledger::attempts_during_run(&running.shop.folder.join(LEDGER)).unwrap_or_default();
    let exchanges = running.exchanges();
    let checkouts: Vec<_> =
        exchanges.iter().map(|exchange| &exchange.request).filter(|request| request.is_checkout()).collect();
    let is_sent = |reference: &str| checkouts.iter().any(|checkout| checkout.reference() == reference);
    let is_new = |id: i64| running.before.iter().all(|attempt| attempt.id != id);
    attempts.iter().any(|attempt| attempt.outcome.is_none() && is_new(attempt.id) && !is_sent(&attempt.reference))
}

fn has_sent_result(running: &Running<'_>) -> bool {
    let text = fs::read_to_string(running.path("results.ndjson")).unwrap_or_default();
    let attempts = |(at, word): (usize, &str)| text[at + word.len()..].chars().next();
    text.match_indices("\"attempts\":").filter_map(attempts).any(|digit| digit != '0')
}

/// A standard output that takes nothing, so that who wants to say that it is done waits; and its other end.
fn blocked_stdout() -> (Stdio, UnixStream) {
    let (mut writer, reader) = UnixStream::pair().unwrap();
    writer.set_nonblocking(true).unwrap();
    while writer.write(b".").is_ok() {}
    writer.set_nonblocking(false).unwrap();
    (Stdio::from(OwnedFd::from(writer)), reader)
}
