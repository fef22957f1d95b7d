//! Runs deliveries side by side: takes each machine's steps to the journal, the pacer and the wire. Before that, the carts
//! are cleared that earlier runs left open.

use std::{
    panic::resume_unwind,
    sync::{Arc, Mutex as BlockingMutex},
};

use tokio::{
    sync::{Mutex, MutexGuard, Semaphore, SemaphorePermit, mpsc, watch},
    task::JoinSet,
    time::{Duration, Instant, sleep},
};

use carts::LeftOpen;
use room::Room;

use super::{
    AttemptOutcome, Journal, LeftCart, Settings, Wire,
    answer::{CHECK_TARGET, Heard, Kind, Verdict, WRONG_TARGET},
    delivery::{Delivery, Identified, Move, Step},
    health::{Health, Turn},
    pacer::{Pacer, Permit},
    pages::{N_PAGES, SamePages},
    stop::Stop,
    waiting::Waiting,
};
use crate::{
    event::url,
    model::{
        order::OrderRecord,
        outcome::Settled,
        planned::{GuestParts, PlannedGuest, PlannedOrder},
        target::Target,
    },
};

/// Guests under way for each request in flight: while one pauses behind its IDENTITY, others send.
const GUESTS_PER_REQUEST: usize = 8;

/// Intents that may wait for their permit, as a part of the requests of a second. A crash leaves them as unknown
/// although they were never sent, so they are few; recording them must not hold back the rate, so they are some.
const INTENTS_AHEAD: u32 = 20;

/// Events that wait to be told: whoever tells them holds back whoever has more.
const MOST_EVENTS: usize = 1024;

/// Events are told together after this time: to wake up for each of them costs more than to send a request.
const PAUSE: Duration = Duration::from_millis(2);

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
    Settled(Box<OrderRecord>, Settled),
    /// Someone should know.
    Warning(String),
    /// There is nothing more to tell for the moment: a good time to write down what was told.
    Pause,
}

/// What there is to do.
pub struct Agenda<C, G> {
    /// What earlier runs left in carts: cleared first.
    pub left_open: Vec<LeftCart<C>>,
    /// What is to be sent. A guest that cannot be read stops the run.
    pub guests: G,
}

/// How sending ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Why it ended before everything was settled, if it did.
    pub stopped: Option<String>,
}

/// Sends everything to a target. `tell` hears of every request and every outcome as they happen, and may say why the
/// run must stop, as `asked_to_stop` may at any time: then nothing more is started, and what is in flight settles. Each
/// order that the guests bring is settled exactly once.
pub async fn run<J: Journal, T: Wire>(
    work: Agenda<J::Cart, impl Iterator<Item: Into<GuestParts<String>>> + Send + 'static>,
    target: Target,
    settings: Settings,
    journal: J,
    transport: T,
    mut shutdown_signal: StopRequest,
    mut emit: impl FnMut(Event) -> Result<(), String>,
) -> Ended {
    let (event_sender, mut event_receiver) = mpsc::channel(MOST_EVENTS);
    let shutdown = Arc::new(Stop::default());
    let n_workers = settings.in_flight * GUESTS_PER_REQUEST;
    let leftover_carts = Arc::new(LeftOpen::new(work.left_open));
    let shared = (Arc::clone(&leftover_carts), Arc::clone(&shutdown));
    let dispatcher = Arc::new(Dispatch::new(
        Box::new(work.guests.map(Into::into)),
        target,
        settings,
        journal,
        transport,
        event_sender,
        shared,
    ));
    if let Some(reason) = shutdown_signal.borrow().clone() {
        shutdown.ask(reason);
    }
    let mut workers = JoinSet::new();
    for _ in 0..n_workers {
        workers.spawn(Arc::clone(&dispatcher).work());
    }
    // The workers alone keep the channel of events open.
    drop(dispatcher);
    let mut events = Vec::with_capacity(MOST_EVENTS);
    loop {
        tokio::select! {
            biased;
            Ok(reason) = shutdown_signal.wait_for(Option::is_some), if shutdown.reason().is_none() => {
                shutdown.ask(reason.clone().unwrap_or_default());
            }
            n_events = event_receiver.recv_many(&mut events, MOST_EVENTS) => {
                if n_events == 0 {
                    break;
                }
                for event in events.drain(..).chain([Event::Pause]) {
                    emit(event).unwrap_or_else(|reason| shutdown.say(reason));
                }
                sleep(PAUSE).await;
            }
        }
    }
    if let Some(message) = leftover_carts.words() {
        emit(Event::Warning(message)).unwrap_or_else(|reason| shutdown.say(reason));
    }
    while let Some(worker) = workers.join_next().await {
        // A panic is a bug. What was on the wire stands in the journal, and nobody shall be told otherwise.
        worker.unwrap_or_else(|error| resume_unwind(error.into_panic()));
    }
    Ended { stopped: shutdown.reason().map(str::to_owned) }
}

