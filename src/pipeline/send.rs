//! Sending: dispatches a plan, with the ledger as its journal.
//!
//! It knows no export and decides nothing about an order: `dispatch` sends, and the results go to
//! the recorder as they arrive. Called by the pipeline for a new plan and by `resume` for a saved
//! one.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{
    error::RunError,
    progress::{Progress, ProgressFn},
    spec::{RunSpec, SendSpec},
    target::{self, types_sent},
};
use crate::{
    dispatch::{self, AttemptOutcome, DispatchEvent, Journal, LeftoverCart, Work},
    ledger::{
        AttemptId, AttemptState, CartId, CloseReport, GroupCommit, Intent, Ledger, LedgerError,
        LedgerWrite, OrderKey,
    },
    model::{
        field::{AttributeType, AttributeTypes},
        order::OrderRecord,
        outcome::OrderResult,
        planned::{GuestParts, PlannedOrder},
        request::RequestKind,
    },
    plan,
    report::{Recorder, numbers::with_unit},
    storage::StorageError,
};

/// The end of sending.
pub(super) struct SendOutcome {
    /// The reason, if sending ended before every order had its result.
    pub(super) stopped: Option<String>,
    /// The ledger without its writer thread; locked until it is dropped.
    pub(super) ledger: Option<Box<dyn Ledger>>,
}

/// Clears the carts that earlier runs left open, then sends the guests. `guests` receives the
/// ledger that this function writes to. `record_result` receives the result of each order.
pub(super) fn send<G: Iterator<Item = GuestParts<RunError>> + Send + 'static>(
    guests: impl FnOnce(GroupCommit) -> G,
    ledger: Box<dyn Ledger>,
    spec: &RunSpec<'_>,
    send_spec: &SendSpec<'_>,
    recorder: &mut Recorder,
    record_result: fn(&mut Recorder, &OrderRecord, &OrderResult) -> Result<(), StorageError>,
    emit: ProgressFn<'_>,
) -> Result<SendOutcome, RunError> {
    let leftover_carts = leftover_carts(&*ledger)?;
    let n_open = Arc::new(AtomicU64::new(leftover_carts.len() as u64));
    let types = Mutex::new(TypeTracker {
        known: ledger.reader()?.attribute_types()?,
        pending: HashMap::new(),
    });
    let settings = send_spec.dispatch.clone();
    // Created before the thread that writes the ledger, so that an error here leaves a cleanly
    // closed ledger.
    let service = target::service(&spec.stream, send_spec.timeout, settings.in_flight)?;
    let (ledger, writer) = GroupCommit::start(ledger);
    let guests = guests(ledger.clone()).map(GuestParts::stringify_errors);
    let work = Work { leftover_carts, guests: plan::with_limit(guests, send_spec.limit) };
    let journal = LedgerJournal { ledger, n_open: Arc::clone(&n_open), types };
    // A result that cannot be written stops the run: an order that cannot be reported must not be
    // sent.
    let handler =
        |event| on_event(event, recorder, record_result, emit).map_err(|error| error.to_string());
    let stop = send_spec.shutdown_signal.clone();
    let mut outcome =
        send_spec.runtime.block_on(dispatch::run(work, service, settings, journal, stop, handler));
    recorder.n_carts_open = n_open.load(Ordering::SeqCst);
    if recorder.n_unreached() > 0 {
        let limit = send_spec.limit.map(plan::limit_reached);
        outcome.stopped = outcome.stopped.or(limit);
    }
    // A thread that panicked has no report, but its last error reached the writes that waited for
    // it.
    let (ledger, closed) = writer
        .join()
        .map_or_else(|_| (None, CloseReport::default()), |(ledger, end)| (Some(ledger), end));
    outcome.stopped = outcome.stopped.or(closed.error.map(|error| error.to_string()));
    if let n_unwritten @ 1.. = closed.unwritten_outcomes {
        outcome.stopped = outcome.stopped.map(|why| unwritten_message(&why, n_unwritten));
    }
    Ok(SendOutcome { stopped: outcome.stopped, ledger })
}

fn leftover_carts(ledger: &dyn Ledger) -> Result<Vec<LeftoverCart<CartId>>, LedgerError> {
    let carts = ledger.open_carts()?.into_iter();
    Ok(carts
        .map(|open| LeftoverCart {
            cart: open.cart,
            browser: open.browser,
            clear_cart: open.clear_cart,
        })
        .collect())
}

