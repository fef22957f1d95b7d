//! Machine of a guest's delivery: returns the next action and receives the responses.
//!
//! It alone decides what a response changes, when a cart is cleared and when an order restarts. It
//! does no I/O: `worker` calls it and carries out the actions. What may be retried is in
//! `classify`, the steps of an order are in `steps`.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::{
    cart::{AfterClear, CartState},
    progress::{OrderProgress, Uncertainty},
    steps::{IDENTIFY_REQUESTS, RequestSpec, steps_for},
};
use crate::{
    dispatch::{Action, Assessment, Delivery, Request, backoff::backoff},
    model::{
        failure::{Failure, FailureCause},
        outcome::{GUEST_NOT_IDENTIFIED, OrderResult, Outcome},
        planned::PlannedGuest,
        request::{RequestKind, RequestRole},
        route::Route,
    },
    stream::{
        classify::{Classification, ServiceResponse, classify},
        event_json::{after_browser_id, with_browser_id},
        payload::StreamPayload,
        settings::StreamSettings,
    },
};

/// The message that creates a browser.
pub const CREATE_BROWSER: &str = "{}";

/// The state machine of one guest's delivery.
#[derive(Debug)]
pub struct GuestDelivery<'p> {
    guest: &'p PlannedGuest,
    settings: &'p StreamSettings,
    /// Steps until the current order is settled; the first one is in progress, unless its cart is
    /// being cleared.
    steps: VecDeque<RequestSpec>,
    /// Actions to return before the next step.
    pending: VecDeque<Action>,
    /// The current order's index.
    pub(super) order_index: usize,
    /// Its events, or why they cannot be read; none after the last order.
    payload: Option<Result<StreamPayload, String>>,
    identified: Identified,
    progress: OrderProgress,
}

/// The result of identifying a guest; all parts of one guest share it.
#[derive(Debug, Default)]
pub struct Identified {
    /// The guest's browser for its single-event orders. It is created for the first of them.
    browser: Option<String>,
    /// The result of all further orders of the guest, if the identification failed.
    failure: Option<OrderResult>,
}

impl<'p> GuestDelivery<'p> {
    /// The delivery of a guest that is not identified yet.
    #[must_use]
    pub fn new(guest: &'p PlannedGuest, settings: &'p StreamSettings) -> Self {
        Self::for_part(guest, settings, Identified::default())
    }

    /// The delivery of a further part of a guest's orders, with the [`GuestDelivery::identified`]
    /// of the part before.
    #[must_use]
    pub fn for_part(
        guest: &'p PlannedGuest,
        settings: &'p StreamSettings,
        identified: Identified,
    ) -> Self {
        let mut delivery = Self {
            guest,
            settings,
            steps: VecDeque::new(),
            pending: VecDeque::new(),
            order_index: 0,
            payload: None,
            identified,
            progress: OrderProgress::default(),
        };
        delivery.begin();
        if let Some(result) = delivery.identified.failure.clone() {
            delivery.settle_all(&result);
        }
        delivery
    }

    /// Resets the state for the current order.
    fn begin(&mut self) {
        let order = self.guest.orders.get(self.order_index);
        self.progress = OrderProgress::for_order(order);
        self.payload = order.map(StreamPayload::read);
        self.steps = self.steps_of_order(self.identified.browser.is_some());
    }

    /// The steps of the current order from its first one.
    fn steps_of_order(&self, has_browser: bool) -> VecDeque<RequestSpec> {
        match (self.guest.orders.get(self.order_index), &self.payload) {
            (Some(order), Some(Ok(payload))) => {
                steps_for(payload, order.encoded.route, has_browser)
            }
            _ => VecDeque::new(),
        }
    }

    /// Whether the current step was sent before, on this browser or another.
    fn is_retry(&self) -> bool {
        match self.progress.pending_clear {
            Some(_) => self.progress.tries > 0,
            // After a restart `tries` begins at zero again; the number of steps left still shows
            // the repetition.
            None => self.progress.furthest_step.is_some_and(|fewest| self.steps.len() >= fewest),
        }
    }

