//! Missing names: columns and paths that a profile names and the export lacks, as errors of the
//! profile.
//!
//! Found by `header_columns` and `paths`. Knows where the text of the profile names them.

use std::ops::Range;

use super::{
    error::{MapError, PROFILE},
    key_errors::KeyPath,
};
use crate::model::{
    diagnostic::{Diagnostic, Diagnostics, Note},
    input::InputFormat,
    origin::Position,
    problem::{Code, Problem},
    source_map::SourceMap,
    source_text::{SourceText, error_outside_files},
};

/// Maximum missing names that are listed.
const MAX_LISTED_NAMES: usize = 10;

/// What a condition's column is needed for, as part of a message.
pub(super) const CONDITION: &str = "a condition";

/// The same of the columns of items in a list or in groups.
pub(super) const ITEM_FIELDS: &str = "the items";

/// The same of a column whose blank cells are filled.
pub(super) const FILL_DOWN: &str = "fill_down";

/// A column or path that a profile names and the export lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MissingName {
    /// The input.
    pub(super) file: String,
    /// The column or path.
    pub(super) name: String,
    /// The pattern by which the profile names it, if it has one.
    pub(super) named_by: Option<String>,
    /// What the profile reads it for, as part of a message.
    pub(super) purpose: String,
    /// Whether no document has the path; else the header lacks the column.
    pub(super) is_path: bool,
    /// The format of the file beside the export that lacks it, if it is one of such a file.
    pub(super) side_format: Option<InputFormat>,
    /// Whether one of several joined files lacks it that must have it itself.
    pub(super) is_of_part: bool,
    /// Whether the export must have it.
    pub(super) is_required: bool,
    /// The unused name that is probably meant.
    pub(super) near: Option<String>,
    /// The default of its rule, which is for empty cells, unless the rule allows that the name is
    /// missing.
    pub(super) default_value: Option<String>,
    /// What the export has, and what to do.
    pub(super) notes: Vec<Note>,
}

impl MissingName {
    /// The same name if another file lacks it too, for a message about both.
    pub(super) fn and_in(mut self, others: &[Self]) -> Option<Self> {
        let other = others
            .iter()
            .find(|other| (&other.name, &other.purpose) == (&self.name, &self.purpose))?;
        // All files of the export look at the same side files.
        if self.side_format.is_none() {
            self.file = format!("{}, {}", self.file, other.file);
        }
        if self.near.is_none() && (other.near.is_some() || self.notes.is_empty()) {
            self.near.clone_from(&other.near);
            self.notes.clone_from(&other.notes);
        }
        Some(self)
    }

    /// A warning where the default of its rule takes its place although it is for empty cells.
    pub(super) fn default_warning(&self, at: Position) -> Option<Problem> {
        let default_value = self.default_value.as_ref()?;
        let message = format!(
            "{}, so its default {default_value:?} is used everywhere; {}",
            self.message(),
            self.purpose
        );
        Some(Problem::for_order(Code::ColumnMissing, at, message))
    }

    /// Adds the name to others, once for each purpose: of several files one may have it for one
    /// purpose, where it stands beside another name.
    pub(super) fn add_to(self, others: &mut Vec<Self>) {
        let is_same =
            |other: &&mut Self| (&other.name, &other.purpose) == (&self.name, &self.purpose);
        match others.iter_mut().find(is_same) {
            Some(other) if self.is_required && !other.is_required => *other = self,
            Some(_) => {}
            None => others.push(self),
        }
    }

    fn message(&self) -> String {
        let name = &self.name;
        match (self.side_format, self.is_path) {
            (Some(InputFormat::Ndjson), _) => format!("no document of {} has {name:?}", self.file),
            (side, _) if side.is_some() || self.is_of_part => {
                format!("there is no column {name:?} in {}", self.file)
            }
            (_, true) => format!("no document has {name:?}"),
            _ => format!("there is no column {name:?} in the export"),
        }
    }
}

