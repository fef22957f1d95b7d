//! The command of jq that writes each document of a JSON file on a line of its own.
//!
//! A hint of `read`, `shuffle` and `map`, which find out where a file has its documents.

use super::shell::shell_word;

/// Where a JSON file has its documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DocumentPlace<'a> {
    /// One behind the other.
    Root,
    /// In an array.
    Array,
    /// Each in this member of an object.
    Member(&'a str),
    /// In the array of this member of an object.
    ArrayMember(&'a str),
}

/// The command, to type with the name of the file.
// Not with the name of the user's file: the file that is written must be another one.
#[must_use]
pub fn jq_command(place: DocumentPlace<'_>) -> String {
    // The texts of jq are those of JSON. Without quotes it takes no name such as `order-list`.
    let member = |name: &str| format!(".[{}]", serde_json::Value::from(name));
    let filter = match place {
        DocumentPlace::Root => ".".to_owned(),
        DocumentPlace::Array => ".[]".to_owned(),
        DocumentPlace::Member(name) => member(name),
        DocumentPlace::ArrayMember(name) => format!("{}[]", member(name)),
    };
    format!("jq -c {} FILE > orders.ndjson", shell_word(&filter))
}

/// The commands for places of which only the user knows the right one.
#[must_use]
pub fn jq_commands<'a>(places: impl IntoIterator<Item = DocumentPlace<'a>>) -> String {
    places.into_iter().map(jq_command).collect::<Vec<_>>().join(", or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_for_jq_and_the_shell() {
        use DocumentPlace::{Array, ArrayMember, Member, Root};
        for (place, filter) in [
            (Root, "."),
            (Array, "'.[]'"),
            (Member("order"), r#"'.["order"]'"#),
            (ArrayMember("orders"), r#"'.["orders"][]'"#),
            (ArrayMember("order-list"), r#"'.["order-list"][]'"#),
            (ArrayMember(r#"a"\(1)"#), r#"'.["a\"\\(1)"][]'"#),
            (ArrayMember("x'; touch y; '"), r#"'.["x'\''; touch y; '\''"][]'"#),
        ] {
            assert_eq!(jq_command(place), format!("jq -c {filter} FILE > orders.ndjson"));
        }
    }
}
