//! The plan → outcomes: dispatches it, with the ledger as its journal.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{Progress, ProgressFn, Recorder, RunError, RunSpec, SendSpec, history};
use crate::{
    dispatch::{self, AttemptOutcome, DispatchEvent, HttpClient, Journal, LeftoverCart, RequestKind, Work},
    event::extension::types_sent,
    ledger::{
        AttemptId, AttemptState, CartId, CloseReport, GroupCommit, Ledger, LedgerError, LedgerWrite, SqliteLedger,
    },
    model::{
        field::{AttributeType, AttributeTypes},
        order::OrderRecord,
        outcome::OrderResult,
        planned::{EventJson, GuestParts, PlannedOrder},
    },
    plan,
    report::{ReportError, numbers::with_unit},
};

/// What was sent.
pub(super) struct SendOutcome {
    /// Why sending ended before everything was settled, if it did.
    pub(super) stopped: Option<String>,
    /// The ledger, closed, and held until it is dropped.
    pub(super) ledger: Option<SqliteLedger>,
}

/// Clears the carts that earlier runs left open, and sends the guests that `guests` gives for the ledger that it is handed.
/// Each of their orders is settled, as `settle` puts it on the account.
pub(super) fn send<G: Iterator<Item = GuestParts<RunError>> + Send + 'static>(
    guests: impl FnOnce(GroupCommit) -> G,
    ledger: SqliteLedger,
    spec: &RunSpec<'_>,
    send_spec: &SendSpec<'_>,
    recorder: &mut Recorder,
    record_result: fn(&mut Recorder, &OrderRecord, &OrderResult) -> Result<(), ReportError>,
    emit: ProgressFn<'_>,
) -> Result<SendOutcome, RunError> {
    let target = spec.validate.target.clone();
    let leftover_carts = leftover_carts(&ledger)?;
    let n_open = Arc::new(AtomicU64::new(leftover_carts.len() as u64));
    let types = Mutex::new(TypeTracker { known: ledger.attribute_types()?, pending: HashMap::new() });
    // Before the thread that writes the ledger: an error here leaves a ledger with a clean end.
    let client = HttpClient::new(&target, &send_spec.dispatch)?;
    let (ledger, writer) = GroupCommit::start(ledger);
    let guests = guests(ledger.clone()).map(GuestParts::stringify_errors);
    let work = Work { leftover_carts, guests: plan::with_limit(guests, send_spec.limit) };
    let journal = LedgerJournal { ledger, n_open: Arc::clone(&n_open), types };
    // Results that cannot be written stop the run: whoever cannot be told shall not be sent for.
    let handler = |event| on_event(event, recorder, record_result, emit).map_err(|error| error.to_string());
    let (settings, stop) = (send_spec.dispatch.clone(), send_spec.shutdown_signal.clone());
    let mut outcome = send_spec.runtime.block_on(dispatch::run(work, target, settings, journal, client, stop, handler));
    recorder.n_carts_open = n_open.load(Ordering::SeqCst);
    if recorder.n_unreached() > 0 {
        let limit = send_spec.limit.map(plan::limit_reached);
        outcome.stopped = outcome.stopped.or(limit);
    }
    // Whatever else ended the thread, what it had to say was said to those who waited for it.
    let (ledger, closed) =
        writer.join().map_or_else(|_| (None, CloseReport::default()), |(ledger, end)| (Some(ledger), end));
    outcome.stopped = outcome.stopped.or(closed.error.map(|error| error.to_string()));
    if let n_unwritten @ 1.. = closed.unwritten_outcomes {
        outcome.stopped = outcome.stopped.map(|why| unwritten_message(&why, n_unwritten));
    }
    Ok(SendOutcome { stopped: outcome.stopped, ledger })
}

fn leftover_carts(ledger: &SqliteLedger) -> Result<Vec<LeftoverCart<CartId>>, LedgerError> {
    let carts = ledger.open_carts()?.into_iter();
    Ok(carts.map(|open| LeftoverCart { cart: open.cart, browser: open.browser, clear_cart: open.clear_cart }).collect())
}

/// Why a run ended whose ledger does not hold all that it knows.
fn unwritten_message(why: &str, n_unwritten: usize) -> String {
    let orders = with_unit(n_unwritten as u64, "order");
    format!(
        "{why}\n  hint: the ledger lacks what came of {orders}, which the next run takes for unknown; results.ndjson may \
         know, and orderferry ledger settle tells the ledger"
    )
}

