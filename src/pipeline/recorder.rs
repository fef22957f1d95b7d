//! Recorder: counts every order and its outcome once, and writes the files of the report.
//!
//! It decides no outcome and sends nothing. `sink` merges the partial reports of the cores into it
//! while the export is read, `send` and `resume` record one result at a time. [`Recorder::finish`]
//! ends the run with its exit code.

use std::{io, time::SystemTime};

use super::{
    error::{Refusal, RunError},
    memory::MemoryBudget,
    partial::{Counters, PartialReport, ReasonKey, RejectBatch, RowKey},
    spec::{Finished, RunSpec},
};
use crate::{
    model::{
        input::{ExportRead, InputRead},
        order::{OrderId, OrderRecord},
        origin::{FileId, InputNames},
        outcome::{OrderResult, Outcome},
        problem::{Code, Problem},
    },
    read::{decompress, inputs},
    report::{
        ReportError,
        estimate::SendEstimate,
        page::{self, Example, OrderNeedingAttention},
        rejects::{self, DecompressedRead, RejectInput, Rejects, write_rejects},
        results::{self, ResultsWriter},
        summary::{self, InputSummary, RequestCounts, RunFacts, Summary},
    },
    spill::{
        batch::Batch,
        sort_key::SortKey,
        sorter::{SortedIter, Sorter},
    },
    storage::{RunFile, RunFolder, StorageError},
};

/// Maximum orders that the page lists; `results.ndjson` lists all.
const MAX_ATTENTION: usize = 200;

/// Everything that goes into the report. Of the orders, only those that the page lists are held in
/// memory; entries of `rejects/` spill to disk.
pub(super) struct Recorder {
    files: ExportRead,
    input_names: InputNames,
    attention: Vec<(OrderId, OrderNeedingAttention)>,
    results: ResultsWriter<RunFile>,
    /// Result lines that arrive in any order, until they are sorted.
    unsorted: Option<Sorter<u64>>,
    rejects: RejectSorter,
    pub(super) counters: Counters,
    memory: MemoryBudget,
    pub(super) n_guests: u64,
    pub(super) requests: RequestCounts,
    /// Carts that may not be empty, of this run and of earlier ones.
    pub(super) n_carts_open: u64,
}

/// Sorts the rows and reasons of rejected orders by file and position.
struct RejectSorter {
    rows: Sorter<RowKey>,
    reasons: Sorter<ReasonKey>,
    /// Whether there are entries that `rejects/` does not contain yet.
    has_new: bool,
}

impl RejectSorter {
    fn new(folder: &RunFolder, memory: usize) -> Self {
        Self {
            rows: Sorter::new(folder.path(), ".rejects.rows", memory),
            reasons: Sorter::new(folder.path(), ".rejects.reasons", memory),
            has_new: true,
        }
    }
}

impl Recorder {
    /// Creates an empty recorder and opens its files in the run folder.
    pub(super) fn open(spec: &RunSpec<'_>, folder: &RunFolder, files: ExportRead) -> Result<Self, RunError> {
        // Without files that were found, the inputs are named as the user typed them.
        let names = if files.inputs.is_empty() { spec.inputs.iter().cloned().collect() } else { files.names() };
        let memory = MemoryBudget::split(spec.memory);
        Ok(Self {
            files,
            input_names: names,
            attention: Vec::new(),
            results: new_results(folder)?,
            unsorted: None,
            rejects: RejectSorter::new(folder, memory.rejects),
            counters: Counters::default(),
            memory,
            n_guests: 0,
            requests: RequestCounts::default(),
            n_carts_open: 0,
        })
    }

    /// Discards all orders. From then on, results may arrive in any order, until
    /// [`sort_results`](Self::sort_results) is called.
    pub(super) fn restart(&mut self, folder: &RunFolder) -> Result<(), ReportError> {
        self.results = new_results(folder)?;
        self.unsorted = Some(Sorter::new(folder.path(), ".results", self.memory.results));
        self.rejects = RejectSorter::new(folder, self.memory.rejects);
        (self.attention, self.counters, self.n_guests) = (Vec::new(), Counters::default(), 0);
        Ok(())
    }

