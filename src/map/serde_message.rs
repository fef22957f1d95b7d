//! Messages of serde, in the words of the other messages: what was found, what was expected.
//!
//! Used by `toml_document`.

use super::later_keys::instead_of;
use crate::model::suggest::{edits, suggest};

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
const HINT: &str = "\n  hint: ";

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
        if let Some(instead) = instead_of(&unknown, &known) {
            return plain(format!("{unknown:?} is not in this version; {instead}"));
        }
        let meant = suggest(&unknown, known.iter().map(String::as_str)).map(str::to_owned);
        let text = format!(
            "unknown {what} {unknown:?}; {}",
            expectation(&unknown, &known, meant.as_deref())
        );
        return ReadableMessage { meant, ..plain(text) };
    }
    if message.starts_with("missing field") {
        let name = names.next().unwrap_or_default();
        let text = format!("the key {name:?} is missing");
        return ReadableMessage { missing: Some(MissingKey(name)), ..plain(text) };
    }
    let mut text = message.replace('`', "");
    if let Some(expected) = text.strip_prefix("invalid type: sequence, ") {
        text = format!("found a list; {expected}");
    }
    // A table that is a list of tables.
    if let Some((found, _)) = text.split_once(" expected struct ") {
        text = format!("{found} expected a table");
    }
    if let Some(found) = text.strip_suffix(" expected a sequence") {
        let element =
            found.strip_prefix("invalid type: string ").map(|text| text.trim_end_matches(','));
        let example = element.map_or_else(String::new, |text| format!(": [{text}]"));
        text = format!("{found} expected a list{example}");
    }
    for (expected, readable) in TYPES {
        if let Some(found) = text.strip_suffix(expected) {
            text = format!("{found}{readable}");
        }
    }
    plain(text)
}

/// What serde expects, and what a user writes.
const TYPES: [(&str, &str); 6] = [
    (" expected a map", " expected a table"),
    (" expected u16", " expected a whole number"),
    (" expected u32", " expected a whole number"),
    (" expected u64", " expected a whole number"),
    (" expected usize", " expected a whole number"),
    (" expected a boolean", " expected true or false"),
];

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
