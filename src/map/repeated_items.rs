//! Repeated items: the items of an order as groups of columns (`[items.repeated]`), such as
//! `Product Item 1 Name`, `Product Item 1 Price`, `Product Item 2 Name`.
//!
//! Which groups a file has, its header says. Compiled by `profile_compiler`, bound by
//! `group_columns`.

use std::fmt::Display;

use super::{
    condition::CellSource,
    item_field::{ItemField, indexes_of},
    key_errors::{KeyError, KeyErrors},
    rule::Rule,
};

/// The names of the columns of items.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepeatedItems {
    /// As the profile writes it.
    pub(super) pattern: String,
    before: String,
    between: String,
    behind: String,
    /// Whether the number of the group is before the name of the field.
    is_number_first: bool,
    /// The fields that rules read.
    pub(super) fields: Vec<String>,
    /// Those, by their indexes, of which every group must have one: a single one for most rules.
    pub(super) required: Vec<Vec<usize>>,
}

const NUMBER: &str = "{n}";
const FIELD: &str = "*";

impl RepeatedItems {
    /// Compiles a pattern such as `Item {n} *`. An error is a message.
    pub(super) fn new(pattern: &str) -> Result<Self, String> {
        let once = |sought: &str| pattern.matches(sought).count() == 1;
        if !once(NUMBER) || !once(FIELD) {
            return Err(format!(
                "is {pattern:?}; expected {NUMBER} once for the number of an item and {FIELD} once \
                 for the name of a field, such as \"Item {NUMBER} {FIELD}\""
            ));
        }
        let is_number_first = pattern.find(NUMBER) < pattern.find(FIELD);
        let (first, second) = if is_number_first { (NUMBER, FIELD) } else { (FIELD, NUMBER) };
        let (before, rest) = pattern.split_once(first).unwrap_or_default();
        let (between, behind) = rest.split_once(second).unwrap_or_default();
        let digit = |text: &str, is_at_end: bool| {
            let next = if is_at_end { text.chars().next_back() } else { text.chars().next() };
            next.is_some_and(|char| char.is_ascii_digit())
        };
        let (left, right) = if is_number_first { (before, between) } else { (between, behind) };
        if digit(left, true) || digit(right, false) {
            return Err(format!("is {pattern:?}, with a digit beside {NUMBER}"));
        }
        if between.is_empty() {
            return Err(format!("is {pattern:?}; expected a text between {NUMBER} and {FIELD}"));
        }
        let [before, between, behind] = [before, between, behind].map(str::to_owned);
        let pattern = pattern.to_owned();
        let (fields, required) = (Vec::new(), Vec::new());
        Ok(Self { pattern, before, between, behind, is_number_first, fields, required })
    }

    /// The number of the group and the name of the field of a column; none of another column.
    pub(super) fn parts<'n>(&self, column: &'n str) -> Option<(u32, &'n str)> {
        let inner =
            column.strip_prefix(self.before.as_str())?.strip_suffix(self.behind.as_str())?;
        let (number, field) = if self.is_number_first {
            inner.split_once(self.between.as_str())?
        } else {
            let (field, number) = inner.rsplit_once(self.between.as_str())?;
            (number, field)
        };
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        Some((number.parse().ok().filter(|_| is_number)?, field)).filter(|_| !field.is_empty())
    }

    /// The name of a column.
    pub(super) fn column(&self, number: impl Display, field: &str) -> String {
        self.pattern.replace(NUMBER, &number.to_string()).replace(FIELD, field)
    }

    /// Refuses fields by their positions, of a rule or a condition.
    pub(super) fn check<'f>(
        fields: impl IntoIterator<Item = &'f ItemField>,
    ) -> Result<(), KeyError> {
        if fields.into_iter().any(|field| matches!(field, ItemField::Part(_))) {
            return Err(("part", "is for items in one cell; expected field = \"…\"".into()));
        }
        Ok(())
    }

    /// Completes the fields by the rules and conditions that read them.
    pub(super) fn complete(
        &mut self,
        rules: &[&Rule],
        tested: &[&CellSource],
        errors: &mut KeyErrors,
    ) {
        let of_conditions = tested.iter().filter_map(|source| source.field.as_ref());
        let of_rules = || rules.iter().flat_map(|rule| &rule.fields);
        for field in of_rules().chain(of_conditions) {
            let ItemField::Name(name) = field else { continue };
            if self.field_index(name).is_none() {
                self.fields.push(name.clone());
            }
        }
        let needed = rules.iter().map(|rule| rule.needed_fields());
        let needed = needed.chain(tested.iter().map(|source| source.needed_field()));
        self.required = indexes_of(needed, |name| self.field_index(name));
        if of_rules().next().is_none() && !errors.has_below(&["item"]) {
            let error = "no rule of [item] reads a field of the items; expected for example name = \
                         { field = \"Name\" }";
            errors.add_at(&["items", "repeated"], error);
        }
    }

    /// The index of a field that a rule reads.
    pub(super) fn field_index(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|known| known == name)
    }

    /// Whether a rule reads a column.
    pub(super) fn reads(&self, column: &str) -> bool {
        self.parts(column).is_some_and(|(_, field)| self.field_index(field).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_have_a_number_and_a_field() {
        let parts = |pattern: &str, column: &str| {
            let repeated = RepeatedItems::new(pattern).unwrap();
            repeated.parts(column).map(|(number, field)| format!("{number} {field}"))
        };
        for (pattern, column, expected) in [
            ("Item {n} *", "Item 1 Name", Some("1 Name")),
            ("Item {n} *", "Item 12 Unit price", Some("12 Unit price")),
            ("line_*_{n}", "line_unit_price_3", Some("3 unit_price")),
            ("*[{n}]", "name[2]", Some("2 name")),
            ("Item {n} *", "Item Name", None),
            ("Item {n} *", "Item 1 ", None),
            ("Item {n} *", "Item -1 Name", None),
            ("Item {n} *", "Item 99999999999 Name", None),
        ] {
            assert_eq!(parts(pattern, column).as_deref(), expected, "{pattern} {column}");
        }
        for wrong in ["Item", "Item {n}", "Item *", "{n} {n} *", "{n}*", "Item2{n} *"] {
            assert!(RepeatedItems::new(wrong).is_err(), "{wrong}");
        }
    }
}
