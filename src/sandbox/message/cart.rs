//! Parser of the events that assemble an order from several events.
//!
//! It does not look at the cart. Called by `parse`.

// An ADD or CONFIRM that violates the schema is a step too: the cart stores it, and the CHECKOUT
// fails.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::super::cart::{
    CartChange, CartLine, CartProduct, CartStep, CheckoutHeader, CheckoutResult,
};
use super::super::schema;
use super::text::{ensure_empty, parse, parse_decimal};

/// The effect of an event on a cart, or the reasons why it is dropped silently.
pub(super) fn parse_step(
    event_type: &str,
    text: &str,
    event: &Map<String, Value>,
) -> Result<CartStep, Vec<String>> {
    match event_type {
        "ADD" => Ok(CartStep::Change(CartChange::Add(parse_line(text, event)))),
        "ADD_CONTACTS" => {
            ensure_empty(schema::cart::add_contacts(event))?;
            Ok(CartStep::Change(CartChange::AddContacts(array_length(event, "contact"))))
        }
        "ADD_CONSUMERS" => {
            ensure_empty(schema::cart::add_consumers(event))?;
            Ok(CartStep::Change(CartChange::AddConsumers(array_length(event, "consumer"))))
        }
        "CONFIRM" => Ok(CartStep::Change(CartChange::Confirm(parse_confirmed(text, event)))),
        "CHECKOUT" => Ok(CartStep::Checkout(CheckoutResult {
            header: parse_header(text, event),
            common_errors: schema::cart::common(event),
        })),
        "CLEAR_CART" => ensure_empty(schema::cart::common(event)).map(|()| CartStep::Clear),
        other => Err(vec![format!("unknown event type {other}")]),
    }
}

fn parse_line(text: &str, event: &Map<String, Value>) -> CartLine {
    let product_text = |name: &str| event.get("product")?.get(name)?.as_str().map(str::to_owned);
    CartLine {
        item_id: product_text("item_id"),
        reference_id: product_text("referenceId"),
        product: parse_product(text, event),
    }
}

fn parse_product(text: &str, event: &Map<String, Value>) -> Result<CartProduct, Vec<String>> {
    ensure_empty(schema::cart::add(event))?;
    let ProductBody { ordered_at, currency, price, quantity } = parse::<AddBody>(text)?.product;
    let (price, quantity) =
        (parse_decimal("product.price", price)?, parse_decimal("product.quantity", quantity)?);
    Ok(CartProduct { ordered_at, currency, price, quantity })
}

fn parse_confirmed(text: &str, event: &Map<String, Value>) -> Result<Vec<String>, Vec<String>> {
    ensure_empty(schema::cart::confirm(event))?;
    Ok(parse::<ConfirmBody>(text)?.product.into_iter().map(|item| item.item_id).collect())
}

fn parse_header(text: &str, event: &Map<String, Value>) -> Result<CheckoutHeader, Vec<String>> {
    ensure_empty(schema::cart::checkout(event))?;
    parse::<CheckoutBody>(text)
        .map(|CheckoutBody { reference_id, status }| CheckoutHeader { reference_id, status })
}

fn array_length(event: &Map<String, Value>, name: &str) -> usize {
    event.get(name).and_then(Value::as_array).map_or(0, Vec::len)
}

#[derive(Deserialize)]
struct AddBody<'a> {
    #[serde(borrow)]
    product: ProductBody<'a>,
}

#[derive(Deserialize)]
struct ProductBody<'a> {
    #[serde(rename = "orderedAt")]
    ordered_at: Option<String>,
    currency: String,
    #[serde(borrow)]
    price: &'a RawValue,
    #[serde(borrow)]
    quantity: &'a RawValue,
}

#[derive(Deserialize)]
struct ConfirmBody {
    product: Vec<ConfirmedItem>,
}

#[derive(Deserialize)]
struct ConfirmedItem {
    item_id: String,
}

#[derive(Deserialize)]
struct CheckoutBody {
    reference_id: String,
    status: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMON: &str =
        r#""browser_id":"b","channel":"WEB","pos":"p","language":"EN","currency":"EUR","page":"x""#;

    fn step(kind: &str, rest: &str) -> Result<CartStep, Vec<String>> {
        let text = format!("{{{COMMON},{rest}}}");
        parse_step(kind, &text, serde_json::from_str::<Value>(&text).unwrap().as_object().unwrap())
    }

    fn added(price: &str) -> CartLine {
        let rest = format!(
            r#""product":{{"type":"PRODUCT","item_id":"A","name":"Tea","orderedAt":"2025-08-23T16:17:16.000Z",
            "quantity":1.0,"price":{price},"productId":"T","currency":"EUR","referenceId":"R-1"}}"#
        );
        match step("ADD", &rest) {
            Ok(CartStep::Change(CartChange::Add(line))) => line,
            other => panic!("{other:?}"),
        }
    }

    /// The line has its item id, valid or not.
    #[test]
    fn prices_keep_all_digits_or_invalidate_the_line() {
        for (sent, kept) in [
            ("12.50", Ok("12.50")),
            ("1e2", Ok("100")),
            ("\"12.50\"", Err("product.price: text, expected a number")),
            ("1e-29", Err("product.price: too many digits, expected at most 28")),
            ("1,\"price\":2", Err("duplicate field `price`")),
        ] {
            let line = added(sent);
            assert_eq!(
                (line.item_id.as_deref(), line.reference_id.as_deref()),
                (Some("A"), Some("R-1"))
            );
            match (line.product, kept) {
                (Ok(product), Ok(kept)) => assert_eq!(product.price.to_string(), kept, "{sent}"),
                (Err(reasons), Err(why)) => {
                    assert!(reasons[0].starts_with(why), "{sent}: {reasons:?}");
                }
                (product, kept) => panic!("{sent}: {product:?}, expected {kept:?}"),
            }
        }
    }

    #[test]
    fn other_cart_events_become_steps() {
        let change = |change| Ok(CartStep::Change(change));
        let confirm = r#""product":[{"item_id":"A"},{"item_id":"B"}]"#;
        assert_eq!(
            step("ADD_CONTACTS", r#""contact":[{"email":"a@b.c"}]"#),
            change(CartChange::AddContacts(1))
        );
        assert_eq!(
            step("ADD_CONSUMERS", r#""consumer":[{},{}]"#),
            change(CartChange::AddConsumers(2))
        );
        assert_eq!(
            step("CONFIRM", confirm),
            change(CartChange::Confirm(Ok(vec!["A".to_owned(), "B".to_owned()])))
        );
        assert_eq!(step("CLEAR_CART", r#""extra":1"#), Ok(CartStep::Clear));
        let Ok(CartStep::Checkout(checkout)) =
            step("CHECKOUT", r#""reference_id":"R","status":"CONFIRMED""#)
        else {
            panic!("no CHECKOUT")
        };
        let header =
            CheckoutHeader { reference_id: "R".to_owned(), status: "CONFIRMED".to_owned() };
        assert_eq!(checkout, CheckoutResult { header: Ok(header), common_errors: Vec::new() });
        assert_eq!(
            step("PAYMENT", r#""extra":1"#),
            Err(vec!["unknown event type PAYMENT".to_owned()])
        );
    }
}
