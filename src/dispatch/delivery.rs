//! The delivery of one guest's orders as a machine without I/O: it says what to do next and is told what was heard.
//!
//! It alone knows the order of the steps, that a guest's orders go one after the other, and what an answer does to
//! them. What may be repeated stands in `answer`.

use std::{collections::VecDeque, time::Duration};

use super::{
    Settings,
    answer::{Heard, Kind, Verdict, verdict},
    backoff::backoff,
};
use crate::model::{
    outcome::{Outcome, Settled},
    planned::PlannedGuest,
};

/// The steps of a delivery, as data: another kind of order is another recipe.
#[derive(Debug, Clone, Copy)]
pub struct Recipe {
    /// Once for a guest.
    pub per_guest: &'static [Kind],
    /// For each of its orders; the last one decides about the order.
    pub per_order: &'static [Kind],
}

/// An order as one ORDER_CHECKOUT, on the guest's browser.
pub const SINGLE: Recipe =
    Recipe { per_guest: &[Kind::BrowserCreate, Kind::Identity], per_order: &[Kind::OrderCheckout] };

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Move {
    /// Send this, and tell what was heard.
    Send(Step),
    /// Ask again after this time.
    Wait(Duration),
    /// This became of the order at this place of the guest's orders; ask again.
    Settled(usize, Settled),
    /// The whole run must stop, for this reason; then ask again.
    StopRun(String),
    /// Everything is settled.
    Done,
}

/// A request to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Create a browser.
    CreateBrowser,
    /// Send the guest's IDENTITY on this browser.
    Identity {
        /// The browser's id.
        browser: String,
    },
    /// Send the checkout of the order at this place of the guest's orders, on this browser.
    OrderCheckout {
        /// From 0.
        order: usize,
        /// The browser's id.
        browser: String,
    },
}

impl Step {
    /// The kind of request.
    #[must_use]
    pub fn kind(&self) -> Kind {
        match self {
            Self::CreateBrowser => Kind::BrowserCreate,
            Self::Identity { .. } => Kind::Identity,
            Self::OrderCheckout { .. } => Kind::OrderCheckout,
        }
    }
}

/// What is said of an order that is sent again as someone chose.
const SENT_BEFORE: &str = "sent by an earlier run, and no answer came";

/// The machine.
#[derive(Debug)]
pub struct Delivery<'p> {
    guest: &'p PlannedGuest,
    recipe: Recipe,
    settings: &'p Settings,
    /// Steps until the current order is settled; the first one is under way.
    steps: VecDeque<Kind>,
    /// What to say before the next step.
    pending: VecDeque<Move>,
    /// The current order's place.
    order: usize,
    browser: Option<String>,
    /// Tries of the current step.
    tries: u32,
    /// Sendings of the current order's last event.
    attempts: u32,
    /// What came of an earlier sending of the current order that may have been taken.
    doubt: Option<String>,
    /// The current order was sent again in spite of a doubt.
    was_repeated: bool,
    /// The current order already got a new browser.
    has_new_browser: bool,
}

impl<'p> Delivery<'p> {
    /// A delivery that has not begun.
    #[must_use]
    pub fn new(guest: &'p PlannedGuest, recipe: Recipe, settings: &'p Settings) -> Self {
        let steps = recipe.per_guest.iter().chain(recipe.per_order).copied().collect();
        let mut delivery = Self {
            guest,
            recipe,
            settings,
            steps,
            pending: VecDeque::new(),
            order: 0,
            browser: None,
            tries: 0,
            attempts: 0,
            doubt: None,
            was_repeated: false,
            has_new_browser: false,
        };
        delivery.doubt = delivery.doubt_of_order();
        delivery
    }

    /// What to do next.
    pub fn next_move(&mut self) -> Move {
        if let Some(said) = self.pending.pop_front() {
            return said;
        }
        match self.steps.front() {
            Some(kind) if !self.is_over() => Move::Send(self.step(*kind)),
            _ => Move::Done,
        }
    }

    /// The run ends: what is not settled was not attempted.
    pub fn stop(&mut self, reason: &str) {
        // What follows the first line are hints for whoever runs this.
        let reason = reason.lines().next().map(str::to_owned);
        self.settle_all(&Settled::unsent(Outcome::NotAttempted, reason));
    }

    /// Whether the step that `next_move` asks to send was sent before.
    #[must_use]
    pub fn is_retry(&self) -> bool {
        // Of an order whose browser is not known any more, what went before goes again.
        self.tries > 0 || self.attempts > 0 && self.is_last_step() || self.has_new_browser && !self.is_last_step()
    }

    /// Tells what was heard of the step that `next_move` asked to send, and what it means for the record.
    pub fn heard(&mut self, heard: Heard) -> Verdict {
        let kind = self.steps.front().copied().unwrap_or(Kind::OrderCheckout);
        let status = heard.status();
        self.tries += 1;
        if self.is_last_step() {
            self.attempts += 1;
            self.was_repeated |= self.doubt.is_some() && !matches!(heard, Heard::NotSent(_));
        }
        let verdict = verdict(kind, heard, self.settings.repeats_500);
        self.follow(kind, status, verdict.clone());
        verdict
    }

