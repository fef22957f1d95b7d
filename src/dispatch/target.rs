//! Actions of a delivery, as data: what the worker of a guest does next.
//!
//! A target's delivery returns them and decides what they are; `worker` carries them out.

use std::time::Duration;

use crate::model::{outcome::OrderResult, request::RequestKind};

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Send this request and call `on_response`.
    Send(Request),
    /// Wait for this time, then call `next_action` again.
    Wait(Duration),
    /// Record durably that items of an order are about to be put in this browser's cart; then call
    /// `next_action` again.
    OpenCart {
        /// The order's index in the guest's orders, from 0.
        order: usize,
        /// The browser's id.
        browser: String,
        /// What a later run needs to clear the cart.
        clear_cart: String,
    },
    /// Record that the cart that was opened last is empty; then call `next_action` again.
    CloseCart,
    /// Report the result of the order at this index of the guest's orders; then call `next_action`
    /// again.
    Settled(usize, OrderResult),
    /// Stop the whole run for this reason; then call `next_action` again.
    StopRun(String),
    /// All orders are settled.
    Done,
}

/// A request to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its kind.
    pub kind: RequestKind,
    /// What is sent; it may carry a customer's order, so no message shows it.
    pub message: String,
    /// The index of the order that it is for in the guest's orders, from 0.
    pub order: usize,
    /// The same step was sent before, on this browser or another.
    pub is_retry: bool,
}
