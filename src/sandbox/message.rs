//! Turns the text of a message into an event: what a tenant can know of it without looking at what it holds.
//!
//! It does no I/O and takes no lock, so the work on a message is done before the tenant is touched. Money goes from the
//! text's own digits to a decimal, never through a float. Called by `server`.

mod cart;

use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::cart::Step;
use super::state::{Identifier, Mode};
use super::{exact, schema};

/// An event that can be accepted: it has a type and a browser.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Event {
    /// `type` as it was sent.
    pub(super) kind: String,
    pub(super) browser_id: String,
    /// The order's or the product's, where there is one, right or wrong as the rest may be.
    pub(super) reference_id: Option<String>,
    pub(super) pos: Option<String>,
    /// What it says, or why it breaks the documented schema.
    pub(super) content: Result<Content, Vec<String>>,
}

/// What an event says that keeps to the schema, or that its session's cart remembers although it does not.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    Identity(Vec<Identifier>),
    Order(Order),
    Cart(Step),
}

/// What a tenant keeps of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    pub(super) reference_id: String,
    pub(super) ordered_at: String,
    pub(super) status: String,
    pub(super) currency: String,
    /// `None` where a sum of items cannot be exact.
    pub(super) price: Option<Decimal>,
    pub(super) n_items: usize,
    pub(super) mode: Mode,
}

/// The message of a request that needs no attribute in it; says why it would be refused.
pub(super) fn read_object(text: Option<&str>) -> Result<Map<String, Value>, String> {
    let text = text.ok_or("message is missing or not percent-encoded UTF-8")?;
    serde_json::from_str(text).map_err(|error| format!("message is not a JSON object: {error}"))
}

impl Event {
    /// Reads a message; says why the request would be refused. What would be dropped silently is in `content`.
    pub(super) fn read(text: Option<&str>) -> Result<Self, String> {
        let event = read_object(text)?;
        let text_of = |name: &str| event.get(name).and_then(Value::as_str).map(str::to_owned);
        let required = |name: &str| {
            text_of(name).filter(|value| !value.is_empty()).ok_or_else(|| format!("{name} is missing or not text"))
        };
        let kind = required("type")?;
        Ok(Self {
            browser_id: required("browser_id")?,
            reference_id: reference_id(&kind, &event),
            pos: text_of("pos"),
            content: read_content(&kind, text.unwrap_or_default(), &event),
            kind,
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

fn read_content(kind: &str, text: &str, event: &Map<String, Value>) -> Result<Content, Vec<String>> {
    match kind {
        "IDENTITY" => {
            none_of(schema::identity(event))?;
            parse::<Identity>(text).map(|identity| Content::Identity(identity.identifiers))
        }
        "ORDER_CHECKOUT" => {
            none_of(schema::order_checkout(event))?;
            let checkout = parse::<OrderCheckout>(text)?;
            checkout.order.into_order().map(Content::Order)
        }
        other => cart::read(other, text, event).map(Content::Cart),
    }
}

fn none_of(reasons: Vec<String>) -> Result<(), Vec<String>> {
    if reasons.is_empty() { Ok(()) } else { Err(reasons) }
}

/// After the schema's check, only an attribute that stands there twice can still be wrong.
fn parse<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Vec<String>> {
    serde_json::from_str(text).map_err(|error| vec![error.to_string()])
}

#[derive(Deserialize)]
struct Identity {
    identifiers: Vec<Identifier>,
}

#[derive(Deserialize)]
struct OrderCheckout<'a> {
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
    /// The digits as they were sent.
    #[serde(borrow)]
    price: &'a RawValue,
    #[serde(default)]
    order_items: Vec<IgnoredAny>,
}

impl OrderBody<'_> {
    fn into_order(self) -> Result<Order, Vec<String>> {
        let price = decimal("order.price", self.price)?;
        Ok(Order {
            reference_id: self.reference_id,
            ordered_at: self.ordered_at,
            status: self.status,
            currency: self.currency_code,
            price: Some(price),
            n_items: self.order_items.len(),
            mode: Mode::Single,
        })
    }
}

/// The digits as they were sent.
fn decimal(at: &str, digits: &RawValue) -> Result<Decimal, Vec<String>> {
    exact::read(digits.get()).ok_or_else(|| vec![format!("{at}: more digits than an exact decimal has")])
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
        match Event::read(Some(text)).unwrap().content? {
            Content::Order(order) => Ok(order.price.unwrap().to_string()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn prices_keep_their_digits() {
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
                Err(vec!["order.price: more digits than an exact decimal has".to_owned()])
            );
        }
    }

    #[test]
    fn an_attribute_that_stands_twice_is_a_reason() {
        let reasons = price_of(&order("1,\"price\":2")).unwrap_err();
        assert!(reasons[0].starts_with("duplicate field `price`"), "{reasons:?}");
    }

    #[test]
    fn an_order_counts_its_items_and_names_itself() {
        let event = Event::read(Some(&order("5"))).unwrap();
        assert_eq!(event.reference_id.as_deref(), Some("1"));
        let Ok(Content::Order(order)) = event.content else { panic!("{event:?}") };
        assert_eq!(order.n_items, 2);
    }

    #[test]
    fn each_kind_names_its_order_in_its_own_place() {
        for (kind, rest, expected) in [
            ("ADD", r#""product":{"referenceId":"R"}"#, Some("R")),
            ("ADD", r#""product":[]"#, None),
            ("CHECKOUT", r#""reference_id":"R""#, Some("R")),
            ("CHECKOUT", r#""referenceId":"R""#, None),
            ("ORDER_CHECKOUT", r#""order":{"referenceId":"R"}"#, Some("R")),
            ("CONFIRM", r#""product":{"referenceId":"R"}"#, None),
        ] {
            let text = format!(r#"{{"type":"{kind}","browser_id":"b",{rest}}}"#);
            assert_eq!(Event::read(Some(&text)).unwrap().reference_id.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn refused_is_what_has_no_type_or_browser() {
        for (text, why) in [
            (None, "message is missing or not percent-encoded UTF-8"),
            (Some("{}"), "type is missing or not text"),
            (Some(r#"{"type":5,"browser_id":"b"}"#), "type is missing or not text"),
            (Some(r#"{"type":"IDENTITY"}"#), "browser_id is missing or not text"),
            (Some(r#"{"type":"IDENTITY","browser_id":""}"#), "browser_id is missing or not text"),
        ] {
            assert_eq!(Event::read(text).unwrap_err(), why);
        }
        for text in ["", "[]", "null", "{\"type\":", "{} {}"] {
            let why = Event::read(Some(text)).unwrap_err();
            assert!(why.starts_with("message is not a JSON object"), "{why}");
        }
    }

    #[test]
    fn other_types_are_accepted_and_unknown() {
        for kind in ["IDENTIFY", "VIEW", "identity", "order_checkout"] {
            let text = format!(r#"{{"type":"{kind}","browser_id":"b"}}"#);
            let event = Event::read(Some(&text)).unwrap();
            assert_eq!(event.content, Err(vec![format!("unknown event type {kind}")]));
        }
    }
}
