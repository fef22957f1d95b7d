//! Engine: which passes over the export are made, and whether the disk has space for them.
//!
//! It parses and decides nothing itself. `pass` reads the export, `scattered` groups spilled rows,
//! `triage` decides. Called by the pipeline.

use std::sync::{Arc, Mutex, atomic::AtomicU32};

use super::{
    blocks::OpenFiles,
    context::{Context, Pass},
    error::ShuffleError,
    facts::{CollectedFacts, ExportFacts, FactCollector},
    fragment::FragmentKey,
    ordered::for_each_ordered,
    pass, scattered,
    sink::Collect,
};
use crate::{
    group::{GroupError, LostRows},
    ledger::LedgerReader,
    model::{field::AttributeTypes, input::ExportRead, origin::InputNames, problem::Problem},
    pipeline::{
        error::Refusal,
        guards::BackfillGuard,
        memory::MemoryBudget,
        partial::PartialReport,
        progress::{Progress, ProgressFn},
        spec::RunSpec,
        triage::{self, DeferredKey, Triage},
    },
    read::inputs,
    spill::{
        disk,
        duplicate_counter::DuplicateCounter,
        sorter::{SortedIter, Sorter, disk_needed},
    },
    storage::RunFolder,
};

/// The result of reading an export.
pub(crate) struct Export {
    pub(crate) files: ExportRead,
    /// Problems of no order.
    pub(crate) file_problems: Vec<Problem>,
    /// An error if none of the orders may be sent.
    pub(crate) done: Result<(), Refusal>,
}

/// Reads the whole export. `sink` receives the decision about every order.
pub(crate) fn run(
    mut files: ExportRead,
    ledger: Option<&dyn LedgerReader>,
    spec: &RunSpec<'_>,
    folder: &RunFolder,
    sink: &mut dyn Collect,
    emit: ProgressFn<'_>,
) -> Export {
    let tenant_types = match ledger.map(LedgerReader::attribute_types).transpose() {
        Ok(types) => Arc::new(types.unwrap_or_default()),
        Err(error) => return Export { files, file_problems: Vec::new(), done: Err(error.into()) },
    };
    let names = files.names();
    let memory = MemoryBudget::split(spec.memory);
    let engine =
        Engine { spec, folder, input_names: &names, memory, tenant_types, n_files_warned: AtomicU32::new(0), emit };
    let triage = engine.triage(ledger);
    let (file_problems, done) = engine.run(&mut files, &triage, sink);
    drop(triage);
    Export { files, file_problems, done }
}

struct Engine<'r> {
    spec: &'r RunSpec<'r>,
    folder: &'r RunFolder,
    input_names: &'r InputNames,
    memory: MemoryBudget,
    /// The types of extension attributes that earlier runs sent.
    tenant_types: Arc<AttributeTypes>,
    /// Number of files whose unknown columns were reported.
    n_files_warned: AtomicU32,
    emit: ProgressFn<'r>,
}

/// Outcome of the first pass.
enum FirstPassOutcome {
    /// Its decisions are final.
    Final,
    /// A second pass must decide again, with these facts.
    NeedsSecondPass(Box<CollectedFacts>),
    /// It stopped early, since most orders are scattered: all rows must be spilled.
    SpillEverything,
}

