//! Event sequence that assembles an order (manual: "Sending orders", "using multiple events"), in
//! sending order.
//!
//! Each event carries the common attributes and its own, if it has any. CHECKOUT carries neither
//! total nor date: the tenant derives them from the ADDs, so ADD prices are per unit and each ADD
//! has its own `orderedAt`. Does not send anything and does not check the order. Called by
//! `size` and `encode`.

use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{
    event_json::{self, AttributeMap, EventJson},
    payload::{OrderEvent, StreamPayload},
    url::{self, percent_encoded_length},
};
use crate::model::{
    guest::{Consumer, Guest, Identifier},
    order::{CommonAttributes, Item, Order},
    request::RequestKind,
    route::ConfirmMode,
    target::Target,
};

/// The URL length limit of an event, and how CONFIRM is split to fit it.
#[derive(Debug, Clone, Copy)]
pub struct UrlLimits<'a> {
    /// The tenant that the events are sent to; its base URL and key are part of each URL.
    pub target: &'a Target,
    /// Maximum URL length, in bytes of the percent-encoded form.
    pub max_url_bytes: usize,
    /// Whether one CONFIRM names all items or several name a part each.
    pub confirm: ConfirmMode,
}

/// Encodes the events that assemble an order. An event that cannot be split may exceed the limit;
/// `size` checks that.
#[must_use]
pub fn sequence(order: &Order<'_>, limits: UrlLimits<'_>) -> StreamPayload {
    let event = |kind, body| OrderEvent(kind, event(&order.common, kind, body));
    let add = |(index, item)| {
        event(RequestKind::Add, EventBody::Product(AddProduct { index, item, order }))
    };
    let contacts: Vec<_> =
        [&order.guest].into_iter().chain(&order.contacts).map(ContactObject::of).collect();
    let consumers: Vec<_> = order.consumers.iter().map(ConsumerObject::of).collect();
    let mut events: Vec<_> = order.items.iter().enumerate().map(add).collect();
    events.push(event(RequestKind::AddContacts, EventBody::Contacts(&contacts)));
    if !consumers.is_empty() {
        events.push(event(RequestKind::AddConsumers, EventBody::Consumers(&consumers)));
    }
    events.extend(
        confirms(order, limits)
            .into_iter()
            .map(|confirm| OrderEvent(RequestKind::Confirm, confirm)),
    );
    events.push(event(RequestKind::Checkout, EventBody::Order(order)));
    // Sent only if the sequence fails: a cart left open counts as abandoned and may trigger mail.
    let OrderEvent(_, clear_cart) = event(RequestKind::ClearCart, EventBody::Empty);
    StreamPayload { events, clear_cart: Some(clear_cart) }
}

/// The ID by which CONFIRM and the consumers refer to an item: its index in the order, from 1.
fn item_id(index: usize) -> String {
    // Short on purpose: CONFIRM names all items in one URL. 264 of them fit 8 KiB.
    (index + 1).to_string()
}

fn confirms(order: &Order<'_>, limits: UrlLimits<'_>) -> Vec<EventJson> {
    let names: Vec<_> =
        (0..order.items.len()).map(|index| ItemName { item_id: item_id(index) }).collect();
    let confirm = |names: &[ItemName]| {
        event(&order.common, RequestKind::Confirm, EventBody::Confirmed(names))
    };
    match limits.confirm {
        ConfirmMode::Whole => vec![confirm(&names)],
        ConfirmMode::Parts => {
            // Names are appended to an otherwise equal event, so its length is measured once.
            let frame = url::event_url_length(limits.target, &confirm(&[]));
            split_confirm(&names, limits.max_url_bytes.saturating_sub(frame))
                .into_iter()
                .map(confirm)
                .collect()
        }
    }
}

/// Splits the names into parts. Each part is as full as fits and has at least one name.
fn split_confirm(names: &[ItemName], max_bytes: usize) -> Vec<&[ItemName]> {
    let (mut parts, mut start, mut length) = (Vec::new(), 0, 0);
    for (index, name) in names.iter().enumerate() {
        let name = percent_encoded_length(&event_json::to_json(name));
        // The comma between two names is one byte in a URL too.
        if index > start && length + 1 + name > max_bytes {
            parts.push(&names[start..index]);
            (start, length) = (index, 0);
        }
        length += name + usize::from(index > start);
    }
    parts.push(&names[start..]);
    parts
}

