//! Schema of IDENTITY and `ORDER_CHECKOUT`.
//!
//! It does not look at other events. Called by `message`.

// In the manual, order and items are closed lists, so an undocumented attribute there is a
// violation. IDENTITY and the common attributes are open lists.

use serde_json::Value;

use super::super::format_rules;
use super::check::{AttributeRule, ObjectRule, SchemaErrors, join, optional, required};

const IDENTITY: &[AttributeRule] = &[
    optional("email", format_rules::text),
    optional("title", format_rules::title),
    optional("firstname", format_rules::text),
    optional("lastname", format_rules::text),
    optional("gender", format_rules::gender),
    optional("dob", format_rules::date_of_birth),
    optional("mobile", format_rules::text),
    optional("phone", format_rules::text),
    optional("street", format_rules::text_array),
    optional("city", format_rules::text),
    optional("state", format_rules::text),
    optional("postal_code", format_rules::text),
    optional("country", format_rules::country),
];

const ORDER: &[AttributeRule] = &[
    required("referenceId", format_rules::non_empty),
    required("orderedAt", format_rules::instant),
    required("status", format_rules::upper_case),
    required("currencyCode", format_rules::currency),
    required("price", format_rules::number),
    required("paymentType", format_rules::non_empty),
    optional("cardType", format_rules::non_empty),
];

// The manual shows two item statuses, in its column of examples only. So any value in upper case is
// valid.
const ITEM: &[AttributeRule] = &[
    optional("type", format_rules::item_type),
    optional("referenceId", format_rules::text),
    optional("orderedAt", format_rules::instant),
    optional("status", format_rules::upper_case),
    optional("currencyCode", format_rules::currency),
    optional("price", format_rules::number),
    optional("name", format_rules::item_name),
    optional("productId", format_rules::text),
    optional("quantity", format_rules::number),
];

const EXTENSION: &[AttributeRule] =
    &[required("name", format_rules::ext), required("key", format_rules::default_key)];

/// The attributes of an order and an item whose values are arrays of objects.
const ORDER_PARTS: &[&str] = &["extensions", "orderItems"];
const ITEM_PARTS: &[&str] = &["extensions"];

/// The manual's limit; `name` and `key` are not counted.
const MAX_EXTENSION_ATTRIBUTES: usize = 50;

/// The violations of an IDENTITY; empty if it is valid.
pub(in crate::sandbox) fn identity(event: &ObjectRule) -> Vec<String> {
    let mut reasons = SchemaErrors::common(event);
    reasons.check_attributes("", event, IDENTITY);
    match event.get("identifiers") {
        Some(identifiers) => reasons.identifiers("identifiers", identifiers),
        None => reasons.push("identifiers", "missing"),
    }
    reasons.0
}

/// The violations of an `ORDER_CHECKOUT`; empty if it is valid.
pub(in crate::sandbox) fn order_checkout(event: &ObjectRule) -> Vec<String> {
    let mut reasons = SchemaErrors::common(event);
    match event.get("order") {
        Some(Value::Object(order)) => reasons.order(order),
        Some(other) => reasons.wrong_type("order", other, "an object"),
        None => reasons.push("order", "missing"),
    }
    reasons.0
}

impl SchemaErrors {
    fn order(&mut self, order: &ObjectRule) {
        self.check_attributes("order", order, ORDER);
        self.check_undocumented("order", order, ORDER, ORDER_PARTS);
        self.card_type(order);
        self.extensions("order", order);
        let Some(items) = order.get("orderItems") else {
            return;
        };
        for (at, item) in self.objects("order.orderItems", items) {
            self.item(&at, item);
        }
    }

    fn item(&mut self, at: &str, item: &ObjectRule) {
        self.check_attributes(at, item, ITEM);
        self.check_undocumented(at, item, ITEM, ITEM_PARTS);
        self.extensions(at, item);
    }

    // The manual on cardType: "Required if paymentType is Card".
    fn card_type(&mut self, order: &ObjectRule) {
        let is_card = order.get("paymentType").and_then(Value::as_str) == Some("Card");
        if is_card && !order.contains_key("cardType") {
            self.push("order.cardType", "missing, expected because paymentType is Card");
        }
    }

    // At most one object per array: every extension has the same name and key.
    fn extensions(&mut self, owner: &str, object: &ObjectRule) {
        let Some(extensions) = object.get("extensions") else {
            return;
        };
        let at = join(owner, "extensions");
        if extensions.as_array().is_some_and(|all| all.len() > 1) {
            self.push(&at, "more than one, expected one");
        }
        for (at, extension) in self.objects(&at, extensions) {
            self.extension(&at, extension);
        }
    }

