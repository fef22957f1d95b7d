//! The delivery of one guest's orders as a machine without I/O: it says what to do next and is told what was heard.
//!
//! It alone knows the order of the steps, that a guest's orders go one after the other, and what an answer does to
//! them. What may be repeated stands in `answer`, the steps of an order in `recipe`, and what becomes of a cart in `cart`.

mod cart;
mod course;
mod moves;
mod recipe;

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::{
    Settings,
    answer::{Heard, Kind, Verdict, verdict},
    backoff::backoff,
};
use crate::model::{
    outcome::{Outcome, Settled},
    planned::{OrderEvents, PlannedGuest},
    recipe::N_TO_IDENTIFY,
};
use cart::{Cart, Then};
use course::Course;
pub use moves::{Move, Step};
pub use recipe::Part;
use recipe::{Task, steps};

/// The machine.
#[derive(Debug)]
pub struct Delivery<'p> {
    guest: &'p PlannedGuest,
    settings: &'p Settings,
    /// Steps until the current order is settled; the first one is under way, unless its cart is being cleared.
    steps: VecDeque<Task>,
    /// What to say before the next step.
    pending: VecDeque<Move>,
    /// The current order's place.
    order: usize,
    identified: Identified,
    course: Course,
}

/// What came of identifying a guest: the parts of one guest share it.
#[derive(Debug, Default)]
pub struct Identified {
    /// The guest's own browser, for its orders of a single event. It is made for the first of them.
    browser: Option<String>,
    /// It failed, and this became of all of the guest's orders from there on.
    given_up: Option<Settled>,
}

impl<'p> Delivery<'p> {
    /// A delivery that has not begun.
    #[must_use]
    pub fn new(guest: &'p PlannedGuest, settings: &'p Settings) -> Self {
        Self::of_part(guest, settings, Identified::default())
    }

