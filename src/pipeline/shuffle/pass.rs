//! Pass: reads the export once. Blocks are parsed, mapped, grouped and decided on all cores, and
//! their results are merged in the order of the blocks.
//!
//! A pass whose decisions are discarded still reads to the end, for the facts, unless all rows had
//! better be spilled. `blocks` reads, `group` groups, `triage` decides. Called by the engine.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use super::{
    super::{Progress, ProgressFn, Refusal, RunSpec, partial::PartialReport, triage::Triage},
    blocks::{self, BlockIter, NextBlock, OpenFile, OpenFiles},
    facts::{FactCollector, Observations, hash_reference},
    files::{ExportRead, InputRead},
    fragment::Fragment,
    ordered::for_each_ordered,
    scattered,
};
use crate::{
    group::{self, BlockRuns, LostRows},
    map::{UnknownNames, input_settings::LastLineEnd},
    model::{
        draft::{KeyedRow, RowKind},
        origin::Position,
        problem::{Code, Problem},
        row::Row,
    },
    read::{FileEnd, FileFormat, Piece, inputs::InputFile},
    report::format_position,
    spill::{batch::Batch, sorter::Sorter},
};

/// Bytes of a typical spilled run in addition to its rows.
const FRAGMENT_OVERHEAD: usize = 64;

/// Maximum unknown columns of a file that are reported one by one.
const MAX_WARNINGS: usize = 20;

/// Runs a pass.
pub(super) struct PassRunner<'p, 's> {
    pub(super) triage: &'p Triage<'p>,
    pub(super) open_files: &'p OpenFiles<'p>,
    /// Sorter for the runs of orders whose rows may be at several positions.
    pub(super) scattered: Option<&'s Sorter>,
    /// Whether all runs are spilled: nothing is decided before the whole export has been read.
    pub(super) spills_all: bool,
    /// Whether the pass may stop early and leave the export to a pass that spills all runs.
    pub(super) may_be_abandoned: bool,
    /// Whether the pass stops early, since too many keys are repeated: all runs should be spilled.
    pub(super) is_abandoned: AtomicBool,
    pub(super) inputs: Vec<InputFile>,
    /// Whether an extension attribute may have two types.
    // Each file must be opened to find out, so it is evaluated only when the pass is discarded.
    pub(super) types_may_conflict: OnceLock<bool>,
    /// Number of files whose unknown columns were reported, by this pass or an earlier one.
    pub(super) n_files_warned: &'p AtomicU32,
    pub(super) emit: ProgressFn<'p>,
}

