//! Send candidates: the orders that may be sent, and what belongs to their plan.
//!
//! It reads no ledger and sends nothing. Filled by `sink`; `run` records, checks and plans them
//! once the export has been read.

use super::{
    error::{Refusal, RunError},
    events::write_events,
    guards::GuardError,
    memory::MemoryBudget,
    part::TriagePart,
    spec::RunSpec,
    target::IDENTIFY_REQUESTS,
};
use crate::{
    disposition::{ChangedOrders, OldOrders},
    ledger::{Ledger, TargetHash},
    model::{outcome::OrderResult, problem::Problem},
    plan::{PlanDigest, PlanError, PlanHeader, Planner, SavedPlan},
    report::Recorder,
    storage::{RunFolder, StorageError, create_new_file},
};

/// The orders to send, and what belongs to their plan.
pub(super) struct SendCandidates {
    planner: Planner,
    /// Orders that need `--backfill`.
    old_orders: OldOrders,
    /// Orders that changed after their acceptance, until they are recorded.
    changed: Option<ChangedOrders>,
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
            changed: Some(ChangedOrders::new(folder.path(), memory.rejects)),
            unplanned: None,
            file_problems: Vec::new(),
        }
    }

    /// Takes those of a block.
    pub(super) fn merge(&mut self, part: &mut TriagePart) -> Result<(), PlanError> {
        self.old_orders.append(part.old_orders);
        if let Some(changed) = &self.changed {
            changed.push_all(&part.changed)?;
        }
        Ok(self.planner.push(&mut part.plan)?)
    }

    /// Records the changed orders in the ledger.
    pub(super) fn record_changed(&mut self, ledger: &mut dyn Ledger) -> Result<(), RunError> {
        let Some(changed) = self.changed.take() else { return Ok(()) };
        for writes in changed.into_writes().map_err(PlanError::from)? {
            ledger.write(&writes.map_err(PlanError::from)?)?;
        }
        Ok(())
    }

    /// Returns an error if too many orders are invalid or too old: a send sends nothing, a check
    /// fails.
    pub(super) fn check_guards(
        &self,
        spec: &RunSpec<'_>,
        recorder: &Recorder,
    ) -> Result<(), GuardError> {
        let n_unreadable = recorder.files().unreadable_rows;
        if n_unreadable > 0 && recorder.counters.tally.orders().read == 0 {
            return Err(GuardError::NothingRead { n_unreadable });
        }
        let (n_invalid, n_orders) = (recorder.n_invalid(), self.n_orders(spec, recorder));
        spec.max_invalid.check_invalid(n_invalid, n_orders)?;
        spec.max_invalid.check_old(self.old_orders, n_orders, spec.backfill_guard())
    }

    /// The number of orders that need `--backfill`, or are skipped for their age.
    pub(super) fn n_old(&self) -> u64 {
        self.old_orders.n_orders
    }

    /// Returns the number of orders that no rule leaves out.
    fn n_orders(&self, spec: &RunSpec<'_>, recorder: &Recorder) -> u64 {
        recorder.n_not_skipped() - spec.backfill_guard().n_skipped(self.old_orders)
    }

    /// Records every order that a send leaves unsent as not attempted or still unknown, with the
    /// refusal as its reason.
    pub(super) fn record_unsent(
        self,
        refusal: &Refusal,
        spec: &RunSpec<'_>,
        recorder: &mut Recorder,
    ) -> Result<(), RunError> {
        // Those of a check are planned for their events; each has its result.
        if spec.send.is_none() {
            return Ok(());
        }
        let reason = refusal.first_line();
        let mut done: Result<(), StorageError> = Ok(());
        self.planner.for_each(|order| {
            // The callback cannot return an error, so the first one is kept and ends the recording.
            if done.is_err() {
                return;
            }
            let not_attempted =
                OrderResult::not_attempted(order.is_uncertain, Some(reason.clone()));
            let result = order.held_result.unwrap_or(not_attempted);
            done = recorder.record(&order.record, &result);
        })?;
        Ok(done?)
    }

    /// Writes the events of the valid orders of a check, if it is to write them.
    pub(super) fn write_events(self, spec: &RunSpec<'_>) -> Result<(), RunError> {
        let Some(path) = &spec.events else { return Ok(()) };
        let plan = self.planner.sort(IDENTIFY_REQUESTS).map_err(PlanError::from)?;
        write_events(plan, create_new_file(path)?)
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
        let plan = self.planner.sort(IDENTIFY_REQUESTS).map_err(PlanError::from)?;
        let header = PlanHeader {
            target: TargetHash::of(spec.target()).to_hex(),
            ledger,
            settings: spec.setup.settings_of_plan(),
            n_requests: plan.forecast.n_requests(),
            n_orders,
            n_items: recorder.counters.n_items,
            n_guests: recorder.n_guests(),
            files: recorder.files().clone(),
            file_problems: self.file_problems,
        };
        SavedPlan::write(folder, header, plan, unplanned)?;
        recorder.flush()?;
        Ok(SavedPlan::open(folder.path(), &spec.storage)?)
    }
}
