//! Invariants of every history. Each check reads the history independently and returns the first
//! violation. The checks of orders that are assembled from several events are in `carts`.

mod carts;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use orderferry::{
    dispatch::{AttemptOutcome, Throttling},
    ledger::PriorState,
    model::{
        outcome::{OrderResult, Outcome},
        request::RequestKind,
    },
    stream::ServiceResponse,
};

use super::{
    history::{History, HistoryLine, Occurrence, Operation, OrderNo, OrderStep, Request, Run},
    test_shop::MAYBE_SENT_TWICE,
};

type CheckResult = Result<(), String>;

/// Maximum delay until events are reported and a requested shutdown takes effect:
/// `EVENT_BATCH_INTERVAL` of `dispatch::run`, plus 1 ms for timers.
const DETECTION_DELAY: Duration = Duration::from_millis(3);

/// Maximum time in which an order that was stopped half way clears its cart, including its writes.
const CLEANUP_GRACE: Duration = Duration::from_secs(12);

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

/// Runs all checks.
pub(super) fn check(history: &History) -> CheckResult {
    CHECKS.iter().try_for_each(|check| check(history))
}

fn ensure(holds: bool, message: impl FnOnce() -> String) -> CheckResult {
    if holds { Ok(()) } else { Err(message()) }
}

/// Applies a check to each run.
fn each_run(history: &History, check: impl Fn(&Run) -> CheckResult) -> CheckResult {
    let in_run = |(no, run)| check(run).map_err(|message| format!("run {no}: {message}"));
    history.runs.iter().enumerate().try_for_each(in_run)
}