/// Adds to the reason of a stop how many outcomes the ledger lacks.
fn unwritten_message(why: &str, n_unwritten: usize) -> String {
    let orders = with_unit(n_unwritten as u64, "order");
    format!(
        "{why}\n  hint: the ledger lacks the outcome of {orders}, which the next run treats as \
         unknown; results.ndjson \
         may contain it, and orderferry ledger settle records it"
    )
}

fn on_event(
    event: DispatchEvent,
    recorder: &mut Recorder,
    record_result: fn(&mut Recorder, &OrderRecord, &OrderResult) -> Result<(), StorageError>,
    emit: ProgressFn<'_>,
) -> Result<(), StorageError> {
    match event {
        DispatchEvent::RequestStarted { kind, is_retry } => {
            recorder.requests.add(kind, is_retry);
            // The clearing of a cart is not one of the expected requests either.
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

/// The ledger as the journal of `dispatch`.
struct LedgerJournal {
    ledger: GroupCommit,
    /// Number of carts that may not be empty.
    n_open: Arc<AtomicU64>,
    types: Mutex<TypeTracker>,
}

/// The types of extension attributes that the tenant has received, and those of the attempts
/// without outcome.
struct TypeTracker {
    known: AttributeTypes,
    /// New types by attempt. They become known when the attempt is accepted.
    pending: HashMap<i64, Vec<AttributeType>>,
}

impl TypeTracker {
    fn add_pending(&mut self, attempt: AttemptId, order: &PlannedOrder) {
        let mut types = types_sent(order);
        types.retain(|attribute| self.known.get(attribute.scope, &attribute.name).is_none());
        if !types.is_empty() {
            self.pending.insert(attempt.0, types);
        }
    }

    /// Returns the types that an attempt's acceptance confirms. Only the first orders have any.
    fn confirm(
        &mut self,
        attempt: AttemptId,
        outcome: AttemptOutcome,
    ) -> Option<Vec<AttributeType>> {
        let types =
            self.pending.remove(&attempt.0).filter(|_| outcome == AttemptOutcome::Accepted)?;
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
        let attempt = self.write(LedgerWrite::Intent(intent(order))).await.map(AttemptId)?;
        self.types().add_pending(attempt, order);
        Ok(attempt)
    }

    async fn record_outcome(
        &self,
        attempt: AttemptId,
        outcome: AttemptOutcome,
    ) -> Result<(), String> {
        let state = match outcome {
            AttemptOutcome::Accepted => AttemptState::Accepted,
            AttemptOutcome::NotAccepted => AttemptState::NotAccepted,
            AttemptOutcome::Unknown => AttemptState::Unknown,
        };
        let new_types = self.types().confirm(attempt, outcome);
        // Not waited for: no request depends on the types.
        if let Some(types) = new_types {
            self.ledger.enqueue(LedgerWrite::RecordAttributeTypes(types));
        }
        self.write(LedgerWrite::Outcome(attempt, state)).await.map(drop)
    }

    async fn open_cart(
        &self,
        reference: &str,
        browser: &str,
        clear_cart: &str,
    ) -> Result<CartId, String> {
        let (reference, browser, clear_cart) =
            (reference.to_owned(), browser.to_owned(), clear_cart.to_owned());
        let cart = self
            .write(LedgerWrite::OpenCart { reference, browser, clear_cart })
            .await
            .map(CartId)?;
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
        self.types.lock().expect("no thread panics while holding the lock")
    }

    async fn write(&self, write: LedgerWrite) -> Result<i64, String> {
        self.ledger.write(write).await.map_err(|error| error.to_string())
    }
}

/// Returns the intent of a planned order, which the ledger records before the order is sent.
fn intent(order: &PlannedOrder) -> Intent {
    Intent {
        order: OrderKey {
            reference: order.record.reference.clone(),
            ordered_at: order.encoded.ordered_at,
            content: order.encoded.content,
        },
        status: order.encoded.status.clone(),
        money: order.record.money.clone(),
        item_count: order.record.item_count,
        dedup_hash: Some(order.encoded.dedup_hash),
    }
}
