//! Content hash and deduplication hash of an order, by which the ledger recognises it.
//!
//! Content is the `order` object with numbers by value and items sorted. The common attributes,
//! the guest, the mode and the profile are not part of it, so a change there does not change the
//! order. Further product attributes are part of it only if the order is assembled from several
//! events, since only those carry them. Called by `pipeline`.

use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::event_json::{AttributeMap, ItemObject, OrderObject, to_json};
use crate::model::{
    money::Amount,
    order::{ExtensionValue, Item, Order},
    planned::{ContentHash, DedupHash},
    route::Route,
};

/// Returns the hash by which the ledger decides whether an order still has the content that was
/// accepted.
#[must_use]
pub fn content_hash(order: &Order<'_>) -> ContentHash {
    let order = normalize_numbers(order);
    let mut object = OrderObject::of(&order);
    let objects = std::mem::take(&mut object.order_items);
    let mut items: Vec<String> = objects
        .iter()
        .zip(&order.items)
        .map(|(object, item)| item_text(object, item, order.route))
        .collect();
    // The order of the items is not content: an export may list them in any order.
    items.sort_unstable();
    let mut hasher = blake3::Hasher::new();
    hasher.update(to_json(&object).as_bytes());
    for item in items {
        hasher.update(b"\n");
        hasher.update(item.as_bytes());
    }
    let mut hash = [0; 16];
    hash.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    ContentHash(hash)
}

/// Returns the hash by which the ledger finds an order that was sent under another reference. It
/// covers the guest, the time, the items and the amounts, and nothing that may be derived from the
/// reference.
#[must_use]
pub fn dedup_hash(order: &Order<'_>) -> DedupHash {
    let order = normalize_numbers(order);
    let amount =
        |amount: Option<Amount>| amount.map_or_else(String::new, |amount| amount.to_string());
    let item = |item: &Item<'_>| {
        let name = item.product_id.as_deref().or(item.name.as_deref()).unwrap_or_default();
        format!("{name}\n{}\n{}", amount(item.quantity), amount(item.price))
    };
    let mut items: Vec<String> = order.items.iter().map(item).collect();
    items.sort_unstable();
    let guest = order.guest.key();
    let time = order.ordered_at.timestamp_millis().to_string();
    let (price, currency) = (order.price.to_string(), order.currency.to_string());
    let mut hasher = blake3::Hasher::new();
    let fields = [&*guest.provider, &*guest.id, &*time, &*price, &*currency];
    // The length prefix keeps the boundary between two fields part of the hash.
    for field in fields.into_iter().chain(items.iter().map(String::as_str)) {
        hasher.update(&(field.len() as u64).to_le_bytes()).update(field.as_bytes());
    }
    let mut hash = [0; 16];
    hash.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    DedupHash(hash)
}

/// The item as JSON, with the further attributes of its product if its events carry them.
fn item_text(object: &ItemObject<'_>, item: &Item<'_>, route: Route) -> String {
    let json = to_json(object);
    let product = item.product.as_deref().filter(|_| route == Route::Multi);
    match product.map(|product| &product.attributes) {
        Some(attributes) if !attributes.is_empty() => json + &to_json(&AttributeMap(attributes)),
        _ => json,
    }
}

fn normalize_numbers<'a>(order: &Order<'a>) -> Order<'a> {
    let mut order = order.clone();
    order.price = normalize(order.price);
    order.extension.values_mut().for_each(normalize_value);
    for item in &mut order.items {
        item.price = item.price.map(normalize);
        item.quantity = item.quantity.map(normalize);
        item.extension.values_mut().for_each(normalize_value);
        if let Some(product) = &mut item.product {
            product.attributes.values_mut().for_each(normalize_value);
        }
    }
    order
}

/// Normalizes numbers. Floats become plain numbers, since only the value counts; text and booleans
/// are unchanged.
fn normalize_value(value: &mut ExtensionValue<'_>) {
    if let ExtensionValue::Number(amount) | ExtensionValue::Float(amount) = *value {
        *value = ExtensionValue::Number(normalize(amount));
    }
}