impl<'p> PassRunner<'p, '_> {
    fn spec(&self) -> &'p RunSpec<'p> {
        self.triage.spec
    }

    /// Reads all files. Returns the problems of no order and the lost rows, even if it ends with an
    /// error.
    pub(super) fn run(
        &self,
        files: &mut ExportRead,
        fact_collector: Option<&mut FactCollector>,
        collect: &mut (dyn FnMut(PartialReport) -> Result<(), Refusal> + Send),
    ) -> (Vec<Problem>, LostRows, Result<(), Refusal>) {
        (files.n_rows, files.n_unreadable, files.n_bytes_read) = (0, 0, 0);
        files.inputs.iter_mut().for_each(|read| read.n_rows = 0);
        let blocks = BlockIter::of(self.inputs.clone(), self.spec(), self.open_files);
        let blocks = blocks.take_while(|_| !self.is_abandoned.load(Ordering::Relaxed));
        let mut merger = BlockMerger {
            runner: self,
            files,
            fact_collector,
            collect,
            file_problems: Vec::new(),
            lost: LostRows::default(),
            unknown_names: UnknownNames::default(),
            open_run: None,
            last_lost: None,
        };
        let done = for_each_ordered(blocks, |next| self.process_block(next), |block_result| merger.merge(block_result));
        let done = done.and_then(|()| merger.close_run());
        (merger.file_problems, merger.lost, done)
    }

    /// Processes a block. Its first and its last run are not decided here, since they may continue
    /// in the adjacent blocks.
    fn process_block(&self, next: NextBlock<'p>) -> Result<BlockResult<'p>, Refusal> {
        let mut block_result = BlockResult { end: next.end, ..BlockResult::new(Arc::clone(&next.file)) };
        let file = &next.file;
        // The end of a file is not parsed as a block: in an array, it would be read as the end of a
        // truncated one.
        let block = Some(Piece::from(&next.block)).filter(|_| block_result.end.is_none());
        let parsed = file.parser.parse(block)?;
        let rows: Vec<Row<'_>> = parsed.rows().collect();
        let keyed: Vec<KeyedRow<'_>> = rows.iter().map(|row| KeyedRow { row, kind: file.mapper.kind(row) }).collect();
        for row in &rows {
            file.mapper.observe(row, &mut block_result.unknown_names);
        }
        let mut runs = BlockRuns::of(&keyed, self.spec().grouping());
        (block_result.n_rows, block_result.n_unreadable) = (runs.row_count, runs.unreadable_count);
        block_result.n_bytes = next.block.bytes.len() as u64;
        block_result.lost_before = std::mem::take(&mut runs.lost_before);
        block_result.lost_after = runs.lost_after;
        block_result.lost = std::mem::take(&mut runs.lost);
        self.observe_ambiguities(&keyed, file, &mut block_result.observations);
        let n_runs = runs.runs.len();
        let mut scattered = if self.spills_all {
            Batch::with_capacity(n_runs, next.block.bytes.len() + FRAGMENT_OVERHEAD * n_runs)
        } else {
            Batch::default()
        };
        for (index, run) in runs.runs.into_iter().enumerate() {
            scattered::ensure_run_fits(&run, self)?;
            // The merger owns these two runs, as the block is dropped before they are complete.
            if index == 0 {
                block_result.first_run = Some(Fragment::of(&run, &next.block).owned());
            } else if index + 1 == n_runs {
                block_result.last_run = Some(Fragment::of(&run, &next.block).owned());
            } else if self.is_spilled(run.key()) {
                scattered::spill_run(&Fragment::of(&run, &next.block), &mut scattered)?;
            } else if self.is_decided_now(run.key(), &mut block_result.observations) {
                let draft = group::draft(
                    run.rows.iter(),
                    |row, before, into| file.mapper.map(row, before, into),
                    &run.possible_rows,
                );
                self.triage.decide(draft, &mut block_result.observations, &mut block_result.partial)?;
            }
        }
        self.spill_runs(&mut scattered)?;
        Ok(block_result)
    }

    fn spill_runs(&self, runs: &mut Batch) -> Result<(), Refusal> {
        Ok(self.scattered.map_or(Ok(()), |scattered| scattered.push_all(runs))?)
    }

    /// Whether an order that is not scattered must be mapped and decided now. Collects its key.
    fn is_decided_now(&self, key: &str, observations: &mut Observations) -> bool {
        if self.triage.is_first_pass && !key.is_empty() {
            observations.keys.push(hash_reference(key));
        }
        self.triage.keeps_results() || self.observes_drafts()
    }

    /// Whether even a discarded pass must map drafts, since the facts depend on their cells.
    fn observes_drafts(&self) -> bool {
        let types_may_conflict = || blocks::types_may_conflict(&self.inputs, self.spec());
        self.triage.is_first_pass
            && (!self.triage.key_is_reference || *self.types_may_conflict.get_or_init(types_may_conflict))
    }

    fn is_spilled(&self, key: &str) -> bool {
        self.spills_all || !key.is_empty() && self.triage.facts.may_be_scattered(key)
    }

    /// Whether the pass may stop early: the facts depend on the keys alone, not on drafts, and the
    /// disk space for all rows is known, since no file is compressed.
    fn may_spill_all(&self) -> bool {
        self.may_be_abandoned && !self.observes_drafts() && self.inputs.iter().all(InputFile::is_uncompressed)
    }

    fn observe_ambiguities(&self, rows: &[KeyedRow<'_>], file: &OpenFile<'_>, observations: &mut Observations) {
        if !self.triage.is_first_pass {
            return;
        }
        for KeyedRow { row, kind } in rows {
            let at = row.origin.position();
            match kind {
                RowKind::WithoutKey(Some(ordered_at)) => observations.ambiguities.add_row_without_key(*ordered_at, at),
                RowKind::Unreadable { key: Some(_), .. } => {
                    let keys = file.mapper.possible_keys(row).into_iter();
                    keys.for_each(|key| observations.ambiguities.add_merged_row(&key, at, self.spec().grouping()));
                }
                _ => {}
            }
        }
    }
}

/// The result of one block.
struct BlockResult<'p> {
    file: Arc<OpenFile<'p>>,
    end: Option<FileEnd>,
    n_rows: u64,
    n_unreadable: u64,
    n_bytes: u64,
    lost: LostRows,
    /// Lost rows before the first run, and the last one after the last run.
    lost_before: Vec<Position>,
    lost_after: Option<Position>,
    /// The first run, and the last one if it is a different one.
    first_run: Option<Fragment<'static>>,
    last_run: Option<Fragment<'static>>,
    /// Decisions about the runs between them.
    partial: PartialReport,
    observations: Observations,
    unknown_names: UnknownNames,
}

