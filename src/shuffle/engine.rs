//! Engine: which passes over the export are made, and whether the disk has space for them.
//!
//! It parses and decides nothing itself. `pass` reads the export, `scattered` groups spilled rows,
//! [`Decide`] decides. Called by the pipeline.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use super::{
    blocks::OpenFiles,
    context::{Context, Pass},
    error::ShuffleError,
    facts::{CollectedFacts, ExportFacts, FactCollector},
    fragment::FragmentKey,
    pass::{self, PassResult},
    scattered,
    settings::ShuffleSettings,
    sink::{Collect, Decide, ShuffleProgress, ShuffleProgressFn},
};
use crate::{
    group::LostRows,
    model::{input::ExportRead, origin::InputNames, problem::Problem},
    read::inputs,
    spill::{
        disk,
        duplicate_counter::DuplicateCounter,
        sorter::{Sorter, disk_needed},
    },
};

/// What was read of an export.
pub struct Export<E> {
    /// The inputs, and the counts over all of them.
    pub files: ExportRead,
    /// Problems of no order.
    pub file_problems: Vec<Problem>,
    /// An error if the export was not read to its end. Then the collected parts are incomplete.
    pub done: Result<(), E>,
}

/// Reads the whole export. `decide` receives every order, and `collect` what it comes to.
pub fn run<D: Decide, C: Collect<D::Part, D::Error>>(
    settings: &ShuffleSettings<'_>,
    files: ExportRead,
    decide: &D,
    collect: &mut C,
    emit: ShuffleProgressFn<'_>,
) -> Export<D::Error> {
    let (input_names, n_files_warned) = (files.names(), AtomicU32::new(0));
    let mut engine = Engine {
        settings,
        input_names: &input_names,
        decide,
        collect,
        files,
        file_problems: Vec::new(),
        n_files_warned: &n_files_warned,
        emit,
    };
    let done = engine.run_passes().and_then(|()| Ok(ensure_unchanged(settings, &engine.files)?));
    Export { files: engine.files, file_problems: engine.file_problems, done }
}

struct Engine<'r, D, C> {
    settings: &'r ShuffleSettings<'r>,
    input_names: &'r InputNames,
    decide: &'r D,
    collect: &'r mut C,
    files: ExportRead,
    file_problems: Vec<Problem>,
    /// Number of files whose unknown columns were reported.
    n_files_warned: &'r AtomicU32,
    emit: ShuffleProgressFn<'r>,
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

impl<'r, D: Decide, C: Collect<D::Part, D::Error>> Engine<'r, D, C> {
    fn run_passes(&mut self) -> Result<(), D::Error> {
        let mut first = self.first_pass(true)?;
        // Without disk space for all rows, there may still be enough for those of scattered orders.
        // A complete first pass finds out which these are.
        if matches!(first, FirstPassOutcome::SpillEverything) && !fits(self.disk_for_all()) {
            self.collect.restart()?;
            first = self.first_pass(false)?;
        }
        match first {
            FirstPassOutcome::Final => Ok(()),
            FirstPassOutcome::NeedsSecondPass(facts) => {
                self.collect.restart()?;
                self.ensure_disk(&facts)?;
                self.second_pass(facts.facts)
            }
            FirstPassOutcome::SpillEverything => {
                self.collect.restart()?;
                let (disk_needed, disk_free) = self.disk_for_all();
                (self.emit)(ShuffleProgress::Scattered { orders: None, disk_needed, disk_free });
                self.spill_all()
            }
        }
    }

    fn first_pass(&mut self, may_stop: bool) -> Result<FirstPassOutcome, D::Error> {
        let (mut fact_collector, facts) = (self.fact_collector(), self.with_tenant_types(ExportFacts::default()));
        let open_files = OpenFiles::default();
        let context = self.context(Pass::Learn { may_stop }, &open_files, &facts, None);
        self.read(&context, Some(&mut fact_collector))?;
        if context.is_stopped.into_inner() {
            return Ok(FirstPassOutcome::SpillEverything);
        }
        let collected = fact_collector.finish().map_err(ShuffleError::from)?;
        Ok(collected.map_or(FirstPassOutcome::Final, |facts| FirstPassOutcome::NeedsSecondPass(Box::new(facts))))
    }

    fn second_pass(&mut self, facts: ExportFacts) -> Result<(), D::Error> {
        (self.emit)(ShuffleProgress::SecondPass);
        let (facts, spilled) = (self.with_tenant_types(facts), self.row_sorter());
        let open_files = OpenFiles::default();
        let context = self.context(Pass::Decide, &open_files, &facts, Some(&spilled));
        self.read(&context, None)?;
        ensure_unchanged(self.settings, &self.files)?;
        self.decide_scattered(spilled, &open_files, &facts)
    }

    /// Runs a pass that spills all rows, then decides about all orders.
    fn spill_all(&mut self) -> Result<(), D::Error> {
        (self.emit)(ShuffleProgress::SecondPass);
        let (mut fact_collector, no_facts) = (self.fact_collector(), ExportFacts::default());
        let (spilled, open_files) = (self.row_sorter(), OpenFiles::default());
        let context = self.context(Pass::Spill, &open_files, &no_facts, Some(&spilled));
        self.read(&context, Some(&mut fact_collector))?;
        ensure_unchanged(self.settings, &self.files)?;
        // Orders with different keys have different references here, so none of them is deferred.
        let facts = self.with_tenant_types(fact_collector.finish_spilled());
        self.decide_scattered(spilled, &open_files, &facts)
    }

