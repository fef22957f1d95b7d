//! The delivery of one guest's orders as a machine without I/O: it says what to do next and is told what was heard.
//!
//! It alone knows the order of the steps, that a guest's orders go one after the other, and what an answer does to
//! them. What may be repeated stands in `classify`, the steps of an order in `steps`, and what becomes of a cart in `cart`.

mod action;
mod cart;
mod progress;
mod steps;

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::{
    DispatchSettings,
    backoff::backoff,
    classify::{Classification, RequestKind, ServiceResponse, classify},
};
use crate::model::{
    outcome::{OrderResult, Outcome},
    planned::{PlannedGuest, StreamPayload},
    route::IDENTIFY_REQUESTS,
};
pub use action::{Action, RequestSpec};
use cart::{AfterClear, CartState};
use progress::OrderProgress;
pub use steps::OrderEvent;
use steps::{DeliveryStep, steps_for};

/// The machine.
#[derive(Debug)]
pub struct GuestDelivery<'p> {
    guest: &'p PlannedGuest,
    settings: &'p DispatchSettings,
    /// Steps until the current order is settled; the first one is under way, unless its cart is being cleared.
    steps: VecDeque<DeliveryStep>,
    /// What to say before the next step.
    pending: VecDeque<Action>,
    /// The current order's place.
    order_index: usize,
    identified: Identified,
    progress: OrderProgress,
}

/// What came of identifying a guest: the parts of one guest share it.
#[derive(Debug, Default)]
pub struct Identified {
    /// The guest's own browser, for its orders of a single event. It is made for the first of them.
    browser: Option<String>,
    /// It failed, and this became of all of the guest's orders from there on.
    failure: Option<OrderResult>,
}

impl<'p> GuestDelivery<'p> {
    /// A delivery that has not begun.
    #[must_use]
    pub fn new(guest: &'p PlannedGuest, settings: &'p DispatchSettings) -> Self {
        Self::for_part(guest, settings, Identified::default())
    }

    /// The delivery of a guest's orders behind others that [`Delivery::identified`] tells of.
    #[must_use]
    pub fn for_part(guest: &'p PlannedGuest, settings: &'p DispatchSettings, identified: Identified) -> Self {
        let (steps, pending) = (VecDeque::new(), VecDeque::new());
        let mut delivery =
            Self { guest, settings, steps, pending, order_index: 0, identified, progress: OrderProgress::default() };
        delivery.begin();
        if let Some(result) = delivery.identified.failure.clone() {
            delivery.settle_all(&result);
        }
        delivery
    }

    /// For the guest's orders that follow.
    #[must_use]
    pub fn identified(self) -> Identified {
        self.identified
    }

    /// Begins with the current order.
    fn begin(&mut self) {
        let order = self.guest.orders.get(self.order_index);
        self.progress = OrderProgress::for_order(order);
        self.steps = order.map(|order| steps_for(&order.events, self.identified.browser.is_some())).unwrap_or_default();
    }

    /// What to do next, now.
    pub fn next_action(&mut self, now: Instant) -> Action {
        if self.pending.is_empty() {
            self.prepare(now);
        }
        match (self.pending.pop_front(), self.current_step()) {
            (Some(action), _) => action,
            (None, Some(step)) => Action::Send(self.request_spec(step)),
            (None, None) => Action::Done,
        }
    }

    /// The run ends: what is not settled was not attempted. Where it may, CLEAR_CART is still sent of the order under way;
    /// else a cart that may hold something stays open in the journal, and the next run clears it.
    pub fn stop(&mut self, reason: &str, may_clear: bool) {
        // What follows the first line are hints for whoever runs this.
        let reason = reason.lines().next().map(str::to_owned);
        let result = OrderResult::without_request(Outcome::NotAttempted, reason);
        match self.progress.pending_clear.take() {
            None if may_clear && self.has_cart_to_clear() => {
                return self
                    .clear_cart_then(AfterClear::Settle(OrderResult { attempts: self.progress.attempts, ..result }));
            }
            Some(AfterClear::Settle(result)) => self.settle(result),
            _ => {}
        }
        self.settle_all(&result);
    }

    /// How many requests the current order takes with those of its guest, if it is assembled from several events.
    #[must_use]
    pub fn requests_to_assemble(&self) -> Option<u64> {
        let order = self.guest.orders.get(self.order_index).filter(|_| self.is_assembled())?;
        Some(IDENTIFY_REQUESTS + order.events.n_requests())
    }

