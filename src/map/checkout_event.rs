//! Checkout events: documents that are the documented ORDER_CHECKOUT event itself. The order is in
//! the member `order`; the attributes of all events and the guest are beside it.
//!
//! Called by `document_view` for profiles with `checkout_events`.

use super::{
    path::{is_filled_array, is_filled_scalar},
    view::Value,
};
use crate::model::{
    document::{JsonNode, JsonValue},
    problem::{Code, Problem},
    row::Row,
};

/// The type of the event that carries a whole order.
const CHECKOUT: &str = "ORDER_CHECKOUT";

/// The member of an event with its order.
const ORDER: &str = "order";

/// Members of an event that belong to its sending: the profile reads neither.
const OF_SENDING: [&str; 2] = ["type", "browser_id"];

/// A document that is an event.
#[derive(Clone, Copy)]
pub(super) struct EventDocument<'n> {
    /// The order, in the form of a canonical document without guest and event, unless it is wrong.
    pub(super) order: JsonNode<'n>,
    /// The type of the event.
    pub(super) event_type: JsonNode<'n>,
}

impl<'n> EventDocument<'n> {
    /// The event that a document is, if it is one: it has a type and an order, which of an
    /// ORDER_CHECKOUT may also be something else than an object.
    pub(super) fn of(document: JsonNode<'n>) -> Option<Self> {
        let event = Self { order: document.member(ORDER)?, event_type: document.member("type")? };
        let has_other = || is_filled_scalar(event.order) || is_filled_array(event.order);
        (event.has_order() || event.is_checkout() && has_other()).then_some(event)
    }

    /// Whether its order is an object.
    pub(super) fn has_order(&self) -> bool {
        self.order.is_object()
    }

    fn is_checkout(&self) -> bool {
        matches!(self.event_type.value(), JsonValue::Text(name) if name.trim() == CHECKOUT)
    }

    /// The problem of an event that is not one of an order, or whose order is no object.
    pub(super) fn problem(&self, row: &Row<'_>) -> Option<Problem> {
        if !self.has_order() {
            let at = self.order.position(&row.origin);
            let message = Value::of(Some(self.order)).unexpected("an object");
            return Some(Problem::for_field(Code::NotAScalar, ORDER, at, message));
        }
        let found = match self.event_type.value() {
            _ if self.is_checkout() => return None,
            JsonValue::Text(name) => format!("event type {name:?}"),
            _ => "the event type is no text".to_owned(),
        };
        let at = self.event_type.position(&row.origin);
        let message = format!("{found}, expected {CHECKOUT}");
        Some(Problem::for_field(Code::EventTypeUnsupported, "type", at, message))
    }
}

/// Where an event has the value of a path of the canonical form, which keeps the attributes of all
/// events in the object `event`.
pub(super) fn event_path(path: &str) -> &str {
    path.strip_prefix("event.").unwrap_or(path)
}

/// The members that an event has beside its order, with their paths in the canonical form: the
/// attributes of all events and what only the sending needs are none of the document, unless a
/// condition of the profile tests them.
pub(super) fn members_beside(
    document: JsonNode<'_>,
    is_attribute: impl Fn(&str) -> bool,
    is_tested: impl Fn(&str) -> bool,
) -> impl Iterator<Item = (&str, JsonNode<'_>)> {
    let is_of_sending = |name: &str| OF_SENDING.contains(&name);
    let is_beside = move |name: &str| {
        name != ORDER && (is_tested(name) || !is_of_sending(name) && !is_attribute(name))
    };
    document.members().filter(move |(name, _)| is_beside(name))
}
