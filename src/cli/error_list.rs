//! Error list: what is wrong with the settings, the options and the profile of a command, all shown
//! at once.
//!
//! Finds no error. Filled by `entry`, `config`, `faults`, `spec` and `run_values`.

use super::{option_values::WrongOption, setting_names::CONFIG};
use crate::{
    map::PROFILE,
    model::{
        diagnostic::{Diagnostic, Diagnostics, OPEN_QUESTION},
        shell::{shell_path, shell_word},
    },
};

/// The command that helps with errors of settings.
const HELP: &str = "orderferry help settings";

/// The errors that were found so far.
#[derive(Debug, Default)]
pub(super) struct ErrorList {
    errors: Vec<Diagnostic>,
    /// The command that lists all errors of the profile, without an export too.
    profile_check: Option<String>,
    /// The command that helps with options; none for settings.
    help: Option<String>,
}

impl ErrorList {
    /// The errors of options whose values are wrong; `help` is the command that helps with them.
    pub(super) fn of_options(wrong: &[WrongOption], help: String) -> Self {
        let errors: Vec<_> = wrong.iter().map(|option| option.error.clone()).collect();
        let help = Some(help).filter(|_| !errors.is_empty());
        Self { errors, help, ..Self::default() }
    }

    pub(super) fn add(&mut self, error: Diagnostic) {
        self.errors.push(error);
    }

    pub(super) fn extend(&mut self, errors: impl IntoIterator<Item = Diagnostic>) {
        self.errors.extend(errors);
    }

    /// Adds the errors of the profile `name` and of those that it extends.
    pub(super) fn extend_of_profile(
        &mut self,
        name: &str,
        answers: &[String],
        errors: impl IntoIterator<Item = Diagnostic>,
    ) {
        let answers = answers.iter().map(|answer| format!(" --answer {}", shell_word(answer)));
        let command = format!("orderferry profiles check {}", shell_path(name));
        self.profile_check = Some(answers.fold(command, |command, answer| command + &answer));
        self.extend(errors);
    }

    /// Whether none was found.
    pub(super) fn is_empty(&self) -> bool {
        self.errors.is_empty()
    }

    /// The error of these errors, of which there is at least one: those of the config file first,
    /// then those of variables and options, then those of the profile.
    pub(super) fn into_error(mut self) -> Diagnostics {
        let files = self.files();
        let index = |error: &Diagnostic| {
            let file = error.position.as_ref().map(|at| &at.file);
            files.iter().position(|known| Some(known) == file).unwrap_or(files.len())
        };
        self.errors.sort_by_key(|error| order(error, index(error)));
        let place = place(&self.errors);
        let next = self.next();
        Diagnostics { next, ..Diagnostics::before_reading(self.errors, &place) }
    }

    /// The files of the errors, in the order in which they were found: an extended profile is
    /// behind the one that extends it.
    fn files(&self) -> Vec<String> {
        let mut files: Vec<String> = Vec::new();
        for at in self.errors.iter().filter_map(|error| error.position.as_ref()) {
            if !files.contains(&at.file) {
                files.push(at.file.clone());
            }
        }
        files
    }

    /// The command that helps with the errors.
    fn next(&self) -> Option<String> {
        if self.errors.iter().any(|error| error.kind == CONFIG) {
            return Some(self.help.clone().unwrap_or_else(|| HELP.to_owned()));
        }
        let is_in_profile = |error: &Diagnostic| error.kind == PROFILE && error.position.is_some();
        self.profile_check.clone().filter(|_| self.errors.iter().any(is_in_profile))
    }

    /// # Errors
    ///
    /// The errors, if there are any.
    pub(super) fn ensure_none(self) -> Result<(), Diagnostics> {
        if self.errors.is_empty() { Ok(()) } else { Err(self.into_error()) }
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