impl<'p> BlockResult<'p> {
    fn new(file: Arc<OpenFile<'p>>) -> Self {
        Self {
            file,
            end: None,
            n_rows: 0,
            n_unreadable: 0,
            n_bytes: 0,
            lost: LostRows::default(),
            lost_before: Vec::new(),
            lost_after: None,
            first_run: None,
            last_run: None,
            partial: PartialReport::default(),
            observations: Observations::default(),
            unknown_names: UnknownNames::default(),
        }
    }
}

/// Merges the results of blocks, in their order.
struct BlockMerger<'t, 'p> {
    runner: &'t PassRunner<'p, 't>,
    files: &'t mut ExportRead,
    fact_collector: Option<&'t mut FactCollector>,
    collect: &'t mut (dyn FnMut(PartialReport) -> Result<(), Refusal> + Send),
    file_problems: Vec<Problem>,
    lost: LostRows,
    unknown_names: UnknownNames,
    /// The last run so far, which may continue in the next block.
    open_run: Option<Fragment<'static>>,
    /// The last lost row, if no run followed it.
    last_lost: Option<Position>,
}

impl BlockMerger<'_, '_> {
    fn merge(&mut self, mut block_result: BlockResult<'_>) -> Result<(), Refusal> {
        self.count(&block_result);
        (self.runner.emit)(Progress::Rows(block_result.n_rows));
        self.lost.append(std::mem::take(&mut block_result.lost));
        self.unknown_names.append(std::mem::take(&mut block_result.unknown_names));
        if let Some(open_run) = &mut self.open_run {
            open_run.possible_rows.extend(&block_result.lost_before);
        }
        self.last_lost = block_result.lost_before.last().copied().or(self.last_lost);
        let has_runs = block_result.first_run.is_some();
        if let Some(mut first_run) = block_result.first_run.take() {
            first_run.possible_rows.extend(self.last_lost.take());
            self.continue_run(first_run)?;
        }
        if let Some(last_run) = block_result.last_run.take() {
            self.close_run()?;
            self.open_run = Some(last_run);
        }
        if has_runs {
            self.last_lost = block_result.lost_after;
        }
        self.collect_facts(block_result.observations)?;
        if self.runner.triage.keeps_results() {
            (self.collect)(block_result.partial)?;
        }
        block_result.end.map_or(Ok(()), |end| self.finish_file(&block_result.file, end))
    }

    fn count(&mut self, block_result: &BlockResult<'_>) {
        self.files.n_rows += block_result.n_rows;
        self.files.n_unreadable += block_result.n_unreadable;
        self.files.n_bytes_read += block_result.n_bytes;
        if let Some(read) = self.files.inputs.get_mut(block_result.file.id.0 as usize) {
            read.n_rows += block_result.n_rows;
        }
    }

