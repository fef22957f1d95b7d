//! Source map: the texts that settings or a profile are made of, one after another, so that a range
//! of bytes is a place in exactly one of them.
//!
//! As in compilers, a value keeps its place when tables of several files are merged. Does not
//! parse. Used by `map` and `cli`.

use std::ops::Range;

use super::{
    diagnostic::Diagnostic,
    source_text::{SourceText, error_outside_files},
};

/// Texts, of which the first one is what a user named; the others belong to it.
#[derive(Debug, Clone, Default)]
pub struct SourceMap {
    sources: Vec<SourceEntry>,
}

#[derive(Debug, Clone)]
struct SourceEntry {
    /// Where its bytes begin among those of all.
    start: usize,
    /// The text of an option has the option as its name.
    text: SourceText,
    is_option: bool,
}

impl SourceEntry {
    /// Behind its last byte, at which an error may be too.
    fn end(&self) -> usize {
        self.start + self.text.text.len() + 1
    }
}

impl From<SourceText> for SourceMap {
    fn from(text: SourceText) -> Self {
        let mut map = Self::default();
        map.add_file(text);
        map
    }
}

impl SourceMap {
    /// Adds the text of a file.
    pub fn add_file(&mut self, text: SourceText) {
        self.add(text, false);
    }

    /// Adds the value of an option, whose errors name the option as it was typed. Returns the
    /// place of the value.
    pub fn add_option(&mut self, kind: &'static str, typed: &str, value: &str) -> Range<usize> {
        let at =
            self.add(SourceText { kind, name: typed.to_owned(), text: value.to_owned() }, true);
        at.start..at.end - 1
    }

    fn add(&mut self, text: SourceText, is_option: bool) -> Range<usize> {
        let start = self.sources.last().map_or(0, SourceEntry::end);
        self.sources.push(SourceEntry { start, text, is_option });
        start..self.sources.last().map_or(0, SourceEntry::end)
    }

    /// The files, each with the start of its bytes.
    pub fn files(&self) -> impl Iterator<Item = (usize, &SourceText)> {
        let files = self.sources.iter().filter(|source| !source.is_option);
        files.map(|source| (source.start, &source.text))
    }

    /// The name of the first file.
    #[must_use]
    pub fn name(&self) -> &str {
        self.files().next().map_or("", |(_, file)| &file.name)
    }

    /// The text that has these bytes, and the bytes within it; none of an option.
    #[must_use]
    pub fn in_file(&self, at: &Range<usize>) -> Option<(&SourceText, Range<usize>)> {
        let source = self.source_of(at).filter(|source| !source.is_option)?;
        Some((&source.text, at.start - source.start..at.end - source.start))
    }

    /// The value of the option that has these bytes.
    #[must_use]
    pub fn option_value(&self, at: &Range<usize>) -> Option<&str> {
        self.source_of(at).filter(|source| source.is_option).map(|source| &*source.text.text)
    }

    fn source_of(&self, at: &Range<usize>) -> Option<&SourceEntry> {
        self.sources.iter().find(|source| (source.start..source.end()).contains(&at.start))
    }

    /// An error at these bytes, or of the first file as a whole. `subject` and `message` are those
    /// of [`SourceText::error`].
    #[must_use]
    pub fn error(&self, at: Option<Range<usize>>, subject: &str, message: &str) -> Diagnostic {
        let Some((first, at_file)) = self.sources.first().map(|first| (first, at.as_ref())) else {
            return error_outside_files("", "", subject, message);
        };
        match at_file.and_then(|at| self.source_of(at)) {
            // It names the key itself.
            Some(source) if source.is_option => {
                error_outside_files(source.text.kind, &source.text.name, "", message)
            }
            Some(source) => {
                let within = at.map(|at| at.start - source.start..at.end - source.start);
                source.text.error(within, subject, message)
            }
            None => first.text.error(None, subject, message),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str, text: &str) -> SourceText {
        SourceText { kind: "profile", name: name.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn error_names_the_text_of_its_bytes() {
        let mut map = SourceMap::from(text("own.toml", "a = 1\n"));
        map.add_file(text("base.toml", "b = 2\nc = 3"));
        let option = map.add_option("profile", "--answer c=x", "x");
        let starts: Vec<_> = map.files().map(|(start, _)| start).collect();
        assert_eq!(starts, [0, 7]);
        let error = |at| map.error(at, "key", "wrong; expected right").to_string();
        assert_eq!(error(Some(4..5)), "own.toml:1:5: key: wrong; expected right");
        assert_eq!(error(Some(17..18)), "base.toml:2:5: key: wrong; expected right");
        // What is missing is behind the last byte.
        assert_eq!(error(Some(18..18)), "base.toml:2:6: key: wrong; expected right");
        assert_eq!(error(Some(option.clone())), "--answer c=x: wrong; expected right");
        assert_eq!(error(None), "own.toml: key: wrong; expected right");
        assert_eq!((map.option_value(&option), map.option_value(&(0..1))), (Some("x"), None));
    }
}
