//! Messages of serde, in the words of the other messages: what was found, what was expected.
//!
//! Used by `toml_document`.

use crate::model::{
    field::Field,
    suggest::{edits, suggest},
};

/// A key that a table must have and lacks.
pub(super) struct MissingKey(pub(super) String);

/// A message of serde as a user reads it.
pub(super) struct ReadableMessage {
    /// What was found and what was expected.
    pub(super) text: String,
    /// Whether it is about a key, not about its value.
    pub(super) is_of_key: bool,
    /// The key that an unknown one probably means.
    pub(super) meant: Option<String>,
    /// The key that is missing, if it is about one.
    pub(super) missing: Option<MissingKey>,
}

/// How a hint begins in a message.
pub(super) const HINT: &str = "\n  hint: ";

/// Words of shops, and the tables of a profile for the same.
const SHOP_WORDS: [(&str, &str); 4] =
    [("customer", "guest"), ("buyer", "guest"), ("line_items", "item"), ("products", "item")];

/// The key of a rule that a condition has not.
const NTH: &str = "nth";

const NTH_HINT: &str = "a condition takes a column by its name alone: give equal columns names of their own, with \
     skip_lines = 1 and header = [\"Order\", …]";

const ITEMS_HINT: &str = "[items] says where items are; their fields are in [item]";

/// Known names that are listed beside the nearest one.
const MAX_OTHERS: usize = 4;

/// Known names that are listed where none is near.
const MAX_KNOWN: usize = 5;

/// What an error of the `toml` crate says was found and expected.
#[must_use]
pub fn toml_error_text(error: &toml::de::Error) -> String {
    readable_message(error.message()).text
}

/// Rewrites a message of serde.
// serde returns neither an unknown name nor the known ones in a structured form: its messages have
// the form "unknown field `x`, expected one of `y`, `z`".
pub(super) fn readable_message(message: &str) -> ReadableMessage {
    // A message of ours may have a hint, which stays on a line of its own.
    let lines: Vec<_> = message.split(HINT).map(|part| part.replace('\n', ", ")).collect();
    let message = lines.join(HINT);
    let mut names = message.split('`').skip(1).step_by(2).map(str::to_owned);
    let is_of_key = message.starts_with("unknown field");
    let plain = |text: String| ReadableMessage { text, is_of_key, meant: None, missing: None };
    if is_of_key || message.starts_with("unknown variant") {
        let what = if is_of_key { "key" } else { "value" };
        let unknown = names.next().unwrap_or_default();
        let known: Vec<String> = names.collect();
        let near = suggest(&unknown, known.iter().map(String::as_str));
        let meant = near.or_else(|| same_thing(&unknown, &known)).map(str::to_owned);
        let expected = expectation(&unknown, &known, meant.as_deref());
        let text = format!("unknown {what} {unknown:?}; {expected}{}", hint(&unknown, &known));
        return ReadableMessage { meant, ..plain(text) };
    }
    if message.starts_with("missing field") {
        let name = names.next().unwrap_or_default();
        // A message of ours goes on.
        let more = message.splitn(3, '`').nth(2).unwrap_or_default();
        let text = format!("the key {name:?} is missing{more}");
        return ReadableMessage { missing: Some(MissingKey(name)), ..plain(text) };
    }
    plain(wrong_value(&message).unwrap_or_else(|| message.replace('`', "")))
}

/// The hint for an unknown name among these, which are of one table.
fn hint(unknown: &str, known: &[String]) -> String {
    let has = |name: &str| known.iter().any(|known| known == name);
    let hint = if unknown == NTH && has("is_not") {
        NTH_HINT
    } else if has("packed") && has("repeated") && is_of_items(unknown) {
        ITEMS_HINT
    } else {
        return String::new();
    };
    format!("{HINT}{hint}")
}

/// Whether a name is that of a field of items.
fn is_of_items(name: &str) -> bool {
    let field = format!("item.{name}");
    Field::NAMED.iter().any(|known| known.to_string() == field)
}

/// The known name of what shops call otherwise.
fn same_thing(unknown: &str, known: &[String]) -> Option<&'static str> {
    let (_, name) = SHOP_WORDS.into_iter().find(|(word, _)| *word == unknown)?;
    known.iter().any(|known| known == name).then_some(name)
}

