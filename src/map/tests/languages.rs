//! Tests of texts in several languages.

use serde_json::{Value, json};

use super::{
    bind, csv, document, documents, mapped, ndjson, path_warnings, problem_text, profile, row,
    rows::errors,
};
use crate::map::{CellOwner, trace};

/// What a rule with this language makes of the name of an item; the order has the locale.
fn item_of(language: &str, locale: &Value, name: &Value) -> String {
    let rules = profile(&format!(
        "items = 'lines'\nitem.name = {{ path = 'name', language = {language} }}\n\
         item.quantity.path = 'n'"
    ));
    let order = json!({"id": "A", "locale": locale, "lines": [{"name": name, "n": 1}]});
    let mapped = ndjson(&rules, order);
    // Without the places.
    let words = mapped.split_whitespace().map(|word| word.split('@').next().unwrap_or_default());
    words.collect::<Vec<_>>().join(" ").replace("document A: | item item.quantity=1", "")
}

fn text_of(language: &str, locale: &str, name: &Value) -> String {
    let item = item_of(language, &json!(locale), name);
    item.replace("document A: | item item.name=", "").replace(" item.quantity=1", "")
}

#[test]
fn wanted_language_counts_before_fallbacks() {
    let texts = json!({"de": "Tasse", "de-AT": "Haeferl", "en": "Mug", "fr": "Bol", "": "x"});
    for (locale, expected) in [
        ("de-AT", "Haeferl"),
        ("DE_at", "Haeferl"),
        ("de-DE", "Tasse"),
        ("de-DE-1996", "Tasse"),
        ("it", "Mug"),
        ("", "Mug"),
        ("*", "Mug"),
    ] {
        let language = "{ path = 'locale', fallback = ['pt', 'en-GB', '*'] }";
        assert_eq!(text_of(language, locale, &texts), expected, "{locale}");
    }
    assert_eq!(text_of("{ fallback = 'fr' }", "de", &texts), "Bol");
}

#[test]
fn empty_texts_are_passed_over() {
    let texts = json!({"de": " ", "de-DE": null, "en": "", "fr": "Bol"});
    let language = "{ path = 'locale', fallback = ['en', '*'] }";
    assert_eq!(text_of(language, "de-DE", &texts), "Bol");
    for nothing in [json!({}), json!({"de": "", "en": null}), json!(null), json!("")] {
        assert_eq!(text_of(language, "de-DE", &nothing), "", "{nothing}");
    }
}

#[test]
fn single_text_needs_no_language() {
    let language = "{ path = 'locale' }";
    assert_eq!(text_of(language, "de", &json!("Mug")), "Mug");
    let rules = "order.ext.gift = { column = 'Gift', path = 'gift', language.fallback = 'en' }";
    let rules = profile(rules);
    assert_eq!(csv(&rules, "id,Gift", "A,Card"), "row A: ext.gift:string=Card@3");
    assert!(ndjson(&rules, json!({"id": "A", "gift": {"en": "Card"}})).contains("=Card@"));
}