    fn extension(&mut self, at: &str, extension: &ObjectRule) {
        self.check_attributes(at, extension, EXTENSION);
        let is_own = |name: &&String| EXTENSION.iter().all(|known| known.name != **name);
        let n_attributes = extension.keys().filter(is_own).count();
        if n_attributes > MAX_EXTENSION_ATTRIBUTES {
            self.push(
                at,
                format!("{n_attributes} attributes, expected at most {MAX_EXTENSION_ATTRIBUTES}"),
            );
        }
        for (name, value) in extension.iter().filter(|(name, _)| is_own(name)) {
            self.extension_attribute(&join(at, name), name, value);
        }
    }

    fn extension_attribute(&mut self, at: &str, name: &str, value: &Value) {
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            self.push(at, "expected a name of letters and digits only");
        }
        self.push_result(at, format_rules::scalar(value));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The manual's own example of an `ORDER_CHECKOUT`.
    fn example() -> Value {
        json!({
            "type": "ORDER_CHECKOUT", "channel": "WEB", "pos": "myretailsite/ireland",
            "browser_id": "a38b230c-11eb-4cf9-8d5d-274e9f344925", "language": "EN", "currency": "EUR",
            "page": "checkout page",
            "order": {
                "referenceId": "123456", "orderedAt": "2025-08-23T16:17:16.000Z", "status": "PURCHASED",
                "currencyCode": "EUR", "price": 200, "paymentType": "Card", "cardType": "Visa",
                "extensions": [{ "name": "ext", "key": "default", "refundable": true }],
                "orderItems": [{
                    "type": "MOBILE_PHONE", "referenceId": "REF-123", "orderedAt": "2025-08-23T16:17:16.000Z",
                    "status": "PURCHASED", "currencyCode": "EUR", "price": 200, "name": "Mobile phone of type x",
                    "productId": "MOBILE_PHONE_TYPE_X", "quantity": 1,
                    "extensions": [{ "name": "ext", "key": "default", "phoneColor": "Gold", "insurance": false }],
                }],
            },
        })
    }

    fn guest() -> Value {
        json!({
            "type": "IDENTITY", "channel": "WEB", "pos": "p", "browser_id": "b", "language": "EN", "currency": "EUR",
            "page": "home", "email": "a@example.org", "title": "Ms", "gender": "female", "dob": "1984-06-01T00:00",
            "street": ["1 Main St"], "country": "IE", "identifiers": [{ "provider": "CRM", "id": "1" }],
        })
    }

    /// The event with the value at `pointer` replaced, or removed if `value` is `None`.
    fn with(mut event: Value, pointer: &str, value: Option<Value>) -> ObjectRule {
        let (owner, name) = pointer.rsplit_once('/').unwrap();
        let owner = event.pointer_mut(owner).unwrap().as_object_mut().unwrap();
        match value {
            Some(value) => owner.insert(name.to_owned(), value),
            None => owner.remove(name),
        };
        event.as_object().unwrap().clone()
    }

    #[test]
    fn manual_examples_are_valid() {
        assert_eq!(order_checkout(example().as_object().unwrap()), Vec::<String>::new());
        assert_eq!(identity(guest().as_object().unwrap()), Vec::<String>::new());
    }

