//! Run loop of dispatch: workers run deliveries concurrently and carry out each one's actions with
//! the journal, the pacer and the transport. Before that they clear the leftover carts of earlier
//! runs.
//!
//! It decides nothing about an order: the steps are `delivery`'s, the meaning of a response is
//! `classify`'s. Called by `pipeline` through `run`.

use std::{
    panic::resume_unwind,
    sync::{Arc, Mutex as BlockingMutex},
};

use tokio::{
    sync::{Mutex, MutexGuard, Semaphore, SemaphorePermit, mpsc},
    task::JoinSet,
    time::{Duration, Instant, sleep},
};

use admission::AssemblyLimiter;
use carts::LeftoverCarts;

use super::{
    classify::{CHECK_TARGET, Classification, RequestKind, ServiceResponse, WRONG_TARGET},
    delivery::{Action, GuestDelivery, Identified, RequestSpec},
    event::DispatchEvent,
    health::{Health, HealthChange},
    journal::{AttemptOutcome, Journal, LeftoverCart},
    pacer::{Pacer, Permit},
    page_counter::{MAX_SAME_PAGES, PageCounter},
    settings::DispatchSettings,
    shutdown::{Shutdown, ShutdownSignal},
    target::Transport,
    wait_counter::WaitCounter,
};
use crate::{
    event::url,
    model::{
        planned::{GuestParts, PlannedGuest, PlannedOrder},
        target::Target,
    },
};

/// Guests in progress per request in flight: while one pauses after its IDENTITY, others send.
const GUESTS_PER_REQUEST: usize = 8;

/// Recorded intents that may wait for their permit: the requests of a second divided by this.
// A crash leaves these orders as unknown although they were never sent, so they are few. More than
// none, since recording an intent must not hold back the rate.
const INTENTS_AHEAD_DIVISOR: u32 = 20;

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
}

/// Sends all guests' orders to a target. `emit` receives every request and every result as they
/// happen. If `emit` returns an error or `shutdown_signal` holds a reason, the run stops: no order
/// is started, and requests in flight get their response. Each order of the guests is settled
/// exactly once.
pub async fn run<J: Journal, T: Transport>(
    work: Work<J::Cart, impl Iterator<Item: Into<GuestParts<String>>> + Send + 'static>,
    target: Target,
    settings: DispatchSettings,
    journal: J,
    transport: T,
    mut shutdown_signal: ShutdownSignal,
    mut emit: impl FnMut(DispatchEvent) -> Result<(), String>,
) -> DispatchOutcome {
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
        transport,
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
    DispatchOutcome { stopped: shutdown.reason().map(str::to_owned) }
}

type GuestQueue = Box<dyn Iterator<Item = GuestParts<String>> + Send>;

/// Held by the newest guest until its first permit, so that guests are started one by one.
type AdmissionGuard<'a> = Option<MutexGuard<'a, GuestQueue>>;

/// The shared state of all workers.
struct Dispatcher<J: Journal, T> {
    leftover_carts: Arc<LeftoverCarts<J::Cart>>,
    guests: Mutex<GuestQueue>,
    wait_counter: WaitCounter,
    pacer: Pacer,
    health: BlockingMutex<Health>,
    page_counter: BlockingMutex<PageCounter>,
    slots: Semaphore,
    intents: Semaphore,
    assembly_limiter: AssemblyLimiter,
    shutdown: Arc<Shutdown>,
    target: Target,
    settings: DispatchSettings,
    journal: J,
    transport: T,
    events: mpsc::Sender<DispatchEvent>,
}

