//! The plan → outcomes: dispatches it, with the ledger as its journal.

use super::{Account, Job, Progress, RunError, Sending, Tell, known};
use crate::{
    dispatch::{self, AttemptOutcome, Ended, Event, HttpWire, Journal, Kind},
    ledger::{Attempt, AttemptState, GroupCommit, SqliteLedger, Write},
    model::{
        order::OrderRecord,
        outcome::{Outcome, Settled},
        planned::{PlannedGuest, PlannedOrder},
    },
    plan,
    report::{ReportError, figures::counted},
};

/// Sends what `guests` bring. Each of their orders is settled, as `settle` puts it on the account.
pub(super) fn send(
    guests: impl Iterator<Item = Result<PlannedGuest, RunError>> + Send + 'static,
    ledger: SqliteLedger,
    job: &Job<'_>,
    sending: &Sending<'_>,
    account: &mut Account,
    settle: fn(&mut Account, &OrderRecord, &Settled) -> Result<(), ReportError>,
    tell: Tell<'_>,
) -> Result<Ended, RunError> {
    let target = job.validate.target.clone();
    let guests = guests.map(|guest| guest.map_err(|error| error.to_string()));
    let guests = plan::limited(guests, sending.limit);
    let (ledger, writer) = GroupCommit::start(ledger);
    let journal = LedgerJournal(ledger);
    let wire = HttpWire::new(&target, &sending.dispatch)?;
    // Results that cannot be written stop the run: whoever cannot be told shall not be sent for.
    let hear = |event| heard(event, account, settle, tell).map_err(|error| error.to_string());
    let (settings, stop) = (sending.dispatch.clone(), sending.asked_to_stop.clone());
    let mut ended = sending.runtime.block_on(dispatch::run(guests, target, settings, journal, wire, stop, hear));
    if account.n_settled(Outcome::NotAttempted) > 0 {
        let limit = sending.limit.map(plan::beyond_limit);
        ended.stopped = ended.stopped.or(limit);
    }
    // Whatever else ended the thread, what it had to say was said to those who waited for it.
    if let n_lacking @ 1.. = writer.join().unwrap_or_default() {
        ended.stopped = ended.stopped.map(|why| lacking(&why, n_lacking));
    }
    Ok(ended)
}

/// Why a run ended whose ledger does not hold all that it knows.
fn lacking(why: &str, n_lacking: usize) -> String {
    let orders = counted(n_lacking as u64, "order");
    format!(
        "{why}\n  hint: the ledger lacks what came of {orders}, which the next run takes for unknown; results.ndjson may \
         know, and orderferry ledger settle tells the ledger"
    )
}

fn heard(
    event: Event,
    account: &mut Account,
    settle: fn(&mut Account, &OrderRecord, &Settled) -> Result<(), ReportError>,
    tell: Tell<'_>,
) -> Result<(), ReportError> {
    match event {
        Event::Sending { kind, is_retry } => {
            count(kind, is_retry, account);
            tell(Progress::Sent { is_retry });
            Ok(())
        }
        Event::Settled(record, settled) => settle(account, &record, &settled),
        Event::Pause => account.flush(),
        Event::Warning(words) => {
            tell(Progress::Warning(&words));
            Ok(())
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
        let written = self.0.write(Write::Intend(known::key_of_planned(order))).await;
        written.map(Attempt).map_err(|error| error.to_string())
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