fn normalize(amount: Amount) -> Amount {
    Amount(amount.0.normalize())
}

/// Computes a 64-bit hash that is equal for the same orders as
/// [`dedup_hash`]. It is never stored.
// A second hash, since BLAKE3 is much slower and this one is computed for every valid order of
// every check.
#[must_use]
pub fn dedup_hash_in_export(order: &Order<'_>) -> u64 {
    let item_hash = |item: &Item<'_>| {
        let name = item.product_id.as_deref().or(item.name.as_deref()).unwrap_or_default();
        let numbers = [item.quantity, item.price].map(amount_bytes);
        xxh3_64_with_seed(numbers.as_flattened(), xxh3_64(name.as_bytes()))
    };
    // A sum, since the order of the items is not part of the content.
    let items = order.items.iter().map(item_hash).fold(0, u64::wrapping_add);
    let guest = order.guest.key();
    let texts = [&*guest.provider, &*guest.id, order.currency.as_str()];
    // The hash of a text seeds that of the next one, so that each text ends where it ends.
    let texts = texts.iter().fold(items, |seed, text| xxh3_64_with_seed(text.as_bytes(), seed));
    let time = i128::from(order.ordered_at.timestamp_millis()).to_le_bytes();
    xxh3_64_with_seed([amount_bytes(Some(order.price)), time].as_flattened(), texts)
}

