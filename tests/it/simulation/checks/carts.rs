//! What must hold of orders that are assembled from several events.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use orderferry::dispatch::ServiceResponse;

use super::{
    super::history::{History, HistoryLine, Occurrence, Operation, OrderNo, OrderStep, Request},
    CheckResult, each_run, ensure, is_ok, is_rejected,
};

pub(super) fn order_is_assembled_completely(history: &History) -> CheckResult {
    for what in history.lines() {
        let Occurrence::Assembled(order, items) = what else { continue };
        let parts = history.steps_of[*order].iter().flatten();
        let ordered: Vec<_> =
            parts.filter_map(|part| if let OrderStep::Add(item) = part { Some(*item) } else { None }).collect();
        ensure(ordered == *items, || format!("order {order} was assembled with {items:?} instead of {ordered:?}"))?;
    }
    Ok(())
}

pub(super) fn one_order_per_browser(history: &History) -> CheckResult {
    let mut carried: BTreeMap<&str, Option<OrderNo>> = BTreeMap::new();
    for what in history.lines() {
        let Occurrence::Started(request) = what else { continue };
        let (browser, order) = match &request.operation {
            Operation::Browser | Operation::Identity { .. } => continue,
            Operation::Checkout { browser, .. } => (browser, None),
            Operation::Step { order, browser, .. } => (browser, Some(*order)),
        };
        let first = *carried.entry(browser).or_insert(order);
        ensure(first == order, || format!("{browser} carries the orders {first:?} and {order:?}"))?;
    }
    Ok(())
}

/// Of a second ADD the manual says what it does, of CLEAR_CART everyone knows, and CHECKOUT is checked elsewhere.
pub(super) fn uncertain_steps_are_not_resent(history: &History) -> CheckResult {
    let mut may_be_there = BTreeSet::new();
    for what in history.lines() {
        let (Occurrence::Started(request) | Occurrence::Responded(request, _)) = what else { continue };
        let Some((_, part @ (OrderStep::Contacts | OrderStep::Consumers | OrderStep::Confirm(_)), browser)) =
            request.step()
        else {
            continue;
        };
        match what {
            Occurrence::Responded(_, heard) if heard.is_definitely_not_processed() => {}
            Occurrence::Responded(..) => _ = may_be_there.insert((part, browser)),
            _ => ensure(!may_be_there.contains(&(part, browser)), || format!("{request:?} was sent again"))?,
        }
    }
    Ok(())
}

/// How far a browser has come with an order.
#[derive(Default)]
struct BrowserProgress {
    /// Parts that were accepted.
    n_accepted: usize,
    is_clearing: bool,
}

pub(super) fn steps_are_in_sequence(history: &History) -> CheckResult {
    each_run(history, |run| {
        let mut courses: BTreeMap<&str, BrowserProgress> = BTreeMap::new();
        for line in &run.lines {
            match &line.occurrence {
                Occurrence::Started(request) => {
                    let Some((order, part, browser)) = request.step() else { continue };
                    let course = courses.entry(browser).or_default();
                    course.is_clearing |= *part == OrderStep::ClearCart;
                    let parts = history.steps_of[order].as_deref().unwrap_or_default();
                    let is_due = if course.is_clearing {
                        OrderStep::ClearCart == *part
                    } else {
                        parts[course.n_accepted] == *part
                    };
                    ensure(is_due, || format!("{request:?} came after {} parts", course.n_accepted))?;
                }
                Occurrence::Responded(request, heard) if is_ok(heard) => {
                    let Some((_, part, browser)) = request.step() else { continue };
                    courses.entry(browser).or_default().n_accepted += usize::from(*part != OrderStep::ClearCart);
                }
                _ => {}
            }
        }
        Ok(())
    })
}

