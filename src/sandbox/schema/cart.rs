//! Schema of the events that assemble an order: ADD, `ADD_CONTACTS`, `ADD_CONSUMERS`, CONFIRM,
//! CHECKOUT and `CLEAR_CART`.
//!
//! It does not look at the cart or at other events. Called by `message`.

// Unlike the items of an `ORDER_CHECKOUT`, a product may have undocumented attributes: the public
// pages do not show the complete table.

use serde_json::Value;

use super::super::format_rules;
use super::check::{AttributeRule, ObjectRule, SchemaErrors, join, optional, required};

/// Attributes of every product.
const PRODUCT: &[AttributeRule] = &[
    required("type", format_rules::upper_case),
    required("item_id", format_rules::non_empty),
    required("name", format_rules::non_empty),
    required("quantity", format_rules::number),
    required("price", format_rules::number),
    required("productId", format_rules::non_empty),
    required("currency", format_rules::currency),
    optional("originalPrice", format_rules::number),
    optional("originalCurrencyCode", format_rules::currency),
];

/// Attributes that are optional for flights.
const PRODUCT_BUT_FLIGHT: &[AttributeRule] = &[
    required("orderedAt", format_rules::instant),
    required("referenceId", format_rules::non_empty),
];
const FLIGHT: &[AttributeRule] =
    &[optional("orderedAt", format_rules::instant), optional("referenceId", format_rules::text)];

/// Attributes of a contact or consumer. The country is called `country_code`, unlike in IDENTITY.
const GUEST: &[AttributeRule] = &[
    optional("title", format_rules::title),
    optional("firstname", format_rules::text),
    optional("lastname", format_rules::text),
    optional("mobile", format_rules::text),
    optional("phone", format_rules::text),
    optional("street", format_rules::text_array),
    optional("city", format_rules::text),
    optional("state", format_rules::text),
    optional("country_code", format_rules::country),
    optional("postal_code", format_rules::text),
    optional("dob", format_rules::date_of_birth),
    optional("email", format_rules::text),
];

/// Further attributes of a consumer: gender and the items of that consumer.
// The public page does not name the attribute of the items.
const CONSUMER: &[AttributeRule] =
    &[optional("gender", format_rules::gender), optional("item_ids", format_rules::text_array)];

const CONFIRMED: &[AttributeRule] = &[required("item_id", format_rules::non_empty)];

const CHECKOUT: &[AttributeRule] = &[
    required("reference_id", format_rules::non_empty),
    required("status", format_rules::order_status),
];

/// The violations of an ADD.
pub(in crate::sandbox) fn add(event: &ObjectRule) -> Vec<String> {
    let mut reasons = SchemaErrors::common(event);
    match event.get("product") {
        Some(Value::Object(product)) => reasons.product(product),
        Some(other) => reasons.wrong_type("product", other, "an object"),
        None => reasons.push("product", "missing"),
    }
    reasons.0
}

/// The violations of an `ADD_CONTACTS`.
pub(in crate::sandbox) fn add_contacts(event: &ObjectRule) -> Vec<String> {
    let mut reasons = SchemaErrors::common(event);
    reasons.guests("contact", event, &[]);
    reasons.0
}

/// The violations of an `ADD_CONSUMERS`.
pub(in crate::sandbox) fn add_consumers(event: &ObjectRule) -> Vec<String> {
    let mut reasons = SchemaErrors::common(event);
    reasons.guests("consumer", event, CONSUMER);
    reasons.0
}

/// The violations of a CONFIRM.
pub(in crate::sandbox) fn confirm(event: &ObjectRule) -> Vec<String> {
    let mut reasons = SchemaErrors::common(event);
    let Some(items) = event.get("product") else {
        reasons.push("product", "missing");
        return reasons.0;
    };
    for (at, item) in reasons.non_empty_objects("product", items) {
        reasons.check_attributes(&at, item, CONFIRMED);
    }
    reasons.0
}

