//! Source text: a small file that a user writes, such as a profile, and the diagnostics of its
//! lines.
//!
//! Does not parse. Used by `map` and `cli`.

use std::ops::Range;

use super::{
    diagnostic::{Diagnostic, EXCERPT_CHARS, Excerpt, FilePosition, Note},
    problem::Severity,
};

/// The text of a file, and its name in messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceText {
    /// The kind of its faults: `profile`, `config`.
    pub kind: &'static str,
    /// The name of the file, as the user gave it.
    pub name: String,
    /// Its text.
    pub text: String,
}

impl SourceText {
    /// An error at these bytes of the text, or of the text as a whole. `subject` is what stands
    /// there, such as the path of a key; it may be empty.
    ///
    /// The message has the form `what was found; expected this`, and may have a hint on a line of
    /// its own.
    #[must_use]
    pub fn error(&self, at: Option<Range<usize>>, subject: &str, message: &str) -> Diagnostic {
        let (message, hint) = match message.split_once("\n  hint: ") {
            Some((message, hint)) => (message, Some(hint.to_owned())),
            None => (message, None),
        };
        let (title, label) = split_expectation(message);
        let mut diagnostic = Diagnostic {
            severity: Severity::Error,
            kind: self.kind,
            title: title.to_owned(),
            place: self.name.clone(),
            position: None,
            excerpt: None,
            notes: hint.into_iter().map(Note::Hint).collect(),
            more: None,
        };
        if let Some((line, bytes)) = at.and_then(|at| self.line_of(at)) {
            let text = line.1;
            let column = text.get(..bytes.start).unwrap_or_default().chars().count() + 1;
            diagnostic.place = format!("{}:{}:{column}", self.name, line.0);
            let (file, column) = (self.name.clone(), Some(column as u64));
            diagnostic.position = Some(FilePosition { file, line: line.0, column });
            let mut excerpt = Excerpt::fitted(line.0, text, bytes, EXCERPT_CHARS);
            label.clone_into(&mut excerpt.label);
            if self.may_be_secret(text) {
                without_value(title).clone_into(&mut diagnostic.title);
            } else {
                diagnostic.excerpt = Some(excerpt);
            }
        }
        if diagnostic.excerpt.is_none() && !label.is_empty() {
            diagnostic.notes.insert(0, Note::Fact(label.to_owned()));
        }
        if !subject.is_empty() {
            diagnostic.place.extend(["  ", subject]);
        }
        diagnostic
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
        let name = line.split('=').next().unwrap_or_default().to_lowercase();
        let is_of_secret = |word: &&str| name.contains(*word);
        self.kind == "config" && ["key", "secret", "token", "pass"].iter().any(is_of_secret)
            || line.contains("client_key")
            || line.contains("://") && line.contains(['?', '@'])
    }
}

/// A message of serde without the value that was found: `invalid type: integer 5`.
fn without_value(title: &str) -> &str {
    match title.split_once(": ") {
        Some((what @ ("invalid type" | "invalid value"), _)) => what,
        _ => title,
    }
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
        for line in ["client_key = 5", "u = 'https://a?k=5'", "u = 'https://me:5@a'"] {
            let found = error(line, "5", "wrong");
            assert_eq!((&found.excerpt, &*found.to_string()).0, &None, "{line}");
            assert!(found.to_string().starts_with("o.toml:1:"));
        }
        let number = "invalid type: integer 5, expected a string";
        let found = error("client_key = 5", "5", number).to_string();
        assert_eq!(found, "o.toml:1:14: rate: invalid type; expected a string");
    }
}
