//! Invariants of orders that are assembled from several events.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use orderferry::stream::ServiceResponse;

use super::{
    super::history::{History, HistoryLine, Occurrence, Operation, OrderNo, OrderStep, Request},
    CheckResult, each_run, ensure, is_ok, is_rejected,
};

pub(super) fn order_is_assembled_completely(history: &History) -> CheckResult {
    for what in history.lines() {
        let Occurrence::Assembled(order, items) = what else { continue };
        let steps = history.steps_of[*order].iter().flatten();
        let ordered: Vec<_> = steps
            .filter_map(|step| if let OrderStep::Add(item) = step { Some(*item) } else { None })
            .collect();
        ensure(ordered == *items, || {
            format!("order {order} was assembled with {items:?} instead of {ordered:?}")
        })?;
    }
    Ok(())
}

pub(super) fn one_order_per_browser(history: &History) -> CheckResult {
    let mut orders: BTreeMap<&str, Option<OrderNo>> = BTreeMap::new();
    for what in history.lines() {
        let Occurrence::Started(request) = what else { continue };
        let (browser, order) = match &request.operation {
            Operation::Browser | Operation::Identity { .. } => continue,
            Operation::Checkout { browser, .. } => (browser, None),
            Operation::Step { order, browser, .. } => (browser, Some(*order)),
        };
        let first = *orders.entry(browser).or_insert(order);
        ensure(first == order, || {
            format!("{browser} is used for the orders {first:?} and {order:?}")
        })?;
    }
    Ok(())
}

/// ADD and CLEAR_CART are not checked, since the effect of a repeated one is known; CHECKOUT is
/// checked elsewhere.
pub(super) fn uncertain_steps_are_not_resent(history: &History) -> CheckResult {
    let mut uncertain_steps = BTreeSet::new();
    for what in history.lines() {
        let (Occurrence::Started(request) | Occurrence::Responded(request, _)) = what else {
            continue;
        };
        let Some((
            _,
            step @ (OrderStep::Contacts | OrderStep::Consumers | OrderStep::Confirm(_)),
            browser,
        )) = request.step()
        else {
            continue;
        };
        match what {
            Occurrence::Responded(_, response) if response.is_definitely_not_processed() => {}
            Occurrence::Responded(..) => _ = uncertain_steps.insert((step, browser)),
            _ => ensure(!uncertain_steps.contains(&(step, browser)), || {
                format!("{request:?} was sent again")
            })?,
        }
    }
    Ok(())
}

/// The progress of an order on a browser.
#[derive(Default)]
struct BrowserProgress {
    /// Number of accepted steps.
    n_accepted: usize,
    is_clearing: bool,
}

pub(super) fn steps_are_in_sequence(history: &History) -> CheckResult {
    each_run(history, |run| {
        let mut progress_of: BTreeMap<&str, BrowserProgress> = BTreeMap::new();
        for line in &run.lines {
            match &line.occurrence {
                Occurrence::Started(request) => {
                    let Some((order, step, browser)) = request.step() else { continue };
                    let progress = progress_of.entry(browser).or_default();
                    progress.is_clearing |= *step == OrderStep::ClearCart;
                    let steps = history.steps_of[order].as_deref().unwrap_or_default();
                    let is_due = if progress.is_clearing {
                        OrderStep::ClearCart == *step
                    } else {
                        steps[progress.n_accepted] == *step
                    };
                    ensure(is_due, || {
                        format!("{request:?} was sent after {} accepted steps", progress.n_accepted)
                    })?;
                }
                Occurrence::Responded(request, response) if is_ok(response) => {
                    let Some((_, step, browser)) = request.step() else { continue };
                    progress_of.entry(browser).or_default().n_accepted +=
                        usize::from(*step != OrderStep::ClearCart);
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
                    format!("the ledger does not contain the cart of {request:?}")
                })?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// The browser id in the response to the creation of a browser.
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
                Occurrence::Responded(Request { operation: Operation::Browser, .. }, response)
                    if is_ok(response) =>
                {
                    created.extend(browser_of(response).map(|browser| (browser, *at)));
                }
                Occurrence::Started(request) => {
                    let Some((_, step, browser)) =
                        request.step().filter(|(_, step, _)| **step != OrderStep::ClearCart)
                    else {
                        continue;
                    };
                    let age = at.saturating_sub(created[browser]);
                    ensure(age <= run.settings.stream.session_timeout, || {
                        format!("{step:?} was sent on {browser} after {age:?}")
                    })?;
                }
                _ => {}
            }
        }
        Ok(())
    })
}

