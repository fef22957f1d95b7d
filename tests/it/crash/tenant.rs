//! A tenant that misbehaves, by what a request is and which sending of it this is, and that can hold requests back.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use crate::support::rng::TestRng;
use crate::support::{
    service::{MockService, ReceivedRequest, Reply},
    wait::Gate,
};

/// How many of a hundred orders, or guests, get another answer than documented.
const FAULT_PERCENT: usize = 15;

/// How many of a hundred events on the way to an order: it takes some of them, and must come to its end one day.
const STEP_FAULT_PERCENT: usize = 6;

/// What is held back until the program is dead.
#[derive(Clone)]
pub(super) struct HoldRule {
    /// Requests of these kinds.
    pub(super) kinds: &'static [&'static str],
    /// So many of them pass.
    pub(super) after: usize,
    /// What the next one gets; all later ones are held back.
    pub(super) first: FirstHeld,
}

/// What becomes of the first one that is not let pass.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FirstHeld {
    HeldBack,
    HalfAnswered,
    Answered,
}

/// A jam, and what it holds.
struct ActiveHold {
    rule: HoldRule,
    n_matched: usize,
    /// The reference of the first one.
    first: Option<String>,
    gate: Gate,
}

/// A service and its jam.
pub(super) struct Tenant {
    pub(super) service: MockService,
    active_hold: Arc<Mutex<Option<ActiveHold>>>,
}

impl Tenant {
    /// One that answers as documented.
    pub(super) fn healthy() -> Self {
        Self::start(|_| None)
    }

    /// One that misbehaves for some orders and guests the first times. `can_be_mute`: some get no answer at all.
    pub(super) fn faulty(seed: u64, can_be_mute: bool) -> Self {
        let (n_times, orders) = (Mutex::new(BTreeMap::new()), Mutex::new(BTreeMap::new()));
        Self::start(move |request| {
            let (name, misbehaves) = match request.kind() {
                "BROWSER" => return None,
                "ORDER_CHECKOUT" | "CHECKOUT" => (request.reference().to_owned(), FAULT_PERCENT),
                "IDENTITY" => (request.message["email"].as_str().unwrap().to_owned(), FAULT_PERCENT),
                _ => (step_name(request, &mut orders.lock().unwrap()), STEP_FAULT_PERCENT),
            };
            let time = {
                let mut n_times = n_times.lock().unwrap();
                let time = n_times.entry(name.clone()).or_default();
                *time += 1;
                *time
            };
            let mut rng = TestRng::for_name(seed, &name);
            if rng.is_within_percent(misbehaves) { faulty_reply(&mut rng, time, can_be_mute) } else { None }
        })
    }

    pub(super) fn start(answer: impl Fn(&ReceivedRequest) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let jammed: Arc<Mutex<Option<ActiveHold>>> = Arc::default();
        let shared = Arc::clone(&jammed);
        let service = MockService::start(move |request| match decide_hold(&shared, request) {
            HoldDecision::Pass => answer(request),
            HoldDecision::Hold(gate) => {
                gate.wait_until_open();
                Some(Reply::Disconnect)
            }
            HoldDecision::HoldHalf(gate) => Some(Reply::HalfResponse(gate)),
        });
        Self { service, active_hold: jammed }
    }

    /// Holds requests back from now on.
    pub(super) fn hold(&self, jam: HoldRule) {
        *self.active_hold.lock().unwrap() =
            Some(ActiveHold { rule: jam, n_matched: 0, first: None, gate: Gate::default() });
    }

    /// The reference of the first one that was not let pass, empty for what is of no order.
    pub(super) fn first_held(&self) -> Option<String> {
        self.active_hold.lock().unwrap().as_ref()?.first.clone()
    }

    /// Lets go of what is held back; who waits for it hears nothing.
    pub(super) fn release(&self) {
        if let Some(jammed) = self.active_hold.lock().unwrap().take() {
            jammed.gate.open();
        }
    }
}

enum HoldDecision {
    Pass,
    Hold(Gate),
    HoldHalf(Gate),
}

fn decide_hold(jammed: &Mutex<Option<ActiveHold>>, request: &ReceivedRequest) -> HoldDecision {
    let mut jammed = jammed.lock().unwrap();
    let Some(jammed) = jammed.as_mut().filter(|jammed| jammed.rule.kinds.contains(&request.kind())) else {
        return HoldDecision::Pass;
    };
    jammed.n_matched += 1;
    if jammed.n_matched <= jammed.rule.after {
        return HoldDecision::Pass;
    }
    let is_first = jammed.first.is_none();
    jammed.first.get_or_insert_with(|| request.reference().to_owned());
    match jammed.rule.first {
        FirstHeld::Answered if is_first => HoldDecision::Pass,
        FirstHeld::HalfAnswered if is_first => HoldDecision::HoldHalf(jammed.gate.clone()),
        _ => HoldDecision::Hold(jammed.gate.clone()),
    }
}

/// What an event on the way to an order is: most of them name no order, but the first ADD on their browser does.
fn step_name(request: &ReceivedRequest, orders: &mut BTreeMap<String, String>) -> String {
    if request.kind() == "ADD" {
        orders.insert(request.browser().to_owned(), request.reference().to_owned());
    }
    let order = orders.get(request.browser()).map_or("", String::as_str);
    format!("{} {} of {order}", request.kind(), request.message["product"]["item_id"])
}

/// What the `time`th sending of something that goes wrong gets.
fn faulty_reply(rng: &mut TestRng, time: usize, can_be_mute: bool) -> Option<Reply> {
    let later = Reply::Response(503, vec![("retry-after", "0".into())], String::new());
    let page = Reply::Response(201, Vec::new(), "<html>all is well</html>".into());
    let kind = rng.below(if can_be_mute { 9 } else { 8 });
    let n_times = if kind == 0 { 4 } else { 1 };
    let reply = match kind {
        0 | 1 => later,
        2 => Reply::status(429),
        3 => Reply::status(500),
        4 => Reply::status(404),
        5 => page,
        6 => Reply::HalfResponse(Gate::opened()),
        7 => Reply::Disconnect,
        _ => Reply::NoResponse,
    };
    (time <= n_times).then_some(reply)
}
