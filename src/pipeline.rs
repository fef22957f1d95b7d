//! The one place where the stages meet: what a run does, from the named inputs to its report.
//!
//! Everything is checked before anything is sent. Called by `cli`; knows every stage, and no stage knows it.

mod account;
mod age;
mod alike;
mod desk;
mod error;
mod intake;
mod known;
mod memory;
mod reading;
mod resume;
mod saved;
mod send;
mod sheet;

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::{
    dispatch, group,
    ledger::{Consent, Ledger, LedgerError, LedgerPlace, SqliteLedger, TargetHash, Write},
    map::profile::Profile,
    model::{outcome::Settled, recipe::Mode},
    plan::PlanError,
    read::Bounds,
    report::{ReportError, folder::RunFolder, summary::Summary},
    sandbox::Sandbox,
    validate,
};
use account::Account;
use age::Age;
pub use age::OldOrders;
use error::Refusal;
pub use error::RunError;
use intake::{Intake, ToSend};
use reading::files::Files;
use saved::{About, Saved};

/// What the state of an embedded sandbox is called in the run folder.
const SANDBOX_FILE: &str = "sandbox.json";

/// Everything that a run needs to know.
pub struct Job<'a> {
    /// The run's name.
    pub run_id: String,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// Files, folders, globs, `-`.
    pub inputs: Vec<String>,
    /// How to read them.
    pub profile: Profile,
    /// Whether rows that cannot be read, and whose order is not known, are only counted.
    pub accepts_unreadable: bool,
    /// What hostile input may not exceed.
    pub bounds: Bounds,
    /// What grows with the export may hold so many bytes in memory; the rest of it goes to the run folder.
    pub memory: u64,
    /// Where the report goes.
    pub folder: PathBuf,
    /// How orders are checked, and for which target.
    pub validate: validate::Settings,
    /// How many invalid orders are borne.
    pub max_invalid: MaxInvalid,
    /// How often a changed order sets the exit code.
    pub changed_exit: ChangedExit,
    /// What was sent before.
    pub ledger: LedgerPlace,
    /// Whether it is known which target to ask the ledger about; a check may name none.
    pub has_target: bool,
    /// What is done with valid orders.
    pub sending: Option<Sending<'a>>,
}

/// How valid orders are sent.
pub struct Sending<'a> {
    /// The run folder with the plan to go on with, in place of the inputs.
    pub resumes: Option<PathBuf>,
    /// From which ledgers it may start.
    pub consent: Consent,
    /// How patiently.
    pub dispatch: dispatch::Settings,
    /// Where it runs.
    pub runtime: &'a tokio::runtime::Runtime,
    /// From which age on orders need a go-ahead, which is not given; none if it is.
    pub old_orders: Option<OldOrders>,
    /// At most so many orders are settled by sending.
    pub limit: Option<usize>,
    /// Whether orders that an earlier run left unknown are sent again.
    pub resends_unknown: bool,
    /// Set by whoever wants the run to stop early.
    pub asked_to_stop: dispatch::StopRequest,
    /// The target, where it is inside this process.
    pub sandbox: Option<&'a Sandbox>,
}

impl Job<'_> {
    /// Why the run is to stop, if someone wants it to.
    fn asked_to_stop(&self) -> Option<String> {
        self.sending.as_ref()?.asked_to_stop.borrow().clone()
    }

    /// How rows are brought together.
    fn grouping(&self) -> group::Settings {
        group::Settings {
            joins_files: self.profile.joins_files,
            has_adjacent_rows: self.profile.has_adjacent_rows,
            accepts_unreadable: self.accepts_unreadable,
        }
    }

    /// Whether a check finds that each valid order would be sent, and as a single event: then the guests to identify are
    /// all guests, and need not be counted a second time.
    fn would_send_all_as_single(&self) -> bool {
        !self.has_target && self.validate.mode == Mode::Single
    }

    /// The ledger to write, held for this run.
    fn ledger_to_write(&self, send_spec: &Sending<'_>, emit: Tell<'_>) -> Result<SqliteLedger, LedgerError> {
        let ledger = SqliteLedger::open(&self.ledger, &self.validate.target, &self.run_id, send_spec.consent)?;
        ledger.notes().iter().for_each(|note| emit(Progress::Warning(note)));
        Ok(ledger)
    }

    /// The ledger to look at only, if there is one: it is not held.
    fn ledger_to_read(&self) -> Result<Option<SqliteLedger>, LedgerError> {
        SqliteLedger::open_existing(&self.ledger, &self.validate.target, &self.run_id)
    }
}

/// How often an order that has changed since it was accepted sets the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangedExit {
    /// Until a run has reported the change.
    #[default]
    First,
    /// Until a person acknowledges it.
    Always,
}

/// More invalid orders than this, of those not skipped, and nothing is sent; nor where more are too old to be sent without
/// a go-ahead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MaxInvalid {
    /// Ten percent, but at least five orders: of five orders one that is invalid stops nothing.
    #[default]
    Usual,
    /// A number of orders.
    Orders(u64),
    /// A part of the orders, in percent.
    Percent(Decimal),
}