#[test]
fn other_languages_are_a_warning() {
    let language = "{ path = 'locale', fallback = ['en', 'fr'] }";
    let of = |locale: &Value| {
        item_of(language, locale, &json!({"de": "Tasse", "es": "", "it": "Tazza"}))
    };
    insta::assert_snapshot!(of(&json!("pt-BR")), @r#" | language_missing item.name texts in "de", "it", expected one in "pt-BR", "en", "fr""#);
    insta::assert_snapshot!(of(&json!(null)), @r#" | language_missing item.name texts in "de", "it", expected one in "en", "fr""#);
    let no_fallback = |locale: &Value| {
        item_of("{ path = 'locale' }", locale, &json!({"de": "Tasse", "it": "Tazza"}))
    };
    insta::assert_snapshot!(no_fallback(&json!(null)), @r#" | language_missing item.name texts in "de", "it", but locale names no language, and there is no fallback"#);
    insta::assert_snapshot!(no_fallback(&json!({"code": "de"})), @"document A: | item item.name!an object item.quantity=1 | not_a_scalar item.name an object where a single value is expected");
    insta::assert_snapshot!(no_fallback(&json!(["de"])), @"document A: | item item.name!an array item.quantity=1 | not_a_scalar item.name an array where a single value is expected");
}

/// A default and the next rule of a list are for fields without a value.
#[test]
fn other_value_needs_no_warning() {
    let value = json!({"id": "A", "name": {"de": "Tasse"}, "sku": "M1"});
    let of = |rule: &str| {
        let mapped = ndjson(&profile(&format!("order.ext.name = {rule}")), value.clone());
        mapped.replace("row A: ext.name:string", "")
    };
    let english = "path = 'name', language = { fallback = 'en' }";
    assert_eq!(of(&format!("{{ {english}, default = 'x' }}")), "~x@-");
    assert!(of(&format!("[{{ {english} }}, {{ path = 'sku' }}]")).starts_with("=M1@"));
    assert!(of(&format!("{{ path = ['name', 'sku'], {} }}", &english[15..])).starts_with("=M1@"));
    assert!(
        of(&format!("[{{ {english} }}, {{ path = 'id2', optional = true }}]"))
            .contains("language_missing")
    );
    let when = format!("{{ {english}, when = {{ path = 'sku', is = 'other' }} }}");
    assert_eq!(of(&when), "row A: ");
}

#[test]
fn text_that_is_none_is_a_problem() {
    let language = "{ path = 'locale', fallback = '*' }";
    insta::assert_snapshot!(item_of(language, &json!("de"), &json!({"de": ["Tasse"], "en": "Mug"})), @"document A: | item item.name!an array item.quantity=1 | not_a_scalar item.name an array where a single value is expected");
    insta::assert_snapshot!(item_of(language, &json!("de"), &json!(["Tasse"])), @"document A: | item item.name!an array item.quantity=1 | not_a_scalar item.name an array where a single value is expected");
}

#[test]
fn trace_says_which_language_was_taken() {
    let rules = profile(
        "items = 'lines'\nitem.name = { path = ['label', 'name'], language.fallback = ['en', '*'] }",
    );
    let order = json!({"id": "A", "lines": [
        {"name": {"de": "Tasse", "en": "Mug"}}, {"name": {"de": "Tasse"}}, {"name": "Mug"},
    ]});
    let mapped = mapped(bind(&rules, None), row(1, document(&order)), None);
    let steps = mapped.items.iter().map(|item| {
        let of = CellOwner::Item(item);
        trace(&rules, of, &item.cells[0]).steps.join("; ")
    });
    insta::assert_snapshot!(steps.collect::<Vec<_>>().join("\n"), @r#"
    label is empty; in "en", not in "de"
    label is empty; in "de"
    label is empty
    "#);
}

/// An item may have a language of its own.
#[test]
fn language_of_an_item_counts_before_that_of_its_order() {
    let rules = profile(
        "items = 'lines'\nitem.name = { path = 'name', language = { path = ['lang', 'locale'] } }",
    );
    let name = json!({"de": "Tasse", "en": "Mug"});
    let order = json!({"id": "A", "locale": "de", "lines": [
        {"name": name, "locale": "en"}, {"name": name}, {"name": name, "lang": "en", "locale": "x"},
    ]});
    let (mapped, unknown) = documents(&rules, &[order]);
    let names = mapped[0].row.items.iter().flat_map(|item| item.cells.iter());
    assert_eq!(names.map(|cell| &*cell.text).collect::<Vec<_>>(), ["Mug", "Tasse", "Mug"]);
    assert_eq!(unknown.iter().map(problem_text).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn language_that_no_document_has_is_reported() {
    let of = |keys: &str, value: Value| {
        let rule = format!("path = 'name', language.path = 'locale'{keys}");
        let rules = format!("items = 'lines'\nitem.name = {{ {rule} }}");
        path_warnings(&profile(&rules), &[value])
    };
    let order =
        |member: &str| json!({"id": "A", member: "de", "lines": [{"name": {"de": "Tasse"}}]});
    let warning =
        "no document has \"locale\", which the profile reads for the language of item.name";
    assert_eq!(of("", order("country")), Ok(vec![warning.to_owned()]));
    assert_eq!(of(", optional = true", order("country")), Ok(vec![]));
    assert_eq!(of("", order("locale")), Ok(vec![]));
    let near = of("", order("Locale")).unwrap_err();
    assert!(near.contains("did you mean \"Locale\"?"), "{near}");
}

#[test]
fn languages_without_meaning_are_errors() {
    insta::assert_snapshot!(errors("\
order.ext.a = { column = 'a', language = { fallback = 'en' } }
order.ext.b = { path = 'b', language = {} }
order.ext.c = { path = 'c', language = { path = [], fallback = [] } }
order.ext.d = { path = 'd', language = { path = 'a..b', fallback = ['', ' en', '*', 'de'] } }
order.ext.e = { path = 'e', language = 'en' }
order.ext.f = { path = 'f', language = ['locale', ['en']] }
order.ext.g = { path = 'g', language = { column = 'Locale', falback = 'en' } }
order.ext.h = { path = 'h', join = ', ', language = { path = 'locale' } }
order.ext.i = { value = 'x', language = { path = 'locale' } }
order.ext.'*' = { path = 'texts', language = { path = 'locale' } }
order.price = { path = 'total', scale = 2, language = { path = 'locale' } }
order.orderedAt = { path = 'at', language = { path = 'locale' }, date = 'iso8601', zone = { path = 'z', language = { path = 'locale' } } }
order.status = { paths = ['a'], table = [['a', 'PURCHASED']], language = { path = 'lines[].locale' } }
guest.id.x = { path = 'x', language = { fallback = 5 } }
"), @r#"
    test:3:11: order.ext.a: "a" has a language, but no path of texts in several languages; a cell has one
      test:4:29: order.ext.b.language: "language" has no path and no fallback; expected one of them
      test:5:49: order.ext.c.language.path: "path" is empty; expected a text or several
      test:5:64: order.ext.c.language.fallback: "fallback" is empty; expected a text or several
      test:6:49: order.ext.d.language.path: "a..b" has an empty name; a member without a name is written ""
      test:6:68: order.ext.d.language.fallback: "fallback" has an empty text; expected a language such as "en", or "*" for any
      test:6:68: order.ext.d.language.fallback: "fallback" has " en", but values have no blanks around them; expected "en"
      test:6:68: order.ext.d.language.fallback: "fallback" has a language behind "*", which is any; expected "*" at the end
      test:7:40: order.ext.e.language: found the text "en"; expected a language: { path = "locale", fallback = ["en", "*"] } or { fallback = "en" }
      test:8:40: order.ext.f.language: found a list; expected a language: { path = "locale", fallback = ["en", "*"] } or { fallback = "en" }
      test:9:42: order.ext.g.language: unknown key "column"; expected "path", "fallback"
      test:9:61: order.ext.g.language: unknown key "falback"; meant "fallback"? or "path"
      test:10:36: order.ext.h.join: "join" is not for a text in several languages; expected no language
      test:11:30: order.ext.i.language: "language" has no effect on a constant; expected a column or path, or no value
      test:12:35: order.ext.*.language: "language" is not for a wildcard; give the field a rule of its own
      test:13:41: order.price.scale: "scale" is not for a text in several languages; expected no language
      test:14:73: order.orderedAt.date: "date" has a zone of each row, but every date has an offset; expected none, or a format without an offset
      test:14:105: order.orderedAt.zone.language: "language" is not for a zone; expected a column or path, values and a default
      test:15:7: order.status: "status" has a language, but no path of texts in several languages; a cell has one
      test:15:83: order.status.language.path: the rule reads one value, but "lines[].locale" has that of each element; expected an index, a filter, join or a sum
      test:16:52: guest.id.x.language.fallback: expected a string or a list of strings
    "#);
}
