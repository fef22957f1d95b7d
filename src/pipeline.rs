//! Pipeline: one run from the inputs to the report, and the only module that connects the stages.
//!
//! Everything is checked before anything is sent. It parses, checks and encodes nothing itself;
//! that is the work of the stages, none of which knows it. Called by `cli` through [`run`].

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

/// File in the run folder with the final state of an embedded sandbox.
const SANDBOX_FILE: &str = "sandbox.json";

/// Specification of a run: what to read, how to check it, and whether to send it.
pub struct RunSpec<'a> {
    /// The run's id, which the ledger stores with each attempt.
    pub run_id: String,
    /// Start of the run; the age of orders is measured from it.
    pub started_at: DateTime<Utc>,
    /// Files, folders, globs, or `-` for standard input.
    pub inputs: Vec<String>,
    /// How to read the inputs.
    pub profile: Profile,
    /// Whether unreadable rows whose order is not known are only counted. Otherwise they end the
    /// run.
    pub accepts_unreadable: bool,
    /// Limits that a hostile input must not exceed.
    pub limits: ReadLimits,
    /// Memory budget in bytes for everything that grows with the export; the rest spills to the run
    /// folder.
    pub memory: u64,
    /// The run folder.
    pub folder: PathBuf,
    /// The rules of the check, and the target.
    pub validate: validate::ValidateSettings,
    /// Maximum invalid orders; with more, nothing is sent.
    pub max_invalid: MaxInvalid,
    /// Whether a changed order sets the exit code once or until it is acknowledged.
    pub changed_exit: ChangedExit,
    /// The ledger with the attempts of earlier runs.
    pub ledger: LedgerLocation,
    /// Whether a target is named, to look its orders up in the ledger. A check may name none.
    pub has_target: bool,
    /// How to send valid orders; none for a check.
    pub send: Option<SendSpec<'a>>,
}

/// How valid orders are sent.
pub struct SendSpec<'a> {
    /// Run folder with the plan to resume, instead of the inputs.
    pub resume_from: Option<PathBuf>,
    /// Whether the run may start with a new ledger or a new target.
    pub consent: Consent,
    /// Rate, timeouts and retries.
    pub dispatch: dispatch::DispatchSettings,
    /// The runtime that executes the requests.
    pub runtime: &'a tokio::runtime::Runtime,
    /// Age above which orders are not sent; none with `--backfill`.
    pub age_limit: Option<AgeLimit>,
    /// Maximum orders to send.
    pub limit: Option<usize>,
    /// Whether to resend orders whose outcome an earlier run left unknown.
    pub resends_unknown: bool,
    /// Holds the reason once an early stop is requested.
    pub shutdown_signal: dispatch::ShutdownSignal,
    /// The embedded sandbox, if it is the target.
    pub sandbox: Option<&'a Sandbox>,
}

impl RunSpec<'_> {
    /// Returns the reason of a requested stop.
    fn stop_reason(&self) -> Option<String> {
        self.send.as_ref()?.shutdown_signal.borrow().clone()
    }

    fn grouping(&self) -> group::GroupSettings {
        group::GroupSettings {
            joins_files: self.profile.joins_files,
            has_adjacent_rows: self.profile.has_adjacent_rows,
            accepts_unreadable: self.accepts_unreadable,
        }
    }

    /// Whether a check counts each valid order as sent, and as a single event. Then the guests to
    /// identify are all guests and need no counter of their own.
    fn would_send_all_as_single(&self) -> bool {
        !self.has_target && self.validate.mode == Mode::Single
    }

    /// Opens the ledger for writing and locks it for this run.
    fn ledger_to_write(&self, send_spec: &SendSpec<'_>, emit: ProgressFn<'_>) -> Result<SqliteLedger, LedgerError> {
        let ledger = SqliteLedger::open(&self.ledger, &self.validate.target, &self.run_id, send_spec.consent)?;
        ledger.warnings().iter().for_each(|note| emit(Progress::Warning(note)));
        Ok(ledger)
    }

    /// Opens the ledger read-only and without a lock. Returns none if there is no ledger.
    fn ledger_to_read(&self) -> Result<Option<SqliteLedger>, LedgerError> {
        SqliteLedger::open_existing(&self.ledger, &self.validate.target, &self.run_id)
    }
}

/// How often an order that changed after its acceptance sets the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangedExit {
    /// Until a run has reported the change.
    #[default]
    First,
    /// Until the operator acknowledges it.
    Always,
}

/// Maximum invalid orders, of those not skipped; with more, nothing is sent. The same limit holds
/// for orders that are too old to be sent without `--backfill`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MaxInvalid {
    /// Ten percent, but at least five orders.
    // Of five orders, one that is invalid must not stop the run.
    #[default]
    Default,
    /// A number of orders.
    Orders(u64),
    /// A share of the orders, in percent.
    Percent(Decimal),
}

/// Limits of [`MaxInvalid::Default`].
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