impl Engine<'_> {
    fn run(
        &self,
        files: &mut ExportRead,
        triage: &Triage<'_>,
        sink: &mut dyn Collect,
    ) -> (Vec<Problem>, Result<(), Refusal>) {
        let (file_problems, done) = self.run_passes(files, triage, sink);
        match done.and_then(|()| Ok(ensure_unchanged(files)?)) {
            Ok(()) => (file_problems, Ok(())),
            // The orders of an export that is not read completely are not reported.
            Err(refusal) => (file_problems, sink.restart().and(Err(refusal))),
        }
    }

    fn run_passes(
        &self,
        files: &mut ExportRead,
        triage: &Triage<'_>,
        sink: &mut dyn Collect,
    ) -> (Vec<Problem>, Result<(), Refusal>) {
        let (mut file_problems, mut first) = self.first_pass(files, triage, sink, true);
        // Without disk space for all rows, there may still be enough for those of scattered orders.
        // A complete first pass finds out which these are.
        if matches!(first, Ok(FirstPassOutcome::SpillEverything)) && !fits(self.disk_for_all(files)) {
            (file_problems, first) = match sink.restart() {
                Ok(()) => self.first_pass(files, triage, sink, false),
                Err(refusal) => (file_problems, Err(refusal)),
            };
        }
        let done = match first {
            Ok(FirstPassOutcome::Final) => Ok(()),
            Ok(FirstPassOutcome::NeedsSecondPass(facts)) => sink
                .restart()
                .and_then(|()| Ok(self.ensure_disk(files.bytes_read, &facts)?))
                .and_then(|()| self.second_pass(facts.facts, files, triage, sink)),
            Ok(FirstPassOutcome::SpillEverything) => sink.restart().and_then(|()| {
                let (n_bytes, n_free) = self.disk_for_all(files);
                (self.emit)(Progress::Scattered { orders: None, disk_needed: n_bytes, disk_free: n_free });
                let (problems, done) = self.spill_all(files, triage, sink);
                file_problems = problems;
                done
            }),
            Err(refusal) => Err(refusal),
        };
        (file_problems, done)
    }

    fn first_pass(
        &self,
        files: &mut ExportRead,
        triage: &Triage<'_>,
        sink: &mut dyn Collect,
        may_stop: bool,
    ) -> (Vec<Problem>, Result<FirstPassOutcome, Refusal>) {
        let (mut fact_collector, facts) = (self.fact_collector(), self.with_tenant_types(ExportFacts::default()));
        let open_files = OpenFiles::default();
        let context = Context::new(Pass::Learn { may_stop }, triage, &open_files, &facts, None, files.inputs());
        let (file_problems, lost_rows, done) =
            self.run_pass(&context, files, Some(&mut fact_collector), &mut |partial| sink.merge(partial));
        if done.is_ok() && context.is_stopped.into_inner() {
            return (file_problems, Ok(FirstPassOutcome::SpillEverything));
        }
        let (file_problems, done) = self.add_lost_rows(file_problems, lost_rows, files, done);
        (
            file_problems,
            done.and_then(|()| {
                Ok(fact_collector
                    .finish()?
                    .map_or(FirstPassOutcome::Final, |facts| FirstPassOutcome::NeedsSecondPass(Box::new(facts))))
            }),
        )
    }

    /// Runs a pass that spills all rows, then decides about all orders.
    fn spill_all(
        &self,
        files: &mut ExportRead,
        triage: &Triage<'_>,
        sink: &mut dyn Collect,
    ) -> (Vec<Problem>, Result<(), Refusal>) {
        (self.emit)(Progress::SecondPass);
        let (mut fact_collector, no_facts) = (self.fact_collector(), ExportFacts::default());
        let spilled = self.sorter(".rows", self.memory.rows);
        let open_files = OpenFiles::default();
        let context = Context::new(Pass::Spill, triage, &open_files, &no_facts, Some(&spilled), files.inputs());
        let (file_problems, lost_rows, done) =
            self.run_pass(&context, files, Some(&mut fact_collector), &mut |partial| sink.merge(partial));
        let (file_problems, done) = self.add_lost_rows(file_problems, lost_rows, files, done);
        if let Err(refusal) = done.and_then(|()| Ok(ensure_unchanged(files)?)) {
            return (file_problems, Err(refusal));
        }
        // Orders with different keys have different references here, so none of them is deferred.
        let facts = self.with_tenant_types(fact_collector.finish_spilled());
        (file_problems, decide_scattered(spilled, triage, &facts, &open_files, files, sink))
    }

    /// Adds the problems of lost rows. Refuses the run if lost rows are not allowed.
    fn add_lost_rows(
        &self,
        mut file_problems: Vec<Problem>,
        lost_rows: LostRows,
        files: &mut ExportRead,
        done: Result<(), Refusal>,
    ) -> (Vec<Problem>, Result<(), Refusal>) {
        let done = done.and_then(|()| Ok(self.ensure_lost_allowed(&lost_rows)?));
        files.omitted_lost_rows = lost_rows.count - lost_rows.listed.len() as u64;
        file_problems.extend(lost_rows.listed);
        (file_problems, done)
    }

    fn fact_collector(&self) -> FactCollector {
        let counter = |name, memory| DuplicateCounter::new(self.folder.path(), name, memory);
        let (keys, references) = (self.memory.keys, self.memory.keys / 2);
        let (pairs, references) = (counter(".pairs", references), counter(".references", references));
        FactCollector::new(counter(".keys", keys), pairs, references, self.memory.filter)
    }

    fn second_pass(
        &self,
        facts: ExportFacts,
        files: &mut ExportRead,
        triage: &Triage<'_>,
        sink: &mut dyn Collect,
    ) -> Result<(), Refusal> {
        (self.emit)(Progress::SecondPass);
        let facts = self.with_tenant_types(facts);
        let spilled = self.sorter(".rows", self.memory.rows);
        let open_files = OpenFiles::default();
        let context = Context::new(Pass::Decide, triage, &open_files, &facts, Some(&spilled), files.inputs());
        self.run_pass(&context, files, None, &mut |partial| sink.merge(partial)).2?;
        ensure_unchanged(files)?;
        decide_scattered(spilled, triage, &facts, &open_files, files, sink)?;
        self.decide_deferred(triage, &mut |partial| sink.merge(partial))
    }

    fn run_pass(
        &self,
        context: &Context<'_, '_>,
        files: &mut ExportRead,
        fact_collector: Option<&mut FactCollector>,
        collect: &mut (dyn FnMut(PartialReport) -> Result<(), Refusal> + Send),
    ) -> (Vec<Problem>, LostRows, Result<(), Refusal>) {
        pass::run(context, files, fact_collector, &self.n_files_warned, self.emit, collect)
    }

    /// Decides about orders that may share their references with others.
    fn decide_deferred(
        &self,
        triage: &Triage<'_>,
        collect: &mut (dyn FnMut(PartialReport) -> Result<(), Refusal> + Send),
    ) -> Result<(), Refusal> {
        let Some(deferred) = triage.take_deferred() else { return Ok(()) };
        let mut sorted = deferred.sorted()?;
        let names = self.input_names;
        let groups = std::iter::from_fn(move || next_deferred_group(&mut sorted, names).transpose());
        let work = |group: Vec<Vec<u8>>| {
            let mut partial = PartialReport::default();
            triage.decide_reference(&group, &mut partial).map(|()| partial)
        };
        for_each_ordered(groups, work, collect)
    }

    fn ensure_lost_allowed(&self, lost_rows: &LostRows) -> Result<(), ShuffleError> {
        let refused = |error: GroupError| ShuffleError::LostRow { position: self.input_names.locate(error.at), error };
        lost_rows.ensure_allowed(self.spec.grouping()).map_err(refused)
    }

    /// Reports the disk space that the second pass needs for scattered orders, and refuses the run
    /// if there is less.
    fn ensure_disk(&self, n_bytes: u64, facts: &CollectedFacts) -> Result<(), ShuffleError> {
        let CollectedFacts { n_scattered, n_keys, .. } = *facts;
        if n_scattered == 0 {
            return Ok(());
        }
        // Assumes that scattered orders are as large as the others.
        let share = u128::from(n_bytes) * u128::from(n_scattered) / u128::from(n_keys.max(1));
        let (wanted, free) = self.disk_needed(u64::try_from(share).unwrap_or(u64::MAX), n_keys);
        (self.emit)(Progress::Scattered { orders: Some(n_scattered), disk_needed: wanted, disk_free: free });
        if fits((wanted, free)) { Ok(()) } else { Err(ShuffleError::DiskFull { wanted, free }) }
    }

    /// Returns the disk space needed to spill all rows, and the free space, in bytes.
    fn disk_for_all(&self, files: &ExportRead) -> (u64, u64) {
        let n_bytes = files.inputs.iter().map(|read| read.input.version.size).sum();
        // In the worst case, each row is an order of its own.
        self.disk_needed(n_bytes, n_bytes / MIN_ROW_BYTES)
    }

    /// Returns the maximum disk space needed to sort this many bytes of rows, and the free space,
    /// in bytes.
    fn disk_needed(&self, n_bytes_spilled: u64, n_orders: u64) -> (u64, u64) {
        // The rows, once for each time that the sort writes them.
        let rows = disk_needed(n_bytes_spilled, self.memory.rows);
        // The results of all orders are sorted as well. The plan of a send is not counted: a full
        // disk is found when it is written.
        let results = disk_needed(n_orders.saturating_mul(RESULT_BYTES), self.memory.results);
        (rows.saturating_add(results), disk::free_space(self.folder.path()))
    }

    fn triage<'d>(&'d self, ledger: Option<&'d dyn LedgerReader>) -> Triage<'d> {
        Triage {
            spec: self.spec,
            input_names: self.input_names,
            ledger,
            backfill_guard: BackfillGuard::of(self.spec),
            key_is_reference: self.spec.profile.key_is_reference(),
            deferred: Mutex::new(Some(self.sorter(".clashing", self.memory.rows / 4))),
        }
    }

    fn with_tenant_types(&self, mut facts: ExportFacts) -> ExportFacts {
        facts.types.set_tenant_types(Arc::clone(&self.tenant_types));
        facts
    }

    fn sorter(&self, name: &str, memory: usize) -> Sorter<(u64, u64)> {
        Sorter::new(self.folder.path(), name, memory)
    }
}