fn on_event(
    event: DispatchEvent,
    recorder: &mut Recorder,
    record_result: fn(&mut Recorder, &OrderRecord, &OrderResult) -> Result<(), ReportError>,
    emit: ProgressFn<'_>,
) -> Result<(), ReportError> {
    match event {
        DispatchEvent::RequestStarted { kind, is_retry } => {
            count_request(kind, is_retry, recorder);
            // Nor is the clearing of a cart among the expected.
            emit(Progress::Sent { is_retry: is_retry || kind == RequestKind::ClearCart });
            Ok(())
        }
        DispatchEvent::Settled(record, result) => record_result(recorder, &record, &result),
        DispatchEvent::Idle => recorder.flush(),
        DispatchEvent::Warning(message) => {
            emit(Progress::Warning(&message));
            Ok(())
        }
    }
}

fn count_request(kind: RequestKind, is_retry: bool, recorder: &mut Recorder) {
    let requests = &mut recorder.requests;
    match kind {
        RequestKind::BrowserCreate => requests.browser_create += 1,
        RequestKind::Identity => requests.identity += 1,
        RequestKind::OrderCheckout => requests.order_checkout += 1,
        RequestKind::Add => requests.add += 1,
        RequestKind::AddContacts => requests.add_contacts += 1,
        RequestKind::AddConsumers => requests.add_consumers += 1,
        RequestKind::Confirm => requests.confirm += 1,
        RequestKind::Checkout => requests.checkout += 1,
        RequestKind::ClearCart => requests.clear_cart += 1,
    }
    requests.total += 1;
    requests.retries += u64::from(is_retry);
}

/// The ledger as `dispatch` wants a journal.
struct LedgerJournal {
    ledger: GroupCommit,
    /// Carts that may hold something.
    n_open: Arc<AtomicU64>,
    types: Mutex<TypeTracker>,
}

/// The types of extension attributes that the tenant has seen, and those that it sees once an attempt is accepted.
struct TypeTracker {
    known: AttributeTypes,
    pending: HashMap<i64, Vec<AttributeType>>,
}

impl TypeTracker {
    fn add_pending(&mut self, attempt: AttemptId, order: &PlannedOrder) {
        let mut types = types_sent(&order.events);
        types.retain(|attribute| self.known.get(attribute.scope, &attribute.name).is_none());
        if !types.is_empty() {
            self.pending.insert(attempt.0, types);
        }
    }

    /// What is learned from the end of an attempt: nothing, but for the first orders.
    fn confirm(&mut self, attempt: AttemptId, outcome: AttemptOutcome) -> Option<Vec<AttributeType>> {
        let types = self.pending.remove(&attempt.0).filter(|_| outcome == AttemptOutcome::Accepted)?;
        for attribute in &types {
            self.known.add(attribute.clone());
        }
        Some(types)
    }
}

impl Journal for LedgerJournal {
    type Attempt = AttemptId;
    type Cart = CartId;

    async fn record_intent(&self, order: &PlannedOrder) -> Result<AttemptId, String> {
        let attempt = self.write(LedgerWrite::Intent(history::intent(order))).await.map(AttemptId)?;
        self.types().add_pending(attempt, order);
        Ok(attempt)
    }

    async fn record_outcome(&self, attempt: AttemptId, outcome: AttemptOutcome) -> Result<(), String> {
        let state = match outcome {
            AttemptOutcome::Accepted => AttemptState::Accepted,
            AttemptOutcome::NotAccepted => AttemptState::NotAccepted,
            AttemptOutcome::Unknown => AttemptState::Unknown,
        };
        let learned = self.types().confirm(attempt, outcome);
        if let Some(types) = learned {
            self.ledger.enqueue(LedgerWrite::RecordAttributeTypes(types));
        }
        self.write(LedgerWrite::Outcome(attempt, state)).await.map(drop)
    }

    async fn open_cart(&self, reference: &str, browser: &str, clear_cart: &EventJson) -> Result<CartId, String> {
        let (reference, browser, clear_cart) = (reference.to_owned(), browser.to_owned(), clear_cart.clone());
        let cart = self.write(LedgerWrite::OpenCart { reference, browser, clear_cart }).await.map(CartId)?;
        self.n_open.fetch_add(1, Ordering::SeqCst);
        Ok(cart)
    }

    async fn close_cart(&self, cart: CartId) -> Result<(), String> {
        self.write(LedgerWrite::CloseCart(cart)).await?;
        self.n_open.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    }
}

impl LedgerJournal {
    fn types(&self) -> MutexGuard<'_, TypeTracker> {
        self.types.lock().expect("nobody panics with the types")
    }

    async fn write(&self, write: LedgerWrite) -> Result<i64, String> {
        self.ledger.write(write).await.map_err(|error| error.to_string())
    }
}
