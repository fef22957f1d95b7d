//! What the journal, the wire and the run of one seed share: the clock, the tenant, what happens, and the crash.
//!
//! Every hook of journal and wire passes `point` before it has an effect; the crash happens at one of these points, and
//! whoever comes to one afterwards waits there until it is dropped.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use orderferry::dispatch::Heard;
use tokio::{sync::Notify, time::Instant};

use super::{
    chance::Chance,
    history::{Ask, Line, Part, Request, What},
    tenant::{Reply, Tenant},
    weather::{Fate, Turn, Weather},
};

/// How a run is disturbed.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    pub(super) weather: Weather,
    /// The crash comes after so many points.
    pub(super) crash_after: Option<u64>,
    /// So many writes succeed.
    pub(super) writes_fail_after: Option<u64>,
    /// A write that fails may be on the disk nevertheless.
    pub(super) failed_writes_are_there: bool,
    /// So many tellings succeed.
    pub(super) tells_fail_after: Option<u64>,
    /// A write takes no longer, in milliseconds.
    pub(super) slowest_disk: u64,
}

/// How the disk takes a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Disk {
    Writes,
    Fails,
    /// It writes, and says that it failed.
    WritesAndFails,
}

/// Shared by all who take part.
#[derive(Debug)]
pub(super) struct World {
    state: Mutex<State>,
    pub(super) crash: Notify,
}

#[derive(Debug)]
struct State {
    seed: u64,
    chance: Chance,
    tenant: Tenant,
    trouble: Trouble,
    has_crashed: bool,
    /// When the run began, in this world's time.
    epoch: Duration,
    /// When it began in its runtime's time; nothing between runs.
    began: Option<Instant>,
    lines: Vec<Line>,
    n_requests: usize,
    /// How often the same was asked.
    n_came: BTreeMap<(u64, u64), u64>,
    /// Requests that left and did not arrive yet.
    underway: BTreeMap<usize, (Request, Fate)>,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let calm = Trouble {
            weather: Weather::fine(),
            crash_after: None,
            writes_fail_after: None,
            failed_writes_are_there: false,
            tells_fail_after: None,
            slowest_disk: 0,
        };
        let state = State {
            seed,
            chance: Chance::of(seed, &[1]),
            tenant: Tenant::default(),
            trouble: calm,
            has_crashed: false,
            epoch: Duration::ZERO,
            began: None,
            lines: Vec::new(),
            n_requests: 0,
            n_came: BTreeMap::new(),
            underway: BTreeMap::new(),
        };
        Self { state: state.into(), crash: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// The time between runs.
    pub(super) fn epoch(&self) -> Duration {
        self.state().epoch
    }

    /// A run begins, within its runtime.
    pub(super) fn begin(&self, trouble: Trouble) {
        let mut state = self.state();
        (state.trouble, state.has_crashed, state.began) = (trouble, false, Some(Instant::now()));
    }

    /// A run ends, still within its runtime. After a while the next one may begin.
    pub(super) fn end(&self, pause: Duration) {
        let mut state = self.state();
        state.epoch = state.now() + pause;
        state.began = None;
    }

    /// What still was underway when the run was over arrives or does not. Gives what happened since it began.
    pub(super) fn settle_underway(&self) -> Vec<Line> {
        let mut state = self.state();
        for (request, fate) in std::mem::take(&mut state.underway).into_values() {
            if state.chance.one_in(2) {
                state.arrive(&request, fate.turn);
            }
        }
        std::mem::take(&mut state.lines)
    }

    /// The browsers whose carts hold something at the tenant.
    pub(super) fn filled(&self) -> Vec<String> {
        self.state().tenant.filled()
    }

    pub(super) fn note(&self, what: What) {
        self.state().note(what);
    }

    /// Where a crash may happen.
    pub(super) async fn point(&self) {
        if self.is_over() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether the process is dead; the first one who asks then wakes the one who drops it.
    fn is_over(&self) -> bool {
        let mut state = self.state();
        if state.has_crashed || !state.crashes_here() {
            return state.has_crashed;
        }
        state.has_crashed = true;
        state.note(What::Crashed);
        self.crash.notify_one();
        true
    }

    /// A request is handed to the wire.
    pub(super) fn start(&self, ask: Ask, timeout: Duration) -> (Request, Fate) {
        self.state().start(ask, timeout)
    }

    /// A request arrives.
    pub(super) fn arrive(&self, request: &Request, fate: Fate) -> Heard {
        self.state().arrive(request, fate.turn)
    }

    /// How the disk takes the next write.
    pub(super) fn disk(&self) -> Disk {
        let mut state = self.state();
        let trouble = &mut state.trouble;
        match &mut trouble.writes_fail_after {
            Some(0) if trouble.failed_writes_are_there => Disk::WritesAndFails,
            Some(0) => Disk::Fails,
            Some(left) => {
                *left -= 1;
                Disk::Writes
            }
            None => Disk::Writes,
        }
    }

    /// How long a half of a write takes.
    pub(super) fn time_of_disk(&self) -> Duration {
        let mut state = self.state();
        let slowest = state.trouble.slowest_disk;
        state.chance.millis(0, slowest)
    }

    /// Whether what is told can be kept.
    pub(super) fn keeps_what_is_told(&self) -> bool {
        match &mut self.state().trouble.tells_fail_after {
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
            None => true,
        }
    }
}

impl State {
    fn now(&self) -> Duration {
        self.epoch + self.began.map_or(Duration::ZERO, |began| began.elapsed())
    }

    fn note(&mut self, what: What) {
        let at = self.now();
        self.lines.push(Line { at, what });
    }

    fn crashes_here(&mut self) -> bool {
        match &mut self.trouble.crash_after {
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        }
    }

    fn start(&mut self, ask: Ask, timeout: Duration) -> (Request, Fate) {
        let request = Request { no: self.n_requests, ask };
        self.n_requests += 1;
        let fate = self.fate(&request.ask, timeout);
        self.note(What::Started(request.clone()));
        if fate.turn != Turn::NotSent {
            self.underway.insert(request.no, (request.clone(), fate));
        }
        (request, fate)
    }

    /// Hangs on what is asked and how often it came, not on what else happens.
    fn fate(&mut self, ask: &Ask, timeout: Duration) -> Fate {
        let key = match ask {
            Ask::Browser => (0, 0),
            Ask::Identity { guest, .. } => (1, u64::try_from(*guest).unwrap()),
            Ask::Checkout { order, .. } => (2, u64::try_from(*order).unwrap()),
            Ask::Part { order, part, .. } => (3 + number_of(part), u64::try_from(*order).unwrap()),
        };
        let n_came = self.n_came.entry(key).or_default();
        *n_came += 1;
        let mut chance = Chance::of(self.seed, &[2, key.0, key.1, *n_came]);
        self.trouble.weather.fate(&mut chance, self.now(), timeout)
    }

    fn arrive(&mut self, request: &Request, turn: Turn) -> Heard {
        self.underway.remove(&request.no);
        let Reply { is_done, assembled, heard: response } = self.tenant.deal_with(request, turn);
        if is_done {
            self.note(What::Taken(request.clone()));
        }
        if let Some((order, items)) = assembled {
            self.note(What::Assembled(order, items));
        }
        response
    }
}

/// Another one for each event of an order.
fn number_of(part: &Part) -> u64 {
    match part {
        Part::Contacts => 0,
        Part::Consumers => 1,
        Part::Checkout => 2,
        Part::ClearCart => 3,
        Part::Confirm(items) => 4 + u64::try_from(items[0]).unwrap(),
        Part::Add(item) => 100 + u64::try_from(*item).unwrap(),
    }
}
