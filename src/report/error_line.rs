//! Error line: the error of a run without a summary, as one line of JSON for scripts.
//!
//! It adds nothing to the messages that people read. Printed by `cli` with `--format json`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::{
    diagnostic::{Diagnostic, Diagnostics, Note},
    problem::Severity,
};

/// How a hint begins in a message.
const HINT: &str = "\n  hint: ";

/// The line of an error.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ErrorLine {
    /// The error.
    error: ErrorDetails,
}

/// Why there is no summary.
#[derive(Debug, Serialize, JsonSchema)]
struct ErrorDetails {
    /// Exit code of the process.
    exit_code: u8,
    /// `usage` (the arguments cannot be parsed), `config`, `faults` or `profile` (all faults of the
    /// settings, of the sandbox's faults and of the profile; the kind of the first), or `run`
    /// (everything else).
    kind: String,
    /// What is wrong, for people.
    message: String,
    /// What to do about it.
    hint: Option<String>,
    /// The command to run next, if one helps.
    next: Option<String>,
    /// The faults of the settings and of the profile, each in the order of their file; otherwise
    /// empty.
    diagnostics: Vec<DiagnosticLine>,
}

/// A fault at one place.
#[derive(Debug, Serialize, JsonSchema)]
struct DiagnosticLine {
    severity: Severity,
    kind: String,
    /// What is wrong.
    message: String,
    /// Where: `FILE:LINE:COLUMN`, the name of a variable or of an option, and what is there.
    place: String,
    /// The file; `null` for a variable or an option.
    file: Option<String>,
    line: Option<u64>,
    column: Option<u64>,
    /// What was expected, or may be meant.
    expected: Option<String>,
    /// What to do about it.
    hint: Option<String>,
    /// What else there is to know.
    facts: Vec<String>,
}

impl ErrorLine {
    /// The line of a message, which may end with hints. `kind` is `usage` or `run`.
    #[must_use]
    pub fn of_message(exit_code: u8, kind: &str, message: &str) -> Self {
        let (message, hint) = match message.split_once(HINT) {
            Some((message, hint)) => (message, Some(hint.replace(HINT, "; "))),
            None => (message, None),
        };
        let (kind, message) = (kind.to_owned(), message.to_owned());
        let (next, diagnostics) = (None, Vec::new());
        Self { error: ErrorDetails { exit_code, kind, message, hint, next, diagnostics } }
    }

    /// The line of all faults of the settings or of a profile.
    #[must_use]
    pub fn of_diagnostics(exit_code: u8, diagnostics: &Diagnostics) -> Self {
        let first = diagnostics.list.first().map_or("config", |first| first.kind);
        Self {
            error: ErrorDetails {
                exit_code,
                kind: first.to_owned(),
                message: diagnostics.conclusion.clone(),
                hint: None,
                next: diagnostics.next.clone(),
                diagnostics: diagnostics.list.iter().map(DiagnosticLine::of).collect(),
            },
        }
    }
}

impl DiagnosticLine {
    fn of(diagnostic: &Diagnostic) -> Self {
        let Diagnostic { severity, kind, title, place, position, excerpt, notes, .. } = diagnostic;
        let hint = notes.iter().find_map(|note| match note {
            Note::Hint(text) => Some(text.clone()),
            Note::Fact(_) => None,
        });
        let facts = notes.iter().filter_map(|note| match note {
            Note::Fact(text) => Some(text.clone()),
            Note::Hint(_) => None,
        });
        let expected = excerpt.as_ref().map(|excerpt| excerpt.label.clone());
        Self {
            severity: *severity,
            kind: (*kind).to_owned(),
            message: title.clone(),
            place: place.clone(),
            file: position.as_ref().map(|at| at.file.clone()),
            line: position.as_ref().and_then(|at| at.line),
            column: position.as_ref().and_then(|at| at.column),
            expected: expected.filter(|expected| !expected.is_empty()),
            hint,
            facts: facts.collect(),
        }
    }
}
