//! Recorder: counts every order and its outcome once, and writes the files of the report.
//!
//! It decides no outcome and sends nothing; the exit code follows from the outcomes. `pipeline`
//! merges the partial reports of its cores into it while the export is read, and records one result
//! at a time while it sends. [`Recorder::finish`] writes the report.

use std::{io, num::NonZeroU32, time::Duration};

use chrono::{DateTime, Utc};

use super::{
    csv_tables::{self, FileProblems},
    error::ReportError,
    estimate::{SendEstimate, SendNotes},
    examples::OrderExample,
    guests::{GuestCounter, GuestCounts},
    next_steps::Situation,
    order_line::problem_lines,
    page::{self, Example, OrderNeedingAttention},
    partial::{Counters, PartialReport},
    previous,
    reject_sorter::RejectSorter,
    rejects::{self, write_rejects},
    remedy::Remedy,
    results::{self, ResultsWriter},
    setup::RunSetup,
    summary::{self, InputSummary, RequestCounts, Summary},
};
use crate::{
    model::{
        diagnostic::Diagnostic,
        input::{ExportRead, InputRead},
        order::{OrderId, OrderRecord},
        origin::InputNames,
        outcome::{OrderResult, Outcome},
        problem::{Code, Problem},
    },
    spill::{batch::Batch, sorter::Sorter},
    storage::{ByteStream, RunFile, RunFolder, StorageError},
};

/// Maximum orders that the page lists; `results.ndjson` lists all.
const MAX_ATTENTION: usize = 200;

/// The facts of the run that its report shows, and the memory that writing it may use.
pub struct RecorderSettings {
    /// Name of the run.
    pub run_id: String,
    /// Start of the run.
    pub started_at: DateTime<Utc>,
    /// How the run was set up.
    pub setup: RunSetup,
    /// Whether the run sends nothing, but estimates what sending takes.
    pub is_check: bool,
    /// Maximum requests per second of that estimate; none is unlimited.
    pub rate: Option<NonZeroU32>,
    /// Number of requests that identify a guest.
    pub identify_requests: u64,
    /// Whether every guest of a valid order is to be identified once.
    pub identifies_all: bool,
    /// Memory in bytes for the hashes of guests; the rest spills to the run folder.
    pub guests_memory: usize,
    /// Memory in bytes for result lines to sort; the rest spills to the run folder.
    pub results_memory: usize,
    /// Memory in bytes for the rows and for the reasons of rejects, each.
    pub rejects_memory: usize,
    /// Whether `results.csv` and `problems.csv` are written too.
    pub writes_csv: bool,
    /// Opens an input again.
    pub reopen: ReopenInput,
}

/// Opens an input again, to copy rejected rows: its decompressed bytes from the start. None if it
/// was moved, replaced or changed after it was read.
pub type ReopenInput =
    Box<dyn Fn(&InputRead) -> io::Result<Option<Box<dyn ByteStream>>> + Send + Sync>;

/// Everything that goes into the report. Of the orders, only those that the page lists are held in
/// memory; results in another order than the input's and entries of `rejects/` spill to disk.
pub struct Recorder {
    settings: RecorderSettings,
    folder: RunFolder,
    files: ExportRead,
    input_names: InputNames,
    /// Problems that belong to no order, as far as they are listed.
    file_problems: Vec<Problem>,
    attention: Vec<(OrderId, OrderNeedingAttention)>,
    results: ResultsWriter<RunFile>,
    /// Result lines that arrive in any order, until they are sorted.
    unsorted: Option<Sorter<u64>>,
    rejects: RejectSorter,
    /// Names of the files in `rejects/` that have rows.
    reject_files: Vec<String>,
    /// Counters of all orders.
    pub counters: Counters,
    /// Guests of the valid orders, until they are counted.
    guests: Option<GuestCounter>,
    guest_counts: GuestCounts,
    /// What a send after a check needs, apart from the orders to note.
    pub notes: SendNotes,
    /// Requests that were sent.
    pub requests: RequestCounts,
    /// How long the service counted as down.
    pub service_down: Duration,
    /// Carts that may not be empty, of this run and of earlier ones.
    pub n_carts_open: u64,
    /// Whether the ledger may hold an attempt of this run, even one of which no request was sent.
    pub has_attempt: bool,
    /// Orders whose outcome the ledger lacks, so that the next run treats them as unknown.
    pub n_outcomes_unwritten: u64,
    /// The references of orders that were to be explained and are not in the export.
    pub not_found: Vec<String>,
    /// The topic of the manual about what kept the run from reading or sending.
    pub help_topic: Option<&'static str>,
    /// What would let a refused run go on.
    pub remedy: Option<Remedy>,
    /// Whether the report cannot be written.
    pub is_unwritten: bool,
}

