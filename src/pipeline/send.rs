//! Sending: dispatches a plan, with the ledger as its journal.
//!
//! It knows no export and decides nothing about an order: `dispatch` sends, and the results go to
//! the recorder as they arrive. Called by the pipeline for a new plan and by `resume` for a saved
//! one.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use super::{
    error::RunError,
    journal::{LedgerJournal, leftover_carts},
    spec::{RunSpec, SendSpec},
    target,
};
use crate::{
    dispatch::{self, DispatchEvent, Work},
    ledger::{CloseReport, GroupCommit, Ledger},
    model::{
        order::OrderRecord,
        outcome::OrderResult,
        planned::GuestParts,
        progress::{Progress, ProgressFn},
        request::RequestKind,
    },
    plan,
    report::{Recorder, numbers::with_unit},
    storage::StorageError,
};

/// The topic of the manual about a target that refuses every request.
const TOPIC_OF_TARGET: &str = "tenant";

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
    let n_carts_open = Arc::new(AtomicU64::new(leftover_carts.len() as u64));
    let settings = send_spec.dispatch.clone();
    // Created before the thread that writes the ledger, so that an error here leaves a cleanly
    // closed ledger.
    let service = target::service(&spec.service, send_spec.timeout, settings.in_flight)?;
    let (ledger, writer) = GroupCommit::start(ledger);
    let guests = guests(ledger.clone()).map(GuestParts::stringify_errors);
    let work = Work { leftover_carts, guests: plan::with_limit(guests, send_spec.limit) };
    let journal = LedgerJournal { ledger, n_carts_open: Arc::clone(&n_carts_open) };
    // A result that cannot be written stops the run: an order that cannot be reported must not be
    // sent.
    let handler =
        |event| on_event(event, recorder, record_result, emit).map_err(|error| error.to_string());
    let stop = send_spec.shutdown_signal.clone();
    let mut outcome =
        send_spec.runtime.block_on(dispatch::run(work, service, settings, journal, stop, handler));
    recorder.service_down = outcome.service_down;
    if outcome.is_refused {
        recorder.help_topic = Some(TOPIC_OF_TARGET);
    }
    recorder.n_carts_open = n_carts_open.load(Ordering::SeqCst);
    recorder.has_attempt = send_spec.dispatch.gauge.has_attempt();
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
    recorder.n_outcomes_unwritten = closed.unwritten_outcomes as u64;
    if let n_unwritten @ 1.. = closed.unwritten_outcomes {
        outcome.stopped = outcome.stopped.map(|why| unwritten_message(&why, n_unwritten));
    }
    Ok(SendOutcome { stopped: outcome.stopped, ledger })
}

/// Adds to the reason of a stop how many outcomes the ledger lacks.
fn unwritten_message(why: &str, n_unwritten: usize) -> String {
    let orders = with_unit(n_unwritten as u64, "order");
    format!(
        "{why}\n  hint: the ledger lacks the outcome of {orders}, which the next run treats as \
         unknown; results.ndjson may contain it, and orderferry ledger settle records it"
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
        DispatchEvent::Settled(record, result) => {
            emit(Progress::Settled(result.outcome));
            record_result(recorder, &record, &result)
        }
        DispatchEvent::Idle => recorder.flush(),
        DispatchEvent::Warning(message) => {
            emit(Progress::Warning(&message));
            Ok(())
        }
    }
}