/// The missing names for which the export is refused.
pub(super) fn refused_names(missing: &[MissingName]) -> Vec<MissingName> {
    let is_refused = |name: &&&MissingName| name.is_required || name.near.is_some();
    distinct(missing).iter().filter(is_refused).copied().cloned().collect()
}

/// Each missing name once, for the purpose that requires it if one does.
pub(super) fn distinct(missing: &[MissingName]) -> Vec<&MissingName> {
    let mut distinct: Vec<&MissingName> = Vec::new();
    for name in missing {
        match distinct.iter_mut().find(|other| other.name == name.name) {
            Some(other) if name.is_required && !other.is_required => *other = name,
            Some(_) => {}
            None => distinct.push(name),
        }
    }
    distinct
}

/// Where the text of a profile names columns and paths. Nowhere in a built-in profile, whose text
/// is not the user's.
#[derive(Debug, Clone, Default)]
pub(super) struct NamePlaces {
    source: Option<SourceMap>,
    places: Vec<NamePlace>,
}

#[derive(Debug, Clone)]
struct NamePlace {
    name: String,
    /// Whether it is a path; none of a name that serves either format.
    is_path: Option<bool>,
    /// The bytes of the text.
    span: Range<usize>,
    /// The rule or condition, as messages show it.
    subject: String,
}

impl NamePlaces {
    /// The places in a profile, of all its texts with their paths, in the order of the file.
    pub(super) fn new(source: SourceMap, texts: Vec<(KeyPath, String, Range<usize>)>) -> Self {
        let place = |(path, name, span): (KeyPath, String, Range<usize>)| {
            let key = path.iter().rposition(|key| {
                matches!(
                    key.as_str(),
                    "column"
                        | "columns"
                        | "path"
                        | "paths"
                        | "sum"
                        | "minus"
                        | "concat"
                        | "to"
                        | "by"
                        | "largest"
                        | "smallest"
                )
            });
            let is_array = ["items", "contacts", "consumers"].contains(&&*shown(&path));
            let is_of_join = path.first().is_some_and(|key| key == "join");
            let (is_path, subject) = match key {
                Some(key) => (is_path_key(&path[key]), shown(&path[..key])),
                None if is_array => (Some(true), path[0].clone()),
                None if is_of_join && path.last().is_some_and(|key| key == "items") => {
                    // The elements of the array are meant with or without brackets.
                    let name = name.strip_suffix("[]").map_or_else(|| name.clone(), str::to_owned);
                    let subject = shown(&path);
                    return Some(NamePlace { name, is_path: None, span, subject });
                }
                None if path.iter().any(|key| key == "fill_down") => (Some(false), shown(&path)),
                None => return None,
            };
            Some(NamePlace { name, is_path, span, subject })
        };
        Self { places: texts.into_iter().filter_map(place).collect(), source: Some(source) }
    }

    /// The texts of the profile; none of a built-in one.
    pub(super) fn source(&self) -> Option<&SourceMap> {
        self.source.as_ref()
    }

    /// Whether the profile is a built-in one.
    pub(super) fn is_of_built_in(&self) -> bool {
        self.source.is_none()
    }

    /// The error of an export that lacks these names, of which there is at least one.
    pub(super) fn error(&self, missing: &[MissingName]) -> MapError {
        let mut list: Vec<_> = missing.iter().map(|missing| self.located_error(missing)).collect();
        list.sort_by_key(|(at, _)| *at);
        let n_more = list.len().saturating_sub(MAX_LISTED_NAMES);
        list.truncate(MAX_LISTED_NAMES);
        let mut list: Vec<Diagnostic> = list.into_iter().map(|(_, error)| error).collect();
        if let Some(last) = list.last_mut().filter(|_| n_more > 0) {
            last.more.push(format!("and {n_more} more names"));
        }
        let place = self.source.as_ref().map(SourceMap::name);
        let place = place.or_else(|| missing.first().map(|missing| &*missing.file));
        let place = place.unwrap_or_default();
        MapError::Profile(Diagnostics::before_sending(list, missing.len(), place))
    }

