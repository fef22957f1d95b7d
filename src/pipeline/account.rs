//! The account of a run: every order once, its outcome once, and the files that say so.

use std::{collections::BTreeMap, fs::File, io::BufWriter};

use chrono::Utc;

use super::{
    Finished, Job, Refusal, RunError,
    read_in::{Files, ReadInput},
};
use crate::{
    model::{
        order::{OrderId, OrderRecord, Verdict},
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

/// Everything that the report will say.
pub(super) struct Account {
    files: Files,
    names: Vec<String>,
    records: Vec<OrderRecord>,
    settled: Vec<Option<Settled>>,
    results: ResultsWriter<BufWriter<File>>,
    tally: Tally,
    skipped: BTreeMap<String, u64>,
    n_items: u64,
    pub(super) n_guests: u64,
    pub(super) requests: RequestCounts,
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
        let results = ResultsWriter::new(BufWriter::new(folder.create_file(results::FILE)?), names.clone());
        Ok(Self {
            files,
            names,
            records: Vec::new(),
            settled: Vec::new(),
            results,
            tally: Tally::new(),
            skipped: BTreeMap::new(),
            n_items: 0,
            n_guests: 0,
            requests: RequestCounts::default(),
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

    /// Puts an order on the account. Orders come in the order of their ids.
    pub(super) fn add(&mut self, record: OrderRecord, verdict: &Verdict) -> OrderId {
        let id = record.id;
        assert_eq!(id.0 as usize, self.records.len(), "orders come in the order of their ids");
        self.tally.read(&record);
        self.tally.problems(&record.problems);
        match verdict {
            Verdict::Valid(_) => self.n_items += record.n_items as u64,
            Verdict::Skipped(reason) => *self.skipped.entry(reason.to_string()).or_default() += 1,
            Verdict::Invalid => {}
        }
        self.records.push(record);
        self.settled.push(None);
        id
    }

    /// Says what became of an order, once.
    pub(super) fn settle(&mut self, id: OrderId, settled: Settled) -> Result<(), ReportError> {
        let index = id.0 as usize;
        let (Some(record), Some(None)) = (self.records.get(index), self.settled.get(index)) else {
            debug_assert!(false, "order {index} is settled twice");
            return Ok(());
        };
        self.tally.settle(record.money.as_ref(), settled.outcome);
        self.has_new_rejects |= settled.outcome.is_reject();
        let settled = self.settled[index].insert(settled);
        self.results.write(record, settled)
    }

    /// Settles every order that is not settled yet.
    pub(super) fn settle_rest(&mut self, outcome: Outcome, reason: &str) -> Result<(), ReportError> {
        let open: Vec<u32> =
            (0..).zip(&self.settled).filter(|(_, settled)| settled.is_none()).map(|(id, _)| id).collect();
        for id in open {
            self.settle(OrderId(id), Settled::unsent(outcome, Some(reason.to_owned())))?;
        }
        Ok(())
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
        };
        let reject = |(record, settled)| {
            let settled = Option::as_ref(settled).filter(|settled: &&Settled| settled.outcome.is_reject())?;
            Some(Reject { record, settled })
        };
        let inputs: Vec<_> = self.files.inputs.iter().map(input).collect();
        let rejects: Vec<_> = self.records.iter().zip(&self.settled).filter_map(reject).collect();
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
        let pairs = self.records.iter().zip(&self.settled);
        let listed: Vec<_> = pairs
            .filter_map(|(record, settled)| Some((record, settled.as_ref()?)))
            .filter(|(_, settled)| Listed::is_for(settled.outcome))
            .take(MOST_LISTED)
            .map(|(record, settled)| Listed::of(record, settled, &self.names))
            .collect();
        page::page(summary, &Example::of_tally(&self.tally, &self.names), &listed)
    }

    /// Copies of what could be read only once hold customers' data and have served.
    fn forget_copies(&self) {
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
