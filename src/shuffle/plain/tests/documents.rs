//! The same for documents: those of the samples and others, with anything in the place of any
//! value.

use serde_json::{Map, Value, json};

use super::*;

/// A document of the canonical profile, with every kind of value that is plain.
fn canonical_document() -> Value {
    json!({
        "referenceId": "A-1",
        "orderedAt": "2025-01-01T16:17:16Z",
        "status": "PURCHASED",
        "currencyCode": "EUR",
        "price": "#40.00",
        "paymentType": "Card",
        "cardType": "Visa",
        "extensions": [{"name": "ext", "key": "default", "gift": true, "weight": 1.5, "note": "Tée"}],
        "orderItems": [
            {"type": "PRODUCT", "price": "#10.00", "quantity": 2, "name": "Tée", "ext": {"n": 5}},
            {"type": "TENT", "price": 20, "quantity": 1, "orderedAt": "2025-01-01T16:17:16Z"},
        ],
        "guest": {
            "email": "ann@example.com",
            "firstname": "Änn",
            "country": "IE",
            "dob": "1990-02-03",
            "street": ["1 Main St", "Flat 2"],
            "identifiers": [
                {"provider": "crm", "id": "17"},
                {"provider": "email", "id": "b@example.com"},
            ],
        },
        "event": {"channel": "WEB", "language": "EN"},
    })
}

/// The event that is the same order.
fn event_of(document: &Value) -> Value {
    let mut order = document.as_object().unwrap().clone();
    let mut event = Map::from_iter([("type".to_owned(), json!("ORDER_CHECKOUT"))]);
    event.extend(order.remove("guest").map(|guest| ("guest".to_owned(), guest)));
    if let Some(Value::Object(attributes)) = order.remove("event") {
        event.extend(attributes);
    }
    event.insert("order".to_owned(), Value::Object(order));
    Value::Object(event)
}

const SHOP_PROFILE: &str = r##"
name = "shop"
format = "ndjson"
items = "cart.lines"
contacts = "people"
decimal = ","
nulls = ["n/a"]
checkout_events = true
ignore_rows = [{ path = "kind", is = "ignored" }]
item_rows = { path = "line", is_not = "shipping" }
[[skip]]
reason = "large order"
when = { path = "amount", greater = 1000 }
[order]
referenceId = { path = "nr", strip_prefix = "#" }
orderedAt = { path = "date", date = "%d.%m.%Y %H:%M", zone = "Europe/Berlin" }
currencyCode = { path = "cart.currency", default = "EUR" }
price = { path = ["cart.total", "sum"] }
paymentType = { path = "payment", values = { card = "Card" }, other = "other", default = "voucher" }
cardType = { value = "Visa" }
[order.status]
path = "state"
values = { paid = "PURCHASED", open = "PAYMENT_PENDING", void = { skip = "voided" } }
[order.ext]
gift = { path = "wrapping", type = "boolean", default = "false" }
"*" = { path = ["extra", "x_*"], empty = ["none"], default = "no" }
[item]
type = { value = "PRODUCT" }
name = { path = "name" }
price = { path = "each" }
quantity = { path = "pieces", default = "2" }
[item.ext]
"*" = { path = "x_*" }
[guest]
email = { path = "customer.mail.0", strip_prefix = "mailto:" }
phone = { path = "customer.phone", kind = "phone", country = "GB" }
[guest.id]
crm = { path = "customer.nr", strip_suffix = ".0" }
"*" = { path = "customer.ids" }
[contact]
email = { path = "mail" }
"##;

fn shop_document() -> Value {
    json!({
        "nr": "#1001",
        "date": "15.01.2025 16:17",
        "state": "paid",
        "kind": "web",
        "amount": 20,
        "payment": "card",
        "cart": {
            "total": "40,00",
            "lines": [
                {"line": "item", "name": "Mug", "each": "10,00", "pieces": 2, "x_colour": "red"},
                {"line": "item", "name": "Tee", "each": 10, "x_size": 5, "x_fit": "n/a"},
            ],
        },
        "extra": {"note": "n/a", "points": 40, "tag": "none"},
        "x_a": true,
        "customer": {
            "mail": ["mailto:ann@example.com"],
            "phone": "020 7946 0018",
            "nr": 17,
            "ids": {"web": "w-17"},
        },
        "people": [],
    })
}

