//! Writer of profiles: the types of a profile's syntax as a TOML text that a person would write.
//!
//! Each rule and each condition is on one line below the header of its section. What is not set is
//! not written; reading the text yields the same types.

use std::fmt::Write;

use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

use super::profile_text::ProfileText;

/// The text of a profile. An error is what TOML cannot express, such as a whole number of 64 bits.
#[cfg_attr(not(test), expect(dead_code, reason = "for `init`, which writes profiles"))]
pub(super) fn written_profile(profile: &ProfileText) -> Result<String, toml::ser::Error> {
    // Has the keys in the order of their types, but each rule as a table with a header.
    let text = toml::to_string(profile)?;
    let tables = DeTable::parse(&text).map(Spanned::into_inner).unwrap_or_default();
    let mut writer = ProfileWriter { text: &text, written: String::new() };
    writer.write_section(&tables, &mut Vec::new(), "");
    Ok(writer.written.trim_start().to_owned())
}

struct ProfileWriter<'t> {
    /// The text as `toml` writes it.
    text: &'t str,
    written: String,
}

/// A key and its value.
type KeyAndValue<'v, 't> = (&'v Spanned<DeString<'t>>, &'v Spanned<DeValue<'t>>);

impl<'t> ProfileWriter<'t> {
    /// Writes the keys of a section, and then those of the sections within it.
    fn write_section(&mut self, table: &DeTable<'t>, path: &mut Vec<&'t str>, header: &str) {
        let (sections, keys): (Vec<_>, Vec<_>) = entries(table)
            .into_iter()
            .partition(|(key, value)| is_section(path, key.get_ref(), value.get_ref()));
        // A table of a list is one also if it has none.
        if !keys.is_empty() || header.starts_with("[[") {
            let _ = writeln!(self.written, "\n{header}");
        }
        for (key, value) in keys {
            let _ = writeln!(self.written, "{} = {}", self.name(key), self.inline(value));
        }
        for (key, value) in sections {
            path.push(self.name(key));
            let name = path.join(".");
            match value.get_ref() {
                DeValue::Array(tables) => {
                    for table in tables.iter().filter_map(|table| table.get_ref().as_table()) {
                        self.write_section(table, path, &format!("[[{name}]]"));
                    }
                }
                DeValue::Table(table) => self.write_section(table, path, &format!("[{name}]")),
                _ => {}
            }
            path.pop();
        }
    }

    /// A key, in quotes if it needs them.
    fn name(&self, key: &Spanned<DeString<'t>>) -> &'t str {
        &self.text[key.span()]
    }

    /// A value on one line.
    fn inline(&self, value: &Spanned<DeValue<'t>>) -> String {
        let list = |elements: Vec<String>| elements.join(", ");
        match value.get_ref() {
            DeValue::Table(table) => {
                let key = |(key, value)| format!("{} = {}", self.name(key), self.inline(value));
                format!("{{ {} }}", list(entries(table).into_iter().map(key).collect()))
            }
            DeValue::Array(array) => {
                format!("[{}]", list(array.iter().map(|value| self.inline(value)).collect()))
            }
            // Every string of JSON is one of TOML.
            DeValue::String(text) if text.contains('\n') => {
                serde_json::Value::from(&**text).to_string()
            }
            _ => self.text[value.span()].to_owned(),
        }
    }
}

/// The keys and values of a table, in the order of the text.
fn entries<'v, 't>(table: &'v DeTable<'t>) -> Vec<KeyAndValue<'v, 't>> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries
}

/// Whether the value of a key in a section is a section itself: neither a rule nor a condition.
fn is_section(path: &[&str], key: &str, value: &DeValue<'_>) -> bool {
    let is_table = value.is_table();
    match path {
        [] => match key {
            // Lists of tables, each with a header.
            "skip" | "join" | "item" => true,
            "key" | "item_rows" => false,
            _ => is_table,
        },
        ["items"] => is_table,
        [_] => is_table && matches!(key, "ext" | "product" | "id"),
        _ => false,
    }
}