/// The violations of a CHECKOUT that make it fail whatever was added and confirmed.
pub(in crate::sandbox) fn checkout(event: &ObjectRule) -> Vec<String> {
    let mut reasons = SchemaErrors::default();
    reasons.check_attributes("", event, CHECKOUT);
    reasons.0
}

/// The violations in the common attributes of any event.
pub(in crate::sandbox) fn common(event: &ObjectRule) -> Vec<String> {
    SchemaErrors::common(event).0
}

impl SchemaErrors {
    fn product(&mut self, product: &ObjectRule) {
        let kind = product.get("type").and_then(Value::as_str).unwrap_or_default();
        let of_type = if kind == "FLIGHT" { FLIGHT } else { PRODUCT_BUT_FLIGHT };
        self.check_attributes("product", product, PRODUCT);
        self.check_attributes("product", product, of_type);
        // Undocumented attributes of a product are valid if their values are not nested.
        for (name, value) in product {
            let is_known = PRODUCT.iter().chain(of_type).any(|known| known.name == name);
            if !is_known {
                self.push_result(&join("product", name), format_rules::scalar(value));
            }
        }
    }

    fn guests(&mut self, name: &str, event: &ObjectRule, more: &[AttributeRule]) {
        let Some(guests) = event.get(name) else {
            return self.push(name, "missing");
        };
        for (at, guest) in self.objects(name, guests) {
            self.check_attributes(&at, guest, GUEST);
            self.check_attributes(&at, guest, more);
            if let Some(identifiers) = guest.get("identifiers") {
                self.identifiers(&join(&at, "identifiers"), identifiers);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn common() -> Value {
        json!({ "channel": "WEB", "pos": "p", "browser_id": "b", "language": "EN", "currency": "EUR", "page": "home" })
    }

    /// The manual's own example of an ADD.
    fn example() -> Value {
        let mut event = common();
        event["product"] = json!({
            "type": "BET", "item_id": "EXACT_90", "name": "Exact score after 90 minutes",
            "orderedAt": "2025-08-23T16:17:16.000Z", "quantity": 1, "price": 100.00, "productId": "CORRECT_SCORE",
            "currency": "EUR", "originalPrice": 100.00, "originalCurrencyCode": "EUR", "referenceId": "BET_001-1",
        });
        event
    }

    fn flight() -> Value {
        let mut event = common();
        event["product"] = json!({
            "type": "FLIGHT", "item_id": "FLIGHT_1", "name": "DUB-LHR Economy Flight", "currency": "EUR", "price": 100,
            "quantity": 1, "productId": "DUB-LHR", "origin": "DUB", "destination": "LHR", "isReturn": true,
        });
        event
    }

    /// The violations of the event with the value at `pointer` replaced, or removed if `value` is
    /// null.
    fn reasons(
        check: fn(&ObjectRule) -> Vec<String>,
        mut event: Value,
        pointer: &str,
        value: Value,
    ) -> Vec<String> {
        let (owner, name) = pointer.rsplit_once('/').unwrap();
        let owner = event.pointer_mut(owner).unwrap().as_object_mut().unwrap();
        match value {
            Value::Null => owner.remove(name),
            value => owner.insert(name.to_owned(), value),
        };
        check(event.as_object().unwrap())
    }

    #[test]
    fn manual_examples_are_valid() {
        for event in [example(), flight()] {
            assert_eq!(add(event.as_object().unwrap()), Vec::<String>::new());
        }
    }

    /// One line per rule: event, pointer, replacement value, violation.
    #[test]
    fn add_reports_each_violation_once() {
        let missing = "missing";
        for (event, pointer, value, reason) in [
            (example(), "/page", Value::Null, missing),
            (example(), "/product", Value::Null, missing),
            (example(), "/product", json!([]), "an array, expected an object"),
            (example(), "/product/type", json!("Bet"), "\"Bet\", expected upper case"),
            (example(), "/product/item_id", json!(7), "a number, expected text"),
            (example(), "/product/orderedAt", Value::Null, missing),
            (
                example(),
                "/product/orderedAt",
                json!("2025-08-23T16:17Z"),
                "\"2025-08-23T16:17Z\", expected YYYY-MM-DDThh:mm:ss.sssZ",
            ),
            (example(), "/product/quantity", json!("1"), "text, expected a number"),
            (example(), "/product/price", json!("100"), "text, expected a number"),
            (example(), "/product/productId", Value::Null, missing),
            (
                example(),
                "/product/currency",
                json!("EURO"),
                "\"EURO\", expected a currency code of ISO 4217",
            ),
            (example(), "/product/referenceId", json!(""), "empty"),
            (
                example(),
                "/product/colour",
                json!([]),
                "an array, expected text, a boolean or a number",
            ),
            (flight(), "/product/item_id", Value::Null, missing),
            (flight(), "/product/price", json!("100"), "text, expected a number"),
            (
                flight(),
                "/product/origin",
                json!({}),
                "an object, expected text, a boolean or a number",
            ),
        ] {
            let path = pointer.trim_start_matches('/').replace('/', ".");
            assert_eq!(reasons(add, event, pointer, value), [format!("{path}: {reason}")]);
        }
        assert_eq!(
            reasons(add, flight(), "/product/type", json!("SEAT")).len(),
            2,
            "orderedAt and referenceId"
        );
    }

    #[test]
    fn other_events_report_each_violation_once() {
        type Case = (fn(&ObjectRule) -> Vec<String>, &'static str, Value, &'static str);
        let table: [Case; 16] = [
            (add_contacts, "/contact", Value::Null, "contact: missing"),
            (add_contacts, "/contact", json!({}), "contact: an object, expected an array"),
            (
                add_contacts,
                "/contact",
                json!([{ "street": "x" }]),
                "contact[0].street: text, expected an array of text",
            ),
            (
                add_contacts,
                "/contact",
                json!([{ "email": 1 }]),
                "contact[0].email: a number, expected text",
            ),
            (
                add_contacts,
                "/contact",
                json!([{ "identifiers": {} }]),
                "contact[0].identifiers: an object, expected an array",
            ),
            (add_consumers, "/consumer", json!("x"), "consumer: text, expected an array"),
            (
                add_consumers,
                "/consumer",
                json!([{ "item_ids": 1 }]),
                "consumer[0].item_ids: a number, expected an array of text",
            ),
            (confirm, "/product", Value::Null, "product: missing"),
            (
                confirm,
                "/product",
                json!({ "item_id": "A" }),
                "product: an object, expected an array",
            ),
            (confirm, "/product", json!([]), "product: empty, expected at least one"),
            (confirm, "/product", json!([{}]), "product[0].item_id: missing"),
            (confirm, "/product", json!(["A"]), "product[0]: text, expected an object"),
            (checkout, "/status", Value::Null, "status: missing"),
            (
                checkout,
                "/status",
                json!("PAID"),
                "status: \"PAID\", expected one of CHECKOUT's statuses",
            ),
            (checkout, "/reference_id", json!(1), "reference_id: a number, expected text"),
            (super::common, "/pos", Value::Null, "pos: missing"),
        ];
        for (check, pointer, value, reason) in table {
            let mut event = common();
            event["reference_id"] = json!("R");
            event["status"] = json!("PURCHASED");
            assert_eq!(reasons(check, event, pointer, value), [reason]);
        }
        let many = json!([{ "email": "a@example.org", "country_code": "IE", "dob": "1984-06-01T00:00", "more": 1,
            "identifiers": [{ "provider": "email", "id": "a@example.org" }] }, {}]);
        assert_eq!(reasons(add_contacts, common(), "/contact", many.clone()), Vec::<String>::new());
        assert_eq!(reasons(add_consumers, common(), "/consumer", many), Vec::<String>::new());
    }
}