pub(super) fn cart_recorded_before_use(history: &History) -> CheckResult {
    let mut open = BTreeSet::new();
    for what in history.lines() {
        match what {
            Occurrence::CartOpened(order, browser) => _ = open.insert((*order, browser.as_str())),
            Occurrence::Started(request) => {
                let Some((order, _, browser)) = request.step() else { continue };
                ensure(open.contains(&(order, browser)), || {
                    format!("the ledger does not know the cart of {request:?}")
                })?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The id in the answer to the creation of a browser.
fn browser_of(response: &ServiceResponse) -> Option<String> {
    let ServiceResponse::Http { body: Some(body), .. } = response else { return None };
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    Some(body["ref"].as_str()?.to_owned())
}

pub(super) fn steps_fit_the_session(history: &History) -> CheckResult {
    each_run(history, |run| {
        let mut created: BTreeMap<String, Duration> = BTreeMap::new();
        for HistoryLine { at, occurrence: what } in &run.lines {
            match what {
                Occurrence::Responded(Request { operation: Operation::Browser, .. }, heard) if is_ok(heard) => {
                    created.extend(browser_of(heard).map(|browser| (browser, *at)));
                }
                Occurrence::Started(request) => {
                    let Some((_, part, browser)) = request.step().filter(|(_, part, _)| **part != OrderStep::ClearCart)
                    else {
                        continue;
                    };
                    let age = at.saturating_sub(created[browser]);
                    ensure(age <= run.settings.session_timeout, || {
                        format!("{part:?} came on {browser} after {age:?}")
                    })?;
                }
                _ => {}
            }
        }
        Ok(())
    })
}

/// CLEAR_CART could overtake it, and an order that is there would not be.
pub(super) fn no_clear_after_uncertain_checkout(history: &History) -> CheckResult {
    each_run(history, |run| {
        let mut may_be_taken = BTreeSet::new();
        for HistoryLine { occurrence: what, .. } in &run.lines {
            let (Occurrence::Started(request) | Occurrence::Responded(request, _)) = what else { continue };
            match (what, request.step()) {
                (Occurrence::Responded(_, heard), Some((_, OrderStep::Checkout, browser)))
                    if heard.may_arrive_late() =>
                {
                    may_be_taken.insert(browser);
                }
                (Occurrence::Started(_), Some((_, OrderStep::ClearCart, browser))) => {
                    ensure(!may_be_taken.contains(browser), || format!("{request:?} may overtake CHECKOUT"))?;
                }
                _ => {}
            }
        }
        Ok(())
    })
}

/// What comes to nothing is cleared by the run that put it there, if it comes to its end.
pub(super) fn failed_carts_are_cleared(history: &History) -> CheckResult {
    each_run(history, |run| {
        if run.ended().is_none_or(|ended| ended.stopped.is_some()) {
            return Ok(());
        }
        let mut left = BTreeMap::new();
        for HistoryLine { occurrence: what, .. } in &run.lines {
            match what {
                Occurrence::Responded(request, heard) => match request.step() {
                    Some((order, OrderStep::Add(_), browser)) if is_ok(heard) => _ = left.insert(browser, order),
                    Some((_, OrderStep::Checkout, browser)) if !heard.is_definitely_not_processed() => {
                        _ = left.remove(browser);
                    }
                    Some((_, _, browser)) if heard.status() == Some(404) => _ = left.remove(browser),
                    _ => {}
                },
                Occurrence::Started(request) => {
                    let cleared = request.step().filter(|(_, part, _)| **part == OrderStep::ClearCart);
                    cleared.map(|(_, _, browser)| left.remove(browser));
                }
                Occurrence::OrderReported(order, _) => {
                    let left = left.iter().find(|(_, no)| *no == order);
                    ensure(left.is_none(), || format!("order {order} was settled without its cart: {left:?}"))?;
                }
                _ => {}
            }
        }
        Ok(())
    })
}

/// Whoever is told that an order is not there is told of its cart too, unless that was cleared.
pub(super) fn filled_cart_is_reported(history: &History) -> CheckResult {
    each_run(history, |run| {
        let mut filled: BTreeMap<&str, OrderNo> = BTreeMap::new();
        for HistoryLine { occurrence: what, .. } in &run.lines {
            match what {
                Occurrence::Responded(request, heard) => {
                    let Some((order, part, browser)) = request.step() else { continue };
                    let is_gone = heard.status() == Some(404) || (is_ok(heard) && *part == OrderStep::ClearCart);
                    if is_gone {
                        filled.remove(browser);
                    } else if matches!(part, OrderStep::Add(_)) && is_ok(heard) {
                        filled.insert(browser, order);
                    }
                }
                Occurrence::OrderReported(order, settled)
                    if is_rejected(settled.outcome) && filled.values().any(|no| no == order) =>
                {
                    let is_told = settled.reason.as_deref().is_some_and(|reason| reason.contains("cart"));
                    ensure(is_told, || format!("order {order} lies in a cart, and {settled:?}"))?;
                }
                _ => {}
            }
        }
        Ok(())
    })
}

/// The last run but one had fine weather.
pub(super) fn no_cart_left_at_the_end(history: &History) -> CheckResult {
    let (filled, left_open) = (&history.filled, &history.leftover_carts);
    ensure(filled.is_empty(), || {
        format!("the carts of {filled:?} are left at the tenant, {left_open:?} in the ledger")
    })?;
    ensure(left_open.is_empty(), || format!("the carts of {left_open:?} are left in the ledger"))
}