/// What [`MaxInvalid::Usual`] allows.
const USUAL_PERCENT: Decimal = Decimal::TEN;
const USUAL_ORDERS: u64 = 5;

impl MaxInvalid {
    fn is_exceeded(self, n_invalid: u64, n_orders: u64) -> bool {
        match self {
            Self::Usual => {
                let (percent, orders) = (Self::Percent(USUAL_PERCENT), Self::Orders(USUAL_ORDERS));
                percent.is_exceeded(n_invalid, n_orders) && orders.is_exceeded(n_invalid, n_orders)
            }
            Self::Orders(max) => n_invalid > max,
            Self::Percent(max) => Decimal::from(n_invalid) * Decimal::ONE_HUNDRED > max * Decimal::from(n_orders),
        }
    }
}

/// What happens, as it happens.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// So many rows more were read.
    Rows(u64),
    /// The export is read once more, with what was learned of it.
    Again,
    /// The rows of orders are scattered: they are brought together on disk.
    Scattered {
        /// So many orders, about; none where all that is known is that they are many.
        n_orders: Option<u64>,
        /// It takes so many bytes of disk at the most.
        n_bytes: u64,
        /// So many are free.
        n_free: u64,
    },
    /// So many requests are to be sent, if all goes well.
    Sending(u64),
    /// A request goes on the wire; not one of the expected if it is a retry.
    Sent {
        /// The same step went before.
        is_retry: bool,
    },
    /// Someone should know.
    Warning(&'a str),
}

/// Hears of progress, from any thread.
pub type Tell<'a> = &'a (dyn Fn(Progress<'_>) + Sync);

impl std::fmt::Display for MaxInvalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Usual => write!(f, "{USUAL_PERCENT}%, but at least {USUAL_ORDERS}"),
            Self::Orders(max) => write!(f, "{max}"),
            Self::Percent(max) => write!(f, "{max}%"),
        }
    }
}

/// A finished run.
#[derive(Debug)]
pub struct Finished {
    /// Its summary, with the exit code.
    pub summary: Summary,
    /// Why nothing was sent or the run ended early, in words for a person.
    pub error: Option<String>,
}

/// Runs a job.
pub fn run(spec: &Job<'_>, emit: Tell<'_>) -> Result<Finished, RunError> {
    let resumed = spec.sending.as_ref().and_then(|send_spec| Some((send_spec.resumes.as_ref()?, send_spec)));
    // What is not there should leave no folder behind.
    let resumed = match resumed {
        Some((run, send_spec)) => Some((saved::open_verified(run)?, send_spec)),
        None => None,
    };
    let folder = RunFolder::create(&spec.folder)?;
    let finished = match resumed {
        Some((plan, send_spec)) => resume::resume(plan, &folder, spec, send_spec, emit)?,
        None => run_in(&folder, spec, emit)?,
    };
    if let Some(sandbox) = spec.sending.as_ref().and_then(|send_spec| send_spec.sandbox) {
        let state = serde_json::to_string_pretty(&sandbox.state()).expect("a state is plain data");
        let written = folder.write_file(SANDBOX_FILE, &state).map_err(RunError::from);
        written.map_err(RunError::after_sending)?;
    }
    Ok(finished)
}

fn run_in(folder: &RunFolder, job: &Job<'_>, tell: Tell<'_>) -> Result<Finished, RunError> {
    let files = match Files::find(job, folder) {
        Ok(files) => files,
        Err(error) => return Account::open(job, folder, Files::default())?.refuse(job, folder, &error.into()),
    };
    let ledger = match open_ledger(job, tell) {
        Ok(ledger) => ledger,
        // Nothing that the export may hold would help.
        Err(error) => return Account::open(job, folder, files)?.refuse(job, folder, &error.into()),
    };
    let mut intake = Intake::open(job, folder, files.clone())?;
    let export = reading::read(files, ledger, job, folder, &mut intake, tell);
    let (mut recorder, mut candidates) = intake.close(export.files, export.notes)?;
    if let Err(refusal) = export.done {
        return recorder.refuse(job, folder, &refusal);
    }
    write_rejects(&mut recorder, folder, tell)?;
    let mut ledger = export.ledger;
    let noted = match (&mut ledger, &job.sending) {
        (Some(ledger), Some(_)) => candidates.note_changed(ledger).map_err(Refusal::from),
        _ => Ok(()),
    };
    if let Err(refusal) = noted.and_then(|()| may_send(&candidates, job, &recorder)) {
        settle_unsent(candidates, &refusal, &mut recorder)?;
        return recorder.refuse(job, folder, &refusal);
    }
    let (Some(send_spec), Some(ledger)) = (&job.sending, ledger) else {
        return recorder.finish(job, folder, None);
    };
    let plan = write_plan(candidates, ledger.id()?, job, folder, &mut recorder)?;
    tell(Progress::Sending(plan.about.n_requests));
    let guests = saved::in_parts(plan.guests, &plan.folder).map(|guest| guest.each(|part| Ok(part.without_held())));
    let guests = |_| guests;
    let sent = send::send(guests, ledger, job, send_spec, &mut recorder, Account::settle, tell)?;
    let finished = report_sent(recorder, job, folder, sent.stopped, tell).map_err(RunError::after_sending)?;
    mark_reported(sent.ledger, &finished, tell);
    Ok(finished)
}