    fn count(&mut self, kind: RequestKind, response: &ServiceResponse) {
        let progress = &mut self.progress;
        progress.tries += 1;
        if progress.pending_clear.is_none() {
            let n_left = self.steps.len();
            progress.furthest_step =
                Some(progress.furthest_step.map_or(n_left, |fewest| fewest.min(n_left)));
        }
        if kind.is_checkout() {
            progress.attempts += 1;
            progress.was_resent |= progress.uncertainty.is_some() && response.may_have_been_sent();
        }
        if kind.role() != RequestRole::Identify && response.may_have_been_sent() {
            self.progress.browser_id = self.browser().map(str::to_owned);
        }
    }

    fn apply(
        &mut self,
        step: RequestSpec,
        status: Option<u16>,
        classification: Classification,
        now: Instant,
    ) {
        if let Classification::Retry { cause, .. }
        | Classification::Restart { cause }
        | Classification::RenewBrowser { cause } = &classification
            && step.kind().is_checkout()
        {
            self.progress.refusal = Some(self.failed(Outcome::NotAttempted, status, cause.clone()));
        }
        match classification {
            Classification::Accepted { reference } => {
                self.complete_step(step, status, reference, now);
            }
            Classification::Retry { not_before, .. } if self.has_tries_left() => {
                self.wait(self.progress.tries, not_before.unwrap_or_default());
            }
            Classification::Retry { cause, .. } => self.fail(Outcome::Failed, status, cause),
            Classification::RetryUncertain { cause } if self.has_tries_left() => {
                self.progress.update_cart(CartState::mark_checkout_uncertain);
                let reason = self.with_step_name(&cause);
                let failure = Failure { request: step.kind(), cause };
                self.progress.uncertainty = Some(Uncertainty { failure, reason });
                self.wait(self.progress.tries, Duration::ZERO);
            }
            Classification::Restart { cause } => self.try_restart(status, cause),
            // On another browser it would be a second order, if the first checkout was processed.
            Classification::RenewBrowser { cause } if self.progress.has_uncertain_checkout() => {
                self.settle(self.failed(Outcome::Unknown, status, cause));
            }
            Classification::RenewBrowser { .. } if !self.progress.has_new_browser => {
                self.renew_browser();
            }
            Classification::RenewBrowser { cause } => {
                self.progress.update_cart(CartState::mark_gone);
                self.fail(Outcome::Refused, status, cause);
            }
            Classification::Rejected { cause } => self.fail(Outcome::Refused, status, cause),
            Classification::Uncertain { cause } | Classification::RetryUncertain { cause } => {
                self.progress.update_cart(CartState::mark_checkout_uncertain);
                self.settle(self.failed(Outcome::Unknown, status, cause));
            }
            Classification::StopRun { reason, .. } => self.end_run(status, reason),
        }
    }

    fn has_tries_left(&self) -> bool {
        self.progress.tries < self.settings.tries
    }

    /// Adds the backoff after `tries` tries, and at least `not_before`.
    fn wait(&mut self, tries: u32, not_before: Duration) {
        // Seeded by the order's id, so that deliveries that failed together wait differently long.
        let jitter_seed =
            self.guest.orders.get(self.order_index).map_or(0, |order| order.record.id.0);
        let wait = backoff(self.settings.first_backoff, tries, jitter_seed);
        self.pending.push_back(Action::Wait(wait.max(not_before)));
    }

    fn complete_step(
        &mut self,
        step: RequestSpec,
        status: Option<u16>,
        reference: Option<String>,
        now: Instant,
    ) {
        self.progress.tries = 0;
        if step.kind().is_checkout() {
            self.progress.update_cart(CartState::mark_empty);
            return self.settle(self.result(Outcome::Accepted, status, None));
        }
        self.steps.pop_front();
        match step.kind() {
            RequestKind::BrowserCreate if self.is_assembled() => {
                self.progress.cart = reference.map(|browser| CartState::new(browser, now));
            }
            RequestKind::BrowserCreate => self.identified.browser = reference,
            RequestKind::Identity if !self.settings.identity_pause.is_zero() => {
                self.pending.push_back(Action::Wait(self.settings.identity_pause));
            }
            _ => {}
        }
    }