    /// Whether the step that `next_action` asks to send was sent before, on this browser or another.
    #[must_use]
    pub fn is_retry(&self) -> bool {
        match self.progress.pending_clear {
            Some(_) => self.progress.tries > 0,
            None => self.progress.furthest_step.is_some_and(|fewest| self.steps.len() >= fewest),
        }
    }

    /// Tells what was heard of the step that `next_action` asked to send, and what it means for the record.
    pub fn on_response(&mut self, response: ServiceResponse, now: Instant) -> Classification {
        let step = self.current_step().expect("what is heard was asked for");
        let (kind, status) = (step.kind(), response.status());
        self.count(kind, &response);
        self.update_cart(|cart| cart.on_response(kind, &response));
        let classification = classify(kind, response, self.settings.retry_500);
        match self.progress.pending_clear.take() {
            Some(then) => self.apply_clear_cart(then, classification.clone()),
            None => self.apply(step, status, classification.clone(), now),
        }
        classification
    }

    fn count(&mut self, kind: RequestKind, response: &ServiceResponse) {
        let progress = &mut self.progress;
        progress.tries += 1;
        if progress.pending_clear.is_none() {
            let n_left = self.steps.len();
            progress.furthest_step = Some(progress.furthest_step.map_or(n_left, |fewest| fewest.min(n_left)));
        }
        if kind.is_checkout() {
            progress.attempts += 1;
            progress.was_resent |= progress.uncertainty.is_some() && response.may_have_been_sent();
        }
    }

    fn apply(&mut self, step: DeliveryStep, status: Option<u16>, classification: Classification, now: Instant) {
        match classification {
            Classification::Accepted { reference } => self.complete_step(step, status, reference, now),
            Classification::Retry { not_before, .. } if self.has_tries_left() => {
                self.wait(self.progress.tries, not_before.unwrap_or_default());
            }
            Classification::Retry { reason, .. } => self.fail(Outcome::Failed, status, reason),
            Classification::RetryUncertain { reason } if self.has_tries_left() => {
                self.update_cart(CartState::mark_checkout_uncertain);
                self.progress.uncertainty = Some(self.with_step_name(reason));
                self.wait(self.progress.tries, Duration::ZERO);
            }
            Classification::Restart { reason } => self.try_restart(status, reason),
            // On another browser it would surely be a second one, if the first was taken.
            Classification::RenewBrowser { reason } if self.has_uncertain_checkout() => {
                self.settle(self.result(Outcome::Unknown, status, Some(self.with_step_name(reason))));
            }
            Classification::RenewBrowser { .. } if !self.progress.has_new_browser => self.renew_browser(),
            Classification::RenewBrowser { reason } => {
                self.update_cart(CartState::mark_gone);
                self.fail(Outcome::Refused, status, reason);
            }
            Classification::Rejected { reason } => self.fail(Outcome::Refused, status, reason),
            Classification::Uncertain { reason } | Classification::RetryUncertain { reason } => {
                self.update_cart(CartState::mark_checkout_uncertain);
                self.settle(self.result(Outcome::Unknown, status, Some(self.with_step_name(reason))));
            }
            Classification::StopRun { reason, .. } => self.end_run(status, reason),
        }
    }

    fn has_tries_left(&self) -> bool {
        self.progress.tries < self.settings.tries
    }

    /// Waits after so many tries.
    fn wait(&mut self, tries: u32, not_before: Duration) {
        let jitter_seed = self.guest.orders.get(self.order_index).map_or(0, |order| order.record.id.0);
        let wait = backoff(self.settings.first_backoff, tries, jitter_seed);
        self.pending.push_back(Action::Wait(wait.max(not_before)));
    }

    fn complete_step(&mut self, step: DeliveryStep, status: Option<u16>, reference: Option<String>, now: Instant) {
        self.progress.tries = 0;
        if step.kind().is_checkout() {
            self.update_cart(CartState::mark_empty);
            return self.settle(self.result(Outcome::Accepted, status, None));
        }
        self.steps.pop_front();
        match step {
            DeliveryStep::CreateBrowser if self.is_assembled() => {
                self.progress.cart = reference.map(|browser| CartState::new(browser, now));
            }
            DeliveryStep::CreateBrowser => self.identified.browser = reference,
            DeliveryStep::Identity if !self.settings.identity_pause.is_zero() => {
                self.pending.push_back(Action::Wait(self.settings.identity_pause));
            }
            DeliveryStep::Identity | DeliveryStep::Event(_) => {}
        }
    }

