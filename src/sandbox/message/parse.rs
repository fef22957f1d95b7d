//! Parser of events: the common attributes, IDENTITY and `ORDER_CHECKOUT`.
//!
//! It does not use the data of the tenant. Called by `server`; `cart` parses the events that
//! assemble an order.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::super::cart::CartStep;
use super::super::schema;
use super::super::state::{TenantIdentifier, TenantMode};
use super::cart;
use super::text::{ensure_empty, parse, parse_decimal, parse_object};

/// An event that can be accepted: it has a type and a browser id.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sandbox) struct TenantEvent {
    /// `type` as it was sent.
    pub(in crate::sandbox) event_type: String,
    pub(in crate::sandbox) browser_id: String,
    /// The reference of the order or product, if there is one, even if the rest is invalid.
    pub(in crate::sandbox) reference_id: Option<String>,
    pub(in crate::sandbox) pos: Option<String>,
    /// The content, or the violations of the documented schema.
    pub(in crate::sandbox) content: Result<EventContent, Vec<String>>,
    /// The message as it was sent.
    pub(in crate::sandbox) text: String,
}

/// The content of a valid event, or of an invalid event that its session's cart stores
/// nevertheless.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sandbox) enum EventContent {
    Identity(Vec<TenantIdentifier>),
    Order(TenantOrder),
    Cart(CartStep),
}

/// An order as a tenant stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::sandbox) struct TenantOrder {
    pub(in crate::sandbox) reference_id: String,
    pub(in crate::sandbox) ordered_at: String,
    pub(in crate::sandbox) status: String,
    pub(in crate::sandbox) currency: String,
    /// `None` if the sum of the items is not exact.
    pub(in crate::sandbox) price: Option<Decimal>,
    pub(in crate::sandbox) n_items: usize,
    pub(in crate::sandbox) mode: TenantMode,
}

impl TenantEvent {
    /// Parses a message. The error is the reason for a 400; violations that a real tenant drops
    /// silently are in `content`.
    pub(in crate::sandbox) fn parse(text: Option<&str>) -> Result<Self, String> {
        let event = parse_object(text)?;
        let text_of = |name: &str| event.get(name).and_then(Value::as_str).map(str::to_owned);
        // The manual: without `type` or `browser_id` the response is a 400.
        let required = |name: &str| {
            text_of(name)
                .filter(|value| !value.is_empty())
                .ok_or_else(|| format!("{name} is missing or not text"))
        };
        let event_type = required("type")?;
        Ok(Self {
            browser_id: required("browser_id")?,
            reference_id: reference_id(&event_type, &event),
            pos: text_of("pos"),
            content: parse_content(&event_type, text.unwrap_or_default(), &event),
            text: text.unwrap_or_default().to_owned(),
            event_type,
        })
    }
}

fn reference_id(event_type: &str, event: &Map<String, Value>) -> Option<String> {
    let reference_id = match event_type {
        "ADD" => event.get("product")?.get("referenceId")?,
        "CHECKOUT" => event.get("reference_id")?,
        _ => event.get("order")?.get("referenceId")?,
    };
    reference_id.as_str().map(str::to_owned)
}

fn parse_content(
    event_type: &str,
    text: &str,
    event: &Map<String, Value>,
) -> Result<EventContent, Vec<String>> {
    match event_type {
        "IDENTITY" => {
            ensure_empty(schema::identity(event))?;
            parse::<IdentityBody>(text).map(|identity| EventContent::Identity(identity.identifiers))
        }
        "ORDER_CHECKOUT" => {
            ensure_empty(schema::order_checkout(event))?;
            let checkout = parse::<OrderCheckoutBody>(text)?;
            checkout.order.into_order().map(EventContent::Order)
        }
        other => cart::parse_step(other, text, event).map(EventContent::Cart),
    }
}

#[derive(Deserialize)]
struct IdentityBody {
    identifiers: Vec<TenantIdentifier>,
}

#[derive(Deserialize)]
struct OrderCheckoutBody<'a> {
    #[serde(borrow)]
    order: OrderBody<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OrderBody<'a> {
    reference_id: String,
    ordered_at: String,
    status: String,
    currency_code: String,
    // `RawValue`: the digits as they were sent.
    #[serde(borrow)]
    price: &'a RawValue,
    #[serde(default)]
    order_items: Vec<IgnoredAny>,
}

