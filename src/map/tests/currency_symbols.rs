//! Unit tests of `currency_symbols`: prices with symbols, in CSV and in JSON.

use serde_json::json;

use super::{
    dates::example,
    rows::{csv, documents, ndjson, profile, records},
};
use crate::{
    map::profile::Profile,
    model::{draft::Notation, field::Field},
};

#[test]
fn example_of_symbols_is_read() {
    let text = format!("name = 'test'\nkey = {{ column = 'id' }}\n{}", example("Symbols of"));
    let rules = Profile::parse("test", &text).unwrap();
    let of = |cell: &str| csv(&rules, "id,Total", &format!("A,{cell}"));
    insta::assert_snapshot!(of("€12.50"), @"row A: currencyCode=EUR@3 price=12.50@3");
    insta::assert_snapshot!(of("(AU $3.00)"), @"row A: currencyCode=AUD@3 price=(AU $3.00)@3");
    insta::assert_snapshot!(of("US $3.00"), @r#"row A: currencyCode!US $3.00@3 price!US $3.00@3 | unknown_currency currencyCode@3 "US $3.00" has "US $", which currency_symbols lacks | number_unreadable price@3 "US $3.00" has "US $", which currency_symbols lacks"#);
    insta::assert_snapshot!(of("3.00"), @"row A: currencyCode!3.00@3 price=3.00@3 | unknown_currency currencyCode@3 an amount without a currency; expected a code, such as EUR 12.00, or a symbol of currency_symbols");
}

#[test]
fn symbol_of_a_price_is_known_to_the_order() {
    let rules = profile(
        "currency_symbols = { '$' = 'USD' }\ndecimal = ','\n\
         order.price = { path = 'total' }\nitem.price = { path = 'price', scale = 2 }",
    );
    let notation = |value| {
        let (mapped, _) = documents(&rules, &[json!({"id": "A", "price": 5, "total": value})]);
        let mut cells = mapped[0].row.cells.iter();
        cells.find(|cell| *cell.field == Field::Price).map(|cell| cell.notation)
    };
    let currency = "USD".parse().unwrap();
    let with_currency = Notation::WithCurrency { currency, is_declared: true };
    assert_eq!(notation(json!("$3,50")), Some(with_currency));
    assert_eq!(notation(json!("3,50")), Some(Notation::Declared));
    assert_eq!(notation(json!(3.5)), Some(Notation::JsonNumber));
    let minor = json!({"id": "A", "price": "$350", "total": "$-3,50"});
    insta::assert_snapshot!(ndjson(&rules, minor), @"row A: price=-3.50@4 | item@1 item.price=3.50@3");
    let sum = profile(
        "currency_symbols = { '$' = 'USD', '€' = 'EUR' }\n\
         order.price = { sum = ['a', 'b'] }",
    );
    insta::assert_snapshot!(csv(&sum, "id,a,b", "A,$1.50,2.25"), @"row A: price=3.75@3");
    insta::assert_snapshot!(csv(&sum, "id,a,b", "A,$1.50,€2.25"), @"row A: price!€2.25@9 | number_unreadable price@9 in another unit than the other parts of the sum");
    let minor = profile(
        "currency_symbols = { '¥' = 'JPY', '€' = 'EUR' }\n\
         order.price = { sum = ['a', 'b'], scale = 'currency' }",
    );
    insta::assert_snapshot!(csv(&minor, "id,a,b", "A,€ 1050,200"), @"row A: price=12.50@3");
    insta::assert_snapshot!(csv(&minor, "id,a,b", "A,0,¥1050"), @"row A: price=1050@3");
    insta::assert_snapshot!(csv(&minor, "id,a,b", "A,1050,0"), @"row A: price=1050@3");
}

/// No rule reads the column, so that a profile could not say how its numbers are written.
#[test]
fn conditions_know_symbols_of_other_columns() {
    let skips = |keys: &str, test: &str, cell: serde_json::Value| {
        let rules = profile(&format!(
            "{keys}\ncurrency_symbols = {{ '$' = 'USD' }}\norder.price = {{ column = 'total', path = 'total' }}\n\
             [[skip]]\nreason = 'r'\nwhen = {{ column = 'paid', path = 'paid', {test} }}"
        ));
        let from_json = ndjson(&rules, json!({"id": "A", "paid": cell}));
        if let Some(text) = cell.as_str() {
            let from_csv = csv(&rules, "id,paid,total", &format!("A,{text},"));
            assert_eq!(from_csv.contains("skip r"), from_json.contains("skip r"), "{text}");
        }
        match (from_json.contains("skip r"), from_json.contains("condition_unreadable")) {
            (true, false) => "skipped",
            (false, false) => "sent",
            (_, true) => "unreadable",
        }
    };
    assert_eq!(skips("", "equals = 0", json!("$0.00")), "skipped");
    assert_eq!(skips("", "equals = 0", json!("0.00 USD")), "skipped");
    assert_eq!(skips("", "equals = 0", json!("$5.00")), "sent");
    assert_eq!(skips("", "equals = 0", json!(0)), "skipped");
    assert_eq!(skips("", "equals = 0", json!("¥0")), "unreadable");
    assert_eq!(skips("", "less = 2", json!("$1.250")), "unreadable");
    assert_eq!(skips("decimal = '.'", "less = 2", json!("$1.250")), "skipped");
}

/// The number beside a symbol is in minor units, those of its currency if the profile says so.
#[test]
fn symbol_of_minor_units_is_read() {
    let symbols = "currency_symbols = { '€' = 'EUR', '¥' = 'JPY' }\n";
    let of = |price: &str, cell: &str| {
        let rules = profile(&format!("{symbols}order.price = {{ column = 'p', {price} }}"));
        let (mapped, _) = records(&rules, "id,p", &[&format!("A,{cell}")]);
        let cell = mapped[0].row.cells.get(&Field::Price).unwrap();
        format!("{} {:?}", cell.text, cell.notation)
    };
    insta::assert_snapshot!(of("scale = 2", "€ 2199"), @"21.99 WithCurrency { currency: Currency([69, 85, 82]), is_declared: true }");
    insta::assert_snapshot!(of("scale = 2", "2199"), @"21.99 Declared");
    insta::assert_snapshot!(of("scale = 2", "€ 21.99"), @"€ 21.99 Text");
    insta::assert_snapshot!(of("scale = 'currency'", "-2199 €"), @"-21.99 WithCurrency { currency: Currency([69, 85, 82]), is_declared: true }");
    insta::assert_snapshot!(of("scale = 'currency'", "¥2199"), @"2199 WithCurrency { currency: Currency([74, 80, 89]), is_declared: true }");
    insta::assert_snapshot!(of("scale = 'currency'", "2199"), @"2199 MinorUnits");
    insta::assert_snapshot!(of("scale = 2, thousands = '.', decimal = ','", "2.199 €"), @"21.99 WithCurrency { currency: Currency([69, 85, 82]), is_declared: true }");
    insta::assert_snapshot!(of("scale = 'currency', negative = 'parentheses'", "(€2199)"), @"-21.99 WithCurrency { currency: Currency([69, 85, 82]), is_declared: true }");
    let beside = profile(&format!(
        "{symbols}order.price = {{ path = 'p', scale = {{ beside = 'digits', default = 'currency' }} }}"
    ));
    let of = |value| ndjson(&beside, value);
    insta::assert_snapshot!(of(json!({"digits": 3, "id": "A", "p": "€2199"})), @"row A: price=2.199@4");
    insta::assert_snapshot!(of(json!({"id": "A", "p": "¥2199"})), @"row A: price=2199@3");
}