    /// Writes the results that arrived in any order, sorted by the order of the input.
    pub(super) fn sort_results(&mut self, folder: &RunFolder) -> Result<(), ReportError> {
        let Some(unsorted) = self.unsorted.take() else { return Ok(()) };
        let unsortable = || StorageError::at(folder.file(results::FILE), "sort");
        let mut sorted = unsorted.sorted().map_err(unsortable())?;
        while let Some((_, line)) = sorted.next().map_err(unsortable())? {
            self.results.write(line)?;
        }
        Ok(self.results.flush()?)
    }

    /// Records the inputs as they were read, and the problems that belong to no order.
    pub(super) fn record_export(&mut self, files: ExportRead, file_problems: &[Problem]) {
        let tally = &mut self.counters.tally;
        for problem in file_problems {
            match problem.code {
                Code::ContentRepeated => tally.record_orders_with_problem(problem.code, 1),
                _ => tally.record_file_problem(problem.code, 1),
            }
            tally.keep_first_example(problem);
        }
        if files.omitted_lost_rows > 0 {
            tally.record_file_problem(Code::RowUnreadable, files.omitted_lost_rows);
        }
        if files.omitted_repeated_orders > 0 {
            tally.record_orders_with_problem(Code::ContentRepeated, files.omitted_repeated_orders);
        }
        self.files = files;
    }

    /// Merges the partial report of some orders.
    pub(super) fn merge(&mut self, partial: &mut PartialReport) -> Result<(), ReportError> {
        self.counters.append(std::mem::take(&mut partial.counters));
        self.add_attention(std::mem::take(&mut partial.attention));
        self.rejects.push_all(&mut partial.rejects).map_err(StorageError::at(rejects::FOLDER, "gather"))?;
        let ends = std::mem::take(&mut partial.result_ranges);
        let lines = std::mem::take(&mut partial.results);
        match &self.unsorted {
            None => self.results.write(&lines)?,
            Some(unsorted) => sort_later(&lines, &ends, unsorted).map_err(StorageError::at(results::FILE, "sort"))?,
        }
        Ok(())
    }

    /// Keeps the orders that the page lists: the first ones of the input for a check, the first
    /// ones that got a result for a send.
    fn add_attention(&mut self, attention: Vec<(OrderId, OrderNeedingAttention)>) {
        if attention.is_empty() || (self.unsorted.is_none() && self.attention.len() >= MAX_ATTENTION) {
            return;
        }
        self.attention.extend(attention);
        // Results in any order: a later one may come first in the input.
        if self.unsorted.is_some() {
            self.attention.sort_by_key(|(id, _)| *id);
        }
        self.attention.truncate(MAX_ATTENTION);
    }

    /// Records the result of an order. Called once per order.
    pub(super) fn record(&mut self, record: &OrderRecord, result: &OrderResult) -> Result<(), ReportError> {
        let mut partial = PartialReport::default();
        partial.record(record, result, &self.input_names);
        self.merge(&mut partial)
    }

    /// Counts the orders without a result as not attempted, if a plan could not be read to its end.
    /// Returns their number.
    pub(super) fn record_lost(&mut self) -> u64 {
        let n_lost = self.counters.tally.without_result();
        self.counters.tally.record_rest(Outcome::NotAttempted);
        n_lost
    }

    /// The inputs that were read, with their paths.
    pub(super) fn files(&self) -> &ExportRead {
        &self.files
    }

    /// Flushes the results, so that they survive a crash of this process.
    pub(super) fn flush(&mut self) -> Result<(), ReportError> {
        Ok(self.results.flush()?)
    }

    /// Returns the number of orders with this outcome.
    pub(super) fn n_with_outcome(&self, outcome: Outcome) -> u64 {
        self.counters.tally.orders()[outcome]
    }

    /// Returns the number of orders that were not attempted because the run ended first.
    pub(super) fn n_unreached(&self) -> u64 {
        self.counters.n_unreached()
    }

    /// Returns the number of invalid orders, including those that are counted as changed or
    /// unknown.
    pub(super) fn n_invalid(&self) -> u64 {
        self.n_with_outcome(Outcome::Invalid) + self.counters.n_invalid_sent_before
    }

