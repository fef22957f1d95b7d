//! A received order as its page shows it: facts, items, extension and events, read from the
//! messages that sent it.
//!
//! It checks nothing (`message` and `schema` do): what cannot be read is left out here and stays
//! visible in the JSON. Called by `order_page`.

use std::collections::BTreeSet;

use super::json_text::{self, Attributes, JsonPiece};
use super::order_log::{OrderOutcome, ReceivedOrder};
use super::state::TenantIdentifier;

/// The attributes of an item that have a place of their own; all others are shown as its extension.
const ITEM: &[&str] = &[
    "type",
    "referenceId",
    "orderedAt",
    "status",
    "currencyCode",
    "currency",
    "price",
    "name",
    "productId",
    "quantity",
    "item_id",
    "extensions",
];

/// The attributes of an extension that are the same in each.
const EXTENSION: &[&str] = &["name", "key"];

/// A received order.
#[derive(Debug)]
pub(super) struct OrderView {
    pub(super) outcome: OrderOutcome,
    pub(super) browser_id: String,
    /// All identifiers of the guest; empty if the guest was not identified.
    pub(super) identifiers: Vec<TenantIdentifier>,
    pub(super) ordered_at: Option<String>,
    pub(super) status: Option<String>,
    /// Currency and price.
    pub(super) money: Option<String>,
    /// Payment type and card type.
    pub(super) payment: Option<String>,
    pub(super) pos: Option<String>,
    pub(super) items: Vec<ReceivedItem>,
    /// The attributes of the order's extension.
    pub(super) extension: Vec<(String, String)>,
    pub(super) events: Vec<ReceivedEvent>,
    pub(super) n_removed_events: usize,
}

/// An item of an order.
#[derive(Debug)]
pub(super) struct ReceivedItem {
    pub(super) product: Option<String>,
    pub(super) name: Option<String>,
    pub(super) quantity: Option<String>,
    /// Currency and price.
    pub(super) money: Option<String>,
    /// The other attributes that the manual names: type, reference, status, time.
    pub(super) details: Vec<String>,
    pub(super) extension: Vec<(String, String)>,
    /// Whether it was added to a cart and not confirmed, so that it is not part of the order.
    pub(super) is_unconfirmed: bool,
}

/// An event that sent a part of an order.
#[derive(Debug)]
pub(super) struct ReceivedEvent {
    pub(super) event_type: String,
    pub(super) json: Vec<JsonPiece>,
}

impl OrderView {
    pub(super) fn new(order: ReceivedOrder) -> Self {
        let events: Vec<_> = order.messages.iter().map(|text| Attributes::parse(text)).collect();
        // The last event made the order: an `ORDER_CHECKOUT`, or the CHECKOUT of a cart.
        let none = Attributes::default();
        let last = events.last().unwrap_or(&none);
        let sent = last.object("order");
        let stored = order.stored.as_ref();
        let currency = stored.map(|order| order.currency.clone());
        let price = stored.map(|order| order.price.clone());
        Self {
            ordered_at: stored
                .map(|order| order.ordered_at.clone())
                .filter(|time| !time.is_empty())
                .or_else(|| sent.text("orderedAt")),
            status: sent.text("status").or_else(|| last.text("status")),
            // The price of a cart is the sum of its items, which no event has.
            money: money(
                currency.or_else(|| sent.text("currencyCode")),
                sent.text("price").or(price),
            ),
            payment: joined([sent.text("paymentType"), sent.text("cardType")], " "),
            pos: last.text("pos"),
            items: if is_cart(last) { cart_items(&events) } else { order_items(&sent) },
            extension: extension_of(&sent),
            events: order.messages.iter().zip(&events).map(event_view).collect(),
            n_removed_events: order.n_removed_messages,
            outcome: order.outcome,
            browser_id: order.browser_id,
            identifiers: order.identifiers,
        }
    }

    /// Whether the order was assembled from several events.
    pub(super) fn is_multi(&self) -> bool {
        self.events.last().is_some_and(|last| last.event_type == "CHECKOUT")
    }

    pub(super) fn is_processed(&self) -> bool {
        matches!(self.outcome, OrderOutcome::Processed(_))
    }

    pub(super) fn is_refused(&self) -> bool {
        matches!(self.outcome, OrderOutcome::Refused(_))
    }
}

fn is_cart(last: &Attributes) -> bool {
    last.text("type").as_deref() == Some("CHECKOUT")
}

fn event_view((text, event): (&String, &Attributes)) -> ReceivedEvent {
    ReceivedEvent {
        event_type: event.text("type").unwrap_or_default(),
        json: json_text::pretty(text),
    }
}

fn order_items(order: &Attributes) -> Vec<ReceivedItem> {
    order.objects("orderItems").iter().map(|item| item_view(item, false)).collect()
}

/// The products that were added, each as it was added last.
fn cart_items(events: &[Attributes]) -> Vec<ReceivedItem> {
    let of_type = |kind: &'static str| {
        events.iter().filter(move |event| event.text("type").as_deref() == Some(kind))
    };
    let confirmed: BTreeSet<_> = of_type("CONFIRM")
        .flat_map(|event| event.objects("product"))
        .filter_map(|item| item.text("item_id"))
        .collect();
    let mut products: Vec<(Option<String>, Attributes)> = Vec::new();
    for product in of_type("ADD").map(|event| event.object("product")) {
        let id = product.text("item_id");
        match products.iter_mut().find(|(other, _)| id.is_some() && *other == id) {
            Some(existing) => existing.1 = product,
            None => products.push((id, product)),
        }
    }
    let is_confirmed = |id: &Option<String>| id.as_ref().is_some_and(|id| confirmed.contains(id));
    products.iter().map(|(id, product)| item_view(product, !is_confirmed(id))).collect()
}

fn item_view(item: &Attributes, is_unconfirmed: bool) -> ReceivedItem {
    let details = ["type", "status", "referenceId", "orderedAt"];
    ReceivedItem {
        product: item.text("productId"),
        name: item.text("name"),
        quantity: item.text("quantity"),
        money: money(
            item.text("currencyCode").or_else(|| item.text("currency")),
            item.text("price"),
        ),
        details: details.iter().filter_map(|name| item.text(name)).collect(),
        extension: [extension_of(item), item.all_but(ITEM)].concat(),
        is_unconfirmed,
    }
}

fn extension_of(owner: &Attributes) -> Vec<(String, String)> {
    owner.objects("extensions").iter().flat_map(|one| one.all_but(EXTENSION)).collect()
}

fn money(currency: Option<String>, price: Option<String>) -> Option<String> {
    // A no-break space, as in a sentence.
    price.is_some().then(|| joined([currency, price], "\u{a0}")).flatten()
}

/// Those that there are, with a separator.
fn joined(texts: [Option<String>; 2], separator: &str) -> Option<String> {
    let all: Vec<_> = texts.into_iter().flatten().collect();
    (!all.is_empty()).then(|| all.join(separator))
}