/// Values that may be anywhere.
fn any_value() -> impl Strategy<Value = Value> {
    let single = prop::sample::select(vec![
        json!(null),
        json!(true),
        json!(0),
        json!(5),
        json!(-1),
        json!(12.345),
        json!("#40.0"),
        json!("#1.2e3"),
        json!("#12e17"),
        json!(""),
        json!(" "),
        json!(" EUR "),
        json!("n/a"),
        json!("40.00"),
        json!("1.234"),
        json!("A\u{200b}1"),
        json!("e\u{301}"),
        json!("1.2E+15"),
        json!("17.0"),
        json!("guest"),
        json!("PAYMENT_PENDING"),
        json!("REFUNDED"),
        json!("USD"),
        json!("true"),
        json!("2031-01-01T00:00:00Z"),
        json!("30.03.2025 02:30"),
        json!("yesterday"),
        json!("Ann@Example.com"),
        json!("no-reply@x.example"),
        json!("void"),
        json!("shipping"),
        json!("ignored"),
        json!("ORDER_CREATED"),
    ]);
    let nested = prop::sample::select(vec![
        json!([]),
        json!({}),
        json!(["1 Main St", "Flat 2"]),
        json!([["x"]]),
        json!({"0": {"type": "PRODUCT"}}),
        json!([{"name": "ext", "key": "default", "gift": false, "n": 1}]),
        json!([{"name": "ext", "a": 1}, {"b": 2}]),
        json!({"gift": 1, "a.b": 2, "name": "ext", "a:integer": "5", "a": 5}),
        json!([{"provider": "crm", "id": 18}, {"provider": "crm", "id": "19"}]),
        json!([{"provider": "web", "id": "18", "expiry_date": "2027-01-01T00:00:00Z"}]),
        json!({"provider": "crm", "id": "x", "expiry_date": ""}),
        json!({"crm": "20", "email": "c@example.com"}),
        json!([{"email": "d@example.com"}]),
    ]);
    prop_oneof![3 => single, 2 => nested]
}

/// Names that a document may have anywhere.
const NAMES: [&str; 24] = [
    "ext",
    "ext.gift",
    "extensions",
    "guest",
    "guest.id",
    "guest.email",
    "guest.id.crm",
    "id",
    "identifiers",
    "contacts",
    "consumers",
    "product",
    "order",
    "type",
    "gift",
    "gift:integer",
    "event.channel",
    "unknown",
    "expiry_date",
    "0",
    "x_b",
    "cart.total",
    "sum",
    "price",
];