    /// Returns the number of orders that no rule of the profile skips.
    pub(super) fn n_not_skipped(&self) -> u64 {
        self.counters.tally.orders().read - self.n_with_outcome(Outcome::Skipped)
    }

    /// Writes `rejects/`: the rows of all rejected orders and their reasons. Does nothing if no
    /// order was rejected since the last call. Of an input that was moved, replaced or changed
    /// after it was read, only the reasons are written, and its name is returned.
    pub(super) fn write_rejects(&mut self, folder: &RunFolder) -> Result<Vec<String>, ReportError> {
        if !self.rejects.has_new {
            return Ok(Vec::new());
        }
        let input = |read: &InputRead| RejectInput {
            name: read.input.name.clone(),
            header: read.header.clone(),
            line_break: read.line_break,
            framing: read.framing,
            is_unavailable: !inputs::is_unchanged(&read.input),
        };
        let inputs: Vec<_> = self.files.inputs.iter().map(input).collect();
        // Reading a sorter consumes it. The entries are pushed into a fresh one for the next call,
        // which may have more of them.
        let fresh = RejectSorter { has_new: false, ..RejectSorter::new(folder, self.memory.rejects) };
        let RejectSorter { rows, reasons, .. } = std::mem::replace(&mut self.rejects, fresh);
        let in_sorting = || StorageError::at(folder.file(rejects::FOLDER), "gather");
        let rejects = Rejects {
            rows: replay(rows.sorted().map_err(in_sorting())?, &self.rejects.rows, |(file, start, end), _| {
                (FileId(file), start..end)
            }),
            reasons: replay(reasons.sorted().map_err(in_sorting())?, &self.rejects.reasons, |(file, ..), line| {
                (FileId(file), line.to_vec())
            }),
        };
        write_rejects(folder, &inputs, rejects, |file| {
            let location = &self.files.inputs[file.0 as usize].input.location;
            Ok(Box::new(ReopenedInput(decompress::open(location.as_path())?)))
        })
    }

    /// Writes the report of a run that sent nothing, with the reason.
    pub(super) fn finish_refused(
        self,
        spec: &RunSpec<'_>,
        folder: &RunFolder,
        refusal: &Refusal,
    ) -> Result<Finished, RunError> {
        self.write_report(spec, folder, Some(refusal.to_string()), |_, _| refusal.exit_code())
    }

    /// Writes the report of a run that was not refused. `stopped` is the reason of an early end.
    pub(super) fn finish(
        self,
        spec: &RunSpec<'_>,
        folder: &RunFolder,
        stopped: Option<String>,
    ) -> Result<Finished, RunError> {
        self.write_report(spec, folder, stopped, exit_code)
    }

    fn write_report(
        mut self,
        spec: &RunSpec<'_>,
        folder: &RunFolder,
        error: Option<String>,
        exit_code: impl Fn(&Counters, bool) -> u8,
    ) -> Result<Finished, RunError> {
        self.results.flush()?;
        self.write_rejects(folder)?;
        let facts = RunFacts {
            run_id: spec.run_id.clone(),
            command: if spec.send.is_some() { "send" } else { "check" }.to_owned(),
            started_at: spec.started_at,
            // Not `Utc::now()`, which panics if the clock is set to before 1970 during the run.
            finished_at: SystemTime::now().into(),
            exit_code: exit_code(&self.counters, error.is_some()),
            inputs: self.inputs(),
            rows: self.files.rows,
            rows_unreadable: self.files.unreadable_rows,
            scattered: self.files.scattered_orders,
            items: self.counters.n_items,
            guests: self.n_guests,
            forecast: spec.send.is_none().then(|| SendEstimate::at(spec.stream.rate, self.counters.forecast)),
            requests: self.requests,
            carts_open: self.n_carts_open,
            repeated_after: self.counters.n_uncertain_before,
            needs_backfill: self.counters.n_needing_backfill,
            skipped: self.counters.skipped.clone().into_iter().collect(),
            stopped: error.clone(),
        };
        let summary = Summary::new(facts, &self.counters.tally);
        let json = serde_json::to_string_pretty(&summary).expect("text and numbers always serialize");
        folder.write_file(page::FILE, &self.page(&summary)?)?;
        folder.write_file(summary::FILE, &format!("{json}\n"))?;
        self.remove_spooled();
        Ok(Finished { summary, error })
    }