impl Recorder {
    /// Creates an empty recorder and opens its files in the run folder.
    pub fn open(
        settings: RecorderSettings,
        folder: &RunFolder,
        files: ExportRead,
    ) -> Result<Self, StorageError> {
        Ok(Self {
            input_names: files.names(),
            files,
            file_problems: Vec::new(),
            attention: Vec::new(),
            results: new_results(folder)?,
            unsorted: None,
            rejects: RejectSorter::new(folder, settings.rejects_memory),
            reject_files: Vec::new(),
            counters: Counters::default(),
            guests: Some(guest_counter(folder, &settings)),
            guest_counts: GuestCounts::default(),
            notes: SendNotes::default(),
            requests: RequestCounts::default(),
            service_down: Duration::ZERO,
            n_carts_open: 0,
            has_attempt: false,
            n_outcomes_unwritten: 0,
            not_found: Vec::new(),
            help_topic: None,
            remedy: None,
            is_unwritten: false,
            folder: folder.clone(),
            settings,
        })
    }

    /// Discards all orders. From then on, results may arrive in any order, until
    /// [`sort_results`](Self::sort_results) is called.
    pub fn restart(&mut self) -> Result<(), StorageError> {
        let Self { folder, settings, .. } = self;
        self.results = new_results(folder)?;
        self.unsorted = Some(Sorter::new(folder.path(), ".results", settings.results_memory));
        self.rejects = RejectSorter::new(folder, settings.rejects_memory);
        self.guests = Some(guest_counter(folder, settings));
        (self.attention, self.counters) = (Vec::new(), Counters::default());
        Ok(())
    }

    /// Writes the results that arrived in any order, sorted by the order of the input.
    pub fn sort_results(&mut self) -> Result<(), StorageError> {
        let Some(unsorted) = self.unsorted.take() else { return Ok(()) };
        let path = self.folder.file(results::FILE);
        let unsortable = |error| StorageError::at(&path, "sort")(error);
        let mut sorted = unsorted.sorted().map_err(unsortable)?;
        while let Some((_, line)) = sorted.next().map_err(unsortable)? {
            self.results.write(line)?;
        }
        self.results.flush()
    }

    /// Counts the guests, once all orders of an export are known.
    pub fn count_guests(&mut self) -> Result<(), StorageError> {
        let Some(guests) = self.guests.take() else { return Ok(()) };
        self.guest_counts =
            guests.finish().map_err(StorageError::at(self.folder.path(), "count guests"))?;
        let GuestCounts { to_identify, to_note, .. } = self.guest_counts;
        self.counters.to_note.append(to_note);
        self.counters.forecast.add_guests(to_identify, self.settings.identify_requests);
        Ok(())
    }

    /// Records the numbers of items and guests of a plan's valid orders.
    pub fn record_planned(&mut self, n_items: u64, n_guests: u64) {
        self.counters.n_items = n_items;
        self.guest_counts.all = n_guests;
    }

    /// The number of guests of valid orders.
    #[must_use]
    pub fn n_guests(&self) -> u64 {
        self.guest_counts.all
    }

