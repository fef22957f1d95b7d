//! What must hold of every history. Each check reads it on its own and says what is wrong first. Those of orders that are
//! assembled from several events stand in `carts`.

mod carts;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use orderferry::{
    dispatch::{AttemptOutcome, RequestKind, ServiceResponse},
    ledger::PriorState,
    model::outcome::{OrderResult, Outcome},
};

use super::{
    history::{History, HistoryLine, Occurrence, Operation, OrderNo, OrderStep, Request, Run},
    test_shop::MAYBE_SENT_TWICE,
};

type CheckResult = Result<(), String>;

/// Events are told together, and a request to stop is heard, so much later (`EVENT_BATCH_INTERVAL` of `dispatch::run`; 1 ms for timers).
const DETECTION_DELAY: Duration = Duration::from_millis(3);

/// How long an order that is stopped half way may go on to clear its cart, with what its disk takes before.
const CLEANUP_GRACE: Duration = Duration::from_secs(12);

/// All of them.
const CHECKS: [fn(&History) -> CheckResult; 29] = [
    accepted_was_received,
    rejected_was_not_received,
    duplicates_are_reported,
    unknown_has_open_attempt,
    intent_before_request,
    accepted_is_never_resent,
    identity_before_orders,
    no_browser_is_shared,
    oldest_order_first,
    rate_is_respected,
    in_flight_limit_is_respected,
    every_order_has_one_outcome,
    attempts_are_counted,
    every_request_is_reported,
    nothing_starts_after_stop,
    retry_after_is_respected,
    only_probes_during_outage,
    all_settled_at_the_end,
    last_run_sends_nothing,
    carts::order_is_assembled_completely,
    carts::one_order_per_browser,
    carts::steps_are_in_sequence,
    carts::uncertain_steps_are_not_resent,
    carts::cart_recorded_before_use,
    carts::steps_fit_the_session,
    carts::no_clear_after_uncertain_checkout,
    carts::failed_carts_are_cleared,
    carts::filled_cart_is_reported,
    carts::no_cart_left_at_the_end,
];

/// Whether everything holds.
pub(super) fn check(history: &History) -> CheckResult {
    CHECKS.iter().try_for_each(|check| check(history))
}

fn ensure(holds: bool, message: impl FnOnce() -> String) -> CheckResult {
    if holds { Ok(()) } else { Err(message()) }
}

/// The same for each run.
fn each_run(history: &History, check: impl Fn(&Run) -> CheckResult) -> CheckResult {
    let in_run = |(no, run)| check(run).map_err(|words| format!("run {no}: {words}"));
    history.runs.iter().enumerate().try_for_each(in_run)
}

