//! Answers to the open questions of a profile (`--answer KEY=VALUE`).
//!
//! An answer becomes the value of its key, of the type that the key takes; its errors name the
//! option. Called by `profile_compiler`.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    error::PROFILE,
    key_errors::KeyPath,
    key_path::{parse_key_path, shown_key_path},
    open_questions::OpenQuestion,
    profile_schema::KeyType,
    toml_document::{TomlDocument, value_at},
};
use crate::model::{source_map::SourceMap, suggest::suggest};

/// An answer as it was typed.
pub(super) struct Answer {
    /// The key, if it has one.
    path: Option<KeyPath>,
    at: Range<usize>,
}

impl Answer {
    /// Reads the texts of the options and adds them to the sources.
    pub(super) fn all(typed: &[String], sources: &mut SourceMap) -> Vec<Self> {
        let read = |typed: &String| {
            let (path, value) = key_and_value(typed).unzip();
            let option = format!("--answer {typed}");
            Self { path, at: sources.add_option(PROFILE, &option, value.unwrap_or_default()) }
        };
        typed.iter().map(read).collect()
    }
}

/// The key and the value of `KEY=VALUE`; a quoted name of the key may have an equals sign.
#[must_use]
pub fn key_and_value(typed: &str) -> Option<(KeyPath, &str)> {
    typed
        .match_indices('=')
        .find_map(|(at, _)| Some((parse_key_path(&typed[..at])?, &typed[at + 1..])))
}

/// Gives the answers to the open questions, and returns those that are left.
pub(super) fn answer<'t>(
    document: &mut TomlDocument<'t>,
    sources: &'t SourceMap,
    answers: &[Answer],
    mut open: Vec<OpenQuestion>,
) -> Vec<OpenQuestion> {
    let asked: Vec<_> = open.iter().map(|question| shown_key_path(&question.path)).collect();
    let mut answered: Vec<&KeyPath> = Vec::new();
    for Answer { path, at } in answers {
        let Some(path) = path else {
            document.add_error(Some(at.clone()), "", "not an answer; expected KEY=VALUE");
            continue;
        };
        if answered.contains(&path) {
            let message = format!("{:?} is answered twice; expected once", shown_key_path(path));
            document.add_error(Some(at.clone()), "", &message);
            continue;
        }
        let Some(index) = open.iter().position(|question| question.path == *path) else {
            let message = no_question(&shown_key_path(path), &asked);
            document.add_error(Some(at.clone()), "", &message);
            continue;
        };
        let question = open.remove(index);
        let text = sources.option_value(at).unwrap_or_default();
        set(&mut document.root, path, value(text, &question.key_type, at));
        answered.push(path);
    }
    open
}

/// The message about an answer to no question.
fn no_question(key: &str, asked: &[String]) -> String {
    let near = suggest(key, asked.iter().map(String::as_str));
    let names: Vec<_> = asked.iter().map(|asked| format!("{asked:?}")).collect();
    let expected = match (near, asked) {
        (_, []) => "the profile has none".to_owned(),
        (Some(near), [_]) => format!("meant {near:?}?"),
        (Some(near), _) => format!("meant {near:?}? The open ones are {}", names.join(", ")),
        (None, _) => format!("expected {}", names.join(", ")),
    };
    format!("{key:?} is no open question; {expected}")
}

/// The value of an answer: a text where the key takes one, unless it looks like what else it takes.
fn value<'t>(text: &'t str, key_type: &KeyType, at: &Range<usize>) -> Spanned<DeValue<'t>> {
    let other = DeValue::parse(text)
        .ok()
        .filter(|value| key_type.takes_other && !(key_type.takes_text && value.get_ref().is_str()));
    let value = match other {
        // An error of the whole value has another place than one of a part.
        Some(value) => value_at(value, &|_| at.end..at.end).into_inner(),
        None => DeValue::String(text.into()),
    };
    Spanned::new(at.clone(), value)
}

/// Sets the value at a path, which there is. The key of a table's value is its place in errors.
fn set<'t>(table: &mut DeTable<'t>, path: &[String], value: Spanned<DeValue<'t>>) {
    match path {
        [] => {}
        [name] => {
            table.remove(name.as_str());
            table.insert(Spanned::new(value.span(), name.clone().into()), value);
        }
        [name, below @ ..] => {
            if let Some(found) = table.get_mut(name.as_str()) {
                set_below(found, below, value);
            }
        }
    }
}

fn set_below<'t>(found: &mut Spanned<DeValue<'t>>, path: &[String], value: Spanned<DeValue<'t>>) {
    match (found.get_mut(), path) {
        (_, []) => *found = value,
        (DeValue::Table(table), path) => set(table, path, value),
        (DeValue::Array(array), [index, below @ ..]) => {
            let element = index.parse().ok().and_then(|index: usize| array.get_mut(index));
            if let Some(element) = element {
                set_below(element, below, value);
            }
        }
        _ => {}
    }
}
