//! What must hold of every history. Each check reads it on its own and says what is wrong first. Those of orders that are
//! assembled from several events stand in `carts`.

mod carts;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use orderferry::{
    dispatch::{AttemptOutcome, Heard, Kind},
    ledger::Known,
    model::outcome::{Outcome, Settled},
};

use super::{
    history::{Ask, History, Line, OrderNo, Part, Request, Run, What},
    shop::MAY_BE_THERE_TWICE,
};

type Checked = Result<(), String>;

/// Events are told together, and a request to stop is heard, so much later (`PAUSE` of `dispatch::run`; 1 ms for timers).
const LATE: Duration = Duration::from_millis(3);

/// How long an order that is stopped half way may go on to clear its cart, with what its disk takes before.
const GRACE: Duration = Duration::from_secs(12);

/// All of them.
const CHECKS: [fn(&History) -> Checked; 29] = [
    accepted_was_received,
    a_no_means_that_it_is_not_there,
    received_twice_is_told,
    unknown_has_a_cause,
    intended_before_sent,
    accepted_is_never_sent_again,
    identified_first,
    no_browser_is_shared,
    oldest_first,
    never_above_the_rate,
    no_more_in_flight_than_may_be,
    every_order_has_one_outcome,
    attempts_are_counted,
    every_request_is_told,
    nothing_starts_after_the_end_was_said,
    a_wait_is_kept,
    only_probes_while_it_is_down,
    everything_is_settled_at_the_end,
    nothing_is_left_to_do,
    carts::an_order_is_assembled_as_a_whole,
    carts::a_browser_carries_one_order,
    carts::parts_come_in_sequence,
    carts::what_may_be_there_is_not_sent_again_on_the_same_browser,
    carts::opened_before_filled,
    carts::everything_comes_within_the_session,
    carts::a_checkout_that_may_be_on_its_way_is_not_crossed,
    carts::what_comes_to_nothing_is_cleared,
    carts::a_cart_that_may_be_filled_is_told,
    carts::no_cart_is_left_at_the_end,
];

/// Whether everything holds.
pub(super) fn check(history: &History) -> Checked {
    CHECKS.iter().try_for_each(|check| check(history))
}

fn ensure(holds: bool, message: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(message()) }
}

/// The same for each run.
fn each_run(history: &History, check: impl Fn(&Run) -> Checked) -> Checked {
    let in_run = |(no, run)| check(run).map_err(|words| format!("run {no}: {words}"));
    history.runs.iter().enumerate().try_for_each(in_run)
}

