//! The account of a run: every order once, its outcome once, and the files that say so.

use std::{collections::BTreeMap, fs::File};

use chrono::Utc;

use super::{
    Finished, Job, Refusal, RunError,
    read_in::{Files, ReadInput},
};
use crate::{
    model::{
        order::{OrderId, OrderRecord},
        outcome::{Outcome, Settled},
        problem::Problem,
    },
    read::unpack,
    report::{
        ReportError,
        folder::RunFolder,
        page::{self, Example, Listed},
        rejects::{LineBreak, Reject, RejectInput, write_rejects},
        results::{self, ResultsWriter},
        summary::{self, Facts, Input, RequestCounts, Summary},
        tally::Tally,
    },
};

/// Orders that the page lists; all stand in `results.ndjson`.
const MOST_LISTED: usize = 200;

/// Everything that the report will say. Of orders it keeps what the page lists and what goes to `rejects/`.
pub(super) struct Account {
    files: Files,
    names: Vec<String>,
    /// By the orders' ids.
    is_settled: Vec<bool>,
    rejects: Vec<(OrderRecord, Settled)>,
    listed: Vec<Listed>,
    results: ResultsWriter<File>,
    tally: Tally,
    skipped: BTreeMap<String, u64>,
    pub(super) n_items: u64,
    pub(super) n_guests: u64,
    pub(super) requests: RequestCounts,
    n_repeated: u64,
    has_new_rejects: bool,
}

impl Account {
    /// An empty account whose files are open.
    pub(super) fn open(job: &Job<'_>, folder: &RunFolder, files: Files) -> Result<Self, RunError> {
        let names: Vec<String> = if files.inputs.is_empty() {
            job.inputs.clone()
        } else {
            files.inputs.iter().map(|read| read.input.name.clone()).collect()
        };
        let results = ResultsWriter::new(folder.create_file(results::FILE)?, folder.file(results::FILE), names.clone());
        Ok(Self {
            files,
            names,
            is_settled: Vec::new(),
            rejects: Vec::new(),
            listed: Vec::new(),
            results,
            tally: Tally::new(),
            skipped: BTreeMap::new(),
            n_items: 0,
            n_guests: 0,
            requests: RequestCounts::default(),
            n_repeated: 0,
            has_new_rejects: true,
        })
    }

    /// Puts problems of no order on the account.
    pub(super) fn note_all(&mut self, notes: &[Problem]) {
        for note in notes {
            self.tally.note(note.code, 1);
            self.tally.keep_example(note);
        }
    }

    /// Puts an order on the account.
    pub(super) fn add(&mut self, record: &OrderRecord) {
        self.tally.read(record);
        self.tally.problems(&record.problems);
    }

    /// Says what became of an order, once.
    pub(super) fn settle(&mut self, record: OrderRecord, settled: Settled) -> Result<(), ReportError> {
        if !self.is_first_word_on(record.id) {
            debug_assert!(false, "{:?} is settled twice", record.id);
            return Ok(());
        }
        self.tally.settle(record.money.as_ref(), settled.outcome);
        self.n_repeated += u64::from(settled.repeated_after.is_some());
        if let (Outcome::Skipped, Some(reason)) = (settled.outcome, &settled.reason) {
            *self.skipped.entry(reason.clone()).or_default() += 1;
        }
        if Listed::is_for(settled.outcome) && self.listed.len() < MOST_LISTED {
            self.listed.push(Listed::of(&record, &settled, &self.names));
        }
        let written = self.results.write(&record, &settled);
        if settled.outcome.is_reject() {
            self.has_new_rejects = true;
            self.rejects.push((record, settled));
        }
        written
    }

    fn is_first_word_on(&mut self, id: OrderId) -> bool {
        let index = id.0 as usize;
        if self.is_settled.len() <= index {
            self.is_settled.resize(index + 1, false);
        }
        !std::mem::replace(&mut self.is_settled[index], true)
    }

    /// Counts the orders of a plan that could not be read to its end as not attempted. How many there are.
    pub(super) fn settle_lost(&mut self) -> u64 {
        let n_lost = self.tally.unsettled();
        self.tally.settle_rest(Outcome::NotAttempted);
        n_lost
    }

    /// The files that were read, and where they lie.
    pub(super) fn files(&self) -> &Files {
        &self.files
    }

    /// Makes sure that what is said of orders so far survives a crash of this process.
    pub(super) fn flush(&mut self) -> Result<(), ReportError> {
        self.results.flush()
    }

