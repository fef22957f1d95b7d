//! The account of a run: every order once, its outcome once, and the files that say so.

use std::{fs::File, io, time::SystemTime};

use super::{
    Finished, Refusal, RunError, RunSpec,
    memory::MemoryBudget,
    partial::{Counters, PartialReport, RejectBatch, reject_bytes, reject_file},
    shuffle::files::{ExportRead, InputRead},
};
use crate::{
    model::{
        order::{OrderId, OrderRecord},
        outcome::{OrderResult, Outcome},
        problem::{Code, Problem},
    },
    read::decompress,
    report::{
        ReportError,
        estimate::SendEstimate,
        folder::RunFolder,
        io_error,
        page::{self, Example, OrderNeedingAttention},
        rejects::{self, DecompressedRead, Framing, LineBreak, RejectInput, Rejects, write_rejects},
        results::{self, ResultsWriter},
        summary::{self, InputSummary, RequestCounts, RunFacts, Summary},
    },
    spill::{
        batch::Batch,
        sorter::{SortedIter, Sorter},
    },
};

/// Orders that the page lists; all stand in `results.ndjson`.
const MAX_ATTENTION: usize = 200;

/// Everything that the report will say. Of orders it keeps what the page lists; what goes to `rejects/` is kept on disk.
pub(super) struct Recorder {
    files: ExportRead,
    input_names: Vec<String>,
    attention: Vec<(OrderId, OrderNeedingAttention)>,
    results: ResultsWriter<File>,
    /// Lines of results that come in any order, until all are there.
    unsorted: Option<Sorter>,
    rejects: RejectSorter,
    pub(super) counters: Counters,
    memory: MemoryBudget,
    pub(super) n_guests: u64,
    pub(super) requests: RequestCounts,
    /// Carts that may hold something, of this run and of earlier ones.
    pub(super) n_carts_open: u64,
}

/// Rows and reasons of orders that did not get through.
struct RejectSorter {
    rows: Sorter,
    reasons: Sorter,
    has_new: bool,
}

impl RejectSorter {
    fn new(folder: &RunFolder, memory: usize) -> Self {
        let sorter = |name| Sorter::new(folder.path(), name, memory);
        Self { rows: sorter(".rejects.rows"), reasons: sorter(".rejects.reasons"), has_new: true }
    }
}

