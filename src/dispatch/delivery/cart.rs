//! What a delivery does about the cart of an order that is assembled from several events: opens it, clears it where it
//! comes to nothing, and starts the order over on another browser.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    Action, GuestDelivery,
    steps::{DeliveryStep, OrderEvent},
};
use crate::{
    dispatch::{
        RequestKind,
        classify::{Classification, ServiceResponse},
    },
    model::outcome::{OrderResult, Outcome},
};

/// Said of an order whose run ended before its cart could be cleared.
const CART_LEFT_OPEN: &str = "its cart stays open until the next run clears it";

/// Said of an order of whose CHECKOUT nobody knows.
const CART_MAY_BE_OPEN: &str = "its cart may be there still, until the next run clears it";

/// The browser of an order's own, and what may lie in its cart.
#[derive(Debug)]
pub(super) struct CartState {
    pub(super) browser: String,
    /// When the browser was there: everything must come within its session.
    created_at: Instant,
    /// The journal knows it.
    is_open: bool,
    content: CartContent,
    /// An event may still be on its way, and fill it behind CLEAR_CART or CHECKOUT: the next run clears it once more.
    may_receive_late: bool,
}

/// What may lie in a cart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CartContent {
    Empty,
    Items,
    /// Items, or CHECKOUT has made an order of them. CLEAR_CART could overtake it, so this run sends none.
    ItemsOrOrder,
}

impl CartState {
    pub(super) fn new(browser: String, now: Instant) -> Self {
        Self { browser, created_at: now, is_open: false, content: CartContent::Empty, may_receive_late: false }
    }

    /// Hears of one of its events.
    pub(super) fn on_response(&mut self, kind: RequestKind, response: &ServiceResponse) {
        if kind == RequestKind::Add && !response.is_definitely_not_processed() {
            self.content = CartContent::Items;
        }
        let fills = matches!(
            kind,
            RequestKind::Add | RequestKind::AddContacts | RequestKind::AddConsumers | RequestKind::Confirm
        );
        self.may_receive_late |= fills && response.may_arrive_late();
    }

    /// It was checked out or cleared.
    pub(super) fn mark_empty(&mut self) {
        self.content = CartContent::Empty;
    }

    /// The service knows the browser no more.
    pub(super) fn mark_gone(&mut self) {
        (self.content, self.may_receive_late) = (CartContent::Empty, false);
    }

    /// Of CHECKOUT nothing certain is known.
    pub(super) fn mark_checkout_uncertain(&mut self) {
        self.content = CartContent::ItemsOrOrder;
    }

    fn needs_clearing(&self) -> bool {
        self.content == CartContent::Items
    }

    fn can_be_closed(&self) -> bool {
        self.is_open && self.content == CartContent::Empty && !self.may_receive_late
    }
}

/// What follows when the cart is cleared, or cannot be.
#[derive(Debug)]
pub(super) enum AfterClear {
    Restart,
    Settle(OrderResult),
}

