//! Actions of a delivery: the instructions that the state machine returns, as data. `worker` carries
//! them out.

use std::time::Duration;

use super::steps::OrderEvent;
use crate::model::{outcome::OrderResult, request::RequestKind};

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Send this request and call `on_response`.
    Send(RequestSpec),
    /// Wait for this time, then call `next_action` again.
    Wait(Duration),
    /// Record durably that items of an order are about to be put in this browser's cart; then call
    /// `next_action` again.
    OpenCart {
        /// The order's index in the guest's orders, from 0.
        order: usize,
        /// The browser's id.
        browser: String,
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
pub enum RequestSpec {
    /// Create a browser.
    CreateBrowser,
    /// Send the guest's IDENTITY on this browser.
    Identity {
        /// The browser's id.
        browser: String,
    },
    /// Send an event of an order on this browser.
    Event {
        /// The order's index in the guest's orders, from 0.
        order: usize,
        /// Which of its events.
        event: OrderEvent,
        /// The browser's id.
        browser: String,
    },
}

impl RequestSpec {
    /// The kind of request.
    #[must_use]
    pub fn kind(&self) -> RequestKind {
        match self {
            Self::CreateBrowser => RequestKind::BrowserCreate,
            Self::Identity { .. } => RequestKind::Identity,
            Self::Event { event, .. } => event.kind(),
        }
    }
}
