//! What the manual says about the events IDENTITY and `ORDER_CHECKOUT`, and in `schema/cart.rs` about those that
//! assemble an order: which attributes, which of them required, which form. It answers with every reason why an event
//! breaks that, each as `place: found, expected`.
//!
//! It does not know the tenant (its points of sale, its guests) and does not look at other events. The order and its
//! items are closed lists in the manual, so an attribute that it does not name is a reason too; IDENTITY and the common
//! attributes are open. Called by `message`.

pub(super) mod cart;

use serde_json::{Map, Value};

use super::form::{self, Finding};

type Object = Map<String, Value>;

/// One line of the manual's tables.
#[derive(Clone, Copy)]
struct Attribute {
    name: &'static str,
    is_required: bool,
    form: fn(&Value) -> Finding,
}

const fn required(name: &'static str, check: fn(&Value) -> Finding) -> Attribute {
    Attribute { name, is_required: true, form: check }
}

const fn optional(name: &'static str, check: fn(&Value) -> Finding) -> Attribute {
    Attribute { name, is_required: false, form: check }
}

/// Of every event, beside `type` and `browser_id`, without which the request is refused. Other channels than the three
/// in the manual appear for other APIs of the service, so any in upper case will do.
const COMMON: &[Attribute] = &[
    required("channel", form::upper),
    required("language", form::language),
    required("currency", form::currency),
    required("page", form::filled),
    required("pos", form::filled),
];

const IDENTITY: &[Attribute] = &[
    optional("email", form::text),
    optional("title", form::title),
    optional("firstname", form::text),
    optional("lastname", form::text),
    optional("gender", form::gender),
    optional("dob", form::birth),
    optional("mobile", form::text),
    optional("phone", form::text),
    optional("street", form::texts),
    optional("city", form::text),
    optional("state", form::text),
    optional("postal_code", form::text),
    optional("country", form::country),
];

const IDENTIFIER: &[Attribute] =
    &[required("provider", form::filled), required("id", form::filled), optional("expiry_date", form::text)];

const ORDER: &[Attribute] = &[
    required("referenceId", form::filled),
    required("orderedAt", form::instant),
    required("status", form::upper),
    required("currencyCode", form::currency),
    required("price", form::number),
    required("paymentType", form::filled),
    optional("cardType", form::filled),
];

/// The two states of an item that the manual shows stand in its column of examples, so any in upper case will do.
const ITEM: &[Attribute] = &[
    optional("type", form::item_type),
    optional("referenceId", form::text),
    optional("orderedAt", form::instant),
    optional("status", form::upper),
    optional("currencyCode", form::currency),
    optional("price", form::number),
    optional("name", form::item_name),
    optional("productId", form::text),
    optional("quantity", form::number),
];

const EXTENSION: &[Attribute] = &[required("name", form::ext), required("key", form::default_key)];

/// The objects and arrays inside an order and inside an item.
const ORDER_PARTS: &[&str] = &["extensions", "orderItems"];
const ITEM_PARTS: &[&str] = &["extensions"];

/// The manual's limit, without `name` and `key`.
const MOST_EXTENSION_ATTRIBUTES: usize = 50;

/// Why an IDENTITY would not be processed; empty where nothing is wrong.
pub(super) fn identity(event: &Object) -> Vec<String> {
    let mut reasons = Reasons::common(event);
    reasons.attributes("", event, IDENTITY);
    match event.get("identifiers") {
        Some(identifiers) => reasons.identifiers("identifiers", identifiers),
        None => reasons.add("identifiers", "missing"),
    }
    reasons.0
}

/// Why an `ORDER_CHECKOUT` would not be processed; empty where nothing is wrong.
pub(super) fn order_checkout(event: &Object) -> Vec<String> {
    let mut reasons = Reasons::common(event);
    match event.get("order") {
        Some(Value::Object(order)) => reasons.order(order),
        Some(other) => reasons.wrong_type("order", other, "an object"),
        None => reasons.add("order", "missing"),
    }
    reasons.0
}

#[derive(Default)]
struct Reasons(Vec<String>);

impl Reasons {
    fn common(event: &Object) -> Self {
        let mut reasons = Self::default();
        reasons.attributes("", event, COMMON);
        reasons
    }

    fn identifiers(&mut self, at: &str, identifiers: &Value) {
        for (at, identifier) in self.some_objects(at, identifiers) {
            self.attributes(&at, identifier, IDENTIFIER);
            self.undocumented(&at, identifier, IDENTIFIER, &[]);
        }
    }

