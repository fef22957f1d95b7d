//! Send candidates: the orders that may be sent, and what belongs to their plan.
//!
//! It reads no ledger and sends nothing. Filled by `sink`; `run` records, checks and plans them once
//! the export has been read.

use std::io;

use super::{
    error::{Refusal, RunError},
    guards::{BackfillGuard, OldOrders},
    memory::MemoryBudget,
    part::TriagePart,
    spec::RunSpec,
};
use crate::{
    ledger::{ChangedOrder, Ledger, LedgerWrite, TargetHash},
    model::{outcome::OrderResult, problem::Problem},
    plan::{PlanDigest, PlanError, PlanHeader, Planner, SavedPlan},
    report::Recorder,
    spill::sorter::Sorter,
    storage::{RunFolder, StorageError},
};

/// Changed orders per write to the ledger.
pub(super) const CHANGES_PER_WRITE: usize = 1000;

/// The orders to send, and what belongs to their plan.
pub(super) struct SendCandidates {
    planner: Planner,
    /// Orders that need `--backfill`.
    old_orders: OldOrders,
    /// Orders that changed after their acceptance, until they are recorded.
    changed: Option<Sorter<()>>,
    /// Digest of the file of unplanned orders, once it is complete.
    pub(super) unplanned: Option<PlanDigest>,
    /// Problems that belong to no order.
    pub(super) file_problems: Vec<Problem>,
}

impl SendCandidates {
    /// None yet. What exceeds the shares of `memory` spills to the run folder.
    pub(super) fn new(folder: &RunFolder, memory: MemoryBudget) -> Self {
        Self {
            planner: Planner::new(folder.path(), memory.plan),
            old_orders: OldOrders::default(),
            // A sorter for its bounded memory only: its entries need no order.
            changed: Some(Sorter::new(folder.path(), ".changed", memory.rejects)),
            unplanned: None,
            file_problems: Vec::new(),
        }
    }

    /// Takes those of a block.
    pub(super) fn merge(&mut self, part: &mut TriagePart) -> Result<(), PlanError> {
        self.old_orders.append(part.old_orders);
        self.planner.push(&mut part.plan)?;
        Ok(self.add_changed(&part.changed)?)
    }

    fn add_changed(&self, orders: &[ChangedOrder]) -> io::Result<()> {
        let Some(changed) = &self.changed else { return Ok(()) };
        orders.iter().try_for_each(|order| changed.push((), &serde_json::to_vec(order)?))
    }

    /// Records the changed orders in the ledger.
    pub(super) fn record_changed(&mut self, ledger: &mut dyn Ledger) -> Result<(), RunError> {
        let Some(changed) = self.changed.take() else { return Ok(()) };
        let mut sorted = changed.sorted().map_err(PlanError::from)?;
        let mut writes = Vec::new();
        loop {
            let next = sorted.next().map_err(PlanError::from)?;
            let order = next.map(|((), bytes)| serde_json::from_slice(bytes)).transpose().map_err(io::Error::from);
            let order: Option<Box<ChangedOrder>> = order.map_err(PlanError::from)?;
            let is_last = order.is_none();
            writes.extend(order.map(LedgerWrite::RecordChange));
            if writes.len() >= CHANGES_PER_WRITE || (is_last && !writes.is_empty()) {
                ledger.write(&writes)?;
                writes.clear();
            }
            if is_last {
                return Ok(());
            }
        }
    }

    /// Returns an error if too many orders are invalid or too old: a send sends nothing, a check
    /// fails.
    pub(super) fn check_guards(&self, spec: &RunSpec<'_>, recorder: &Recorder) -> Result<(), Refusal> {
        let (n_invalid, n_orders) = (recorder.n_invalid(), self.n_orders(spec, recorder));
        if spec.max_invalid.is_exceeded(n_invalid, n_orders) {
            return Err(Refusal::TooManyInvalid { n_invalid, n_orders, max_invalid: spec.max_invalid });
        }
        BackfillGuard::of(spec).check(self.old_orders, n_orders, spec.max_invalid)
    }

    /// Returns the number of orders that no rule leaves out.
    fn n_orders(&self, spec: &RunSpec<'_>, recorder: &Recorder) -> u64 {
        recorder.n_not_skipped() - BackfillGuard::of(spec).n_skipped(self.old_orders)
    }

    /// Records every order of the plan as not attempted or still unknown, with the refusal as its
    /// reason.
    pub(super) fn record_unsent(self, refusal: &Refusal, recorder: &mut Recorder) -> Result<(), RunError> {
        let reason = refusal.first_line();
        let mut done: Result<(), StorageError> = Ok(());
        self.planner.for_each(|order| {
            // The callback cannot return an error, so the first one is kept and ends the recording.
            if done.is_err() {
                return;
            }
            let not_attempted = OrderResult::not_attempted(order.is_uncertain, Some(reason.clone()));
            let result = order.held_result.unwrap_or(not_attempted);
            done = recorder.record(&order.record, &result);
        })?;
        Ok(done?)
    }

    /// Writes the plan to the run folder and opens it for sending. `ledger` is the ledger's id.
    pub(super) fn write_plan(
        mut self,
        ledger: String,
        spec: &RunSpec<'_>,
        folder: &RunFolder,
        recorder: &mut Recorder,
    ) -> Result<SavedPlan, RunError> {
        let unplanned = self.unplanned.take().expect("a send always writes its unplanned orders");
        let n_orders = self.n_orders(spec, recorder);
        let plan = self.planner.sort().map_err(PlanError::from)?;
        let header = PlanHeader {
            target: TargetHash::of(&spec.stream.target).to_hex(),
            ledger,
            n_requests: plan.forecast.n_requests(),
            n_orders,
            n_items: recorder.counters.n_items,
            n_guests: recorder.n_guests,
            files: recorder.files().clone(),
            file_problems: self.file_problems,
        };
        SavedPlan::write(folder, header, plan, unplanned)?;
        recorder.flush()?;
        Ok(SavedPlan::open(folder.path())?)
    }
}