    fn follow(&mut self, kind: Kind, status: Option<u16>, verdict: Verdict) {
        match verdict {
            Verdict::Accepted { reference } => self.advance(kind, status, reference),
            Verdict::Repeat { not_before, .. } if self.has_tries_left() => self.wait(not_before.unwrap_or_default()),
            Verdict::Repeat { reason, .. } => self.give_up(Outcome::Failed, status, reason),
            Verdict::RepeatInDoubt { reason } if self.has_tries_left() => {
                self.doubt = Some(reason);
                self.wait(Duration::ZERO);
            }
            Verdict::NewBrowser { .. } if !self.has_new_browser => self.renew_browser(),
            Verdict::NewBrowser { reason } | Verdict::Refused { reason } => {
                self.give_up(Outcome::Refused, status, reason);
            }
            Verdict::Unknown { reason } | Verdict::RepeatInDoubt { reason } => {
                self.settle(self.settled(Outcome::Unknown, status, Some(reason)));
            }
            Verdict::Stop { reason } => self.end_run(status, reason),
        }
    }

    fn has_tries_left(&self) -> bool {
        self.tries < self.settings.tries
    }

    fn wait(&mut self, not_before: Duration) {
        let spread = self.guest.orders.get(self.order).map_or(0, |order| order.record.id.0);
        let wait = backoff(self.settings.first_backoff, self.tries, spread);
        self.pending.push_back(Move::Wait(wait.max(not_before)));
    }

    fn advance(&mut self, kind: Kind, status: Option<u16>, reference: Option<String>) {
        self.tries = 0;
        if kind == Kind::BrowserCreate {
            self.browser = reference;
        }
        if self.is_last_step() {
            return self.settle(self.settled(Outcome::Accepted, status, None));
        }
        self.steps.pop_front();
        if kind == Kind::Identity && !self.settings.identity_pause.is_zero() {
            self.pending.push_back(Move::Wait(self.settings.identity_pause));
        }
    }

    /// The order fails, or where the step is the guest's, all of its orders that are left.
    fn give_up(&mut self, outcome: Outcome, status: Option<u16>, reason: String) {
        if self.is_step_of_order() {
            self.settle(self.settled(outcome, status, Some(reason)));
        } else {
            let reason = format!("the guest could not be identified: {reason}");
            self.settle_all(&Settled { http_status: status, ..Settled::unsent(outcome, Some(reason)) });
        }
    }

    /// An unknown browser: a new one and IDENTITY, then the step again.
    fn renew_browser(&mut self) {
        self.has_new_browser = true;
        self.tries = 0;
        let has_identity = self.steps.front() != Some(&Kind::Identity);
        if has_identity {
            self.steps.push_front(Kind::Identity);
        }
        self.steps.push_front(Kind::BrowserCreate);
    }

    fn end_run(&mut self, status: Option<u16>, reason: String) {
        // 401 is a no of the service to the order itself; a redirect only says that it is not there.
        let outcome = if status == Some(401) { Outcome::Refused } else { Outcome::Failed };
        if self.is_step_of_order() {
            self.settle(self.settled(outcome, status, Some(reason.clone())));
        }
        self.pending.push_back(Move::StopRun(reason));
    }

    fn settled(&self, outcome: Outcome, http_status: Option<u16>, reason: Option<String>) -> Settled {
        Settled { outcome, attempts: self.attempts, http_status, reason, repeated_after: None }
    }

    fn settle(&mut self, settled: Settled) {
        let settled = self.in_doubt(settled);
        self.pending.push_back(Move::Settled(self.order, settled));
        self.order += 1;
        self.tries = 0;
        self.attempts = 0;
        self.has_new_browser = false;
        self.was_repeated = false;
        self.doubt = self.doubt_of_order();
        self.steps = self.recipe.per_order.iter().copied().collect();
    }

    /// A later no does not take back an earlier perhaps.
    fn in_doubt(&mut self, mut settled: Settled) -> Settled {
        let Some(doubt) = self.doubt.take() else { return settled };
        if settled.outcome != Outcome::Accepted {
            let reason = settled.reason.map_or_else(|| doubt.clone(), |reason| format!("{doubt}; then: {reason}"));
            settled = Settled { outcome: Outcome::Unknown, reason: Some(reason), ..settled };
        }
        settled.repeated_after = self.was_repeated.then_some(doubt);
        settled
    }

    fn doubt_of_order(&self) -> Option<String> {
        let order = self.guest.orders.get(self.order)?;
        order.may_be_there.then(|| SENT_BEFORE.to_owned())
    }

    fn settle_all(&mut self, settled: &Settled) {
        while !self.is_over() {
            // Sendings of the order under way count even where it does not come to its end.
            let attempts = self.attempts;
            self.settle(Settled { attempts, ..settled.clone() });
        }
    }

    fn step(&self, kind: Kind) -> Step {
        let browser = || self.browser.clone().expect("every recipe creates a browser before it uses one");
        match kind {
            Kind::BrowserCreate => Step::CreateBrowser,
            Kind::Identity => Step::Identity { browser: browser() },
            Kind::OrderCheckout => Step::OrderCheckout { order: self.order, browser: browser() },
        }
    }

    fn is_over(&self) -> bool {
        self.order >= self.guest.orders.len()
    }

    fn is_last_step(&self) -> bool {
        self.steps.len() == 1
    }

    fn is_step_of_order(&self) -> bool {
        self.steps.len() <= self.recipe.per_order.len()
    }
}

#[cfg(test)]
mod tests;
