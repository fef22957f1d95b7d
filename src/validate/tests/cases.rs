//! The table of problems: a case or more for every code of this stage.

use super::*;

/// The code, the field (none: the order as a whole), the words, and the order that has this problem and no other.
pub(super) type Case = (Code, &'static str, &'static str, Draft<'static>, Settings);

#[rustfmt::skip]
pub(super) fn cases() -> Vec<Case> {
    use ExtensionKind::{Boolean, Float, Integer, String};
    let of = |code, field, words, changes: &[Change]| (code, field, words, order(changes), settings());
    let long = "x".repeat(129);
    vec![
        of(Code::MissingAttribute, "referenceId", "referenceId is required and has no value", &[(Field::ReferenceId, "")]),
        of(Code::MissingAttribute, "orderedAt", "orderedAt is required and has no value", &[(Field::OrderedAt, "")]),
        of(Code::MissingAttribute, "status", "status is required and has no value", &[(Field::Status, "")]),
        of(Code::MissingAttribute, "currencyCode", "currencyCode is required and has no value", &[(Field::CurrencyCode, "")]),
        of(Code::MissingAttribute, "price", "price is required and has no value", &[(Field::Price, "")]),
        of(Code::MissingAttribute, "paymentType", "paymentType is required and has no value", &[(Field::PaymentType, "")]),
        of(Code::MissingCardType, "cardType", "cardType is required when paymentType is Card", &[(Field::CardType, "")]),
        of(Code::MissingIdentifier, "guest.email", "nobody can be identified: there is no identifier and no e-mail address", &[(Field::GuestEmail, "")]),
        (Code::MissingPos, "event.pos", "there is no point of sale: neither in the export nor in the settings (--pos)", order(&[]), without_pos()),
        of(Code::NotUpperCase, "status", "\"purchased\" must be written in upper case: \"PURCHASED\"", &[(Field::Status, "purchased")]),
        of(Code::NotUpperCase, "currencyCode", "\"eur\" must be written in upper case: \"EUR\"", &[(Field::CurrencyCode, "eur")]),
        of(Code::NotUpperCase, "item.status", "\"Payment_Pending\" must be written in upper case: \"PAYMENT_PENDING\"", &[(Field::ItemStatus, "Payment_Pending")]),
        of(Code::NotUpperCase, "item.type", "\"Product\" must be written in upper case: \"PRODUCT\"", &[(Field::ItemType, "Product")]),
        of(Code::NotUpperCase, "guest.country", "\"ie\" must be written in upper case: \"IE\"", &[(Field::GuestCountry, "ie")]),
        of(Code::NotUpperCase, "event.channel", "\"Web\" must be written in upper case: \"WEB\"", &[(Field::EventChannel, "Web")]),
        of(Code::NotUpperCase, "event.language", "\"de\" must be written in upper case: \"DE\"", &[(Field::EventLanguage, "de")]),
        of(Code::UnknownCurrency, "currencyCode", "\"EURO\" is not known, expected an ISO 4217 currency such as EUR", &[(Field::CurrencyCode, "EURO")]),
        of(Code::UnknownCurrency, "item.currencyCode", "\"€\" is not known, expected an ISO 4217 currency such as EUR", &[(Field::ItemCurrencyCode, "€")]),
        of(Code::UnknownCurrency, "event.currency", "\"QQQ\" is not known, expected an ISO 4217 currency such as EUR", &[(Field::EventCurrency, "QQQ")]),
        of(Code::UnknownLanguage, "event.language", "\"EN-GB\" is not known, expected an ISO 639-1 language such as EN", &[(Field::EventLanguage, "EN-GB")]),
        of(Code::UnknownCountry, "guest.country", "\"UK\" is not known, expected an ISO 3166-1 alpha-2 country such as IE", &[(Field::GuestCountry, "UK")]),
        of(Code::UnknownStatus, "status", "\"CANCELLED\" is not known, expected PURCHASED or PAYMENT_PENDING", &[(Field::Status, "CANCELLED")]),
        of(Code::UnknownStatus, "item.status", "\"SHIPPED\" is not known, expected PURCHASED or PAYMENT_PENDING", &[(Field::ItemStatus, "SHIPPED")]),
        of(Code::UnknownTitle, "guest.title", "\"mr\" is not known, expected one of Br, Brigadier, Capt, Colonel, Dame, Dr, Elder, Fr, General, Hon, Judge, Lord, Master, Miss, Mr, Mrs, Ms, Mstr, Prof, Rabbi, Rev, Shaikha, Sheikh, Sir, Sister, Sr", &[(Field::GuestTitle, "mr")]),
        of(Code::UnknownGender, "guest.gender", "\"Male\" is not known, expected male, female or unknown", &[(Field::GuestGender, "Male")]),
        of(Code::DobUnreadable, "guest.dob", "is no date of birth, expected YYYY-MM-DDThh:mm or YYYY-MM-DD", &[(Field::GuestDob, "1990-02-30")]),
        of(Code::TimestampUnreadable, "orderedAt", "\"2025-01-01\" is no timestamp, expected ISO 8601 with an offset or Z", &[(Field::OrderedAt, "2025-01-01")]),
        of(Code::TimestampUnreadable, "item.orderedAt", "\"now\" is no timestamp, expected ISO 8601 with an offset or Z", &[(Field::ItemOrderedAt, "now")]),
        of(Code::TimestampInFuture, "orderedAt", "\"2025-06-02T12:00:01.000Z\" is in the future", &[(Field::OrderedAt, "2025-06-02T12:00:01.000Z")]),
        of(Code::TimestampInFuture, "item.orderedAt", "\"2026-01-01T00:00:00.000Z\" is in the future", &[(Field::ItemOrderedAt, "2026-01-01T00:00:00.000Z")]),
        of(Code::NumberUnreadable, "price", "\"20,00\" is not a decimal number such as 1234.50", &[(Field::Price, "20,00")]),
        of(Code::NumberUnreadable, "item.price", "\"€10\" is not a decimal number such as 1234.50", &[(Field::ItemPrice, "€10")]),
        of(Code::NumberUnreadable, "item.quantity", "\"two\" is not a decimal number such as 1234.50", &[(Field::ItemQuantity, "two")]),
        of(Code::NumberUnreadable, "price", "\"0.00000000000000000000000000001\" is more digits than the 28 that can be kept exactly", &[(Field::Price, "0.00000000000000000000000000001")]),
        of(Code::NumberUnreadable, "item.price", "9999999999999999999999999999 times 100 has too many digits", &[(Field::ItemPrice, "9999999999999999999999999999"), (Field::ItemQuantity, "100")]),
        (Code::NumberUnreadable, "item.price", "a line total of 10.00 for 0 pieces", order(&[(Field::ItemQuantity, "0")]), prices(PricePer::Line, PricePer::Unit)),
        (Code::PriceRounded, "item.price", "20.00 for 3 pieces is rounded to 6.666667 each", order(&[(Field::ItemPrice, "20.00"), (Field::ItemQuantity, "3")]), prices(PricePer::Line, PricePer::Unit)),
        of(Code::EmailImplausible, "guest.email", "\"a***@e***.com\" has a blank inside", &[(Field::GuestEmail, "ann smith@example.com")]),
        of(Code::EmailImplausible, "guest.id.email", "\"a***\" has no @", &[(id("email"), "ann")]),
        of(Code::ItemTypeUnsupported, "item.type", "\"FLIGHT\" cannot be sent with ORDER_CHECKOUT", &[(Field::ItemType, "FLIGHT")]),
        of(Code::ItemTypeUnsupported, "item.type", "\"loan_application\" cannot be sent with ORDER_CHECKOUT", &[(Field::ItemType, "loan_application")]),
        of(Code::NameTooLong, "item.name", "the name has 129 characters, at most 128 are allowed", &[(Field::ItemName, &long)]),
        (Code::TooManyItems, "", "101 items, of which the tenant keeps 100", with_items(order(&[(Field::Price, "2020")]), 101), Settings { max_url_bytes: 65_534, ..settings() }),
        of(Code::ExtensionName, "ext.gift wrap", "\"gift wrap\" is not alphanumeric", &[(ext("gift wrap", String), "x")]),
        of(Code::ExtensionName, "item.ext.größe", "\"größe\" is not alphanumeric", &[(item_ext("größe", String), "x")]),
        of(Code::ExtensionName, "ext.key", "\"key\" is taken by the extension object itself", &[(ext("key", String), "x")]),
        of(Code::ExtensionName, "item.ext.name", "\"name\" is taken by the extension object itself", &[(item_ext("name", String), "x")]),
        of(Code::ExtensionTypeUnknown, "ext.a:decimal", "\"a:decimal\" declares no known type; expected string, boolean, integer or float behind the colon", &[(ext("a:decimal", String), "x")]),
        of(Code::ExtensionValue, "ext.a", "\"yes\" is no boolean", &[(ext("a", Boolean), "yes")]),
        of(Code::ExtensionValue, "ext.a", "\"1.0\" is no integer", &[(ext("a", Integer), "1.0")]),
        of(Code::ExtensionValue, "item.ext.a", "\"1,5\" is no float", &[(item_ext("a", Float), "1,5")]),
        of(Code::TooManyExtensions, "", "51 extension attributes, at most 50 are allowed", &attributes(51)),
        of(Code::ExtensionTypeConflict, "ext.a", "integer here, but string before: an attribute keeps its type", &[(ext("a", String), "x"), (ext("a", Integer), "1")]),
        (Code::EventTooLarge, "", "ORDER_CHECKOUT with 1 items makes a URL of 601 bytes, more than the 500 that are allowed", order(&[]), Settings { max_url_bytes: 500, ..settings() }),
        of(Code::TotalDiffers, "price", "the items add up to 20.00, the order's price is 20.01", &[(Field::Price, "20.01")]),
        (Code::MixedCurrencies, "item.currencyCode", "\"USD\" cannot be added up to a price in another currency", order(&[(Field::ItemCurrencyCode, "USD")]), sum_of_lines()),
        of(Code::UnknownPaymentType, "paymentType", "\"card\" is not in the manual, which lists Card, PayPal, voucher, other", &[(Field::PaymentType, "card")]),
        of(Code::UnknownCardType, "cardType", "\"VISA\" is not in the manual, which lists Mastercard, Visa, Diners, American Express", &[(Field::CardType, "VISA")]),
        of(Code::UnknownChannel, "event.channel", "\"KIOSK\" is not documented here, expected one of WEB, MOBILE_WEB, MOBILE_APP", &[(Field::EventChannel, "KIOSK")]),
    ]
}