impl Recorder {
    /// An empty account whose files are open.
    pub(super) fn open(spec: &RunSpec<'_>, folder: &RunFolder, files: ExportRead) -> Result<Self, RunError> {
        let names = if files.inputs.is_empty() { spec.inputs.clone() } else { files.names() };
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

    /// Forgets all orders. From now on their results come in any order, until they are [`Account::sort_results`].
    pub(super) fn restart(&mut self, folder: &RunFolder) -> Result<(), ReportError> {
        self.results = new_results(folder)?;
        self.unsorted = Some(Sorter::new(folder.path(), ".results", self.memory.results));
        self.rejects = RejectSorter::new(folder, self.memory.rejects);
        (self.attention, self.counters, self.n_guests) = (Vec::new(), Counters::default(), 0);
        Ok(())
    }

    /// Writes results that came in any order in that of the input.
    pub(super) fn sort_results(&mut self, folder: &RunFolder) -> Result<(), ReportError> {
        let Some(unsorted) = self.unsorted.take() else { return Ok(()) };
        let unsortable = || io_error(folder.file(results::FILE), "sort");
        let mut sorted = unsorted.sorted().map_err(unsortable())?;
        while let Some((_, line)) = sorted.next().map_err(unsortable())? {
            self.results.write(line)?;
        }
        self.results.flush()
    }

    /// What was read, and problems of no order.
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

    /// Takes what is said of some orders.
    pub(super) fn merge(&mut self, partial: &mut PartialReport) -> Result<(), ReportError> {
        self.counters.append(std::mem::take(&mut partial.counters));
        self.add_attention(std::mem::take(&mut partial.attention));
        self.rejects.push_all(&mut partial.rejects).map_err(io_error(rejects::FOLDER, "gather"))?;
        let ends = std::mem::take(&mut partial.result_ranges);
        let lines = std::mem::take(&mut partial.results);
        match &self.unsorted {
            None => self.results.write(&lines),
            Some(unsorted) => sort_later(&lines, &ends, unsorted).map_err(io_error(results::FILE, "sort")),
        }
    }

    /// Keeps those that the page lists: the first ones of the input, or of those that settle.
    fn add_attention(&mut self, attention: Vec<(OrderId, OrderNeedingAttention)>) {
        if attention.is_empty() || (self.unsorted.is_none() && self.attention.len() >= MAX_ATTENTION) {
            return;
        }
        self.attention.extend(attention);
        if self.unsorted.is_some() {
            self.attention.sort_by_key(|(id, _)| *id);
        }
        self.attention.truncate(MAX_ATTENTION);
    }

    /// Says what became of an order, once.
    pub(super) fn record(&mut self, record: &OrderRecord, result: &OrderResult) -> Result<(), ReportError> {
        let mut partial = PartialReport::default();
        partial.record(record, result, &self.input_names);
        self.merge(&mut partial)
    }

    /// Counts the orders of a plan that could not be read to its end as not attempted. How many there are.
    pub(super) fn record_lost(&mut self) -> u64 {
        let n_lost = self.counters.tally.without_result();
        self.counters.tally.record_rest(Outcome::NotAttempted);
        n_lost
    }

    /// The files that were read, and where they lie.
    pub(super) fn files(&self) -> &ExportRead {
        &self.files
    }

    /// Makes sure that what is said of orders so far survives a crash of this process.
    pub(super) fn flush(&mut self) -> Result<(), ReportError> {
        self.results.flush()
    }

    /// How many orders have this outcome.
    pub(super) fn n_with_outcome(&self, outcome: Outcome) -> u64 {
        *self.counters.tally.orders().get(outcome)
    }

    /// How many orders the run ended before.
    pub(super) fn n_unreached(&self) -> u64 {
        self.counters.n_unreached()
    }

    /// How many orders are invalid, whatever earlier runs did with them.
    pub(super) fn n_invalid(&self) -> u64 {
        self.n_with_outcome(Outcome::Invalid) + self.counters.n_invalid_sent_before
    }

    /// How many orders no rule left out.
    pub(super) fn n_not_skipped(&self) -> u64 {
        self.counters.tally.orders().read - self.n_with_outcome(Outcome::Skipped)
    }

    /// Writes the rows of all orders that are to be mended, if there are any that were not there the last time. Those of a
    /// file that was moved, replaced or changed since it was read cannot be copied: only its orders' reasons are there, and
    /// its name is returned.
    pub(super) fn write_rejects(&mut self, folder: &RunFolder) -> Result<Vec<String>, ReportError> {
        if !self.rejects.has_new {
            return Ok(Vec::new());
        }
        let input = |read: &InputRead| RejectInput {
            name: read.input.name.clone(),
            header: read.end.header.clone(),
            line_break: if read.end.has_crlf { LineBreak::CrLf } else { LineBreak::Lf },
            framing: if read.is_array { Framing::Array } else { Framing::None },
            is_unavailable: !read.input.is_unchanged(),
        };
        let inputs: Vec<_> = self.files.inputs.iter().map(input).collect();
        // They are kept for the next time, when more may have come.
        let fresh = RejectSorter { has_new: false, ..RejectSorter::new(folder, self.memory.rejects) };
        let RejectSorter { rows, reasons, .. } = std::mem::replace(&mut self.rejects, fresh);
        let in_sorting = || io_error(folder.file(rejects::FOLDER), "gather");
        let rejects = Rejects {
            rows: replay(rows.sorted().map_err(in_sorting())?, &self.rejects.rows, |key, _| {
                (reject_file(key), reject_bytes(key))
            }),
            reasons: replay(reasons.sorted().map_err(in_sorting())?, &self.rejects.reasons, |key, line| {
                (reject_file(key), line.to_vec())
            }),
        };
        write_rejects(folder, &inputs, rejects, |file| {
            let path = &self.files.inputs[file.0 as usize].input.path;
            Ok(Box::new(ReopenedInput(decompress::open(path)?)))
        })
    }

    /// Ends a run that sent nothing, for a reason that the report names.
    pub(super) fn finish_refused(
        self,
        spec: &RunSpec<'_>,
        folder: &RunFolder,
        refusal: &Refusal,
    ) -> Result<Finished, RunError> {
        self.write_report(spec, folder, Some(refusal.to_string()), |_, _| refusal.exit_code())
    }

    /// Ends a run that did what it could.
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
            // Not `Utc::now()`, which panics where someone sets the clock to before 1970 meanwhile.
            finished_at: SystemTime::now().into(),
            exit_code: exit_code(&self.counters, error.is_some()),
            inputs: self.inputs(),
            rows: self.files.n_rows,
            rows_unreadable: self.files.n_unreadable,
            scattered: self.files.n_scattered,
            items: self.counters.n_items,
            guests: self.n_guests,
            forecast: spec.send.is_none().then(|| SendEstimate::at(spec.validate.rate, self.counters.forecast)),
            requests: self.requests,
            carts_open: self.n_carts_open,
            repeated_after: self.counters.n_uncertain_before,
            needs_backfill: self.counters.n_needing_backfill,
            skipped: self.counters.skipped.clone().into_iter().collect(),
            stopped: error.clone(),
        };
        let summary = Summary::new(facts, &self.counters.tally);
        let json = serde_json::to_string_pretty(&summary).expect("a summary is plain data");
        folder.write_file(page::FILE, &self.page(&summary)?)?;
        folder.write_file(summary::FILE, &format!("{json}\n"))?;
        self.remove_spooled();
        Ok(Finished { summary, error })
    }

    fn inputs(&self) -> Vec<InputSummary> {
        let input = |read: &InputRead| InputSummary {
            file: read.input.name.clone(),
            bytes: read.input.fingerprint.bytes,
            rows: read.n_rows,
        };
        self.files.inputs.iter().map(input).collect()
    }

    fn page(&self, summary: &Summary) -> Result<String, ReportError> {
        let attention: Vec<OrderNeedingAttention> = self.attention.iter().map(|(_, order)| order.clone()).collect();
        page::page(summary, &Example::of_tally(&self.counters.tally, &self.input_names), &attention)
    }

    /// Copies of what could be read only once hold customers' data and have served, unless a run may go on with the plan.
    fn remove_spooled(&self) {
        if self.n_with_outcome(Outcome::NotAttempted) > 0 {
            return;
        }
        for copy in &self.files.spooled {
            // What cannot be removed lies in a folder that nobody else may enter.
            drop(std::fs::remove_file(copy));
        }
    }
}