    fn inputs(&self) -> Vec<InputSummary> {
        let input = |read: &InputRead| InputSummary {
            file: read.input.name.clone(),
            bytes: read.input.version.size,
            rows: read.rows,
        };
        self.files.inputs.iter().map(input).collect()
    }

    fn page(&self, summary: &Summary) -> Result<String, ReportError> {
        let attention: Vec<OrderNeedingAttention> = self.attention.iter().map(|(_, order)| order.clone()).collect();
        page::page(summary, &Example::of_tally(&self.counters.tally, &self.input_names), &attention)
    }

    /// Removes the copies of inputs that could be read only once, since they hold customers' data.
    /// They are kept if a later run may resume the plan.
    fn remove_spooled(&self) {
        if self.n_with_outcome(Outcome::NotAttempted) > 0 {
            return;
        }
        for copy in &self.files.spooled {
            // A copy that cannot be removed stays private: other users have no access to the run
            // folder.
            drop(std::fs::remove_file(copy.as_path()));
        }
    }
}

fn new_results(folder: &RunFolder) -> Result<ResultsWriter<RunFile>, ReportError> {
    Ok(ResultsWriter::new(folder.create_file(results::FILE)?, folder.file(results::FILE)))
}

impl RejectSorter {
    fn push_all(&mut self, batch: &mut RejectBatch) -> io::Result<()> {
        self.has_new |= !batch.reasons.is_empty();
        self.rows.push_all(&mut batch.rows)?;
        self.reasons.push_all(&mut batch.reasons)
    }
}

/// Pushes the result lines of some orders into a sorter. `ends` are the offsets at which they end.
fn sort_later(lines: &[u8], ends: &[(OrderId, usize)], into: &Sorter<u64>) -> io::Result<()> {
    let (mut entries, mut start) = (Batch::default(), 0);
    for (id, end) in ends {
        entries.push(id.0, &lines[start..*end]);
        start = *end;
    }
    into.push_all(&mut entries)
}

/// Iterates over sorted entries and pushes each one into `keep` as well.
fn replay<K: SortKey + Send, T>(
    mut sorted: SortedIter<K>,
    keep: &Sorter<K>,
    entry: impl Fn(K, &[u8]) -> T,
) -> impl Iterator<Item = io::Result<T>> {
    std::iter::from_fn(move || {
        let next = sorted.next().and_then(|next| {
            let Some((key, payload)) = next else { return Ok(None) };
            keep.push(key, payload)?;
            Ok(Some(entry(key, payload)))
        });
        next.transpose()
    })
}

/// The decompressed bytes of an input that is read again for `rejects/`.
struct ReopenedInput(decompress::Decompressed);

impl io::Read for ReopenedInput {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.read(into)
    }
}

impl io::BufRead for ReopenedInput {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.0.fill_buf()
    }

    fn consume(&mut self, n_bytes: usize) {
        self.0.consume(n_bytes);
    }
}

impl DecompressedRead for ReopenedInput {
    fn skip(&mut self, n_bytes: u64) -> io::Result<()> {
        self.0.skip(n_bytes)
    }
}

/// Returns the exit code of a run that was not refused: the first of 3, 4, 1 that applies, or 0.
fn exit_code(counts: &Counters, is_stopped: bool) -> u8 {
    let has = |outcomes: &[Outcome]| outcomes.iter().any(|outcome| counts.tally.orders()[*outcome] > 0);
    if has(&[Outcome::Unknown]) {
        3
    } else if is_stopped || counts.n_unreached() > 0 {
        4
    } else {
        // Only orders that need `--backfill` are left as not attempted: the others are excluded
        // above.
        let needs_attention = [Outcome::Invalid, Outcome::Refused, Outcome::Failed, Outcome::NotAttempted];
        u8::from(counts.n_new_changes > 0 || has(&needs_attention))
    }
}