    /// One line per rule: pointer, replacement value, violation.
    #[test]
    fn order_checkout_reports_each_violation_once() {
        for (pointer, value, reason) in [
            ("/channel", None, "channel: missing"),
            ("/channel", Some(json!("web")), "channel: \"web\", expected upper case"),
            ("/language", Some(json!("en")), "language: \"en\", expected two upper-case letters"),
            (
                "/currency",
                Some(json!("EURO")),
                "currency: \"EURO\", expected a currency code of ISO 4217",
            ),
            ("/page", Some(json!("")), "page: empty"),
            ("/pos", None, "pos: missing"),
            ("/order", None, "order: missing"),
            ("/order", Some(json!([])), "order: an array, expected an object"),
            (
                "/order/referenceId",
                Some(json!(123_456)),
                "order.referenceId: a number, expected text",
            ),
            (
                "/order/orderedAt",
                Some(json!("2025-08-23")),
                "order.orderedAt: \"2025-08-23\", expected YYYY-MM-DDThh:mm:ss.sssZ",
            ),
            (
                "/order/status",
                Some(json!("Purchased")),
                "order.status: \"Purchased\", expected upper case",
            ),
            ("/order/price", Some(json!("200")), "order.price: text, expected a number"),
            ("/order/price", None, "order.price: missing"),
            ("/order/paymentType", None, "order.paymentType: missing"),
            (
                "/order/cardType",
                None,
                "order.cardType: missing, expected because paymentType is Card",
            ),
            ("/order/cardType", Some(json!(null)), "order.cardType: null, expected text"),
            (
                "/order/currencycode",
                Some(json!("EUR")),
                "order.currencycode: undocumented attribute",
            ),
            (
                "/order/orderItems",
                Some(json!({})),
                "order.orderItems: an object, expected an array",
            ),
            (
                "/order/orderItems",
                Some(json!([1])),
                "order.orderItems[0]: a number, expected an object",
            ),
            (
                "/order/orderItems/0/type",
                Some(json!("HOTEL")),
                "order.orderItems[0].type: \"HOTEL\", expected a type that ORDER_CHECKOUT supports",
            ),
            (
                "/order/orderItems/0/quantity",
                Some(json!("1")),
                "order.orderItems[0].quantity: text, expected a number",
            ),
            (
                "/order/orderItems/0/extensions",
                Some(json!({})),
                "order.orderItems[0].extensions: an object, expected an array",
            ),
        ] {
            assert_eq!(order_checkout(&with(example(), pointer, value)), [reason]);
        }
    }

    #[test]
    fn order_checkout_reports_each_violation_of_extensions_once() {
        let extended = |name: &str, value: Value| {
            Some(json!([{ "name": "ext", "key": "default", name: value }]))
        };
        for (extensions, reason) in [
            (
                Some(
                    json!([{ "name": "ext", "key": "default" }, { "name": "ext", "key": "default" }]),
                ),
                "order.extensions: more than one, expected one",
            ),
            (Some(json!([{ "name": "ext" }])), "order.extensions[0].key: missing"),
            (
                Some(json!([{ "name": "own", "key": "default" }])),
                "order.extensions[0].name: \"own\", expected \"ext\"",
            ),
            (
                extended("gift wrap", json!(1)),
                "order.extensions[0].gift wrap: expected a name of letters and digits only",
            ),
            (
                extended("gift", json!(null)),
                "order.extensions[0].gift: null, expected text, a boolean or a number",
            ),
            (
                extended("gift", json!({})),
                "order.extensions[0].gift: an object, expected text, a boolean or a number",
            ),
        ] {
            assert_eq!(order_checkout(&with(example(), "/order/extensions", extensions)), [reason]);
        }
    }

    #[test]
    fn order_checkout_limits_extension_attributes() {
        let mut wide: ObjectRule = (0..53).map(|n| (format!("a{n}"), json!(n))).collect();
        wide.insert("name".to_owned(), json!("ext"));
        wide.insert("key".to_owned(), json!("default"));
        assert_eq!(
            order_checkout(&with(example(), "/order/extensions", Some(json!([wide])))),
            ["order.extensions[0]: 53 attributes, expected at most 50"]
        );
    }

    #[test]
    fn identity_reports_each_violation_once() {
        for (pointer, value, reason) in [
            ("/identifiers", None, "identifiers: missing"),
            ("/identifiers", Some(json!([])), "identifiers: empty, expected at least one"),
            (
                "/identifiers",
                Some(json!({ "provider": "CRM", "id": "1" })),
                "identifiers: an object, expected an array",
            ),
            ("/identifiers", Some(json!([{ "provider": "CRM" }])), "identifiers[0].id: missing"),
            (
                "/identifiers",
                Some(json!([{ "provider": "CRM", "id": 1 }])),
                "identifiers[0].id: a number, expected text",
            ),
            ("/email", Some(json!(null)), "email: null, expected text"),
            ("/dob", Some(json!("1984-06-01")), "dob: \"1984-06-01\", expected YYYY-MM-DDThh:mm"),
            ("/street", Some(json!("1 Main St")), "street: text, expected an array of text"),
            ("/language", None, "language: missing"),
        ] {
            assert_eq!(identity(&with(guest(), pointer, value)), [reason]);
        }
    }

    #[test]
    fn all_violations_are_collected() {
        assert_eq!(
            identity(&ObjectRule::new()),
            [
                "channel: missing",
                "language: missing",
                "currency: missing",
                "page: missing",
                "pos: missing",
                "identifiers: missing"
            ]
        );
    }
}
