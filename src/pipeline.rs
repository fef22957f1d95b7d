//! The one place where the stages meet: what a run does, from the named inputs to its report.
//!
//! Everything is checked before anything is sent. Called by `cli`; knows every stage, and no stage knows it.

mod account;
mod known;
mod read_in;
mod send;

use std::{path::PathBuf, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;

use crate::{
    dispatch, group,
    ledger::{Ledger, LedgerError, SqliteLedger},
    map::{MapError, profile::Profile},
    model::{
        draft::Draft,
        order::{Checked, Order, OrderId, Verdict},
        outcome::Outcome,
    },
    plan::{Identities, PlanError},
    read::ReadError,
    report::{ReportError, folder::RunFolder, summary::Summary},
    sandbox::Sandbox,
    validate,
};
use account::Account;

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
    /// Where the report goes.
    pub folder: PathBuf,
    /// How orders are checked, and for which target.
    pub validate: validate::Settings,
    /// How many invalid orders are borne.
    pub max_invalid: MaxInvalid,
    /// What was sent before; none where a check knows no target to ask it about.
    pub ledger: Option<PathBuf>,
    /// What is done with valid orders.
    pub sending: Option<Sending<'a>>,
}

/// How valid orders are sent.
pub struct Sending<'a> {
    /// How patiently.
    pub dispatch: dispatch::Settings,
    /// Where it runs.
    pub runtime: &'a tokio::runtime::Runtime,
    /// Orders older than this need a go-ahead, which is not given; none if it is.
    pub oldest: Option<Duration>,
    /// At most so many orders are settled by sending.
    pub limit: Option<usize>,
    /// Whether orders that an earlier run left unknown are sent again.
    pub resends_unknown: bool,
    /// Set by whoever wants the run to stop early.
    pub asked_to_stop: dispatch::StopRequest,
    /// The target, where it is inside this process.
    pub sandbox: Option<&'a Sandbox>,
}

/// More invalid orders than this, of those not skipped, and nothing is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaxInvalid {
    /// A number of orders.
    Orders(u64),
    /// A part of the orders, in percent.
    Percent(Decimal),
}

impl MaxInvalid {
    fn is_exceeded(self, n_invalid: u64, n_orders: u64) -> bool {
        match self {
            Self::Orders(most) => n_invalid > most,
            Self::Percent(most) => Decimal::from(n_invalid) * Decimal::ONE_HUNDRED > most * Decimal::from(n_orders),
        }
    }
}

/// What happens, as it happens.
#[derive(Debug, Clone, Copy)]
pub enum Progress<'a> {
    /// So many rows more were read.
    Rows(u64),
    /// So many orders are to be checked.
    Checking(u64),
    /// One order was checked.
    Checked,
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

/// Why a run ended without a report: exit code 2 or, where sending had begun, 4.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The report cannot be written.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The ledger cannot be used.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The plan cannot be written.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The plan cannot be read back.
    #[error("the plan: {0}")]
    PlanFile(std::io::Error),
    /// Orders were sent, and what became of them cannot be written down but in the ledger.
    #[error("{0}\n  hint: what was accepted stands in the ledger; run it again to go on")]
    AfterSending(Box<RunError>),
    /// No HTTP client.
    #[error(transparent)]
    Dispatch(#[from] dispatch::DispatchError),
}

impl RunError {
    /// Whether orders may have been sent before the error.
    #[must_use]
    pub fn may_have_sent(&self) -> bool {
        matches!(self, Self::AfterSending(_))
    }

    fn after_sending(self) -> Self {
        Self::AfterSending(Box::new(self))
    }
}

/// Why nothing is sent although the report is written.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Map(#[from] MapError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("{place}: {error}\n  hint: mend the row, or set unreadable_rows = \"accept\" to leave such rows out")]
    Group { place: String, error: group::GroupError },
    #[error(
        "{n_invalid} of {n_orders} orders are invalid, more than {max_invalid}; nothing was sent\n  hint: mend them, see rejects/ in the run folder, or allow more with --max-invalid"
    )]
    TooManyInvalid { n_invalid: u64, n_orders: u64, max_invalid: MaxInvalid },
    #[error(
        "{n_old} orders are older than {}, the oldest is of {oldest}; nothing was sent\n  hint: imported history may trigger live campaigns; --backfill is the go-ahead",
        in_days(*age)
    )]
    Backfill { n_old: usize, age: Duration, oldest: DateTime<Utc> },
}

fn in_days(age: Duration) -> String {
    const DAY: u64 = 24 * 60 * 60;
    match (age.as_secs() / DAY, age.as_secs() % DAY) {
        (days, 0) if days > 1 => format!("{days} days"),
        _ => humantime::format_duration(age).to_string(),
    }
}

impl Refusal {
    fn exit_code(&self) -> u8 {
        match self {
            Self::Ledger(LedgerError::Held { .. }) => 5,
            _ => 2,
        }
    }
}

impl std::fmt::Display for MaxInvalid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Orders(most) => write!(f, "{most}"),
            Self::Percent(most) => write!(f, "{most}%"),
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
pub fn run(job: &Job<'_>, tell: Tell<'_>) -> Result<Finished, RunError> {
    let folder = RunFolder::create(&job.folder)?;
    let finished = run_in(&folder, job, tell)?;
    if let Some(sandbox) = job.sending.as_ref().and_then(|sending| sending.sandbox) {
        let state = serde_json::to_string_pretty(&sandbox.state()).expect("a state is plain data");
        let written = folder.write_file(SANDBOX_FILE, &state).map_err(RunError::from);
        written.map_err(RunError::after_sending)?;
    }
    Ok(finished)
}