    /// The error of a condition that has only the name for the other format than that of a file.
    pub(super) fn condition_error(&self, name: &str, is_json: bool, file: &str) -> MapError {
        let (lacking, example, form, other) = if is_json {
            ("path", "path = \"…\"", "JSON", "column")
        } else {
            ("column", "column = \"…\"", "CSV", "path")
        };
        let title = format!("the condition on {name:?} has no {lacking}; {file} is {form}");
        let is_place = |place: &&NamePlace| place.is_path == Some(!is_json) && place.name == name;
        let place = self.source.as_ref().zip(self.places.iter().find(is_place));
        let mut error = match place {
            Some((source, place)) => source.error(Some(place.span.clone()), &place.subject, &title),
            None => error_outside_files(PROFILE, file, "", &title),
        };
        let hint = format!(
            "write both, {{ {other} = {name:?}, {example} }}, or name a profile for {form} with --profile"
        );
        error.notes.push(Note::Hint(hint));
        MapError::Profile(Diagnostics::before_sending(vec![error], 1, file))
    }

    /// The error, and its first byte in the profile.
    fn located_error(&self, missing: &MissingName) -> (usize, Diagnostic) {
        let is_place = |place: &&NamePlace| {
            place.is_path.is_none_or(|is_path| is_path == missing.is_path)
                && place.name == *missing.named_by.as_ref().unwrap_or(&missing.name)
        };
        // The key of a side file may have the name of a column of the export.
        let is_key = |place: &&NamePlace| place.subject.starts_with("join") && is_place(place);
        let places = self.places.iter();
        let key = missing.side_format.and_then(|_| places.clone().find(is_key));
        let is_other = |place: &&NamePlace| key.is_none() && is_place(place);
        let place = self.source.as_ref().zip(key.or_else(|| places.clone().find(is_place)));
        let message = missing.message();
        let (at, mut error, also_named) = if let Some((source, place)) = place {
            let mut message = message;
            if missing.is_path && missing.side_format.is_none() {
                message.extend(["; it is not in ", &missing.file]);
            }
            let span = place.span.clone();
            let others = places.clone().filter(is_other).filter(|other| other.span != span);
            let also_named = also_named(source, others);
            (span.start, source.error(Some(span), &place.subject, &message), also_named)
        } else {
            let (kind, name) = (PROFILE, missing.file.clone());
            let source = SourceText { kind, name, text: String::new() };
            let message = format!("{message}; {}", missing.purpose);
            (usize::MAX, source.error(None, "", &message), None)
        };
        error.notes.extend(missing.notes.iter().cloned().chain(also_named));
        if let Some(value) = missing.default_value.as_ref().filter(|_| missing.near.is_none()) {
            let hint = format!("optional = true in its rule gives {value:?} to all orders");
            error.notes.push(Note::Hint(hint));
        }
        (at, error)
    }
}

/// The other places of a missing name, if there are any.
fn also_named<'p>(source: &SourceMap, others: impl Iterator<Item = &'p NamePlace>) -> Option<Note> {
    let place = |other: &NamePlace| source.error(Some(other.span.clone()), "", "").place;
    let places: Vec<_> = others.map(place).collect();
    (!places.is_empty()).then(|| Note::Fact(format!("also named at {}", places.join(", "))))
}

/// Whether the names of a key of a rule are paths; none where they serve either format.
fn is_path_key(key: &str) -> Option<bool> {
    match key {
        "column" | "columns" => Some(false),
        "path" | "paths" => Some(true),
        _ => None,
    }
}

/// A path of keys, without the indexes of elements.
fn shown(path: &[String]) -> String {
    let is_name = |key: &&String| !key.bytes().all(|byte| byte.is_ascii_digit());
    path.iter().filter(is_name).map(String::as_str).collect::<Vec<_>>().join(".")
}