fn event(common: &CommonAttributes<'_>, kind: RequestKind, body: EventBody<'_>) -> EventJson {
    EventJson::of(&EventJsonParts { kind: kind.name(), common, body })
}

struct EventJsonParts<'a> {
    kind: &'static str,
    common: &'a CommonAttributes<'a>,
    body: EventBody<'a>,
}

/// What an event carries in addition to the common attributes.
enum EventBody<'a> {
    Product(AddProduct<'a>),
    Contacts(&'a [ContactObject<'a>]),
    /// "consumer: array of objects". The public page names no attribute for the items of a
    /// consumer.
    Consumers(&'a [ConsumerObject<'a>]),
    /// Always an array: a single object is accepted, and then CHECKOUT fails.
    Confirmed(&'a [ItemName]),
    Order(&'a Order<'a>),
    Empty,
}

impl Serialize for EventJsonParts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let CommonAttributes { channel, language, currency, page, pos } = self.common;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", self.kind)?;
        map.serialize_entry("channel", channel)?;
        map.serialize_entry("language", language)?;
        map.serialize_entry("currency", currency)?;
        map.serialize_entry("page", page)?;
        map.serialize_entry("pos", pos)?;
        match &self.body {
            EventBody::Product(product) => map.serialize_entry("product", product)?,
            EventBody::Contacts(contacts) => map.serialize_entry("contact", contacts)?,
            EventBody::Consumers(consumers) => map.serialize_entry("consumer", consumers)?,
            EventBody::Confirmed(names) => map.serialize_entry("product", names)?,
            EventBody::Order(order) => {
                map.serialize_entry("reference_id", &order.reference)?;
                map.serialize_entry("status", &order.status)?;
            }
            EventBody::Empty => {}
        }
        map.end()
    }
}

/// `product` of ADD. An item without its own date, currency or reference gets the order's.
struct AddProduct<'a> {
    index: usize,
    item: &'a Item<'a>,
    order: &'a Order<'a>,
}

impl Serialize for AddProduct<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { index, item, order } = self;
        let (product, ordered_at) =
            (item.product.as_deref(), item.ordered_at.unwrap_or(order.ordered_at));
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", &item.item_type)?;
        map.serialize_entry("item_id", &item_id(*index))?;
        map.serialize_entry("name", &item.name)?;
        map.serialize_entry("orderedAt", &event_json::utc(ordered_at))?;
        map.serialize_entry("quantity", &item.quantity)?;
        map.serialize_entry("price", &product.and_then(|product| product.unit_price))?;
        map.serialize_entry("productId", &item.product_id)?;
        map.serialize_entry("currency", &item.currency.unwrap_or(order.currency))?;
        map.serialize_entry("referenceId", item.reference.as_ref().unwrap_or(&order.reference))?;
        if let Some(product) = product {
            AttributeMap(&product.attributes).serialize_into(&mut map)?;
        }
        map.end()
    }
}

/// The attributes that the manual lists for a contact, in its order. The last two are not listed
/// but likely.
#[derive(Serialize)]
struct ContactObject<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    firstname: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lastname: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    mobile: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    street: &'a [std::borrow::Cow<'a, str>],
    #[serde(skip_serializing_if = "Option::is_none")]
    city: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    country_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    postal_code: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dob: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    identifiers: &'a [Identifier<'a>],
}

impl<'a> ContactObject<'a> {
    fn of(guest: &'a Guest<'_>) -> Self {
        Self {
            title: guest.title.as_deref(),
            firstname: guest.firstname.as_deref(),
            lastname: guest.lastname.as_deref(),
            mobile: guest.mobile.as_deref(),
            phone: guest.phone.as_deref(),
            street: &guest.street,
            city: guest.city.as_deref(),
            state: guest.state.as_deref(),
            country_code: guest.country.as_deref(),
            postal_code: guest.postal_code.as_deref(),
            dob: guest.dob.as_deref(),
            email: guest.email.as_deref(),
            identifiers: &guest.identifiers,
        }
    }
}

/// A contact's attributes and a gender (manual: "`ADD_CONSUMERS` event").
#[derive(Serialize)]
struct ConsumerObject<'a> {
    #[serde(flatten)]
    person: ContactObject<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    gender: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    item_ids: Vec<String>,
}

