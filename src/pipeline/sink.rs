//! Export sink: collects the decisions about orders while the export is read, in the recorder, the
//! plan and the files of the run folder.
//!
//! It decides nothing. Everything in it can be discarded until the export has been read, since a
//! second pass may decide anew. Filled by `shuffle` through [`Collect`](shuffle::Collect).

use std::io;

use super::{
    error::{Refusal, RunError},
    guards::OldOrders,
    memory::MemoryBudget,
    part::TriagePart,
    repeated_content::{RepeatedContent, RepeatedContentSorter},
    spec::RunSpec,
};
use crate::{
    ledger::{ChangedOrder, Ledger, LedgerWrite},
    model::{input::ExportRead, problem::Problem},
    plan::{PlanDigest, PlanError, Planner, UnplannedWriter},
    report::Recorder,
    shuffle,
    spill::{duplicate_counter::DuplicateCounter, sorter::Sorter},
    storage::RunFolder,
};

/// Changed orders per write to the ledger.
pub(super) const CHANGES_PER_WRITE: usize = 1000;

/// Collects the parts of an export.
pub(super) struct ExportSink<'i> {
    spec: &'i RunSpec<'i>,
    folder: &'i RunFolder,
    pub(super) recorder: Recorder,
    pub(super) candidates: SendCandidates,
    guests: DuplicateCounter,
    repeated_content: RepeatedContentSorter,
    /// Guests with an order to send as a single event.
    guests_to_identify: DuplicateCounter,
    unplanned: Option<UnplannedWriter>,
}

/// The orders to send, and what belongs to their plan.
pub(super) struct SendCandidates {
    pub(super) planner: Planner,
    /// Orders that need `--backfill`.
    pub(super) old_orders: OldOrders,
    /// Orders that changed after their acceptance.
    changed: Option<Sorter<()>>,
    /// Digest of the file of unplanned orders, once it is complete.
    pub(super) unplanned: Option<PlanDigest>,
    /// Problems that belong to no order.
    pub(super) file_problems: Vec<Problem>,
}

impl SendCandidates {
    fn new(folder: &RunFolder, memory: MemoryBudget) -> Self {
        Self {
            planner: Planner::new(folder.path(), memory.plan),
            old_orders: OldOrders::default(),
            // A sorter for its bounded memory only: its entries need no order.
            changed: Some(Sorter::new(folder.path(), ".changed", memory.rejects)),
            unplanned: None,
            file_problems: Vec::new(),
        }
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
}

impl<'i> ExportSink<'i> {
    /// Creates an empty sink and opens its files in the run folder.
    pub(super) fn open(spec: &'i RunSpec<'i>, folder: &'i RunFolder, files: ExportRead) -> Result<Self, RunError> {
        let memory = MemoryBudget::split(spec.memory);
        Ok(Self {
            spec,
            folder,
            recorder: Recorder::open(spec.recorder_settings(), folder, files)?,
            candidates: SendCandidates::new(folder, memory),
            guests: DuplicateCounter::new(folder.path(), ".guests", memory.guests / 2),
            repeated_content: RepeatedContentSorter::new(folder, memory),
            guests_to_identify: DuplicateCounter::new(folder.path(), ".to_identify", memory.guests / 2),
            unplanned: unplanned_writer(spec, folder)?,
        })
    }

    /// Completes the recorder and the candidates once the export has been read.
    pub(super) fn finish(
        mut self,
        mut files: ExportRead,
        mut file_problems: Vec<Problem>,
    ) -> Result<(Recorder, SendCandidates), RunError> {
        // Repeated content is known only now: its orders may be anywhere in the export.
        let RepeatedContent { listed, n_omitted } =
            self.repeated_content.find(&files.names()).map_err(PlanError::from)?;
        file_problems.extend(listed);
        files.omitted_repeated_orders = n_omitted;
        self.recorder.record_export(files, &file_problems);
        self.candidates.file_problems = file_problems;
        self.recorder.sort_results()?;
        self.recorder.n_guests = self.guests.for_each_duplicate(|_| ()).map_err(PlanError::from)?;
        let n_to_identify = self.guests_to_identify.for_each_duplicate(|_| ()).map_err(PlanError::from)?;
        let n_to_identify = if self.spec.would_send_all_as_single() { self.recorder.n_guests } else { n_to_identify };
        self.recorder.counters.forecast.add_guests(n_to_identify);
        self.candidates.unplanned = self.unplanned.map(UnplannedWriter::finish).transpose()?;
        Ok((self.recorder, self.candidates))
    }
}

fn unplanned_writer(spec: &RunSpec<'_>, folder: &RunFolder) -> Result<Option<UnplannedWriter>, RunError> {
    Ok(spec.send.is_some().then(|| UnplannedWriter::create(folder)).transpose()?)
}

impl shuffle::Collect<TriagePart, Refusal> for ExportSink<'_> {
    fn merge(&mut self, mut part: TriagePart) -> Result<(), Refusal> {
        self.recorder.merge(part.report)?;
        self.candidates.old_orders.append(part.old_orders);
        self.candidates.planner.push(&mut part.plan)?;
        self.candidates.add_changed(&part.changed)?;
        if let Some(unplanned) = &mut self.unplanned {
            unplanned.add(&part.unplanned)?;
        }
        self.repeated_content.push_all(&mut part.dedup_hashes)?;
        for guest in part.guests {
            self.guests.insert(guest)?;
        }
        for guest in part.guests_to_identify {
            self.guests_to_identify.insert(guest)?;
        }
        Ok(())
    }

    fn restart(&mut self) -> Result<(), Refusal> {
        let memory = MemoryBudget::split(self.spec.memory);
        self.recorder.restart()?;
        self.candidates = SendCandidates::new(self.folder, memory);
        self.guests = DuplicateCounter::new(self.folder.path(), ".guests", memory.guests / 2);
        self.repeated_content = RepeatedContentSorter::new(self.folder, memory);
        self.guests_to_identify = DuplicateCounter::new(self.folder.path(), ".to_identify", memory.guests / 2);
        self.unplanned = unplanned_writer(self.spec, self.folder)?;
        Ok(())
    }
}