/// Decides about all orders whose rows were spilled.
fn decide_scattered<'d>(
    spilled: Sorter<FragmentKey>,
    triage: &'d Triage<'d>,
    facts: &ExportFacts,
    open_files: &'d OpenFiles<'d>,
    files: &mut ExportRead,
    sink: &mut dyn Collect,
) -> Result<(), Refusal> {
    let context = Context::new(Pass::Decide, triage, open_files, facts, None, files.inputs());
    files.scattered_orders =
        scattered::decide_scattered(spilled.sorted()?, &context, &mut |partial| sink.merge(partial))?;
    Ok(())
}

/// Bytes of a short row.
const MIN_ROW_BYTES: u64 = 100;

/// Approximate bytes of an order's result and of its entry for repeated content.
const RESULT_BYTES: u64 = 320;

fn fits((wanted, free): (u64, u64)) -> bool {
    wanted <= free
}

/// Returns an error if a file has changed since it was found.
// A `BlockReader` compares its own file while it reads it. This comparison finds changes after
// that, while the other files were read.
fn ensure_unchanged(files: &ExportRead) -> Result<(), ShuffleError> {
    files.inputs.iter().try_for_each(|read| Ok(inputs::ensure_unmodified(&read.input)?))
}

/// Maximum bytes of the orders that share a reference.
// A shop has no reference with more orders than that.
const MAX_REFERENCE_BYTES: usize = 32 * 1024 * 1024;

/// Returns the deferred orders of the next hash of references. `names` are the inputs' names by
/// `FileId`.
fn next_deferred_group(
    sorted: &mut SortedIter<DeferredKey>,
    names: &InputNames,
) -> Result<Option<Vec<Vec<u8>>>, Refusal> {
    let (mut group, mut n_bytes) = (Vec::new(), 0);
    while let Some(((hash, _), order)) = sorted.next()? {
        n_bytes += order.len();
        if n_bytes > MAX_REFERENCE_BYTES {
            return Err(Refusal::SharedReference { position: triage::deferred_position(order, names) });
        }
        group.push(order.to_vec());
        if sorted.peek_key()?.is_none_or(|(next, _)| next != hash) {
            return Ok(Some(group));
        }
    }
    Ok(None)
}
