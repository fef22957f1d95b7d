//! Cart of an order that is assembled from several events, as data: its browser, and what it may
//! hold after the responses so far.
//!
//! It sends nothing and chooses no action: `machine` decides when the cart is opened, cleared or
//! left.

use tokio::time::Instant;

use crate::{
    model::{
        outcome::OrderResult,
        request::{RequestKind, RequestRole},
    },
    stream::ServiceResponse,
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
    pub(super) created_at: Instant,
    /// The cart is recorded in the journal.
    pub(super) is_open: bool,
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
        Self {
            browser,
            created_at: now,
            is_open: false,
            content: CartContent::Empty,
            may_receive_late: false,
        }
    }

    /// Updates the content after the response to one of the cart's events.
    pub(super) fn on_response(&mut self, kind: RequestKind, response: &ServiceResponse) {
        // Uncertainty counts as items: clearing an empty cart does no harm.
        if kind == RequestKind::Add && !response.is_definitely_not_processed() {
            self.content = CartContent::Items;
        }
        self.may_receive_late |= kind.role() == RequestRole::FillCart && response.may_arrive_late();
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

    /// Whether it may hold items, and CLEAR_CART cannot overtake a CHECKOUT.
    pub(super) fn needs_clearing(&self) -> bool {
        self.content == CartContent::Items
    }

    /// Whether a CHECKOUT of it may have been processed.
    pub(super) fn has_uncertain_checkout(&self) -> bool {
        self.content == CartContent::ItemsOrOrder
    }

    /// Whether the journal may record it as empty.
    pub(super) fn can_be_closed(&self) -> bool {
        self.is_open && self.content == CartContent::Empty && !self.may_receive_late
    }

    /// Why it may still hold items if it is left as it is.
    pub(super) fn leftover_reason(&self) -> Option<&'static str> {
        match self.content {
            CartContent::Empty => None,
            CartContent::Items => Some(CART_LEFT_OPEN),
            CartContent::ItemsOrOrder => Some(CART_MAY_BE_OPEN),
        }
    }
}

/// What follows once the cart is cleared, or cannot be.
#[derive(Debug)]
pub(super) enum AfterClear {
    Restart,
    Settle(OrderResult),
}
