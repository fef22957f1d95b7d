//! Maximum length of a text (`max_length` of a rule), in characters.
//!
//! A longer text is cut, with a warning. Only texts for people can be cut: a shorter identifier is
//! another one. Used by `rule`; checked by `field_rules`.

use std::borrow::Cow;

use super::{
    key_errors::{KeyError, WHOLE_RULE},
    rule_text::RuleText,
    steps::Steps,
};
use crate::model::{
    field::{ExtensionType, Field},
    grapheme::grapheme_end,
};

/// The maximum length of the values of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MaxLength(u16);

impl MaxLength {
    /// Compiles `max_length` of a rule.
    pub(super) fn new(text: &RuleText) -> Result<Option<Self>, KeyError> {
        match text.max_length {
            Some(0) => Err(("max_length", "is 0; expected at least 1 character".into())),
            Some(_) if !text.has_source() => {
                Err((WHOLE_RULE, "has max_length, but no column or path".into()))
            }
            Some(max) => {
                let is_longer = |text: &String| text.chars().count() > usize::from(max);
                match text.default.as_ref().filter(|text| is_longer(text)) {
                    Some(default) => {
                        let error = format!(
                            "is {default:?}, which is longer than max_length = {max}; expected a \
                             shorter text"
                        );
                        Err(("default", error))
                    }
                    None => Ok(Some(Self(max))),
                }
            }
            None => Ok(None),
        }
    }

    /// Returns an error, a message, unless the values of a field may be cut.
    pub(super) fn ensure_fits(field: &Field) -> Result<(), String> {
        let fits = match field {
            Field::ItemName
            | Field::GuestFirstname
            | Field::GuestLastname
            | Field::GuestStreet
            | Field::GuestCity
            | Field::GuestState => true,
            Field::Extension(key) | Field::ItemExtension(key) | Field::ItemProduct(key) => {
                key.data_type == ExtensionType::String
            }
            _ => false,
        };
        if fits {
            Ok(())
        } else {
            Err("has max_length, but a part of a number, a date or an identifier is another one"
                .into())
        }
    }

    /// A text of at most this length without a blank at its end, and the message of a warning if it
    /// is cut.
    pub(super) fn cut<'a>(
        self,
        text: Cow<'a, str>,
        steps: &mut impl Steps,
    ) -> (Cow<'a, str>, Option<String>) {
        let max = usize::from(self.0);
        let Some((end, _)) = text.char_indices().nth(max) else { return (text, None) };
        let end = grapheme_end(&text, end);
        steps.add(|| format!("cut to {max} characters"));
        let message = format!("{} characters, cut to {max}", text.chars().count());
        let cut = match text {
            Cow::Borrowed(text) => Cow::Borrowed(text[..end].trim_end()),
            Cow::Owned(text) => Cow::Owned(text[..end].trim_end().to_owned()),
        };
        (cut, Some(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_between_characters_that_readers_see() {
        let cut = |max, text| MaxLength(max).cut(Cow::Borrowed(text), &mut ()).0;
        assert_eq!(cut(4, "cafe\u{301} au lait"), "caf");
        assert_eq!(cut(5, "cafe\u{301} au lait"), "cafe\u{301}");
        let family = "ab\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}c";
        for max in 2..7 {
            assert_eq!(cut(max, family), "ab", "{max}");
        }
        assert_eq!(cut(7, family), family.trim_end_matches('c'));
        assert_eq!(cut(2, "a\u{1f44d}\u{1f3fd}b"), "a");
        assert_eq!(cut(2, "a\u{2764}\u{fe0f}b"), "a");
        // Two flags.
        let flags = "\u{1f1e9}\u{1f1ea}\u{1f1eb}\u{1f1f7}";
        assert_eq!((cut(3, flags), cut(2, flags)), (cut(2, flags), "\u{1f1e9}\u{1f1ea}".into()));
        // One character that is too long.
        assert_eq!(cut(2, "e\u{301}\u{302}\u{303}"), "e\u{301}");
    }
}