/// The message about a value of another type, or out of the range of its type.
fn wrong_value(message: &str) -> Option<String> {
    let wrong =
        ["invalid type: ", "invalid value: "].iter().find_map(|what| message.strip_prefix(what));
    let (found, expected) = wrong?.rsplit_once(", expected ")?;
    let is_list = matches!(found, "sequence" | LIST_OF_TABLES);
    let found = found_value(found);
    let text = found.strip_prefix(FOUND_TEXT);
    let is_number = text.is_some_and(|text| text.trim_matches('"').parse::<i64>().is_ok());
    let hint = match expected {
        "a string" if found.starts_with(FOUND_NUMBER) => "a number is no text: put it in quotes",
        _ if is_number && range_of(expected).is_some() => "a number is without quotes",
        "a boolean" if matches!(text, Some("\"true\"" | "\"false\"")) => {
            "true and false are without quotes"
        }
        _ if is_list && expected_type(expected).ends_with("a table") => {
            "one table is [name] or name = { … }, without other brackets"
        }
        "any value" if found.starts_with(FOUND_NUMBER) => "in quotes a number keeps all digits",
        "a sequence" if found == "found a table" => {
            "a list of tables is [[name]], one of values [a, b]"
        }
        _ => "",
    };
    let expected = match (expected, text) {
        ("a sequence", Some(text)) => format!("a list: [{text}]"),
        (expected, _) => match range_of(expected).filter(|_| found.starts_with(FOUND_NUMBER)) {
            Some(range) => format!("a whole number{range}"),
            None => expected_type(expected).to_owned(),
        },
    };
    let hint = if hint.is_empty() { String::new() } else { format!("{HINT}{hint}") };
    Some(format!("{found}; expected {expected}{hint}"))
}

/// What is found where several tables are, and one is expected or what is short for it.
pub(super) const LIST_OF_TABLES: &str = "a list of tables";

/// How a message about a text begins, and one about a number.
pub const FOUND_TEXT: &str = "found the text ";
const FOUND_NUMBER: &str = "found the number ";

/// What serde found, such as `string "five"` or `integer 5`, as a user names it.
fn found_value(found: &str) -> String {
    let plain = found.replace('`', "");
    let plain = plain.trim_end_matches(" as i128").trim_end_matches(" as u128");
    match plain.split_once(' ') {
        Some(("string", text)) => format!("{FOUND_TEXT}{text}"),
        Some(("integer", number)) => format!("{FOUND_NUMBER}{number}"),
        Some(("floating", number)) => {
            format!("{FOUND_NUMBER}{}", number.strip_prefix("point ").unwrap_or(number))
        }
        Some(("boolean", value)) => format!("found {value}"),
        _ if plain == "sequence" => "found a list".to_owned(),
        _ if plain == "map" => "found a table".to_owned(),
        _ => format!("found {plain}"),
    }
}

/// What serde expects, as a user writes it.
fn expected_type(expected: &str) -> &str {
    match expected {
        "a map" => "a table",
        "a sequence" => "a list",
        "any value" => "a number of fewer digits",
        "a boolean" => "true or false",
        "path string" => "a string",
        // A table that is a list of tables.
        _ if expected.starts_with("struct ") => "a table",
        _ if range_of(expected).is_some() => "a whole number",
        _ => expected,
    }
}

/// The range of a type of whole numbers.
fn range_of(expected: &str) -> Option<&'static str> {
    match expected {
        "i16" => Some(" from -32768 to 32767"),
        "u8" => Some(" from 0 to 255"),
        "a nonzero u8" => Some(" from 1 to 255"),
        "u16" => Some(" from 0 to 65535"),
        "u32" => Some(" from 0 to 4294967295"),
        "u64" | "usize" => Some(" that is not negative"),
        _ => None,
    }
}

