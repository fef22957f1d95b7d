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
    /// `usage` (the arguments cannot be parsed), `config`, `faults` or `profile` (all errors of the
    /// settings, of the sandbox's faults and of the profile; the kind of the first), or `run`
    /// (everything else).
    kind: String,
    /// What is wrong, for people.
    message: String,
    /// What to do about it.
    hint: Option<String>,
    /// The command to run next, if one helps.
    next: Option<String>,
    /// The errors of the settings and of the profile, each in the order of their file; otherwise
    /// empty.
    diagnostics: Vec<DiagnosticLine>,
}

/// An error at one place.
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
    /// What was expected, without that word, or what may be meant: `for example 20/s`,
    /// `meant "rate"?`.
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

    /// The line of all errors of the settings or of a profile.
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
            Note::Fact(text) => Some(text),
            Note::Hint(_) => None,
        });
        // Where the line of the file is not shown, what was expected is among the facts.
        let label = excerpt.as_ref().map(|excerpt| &excerpt.label);
        let texts = label.into_iter().chain(facts).filter(|text| !text.is_empty()).cloned();
        let (mut expected, mut facts) = (None, Vec::new());
        for text in texts {
            match expectation(&text) {
                Some(found) if expected.is_none() => expected = Some(found.to_owned()),
                _ => facts.push(text),
            }
        }
        Self {
            severity: *severity,
            kind: (*kind).to_owned(),
            message: title.clone(),
            place: place.clone(),
            file: position.as_ref().map(|at| at.file.clone()),
            line: position.as_ref().and_then(|at| at.line),
            column: position.as_ref().and_then(|at| at.column),
            expected,
            hint,
            facts,
        }
    }
}

/// What was expected or may be meant, if a text says so.
fn expectation(text: &str) -> Option<&str> {
    text.strip_prefix("expected ").or_else(|| text.starts_with("meant ").then_some(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::source_text::{SourceText, error_outside_files};

    #[test]
    fn expected_is_the_same_with_and_without_a_line() {
        let text = "rate = 'fast'\nclient_key = 5\n".to_owned();
        let source = SourceText { kind: "config", name: "o.toml".to_owned(), text };
        let message = "invalid rate; expected for example 20/s\n  hint: ask";
        for diagnostic in [
            source.error(Some(7..13), "rate", message),
            // A line that may hold a key.
            source.error(Some(27..28), "client_key", message),
            error_outside_files("config", "--set rate", "", message),
        ] {
            let line = DiagnosticLine::of(&diagnostic);
            assert_eq!(line.expected.as_deref(), Some("for example 20/s"));
            assert_eq!((line.hint.as_deref(), line.facts.as_slice()), (Some("ask"), [].as_slice()));
        }
        let meant = source.error(Some(0..4), "", "unknown key \"rat\"; meant \"rate\"?");
        assert_eq!(DiagnosticLine::of(&meant).expected.as_deref(), Some("meant \"rate\"?"));
        let other = error_outside_files("config", "the file", "", "no target; it has none");
        let other = DiagnosticLine::of(&other);
        assert_eq!((other.expected, other.facts), (None, vec!["it has none".to_owned()]));
    }
}