fn run_in(folder: &RunFolder, job: &Job<'_>, tell: Tell<'_>) -> Result<Finished, RunError> {
    let export = read_in::read_in(job, folder, tell);
    let mut account = Account::open(job, folder, export.files)?;
    account.note_all(&export.notes);
    let checked = match export.drafts {
        Ok(drafts) => check(drafts, job, tell),
        Err(refusal) => return account.refuse(job, folder, &refusal),
    };
    let ledger = open_ledger(job);
    let known = ledger.as_ref().ok().and_then(Option::as_ref);
    let to_send = settle_without_sending(checked, known, job, &mut account)?;
    account.write_rejects(folder)?;
    let ledger = match may_send(&to_send, job, &account).and(ledger.map_err(Refusal::from)) {
        Ok(ledger) => ledger,
        Err(refusal) => {
            account.settle_rest(Outcome::NotAttempted, refusal.to_string().lines().next().unwrap_or_default())?;
            return account.refuse(job, folder, &refusal);
        }
    };
    let (Some(sending), Some(ledger)) = (&job.sending, ledger) else { return account.finish(job, folder, None) };
    let ended = send::send(to_send, ledger, job, sending, folder, &mut account, tell)?;
    report_sent(account, job, folder, ended.stopped).map_err(RunError::after_sending)
}

/// Reports what was sent. Rejects that cannot be written, the input being gone for example, are no reason to say less.
fn report_sent(
    mut account: Account,
    job: &Job<'_>,
    folder: &RunFolder,
    stopped: Option<String>,
) -> Result<Finished, RunError> {
    account.settle_rest(Outcome::NotAttempted, stopped.as_deref().unwrap_or("the run ended first"))?;
    let rejects = account.write_rejects(folder).err().map(|error| error.to_string());
    let stopped = stopped.or(rejects);
    account.finish(job, folder, stopped)
}

fn check(drafts: Vec<Draft>, job: &Job<'_>, tell: Tell<'_>) -> Vec<Checked> {
    tell(Progress::Checking(drafts.len() as u64));
    validate::check_all(drafts, &job.validate, || tell(Progress::Checked))
}

/// The orders to send, and who their guests are.
#[derive(Default)]
struct ToSend {
    orders: Vec<(OrderId, Box<Order>)>,
    identities: Identities,
}

/// The ledger that a run will write, held for it; or the one that a check only looks at, if there is one.
fn open_ledger(job: &Job<'_>) -> Result<Option<SqliteLedger>, LedgerError> {
    let Some(path) = &job.ledger else { return Ok(None) };
    match job.sending {
        Some(_) => SqliteLedger::open(path, &job.validate.target, &job.run_id).map(Some),
        None => SqliteLedger::open_existing(path, &job.validate.target),
    }
}

/// Puts all orders on the account; those that are not sent are settled. Gives the others, in the order of the input.
fn settle_without_sending(
    checked: Vec<Checked>,
    ledger: Option<&SqliteLedger>,
    job: &Job<'_>,
    account: &mut Account,
) -> Result<ToSend, RunError> {
    let ledger = ledger.map(|ledger| ledger as &dyn Ledger);
    let mut to_send = ToSend::default();
    let mut changed = Vec::new();
    for mut order in checked {
        if let Verdict::Valid(order) = &order.verdict {
            to_send.identities.note(order);
        }
        let settled = known::settled(&mut order, ledger, job)?;
        if let (Some(Outcome::Changed), Verdict::Valid(order)) = (settled.as_ref().map(|it| it.outcome), &order.verdict)
        {
            changed.push(known::key(order));
        }
        let id = account.add(order.record, &order.verdict);
        match (settled, order.verdict) {
            (Some(settled), _) => account.settle(id, settled)?,
            (None, Verdict::Valid(order)) => to_send.orders.push((id, order)),
            (None, _) => unreachable!("an order that is not valid is settled"),
        }
    }
    if let (Some(ledger), Some(_)) = (ledger, &job.sending) {
        ledger.note_changed(&changed)?;
    }
    account.n_guests = to_send.identities.n_guests() as u64;
    Ok(to_send)
}

/// Whether the valid orders may be sent, or a check that found them is a good one.
fn may_send(to_send: &ToSend, job: &Job<'_>, account: &Account) -> Result<(), Refusal> {
    let (n_invalid, n_orders) = (account.n_settled(Outcome::Invalid), account.n_not_skipped());
    if job.max_invalid.is_exceeded(n_invalid, n_orders) {
        return Err(Refusal::TooManyInvalid { n_invalid, n_orders, max_invalid: job.max_invalid });
    }
    let Some(age) = job.sending.as_ref().and_then(|sending| sending.oldest) else { return Ok(()) };
    // Before the beginning of time nothing is too old.
    let Some(limit) = TimeDelta::from_std(age).ok().and_then(|age| job.started_at.checked_sub_signed(age)) else {
        return Ok(());
    };
    let old: Vec<_> = to_send.orders.iter().map(|(_, order)| order.ordered_at).filter(|made| *made < limit).collect();
    match old.iter().min() {
        Some(oldest) => Err(Refusal::Backfill { n_old: old.len(), age, oldest: *oldest }),
        None => Ok(()),
    }
}