    /// How many orders have this outcome.
    pub(super) fn n_settled(&self, outcome: Outcome) -> u64 {
        *self.tally.orders().of(outcome)
    }

    /// How many orders no rule left out.
    pub(super) fn n_not_skipped(&self) -> u64 {
        self.tally.orders().read - self.n_settled(Outcome::Skipped)
    }

    /// Writes the rows of all orders that are to be mended, if there are any that were not there the last time.
    pub(super) fn write_rejects(&mut self, folder: &RunFolder) -> Result<(), ReportError> {
        if !std::mem::take(&mut self.has_new_rejects) {
            return Ok(());
        }
        let input = |read: &ReadInput| RejectInput {
            name: read.input.name.clone(),
            header: read.end.header.clone(),
            line_break: if read.end.has_crlf { LineBreak::CrLf } else { LineBreak::Lf },
            is_gone: self.files.are_of_another_run && !read.input.is_unchanged(),
        };
        let inputs: Vec<_> = self.files.inputs.iter().map(input).collect();
        let rejects: Vec<_> = self.rejects.iter().map(|(record, settled)| Reject { record, settled }).collect();
        write_rejects(folder, &inputs, &rejects, |file| {
            let path = &self.files.inputs[file.0 as usize].input.path;
            Ok(Box::new(unpack::open(path)?))
        })
    }

    /// Ends a run that sent nothing, for a reason that the report names.
    pub(super) fn refuse(self, job: &Job<'_>, folder: &RunFolder, refusal: &Refusal) -> Result<Finished, RunError> {
        self.close(job, folder, Some(refusal.to_string()), |_, _| refusal.exit_code())
    }

    /// Ends a run that did what it could.
    pub(super) fn finish(
        self,
        job: &Job<'_>,
        folder: &RunFolder,
        stopped: Option<String>,
    ) -> Result<Finished, RunError> {
        self.close(job, folder, stopped, exit_code)
    }

    fn close(
        mut self,
        job: &Job<'_>,
        folder: &RunFolder,
        error: Option<String>,
        exit_code: impl Fn(&Tally, bool) -> u8,
    ) -> Result<Finished, RunError> {
        self.results.flush()?;
        self.write_rejects(folder)?;
        let facts = Facts {
            run_id: job.run_id.clone(),
            command: if job.sending.is_some() { "send" } else { "check" }.to_owned(),
            started_at: job.started_at,
            finished_at: Utc::now(),
            exit_code: exit_code(&self.tally, error.is_some()),
            inputs: self.inputs(),
            rows: self.files.n_rows,
            rows_unreadable: self.files.n_unreadable,
            items: self.n_items,
            guests: self.n_guests,
            requests: self.requests,
            repeated_after: self.n_repeated,
            skipped: self.skipped.clone().into_iter().collect(),
            stopped: error.clone(),
        };
        let summary = Summary::new(facts, &self.tally);
        let json = serde_json::to_string_pretty(&summary).expect("a summary is plain data");
        folder.write_file(page::FILE, &self.page(&summary)?)?;
        folder.write_file(summary::FILE, &format!("{json}\n"))?;
        self.forget_copies();
        Ok(Finished { summary, error })
    }

    fn inputs(&self) -> Vec<Input> {
        let input =
            |read: &ReadInput| Input { file: read.input.name.clone(), bytes: read.input.bytes, rows: read.n_rows };
        self.files.inputs.iter().map(input).collect()
    }

    fn page(&self, summary: &Summary) -> Result<String, ReportError> {
        page::page(summary, &Example::of_tally(&self.tally, &self.names), &self.listed)
    }

    /// Copies of what could be read only once hold customers' data and have served, unless a run may go on with the plan.
    fn forget_copies(&self) {
        if self.n_settled(Outcome::NotAttempted) > 0 {
            return;
        }
        for copy in &self.files.copies {
            // What cannot be removed lies in a folder that nobody else may enter.
            drop(std::fs::remove_file(copy));
        }
    }
}

/// The exit code of a run that was not refused: the first of 3, 4, 1 that applies, or 0.
fn exit_code(tally: &Tally, is_stopped: bool) -> u8 {
    let has = |outcomes: &[Outcome]| outcomes.iter().any(|outcome| *tally.orders().of(*outcome) > 0);
    if has(&[Outcome::Unknown]) {
        3
    } else if is_stopped || has(&[Outcome::NotAttempted]) {
        4
    } else {
        u8::from(has(&[Outcome::Invalid, Outcome::Refused, Outcome::Failed, Outcome::Changed]))
    }
}
