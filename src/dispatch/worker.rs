//! Worker: takes guests from the queue and carries out the actions of their deliveries, with the
//! journal around each checkout.
//!
//! It decides nothing about an order: the steps and the meaning of a response are those of the
//! target's [`Delivery`](super::target::Delivery). `run` spawns many of them over one dispatcher.

use std::sync::Arc;

use tokio::{sync::MutexGuard, time::Instant};

use super::{
    dispatcher::{AdmissionGuard, Dispatcher, GuestQueue, StartedRequest},
    event::DispatchEvent,
    health::HealthChange,
    journal::{AttemptOutcome, Journal},
    target::{Action, Assessment, Delivery, DispatchTarget, Request},
};
use crate::model::{
    outcome::Outcome,
    planned::{GuestParts, PlannedGuest, PlannedOrder},
    progress::SendGauge,
};

impl<J: Journal, T: DispatchTarget> Dispatcher<J, T> {
    /// Clears leftover carts, then delivers guests until none is left.
    pub(super) async fn work(self: Arc<Self>) {
        self.clear_leftovers().await;
        while let Some((first, others, admission)) = self.next_guest().await {
            self.deliver(first, others, admission).await;
        }
    }

    /// Returns the next guest with an order to send, once no guest in progress waits for a permit.
    /// Guests without one are settled in passing, and so are all guests once the run stops: there
    /// may be millions.
    // Guests in progress come first, so that a crash wastes few requests and sessions are fresh
    // when they are used.
    async fn next_guest(
        &self,
    ) -> Option<(PlannedGuest, GuestParts<String>, MutexGuard<'_, GuestQueue>)> {
        let mut admission = self.guests.lock().await;
        loop {
            self.wait_counter.wait_until_idle().await;
            let mut guest = admission.next()?;
            while let Some(part) = guest.next() {
                match part {
                    Ok(part) if part.orders.is_empty() || self.shutdown.reason().is_some() => {
                        self.deliver_part(part, T::Identified::default(), &mut None).await;
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
        let (mut identified, mut admission) = (T::Identified::default(), Some(admission));
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
        identified: T::Identified,
        admission: &mut AdmissionGuard<'a>,
    ) -> T::Identified {
        for (record, result) in std::mem::take(&mut guest.results) {
            self.emit(DispatchEvent::Settled(Box::new(record), result)).await;
        }
        let mut delivery = self.target.deliver(&guest, identified);
        let (mut cart, mut assembly_slot, mut cleanup_deadline) = (None, None, None);
        let mut doubt = Doubt::new(&self.settings.gauge);
        loop {
            match delivery.next_action(Instant::now()) {
                Action::Done => return delivery.identified(),
                Action::OpenCart { order, session, clear_cart } => {
                    cart = self.open_cart(&guest.orders[order], &session, &clear_cart).await;
                }
                Action::CloseCart => self.close_cart(cart.take()).await,
                Action::Settled(index, result) => {
                    assembly_slot = None;
                    doubt.settle(result.outcome);
                    self.emit(DispatchEvent::Settled(
                        Box::new(guest.orders[index].record.clone()),
                        result,
                    ))
                    .await;
                }
                Action::StopRun(reason) => self.shutdown.abort(reason),
                Action::Wait(time) => self.wait(time, cleanup_deadline).await,
                Action::Send(request) => {
                    match (self.shutdown.reason(), delivery.requests_to_assemble()) {
                        (Some(reason), _) => {
                            self.end(&mut delivery, &request, reason, &mut cleanup_deadline).await;
                        }
                        (None, Some(n_requests)) if assembly_slot.is_none() => {
                            assembly_slot = self
                                .shutdown
                                .unless_stopped(self.assembly_limiter.admit(n_requests))
                                .await;
                        }
                        (None, _) => {
                            let guards = (&mut doubt, &mut *admission);
                            self.send(&guest, &mut delivery, &request, guards).await;
                        }
                    }
                }
            }
        }
    }

    /// Sends one request, unless the run stops first or the journal fails.
    async fn send(
        &self,
        guest: &PlannedGuest,
        delivery: &mut T::Delivery<'_>,
        request: &Request,
        (doubt, admission): (&mut Doubt<'_>, &mut AdmissionGuard<'_>),
    ) {
        let sent = if request.kind.is_checkout() {
            self.send_with_intent(&guest.orders[request.order], delivery, request, doubt).await
        } else {
            match self.start_within_session(delivery, admission).await {
                Some(start) => Ok(Some(self.send_step(delivery, request, start).await)),
                None => Ok(None),
            }
        };
        match sent {
            Ok(Some((assessment, health_change))) => {
                self.on_health_change(health_change, &assessment).await;
            }
            Ok(None) => {}
            Err(reason) => self.shutdown.abort(reason),
        }
    }

    /// Sends an order's last event between its intent and its outcome in the journal. Returns
    /// `None` if the run stops first, and an error if the journal fails.
    async fn send_with_intent(
        &self,
        order: &PlannedOrder,
        delivery: &mut T::Delivery<'_>,
        request: &Request,
        doubt: &mut Doubt<'_>,
    ) -> Result<Option<(Assessment, Option<HealthChange>)>, String> {
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
        doubt.begin();
        let attempt = self.journal.record_intent(order).await?;
        let start = self.start_within_session(delivery, &mut None).await;
        drop(intent_permit);
        let Some(start) = start else {
            // Without a request there was no attempt: the order is not one that failed.
            self.journal.withdraw_intent(attempt).await?;
            doubt.withdraw();
            return Ok(None);
        };
        let result = self.send_step(delivery, request, start).await;
        self.journal.record_outcome(attempt, result.0.outcome).await?;
        doubt.end(result.0.outcome);
        Ok(Some(result))
    }

    /// Waits until a step may be started. Returns `None` if the run stops first or the session may
    /// have ended meanwhile.
    async fn start_within_session(
        &self,
        delivery: &T::Delivery<'_>,
        admission: &mut AdmissionGuard<'_>,
    ) -> Option<StartedRequest<'_>> {
        let start = self.start(admission).await?;
        if delivery.is_past_session(start.permit.at) {
            self.pacer.release(start.permit);
            return None;
        }
        Some(start)
    }
}

/// Whether the order in delivery may or may not be in. The gauge counts it once, whatever the
/// number of its attempts.
struct Doubt<'g> {
    gauge: &'g SendGauge,
    is_counted: bool,
    /// Whether an attempt that may have been accepted came before: no later refusal ends that
    /// doubt.
    is_uncertain: bool,
}

impl<'g> Doubt<'g> {
    fn new(gauge: &'g SendGauge) -> Self {
        Self { gauge, is_counted: false, is_uncertain: false }
    }

    /// Before an attempt.
    fn begin(&mut self) {
        self.gauge.attempt_intended();
        if !std::mem::replace(&mut self.is_counted, true) {
            self.gauge.order_in_doubt();
        }
    }

    /// Once the attempt is known not to have been sent.
    fn withdraw(&mut self) {
        self.gauge.attempt_withdrawn();
        self.end(AttemptOutcome::NotAccepted);
    }

    /// Once the outcome of the attempt is known.
    fn end(&mut self, outcome: AttemptOutcome) {
        match outcome {
            AttemptOutcome::Unknown => self.is_uncertain = true,
            AttemptOutcome::NotAccepted if self.is_uncertain => {}
            AttemptOutcome::NotAccepted | AttemptOutcome::Accepted => self.decide(),
        }
    }

    fn decide(&mut self) {
        if std::mem::take(&mut self.is_counted) {
            self.gauge.order_decided();
        }
    }

    /// The order has its outcome: an unknown one stays counted. The next order begins without.
    fn settle(&mut self, outcome: Outcome) {
        if outcome != Outcome::Unknown {
            self.decide();
        }
        *self = Self::new(self.gauge);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doubt_after(steps: impl FnOnce(&mut Doubt<'_>)) -> (usize, bool) {
        let gauge = SendGauge::default();
        steps(&mut Doubt::new(&gauge));
        (gauge.n_in_doubt(), gauge.has_attempt())
    }

    #[test]
    fn refusal_does_not_end_an_earlier_doubt() {
        use AttemptOutcome::{Accepted, NotAccepted, Unknown};
        for (second, n_in_doubt) in [(NotAccepted, 1), (Unknown, 1), (Accepted, 0)] {
            let found = doubt_after(|doubt| {
                doubt.begin();
                doubt.end(Unknown);
                doubt.begin();
                doubt.end(second);
            });
            assert_eq!(found, (n_in_doubt, true), "{second:?}");
        }
        let settled = doubt_after(|doubt| {
            doubt.begin();
            doubt.end(Unknown);
            doubt.settle(Outcome::Unknown);
            doubt.begin();
            doubt.end(NotAccepted);
            doubt.settle(Outcome::Refused);
        });
        assert_eq!(settled, (1, true));
    }

    #[test]
    fn withdrawn_intent_is_no_attempt() {
        assert_eq!(
            doubt_after(|doubt| {
                doubt.begin();
                doubt.withdraw();
            }),
            (0, false)
        );
        let after_unknown = doubt_after(|doubt| {
            doubt.begin();
            doubt.end(AttemptOutcome::Unknown);
            doubt.begin();
            doubt.withdraw();
        });
        assert_eq!(after_unknown, (1, true));
    }
}