/// A CLEAR_CART could overtake the CHECKOUT and remove an order that would otherwise be created.
pub(super) fn no_clear_after_uncertain_checkout(history: &History) -> CheckResult {
    each_run(history, |run| {
        let mut uncertain_checkouts = BTreeSet::new();
        for HistoryLine { occurrence: what, .. } in &run.lines {
            let (Occurrence::Started(request) | Occurrence::Responded(request, _)) = what else {
                continue;
            };
            match (what, request.step()) {
                (Occurrence::Responded(_, response), Some((_, OrderStep::Checkout, browser)))
                    if response.may_arrive_late() =>
                {
                    uncertain_checkouts.insert(browser);
                }
                (Occurrence::Started(_), Some((_, OrderStep::ClearCart, browser))) => {
                    ensure(!uncertain_checkouts.contains(browser), || {
                        format!("{request:?} may overtake CHECKOUT")
                    })?;
                }
                _ => {}
            }
        }
        Ok(())
    })
}

/// The cart of a failed order is cleared by the run that filled it, unless the run is stopped.
pub(super) fn failed_carts_are_cleared(history: &History) -> CheckResult {
    each_run(history, |run| {
        if run.ended().is_none_or(|ended| ended.stopped.is_some()) {
            return Ok(());
        }
        let mut filled = BTreeMap::new();
        for HistoryLine { occurrence: what, .. } in &run.lines {
            match what {
                Occurrence::Responded(request, response) => match request.step() {
                    Some((order, OrderStep::Add(_), browser)) if is_ok(response) => {
                        _ = filled.insert(browser, order);
                    }
                    Some((_, OrderStep::Checkout, browser))
                        if !response.is_definitely_not_processed() =>
                    {
                        _ = filled.remove(browser);
                    }
                    Some((_, _, browser)) if response.status() == Some(404) => {
                        _ = filled.remove(browser);
                    }
                    _ => {}
                },
                Occurrence::Started(request) => {
                    let cleared =
                        request.step().filter(|(_, step, _)| **step == OrderStep::ClearCart);
                    cleared.map(|(_, _, browser)| filled.remove(browser));
                }
                Occurrence::OrderReported(order, _) => {
                    let cart = filled.iter().find(|(_, no)| *no == order);
                    ensure(cart.is_none(), || {
                        format!("order {order} was settled, but its cart is not cleared: {cart:?}")
                    })?;
                }
                _ => {}
            }
        }
        Ok(())
    })
}

/// The result of an order that was not created mentions its cart, unless the cart was cleared.
pub(super) fn filled_cart_is_reported(history: &History) -> CheckResult {
    each_run(history, |run| {
        let mut filled: BTreeMap<&str, OrderNo> = BTreeMap::new();
        for HistoryLine { occurrence: what, .. } in &run.lines {
            match what {
                Occurrence::Responded(request, response) => {
                    let Some((order, step, browser)) = request.step() else { continue };
                    let is_gone = response.status() == Some(404)
                        || (is_ok(response) && *step == OrderStep::ClearCart);
                    if is_gone {
                        filled.remove(browser);
                    } else if matches!(step, OrderStep::Add(_)) && is_ok(response) {
                        filled.insert(browser, order);
                    }
                }
                Occurrence::OrderReported(order, result)
                    if is_rejected(result.outcome) && filled.values().any(|no| no == order) =>
                {
                    let is_reported =
                        result.reason.as_deref().is_some_and(|reason| reason.contains("cart"));
                    ensure(is_reported, || format!("order {order} is in a cart, but {result:?}"))?;
                }
                _ => {}
            }
        }
        Ok(())
    })
}

/// The run before the last one had no faults.
pub(super) fn no_cart_left_at_the_end(history: &History) -> CheckResult {
    let (filled, leftover_carts) = (&history.filled, &history.leftover_carts);
    ensure(filled.is_empty(), || {
        format!("the carts of {filled:?} are left at the tenant, {leftover_carts:?} in the ledger")
    })?;
    ensure(leftover_carts.is_empty(), || {
        format!("the carts of {leftover_carts:?} are left in the ledger")
    })
}
