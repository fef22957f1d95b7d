//! TOML document: the keys and values of a text with their places, and all errors of it.
//!
//! Finds unknown keys and wrong values by deserializing: what is wrong is removed and the rest is
//! tried again. Knows no key. Used by `profile_compiler`, and by `cli` for its settings.

use std::ops::Range;

use serde::{Deserialize, de::DeserializeOwned};
use toml::{
    Spanned, Table,
    de::{DeString, DeTable, DeValue, Deserializer, Error},
};

use super::{
    key_errors::{KeyErrors, KeyPath},
    serde_message::{MissingKey, expectation, readable_message},
    syntax_errors::MAX_ERRORS,
    toml_paths::{
        is_first_table, mark_in, original_path, path_of, remove_from, shown, without_removed,
    },
    toml_syntax::ParsedText,
};
use crate::model::{diagnostic::Diagnostic, source_map::SourceMap};

/// The keys and values of a TOML text, and its errors.
pub struct TomlDocument<'t> {
    sources: &'t SourceMap,
    pub(super) root: DeTable<'t>,
    /// The tables of the files behind the first one.
    pub(super) others: Vec<DeTable<'t>>,
    /// The paths of what was wrong and is removed.
    removed: Vec<KeyPath>,
    /// The paths of the keys that misspelt ones were meant to be.
    meant: Vec<KeyPath>,
    /// The paths of tables whose errors may be the consequence of what was removed.
    unsure: Vec<KeyPath>,
    /// The errors, each with its first byte.
    errors: Vec<(usize, TomlError)>,
    has_syntax_error: bool,
    /// The values of the key at a path, if it takes no others.
    choices: fn(&[String]) -> Vec<String>,
}

/// A text of a document: its path, the text and its bytes.
pub type TomlText = (Vec<String>, String, Range<usize>);

/// An error of a TOML text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TomlError {
    /// The path of the value that is wrong; empty if it is a key or the syntax.
    pub path: Vec<String>,
    /// What is wrong.
    pub diagnostic: Diagnostic,
}

impl<'t> TomlDocument<'t> {
    /// Parses the text of each file; errors of its syntax are errors.
    #[must_use]
    pub fn parse(sources: &'t SourceMap) -> Self {
        let mut document = Self::of_table(sources, DeTable::new());
        let mut tables = Vec::new();
        for (start, file) in sources.files() {
            let moved = |at: Range<usize>| at.start + start..at.end + start;
            let ParsedText { table, errors } = ParsedText::parse(&file.text);
            for (at, message) in errors {
                document.add(at.map(moved), &[], "", &message);
            }
            document.has_syntax_error |= table.is_none();
            let table = table.unwrap_or_default();
            tables.push(if start == 0 { table } else { table_at(table, &moved) });
        }
        let mut tables = tables.into_iter();
        document.root = tables.next().unwrap_or_default();
        document.others = tables.collect();
        document
    }

    /// Another table of the same texts, without an error.
    pub(super) fn with_table(&self, table: DeTable<'t>) -> Self {
        let Self { has_syntax_error, choices, .. } = *self;
        Self { has_syntax_error, choices, ..Self::of_table(self.sources, table) }
    }

    fn of_table(sources: &'t SourceMap, root: DeTable<'t>) -> Self {
        Self {
            sources,
            root,
            others: Vec::new(),
            removed: Vec::new(),
            meant: Vec::new(),
            unsure: Vec::new(),
            errors: Vec::new(),
            has_syntax_error: false,
            choices: |_| Vec::new(),
        }
    }

    /// Lets errors list the values of keys.
    pub(super) fn with_choices(self, choices: fn(&[String]) -> Vec<String>) -> Self {
        Self { choices, ..self }
    }

    /// Adds the errors of another table of the same texts that begin within one of these places.
    pub(super) fn add_errors_at(&mut self, places: &[Range<usize>], other: Self) {
        let is_there = |at: &usize| places.iter().any(|place| place.contains(at));
        let errors = other.errors.into_iter().filter(|(at, _)| is_there(at));
        self.errors.extend(errors);
    }

    /// The value of the document, without the keys and values that are wrong, which become errors.
    /// None if nothing is left of it, or the syntax is wrong.
    pub fn read<T: DeserializeOwned>(&mut self) -> Option<T> {
        if self.has_syntax_error {
            return None;
        }
        for _ in 0..MAX_ERRORS {
            match T::deserialize(self.deserializer()) {
                Ok(value) => return Some(value),
                Err(error) if self.remove(&error) => {}
                Err(error) => {
                    self.add(None, &[], "", &readable_message(error.message()).text);
                    return None;
                }
            }
        }
        None
    }

    /// The keys and values that are left.
    #[must_use]
    pub fn table(&self) -> Table {
        Table::deserialize(self.deserializer()).unwrap_or_default()
    }

