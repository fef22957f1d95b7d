//! Block merger: the results of blocks in the order of the input, and the runs that continue across
//! a block boundary.
//!
//! It runs on one core at a time, under the queue of `ordered`, so it only moves data. Called by
//! `pass`.

use std::sync::{Arc, atomic::Ordering};

use super::{
    blocks::OpenFile,
    context::Context,
    error::ShuffleError,
    facts::{FactCollector, Observations},
    fragment::Fragment,
    scattered::{self, KeyGroup, unterminated_row},
    sink::{Collect, Decide},
};
use crate::{
    group::{Gap, LostRows, PossibleRows, RowCounts},
    map::{self, SeenNames, UnusedRows, input_settings::LastLineEnd},
    model::{
        column_warnings::ColumnWarnings,
        input::{ExportRead, InputRead},
        origin::{FileId, Position, RowOrigin},
        problem::{Code, Problem},
        progress::{Progress, ProgressFn},
    },
    read::{FileFormat, inputs},
    spill::batch::Batch,
};

/// Maximum unknown columns of a file that are reported one by one.
const MAX_WARNINGS: usize = 20;

/// The result of one block.
pub(super) struct BlockResult<'p, P> {
    pub(super) file: Arc<OpenFile<'p>>,
    pub(super) end: Option<InputRead>,
    pub(super) counts: RowCounts,
    pub(super) n_bytes: u64,
    /// The headers within the block.
    pub(super) headers: Vec<RowOrigin>,
    /// Whether a header is before the first run, and whether one is after the last run.
    pub(super) starts_export: bool,
    pub(super) ends_export: bool,
    pub(super) lost: LostRows,
    /// What to do about the first of them.
    pub(super) lost_hint: Option<String>,
    /// The gaps before the first run or header and after the last one.
    pub(super) gap_before: Gap,
    pub(super) gap_after: Gap,
    /// The first run, and the last one if it is a different one.
    pub(super) first_run: Option<Fragment<'static>>,
    pub(super) last_run: Option<Fragment<'static>>,
    /// Decisions about the runs between them.
    pub(super) part: P,
    pub(super) observations: Observations,
    pub(super) seen_names: SeenNames,
}

impl<'p, P: Default> BlockResult<'p, P> {
    pub(super) fn new(file: Arc<OpenFile<'p>>) -> Self {
        Self {
            file,
            end: None,
            counts: RowCounts::default(),
            n_bytes: 0,
            headers: Vec::new(),
            starts_export: false,
            ends_export: false,
            lost: LostRows::default(),
            lost_hint: None,
            gap_before: Gap::default(),
            gap_after: Gap::default(),
            first_run: None,
            last_run: None,
            part: P::default(),
            observations: Observations::default(),
            seen_names: SeenNames::default(),
        }
    }
}

/// Merges the results of blocks, in their order.
pub(super) struct BlockMerger<'t, 'p, 's, D, C> {
    pub(super) context: &'t Context<'p, 's, D>,
    pub(super) files: &'t mut ExportRead,
    pub(super) fact_collector: Option<FactCollector>,
    pub(super) warnings: ColumnWarnings,
    pub(super) collect: &'t mut C,
    pub(super) file_problems: Vec<Problem>,
    pub(super) lost: LostRows,
    /// What to do about the first of them.
    pub(super) lost_hint: Option<String>,
    /// The names in the documents of the open file so far, and in those of all files before.
    pub(super) seen_names: SeenNames,
    pub(super) all_seen_names: SeenNames,
    /// The first file of documents, and the number of such files.
    pub(super) document_files: Option<(FileId, usize)>,
    /// The last run so far, which may continue in the next block.
    pub(super) open_run: Option<Fragment<'static>>,
    /// The gap after it.
    pub(super) gap: Gap,
}