fn accepted_was_received(history: &History) -> CheckResult {
    let mut received = BTreeSet::new();
    for what in history.lines() {
        match what {
            Occurrence::Processed(request) => received.extend(request.order()),
            Occurrence::OrderReported(order, result)
                if matches!(result.outcome, Outcome::Accepted | Outcome::AlreadySent) =>
            {
                ensure(received.contains(order), || {
                    format!("order {order} was reported as accepted, but not received")
                })?;
            }
            Occurrence::Recorded(order, AttemptOutcome::Accepted) => {
                ensure(received.contains(order), || {
                    format!("order {order} is accepted in the ledger, but not received")
                })?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn rejected_was_not_received(history: &History) -> CheckResult {
    let (mut received, mut rejected, mut n_started) = (BTreeSet::new(), BTreeMap::new(), 0);
    for what in history.lines() {
        match what {
            Occurrence::Started(_) => n_started += 1,
            Occurrence::Processed(request) => {
                let Some(order) = request.order() else { continue };
                let is_after_rejection =
                    rejected.get(&order).is_some_and(|n_started| request.no < *n_started);
                ensure(!is_after_rejection, || {
                    format!("order {order} was received after it was reported as not received")
                })?;
                received.insert(order);
            }
            Occurrence::OrderReported(order, result) if is_rejected(result.outcome) => {
                let message =
                    || format!("order {order} was reported as {}, but received", result.outcome);
                ensure(!received.contains(order), message)?;
                rejected.insert(*order, n_started);
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
            let is_reported = was_unknown_between(history, order, pair[0], pair[1])
                || was_reported_as_repeated(history, order, pair[1])
                || was_reported_later(history, order, pair[1]);
            ensure(is_reported, || {
                format!("order {order} was received twice, by {pair:?}, and this was not reported")
            })?;
        }
    }
    Ok(())
}

fn was_unknown_between(history: &History, order: OrderNo, first: usize, second: usize) -> bool {
    let is_start =
        |what: &Occurrence, no| matches!(what, Occurrence::Started(request) if request.no == no);
    let after_first = history.lines().skip_while(|what| !is_start(what, first));
    let mut between = after_first.take_while(|what| !is_start(what, second));
    between.any(|what| match what {
        Occurrence::OrderReported(reported, result) => {
            *reported == order && result.outcome == Outcome::Unknown
        }
        _ => false,
    })
}

/// The run that started a request.
fn run_of(history: &History, request: usize) -> &Run {
    let has_started = |run: &&Run| run.starts().any(|(_, started)| started.no == request);
    history.runs.iter().find(has_started).expect("a received request was started by a run")
}

fn was_reported_as_repeated(history: &History, order: OrderNo, request: usize) -> bool {
    run_of(history, request)
        .reported()
        .any(|(reported, result)| reported == order && result.uncertain_before.is_some())
}

/// A run that is killed, or cannot write, reports nothing; a later run does.
fn was_reported_later(history: &History, order: OrderNo, request: usize) -> bool {
    let run = run_of(history, request);
    let reported_later = history
        .runs
        .iter()
        .rev()
        .take_while(|later| !std::ptr::eq(*later, run))
        .flat_map(Run::reported);
    let mut reported_later = reported_later.filter(|(reported, _)| *reported == order);
    reported_later.any(|(_, OrderResult { outcome, reason, .. })| {
        *outcome == Outcome::Unknown || reason.as_deref() == Some(MAYBE_SENT_TWICE)
    })
}

/// Number of attempts of an order in the ledger without a definite outcome.
fn open_attempts<'a>(lines: impl Iterator<Item = &'a Occurrence>, order: OrderNo) -> i64 {
    let change = |what: &Occurrence| match what {
        Occurrence::Intended(intended) if *intended == order => 1,
        Occurrence::Recorded(_, AttemptOutcome::Unknown) => 0,
        Occurrence::Recorded(ended, _) | Occurrence::Withdrawn(ended) if *ended == order => -1,
        _ => 0,
    };
    lines.map(change).sum()
}

fn unknown_has_open_attempt(history: &History) -> CheckResult {
    for (index, what) in history.lines().enumerate() {
        let Occurrence::OrderReported(order, result) = what else { continue };
        if result.outcome == Outcome::Unknown {
            let n_open = open_attempts(history.lines().take(index), *order);
            ensure(n_open > 0, || {
                format!("order {order} was reported as unknown, but all its attempts are settled")
            })?;
        }
    }
    Ok(())
}

fn intent_before_request(history: &History) -> CheckResult {
    let mut n_open_intents: BTreeMap<OrderNo, usize> = BTreeMap::new();
    for what in history.lines() {
        match what {
            Occurrence::Intended(order) => *n_open_intents.entry(*order).or_default() += 1,
            Occurrence::Started(request @ Request { no, .. }) => {
                let Some(order) = request.order() else { continue };
                let n_open_intents = n_open_intents.entry(order).or_default();
                ensure(*n_open_intents > 0, || {
                    format!("order {order} was sent by request {no} without an intent")
                })?;
                *n_open_intents -= 1;
            }
            Occurrence::Withdrawn(order) => {
                let n_open_intents = n_open_intents.entry(*order).or_default();
                ensure(*n_open_intents > 0, || {
                    format!("the attempt of order {order} was withdrawn after it was sent")
                })?;
                *n_open_intents -= 1;
            }
            _ => {}
        }
    }
    Ok(())
}

fn accepted_is_never_resent(history: &History) -> CheckResult {
    let mut accepted = BTreeSet::new();
    for run in &history.runs {
        // What could not be written to the ledger is lost at the end of the run.
        let mut reported = BTreeSet::new();
        for line in &run.lines {
            match &line.occurrence {
                Occurrence::Recorded(order, AttemptOutcome::Accepted) => {
                    _ = accepted.insert(*order);
                }
                Occurrence::OrderReported(order, _) => _ = reported.insert(*order),
                Occurrence::Started(request) => {
                    let again = request
                        .order()
                        .filter(|order| accepted.contains(order) || reported.contains(order));
                    ensure(again.is_none(), || {
                        format!("{request:?} was sent after its order was settled")
                    })?;
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
                Occurrence::Responded(
                    Request { operation: Operation::Identity { guest, browser }, .. },
                    response,
                ) if is_ok(response) => {
                    identified.insert((*guest, browser), line.at);
                }
                Occurrence::Started(Request {
                    operation: Operation::Step { step: OrderStep::ClearCart, .. },
                    ..
                }) => {}
                Occurrence::Started(Request {
                    operation:
                        Operation::Checkout { order, browser } | Operation::Step { order, browser, .. },
                    ..
                }) => {
                    let since = identified.get(&(history.guest_of[*order], browser));
                    let is_late = since.is_some_and(|since| {
                        *since + run.settings.stream.identity_pause <= line.at
                    });
                    ensure(is_late, || {
                        format!(
                            "order {order} was sent on {browser}, IDENTITY accepted at {since:?}"
                        )
                    })?;
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
        ensure(first == guest, || {
            format!("{browser} is shared by the guests {first} and {guest}")
        })?;
    }
    Ok(())
}

fn oldest_order_first(history: &History) -> CheckResult {
    each_run(history, |run| {
        let mut newest = BTreeMap::new();
        for order in run.starts().filter_map(|(_, request)| request.order()) {
            let newest = newest.entry(history.guest_of[order]).or_insert(order);
            ensure(*newest <= order, || {
                format!("order {order} was sent after the same guest's {newest}")
            })?;
            *newest = order;
        }
        Ok(())
    })
}

fn rate_is_respected(history: &History) -> CheckResult {
    each_run(history, |run| {
        let Some(rate) = run.settings.stream.rate.map(std::num::NonZeroU32::get) else {
            return Ok(());
        };
        let max_starts = usize::try_from(rate + (rate / 20).max(1)).unwrap();
        let starts: Vec<_> = run.starts().map(|(at, _)| at).collect();
        let in_a_second = starts
            .windows(max_starts + 1)
            .find(|starts| starts[max_starts] < starts[0] + Duration::from_secs(1));
        ensure(in_a_second.is_none(), || {
            format!("more than {max_starts} within a second: {in_a_second:?}")
        })
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
            // A probe is allowed in addition to the limit.
            ensure(in_flight.len() <= run.settings.dispatch.in_flight + 1, || {
                format!("{in_flight:?} are in flight")
            })?;
        }
        Ok(())
    })
}

fn every_order_has_one_outcome(history: &History) -> CheckResult {
    each_run(history, |run| {
        let mut reported: Vec<_> = run.reported().map(|(order, _)| order).collect();
        reported.sort_unstable();
        ensure(reported.windows(2).all(|pair| pair[0] < pair[1]), || {
            format!("one of {reported:?} was reported twice")
        })?;
        let is_complete = reported.len() == history.n_orders();
        ensure(is_complete || !reports_everything(run), || {
            format!("only {reported:?} were reported")
        })
    })
}

fn reports_everything(run: &Run) -> bool {
    run.ended().is_some()
        && !run.lines.iter().any(|line| line.occurrence == Occurrence::ReportFailed)
}

fn attempts_are_counted(history: &History) -> CheckResult {
    each_run(history, |run| {
        for (order, result) in run.reported() {
            let n_sent = run.starts().filter(|(_, request)| request.order() == Some(order)).count();
            let is_counted = usize::try_from(result.attempts) == Ok(n_sent);
            ensure(is_counted, || {
                format!("order {order} was sent {n_sent} times, but {result:?}")
            })?;
        }
        Ok(())
    })
}

fn every_request_is_reported(history: &History) -> CheckResult {
    each_run(history, |run| {
        for kind in RequestKind::ALL {
            let n_sent =
                run.starts().filter(|(_, request)| request.operation.kind() == kind).count();
            let n_reported = run
                .lines
                .iter()
                .filter(|line| line.occurrence == Occurrence::RequestReported(kind))
                .count();
            let is_reported = n_reported == n_sent || !reports_everything(run);
            ensure(is_reported, || {
                format!("{n_reported} of {n_sent} requests were reported: {kind:?}")
            })?;
        }
        Ok(())
    })
}

fn nothing_starts_after_stop(history: &History) -> CheckResult {
    each_run(history, |run| {
        let Some(end) = run.lines.iter().find(|line| ends_the_run(run, &line.occurrence)) else {
            return Ok(());
        };
        let is_requested = end.occurrence == Occurrence::ShutdownRequested;
        let delay = if is_requested { DETECTION_DELAY } else { Duration::ZERO };
        // After a requested shutdown, carts are cleared until some time after the last response.
        let grace_end = end.at + run.settings.timeout + CLEANUP_GRACE + DETECTION_DELAY;
        let is_cleanup = |at: Duration, request: &Request| {
            is_requested && request.operation.kind() == RequestKind::ClearCart && at < grace_end
        };
        let late =
            run.starts().find(|(at, request)| *at > end.at + delay && !is_cleanup(*at, request));
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
        Occurrence::Responded(_, response) => {
            asked_wait(response).is_some_and(|wait| wait > run.settings.dispatch.give_up_after)
        }
        _ => false,
    }
}

/// The time for which the service asks all requests to wait, if it does.
fn asked_wait(response: &ServiceResponse) -> Option<Duration> {
    match response.throttling()? {
        Throttling::Wait { time, .. } => Some(time),
        Throttling::SlowDown => None,
    }
}

fn retry_after_is_respected(history: &History) -> CheckResult {
    each_run(history, |run| {
        for line in &run.lines {
            let Occurrence::Responded(_, response) = &line.occurrence else { continue };
            let Some(wait) = asked_wait(response) else { continue };
            let early = run.starts().find(|(at, _)| *at > line.at && *at < line.at + wait);
            ensure(early.is_none(), || {
                format!("{early:?} was started although the service asked to wait: {line:?}")
            })?;
        }
        Ok(())
    })
}

fn only_probes_during_outage(history: &History) -> CheckResult {
    each_run(history, |run| {
        let mut down = None;
        // After a requested shutdown, carts are cleared even during an outage.
        let requested =
            run.lines.iter().position(|line| line.occurrence == Occurrence::ShutdownRequested);
        let (lines, end) = match requested {
            Some(index) => (&run.lines[..index], run.lines[index].at),
            None => (&run.lines[..], Duration::MAX),
        };
        for HistoryLine { at, occurrence: what } in lines {
            let is_down = match what {
                Occurrence::Warned(message) if message.starts_with("the service is down (") => true,
                Occurrence::Warned(message) if message.contains("left open") => continue,
                Occurrence::Warned(message) => {
                    ensure(message.starts_with("the service responds again"), || {
                        format!("unexpected warning: {message}")
                    })?;
                    false
                }
                // Whether the service came up again is no longer reported.
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
    let starts: Vec<_> = run
        .starts()
        .filter(|(at, _)| *at > since && at.saturating_add(DETECTION_DELAY) < until)
        .collect();
    let are_browsers = starts.iter().all(|(_, request)| request.operation == Operation::Browser);
    let are_rare =
        starts.windows(2).all(|pair| pair[1].0 >= pair[0].0 + Duration::from_millis(250));
    ensure(are_browsers && are_rare, || {
        format!("the service was down since {since:?}, but {starts:?} were started")
    })
}

/// The run before the last one had no faults.
fn all_settled_at_the_end(history: &History) -> CheckResult {
    let faultless = &history.runs[history.runs.len() - 2];
    let stopped = faultless.ended().map(|ended| &ended.stopped);
    ensure(stopped == Some(&None), || {
        format!("the run before the last one was stopped by {stopped:?}")
    })?;
    let received = receipts(history);
    for (order, known) in history.prior_states.iter().enumerate() {
        let is_settled = match known {
            PriorState::Accepted | PriorState::AcceptedMaybeTwice => received.contains_key(&order),
            PriorState::Unknown => !faultless.resends,
            _ => false,
        };
        ensure(is_settled, || {
            format!("order {order} ends as {known:?}, received {:?}", received.get(&order))
        })?;
    }
    Ok(())
}

fn last_run_sends_nothing(history: &History) -> CheckResult {
    let last = &history.runs[history.runs.len() - 1];
    let n_started = last.starts().count();
    ensure(n_started == 0 && last.to_send.is_empty(), || {
        format!("the last run started {n_started} requests")
    })
}
