//! Encoding of events as minified JSON.
//!
//! `browser_id` is the first member and is left out, because it is known only when the event is
//! sent; `url` adds it. Attributes are in the manual's order. Called by `size`, `payload` and
//! `encode`.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};
use serde_json::value::RawValue;

use crate::model::{
    guest::Guest,
    money::{Amount, Currency},
    order::{CommonAttributes, Extension, Item, Order},
    planned::Payload,
    utc_time::utc_millis,
};

/// Length in bytes of a browser ID as the service creates it: a UUID in text form.
pub const BROWSER_ID_LENGTH: usize = 36;

const BROWSER_ID_PREFIX: &str = "{\"browser_id\":\"";

const AFTER_BROWSER_ID: &str = "\",";

/// The minified JSON of an event without `browser_id`, which is known only when the event is sent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Box<RawValue>")]
pub struct EventJson(Box<RawValue>);

impl EventJson {
    /// Encodes an event, which has at least one member.
    #[must_use]
    pub fn of(event: &impl Serialize) -> Self {
        Self(serde_json::value::to_raw_value(event).expect(ALWAYS_SERIALIZABLE))
    }

    /// The JSON text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }
}

impl From<EventJson> for Payload {
    fn from(EventJson(json): EventJson) -> Self {
        Self::of_json(json)
    }
}

impl TryFrom<Box<RawValue>> for EventJson {
    type Error = &'static str;

    fn try_from(json: Box<RawValue>) -> Result<Self, Self::Error> {
        // The browser ID is put before the first member.
        if json.get().starts_with("{\"") {
            Ok(Self(json))
        } else {
            Err("an event is no object with members")
        }
    }
}

impl PartialEq for EventJson {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for EventJson {}

/// Returns the complete event for a browser. `event` is the JSON of the event without its browser
/// ID.
#[must_use]
pub fn with_browser_id(event: &str, browser_id: &str) -> String {
    [BROWSER_ID_PREFIX, browser_id, AFTER_BROWSER_ID, members(event)].concat()
}

/// Returns what follows the browser ID in the complete event. Ledgers keep CLEAR_CART in this form.
#[must_use]
pub fn after_browser_id(event: &str) -> String {
    [AFTER_BROWSER_ID, members(event)].concat()
}

/// Returns the complete event whose end is that of [`after_browser_id`].
#[must_use]
pub fn complete(after_browser_id: &str, browser_id: &str) -> String {
    [BROWSER_ID_PREFIX, browser_id, after_browser_id].concat()
}

/// The members of an object, and the brace that ends it.
pub(super) fn members(event: &str) -> &str {
    event.strip_prefix('{').unwrap_or_default()
}

/// Encodes IDENTITY, the event that identifies the guest.
#[must_use]
pub fn identity(guest: &Guest<'_>, common: &CommonAttributes<'_>) -> EventJson {
    EventJson::of(&IdentityEvent { kind: "IDENTITY", common, guest })
}

/// Encodes ORDER_CHECKOUT, the single event that carries a whole order.
#[must_use]
pub fn order_checkout(order: &Order<'_>) -> EventJson {
    let event = CheckoutEvent {
        kind: "ORDER_CHECKOUT",
        channel: &order.common.channel,
        language: &order.common.language,
        currency: order.common.currency,
        page: &order.common.page,
        pos: &order.common.pos,
        order: OrderObject::of(order),
    };
    EventJson::of(&event)
}

const ALWAYS_SERIALIZABLE: &str = "text, numbers and maps with text keys always serialize";

pub(super) fn to_json(part: &impl Serialize) -> String {
    serde_json::to_string(part).expect(ALWAYS_SERIALIZABLE)
}

#[derive(Serialize)]
struct IdentityEvent<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    #[serde(flatten)]
    common: &'a CommonAttributes<'a>,
    #[serde(flatten)]
    guest: &'a Guest<'a>,
}

// Not flattened like IDENTITY: serde's `flatten` cannot carry numbers with their exact digits.
#[derive(Serialize)]
struct CheckoutEvent<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    channel: &'a str,
    language: &'a str,
    currency: Currency,
    page: &'a str,
    pos: &'a str,
    order: OrderObject<'a>,
}

/// The `order` object, with attributes in the manual's order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OrderObject<'a> {
    reference_id: &'a str,
    #[serde(serialize_with = "in_utc")]
    ordered_at: &'a DateTime<Utc>,
    status: &'a str,
    currency_code: Currency,
    // A JSON number: prices sent as text made totals of 0.
    price: Amount,
    payment_type: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    card_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extensions: Option<[ExtensionObject<'a>; 1]>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    order_items: Vec<ItemObject<'a>>,
}

