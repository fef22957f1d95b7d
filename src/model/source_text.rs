//! Source text: a small file that a user writes, such as a profile, and the diagnostics of its
//! lines.
//!
//! Does not parse. Used by `map` and `cli`.

use std::ops::Range;

use super::{
    cut_text::{EXCERPT_COLUMNS, cut_values},
    diagnostic::{Diagnostic, Excerpt, FilePosition, Note},
    problem::Severity,
};

/// The text of a file, and its name in messages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceText {
    /// The kind of its errors: `profile`, `config`.
    pub kind: &'static str,
    /// The name of the file, as the user gave it.
    pub name: String,
    /// Its text.
    pub text: String,
}

impl SourceText {
    /// An error at these bytes of the text, or of the text as a whole. `subject` is what is
    /// there, such as the path of a key; it may be empty.
    ///
    /// The message has the form `what was found; expected this`, and may have a hint on a line of
    /// its own.
    #[must_use]
    pub fn error(&self, at: Option<Range<usize>>, subject: &str, message: &str) -> Diagnostic {
        let file = self.name.clone();
        let mut place = file.clone();
        let mut position = FilePosition { file, line: None, column: None };
        let mut parts = MessageParts::of(message);
        let mut excerpt = None;
        if let Some(((line, text), bytes)) = at.and_then(|at| self.line_of(at)) {
            let column = text.get(..bytes.start).unwrap_or_default().chars().count() + 1;
            place = format!("{place}:{line}:{column}");
            position = FilePosition { line: Some(line), column: Some(column as u64), ..position };
            if self.may_be_secret(text) {
                parts.title = without_value(parts.title);
            } else {
                let label = std::mem::take(&mut parts.expected).to_owned();
                let fitted = Excerpt::fitted(line, text, bytes, EXCERPT_COLUMNS);
                excerpt = Some(Excerpt { label, ..fitted });
            }
        }
        let error = parts.error(self.kind, &place, subject);
        Diagnostic { position: Some(position), excerpt, ..error }
    }

    /// The number and the text of the line where these bytes begin, and the bytes within it.
    fn line_of(&self, at: Range<usize>) -> Option<((u64, &str), Range<usize>)> {
        let before = self.text.get(..at.start)?;
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let line = self.text[start..].lines().next().unwrap_or_default();
        let number = before.matches('\n').count() as u64 + 1;
        let first = (at.start - start).min(line.len());
        Some(((number, line), first..(at.end - start).clamp(first, line.len())))
    }

    /// Whether a line may hold the key of a tenant, which no message shows: in settings also under
    /// a misspelt name.
    fn may_be_secret(&self, line: &str) -> bool {
        // All names of an inline table: `target = { client_key = … }`.
        let names = line.rsplit_once('=').map_or(line, |(names, _)| names).to_lowercase();
        let is_of_secret = |word: &&str| names.contains(*word);
        self.kind == "config" && ["key", "secret", "token", "pass"].iter().any(is_of_secret)
            || line.contains("client_key")
            || line.contains("://") && line.contains(['?', '@'])
    }
}

/// An error of what is in no file, such as an option; its message has the form of those of
/// [`SourceText::error`].
#[must_use]
pub fn error_outside_files(
    kind: &'static str,
    place: &str,
    subject: &str,
    message: &str,
) -> Diagnostic {
    MessageParts::of(message).error(kind, place, subject)
}

/// The parts of a message; all but the title may be empty.
struct MessageParts<'m> {
    title: &'m str,
    expected: &'m str,
    hint: &'m str,
}

impl<'m> MessageParts<'m> {
    fn of(message: &'m str) -> Self {
        let (message, hint) = message.split_once("\n  hint: ").unwrap_or((message, ""));
        let (title, expected) = split_expectation(message);
        Self { title, expected, hint }
    }

    /// The error without an excerpt, which would show what is expected.
    fn error(self, kind: &'static str, place: &str, subject: &str) -> Diagnostic {
        let notes = [Note::Fact(self.expected.to_owned()), Note::Hint(self.hint.to_owned())];
        let is_filled = |note: &Note| match note {
            Note::Fact(text) | Note::Hint(text) => !text.is_empty(),
        };
        let blanks = if subject.is_empty() { "" } else { "  " };
        Diagnostic {
            severity: Severity::Error,
            kind,
            title: cut_values(self.title.to_owned()),
            place: [place, blanks, subject].concat(),
            position: None,
            excerpt: None,
            notes: notes.into_iter().filter(is_filled).collect(),
            more: Vec::new(),
        }
    }
}

/// The message about a value of another type without the value: `found the number 5`.
fn without_value(title: &str) -> &str {
    if title.starts_with("found ") { "invalid type" } else { title }
}

/// What was found, and what was expected.
fn split_expectation(message: &str) -> (&str, &str) {
    let separator = ["; ", ", "].into_iter().find_map(|separator| {
        let at = message.find(&format!("{separator}expected "))?;
        Some((&message[..at], &message[at + separator.len()..]))
    });
    separator.or_else(|| message.split_once("; ")).unwrap_or((message, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str, marked: &str, message: &str) -> Diagnostic {
        let source =
            SourceText { kind: "config", name: "o.toml".to_owned(), text: text.to_owned() };
        let at = text.find(marked).map(|start| start..start + marked.len());
        source.error(at, "rate", message)
    }

    #[test]
    fn error_marks_its_bytes() {
        let text = "# settings\nräte = 'fast' # a second\n";
        let message = "invalid rate; expected for example 20/s\n  hint: ask";
        let found = error(text, "'fast'", message);
        assert_eq!(
            found.to_string(),
            "o.toml:2:8: rate: invalid rate; expected for example 20/s\n  hint: ask"
        );
        let excerpt = found.excerpt.unwrap();
        assert_eq!((excerpt.line, &excerpt.text[excerpt.mark.unwrap()]), (2, "'fast'"));
        // What spans lines is marked to the end of its first one; what is missing at the end.
        let excerpt = error("a = [\n1]", "[\n1]", "x").excerpt.unwrap();
        assert_eq!((&*excerpt.text, excerpt.mark), ("a = [", Some(4..5)));
        let excerpt = error("a =\n", "\n", "x").excerpt.unwrap();
        assert_eq!((excerpt.line, excerpt.mark), (1, Some(3..3)));
        let whole = error("", "none", "no name; expected one");
        assert_eq!(whole.to_string(), "o.toml: rate: no name; expected one");
    }

    #[test]
    fn secret_is_not_shown() {
        for line in [
            "client_key = 5",
            "u = 'https://a?k=5'",
            "u = 'https://me:5@a'",
            "t = { clientkey = 5, pos = 'p' }",
            "t = { pos = 'p', KEY = 5 }",
        ] {
            let found = error(line, "5", "wrong");
            assert_eq!((&found.excerpt, &*found.to_string()).0, &None, "{line}");
            assert!(found.to_string().starts_with("o.toml:1:"));
        }
        let number = "found the number 5; expected a string";
        let found = error("client_key = 5", "5", number).to_string();
        assert_eq!(found, "o.toml:1:14: rate: invalid type; expected a string");
    }
}