/// Holds the reason once someone asks the run to stop.
pub type StopRequest = watch::Receiver<Option<String>>;

type Guests = Box<dyn Iterator<Item = GuestParts<String>> + Send>;

/// Held by the guest that comes next until it may send, so that guests come one by one.
type Door<'a> = Option<MutexGuard<'a, Guests>>;

/// What all workers share.
struct Dispatch<J: Journal, T> {
    left_open: Arc<LeftOpen<J::Cart>>,
    guests: Mutex<Guests>,
    waiting: Waiting,
    pacer: Pacer,
    health: BlockingMutex<Health>,
    pages: BlockingMutex<SamePages>,
    slots: Semaphore,
    intents: Semaphore,
    room: Room,
    stop: Arc<Stop>,
    target: Target,
    settings: Settings,
    journal: J,
    wire: T,
    events: mpsc::Sender<Event>,
}

impl<J: Journal, T: Wire> Dispatch<J, T> {
    fn new(
        guests: Guests,
        target: Target,
        settings: Settings,
        journal: J,
        transport: T,
        events: mpsc::Sender<Event>,
        (leftover_carts, shutdown): (Arc<LeftOpen<J::Cart>>, Arc<Stop>),
    ) -> Self {
        let max_intents = |rate: std::num::NonZeroU32| (rate.get() / INTENTS_AHEAD).max(2) as usize;
        Self {
            left_open: leftover_carts,
            guests: Mutex::new(guests),
            waiting: Waiting::default(),
            pacer: Pacer::new(settings.rate),
            health: Health::new(settings.down_after).into(),
            pages: BlockingMutex::default(),
            slots: Semaphore::new(settings.in_flight),
            room: Room::new(&settings),
            intents: Semaphore::new(settings.rate.map_or(settings.in_flight, max_intents)),
            stop: shutdown,
            target,
            settings,
            journal,
            wire: transport,
            events,
        }
    }

    async fn work(self: Arc<Self>) {
        self.clear_left_open().await;
        while let Some((first, others, admission)) = self.next_guest().await {
            self.deliver(first, others, admission).await;
        }
    }

    /// The next guest that has something to send, once nobody under way waits: guests are finished before others are
    /// begun, so that a crash wastes little and browsers are fresh when they are used. Guests without, and all of them
    /// once the run stops, are settled on the way: there may be millions.
    async fn next_guest(&self) -> Option<(PlannedGuest, GuestParts<String>, MutexGuard<'_, Guests>)> {
        let mut admission = self.guests.lock().await;
        loop {
            self.waiting.until_nobody_waits().await;
            let mut guest = admission.next()?;
            while let Some(part) = guest.next() {
                match part {
                    Ok(part) if part.orders.is_empty() || self.stop.reason().is_some() => {
                        self.deliver_part(part, Identified::default(), &mut None).await;
                    }
                    Ok(part) => return Some((part, guest, admission)),
                    Err(reason) => {
                        self.stop.say(reason);
                        return None;
                    }
                }
            }
        }
    }