impl<'a> OrderObject<'a> {
    fn of(order: &'a Order<'_>) -> Self {
        Self {
            reference_id: &order.reference,
            ordered_at: &order.ordered_at,
            status: &order.status,
            currency_code: order.currency,
            price: order.price,
            payment_type: &order.payment_type,
            card_type: order.card_type.as_deref(),
            extensions: ExtensionObject::of(&order.extension),
            order_items: order.items.iter().map(ItemObject::of).collect(),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ItemObject<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    item_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference_id: Option<&'a str>,
    #[serde(serialize_with = "in_utc_if_any", skip_serializing_if = "Option::is_none")]
    ordered_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    currency_code: Option<Currency>,
    #[serde(skip_serializing_if = "Option::is_none")]
    price: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    product_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quantity: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    extensions: Option<[ExtensionObject<'a>; 1]>,
}

impl<'a> ItemObject<'a> {
    pub(super) fn of(item: &'a Item<'_>) -> Self {
        Self {
            item_type: item.item_type.as_deref(),
            reference_id: item.reference.as_deref(),
            ordered_at: item.ordered_at,
            status: item.status.as_deref(),
            currency_code: item.currency,
            price: item.price,
            name: item.name.as_deref(),
            product_id: item.product_id.as_deref(),
            quantity: item.quantity,
            extensions: ExtensionObject::of(&item.extension),
        }
    }
}

/// `{"name":"ext","key":"default", …}`
struct ExtensionObject<'a>(&'a Extension<'a>);

impl<'a> ExtensionObject<'a> {
    fn of(extension: &'a Extension<'_>) -> Option<[Self; 1]> {
        // The manual allows one object per order and per item.
        (!extension.is_empty()).then_some([Self(extension)])
    }
}

impl Serialize for ExtensionObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len() + 2))?;
        map.serialize_entry("name", "ext")?;
        map.serialize_entry("key", "default")?;
        AttributeMap(self.0).serialize_into(&mut map)?;
        map.end()
    }
}

/// Extension attributes as members of a JSON object, sorted by name.
pub(super) struct AttributeMap<'a>(pub(super) &'a Extension<'a>);

impl AttributeMap<'_> {
    pub(super) fn serialize_into<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        self.0.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))
    }
}

impl Serialize for AttributeMap<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        self.serialize_into(&mut map)?;
        map.end()
    }
}

/// The time in UTC with milliseconds and `Z`, as the manual requires for `orderedAt`.
pub(super) fn utc(time: DateTime<Utc>) -> String {
    utc_millis(time)
}

fn in_utc<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&utc(*time))
}

#[expect(clippy::ref_option, reason = "serde calls it with a reference")]
fn in_utc_if_any<S: Serializer>(
    time: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    time.map(utc).serialize(serializer)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::model::{guest::Identifier, order::ExtensionValue, route::Route};

    pub(in crate::stream) fn order() -> Order<'static> {
        Order {
            reference: "123456".into(),
            ordered_at: "2025-08-23T18:17:16+02:00".parse::<DateTime<Utc>>().unwrap(),
            status: "PURCHASED".into(),
            currency: "EUR".parse().unwrap(),
            price: "200.50".parse().unwrap(),
            payment_type: "Card".into(),
            card_type: Some("Visa".into()),
            extension: extension("refundable", ExtensionValue::Boolean(true)),
            items: vec![Item {
                item_type: Some("MOBILE_PHONE".into()),
                price: Some("200.50".parse().unwrap()),
                quantity: Some("1".parse().unwrap()),
                ordered_at: Some("2025-08-23T16:17:16Z".parse().unwrap()),
                ..Item::default()
            }],
            guest: Guest { email: Some("ann@example.com".into()), ..Guest::default() },
            common: CommonAttributes {
                channel: "WEB".into(),
                language: "EN".into(),
                currency: "EUR".parse().unwrap(),
                page: "checkout page".into(),
                pos: "myretailsite/ireland".into(),
            },
            route: Route::Single,
            contacts: Vec::new(),
            consumers: Vec::new(),
        }
    }

    pub(in crate::stream) fn extension(
        name: &'static str,
        value: ExtensionValue<'static>,
    ) -> Extension<'static> {
        Extension::from_attributes(vec![(name.into(), value, ())]).0
    }

    #[test]
    fn order_checkout_matches_manual() {
        insta::assert_snapshot!(with_browser_id(order_checkout(&order()).as_str(), "a38b230c-11eb-4cf9-8d5d-274e9f344925"), @r#"{"browser_id":"a38b230c-11eb-4cf9-8d5d-274e9f344925","type":"ORDER_CHECKOUT","channel":"WEB","language":"EN","currency":"EUR","page":"checkout page","pos":"myretailsite/ireland","order":{"referenceId":"123456","orderedAt":"2025-08-23T16:17:16.000Z","status":"PURCHASED","currencyCode":"EUR","price":200.50,"paymentType":"Card","cardType":"Visa","extensions":[{"name":"ext","key":"default","refundable":true}],"orderItems":[{"type":"MOBILE_PHONE","orderedAt":"2025-08-23T16:17:16.000Z","price":200.50,"quantity":1}]}}"#);
    }

    #[test]
    fn identity_carries_guest_and_common_attributes() {
        let order = order();
        let mut guest = order.guest.clone();
        guest.identifiers.push(Identifier::new("email", "ann@example.com"));
        guest.identifiers.push(Identifier {
            expiry_date: Some("2027-01-01".into()),
            ..Identifier::new("crm", "7")
        });
        insta::assert_snapshot!(with_browser_id(identity(&guest, &order.common).as_str(), "b"), @r#"{"browser_id":"b","type":"IDENTITY","channel":"WEB","language":"EN","currency":"EUR","page":"checkout page","pos":"myretailsite/ireland","identifiers":[{"provider":"email","id":"ann@example.com"},{"provider":"crm","id":"7","expiry_date":"2027-01-01"}],"email":"ann@example.com"}"#);
    }
}