impl OrderBody<'_> {
    fn into_order(self) -> Result<TenantOrder, Vec<String>> {
        let price = parse_decimal("order.price", self.price)?;
        Ok(TenantOrder {
            reference_id: self.reference_id,
            ordered_at: self.ordered_at,
            status: self.status,
            currency: self.currency_code,
            price: Some(price),
            n_items: self.order_items.len(),
            mode: TenantMode::Single,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(price: &str) -> String {
        format!(
            r#"{{"type":"ORDER_CHECKOUT","channel":"WEB","pos":"p","browser_id":"b","language":"EN","currency":"EUR",
            "page":"x","order":{{"referenceId":"1","orderedAt":"2025-08-23T16:17:16.000Z","status":"PURCHASED",
            "currencyCode":"EUR","price":{price},"paymentType":"other","orderItems":[{{}},{{}}]}}}}"#
        )
    }

    fn price_of(text: &str) -> Result<String, Vec<String>> {
        match TenantEvent::parse(Some(text)).unwrap().content? {
            EventContent::Order(order) => Ok(order.price.unwrap().to_string()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn prices_keep_all_digits() {
        for (sent, kept) in [
            ("0", "0"),
            ("200", "200"),
            ("30.60", "30.60"),
            ("-45.5", "-45.5"),
            ("0.1", "0.1"),
            ("8911407.904", "8911407.904"),
            ("12345678901234567.89", "12345678901234567.89"),
            ("1e2", "100"),
            ("1.5E-1", "0.15"),
            ("1.25e+1", "12.5"),
            ("1.25e20", "125000000000000000000"),
        ] {
            assert_eq!(price_of(&order(sent)).as_deref(), Ok(kept), "{sent}");
        }
        for sent in [
            "0.12345678901234567890123456789",
            "123456789012345678901234567890",
            "1.23456789012345678901234567890e5",
            "1e-29",
            "1e29",
        ] {
            assert_eq!(
                price_of(&order(sent)),
                Err(vec!["order.price: too many digits, expected at most 28".to_owned()])
            );
        }
    }

    #[test]
    fn duplicate_attribute_is_a_schema_error() {
        let reasons = price_of(&order("1,\"price\":2")).unwrap_err();
        assert!(reasons[0].starts_with("duplicate field `price`"), "{reasons:?}");
    }

    #[test]
    fn order_has_item_count_and_reference() {
        let event = TenantEvent::parse(Some(&order("5"))).unwrap();
        assert_eq!(event.reference_id.as_deref(), Some("1"));
        let Ok(EventContent::Order(order)) = event.content else { panic!("{event:?}") };
        assert_eq!(order.n_items, 2);
    }

    #[test]
    fn reference_position_depends_on_event_type() {
        for (kind, rest, expected) in [
            ("ADD", r#""product":{"referenceId":"R"}"#, Some("R")),
            ("ADD", r#""product":[]"#, None),
            ("CHECKOUT", r#""reference_id":"R""#, Some("R")),
            ("CHECKOUT", r#""referenceId":"R""#, None),
            ("ORDER_CHECKOUT", r#""order":{"referenceId":"R"}"#, Some("R")),
            ("CONFIRM", r#""product":{"referenceId":"R"}"#, None),
        ] {
            let text = format!(r#"{{"type":"{kind}","browser_id":"b",{rest}}}"#);
            assert_eq!(
                TenantEvent::parse(Some(&text)).unwrap().reference_id.as_deref(),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn events_without_type_or_browser_are_rejected() {
        for (text, why) in [
            (None, "message is missing or not percent-encoded UTF-8"),
            (Some("{}"), "type is missing or not text"),
            (Some(r#"{"type":5,"browser_id":"b"}"#), "type is missing or not text"),
            (Some(r#"{"type":"IDENTITY"}"#), "browser_id is missing or not text"),
            (Some(r#"{"type":"IDENTITY","browser_id":""}"#), "browser_id is missing or not text"),
        ] {
            assert_eq!(TenantEvent::parse(text).unwrap_err(), why);
        }
        for text in ["", "[]", "null", "{\"type\":", "{} {}"] {
            let why = TenantEvent::parse(Some(text)).unwrap_err();
            assert!(why.starts_with("message is not a JSON object"), "{why}");
        }
    }

    #[test]
    fn unknown_event_types_are_accepted() {
        for kind in ["IDENTIFY", "VIEW", "identity", "order_checkout"] {
            let text = format!(r#"{{"type":"{kind}","browser_id":"b"}}"#);
            let event = TenantEvent::parse(Some(&text)).unwrap();
            assert_eq!(event.content, Err(vec![format!("unknown event type {kind}")]));
        }
    }
}