impl<J: Journal, T: Transport> Dispatcher<J, T> {
    fn new(
        guests: GuestQueue,
        target: Target,
        settings: DispatchSettings,
        journal: J,
        transport: T,
        events: mpsc::Sender<DispatchEvent>,
        (leftover_carts, shutdown): (Arc<LeftoverCarts<J::Cart>>, Arc<Shutdown>),
    ) -> Self {
        let max_intents = |rate: std::num::NonZeroU32| (rate.get() / INTENTS_AHEAD_DIVISOR).max(2) as usize;
        Self {
            leftover_carts,
            guests: Mutex::new(guests),
            wait_counter: WaitCounter::default(),
            pacer: Pacer::new(settings.rate),
            health: Health::new(settings.down_after).into(),
            page_counter: BlockingMutex::default(),
            slots: Semaphore::new(settings.in_flight),
            assembly_limiter: AssemblyLimiter::new(&settings),
            intents: Semaphore::new(settings.rate.map_or(settings.in_flight, max_intents)),
            shutdown,
            target,
            settings,
            journal,
            transport,
            events,
        }
    }

    async fn work(self: Arc<Self>) {
        self.clear_leftovers().await;
        while let Some((first, others, admission)) = self.next_guest().await {
            self.deliver(first, others, admission).await;
        }
    }

    /// Returns the next guest with an order to send, once no guest in progress waits for a permit.
    /// Guests without one are settled in passing, and so are all guests once the run stops: there
    /// may be millions.
    // Guests in progress come first, so that a crash wastes few requests and browsers are fresh
    // when they are used.
    async fn next_guest(&self) -> Option<(PlannedGuest, GuestParts<String>, MutexGuard<'_, GuestQueue>)> {
        let mut admission = self.guests.lock().await;
        loop {
            self.wait_counter.wait_until_idle().await;
            let mut guest = admission.next()?;
            while let Some(part) = guest.next() {
                match part {
                    Ok(part) if part.orders.is_empty() || self.shutdown.reason().is_some() => {
                        self.deliver_part(part, Identified::default(), &mut None).await;
                    }
                    Ok(part) => return Some((part, guest, admission)),
                    Err(reason) => {
                        self.shutdown.abort(reason);
                        return None;
                    }
                }
            }
        }
    }

