//! What a delivery wants of whoever plays it.

use std::time::Duration;

use super::OrderEvent;
use crate::{dispatch::RequestKind, model::outcome::OrderResult};

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Send this, and tell what was heard.
    Send(RequestSpec),
    /// Ask again after this time.
    Wait(Duration),
    /// Record durably that items of the order at this place are about to be put in this browser's cart; then ask again.
    OpenCart {
        /// From 0.
        order: usize,
        /// The browser's id.
        browser: String,
    },
    /// Record that nothing is left in the cart that was opened last; then ask again.
    CloseCart,
    /// This became of the order at this place of the guest's orders; ask again.
    Settled(usize, OrderResult),
    /// The whole run must stop, for this reason; then ask again.
    StopRun(String),
    /// Everything is settled.
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
    /// Send an event of the order at this place of the guest's orders, on this browser.
    Event {
        /// From 0.
        order: usize,
        /// Which event.
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