fn new_results(folder: &RunFolder) -> Result<ResultsWriter<File>, ReportError> {
    Ok(ResultsWriter::new(folder.create_file(results::FILE)?, folder.file(results::FILE)))
}

impl RejectSorter {
    fn push_all(&mut self, batch: &mut RejectBatch) -> io::Result<()> {
        self.has_new |= !batch.reasons.is_empty();
        self.rows.push_all(&mut batch.rows)?;
        self.reasons.push_all(&mut batch.reasons)
    }
}

/// Puts the lines of some orders where they are sorted.
fn sort_later(lines: &[u8], ends: &[(OrderId, usize)], into: &Sorter) -> io::Result<()> {
    let (mut entries, mut start) = (Batch::default(), 0);
    for (id, end) in ends {
        entries.push(u128::from(id.0), &lines[start..*end]);
        start = *end;
    }
    into.push_all(&mut entries)
}

/// Sorted entries, each kept for another time as it goes by.
fn replay<T>(
    mut sorted: SortedIter,
    keep: &Sorter,
    entry: impl Fn(u128, &[u8]) -> T,
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

/// The bytes of an input that is read again.
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

/// The exit code of a run that was not refused: the first of 3, 4, 1 that applies, or 0.
fn exit_code(counts: &Counters, is_stopped: bool) -> u8 {
    let has = |outcomes: &[Outcome]| outcomes.iter().any(|outcome| *counts.tally.orders().get(*outcome) > 0);
    if has(&[Outcome::Unknown]) {
        3
    } else if is_stopped || counts.n_unreached() > 0 {
        4
    } else {
        // Of those that were not attempted only orders are left that need a go-ahead.
        let needs_attention = [Outcome::Invalid, Outcome::Refused, Outcome::Failed, Outcome::NotAttempted];
        u8::from(counts.n_new_changes > 0 || has(&needs_attention))
    }
}