impl<'a> ConsumerObject<'a> {
    fn of(consumer: &'a Consumer<'_>) -> Self {
        let Consumer { person, items } = consumer;
        Self {
            person: ContactObject::of(person),
            gender: person.gender.as_deref(),
            item_ids: items.iter().map(|index| item_id(*index)).collect(),
        }
    }
}

#[derive(Serialize)]
struct ItemName {
    item_id: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        model::{
            order::{self, ExtensionValue},
            route::Route,
        },
        stream::event_json::{
            tests::{extension, order},
            with_browser_id,
        },
    };

    fn flight() -> Order<'static> {
        let item = |name: &'static str| Item {
            item_type: Some("FLIGHT".into()),
            name: Some(name.into()),
            quantity: Some("1".parse().unwrap()),
            product_id: Some("EI-152".into()),
            product: Some(Box::new(order::Product {
                attributes: extension("origin", ExtensionValue::Text("DUB".into())),
                unit_price: Some("89.90".parse().unwrap()),
            })),
            ..Item::default()
        };
        let back = Item {
            reference: Some("L-2".into()),
            currency: Some("EUR".parse().unwrap()),
            ordered_at: Some("2025-08-24T00:00:00Z".parse().unwrap()),
            product: Some(Box::new(order::Product {
                attributes: extension("stops", ExtensionValue::Number("0".parse().unwrap())),
                unit_price: Some("110.60".parse().unwrap()),
            })),
            ..item("LHR-DUB")
        };
        let contact = Guest {
            firstname: Some("Bob".into()),
            street: vec!["1 Quay".into(), "Flat \"2\"".into()],
            country: Some("IE".into()),
            gender: Some("male".into()),
            identifiers: vec![Identifier::new("crm", "7")],
            ..Guest::default()
        };
        let cy = Guest {
            firstname: Some("Cy".into()),
            gender: Some("female".into()),
            ..Guest::default()
        };
        let consumers = vec![
            Consumer { person: cy, items: vec![0, 1] },
            Consumer {
                person: Guest { lastname: Some("Ek".into()), ..Guest::default() },
                items: Vec::new(),
            },
        ];
        let (route, contacts) = (Route::Multi, vec![contact]);
        Order { items: vec![item("DUB-LHR"), back], route, contacts, consumers, ..order() }
    }

    fn target() -> Target {
        Target {
            base_url: "https://api-engage-eu.sitecorecloud.io".into(),
            client_key: "a-client-key-of-32-characters---".into(),
        }
    }

    fn build(order: &Order<'_>, confirm: ConfirmMode, max_url_bytes: usize) -> StreamPayload {
        sequence(order, UrlLimits { target: &target(), max_url_bytes, confirm })
    }

    fn of_kind(payload: &StreamPayload, kind: RequestKind) -> Vec<EventJson> {
        payload.events.iter().filter(|event| event.0 == kind).map(|event| event.1.clone()).collect()
    }

    fn confirms(order: &Order<'_>, confirm: ConfirmMode, max_url_bytes: usize) -> Vec<EventJson> {
        of_kind(&build(order, confirm, max_url_bytes), RequestKind::Confirm)
    }

    fn shown(event: &EventJson) -> String {
        with_browser_id(event.as_str(), "b")
    }

    #[test]
    fn sequence_events_match_manual() {
        use RequestKind::{Add, AddConsumers, AddContacts, Checkout, Confirm};
        let sequence = build(&flight(), ConfirmMode::Whole, 8192);
        let kinds: Vec<_> = sequence.events.iter().map(|event| event.0).collect();
        assert_eq!(kinds, [Add, Add, AddContacts, AddConsumers, Confirm, Checkout]);
        let shown_at = |index: usize| shown(&sequence.events[index].1);
        insta::assert_snapshot!(shown_at(0), @r#"{"browser_id":"b","type":"ADD","channel":"WEB","language":"EN","currency":"EUR","page":"checkout page","pos":"myretailsite/ireland","product":{"type":"FLIGHT","item_id":"1","name":"DUB-LHR","orderedAt":"2025-08-23T16:17:16.000Z","quantity":1,"price":89.90,"productId":"EI-152","currency":"EUR","referenceId":"123456","origin":"DUB"}}"#);
        insta::assert_snapshot!(shown_at(1), @r#"{"browser_id":"b","type":"ADD","channel":"WEB","language":"EN","currency":"EUR","page":"checkout page","pos":"myretailsite/ireland","product":{"type":"FLIGHT","item_id":"2","name":"LHR-DUB","orderedAt":"2025-08-24T00:00:00.000Z","quantity":1,"price":110.60,"productId":"EI-152","currency":"EUR","referenceId":"L-2","stops":0}}"#);
        insta::assert_snapshot!(shown_at(2), @r#"{"browser_id":"b","type":"ADD_CONTACTS","channel":"WEB","language":"EN","currency":"EUR","page":"checkout page","pos":"myretailsite/ireland","contact":[{"email":"ann@example.com"},{"firstname":"Bob","street":["1 Quay","Flat \"2\""],"country_code":"IE","identifiers":[{"provider":"crm","id":"7"}]}]}"#);
        insta::assert_snapshot!(shown_at(3), @r#"{"browser_id":"b","type":"ADD_CONSUMERS","channel":"WEB","language":"EN","currency":"EUR","page":"checkout page","pos":"myretailsite/ireland","consumer":[{"firstname":"Cy","gender":"female","item_ids":["1","2"]},{"lastname":"Ek"}]}"#);
        insta::assert_snapshot!(shown_at(4), @r#"{"browser_id":"b","type":"CONFIRM","channel":"WEB","language":"EN","currency":"EUR","page":"checkout page","pos":"myretailsite/ireland","product":[{"item_id":"1"},{"item_id":"2"}]}"#);
        insta::assert_snapshot!(shown_at(5), @r#"{"browser_id":"b","type":"CHECKOUT","channel":"WEB","language":"EN","currency":"EUR","page":"checkout page","pos":"myretailsite/ireland","reference_id":"123456","status":"PURCHASED"}"#);
        insta::assert_snapshot!(shown(sequence.clear_cart.as_ref().unwrap()), @r#"{"browser_id":"b","type":"CLEAR_CART","channel":"WEB","language":"EN","currency":"EUR","page":"checkout page","pos":"myretailsite/ireland"}"#);
        assert_eq!(of_kind(&build(&order(), ConfirmMode::Whole, 8192), AddConsumers), []);
    }

    fn with_items(n_items: usize) -> Order<'static> {
        Order { items: vec![Item::default(); n_items], ..order() }
    }

    fn lengths(confirms: &[EventJson]) -> Vec<usize> {
        confirms.iter().map(|confirm| url::event_url_length(&target(), confirm)).collect()
    }

    /// The number of items that the short item IDs are chosen for.
    #[test]
    fn confirm_of_8_kib_names_264_items() {
        let max_items = (1..400)
            .rev()
            .find(|n| lengths(&confirms(&with_items(*n), ConfirmMode::Whole, 8192))[0] <= 8192);
        assert_eq!(max_items, Some(264));
    }

    #[test]
    fn confirm_parts_are_full_and_cover_all_items() {
        for (n_items, max_url_bytes) in [(1, 8192), (600, 8192), (542, 1000), (3, 10), (120, 700)] {
            let parts = confirms(&with_items(n_items), ConfirmMode::Parts, max_url_bytes);
            let texts: Vec<_> = parts.iter().map(shown).collect();
            let ids = |text: &String| text.matches("item_id").count();
            assert_eq!(texts.iter().map(ids).sum::<usize>(), n_items);
            for id in 1..=n_items {
                let name = format!("{{\"item_id\":\"{id}\"}}");
                assert_eq!(texts.iter().filter(|text| text.contains(&name)).count(), 1, "{name}");
            }
            let lengths = lengths(&parts);
            let is_within_limit =
                |length: &usize| *length <= max_url_bytes || n_items == parts.len();
            assert!(lengths.iter().all(is_within_limit), "{lengths:?}");
            // The next name, `,{"item_id":"…"}`, would have been too long.
            let is_full = |length: &usize| *length + 31 > max_url_bytes;
            assert!(lengths.iter().rev().skip(1).all(is_full), "{lengths:?}");
        }
        let whole = confirms(&with_items(100), ConfirmMode::Whole, 8192);
        assert_eq!(confirms(&with_items(100), ConfirmMode::Parts, 8192), whole);
    }
}
