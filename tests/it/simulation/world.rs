//! What the journal, the wire and the run of one seed share: the clock, the tenant, what happens, and the crash.
//!
//! Every hook of journal and wire passes `point` before it has an effect; the crash happens at one of these points, and
//! whoever comes to one afterwards waits there until it is dropped.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use orderferry::dispatch::ServiceResponse;
use tokio::{sync::Notify, time::Instant};

use super::{
    fault_model::{FaultKind, FaultModel, Transit},
    history::{HistoryLine, Occurrence, Operation, OrderStep, Request},
    rng::SimulationRng,
    tenant::{Reply, Tenant},
};

/// How a run is disturbed.
#[derive(Debug, Clone)]
pub(super) struct Disturbance {
    pub(super) fault_model: FaultModel,
    /// The crash comes after so many points.
    pub(super) crash_after: Option<u64>,
    /// So many writes succeed.
    pub(super) writes_fail_after: Option<u64>,
    /// A write that fails may be on the disk nevertheless.
    pub(super) failed_writes_persist: bool,
    /// So many tellings succeed.
    pub(super) reports_fail_after: Option<u64>,
    /// A write takes no longer, in milliseconds.
    pub(super) max_disk_delay: u64,
}

/// How the disk takes a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DiskBehaviour {
    Writes,
    Fails,
    /// It writes, and says that it failed.
    WritesAndFails,
}

/// Shared by all who take part.
#[derive(Debug)]
pub(super) struct Simulation {
    state: Mutex<SimulationState>,
    pub(super) crash: Notify,
}

#[derive(Debug)]
struct SimulationState {
    seed: u64,
    chance: SimulationRng,
    tenant: Tenant,
    disturbance: Disturbance,
    has_crashed: bool,
    /// When the run began, in this world's time.
    epoch: Duration,
    /// When it began in its runtime's time; nothing between runs.
    began: Option<Instant>,
    lines: Vec<HistoryLine>,
    n_requests: usize,
    /// How often the same was asked.
    n_received: BTreeMap<(u64, u64), u64>,
    /// Requests that left and did not arrive yet.
    underway: BTreeMap<usize, (Request, Transit)>,
}

