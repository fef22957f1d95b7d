//! A tenant that misbehaves, by what a request is and which sending of it this is, and that can hold requests back.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use crate::support::dice::Dice;
use crate::support::{
    service::{Received, Reply, Service},
    wait::Gate,
};

/// How many of a hundred orders, or guests, get another answer than documented.
const MISBEHAVES: usize = 15;

/// How many of a hundred events on the way to an order: it takes some of them, and must come to its end one day.
const MISBEHAVES_ON_THE_WAY: usize = 6;

/// What is held back until the program is dead.
#[derive(Clone)]
pub(super) struct Jam {
    /// Requests of these kinds.
    pub(super) kinds: &'static [&'static str],
    /// So many of them pass.
    pub(super) after: usize,
    /// What the next one gets; all later ones are held back.
    pub(super) first: First,
}

/// What becomes of the first one that is not let pass.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum First {
    HeldBack,
    HalfAnswered,
    Answered,
}

/// A jam, and what it holds.
struct Jammed {
    jam: Jam,
    n_seen: usize,
    /// The reference of the first one.
    first: Option<String>,
    gate: Gate,
}

/// A service and its jam.
pub(super) struct Tenant {
    pub(super) service: Service,
    jammed: Arc<Mutex<Option<Jammed>>>,
}

impl Tenant {
    /// One that answers as documented.
    pub(super) fn healthy() -> Self {
        Self::start(|_| None)
    }

    /// One that misbehaves for some orders and guests the first times. `can_be_mute`: some get no answer at all.
    pub(super) fn moody(seed: u64, can_be_mute: bool) -> Self {
        let (n_times, orders) = (Mutex::new(BTreeMap::new()), Mutex::new(BTreeMap::new()));
        Self::start(move |request| {
            let (name, misbehaves) = match request.kind() {
                "BROWSER" => return None,
                "ORDER_CHECKOUT" | "CHECKOUT" => (request.reference().to_owned(), MISBEHAVES),
                "IDENTITY" => (request.message["email"].as_str().unwrap().to_owned(), MISBEHAVES),
                _ => (name_of_part(request, &mut orders.lock().unwrap()), MISBEHAVES_ON_THE_WAY),
            };
            let time = {
                let mut n_times = n_times.lock().unwrap();
                let time = n_times.entry(name.clone()).or_default();
                *time += 1;
                *time
            };
            let mut rng = Dice::of(seed, &name);
            if rng.is_within(misbehaves) { mood(&mut rng, time, can_be_mute) } else { None }
        })
    }

    pub(super) fn start(answer: impl Fn(&Received) -> Option<Reply> + Send + Sync + 'static) -> Self {
        let jammed: Arc<Mutex<Option<Jammed>>> = Arc::default();
        let shared = Arc::clone(&jammed);
        let service = Service::start(move |request| match hold(&shared, request) {
            Held::No => answer(request),
            Held::Back(gate) => {
                gate.pass();
                Some(Reply::Silence)
            }
            Held::AtHalf(gate) => Some(Reply::Half(gate)),
        });
        Self { service, jammed }
    }

    /// Holds requests back from now on.
    pub(super) fn jam(&self, jam: Jam) {
        *self.jammed.lock().unwrap() = Some(Jammed { jam, n_seen: 0, first: None, gate: Gate::default() });
    }

    /// The reference of the first one that was not let pass, empty for what is of no order.
    pub(super) fn first_jammed(&self) -> Option<String> {
        self.jammed.lock().unwrap().as_ref()?.first.clone()
    }

    /// Lets go of what is held back; who waits for it hears nothing.
    pub(super) fn let_go(&self) {
        if let Some(jammed) = self.jammed.lock().unwrap().take() {
            jammed.gate.open();
        }
    }
}

enum Held {
    No,
    Back(Gate),
    AtHalf(Gate),
}

fn hold(jammed: &Mutex<Option<Jammed>>, request: &Received) -> Held {
    let mut jammed = jammed.lock().unwrap();
    let Some(jammed) = jammed.as_mut().filter(|jammed| jammed.jam.kinds.contains(&request.kind())) else {
        return Held::No;
    };
    jammed.n_seen += 1;
    if jammed.n_seen <= jammed.jam.after {
        return Held::No;
    }
    let is_first = jammed.first.is_none();
    jammed.first.get_or_insert_with(|| request.reference().to_owned());
    match jammed.jam.first {
        First::Answered if is_first => Held::No,
        First::HalfAnswered if is_first => Held::AtHalf(jammed.gate.clone()),
        _ => Held::Back(jammed.gate.clone()),
    }
}

/// What an event on the way to an order is: most of them name no order, but the first ADD on their browser does.
fn name_of_part(request: &Received, orders: &mut BTreeMap<String, String>) -> String {
    if request.kind() == "ADD" {
        orders.insert(request.browser().to_owned(), request.reference().to_owned());
    }
    let order = orders.get(request.browser()).map_or("", String::as_str);
    format!("{} {} of {order}", request.kind(), request.message["product"]["item_id"])
}

/// What the `time`th sending of something that goes wrong gets.
fn mood(rng: &mut Dice, time: usize, can_be_mute: bool) -> Option<Reply> {
    let later = Reply::Answer(503, vec![("retry-after", "0".into())], String::new());
    let page = Reply::Answer(201, Vec::new(), "<html>all is well</html>".into());
    let kind = rng.below(if can_be_mute { 9 } else { 8 });
    let n_times = if kind == 0 { 4 } else { 1 };
    let reply = match kind {
        0 | 1 => later,
        2 => Reply::status(429),
        3 => Reply::status(500),
        4 => Reply::status(404),
        5 => page,
        6 => Reply::Half(Gate::opened()),
        7 => Reply::Silence,
        _ => Reply::Mute,
    };
    (time <= n_times).then_some(reply)
}
