//! Reads the events that assemble an order.
//!
//! An ADD or a CONFIRM that breaks the schema is a step too: its cart remembers it until a CHECKOUT fails of it. It
//! does not look at the cart. Called by `message`.

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::super::cart::{Change, CheckOut, Head, Line, Product, Step};
use super::super::schema;
use super::{decimal, none_of, parse};

/// What the event does to a cart, or why it would be dropped silently.
pub(super) fn read(kind: &str, text: &str, event: &Map<String, Value>) -> Result<Step, Vec<String>> {
    match kind {
        "ADD" => Ok(Step::Change(Change::Add(line(text, event)))),
        "ADD_CONTACTS" => {
            none_of(schema::cart::add_contacts(event))?;
            Ok(Step::Change(Change::AddContacts(length(event, "contact"))))
        }
        "ADD_CONSUMERS" => {
            none_of(schema::cart::add_consumers(event))?;
            Ok(Step::Change(Change::AddConsumers(length(event, "consumer"))))
        }
        "CONFIRM" => Ok(Step::Change(Change::Confirm(confirmed(text, event)))),
        "CHECKOUT" => Ok(Step::CheckOut(CheckOut { order: head(text, event), lost: schema::cart::common(event) })),
        "CLEAR_CART" => none_of(schema::cart::common(event)).map(|()| Step::Clear),
        other => Err(vec![format!("unknown event type {other}")]),
    }
}

fn line(text: &str, event: &Map<String, Value>) -> Line {
    let said = |name: &str| event.get("product")?.get(name)?.as_str().map(str::to_owned);
    Line { item_id: said("item_id"), reference_id: said("referenceId"), product: product(text, event) }
}

fn product(text: &str, event: &Map<String, Value>) -> Result<Product, Vec<String>> {
    none_of(schema::cart::add(event))?;
    let ProductBody { ordered_at, currency, price, quantity } = parse::<Add>(text)?.product;
    let (price, quantity) = (decimal("product.price", price)?, decimal("product.quantity", quantity)?);
    Ok(Product { ordered_at, currency, price, quantity })
}

fn confirmed(text: &str, event: &Map<String, Value>) -> Result<Vec<String>, Vec<String>> {
    none_of(schema::cart::confirm(event))?;
    Ok(parse::<Confirm>(text)?.product.into_iter().map(|item| item.item_id).collect())
}

fn head(text: &str, event: &Map<String, Value>) -> Result<Head, Vec<String>> {
    none_of(schema::cart::checkout(event))?;
    parse::<HeadBody>(text).map(|HeadBody { reference_id, status }| Head { reference_id, status })
}

fn length(event: &Map<String, Value>, name: &str) -> usize {
    event.get(name).and_then(Value::as_array).map_or(0, Vec::len)
}

#[derive(Deserialize)]
struct Add<'a> {
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
struct Confirm {
    product: Vec<Confirmed>,
}

#[derive(Deserialize)]
struct Confirmed {
    item_id: String,
}

#[derive(Deserialize)]
struct HeadBody {
    reference_id: String,
    status: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMON: &str = r#""browser_id":"b","channel":"WEB","pos":"p","language":"EN","currency":"EUR","page":"x""#;

    fn step(kind: &str, rest: &str) -> Result<Step, Vec<String>> {
        let text = format!("{{{COMMON},{rest}}}");
        read(kind, &text, serde_json::from_str::<Value>(&text).unwrap().as_object().unwrap())
    }

    fn added(price: &str) -> Line {
        let rest = format!(
            r#""product":{{"type":"PRODUCT","item_id":"A","name":"Tea","orderedAt":"2025-08-23T16:17:16.000Z",
            "quantity":1.0,"price":{price},"productId":"T","currency":"EUR","referenceId":"R-1"}}"#
        );
        match step("ADD", &rest) {
            Ok(Step::Change(Change::Add(line))) => line,
            other => panic!("{other:?}"),
        }
    }

    /// Broken or not, the line knows its item.
    #[test]
    fn prices_keep_their_digits_or_break_their_line() {
        for (sent, kept) in [
            ("12.50", Ok("12.50")),
            ("1e2", Ok("100")),
            ("\"12.50\"", Err("product.price: text, expected a number")),
            ("1e-29", Err("product.price: more digits than an exact decimal has")),
            ("1,\"price\":2", Err("duplicate field `price`")),
        ] {
            let line = added(sent);
            assert_eq!((line.item_id.as_deref(), line.reference_id.as_deref()), (Some("A"), Some("R-1")));
            match (line.product, kept) {
                (Ok(product), Ok(kept)) => assert_eq!(product.price.to_string(), kept, "{sent}"),
                (Err(reasons), Err(why)) => assert!(reasons[0].starts_with(why), "{sent}: {reasons:?}"),
                (product, kept) => panic!("{sent}: {product:?}, expected {kept:?}"),
            }
        }
    }

    #[test]
    fn the_other_events_are_steps_too() {
        let change = |change| Ok(Step::Change(change));
        let confirm = r#""product":[{"item_id":"A"},{"item_id":"B"}]"#;
        assert_eq!(step("ADD_CONTACTS", r#""contact":[{"email":"a@b.c"}]"#), change(Change::AddContacts(1)));
        assert_eq!(step("ADD_CONSUMERS", r#""consumer":[{},{}]"#), change(Change::AddConsumers(2)));
        assert_eq!(step("CONFIRM", confirm), change(Change::Confirm(Ok(vec!["A".to_owned(), "B".to_owned()]))));
        assert_eq!(step("CLEAR_CART", r#""extra":1"#), Ok(Step::Clear));
        let Ok(Step::CheckOut(check_out)) = step("CHECKOUT", r#""reference_id":"R","status":"CONFIRMED""#) else {
            panic!("no CHECKOUT")
        };
        let head = Head { reference_id: "R".to_owned(), status: "CONFIRMED".to_owned() };
        assert_eq!(check_out, CheckOut { order: Ok(head), lost: Vec::new() });
        assert_eq!(step("PAYMENT", r#""extra":1"#), Err(vec!["unknown event type PAYMENT".to_owned()]));
    }
}
