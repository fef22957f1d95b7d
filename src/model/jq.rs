//! The command of jq that writes each document of a JSON file on a line of its own, and other
//! commands that convert a file of documents.
//!
//! A hint of `read`, `shuffle` and `map`, which find out where a file has its documents.

use std::path::Path;

use super::shell::{shell_path, shell_word};

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

/// The command for a file, as messages name it.
#[must_use]
pub fn jq_command(place: DocumentPlace<'_>, file: &str) -> String {
    // The texts of jq are those of JSON. Without quotes it takes no name such as `order-list`.
    let member = |name: &str| format!(".[{}]", serde_json::Value::from(name));
    let filter = match place {
        DocumentPlace::Root => ".".to_owned(),
        DocumentPlace::Array => ".[]".to_owned(),
        DocumentPlace::Member(name) => member(name),
        DocumentPlace::ArrayMember(name) => format!("{}[]", member(name)),
    };
    conversion(&format!("jq -c {}", shell_word(&filter)), file)
}

/// The commands for places of which only the user knows the right one.
#[must_use]
pub fn jq_commands<'a>(places: impl IntoIterator<Item = DocumentPlace<'a>>, file: &str) -> String {
    let commands = places.into_iter().map(|place| jq_command(place, file));
    commands.collect::<Vec<_>>().join(", or ")
}

/// A command that reads standard input, for a file, with its output in another file: `>` would empty
/// the one that is read.
#[must_use]
pub fn conversion(command: &str, file: &str) -> String {
    // Standard input has no name.
    let file = if file == "-" { "FILE" } else { file };
    let unpacked = [(".gz", "gzip"), (".zst", "zstd")].into_iter().find_map(|(ending, program)| {
        let n_bytes = file.len().checked_sub(ending.len())?;
        let (name, end) = file.split_at_checked(n_bytes)?;
        end.eq_ignore_ascii_case(ending).then_some((name, program))
    });
    let input = shell_path(file);
    let name = unpacked.map_or(file, |(name, _)| name);
    let output = Path::new(name).with_extension("lines.ndjson");
    let output = shell_path(&output.to_string_lossy()).into_owned();
    match unpacked {
        Some((_, program)) => format!("{program} -dc {input} | {command} > {output}"),
        None => format!("{command} < {input} > {output}"),
    }
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
            let expected = format!("jq -c {filter} < a.json > a.lines.ndjson");
            assert_eq!(jq_command(place, "a.json"), expected);
        }
    }

    #[test]
    fn output_is_another_file_than_the_input() {
        for (file, command) in [
            ("my orders.json", "jq < 'my orders.json' > 'my orders.lines.ndjson'"),
            ("in/orders.ndjson", "jq < in/orders.ndjson > in/orders.lines.ndjson"),
            ("a.lines.ndjson", "jq < a.lines.ndjson > a.lines.lines.ndjson"),
            ("-x.json", "jq < ./-x.json > ./-x.lines.ndjson"),
            ("a.json.GZ", "gzip -dc a.json.GZ | jq > a.lines.ndjson"),
            ("a.zst", "zstd -dc a.zst | jq > a.lines.ndjson"),
            ("-", "jq < FILE > FILE.lines.ndjson"),
        ] {
            assert_eq!(conversion("jq", file), command);
        }
    }
}
