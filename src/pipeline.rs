//! The one place where the stages meet: what a run does, from the named inputs to its report.
//!
//! Everything is checked before anything is sent. Called by `cli`; knows every stage, and no stage knows it.

mod error;
mod guards;
mod history;
mod memory;
mod partial;
mod recorder;
mod repeated_content;
mod resume;
mod saved_plan;
mod send;
mod shuffle;
mod sink;
mod triage;

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::{
    dispatch, group,
    ledger::{Consent, Ledger, LedgerError, LedgerLocation, LedgerWrite, SqliteLedger, TargetHash},
    map::profile::Profile,
    model::{outcome::OrderResult, route::Mode},
    plan::PlanError,
    read::ReadLimits,
    report::{ReportError, folder::RunFolder, summary::Summary},
    sandbox::Sandbox,
    validate,
};
use error::Refusal;
pub use error::RunError;
pub use guards::AgeLimit;
use guards::BackfillGuard;
use recorder::Recorder;
use saved_plan::{PlanHeader, SavedPlan};
use shuffle::files::ExportRead;
use sink::{ExportSink, SendCandidates};

/// What the state of an embedded sandbox is called in the run folder.
const SANDBOX_FILE: &str = "sandbox.json";

/// Everything that a run needs to know.
pub struct RunSpec<'a> {
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
    pub limits: ReadLimits,
    /// What grows with the export may hold so many bytes in memory; the rest of it goes to the run folder.
    pub memory: u64,
    /// Where the report goes.
    pub folder: PathBuf,
    /// How orders are checked, and for which target.
    pub validate: validate::ValidateSettings,
    /// How many invalid orders are borne.
    pub max_invalid: MaxInvalid,
    /// How often a changed order sets the exit code.
    pub changed_exit: ChangedExit,
    /// What was sent before.
    pub ledger: LedgerLocation,
    /// Whether it is known which target to ask the ledger about; a check may name none.
    pub has_target: bool,
    /// What is done with valid orders.
    pub send: Option<SendSpec<'a>>,
}

/// How valid orders are sent.
pub struct SendSpec<'a> {
    /// The run folder with the plan to go on with, in place of the inputs.
    pub resume_from: Option<PathBuf>,
    /// From which ledgers it may start.
    pub consent: Consent,
    /// How patiently.
    pub dispatch: dispatch::DispatchSettings,
    /// Where it runs.
    pub runtime: &'a tokio::runtime::Runtime,
    /// From which age on orders need a go-ahead, which is not given; none if it is.
    pub age_limit: Option<AgeLimit>,
    /// At most so many orders are settled by sending.
    pub limit: Option<usize>,
    /// Whether orders that an earlier run left unknown are sent again.
    pub resends_unknown: bool,
    /// Set by whoever wants the run to stop early.
    pub shutdown_signal: dispatch::ShutdownSignal,
    /// The target, where it is inside this process.
    pub sandbox: Option<&'a Sandbox>,
}

