//! Shared state of one seed: clock, model tenant, history and crash, used by journal, transport
//! and run.
//!
//! Every operation of journal and transport passes `crash_point` before it has an effect. The crash
//! happens at one of these points; afterwards every task that reaches one is suspended until it is
//! dropped.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use orderferry::stream::ServiceResponse;
use tokio::{sync::Notify, time::Instant};

use super::{
    fault_model::{FaultKind, FaultModel, Transit},
    history::{HistoryLine, Occurrence, Operation, OrderStep, Request},
    rng::SimulationRng,
    tenant::{Reply, Tenant},
};

/// The faults, the crash and the failing writes of one run.
#[derive(Debug, Clone)]
pub(super) struct Disturbance {
    pub(super) fault_model: FaultModel,
    /// Number of crash points before the crash.
    pub(super) crash_after: Option<u64>,
    /// Number of writes that succeed.
    pub(super) writes_fail_after: Option<u64>,
    /// A failed write is on the disk nevertheless.
    pub(super) failed_writes_persist: bool,
    /// Number of reported events that can be stored.
    pub(super) reports_fail_after: Option<u64>,
    /// Maximum duration of half a write, in milliseconds.
    pub(super) max_disk_delay: u64,
}

/// The result of a write to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DiskBehaviour {
    Writes,
    Fails,
    /// The write is done, but reported as failed.
    WritesAndFails,
}

/// The state shared by all tasks of a run.
#[derive(Debug)]
pub(super) struct Simulation {
    state: Mutex<SimulationState>,
    pub(super) crash: Notify,
}

#[derive(Debug)]
struct SimulationState {
    seed: u64,
    rng: SimulationRng,
    tenant: Tenant,
    disturbance: Disturbance,
    has_crashed: bool,
    /// Simulated time at the start of the run.
    epoch: Duration,
    /// Time of its runtime at its start; `None` between runs.
    started_at: Option<Instant>,
    lines: Vec<HistoryLine>,
    n_requests: usize,
    /// Number of requests by kind and order or guest.
    n_received: BTreeMap<(u64, u64), u64>,
    /// Requests that were sent and have not arrived yet.
    in_flight: BTreeMap<usize, (Request, Transit)>,
}

