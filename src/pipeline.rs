//! The one place where the stages meet: what a run does, from the named inputs to its report.
//!
//! Everything is checked before anything is sent. Called by `cli`; knows every stage, and no stage knows it.

mod account;
mod age;
mod error;
mod known;
mod read_in;
mod resume;
mod saved;
mod send;

use std::{collections::HashSet, path::PathBuf, time::Duration};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::{
    dispatch,
    ledger::{Ledger, LedgerError, SqliteLedger, TargetHash},
    map::profile::Profile,
    model::{
        draft::Draft,
        order::{Checked, Verdict},
        outcome::{Outcome, Settled},
        problem::Problem,
    },
    plan::{self, Identities, OrderToSend},
    report::{folder::RunFolder, summary::Summary},
    sandbox::Sandbox,
    validate,
};
use account::Account;
use age::Age;
use error::Refusal;
pub use error::RunError;
use known::Fate;
use saved::{About, LeftOut, Saved};

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
    /// What was sent before.
    pub ledger: PathBuf,
    /// Whether it is known which target to ask the ledger about; a check may name none.
    pub has_target: bool,
    /// What is done with valid orders.
    pub sending: Option<Sending<'a>>,
}

/// How valid orders are sent.
pub struct Sending<'a> {
    /// The run folder with the plan to go on with, in place of the inputs.
    pub resumes: Option<PathBuf>,
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

impl Job<'_> {
    /// Why the run is to stop, if someone wants it to.
    fn asked_to_stop(&self) -> Option<String> {
        self.sending.as_ref()?.asked_to_stop.borrow().clone()
    }

    /// The ledger to look at only, if there is one: it is not held.
    fn ledger_to_read(&self) -> Result<Option<SqliteLedger>, LedgerError> {
        SqliteLedger::open_existing(&self.ledger, &self.validate.target, &self.run_id)
    }
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
    let resumed = job.sending.as_ref().and_then(|sending| Some((sending.resumes.as_ref()?, sending)));
    // What is not there should leave no folder behind.
    let resumed = match resumed {
        Some((run, sending)) => Some((saved::open(run)?, sending)),
        None => None,
    };
    let folder = RunFolder::create(&job.folder)?;
    let finished = match resumed {
        Some((plan, sending)) => resume::resume(plan, &folder, job, sending, tell)?,
        None => run_in(&folder, job, tell)?,
    };
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
    let to_send = settle_without_sending(checked, known, job, folder, &mut account)?;
    account.write_rejects(folder)?;
    let ledger = match may_send(&to_send, job, &account).and(ledger.map_err(Refusal::from)) {
        Ok(ledger) => ledger,
        Err(refusal) => {
            settle_unsent(to_send, &refusal, &mut account)?;
            return account.refuse(job, folder, &refusal);
        }
    };
    let (Some(sending), Some(ledger)) = (&job.sending, ledger) else { return account.finish(job, folder, None) };
    let plan = write_plan(to_send, &export.notes, job, folder, &mut account)?;
    tell(Progress::Sending(plan.about.n_requests));
    let guests = plan.guests.map(|guest| Ok(guest?.without_held()));
    let ended = send::send(guests, ledger, job, sending, &mut account, Account::settle, tell)?;
    report_sent(account, job, folder, ended.stopped).map_err(RunError::after_sending)
}

/// Reports what was sent. Rejects that cannot be written, the input being gone for example, are no reason to say less.
fn report_sent(
    mut account: Account,
    job: &Job<'_>,
    folder: &RunFolder,
    stopped: Option<String>,
) -> Result<Finished, RunError> {
    let rejects = account.write_rejects(folder).err().map(|error| error.to_string());
    let lost = match account.settle_lost() {
        0 => None,
        n_lost => Some(format!("{n_lost} orders of the plan were not attempted, and the results do not name them")),
    };
    let stopped = stopped.or(rejects).or(lost);
    account.finish(job, folder, stopped)
}

fn check(drafts: Vec<Draft>, job: &Job<'_>, tell: Tell<'_>) -> Vec<Checked> {
    tell(Progress::Checking(drafts.len() as u64));
    validate::check_all(drafts, &job.validate, || tell(Progress::Checked))
}

/// The orders to send, and who their guests are.
#[derive(Default)]
struct ToSend {
    orders: Vec<OrderToSend>,
    identities: Identities,
}

impl ToSend {
    /// A browser and IDENTITY for each guest that has something to send, and a checkout for each order.
    fn n_requests(&self) -> u64 {
        let orders = || self.orders.iter().filter(|order| order.held.is_none());
        let guests: HashSet<_> = orders().map(|order| order.order.guest.key()).collect();
        (2 * guests.len() + orders().count()) as u64
    }
}