impl Simulation {
    pub(super) fn new(seed: u64) -> Self {
        let calm = Disturbance {
            fault_model: FaultModel::none(),
            crash_after: None,
            writes_fail_after: None,
            failed_writes_persist: false,
            reports_fail_after: None,
            max_disk_delay: 0,
        };
        let state = SimulationState {
            seed,
            chance: SimulationRng::stream(seed, &[1]),
            tenant: Tenant::default(),
            disturbance: calm,
            has_crashed: false,
            epoch: Duration::ZERO,
            began: None,
            lines: Vec::new(),
            n_requests: 0,
            n_received: BTreeMap::new(),
            underway: BTreeMap::new(),
        };
        Self { state: state.into(), crash: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, SimulationState> {
        self.state.lock().unwrap()
    }

    /// The time between runs.
    pub(super) fn epoch(&self) -> Duration {
        self.state().epoch
    }

    /// A run begins, within its runtime.
    pub(super) fn begin(&self, trouble: Disturbance) {
        let mut state = self.state();
        (state.disturbance, state.has_crashed, state.began) = (trouble, false, Some(Instant::now()));
    }

    /// A run ends, still within its runtime. After a while the next one may begin.
    pub(super) fn end(&self, pause: Duration) {
        let mut state = self.state();
        state.epoch = state.now() + pause;
        state.began = None;
    }

    /// What still was underway when the run was over arrives or does not. Gives what happened since it began.
    pub(super) fn settle_underway(&self) -> Vec<HistoryLine> {
        let mut state = self.state();
        for (request, fate) in std::mem::take(&mut state.underway).into_values() {
            if state.chance.one_in(2) {
                state.arrive(&request, fate.fault);
            }
        }
        std::mem::take(&mut state.lines)
    }

    /// The browsers whose carts hold something at the tenant.
    pub(super) fn filled(&self) -> Vec<String> {
        self.state().tenant.filled()
    }

    pub(super) fn record(&self, what: Occurrence) {
        self.state().record(what);
    }

    /// Where a crash may happen.
    pub(super) async fn crash_point(&self) {
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
        state.record(Occurrence::Crashed);
        self.crash.notify_one();
        true
    }

    /// A request is handed to the wire.
    pub(super) fn start(&self, ask: Operation, timeout: Duration) -> (Request, Transit) {
        self.state().start(ask, timeout)
    }

    /// A request arrives.
    pub(super) fn arrive(&self, request: &Request, fate: Transit) -> ServiceResponse {
        self.state().arrive(request, fate.fault)
    }

    /// How the disk takes the next write.
    pub(super) fn disk(&self) -> DiskBehaviour {
        let mut state = self.state();
        let trouble = &mut state.disturbance;
        match &mut trouble.writes_fail_after {
            Some(0) if trouble.failed_writes_persist => DiskBehaviour::WritesAndFails,
            Some(0) => DiskBehaviour::Fails,
            Some(left) => {
                *left -= 1;
                DiskBehaviour::Writes
            }
            None => DiskBehaviour::Writes,
        }
    }

    /// How long a half of a write takes.
    pub(super) fn disk_delay(&self) -> Duration {
        let mut state = self.state();
        let slowest = state.disturbance.max_disk_delay;
        state.chance.millis(0, slowest)
    }

    /// Whether what is told can be kept.
    pub(super) fn can_report(&self) -> bool {
        match &mut self.state().disturbance.reports_fail_after {
            Some(0) => false,
            Some(left) => {
                *left -= 1;
                true
            }
            None => true,
        }
    }
}

impl SimulationState {
    fn now(&self) -> Duration {
        self.epoch + self.began.map_or(Duration::ZERO, |began| began.elapsed())
    }

    fn record(&mut self, what: Occurrence) {
        let at = self.now();
        self.lines.push(HistoryLine { at, occurrence: what });
    }

    fn crashes_here(&mut self) -> bool {
        match &mut self.disturbance.crash_after {
            Some(0) => true,
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        }
    }

    fn start(&mut self, ask: Operation, timeout: Duration) -> (Request, Transit) {
        let request = Request { no: self.n_requests, operation: ask };
        self.n_requests += 1;
        let fate = self.transit(&request.operation, timeout);
        self.record(Occurrence::Started(request.clone()));
        if fate.fault != FaultKind::NotSent {
            self.underway.insert(request.no, (request.clone(), fate));
        }
        (request, fate)
    }

    /// Hangs on what is asked and how often it came, not on what else happens.
    fn transit(&mut self, ask: &Operation, timeout: Duration) -> Transit {
        let key = match ask {
            Operation::Browser => (0, 0),
            Operation::Identity { guest, .. } => (1, u64::try_from(*guest).unwrap()),
            Operation::Checkout { order, .. } => (2, u64::try_from(*order).unwrap()),
            Operation::Step { order, step: part, .. } => (3 + step_number(part), u64::try_from(*order).unwrap()),
        };
        let n_came = self.n_received.entry(key).or_default();
        *n_came += 1;
        let mut chance = SimulationRng::stream(self.seed, &[2, key.0, key.1, *n_came]);
        self.disturbance.fault_model.transit(&mut chance, self.now(), timeout)
    }

    fn arrive(&mut self, request: &Request, turn: FaultKind) -> ServiceResponse {
        self.underway.remove(&request.no);
        let Reply { is_processed: is_done, assembled, response } = self.tenant.handle(request, turn);
        if is_done {
            self.record(Occurrence::Processed(request.clone()));
        }
        if let Some((order, items)) = assembled {
            self.record(Occurrence::Assembled(order, items));
        }
        response
    }
}

/// Another one for each event of an order.
fn step_number(part: &OrderStep) -> u64 {
    match part {
        OrderStep::Contacts => 0,
        OrderStep::Consumers => 1,
        OrderStep::Checkout => 2,
        OrderStep::ClearCart => 3,
        OrderStep::Confirm(items) => 4 + u64::try_from(items[0]).unwrap(),
        OrderStep::Add(item) => 100 + u64::try_from(*item).unwrap(),
    }
}