    fn order(&mut self, order: &Object) {
        self.attributes("order", order, ORDER);
        self.undocumented("order", order, ORDER, ORDER_PARTS);
        self.card_type(order);
        self.extensions("order", order);
        let Some(items) = order.get("orderItems") else {
            return;
        };
        for (at, item) in self.objects("order.orderItems", items) {
            self.item(&at, item);
        }
    }

    fn item(&mut self, at: &str, item: &Object) {
        self.attributes(at, item, ITEM);
        self.undocumented(at, item, ITEM, ITEM_PARTS);
        self.extensions(at, item);
    }

    /// "Required if paymentType is Card".
    fn card_type(&mut self, order: &Object) {
        let is_card = order.get("paymentType").and_then(Value::as_str) == Some("Card");
        if is_card && !order.contains_key("cardType") {
            self.add("order.cardType", "missing, expected since paymentType is Card");
        }
    }

    /// An array of at most one object: every extension has the same name and key.
    fn extensions(&mut self, owner: &str, object: &Object) {
        let Some(extensions) = object.get("extensions") else {
            return;
        };
        let at = join(owner, "extensions");
        if extensions.as_array().is_some_and(|all| all.len() > 1) {
            self.add(&at, "more than one, expected one");
        }
        for (at, extension) in self.objects(&at, extensions) {
            self.extension(&at, extension);
        }
    }

    fn extension(&mut self, at: &str, extension: &Object) {
        self.attributes(at, extension, EXTENSION);
        let is_own = |name: &&String| EXTENSION.iter().all(|known| known.name != **name);
        let n_attributes = extension.keys().filter(is_own).count();
        if n_attributes > MOST_EXTENSION_ATTRIBUTES {
            self.add(at, format!("{n_attributes} attributes, expected at most {MOST_EXTENSION_ATTRIBUTES}"));
        }
        for (name, value) in extension.iter().filter(|(name, _)| is_own(name)) {
            self.extension_attribute(&join(at, name), name, value);
        }
    }

    fn extension_attribute(&mut self, at: &str, name: &str, value: &Value) {
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            self.add(at, "expected a name of letters and digits only");
        }
        self.finding(at, form::flat(value));
    }

    /// Holds an object against a table.
    fn attributes(&mut self, at: &str, object: &Object, table: &[Attribute]) {
        for attribute in table {
            match object.get(attribute.name) {
                Some(value) => self.finding(&join(at, attribute.name), (attribute.form)(value)),
                None if attribute.is_required => self.add(&join(at, attribute.name), "missing"),
                None => {}
            }
        }
    }

    /// A misspelt optional attribute would otherwise be lost without a word.
    fn undocumented(&mut self, at: &str, object: &Object, table: &[Attribute], parts: &[&str]) {
        for name in object.keys() {
            let is_known = parts.contains(&name.as_str()) || table.iter().any(|known| known.name == name);
            if !is_known {
                self.add(&join(at, name), "not an attribute that the manual names");
            }
        }
    }

    /// The objects of an array, each with its place; whatever else is there is a reason.
    fn objects<'a>(&mut self, at: &str, value: &'a Value) -> Vec<(String, &'a Object)> {
        let Value::Array(elements) = value else {
            self.wrong_type(at, value, "an array");
            return Vec::new();
        };
        let mut objects = Vec::with_capacity(elements.len());
        for (index, element) in elements.iter().enumerate() {
            let at = format!("{at}[{index}]");
            match element {
                Value::Object(object) => objects.push((at, object)),
                other => self.wrong_type(&at, other, "an object"),
            }
        }
        objects
    }

    /// The same of an array that says nothing when it is empty.
    fn some_objects<'a>(&mut self, at: &str, value: &'a Value) -> Vec<(String, &'a Object)> {
        if value.as_array().is_some_and(Vec::is_empty) {
            self.add(at, "empty, expected at least one");
        }
        self.objects(at, value)
    }

    fn finding(&mut self, at: &str, finding: Finding) {
        if let Err(what) = finding {
            self.add(at, what);
        }
    }

    fn wrong_type(&mut self, at: &str, found: &Value, expected: &str) {
        self.add(at, format!("{}, expected {expected}", form::json_type(found)));
    }

    fn add(&mut self, at: &str, what: impl std::fmt::Display) {
        self.0.push(format!("{at}: {what}"));
    }
}