fn accepted_was_received(history: &History) -> Checked {
    let mut received = BTreeSet::new();
    for what in history.lines() {
        match what {
            What::Taken(request) => received.extend(request.order()),
            What::Told(order, settled) if matches!(settled.outcome, Outcome::Accepted | Outcome::AlreadySent) => {
                ensure(received.contains(order), || format!("order {order} was told to be accepted and is not there"))?;
            }
            What::Recorded(order, AttemptOutcome::Accepted) => {
                ensure(received.contains(order), || format!("order {order} is in the ledger and is not there"))?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn a_no_means_that_it_is_not_there(history: &History) -> Checked {
    let (mut received, mut said_no, mut n_started) = (BTreeSet::new(), BTreeMap::new(), 0);
    for what in history.lines() {
        match what {
            What::Started(_) => n_started += 1,
            What::Taken(request) => {
                let Some(order) = request.order() else { continue };
                let after_no = said_no.get(&order).is_some_and(|n_started| request.no < *n_started);
                ensure(!after_no, || format!("order {order} arrived after it was told that it is not there"))?;
                received.insert(order);
            }
            What::Told(order, settled) if is_no(settled.outcome) => {
                let message = || format!("order {order} was told to be {} and is there", settled.outcome);
                ensure(!received.contains(order), message)?;
                said_no.insert(*order, n_started);
            }
            _ => {}
        }
    }
    Ok(())
}

fn is_no(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Refused | Outcome::Failed | Outcome::NotAttempted)
}

/// The requests by which each order was received.
fn receipts(history: &History) -> BTreeMap<OrderNo, Vec<usize>> {
    let mut receipts: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for what in history.lines() {
        let What::Taken(request) = what else { continue };
        let Some(order) = request.order() else { continue };
        receipts.entry(order).or_default().push(request.no);
    }
    for receipts in receipts.values_mut() {
        receipts.sort_unstable();
    }
    receipts
}

fn received_twice_is_told(history: &History) -> Checked {
    for (order, receipts) in receipts(history) {
        for pair in receipts.windows(2) {
            let is_told = was_unknown_between(history, order, pair[0], pair[1])
                || was_told_to_be_repeated(history, order, pair[1])
                || was_told_later(history, order, pair[1]);
            ensure(is_told, || format!("order {order} was received twice, by {pair:?}, and nobody was told"))?;
        }
    }
    Ok(())
}

fn was_unknown_between(history: &History, order: OrderNo, first: usize, second: usize) -> bool {
    let is_start = |what: &What, no| matches!(what, What::Started(request) if request.no == no);
    let after_first = history.lines().skip_while(|what| !is_start(what, first));
    let mut between = after_first.take_while(|what| !is_start(what, second));
    between
        .any(|what| matches!(what, What::Told(told, settled) if *told == order && settled.outcome == Outcome::Unknown))
}

/// The run that started a request.
fn run_of(history: &History, request: usize) -> &Run {
    let has_started = |run: &&Run| run.starts().any(|(_, started)| started.no == request);
    history.runs.iter().find(has_started).expect("what was received was sent")
}

fn was_told_to_be_repeated(history: &History, order: OrderNo, request: usize) -> bool {
    run_of(history, request).told().any(|(told, settled)| told == order && settled.repeated_after.is_some())
}

/// A run that is killed, or cannot write, tells nothing; those after it do.
fn was_told_later(history: &History, order: OrderNo, request: usize) -> bool {
    let run = run_of(history, request);
    let told_later = history.runs.iter().rev().take_while(|later| !std::ptr::eq(*later, run)).flat_map(Run::told);
    let mut told_later = told_later.filter(|(told, _)| *told == order);
    told_later.any(|(_, Settled { outcome, reason, .. })| {
        *outcome == Outcome::Unknown || reason.as_deref() == Some(MAY_BE_THERE_TWICE)
    })
}

/// How many intents of an order the ledger holds of which nothing certain is known.
fn n_open<'a>(lines: impl Iterator<Item = &'a What>, order: OrderNo) -> i64 {
    let change = |what: &What| match what {
        What::Intended(intended) if *intended == order => 1,
        What::Recorded(_, AttemptOutcome::Unknown) => 0,
        What::Recorded(recorded, _) if *recorded == order => -1,
        _ => 0,
    };
    lines.map(change).sum()
}

fn unknown_has_a_cause(history: &History) -> Checked {
    for (index, what) in history.lines().enumerate() {
        let What::Told(order, settled) = what else { continue };
        if settled.outcome == Outcome::Unknown {
            let n_open = n_open(history.lines().take(index), *order);
            ensure(n_open > 0, || format!("order {order} was told to be unknown, but everything is known of it"))?;
        }
    }
    Ok(())
}

fn intended_before_sent(history: &History) -> Checked {
    let mut n_ahead: BTreeMap<OrderNo, usize> = BTreeMap::new();
    for what in history.lines() {
        match what {
            What::Intended(order) => *n_ahead.entry(*order).or_default() += 1,
            What::Started(request @ Request { no, .. }) => {
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

fn accepted_is_never_sent_again(history: &History) -> Checked {
    let mut accepted = BTreeSet::new();
    for run in &history.runs {
        // What the ledger could not be told is forgotten with the run.
        let mut report = BTreeSet::new();
        for line in &run.lines {
            match &line.what {
                What::Recorded(order, AttemptOutcome::Accepted) => _ = accepted.insert(*order),
                What::Told(order, _) => _ = report.insert(*order),
                What::Started(request) => {
                    let again = request.order().filter(|order| accepted.contains(order) || report.contains(order));
                    ensure(again.is_none(), || format!("{request:?} was sent after its order was settled"))?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn is_ok(response: &Heard) -> bool {
    matches!(response, Heard::Answer { status: 200..=299, body: Some(body), .. } if body.contains("\"OK\""))
}

fn identified_first(history: &History) -> Checked {
    each_run(history, |run| {
        let mut identified: BTreeMap<(usize, &str), Duration> = BTreeMap::new();
        for line in &run.lines {
            match &line.what {
                What::Heard(Request { ask: Ask::Identity { guest, browser }, .. }, heard) if is_ok(heard) => {
                    identified.insert((*guest, browser), line.at);
                }
                What::Started(Request { ask: Ask::Part { part: Part::ClearCart, .. }, .. }) => {}
                What::Started(Request {
                    ask: Ask::Checkout { order, browser } | Ask::Part { order, browser, .. },
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

fn no_browser_is_shared(history: &History) -> Checked {
    let mut guests = BTreeMap::new();
    for what in history.lines() {
        let What::Started(request) = what else { continue };
        let (guest, browser) = match &request.ask {
            Ask::Browser => continue,
            Ask::Identity { guest, browser } => (*guest, browser),
            Ask::Checkout { order, browser } | Ask::Part { order, browser, .. } => (history.guest_of[*order], browser),
        };
        let first = *guests.entry(browser).or_insert(guest);
        ensure(first == guest, || format!("{browser} is shared by the guests {first} and {guest}"))?;
    }
    Ok(())
}

fn oldest_first(history: &History) -> Checked {
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

fn never_above_the_rate(history: &History) -> Checked {
    each_run(history, |run| {
        let Some(rate) = run.settings.rate.map(std::num::NonZeroU32::get) else { return Ok(()) };
        let max_value = usize::try_from(rate + (rate / 20).max(1)).unwrap();
        let starts: Vec<_> = run.starts().map(|(at, _)| at).collect();
        let in_a_second =
            starts.windows(max_value + 1).find(|starts| starts[max_value] < starts[0] + Duration::from_secs(1));
        ensure(in_a_second.is_none(), || format!("more than {max_value} within a second: {in_a_second:?}"))
    })
}

fn no_more_in_flight_than_may_be(history: &History) -> Checked {
    each_run(history, |run| {
        let mut in_flight = BTreeSet::new();
        for line in &run.lines {
            match &line.what {
                What::Started(request) => _ = in_flight.insert(request.no),
                What::Heard(request, _) => _ = in_flight.remove(&request.no),
                _ => {}
            }
            // A probe comes on top.
            ensure(in_flight.len() <= run.settings.in_flight + 1, || format!("{in_flight:?} are in flight"))?;
        }
        Ok(())
    })
}

fn every_order_has_one_outcome(history: &History) -> Checked {
    each_run(history, |run| {
        let mut report: Vec<_> = run.told().map(|(order, _)| order).collect();
        report.sort_unstable();
        ensure(report.windows(2).all(|pair| pair[0] < pair[1]), || format!("some of {report:?} was told twice"))?;
        let is_complete = report.len() == history.n_orders();
        ensure(is_complete || !tells_everything(run), || format!("only {report:?} were told"))
    })
}

fn tells_everything(run: &Run) -> bool {
    run.ended().is_some() && !run.lines.iter().any(|line| line.what == What::TellFailed)
}

fn attempts_are_counted(history: &History) -> Checked {
    each_run(history, |run| {
        for (order, settled) in run.told() {
            let n_sent = run.starts().filter(|(_, request)| request.order() == Some(order)).count();
            let is_counted = usize::try_from(settled.attempts) == Ok(n_sent);
            ensure(is_counted, || format!("order {order} was sent {n_sent} times, but {settled:?}"))?;
        }
        Ok(())
    })
}

fn every_request_is_told(history: &History) -> Checked {
    each_run(history, |run| {
        for kind in Kind::ALL {
            let n_sent = run.starts().filter(|(_, request)| request.ask.kind() == kind).count();
            let n_told = run.lines.iter().filter(|line| line.what == What::ToldSending(kind)).count();
            let is_told = n_told == n_sent || !tells_everything(run);
            ensure(is_told, || format!("{n_told} of {n_sent} requests were told: {kind:?}"))?;
        }
        Ok(())
    })
}

fn nothing_starts_after_the_end_was_said(history: &History) -> Checked {
    each_run(history, |run| {
        let Some(end) = run.lines.iter().find(|line| ends_the_run(run, &line.what)) else { return Ok(()) };
        let is_asked = end.what == What::AskedToStop;
        let heard_late = if is_asked { LATE } else { Duration::ZERO };
        // A run that is asked to stop clears its carts, for a while after the answer to what was in flight.
        let grace_end = end.at + run.settings.timeout + GRACE + LATE;
        let is_last =
            |at: Duration, request: &Request| is_asked && request.ask.kind() == Kind::ClearCart && at < grace_end;
        let late = run.starts().find(|(at, request)| *at > end.at + heard_late && !is_last(*at, request));
        ensure(late.is_none(), || format!("{late:?} was started after {end:?}"))
    })
}

fn ends_the_run(run: &Run, what: &What) -> bool {
    match what {
        What::WriteFailed
        | What::TellFailed
        | What::AskedToStop
        | What::Heard(_, Heard::Answer { status: 300..=399 | 401, .. })
        | What::Heard(Request { ask: Ask::Browser, .. }, Heard::Answer { status: 400..=407 | 409..=428, .. }) => true,
        What::Heard(_, heard) => heard.asks_for_less().flatten().is_some_and(|wait| wait > run.settings.gives_up_after),
        _ => false,
    }
}

fn a_wait_is_kept(history: &History) -> Checked {
    each_run(history, |run| {
        for line in &run.lines {
            let What::Heard(_, heard) = &line.what else { continue };
            let Some(wait) = heard.asks_for_less().flatten() else { continue };
            let early = run.starts().find(|(at, _)| *at > line.at && *at < line.at + wait);
            ensure(early.is_none(), || format!("{early:?} was started although the service asked to wait: {line:?}"))?;
        }
        Ok(())
    })
}

fn only_probes_while_it_is_down(history: &History) -> Checked {
    each_run(history, |run| {
        let mut down = None;
        // A run that is asked to stop clears its carts all the same.
        let asked = run.lines.iter().position(|line| line.what == What::AskedToStop);
        let (lines, end) = match asked {
            Some(asked) => (&run.lines[..asked], run.lines[asked].at),
            None => (&run.lines[..], Duration::MAX),
        };
        for Line { at, what } in lines {
            let is_down = match what {
                What::Warned(words) if words.starts_with("the service takes nothing") => true,
                What::Warned(words) if words.contains("left open") => continue,
                What::Warned(words) => {
                    ensure(words.starts_with("the service answers again"), || format!("a new warning: {words}"))?;
                    false
                }
                // Whether it came up again is told no more.
                What::TellFailed | What::Crashed => false,
                _ => continue,
            };
            if let Some(since) = down.take() {
                are_probes(run, since, *at)?;
            }
            down = is_down.then_some(*at);
        }
        down.map_or(Ok(()), |since| are_probes(run, since, end))
    })
}

fn are_probes(run: &Run, since: Duration, until: Duration) -> Checked {
    let starts: Vec<_> = run.starts().filter(|(at, _)| *at > since && at.saturating_add(LATE) < until).collect();
    let are_browsers = starts.iter().all(|(_, request)| request.ask == Ask::Browser);
    let are_rare = starts.windows(2).all(|pair| pair[1].0 >= pair[0].0 + Duration::from_millis(250));
    ensure(are_browsers && are_rare, || format!("the service was down since {since:?}, but {starts:?} were started"))
}

/// The run before the last one had fine weather.
fn everything_is_settled_at_the_end(history: &History) -> Checked {
    let fine = &history.runs[history.runs.len() - 2];
    let stopped = fine.ended().map(|ended| &ended.stopped);
    ensure(stopped == Some(&None), || format!("the last run but one ended with {stopped:?}"))?;
    let received = receipts(history);
    for (order, known) in history.known.iter().enumerate() {
        let is_settled = match known {
            Known::Accepted | Known::AcceptedInDoubt => received.contains_key(&order),
            Known::Unknown => !fine.resends,
            _ => false,
        };
        ensure(is_settled, || format!("order {order} ends as {known:?}, received {:?}", received.get(&order)))?;
    }
    Ok(())
}

fn nothing_is_left_to_do(history: &History) -> Checked {
    let last = &history.runs[history.runs.len() - 1];
    let n_started = last.starts().count();
    ensure(n_started == 0 && last.to_send.is_empty(), || format!("the last run started {n_started} requests"))
}
