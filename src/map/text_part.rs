//! Part of a text (`split` and `part` of a rule): what is between two separators.
//!
//! A text without that part is a problem, not an empty value: the separator may be another one in
//! some rows. Used by `text_steps`.

use super::{
    key_errors::{KeyError, WHOLE_RULE},
    rule_text::{DecodeText, RuleText},
};
use crate::model::problem::Code;

/// The code and message of the problem of a text that a step cannot take.
pub(super) type TextError = (Code, String);

/// Which part of a text is its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TextPart {
    separator: String,
    /// From 1, or counted from the end from -1.
    number: i16,
    /// Whether a backslash makes the character behind it a part of the text (`decode`).
    has_escapes: bool,
}

/// A text between its separators, of which one part is the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SplitText<'a> {
    text: &'a str,
    separator: &'a str,
    parts: Vec<&'a str>,
    /// The index of the value.
    index: usize,
}

impl TextPart {
    /// Compiles `split` and `part` of a rule.
    pub(super) fn new(text: &RuleText) -> Result<Option<Self>, KeyError> {
        let separator = text.split.as_deref();
        let number = text.part.filter(|_| !text.reads_part());
        let error = |message: &str| Err((WHOLE_RULE, message.to_owned()));
        match (separator, number) {
            (None, None) => Ok(None),
            (Some(""), _) => Err(("split", "is empty; expected the text between parts".into())),
            (_, Some(0)) => {
                let message = "is 0; expected 1 for the first part, or -1 for the last one";
                Err(("part", message.into()))
            }
            (Some(_), None) => {
                error("has split, but no part; expected part = 1 for the first, or -1 for the last")
            }
            (None, Some(_)) => error("has a part, but no split, the text between parts"),
            (Some(separator), Some(number)) => {
                let has_escapes = text.decode == Some(DecodeText::Backslash);
                Ok(Some(Self { separator: separator.to_owned(), number, has_escapes }))
            }
        }
    }

    pub(super) fn separator(&self) -> &str {
        &self.separator
    }

    /// The part of a text, without the blanks around it.
    pub(super) fn of<'a>(&self, text: &'a str) -> Result<&'a str, TextError> {
        let parts = self.parts(text);
        self.index(text, &parts).map(|index| parts[index].trim())
    }

    /// The text between its separators; none if it lacks the part.
    pub(super) fn split<'a>(&'a self, text: &'a str) -> Option<SplitText<'a>> {
        let parts = self.parts(text);
        let index = self.index(text, &parts).ok()?;
        Some(SplitText { text, separator: &self.separator, parts, index })
    }

    /// The index of the part among all of a text.
    fn index(&self, text: &str, parts: &[&str]) -> Result<usize, TextError> {
        let nth = usize::from(self.number.unsigned_abs());
        // From the end the parts are the same: `a---b` is `a` and `-b` between `--`.
        let n_parts = parts.len();
        let index = if self.number > 0 { Some(nth - 1) } else { n_parts.checked_sub(nth) };
        index.filter(|index| *index < n_parts).ok_or_else(|| {
            let (words, separator) = (if n_parts == 1 { "part" } else { "parts" }, &self.separator);
            let message = format!(
                "{text:?} has {n_parts} {words} between {separator:?}; expected part {}",
                self.number
            );
            (Code::PartMissing, message)
        })
    }

    fn parts<'a>(&self, text: &'a str) -> Vec<&'a str> {
        let separator = self.separator.as_str();
        if !self.has_escapes {
            return text.split(separator).collect();
        }
        let (mut parts, mut begin, mut at) = (Vec::new(), 0, 0);
        while at < text.len() {
            let rest = &text[at..];
            if rest.starts_with(separator) {
                parts.push(&text[begin..at]);
                at += separator.len();
                begin = at;
            } else {
                let n_characters = if rest.starts_with('\\') { 2 } else { 1 };
                at += rest.chars().take(n_characters).map(char::len_utf8).sum::<usize>();
            }
        }
        parts.push(&text[begin..]);
        parts
    }

    /// What [`of`](Self::of) does, in words.
    pub(super) fn step(&self) -> String {
        format!("part {} between {:?}", self.number, self.separator)
    }
}

impl<'a> SplitText<'a> {
    /// The value, without the blanks around it.
    pub(super) fn part(&self) -> &'a str {
        self.parts[self.index].trim()
    }

    pub(super) fn separator(&self) -> &'a str {
        self.separator
    }

    /// The parts before the value, and those behind it, the nearest first.
    pub(super) fn dropped_parts(&self) -> [Vec<&'a str>; 2] {
        let before = self.parts[..self.index].iter().rev().copied().collect();
        [before, self.parts[self.index + 1..].to_vec()]
    }

    /// The texts before the value and behind it, with the separators.
    pub(super) fn dropped_texts(&self) -> [&'a str; 2] {
        let width = |part: &&str| part.len() + self.separator.len();
        let start: usize = self.parts[..self.index].iter().map(width).sum();
        let end = start + self.parts[self.index].len();
        [&self.text[..start], &self.text[end..]]
    }
}
