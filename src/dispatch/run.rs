//! Run loop of dispatch: spawns the workers, hands their events to the caller, and ends when all
//! orders are settled or a stop is requested.
//!
//! It delivers nothing itself: `worker` does, over the `dispatcher` that all of them share. Called
//! by `pipeline`.

use std::{panic::resume_unwind, sync::Arc};

use tokio::{
    sync::mpsc,
    task::JoinSet,
    time::{Duration, Instant, sleep},
};

use super::{
    dispatcher::Dispatcher,
    event::DispatchEvent,
    journal::{Journal, LeftoverCart},
    leftover_carts::LeftoverCarts,
    settings::DispatchSettings,
    shutdown::{Shutdown, ShutdownSignal},
    target::DispatchTarget,
};
use crate::model::planned::GuestParts;

/// Guests in progress per request in flight: while one pauses between its requests, others send.
const GUESTS_PER_REQUEST: usize = 8;

/// Maximum events that wait to be emitted; beyond it, the workers wait for `emit`.
const MAX_PENDING_EVENTS: usize = 1024;

/// Events are emitted in batches at this interval.
// Waking up for each event costs more than sending a request.
const EVENT_BATCH_INTERVAL: Duration = Duration::from_millis(2);

/// The work of a run.
pub struct Work<C, G> {
    /// Carts that earlier runs left open; cleared first.
    pub leftover_carts: Vec<LeftoverCart<C>>,
    /// The guests with the orders to send. A guest that cannot be read stops the run.
    pub guests: G,
}

/// How sending ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DispatchOutcome {
    /// The reason, if it ended before all orders were sent.
    pub stopped: Option<String>,
    /// Whether the reason is that the target refuses every request.
    pub is_refused: bool,
    /// How long the service counted as down.
    pub service_down: Duration,
}

/// Sends all guests' orders to a target. `emit` receives every request and every result as they
/// happen. If `emit` returns an error or `shutdown_signal` holds a reason, the run stops: no order
/// is started, and requests in flight get their response. Each order of the guests is settled
/// exactly once.
pub async fn run<J: Journal, T: DispatchTarget>(
    work: Work<J::Cart, impl Iterator<Item: Into<GuestParts<String>>> + Send + 'static>,
    target: T,
    settings: DispatchSettings,
    journal: J,
    mut shutdown_signal: ShutdownSignal,
    mut emit: impl FnMut(DispatchEvent) -> Result<(), String>,
) -> DispatchOutcome {
    let gauge = Arc::clone(&settings.gauge);
    let (event_sender, mut event_receiver) = mpsc::channel(MAX_PENDING_EVENTS);
    let shutdown = Arc::new(Shutdown::default());
    let n_workers = settings.in_flight * GUESTS_PER_REQUEST;
    let leftover_carts = Arc::new(LeftoverCarts::new(work.leftover_carts));
    let shared = (Arc::clone(&leftover_carts), Arc::clone(&shutdown));
    let dispatcher = Arc::new(Dispatcher::new(
        Box::new(work.guests.map(Into::into)),
        target,
        settings,
        journal,
        event_sender,
        shared,
    ));
    if let Some(reason) = shutdown_signal.borrow().clone() {
        shutdown.request(reason);
    }
    let mut workers = JoinSet::new();
    for _ in 0..n_workers {
        workers.spawn(Arc::clone(&dispatcher).work());
    }
    // The workers alone keep the channel of events open.
    drop(dispatcher);
    let mut events = Vec::with_capacity(MAX_PENDING_EVENTS);
    loop {
        tokio::select! {
            // The signal first: a flood of events must not delay a stop.
            biased;
            Ok(reason) = shutdown_signal.wait_for(Option::is_some), if shutdown.reason().is_none() => {
                shutdown.request(reason.clone().unwrap_or_default());
            }
            n_events = event_receiver.recv_many(&mut events, MAX_PENDING_EVENTS) => {
                if n_events == 0 {
                    break;
                }
                for event in events.drain(..).chain([DispatchEvent::Idle]) {
                    emit(event).unwrap_or_else(|reason| shutdown.abort(reason));
                }
                sleep(EVENT_BATCH_INTERVAL).await;
            }
        }
    }
    if let Some(message) = leftover_carts.message() {
        emit(DispatchEvent::Warning(message)).unwrap_or_else(|reason| shutdown.abort(reason));
    }
    while let Some(worker) = workers.join_next().await {
        // A panic is a bug: it is passed on, so that no wrong result is reported. The journal has
        // the intents of the requests in flight.
        worker.unwrap_or_else(|error| resume_unwind(error.into_panic()));
    }
    gauge.service_up(Instant::now().into_std());
    DispatchOutcome {
        stopped: shutdown.reason().map(str::to_owned),
        is_refused: shutdown.is_refused(),
        service_down: gauge.pauses().down_before,
    }
}