impl<D: Decide, C: Collect<D::Part, D::Error>> BlockMerger<'_, '_, '_, D, C> {
    pub(super) fn merge(
        &mut self,
        mut block_result: BlockResult<'_, D::Part>,
    ) -> Result<(), D::Error> {
        self.count(&block_result);
        let (rows, bytes) = (block_result.counts.rows, block_result.n_bytes);
        (self.context.emit)(Progress::Rows { rows, bytes });
        self.lost.append(std::mem::take(&mut block_result.lost));
        self.lost_hint = self.lost_hint.take().or(block_result.lost_hint.take());
        self.seen_names.append(std::mem::take(&mut block_result.seen_names));
        self.gap.append(block_result.gap_before);
        if block_result.starts_export {
            self.close_run()?;
        }
        let ends_gap = block_result.first_run.is_some() || block_result.starts_export;
        if let Some(mut first_run) = block_result.first_run.take() {
            first_run.possible_rows.extend(self.end_gap());
            self.continue_run(first_run)?;
        }
        if let Some(last_run) = block_result.last_run.take() {
            self.close_run()?;
            self.open_run = Some(last_run);
        }
        if block_result.ends_export {
            self.close_run()?;
        }
        if ends_gap {
            self.gap = block_result.gap_after;
        }
        self.collect_facts(block_result.observations)?;
        if self.context.keeps_results() {
            self.collect.merge(block_result.part)?;
        }
        block_result.end.map_or(Ok(()), |end| self.finish_file(&block_result.file, end))
    }

    fn count(&mut self, block_result: &BlockResult<'_, D::Part>) {
        let counts = block_result.counts;
        self.files.rows += counts.rows;
        self.files.unreadable_rows += counts.unreadable;
        self.files.ignored_rows += counts.ignored;
        self.files.skipped_rows += counts.skipped;
        self.files.repeated_headers += counts.headers;
        self.files.bytes_read += block_result.n_bytes;
        if let Some(read) = self.files.inputs.get_mut(block_result.file.id.0 as usize) {
            read.rows += counts.rows;
            let headers = block_result.headers.iter().map(|header| header.bytes.clone());
            read.repeated_headers.extend(headers);
        }
    }

    /// Ends the gap after the open run. Adds its rows to that, and returns them for the run below.
    fn end_gap(&mut self) -> Vec<PossibleRows> {
        let possible_rows = self.gap.take_possible_rows();
        if let Some(open_run) = &mut self.open_run {
            open_run.possible_rows.extend_from_slice(&possible_rows);
        }
        possible_rows
    }

    /// Appends the first run of a block to the open run, or closes that and opens this one.
    fn continue_run(&mut self, run: Fragment<'static>) -> Result<(), D::Error> {
        let grouping = self.context.settings.grouping;
        let file =
            |fragment: &Fragment<'_>| fragment.rows.first().map(|row| grouping.file_of(row.file));
        let continues = |open: &&mut Fragment<'_>| {
            open.is_partial && run.is_partial && open.key == run.key && file(open) == file(&run)
        };
        if let Some(open_run) = self.open_run.as_mut().filter(continues) {
            open_run.append(run);
            return Ok(scattered::ensure_order_fits(open_run, self.context)?);
        }
        self.close_run()?;
        self.open_run = Some(run);
        Ok(())
    }

    /// Spills, decides or observes the open run, which does not continue.
    pub(super) fn close_run(&mut self) -> Result<(), D::Error> {
        let possible_rows = self.end_gap();
        let Some(open_run) = self.open_run.take() else {
            self.lost.add_alone(&possible_rows);
            return Ok(());
        };
        let (mut observations, mut part) = (Observations::default(), D::Part::default());
        let is_spilled = self.context.is_spilled(&open_run.key);
        if is_spilled {
            let mut scattered = Batch::default();
            scattered::spill_run(&open_run, &mut scattered);
            self.context.spill_runs(&mut scattered)?;
        }
        if self.context.is_mapped(&open_run.key, is_spilled, &mut observations) {
            scattered::decide_groups(
                &[KeyGroup { runs: vec![open_run], child_ids: Vec::new() }],
                self.context,
                &mut observations,
                &mut part,
            )?;
            self.context.finish_block(&mut part)?;
        }
        self.collect_facts(observations)?;
        if self.context.keeps_results() { self.collect.merge(part) } else { Ok(()) }
    }

    fn collect_facts(&mut self, mut observations: Observations) -> Result<(), ShuffleError> {
        self.warnings.append(std::mem::take(&mut observations.warnings));
        self.files.skipped_rows += observations.n_left_out;
        let Some(fact_collector) = &mut self.fact_collector else { return Ok(()) };
        fact_collector.collect(observations)?;
        fact_collector.ensure_understood()?;
        // Decisions are discarded from here on, but the pass continues: it must collect all facts.
        if fact_collector.needs_second_pass() {
            self.context.is_discarding.store(true, Ordering::Relaxed);
        }
        if fact_collector.is_mostly_scattered() && self.context.may_stop() {
            self.context.is_stopped.store(true, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Handles a last row without a line end, which may be truncated.
    fn finish_last_row(
        &mut self,
        file: &OpenFile<'_>,
        end: &InputRead,
    ) -> Result<(), ShuffleError> {
        let Some(at) = end.unterminated else { return Ok(()) };
        if self.context.settings.profile.files.last_line_end == LastLineEnd::Required {
            return Err(ShuffleError::NoLastLineEnd {
                position: self.context.input_names.locate(at),
            });
        }
        // A truncated JSON document is unreadable, so a missing line end after a complete one means
        // nothing.
        if file.parser.file_format() == FileFormat::Csv
            && let Some(open_run) = &mut self.open_run
            && open_run.rows.last().is_some_and(|row| (row.file, row.line) == (file.id, at.line))
        {
            open_run.unterminated = open_run.unterminated.or(Some(at));
        }
        Ok(())
    }

    fn finish_file(&mut self, file: &OpenFile<'_>, end: InputRead) -> Result<(), D::Error> {
        self.finish_last_row(file, &end)?;
        let name = self.context.input_names.get(file.id);
        let seen_names = std::mem::take(&mut self.seen_names);
        let unknown = file.mapper.unknown_names(&seen_names);
        let grouping = self.context.settings.grouping;
        // Of joined files another one may have the column.
        let defaulted =
            if grouping.joins_files { Vec::new() } else { file.mapper.defaulted_columns() };
        self.all_seen_names.append(seen_names);
        if file.mapper.has_documents() {
            self.document_files.get_or_insert((file.id, 0)).1 += 1;
        }
        if self.context.n_files_warned.fetch_max(file.id.0 + 1, Ordering::Relaxed) <= file.id.0 {
            warn_unknown_columns(&unknown, name, self.context.emit);
            for problem in &defaulted {
                (self.context.emit)(Progress::Warning(&format!("{name}: {}", problem.message)));
            }
        }
        self.file_problems.extend(unknown.into_iter().chain(defaulted));
        if let Some(read) = self.files.inputs.get_mut(file.id.0 as usize) {
            // A second pass does not hash the files again.
            let sha256 = end.sha256.clone().or_else(|| read.sha256.take());
            let repeated_headers = std::mem::take(&mut read.repeated_headers);
            *read = InputRead { rows: read.rows, repeated_headers, sha256, ..end };
        }
        if !grouping.joins_files {
            self.close_run()?;
        }
        Ok(())
    }

    /// Adds warnings for side files that may be cut off, and unless the inputs are rejects, for items
    /// and amounts that belong to no order and for optional side files without a row that belongs to
    /// the export.
    pub(super) fn check_side_rows(&mut self) {
        // A JSON document that is cut is unreadable.
        let records = self.files.side_files.iter().filter(|side| side.read.header.is_some());
        let unterminated = records.filter_map(|side| side.read.unterminated);
        self.file_problems.extend(unterminated.map(unterminated_row));
        let start = Position { file: FileId(0), line: 1, column: None };
        let tables = self.context.settings.side_tables.iter();
        let absent = tables.filter_map(|table| table.absent());
        let absent =
            absent.map(|message| Problem::for_order(Code::JoinFileMissing, start, message));
        self.file_problems.extend(absent);
        // Rejects are some of the orders; the run that wrote them has seen the others.
        let storage = self.context.settings.read.storage;
        if self.files.inputs.iter().all(|read| inputs::holds_rejects(storage, &read.input)) {
            return;
        }
        for table in self.context.settings.side_tables {
            if let Some(at) = table.without_match() {
                let message = "no row of the export has the key of a row of this file";
                self.file_problems.push(Problem::for_order(Code::JoinRowUnused, at, message));
            }
            for (UnusedRows { n_rows, first }, what) in [
                (table.unused_rows(), "the key of no order"),
                (table.invalid_keys(), "a value of which `to` of the join makes no key"),
            ] {
                let Some(first) = first else { continue };
                let message = match n_rows {
                    1 => format!("this row has {what}"),
                    _ => format!("this row and {} more have {what}", n_rows - 1),
                };
                self.file_problems.push(Problem::for_order(Code::JoinRowUnused, first, message));
            }
        }
    }

    /// Warns of paths that no document of any file has. Returns an error if an order needs one of
    /// them, or if one is probably misspelt.
    pub(super) fn check_paths(&mut self) -> Result<(), ShuffleError> {
        let Some((first, n_files)) = self.document_files else { return Ok(()) };
        let mut file = self.context.input_names.get(first).to_owned();
        if n_files > 1 {
            file = format!("{file} and {} more", n_files - 1);
        }
        let at = Position { file: first, line: 1, column: None };
        let profile = self.context.settings.profile;
        let mut missing = map::missing_paths(profile, &self.all_seen_names, &file, at)?;
        let inputs = self.files.inputs.iter();
        let found = inputs.fold(0, |found, read| found | read.document_forms);
        missing.extend(profile.places_without_documents(found, at));
        for problem in &missing {
            (self.context.emit)(Progress::Warning(&format!("{file}: {}", problem.message)));
        }
        self.file_problems.extend(missing);
        Ok(())
    }
}

fn warn_unknown_columns(unknown: &[Problem], file: &str, emit: ProgressFn<'_>) {
    for problem in unknown.iter().take(MAX_WARNINGS) {
        let column = problem.at.column.map_or_else(String::new, |column| format!(":{column}"));
        emit(Progress::Warning(&format!(
            "{file}:{}{column}: column {}",
            problem.at.line, problem.message
        )));
    }
    if let Some(n_more) = unknown.len().checked_sub(MAX_WARNINGS).filter(|n_more| *n_more > 0) {
        emit(Progress::Warning(&format!("{file}: {n_more} more columns are unknown and ignored")));
    }
}
