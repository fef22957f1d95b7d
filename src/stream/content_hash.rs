//! Content hash and deduplication hash of an order, by which the ledger recognises it.
//!
//! Content is the `order` object with numbers by value and items sorted. The common attributes,
//! the guest, the mode and the profile are not part of it, so a change there does not change the
//! order. Further product attributes are part of it only if the order is assembled from several
//! events, since only those carry them. Called by `pipeline`.

use chrono::{DateTime, Utc};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use crate::model::{
    json_text::push_json_text,
    money::{Amount, Currency},
    order::{Extension, ExtensionValue, Item, Order},
    planned::{ContentHash, DedupHash},
    route::Route,
    utc_time::{format_utc_millis, utc_millis},
};

/// Returns the hash by which the ledger decides whether an order still has the content that was
/// accepted.
#[must_use]
pub fn content_hash(order: &Order<'_>) -> ContentHash {
    let (mut text, mut item_texts) = (ContentText::default(), ContentText::default());
    text.0.reserve(ORDER_BYTES);
    item_texts.0.reserve(ITEM_BYTES * order.items.len());
    text.order(order);
    let mut start = 0;
    let mut items = Vec::with_capacity(order.items.len());
    for item in &order.items {
        item_texts.item(item, order.route);
        items.push(start..item_texts.0.len());
        start = item_texts.0.len();
    }
    // The order of the items is not content: an export may list them in any order.
    items.sort_unstable_by_key(|item| &item_texts.0[item.clone()]);
    for item in items {
        text.0.push(b'\n');
        text.0.extend_from_slice(&item_texts.0[item]);
    }
    ContentHash(first_bytes(blake3::hash(&text.0)))
}

/// The content of orders and items as JSON, as ORDER_CHECKOUT had it when the first ledger was
/// written.
// Not the events themselves: what the ledgers hold must not change with these, and most orders
// that are hashed are not sent.
#[derive(Default)]
struct ContentText(Vec<u8>);

impl ContentText {
    /// The order without its items.
    fn order(&mut self, order: &Order<'_>) {
        self.begin();
        self.text("referenceId", Some(&order.reference));
        self.time("orderedAt", Some(order.ordered_at));
        self.text("status", Some(&order.status));
        self.currency(Some(order.currency));
        self.number("price", Some(order.price));
        self.text("paymentType", Some(&order.payment_type));
        self.text("cardType", order.card_type.as_deref());
        self.extension(&order.extension);
        self.end();
    }

    /// The item, with the further attributes of its product if its events carry them.
    fn item(&mut self, item: &Item<'_>, route: Route) {
        self.begin();
        self.text("type", item.item_type.as_deref());
        self.text("referenceId", item.reference.as_deref());
        self.time("orderedAt", item.ordered_at);
        self.text("status", item.status.as_deref());
        self.currency(item.currency);
        self.number("price", item.price);
        self.text("name", item.name.as_deref());
        self.text("productId", item.product_id.as_deref());
        self.number("quantity", item.quantity);
        self.extension(&item.extension);
        self.end();
        let product = item.product.as_deref().filter(|_| route == Route::Multi);
        if let Some(attributes) = product.map(|product| &product.attributes)
            && !attributes.is_empty()
        {
            self.begin();
            self.attributes(attributes);
            self.end();
        }
    }

    fn begin(&mut self) {
        self.0.push(b'{');
    }

    fn end(&mut self) {
        self.0.push(b'}');
    }

    fn text(&mut self, name: &'static str, text: Option<&str>) {
        if let Some(text) = text {
            self.name(name);
            self.quoted(text);
        }
    }

    fn time(&mut self, name: &'static str, time: Option<DateTime<Utc>>) {
        let Some(time) = time else { return };
        match format_utc_millis(time) {
            Some(digits) => {
                self.name(name);
                self.0.push(b'"');
                self.0.extend_from_slice(&digits);
                self.0.push(b'"');
            }
            None => self.text(name, Some(&utc_millis(time))),
        }
    }

    fn currency(&mut self, currency: Option<Currency>) {
        self.text("currencyCode", currency.as_ref().map(Currency::as_str));
    }

    fn number(&mut self, name: &'static str, number: Option<Amount>) {
        if let Some(number) = number {
            self.name(name);
            push_number(&mut self.0, number);
        }
    }

    fn extension(&mut self, extension: &Extension<'_>) {
        if extension.is_empty() {
            return;
        }
        self.name("extensions");
        self.0.extend_from_slice(b"[{\"name\":\"ext\",\"key\":\"default\"");
        self.attributes(extension);
        self.0.extend_from_slice(b"}]");
    }

    fn attributes(&mut self, attributes: &Extension<'_>) {
        for (name, value) in attributes.iter() {
            self.separate();
            self.quoted(name);
            self.0.push(b':');
            match value {
                ExtensionValue::Text(text) => self.quoted(text),
                ExtensionValue::Boolean(true) => self.0.extend_from_slice(b"true"),
                ExtensionValue::Boolean(false) => self.0.extend_from_slice(b"false"),
                // Only the value counts, not whether the tenant stores an integer.
                ExtensionValue::Number(number) | ExtensionValue::Float(number) => {
                    push_number(&mut self.0, *number);
                }
            }
        }
    }

    /// Begins a member with a name that needs no escape.
    fn name(&mut self, name: &'static str) {
        self.separate();
        self.0.push(b'"');
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
    }

    /// Ends the member before, if there is one.
    fn separate(&mut self) {
        if self.0.last() != Some(&b'{') {
            self.0.push(b',');
        }
    }

    fn quoted(&mut self, text: &str) {
        push_json_text(&mut self.0, text);
    }
}

