//! Carts: recorded before they are filled, cleared where an earlier run left them open, and where this one ends half way.

use std::sync::{
    Mutex,
    atomic::{AtomicUsize, Ordering},
};

use tokio::time::{Duration, Instant, sleep, sleep_until, timeout_at};

use super::{
    Classification, Dispatcher, GuestDelivery, Journal, OutgoingRequest, PlannedGuest, RequestKind, RequestSpec,
    StartedRequest, Transport,
};
use crate::{
    dispatch::{LeftoverCart, backoff::backoff, classify},
    event::url,
    model::planned::{PlannedOrder, StreamPayload},
};

/// How long a delivery whose run is asked to stop may go on to clear its cart: from the moment in which it has nothing else
/// in flight to the start of the last request.
const CLEANUP_TIMEOUT: Duration = Duration::from_secs(10);

/// What earlier runs left in carts, as it is being cleared.
pub(super) struct LeftoverCarts<C> {
    /// The next one last.
    carts: Mutex<Vec<LeftoverCart<C>>>,
    n_open: AtomicUsize,
}

impl<C> LeftoverCarts<C> {
    pub(super) fn new(mut carts: Vec<LeftoverCart<C>>) -> Self {
        carts.reverse();
        Self { n_open: carts.len().into(), carts: carts.into() }
    }

    fn next(&self) -> Option<LeftoverCart<C>> {
        self.carts.lock().expect("nobody panics while holding it").pop()
    }

    /// What is to be said of those that could not be cleared.
    pub(super) fn message(&self) -> Option<String> {
        let carts = match self.n_open.load(Ordering::SeqCst) {
            0 => return None,
            1 => "1 cart that an earlier run left open was not cleared".to_owned(),
            n => format!("{n} carts that earlier runs left open were not cleared"),
        };
        Some(format!("{carts}: the next run tries again"))
    }
}

impl<J: Journal, T: Transport> Dispatcher<J, T> {
    /// Clears what earlier runs left in carts, side by side with others who do. Whoever finds none left to begin with goes
    /// on to the guests, who are let in once none of these requests waits: they have browsers of their own.
    pub(super) async fn clear_leftovers(&self) {
        while self.shutdown.reason().is_none() {
            let Some(leftover) = self.leftover_carts.next() else { return };
            if self.clear(&leftover).await {
                self.leftover_carts.n_open.fetch_sub(1, Ordering::SeqCst);
                self.close_cart(Some(leftover.cart)).await;
            }
        }
    }

    /// Whether nothing is in the cart any more.
    async fn clear(&self, leftover: &LeftoverCart<J::Cart>) -> bool {
        for tries in 1..=self.settings.tries {
            let Some(start) = self.start(&mut None).await else { return false };
            let url = url::event_create(&self.target, &leftover.clear_cart, &leftover.browser);
            let request = OutgoingRequest { url, kind: RequestKind::ClearCart, is_retry: tries > 1 };
            let classify = |response| classify::classify(RequestKind::ClearCart, response, false);
            let (classification, health_change) = self.send_request(request, start, classify).await;
            self.on_health_change(health_change, &classification).await;
            match classification {
                Classification::Accepted { .. } => return true,
                Classification::Retry { not_before, .. } if tries < self.settings.tries => {
                    self.shutdown.unless_stopped(sleep(self.pause(tries, not_before))).await;
                }
                _ => return false,
            }
        }
        false
    }

    fn pause(&self, tries: u32, not_before: Option<Duration>) -> Duration {
        backoff(self.settings.first_backoff, tries, 0).max(not_before.unwrap_or_default())
    }

    /// Ends a delivery because the run stops. A run that is only asked to stop clears the cart that is open then, with as many
    /// tries as fit the grace time, which begins here and ends at `cleanup_deadline`: the customer may be sent a reminder long before
    /// the next run.
    pub(super) async fn end(
        &self,
        guest: &PlannedGuest,
        delivery: &mut GuestDelivery<'_>,
        step: &RequestSpec,
        reason: &str,
        cleanup_deadline: &mut Option<Instant>,
    ) {
        let may_clear = self.shutdown.is_graceful();
        if !may_clear || step.kind() != RequestKind::ClearCart {
            return delivery.stop(reason, may_clear);
        }
        let cleanup_deadline = *cleanup_deadline.get_or_insert_with(|| Instant::now() + CLEANUP_TIMEOUT);
        match timeout_at(cleanup_deadline, self.start_after_stop()).await {
            Ok(Some(start)) if start.permit.at < cleanup_deadline => {
                self.send_step(guest, delivery, step, start).await;
            }
            _ => delivery.stop(reason, false),
        }
    }

    /// Waits until a request may be started although the run was asked to stop; nothing where it must stop at once.
    async fn start_after_stop(&self) -> Option<StartedRequest<'_>> {
        let slot = self.slots.acquire().await.expect("the slots are never closed");
        let event_permit = self.events.reserve().await.ok()?;
        let permit = self.pacer.permit_past_gate().await;
        self.shutdown.is_graceful().then_some(StartedRequest { permit, event_permit, _slot: slot })
    }

    /// Waits as a delivery asks for, unless the run stops. In the grace time the only thing left to wait for is the next try
    /// to clear a cart.
    pub(super) async fn wait(&self, time: Duration, cleanup_deadline: Option<Instant>) {
        match cleanup_deadline {
            Some(deadline) => sleep_until(deadline.min(Instant::now() + time)).await,
            None => drop(self.shutdown.unless_stopped(sleep(time)).await),
        }
    }

    /// Records that a browser's cart is about to be filled; nothing where the run stops, so that it will not be.
    pub(super) async fn open_cart(&self, order: &PlannedOrder, browser: &str) -> Option<J::Cart> {
        let StreamPayload::Multi(sequence) = &order.events else { return None };
        self.shutdown.reason().is_none().then_some(())?;
        let opened = self.journal.open_cart(&order.record.reference, browser, &sequence.clear_cart).await;
        opened.map_err(|reason| self.shutdown.abort(reason)).ok()
    }

    /// Records that nothing is in a cart any more, if it was recorded that something may be.
    pub(super) async fn close_cart(&self, cart: Option<J::Cart>) {
        let Some(cart) = cart else { return };
        self.journal.close_cart(cart).await.unwrap_or_else(|reason| self.shutdown.abort(reason));
    }
}