    /// Fails the order, or, if the step identifies the guest, all of its orders that are left.
    fn fail(&mut self, outcome: Outcome, status: Option<u16>, cause: FailureCause) {
        let result = self.failed(outcome, status, cause);
        if self.is_order_step() {
            self.clear_cart_then(AfterClear::Settle(result));
        } else {
            // All orders of a guest need the same IDENTITY, so none of them can be sent.
            let result = OrderResult { attempts: 0, ..result };
            self.settle_all(&result);
            self.identified.failure = Some(result);
        }
    }

    /// Replaces an unknown browser: creates a new one, identifies the guest and restarts the order
    /// at its first step.
    fn renew_browser(&mut self) {
        self.progress.update_cart(CartState::mark_gone);
        self.progress.has_new_browser = true;
        self.restart();
    }

    /// Restarts the order on another browser.
    fn restart(&mut self) {
        self.leave_cart();
        self.progress.n_restarts += 1;
        self.progress.tries = 0;
        self.steps = self.steps_of_order(false);
    }

    fn end_run(&mut self, status: Option<u16>, reason: String) {
        // Without a status the request reached no service: the order is not attempted, like all
        // that are left.
        if self.is_order_step() && status.is_some() {
            // With 401 the service refused the order itself; a redirect only shows that it did not
            // accept it.
            let outcome = if status == Some(401) { Outcome::Refused } else { Outcome::Failed };
            let cause = FailureCause::RunStopped(reason.clone());
            self.settle(self.failed(outcome, status, cause));
        }
        self.pending.push_back(Action::StopRun(reason));
    }

    fn result(
        &self,
        outcome: Outcome,
        http_status: Option<u16>,
        reason: Option<String>,
    ) -> OrderResult {
        OrderResult {
            attempts: self.progress.attempts,
            http_status,
            ..OrderResult::without_request(outcome, reason)
        }
    }

    /// The result of an order that the current step ends without an acceptance.
    fn failed(&self, outcome: Outcome, status: Option<u16>, cause: FailureCause) -> OrderResult {
        let result = self.result(outcome, status, Some(self.with_step_name(&cause)));
        let failure = self.current_step().map(|step| Failure { request: step.kind(), cause });
        OrderResult { failure, ..result }
    }

    /// What happened at the current step: after the event, if the order has several.
    fn with_step_name(&self, cause: &FailureCause) -> String {
        match self.current_step() {
            Some(step) if !is_event(step) => format!("{GUEST_NOT_IDENTIFIED}: {cause}"),
            Some(step) if self.is_assembled() => format!("{step}: {cause}"),
            _ => cause.to_string(),
        }
    }

    /// The result of the current order, if the run ends before its next step.
    fn stopped(&mut self, result: OrderResult) -> OrderResult {
        let attempts = self.progress.attempts;
        let Some(refusal) = self.progress.refusal.take() else {
            return OrderResult { attempts, ..result };
        };
        let reasons = [refusal.reason, result.reason].into_iter().flatten().collect::<Vec<_>>();
        let reason = format!("not accepted: {}", reasons.join("; then: "));
        OrderResult { attempts, reason: Some(reason), ..refusal }
    }

    fn settle(&mut self, result: OrderResult) {
        self.leave_cart();
        let result = self.progress.with_uncertainty(result);
        let mut result = self.progress.with_leftover_cart(result);
        result.browser_id = self.progress.browser_id.take();
        self.pending.push_back(Action::Settled(self.order_index, result));
        self.order_index += 1;
        self.begin();
    }

    fn settle_all(&mut self, result: &OrderResult) {
        while !self.is_over() {
            // Submissions of the current order count even if it is not sent to its end.
            let attempts = self.progress.attempts;
            self.settle(OrderResult { attempts, ..result.clone() });
        }
    }

