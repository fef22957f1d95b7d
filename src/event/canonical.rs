//! What an order's content is: the `order` object with numbers by value and items sorted, hashed. The common
//! attributes, the guest, the mode and the profile are no part of it, so a change there is no change of the order. Further
//! attributes of products are a part of it where the order is assembled from several events, which alone carry them.

use super::json::{Attributes, ItemObject, OrderObject, text};
use crate::model::{
    money::Amount,
    order::{ExtensionValue, Item, Order},
    planned::{ContentHash, Likeness},
    recipe::Recipe,
};

/// The hash by which the ledger sees whether an order is still the one that was accepted.
#[must_use]
pub fn content_hash(order: &Order<'_>) -> ContentHash {
    let order = with_numbers_by_value(order);
    let mut object = OrderObject::of(&order);
    let objects = std::mem::take(&mut object.order_items);
    let mut items: Vec<String> =
        objects.iter().zip(&order.items).map(|(object, item)| item_text(object, item, order.recipe)).collect();
    items.sort_unstable();
    let mut hasher = blake3::Hasher::new();
    hasher.update(text(&object).as_bytes());
    for item in items {
        hasher.update(b"\n");
        hasher.update(item.as_bytes());
    }
    let mut hash = [0; 16];
    hash.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    ContentHash(hash)
}

/// The hash by which the ledger sees that an order was sent before under another reference: over its guest, its time, its
/// items and its amounts, and nothing that may be made of the reference.
#[must_use]
pub fn likeness(order: &Order<'_>) -> Likeness {
    let order = with_numbers_by_value(order);
    let amount = |amount: Option<Amount>| amount.map_or_else(String::new, |amount| amount.to_string());
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
    let head = [&*guest.provider, &*guest.id, &*time, &*price, &*currency];
    for field in head.into_iter().chain(items.iter().map(String::as_str)) {
        hasher.update(&(field.len() as u64).to_le_bytes()).update(field.as_bytes());
    }
    let mut hash = [0; 16];
    hash.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    Likeness(hash)
}

/// With the further attributes of its product, if they travel.
fn item_text(object: &ItemObject<'_>, item: &Item<'_>, recipe: Recipe) -> String {
    let json = text(object);
    let product = item.product.as_deref().filter(|_| recipe == Recipe::Multi);
    match product.map(|product| &product.attributes) {
        Some(attributes) if !attributes.is_empty() => json + &text(&Attributes(attributes)),
        _ => json,
    }
}

fn with_numbers_by_value<'a>(order: &Order<'a>) -> Order<'a> {
    let mut order = order.clone();
    order.price = by_value(order.price);
    order.extension.values_mut().for_each(value_by_value);
    for item in &mut order.items {
        item.price = item.price.map(by_value);
        item.quantity = item.quantity.map(by_value);
        item.extension.values_mut().for_each(value_by_value);
        if let Some(product) = &mut item.product {
            product.attributes.values_mut().for_each(value_by_value);
        }
    }
    order
}

/// Text and booleans stay as they are.
fn value_by_value(value: &mut ExtensionValue<'_>) {
    if let ExtensionValue::Number(amount) | ExtensionValue::Float(amount) = *value {
        *value = ExtensionValue::Number(by_value(amount));
    }
}