    /// The order fails, or where the step is the guest's, all of its orders that are left.
    fn fail(&mut self, outcome: Outcome, status: Option<u16>, reason: String) {
        if self.is_order_step() {
            let result = self.result(outcome, status, Some(self.with_step_name(reason)));
            self.clear_cart_then(AfterClear::Settle(result));
        } else {
            let reason = format!("the guest could not be identified: {reason}");
            let result = OrderResult { http_status: status, ..OrderResult::without_request(outcome, Some(reason)) };
            self.settle_all(&result);
            self.identified.failure = Some(result);
        }
    }

    /// An unknown browser: a new one and IDENTITY, then the order from its first step.
    fn renew_browser(&mut self) {
        self.update_cart(CartState::mark_gone);
        self.progress.has_new_browser = true;
        self.restart();
    }

    /// On another browser.
    fn restart(&mut self) {
        self.leave_cart();
        self.progress.n_restarts += 1;
        self.progress.tries = 0;
        self.steps = steps_for(&self.guest.orders[self.order_index].events, false);
    }

    fn end_run(&mut self, status: Option<u16>, reason: String) {
        // Without a status no service was asked: the order is not attempted, like all that are left.
        if self.is_order_step() && status.is_some() {
            // 401 is a no of the service to the order itself; a redirect only says that it is not there.
            let outcome = if status == Some(401) { Outcome::Refused } else { Outcome::Failed };
            self.settle(self.result(outcome, status, Some(self.with_step_name(reason.clone()))));
        }
        self.pending.push_back(Action::StopRun(reason));
    }

    fn result(&self, outcome: Outcome, http_status: Option<u16>, reason: Option<String>) -> OrderResult {
        OrderResult {
            outcome,
            attempts: self.progress.attempts,
            http_status,
            reason,
            uncertain_before: None,
            change: None,
        }
    }

    /// What happened, with the step at which it did where there are several.
    fn with_step_name(&self, reason: String) -> String {
        match self.current_step() {
            Some(DeliveryStep::Event(event)) if self.is_assembled() => format!("{event}: {reason}"),
            _ => reason,
        }
    }

    fn settle(&mut self, result: OrderResult) {
        self.leave_cart();
        let result = self.with_uncertainty(result);
        let result = self.with_leftover_cart(result);
        self.pending.push_back(Action::Settled(self.order_index, result));
        self.order_index += 1;
        self.begin();
    }

    /// A later no does not take back an earlier perhaps.
    fn with_uncertainty(&mut self, mut result: OrderResult) -> OrderResult {
        let Some(uncertainty) = self.progress.uncertainty.take() else { return result };
        if result.outcome != Outcome::Accepted {
            let reason =
                result.reason.map_or_else(|| uncertainty.clone(), |reason| format!("{uncertainty}; then: {reason}"));
            result = OrderResult { outcome: Outcome::Unknown, reason: Some(reason), ..result };
        }
        result.uncertain_before = self.progress.was_resent.then_some(uncertainty);
        result
    }

    fn settle_all(&mut self, result: &OrderResult) {
        while !self.is_over() {
            // Sendings of the order under way count even where it does not come to its end.
            let attempts = self.progress.attempts;
            self.settle(OrderResult { attempts, ..result.clone() });
        }
    }

    /// What is under way or comes next.
    fn current_step(&self) -> Option<DeliveryStep> {
        match self.progress.pending_clear {
            Some(_) => Some(DeliveryStep::Event(OrderEvent::ClearCart)),
            None => self.steps.front().copied(),
        }
    }

    fn request_spec(&self, step: DeliveryStep) -> RequestSpec {
        let own = self.progress.cart.as_ref().map(|cart| &cart.browser);
        let browser = own.or(self.identified.browser.as_ref()).cloned();
        let browser = || browser.expect("every recipe creates a browser before it uses one");
        match step {
            DeliveryStep::CreateBrowser => RequestSpec::CreateBrowser,
            DeliveryStep::Identity => RequestSpec::Identity { browser: browser() },
            DeliveryStep::Event(event) => RequestSpec::Event { order: self.order_index, event, browser: browser() },
        }
    }

    fn is_over(&self) -> bool {
        self.order_index >= self.guest.orders.len()
    }

    /// Whether the current order takes several events.
    fn is_assembled(&self) -> bool {
        let order = self.guest.orders.get(self.order_index);
        order.is_some_and(|order| matches!(order.events, StreamPayload::Multi(_)))
    }

    fn is_order_step(&self) -> bool {
        matches!(self.current_step(), Some(DeliveryStep::Event(_)))
    }
}

#[cfg(test)]
mod tests;
