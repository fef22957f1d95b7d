//! What must hold of orders that are assembled from several events.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use orderferry::dispatch::Heard;

use super::{
    super::history::{Ask, History, Line, OrderNo, Part, Request, What},
    Checked, each_run, ensure, is_no, is_ok,
};

pub(super) fn an_order_is_assembled_as_a_whole(history: &History) -> Checked {
    for what in history.lines() {
        let What::Assembled(order, items) = what else { continue };
        let parts = history.parts_of[*order].iter().flatten();
        let ordered: Vec<_> =
            parts.filter_map(|part| if let Part::Add(item) = part { Some(*item) } else { None }).collect();
        ensure(ordered == *items, || format!("order {order} was assembled with {items:?} instead of {ordered:?}"))?;
    }
    Ok(())
}

pub(super) fn a_browser_carries_one_order(history: &History) -> Checked {
    let mut carried: BTreeMap<&str, Option<OrderNo>> = BTreeMap::new();
    for what in history.lines() {
        let What::Started(request) = what else { continue };
        let (browser, order) = match &request.ask {
            Ask::Browser | Ask::Identity { .. } => continue,
            Ask::Checkout { browser, .. } => (browser, None),
            Ask::Part { order, browser, .. } => (browser, Some(*order)),
        };
        let first = *carried.entry(browser).or_insert(order);
        ensure(first == order, || format!("{browser} carries the orders {first:?} and {order:?}"))?;
    }
    Ok(())
}

/// Of a second ADD the manual says what it does, of CLEAR_CART everyone knows, and CHECKOUT is checked elsewhere.
pub(super) fn what_may_be_there_is_not_sent_again_on_the_same_browser(history: &History) -> Checked {
    let mut may_be_there = BTreeSet::new();
    for what in history.lines() {
        let (What::Started(request) | What::Heard(request, _)) = what else { continue };
        let Some((_, part @ (Part::Contacts | Part::Consumers | Part::Confirm(_)), browser)) = request.part() else {
            continue;
        };
        match what {
            What::Heard(_, heard) if heard.is_surely_not_taken() => {}
            What::Heard(..) => _ = may_be_there.insert((part, browser)),
            _ => ensure(!may_be_there.contains(&(part, browser)), || format!("{request:?} was sent again"))?,
        }
    }
    Ok(())
}

/// How far a browser has come with an order.
#[derive(Default)]
struct Course {
    /// Parts that were accepted.
    n_accepted: usize,
    is_clearing: bool,
}

pub(super) fn parts_come_in_sequence(history: &History) -> Checked {
    each_run(history, |run| {
        let mut courses: BTreeMap<&str, Course> = BTreeMap::new();
        for line in &run.lines {
            match &line.what {
                What::Started(request) => {
                    let Some((order, part, browser)) = request.part() else { continue };
                    let course = courses.entry(browser).or_default();
                    course.is_clearing |= *part == Part::ClearCart;
                    let parts = history.parts_of[order].as_deref().unwrap_or_default();
                    let is_due =
                        if course.is_clearing { Part::ClearCart == *part } else { parts[course.n_accepted] == *part };
                    ensure(is_due, || format!("{request:?} came after {} parts", course.n_accepted))?;
                }
                What::Heard(request, heard) if is_ok(heard) => {
                    let Some((_, part, browser)) = request.part() else { continue };
                    courses.entry(browser).or_default().n_accepted += usize::from(*part != Part::ClearCart);
                }
                _ => {}
            }
        }
        Ok(())
    })
}

pub(super) fn opened_before_filled(history: &History) -> Checked {
    let mut open = BTreeSet::new();
    for what in history.lines() {
        match what {
            What::CartOpened(order, browser) => _ = open.insert((*order, browser.as_str())),
            What::Started(request) => {
                let Some((order, _, browser)) = request.part() else { continue };
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
fn browser_of(response: &Heard) -> Option<String> {
    let Heard::Answer { body: Some(body), .. } = response else { return None };
    let body: serde_json::Value = serde_json::from_str(body).ok()?;
    Some(body["ref"].as_str()?.to_owned())
}

pub(super) fn everything_comes_within_the_session(history: &History) -> Checked {
    each_run(history, |run| {
        let mut created: BTreeMap<String, Duration> = BTreeMap::new();
        for Line { at, what } in &run.lines {
            match what {
                What::Heard(Request { ask: Ask::Browser, .. }, heard) if is_ok(heard) => {
                    created.extend(browser_of(heard).map(|browser| (browser, *at)));
                }
                What::Started(request) => {
                    let Some((_, part, browser)) = request.part().filter(|(_, part, _)| **part != Part::ClearCart)
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
pub(super) fn a_checkout_that_may_be_on_its_way_is_not_crossed(history: &History) -> Checked {
    each_run(history, |run| {
        let mut may_be_taken = BTreeSet::new();
        for Line { what, .. } in &run.lines {
            let (What::Started(request) | What::Heard(request, _)) = what else { continue };
            match (what, request.part()) {
                (What::Heard(_, heard), Some((_, Part::Checkout, browser))) if heard.may_come_late() => {
                    may_be_taken.insert(browser);
                }
                (What::Started(_), Some((_, Part::ClearCart, browser))) => {
                    ensure(!may_be_taken.contains(browser), || format!("{request:?} may overtake CHECKOUT"))?;
                }
                _ => {}
            }
        }
        Ok(())
    })
}

/// What comes to nothing is cleared by the run that put it there, if it comes to its end.
pub(super) fn what_comes_to_nothing_is_cleared(history: &History) -> Checked {
    each_run(history, |run| {
        if run.ended().is_none_or(|ended| ended.stopped.is_some()) {
            return Ok(());
        }
        let mut left = BTreeMap::new();
        for Line { what, .. } in &run.lines {
            match what {
                What::Heard(request, heard) => match request.part() {
                    Some((order, Part::Add(_), browser)) if is_ok(heard) => _ = left.insert(browser, order),
                    Some((_, Part::Checkout, browser)) if !heard.is_surely_not_taken() => _ = left.remove(browser),
                    Some((_, _, browser)) if heard.status() == Some(404) => _ = left.remove(browser),
                    _ => {}
                },
                What::Started(request) => {
                    let cleared = request.part().filter(|(_, part, _)| **part == Part::ClearCart);
                    cleared.map(|(_, _, browser)| left.remove(browser));
                }
                What::Told(order, _) => {
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
pub(super) fn a_cart_that_may_be_filled_is_told(history: &History) -> Checked {
    each_run(history, |run| {
        let mut filled: BTreeMap<&str, OrderNo> = BTreeMap::new();
        for Line { what, .. } in &run.lines {
            match what {
                What::Heard(request, heard) => {
                    let Some((order, part, browser)) = request.part() else { continue };
                    let is_gone = heard.status() == Some(404) || (is_ok(heard) && *part == Part::ClearCart);
                    if is_gone {
                        filled.remove(browser);
                    } else if matches!(part, Part::Add(_)) && is_ok(heard) {
                        filled.insert(browser, order);
                    }
                }
                What::Told(order, settled) if is_no(settled.outcome) && filled.values().any(|no| no == order) => {
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
pub(super) fn no_cart_is_left_at_the_end(history: &History) -> Checked {
    let (filled, left_open) = (&history.filled, &history.left_open);
    ensure(filled.is_empty(), || {
        format!("the carts of {filled:?} are left at the tenant, {left_open:?} in the ledger")
    })?;
    ensure(left_open.is_empty(), || format!("the carts of {left_open:?} are left in the ledger"))
}
