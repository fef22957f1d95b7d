//! Runs deliveries side by side: takes each machine's steps to the journal, the pacer and the wire.

use std::{future::Future, panic::resume_unwind, sync::Arc};

use tokio::{
    sync::{Mutex, MutexGuard, Semaphore, mpsc, watch},
    task::JoinSet,
};

use super::{
    AttemptOutcome, Journal, Settings, Wire,
    answer::Kind,
    delivery::{Delivery, LONGEST_WAIT, Move, SINGLE, Step},
    pacer::Pacer,
};
use crate::{
    event::url,
    model::{
        order::OrderId,
        outcome::Settled,
        planned::{PlannedGuest, PlannedOrder},
        target::Target,
    },
};

/// Guests under way for each request in flight: while one pauses behind its IDENTITY, others send.
const GUESTS_PER_REQUEST: usize = 8;

/// Intents that may wait for their permit, as a part of the requests of a second. A crash leaves them as unknown
/// although they were never sent, so they are few; recording them must not hold back the rate, so they are some.
const INTENTS_AHEAD: u32 = 20;

/// Something to tell the user.
#[derive(Debug)]
pub enum Event {
    /// A request goes on the wire.
    Sending {
        /// Of this kind.
        kind: Kind,
        /// The same step went before.
        is_retry: bool,
    },
    /// This became of an order.
    Settled(OrderId, Settled),
}

/// How sending ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Why it ended before everything was settled, if it did.
    pub stopped: Option<String>,
}

/// Sends everything to a target. `tell` hears of every request and every outcome as they happen, and may say why the
/// run must stop, as `asked_to_stop` may at any time: then nothing more is started, and what is in flight settles. Each
/// order that the guests bring is settled exactly once. A guest that cannot be read stops the run.
pub async fn run<J: Journal, W: Wire>(
    guests: impl Iterator<Item = Result<PlannedGuest, String>> + Send + 'static,
    target: Target,
    settings: Settings,
    journal: J,
    wire: W,
    mut asked_to_stop: StopRequest,
    mut tell: impl FnMut(Event) -> Result<(), String>,
) -> Ended {
    let (events, mut told) = mpsc::unbounded_channel();
    let (stop, stopped) = watch::channel(None);
    let n_workers = settings.in_flight * GUESTS_PER_REQUEST;
    let dispatch = Arc::new(Dispatch::new(Box::new(guests), target, settings, journal, wire, events, stop.clone()));
    let mut workers = JoinSet::new();
    for _ in 0..n_workers {
        workers.spawn(Arc::clone(&dispatch).work());
    }
    // The workers alone keep the channel of events open.
    drop(dispatch);
    loop {
        tokio::select! {
            event = told.recv() => match event.map(&mut tell) {
                None => break,
                Some(told) => told.unwrap_or_else(|reason| say_stop(&stop, reason)),
            },
            Ok(reason) = asked_to_stop.wait_for(Option::is_some), if stopped.borrow().is_none() => {
                say_stop(&stop, reason.clone().unwrap_or_default());
            }
        }
    }
    while let Some(worker) = workers.join_next().await {
        // A panic is a bug. What was on the wire stands in the journal, and nobody shall be told otherwise.
        worker.unwrap_or_else(|error| resume_unwind(error.into_panic()));
    }
    let stopped = stopped.borrow().clone();
    Ended { stopped }
}

type Stop = watch::Sender<Option<String>>;

/// Holds the reason once someone asks the run to stop.
pub type StopRequest = watch::Receiver<Option<String>>;

/// The first reason is the one that counts.
fn say_stop(stop: &Stop, reason: String) {
    stop.send_if_modified(|known| {
        let is_first = known.is_none();
        known.get_or_insert(reason);
        is_first
    });
}

type Guests = Box<dyn Iterator<Item = Result<PlannedGuest, String>> + Send>;

/// Held by the guest that comes next until it may send, so that guests come one by one.
type Door<'a> = Option<MutexGuard<'a, Guests>>;

/// What all workers share.
struct Dispatch<J, W> {
    guests: Mutex<Guests>,
    /// Requests of guests under way that wait until they may be sent.
    n_waiting: watch::Sender<usize>,
    pacer: Pacer,
    slots: Semaphore,
    intents: Semaphore,
    stop: Stop,
    target: Target,
    settings: Settings,
    journal: J,
    wire: W,
    events: mpsc::UnboundedSender<Event>,
}

impl<J: Journal, W: Wire> Dispatch<J, W> {
    fn new(
        guests: Guests,
        target: Target,
        settings: Settings,
        journal: J,
        wire: W,
        events: mpsc::UnboundedSender<Event>,
        stop: Stop,
    ) -> Self {
        let ahead = |rate: std::num::NonZeroU32| (rate.get() / INTENTS_AHEAD).max(2) as usize;
        Self {
            guests: Mutex::new(guests),
            n_waiting: watch::Sender::new(0),
            pacer: Pacer::new(settings.rate),
            slots: Semaphore::new(settings.in_flight),
            intents: Semaphore::new(settings.rate.map_or(settings.in_flight, ahead)),
            stop,
            target,
            settings,
            journal,
            wire,
            events,
        }
    }