fn join(at: &str, name: &str) -> String {
    match at {
        "" => name.to_owned(),
        owner => format!("{owner}.{name}"),
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

    /// The event with the value at `pointer` replaced, or taken away where there is none.
    fn with(mut event: Value, pointer: &str, value: Option<Value>) -> Object {
        let (owner, name) = pointer.rsplit_once('/').unwrap();
        let owner = event.pointer_mut(owner).unwrap().as_object_mut().unwrap();
        match value {
            Some(value) => owner.insert(name.to_owned(), value),
            None => owner.remove(name),
        };
        event.as_object().unwrap().clone()
    }

    #[test]
    fn the_examples_are_without_fault() {
        assert_eq!(order_checkout(example().as_object().unwrap()), Vec::<String>::new());
        assert_eq!(identity(guest().as_object().unwrap()), Vec::<String>::new());
    }

    /// One line per rule: where, what stands there instead, and the reason.
    #[test]
    fn each_broken_rule_is_one_reason() {
        let many: Object = (0..53).map(|n| (format!("a{n}"), json!(n))).collect();
        let extended = |name: &str, value: Value| Some(json!([{ "name": "ext", "key": "default", name: value }]));
        for (pointer, value, reason) in [
            ("/channel", None, "channel: missing"),
            ("/channel", Some(json!("web")), "channel: \"web\", expected upper case"),
            ("/language", Some(json!("en")), "language: \"en\", expected two upper-case letters"),
            ("/currency", Some(json!("EURO")), "currency: \"EURO\", expected a currency code of ISO 4217"),
            ("/page", Some(json!("")), "page: empty"),
            ("/pos", None, "pos: missing"),
            ("/order", None, "order: missing"),
            ("/order", Some(json!([])), "order: an array, expected an object"),
            ("/order/referenceId", Some(json!(123_456)), "order.referenceId: a number, expected text"),
            (
                "/order/orderedAt",
                Some(json!("2025-08-23")),
                "order.orderedAt: \"2025-08-23\", expected YYYY-MM-DDThh:mm:ss.sssZ",
            ),
            ("/order/status", Some(json!("Purchased")), "order.status: \"Purchased\", expected upper case"),
            ("/order/price", Some(json!("200")), "order.price: text, expected a number"),
            ("/order/price", None, "order.price: missing"),
            ("/order/paymentType", None, "order.paymentType: missing"),
            ("/order/cardType", None, "order.cardType: missing, expected since paymentType is Card"),
            ("/order/cardType", Some(json!(null)), "order.cardType: null, expected text"),
            ("/order/currencycode", Some(json!("EUR")), "order.currencycode: not an attribute that the manual names"),
            ("/order/orderItems", Some(json!({})), "order.orderItems: an object, expected an array"),
            ("/order/orderItems", Some(json!([1])), "order.orderItems[0]: a number, expected an object"),
            (
                "/order/orderItems/0/type",
                Some(json!("HOTEL")),
                "order.orderItems[0].type: \"HOTEL\", expected a type that ORDER_CHECKOUT supports",
            ),
            ("/order/orderItems/0/quantity", Some(json!("1")), "order.orderItems[0].quantity: text, expected a number"),
            (
                "/order/orderItems/0/extensions",
                Some(json!({})),
                "order.orderItems[0].extensions: an object, expected an array",
            ),
            (
                "/order/extensions",
                Some(json!([{ "name": "ext", "key": "default" }, { "name": "ext", "key": "default" }])),
                "order.extensions: more than one, expected one",
            ),
            ("/order/extensions", Some(json!([{ "name": "ext" }])), "order.extensions[0].key: missing"),
            (
                "/order/extensions",
                Some(json!([{ "name": "own", "key": "default" }])),
                "order.extensions[0].name: \"own\", expected \"ext\"",
            ),
            (
                "/order/extensions",
                extended("gift wrap", json!(1)),
                "order.extensions[0].gift wrap: expected a name of letters and digits only",
            ),
            (
                "/order/extensions",
                extended("gift", json!(null)),
                "order.extensions[0].gift: null, expected text, a boolean or a number",
            ),
            (
                "/order/extensions",
                extended("gift", json!({})),
                "order.extensions[0].gift: an object, expected text, a boolean or a number",
            ),
        ] {
            assert_eq!(order_checkout(&with(example(), pointer, value)), [reason]);
        }
        let mut wide = many;
        wide.insert("name".to_owned(), json!("ext"));
        wide.insert("key".to_owned(), json!("default"));
        assert_eq!(
            order_checkout(&with(example(), "/order/extensions", Some(json!([wide])))),
            ["order.extensions[0]: 53 attributes, expected at most 50"]
        );
    }

    #[test]
    fn each_broken_rule_of_identity_is_one_reason() {
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
    fn all_reasons_are_collected() {
        assert_eq!(
            identity(&Object::new()),
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
