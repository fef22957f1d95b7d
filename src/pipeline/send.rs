//! Valid orders → outcomes: writes the plan, opens the ledger, dispatches.

use std::{fs::File, io::BufReader, io::BufWriter};

use super::{Account, Job, Progress, RunError, Sending, Tell, ToSend};
use crate::{
    dispatch::{self, AttemptOutcome, Ended, Event, HttpWire, Journal, Kind},
    ledger::{Attempt, AttemptState, GroupCommit, OrderKey, SqliteLedger, Write},
    model::planned::{PlannedGuest, PlannedOrder},
    plan::{self, PlannedGuests},
    report::{ReportError, folder::RunFolder},
};

/// What the plan is called in the run folder.
const PLAN_FILE: &str = "plan.ndjson";

/// Sends orders. Each of them is settled on the account, but for those that the run did not come to.
pub(super) fn send(
    to_send: ToSend,
    ledger: SqliteLedger,
    job: &Job<'_>,
    sending: &Sending<'_>,
    folder: &RunFolder,
    account: &mut Account,
    tell: Tell<'_>,
) -> Result<Ended, RunError> {
    let target = job.validate.target.clone();
    let guests = plan::planned(to_send.orders, &to_send.identities);
    let mut file = BufWriter::new(folder.create_file(PLAN_FILE)?);
    plan::write(&guests, &mut file)?;
    drop(file);
    let n_orders: usize = guests.iter().map(|guest| guest.orders.len()).sum();
    tell(Progress::Sending(n_requests(&guests)));
    drop(guests);
    account.flush()?;
    let plan = BufReader::new(File::open(folder.file(PLAN_FILE)).map_err(RunError::PlanFile)?);
    let guests = PlannedGuests::new(plan).map(|guest| guest.map_err(|error| error.to_string()));
    let guests = plan::limited(guests, sending.limit);
    let (ledger, writer) = GroupCommit::start(ledger);
    let journal = LedgerJournal(ledger);
    let wire = HttpWire::new(&target, &sending.dispatch)?;
    // Results that cannot be written stop the run: whoever cannot be told shall not be sent for.
    let hear = |event| heard(event, account, tell).map_err(|error| error.to_string());
    let (settings, stop) = (sending.dispatch.clone(), sending.asked_to_stop.clone());
    let mut ended = sending.runtime.block_on(dispatch::run(guests, target, settings, journal, wire, stop, hear));
    if let Some(limit) = sending.limit.filter(|limit| *limit < n_orders) {
        ended.stopped.get_or_insert_with(|| format!("the limit of {limit} orders was reached"));
    }
    // Whatever ended the thread, what it had to say was said to those who waited for it.
    drop(writer.join());
    Ok(ended)
}

/// A browser and IDENTITY for each guest, and a checkout for each order.
fn n_requests(guests: &[PlannedGuest]) -> u64 {
    guests.iter().map(|guest| 2 + guest.orders.len() as u64).sum()
}

fn heard(event: Event, account: &mut Account, tell: Tell<'_>) -> Result<(), ReportError> {
    match event {
        Event::Sending { kind, is_retry } => {
            count(kind, is_retry, account);
            tell(Progress::Sent { is_retry });
            Ok(())
        }
        Event::Settled(id, settled) => {
            account.settle(id, settled)?;
            account.flush()
        }
    }
}

fn count(kind: Kind, is_retry: bool, account: &mut Account) {
    let requests = &mut account.requests;
    match kind {
        Kind::BrowserCreate => requests.browser_create += 1,
        Kind::Identity => requests.identity += 1,
        Kind::OrderCheckout => requests.order_checkout += 1,
    }
    requests.total += 1;
    requests.retries += u64::from(is_retry);
}

/// The ledger as `dispatch` wants a journal.
struct LedgerJournal(GroupCommit);

impl Journal for LedgerJournal {
    type Attempt = Attempt;

    async fn intend(&self, order: &PlannedOrder) -> Result<Attempt, String> {
        let key = OrderKey { reference: order.reference.clone(), ordered_at: order.ordered_at, content: order.content };
        self.0.write(Write::Intend(key)).await.map_err(|error| error.to_string())
    }

    async fn settle(&self, attempt: Attempt, outcome: AttemptOutcome) -> Result<(), String> {
        let state = match outcome {
            AttemptOutcome::Accepted => AttemptState::Accepted,
            AttemptOutcome::NotAccepted => AttemptState::NotAccepted,
            AttemptOutcome::Unknown => AttemptState::Unknown,
        };
        self.0.write(Write::Settle(attempt, state)).await.map(drop).map_err(|error| error.to_string())
    }
}
