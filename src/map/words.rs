//! Words of a profile: the constants that its rules give to fields, each with its place.
//!
//! Decides nothing about them; `unchanged_words` does. Found by `profile_compiler`.

use std::ops::Range;

use super::{key_errors::KeyPath, rule_values::KEEP, toml_document::TomlText};
use crate::model::field::Field;

/// A text of a profile that becomes the value of a field: of a `value`, `default` or `other`, or of
/// a table of values.
#[derive(Debug, Clone)]
pub struct ProfileWord {
    /// The field.
    pub field: Field,
    /// The text.
    pub text: String,
    /// Whether it stands for texts of the export, by `values`, `table` or `other`.
    pub is_replacement: bool,
    /// The text of the export, if the word is in a table.
    pub(super) from: Option<String>,
    /// The rule, as messages show it.
    pub(super) rule: String,
    /// The bytes in the text of the profile.
    pub(super) span: Range<usize>,
}

/// The words among the texts of a profile, in which the values at some paths are wrong. Not those of
/// custom fields and of people beside the guest: no list tells whether they are wrong. Not those of
/// a list of rules and of a rule with a condition: no order may take one.
pub(super) fn words(texts: &[TomlText], wrong: &[KeyPath]) -> Vec<ProfileWord> {
    let word = |(names, text, span): &TomlText| {
        let path: Vec<_> = names.iter().map(String::as_str).collect();
        let (table, name, from) = match path.as_slice() {
            // No text, but what becomes of one.
            [_, _, "other"] if text == KEEP => return None,
            [table, name, "value" | "default" | "other"] => (table, name, None),
            [table, name, "values", from] => (table, name, Some((*from).to_owned())),
            [table, name, "table", _, _] if is_last_cell(texts, names) => (table, name, None),
            _ => return None,
        };
        let is_named =
            |field: &&Field| field.group().table() == *table && field.short_name() == *name;
        let field = Field::NAMED.iter().find(is_named)?.clone();
        let is_of_condition = |path: &KeyPath| match path.as_slice() {
            // A kind of items, of which there may be none.
            [of, when, ..] if of == table && when == "when" => true,
            [of, rule, when, ..] => of == table && rule == name && when == "when",
            _ => false,
        };
        if texts.iter().map(|(path, ..)| path).chain(wrong).any(is_of_condition) {
            return None;
        }
        let is_replacement = !matches!(path.as_slice(), [_, _, "value" | "default"]);
        let rule = format!("{table}.{name}");
        Some(ProfileWord {
            field,
            text: text.clone(),
            is_replacement,
            from,
            rule,
            span: span.clone(),
        })
    };
    texts.iter().filter_map(word).collect()
}

/// Whether the cell at a path is the last one of its row, which is the value of the row.
pub(super) fn is_last_cell(texts: &[TomlText], path: &[String]) -> bool {
    let Some((cell, row)) = path.split_last() else { return false };
    let cells = texts.iter().filter_map(|(path, ..)| path.strip_prefix(row)?.first());
    let index = |cell: &String| cell.parse::<usize>().ok();
    cells.filter_map(index).max() == index(cell)
}
