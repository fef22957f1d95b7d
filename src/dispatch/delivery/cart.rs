//! What a delivery does about the cart of an order that is assembled from several events: opens it, clears it where it
//! comes to nothing, and starts the order over on another browser.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    Delivery, Move,
    recipe::{Part, Task},
};
use crate::{
    dispatch::{
        Kind,
        answer::{Heard, Verdict},
    },
    model::outcome::{Outcome, Settled},
};

/// Said of an order whose run ended before its cart could be cleared.
const STAYS_OPEN: &str = "its cart stays open until the next run clears it";

/// Said of an order of whose CHECKOUT nobody knows.
const MAY_STAY: &str = "its cart may be there still, until the next run clears it";

/// The browser of an order's own, and what may lie in its cart.
#[derive(Debug)]
pub(super) struct Cart {
    pub(super) browser: String,
    /// When the browser was there: everything must come within its session.
    since: Instant,
    /// The journal knows it.
    is_open: bool,
    content: Content,
    /// An event may still be on its way, and fill it behind CLEAR_CART or CHECKOUT: the next run clears it once more.
    awaits_late: bool,
}

/// What may lie in a cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    Nothing,
    Items,
    /// Items, or CHECKOUT has made an order of them. CLEAR_CART could overtake it, so this run sends none.
    ItemsOrOrder,
}

impl Cart {
    pub(super) fn new(browser: String, now: Instant) -> Self {
        Self { browser, since: now, is_open: false, content: Content::Nothing, awaits_late: false }
    }

    /// Hears of one of its events.
    pub(super) fn hear(&mut self, kind: Kind, response: &Heard) {
        if kind == Kind::Add && !response.is_surely_not_taken() {
            self.content = Content::Items;
        }
        let fills = matches!(kind, Kind::Add | Kind::AddContacts | Kind::AddConsumers | Kind::Confirm);
        self.awaits_late |= fills && response.may_come_late();
    }

    /// It was checked out or cleared.
    pub(super) fn is_emptied(&mut self) {
        self.content = Content::Nothing;
    }

    /// The service knows the browser no more.
    pub(super) fn is_gone(&mut self) {
        (self.content, self.awaits_late) = (Content::Nothing, false);
    }

    /// Of CHECKOUT nothing certain is known.
    pub(super) fn may_be_checked_out(&mut self) {
        self.content = Content::ItemsOrOrder;
    }

    fn is_to_be_cleared(&self) -> bool {
        self.content == Content::Items
    }

    fn is_to_be_closed(&self) -> bool {
        self.is_open && self.content == Content::Nothing && !self.awaits_late
    }
}

/// What follows when the cart is cleared, or cannot be.
#[derive(Debug)]
pub(super) enum Then {
    StartOver,
    Settle(Settled),
}

impl Delivery<'_> {
    /// Whether the session of the order's browser may have ended, so that what is sent now would not come to what was
    /// sent before.
    #[must_use]
    pub fn is_too_late(&self, now: Instant) -> bool {
        let Some(cart) = &self.course.cart else { return false };
        let is_event = matches!(self.task(), Some(Task::Part(event)) if event != Part::ClearCart);
        is_event && now.saturating_duration_since(cart.since) > self.settings.session_timeout
    }

    /// What comes before the next step.
    pub(super) fn prepare(&mut self, now: Instant) {
        if self.is_too_late(now) {
            let timeout = humantime::format_duration(self.settings.session_timeout);
            let reason = format!("the session's time-out of {timeout} passed before it could be sent");
            if self.may_be_an_order() {
                return self.settle(self.settled(Outcome::Unknown, None, Some(reason)));
            }
            return self.start_over(None, reason);
        }
        let is_filling = matches!(self.task(), Some(Task::Part(Part::Add(_))));
        let unopened = self.course.cart.as_mut().filter(|cart| is_filling && !cart.is_open);
        if let Some(cart) = unopened {
            cart.is_open = true;
            self.pending.push_back(Move::OpenCart { order: self.order, browser: cart.browser.clone() });
        }
    }

    /// Begins the order anew on another browser, if it may be tried once more.
    pub(super) fn start_over(&mut self, status: Option<u16>, reason: String) {
        let n_starts = self.course.n_restarts + 1;
        if n_starts >= self.settings.tries {
            return self.give_up(Outcome::Failed, status, reason);
        }
        self.wait(n_starts, Duration::ZERO);
        self.clear_cart_then(Then::StartOver);
    }

    /// Goes on once nothing is left in the cart: what lies there could send the customer a reminder.
    pub(super) fn clear_cart_then(&mut self, then: Then) {
        if self.has_cart_to_clear() {
            self.course.tries = 0;
            self.course.clearing = Some(then);
        } else {
            self.go_on(then);
        }
    }

    pub(super) fn has_cart_to_clear(&self) -> bool {
        self.course.cart.as_ref().is_some_and(Cart::is_to_be_cleared)
    }

    /// Whether a CHECKOUT of this cart may have been taken.
    pub(super) fn may_be_an_order(&self) -> bool {
        self.course.cart.as_ref().is_some_and(|cart| cart.content == Content::ItemsOrOrder)
    }

    /// Hears of CLEAR_CART.
    pub(super) fn follow_clear_cart(&mut self, then: Then, classification: Verdict) {
        match classification {
            Verdict::Accepted { .. } => {
                self.of_cart(Cart::is_emptied);
                self.go_on(then);
            }
            Verdict::Repeat { not_before, .. } if self.has_tries_left() => {
                self.wait(self.course.tries, not_before.unwrap_or_default());
                self.course.clearing = Some(then);
            }
            Verdict::Stop { reason, .. } => {
                self.leave_open(&then, &reason);
                self.go_on(then);
                self.pending.push_back(Move::StopRun(reason));
            }
            other => {
                self.leave_open(&then, other.reason().unwrap_or_default());
                self.go_on(then);
            }
        }
    }

    fn leave_open(&mut self, then: &Then, reason: &str) {
        let which = match then {
            Then::StartOver => "the cart of an earlier start",
            Then::Settle(_) => "its cart",
        };
        self.course.left_open = Some(format!("{which} could not be cleared ({reason})"));
    }

    fn go_on(&mut self, then: Then) {
        match then {
            Then::StartOver => self.begin_anew(),
            Then::Settle(result) => self.settle(result),
        }
    }

    /// Leaves the cart as it is, and has it closed in the journal if nothing can be in it.
    pub(super) fn leave_cart(&mut self) {
        let Some(cart) = self.course.cart.take() else { return };
        if cart.is_to_be_closed() {
            self.pending.push_back(Move::CloseCart);
        } else if cart.is_to_be_cleared() {
            self.course.left_open.get_or_insert_with(|| STAYS_OPEN.to_owned());
        } else if cart.content == Content::ItemsOrOrder {
            self.course.left_open.get_or_insert_with(|| MAY_STAY.to_owned());
        }
    }

    /// What is said of the order names a cart that may send the customer a reminder.
    pub(super) fn with_cart(&mut self, result: Settled) -> Settled {
        let Some(leftover_cart) = self.course.left_open.take() else { return result };
        let reason =
            result.reason.map_or_else(|| leftover_cart.clone(), |reason| format!("{reason}, and {leftover_cart}"));
        Settled { reason: Some(reason), ..result }
    }

    pub(super) fn of_cart(&mut self, change: impl FnOnce(&mut Cart)) {
        self.course.cart.as_mut().map(change);
    }
}