    fn deserializer(&self) -> Deserializer<'t> {
        Deserializer::from(Spanned::new(0..0, without_removed(&self.root)))
    }

    /// The errors of the value that was read with paths in the document, whose lists have the
    /// elements too that are removed.
    pub(super) fn with_original_paths(&self, errors: KeyErrors) -> KeyErrors {
        errors.map_paths(|path| original_path(&self.root, path))
    }

    /// Adds the errors of values, each at its value or at the nearest key above it that there is.
    ///
    /// An error of a value of which a part was removed may be the consequence of that, and is left
    /// out.
    pub(super) fn add_errors(&mut self, errors: KeyErrors) {
        for (path, message) in errors {
            if !self.is_incomplete(&path) {
                let at = mark_in(&self.root, &path);
                self.add(at, &path, &shown(&self.root, &path), &with_subject(&path, &message));
            }
        }
    }

    /// A rule that was read with a path in the document, as messages show it, and its place.
    pub(super) fn place_of_rule(&self, path: &[String]) -> (String, Option<Range<usize>>) {
        let path = original_path(&self.root, path.to_vec());
        (shown(&self.root, &path), mark_in(&self.root, &path))
    }

    /// The paths of what is wrong and left out, and of what it was meant to be; the root of a text
    /// whose syntax is wrong.
    #[must_use]
    pub fn wrong_paths(&self) -> Vec<KeyPath> {
        if self.has_syntax_error {
            return vec![KeyPath::new()];
        }
        self.removed.iter().chain(&self.meant).chain(&self.unsure).cloned().collect()
    }

    /// Whether the value at a path, a part of it or what it is a part of was removed.
    fn is_incomplete(&self, path: &[String]) -> bool {
        let mut missing = self.removed.iter().chain(&self.meant);
        let mut unknown = self.removed.iter().chain(&self.unsure);
        missing.any(|part| part.starts_with(path)) || unknown.any(|above| path.starts_with(above))
    }

    /// Leaves out the errors of a table, which may be the consequence of what was removed from it.
    pub(super) fn leave_out_errors_below(&mut self, path: &[String]) {
        self.unsure.push(path.to_owned());
    }

    /// Whether a text is no TOML.
    pub(super) fn has_syntax_error(&self) -> bool {
        self.has_syntax_error
    }

    /// All texts with their paths and places, in the order of the document.
    #[must_use]
    pub fn texts(&self) -> Vec<TomlText> {
        let mut texts = Vec::new();
        for (key, value) in &self.root {
            collect_texts(vec![key.get_ref().to_string()], value, &mut texts);
        }
        texts.sort_by_key(|(.., span)| span.start);
        texts
    }

    /// All tables, and lists of tables, with their paths and the places of their names.
    #[must_use]
    pub fn tables(&self) -> Vec<(KeyPath, Range<usize>)> {
        let mut tables = Vec::new();
        collect_tables(&KeyPath::new(), &self.root, &mut tables);
        tables
    }

    /// All errors, in the order of the text; those of the whole text are the last ones.
    #[must_use]
    pub fn into_errors(self) -> Vec<TomlError> {
        let mut errors = self.errors;
        errors.sort_by_key(|(at, _)| *at);
        errors.into_iter().map(|(_, error)| error).collect()
    }

    /// Removes the value at a path, whose errors, and those of what it is a part of, are left out.
    pub(super) fn remove_at(&mut self, path: &[String]) {
        remove_from(&mut self.root, path);
        self.removed.push(path.to_owned());
    }

    /// Adds an error of a key or of the text as a whole.
    pub(super) fn add_error(&mut self, at: Option<Range<usize>>, subject: &str, message: &str) {
        self.add(at, &[], subject, message);
    }

    /// Adds an error at these bytes.
    pub(super) fn add_diagnostic(&mut self, at: &Range<usize>, diagnostic: Diagnostic) {
        self.errors.push((at.start, TomlError { path: Vec::new(), diagnostic }));
    }

    fn add(&mut self, at: Option<Range<usize>>, path: &[String], subject: &str, message: &str) {
        let first = at.as_ref().map_or(usize::MAX, |at| at.start);
        let diagnostic = self.sources.error(at, subject, message);
        let error = TomlError { path: path.to_owned(), diagnostic };
        if !self.errors.iter().any(|(_, known)| *known == error) {
            self.errors.push((first, error));
        }
    }

    /// Removes the key or value of an error, which becomes an error unless it is the consequence of
    /// another one. Returns whether there is such a key or value.
    fn remove(&mut self, error: &Error) -> bool {
        let Some(span) = error.span() else { return false };
        let message = readable_message(error.message());
        let Some(mut path) = path_of(&self.root, &span) else { return false };
        // The key of a list of tables, and the list, have the place of its first table.
        let is_of_list = message.is_of_key
            || ["found a list", "expected ", WRONG_TYPE_OF_CHOICE]
                .iter()
                .any(|start| message.text.starts_with(start));
        if is_of_list && is_first_table(&self.root, &path) {
            path.pop();
        }
        let sibling = |name: &str| {
            let above = if message.is_of_key { &path[..path.len() - 1] } else { &path };
            above.iter().cloned().chain([name.to_owned()]).collect::<KeyPath>()
        };
        let is_consequence = match &message.missing {
            Some(MissingKey(name)) => self.is_incomplete(&sibling(name)),
            None => false,
        };
        if !is_consequence {
            let mark = mark_in(&self.root, &path);
            // Before the value is its key.
            let at = mark.filter(|mark| mark.start < span.end).unwrap_or(span);
            let (wrong, subject) = match path.split_last() {
                Some((_, above)) if message.is_of_key => (&[][..], above),
                _ => (&*path, &*path),
            };
            let subject = shown(&self.root, subject);
            let text = match message.text.as_str() {
                WRONG_TYPE_OF_CHOICE => not_a_choice(&(self.choices)(&path)),
                text => text.to_owned(),
            };
            self.add(Some(at), wrong, &subject, &text);
        }
        // A misspelt key is not missing too.
        self.meant.extend(message.meant.as_deref().map(sibling));
        remove_from(&mut self.root, &path);
        self.removed.push(path);
        true
    }
}

