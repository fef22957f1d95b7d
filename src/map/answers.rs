//! Answers to the open questions of a profile (`--answer KEY=VALUE`).
//!
//! An answer becomes the value of its key, of the type that the key takes; its errors name the
//! option. Called by `profile_compiler`.

use std::ops::Range;

use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

use super::{
    error::PROFILE,
    key_errors::KeyPath,
    key_path::{JOIN, number_join, parse_value_path, shown_value_path},
    open_questions::{OpenQuestion, is_settled, open_questions, remove},
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
    let mut splits = typed.match_indices('=').map(|(at, _)| (&typed[..at], &typed[at + 1..]));
    let exact = splits.find_map(|(key, value)| Some((parse_value_path(key)?, value)));
    exact.or_else(|| {
        // A shell takes quotes away: `currency_symbols.€` is meant with them.
        let (key, value) = typed.split_once('=')?;
        let names: KeyPath = key.split('.').map(str::to_owned).collect();
        names.iter().all(|name| !name.is_empty()).then_some((names, value))
    })
}

/// Refuses answers to what is no open question in any profile, and returns the others.
pub(super) fn refuse_settled<'a>(
    document: &mut TomlDocument<'_>,
    answers: &'a [Answer],
) -> Vec<&'a Answer> {
    let is_open = |answer: &&Answer| {
        let path = answer.path.as_deref().filter(|path| is_settled(path));
        if let Some(key) = path.and_then(<[String]>::first) {
            let message = format!("{key:?} is no open question; expected it in the profile");
            document.add_error(Some(answer.at.clone()), "", &message);
        }
        path.is_none()
    };
    answers.iter().filter(is_open).collect()
}

/// Gives the answers to the open questions, and returns those that are left.
pub(super) fn answer<'t>(
    document: &mut TomlDocument<'t>,
    sources: &'t SourceMap,
    answers: &[&Answer],
    mut open: Vec<OpenQuestion>,
) -> Vec<OpenQuestion> {
    let asked: Vec<_> =
        open.iter().map(|asked| shown_value_path(&document.root, &asked.path)).collect();
    let mut answered: Vec<KeyPath> = Vec::new();
    for Answer { path, at } in answers {
        let Some(mut path) = path.clone() else {
            document.add_error(Some(at.clone()), "", "not an answer; expected KEY=VALUE");
            continue;
        };
        number_join(&document.root, &mut path);
        if answered.contains(&path) {
            let message = format!(
                "{:?} is answered twice; expected once",
                shown_value_path(&document.root, &path)
            );
            document.add_error(Some(at.clone()), "", &message);
            continue;
        }
        let Some(index) = open.iter().position(|question| question.path == path) else {
            let message = no_question(&shown_value_path(&document.root, &path), &asked);
            document.add_error(Some(at.clone()), "", &message);
            continue;
        };
        let question = open.remove(index);
        let text = sources.option_value(at).unwrap_or_default();
        set(&mut document.root, &path, value(text, &question.key_type, at));
        refuse_question(document, &path, at);
        answered.push(path);
    }
    open
}

/// Leaves out the questions about the files of joins that the command line names.
pub(super) fn without_files(
    document: &mut TomlDocument<'_>,
    named_joins: &[String],
    open: Vec<OpenQuestion>,
) -> Vec<OpenQuestion> {
    let paths = named_joins.iter().map(|join| {
        let mut path = KeyPath::from([JOIN.to_owned(), join.clone(), "file".to_owned()]);
        number_join(&document.root, &mut path);
        path
    });
    let paths: Vec<_> = paths.collect();
    let (named, open): (Vec<_>, Vec<_>) =
        open.into_iter().partition(|question| paths.contains(&question.path));
    for question in named {
        document.remove_at(&question.path);
    }
    open
}

/// Refuses an answer that is a question itself, or has one.
fn refuse_question(document: &mut TomlDocument<'_>, path: &[String], at: &Range<usize>) {
    let found = open_questions(document);
    if found.iter().any(|question| question.path.starts_with(path)) {
        let message = "\"?\" is the question, not an answer; expected a value";
        document.add_error(Some(at.clone()), "", message);
        remove(document, path);
    }
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

/// The value of an answer: a text where the key takes one, unless it is in quotes or looks like
/// what else the key takes.
fn value<'t>(text: &'t str, key_type: &KeyType, at: &Range<usize>) -> Spanned<DeValue<'t>> {
    let is_taken = |value: &Spanned<DeValue<'_>>| {
        if value.get_ref().is_str() { key_type.takes_text } else { key_type.takes_other }
    };
    let value = match DeValue::parse(text).ok().filter(is_taken) {
        // An error of the whole value has another place than one of a part.
        Some(value) => value_at(value, &|_| at.end..at.end).into_inner(),
        None => DeValue::String(character(text, key_type).unwrap_or_else(|| text.into())),
    };
    Spanned::new(at.clone(), value)
}

/// The character that an escape sequence of TOML such as `\t` is, where the key takes one.
fn character<'t>(text: &str, key_type: &KeyType) -> Option<DeString<'t>> {
    if !key_type.takes_character {
        return None;
    }
    let quoted = format!("\"{text}\"");
    let value = DeValue::parse(&quoted).ok()?.into_inner();
    value.as_str().map(|text| text.to_owned().into())
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