/// Marks the changes of a finished report in the ledger, so that the next report of them does not set the exit code. A run
/// that was stopped early is run again, and reports them again.
fn mark_reported(ledger: Option<SqliteLedger>, finished: &Finished, emit: Tell<'_>) {
    let Finished { summary, .. } = finished;
    let Some(mut ledger) = ledger.filter(|_| summary.orders.changed > 0 && matches!(summary.exit_code, 0 | 1 | 3))
    else {
        return;
    };
    if let Err(error) = ledger.write(&[Write::MarkReported]) {
        emit(Progress::Warning(&format!("{error}\n  the next run reports the changed orders as new ones")));
    }
}

/// Writes `rejects/`, and warns of files whose rows it cannot copy any more.
fn write_rejects(recorder: &mut Account, folder: &RunFolder, emit: Tell<'_>) -> Result<(), ReportError> {
    for name in recorder.write_rejects(folder)? {
        emit(Progress::Warning(&format!(
            "{name} was moved, replaced or changed since it was read; rejects/ holds the reasons of its orders, not their rows"
        )));
    }
    Ok(())
}

/// Reports what was sent. Rejects that cannot be written are no reason to say less.
fn report_sent(
    mut account: Account,
    job: &Job<'_>,
    folder: &RunFolder,
    stopped: Option<String>,
    tell: Tell<'_>,
) -> Result<Finished, RunError> {
    let rejects = write_rejects(&mut account, folder, tell).err().map(|error| error.to_string());
    let lost = match account.settle_lost() {
        0 => None,
        n_lost => Some(format!("{n_lost} orders of the plan were not attempted, and the results do not name them")),
    };
    let stopped = stopped.or(rejects).or(lost);
    account.finish(job, folder, stopped)
}

/// The ledger that a run will write, held for it, or why it cannot be; or the one that a check only looks at, if there is
/// one.
fn open_ledger(spec: &Job<'_>, emit: Tell<'_>) -> Result<Option<SqliteLedger>, LedgerError> {
    match &spec.sending {
        Some(send_spec) => spec.ledger_to_write(send_spec, emit).map(Some),
        None if spec.has_target => {
            let ledger = spec.ledger_to_read()?;
            ledger.iter().flat_map(SqliteLedger::notes).for_each(|note| emit(Progress::Warning(note)));
            Ok(ledger)
        }
        None => Ok(None),
    }
}

/// Settles every order that was to be sent as not attempted, or still unknown.
fn settle_unsent(to_send: ToSend, refusal: &Refusal, account: &mut Account) -> Result<(), RunError> {
    let reason = refusal.in_one_line();
    let mut done = Ok(());
    to_send.planner.for_each(|order| {
        let unsent = Settled::not_attempted(order.may_be_there, Some(reason.clone()));
        let settled = order.held.unwrap_or(unsent);
        done = std::mem::replace(&mut done, Ok(())).and_then(|()| account.settle(&order.record, &settled));
    })?;
    Ok(done?)
}

/// Writes the plan, and opens it again for sending: a service that is slow holds no export in memory.
fn write_plan(
    mut candidates: ToSend,
    ledger: String,
    spec: &Job<'_>,
    folder: &RunFolder,
    recorder: &mut Account,
) -> Result<Saved, RunError> {
    let unplanned = candidates.left_out.take().expect("a run that sends writes down what it leaves out");
    let plan = candidates.planner.ordered().map_err(PlanError::from)?;
    let header = About {
        target: TargetHash::of(&spec.validate.target).in_full(),
        ledger,
        n_requests: plan.forecast.n_requests(),
        n_orders: recorder.n_not_skipped() - Age::of(spec).n_skipped(candidates.old),
        n_items: recorder.counts.n_items,
        n_guests: recorder.n_guests,
        files: recorder.files().at_absolute_paths(),
        notes: candidates.notes,
    };
    saved::write(folder, header, plan, unplanned)?;
    recorder.flush()?;
    saved::open(folder.path())
}

/// Whether the valid orders may be sent, or a check that found them is a good one.
fn may_send(to_send: &ToSend, job: &Job<'_>, account: &Account) -> Result<(), Refusal> {
    let n_invalid = account.n_invalid();
    let n_orders = account.n_not_skipped() - Age::of(job).n_skipped(to_send.old);
    if job.max_invalid.is_exceeded(n_invalid, n_orders) {
        return Err(Refusal::TooManyInvalid { n_invalid, n_orders, max_invalid: job.max_invalid });
    }
    Age::of(job).judge(to_send.old, n_orders, job.max_invalid)
}
