//! Part of a text (`split` and `part` of a rule): what is between two separators.
//!
//! A text without that part is a problem, not an empty value: the separator may be another one in
//! some rows. Used by `text_steps`.

use super::key_errors::{KeyError, WHOLE_RULE};
use crate::model::problem::Code;

/// The code and message of the problem of a text that a step cannot take.
pub(super) type TextError = (Code, String);

/// Which part of a text is its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TextPart {
    separator: String,
    /// From 1, or counted from the end from -1.
    number: i16,
}

impl TextPart {
    /// Compiles `split` and `part` of a rule.
    pub(super) fn new(
        separator: Option<&str>,
        number: Option<i16>,
    ) -> Result<Option<Self>, KeyError> {
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
                Ok(Some(Self { separator: separator.to_owned(), number }))
            }
        }
    }

    pub(super) fn separator(&self) -> &str {
        &self.separator
    }

    /// The part of a text, without the blanks around it.
    pub(super) fn of<'a>(&self, text: &'a str) -> Result<&'a str, TextError> {
        let separator = self.separator.as_str();
        let nth = usize::from(self.number.unsigned_abs());
        // From the end the parts are the same: `a---b` is `a` and `-b` between `--`.
        let n_parts = text.split(separator).count();
        let index = if self.number > 0 { Some(nth - 1) } else { n_parts.checked_sub(nth) };
        let part = index.and_then(|index| text.split(separator).nth(index));
        part.map(str::trim).ok_or_else(|| {
            let parts = if n_parts == 1 { "part" } else { "parts" };
            let message = format!(
                "{text:?} has {n_parts} {parts} between {separator:?}; expected part {}",
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