/// What `toml` says of another type in the place of one of several words.
const WRONG_TYPE_OF_CHOICE: &str = "wanted string or table";

/// The message about a value that is no text, where one of these is expected.
fn not_a_choice(choices: &[String]) -> String {
    let expected = match choices {
        [] => "expected a string".to_owned(),
        choices => expectation("", choices, None),
    };
    format!("invalid type; {expected}")
}

/// The same table with other places.
fn table_at<'t>(table: DeTable<'t>, place: &impl Fn(Range<usize>) -> Range<usize>) -> DeTable<'t> {
    let entry = |(key, value): (Spanned<DeString<'t>>, Spanned<DeValue<'t>>)| {
        (Spanned::new(place(key.span()), key.into_inner()), value_at(value, place))
    };
    table.into_iter().map(entry).collect()
}

/// The same value with other places.
pub(super) fn value_at<'t>(
    value: Spanned<DeValue<'t>>,
    place: &impl Fn(Range<usize>) -> Range<usize>,
) -> Spanned<DeValue<'t>> {
    let at = place(value.span());
    let value = match value.into_inner() {
        DeValue::Table(table) => DeValue::Table(table_at(table, place)),
        DeValue::Array(array) => {
            DeValue::Array(array.into_iter().map(|element| value_at(element, place)).collect())
        }
        scalar => scalar,
    };
    Spanned::new(at, value)
}

/// A message whose subject is the key, or the message.
fn with_subject(path: &[String], message: &str) -> String {
    let is_predicate = ["has ", "is ", "strips ", "would ", "contradicts ", "compares "]
        .iter()
        .any(|verb| message.starts_with(verb));
    let is_index = |name: &String| name.bytes().all(|byte| byte.is_ascii_digit());
    match path {
        _ if !is_predicate => message.to_owned(),
        [.., array, index] if is_index(index) => {
            let number = index.parse::<usize>().map_or(0, |index| index + 1);
            format!("element {number} of {array:?} {message}")
        }
        [.., key] => format!("{key:?} {message}"),
        [] => message.to_owned(),
    }
}

fn collect_tables(path: &KeyPath, table: &DeTable<'_>, into: &mut Vec<(KeyPath, Range<usize>)>) {
    for (key, value) in table {
        let path = path.iter().cloned().chain([key.get_ref().to_string()]).collect();
        match value.get_ref() {
            DeValue::Table(below) => collect_tables(&path, below, into),
            DeValue::Array(array) if array.iter().any(|element| element.get_ref().is_table()) => {}
            _ => continue,
        }
        into.push((path, key.span()));
    }
}

fn collect_texts(path: KeyPath, value: &Spanned<DeValue<'_>>, into: &mut Vec<TomlText>) {
    let below = |name: String| path.iter().cloned().chain([name]).collect();
    match value.get_ref() {
        DeValue::String(text) => into.push((path, text.to_string(), value.span())),
        DeValue::Table(table) => {
            for (key, value) in table {
                collect_texts(below(key.get_ref().to_string()), value, into);
            }
        }
        DeValue::Array(array) => {
            for (index, element) in array.iter().enumerate() {
                collect_texts(below(index.to_string()), element, into);
            }
        }
        _ => {}
    }
}