    /// Adds the actions that must precede the next step.
    fn prepare(&mut self, now: Instant) {
        if let Some(Err(error)) = &self.payload {
            let reason = format!(
                "the plan: cannot read the events of an order: {error}\n  hint: send the export \
                 again"
            );
            self.stop(&reason, false);
            self.pending.push_back(Action::StopRun(reason));
            return;
        }
        if self.is_past_session(now) {
            let cause = FailureCause::SessionTimeout(self.settings.session_timeout);
            // A restart would submit the order once more, although the first CHECKOUT may have
            // created it.
            if self.progress.has_uncertain_checkout() {
                return self.settle(self.result(Outcome::Unknown, None, Some(cause.to_string())));
            }
            return self.try_restart(None, cause);
        }
        let is_filling =
            self.current_step().is_some_and(|step| step.kind().role() == RequestRole::FillCart);
        // The journal must know the cart before the first event that fills it.
        let unopened = self.progress.cart.as_mut().filter(|cart| is_filling && !cart.is_open);
        if let (Some(cart), Some(Ok(payload))) = (unopened, &self.payload) {
            cart.is_open = true;
            let (order, session) = (self.order_index, cart.browser.clone());
            let clear_cart = after_browser_id(RequestSpec::CLEAR_CART.event_json(payload));
            self.pending.push_back(Action::OpenCart { order, session, clear_cart });
        }
    }

    /// Restarts the order on another browser if a try is left; otherwise fails it.
    fn try_restart(&mut self, status: Option<u16>, cause: FailureCause) {
        let n_starts = self.progress.n_restarts + 1;
        if n_starts >= self.settings.tries {
            return self.fail(Outcome::Failed, status, cause);
        }
        self.wait(n_starts, Duration::ZERO);
        self.clear_cart_then(AfterClear::Restart);
    }

    /// Clears the cart if it may hold items, then proceeds.
    fn clear_cart_then(&mut self, then: AfterClear) {
        // The service could send the customer a reminder of items that are left in a cart.
        if self.progress.has_cart_to_clear() {
            self.progress.tries = 0;
            self.progress.pending_clear = Some(then);
        } else {
            self.proceed(then);
        }
    }

    /// Processes the classified response to CLEAR_CART.
    fn apply_clear_cart(&mut self, then: AfterClear, classification: Classification) {
        match classification {
            Classification::Accepted { .. } => {
                self.progress.update_cart(CartState::mark_empty);
                self.proceed(then);
            }
            Classification::Retry { not_before, .. } if self.has_tries_left() => {
                self.wait(self.progress.tries, not_before.unwrap_or_default());
                self.progress.pending_clear = Some(then);
            }
            Classification::StopRun { reason, .. } => {
                self.progress.set_leftover_cart(&then, &reason);
                self.proceed(then);
                self.pending.push_back(Action::StopRun(reason));
            }
            // The order's own result does not depend on the cart: the next run tries to clear it
            // again.
            other => {
                self.progress.set_leftover_cart(&then, &other.reason().unwrap_or_default());
                self.proceed(then);
            }
        }
    }

    fn proceed(&mut self, then: AfterClear) {
        match then {
            AfterClear::Restart => self.restart(),
            AfterClear::Settle(result) => self.settle(result),
        }
    }

    /// Leaves the cart as it is, and closes it in the journal if it is definitely empty.
    fn leave_cart(&mut self) {
        let Some(cart) = self.progress.cart.take() else { return };
        if cart.can_be_closed() {
            self.pending.push_back(Action::CloseCart);
        } else if let Some(reason) = cart.leftover_reason() {
            self.progress.leftover_cart.get_or_insert_with(|| reason.to_owned());
        }
    }

    /// The step that is in progress or comes next.
    pub(super) fn current_step(&self) -> Option<RequestSpec> {
        match self.progress.pending_clear {
            Some(_) => Some(RequestSpec::CLEAR_CART),
            None => self.steps.front().copied(),
        }
    }