    /// Reads the export once. The problems of no order are those of the last pass that collects
    /// facts.
    fn read(
        &mut self,
        context: &Context<'_, '_, D>,
        fact_collector: Option<&mut FactCollector>,
    ) -> Result<(), D::Error> {
        let PassResult { file_problems, lost, done } =
            pass::run(context, &mut self.files, fact_collector, self.collect);
        if !context.collects_facts() {
            return done;
        }
        self.file_problems = file_problems;
        if done.is_ok() && context.is_stopped.load(Ordering::Relaxed) {
            return Ok(());
        }
        let done = done.and_then(|()| Ok(self.ensure_lost_allowed(&lost)?));
        self.files.omitted_lost_rows = lost.count - lost.listed.len() as u64;
        self.file_problems.extend(lost.listed);
        done
    }

    /// Decides about all orders whose rows were spilled.
    fn decide_scattered<'d>(
        &mut self,
        spilled: Sorter<FragmentKey>,
        open_files: &'d OpenFiles<'d>,
        facts: &ExportFacts,
    ) -> Result<(), D::Error>
    where
        'r: 'd,
    {
        let sorted = spilled.sorted().map_err(ShuffleError::from)?;
        let context = self.context(Pass::Decide, open_files, facts, None);
        self.files.scattered_orders = scattered::decide_scattered(sorted, &context, self.collect)?;
        Ok(())
    }

    fn context<'p, 's>(
        &self,
        pass: Pass,
        open_files: &'p OpenFiles<'p>,
        facts: &'s ExportFacts,
        spilled: Option<&'s Sorter<FragmentKey>>,
    ) -> Context<'p, 's, D>
    where
        'r: 'p,
    {
        Context {
            pass,
            settings: self.settings,
            input_names: self.input_names,
            emit: self.emit,
            n_files_warned: self.n_files_warned,
            decide: self.decide,
            key_is_reference: self.settings.profile.key_is_reference(),
            open_files,
            facts,
            spilled,
            inputs: self.files.inputs(),
            types_may_conflict: OnceLock::new(),
            is_discarding: AtomicBool::new(pass == Pass::Spill),
            is_stopped: AtomicBool::new(false),
        }
    }

    fn fact_collector(&self) -> FactCollector {
        let counter = |name, memory| DuplicateCounter::new(self.settings.folder, name, memory);
        let (keys, references) = (self.settings.memory.keys, self.settings.memory.keys / 2);
        let (pairs, references) = (counter(".pairs", references), counter(".references", references));
        FactCollector::new(counter(".keys", keys), pairs, references, self.settings.memory.filter)
    }

    fn row_sorter(&self) -> Sorter<FragmentKey> {
        Sorter::new(self.settings.folder, ".rows", self.settings.memory.rows)
    }

    fn with_tenant_types(&self, mut facts: ExportFacts) -> ExportFacts {
        facts.types.set_tenant_types(Arc::clone(&self.settings.tenant_types));
        facts
    }

    /// Returns an error if lost rows are not allowed.
    fn ensure_lost_allowed(&self, lost: &LostRows) -> Result<(), ShuffleError> {
        let allowed = lost.ensure_allowed(self.settings.grouping);
        allowed.map_err(|error| ShuffleError::LostRow { position: self.input_names.locate(error.at), error })
    }

    /// Reports the disk space that the second pass needs for scattered orders. Returns an error if
    /// there is less.
    fn ensure_disk(&self, facts: &CollectedFacts) -> Result<(), ShuffleError> {
        let CollectedFacts { n_scattered, n_keys, .. } = *facts;
        if n_scattered == 0 {
            return Ok(());
        }
        // Assumes that scattered orders are as large as the others.
        let share = u128::from(self.files.bytes_read) * u128::from(n_scattered) / u128::from(n_keys.max(1));
        let (wanted, free) = self.disk_needed(u64::try_from(share).unwrap_or(u64::MAX), n_keys);
        (self.emit)(ShuffleProgress::Scattered { orders: Some(n_scattered), disk_needed: wanted, disk_free: free });
        if fits((wanted, free)) { Ok(()) } else { Err(ShuffleError::DiskFull { wanted, free }) }
    }

    /// Returns the disk space needed to spill all rows, and the free space, in bytes.
    fn disk_for_all(&self) -> (u64, u64) {
        let n_bytes = self.files.inputs.iter().map(|read| read.input.version.size).sum();
        // In the worst case, each row is an order of its own.
        self.disk_needed(n_bytes, n_bytes / MIN_ROW_BYTES)
    }

    /// Returns the maximum disk space needed to sort this many bytes of rows, and the free space,
    /// in bytes.
    fn disk_needed(&self, n_bytes_spilled: u64, n_orders: u64) -> (u64, u64) {
        let ShuffleSettings { memory, result_bytes, .. } = self.settings;
        // The rows, once for each time that the sort writes them.
        let rows = disk_needed(n_bytes_spilled, memory.rows);
        // The results of all orders are sorted as well. The plan of a send is not counted: a full
        // disk is found when it is written.
        let results = disk_needed(n_orders.saturating_mul(*result_bytes), memory.results);
        (rows.saturating_add(results), disk::free_space(self.settings.folder))
    }
}

/// Bytes of a short row.
const MIN_ROW_BYTES: u64 = 100;

fn fits((wanted, free): (u64, u64)) -> bool {
    wanted <= free
}

/// Returns an error if a file has changed since it was found.
// A `BlockReader` compares its own file while it reads it. This comparison finds changes after
// that, while the other files were read.
fn ensure_unchanged(settings: &ShuffleSettings<'_>, files: &ExportRead) -> Result<(), ShuffleError> {
    files.inputs.iter().try_for_each(|read| Ok(inputs::ensure_unmodified(settings.read.storage, &read.input)?))
}
