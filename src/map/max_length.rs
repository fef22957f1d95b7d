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
use crate::model::field::{ExtensionType, Field};

/// The maximum length of the values of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct MaxLength(u16);

impl MaxLength {
    /// Compiles `max_length` of a rule.
    pub(super) fn new(text: &RuleText) -> Result<Option<Self>, KeyError> {
        match text.max_length {
            Some(0) => Err(("max_length", "is 0; expected at least 1 character".into())),
            Some(_) if text.column.is_none() && text.path.is_none() => {
                Err((WHOLE_RULE, "has max_length, but no column or path".into()))
            }
            max => Ok(max.map(Self)),
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
        steps.add(|| format!("cut to {max} characters"));
        let message = format!("{} characters, cut to {max}", text.chars().count());
        let cut = match text {
            Cow::Borrowed(text) => Cow::Borrowed(text[..end].trim_end()),
            Cow::Owned(text) => Cow::Owned(text[..end].trim_end().to_owned()),
        };
        (cut, Some(message))
    }
}
