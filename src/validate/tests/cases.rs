//! Table of problems: at least one case for every code of this stage.

use super::{
    refunds::{with_record_twice, with_refunded_amount, with_refunds},
    *,
};

/// The code, the field (empty for the order as a whole), the message, and the draft with this
/// problem only.
pub(super) type Case = (Code, &'static str, &'static str, Draft<'static>, TestSettings);

#[rustfmt::skip]
#[allow(clippy::too_many_lines, reason = "one table, a line per case")]
pub(super) fn cases() -> Vec<Case> {
    use ExtensionType::{Boolean, Float, Integer, String};
    let of = |code, field, message, changes: &[Change]| (code, field, message, order(changes), settings());
    let long = "x".repeat(129);
    let of_multi = |code, field, message, changes: &[Change]| (code, field, message, multi_order(changes), multi_settings());
    let of_lenient = |code, field, message, changes: &[Change]| (code, field, message, order(changes), TestSettings { guest_attributes: GuestAttributes::Lenient, ..settings() });
    let mut all = vec![
        of(Code::MissingAttribute, "referenceId", "referenceId is required and has no value", &[(Field::ReferenceId, "")]),
        of(Code::MissingAttribute, "orderedAt", "orderedAt is required and has no value", &[(Field::OrderedAt, "")]),
        of(Code::MissingAttribute, "status", "status is required and has no value", &[(Field::Status, "")]),
        of(Code::MissingAttribute, "currencyCode", "currencyCode is required and has no value", &[(Field::CurrencyCode, "")]),
        of(Code::MissingAttribute, "price", "price is required and has no value", &[(Field::Price, "")]),
        of(Code::MissingAttribute, "paymentType", "paymentType is required and has no value", &[(Field::PaymentType, "")]),
        of(Code::MissingCardType, "cardType", "cardType is required when paymentType is Card", &[(Field::CardType, "")]),
        of(Code::MissingIdentifier, "guest.email", "the guest cannot be identified: there is no identifier and no e-mail address", &[(Field::GuestEmail, "")]),
        (Code::MissingPos, "event.pos", "no point of sale, neither in the export nor in the settings (--pos)", order(&[]), without_pos()),
        of(Code::NotUpperCase, "status", "\"purchased\" must be written in upper case: \"PURCHASED\"", &[(Field::Status, "purchased")]),
        of(Code::NotUpperCase, "currencyCode", "\"eur\" must be written in upper case: \"EUR\"", &[(Field::CurrencyCode, "eur")]),
        of(Code::NotUpperCase, "item.status", "\"Payment_Pending\" must be written in upper case: \"PAYMENT_PENDING\"", &[(Field::ItemStatus, "Payment_Pending")]),
        of(Code::NotUpperCase, "item.type", "\"Product\" must be written in upper case: \"PRODUCT\"", &[(Field::ItemType, "Product")]),
        of(Code::NotUpperCase, "guest.country", "\"i***\" must be written in upper case", &[(Field::GuestCountry, "ie")]),
        of(Code::NotUpperCase, "event.channel", "\"Web\" must be written in upper case: \"WEB\"", &[(Field::EventChannel, "Web")]),
        of(Code::NotUpperCase, "event.language", "\"de\" must be written in upper case: \"DE\"", &[(Field::EventLanguage, "de")]),
        of(Code::UnknownCurrency, "currencyCode", "unknown value \"EURO\"; expected an ISO 4217 currency such as EUR", &[(Field::CurrencyCode, "EURO")]),
        of(Code::UnknownCurrency, "item.currencyCode", "unknown value \"€\"; expected an ISO 4217 currency such as EUR", &[(Field::ItemCurrencyCode, "€")]),
        (Code::CurrencyContradicted, "price", "the amount is in USD, but its currency is EUR", in_dollars(), settings()),
        of(Code::UnknownCurrency, "event.currency", "unknown value \"QQQ\"; expected an ISO 4217 currency such as EUR", &[(Field::EventCurrency, "QQQ")]),
        of(Code::UnknownLanguage, "event.language", "unknown value \"EN-GB\"; expected an ISO 639-1 language such as EN", &[(Field::EventLanguage, "EN-GB")]),
        of(Code::UnknownCountry, "guest.country", "unknown value \"U***\"; expected an ISO 3166-1 alpha-2 country such as IE", &[(Field::GuestCountry, "UK")]),
        of(Code::UnknownStatus, "status", "unknown value \"CANCELLED\"; expected PURCHASED or PAYMENT_PENDING; mode multi sends orders with this status", &[(Field::Status, "CANCELLED")]),
        of(Code::UnknownStatus, "item.status", "unknown value \"SHIPPED\"; expected PURCHASED or PAYMENT_PENDING", &[(Field::ItemStatus, "SHIPPED")]),
        of(Code::UnknownTitle, "guest.title", "unknown value \"m***\"; expected one of Br, Brigadier, Capt, Colonel, Dame, Dr, Elder, Fr, General, Hon, Judge, Lord, Master, Miss, Mr, Mrs, Ms, Mstr, Prof, Rabbi, Rev, Shaikha, Sheikh, Sir, Sister, Sr", &[(Field::GuestTitle, "mr")]),
        of(Code::UnknownTitle, "guest.title", "unknown value \"A***\"; expected one of Br, Brigadier, Capt, Colonel, Dame, Dr, Elder, Fr, General, Hon, Judge, Lord, Master, Miss, Mr, Mrs, Ms, Mstr, Prof, Rabbi, Rev, Shaikha, Sheikh, Sir, Sister, Sr", &[(Field::GuestTitle, "Ann Leewood")]),
        of(Code::UnknownGender, "guest.gender", "unknown value \"M***\"; expected male, female or unknown", &[(Field::GuestGender, "Male")]),
        of(Code::DobUnreadable, "guest.dob", "invalid date of birth; expected YYYY-MM-DDThh:mm or YYYY-MM-DD", &[(Field::GuestDob, "1990-02-30")]),
        of(Code::DobUnreadable, "guest.dob", "implausible date of birth; expected one from 1900 until today", &[(Field::GuestDob, "0001-01-01")]),
        of(Code::DobUnreadable, "guest.dob", "implausible date of birth; expected one from 1900 until today", &[(Field::GuestDob, "2090-01-01")]),
        of_lenient(Code::GuestAttributeLeftOut, "guest.gender", "unknown value \"M***\"; expected male, female or unknown; gender is left out", &[(Field::GuestGender, "M")]),
        of_lenient(Code::GuestAttributeLeftOut, "guest.country", "\"i***\" must be written in upper case; country is left out", &[(Field::GuestCountry, "ie")]),
        of_lenient(Code::GuestAttributeLeftOut, "guest.dob", "invalid date of birth; expected YYYY-MM-DDThh:mm or YYYY-MM-DD; dob is left out", &[(Field::GuestDob, "24/12/1985")]),
        of(Code::TimestampUnreadable, "orderedAt", "invalid timestamp \"2025-01-01\"; expected ISO 8601 with an offset or Z", &[(Field::OrderedAt, "2025-01-01")]),
        of(Code::TimestampUnreadable, "item.orderedAt", "invalid timestamp \"now\"; expected ISO 8601 with an offset or Z", &[(Field::ItemOrderedAt, "now")]),
        of(Code::TimestampInFuture, "orderedAt", "\"2025-06-02T12:00:01.000Z\" is in the future", &[(Field::OrderedAt, "2025-06-02T12:00:01.000Z")]),
        of(Code::ItemTimestampImplausible, "item.orderedAt", "\"2026-01-01T00:00:00.000Z\" is in the future", &[(Field::ItemOrderedAt, "2026-01-01T00:00:00.000Z")]),
        of(Code::TimestampUnreadable, "orderedAt", "\"+57134-05-19T00:00:00Z\" is in the year 57134; is it in milliseconds?", &[(Field::OrderedAt, "+57134-05-19T00:00:00Z")]),
        of(Code::TimestampTooEarly, "orderedAt", "\"1999-12-31T23:59:59.000Z\" is before 2000-01-01, the earliest_order of the profile", &[(Field::OrderedAt, "1999-12-31T23:59:59.000Z")]),
        of(Code::NumberUnreadable, "price", "\"20,00\" is not a decimal number such as 1234.50", &[(Field::Price, "20,00")]),
        of(Code::NumberUnreadable, "item.price", "\"€10\" is not a decimal number such as 1234.50", &[(Field::ItemPrice, "€10")]),
        of(Code::NumberUnreadable, "item.quantity", "\"two\" is not a decimal number such as 1234.50", &[(Field::ItemQuantity, "two")]),
        of(Code::NumberUnreadable, "price", "\"0.00000000000000000000000000001\" is too long, at most 28 digits can be kept exactly", &[(Field::Price, "0.00000000000000000000000000001")]),
        of(Code::NumberUnreadable, "item.price", "9999999999999999999999999999 times 100 has too many digits", &[(Field::ItemPrice, "9999999999999999999999999999"), (Field::ItemQuantity, "100")]),
        (Code::NumberUnreadable, "item.price", "no unit price for 0 pieces with a line total of 10.00", order(&[(Field::ItemQuantity, "0")]), prices(PriceBasis::Line, PriceBasis::Unit)),
        (Code::PriceRounded, "item.price", "20.00 for 3 pieces is rounded to 6.666667 each", order(&[(Field::ItemPrice, "20.00"), (Field::ItemQuantity, "3")]), prices(PriceBasis::Line, PriceBasis::Unit)),
        of(Code::NegativeTotal, "price", "the total of the purchase is negative: -20.00; leave refunds out with [refunds], or with a [[skip]] whose condition has less = 0", &[(Field::Price, "-20.00"), (Field::ItemPrice, "-10.00")]),
        of(Code::ZeroTotal, "price", "the total of the purchase is 0", &[(Field::Price, "0.00"), (Field::ItemPrice, "0")]),
        of(Code::QuantityNotPositive, "item.quantity", "the quantity is -2, and a purchase has at least one piece", &[(Field::ItemQuantity, "-2"), (Field::ItemPrice, "-10.00")]),
        (Code::QuantityMissing, "item.quantity", "the item has no quantity, so the price of its line counts as that of one piece", order(&[(Field::ItemQuantity, ""), (Field::ItemPrice, "20.00")]), prices(PriceBasis::Line, PriceBasis::Unit)),
        of(Code::QuantityMissing, "item.quantity", "the item has no quantity for its price, so it counts as one piece", &[(Field::ItemQuantity, ""), (Field::ItemPrice, "20.00")]),
        of(Code::ItemPriceMissing, "item.discount", "the item has a discount and no price", &[(Field::ItemDiscount, "1.00"), (Field::ItemPrice, "")]),
        of(Code::DiscountOutOfRange, "item.discount", "the discount is negative: -1.00; expected the amount off the line; in the profile sum = [\"…\"] with negate = true turns the sign", &[(Field::ItemDiscount, "-1.00"), (Field::ItemPrice, "10.00")]),
        of(Code::DiscountOutOfRange, "item.discount", "the discount 20.01 is more than the price of the line, 20.00", &[(Field::ItemDiscount, "20.01"), (Field::ItemPrice, "10.00"), (Field::ItemQuantity, "2")]),
        of(Code::DiscountOutOfRange, "item.discount", "the discount 1 is more than the price of the line, -10", &[(Field::ItemDiscount, "1"), (Field::ItemLinePrice, "-10"), (Field::ItemPrice, "")]),
        of(Code::NumberUnreadable, "item.discount", "\"10%\" is not a decimal number such as 1234.50", &[(Field::ItemDiscount, "10%"), (Field::ItemPrice, "10.00")]),
        (Code::ItemPriceMissing, "item.price", "the item has no price, and others of the order have one", with_unpriced_item(), settings()),
        of(Code::ItemCurrencyDiffers, "item.currencyCode", "\"USD\", but the order's currency is \"EUR\"", &[(Field::ItemCurrencyCode, "USD")]),
        of(Code::EmailImplausible, "guest.email", "\"a***@e***.com\" contains whitespace", &[(Field::GuestEmail, "ann smith@example.com")]),
        of(Code::EmailImplausible, "guest.id.email", "\"a***\" has no @", &[(id("email"), "ann")]),
        of(Code::ScientificNotation, "referenceId", "\"1.23457E+15\": a number in scientific notation, as a spreadsheet writes long ones: its last digits are lost; export the column as text", &[(Field::ReferenceId, "1.23457E+15")]),
        of(Code::ScientificNotation, "guest.id.crm", "a number in scientific notation, as a spreadsheet writes long ones: its last digits are lost; export the column as text", &[(id("crm"), "8E+15")]),
        of_lenient(Code::GuestAttributeLeftOut, "guest.phone", "a number in scientific notation, as a spreadsheet writes long ones: its last digits are lost; export the column as text; phone is left out", &[(Field::GuestPhone, "3.53871E+11")]),
        of(Code::ScientificNotation, "guest.mobile", "a number in scientific notation, as a spreadsheet writes long ones: its last digits are lost; export the column as text", &[(Field::GuestMobile, "3.53871E+11")]),
        (Code::ScientificNotation, "", "order key \"1.2E17\": a number in scientific notation, as a spreadsheet writes long ones: its last digits are lost; export the column as text", Draft { key: "1.2E17".into(), ..order(&[]) }, settings()),
        (Code::ScientificNotation, "", "order key \"12e17\": a number in scientific notation, as a spreadsheet writes long ones: its last digits are lost; export the column as text", Draft { key: "12e17".into(), key_is_number: true, ..order(&[]) }, settings()),
        (Code::InvisibleCharacters, "", "order key \"K\\0\": contains the invisible character U+0000", Draft { key: "K\0".into(), ..order(&[]) }, settings()),
        of(Code::InvisibleCharacters, "referenceId", "\"A1\\u{200b}\": contains the invisible character U+200B", &[(Field::ReferenceId, "A1\u{200b}")]),
        of(Code::InvisibleCharacters, "guest.id.crm", "contains the invisible character U+0000", &[(id("crm"), "7\0")]),
        of(Code::InvisibleInText, "item.name", "contains the invisible character U+202E", &[(Field::ItemName, "Mug\u{202e}")]),
        of(Code::PlaceholderIdentifier, "guest.id.crm", "\"N/A\" is a placeholder and identifies nobody; empty = [\"N/A\"] in its rule, or nulls in the profile, makes it count as empty", &[(id("crm"), "N/A")]),
        of(Code::ExpiryDateLeftOut, "guest.id.crm.expiry_date", "invalid expiry date, which is left out; expected for example 2030-12-31", &[(id("crm"), "7"), (Field::IdentifierExpiry("crm".into()), "soon")]),
        of(Code::ItemTypeUnsupported, "item.type", "\"FLIGHT\" cannot be sent with ORDER_CHECKOUT; mode multi or auto assembles such orders from several events", &[(Field::ItemType, "FLIGHT")]),
        of(Code::ItemTypeUnsupported, "item.type", "\"loan_application\" cannot be sent with ORDER_CHECKOUT; mode multi or auto assembles such orders from several events", &[(Field::ItemType, "loan_application")]),
        of(Code::NameTooLong, "item.name", "the name has 129 characters, at most 128 are allowed", &[(Field::ItemName, &long)]),
        (Code::TooManyItems, "", "101 items, but the tenant keeps only 100", with_items(order(&[(Field::Price, "2020")]), 101), TestSettings { max_url_bytes: 65_534, ..settings() }),
        of(Code::ExtensionName, "ext.gift wrap", "\"gift wrap\" is not alphanumeric", &[(ext("gift wrap", String), "x")]),
        of(Code::ExtensionName, "item.ext.größe", "\"größe\" is not alphanumeric", &[(item_ext("größe", String), "x")]),
        of(Code::ExtensionName, "ext.key", "\"key\" is reserved by the extension object itself", &[(ext("key", String), "x")]),
        of(Code::ExtensionName, "item.ext.name", "\"name\" is reserved by the extension object itself", &[(item_ext("name", String), "x")]),
        of(Code::ExtensionTypeUnknown, "ext.a:decimal", "\"a:decimal\" declares an unknown type; expected string, boolean, integer or float after the colon", &[(ext("a:decimal", String), "x")]),
        of(Code::ExtensionValue, "ext.a", "invalid boolean \"yes\"", &[(ext("a", Boolean), "yes")]),
        of(Code::ExtensionValue, "ext.a", "invalid integer \"1.0\"", &[(ext("a", Integer), "1.0")]),
        of(Code::ExtensionValue, "item.ext.a", "invalid float \"1,5\"", &[(item_ext("a", Float), "1,5")]),
        of(Code::TooManyExtensions, "", "51 extension attributes, at most 50 are allowed", &attributes(51)),
        of(Code::ExtensionTypeConflict, "ext.a", "integer here, but string before: an attribute keeps its type", &[(ext("a", String), "x"), (ext("a", Integer), "1")]),
        (Code::EventTooLarge, "", "ORDER_CHECKOUT with 1 items makes a URL of 601 bytes, more than the limit of 500; mode auto assembles such orders from several events", order(&[]), TestSettings { max_url_bytes: 500, ..settings() }),
        of(Code::TotalDiffers, "price", "the items add up to 20.00, the order's price is 20.01", &[(Field::Price, "20.01")]),
        of(Code::TotalDiffers, "price", "the items add up to 20.00, the order's price is 10.00; with item_price = \"line\" in the profile they would add up to it", &[(Field::Price, "10.00")]),
        (Code::TotalDiffers, "price", "the items add up to 10.00, the order's price is 20.00; with item_price = \"unit\" in the profile they would add up to it", order(&[]), prices(PriceBasis::Line, PriceBasis::Unit)),
        (Code::TotalDiffers, "price", "the items add up to 10.00, the order's price is 10.01", order(&[(Field::Price, "10.01")]), prices(PriceBasis::Line, PriceBasis::Unit)),
        (Code::MixedCurrencies, "item.currencyCode", "\"USD\" cannot be added to a price in another currency", order(&[(Field::ItemCurrencyCode, "USD")]), sum_of_lines()),
        (Code::RefundUnclear, "item.price", "the refund has another sign than the one in line 8, so it is not known which of them the order gets back; name the rows that are refunds in rows of [refunds]", with_refunds(&["1.00", "-1.00"]), sum_of_lines()),
        (Code::RefundRepeated, "", "the refund has the id \"R-7\" of the one in line 7; it would count twice", with_record_twice("R-7"), settings()),
        (Code::RefundUnsupported, "price", "the tenant adds the items up of an order assembled from several events, so the refund cannot be taken off its total; take refunds off by their items, without amount", with_refunded_amount(multi_order(&[]), "2.50"), multi_settings()),
        (Code::RefundTooLarge, "price", "the refunds are 2.00 more than the order; rows of it may be missing, or of its refunds be there twice", with_refunds(&["11.00"]), sum_of_lines()),
        of(Code::UnknownPaymentType, "paymentType", "undocumented value \"card\"; the manual lists Card, PayPal, voucher, other; did you mean \"Card\"?", &[(Field::PaymentType, "card")]),
        of(Code::UnknownCardType, "cardType", "undocumented value \"VISA\"; the manual lists Mastercard, Visa, Diners, American Express", &[(Field::CardType, "VISA")]),
        of(Code::PaymentPending, "status", "\"PAYMENT_PENDING\" can never be updated: the service keeps the order as it is sent", &[(Field::Status, "PAYMENT_PENDING")]),
        (Code::DetailLeftOut, "", "a single event cannot carry 2 contacts, 1 consumer, item.product.origin; mode multi can", with_people(order(&[(product("origin", String), "DUB")]), &[contact(&[(Field::GuestGender, "none")]), contact(&[]), consumer(None, &[])]), settings()),
        of(Code::UnknownChannel, "event.channel", "undocumented channel \"KIOSK\"; expected one of WEB, MOBILE_WEB, MOBILE_APP", &[(Field::EventChannel, "KIOSK")]),
    ];
    all.extend([
        (Code::NoItems, "", "the order has no items, but an order assembled from several events needs at least one", with_items(multi_order(&[]), 0), multi_settings()),
        (Code::ItemsDuplicated, "", "each item of the order is there twice, and its total is the sum of all; rows may be repeated in the export", with_items(order(&[]), 2), sum_of_lines()),
        (Code::OrderWithoutItems, "", "the order has no items", Draft { may_have_items: true, ..with_items(order(&[]), 0) }, settings()),
        of_multi(Code::MissingAttribute, "item.type", "item.type is required when an order is assembled from several events", &[(Field::ItemType, "")]),
        of_multi(Code::MissingAttribute, "item.name", "item.name is required when an order is assembled from several events", &[(Field::ItemName, "")]),
        of_multi(Code::MissingAttribute, "item.quantity", "item.quantity is required when an order is assembled from several events", &[(Field::ItemQuantity, "")]),
        of_multi(Code::MissingAttribute, "item.price", "item.price is required when an order is assembled from several events", &[(Field::ItemPrice, "")]),
        of_multi(Code::MissingAttribute, "item.productId", "item.productId is required when an order is assembled from several events", &[(Field::ItemProductId, "")]),
    ]);
    all.extend([
        of_multi(Code::NotUpperCase, "item.type", "\"flight\" must be written in upper case: \"FLIGHT\"", &[(Field::ItemType, "flight")]),
        of_multi(Code::UnknownStatus, "status", "unknown value \"SHIPPED\"; expected PURCHASED, PAYMENT_PENDING, CONFIRMED, REFUNDED or CANCELLED", &[(Field::Status, "SHIPPED")]),
        of_multi(Code::MixedCurrencies, "item.currencyCode", "\"USD\" cannot be added to a price in another currency", &[(Field::ItemCurrencyCode, "USD")]),
        (Code::MixedCurrencies, "item.currencyCode", "\"USD\" cannot be added to a price in another currency", multi_order(&[(Field::ItemCurrencyCode, "USD")]), TestSettings { mode: Mode::Multi, ..sum_of_lines() }),
        (Code::TooManyItems, "", "96 items, but a session keeps only 100 events, so it loses the first ones", with_items(multi_order(&[(Field::Price, "1920")]), 96), multi_settings()),
        of_multi(Code::UnknownLeg, "item.leg", "invalid leg \"back\"; expected outbound, return or a whole number", &[(Field::ItemLeg, "back")]),
        of_multi(Code::AirportImplausible, "item.product.origin", "implausible airport code \"Dublin\"; expected an IATA code such as DUB", &[(Field::ItemType, "FLIGHT"), (product("origin", String), "Dublin")]),
        of_multi(Code::ProductAttribute, "item.product.productId", "\"productId\" is reserved; every ADD sets this attribute itself", &[(product("productId", String), "x")]),
        of_multi(Code::ProductAttribute, "item.product.fare class", "invalid attribute name \"fare class\"; expected only letters, digits and _", &[(product("fare class", String), "x")]),
        of_multi(Code::ProductAttribute, "item.product.stops", "invalid integer \"none\"", &[(product("stops", Integer), "none")]),
        of_multi(Code::ProductAttribute, "item.product.stops", "\"1\" is a second value of this attribute", &[(product("stops", String), "0"), (product("stops", Integer), "1")]),
        of_multi(Code::TotalDiffers, "price", "the tenant adds the items up to 20.00, which is 0.50 less than the order's price of 20.50", &[(Field::Price, "20.50")]),
        of_multi(Code::TotalDiffers, "price", "the tenant adds the items up to 20.00, which is 1.00 more than the order's price of 19.00", &[(Field::Price, "19.00")]),
        of_multi(Code::ExtensionLeftOut, "", "an order assembled from several events carries no extensions; not sent: ext.gift, item.ext.size", &[(ext("gift", Boolean), "true"), (item_ext("size", String), "XL")]),
        (Code::UnknownTitle, "contact.title", "unknown value \"m***\"; expected one of Br, Brigadier, Capt, Colonel, Dame, Dr, Elder, Fr, General, Hon, Judge, Lord, Master, Miss, Mr, Mrs, Ms, Mstr, Prof, Rabbi, Rev, Shaikha, Sheikh, Sir, Sister, Sr", with_people(multi_order(&[]), &[contact(&[(Field::GuestTitle, "mr")])]), multi_settings()),
        (Code::EmailImplausible, "consumer.email", "\"c***\" has no @", with_people(multi_order(&[]), &[consumer(Some(0), &[(Field::GuestEmail, "cy")])]), multi_settings()),
        (Code::ConsumerIncomplete, "", "1 of 2 consumers without a title, firstname or lastname, which the manual requires", with_people(multi_order(&[]), &[consumer(None, &[]), consumer(None, &[(Field::GuestLastname, "")])]), multi_settings()),
        (Code::SequenceTooSlow, "", "6 requests at 1/s and the pause of 0.5 s take at least 6.5 s, more than half of a session, which ends after 12 s; a higher rate may help (--rate)", multi_order(&[]), TestSettings { rate: NonZeroU32::new(1), session_timeout: Duration::from_secs(12), ..multi_settings() }),
        (Code::EventTooLarge, "", "ADD of item 1 makes a URL of 526 bytes, more than the limit of 480", multi_order(&[]), TestSettings { max_url_bytes: 480, ..multi_settings() }),
    ]);
    all
}

/// An order in euros whose total has the symbol of dollars.
fn in_dollars() -> Draft<'static> {
    let mut draft = order(&[]);
    let currency = "USD".parse().unwrap();
    for cell in draft.cells.iter_mut().filter(|cell| *cell.field == Field::Price) {
        cell.notation = Notation::WithCurrency { currency, is_declared: true };
    }
    draft
}

/// An order of two items, one of which has no price.
fn with_unpriced_item() -> Draft<'static> {
    let mut draft = with_items(order(&[]), 2);
    draft.items[1] = order(&[(Field::ItemPrice, "")]).items[0].clone();
    draft
}
