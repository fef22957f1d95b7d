//! Error list: what is wrong with the settings, the options and the profile of a run, all shown at
//! once.
//!
//! Finds no error. Filled by `config`, `faults`, `spec` and `run_values`.

use super::setting_names::CONFIG;
use crate::{
    map::PROFILE,
    model::{
        diagnostic::{Diagnostic, Diagnostics, OPEN_QUESTION},
        shell::shell_path,
    },
};

/// The command that helps with errors of settings.
const HELP: &str = "orderferry help settings";

/// The errors that were found so far.
#[derive(Debug, Default)]
pub(super) struct ErrorList(Vec<Diagnostic>);

impl ErrorList {
    pub(super) fn add(&mut self, error: Diagnostic) {
        self.0.push(error);
    }

    pub(super) fn extend(&mut self, errors: impl IntoIterator<Item = Diagnostic>) {
        self.0.extend(errors);
    }

    /// Whether none was found.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The error of these errors, of which there is at least one: those of the config file first,
    /// then those of variables and options, then those of the profile.
    pub(super) fn into_error(mut self) -> Diagnostics {
        let files = self.files();
        let index = |error: &Diagnostic| {
            let file = error.position.as_ref().map(|at| &at.file);
            files.iter().position(|known| Some(known) == file).unwrap_or(files.len())
        };
        self.0.sort_by_key(|error| order(error, index(error)));
        let place = place(&self.0);
        let next = next(&self.0);
        Diagnostics { next, ..Diagnostics::before_reading(self.0, &place) }
    }

    /// The files of the errors, in the order in which they were found: an extended profile is
    /// behind the one that extends it.
    fn files(&self) -> Vec<String> {
        let mut files: Vec<String> = Vec::new();
        for at in self.0.iter().filter_map(|error| error.position.as_ref()) {
            if !files.contains(&at.file) {
                files.push(at.file.clone());
            }
        }
        files
    }

    /// # Errors
    ///
    /// The errors, if there are any.
    pub(super) fn ensure_none(self) -> Result<(), Diagnostics> {
        if self.0.is_empty() { Ok(()) } else { Err(self.into_error()) }
    }
}

/// The place of an error among all: what is in a file, of this index, is in the order of the file,
/// and what is of the file as a whole is last.
fn order(error: &Diagnostic, file: usize) -> (bool, bool, usize, u64, u64) {
    let (line, column) = match &error.position {
        Some(at) => (at.line.unwrap_or(u64::MAX), at.column.unwrap_or_default()),
        None => (0, 0),
    };
    let is_in_config = error.kind == CONFIG && error.position.is_some();
    (is_of_profile(error), !is_in_config, file, line, column)
}

fn is_of_profile(error: &Diagnostic) -> bool {
    matches!(error.kind, PROFILE | OPEN_QUESTION)
}

/// The command that helps with the errors: all those of a profile come without an export too.
fn next(errors: &[Diagnostic]) -> Option<String> {
    if errors.iter().any(|error| error.kind == CONFIG) {
        return Some(HELP.to_owned());
    }
    let mut of_profile = errors.iter().filter(|error| error.kind == PROFILE);
    let file = of_profile.find_map(|error| Some(&error.position.as_ref()?.file))?;
    Some(format!("orderferry profiles check {}", shell_path(file)))
}

/// Where the errors are: `orderferry.toml and profiles/shop.toml`.
fn place(errors: &[Diagnostic]) -> String {
    let is_outside = |error: &Diagnostic| error.kind == CONFIG && error.position.is_none();
    // One word for settings that are partly in a file.
    let is_spread = errors.iter().any(is_outside);
    let mut places: Vec<&str> = Vec::new();
    for error in errors {
        let place = match &error.position {
            Some(at) if !(is_spread && error.kind == CONFIG) => &*at.file,
            _ if error.kind == CONFIG => "the settings",
            _ if is_of_profile(error) => "--answer",
            _ => "the faults",
        };
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places.join(" and ")
}
