//! Examples of the values of keys, for messages about open questions and for editors.
//!
//! One table; keys that take some values only have no example. Put into the schema by
//! `profile_schema`.

use serde_json::{Value, json};

use super::schema_types::alternatives;

/// TOML values by the name of a key, or by that of a type of the schema for all keys of that type,
/// or by both for one key of a type. A name with `.*` is that of the values of a table.
const EXAMPLES: &[(&str, &[&str])] = &[
    // Tables.
    ("ConditionText", &[r#"{ column = "Status", is = "paid" }"#]),
    ("DuplicatesText", &[r#"{ keep = "newest", by = "updated_at" }"#]),
    ("EventFieldsText", &[r#"{ pos = { value = "shop" } }"#]),
    ("FieldsText", &[r#"{ separator = "|", assign = ":" }"#]),
    ("FileKeysText", &[r#"{ delimiter = ";" }"#]),
    ("GuestText", &[r#"{ email = { column = "Email" } }"#]),
    ("ItemText", &[r#"{ name = { column = "Item" } }"#]),
    ("JoinKeyText", &[r#"{ column = "customer_id", to = "id" }"#]),
    (
        "JoinText",
        &[
            r#"{ as = "customer", file = "customers.csv", on = [{ column = "customer_id", to = "id" }] }"#,
        ],
    ),
    ("LanguageText", &[r#"{ path = "locale", fallback = ["en", "*"] }"#]),
    ("OrderText", &[r#"{ price = { column = "Total" } }"#]),
    ("PackedText", &[r#"{ column = "line_items", separator = ";" }"#]),
    ("PadText", &[r#"{ length = 9, with = "0" }"#]),
    ("PairsText", &[r#"{ separator = ";", assign = "=" }"#]),
    ("ParentText", &[r#"{ path = "__parentId", to = "id" }"#]),
    ("PickText", &[r#"{ largest = "updated_at" }"#]),
    ("RefundsText", &[r#"{ rows = { column = "Kind", is = "Refund" } }"#]),
    ("RepeatedText", &[r#"{ columns = "Item {n} *" }"#]),
    ("RuleText", &[r#"{ column = "Total" }"#]),
    (
        "SkipText",
        &[r#"{ reason = "test order", when = { column = "Tags", list_contains = "test" } }"#],
    ),
    ("TableValue", &[r#""yes""#, r#"{ skip = "not paid" }"#]),
    // Keys.
    ("JoinText.items", &["true", r#""lines[]""#]),
    ("ScaleBeside.default", &[r#""currency""#, "2"]),
    ("about", &[r#""Orders of the shop""#]),
    ("as", &[r#""customer""#]),
    ("assign", &[r#""=""#]),
    ("beside", &[r#""fractionDigits""#]),
    ("by", &[r#""updated_at""#]),
    ("column", &[r#""Total""#]),
    ("columns", &[r#"["State", "Paid"]"#]),
    ("RepeatedText.columns", &[r#""Item {n} *""#]),
    ("concat", &[r#"["Date", "Time"]"#]),
    ("consumers", &[r#""passengers""#]),
    ("contacts", &[r#""contacts""#]),
    ("contains", &[r#""test""#]),
    ("country", &[r#""GB""#, r#"{ column = "Billing Country" }"#]),
    ("currency_symbols", &[r#"{ "€" = "EUR" }"#]),
    ("currency_symbols.*", &[r#""EUR""#]),
    (
        "date",
        &[
            r#""iso8601""#,
            r#""%d.%m.%Y %H:%M""#,
            r#""epoch""#,
            r#""epoch_ms""#,
            r#""epoch_us""#,
            r#""excel""#,
        ],
    ),
    ("decimal", &[r#"",""#, r#"".""#]),
    ("default", &[r#""other""#]),
    ("delimiter", &[r#"";""#, r#""\t""#]),
    ("documents", &[r#""orders[]""#]),
    ("earliest_order", &[r#""2015-01-01""#]),
    ("empty", &[r#"["0", "N/A"]"#]),
    ("encoding", &[r#""windows-1252""#, r#""utf-16le""#]),
    ("ends_with", &[r#""-test""#]),
    ("equals", &["0"]),
    ("escape", &[r#""\\""#]),
    ("ext", &[r#"{ gift = { column = "Gift" } }"#]),
    ("extends", &[r#""canonical""#]),
    ("fallback", &[r#""en""#]),
    ("field", &[r#""sku""#]),
    ("file", &[r#""customers.csv""#]),
    ("fill_down", &[r#"["Order"]"#]),
    ("from", &[r#""items""#, r#""order""#]),
    ("greater", &["0"]),
    ("header", &[r#"["Order", "Date"]"#]),
    ("id", &[r#"{ crm = { column = "Customer ID" } }"#]),
    ("is", &[r#""paid""#]),
    ("is_not", &[r#""paid""#]),
    ("items", &[r#""lines[]""#]),
    ("join", &[r#"", ""#]),
    ("key", &[r#""gift""#]),
    ("largest", &[r#""updated_at""#]),
    ("length", &["9"]),
    ("less", &["0"]),
    ("list_contains", &[r#""test""#]),
    ("max_addresses", &["3"]),
    ("max_length", &["128"]),
    ("minus", &[r#"["Refunded"]"#]),
    ("name", &[r#""my-shop""#]),
    ("names", &[r#"["name", "sku"]"#]),
    ("nth", &["2"]),
    ("nulls", &[r#"["NULL", "N/A"]"#]),
    ("other", &[r#""keep""#, r#""other""#]),
    ("part", &["2"]),
    ("path", &[r#""total""#]),
    ("paths", &[r#"["state", "paid"]"#]),
    ("product", &[r#"{ color = { column = "Color" } }"#]),
    ("reason", &[r#""test order""#]),
    ("scale", &["2", r#""currency""#]),
    ("separator", &[r#"";""#]),
    ("severity", &[r#"{ unknown_column = "off" }"#]),
    ("skip", &[r#""not paid""#]),
    ("skip_lines", &["3"]),
    ("smallest", &[r#""updated_at""#]),
    ("split", &[r#""/""#]),
    ("starts_with", &[r#""Total""#]),
    ("strip_prefix", &[r##""#""##]),
    ("strip_suffix", &[r#"".0""#]),
    ("sum", &[r#"["Net", "Tax"]"#]),
    ("table", &[r#"[["closed", "yes", "PURCHASED"]]"#]),
    ("thousands", &[r#"".""#, r#""""#]),
    ("time", &[r#""12:00""#]),
    ("to", &[r#""id""#]),
    ("unset", &[r#"["order.cardType"]"#]),
    ("value", &[r#""other""#]),
    ("values", &[r#"{ paid = "PURCHASED" }"#]),
    ("with", &[r#""0""#]),
    ("zone", &[r#""Europe/Berlin""#, r#""UTC""#]),
];

/// Adds the examples to a schema: to its definitions, and to the keys of its tables.
pub(super) fn add_examples(schema: &mut Value) {
    if let Some(Value::Object(definitions)) = schema.get_mut("definitions") {
        for (name, definition) in definitions {
            insert(definition, examples(name));
        }
    }
    let root = schema.clone();
    add_to_keys(&root, "", schema);
}

/// Adds examples to the keys of all tables below a schema, which is of a type of this name.
fn add_to_keys(root: &Value, owner: &str, schema: &mut Value) {
    match schema {
        Value::Array(schemas) => {
            for schema in schemas {
                add_to_keys(root, owner, schema);
            }
        }
        Value::Object(members) => {
            if let Some(Value::Object(keys)) = members.get_mut("properties") {
                for (key, value) in keys {
                    insert(value, examples_of_key(root, owner, key, value));
                    if let Some(values) = value.get_mut("additionalProperties") {
                        insert(values, examples(&format!("{key}.*")));
                    }
                }
            }
            for (name, member) in members {
                match member {
                    Value::Object(definitions) if name == "definitions" => {
                        definitions.iter_mut().for_each(|(name, of)| add_to_keys(root, name, of));
                    }
                    member => add_to_keys(root, owner, member),
                }
            }
        }
        _ => {}
    }
}

fn insert(schema: &mut Value, examples: Option<Vec<Value>>) {
    if let (Value::Object(members), Some(examples)) = (schema, examples) {
        members.insert("examples".to_owned(), examples.into());
    }
}

/// The examples of a key of a table; none of one that takes tables of a type with an example, or
/// only true and false.
fn examples_of_key(root: &Value, owner: &str, key: &str, value: &Value) -> Option<Vec<Value>> {
    let own = examples(&format!("{owner}.{key}"));
    if own.is_some() {
        return own;
    }
    let types = alternatives(root, value);
    let first = types.first()?;
    let elements = first.get("items").map_or_else(Vec::new, |of| alternatives(root, of));
    if let Some(element) = elements.first().and_then(|of| of.get("examples")?.get(0)) {
        return Some(vec![json!([element])]);
    }
    let is_boolean = types.iter().all(|of| of.get("type").is_some_and(|of| of == "boolean"));
    if first.contains_key("examples") || is_boolean { None } else { examples(key) }
}

fn examples(name: &str) -> Option<Vec<Value>> {
    let (_, texts) = EXAMPLES.iter().find(|(known, _)| *known == name)?;
    Some(texts.iter().filter_map(|text| parsed(text)).collect())
}

fn parsed(text: &str) -> Option<Value> {
    let line = format!("value = {text}");
    toml::from_str::<Value>(&line).ok()?.get_mut("value").map(Value::take)
}

/// An example as it is typed: a text is in quotes only if it seems to be none.
pub(super) fn shown_example(example: &Value) -> String {
    let is_plain = |text: &&str| !text.is_empty() && text.trim() == *text;
    match example.as_str().filter(is_plain) {
        Some(text) => text.to_owned(),
        None => {
            toml::Value::try_from(example).map_or_else(|_| String::new(), |value| value.to_string())
        }
    }
}
