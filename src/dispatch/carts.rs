//! Carts of a run: records a cart before it is filled, clears the leftover carts of earlier runs,
//! and clears the open cart of an order when the run stops.
//!
//! It does not decide when an order's cart is cleared; the target's delivery does. Called by
//! `worker`.

use tokio::time::{Duration, Instant, sleep, sleep_until, timeout_at};

use super::{
    dispatcher::{Dispatcher, StartedRequest},
    journal::{AttemptOutcome, Journal, LeftoverCart},
    target::{Delivery, DispatchTarget, Request},
};
use crate::model::{planned::PlannedOrder, request::RequestKind};

/// How long each delivery may go on to clear its cart after a stop is requested: from the moment
/// at which nothing else of it is in flight to the start of its last request.
const CLEANUP_TIMEOUT: Duration = Duration::from_secs(10);

impl<J: Journal, T: DispatchTarget> Dispatcher<J, T> {
    /// Clears leftover carts, concurrently with the other workers, until none is left.
    // A worker that finds none goes on to the guests without waiting for the other workers: guests
    // have sessions of their own, and the first one is started once none of these requests waits.
    pub(super) async fn clear_leftovers(&self) {
        while self.shutdown.reason().is_none() {
            let Some(leftover) = self.leftover_carts.next() else { return };
            if self.clear(&leftover).await {
                self.leftover_carts.count_cleared();
                self.close_cart(Some(leftover.cart)).await;
            }
        }
    }

    /// Clears one cart with retries and returns whether it is empty now.
    async fn clear(&self, leftover: &LeftoverCart<J::Cart>) -> bool {
        for tries in 1.. {
            let Some(start) = self.start(&mut None).await else { return false };
            let request =
                self.target.clear_cart(&leftover.session, &leftover.clear_cart, tries > 1);
            let assess = |response| self.target.assess(request.kind, response);
            let (assessment, health_change) = self.send_request(&request, start, assess).await;
            self.on_health_change(health_change, &assessment).await;
            match (assessment.retry_after, self.target.retry_pause(tries)) {
                _ if assessment.outcome == AttemptOutcome::Accepted => return true,
                (Some(not_before), Some(pause)) => {
                    self.shutdown.unless_stopped(sleep(pause.max(not_before))).await;
                }
                _ => return false,
            }
        }
        false
    }

    /// Stops a delivery because the run stops. A graceful stop clears the cart that is open then,
    /// with as many tries as fit the grace period, which begins here and ends at
    /// `cleanup_deadline`.
    // Not left to the next run: the service may send the customer a reminder long before that.
    pub(super) async fn end(
        &self,
        delivery: &mut T::Delivery<'_>,
        request: &Request,
        reason: &str,
        cleanup_deadline: &mut Option<Instant>,
    ) {
        let may_clear = self.shutdown.is_graceful();
        // After `stop` the delivery returns CLEAR_CART as its next step, which brings it back
        // here.
        if !may_clear || request.kind != RequestKind::ClearCart {
            return delivery.stop(reason, may_clear);
        }
        let cleanup_deadline =
            *cleanup_deadline.get_or_insert_with(|| Instant::now() + CLEANUP_TIMEOUT);
        match timeout_at(cleanup_deadline, self.start_after_stop()).await {
            Ok(Some(start)) if start.permit.at < cleanup_deadline => {
                self.send_step(delivery, request, start).await;
            }
            _ => delivery.stop(reason, false),
        }
    }

    /// Waits until a request may be started after a graceful stop was requested; `None` if the run
    /// is aborted.
    async fn start_after_stop(&self) -> Option<StartedRequest<'_>> {
        let slot = self.slots.acquire().await.expect("the semaphore is never closed");
        let event_permit = self.events.reserve().await.ok()?;
        let permit = self.pacer.permit_past_gate().await;
        self.shutdown.is_graceful().then_some(StartedRequest { permit, event_permit, slot })
    }

    /// Waits for the time that a delivery asks for, unless the run stops.
    pub(super) async fn wait(&self, time: Duration, cleanup_deadline: Option<Instant>) {
        match cleanup_deadline {
            // In the grace period the run is already stopped, and the wait is for the next try to
            // clear a cart.
            Some(deadline) => sleep_until(deadline.min(Instant::now() + time)).await,
            None => drop(self.shutdown.unless_stopped(sleep(time)).await),
        }
    }

    /// Records that a session's cart is about to be filled; returns `None` if the run stops or the
    /// journal fails.
    pub(super) async fn open_cart(
        &self,
        order: &PlannedOrder,
        session: &str,
        clear_cart: &str,
    ) -> Option<J::Cart> {
        // A run that stops sends no ADD, so this cart stays empty.
        if self.shutdown.reason().is_some() {
            return None;
        }
        match self.journal.open_cart(&order.record.reference, session, clear_cart).await {
            Ok(cart) => Some(cart),
            Err(reason) => {
                self.shutdown.abort(reason);
                None
            }
        }
    }

    /// Records that a cart is empty, if it was recorded as open.
    pub(super) async fn close_cart(&self, cart: Option<J::Cart>) {
        let Some(cart) = cart else { return };
        self.journal.close_cart(cart).await.unwrap_or_else(|reason| self.shutdown.abort(reason));
    }
}