    /// Records the inputs as they were read, and the problems that belong to no order.
    pub fn record_export(&mut self, files: ExportRead, file_problems: &[Problem]) {
        let tally = &mut self.counters.tally;
        for problem in file_problems {
            match problem.code {
                Code::ContentRepeated => tally.record_orders_with_problem(problem.code, 1),
                _ => tally.record_file_problem(problem.code, 1),
            }
            tally.keep_example(problem);
        }
        for (code, n_omitted) in omitted_file_problems(&files) {
            match code {
                Code::ContentRepeated => tally.record_orders_with_problem(code, n_omitted),
                _ => tally.record_file_problem(code, n_omitted),
            }
        }
        self.files = files;
        self.file_problems = file_problems.to_vec();
    }

    /// Merges the partial report of some orders.
    pub fn merge(&mut self, partial: PartialReport) -> Result<(), StorageError> {
        let PartialReport { counters, attention, results, result_ends, mut rejects, guests } =
            partial;
        if let Some(counter) = &mut self.guests {
            counter
                .push_all(guests)
                .map_err(StorageError::at(self.folder.path(), "count guests"))?;
        }
        self.counters.append(counters);
        self.add_attention(attention);
        self.rejects.push_all(&mut rejects).map_err(StorageError::at(rejects::FOLDER, "sort"))?;
        match &self.unsorted {
            None => self.results.write(&results),
            Some(unsorted) => sort_later(&results, &result_ends, unsorted)
                .map_err(StorageError::at(results::FILE, "sort")),
        }
    }

    /// Keeps the orders that the page lists: those with the worst outcomes, in the order of the
    /// input.
    fn add_attention(&mut self, attention: Vec<(OrderId, OrderNeedingAttention)>) {
        let place = |(id, order): &(OrderId, OrderNeedingAttention)| (order.rank(), *id);
        // Most orders of a large run come behind those that are listed.
        let last = self.attention.get(MAX_ATTENTION - 1).map(place);
        let is_listed = |order: &_| last.is_none_or(|last| place(order) < last);
        let n_listed = self.attention.len();
        self.attention.extend(attention.into_iter().filter(is_listed));
        if self.attention.len() > n_listed {
            self.attention.sort_by_key(place);
            self.attention.truncate(MAX_ATTENTION);
        }
    }

    /// Records the result of an order that was counted as read. Called once per order.
    pub fn record(
        &mut self,
        record: &OrderRecord,
        result: &OrderResult,
    ) -> Result<(), StorageError> {
        let mut partial = PartialReport::default();
        partial.record(record, result, &self.input_names);
        self.merge(partial)
    }

    /// Counts an order of a plan as read and records its result.
    pub fn add_and_record(
        &mut self,
        record: &OrderRecord,
        result: &OrderResult,
    ) -> Result<(), StorageError> {
        self.counters.add(record);
        self.record(record, result)
    }

    /// Counts the orders without a result as not attempted, if a plan could not be read to its end.
    /// Returns their number.
    pub fn record_lost(&mut self) -> u64 {
        let n_lost = self.counters.tally.without_result();
        self.counters.tally.record_rest(Outcome::NotAttempted);
        n_lost
    }

    /// The inputs that were read, with their locations.
    #[must_use]
    pub fn files(&self) -> &ExportRead {
        &self.files
    }

