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
    /// The index of the kind of items whose rule has it.
    pub(super) kind: u16,
    /// The text of the export, if the word is in a table.
    pub(super) from: Option<String>,
    /// The rule, as messages show it.
    pub(super) rule: String,
    /// The bytes in the text of the profile.
    pub(super) span: Range<usize>,
}

/// The words among the texts of a profile, in which the values at some paths are wrong. Not those
/// of custom fields and of people beside the guest: no list tells whether they are wrong. Not those
/// of a list of rules and of a rule with a condition: no order may take one.
pub(super) fn words(texts: &[TomlText], wrong: &[KeyPath]) -> Vec<ProfileWord> {
    let word = |(names, text, span): &TomlText| {
        let (kind, path) = without_kind(names);
        let WordPlace { table, name, from, is_replacement } = WordPlace::of(&path)?;
        // A cell that is wrong is one too.
        let paths = texts.iter().map(|(path, ..)| path).chain(wrong);
        let is_of_row = path[2] == "table" && !is_last_cell(paths, names);
        // No text, but what becomes of one.
        if is_of_row || path[2] == "other" && text == KEEP {
            return None;
        }
        let field = named_field(table, name)?;
        let is_of_condition = |path: &KeyPath| {
            let (of_kind, path) = without_kind(path);
            of_kind == kind && path.starts_with(&[table, name, "when"])
        };
        if texts.iter().map(|(path, ..)| path).chain(wrong).any(is_of_condition) {
            return None;
        }
        let rule = match kind {
            Some(kind) => format!("{table}[{}].{name}", kind + 1),
            None => format!("{table}.{name}"),
        };
        let (kind, from) = (kind.unwrap_or_default(), from.map(str::to_owned));
        let (text, span) = (text.clone(), span.clone());
        Some(ProfileWord { field, text, is_replacement, kind, from, rule, span })
    };
    texts.iter().filter_map(word).collect()
}

/// The path of a rule of one of several kinds of items without the index of the kind.
fn without_kind(path: &[String]) -> (Option<u16>, Vec<&str>) {
    let mut path: Vec<_> = path.iter().map(String::as_str).collect();
    let kind = path.get(1).and_then(|name| name.parse().ok());
    if kind.is_some() {
        path.remove(1);
    }
    (kind, path)
}

/// Where a rule has a word.
struct WordPlace<'p> {
    table: &'p str,
    name: &'p str,
    from: Option<&'p str>,
    is_replacement: bool,
}

impl<'p> WordPlace<'p> {
    /// The place at a path, if it is one. Of a row of a table only the last cell is a word.
    fn of(path: &[&'p str]) -> Option<Self> {
        let (table, name, from, is_replacement) = match *path {
            [table, name, "value" | "default"] => (table, name, None, false),
            [table, name, "other"] | [table, name, "table", _, _] => (table, name, None, true),
            [table, name, "values", from] => (table, name, Some(from), true),
            _ => return None,
        };
        Some(Self { table, name, from, is_replacement })
    }
}

/// The field whose value the text at a path becomes, also in a list of rules or of kinds of items,
/// and whether it is in place of a text of the export.
pub(super) fn field_of_word(path: &[String]) -> Option<(Field, bool)> {
    let (_, mut path) = without_kind(path);
    if path.get(2).is_some_and(|name| name.parse::<usize>().is_ok()) {
        path.remove(2);
    }
    let place = WordPlace::of(&path)?;
    Some((named_field(place.table, place.name)?, place.is_replacement))
}

fn named_field(table: &str, name: &str) -> Option<Field> {
    let is_named = |field: &&Field| field.group().table() == table && field.short_name() == name;
    Field::NAMED.iter().find(is_named).cloned()
}

/// Whether the cell at a path is the last one of its row, which is the value of the row, among
/// those at all paths.
pub(super) fn is_last_cell<'p>(paths: impl Iterator<Item = &'p KeyPath>, path: &[String]) -> bool {
    let Some((cell, row)) = path.split_last() else { return false };
    let cells = paths.filter_map(|path| path.strip_prefix(row)?.first());
    let index = |cell: &String| cell.parse::<usize>().ok();
    cells.filter_map(index).max() == index(cell)
}