    /// The delivery of a guest's orders behind others that [`Delivery::identified`] tells of.
    #[must_use]
    pub fn of_part(guest: &'p PlannedGuest, settings: &'p Settings, identified: Identified) -> Self {
        let (steps, pending) = (VecDeque::new(), VecDeque::new());
        let mut delivery = Self { guest, settings, steps, pending, order: 0, identified, course: Course::default() };
        delivery.begin();
        if let Some(result) = delivery.identified.given_up.clone() {
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
        let order = self.guest.orders.get(self.order);
        self.course = Course::of(order);
        self.steps = order.map(|order| steps(&order.events, self.identified.browser.is_some())).unwrap_or_default();
    }

    /// What to do next, now.
    pub fn next_move(&mut self, now: Instant) -> Move {
        if self.pending.is_empty() {
            self.prepare(now);
        }
        match (self.pending.pop_front(), self.task()) {
            (Some(action), _) => action,
            (None, Some(step)) => Move::Send(self.step(step)),
            (None, None) => Move::Done,
        }
    }

    /// The run ends: what is not settled was not attempted. Where it may, CLEAR_CART is still sent of the order under way;
    /// else a cart that may hold something stays open in the journal, and the next run clears it.
    pub fn stop(&mut self, reason: &str, may_clear: bool) {
        // What follows the first line are hints for whoever runs this.
        let reason = reason.lines().next().map(str::to_owned);
        let result = Settled::unsent(Outcome::NotAttempted, reason);
        match self.course.clearing.take() {
            None if may_clear && self.has_cart_to_clear() => {
                return self.clear_cart_then(Then::Settle(Settled { attempts: self.course.attempts, ..result }));
            }
            Some(Then::Settle(result)) => self.settle(result),
            _ => {}
        }
        self.settle_all(&result);
    }

    /// How many requests the current order takes with those of its guest, if it is assembled from several events.
    #[must_use]
    pub fn n_to_assemble(&self) -> Option<u64> {
        let order = self.guest.orders.get(self.order).filter(|_| self.is_assembled())?;
        Some(N_TO_IDENTIFY + order.events.n_requests())
    }

    /// Whether the step that `next_move` asks to send was sent before, on this browser or another.
    #[must_use]
    pub fn is_retry(&self) -> bool {
        match self.course.clearing {
            Some(_) => self.course.tries > 0,
            None => self.course.fewest_left.is_some_and(|fewest| self.steps.len() >= fewest),
        }
    }

    /// Tells what was heard of the step that `next_move` asked to send, and what it means for the record.
    pub fn heard(&mut self, response: Heard, now: Instant) -> Verdict {
        let step = self.task().expect("what is heard was asked for");
        let (kind, status) = (step.kind(), response.status());
        self.count(kind, &response);
        self.of_cart(|cart| cart.hear(kind, &response));
        let classification = verdict(kind, response, self.settings.repeats_500);
        match self.course.clearing.take() {
            Some(then) => self.follow_clear_cart(then, classification.clone()),
            None => self.follow(step, status, classification.clone(), now),
        }
        classification
    }

    fn count(&mut self, kind: Kind, response: &Heard) {
        let progress = &mut self.course;
        progress.tries += 1;
        if progress.clearing.is_none() {
            let n_left = self.steps.len();
            progress.fewest_left = Some(progress.fewest_left.map_or(n_left, |fewest| fewest.min(n_left)));
        }
        if kind.is_checkout() {
            progress.attempts += 1;
            progress.was_repeated |= progress.doubt.is_some() && response.may_have_left();
        }
    }

    fn follow(&mut self, step: Task, status: Option<u16>, classification: Verdict, now: Instant) {
        match classification {
            Verdict::Accepted { reference } => self.advance(step, status, reference, now),
            Verdict::Repeat { not_before, .. } if self.has_tries_left() => {
                self.wait(self.course.tries, not_before.unwrap_or_default());
            }
            Verdict::Repeat { reason, .. } => self.give_up(Outcome::Failed, status, reason),
            Verdict::RepeatInDoubt { reason } if self.has_tries_left() => {
                self.of_cart(Cart::may_be_checked_out);
                self.course.doubt = Some(self.named(reason));
                self.wait(self.course.tries, Duration::ZERO);
            }
            Verdict::StartOver { reason } => self.start_over(status, reason),
            // On another browser it would surely be a second one, if the first was taken.
            Verdict::NewBrowser { reason } if self.may_be_an_order() => {
                self.settle(self.settled(Outcome::Unknown, status, Some(self.named(reason))));
            }
            Verdict::NewBrowser { .. } if !self.course.has_new_browser => self.renew_browser(),
            Verdict::NewBrowser { reason } => {
                self.of_cart(Cart::is_gone);
                self.give_up(Outcome::Refused, status, reason);
            }
            Verdict::Refused { reason } => self.give_up(Outcome::Refused, status, reason),
            Verdict::Unknown { reason } | Verdict::RepeatInDoubt { reason } => {
                self.of_cart(Cart::may_be_checked_out);
                self.settle(self.settled(Outcome::Unknown, status, Some(self.named(reason))));
            }
            Verdict::Stop { reason, .. } => self.end_run(status, reason),
        }
    }

    fn has_tries_left(&self) -> bool {
        self.course.tries < self.settings.tries
    }

    /// Waits after so many tries.
    fn wait(&mut self, tries: u32, not_before: Duration) {
        let jitter_seed = self.guest.orders.get(self.order).map_or(0, |order| order.record.id.0);
        let wait = backoff(self.settings.first_backoff, tries, jitter_seed);
        self.pending.push_back(Move::Wait(wait.max(not_before)));
    }

    fn advance(&mut self, step: Task, status: Option<u16>, reference: Option<String>, now: Instant) {
        self.course.tries = 0;
        if step.kind().is_checkout() {
            self.of_cart(Cart::is_emptied);
            return self.settle(self.settled(Outcome::Accepted, status, None));
        }
        self.steps.pop_front();
        match step {
            Task::CreateBrowser if self.is_assembled() => {
                self.course.cart = reference.map(|browser| Cart::new(browser, now));
            }
            Task::CreateBrowser => self.identified.browser = reference,
            Task::Identity if !self.settings.identity_pause.is_zero() => {
                self.pending.push_back(Move::Wait(self.settings.identity_pause));
            }
            Task::Identity | Task::Part(_) => {}
        }
    }

    /// The order fails, or where the step is the guest's, all of its orders that are left.
    fn give_up(&mut self, outcome: Outcome, status: Option<u16>, reason: String) {
        if self.is_step_of_order() {
            let result = self.settled(outcome, status, Some(self.named(reason)));
            self.clear_cart_then(Then::Settle(result));
        } else {
            let reason = format!("the guest could not be identified: {reason}");
            let result = Settled { http_status: status, ..Settled::unsent(outcome, Some(reason)) };
            self.settle_all(&result);
            self.identified.given_up = Some(result);
        }
    }

    /// An unknown browser: a new one and IDENTITY, then the order from its first step.
    fn renew_browser(&mut self) {
        self.of_cart(Cart::is_gone);
        self.course.has_new_browser = true;
        self.begin_anew();
    }

    /// On another browser.
    fn begin_anew(&mut self) {
        self.leave_cart();
        self.course.n_restarts += 1;
        self.course.tries = 0;
        self.steps = steps(&self.guest.orders[self.order].events, false);
    }

    fn end_run(&mut self, status: Option<u16>, reason: String) {
        // Without a status no service was asked: the order is not attempted, like all that are left.
        if self.is_step_of_order() && status.is_some() {
            // 401 is a no of the service to the order itself; a redirect only says that it is not there.
            let outcome = if status == Some(401) { Outcome::Refused } else { Outcome::Failed };
            self.settle(self.settled(outcome, status, Some(self.named(reason.clone()))));
        }
        self.pending.push_back(Move::StopRun(reason));
    }

    fn settled(&self, outcome: Outcome, http_status: Option<u16>, reason: Option<String>) -> Settled {
        Settled { outcome, attempts: self.course.attempts, http_status, reason, repeated_after: None, change: None }
    }

    /// What happened, with the step at which it did where there are several.
    fn named(&self, reason: String) -> String {
        match self.task() {
            Some(Task::Part(event)) if self.is_assembled() => format!("{event}: {reason}"),
            _ => reason,
        }
    }

    fn settle(&mut self, result: Settled) {
        self.leave_cart();
        let result = self.in_doubt(result);
        let result = self.with_cart(result);
        self.pending.push_back(Move::Settled(self.order, result));
        self.order += 1;
        self.begin();
    }

    /// A later no does not take back an earlier perhaps.
    fn in_doubt(&mut self, mut result: Settled) -> Settled {
        let Some(uncertainty) = self.course.doubt.take() else { return result };
        if result.outcome != Outcome::Accepted {
            let reason =
                result.reason.map_or_else(|| uncertainty.clone(), |reason| format!("{uncertainty}; then: {reason}"));
            result = Settled { outcome: Outcome::Unknown, reason: Some(reason), ..result };
        }
        result.repeated_after = self.course.was_repeated.then_some(uncertainty);
        result
    }

    fn settle_all(&mut self, result: &Settled) {
        while !self.is_over() {
            // Sendings of the order under way count even where it does not come to its end.
            let attempts = self.course.attempts;
            self.settle(Settled { attempts, ..result.clone() });
        }
    }

    /// What is under way or comes next.
    fn task(&self) -> Option<Task> {
        match self.course.clearing {
            Some(_) => Some(Task::Part(Part::ClearCart)),
            None => self.steps.front().copied(),
        }
    }

    fn step(&self, step: Task) -> Step {
        let own = self.course.cart.as_ref().map(|cart| &cart.browser);
        let browser = own.or(self.identified.browser.as_ref()).cloned();
        let browser = || browser.expect("every recipe creates a browser before it uses one");
        match step {
            Task::CreateBrowser => Step::CreateBrowser,
            Task::Identity => Step::Identity { browser: browser() },
            Task::Part(event) => Step::OfOrder { order: self.order, part: event, browser: browser() },
        }
    }

    fn is_over(&self) -> bool {
        self.order >= self.guest.orders.len()
    }

    /// Whether the current order takes several events.
    fn is_assembled(&self) -> bool {
        let order = self.guest.orders.get(self.order);
        order.is_some_and(|order| matches!(order.events, OrderEvents::Multi(_)))
    }

    fn is_step_of_order(&self) -> bool {
        matches!(self.task(), Some(Task::Part(_)))
    }
}

#[cfg(test)]
mod tests;