    /// The browser of the current order: its own, or that of the guest.
    pub(super) fn browser(&self) -> Option<&str> {
        let own = self.progress.cart.as_ref().map(|cart| &cart.browser);
        own.or(self.identified.browser.as_ref()).map(String::as_str)
    }

    fn request(&self, step: RequestSpec) -> Request {
        let browser = || self.browser().expect("the steps create a browser before they use one");
        let message = match (step.kind(), &self.payload) {
            (RequestKind::BrowserCreate, _) => CREATE_BROWSER.to_owned(),
            (RequestKind::Identity, _) => with_browser_id(self.guest.identity.as_str(), browser()),
            (_, Some(Ok(payload))) => with_browser_id(step.event_json(payload), browser()),
            (_, _) => unreachable!("an order whose events cannot be read has no steps"),
        };
        Request { kind: step.kind(), message, order: self.order_index, is_retry: self.is_retry() }
    }

    fn is_over(&self) -> bool {
        self.order_index >= self.guest.orders.len()
    }

    /// Whether the current order is assembled from several events.
    fn is_assembled(&self) -> bool {
        self.guest
            .orders
            .get(self.order_index)
            .is_some_and(|order| order.encoded.route == Route::Multi)
    }

    fn is_order_step(&self) -> bool {
        self.current_step().is_some_and(is_event)
    }
}

impl Delivery for GuestDelivery<'_> {
    type Response = ServiceResponse;
    type Identified = Identified;

    fn next_action(&mut self, now: Instant) -> Action {
        if self.pending.is_empty() {
            self.prepare(now);
        }
        match (self.pending.pop_front(), self.current_step()) {
            (Some(action), _) => action,
            (None, Some(step)) => Action::Send(self.request(step)),
            (None, None) => Action::Done,
        }
    }

    fn on_response(&mut self, response: ServiceResponse, now: Instant) -> Assessment {
        let step = self.current_step().expect("a response follows a step that was sent");
        let (kind, status) = (step.kind(), response.status());
        self.count(kind, &response);
        self.progress.update_cart(|cart| cart.on_response(kind, &response));
        let classification = classify(kind, response, self.settings.retry_500);
        match self.progress.pending_clear.take() {
            Some(then) => self.apply_clear_cart(then, classification.clone()),
            None => self.apply(step, status, classification.clone(), now),
        }
        classification.into()
    }

    // Without `may_clear`, a cart that may hold items stays open in the journal, and the next run
    // clears it.
    fn stop(&mut self, reason: &str, may_clear: bool) {
        // The further lines are hints for the operator, which are no part of an order's result.
        let reason = reason.lines().next().map(str::to_owned);
        let result = OrderResult::without_request(Outcome::NotAttempted, reason);
        match self.progress.pending_clear.take() {
            None if may_clear && self.progress.has_cart_to_clear() => {
                let result = self.stopped(result);
                return self.clear_cart_then(AfterClear::Settle(result));
            }
            Some(AfterClear::Settle(result)) => self.settle(result),
            _ if !self.is_over() => {
                let result = self.stopped(result.clone());
                self.settle(result);
            }
            _ => {}
        }
        self.settle_all(&result);
    }

    fn requests_to_assemble(&self) -> Option<u64> {
        let order = self.guest.orders.get(self.order_index).filter(|_| self.is_assembled())?;
        Some(IDENTIFY_REQUESTS + order.encoded.n_requests)
    }

    fn is_past_session(&self, now: Instant) -> bool {
        let Some(cart) = &self.progress.cart else { return false };
        let joins_cart = self
            .current_step()
            .is_some_and(|step| is_event(step) && step != RequestSpec::CLEAR_CART);
        joins_cart && now.saturating_duration_since(cart.created_at) > self.settings.session_timeout
    }

    fn identified(self) -> Identified {
        self.identified
    }
}

/// Whether a step carries an event of an order, in contrast to those that identify its guest.
fn is_event(step: RequestSpec) -> bool {
    step.kind().role() != RequestRole::Identify
}
