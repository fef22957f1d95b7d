//! Open questions of a profile: values `"?"`, which only a person can know.
//!
//! A `?` in a list of texts that the export is compared with, or that part or join texts, stands
//! for itself.
//! Called by `profile_compiler`, which refuses a profile with one; `answers` answers them.

use std::ops::Range;

use super::{
    extends::{EXTENDS, UNSET},
    key_errors::KeyPath,
    key_path::shown_value_path,
    profile_schema::KeyType,
    toml_document::{TomlDocument, TomlText},
    words::{field_of_word, is_last_cell},
    written_text::QUESTION,
};
use crate::model::{
    diagnostic::{Note, OPEN_QUESTION},
    field::Field,
    shell::shell_word,
    source_map::SourceMap,
};

/// Keys whose texts are data of the export: in a list of them a `?` stands for itself.
const LITERAL_KEYS: [&str; 16] = [
    "assign",
    "contains",
    "empty",
    "ends_with",
    "header",
    "is",
    "is_not",
    "join",
    "list_contains",
    "nulls",
    "separator",
    "split",
    "starts_with",
    "strip_prefix",
    "strip_suffix",
    "with",
];

/// A key that has no value yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OpenQuestion {
    /// The key.
    pub(super) path: KeyPath,
    /// The bytes of the `"?"`.
    pub(super) at: Range<usize>,
    /// What the key takes.
    pub(super) key_type: KeyType,
}

/// The open questions of a document, in its order.
pub(super) fn open_questions(document: &TomlDocument<'_>) -> Vec<OpenQuestion> {
    let texts = document.texts();
    let question = |(path, text, at): &TomlText| {
        if text != QUESTION || is_settled(path) || is_literal(path) || is_compared(&texts, path) {
            return None;
        }
        // A misspelt key is an error, not a question.
        let key_type = KeyType::of(path)?;
        Some(OpenQuestion { path: path.clone(), at: at.clone(), key_type })
    };
    texts.iter().filter_map(question).collect()
}

/// Whether it says which keys there are, which must be known before an answer is.
pub(super) fn is_settled(path: &[String]) -> bool {
    path.first().is_some_and(|key| key == UNSET || key == EXTENDS)
}

/// Whether the text at a path is data: an element of a list of such texts.
fn is_literal(path: &[String]) -> bool {
    let is_index = |name: &String| name.bytes().all(|byte| byte.is_ascii_digit());
    path.split_last().is_some_and(|(last, list)| is_index(last) && literal_key(list).is_some())
}

/// The key of data at a path. The texts of the export in `values` are no such keys.
fn literal_key(path: &[String]) -> Option<&str> {
    match path {
        [.., table, _] if table == "values" => None,
        [.., key] => Some(key.as_str()).filter(|key| LITERAL_KEYS.contains(key)),
        [] => None,
    }
}

/// Whether a text is a cell of a table's row, but its last one, which is the value of the row.
fn is_compared(texts: &[TomlText], path: &[String]) -> bool {
    let paths = texts.iter().map(|(path, ..)| path);
    matches!(path, [.., table, _, _] if table == "table") && !is_last_cell(paths, path)
}

/// What a target takes for a field, as the end of a message, if it has a list of its values.
pub type ExpectedValues = fn(&Field) -> Option<String>;

/// Makes errors of the open questions, and takes them out of the document.
pub(super) fn refuse(
    document: &mut TomlDocument<'_>,
    sources: &SourceMap,
    open: Vec<OpenQuestion>,
    expected_values: ExpectedValues,
) {
    for OpenQuestion { path, at, key_type } in open {
        let key = shown_value_path(&document.root, &path);
        let title = "an open question, which only a person can answer";
        let mut error = sources.error(Some(at.clone()), &key, title);
        error.kind = OPEN_QUESTION;
        error.notes.extend(comment_at(sources, &at).map(Note::Fact));
        if let Some(expected) = expected(&path, &key_type, expected_values) {
            error.notes.push(Note::Fact(format!("expected {expected}")));
        }
        if let Some(name) = literal_key(&path) {
            let text = format!("{name} = [\"?\"] is for the text itself");
            error.notes.push(Note::Fact(text));
        }
        let typed = format!("{key}=VALUE");
        error.notes.push(Note::Hint(format!("--answer {}", shell_word(&typed))));
        document.add_diagnostic(&at, error);
        remove(document, &path);
    }
}

/// With more choices than this a message is shorter without the `or` between them.
const MAX_ALTERNATIVES: usize = 12;

/// What answers a question, as the end of a message, as far as that is known.
fn expected(
    path: &[String],
    key_type: &KeyType,
    expected_values: ExpectedValues,
) -> Option<String> {
    if let Some((field, is_replacement)) = field_of_word(path) {
        let values = expected_values(&field).unwrap_or_else(|| expected_word(&field).to_owned());
        let or_skip = if is_replacement { ", or { skip = \"reason\" }" } else { "" };
        return Some(format!("{values}{or_skip}"));
    }
    match (key_type.choices.as_slice(), key_type.examples.as_slice()) {
        ([], []) => None,
        ([], examples) => Some(format!("for example {}", examples.join(" or "))),
        (choices, _) if choices.len() > MAX_ALTERNATIVES => {
            Some(format!("one of {}", choices.join(", ")))
        }
        (choices, _) => Some(choices.join(" or ")),
    }
}

/// The same of a field without a list of its values.
fn expected_word(field: &Field) -> &'static str {
    match field {
        Field::OrderedAt | Field::ItemOrderedAt => "a time such as 2026-01-31T12:00:00Z",
        Field::GuestDob => "a date such as 1980-01-31",
        field if field.is_number() => "a number such as 12.50",
        _ => "a text",
    }
}

/// Takes a value out that is not known. Without it the other keys of a rule may seem wrong.
pub(super) fn remove(document: &mut TomlDocument<'_>, path: &[String]) {
    document.remove_at(path);
    if let [above @ .., _] = path
        && above.len() > 1
    {
        document.leave_out_errors_below(above);
    }
}

/// The comment beside the value at these bytes, else those above its line.
pub(super) fn comment_at(sources: &SourceMap, at: &Range<usize>) -> Option<String> {
    let (file, within) = sources.in_file(at)?;
    let after = file.text.get(within.end..)?.lines().next().unwrap_or_default();
    if let Some(comment) = comment_in(after) {
        return Some(comment.to_owned());
    }
    let before = file.text.get(..within.start)?;
    let above = &before[..before.rfind('\n').map_or(0, |end| end + 1)];
    let comments = above.lines().rev().map_while(|line| {
        // A directive, such as `#:schema`, is for editors.
        line.trim().strip_prefix('#').filter(|comment| !comment.starts_with(':'))
    });
    let mut comments: Vec<_> = comments.map(str::trim).collect();
    comments.reverse();
    Some(comments.join(" ")).filter(|comment| !comment.is_empty())
}

/// The comment at the end of a part of a line that begins outside of a string.
fn comment_in(text: &str) -> Option<&str> {
    let mut quote = None;
    let mut is_escaped = false;
    for (at, char) in text.char_indices() {
        match (quote, char) {
            (None, '#') => return Some(text[at + 1..].trim()).filter(|text| !text.is_empty()),
            (None, '"' | '\'') => quote = Some(char),
            (Some('"'), '\\') if !is_escaped => {
                is_escaped = true;
                continue;
            }
            (Some(open), close) if open == close && !is_escaped => quote = None,
            _ => {}
        }
        is_escaped = false;
    }
    None
}
