//! First and last name of a person in one text (`split_name` of a rule).
//!
//! Which of them a rule yields depends on its field. Used by `value_kind`.

use std::borrow::Cow;

use super::rule_text::SplitNameText;
use crate::model::field::Field;

/// The part of a whole name that is the value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NamePart {
    split: SplitNameText,
    is_first_name: bool,
}

impl NamePart {
    /// The last name, until the field is known.
    pub(super) fn new(split: SplitNameText) -> Self {
        Self { split, is_first_name: false }
    }

    pub(super) fn of_field(self, field: &Field) -> Self {
        Self { is_first_name: *field == Field::GuestFirstname, ..self }
    }

    /// The part of a name; empty if the name lacks it. A single word is a last name: the target
    /// needs neither, and a company or a family has no first name.
    pub(super) fn of(self, name: Cow<'_, str>) -> Cow<'_, str> {
        match name {
            Cow::Borrowed(name) => Cow::Borrowed(self.find(name)),
            Cow::Owned(name) => Cow::Owned(self.find(&name).to_owned()),
        }
    }

    fn find(self, name: &str) -> &str {
        let name = name.trim();
        let words = match self.split {
            SplitNameText::LastWord => name.rsplit_once(char::is_whitespace),
            SplitNameText::FirstWord => {
                name.split_once(char::is_whitespace).map(|(family, given)| (given, family))
            }
        };
        let (first_name, last_name) = words.unwrap_or(("", name));
        if self.is_first_name { first_name.trim() } else { last_name.trim() }
    }

    /// What [`of`](Self::of) does, in words.
    pub(super) fn step(self) -> &'static str {
        let is_last_word = self.split == SplitNameText::LastWord;
        match (self.is_first_name, is_last_word) {
            (true, true) => "all words but the last one",
            (true, false) => "all words but the first one",
            (false, true) => "the last word",
            (false, false) => "the first word",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_has_a_first_and_a_last_name() {
        use SplitNameText::{FirstWord, LastWord};
        for (split, name, expected) in [
            (LastWord, "Ann Smith", ("Ann", "Smith")),
            (LastWord, "Ann  Mary\u{a0}Smith", ("Ann  Mary", "Smith")),
            (LastWord, " Ann Smith-Jones ", ("Ann", "Smith-Jones")),
            (LastWord, "Cher", ("", "Cher")),
            (LastWord, "  ", ("", "")),
            (FirstWord, "Nagy Anna Mária", ("Anna Mária", "Nagy")),
            (FirstWord, "山田　太郎", ("太郎", "山田")),
            (FirstWord, "Cher", ("", "Cher")),
        ] {
            let part = NamePart::new(split);
            let of = |field: Field| part.of_field(&field).of(Cow::Borrowed(name));
            let found = (of(Field::GuestFirstname), of(Field::GuestLastname));
            assert_eq!((&*found.0, &*found.1), expected, "{name:?}");
        }
    }
}