/// The ledger that a run will write, held for it; or the one that a check only looks at, if there is one.
fn open_ledger(job: &Job<'_>) -> Result<Option<SqliteLedger>, LedgerError> {
    match job.sending {
        Some(_) => SqliteLedger::open(&job.ledger, &job.validate.target, &job.run_id).map(Some),
        None if job.has_target => job.ledger_to_read(),
        None => Ok(None),
    }
}

/// Puts all orders on the account; those that are not sent are settled. Gives the others, in the order of the input.
fn settle_without_sending(
    checked: Vec<Checked>,
    ledger: Option<&SqliteLedger>,
    job: &Job<'_>,
    folder: &RunFolder,
    account: &mut Account,
) -> Result<ToSend, RunError> {
    let ledger = ledger.map(|ledger| ledger as &dyn Ledger);
    let rules = known::Rules::of(job);
    let mut left_out = job.sending.is_some().then(|| LeftOut::create(folder)).transpose()?;
    let mut to_send = ToSend::default();
    let mut changed = Vec::new();
    for mut order in checked {
        if let Verdict::Valid(order) = &order.verdict {
            to_send.identities.note(order);
        }
        let fate = known::fate(&mut order, ledger, rules)?;
        if let (Fate::Settled(Settled { outcome: Outcome::Changed, .. }), Verdict::Valid(order)) =
            (&fate, &order.verdict)
        {
            changed.push(known::key(order));
        }
        let record = order.record;
        account.add(&record);
        account.n_items += if is_sound(&fate, &order.verdict) { record.n_items as u64 } else { 0 };
        match (fate, order.verdict) {
            (Fate::Settled(settled), Verdict::Valid(order)) if job.sending.is_some() && may_be_sent_later(&settled) => {
                to_send.orders.push(OrderToSend { record, order, may_be_there: false, held: Some(settled) });
            }
            (Fate::Settled(settled), _) => {
                left_out.as_mut().map_or(Ok(()), |left_out| left_out.add(&record, &settled))?;
                account.settle(record, settled)?;
            }
            (Fate::Sent { may_be_there }, Verdict::Valid(order)) => {
                to_send.orders.push(OrderToSend { record, order, may_be_there, held: None });
            }
            (Fate::Sent { .. }, _) => unreachable!("an order that is not valid is settled"),
        }
    }
    left_out.map_or(Ok(()), LeftOut::finish)?;
    if let (Some(ledger), Some(_)) = (ledger, &job.sending) {
        ledger.note_changed(&changed)?;
    }
    account.n_guests = to_send.identities.n_guests() as u64;
    Ok(to_send)
}

/// Whether a person's word, or another option, may let a later run send an order that this one does not.
fn may_be_sent_later(settled: &Settled) -> bool {
    matches!(settled.outcome, Outcome::Unknown | Outcome::Changed)
}

/// Whether an order passed every check, that of its reference included.
fn is_sound(fate: &Fate, verdict: &Verdict) -> bool {
    let is_invalid = matches!(fate, Fate::Settled(Settled { outcome: Outcome::Invalid, .. }));
    matches!(verdict, Verdict::Valid(_)) && !is_invalid
}

/// Settles every order that was to be sent as not attempted, or still unknown.
fn settle_unsent(to_send: ToSend, refusal: &Refusal, account: &mut Account) -> Result<(), RunError> {
    let reason = refusal.in_one_line();
    for order in to_send.orders {
        let unsent = || Settled::not_attempted(order.may_be_there, Some(reason.clone()));
        account.settle(order.record, order.held.unwrap_or_else(unsent))?;
    }
    Ok(())
}

/// Writes the plan, and opens it again for sending: a service that is slow holds no export in memory.
fn write_plan(
    to_send: ToSend,
    notes: &[Problem],
    job: &Job<'_>,
    folder: &RunFolder,
    account: &mut Account,
) -> Result<Saved, RunError> {
    let about = About {
        target: TargetHash::of(&job.validate.target).in_full(),
        n_requests: to_send.n_requests(),
        n_items: account.n_items,
        n_guests: account.n_guests,
        files: account.files().at_absolute_paths(),
        notes: notes.to_vec(),
    };
    saved::write(folder, about, plan::planned(to_send.orders, &to_send.identities))?;
    account.flush()?;
    saved::open(folder.path())
}

/// Whether the valid orders may be sent, or a check that found them is a good one.
fn may_send(to_send: &ToSend, job: &Job<'_>, account: &Account) -> Result<(), Refusal> {
    let (n_invalid, n_orders) = (account.n_settled(Outcome::Invalid), account.n_not_skipped());
    if job.max_invalid.is_exceeded(n_invalid, n_orders) {
        return Err(Refusal::TooManyInvalid { n_invalid, n_orders, max_invalid: job.max_invalid });
    }
    let Some(sending) = &job.sending else { return Ok(()) };
    let mut age = Age::new(job, sending);
    for order in to_send.orders.iter().filter(|order| order.held.is_none()) {
        age.note(order.order.ordered_at);
    }
    age.refusal()
}