    /// Appends the first run of a block to the open run, or closes that and opens this one.
    fn continue_run(&mut self, run: Fragment<'static>) -> Result<(), Refusal> {
        let grouping = self.runner.spec().grouping();
        let file = |fragment: &Fragment<'_>| fragment.rows.first().map(|row| grouping.file_of(row.file));
        let continues = |open: &&mut Fragment<'_>| {
            open.is_partial && run.is_partial && open.key == run.key && file(open) == file(&run)
        };
        if let Some(open_run) = self.open_run.as_mut().filter(continues) {
            open_run.append(run);
            return scattered::ensure_order_fits(open_run, self.runner);
        }
        self.close_run()?;
        self.open_run = Some(run);
        Ok(())
    }

    /// Spills or decides the open run, which does not continue.
    fn close_run(&mut self) -> Result<(), Refusal> {
        let Some(open_run) = self.open_run.take() else { return Ok(()) };
        let (mut observations, mut partial) = (Observations::default(), PartialReport::default());
        if self.runner.is_spilled(&open_run.key) {
            let mut scattered = Batch::default();
            scattered::spill_run(&open_run, &mut scattered)?;
            self.runner.spill_runs(&mut scattered)?;
        } else if self.runner.is_decided_now(&open_run.key, &mut observations) {
            scattered::decide_groups(&[vec![open_run]], self.runner, &mut observations, &mut partial)?;
        }
        self.collect_facts(observations)?;
        if self.runner.triage.keeps_results() { (self.collect)(partial) } else { Ok(()) }
    }

    fn collect_facts(&mut self, observations: Observations) -> Result<(), Refusal> {
        let Some(fact_collector) = &mut self.fact_collector else { return Ok(()) };
        fact_collector.collect(observations)?;
        fact_collector.ensure_understood()?;
        // Decisions are discarded from here on, but the pass continues: it must collect all facts.
        if fact_collector.needs_second_pass() {
            self.runner.triage.is_discarding.store(true, Ordering::Relaxed);
        }
        if fact_collector.is_mostly_scattered() && self.runner.may_spill_all() {
            self.runner.is_abandoned.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Handles a last row without a line end, which may be truncated.
    fn finish_last_row(&mut self, file: &OpenFile<'_>, end: &FileEnd) -> Result<(), Refusal> {
        let Some(at) = end.unterminated else { return Ok(()) };
        if self.runner.spec().profile.last_line_end == LastLineEnd::Required {
            return Err(Refusal::NoLastLineEnd { position: format_position(self.runner.triage.input_names, at) });
        }
        // A truncated JSON document is unreadable, so a missing line end after a complete one means
        // nothing.
        if file.parser.file_format() == FileFormat::Csv
            && let Some(open_run) = &mut self.open_run
            && open_run.rows.last().is_some_and(|row| row.file == file.id)
        {
            open_run.unterminated = open_run.unterminated.or(Some(at));
        }
        Ok(())
    }

    fn finish_file(&mut self, file: &OpenFile<'_>, end: FileEnd) -> Result<(), Refusal> {
        self.finish_last_row(file, &end)?;
        let name = self.runner.triage.input_names.get(file.id.0 as usize).map_or("", String::as_str);
        let unknown_names = std::mem::take(&mut self.unknown_names);
        let unknown: Vec<Problem> =
            file.mapper.unknown_columns().iter().chain(unknown_names.unknown()).cloned().collect();
        if self.runner.n_files_warned.fetch_max(file.id.0 + 1, Ordering::Relaxed) <= file.id.0 {
            warn_unknown_columns(&unknown, name, self.runner.emit);
        }
        self.file_problems.extend(unknown);
        if let Some(read) = self.files.inputs.get_mut(file.id.0 as usize) {
            *read = InputRead { end, is_array: file.parser.file_format() == FileFormat::JsonArray, ..read.clone() };
        }
        if !self.runner.spec().grouping().joins_files {
            self.last_lost = None;
            self.close_run()?;
        }
        Ok(file.mapper.finish(&unknown_names)?)
    }
}

fn warn_unknown_columns(unknown: &[Problem], file: &str, emit: ProgressFn<'_>) {
    for problem in unknown.iter().take(MAX_WARNINGS) {
        let column = problem.at.column.map_or_else(String::new, |column| format!(":{column}"));
        emit(Progress::Warning(&format!("{file}:{}{column}: column {}", problem.at.line, problem.message)));
    }
    if let Some(n_more) = unknown.len().checked_sub(MAX_WARNINGS).filter(|n_more| *n_more > 0) {
        emit(Progress::Warning(&format!("{file}: {n_more} more columns are unknown and ignored")));
    }
}

/// Returns the warning of a last row that may be truncated.
pub(super) fn unterminated_row(at: Position) -> Problem {
    let message = "the file's last row ends without a line break; if the file was cut off, a value is cut off too";
    Problem::for_order(Code::NoFinalNewline, at, message)
}