    /// Delivers a guest part by part: its orders go one after the other, wherever they are read from.
    async fn deliver<'a>(&'a self, first: PlannedGuest, others: GuestParts<String>, admission: MutexGuard<'a, Guests>) {
        let (mut identified, mut admission) = (Identified::default(), Some(admission));
        for part in std::iter::once(Ok(first)).chain(others) {
            match part {
                Ok(part) => identified = self.deliver_part(part, identified, &mut admission).await,
                Err(reason) => return self.stop.say(reason),
            }
        }
    }

    async fn deliver_part<'a>(
        &'a self,
        mut guest: PlannedGuest,
        identified: Identified,
        admission: &mut Door<'a>,
    ) -> Identified {
        for (record, result) in std::mem::take(&mut guest.settled) {
            self.tell(Event::Settled(Box::new(record), result)).await;
        }
        let mut delivery = Delivery::of_part(&guest, &self.settings, identified);
        let (mut cart, mut assembly_slot, mut cleanup_deadline) = (None, None, None);
        loop {
            match delivery.next_move(Instant::now()) {
                Move::Done => return delivery.identified(),
                Move::OpenCart { order, browser } => cart = self.open_cart(&guest.orders[order], &browser).await,
                Move::CloseCart => self.close_cart(cart.take()).await,
                Move::Settled(index, result) => {
                    assembly_slot = None;
                    self.tell(Event::Settled(Box::new(guest.orders[index].record.clone()), result)).await;
                }
                Move::StopRun(reason) => self.stop.say(reason),
                Move::Wait(time) => self.wait(time, cleanup_deadline).await,
                Move::Send(step) => match (self.stop.reason(), delivery.n_to_assemble()) {
                    (Some(reason), _) => self.end(&guest, &mut delivery, &step, reason, &mut cleanup_deadline).await,
                    (None, Some(n_requests)) if assembly_slot.is_none() => {
                        assembly_slot = self.stop.or(self.room.enter(n_requests)).await;
                    }
                    (None, _) => self.send(&guest, &mut delivery, &step, admission).await,
                },
            }
        }
    }

    /// Sends one step, unless the run stops first or the journal fails.
    async fn send(&self, guest: &PlannedGuest, delivery: &mut Delivery<'_>, step: &Step, admission: &mut Door<'_>) {
        let sent = match step {
            Step::OfOrder { order, part: event, .. } if event.kind().is_checkout() => {
                self.send_recorded(guest, &guest.orders[*order], delivery, step).await
            }
            _ => match self.start_in_time(delivery, admission).await {
                Some(start) => Ok(Some(self.send_step(guest, delivery, step, start).await)),
                None => Ok(None),
            },
        };
        match sent {
            Ok(Some((classification, health_change))) => self.follow(health_change, &classification).await,
            Ok(None) => {}
            Err(reason) => self.stop.say(reason),
        }
    }

    /// Sends an order's last event between its intent and its outcome in the journal; nothing where the run stops first.
    /// An error is the journal's.
    async fn send_recorded(
        &self,
        guest: &PlannedGuest,
        order: &PlannedOrder,
        delivery: &mut Delivery<'_>,
        step: &Step,
    ) -> Result<Option<(Verdict, Option<Turn>)>, String> {
        let wait_guard = self.waiting.one_more();
        // The intent comes before the permit, so that a slow disk cannot bunch up requests that have theirs; but not
        // while nobody gets one, since a crash would leave it as unknown.
        let intent_permit = self.intents.acquire().await.expect("the intents are never closed");
        if self.stop.or(self.pacer.until_open()).await.is_none() {
            return Ok(None);
        }
        // Who waits for the disk keeps no guest out.
        drop(wait_guard);
        let attempt = self.journal.intend(order).await?;
        let start = self.start_in_time(delivery, &mut None).await;
        drop(intent_permit);
        let Some(start) = start else {
            self.journal.settle(attempt, AttemptOutcome::NotAccepted).await?;
            return Ok(None);
        };
        let result = self.send_step(guest, delivery, step, start).await;
        self.journal.settle(attempt, result.0.attempt_outcome()).await?;
        Ok(Some(result))
    }

    /// Waits until a step may be started; nothing where the run stops first, or the step's session may have ended meanwhile.
    async fn start_in_time(&self, delivery: &Delivery<'_>, admission: &mut Door<'_>) -> Option<Start<'_>> {
        let start = self.start(admission).await?;
        if delivery.is_too_late(start.permit.at) {
            self.pacer.give_back(start.permit);
            return None;
        }
        Some(start)
    }

    /// Waits until a request may be started, unless the run stops first. The next guest may come then.
    async fn start(&self, admission: &mut Door<'_>) -> Option<Start<'_>> {
        let _wait_guard = self.waiting.one_more();
        let slot = self.slots.acquire().await.expect("the slots are never closed");
        // Whatever may take time comes before the permit, so that requests that have one do not bunch up.
        let event_permit = self.stop.or(self.events.reserve()).await?.ok()?;
        let permit = self.stop.or(self.pacer.permit()).await;
        admission.take();
        let is_stopped = self.stop.reason().is_some();
        permit.filter(|_| !is_stopped).map(|permit| Start { permit, place: event_permit, _slot: slot })
    }

    async fn send_step(
        &self,
        guest: &PlannedGuest,
        delivery: &mut Delivery<'_>,
        step: &Step,
        start: Start<'_>,
    ) -> (Verdict, Option<Turn>) {
        let request = Request { url: self.url(guest, step), kind: step.kind(), is_retry: delivery.is_retry() };
        self.put_on_the_wire(request, start, |response| delivery.heard(response, Instant::now())).await
    }

    /// Sends a request. Gives what its answer means, for whoever judges it and for whether the service is well.
    async fn put_on_the_wire(
        &self,
        request: Request,
        start: Start<'_>,
        classify: impl FnOnce(Heard) -> Verdict + Send,
    ) -> (Verdict, Option<Turn>) {
        let (Start { permit, place: event_permit, _slot }, Request { url, kind, is_retry }) = (start, request);
        event_permit.send(Event::Sending { kind, is_retry });
        let response = self.wire.send(url).await;
        self.obey(kind, &response, permit.at);
        let classification = classify(response);
        if let Verdict::Stop { reason, hint } = &classification {
            // Before the record of it, which takes a while.
            self.stop_for(kind, reason, hint);
        }
        let health_change = self.health().hear(kind, classification.is_sign_of_life(), permit.at);
        match health_change {
            Some(Turn::GoesDown) => self.pacer.shut(),
            Some(Turn::ComesUp) => self.pacer.open(),
            Some(Turn::TriesOne) | None => {}
        }
        self.pacer.give_back(permit);
        (classification, health_change)
    }

    /// Stops the run because of what a request of a kind was answered.
    fn stop_for(&self, kind: Kind, reason: &str, hint: &str) {
        let endpoint = match kind {
            Kind::BrowserCreate => url::browser_endpoint(&self.target),
            _ => url::event_endpoint(&self.target),
        };
        self.stop.say(format!("{endpoint}: {reason}\n  hint: {hint}"));
    }

    /// What the service asks of one request it asks of all; and a web page that is all it has to say ends the run.
    fn obey(&self, kind: Kind, response: &Heard, started: Instant) {
        if let Some(status) = self.pages.lock().expect("nobody panics while holding it").count(response) {
            let reason = format!("HTTP {status} and the same web page {N_PAGES} times in a row: {WRONG_TARGET}");
            self.stop_for(kind, &reason, CHECK_TARGET);
        }
        match response.asks_for_less() {
            Some(Some(wait)) if wait > self.settings.gives_up_after => {
                self.stop.say(format!("the service asks to wait for {}", humantime::format_duration(wait)));
            }
            Some(Some(wait)) => self.pacer.hold(wait),
            Some(None) => self.pacer.slow_down(started),
            None => {}
        }
    }

    fn health(&self) -> std::sync::MutexGuard<'_, Health> {
        self.health.lock().expect("nobody panics while holding it")
    }

    fn url(&self, guest: &PlannedGuest, step: &Step) -> String {
        match step {
            Step::CreateBrowser => url::browser_create(&self.target),
            Step::Identity { browser } => url::event_create(&self.target, &guest.identity, browser),
            Step::OfOrder { order, part: event, browser } => {
                url::event_create(&self.target, event.text(&guest.orders[*order].events), browser)
            }
        }
    }

    async fn tell(&self, event: Event) {
        // Whoever ran us has gone away: the journal still knows.
        drop(self.events.send(event).await);
    }
}

/// A request to be put on the wire.
struct Request {
    url: String,
    kind: Kind,
    /// The same step went before.
    is_retry: bool,
}

/// A request that may be started, and holds one of the places in flight until it is answered.
struct Start<'a> {
    permit: Permit,
    /// To tell of it without waiting.
    place: mpsc::Permit<'a, Event>,
    _slot: SemaphorePermit<'a>,
}

mod carts;
mod probing;
mod room;

#[cfg(test)]
mod tests;
