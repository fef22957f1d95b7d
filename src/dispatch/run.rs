//! Runs deliveries side by side: takes each machine's steps to the pacer, the journal and the wire.

use std::sync::{Arc, Mutex, OnceLock};

use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
};

use super::{
    Journal, Settings, Wire,
    answer::Kind,
    delivery::{Delivery, Move, SINGLE, Step},
    pacer::Pacer,
};
use crate::{
    event::url,
    model::{order::OrderId, outcome::Settled, planned::PlannedGuest, target::Target},
};

/// Guests under way for each request in flight: while one pauses behind its IDENTITY, others send.
const GUESTS_PER_REQUEST: usize = 8;

/// Something to tell the user.
#[derive(Debug)]
pub enum Event {
    /// A request goes on the wire; again if it did before.
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

/// Sends everything to a target. `tell` hears of every request and every outcome, as they happen; each order that the
/// guests bring is settled exactly once. A guest that cannot be read stops the run.
pub async fn run<J: Journal, W: Wire>(
    guests: impl Iterator<Item = Result<PlannedGuest, String>> + Send + 'static,
    target: Target,
    settings: Settings,
    journal: J,
    wire: W,
    mut tell: impl FnMut(Event),
) -> Ended {
    let (events, mut told) = mpsc::unbounded_channel();
    let dispatch = Arc::new(Dispatch {
        guests: Mutex::new(Box::new(guests)),
        pacer: Pacer::new(settings.rate),
        slots: Semaphore::new(settings.in_flight),
        stopped: OnceLock::new(),
        target,
        settings,
        journal,
        wire,
        events,
    });
    let mut workers = JoinSet::new();
    for _ in 0..dispatch.settings.in_flight * GUESTS_PER_REQUEST {
        workers.spawn(Arc::clone(&dispatch).work());
    }
    let stopped = Arc::clone(&dispatch);
    // The workers alone keep the channel open.
    drop(dispatch);
    let finished = async { while workers.join_next().await.is_some() {} };
    tokio::pin!(finished);
    loop {
        tokio::select! {
            biased;
            Some(event) = told.recv() => tell(event),
            () = &mut finished => break,
        }
    }
    while let Ok(event) = told.try_recv() {
        tell(event);
    }
    Ended { stopped: stopped.stopped.get().cloned() }
}

type Guests = Box<dyn Iterator<Item = Result<PlannedGuest, String>> + Send>;

/// What all workers share.
struct Dispatch<J, W> {
    guests: Mutex<Guests>,
    pacer: Pacer,
    slots: Semaphore,
    stopped: OnceLock<String>,
    target: Target,
    settings: Settings,
    journal: J,
    wire: W,
    events: mpsc::UnboundedSender<Event>,
}

impl<J: Journal, W: Wire> Dispatch<J, W> {
    async fn work(self: Arc<Self>) {
        while let Some(guest) = self.next_guest() {
            self.deliver(&guest).await;
        }
    }

    fn next_guest(&self) -> Option<PlannedGuest> {
        let mut guests = self.guests.lock().expect("nobody panics while holding the plan");
        match guests.next()? {
            Ok(guest) => Some(guest),
            Err(reason) => {
                self.stop(reason);
                None
            }
        }
    }

    async fn deliver(&self, guest: &PlannedGuest) {
        let mut delivery = Delivery::new(guest, SINGLE, &self.settings);
        let mut is_stopped = false;
        loop {
            match delivery.next_move() {
                Move::Done => return,
                Move::Settled(id, settled) => self.tell(Event::Settled(id, settled)),
                Move::StopRun(reason) => self.stop(reason),
                Move::Wait(time) => tokio::time::sleep(time).await,
                Move::Send(step) => {
                    if let Some(reason) = self.stopped.get().filter(|_| !is_stopped) {
                        is_stopped = true;
                        delivery.stop(reason);
                    } else if let Err(reason) = self.send(guest, &mut delivery, &step).await {
                        self.stop(reason);
                    }
                }
            }
        }
    }

    /// Sends one step. An error means that the journal failed: if the step was not sent yet it is not sent.
    async fn send(&self, guest: &PlannedGuest, delivery: &mut Delivery<'_>, step: &Step) -> Result<(), String> {
        let _slot = self.slots.acquire().await.map_err(|closed| closed.to_string())?;
        self.pacer.permit().await;
        if self.stopped.get().is_some() {
            return Ok(());
        }
        let attempt = match step {
            Step::OrderCheckout { order, .. } => Some(self.journal.intend(&guest.orders[*order]).await?),
            Step::CreateBrowser | Step::Identity { .. } => None,
        };
        self.tell(Event::Sending { kind: step.kind(), is_retry: delivery.is_retry() });
        let heard = self.wire.send(self.url(guest, step)).await;
        let verdict = delivery.heard(heard);
        match attempt {
            Some(attempt) => self.journal.settle(attempt, verdict.attempt_outcome()).await,
            None => Ok(()),
        }
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

    fn stop(&self, reason: String) {
        // The first reason is the one that counts.
        drop(self.stopped.set(reason));
    }

    fn tell(&self, event: Event) {
        // Whoever ran us has gone away: the journal still knows.
        drop(self.events.send(event));
    }
}
