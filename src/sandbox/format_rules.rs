//! Format rules of single attributes by the manual: upper case, currency code, instant, number and
//! so on. Each rule checks one JSON value.
//!
//! A rule does not know the attribute or whether it is required. Called by the tables of `schema`.

use chrono::NaiveDateTime;
use iso_currency::Currency;
use serde_json::Value;

/// The result of a rule; the error is `found, expected`, without the attribute.
pub(super) type SchemaError = Result<(), String>;

/// The manual on order items: "the following values are not supported".
const UNSUPPORTED_ITEM_TYPES: [&str; 7] = [
    "FLIGHT",
    "HOTEL",
    "MORTGAGE",
    "MORTGAGE_APPLICATION",
    "LOAN_APPLICATION",
    "PERSONAL_LOAN",
    "RAIL",
];

/// The manual on an order item's name: "max limit: 128".
const MAX_ITEM_NAME_CHARS: usize = 128;

/// The titles of the manual's IDENTITY page.
const TITLES: [&str; 25] = [
    "Br",
    "Brigadier",
    "Capt",
    "Colonel",
    "Dame",
    "Dr",
    "Elder",
    "Fr",
    "General",
    "Hon",
    "Judge",
    "Lord",
    "Master",
    "Miss",
    "Mr",
    "Mrs",
    "Ms",
    "Mstr",
    "Prof",
    "Rabbi",
    "Rev",
    "Shaikha",
    "Sheikh",
    "Sir",
    "Sister",
];

const GENDERS: [&str; 3] = ["male", "female", "unknown"];

/// The manual on CHECKOUT; for `ORDER_CHECKOUT` it shows examples only.
const ORDER_STATUSES: [&str; 5] =
    ["PURCHASED", "PAYMENT_PENDING", "CONFIRMED", "REFUNDED", "CANCELLED"];

/// Text, which may be empty.
pub(super) fn text(value: &Value) -> SchemaError {
    read_text(value).map(drop)
}

/// Text that is not empty, as a required attribute must be.
pub(super) fn non_empty(value: &Value) -> SchemaError {
    match read_text(value)? {
        "" => Err("empty".to_owned()),
        _ => Ok(()),
    }
}

/// A number.
pub(super) fn number(value: &Value) -> SchemaError {
    // Not a text with digits: prices in quotation marks made orders of amount 0 at real tenants.
    ensure(value.is_number(), || format!("{}, expected a number", json_type(value)))
}

/// `string (uppercase)`, such as a channel, a type or a status.
pub(super) fn upper_case(value: &Value) -> SchemaError {
    let is_upper = |text: &str| !text.is_empty() && !text.chars().any(char::is_lowercase);
    check_text(value, is_upper, "upper case")
}

/// `string (uppercase ISO 639-1)`.
pub(super) fn language(value: &Value) -> SchemaError {
    // The shape only: whether the letters are a language is left to the sender.
    check_text(value, |text| is_upper_letters(text, 2), "two upper-case letters")
}

/// A country of ISO 3166-1 alpha-2; checks its shape only.
pub(super) fn country(value: &Value) -> SchemaError {
    language(value)
}

/// `string (uppercase ISO 4217)`.
pub(super) fn currency(value: &Value) -> SchemaError {
    let is_currency = |text: &str| is_upper_letters(text, 3) && Currency::from_code(text).is_some();
    check_text(value, is_currency, "a currency code of ISO 4217")
}

/// `ISO 8601 Date/Time UTC` as in the manual's examples.
pub(super) fn instant(value: &Value) -> SchemaError {
    check_text(value, |text| is_time(text, "%Y-%m-%dT%H:%M:%S%.3fZ"), "YYYY-MM-DDThh:mm:ss.sssZ")
}

/// A date of birth.
pub(super) fn date_of_birth(value: &Value) -> SchemaError {
    check_text(value, |text| is_time(text, "%Y-%m-%dT%H:%M"), "YYYY-MM-DDThh:mm")
}

/// A guest's title.
pub(super) fn title(value: &Value) -> SchemaError {
    check_text(value, |text| TITLES.contains(&text), "one of the manual's titles")
}

/// A guest's gender.
pub(super) fn gender(value: &Value) -> SchemaError {
    check_text(value, |text| GENDERS.contains(&text), "male, female or unknown")
}

/// An array of text, such as the lines of a street.
pub(super) fn text_array(value: &Value) -> SchemaError {
    let Value::Array(lines) = value else {
        return Err(format!("{}, expected an array of text", json_type(value)));
    };
    lines.iter().try_for_each(text)
}

/// The type of an order item.
pub(super) fn item_type(value: &Value) -> SchemaError {
    // Other types must be predefined in the tenant, which a stand-in cannot know.
    upper_case(value)?;
    let is_supported = |text: &str| !UNSUPPORTED_ITEM_TYPES.contains(&text);
    check_text(value, is_supported, "a type that ORDER_CHECKOUT supports")
}

/// The name of an order item.
pub(super) fn item_name(value: &Value) -> SchemaError {
    let length = read_text(value)?.chars().count();
    ensure(length <= MAX_ITEM_NAME_CHARS, || {
        format!("{length} characters, expected at most {MAX_ITEM_NAME_CHARS}")
    })
}

/// The status of an order in CHECKOUT's list.
pub(super) fn order_status(value: &Value) -> SchemaError {
    check_text(value, |text| ORDER_STATUSES.contains(&text), "one of CHECKOUT's statuses")
}

/// An extension's `name`.
pub(super) fn ext(value: &Value) -> SchemaError {
    check_text(value, |text| text == "ext", "\"ext\"")
}

