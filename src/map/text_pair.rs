//! Pair of a text (`pairs` and `key` of a rule): the value of one key in a cell that holds several,
//! such as the note attributes of a shop.
//!
//! A text without the key has no value. One that can be read in two ways is a problem. Used by
//! `text_steps`.

use std::ops::Range;

use super::{
    key_errors::{KeyError, WHOLE_RULE},
    parts::{self, Parts},
    rule_text::{DecodeText, PairsText},
    text_part::TextError,
};
use crate::model::problem::Code;

/// The pair of a text whose value is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TextPair {
    /// Between pairs.
    separator: String,
    /// Between the key and the value of a pair.
    assign: String,
    key: String,
    /// What is decoded of the value, in which no separator is.
    decode: Option<DecodeText>,
}

impl TextPair {
    /// Compiles `pairs` and `key` of a rule.
    pub(super) fn new(
        pairs: Option<&PairsText>,
        key: Option<&str>,
        decode: Option<DecodeText>,
    ) -> Result<Option<Self>, KeyError> {
        let error = |message: &str| Err((WHOLE_RULE, message.to_owned()));
        let PairsText { separator, assign } = match (pairs, key) {
            (None, None) => return Ok(None),
            (Some(_), None) => return error("has pairs, but no key; expected the key of a pair"),
            (None, Some(_)) => {
                return error(
                    "has a key, but no pairs; expected for example pairs = { separator = \"\\n\", \
                     assign = \": \" }",
                );
            }
            (Some(pairs), Some(_)) => pairs,
        };
        let key = key.unwrap_or_default().trim();
        if separator.is_empty() || assign.is_empty() {
            return Err(("pairs", "has an empty text between pairs or in them".into()));
        }
        if separator.contains(assign) || assign.contains(separator) {
            let message = "has a separator and an assign of which one contains the other";
            return Err(("pairs", message.into()));
        }
        if key.is_empty() || key.contains(separator) || key.contains(assign) {
            let message = format!("is {key:?}, which no pair can have");
            return Err(("key", message));
        }
        let (separator, assign, key) = (separator.clone(), assign.clone(), key.to_owned());
        Ok(Some(Self { separator, assign, key, decode }))
    }

    /// The texts between pairs and in them.
    pub(super) fn separators(&self) -> [&str; 2] {
        [&self.separator, &self.assign]
    }

    /// The value of the key, without the blanks around it; empty if the text does not have the key.
    pub(super) fn of<'a>(&self, text: &'a str) -> Result<&'a str, TextError> {
        let mut found = None;
        // Whether the last pair is the one of the key.
        let mut is_behind = false;
        let pairs = Parts::new(text, &self.separator, self.decode).map(|range| &text[range]);
        for pair in pairs.filter(|pair| !pair.trim().is_empty()) {
            // A value that is empty ends with the assign, whose blanks a cell does not keep.
            let named = self.at_assign(pair).or_else(|| self.without_value(pair.trim_end()));
            let Some((key, value)) = named else {
                if is_behind {
                    return Err(self.ambiguous("goes on behind its separator"));
                }
                continue;
            };
            is_behind = key.trim() == self.key;
            match found {
                Some(first) if is_behind && first != value.trim() => {
                    return Err(self.ambiguous("is there twice, with two values"));
                }
                _ if is_behind => found = Some(value.trim()),
                _ => {}
            }
        }
        Ok(found.unwrap_or_default())
    }

    /// The key and the value of a pair.
    fn at_assign<'a>(&self, pair: &'a str) -> Option<(&'a str, &'a str)> {
        let at = parts::find(pair, &self.assign, self.decode)?;
        Some((&pair[..at], &pair[at + self.assign.len()..]))
    }

    /// The key of a pair that ends with the assign, and the empty value.
    fn without_value<'a>(&self, pair: &'a str) -> Option<(&'a str, &'a str)> {
        let assign = Some(self.assign.trim_end()).filter(|assign| !assign.is_empty())?;
        let value = Parts::new(pair, assign, self.decode).last().filter(Range::is_empty)?;
        Some((&pair[..value.start.checked_sub(assign.len())?], ""))
    }

    fn ambiguous(&self, what: &str) -> TextError {
        (Code::PairAmbiguous, format!("the value of {:?} {what}", self.key))
    }

    /// What [`of`](Self::of) does, in words.
    pub(super) fn step(&self) -> String {
        format!("the value of {:?}", self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(separator: &str, assign: &str, key: &str) -> Result<Option<TextPair>, KeyError> {
        let pairs = PairsText { separator: separator.into(), assign: assign.into() };
        TextPair::new(Some(&pairs), Some(key), None)
    }

    #[test]
    fn value_of_a_key_is_found() {
        let gift = pair("\n", ": ", "gift").unwrap().unwrap();
        for (text, expected) in [
            ("gift: yes", "yes"),
            ("from: Ann\ngift: yes \nto: Bob", "yes"),
            ("from: Ann\r\ngift: yes\r\n", "yes"),
            ("url: http://a: b\ngift: a: b", "a: b"),
            ("gift:\nto: Bob", ""),
            ("gift:", ""),
            ("free text\ngift: yes\n\nto: Bob", "yes"),
            ("gift: yes\nto: Bob\nand Ann", "yes"),
            ("gift: yes\ngift: yes", "yes"),
            ("Gift: yes\nno gift: x", ""),
            ("free text", ""),
        ] {
            assert_eq!(gift.of(text), Ok(expected), "{text:?}");
        }
        let size = pair("|", ":", "size").unwrap().unwrap();
        assert_eq!(
            size.of("color:red|size:XL|a"),
            Err((Code::PairAmbiguous, "the value of \"size\" goes on behind its separator".into()))
        );
        for text in ["gift: yes\ngift: no", "gift: yes\nand more"] {
            assert_eq!(gift.of(text).unwrap_err().0, Code::PairAmbiguous, "{text:?}");
        }
    }

    #[test]
    fn half_pairs_are_refused() {
        for (separator, assign, key) in
            [("", ":", "a"), ("|", "", "a"), ("|", "|", "a"), ("|", ":", ""), ("|", ":", "a:b")]
        {
            assert!(pair(separator, assign, key).is_err(), "{separator} {assign} {key}");
        }
        assert!(TextPair::new(None, Some("a"), None).is_err());
        let pairs = PairsText { separator: "|".into(), assign: ":".into() };
        assert!(TextPair::new(Some(&pairs), None, None).is_err());
    }
}