fn by_value(amount: Amount) -> Amount {
    Amount(amount.0.normalize())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::json::tests::{extension, order};
    use crate::model::{
        guest::{Guest, Identifier},
        order::{Extension, Item, Product},
    };

    fn changed(change: impl FnOnce(&mut Order<'_>)) -> bool {
        let mut other = order();
        other.items.push(Item { name: Some("second".into()), ..Item::default() });
        let before = content_hash(&other);
        change(&mut other);
        content_hash(&other) != before
    }

    #[test]
    fn the_same_order_written_otherwise_is_the_same() {
        assert!(!changed(|order| order.price = "200.5000".parse().unwrap()));
        assert!(!changed(|order| order.items[0].quantity = Some("1.0".parse().unwrap())));
        assert!(!changed(|order| order.items.reverse()));
        assert!(!changed(|order| order.common.page = "other".into()));
        assert!(!changed(|order| order.guest.email = None));
    }

    #[test]
    fn an_order_is_alike_under_another_reference_but_not_of_another_guest_or_time() {
        fn of_guest<'a>(mut order: Order<'a>, id: &'static str) -> Order<'a> {
            order.guest.identifiers = vec![Identifier { provider: "email".into(), id: id.into() }];
            order
        }
        let is_alike = |change: fn(&mut Order<'_>)| {
            let (first, mut second) = (of_guest(order(), "a@example.com"), of_guest(order(), "a@example.com"));
            change(&mut second);
            likeness(&first) == likeness(&second)
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
    fn extension_numbers_count_by_value_too() {
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

    /// The ledgers of earlier versions hold these hashes: if one of them changes, every accepted order becomes `changed`.
    #[test]
    fn content_hashes_are_pinned() {
        let flight = Product {
            attributes: extension("stops", ExtensionValue::Number("1.50".parse().unwrap())),
            unit_price: Some("3".parse().unwrap()),
        };
        let full = |recipe| {
            let mut order = Order { recipe, ..order() };
            order.reference = "\u{c9}-\u{1f6d2} \"7\"".into();
            order.extension = Extension::of(vec![
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
        assert_eq!(hex(&full(Recipe::Single)), "3c5e62b6439da9c953faf0b227c4ce59");
        assert_eq!(hex(&full(Recipe::Multi)), "17bac4892bd8b3d4fca6f3fc3c20b316");
        let bare = Order { items: Vec::new(), card_type: None, extension: Extension::default(), ..order() };
        assert_eq!(hex(&bare), "39eb0f6e30b1000d282da6ea6179e8c7");
    }

    /// One that was accepted before there were several ways is still the same.
    #[test]
    fn the_way_an_order_is_sent_is_no_content() {
        let content = "{\"referenceId\":\"123456\",\"orderedAt\":\"2025-08-23T16:17:16.000Z\",\"status\":\"PURCHASED\",\
                       \"currencyCode\":\"EUR\",\"price\":200.5,\"paymentType\":\"Card\",\"cardType\":\"Visa\",\
                       \"extensions\":[{\"name\":\"ext\",\"key\":\"default\",\"refundable\":true}]}\n\
                       {\"type\":\"MOBILE_PHONE\",\"orderedAt\":\"2025-08-23T16:17:16.000Z\",\"price\":200.5,\"quantity\":1}";
        assert_eq!(content_hash(&order()).0, blake3::hash(content.as_bytes()).as_bytes()[..16]);
        let multi = Product { unit_price: Some("200.50".parse().unwrap()), ..Product::default() };
        assert!(!changed(|order| order.recipe = Recipe::Multi));
        assert!(!changed(|order| order.items[0].product = Some(Box::new(multi))));
        assert!(!changed(|order| order.contacts.push(Guest::default())));
    }

    #[test]
    fn further_attributes_of_a_product_are_content_where_they_travel() {
        let product = |value| {
            let attributes = extension("stops", ExtensionValue::Number(value));
            Some(Box::new(Product { attributes, unit_price: None }))
        };
        let sent = |route, text: &str| {
            let mut order = Order { recipe: route, ..order() };
            order.items[0].product = product(text.parse().unwrap());
            content_hash(&order)
        };
        let of = |text| sent(Recipe::Multi, text);
        assert_ne!(of("1"), content_hash(&order()));
        assert_ne!(of("1"), of("2"));
        assert_eq!(of("1"), of("1.0"));
        assert_eq!(sent(Recipe::Single, "1"), content_hash(&order()));
    }

    #[test]
    fn another_content_is_another() {
        assert!(changed(|order| order.status = "PAYMENT_PENDING".into()));
        assert!(changed(|order| order.price = "200.51".parse().unwrap()));
        assert!(changed(|order| order.extension = extension("refundable", ExtensionValue::Boolean(false))));
        assert!(changed(|order| drop(order.items.pop())));
    }
}
