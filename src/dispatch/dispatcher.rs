//! Dispatcher: the state that all workers share, and the way of one request through it: start,
//! send, apply what the response says about the service.
//!
//! It knows no order of steps and starts no probe: `worker`, `carts` and `probe` extend it, in
//! this order, each using those after it. `run` creates it.

use std::sync::{Arc, Mutex as BlockingMutex};

use tokio::{
    sync::{Mutex, MutexGuard, Semaphore, SemaphorePermit, mpsc},
    time::Instant,
};

use super::{
    admission::AssemblyLimiter,
    event::DispatchEvent,
    health::{Health, HealthChange},
    journal::Journal,
    leftover_carts::LeftoverCarts,
    pacer::{Pacer, Permit},
    settings::DispatchSettings,
    shutdown::Shutdown,
    target::{Assessment, Delivery, DispatchTarget, Request, StopReason, Throttling},
    wait_counter::WaitCounter,
};
use crate::model::{planned::GuestParts, progress::ServiceHold, request::RequestKind};

/// Recorded intents that may wait for their permit: the requests of a second divided by this.
// A crash leaves these orders as unknown although they were never sent, so they are few. More than
// none, since recording an intent must not hold back the rate.
const INTENTS_AHEAD_DIVISOR: u32 = 20;

/// The guests of a run that are not started yet.
pub(super) type GuestQueue = Box<dyn Iterator<Item = GuestParts<String>> + Send>;

/// Held by the newest guest until its first permit, so that guests are started one by one.
pub(super) type AdmissionGuard<'a> = Option<MutexGuard<'a, GuestQueue>>;

/// The shared state of all workers.
pub(super) struct Dispatcher<J: Journal, T> {
    pub(super) leftover_carts: Arc<LeftoverCarts<J::Cart>>,
    pub(super) guests: Mutex<GuestQueue>,
    pub(super) wait_counter: WaitCounter,
    pub(super) pacer: Pacer,
    health: BlockingMutex<Health>,
    pub(super) slots: Semaphore,
    pub(super) intents: Semaphore,
    pub(super) assembly_limiter: AssemblyLimiter,
    pub(super) shutdown: Arc<Shutdown>,
    pub(super) target: T,
    pub(super) settings: DispatchSettings,
    pub(super) journal: J,
    pub(super) events: mpsc::Sender<DispatchEvent>,
}

/// Permission to start a request; holds one of the in-flight slots until the response.
pub(super) struct StartedRequest<'a> {
    pub(super) permit: Permit,
    /// A reserved place in the channel: the event is emitted without waiting between permit and
    /// request.
    pub(super) event_permit: mpsc::Permit<'a, DispatchEvent>,
    pub(super) slot: SemaphorePermit<'a>,
}

impl<J: Journal, T: DispatchTarget> Dispatcher<J, T> {
    pub(super) fn new(
        guests: GuestQueue,
        target: T,
        settings: DispatchSettings,
        journal: J,
        events: mpsc::Sender<DispatchEvent>,
        (leftover_carts, shutdown): (Arc<LeftoverCarts<J::Cart>>, Arc<Shutdown>),
    ) -> Self {
        let (rate, in_flight) = (target.rate(), settings.in_flight);
        let max_intents =
            |rate: std::num::NonZeroU32| (rate.get() / INTENTS_AHEAD_DIVISOR).max(2) as usize;
        Self {
            leftover_carts,
            guests: Mutex::new(guests),
            wait_counter: WaitCounter::default(),
            pacer: Pacer::new(rate),
            health: Health::new(settings.down_after).into(),
            slots: Semaphore::new(in_flight),
            assembly_limiter: AssemblyLimiter::new(rate, target.session_timeout(), in_flight),
            intents: Semaphore::new(rate.map_or(in_flight, max_intents)),
            shutdown,
            target,
            settings,
            journal,
            events,
        }
    }