/// A progress event of a run.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// More rows were read; their number.
    Rows(u64),
    /// The export is read a second time, with what the first pass found out.
    SecondPass,
    /// The rows of some orders are scattered; they are grouped by an external sort in the run
    /// folder.
    Scattered {
        /// Approximate number of scattered orders; none if all rows are spilled without counting
        /// them.
        orders: Option<u64>,
        /// Maximum bytes of disk that the sort needs.
        disk_needed: u64,
        /// Free bytes on that disk.
        disk_free: u64,
    },
    /// Sending begins; the expected number of requests, without retries.
    Sending(u64),
    /// A request is sent. A retry is not one of the expected requests.
    Sent {
        /// The same step was sent before.
        is_retry: bool,
    },
    /// A warning for the user.
    Warning(&'a str),
}

/// Receives progress events, from any thread.
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

/// The result of a finished run.
#[derive(Debug)]
pub struct Finished {
    /// The summary, with the exit code.
    pub summary: Summary,
    /// Message for the user if nothing was sent or the run ended early.
    pub error: Option<String>,
}

/// Executes a run and writes its report to the run folder.
///
/// An error means that there is no complete report; a run that is refused or stopped has one.
pub fn run(spec: &RunSpec<'_>, emit: ProgressFn<'_>) -> Result<Finished, RunError> {
    let resumed = spec.send.as_ref().and_then(|send_spec| Some((send_spec.resume_from.as_ref()?, send_spec)));
    // Before the folder is created: a plan that does not exist must not leave an empty run folder.
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
        let state = serde_json::to_string_pretty(&sandbox.state()).expect("text and numbers always serialize");
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
        // Before the export is read, which may take long: its content does not matter without a
        // ledger.
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
    // The plan is read back from disk, so that a slow service holds no export in memory.
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

/// Marks the reported changes in the ledger, so that the next report of them does not set the exit
/// code.
fn mark_reported(ledger: Option<SqliteLedger>, finished: &Finished, emit: ProgressFn<'_>) {
    let Finished { summary, .. } = finished;
    // A run that was stopped early is repeated and reports them again.
    let Some(mut ledger) = ledger.filter(|_| summary.orders.changed > 0 && matches!(summary.exit_code, 0 | 1 | 3))
    else {
        return;
    };
    if let Err(error) = ledger.write(&[LedgerWrite::MarkReported]) {
        emit(Progress::Warning(&format!("{error}\n  the next run reports the changed orders as newly changed")));
    }
}

/// Writes `rejects/` and warns of inputs whose rows can no longer be copied.
fn write_rejects(recorder: &mut Recorder, folder: &RunFolder, emit: ProgressFn<'_>) -> Result<(), ReportError> {
    for name in recorder.write_rejects(folder)? {
        emit(Progress::Warning(&format!(
            "{name} was moved, replaced or changed after it was read; rejects/ contains the reasons of its \
             orders, but not their rows"
        )));
    }
    Ok(())
}

/// Writes the report of a run that has sent orders.
fn finish_sent(
    mut recorder: Recorder,
    spec: &RunSpec<'_>,
    folder: &RunFolder,
    stopped: Option<String>,
    emit: ProgressFn<'_>,
) -> Result<Finished, RunError> {
    // The report is written even if the rejects cannot be: orders were sent.
    let rejects = write_rejects(&mut recorder, folder, emit).err().map(|error| error.to_string());
    let lost = match recorder.record_lost() {
        0 => None,
        n_lost => Some(format!("{n_lost} orders of the plan were not attempted and are missing in the results")),
    };
    let stopped = stopped.or(rejects).or(lost);
    recorder.finish(spec, folder, stopped)
}

/// Opens the ledger: locked for writing for a send, read-only for a check with a target, none
/// otherwise.
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

/// Records every order of the plan as not attempted or still unknown, with the refusal as its
/// reason.
fn record_unsent(candidates: SendCandidates, refusal: &Refusal, recorder: &mut Recorder) -> Result<(), RunError> {
    let reason = refusal.first_line();
    let mut done: Result<(), ReportError> = Ok(());
    candidates.planner.for_each(|order| {
        // The callback cannot return an error, so the first one is kept and ends the recording.
        if done.is_err() {
            return;
        }
        let not_attempted = OrderResult::not_attempted(order.is_uncertain, Some(reason.clone()));
        let result = order.held_result.unwrap_or(not_attempted);
        done = recorder.record(&order.record, &result);
    })?;
    Ok(done?)
}

/// Writes the plan to the run folder and opens it for sending.
fn write_plan(
    mut candidates: SendCandidates,
    ledger: String,
    spec: &RunSpec<'_>,
    folder: &RunFolder,
    recorder: &mut Recorder,
) -> Result<SavedPlan, RunError> {
    let unplanned = candidates.unplanned.take().expect("a send always writes its unplanned orders");
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

/// Returns an error if too many orders are invalid or too old: a send sends nothing, a check fails.
fn check_guards(candidates: &SendCandidates, spec: &RunSpec<'_>, recorder: &Recorder) -> Result<(), Refusal> {
    let n_invalid = recorder.n_invalid();
    let n_orders = recorder.n_not_skipped() - BackfillGuard::of(spec).n_skipped(candidates.old_orders);
    if spec.max_invalid.is_exceeded(n_invalid, n_orders) {
        return Err(Refusal::TooManyInvalid { n_invalid, n_orders, max_invalid: spec.max_invalid });
    }
    BackfillGuard::of(spec).check(candidates.old_orders, n_orders, spec.max_invalid)
}