/// An extension's `key`.
pub(super) fn default_key(value: &Value) -> SchemaError {
    check_text(value, |text| text == "default", "\"default\"")
}

/// The value of an extension's attribute: `string`, `boolean`, `integer` or `float`.
pub(super) fn scalar(value: &Value) -> SchemaError {
    let is_flat = value.is_string() || value.is_boolean() || value.is_number();
    ensure(is_flat, || format!("{}, expected text, a boolean or a number", json_type(value)))
}

/// The JSON type of a value, as written in messages.
pub(super) fn json_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn read_text(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("{}, expected text", json_type(value)))
}

fn check_text(value: &Value, is_valid: impl Fn(&str) -> bool, expected: &str) -> SchemaError {
    let found = read_text(value)?;
    ensure(is_valid(found), || format!("{}, expected {expected}", quote_start(found)))
}

fn ensure(is_valid: bool, message: impl FnOnce() -> String) -> SchemaError {
    if is_valid { Ok(()) } else { Err(message()) }
}

/// The first 40 characters of a value, quoted, so that a message stays short.
fn quote_start(found: &str) -> String {
    let start: String = found.chars().take(40).collect();
    format!("{start:?}")
}

fn is_upper_letters(text: &str, n_letters: usize) -> bool {
    text.len() == n_letters && text.bytes().all(|byte| byte.is_ascii_uppercase())
}

fn is_time(text: &str, format: &str) -> bool {
    // chrono parses more than the exact format (`2025-1-1`, a sign, blanks), so the formatted time
    // is compared with the text. A year beyond 9999 is written with a sign, which is not the
    // format.
    text.starts_with(|c: char| c.is_ascii_digit())
        && NaiveDateTime::parse_from_str(text, format)
            .is_ok_and(|time| time.format(format).to_string() == text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    type Case = (&'static str, fn(&Value) -> SchemaError, Vec<Value>, Vec<Value>);

    /// One line per rule: valid values, then invalid values.
    #[test]
    fn format_rules_match_the_manual() {
        let name_of = |n: usize| json!("é".repeat(n));
        let table: Vec<Case> = vec![
            ("text", text, vec![json!(""), json!("a")], vec![json!(1), json!(null)]),
            ("non_empty", non_empty, vec![json!("a")], vec![json!(""), json!([])]),
            (
                "number",
                number,
                vec![json!(50), json!(30.6), json!(-45)],
                vec![json!("50"), json!(true), json!(null)],
            ),
            (
                "upper_case",
                upper_case,
                vec![json!("WEB"), json!("MOBILE_APP")],
                vec![json!("Web"), json!(""), json!(1)],
            ),
            (
                "language",
                language,
                vec![json!("EN")],
                vec![json!("en"), json!("ENG"), json!("É"), json!("E1")],
            ),
            (
                "currency",
                currency,
                vec![json!("EUR"), json!("JPY")],
                vec![json!("eur"), json!("EURO"), json!("ABC"), json!(978)],
            ),
            (
                "instant",
                instant,
                vec![json!("2025-08-23T16:17:16.000Z"), json!("2024-02-29T00:00:00.123Z")],
                vec![
                    json!("2025-08-23T16:17:16Z"),
                    json!("+57134-05-19T00:00:00.000Z"),
                    json!("2025-08-23T16:17:16.000000Z"),
                    json!("2025-08-23T16:17:16.000+00:00"),
                    json!("2025-08-23 16:17:16.000Z"),
                    json!("2025-02-29T16:17:16.000Z"),
                    json!(" 2025-08-23T16:17:16.000Z"),
                    json!("+2025-08-23T16:17:16.000Z"),
                    json!(1_755_965_836),
                ],
            ),
            (
                "date_of_birth",
                date_of_birth,
                vec![json!("1984-06-01T00:00")],
                vec![json!("1984-06-01"), json!("01.06.1984")],
            ),
            ("title", title, vec![json!("Mrs")], vec![json!("MRS"), json!("Herr")]),
            ("gender", gender, vec![json!("unknown")], vec![json!("Male"), json!("f")]),
            (
                "text_array",
                text_array,
                vec![json!([]), json!(["1 Main St"])],
                vec![json!("1 Main St"), json!([1])],
            ),
            ("country", country, vec![json!("IE")], vec![json!("ie"), json!("IRL")]),
            (
                "item_type",
                item_type,
                vec![json!("PRODUCT")],
                vec![json!("FLIGHT"), json!("RAIL"), json!("Product")],
            ),
            (
                "order_status",
                order_status,
                vec![json!("PURCHASED"), json!("CANCELLED")],
                vec![json!("Purchased"), json!("PAID"), json!(null)],
            ),
            ("item_name", item_name, vec![json!(""), name_of(128)], vec![name_of(129), json!(5)]),
            (
                "scalar",
                scalar,
                vec![json!("a"), json!(true), json!(1), json!(1.5)],
                vec![json!(null), json!([1]), json!({})],
            ),
        ];
        for (name, rule, valid, invalid) in table {
            for value in valid {
                assert_eq!(rule(&value), Ok(()), "{name} {value}");
            }
            for value in invalid {
                assert!(rule(&value).is_err(), "{name} {value}");
            }
        }
    }

    #[test]
    fn errors_name_found_and_expected_values() {
        assert_eq!(number(&json!("5")).unwrap_err(), "text, expected a number");
        assert_eq!(language(&json!("de")).unwrap_err(), "\"de\", expected two upper-case letters");
        assert_eq!(
            item_name(&json!("x".repeat(130))).unwrap_err(),
            "130 characters, expected at most 128"
        );
    }
}