    /// Waits until a request may be started, unless the run stops first. Then the next guest may
    /// start.
    pub(super) async fn start(
        &self,
        admission: &mut AdmissionGuard<'_>,
    ) -> Option<StartedRequest<'_>> {
        let _wait_guard = self.wait_counter.enter();
        let slot = self.slots.acquire().await.expect("the semaphore is never closed");
        // Everything that may take time comes before the permit, so that requests with a permit do
        // not bunch up.
        let event_permit = self.shutdown.unless_stopped(self.events.reserve()).await?.ok()?;
        let permit = self.shutdown.unless_stopped(self.pacer.permit()).await;
        admission.take();
        let is_stopped = self.shutdown.reason().is_some();
        permit.filter(|_| !is_stopped).map(|permit| StartedRequest { permit, event_permit, slot })
    }

    /// Sends a request of a delivery, which receives the response.
    pub(super) async fn send_step(
        &self,
        delivery: &mut T::Delivery<'_>,
        request: &Request,
        start: StartedRequest<'_>,
    ) -> (Assessment, Option<HealthChange>) {
        self.send_request(request, start, |response| delivery.on_response(response, Instant::now()))
            .await
    }

    /// Sends a request and returns the assessment of its response, and the change of the service's
    /// health.
    pub(super) async fn send_request(
        &self,
        request: &Request,
        start: StartedRequest<'_>,
        assess: impl FnOnce(T::Response) -> Assessment + Send,
    ) -> (Assessment, Option<HealthChange>) {
        let StartedRequest { permit, event_permit, slot: _slot } = start;
        let Request { kind, is_retry, .. } = *request;
        event_permit.send(DispatchEvent::RequestStarted { kind, is_retry });
        self.settings.gauge.request_sent();
        let response = self.target.send(request).await;
        self.settings.gauge.request_answered();
        self.apply_notice(kind, &response, permit.at);
        let assessment = assess(response);
        if let Some(stop) = &assessment.stop {
            // Before the caller records the outcome, which takes a while: no other request may
            // start meanwhile.
            self.stop_for(kind, stop);
        }
        let health_change = self.health().on_response(kind, assessment.shows_service_up, permit.at);
        match health_change {
            Some(HealthChange::Down) => {
                self.pacer.close();
                self.settings.gauge.service_down(Instant::now().into_std());
            }
            Some(HealthChange::Up) => {
                self.pacer.open();
                self.settings.gauge.service_up(Instant::now().into_std());
            }
            Some(HealthChange::TryOne) | None => {}
        }
        self.pacer.release(permit);
        (assessment, health_change)
    }

    /// Stops the run because of the response to a request of this kind.
    pub(super) fn stop_for(&self, kind: RequestKind, stop: &StopReason) {
        let StopReason { reason, hint } = stop;
        self.shutdown.refuse(format!("{}: {reason}\n  hint: {hint}", self.target.endpoint(kind)));
    }

    /// Slows all requests down if the service throttles one, and stops the run if a response shows
    /// that the target is wrong.
    pub(super) fn apply_notice(&self, kind: RequestKind, response: &T::Response, started: Instant) {
        let notice = self.target.inspect(response);
        if let Some(stop) = &notice.stop {
            self.stop_for(kind, stop);
        }
        // A throttling response is about the tenant, not about one guest.
        match notice.throttle {
            Some(Throttling::Wait { time, .. }) if time > self.settings.give_up_after => {
                self.shutdown.abort(format!(
                    "the service asks to wait for {}",
                    humantime::format_duration(time)
                ));
            }
            Some(Throttling::Wait { time, status }) => {
                self.pacer.hold_for(time);
                let until = (Instant::now() + time).into_std();
                self.settings.gauge.hold(ServiceHold { until, status });
            }
            Some(Throttling::SlowDown) => self.pacer.halve_rate(started),
            None => {}
        }
    }

    pub(super) fn health(&self) -> std::sync::MutexGuard<'_, Health> {
        self.health.lock().expect("no thread panics while holding the lock")
    }

    pub(super) async fn emit(&self, event: DispatchEvent) {
        // An error means that the receiver is gone; the journal has the outcomes all the same.
        drop(self.events.send(event).await);
    }
}
