//! Steps of an order, as data: another route is another list of steps. It knows nothing about
//! responses.

use std::{collections::VecDeque, fmt};

use crate::{
    model::{request::RequestKind, route::Route},
    stream::{
        event_json::EventJson,
        payload::{OrderEvent, StreamPayload},
    },
};

/// The requests that identify a guest: browser creation and IDENTITY.
///
/// They precede the events of each order on [`Route::Multi`], and once per guest its orders on
/// [`Route::Single`].
pub const IDENTIFY_REQUESTS: u64 = 2;

/// A request of a delivery, as data: its kind, and which of the order's events it carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequestSpec {
    kind: RequestKind,
    /// The event's index in the order's payload, from 0; 0 for a request that carries none of
    /// them.
    index: usize,
}

impl RequestSpec {
    /// Creates a browser, the guest's or the order's own.
    pub(super) const CREATE_BROWSER: Self = Self { kind: RequestKind::BrowserCreate, index: 0 };

    /// Identifies the guest on that browser.
    pub(super) const IDENTITY: Self = Self { kind: RequestKind::Identity, index: 0 };

    /// Empties the order's cart.
    pub(super) const CLEAR_CART: Self = Self { kind: RequestKind::ClearCart, index: 0 };

    /// The kind of the request.
    #[must_use]
    pub fn kind(self) -> RequestKind {
        self.kind
    }

    /// The event that it carries; an empty text if it carries none of the order's.
    pub(super) fn event_json(self, payload: &StreamPayload) -> &str {
        let event = match self.kind {
            RequestKind::ClearCart => payload.clear_cart.as_ref(),
            _ => payload.events.get(self.index).map(|OrderEvent(_, event)| event),
        };
        event.map_or("", EventJson::as_str)
    }
}

/// The name that reasons use.
impl fmt::Display for RequestSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            // ADDs are the first events of a payload, one per item.
            RequestKind::Add => write!(f, "ADD of item {}", self.index + 1),
            kind => f.write_str(kind.name()),
        }
    }
}

/// Returns the steps of an order. `has_browser` is set if the guest already has a browser for
/// single-event orders.
pub(super) fn steps_for(
    payload: &StreamPayload,
    route: Route,
    has_browser: bool,
) -> VecDeque<RequestSpec> {
    // An assembled order always gets a fresh browser: the same item twice in one session means
    // "change that line".
    let is_ready = has_browser && route == Route::Single;
    let browser: &[RequestSpec] =
        if is_ready { &[] } else { &[RequestSpec::CREATE_BROWSER, RequestSpec::IDENTITY] };
    let events = payload
        .events
        .iter()
        .enumerate()
        .map(|(index, OrderEvent(kind, _))| RequestSpec { kind: *kind, index });
    browser.iter().copied().chain(events).collect()
}
