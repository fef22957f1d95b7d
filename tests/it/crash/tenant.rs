//! Mock tenant that injects faults, by the content and the attempt number of a request, and can
//! hold requests.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use crate::support::rng::TestRng;
use crate::support::{
    service::{MockService, ReceivedRequest, Reply},
    wait::Gate,
};

/// Percentage of orders and guests with a faulty response.
const FAULT_PERCENT: usize = 15;

/// Percentage of the other events of an order with a faulty response. It is lower, since an order
/// has several of them and must succeed eventually.
const STEP_FAULT_PERCENT: usize = 6;

/// The requests that are held until the program has ended.
#[derive(Clone)]
pub(super) struct HoldRule {
    /// Requests of these kinds.
    pub(super) kinds: &'static [&'static str],
    /// Number of these requests that pass.
    pub(super) after: usize,
    /// The reply to the next one; all later ones are held.
    pub(super) first: FirstHeld,
}

/// The reply to the first held request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FirstHeld {
    HeldBack,
    HalfAnswered,
    Answered,
}

/// An active rule and the requests that it holds.
struct ActiveHold {
    rule: HoldRule,
    n_matched: usize,
    /// The reference of the first held request.
    first: Option<String>,
    gate: Gate,
}

/// A mock service with a rule that holds requests.
pub(super) struct Tenant {
    pub(super) service: MockService,
    active_hold: Arc<Mutex<Option<ActiveHold>>>,
}

impl Tenant {
    /// A tenant without faults.
    pub(super) fn healthy() -> Self {
        Self::start(|_| None)
    }

    /// A tenant whose first responses to some orders, guests and events are faulty. With
    /// `can_be_mute` some get no response.
    pub(super) fn faulty(seed: u64, can_be_mute: bool) -> Self {
        let (n_attempts, orders) = (Mutex::new(BTreeMap::new()), Mutex::new(BTreeMap::new()));
        Self::start(move |request| {
            let (name, fault_percent) = match request.kind() {
                "BROWSER" => return None,
                "ORDER_CHECKOUT" | "CHECKOUT" => (request.reference().to_owned(), FAULT_PERCENT),
                "IDENTITY" => {
                    (request.message["email"].as_str().unwrap().to_owned(), FAULT_PERCENT)
                }
                _ => (step_name(request, &mut orders.lock().unwrap()), STEP_FAULT_PERCENT),
            };
            let attempt = {
                let mut n_attempts = n_attempts.lock().unwrap();
                let attempt = n_attempts.entry(name.clone()).or_default();
                *attempt += 1;
                *attempt
            };
            let mut rng = TestRng::for_name(seed, &name);
            if rng.is_within_percent(fault_percent) {
                faulty_reply(&mut rng, attempt, can_be_mute)
            } else {
                None
            }
        })
    }

    pub(super) fn start(
        answer: impl Fn(&ReceivedRequest) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        let active_hold: Arc<Mutex<Option<ActiveHold>>> = Arc::default();
        let shared = Arc::clone(&active_hold);
        let service = MockService::start(move |request| match decide_hold(&shared, request) {
            HoldDecision::Pass => answer(request),
            HoldDecision::Hold(gate) => {
                gate.wait_until_open();
                Some(Reply::Disconnect)
            }
            HoldDecision::HoldHalf(gate) => Some(Reply::HalfResponse(gate)),
        });
        Self { service, active_hold }
    }

    /// Starts to hold requests.
    pub(super) fn hold(&self, rule: HoldRule) {
        *self.active_hold.lock().unwrap() =
            Some(ActiveHold { rule, n_matched: 0, first: None, gate: Gate::default() });
    }

    /// The reference of the first held request; empty if it has none.
    pub(super) fn first_held(&self) -> Option<String> {
        self.active_hold.lock().unwrap().as_ref()?.first.clone()
    }

    /// Releases the held requests; their connections are closed without a response.
    pub(super) fn release(&self) {
        if let Some(active_hold) = self.active_hold.lock().unwrap().take() {
            active_hold.gate.open();
        }
    }
}

enum HoldDecision {
    Pass,
    Hold(Gate),
    HoldHalf(Gate),
}

fn decide_hold(active_hold: &Mutex<Option<ActiveHold>>, request: &ReceivedRequest) -> HoldDecision {
    let mut active_hold = active_hold.lock().unwrap();
    let Some(active_hold) =
        active_hold.as_mut().filter(|active_hold| active_hold.rule.kinds.contains(&request.kind()))
    else {
        return HoldDecision::Pass;
    };
    active_hold.n_matched += 1;
    if active_hold.n_matched <= active_hold.rule.after {
        return HoldDecision::Pass;
    }
    let is_first = active_hold.first.is_none();
    active_hold.first.get_or_insert_with(|| request.reference().to_owned());
    match active_hold.rule.first {
        FirstHeld::Answered if is_first => HoldDecision::Pass,
        FirstHeld::HalfAnswered if is_first => HoldDecision::HoldHalf(active_hold.gate.clone()),
        _ => HoldDecision::Hold(active_hold.gate.clone()),
    }
}

/// The name of an event of an order: most events have no reference, but the first ADD on their
/// browser has.
fn step_name(request: &ReceivedRequest, orders: &mut BTreeMap<String, String>) -> String {
    if request.kind() == "ADD" {
        orders.insert(request.browser().to_owned(), request.reference().to_owned());
    }
    let order = orders.get(request.browser()).map_or("", String::as_str);
    format!("{} {} of {order}", request.kind(), request.message["product"]["item_id"])
}

/// The reply to attempt number `attempt` of a request with a fault.
fn faulty_reply(rng: &mut TestRng, attempt: usize, can_be_mute: bool) -> Option<Reply> {
    let later = Reply::Response(503, vec![("retry-after", "0".into())], String::new());
    let page = Reply::Response(201, Vec::new(), "<html>welcome</html>".into());
    let kind = rng.below(if can_be_mute { 9 } else { 8 });
    let n_attempts = if kind == 0 { 4 } else { 1 };
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
    (attempt <= n_attempts).then_some(reply)
}
