//! Errors of profiles: why one cannot be used.
//!
//! Data and messages only. Problems of single orders are not errors: they are in `model`. Returned
//! by `profile_compiler` and `file_mapper`.

use crate::model::{
    diagnostic::{Diagnostic, Diagnostics, FilePosition, Note},
    problem::Severity,
    suggest::{did_you_mean, suggest},
};

/// The kind of the errors of a profile.
pub const PROFILE: &str = "profile";

/// Why a profile cannot be used. Ends the run, since the error concerns every order.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// No built-in profile has the name, and `cli` found no file of it.
    #[error("{}", no_profile(name, built_in))]
    NoProfile {
        /// The given name.
        name: String,
        /// The names of the built-in profiles.
        built_in: Vec<&'static str>,
    },
    /// The text of a profile is wrong, or the export lacks columns or paths that it names.
    #[error(transparent)]
    Profile(Diagnostics),
}

/// The message about a name that is neither of a file nor of a built-in profile.
fn no_profile(name: &str, built_in: &[&str]) -> String {
    if name.contains(['.', '/', '\\']) {
        return format!("the file {name:?} does not exist");
    }
    let hint = did_you_mean(suggest(name, built_in.iter().copied()));
    let built_in = built_in.join(", ");
    format!("unknown profile {name:?}; expected a file or a built-in profile: {built_in}{hint}")
}

impl MapError {
    /// The error of an export that a profile does not fit. `place` is in the file or is it.
    fn of_export(file: &str, place: String, title: String, notes: Vec<Note>) -> Self {
        let error = Diagnostic {
            severity: Severity::Error,
            kind: PROFILE,
            title,
            place,
            position: Some(FilePosition { file: file.to_owned(), line: None, column: None }),
            excerpt: None,
            notes,
            more: Vec::new(),
        };
        Self::Profile(Diagnostics::before_sending(vec![error], 1, file))
    }

    /// The error of a file that has a column twice that the profile names. `places` are those of
    /// the column, `file:line:column`; `field` is the field or condition that reads it.
    // Using the first one would be a guess.
    pub(super) fn ambiguous_column(
        file: &str,
        places: &[String],
        column: &str,
        field: &str,
        hint: &str,
    ) -> Self {
        let (first, others) = places.split_first().map_or((file, places), |(at, rest)| (at, rest));
        let needed = format!(
            "the profile needs exactly one for {field}; it is at {} too",
            others.join(", ")
        );
        let notes = vec![Note::Fact(needed), Note::Hint(hint.to_owned())];
        let title = format!("column {column:?} occurs twice");
        Self::of_export(file, first.to_owned(), title, notes)
    }

    /// The error of a file that has a column of its own with the name of one of a join.
    pub(super) fn column_of_join(file: &str, place: &str, column: &str, join: &str) -> Self {
        let title = format!("column {column:?} is one of the join {join:?} too");
        let hint = format!(
            "give the join another name: as = \"{join}_file\"; which column is meant is not guessed"
        );
        Self::of_export(file, place.to_owned(), title, vec![Note::Hint(hint)])
    }

    /// The error of a column that occurs, but not `nth` times.
    pub(super) fn too_few_columns(
        file: &str,
        places: &[String],
        column: &str,
        nth: u16,
        field: &str,
    ) -> Self {
        let at = places.first().map_or(file, String::as_str);
        let needed = format!("the profile needs number {nth} for {field}");
        let n_columns = places.len();
        let times = if n_columns == 1 { "once".to_owned() } else { format!("{n_columns} times") };
        let title = format!("column {column:?} occurs {times}");
        Self::of_export(file, at.to_owned(), title, vec![Note::Fact(needed)])
    }

    /// The error of a profile without a source of this field in the form of the file, which is
    /// JSON or not.
    pub(super) fn other_format(file: &str, is_json: bool, field: &str) -> Self {
        let (expected, form, other) =
            if is_json { ("path", "JSON", "CSV") } else { ("column", "CSV", "JSON") };
        let what = format!("the file is {form}, and the profile was written for {other}");
        let hint = format!(
            "name a profile for {form} with --profile, or give the rule a {expected} too; a file of \
             JSON has a name that ends in .json, .jsonl or .ndjson"
        );
        let title = format!("the profile has no {expected} for {field}");
        let notes = vec![Note::Fact(what), Note::Hint(hint)];
        Self::of_export(file, file.to_owned(), title, notes)
    }

    /// The error of a file of a join that is of another format than the first one.
    pub(super) fn other_side_format(file: &str, first: &str) -> Self {
        let title = format!("the file is of another format than {first}, a file of the same join");
        let hint = "export the files of a join in one format".to_owned();
        Self::of_export(file, file.to_owned(), title, vec![Note::Hint(hint)])
    }

    /// The error of a pattern of names of members of a side file.
    pub(super) fn side_wildcard(file: &str, pattern: &str) -> Self {
        let title = format!("{pattern:?} is a pattern of columns, and this file is JSON");
        let hint = "give each field a rule of its own, which names its member".to_owned();
        Self::of_export(file, file.to_owned(), title, vec![Note::Hint(hint)])
    }

    /// The error of a CSV file of a join in whose documents an array has the items.
    pub(super) fn side_items_in_records(file: &str, items: &str) -> Self {
        let title = format!("the file is CSV, but the join has its items in an array ({items:?})");
        let hint = "write items = true in the join, if the rows of the file are the items";
        Self::of_export(file, file.to_owned(), title, vec![Note::Hint(hint.to_owned())])
    }

    /// The error of documents with a member that has the name of a join.
    // What a path below the name means would be a guess.
    pub(super) fn member_named_as_join(file: &str, member: &str, join: &str) -> Self {
        let title = format!("{member:?} is a member of the documents and the name of a join");
        let fact = format!("a path such as \"{join}.id\" may mean either");
        let hint = format!("give the join another name: as = \"{join}_file\"");
        let notes = vec![Note::Fact(fact), Note::Hint(hint)];
        Self::of_export(file, file.to_owned(), title, notes)
    }

    /// The errors of a profile, if the error consists of them.
    #[must_use]
    pub fn diagnostics(&self) -> Option<&Diagnostics> {
        match self {
            Self::Profile(diagnostics) => Some(diagnostics),
            Self::NoProfile { .. } => None,
        }
    }
}