/// The bytes of an amount, equal for equal values.
fn amount_bytes(amount: Option<Amount>) -> [u8; 16] {
    let Some(Amount(amount)) = amount else { return [0xff; 16] };
    let (mut mantissa, mut scale) = (amount.mantissa(), amount.scale());
    // As `normalize`, which divides 96 bits at a time.
    if let Ok(mut short) = u64::try_from(mantissa) {
        while scale > 0 && short % 10 == 0 {
            (short, scale) = (short / 10, scale - 1);
        }
        mantissa = short.into();
    } else {
        let amount = amount.normalize();
        (mantissa, scale) = (amount.mantissa(), amount.scale());
    }
    // The mantissa has 96 bits, and the scale is at most 28.
    (mantissa << 8 | i128::from(scale)).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        guest::{Guest, Identifier},
        order::{Extension, Item, Product},
    };
    use crate::stream::event_json::tests::{extension, order};

    fn changed(change: impl FnOnce(&mut Order<'_>)) -> bool {
        let mut other = order();
        other.items.push(Item { name: Some("second".into()), ..Item::default() });
        let before = content_hash(&other);
        change(&mut other);
        content_hash(&other) != before
    }

    #[test]
    fn content_hash_ignores_notation() {
        assert!(!changed(|order| order.price = "200.5000".parse().unwrap()));
        assert!(!changed(|order| order.items[0].quantity = Some("1.0".parse().unwrap())));
        assert!(!changed(|order| order.items.reverse()));
        assert!(!changed(|order| order.common.page = "other".into()));
        assert!(!changed(|order| order.guest.email = None));
    }

    #[test]
    fn dedup_hash_ignores_reference_and_status() {
        fn of_guest<'a>(mut order: Order<'a>, id: &'static str) -> Order<'a> {
            order.guest.identifiers = vec![Identifier::new("email", id)];
            order
        }
        let is_alike = |change: fn(&mut Order<'_>)| {
            let (first, mut second) =
                (of_guest(order(), "a@example.com"), of_guest(order(), "a@example.com"));
            change(&mut second);
            dedup_hash(&first) == dedup_hash(&second)
        };
        assert!(is_alike(|order| order.reference = "other".into()));
        assert!(is_alike(|order| order.price = "200.5000".parse().unwrap()));
        assert!(is_alike(|order| order.status = "PAYMENT_PENDING".into()));
        assert!(!is_alike(|order| order.price = "200.51".parse().unwrap()));
        assert!(!is_alike(|order| order.ordered_at += chrono::TimeDelta::milliseconds(1)));
        assert!(!is_alike(|order| order.items[0].quantity = Some("7".parse().unwrap())));
        assert!(!is_alike(|order| order.items.push(Item::default())));
        assert!(!is_alike(|order| *order = of_guest(order.clone(), "z@example.com")));
    }

    #[test]
    fn content_hash_normalizes_extension_numbers() {
        let hash = |value| {
            let mut order = order();
            order.extension = extension("weight", value);
            content_hash(&order)
        };
        let float = |text: &str| hash(ExtensionValue::Float(text.parse().unwrap()));
        assert_eq!(float("2.5"), float("2.50"));
        assert_eq!(float("2"), hash(ExtensionValue::Number("2".parse().unwrap())));
        assert_ne!(float("2.5"), hash(ExtensionValue::Text("2.5".into())));
    }

    /// Ledgers of earlier versions hold these hashes: if one of them changes, every accepted order
    /// becomes `changed`.
    #[test]
    fn content_hashes_are_pinned() {
        let flight = Product {
            attributes: extension("stops", ExtensionValue::Number("1.50".parse().unwrap())),
            unit_price: Some("3".parse().unwrap()),
        };
        let full = |route| {
            let mut order = Order { route, ..order() };
            order.reference = "\u{c9}-\u{1f6d2} \"7\"".into();
            order.extension = Extension::from_attributes(vec![
                ("note".into(), ExtensionValue::Text("a\\b\n".into()), ()),
                ("share".into(), ExtensionValue::Float("0.10".parse().unwrap()), ()),
            ])
            .0;
            order.items[0].product = Some(Box::new(flight.clone()));
            order.items.push(Item {
                name: Some("T\u{ea}te".into()),
                product_id: Some("p-1".into()),
                price: Some("-0.50".parse().unwrap()),
                quantity: Some("12345678901234567890.125".parse().unwrap()),
                extension: extension("gift", ExtensionValue::Boolean(false)),
                ..Item::default()
            });
            order
        };
        let hex = |order: &Order<'_>| {
            content_hash(order).0.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
        };
        assert_eq!(hex(&order()), "8e1087ba879dcd4d3f41b0e7c1de902f");
        assert_eq!(hex(&full(Route::Single)), "3c5e62b6439da9c953faf0b227c4ce59");
        assert_eq!(hex(&full(Route::Multi)), "17bac4892bd8b3d4fca6f3fc3c20b316");
        let bare = Order {
            items: Vec::new(),
            card_type: None,
            extension: Extension::default(),
            ..order()
        };
        assert_eq!(hex(&bare), "39eb0f6e30b1000d282da6ea6179e8c7");
    }

    /// An order that was accepted before there were several routes is unchanged.
    #[test]
    fn content_hash_ignores_route() {
        let content = "{\"referenceId\":\"123456\",\"orderedAt\":\"2025-08-23T16:17:16.000Z\",\"status\":\"PURCHASED\",\
                       \"currencyCode\":\"EUR\",\"price\":200.5,\"paymentType\":\"Card\",\"cardType\":\"Visa\",\
                       \"extensions\":[{\"name\":\"ext\",\"key\":\"default\",\"refundable\":true}]}\n\
                       {\"type\":\"MOBILE_PHONE\",\"orderedAt\":\"2025-08-23T16:17:16.000Z\",\"price\":200.5,\"quantity\":1}";
        assert_eq!(content_hash(&order()).0, blake3::hash(content.as_bytes()).as_bytes()[..16]);
        let multi = Product { unit_price: Some("200.50".parse().unwrap()), ..Product::default() };
        assert!(!changed(|order| order.route = Route::Multi));
        assert!(!changed(|order| order.items[0].product = Some(Box::new(multi))));
        assert!(!changed(|order| order.contacts.push(Guest::default())));
    }

    #[test]
    fn product_attributes_are_content_of_multi_only() {
        let product = |value| {
            let attributes = extension("stops", ExtensionValue::Number(value));
            Some(Box::new(Product { attributes, unit_price: None }))
        };
        let sent = |route, text: &str| {
            let mut order = Order { route, ..order() };
            order.items[0].product = product(text.parse().unwrap());
            content_hash(&order)
        };
        let of = |text| sent(Route::Multi, text);
        assert_ne!(of("1"), content_hash(&order()));
        assert_ne!(of("1"), of("2"));
        assert_eq!(of("1"), of("1.0"));
        assert_eq!(sent(Route::Single, "1"), content_hash(&order()));
    }

    #[test]
    fn content_hash_detects_changes() {
        assert!(changed(|order| order.status = "PAYMENT_PENDING".into()));
        assert!(changed(|order| order.price = "200.51".parse().unwrap()));
        assert!(changed(
            |order| order.extension = extension("refundable", ExtensionValue::Boolean(false))
        ));
        assert!(changed(|order| drop(order.items.pop())));
    }
}