    /// The run folder, which the report is written to.
    #[must_use]
    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }

    /// Flushes the results, so that they survive a crash of this process.
    pub fn flush(&mut self) -> Result<(), StorageError> {
        self.results.flush()
    }

    /// Returns the number of orders with this outcome.
    #[must_use]
    pub fn n_with_outcome(&self, outcome: Outcome) -> u64 {
        self.counters.tally.orders()[outcome]
    }

    /// Returns the number of orders that were not attempted for another reason than their age.
    #[must_use]
    pub fn n_unreached(&self) -> u64 {
        self.n_with_outcome(Outcome::NotAttempted).saturating_sub(self.counters.n_needing_backfill)
    }

    /// Returns the number of invalid orders, including those that are counted as changed or
    /// unknown.
    #[must_use]
    pub fn n_invalid(&self) -> u64 {
        self.n_with_outcome(Outcome::Invalid) + self.counters.n_invalid_sent_before
    }

    /// Returns the number of orders that no rule of the profile skips.
    #[must_use]
    pub fn n_not_skipped(&self) -> u64 {
        self.counters.tally.orders().read - self.n_with_outcome(Outcome::Skipped)
    }

    /// Returns the exit code of a run that was not refused: the first of 3, 4 and 1 that applies,
    /// or 0.
    #[must_use]
    pub fn exit_code(&self, is_stopped: bool) -> u8 {
        if self.n_with_outcome(Outcome::Unknown) > 0 {
            return 3;
        }
        if is_stopped || self.n_unreached() > 0 {
            return 4;
        }
        // Only orders that need `--backfill` are not attempted here: the others are excluded above.
        let needs_attention =
            |outcome: &Outcome| outcome.is_rejected() || *outcome == Outcome::NotAttempted;
        let mut outcomes = Outcome::ALL.into_iter().filter(needs_attention);
        // An accepted unreadable row may have been part of any order.
        u8::from(
            self.counters.n_new_changes > 0
                || !self.not_found.is_empty()
                || self.files.unreadable_rows > 0
                || outcomes.any(|outcome| self.n_with_outcome(outcome) > 0),
        )
    }

    /// The orders that are shown with their rows, to add their excerpts.
    pub fn examples_mut(&mut self) -> impl Iterator<Item = &mut OrderExample> {
        let Counters { reasons, tally, .. } = &mut self.counters;
        reasons.examples_mut().chain(tally.examples_mut())
    }

    /// What became of the orders that are not in, the worst outcome first, and what is wrong with
    /// the others, errors first, then by the number of orders: the first ones of each reason and
    /// each problem code.
    #[must_use]
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let Counters { reasons, tally, .. } = &self.counters;
        let inputs: &[_] = &self.files.all_files().cloned().collect::<Vec<_>>();
        let has_accepted = self.n_with_outcome(Outcome::Accepted) > 0;
        let of_outcomes = reasons.diagnostics(inputs, has_accepted);
        let mut diagnostics = [of_outcomes, tally.diagnostics(inputs)].concat();
        // A change that an earlier run reported is a warning.
        diagnostics.sort_by_key(|diagnostic| diagnostic.severity);
        diagnostics
    }

    /// Discards the rejected orders, and those that the page lists: their problem is not their own.
    pub fn discard_rejects(&mut self) {
        self.rejects = RejectSorter::new(&self.folder, self.settings.rejects_memory);
        self.attention.clear();
    }

    /// Writes `rejects/`: the rows of all rejected orders and their reasons. Does nothing if no
    /// order was rejected since the last call. Of an input that was moved, replaced or changed
    /// after it was read, only the reasons are written, and its name is returned.
    pub fn write_rejects(&mut self) -> Result<Vec<String>, ReportError> {
        if !self.rejects.has_new() {
            return Ok(Vec::new());
        }
        let fresh = RejectSorter::new(&self.folder, self.settings.rejects_memory);
        let sorter = std::mem::replace(&mut self.rejects, fresh);
        let unsortable = StorageError::at(self.folder.file(rejects::FOLDER), "sort");
        let rejects = sorter.replay_into(&mut self.rejects).map_err(unsortable)?;
        let written = write_rejects(&self.folder, &self.files, rejects, &self.settings.reopen)?;
        self.reject_files = written.files;
        Ok(written.unavailable)
    }

    /// Writes `results.csv` and `problems.csv`, if the run is to write them: what results there are
    /// by now.
    pub fn write_csv(&mut self) -> Result<(), StorageError> {
        if !self.settings.writes_csv {
            return Ok(());
        }
        self.results.flush()?;
        let omitted = omitted_file_problems(&self.files)
            .map(|(code, n_omitted)| (code.as_str().into(), n_omitted));
        csv_tables::write(
            &self.folder,
            &FileProblems {
                problems: problem_lines(&self.file_problems, &self.input_names),
                omitted: omitted.collect(),
            },
        )
    }

    /// Writes the report and returns its summary. `stopped` is why nothing was sent or the run
    /// ended early, if it did.
    pub fn finish(
        &mut self,
        exit_code: u8,
        stopped: Option<String>,
        finished_at: DateTime<Utc>,
    ) -> Result<Summary, ReportError> {
        self.results.flush()?;
        self.write_rejects()?;
        let summary = self.summary(exit_code, stopped, finished_at);
        self.write_summary(&summary)?;
        Ok(summary)
    }

    fn write_summary(&self, summary: &Summary) -> Result<(), ReportError> {
        let json =
            serde_json::to_string_pretty(summary).expect("text and numbers always serialize");
        self.folder.write_file(page::FILE, &self.page(summary)?)?;
        Ok(self.folder.write_file(summary::FILE, &format!("{json}\n"))?)
    }

    fn estimate(&self) -> SendEstimate {
        let Self { settings, counters, .. } = self;
        let notes = SendNotes { orders: counters.to_note, ..self.notes.clone() };
        SendEstimate { notes, ..SendEstimate::at(settings.rate, counters.forecast) }
    }

    /// The summary of what was recorded; also where the report cannot be written.
    #[must_use]
    pub fn summary(
        &self,
        exit_code: u8,
        stopped: Option<String>,
        finished_at: DateTime<Utc>,
    ) -> Summary {
        let Self { settings, files, counters, .. } = self;
        let Counters { tally, .. } = counters;
        let setup = settings.setup.clone();
        let RunSetup { target, pos, profile, profile_extends, settings: set, .. } = setup;
        let mut summary = Summary {
            run_id: settings.run_id.clone(),
            command: if settings.is_check { "check" } else { "send" }.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: settings.started_at,
            finished_at,
            exit_code,
            target,
            pos,
            profile,
            profile_extends,
            settings: set,
            inputs: files.inputs.iter().map(InputSummary::of).collect(),
            side_files: files.side_files.iter().map(|side| InputSummary::of(&side.read)).collect(),
            rows: files.rows,
            rows_unreadable: files.unreadable_rows,
            rows_ignored: files.ignored_rows,
            rows_skipped: files.skipped_rows,
            headers_repeated: files.repeated_headers,
            scattered: files.scattered_orders,
            items: counters.n_items,
            guests: self.guest_counts.all,
            orders: tally.orders().clone(),
            orders_from: tally.span().map(|(from, _)| from),
            orders_to: tally.span().map(|(_, to)| to),
            orders_without_amount: tally.orders_without_amount(),
            forecast: settings.is_check.then(|| self.estimate()),
            requests: self.requests,
            // Not rounded: the run would seem shorter than that.
            seconds_down: self.service_down.as_secs(),
            carts_open: self.n_carts_open,
            repeated_after: counters.n_uncertain_before,
            needs_backfill: counters.n_needing_backfill,
            explain_not_found: self.not_found.clone(),
            money: summary::money_summaries(tally),
            problems: summary::problem_summaries(tally),
            reasons: counters.reasons.summaries(),
            skipped: summary::skip_summaries(&counters.skipped),
            stopped,
            previous: None,
            next: Vec::new(),
        };
        summary.previous = previous::find(
            &self.folder,
            summary::FILE,
            summary.started_at,
            summary.profile.as_deref(),
            summary.target.as_ref(),
        );
        summary.next = self.situation(&summary).steps();
        summary
    }

    fn situation<'a>(&'a self, summary: &'a Summary) -> Situation<'a> {
        Situation {
            summary,
            line: &self.settings.setup.command_line,
            folder: self.folder.path().to_string_lossy(),
            reject_files: &self.reject_files,
            joins: self.files.joins(),
            n_unknown_before: self.counters.n_unknown_before,
            n_outcomes_unwritten: self.n_outcomes_unwritten,
            n_refused_by_target: self.counters.reasons.n_of_target(Outcome::Refused),
            has_attempt: self.has_attempt,
            help_topic: self.help_topic,
            remedy: self.remedy.clone(),
            is_unwritten: self.is_unwritten,
        }
    }

    fn page(&self, summary: &Summary) -> Result<String, ReportError> {
        let attention: Vec<OrderNeedingAttention> =
            self.attention.iter().map(|(_, order)| order.clone()).collect();
        page::page(summary, &Example::of_tally(&self.counters.tally, &self.input_names), &attention)
    }
}

