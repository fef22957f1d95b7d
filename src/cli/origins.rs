//! Origins of settings: the option, the variable or the line of the config file that a value comes
//! from, for the errors of values.
//!
//! Checks no value. Filled by `config`; `run_values` makes errors with it.

use std::ops::Range;

use super::{
    setting_names::{CONFIG, full_path, option_of, variable_of},
    typed::TypedOptions,
};
use crate::{
    map::{KeyPath, TomlError, TomlText},
    model::{
        diagnostic::{Diagnostic, Note},
        source_map::SourceMap,
        source_text::error_outside_files,
    },
};

/// Where the values of a run's settings come from.
#[derive(Debug)]
pub(super) struct Origins {
    typed: TypedOptions,
    /// The paths of the settings of variables and of `--set`, in ascending precedence, each with
    /// the variable or the option.
    overrides: Vec<(String, String)>,
    file: Option<FileTexts>,
}

/// The config file, and its texts with their paths and places.
#[derive(Debug)]
struct FileTexts {
    source: SourceMap,
    texts: Vec<TomlText>,
    /// The tables, with their paths and the places of their names.
    tables: Vec<(KeyPath, Range<usize>)>,
}

impl Origins {
    pub(super) fn new(typed: TypedOptions) -> Self {
        Self { typed, overrides: Vec::new(), file: None }
    }

    pub(super) fn set_file(
        &mut self,
        source: SourceMap,
        texts: Vec<TomlText>,
        tables: Vec<(KeyPath, Range<usize>)>,
    ) {
        self.file = Some(FileTexts { source, texts, tables });
    }

    /// The name of the config file, if there is one.
    pub(super) fn file_name(&self) -> Option<&str> {
        self.file.as_ref().map(|file| file.source.name()).filter(|name| !name.is_empty())
    }

    /// Adds a setting of a variable or of `--set`, which overrides those before it.
    pub(super) fn add_override(&mut self, path: &str, origin: &str) {
        self.overrides.push((path.to_owned(), origin.to_owned()));
    }

    /// The target that `--to` names.
    pub(super) fn target_name(&self) -> Option<&str> {
        self.typed.value("to")
    }

    /// The error of the value of a setting, at the place of the value. `name` is the setting's
    /// short name: `rate`, `base_url`.
    pub(super) fn error(&self, name: &str, message: &str) -> Diagnostic {
        if let Some(typed) = self.typed.shown(&option_of(name)) {
            return error_outside_files(CONFIG, &typed, "", message);
        }
        // In descending precedence; `[target]` of the file is below a named target.
        let path = full_path(name);
        let of_named = self.target_name().map(|to| format!("targets.{to}.{name}"));
        for path in [Some(&path), of_named.as_ref()].into_iter().flatten() {
            let is_of_path = |(known, _): &&(String, String)| known == path;
            if let Some((_, origin)) = self.overrides.iter().rev().find(is_of_path) {
                return error_outside_files(CONFIG, origin, "", message);
            }
        }
        let mut in_file = [of_named.as_ref(), Some(&path)].into_iter().flatten();
        match in_file.find_map(|path| self.error_in_file(path, message)) {
            Some(mut error) => {
                self.add_file_note(&mut error, name);
                error
            }
            None => error_outside_files(CONFIG, "the settings", name, message),
        }
    }

    /// The error of a setting that the target needs and lacks, at its table in the file if there
    /// is one: what `[target]` has of it does not serve a target with a name.
    pub(super) fn error_of_missing(&self, name: &str, message: &str) -> Diagnostic {
        let table = match self.target_name() {
            Some(to) => vec!["targets", to],
            None => vec!["target"],
        };
        let in_file = self.file.as_ref().and_then(|FileTexts { source, tables, .. }| {
            let (path, at) = tables.iter().find(|(path, _)| *path == table)?;
            Some(source.error(Some(at.clone()), &format!("{}.{name}", path.join(".")), message))
        });
        in_file.unwrap_or_else(|| error_outside_files(CONFIG, "the settings", name, message))
    }

    fn error_in_file(&self, path: &str, message: &str) -> Option<Diagnostic> {
        let FileTexts { source, texts, .. } = self.file.as_ref()?;
        let (.., span) = texts.iter().find(|(keys, ..)| keys.join(".") == path)?;
        Some(source.error(Some(span.clone()), path, message))
    }

    /// The diagnostic of an error of the config file; that of a value says what does not override
    /// it.
    pub(super) fn error_of_file(
        &self,
        TomlError { path, mut diagnostic }: TomlError,
    ) -> Diagnostic {
        let name = match path.as_slice() {
            [name] if !name.starts_with("target") => Some(name),
            [target, name] if target == "target" => Some(name),
            [targets, _, name] if targets == "targets" => Some(name),
            _ => None,
        };
        if let Some(name) = name {
            self.add_file_note(&mut diagnostic, name);
        }
        diagnostic
    }

    /// Adds that a value comes from the config file, if an option of the command might set it, or
    /// if something else does.
    fn add_file_note(&self, error: &mut Diagnostic, name: &str) {
        let (option, variable) = (option_of(name), variable_of(name));
        let path = full_path(name);
        let by_option = self.typed.shown(&option).map(|_| format!("--{option}"));
        let by_other = self.overrides.iter().rev().find(|(known, _)| *known == path);
        let why = match by_option.or_else(|| by_other.map(|(_, origin)| origin.clone())) {
            Some(set) => format!(", which must be right although {set} is set"),
            None if self.typed.has(&option) => {
                format!("; neither --{option} nor {variable} is set")
            }
            None => return,
        };
        // What to do is last.
        let is_hint = |note: &Note| matches!(note, Note::Hint(_));
        let at = error.notes.iter().position(is_hint).unwrap_or(error.notes.len());
        error.notes.insert(at, Note::Fact(format!("it comes from the config file{why}")));
    }
}
