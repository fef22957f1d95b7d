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
    shop::{LEDGER, Run, Running, Shop, Way},
    tenant::{First, Jam},
};
use crate::support::{
    dice::Dice,
    service::{CHECKOUTS, Received, Sent},
    wait,
};

/// What can be seen from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Point {
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

impl Point {
    /// Whether it comes where orders are assembled from several events, and not else.
    pub(super) fn is_of_carts(self) -> bool {
        matches!(self, Self::AddReceived | Self::ConfirmReceived | Self::ClearCartReceived)
    }
}

/// All of them.
pub(super) const POINTS: [Point; 13] = [
    Point::PlanWritten,
    Point::LedgerMade,
    Point::IntentRecorded,
    Point::BrowserReceived,
    Point::IdentityReceived,
    Point::CheckoutReceived,
    Point::CheckoutHalfAnswered,
    Point::CheckoutAnswered,
    Point::ResultWritten,
    Point::ReportBegun,
    Point::AddReceived,
    Point::ConfirmReceived,
    Point::ClearCartReceived,
];

/// When a run is killed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Moment {
    After(Duration),
    /// Once so many requests of this run have come.
    Requests(usize),
    At(Point),
}

impl Moment {
    /// Any moment before about `n_requests` requests.
    pub(super) fn any(rng: &mut Dice, n_requests: usize) -> Self {
        match rng.below(2) {
            0 => Self::After(Duration::from_micros(rng.below(250_000) as u64)),
            _ => Self::Requests(rng.below(n_requests)),
        }
    }
}

/// Starts a run and kills it at this moment, unless it ends before. Says whether the moment came.
pub(super) fn kill_at(shop: &Shop, options: &str, moment: Moment, rng: &mut Dice) -> (Run, bool) {
    let Moment::At(point) = moment else {
        let mut running = shop.start(options);
        if let Moment::After(time) = moment {
            thread::sleep(time);
        }
        let comes = |running: &Running<'_>| match moment {
            Moment::Requests(n) => shop.tenant.service.n_received() - running.n_before() >= n,
            Moment::After(_) | Moment::At(_) => true,
        };
        let has_come = until(&mut running, comes);
        return (running.kill(), has_come);
    };
    if let Some(jam) = jam(point, rng.below(8)) {
        shop.tenant.jam(jam);
    }
    // Where a few requests a second are sent, intents wait for theirs for a while.
    let rate = match (point, shop.way) {
        (Point::IntentRecorded, Way::Single) => "--set rate=30/s",
        (Point::IntentRecorded, Way::Multi | Way::Mixed) => "--set rate=100/s",
        _ => "--set rate=unlimited",
    };
    let options = format!("{options} {rate}");
    let (mut running, _reader) = if point == Point::ReportBegun {
        let (out, reader) = clogged();
        let (args, name) = shop.command(&options);
        (shop.start_with(args, name, &options, out), Some(reader))
    } else {
        (shop.start(&options), None)
    };
    let has_come = until(&mut running, |running| is_at(point, running));
    (running.kill(), has_come)
}

/// Waits until it is so, or the run ends.
fn until(running: &mut Running<'_>, is_so: impl Fn(&Running<'_>) -> bool) -> bool {
    wait::for_some(
        "a moment of a run",
        || {
            if is_so(running) { Some(true) } else { running.has_ended().then_some(false) }
        },
    )
}

/// What keeps a run from ending before the point is seen.
fn jam(point: Point, after: usize) -> Option<Jam> {
    let held = |kinds, after| Some(Jam { kinds, after, first: First::HeldBack });
    match point {
        Point::PlanWritten | Point::LedgerMade => held(&["BROWSER"], 0),
        Point::BrowserReceived => held(&["BROWSER"], after),
        Point::IdentityReceived => held(&["IDENTITY"], after),
        Point::AddReceived => held(&["ADD"], after),
        Point::ConfirmReceived => held(&["CONFIRM"], after),
        // One cart may be all that was left.
        Point::ClearCartReceived => held(&["CLEAR_CART"], 0),
        Point::CheckoutReceived => held(CHECKOUTS, after),
        Point::ResultWritten => held(CHECKOUTS, after + 1),
        Point::CheckoutHalfAnswered => Some(Jam { kinds: CHECKOUTS, after, first: First::HalfAnswered }),
        Point::CheckoutAnswered => Some(Jam { kinds: CHECKOUTS, after, first: First::Answered }),
        Point::IntentRecorded | Point::ReportBegun => None,
    }
}

fn is_at(point: Point, running: &Running<'_>) -> bool {
    let tenant = &running.shop.tenant;
    let has_sent = |sent| {
        let first = tenant.first_jammed();
        first.is_some_and(|first| {
            let is_first = |request: &Received| request.is_checkout() && request.reference() == first;
            running.exchanges().iter().any(|exchange| is_first(&exchange.request) && exchange.sent == sent)
        })
    };
    match point {
        Point::PlanWritten => running.path("plan.ndjson").exists(),
        Point::LedgerMade => running.shop.folder.join(LEDGER).exists(),
        Point::IntentRecorded => has_unsent_intent(running),
        Point::BrowserReceived
        | Point::IdentityReceived
        | Point::AddReceived
        | Point::ConfirmReceived
        | Point::ClearCartReceived
        | Point::CheckoutReceived => tenant.first_jammed().is_some(),
        Point::CheckoutHalfAnswered => has_sent(Sent::Half),
        Point::CheckoutAnswered => has_sent(Sent::Whole),
        Point::ResultWritten => has_result_of_a_sending(running),
        Point::ReportBegun => running.path("report.html").exists(),
    }
}

/// Whether an order was about to be sent, and was not, when the ledger was read.
fn has_unsent_intent(running: &Running<'_>) -> bool {
    // Before there is a plan, the ledger may be in the making, and who looks at it then is in the way.
    if !running.path("plan.ndjson").exists() {
        return false;
    }
    let attempts = ledger::attempts_while_it_is_written(&running.shop.folder.join(LEDGER)).unwrap_or_default();
    let exchanges = running.exchanges();
    let checkouts: Vec<_> =
        exchanges.iter().map(|exchange| &exchange.request).filter(|request| request.is_checkout()).collect();
    let is_sent = |reference: &str| checkouts.iter().any(|checkout| checkout.reference() == reference);
    let is_new = |id: i64| running.before.iter().all(|attempt| attempt.id != id);
    attempts.iter().any(|attempt| attempt.outcome.is_none() && is_new(attempt.id) && !is_sent(&attempt.reference))
}

fn has_result_of_a_sending(running: &Running<'_>) -> bool {
    let text = fs::read_to_string(running.path("results.ndjson")).unwrap_or_default();
    let attempts = |(at, word): (usize, &str)| text[at + word.len()..].chars().next();
    text.match_indices("\"attempts\":").filter_map(attempts).any(|digit| digit != '0')
}

/// A standard output that takes nothing, so that who wants to say that it is done waits; and its other end.
fn clogged() -> (Stdio, UnixStream) {
    let (mut writer, reader) = UnixStream::pair().unwrap();
    writer.set_nonblocking(true).unwrap();
    while writer.write(b".").is_ok() {}
    writer.set_nonblocking(false).unwrap();
    (Stdio::from(OwnedFd::from(writer)), reader)
}