/// The problems that belong to no order and are counted but not listed.
fn omitted_file_problems(files: &ExportRead) -> impl Iterator<Item = (Code, u64)> + use<> {
    let omitted = [
        (Code::RowUnreadable, files.omitted_lost_rows),
        (Code::ContentRepeated, files.omitted_repeated_orders),
        (Code::SeveralAddresses, files.omitted_shared_identifiers),
    ];
    omitted.into_iter().filter(|(_, n_omitted)| *n_omitted > 0)
}

fn new_results(folder: &RunFolder) -> Result<ResultsWriter<RunFile>, StorageError> {
    Ok(ResultsWriter::new(folder.create_file(results::FILE)?, folder.file(results::FILE)))
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

fn guest_counter(folder: &RunFolder, settings: &RecorderSettings) -> GuestCounter {
    let RecorderSettings { guests_memory, identifies_all, is_check, .. } = *settings;
    GuestCounter::new(folder.path(), guests_memory, identifies_all, is_check)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{
        model::{
            input::{Input, Version},
            origin::{FileId, Position, RowOrigin},
            route::Route,
        },
        report::CountedOrder,
    };

    const INPUT: &[u8] = b"{\"a\":0}\n{\"a\":1}\n{\"a\":2}\n";
    const ROW_BYTES: u64 = INPUT.len() as u64 / 3;

    impl ByteStream for &[u8] {
        fn skip(&mut self, n_bytes: u64) -> io::Result<()> {
            *self = &self[usize::try_from(n_bytes).unwrap()..];
            Ok(())
        }
    }

    /// A recorder of one input with [`INPUT`], which spills whatever it sorts.
    fn recorder(folder: &RunFolder) -> Recorder {
        let settings = RecorderSettings {
            run_id: "run".to_owned(),
            started_at: DateTime::UNIX_EPOCH,
            setup: RunSetup::default(),
            is_check: true,
            rate: None,
            identify_requests: 2,
            identifies_all: true,
            guests_memory: 0,
            results_memory: 0,
            rejects_memory: 0,
            writes_csv: false,
            reopen: Box::new(|_| Ok(Some(Box::new(INPUT)))),
        };
        let input = Input {
            name: "a.ndjson".to_owned(),
            location: "a.ndjson".into(),
            version: Version::default(),
        };
        let files = ExportRead { inputs: vec![InputRead::unread(input)], ..ExportRead::default() };
        Recorder::open(settings, folder, files).unwrap()
    }

    /// The order in one row of the input.
    fn record(row: u64) -> OrderRecord {
        let bytes = row * ROW_BYTES..(row + 1) * ROW_BYTES - 1;
        OrderRecord {
            id: OrderId(row),
            reference: format!("A-{row}"),
            ordered_at: None,
            source: Position { file: FileId(0), line: row + 1, column: None },
            money: None,
            item_count: 1,
            side_rows: Vec::new(),
            rows: vec![RowOrigin { file: FileId(0), line: row + 1, column: 1, bytes }],
            problems: Vec::new().into(),
        }
    }

    /// The partial report of that order.
    fn partial(row: u64, outcome: Outcome, names: &InputNames) -> PartialReport {
        let (record, mut partial) = (record(row), PartialReport::default());
        partial.counters.add(&record);
        partial.record(&record, &OrderResult::without_request(outcome, None), names);
        partial
    }

    fn run_folder() -> (tempfile::TempDir, RunFolder) {
        let temporary = tempfile::tempdir().unwrap();
        let folder = RunFolder::create(&temporary.path().join("run")).unwrap();
        (temporary, folder)
    }

    #[test]
    fn restarted_recorder_sorts_results() {
        let (_temporary, folder) = run_folder();
        let mut recorder = recorder(&folder);
        let names = recorder.files().names();
        recorder.merge(partial(2, Outcome::Invalid, &names)).unwrap();
        recorder.restart().unwrap();
        for row in [1, 2, 0] {
            recorder.merge(partial(row, Outcome::Valid, &names)).unwrap();
        }
        recorder.sort_results().unwrap();
        let summary = recorder.finish(0, None, DateTime::UNIX_EPOCH).unwrap();
        assert_eq!((summary.orders.read, summary.orders[Outcome::Valid]), (3, 3));
        let results = fs::read_to_string(folder.file(results::FILE)).unwrap();
        let references: Vec<_> =
            results.lines().map(|line| line.split('"').nth(3).unwrap()).collect();
        assert_eq!(references, ["A-0", "A-1", "A-2"]);
    }

    #[test]
    fn order_invalid_by_history_counts_no_guest() {
        let (_temporary, folder) = run_folder();
        let mut recorder = recorder(&folder);
        let names = recorder.files().names();
        for (row, outcome) in [(0, Outcome::Valid), (1, Outcome::Invalid)] {
            let mut partial = partial(row, outcome, &names);
            let order = CountedOrder { guest: row, route: Route::Single, n_requests: 1 };
            partial.count_valid(&record(row), order, Some(outcome), 2);
            recorder.merge(partial).unwrap();
        }
        recorder.count_guests().unwrap();
        assert_eq!((recorder.n_guests(), recorder.counters.n_items), (1, 1));
    }

    #[test]
    fn run_takes_no_less_than_the_service_is_down() {
        let (_temporary, folder) = run_folder();
        let mut recorder = recorder(&folder);
        recorder.service_down = Duration::from_millis(1_900);
        // The second one has a clock that was set back.
        for (finished_ms, seconds) in [(1_950, 1.95), (-60_000, 1.0)] {
            let finished_at = DateTime::from_timestamp_millis(finished_ms).unwrap();
            let summary = recorder.summary(4, None, finished_at);
            assert_eq!((summary.seconds_down, summary.duration().as_secs_f64()), (1, seconds));
        }
    }

    /// Orders that may be in were once missing behind many invalid ones.
    #[test]
    fn page_lists_the_worst_outcomes_first() {
        let (_temporary, folder) = run_folder();
        let mut recorder = recorder(&folder);
        let names = recorder.files().names();
        let n_rows = MAX_ATTENTION as u64 + 50;
        for row in (0..n_rows).rev() {
            let outcome = match row {
                240 => Outcome::Unknown,
                230 | 245 => Outcome::Changed,
                _ => Outcome::Invalid,
            };
            recorder.merge(partial(row, outcome, &names)).unwrap();
        }
        let listed: Vec<_> =
            recorder.attention.iter().map(|(_, order)| order.reference.clone()).collect();
        assert_eq!(listed[..5], ["A-240", "A-230", "A-245", "A-0", "A-1"]);
        assert_eq!((listed.len(), listed.last().unwrap().as_str()), (MAX_ATTENTION, "A-196"));
    }

    #[test]
    fn rejects_are_complete_after_each_write() {
        let (_temporary, folder) = run_folder();
        let mut recorder = recorder(&folder);
        let names = recorder.files().names();
        let rejected = || fs::read_to_string(folder.file("rejects/a.ndjson")).unwrap();
        recorder.merge(partial(2, Outcome::Invalid, &names)).unwrap();
        recorder.write_rejects().unwrap();
        assert_eq!(rejected(), "{\"a\":2}\n");
        recorder.merge(partial(1, Outcome::Valid, &names)).unwrap();
        recorder.merge(partial(0, Outcome::Refused, &names)).unwrap();
        let summary = recorder.finish(1, None, DateTime::UNIX_EPOCH).unwrap();
        assert_eq!(rejected(), "{\"a\":0}\n{\"a\":2}\n");
        assert_eq!((summary.exit_code, summary.orders.with_result()), (1, 3));
    }
}