impl RunSpec<'_> {
    /// Why the run is to stop, if someone wants it to.
    fn stop_reason(&self) -> Option<String> {
        self.send.as_ref()?.shutdown_signal.borrow().clone()
    }

    /// How rows are brought together.
    fn grouping(&self) -> group::GroupSettings {
        group::GroupSettings {
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
    fn ledger_to_write(&self, send_spec: &SendSpec<'_>, emit: ProgressFn<'_>) -> Result<SqliteLedger, LedgerError> {
        let ledger = SqliteLedger::open(&self.ledger, &self.validate.target, &self.run_id, send_spec.consent)?;
        ledger.warnings().iter().for_each(|note| emit(Progress::Warning(note)));
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
    Default,
    /// A number of orders.
    Orders(u64),
    /// A part of the orders, in percent.
    Percent(Decimal),
}

/// What [`MaxInvalid::Usual`] allows.
const DEFAULT_PERCENT: Decimal = Decimal::TEN;
const DEFAULT_ORDERS: u64 = 5;

impl MaxInvalid {
    fn is_exceeded(self, n_invalid: u64, n_orders: u64) -> bool {
        match self {
            Self::Default => {
                let (percent, orders) = (Self::Percent(DEFAULT_PERCENT), Self::Orders(DEFAULT_ORDERS));
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
    SecondPass,
    /// The rows of orders are scattered: they are brought together on disk.
    Scattered {
        /// So many orders, about; none where all that is known is that they are many.
        orders: Option<u64>,
        /// It takes so many bytes of disk at the most.
        disk_needed: u64,
        /// So many are free.
        disk_free: u64,
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
pub type ProgressFn<'a> = &'a (dyn Fn(Progress<'_>) + Sync);

impl std::fmt::Display for MaxInvalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => write!(f, "{DEFAULT_PERCENT}%, but at least {DEFAULT_ORDERS}"),
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
pub fn run(spec: &RunSpec<'_>, emit: ProgressFn<'_>) -> Result<Finished, RunError> {
    let resumed = spec.send.as_ref().and_then(|send_spec| Some((send_spec.resume_from.as_ref()?, send_spec)));
    // What is not there should leave no folder behind.
    let resumed = match resumed {
        Some((run, send_spec)) => Some((saved_plan::open_verified(run)?, send_spec)),
        None => None,
    };
    let folder = RunFolder::create(&spec.folder)?;
    let finished = match resumed {
        Some((plan, send_spec)) => resume::resume(plan, &folder, spec, send_spec, emit)?,
        None => run_export(&folder, spec, emit)?,
    };
    if let Some(sandbox) = spec.send.as_ref().and_then(|send_spec| send_spec.sandbox) {
        let state = serde_json::to_string_pretty(&sandbox.state()).expect("a state is plain data");
        let written = folder.write_file(SANDBOX_FILE, &state).map_err(RunError::from);
        written.map_err(RunError::after_sending)?;
    }
    Ok(finished)
}

fn run_export(folder: &RunFolder, spec: &RunSpec<'_>, emit: ProgressFn<'_>) -> Result<Finished, RunError> {
    let files = match ExportRead::find(spec, folder) {
        Ok(files) => files,
        Err(error) => {
            return Recorder::open(spec, folder, ExportRead::default())?.finish_refused(spec, folder, &error.into());
        }
    };
    let ledger = match open_ledger(spec, emit) {
        Ok(ledger) => ledger,
        // Nothing that the export may hold would help.
        Err(error) => return Recorder::open(spec, folder, files)?.finish_refused(spec, folder, &error.into()),
    };
    let mut sink = ExportSink::open(spec, folder, files.clone())?;
    let export = shuffle::run(files, ledger, spec, folder, &mut sink, emit);
    let (mut recorder, mut candidates) = sink.finish(export.files, export.file_problems)?;
    if let Err(refusal) = export.done {
        return recorder.finish_refused(spec, folder, &refusal);
    }
    write_rejects(&mut recorder, folder, emit)?;
    let mut ledger = export.ledger;
    let changes_recorded = match (&mut ledger, &spec.send) {
        (Some(ledger), Some(_)) => candidates.record_changed(ledger).map_err(Refusal::from),
        _ => Ok(()),
    };
    if let Err(refusal) = changes_recorded.and_then(|()| check_guards(&candidates, spec, &recorder)) {
        record_unsent(candidates, &refusal, &mut recorder)?;
        return recorder.finish_refused(spec, folder, &refusal);
    }
    let (Some(send_spec), Some(ledger)) = (&spec.send, ledger) else {
        return recorder.finish(spec, folder, None);
    };
    let plan = write_plan(candidates, ledger.id()?, spec, folder, &mut recorder)?;
    emit(Progress::Sending(plan.header.n_requests));
    let guests =
        saved_plan::in_parts(plan.guests, &plan.folder).map(|guest| guest.map_parts(|part| Ok(part.split_held())));
    let guests = |_| guests;
    let sent = send::send(guests, ledger, spec, send_spec, &mut recorder, Recorder::record, emit)?;
    let finished = finish_sent(recorder, spec, folder, sent.stopped, emit).map_err(RunError::after_sending)?;
    mark_reported(sent.ledger, &finished, emit);
    Ok(finished)
}

/// Marks the changes of a finished report in the ledger, so that the next report of them does not set the exit code. A run
/// that was stopped early is run again, and reports them again.
fn mark_reported(ledger: Option<SqliteLedger>, finished: &Finished, emit: ProgressFn<'_>) {
    let Finished { summary, .. } = finished;
    let Some(mut ledger) = ledger.filter(|_| summary.orders.changed > 0 && matches!(summary.exit_code, 0 | 1 | 3))
    else {
        return;
    };
    if let Err(error) = ledger.write(&[LedgerWrite::MarkReported]) {
        emit(Progress::Warning(&format!("{error}\n  the next run reports the changed orders as new ones")));
    }
}

/// Writes `rejects/`, and warns of files whose rows it cannot copy any more.
fn write_rejects(recorder: &mut Recorder, folder: &RunFolder, emit: ProgressFn<'_>) -> Result<(), ReportError> {
    for name in recorder.write_rejects(folder)? {
        emit(Progress::Warning(&format!(
            "{name} was moved, replaced or changed since it was read; rejects/ holds the reasons of its orders, not their rows"
        )));
    }
    Ok(())
}

/// Reports what was sent. Rejects that cannot be written are no reason to say less.
fn finish_sent(
    mut recorder: Recorder,
    spec: &RunSpec<'_>,
    folder: &RunFolder,
    stopped: Option<String>,
    emit: ProgressFn<'_>,
) -> Result<Finished, RunError> {
    let rejects = write_rejects(&mut recorder, folder, emit).err().map(|error| error.to_string());
    let lost = match recorder.record_lost() {
        0 => None,
        n_lost => Some(format!("{n_lost} orders of the plan were not attempted, and the results do not name them")),
    };
    let stopped = stopped.or(rejects).or(lost);
    recorder.finish(spec, folder, stopped)
}

/// The ledger that a run will write, held for it, or why it cannot be; or the one that a check only looks at, if there is
/// one.
fn open_ledger(spec: &RunSpec<'_>, emit: ProgressFn<'_>) -> Result<Option<SqliteLedger>, LedgerError> {
    match &spec.send {
        Some(send_spec) => spec.ledger_to_write(send_spec, emit).map(Some),
        None if spec.has_target => {
            let ledger = spec.ledger_to_read()?;
            ledger.iter().flat_map(SqliteLedger::warnings).for_each(|note| emit(Progress::Warning(note)));
            Ok(ledger)
        }
        None => Ok(None),
    }
}

/// Settles every order that was to be sent as not attempted, or still unknown.
fn record_unsent(candidates: SendCandidates, refusal: &Refusal, recorder: &mut Recorder) -> Result<(), RunError> {
    let reason = refusal.first_line();
    let mut done = Ok(());
    candidates.planner.for_each(|order| {
        let not_attempted = OrderResult::not_attempted(order.is_uncertain, Some(reason.clone()));
        let result = order.held_result.unwrap_or(not_attempted);
        done = std::mem::replace(&mut done, Ok(())).and_then(|()| recorder.record(&order.record, &result));
    })?;
    Ok(done?)
}

/// Writes the plan, and opens it again for sending: a service that is slow holds no export in memory.
fn write_plan(
    mut candidates: SendCandidates,
    ledger: String,
    spec: &RunSpec<'_>,
    folder: &RunFolder,
    recorder: &mut Recorder,
) -> Result<SavedPlan, RunError> {
    let unplanned = candidates.unplanned.take().expect("a run that sends writes down what it leaves out");
    let plan = candidates.planner.sort().map_err(PlanError::from)?;
    let header = PlanHeader {
        target: TargetHash::of(&spec.validate.target).to_hex(),
        ledger,
        n_requests: plan.forecast.n_requests(),
        n_orders: recorder.n_not_skipped() - BackfillGuard::of(spec).n_skipped(candidates.old_orders),
        n_items: recorder.counters.n_items,
        n_guests: recorder.n_guests,
        files: recorder.files().with_absolute_paths(),
        file_problems: candidates.file_problems,
    };
    saved_plan::write(folder, header, plan, unplanned)?;
    recorder.flush()?;
    saved_plan::open(folder.path())
}

/// Whether the valid orders may be sent, or a check that found them is a good one.
fn check_guards(candidates: &SendCandidates, spec: &RunSpec<'_>, recorder: &Recorder) -> Result<(), Refusal> {
    let n_invalid = recorder.n_invalid();
    let n_orders = recorder.n_not_skipped() - BackfillGuard::of(spec).n_skipped(candidates.old_orders);
    if spec.max_invalid.is_exceeded(n_invalid, n_orders) {
        return Err(Refusal::TooManyInvalid { n_invalid, n_orders, max_invalid: spec.max_invalid });
    }
    BackfillGuard::of(spec).check(candidates.old_orders, n_orders, spec.max_invalid)
}