/// Bytes of the content of a typical order, and of a typical item.
const ORDER_BYTES: usize = 1024;
const ITEM_BYTES: usize = 256;

fn first_bytes(hash: blake3::Hash) -> [u8; 16] {
    let mut first = [0; 16];
    first.copy_from_slice(&hash.as_bytes()[..16]);
    first
}

/// Returns the hash by which the ledger finds an order that was sent under another reference. It
/// covers the guest, the time, the items and the amounts, and nothing that may be derived from the
/// reference.
#[must_use]
pub fn dedup_hash(order: &Order<'_>) -> DedupHash {
    let number = |number: Option<Amount>| {
        number.map_or_else(String::new, |number| number.0.normalize().to_string())
    };
    let item = |item: &Item<'_>| {
        let name = item.product_id.as_deref().or(item.name.as_deref()).unwrap_or_default();
        format!("{name}\n{}\n{}", number(item.quantity), number(item.price))
    };
    let mut items: Vec<String> = order.items.iter().map(item).collect();
    items.sort_unstable();
    let guest = order.guest.key();
    let time = order.ordered_at.timestamp_millis().to_string();
    let (price, currency) = (number(Some(order.price)), order.currency.to_string());
    let mut hasher = blake3::Hasher::new();
    let fields = [&*guest.provider, &*guest.id, &*time, &*price, &*currency];
    // The length prefix keeps the boundary between two fields part of the hash.
    for field in fields.into_iter().chain(items.iter().map(String::as_str)) {
        hasher.update(&(field.len() as u64).to_le_bytes()).update(field.as_bytes());
    }
    DedupHash(first_bytes(hasher.finalize()))
}

/// Computes a 64-bit hash that is equal for the same orders as
/// [`dedup_hash`]. It is never stored.
// A second hash, since BLAKE3 is much slower and this one is computed for every valid order of
// every check.
#[must_use]
pub fn dedup_hash_in_export(order: &Order<'_>) -> u64 {
    let item_hash = |item: &Item<'_>| {
        let name = item.product_id.as_deref().or(item.name.as_deref()).unwrap_or_default();
        let numbers = amount_hash(item.quantity).rotate_left(32) ^ amount_hash(item.price);
        xxh3_64_with_seed(name.as_bytes(), numbers)
    };
    // A sum, since the order of the items is not part of the content.
    let items = order.items.iter().map(item_hash).fold(0, u64::wrapping_add);
    let guest = order.guest.key();
    let texts = [guest.provider.as_bytes(), guest.id.as_bytes(), order.currency.as_bytes()];
    // The hash of a text seeds that of the next one, so that each text ends where it ends.
    let texts = texts.iter().fold(items, |seed, text| xxh3_64_with_seed(text, seed));
    let numbers =
        [amount_hash(Some(order.price)), order.ordered_at.timestamp_millis().cast_unsigned()];
    xxh3_64_with_seed(numbers.map(u64::to_le_bytes).as_flattened(), texts)
}

/// A hash that is equal for equal amounts.
fn amount_hash(amount: Option<Amount>) -> u64 {
    /// Spreads the bits of a number: 2^64 by the golden ratio.
    const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;
    /// The scale is at most 28.
    const SCALE_BITS: u32 = 5;
    let Some(amount) = amount else { return u64::MAX };
    let (mantissa, scale) = without_trailing_zeros(amount);
    match u64::try_from(mantissa) {
        Ok(short) if short.leading_zeros() >= SCALE_BITS => {
            (short << SCALE_BITS | u64::from(scale)).wrapping_mul(SPREAD)
        }
        _ => xxh3_64_with_seed(&mantissa.to_le_bytes(), scale.into()),
    }
}

/// The mantissa and the scale of an amount, equal for equal values.
fn without_trailing_zeros(Amount(amount): Amount) -> (i128, u32) {
    let (mantissa, mut scale) = (amount.mantissa(), amount.scale());
    // As `normalize`, which divides 96 bits at a time.
    let Ok(mut short) = u64::try_from(mantissa) else {
        let amount = amount.normalize();
        return (amount.mantissa(), amount.scale());
    };
    while scale > 0 && short % 10 == 0 {
        (short, scale) = (short / 10, scale - 1);
    }
    (short.into(), scale)
}

/// Appends an amount without trailing zeros.
fn push_number(into: &mut Vec<u8>, amount: Amount) {
    let (mantissa, scale) = without_trailing_zeros(amount);
    let (mut buffer, scale) = (itoa::Buffer::new(), scale as usize);
    let digits = buffer.format(mantissa.unsigned_abs()).as_bytes();
    if mantissa < 0 {
        into.push(b'-');
    }
    let (whole, fraction) = digits.split_at(digits.len().saturating_sub(scale));
    into.extend_from_slice(if whole.is_empty() { b"0" } else { whole });
    if scale > 0 {
        into.push(b'.');
        into.resize(into.len() + scale - fraction.len(), b'0');
        into.extend_from_slice(fraction);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        guest::{Guest, Identifier},
        order::Product,
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

    use super::{dedup_hash, dedup_hash_in_export, push_number};
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
        fn numbers_have_no_trailing_zeros(
            digits in prop_oneof![-1_000_000_i128..1_000_000, -(1_i128 << 95)..1_i128 << 95],
            scale in 0_u32..=28,
        ) {
            let (number, mut written) = (rust_decimal::Decimal::from_i128_with_scale(digits, scale), Vec::new());
            push_number(&mut written, Amount(number));
            prop_assert_eq!(String::from_utf8(written).unwrap(), number.normalize().to_string());
        }

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