impl Simulation {
    pub(super) fn new(seed: u64) -> Self {
        let disturbance = Disturbance {
            fault_model: FaultModel::none(),
            crash_after: None,
            writes_fail_after: None,
            failed_writes_persist: false,
            reports_fail_after: None,
            max_disk_delay: 0,
        };
        let state = SimulationState {
            seed,
            rng: SimulationRng::stream(seed, &[1]),
            tenant: Tenant::default(),
            disturbance,
            has_crashed: false,
            epoch: Duration::ZERO,
            started_at: None,
            lines: Vec::new(),
            n_requests: 0,
            n_received: BTreeMap::new(),
            in_flight: BTreeMap::new(),
        };
        Self { state: state.into(), crash: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, SimulationState> {
        self.state.lock().unwrap()
    }

    /// The simulated time between runs.
    pub(super) fn epoch(&self) -> Duration {
        self.state().epoch
    }

    /// Starts a run, within its runtime.
    pub(super) fn begin(&self, disturbance: Disturbance) {
        let mut state = self.state();
        (state.disturbance, state.has_crashed, state.started_at) =
            (disturbance, false, Some(Instant::now()));
    }

    /// Ends a run, still within its runtime; the next one starts after `pause`.
    pub(super) fn end(&self, pause: Duration) {
        let mut state = self.state();
        state.epoch = state.now() + pause;
        state.started_at = None;
    }

    /// Lets each request that was in flight at the end of a run arrive or be lost. Returns the
    /// history of the run.
    pub(super) fn settle_underway(&self) -> Vec<HistoryLine> {
        let mut state = self.state();
        for (request, transit) in std::mem::take(&mut state.in_flight).into_values() {
            if state.rng.one_in(2) {
                state.arrive(&request, transit.fault);
            }
        }
        std::mem::take(&mut state.lines)
    }

    /// The browsers whose carts at the tenant contain items.
    pub(super) fn filled(&self) -> Vec<String> {
        self.state().tenant.filled()
    }

    pub(super) fn record(&self, occurrence: Occurrence) {
        self.state().record(occurrence);
    }

    /// A point at which the crash may happen.
    pub(super) async fn crash_point(&self) {
        if self.is_over() {
            std::future::pending::<()>().await;
        }
    }

    /// Whether the process has crashed. The first call after the crash wakes the task that drops
    /// the run.
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

    /// Sends a request.
    pub(super) fn start(&self, operation: Operation, timeout: Duration) -> (Request, Transit) {
        self.state().start(operation, timeout)
    }

    /// Lets a request arrive at the tenant.
    pub(super) fn arrive(&self, request: &Request, transit: Transit) -> ServiceResponse {
        self.state().arrive(request, transit.fault)
    }

    /// The result of the next write to the disk.
    pub(super) fn disk(&self) -> DiskBehaviour {
        let mut state = self.state();
        let disturbance = &mut state.disturbance;
        match &mut disturbance.writes_fail_after {
            Some(0) if disturbance.failed_writes_persist => DiskBehaviour::WritesAndFails,
            Some(0) => DiskBehaviour::Fails,
            Some(remaining) => {
                *remaining -= 1;
                DiskBehaviour::Writes
            }
            None => DiskBehaviour::Writes,
        }
    }

    /// The duration of half a write.
    pub(super) fn disk_delay(&self) -> Duration {
        let mut state = self.state();
        let max_delay = state.disturbance.max_disk_delay;
        state.rng.millis(0, max_delay)
    }

    /// Whether a reported event can be stored.
    pub(super) fn can_report(&self) -> bool {
        match &mut self.state().disturbance.reports_fail_after {
            Some(0) => false,
            Some(remaining) => {
                *remaining -= 1;
                true
            }
            None => true,
        }
    }
}

impl SimulationState {
    fn now(&self) -> Duration {
        self.epoch + self.started_at.map_or(Duration::ZERO, |started_at| started_at.elapsed())
    }

    fn record(&mut self, occurrence: Occurrence) {
        let at = self.now();
        self.lines.push(HistoryLine { at, occurrence });
    }

    fn crashes_here(&mut self) -> bool {
        match &mut self.disturbance.crash_after {
            Some(0) => true,
            Some(remaining) => {
                *remaining -= 1;
                false
            }
            None => false,
        }
    }

    fn start(&mut self, operation: Operation, timeout: Duration) -> (Request, Transit) {
        let request = Request { no: self.n_requests, operation };
        self.n_requests += 1;
        let transit = self.transit(&request.operation, timeout);
        self.record(Occurrence::Started(request.clone()));
        if transit.fault != FaultKind::NotSent {
            self.in_flight.insert(request.no, (request.clone(), transit));
        }
        (request, transit)
    }

    /// The transit depends on the operation and its number of requests only.
    fn transit(&mut self, operation: &Operation, timeout: Duration) -> Transit {
        let key = match operation {
            Operation::Browser => (0, 0),
            Operation::Identity { guest, .. } => (1, u64::try_from(*guest).unwrap()),
            Operation::Checkout { order, .. } => (2, u64::try_from(*order).unwrap()),
            Operation::Step { order, step, .. } => {
                (3 + step_number(step), u64::try_from(*order).unwrap())
            }
        };
        let n_received = self.n_received.entry(key).or_default();
        *n_received += 1;
        let mut rng = SimulationRng::stream(self.seed, &[2, key.0, key.1, *n_received]);
        self.disturbance.fault_model.transit(&mut rng, self.now(), timeout)
    }

    fn arrive(&mut self, request: &Request, fault: FaultKind) -> ServiceResponse {
        self.in_flight.remove(&request.no);
        let Reply { is_processed, assembled, response } = self.tenant.handle(request, fault);
        if is_processed {
            self.record(Occurrence::Processed(request.clone()));
        }
        if let Some((order, items)) = assembled {
            self.record(Occurrence::Assembled(order, items));
        }
        response
    }
}

/// A number that is unique to each event of an order.
fn step_number(step: &OrderStep) -> u64 {
    match step {
        OrderStep::Contacts => 0,
        OrderStep::Consumers => 1,
        OrderStep::Checkout => 2,
        OrderStep::ClearCart => 3,
        OrderStep::Confirm(items) => 4 + u64::try_from(items[0]).unwrap(),
        OrderStep::Add(item) => 100 + u64::try_from(*item).unwrap(),
    }
}
