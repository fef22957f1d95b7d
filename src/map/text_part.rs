//! Part of a text (`split` and `part` of a rule): what is between two separators.
//!
//! A text without that part is a problem, not an empty value: the separator may be another one in
//! some rows. Used by `text_steps`.

use std::ops::Range;

use super::{
    key_errors::{KeyError, WHOLE_RULE},
    parts::Parts,
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
    /// What is decoded of a part, in which no separator is.
    decode: Option<DecodeText>,
}

/// A part of a text, and what is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SplitText<'a> {
    before: &'a str,
    part: &'a str,
    behind: &'a str,
    separator: &'a str,
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
                Ok(Some(Self { separator: separator.to_owned(), number, decode: text.decode }))
            }
        }
    }

    pub(super) fn separator(&self) -> &str {
        &self.separator
    }

    /// The part of a text, without the blanks around it.
    pub(super) fn of<'a>(&self, text: &'a str) -> Result<&'a str, TextError> {
        self.range(text).map(|range| text[range].trim())
    }

    /// The part of a text and what is dropped; none if it lacks the part.
    pub(super) fn split<'a>(&'a self, text: &'a str) -> Option<SplitText<'a>> {
        let Range { start, end } = self.range(text).ok()?;
        let (before, part, behind) = (&text[..start], text[start..end].trim(), &text[end..]);
        Some(SplitText { before, part, behind, separator: &self.separator })
    }

    fn range(&self, text: &str) -> Result<Range<usize>, TextError> {
        let parts = || Parts::new(text, &self.separator, self.decode);
        let nth = usize::from(self.number.unsigned_abs());
        // From the end the parts are the same: `a---b` is `a` and `-b` between `--`.
        let index = if self.number > 0 { Some(nth - 1) } else { parts().count().checked_sub(nth) };
        index.and_then(|index| parts().nth(index)).ok_or_else(|| {
            let n_parts = parts().count();
            let (words, separator) = (if n_parts == 1 { "part" } else { "parts" }, &self.separator);
            let message = format!(
                "{text:?} has {n_parts} {words} between {separator:?}; expected part {}",
                self.number
            );
            (Code::PartMissing, message)
        })
    }

    /// What [`of`](Self::of) does, in words.
    pub(super) fn step(&self) -> String {
        format!("part {} between {:?}", self.number, self.separator)
    }
}

impl<'a> SplitText<'a> {
    /// The value, without the blanks around it.
    pub(super) fn part(&self) -> &'a str {
        self.part
    }

    pub(super) fn separator(&self) -> &'a str {
        self.separator
    }

    /// The texts before the value and behind it, with the separators.
    pub(super) fn dropped_texts(&self) -> [&'a str; 2] {
        [self.before, self.behind]
    }
}