/// What was expected in place of an unknown name: of many names the most similar ones.
pub(super) fn expectation(unknown: &str, known: &[String], meant: Option<&str>) -> String {
    let mut others: Vec<&str> =
        known.iter().map(String::as_str).filter(|name| meant != Some(name)).collect();
    let quoted = |names: &[&str]| {
        names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ")
    };
    match meant {
        Some(meant) if others.is_empty() || others.len() > MAX_OTHERS => {
            format!("meant {meant:?}?")
        }
        Some(meant) => format!("meant {meant:?}? or {}", quoted(&others)),
        None if others.is_empty() => "expected no key".to_owned(),
        None if others.len() <= MAX_KNOWN => format!("expected {}", quoted(&others)),
        None => {
            others.sort_by_key(|name| edits(unknown, name));
            let (nearest, rest) = others.split_at(MAX_KNOWN);
            format!("expected {} or one of {} others", quoted(nearest), rest.len())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_of_another_type_is_named() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(untagged)]
        #[expect(dead_code, reason = "only its errors count")]
        enum Number {
            Integer(i64),
        }
        #[derive(Debug, serde::Deserialize)]
        #[expect(dead_code, reason = "only its errors count")]
        struct Settings {
            #[serde(default)]
            n: u16,
            #[serde(default)]
            part: i16,
            #[serde(default)]
            number: Option<Number>,
            #[serde(default)]
            text: String,
            #[serde(default)]
            on: bool,
            #[serde(default)]
            list: Vec<String>,
            #[serde(default)]
            table: std::collections::BTreeMap<String, String>,
        }
        let lines = [
            "n = '5'",
            "n = 'nan'",
            "n = '1e400'",
            "n = 'five'",
            "n = -1",
            "n = 70000",
            "n = 1.5",
            "n = [1]",
            "part = 99999",
            "number = 79228162514264337593543950336",
            "text = 5",
            "text = { a = 1 }",
            "on = 'true'",
            "on = 'yes, expected so'",
            "list = 'a'",
            "list = true",
            "[list]",
            "table = 'a'",
            "[[table]]",
        ];
        let message = |line: &&str| {
            toml_error_text(&toml::from_str::<Settings>(line).unwrap_err())
                .replace(HINT, "; hint: ")
        };
        let messages: Vec<_> =
            lines.iter().map(|line| format!("{line}: {}", message(line))).collect();
        insta::assert_snapshot!(messages.join("\n"), @r#"
        n = '5': found the text "5"; expected a whole number; hint: a number is without quotes
        n = 'nan': found the text "nan"; expected a whole number
        n = '1e400': found the text "1e400"; expected a whole number
        n = 'five': found the text "five"; expected a whole number
        n = -1: found the number -1; expected a whole number from 0 to 65535
        n = 70000: found the number 70000; expected a whole number from 0 to 65535
        n = 1.5: found the number 1.5; expected a whole number from 0 to 65535
        n = [1]: found a list; expected a whole number
        part = 99999: found the number 99999; expected a whole number from -32768 to 32767
        number = 79228162514264337593543950336: found the number 79228162514264337593543950336; expected a number of fewer digits; hint: in quotes a number keeps all digits
        text = 5: found the number 5; expected a string; hint: a number is no text: put it in quotes
        text = { a = 1 }: found a table; expected a string
        on = 'true': found the text "true"; expected true or false; hint: true and false are without quotes
        on = 'yes, expected so': found the text "yes, expected so"; expected true or false
        list = 'a': found the text "a"; expected a list: ["a"]
        list = true: found true; expected a list
        [list]: found a table; expected a list; hint: a list of tables is [[name]], one of values [a, b]
        table = 'a': found the text "a"; expected a table
        [[table]]: found a list; expected a table; hint: one table is [name] or name = { … }, without other brackets
        "#);
    }

    #[test]
    fn most_similar_of_many_names_are_listed() {
        let known = |n: usize| -> Vec<String> {
            let names = ["profile", "ledger", "rate", "timeout", "tries", "memory", "target"];
            names[..n].iter().map(|name| (*name).to_owned()).collect()
        };
        let expected = |n, meant| expectation("retries_max", &known(n), meant);
        assert_eq!(expected(0, None), "expected no key");
        assert_eq!(expected(2, None), r#"expected "profile", "ledger""#);
        assert_eq!(
            expected(7, None),
            r#"expected "tries", "rate", "ledger", "timeout", "target" or one of 2 others"#
        );
        assert_eq!(expected(7, Some("tries")), r#"meant "tries"?"#);
        assert_eq!(expected(2, Some("ledger")), r#"meant "ledger"? or "profile""#);
    }
}
