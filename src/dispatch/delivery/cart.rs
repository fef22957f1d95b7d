//! Carts of a delivery: opens the cart of an order that is assembled from several events, clears
//! it if the order fails, and restarts the order on another browser.
//!
//! It sends nothing and records nothing; it adds actions to the delivery. Called by `delivery`.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    Action, GuestDelivery,
    steps::{DeliveryStep, OrderEvent},
};
use crate::{
    dispatch::classify::{Classification, RequestKind, ServiceResponse},
    model::outcome::{OrderResult, Outcome},
};

/// Reason of an order whose run ended before its cart could be cleared.
const CART_LEFT_OPEN: &str = "its cart stays open until the next run clears it";

/// Reason of an order whose CHECKOUT has an unknown outcome.
const CART_MAY_BE_OPEN: &str = "its cart may still hold items until the next run clears it";

/// The browser that an assembled order has for itself, and the content of its cart.
#[derive(Debug)]
pub(super) struct CartState {
    pub(super) browser: String,
    /// When the browser was created: all events must be sent within its session.
    created_at: Instant,
    /// The cart is recorded in the journal.
    is_open: bool,
    content: CartContent,
    /// The service may process an event late and fill the cart after CLEAR_CART or CHECKOUT: the
    /// next run clears it once more.
    may_receive_late: bool,
}

/// What a cart may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CartContent {
    Empty,
    Items,
    /// Items, or nothing because CHECKOUT has created an order from them.
    // CLEAR_CART could overtake that CHECKOUT, so this run sends none.
    ItemsOrOrder,
}

impl CartState {
    pub(super) fn new(browser: String, now: Instant) -> Self {
        Self { browser, created_at: now, is_open: false, content: CartContent::Empty, may_receive_late: false }
    }

    /// Updates the content after the response to one of the cart's events.
    pub(super) fn on_response(&mut self, kind: RequestKind, response: &ServiceResponse) {
        // Uncertainty counts as items: clearing an empty cart does no harm.
        if kind == RequestKind::Add && !response.is_definitely_not_processed() {
            self.content = CartContent::Items;
        }
        let fills = matches!(
            kind,
            RequestKind::Add | RequestKind::AddContacts | RequestKind::AddConsumers | RequestKind::Confirm
        );
        self.may_receive_late |= fills && response.may_arrive_late();
    }

    /// The cart was checked out or cleared.
    pub(super) fn mark_empty(&mut self) {
        self.content = CartContent::Empty;
    }

    /// The service no longer knows the browser.
    pub(super) fn mark_gone(&mut self) {
        self.content = CartContent::Empty;
        // A late event finds no browser either.
        self.may_receive_late = false;
    }

    /// CHECKOUT may or may not have been processed.
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

/// What follows once the cart is cleared, or cannot be.
#[derive(Debug)]
pub(super) enum AfterClear {
    Restart,
    Settle(OrderResult),
}

impl GuestDelivery<'_> {
    /// Whether the session of the order's browser may have ended: an event sent now would then not
    /// join the earlier ones.
    #[must_use]
    pub fn is_past_session(&self, now: Instant) -> bool {
        let Some(cart) = &self.progress.cart else { return false };
        let is_event =
            matches!(self.current_step(), Some(DeliveryStep::Event(event)) if event != OrderEvent::ClearCart);
        is_event && now.saturating_duration_since(cart.created_at) > self.settings.session_timeout
    }

    /// Adds the actions that must precede the next step.
    pub(super) fn prepare(&mut self, now: Instant) {
        if self.is_past_session(now) {
            let timeout = humantime::format_duration(self.settings.session_timeout);
            let reason = format!("the session timeout of {timeout} passed before it could be sent");
            // A restart would submit the order once more, although the first CHECKOUT may have
            // created it.
            if self.has_uncertain_checkout() {
                return self.settle(self.result(Outcome::Unknown, None, Some(reason)));
            }
            return self.try_restart(None, reason);
        }
        let is_filling = matches!(self.current_step(), Some(DeliveryStep::Event(OrderEvent::Add(_))));
        // ADD is the first event that fills the cart, so the journal must know the cart before it.
        let unopened = self.progress.cart.as_mut().filter(|cart| is_filling && !cart.is_open);
        if let Some(cart) = unopened {
            cart.is_open = true;
            self.pending.push_back(Action::OpenCart { order: self.order_index, browser: cart.browser.clone() });
        }
    }

    /// Restarts the order on another browser if a try is left; otherwise fails it.
    pub(super) fn try_restart(&mut self, status: Option<u16>, reason: String) {
        let n_starts = self.progress.n_restarts + 1;
        if n_starts >= self.settings.tries {
            return self.fail(Outcome::Failed, status, reason);
        }
        self.wait(n_starts, Duration::ZERO);
        self.clear_cart_then(AfterClear::Restart);
    }

    /// Clears the cart if it may hold items, then proceeds.
    pub(super) fn clear_cart_then(&mut self, then: AfterClear) {
        // The service could send the customer a reminder of items that are left in a cart.
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

    /// Whether a CHECKOUT of this cart may have been processed.
    pub(super) fn has_uncertain_checkout(&self) -> bool {
        self.progress.cart.as_ref().is_some_and(|cart| cart.content == CartContent::ItemsOrOrder)
    }

    /// Processes the classified response to CLEAR_CART.
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
            // The order's own result does not depend on the cart: the next run tries to clear it
            // again.
            other => {
                self.set_leftover_cart(&then, other.reason().unwrap_or_default());
                self.proceed(then);
            }
        }
    }

    fn set_leftover_cart(&mut self, then: &AfterClear, reason: &str) {
        let which = match then {
            AfterClear::Restart => "the cart from before a restart",
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

    /// Leaves the cart as it is, and closes it in the journal if it is definitely empty.
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

    /// Appends to the order's reason the cart that may still hold items.
    pub(super) fn with_leftover_cart(&mut self, result: OrderResult) -> OrderResult {
        let Some(leftover_cart) = self.progress.leftover_cart.take() else { return result };
        let reason = match result.reason {
            Some(reason) => format!("{reason}, and {leftover_cart}"),
            None => leftover_cart,
        };
        OrderResult { reason: Some(reason), ..result }
    }

    pub(super) fn update_cart(&mut self, change: impl FnOnce(&mut CartState)) {
        if let Some(cart) = &mut self.progress.cart {
            change(cart);
        }
    }
}
