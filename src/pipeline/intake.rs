//! Takes what is decided about orders while the export is read: onto the account, into the plan, into the files of the run
//! folder. All of it can be taken back until the export is read.

use std::io;

use super::{
    Account, Job, PlanError, Refusal, RunError,
    age::Old,
    alike::{Alike, Repeated},
    memory::Memory,
    reading::{self, files::Files},
    saved::LeftOut,
    sheet::Sheet,
};
use crate::{
    ledger::{ChangedOrder, Ledger, Write},
    model::problem::Problem,
    plan::{Contents, Planner},
    report::folder::RunFolder,
    spill::{seen::Seen, sorter::Sorter},
};

/// Orders that changed and are told to the ledger at once.
const MOST_TOLD: usize = 1000;

/// Takes what is decided.
pub(super) struct Intake<'i> {
    job: &'i Job<'i>,
    folder: &'i RunFolder,
    pub(super) account: Account,
    pub(super) to_send: ToSend,
    guests: Seen,
    alike: Alike,
    /// Guests who have an order to send as a single event.
    to_identify: Seen,
    left_out: Option<LeftOut>,
}

/// The orders to send.
pub(super) struct ToSend {
    pub(super) planner: Planner,
    /// Those that need a go-ahead.
    pub(super) old: Old,
    /// Those that changed since they were accepted.
    changed: Option<Sorter>,
    /// What the file of orders that are in no plan holds, once all are known.
    pub(super) left_out: Option<Contents>,
    /// Problems that the results of no order name.
    pub(super) notes: Vec<Problem>,
}

impl ToSend {
    fn new(folder: &RunFolder, memory: Memory) -> Self {
        Self {
            planner: Planner::new(folder.path(), memory.plan),
            old: Old::default(),
            changed: Some(Sorter::new(folder.path(), ".changed", memory.rejects)),
            left_out: None,
            notes: Vec::new(),
        }
    }

    fn add_changed(&self, orders: &[ChangedOrder]) -> io::Result<()> {
        let Some(changed) = &self.changed else { return Ok(()) };
        orders.iter().try_for_each(|order| changed.push(0, &serde_json::to_vec(order)?))
    }

    /// Tells the ledger which orders changed.
    pub(super) fn note_changed(&mut self, ledger: &mut dyn Ledger) -> Result<(), RunError> {
        let Some(changed) = self.changed.take() else { return Ok(()) };
        let mut sorted = changed.sorted().map_err(PlanError::from)?;
        let mut notes = Vec::new();
        loop {
            let next = sorted.next().map_err(PlanError::from)?;
            let order = next.map(|(_, bytes)| serde_json::from_slice(bytes)).transpose().map_err(io::Error::from);
            let order: Option<Box<ChangedOrder>> = order.map_err(PlanError::from)?;
            let is_last = order.is_none();
            notes.extend(order.map(Write::NoteChange));
            if notes.len() >= MOST_TOLD || (is_last && !notes.is_empty()) {
                ledger.write(&notes)?;
                notes.clear();
            }
            if is_last {
                return Ok(());
            }
        }
    }
}

impl<'i> Intake<'i> {
    /// Nothing is taken yet.
    pub(super) fn open(spec: &'i Job<'i>, folder: &'i RunFolder, files: Files) -> Result<Self, RunError> {
        let memory = Memory::of(spec.memory);
        Ok(Self {
            job: spec,
            folder,
            account: Account::open(spec, folder, files)?,
            to_send: ToSend::new(folder, memory),
            guests: Seen::new(folder.path(), ".guests", memory.guests / 2),
            alike: Alike::new(folder, memory),
            to_identify: Seen::new(folder.path(), ".to_identify", memory.guests / 2),
            left_out: left_out(spec, folder)?,
        })
    }

    /// All is taken.
    pub(super) fn close(mut self, mut files: Files, mut notes: Vec<Problem>) -> Result<(Account, ToSend), RunError> {
        let Repeated { told: listed, n_untold: n_omitted } =
            self.alike.repeated(&files.names()).map_err(PlanError::from)?;
        notes.extend(listed);
        files.n_repeated_untold = n_omitted;
        self.account.note(files, &notes);
        self.to_send.notes = notes;
        self.account.sort_results(self.folder)?;
        self.account.n_guests = self.guests.finish(|_| ()).map_err(PlanError::from)?;
        let n_to_identify = self.to_identify.finish(|_| ()).map_err(PlanError::from)?;
        let n_to_identify = if self.job.would_send_all_as_single() { self.account.n_guests } else { n_to_identify };
        self.account.counts.forecast.add_guests(n_to_identify);
        self.to_send.left_out = self.left_out.map(LeftOut::finish).transpose()?;
        Ok((self.account, self.to_send))
    }
}

fn left_out(job: &Job<'_>, folder: &RunFolder) -> Result<Option<LeftOut>, RunError> {
    Ok(job.sending.is_some().then(|| LeftOut::create(folder)).transpose()?)
}

impl reading::Intake for Intake<'_> {
    fn adopt(&mut self, mut partial: Sheet) -> Result<(), Refusal> {
        self.account.adopt(&mut partial)?;
        self.to_send.old.append(partial.old);
        self.to_send.planner.push(&mut partial.plannable)?;
        self.to_send.add_changed(&partial.changed)?;
        if let Some(unplanned) = &mut self.left_out {
            unplanned.add(&partial.left_out)?;
        }
        self.alike.push_all(&mut partial.alike)?;
        for guest in partial.guests {
            self.guests.insert(guest)?;
        }
        for guest in partial.to_identify {
            self.to_identify.insert(guest)?;
        }
        Ok(())
    }

    fn start_over(&mut self) -> Result<(), Refusal> {
        let memory = Memory::of(self.job.memory);
        self.account.start_over(self.folder)?;
        self.to_send = ToSend::new(self.folder, memory);
        self.guests = Seen::new(self.folder.path(), ".guests", memory.guests / 2);
        self.alike = Alike::new(self.folder, memory);
        self.to_identify = Seen::new(self.folder.path(), ".to_identify", memory.guests / 2);
        self.left_out = left_out(self.job, self.folder)?;
        Ok(())
    }
}