impl GuestDelivery<'_> {
    /// Whether the session of the order's browser may have ended, so that what is sent now would not come to what was
    /// sent before.
    #[must_use]
    pub fn is_past_session(&self, now: Instant) -> bool {
        let Some(cart) = &self.progress.cart else { return false };
        let is_event =
            matches!(self.current_step(), Some(DeliveryStep::Event(event)) if event != OrderEvent::ClearCart);
        is_event && now.saturating_duration_since(cart.created_at) > self.settings.session_timeout
    }

    /// What comes before the next step.
    pub(super) fn prepare(&mut self, now: Instant) {
        if self.is_past_session(now) {
            let timeout = humantime::format_duration(self.settings.session_timeout);
            let reason = format!("the session's time-out of {timeout} passed before it could be sent");
            if self.has_uncertain_checkout() {
                return self.settle(self.result(Outcome::Unknown, None, Some(reason)));
            }
            return self.try_restart(None, reason);
        }
        let is_filling = matches!(self.current_step(), Some(DeliveryStep::Event(OrderEvent::Add(_))));
        let unopened = self.progress.cart.as_mut().filter(|cart| is_filling && !cart.is_open);
        if let Some(cart) = unopened {
            cart.is_open = true;
            self.pending.push_back(Action::OpenCart { order: self.order_index, browser: cart.browser.clone() });
        }
    }

    /// Begins the order anew on another browser, if it may be tried once more.
    pub(super) fn try_restart(&mut self, status: Option<u16>, reason: String) {
        let n_starts = self.progress.n_restarts + 1;
        if n_starts >= self.settings.tries {
            return self.fail(Outcome::Failed, status, reason);
        }
        self.wait(n_starts, Duration::ZERO);
        self.clear_cart_then(AfterClear::Restart);
    }

    /// Goes on once nothing is left in the cart: what lies there could send the customer a reminder.
    pub(super) fn clear_cart_then(&mut self, then: AfterClear) {
        if self.has_cart_to_clear() {
            self.progress.tries = 0;
            self.progress.pending_clear = Some(then);
        } else {
            self.proceed(then);
        }
    }

    pub(super) fn has_cart_to_clear(&self) -> bool {
        self.progress.cart.as_ref().is_some_and(CartState::needs_clearing)
    }

    /// Whether a CHECKOUT of this cart may have been taken.
    pub(super) fn has_uncertain_checkout(&self) -> bool {
        self.progress.cart.as_ref().is_some_and(|cart| cart.content == CartContent::ItemsOrOrder)
    }

    /// Hears of CLEAR_CART.
    pub(super) fn apply_clear_cart(&mut self, then: AfterClear, classification: Classification) {
        match classification {
            Classification::Accepted { .. } => {
                self.update_cart(CartState::mark_empty);
                self.proceed(then);
            }
            Classification::Retry { not_before, .. } if self.has_tries_left() => {
                self.wait(self.progress.tries, not_before.unwrap_or_default());
                self.progress.pending_clear = Some(then);
            }
            Classification::StopRun { reason, .. } => {
                self.set_leftover_cart(&then, &reason);
                self.proceed(then);
                self.pending.push_back(Action::StopRun(reason));
            }
            other => {
                self.set_leftover_cart(&then, other.reason().unwrap_or_default());
                self.proceed(then);
            }
        }
    }

    fn set_leftover_cart(&mut self, then: &AfterClear, reason: &str) {
        let which = match then {
            AfterClear::Restart => "the cart of an earlier start",
            AfterClear::Settle(_) => "its cart",
        };
        self.progress.leftover_cart = Some(format!("{which} could not be cleared ({reason})"));
    }

    fn proceed(&mut self, then: AfterClear) {
        match then {
            AfterClear::Restart => self.restart(),
            AfterClear::Settle(result) => self.settle(result),
        }
    }

    /// Leaves the cart as it is, and has it closed in the journal if nothing can be in it.
    pub(super) fn leave_cart(&mut self) {
        let Some(cart) = self.progress.cart.take() else { return };
        if cart.can_be_closed() {
            self.pending.push_back(Action::CloseCart);
        } else if cart.needs_clearing() {
            self.progress.leftover_cart.get_or_insert_with(|| CART_LEFT_OPEN.to_owned());
        } else if cart.content == CartContent::ItemsOrOrder {
            self.progress.leftover_cart.get_or_insert_with(|| CART_MAY_BE_OPEN.to_owned());
        }
    }

    /// What is said of the order names a cart that may send the customer a reminder.
    pub(super) fn with_leftover_cart(&mut self, result: OrderResult) -> OrderResult {
        let Some(leftover_cart) = self.progress.leftover_cart.take() else { return result };
        let reason =
            result.reason.map_or_else(|| leftover_cart.clone(), |reason| format!("{reason}, and {leftover_cart}"));
        OrderResult { reason: Some(reason), ..result }
    }

    pub(super) fn update_cart(&mut self, change: impl FnOnce(&mut CartState)) {
        self.progress.cart.as_mut().map(change);
    }
}