    /// Delivers a guest part by part, one order after the other.
    // Parts, since the orders of one guest may be too many to hold: 50,000 took 168 MB where a
    // small export takes 51.
    async fn deliver<'a>(
        &'a self,
        first: PlannedGuest,
        others: GuestParts<String>,
        admission: MutexGuard<'a, GuestQueue>,
    ) {
        let (mut identified, mut admission) = (Identified::default(), Some(admission));
        for part in std::iter::once(Ok(first)).chain(others) {
            match part {
                Ok(part) => identified = self.deliver_part(part, identified, &mut admission).await,
                Err(reason) => return self.shutdown.abort(reason),
            }
        }
    }

    async fn deliver_part<'a>(
        &'a self,
        mut guest: PlannedGuest,
        identified: Identified,
        admission: &mut AdmissionGuard<'a>,
    ) -> Identified {
        for (record, result) in std::mem::take(&mut guest.results) {
            self.emit(DispatchEvent::Settled(Box::new(record), result)).await;
        }
        let mut delivery = GuestDelivery::for_part(&guest, &self.settings, identified);
        let (mut cart, mut assembly_slot, mut cleanup_deadline) = (None, None, None);
        loop {
            match delivery.next_action(Instant::now()) {
                Action::Done => return delivery.identified(),
                Action::OpenCart { order, browser } => cart = self.open_cart(&guest.orders[order], &browser).await,
                Action::CloseCart => self.close_cart(cart.take()).await,
                Action::Settled(index, result) => {
                    assembly_slot = None;
                    self.emit(DispatchEvent::Settled(Box::new(guest.orders[index].record.clone()), result)).await;
                }
                Action::StopRun(reason) => self.shutdown.abort(reason),
                Action::Wait(time) => self.wait(time, cleanup_deadline).await,
                Action::Send(step) => match (self.shutdown.reason(), delivery.requests_to_assemble()) {
                    (Some(reason), _) => self.end(&guest, &mut delivery, &step, reason, &mut cleanup_deadline).await,
                    (None, Some(n_requests)) if assembly_slot.is_none() => {
                        assembly_slot = self.shutdown.unless_stopped(self.assembly_limiter.admit(n_requests)).await;
                    }
                    (None, _) => self.send(&guest, &mut delivery, &step, admission).await,
                },
            }
        }
    }

    /// Sends one step, unless the run stops first or the journal fails.
    async fn send(
        &self,
        guest: &PlannedGuest,
        delivery: &mut GuestDelivery<'_>,
        step: &RequestSpec,
        admission: &mut AdmissionGuard<'_>,
    ) {
        let sent = match step {
            RequestSpec::Event { order, event, .. } if event.kind().is_checkout() => {
                self.send_with_intent(guest, &guest.orders[*order], delivery, step).await
            }
            _ => match self.start_within_session(delivery, admission).await {
                Some(start) => Ok(Some(self.send_step(guest, delivery, step, start).await)),
                None => Ok(None),
            },
        };
        match sent {
            Ok(Some((classification, health_change))) => self.on_health_change(health_change, &classification).await,
            Ok(None) => {}
            Err(reason) => self.shutdown.abort(reason),
        }
    }

    /// Sends an order's last event between its intent and its outcome in the journal. Returns
    /// `None` if the run stops first, and an error if the journal fails.
    async fn send_with_intent(
        &self,
        guest: &PlannedGuest,
        order: &PlannedOrder,
        delivery: &mut GuestDelivery<'_>,
        step: &RequestSpec,
    ) -> Result<Option<(Classification, Option<HealthChange>)>, String> {
        let wait_guard = self.wait_counter.enter();
        // The intent comes before the permit, so that a slow disk cannot bunch up requests that
        // have theirs. It is not recorded while no permits are granted, since a crash would leave
        // it as unknown.
        let intent_permit = self.intents.acquire().await.expect("the semaphore is never closed");
        if self.shutdown.unless_stopped(self.pacer.wait_until_open()).await.is_none() {
            return Ok(None);
        }
        // A request that waits for the disk does not keep further guests from starting.
        drop(wait_guard);
        let attempt = self.journal.record_intent(order).await?;
        let start = self.start_within_session(delivery, &mut None).await;
        drop(intent_permit);
        let Some(start) = start else {
            self.journal.record_outcome(attempt, AttemptOutcome::NotAccepted).await?;
            return Ok(None);
        };
        let result = self.send_step(guest, delivery, step, start).await;
        self.journal.record_outcome(attempt, result.0.attempt_outcome()).await?;
        Ok(Some(result))
    }

    /// Waits until a step may be started. Returns `None` if the run stops first or the session may
    /// have ended meanwhile.
    async fn start_within_session(
        &self,
        delivery: &GuestDelivery<'_>,
        admission: &mut AdmissionGuard<'_>,
    ) -> Option<StartedRequest<'_>> {
        let start = self.start(admission).await?;
        if delivery.is_past_session(start.permit.at) {
            self.pacer.release(start.permit);
            return None;
        }
        Some(start)
    }

    /// Waits until a request may be started, unless the run stops first. Then the next guest may
    /// start.
    async fn start(&self, admission: &mut AdmissionGuard<'_>) -> Option<StartedRequest<'_>> {
        let _wait_guard = self.wait_counter.enter();
        let slot = self.slots.acquire().await.expect("the semaphore is never closed");
        // Everything that may take time comes before the permit, so that requests with a permit do
        // not bunch up.
        let event_permit = self.shutdown.unless_stopped(self.events.reserve()).await?.ok()?;
        let permit = self.shutdown.unless_stopped(self.pacer.permit()).await;
        admission.take();
        let is_stopped = self.shutdown.reason().is_some();
        permit.filter(|_| !is_stopped).map(|permit| StartedRequest { permit, event_permit, _slot: slot })
    }

    async fn send_step(
        &self,
        guest: &PlannedGuest,
        delivery: &mut GuestDelivery<'_>,
        step: &RequestSpec,
        start: StartedRequest<'_>,
    ) -> (Classification, Option<HealthChange>) {
        let request = OutgoingRequest { url: self.url(guest, step), kind: step.kind(), is_retry: delivery.is_retry() };
        self.send_request(request, start, |response| delivery.on_response(response, Instant::now())).await
    }

    /// Sends a request and returns the classification of its response, and the change of the
    /// service's health.
    async fn send_request(
        &self,
        request: OutgoingRequest,
        start: StartedRequest<'_>,
        classify: impl FnOnce(ServiceResponse) -> Classification + Send,
    ) -> (Classification, Option<HealthChange>) {
        let (StartedRequest { permit, event_permit, _slot }, OutgoingRequest { url, kind, is_retry }) =
            (start, request);
        event_permit.send(DispatchEvent::RequestStarted { kind, is_retry });
        let response = self.transport.send(url).await;
        self.apply_throttling(kind, &response, permit.at);
        let classification = classify(response);
        if let Classification::StopRun { reason, hint } = &classification {
            // Before the caller records the outcome, which takes a while: no other request may
            // start meanwhile.
            self.stop_for(kind, reason, hint);
        }
        let health_change = self.health().on_response(kind, classification.shows_service_up(), permit.at);
        match health_change {
            Some(HealthChange::Down) => self.pacer.close(),
            Some(HealthChange::Up) => self.pacer.open(),
            Some(HealthChange::TryOne) | None => {}
        }
        self.pacer.release(permit);
        (classification, health_change)
    }

    /// Stops the run because of the response to a request of this kind.
    fn stop_for(&self, kind: RequestKind, reason: &str, hint: &str) {
        let endpoint = match kind {
            RequestKind::BrowserCreate => url::browser_endpoint(&self.target),
            _ => url::event_endpoint(&self.target),
        };
        self.shutdown.abort(format!("{endpoint}: {reason}\n  hint: {hint}"));
    }

    /// Slows all requests down if the service throttles one, and stops the run if it only responds
    /// with a web page.
    fn apply_throttling(&self, kind: RequestKind, response: &ServiceResponse, started: Instant) {
        let repeated_page = self.page_counter.lock().expect("no thread panics while holding the lock").count(response);
        if let Some(status) = repeated_page {
            let reason =
                format!("HTTP {status} with the same web page {MAX_SAME_PAGES} times in a row: {WRONG_TARGET}");
            self.stop_for(kind, &reason, CHECK_TARGET);
        }
        // A throttling response is about the tenant, not about one guest.
        match response.throttle() {
            Some(Some(wait)) if wait > self.settings.give_up_after => {
                self.shutdown.abort(format!("the service asks to wait for {}", humantime::format_duration(wait)));
            }
            Some(Some(wait)) => self.pacer.hold_for(wait),
            Some(None) => self.pacer.halve_rate(started),
            None => {}
        }
    }

    fn health(&self) -> std::sync::MutexGuard<'_, Health> {
        self.health.lock().expect("no thread panics while holding the lock")
    }

    fn url(&self, guest: &PlannedGuest, step: &RequestSpec) -> String {
        match step {
            RequestSpec::CreateBrowser => url::browser_create(&self.target),
            RequestSpec::Identity { browser } => url::event_create(&self.target, &guest.identity, browser),
            RequestSpec::Event { order, event, browser } => {
                url::event_create(&self.target, event.json(&guest.orders[*order].events), browser)
            }
        }
    }

    async fn emit(&self, event: DispatchEvent) {
        // An error means that the receiver is gone; the journal has the outcomes all the same.
        drop(self.events.send(event).await);
    }
}

/// A request to send.
struct OutgoingRequest {
    url: String,
    kind: RequestKind,
    /// The same step was sent before.
    is_retry: bool,
}

/// Permission to start a request; holds one of the in-flight slots until the response.
struct StartedRequest<'a> {
    permit: Permit,
    /// A reserved place in the channel: the event is emitted without waiting between permit and
    /// request.
    event_permit: mpsc::Permit<'a, DispatchEvent>,
    _slot: SemaphorePermit<'a>,
}

mod admission;
mod carts;
mod probe;

#[cfg(test)]
mod tests;
