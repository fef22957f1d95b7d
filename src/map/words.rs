//! Words of a profile: the constants that its rules give to fields, each with its place.
//!
//! Decides nothing about them; `unchanged_words` does. Found by `profile_compiler`.

use std::ops::Range;

use super::{rule_values::KEEP, toml_document::TomlText};
use crate::model::field::{Field, FieldGroup};

/// A text of a profile that becomes the value of a field: of a `value`, `default` or `other`, or of
/// a table of values.
#[derive(Debug, Clone)]
pub struct ProfileWord {
    /// The field.
    pub field: Field,
    /// The text.
    pub text: String,
    /// The text of the export, if the word is in a table.
    pub(super) from: Option<String>,
    /// The rule, as messages show it.
    pub(super) rule: String,
    /// The bytes in the text of the profile.
    pub(super) span: Range<usize>,
}

/// The words among the texts of a profile. Not those of custom fields and of people beside the
/// guest: no list tells whether they are wrong.
pub(super) fn words(texts: &[TomlText]) -> Vec<ProfileWord> {
    let word = |(path, text, span): &TomlText| {
        let path: Vec<_> = path.iter().map(String::as_str).collect();
        let (table, name, from) = match path.as_slice() {
            // No text, but what becomes of one.
            [_, _, "other"] if text == KEEP => return None,
            [table, name, "value" | "default" | "other"] => (table, name, None),
            [table, name, "values", from] => (table, name, Some((*from).to_owned())),
            [table, name, "table", row, cell] if is_last_cell(texts, [table, name, row], cell) => {
                (table, name, None)
            }
            _ => return None,
        };
        let group = match *table {
            "order" => FieldGroup::Order,
            "item" => FieldGroup::Item,
            "guest" => FieldGroup::Guest,
            "event" => FieldGroup::Event,
            _ => return None,
        };
        let is_named = |field: &&Field| field.group() == group && field.short_name() == *name;
        let field = Field::NAMED.iter().find(is_named)?.clone();
        let rule = format!("{table}.{name}");
        Some(ProfileWord { field, text: text.clone(), from, rule, span: span.clone() })
    };
    texts.iter().filter_map(word).collect()
}

/// Whether a cell is the last one of its row in a table, which is the value of the row.
fn is_last_cell(texts: &[TomlText], [table, name, row]: [&str; 3], cell: &str) -> bool {
    let cells = texts.iter().filter_map(|(path, ..)| match path.as_slice() {
        [of, field, key, of_row, cell, ..]
            if key == "table" && of == table && field == name && of_row == row =>
        {
            cell.parse::<usize>().ok()
        }
        _ => None,
    });
    cells.max() == cell.parse().ok()
}