/// A change at the n-th of the document's values, counted in their order.
#[derive(Debug, Clone)]
enum Change {
    Replace(Value),
    Remove,
    Add(&'static str, Value),
    Repeat,
}

fn any_change() -> impl Strategy<Value = (usize, Change)> {
    let change = prop_oneof![
        4 => any_value().prop_map(Change::Replace),
        1 => Just(Change::Remove),
        2 => (prop::sample::select(NAMES.to_vec()), any_value())
            .prop_map(|(name, value)| Change::Add(name, value)),
        1 => Just(Change::Repeat),
    ];
    (0..60_usize, change)
}

/// Makes a change at a value, if it is there. `n` counts down to it.
fn change(value: &mut Value, n: &mut usize, change_to: &Change) {
    let is_here = |n: &mut usize| {
        let is_here = *n == 0;
        *n = n.wrapping_sub(1);
        is_here
    };
    if is_here(n) {
        match (change_to, value) {
            (Change::Replace(with), value) => *value = with.clone(),
            (Change::Add(name, added), Value::Object(members)) => {
                members.insert((*name).to_owned(), added.clone());
            }
            (Change::Repeat, Value::Array(elements)) => {
                elements.extend_from_within(..elements.len().min(1));
            }
            (Change::Remove, Value::Object(members)) => members.clear(),
            (Change::Remove, Value::Array(elements)) => drop(elements.pop()),
            (_, value) => *value = Value::Null,
        }
        return;
    }
    match value {
        Value::Object(members) => {
            for member in members.values_mut() {
                change(member, n, change_to);
            }
        }
        Value::Array(elements) => {
            for element in elements {
                change(element, n, change_to);
            }
        }
        _ => {}
    }
}

/// A file of a document as it is and with these changes.
fn file_of(document: &Value, changes: &[(usize, Change)]) -> String {
    let mut other = document.clone();
    for (mut at, change_to) in changes.iter().cloned() {
        change(&mut other, &mut at, &change_to);
    }
    let other = if other.is_object() { other } else { json!({"none": other}) };
    line(document) + &line(&other)
}

/// A document as it is in a file: a text such as `#1e2` is the number with these digits.
fn line(document: &Value) -> String {
    let text = document.to_string();
    let mut parts = text.split("\"#");
    let mut line = parts.next().unwrap().to_owned();
    for part in parts {
        match part.split_once('"').unwrap() {
            (order @ "1001", rest) => line.extend(["\"#", order, "\"", rest]),
            (digits, rest) => line.extend([digits, rest]),
        }
    }
    line + "\n"
}

fn any_changes() -> impl Strategy<Value = Vec<(usize, Change)>> {
    prop::collection::vec(any_change(), 0..4)
}

fn documents(text: &str) -> Vec<Value> {
    text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
}

/// Later than the orders of the samples.
fn settings_of_samples() -> TestSettings {
    TestSettings { now: "2026-12-01T00:00:00Z".parse().unwrap(), ..settings() }
}

#[test]
fn sample_documents_are_the_same_on_both_paths() {
    let settings = settings_of_samples();
    let canonical = Profile::built_in("canonical").unwrap();
    let (n_plain, n_orders) = compare(&canonical, &sample("orders.ndjson"), &settings);
    assert!(n_plain * 10 > n_orders * 8, "{n_plain} of {n_orders}");
    let ecommerce = sample_profile("ecommerce");
    let (n_plain, n_orders) = compare(&ecommerce, &sample("exports/ecommerce.ndjson"), &settings);
    assert!(n_plain * 2 > n_orders, "{n_plain} of {n_orders}");
}

/// Otherwise the fast path would be of no use.
#[test]
fn typical_documents_are_plain() {
    let canonical = Profile::built_in("canonical").unwrap();
    let shop = Profile::parse("shop", SHOP_PROFILE).unwrap();
    let (document, shop_document) = (canonical_document(), shop_document());
    let event = event_of(&document);
    for (profile, document) in
        [(&canonical, &document), (&canonical, &event), (&shop, &shop_document)]
    {
        let text = file_of(document, &[]);
        // Whether day and month may be exchanged is open until the first date shows it.
        let n_open = usize::from(profile.name == "shop");
        assert_eq!(compare(profile, &text, &settings()), (2 - n_open, 2), "{text}");
    }
}

/// The elements of several arrays are read in the same order; arrays that are walked need drafts.
#[test]
fn items_of_several_arrays_are_the_same_on_both_paths() {
    let mut document = shop_document();
    let lines = document["cart"]["lines"].clone();
    document["cart"]["lines"] = json!([lines[0]]);
    document["gifts"] = json!([lines[1]]);
    let shop = |items: &str| {
        let text = SHOP_PROFILE.replace("\"cart.lines\"", items);
        Profile::parse("shop", &text).unwrap()
    };
    let several = shop("['gifts[]', 'cart.lines']");
    let (n_plain, n_orders) = compare(&several, &file_of(&document, &[]), &settings());
    assert!(n_plain > 0 && n_orders == 2, "{n_plain}");
    for items in ["['gifts', 'parcels[].lines']", "'cart.lines[line=item]'"] {
        let profile = shop(items);
        let mapper = FileMapper::bind(&profile, None, "orders.ndjson").unwrap();
        assert!(mapper.plain_rows().is_none(), "{items}");
    }
}

#[test]
fn documents_of_several_lines_are_not_plain() {
    let keys = "name = 'p'\nparent = { path = 'of', to = 'id' }\norder.referenceId.path = 'id'";
    let profile = Profile::parse("p", keys).unwrap();
    let mapper = FileMapper::bind(&profile, None, "orders.ndjson").unwrap();
    assert!(mapper.plain_rows().is_none());
}

proptest! {
    #[test]
    fn canonical_documents_are_the_same_on_both_paths(
        is_event in any::<bool>(),
        changes in any_changes(),
        settings in any_settings(),
    ) {
        let profile = Profile::built_in("canonical").unwrap();
        let document = canonical_document();
        let document = if is_event { event_of(&document) } else { document };
        compare(&profile, &file_of(&document, &changes), &settings);
    }

    #[test]
    fn converted_documents_are_the_same_on_both_paths(
        changes in any_changes(),
        settings in any_settings(),
    ) {
        let profile = Profile::parse("shop", SHOP_PROFILE).unwrap();
        compare(&profile, &file_of(&shop_document(), &changes), &settings);
    }

    #[test]
    fn changed_sample_documents_are_the_same_on_both_paths(
        index in any::<prop::sample::Index>(),
        is_canonical in any::<bool>(),
        changes in any_changes(),
    ) {
        let (profile, documents) = if is_canonical {
            (Profile::built_in("canonical").unwrap(), documents(&sample("orders.ndjson")))
        } else {
            (sample_profile("ecommerce"), documents(&sample("exports/ecommerce.ndjson")))
        };
        let text = file_of(index.get(&documents), &changes);
        compare(&profile, &text, &settings_of_samples());
    }
}