#[cfg(test)]
mod equivalence_tests {
    use proptest::prelude::*;

    use super::{dedup_hash, dedup_hash_in_export};
    use crate::model::{
        guest::{Guest, Identifier},
        money::Amount,
        order::{CommonAttributes, Extension, Item, Order},
        route::Route,
    };

    fn amounts() -> impl Strategy<Value = Option<Amount>> {
        let amount = proptest::sample::select(vec!["1", "1.0", "1.00", "10", "0", "-1", "0.0"]);
        proptest::option::of(amount.prop_map(|amount| amount.parse().unwrap()))
    }

    /// Few values, so that many orders have the same content.
    fn orders() -> impl Strategy<Value = Order<'static>> {
        let text = || proptest::sample::select(vec!["", "a", "b", "ab"]);
        let item = (text(), proptest::option::of(text()), amounts(), amounts());
        let items = proptest::collection::vec(item, 0..3);
        (text(), text(), 0..2_i64, amounts(), text(), items).prop_map(
            |(reference, id, time, price, status, items)| {
                let item = |(name, product_id, quantity, price): (
                    &'static str,
                    Option<&'static str>,
                    _,
                    _,
                )| Item {
                    name: Some(name.into()),
                    product_id: product_id.map(Into::into),
                    quantity,
                    price,
                    ..Item::default()
                };
                let identifiers = vec![Identifier::new("email", id)];
                Order {
                    reference: reference.into(),
                    ordered_at: chrono::DateTime::from_timestamp_millis(time).unwrap(),
                    status: status.into(),
                    price: price.unwrap_or("5".parse().unwrap()),
                    items: items.into_iter().map(item).collect(),
                    guest: Guest { identifiers, ..Guest::default() },
                    currency: "EUR".parse().unwrap(),
                    payment_type: "Card".into(),
                    card_type: None,
                    extension: Extension::default(),
                    common: CommonAttributes {
                        channel: "WEB".into(),
                        language: "EN".into(),
                        currency: "EUR".parse().unwrap(),
                        page: "checkout".into(),
                        pos: "shop".into(),
                    },
                    route: Route::Single,
                    contacts: Vec::new(),
                    consumers: Vec::new(),
                }
            },
        )
    }

    /// The same order with its items in another order and each amount with more zeros.
    fn respelled(order: &Order<'static>) -> Order<'static> {
        let with_zeros = |amount: Amount| {
            let mut amount = amount.0;
            amount.rescale(amount.scale() + 2);
            Amount(amount)
        };
        let mut other = order.clone();
        other.price = with_zeros(order.price);
        other.items.reverse();
        for item in &mut other.items {
            item.price = item.price.map(with_zeros);
            item.quantity = item.quantity.map(with_zeros);
        }
        Order { reference: "other".into(), status: "other".into(), ..other }
    }

    proptest! {
        #[test]
        fn both_dedup_hashes_are_equivalent(one in orders(), other in orders()) {
            let is_equal = dedup_hash(&one) == dedup_hash(&other);
            prop_assert_eq!(dedup_hash_in_export(&one) == dedup_hash_in_export(&other), is_equal);
            let same = respelled(&one);
            prop_assert_eq!(dedup_hash(&one), dedup_hash(&same));
            prop_assert_eq!(dedup_hash_in_export(&one), dedup_hash_in_export(&same));
        }
    }
}