    async fn work(self: Arc<Self>) {
        while let Some((guest, door)) = self.next_guest().await {
            self.deliver(&guest, Some(door)).await;
        }
    }

    /// The next guest, once nobody under way waits: guests are finished before others are begun, so that a crash wastes
    /// little and browsers are fresh when they are used.
    async fn next_guest(&self) -> Option<(PlannedGuest, MutexGuard<'_, Guests>)> {
        let mut door = self.guests.lock().await;
        let mut n_waiting = self.n_waiting.subscribe();
        n_waiting.wait_for(|n_waiting| *n_waiting == 0).await.expect("we hold the sender");
        match door.next()? {
            Ok(guest) => Some((guest, door)),
            Err(reason) => {
                say_stop(&self.stop, reason);
                None
            }
        }
    }

    async fn deliver<'a>(&'a self, guest: &PlannedGuest, mut door: Door<'a>) {
        let mut delivery = Delivery::new(guest, SINGLE, &self.settings);
        loop {
            match delivery.next_move() {
                Move::Done => return,
                Move::Settled(id, settled) => self.tell(Event::Settled(id, settled)),
                Move::StopRun(reason) => say_stop(&self.stop, reason),
                Move::Wait(time) => drop(self.unless_stopped(tokio::time::sleep(time)).await),
                Move::Send(step) => match self.stopped() {
                    Some(reason) => delivery.stop(&reason),
                    None => self.send(guest, &mut delivery, &step, &mut door).await,
                },
            }
        }
    }

    /// Sends one step, unless the run stops first or the journal fails.
    async fn send(&self, guest: &PlannedGuest, delivery: &mut Delivery<'_>, step: &Step, door: &mut Door<'_>) {
        let mut waiting = Waiting::new(&self.n_waiting);
        let _slot = self.slots.acquire().await.expect("the slots are never closed");
        let sent = match step {
            Step::OrderCheckout { order, .. } => {
                self.send_recorded(guest, &guest.orders[*order], delivery, step, &mut waiting).await
            }
            Step::CreateBrowser | Step::Identity { .. } => {
                let has_permit = self.unless_stopped(self.pacer.permit()).await.is_some();
                waiting.end();
                door.take();
                if has_permit {
                    self.put_on_the_wire(guest, delivery, step).await;
                }
                Ok(())
            }
        };
        if let Err(reason) = sent {
            say_stop(&self.stop, reason);
        }
    }

    /// Sends an order's last event between its intent and its outcome in the journal. An error is the journal's.
    async fn send_recorded(
        &self,
        guest: &PlannedGuest,
        order: &PlannedOrder,
        delivery: &mut Delivery<'_>,
        step: &Step,
        waiting: &mut Waiting<'_>,
    ) -> Result<(), String> {
        // The intent comes before the permit, so that a slow disk cannot bunch up requests that have theirs.
        let ahead = self.intents.acquire().await.expect("the intents are never closed");
        if self.stopped().is_some() {
            return Ok(());
        }
        let attempt = self.journal.intend(order).await?;
        let has_permit = self.unless_stopped(self.pacer.permit()).await.is_some();
        drop(ahead);
        waiting.end();
        if !has_permit {
            return self.journal.settle(attempt, AttemptOutcome::NotAccepted).await;
        }
        let outcome = self.put_on_the_wire(guest, delivery, step).await;
        self.journal.settle(attempt, outcome).await
    }

    async fn put_on_the_wire(&self, guest: &PlannedGuest, delivery: &mut Delivery<'_>, step: &Step) -> AttemptOutcome {
        self.tell(Event::Sending { kind: step.kind(), is_retry: delivery.is_retry() });
        let heard = self.wire.send(self.url(guest, step)).await;
        if let Some(time) = heard.asks_to_wait() {
            self.pacer.hold(time.min(LONGEST_WAIT));
        }
        delivery.heard(heard).attempt_outcome()
    }

    fn url(&self, guest: &PlannedGuest, step: &Step) -> String {
        match step {
            Step::CreateBrowser => url::browser_create(&self.target),
            Step::Identity { browser } => url::event_create(&self.target, &guest.identity, browser),
            Step::OrderCheckout { order, browser } => {
                url::event_create(&self.target, &guest.orders[*order].checkout, browser)
            }
        }
    }

    fn stopped(&self) -> Option<String> {
        self.stop.borrow().clone()
    }

    /// What comes of `future`, or nothing if the run stops first.
    async fn unless_stopped<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut stopped = self.stop.subscribe();
        tokio::select! {
            biased;
            _ = stopped.wait_for(Option::is_some) => None,
            done = future => Some(done),
        }
    }

    fn tell(&self, event: Event) {
        // Whoever ran us has gone away: the journal still knows.
        drop(self.events.send(event));
    }
}

/// Counts a request among those that wait until it may be sent, or is given up.
struct Waiting<'a>(Option<&'a watch::Sender<usize>>);

impl<'a> Waiting<'a> {
    fn new(count: &'a watch::Sender<usize>) -> Self {
        count.send_modify(|n_waiting| *n_waiting += 1);
        Self(Some(count))
    }

    fn end(&mut self) {
        if let Some(count) = self.0.take() {
            count.send_modify(|n_waiting| *n_waiting -= 1);
        }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests;