fn accepted_was_received(history: &History) -> CheckResult {
    let mut received = BTreeSet::new();
    for what in history.lines() {
        match what {
            Occurrence::Processed(request) => received.extend(request.order()),
            Occurrence::OrderReported(order, settled)
                if matches!(settled.outcome, Outcome::Accepted | Outcome::AlreadySent) =>
            {
                ensure(received.contains(order), || format!("order {order} was told to be accepted and is not there"))?;
            }
            Occurrence::Recorded(order, AttemptOutcome::Accepted) => {
                ensure(received.contains(order), || format!("order {order} is in the ledger and is not there"))?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn rejected_was_not_received(history: &History) -> CheckResult {
    let (mut received, mut said_no, mut n_started) = (BTreeSet::new(), BTreeMap::new(), 0);
    for what in history.lines() {
        match what {
            Occurrence::Started(_) => n_started += 1,
            Occurrence::Processed(request) => {
                let Some(order) = request.order() else { continue };
                let after_no = said_no.get(&order).is_some_and(|n_started| request.no < *n_started);
                ensure(!after_no, || format!("order {order} arrived after it was told that it is not there"))?;
                received.insert(order);
            }
            Occurrence::OrderReported(order, settled) if is_rejected(settled.outcome) => {
                let message = || format!("order {order} was told to be {} and is there", settled.outcome);
                ensure(!received.contains(order), message)?;
                said_no.insert(*order, n_started);
            }
            _ => {}
        }
    }
    Ok(())
}

fn is_rejected(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Refused | Outcome::Failed | Outcome::NotAttempted)
}

/// The requests by which each order was received.
fn receipts(history: &History) -> BTreeMap<OrderNo, Vec<usize>> {
    let mut receipts: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for what in history.lines() {
        let Occurrence::Processed(request) = what else { continue };
        let Some(order) = request.order() else { continue };
        receipts.entry(order).or_default().push(request.no);
    }
    for receipts in receipts.values_mut() {
        receipts.sort_unstable();
    }
    receipts
}

fn duplicates_are_reported(history: &History) -> CheckResult {
    for (order, receipts) in receipts(history) {
        for pair in receipts.windows(2) {
            let is_told = was_unknown_between(history, order, pair[0], pair[1])
                || was_reported_as_repeated(history, order, pair[1])
                || was_reported_later(history, order, pair[1]);
            ensure(is_told, || format!("order {order} was received twice, by {pair:?}, and nobody was told"))?;
        }
    }
    Ok(())
}

fn was_unknown_between(history: &History, order: OrderNo, first: usize, second: usize) -> bool {
    let is_start = |what: &Occurrence, no| matches!(what, Occurrence::Started(request) if request.no == no);
    let after_first = history.lines().skip_while(|what| !is_start(what, first));
    let mut between = after_first.take_while(|what| !is_start(what, second));
    between
        .any(|what| matches!(what, Occurrence::OrderReported(told, settled) if *told == order && settled.outcome == Outcome::Unknown))
}

/// The run that started a request.
fn run_of(history: &History, request: usize) -> &Run {
    let has_started = |run: &&Run| run.starts().any(|(_, started)| started.no == request);
    history.runs.iter().find(has_started).expect("what was received was sent")
}

fn was_reported_as_repeated(history: &History, order: OrderNo, request: usize) -> bool {
    run_of(history, request).reported().any(|(told, settled)| told == order && settled.uncertain_before.is_some())
}

/// A run that is killed, or cannot write, tells nothing; those after it do.
fn was_reported_later(history: &History, order: OrderNo, request: usize) -> bool {
    let run = run_of(history, request);
    let told_later = history.runs.iter().rev().take_while(|later| !std::ptr::eq(*later, run)).flat_map(Run::reported);
    let mut told_later = told_later.filter(|(told, _)| *told == order);
    told_later.any(|(_, OrderResult { outcome, reason, .. })| {
        *outcome == Outcome::Unknown || reason.as_deref() == Some(MAYBE_SENT_TWICE)
    })
}

/// How many intents of an order the ledger holds of which nothing certain is known.
fn open_attempts<'a>(lines: impl Iterator<Item = &'a Occurrence>, order: OrderNo) -> i64 {
    let change = |what: &Occurrence| match what {
        Occurrence::Intended(intended) if *intended == order => 1,
        Occurrence::Recorded(_, AttemptOutcome::Unknown) => 0,
        Occurrence::Recorded(recorded, _) if *recorded == order => -1,
        _ => 0,
    };
    lines.map(change).sum()
}

fn unknown_has_open_attempt(history: &History) -> CheckResult {
    for (index, what) in history.lines().enumerate() {
        let Occurrence::OrderReported(order, settled) = what else { continue };
        if settled.outcome == Outcome::Unknown {
            let n_open = open_attempts(history.lines().take(index), *order);
            ensure(n_open > 0, || format!("order {order} was told to be unknown, but everything is known of it"))?;
        }
    }
    Ok(())
}

fn intent_before_request(history: &History) -> CheckResult {
    let mut n_ahead: BTreeMap<OrderNo, usize> = BTreeMap::new();
    for what in history.lines() {
        match what {
            Occurrence::Intended(order) => *n_ahead.entry(*order).or_default() += 1,
            Occurrence::Started(request @ Request { no, .. }) => {
                let Some(order) = request.order() else { continue };
                let n_ahead = n_ahead.entry(order).or_default();
                ensure(*n_ahead > 0, || format!("order {order} was sent by request {no} without an intent"))?;
                *n_ahead -= 1;
            }
            _ => {}
        }
    }
    Ok(())
}

fn accepted_is_never_resent(history: &History) -> CheckResult {
    let mut accepted = BTreeSet::new();
    for run in &history.runs {
        // What the ledger could not be told is forgotten with the run.
        let mut report = BTreeSet::new();
        for line in &run.lines {
            match &line.occurrence {
                Occurrence::Recorded(order, AttemptOutcome::Accepted) => _ = accepted.insert(*order),
                Occurrence::OrderReported(order, _) => _ = report.insert(*order),
                Occurrence::Started(request) => {
                    let again = request.order().filter(|order| accepted.contains(order) || report.contains(order));
                    ensure(again.is_none(), || format!("{request:?} was sent after its order was settled"))?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn is_ok(response: &ServiceResponse) -> bool {
    matches!(response, ServiceResponse::Http { status: 200..=299, body: Some(body), .. } if body.contains("\"OK\""))
}

fn identity_before_orders(history: &History) -> CheckResult {
    each_run(history, |run| {
        let mut identified: BTreeMap<(usize, &str), Duration> = BTreeMap::new();
        for line in &run.lines {
            match &line.occurrence {
                Occurrence::Responded(Request { operation: Operation::Identity { guest, browser }, .. }, heard)
                    if is_ok(heard) =>
                {
                    identified.insert((*guest, browser), line.at);
                }
                Occurrence::Started(Request {
                    operation: Operation::Step { step: OrderStep::ClearCart, .. }, ..
                }) => {}
                Occurrence::Started(Request {
                    operation: Operation::Checkout { order, browser } | Operation::Step { order, browser, .. },
                    ..
                }) => {
                    let since = identified.get(&(history.guest_of[*order], browser));
                    let is_late = since.is_some_and(|since| *since + run.settings.identity_pause <= line.at);
                    ensure(is_late, || format!("order {order} was sent on {browser}, IDENTITY accepted at {since:?}"))?;
                }
                _ => {}
            }
        }
        Ok(())
    })
}

fn no_browser_is_shared(history: &History) -> CheckResult {
    let mut guests = BTreeMap::new();
    for what in history.lines() {
        let Occurrence::Started(request) = what else { continue };
        let (guest, browser) = match &request.operation {
            Operation::Browser => continue,
            Operation::Identity { guest, browser } => (*guest, browser),
            Operation::Checkout { order, browser } | Operation::Step { order, browser, .. } => {
                (history.guest_of[*order], browser)
            }
        };
        let first = *guests.entry(browser).or_insert(guest);
        ensure(first == guest, || format!("{browser} is shared by the guests {first} and {guest}"))?;
    }
    Ok(())
}

fn oldest_order_first(history: &History) -> CheckResult {
    each_run(history, |run| {
        let mut newest = BTreeMap::new();
        for order in run.starts().filter_map(|(_, request)| request.order()) {
            let newest = newest.entry(history.guest_of[order]).or_insert(order);
            ensure(*newest <= order, || format!("order {order} was sent after the same guest's {newest}"))?;
            *newest = order;
        }
        Ok(())
    })
}

fn rate_is_respected(history: &History) -> CheckResult {
    each_run(history, |run| {
        let Some(rate) = run.settings.rate.map(std::num::NonZeroU32::get) else { return Ok(()) };
        let max_value = usize::try_from(rate + (rate / 20).max(1)).unwrap();
        let starts: Vec<_> = run.starts().map(|(at, _)| at).collect();
        let in_a_second =
            starts.windows(max_value + 1).find(|starts| starts[max_value] < starts[0] + Duration::from_secs(1));
        ensure(in_a_second.is_none(), || format!("more than {max_value} within a second: {in_a_second:?}"))
    })
}

fn in_flight_limit_is_respected(history: &History) -> CheckResult {
    each_run(history, |run| {
        let mut in_flight = BTreeSet::new();
        for line in &run.lines {
            match &line.occurrence {
                Occurrence::Started(request) => _ = in_flight.insert(request.no),
                Occurrence::Responded(request, _) => _ = in_flight.remove(&request.no),
                _ => {}
            }
            // A probe comes on top.
            ensure(in_flight.len() <= run.settings.in_flight + 1, || format!("{in_flight:?} are in flight"))?;
        }
        Ok(())
    })
}

fn every_order_has_one_outcome(history: &History) -> CheckResult {
    each_run(history, |run| {
        let mut report: Vec<_> = run.reported().map(|(order, _)| order).collect();
        report.sort_unstable();
        ensure(report.windows(2).all(|pair| pair[0] < pair[1]), || format!("some of {report:?} was told twice"))?;
        let is_complete = report.len() == history.n_orders();
        ensure(is_complete || !reports_everything(run), || format!("only {report:?} were told"))
    })
}

fn reports_everything(run: &Run) -> bool {
    run.ended().is_some() && !run.lines.iter().any(|line| line.occurrence == Occurrence::ReportFailed)
}

fn attempts_are_counted(history: &History) -> CheckResult {
    each_run(history, |run| {
        for (order, settled) in run.reported() {
            let n_sent = run.starts().filter(|(_, request)| request.order() == Some(order)).count();
            let is_counted = usize::try_from(settled.attempts) == Ok(n_sent);
            ensure(is_counted, || format!("order {order} was sent {n_sent} times, but {settled:?}"))?;
        }
        Ok(())
    })
}

fn every_request_is_reported(history: &History) -> CheckResult {
    each_run(history, |run| {
        for kind in RequestKind::ALL {
            let n_sent = run.starts().filter(|(_, request)| request.operation.kind() == kind).count();
            let n_told = run.lines.iter().filter(|line| line.occurrence == Occurrence::RequestReported(kind)).count();
            let is_told = n_told == n_sent || !reports_everything(run);
            ensure(is_told, || format!("{n_told} of {n_sent} requests were told: {kind:?}"))?;
        }
        Ok(())
    })
}

fn nothing_starts_after_stop(history: &History) -> CheckResult {
    each_run(history, |run| {
        let Some(end) = run.lines.iter().find(|line| ends_the_run(run, &line.occurrence)) else { return Ok(()) };
        let is_asked = end.occurrence == Occurrence::ShutdownRequested;
        let heard_late = if is_asked { DETECTION_DELAY } else { Duration::ZERO };
        // A run that is asked to stop clears its carts, for a while after the answer to what was in flight.
        let grace_end = end.at + run.settings.timeout + CLEANUP_GRACE + DETECTION_DELAY;
        let is_last = |at: Duration, request: &Request| {
            is_asked && request.operation.kind() == RequestKind::ClearCart && at < grace_end
        };
        let late = run.starts().find(|(at, request)| *at > end.at + heard_late && !is_last(*at, request));
        ensure(late.is_none(), || format!("{late:?} was started after {end:?}"))
    })
}

fn ends_the_run(run: &Run, what: &Occurrence) -> bool {
    match what {
        Occurrence::WriteFailed
        | Occurrence::ReportFailed
        | Occurrence::ShutdownRequested
        | Occurrence::Responded(_, ServiceResponse::Http { status: 300..=399 | 401, .. })
        | Occurrence::Responded(
            Request { operation: Operation::Browser, .. },
            ServiceResponse::Http { status: 400..=407 | 409..=428, .. },
        ) => true,
        Occurrence::Responded(_, heard) => {
            heard.throttle().flatten().is_some_and(|wait| wait > run.settings.give_up_after)
        }
        _ => false,
    }
}

fn retry_after_is_respected(history: &History) -> CheckResult {
    each_run(history, |run| {
        for line in &run.lines {
            let Occurrence::Responded(_, heard) = &line.occurrence else { continue };
            let Some(wait) = heard.throttle().flatten() else { continue };
            let early = run.starts().find(|(at, _)| *at > line.at && *at < line.at + wait);
            ensure(early.is_none(), || format!("{early:?} was started although the service asked to wait: {line:?}"))?;
        }
        Ok(())
    })
}

fn only_probes_during_outage(history: &History) -> CheckResult {
    each_run(history, |run| {
        let mut down = None;
        // A run that is asked to stop clears its carts all the same.
        let asked = run.lines.iter().position(|line| line.occurrence == Occurrence::ShutdownRequested);
        let (lines, end) = match asked {
            Some(asked) => (&run.lines[..asked], run.lines[asked].at),
            None => (&run.lines[..], Duration::MAX),
        };
        for HistoryLine { at, occurrence: what } in lines {
            let is_down = match what {
                Occurrence::Warned(words) if words.starts_with("the service takes nothing") => true,
                Occurrence::Warned(words) if words.contains("left open") => continue,
                Occurrence::Warned(words) => {
                    ensure(words.starts_with("the service answers again"), || format!("a new warning: {words}"))?;
                    false
                }
                // Whether it came up again is told no more.
                Occurrence::ReportFailed | Occurrence::Crashed => false,
                _ => continue,
            };
            if let Some(since) = down.take() {
                ensure_only_probes(run, since, *at)?;
            }
            down = is_down.then_some(*at);
        }
        down.map_or(Ok(()), |since| ensure_only_probes(run, since, end))
    })
}

fn ensure_only_probes(run: &Run, since: Duration, until: Duration) -> CheckResult {
    let starts: Vec<_> =
        run.starts().filter(|(at, _)| *at > since && at.saturating_add(DETECTION_DELAY) < until).collect();
    let are_browsers = starts.iter().all(|(_, request)| request.operation == Operation::Browser);
    let are_rare = starts.windows(2).all(|pair| pair[1].0 >= pair[0].0 + Duration::from_millis(250));
    ensure(are_browsers && are_rare, || format!("the service was down since {since:?}, but {starts:?} were started"))
}

/// The run before the last one had fine weather.
fn all_settled_at_the_end(history: &History) -> CheckResult {
    let fine = &history.runs[history.runs.len() - 2];
    let stopped = fine.ended().map(|ended| &ended.stopped);
    ensure(stopped == Some(&None), || format!("the last run but one ended with {stopped:?}"))?;
    let received = receipts(history);
    for (order, known) in history.prior_states.iter().enumerate() {
        let is_settled = match known {
            PriorState::Accepted | PriorState::AcceptedMaybeTwice => received.contains_key(&order),
            PriorState::Unknown => !fine.resends,
            _ => false,
        };
        ensure(is_settled, || format!("order {order} ends as {known:?}, received {:?}", received.get(&order)))?;
    }
    Ok(())
}

fn last_run_sends_nothing(history: &History) -> CheckResult {
    let last = &history.runs[history.runs.len() - 1];
    let n_started = last.starts().count();
    ensure(n_started == 0 && last.to_send.is_empty(), || format!("the last run started {n_started} requests"))
}
