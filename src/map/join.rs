//! Join: a file beside the export, and the key by which its rows belong to those of the export.
//!
//! Knows neither of the files: `side_table` has the rows of the side file, `row_joins` finds those
//! of a row of the export. Compiled by `joins_compiler`.

use std::borrow::Cow;

use super::{
    condition::Condition, file_syntax::FileSyntax, input_settings::Many, path_text::dotted_names,
    pick::Pick, rule::Rule, rule_result::RuleResult, text_part::TextError, value_kind::ValueKind,
};
use crate::model::reference::lower_case;

/// A file beside the export, whose columns the rules can read too.
#[derive(Debug, Clone)]
pub struct Join {
    /// The index of its table in the profile.
    pub(super) index: usize,
    /// The name before its columns.
    pub name: String,
    /// The file or a pattern, beside the export; none if only the command line names it.
    pub file: Option<String>,
    /// How the file is written.
    pub files: FileSyntax,
    /// The parts of the key.
    pub(super) keys: Vec<JoinKey>,
    /// What becomes of several rows with one key, or of several documents whose elements are items.
    pub(super) many: Many,
    /// Which one of all of them counts.
    pub(super) pick: Option<Pick>,
    /// Whether a row of the export may have none of its rows.
    pub(super) is_optional: bool,
    /// Whether its file must be there.
    pub is_required: bool,
    /// Whether its rows are items.
    pub(super) has_items: bool,
    /// Which of its rows are items; none if all are.
    pub(super) item_rows: Option<Condition>,
    /// The array in its documents whose elements are the items.
    pub(super) item_path: Option<String>,
}

/// A part of a key: a column or path of the export, and one of the side file.
#[derive(Debug, Clone)]
pub(super) struct JoinKey {
    pub(super) from: Rule,
    pub(super) to: Rule,
}

/// The text of a key.
#[derive(Debug, Default)]
pub(super) struct KeyText(String);

impl Join {
    /// The columns of the export that have the key.
    pub(super) fn columns(&self) -> impl Iterator<Item = &String> {
        self.keys.iter().flat_map(|key| &key.from.columns)
    }

    /// Whether rules add up the numbers of all rows with a key.
    pub(super) fn adds_rows(&self) -> bool {
        self.many == Many::All && self.pick.is_none() && !self.has_items
    }

    /// The paths of the export that have the key.
    pub(super) fn paths(&self) -> impl Iterator<Item = &String> {
        self.keys.iter().flat_map(|key| &key.from.paths)
    }

    /// What its key is read for, in messages.
    pub(super) fn purpose_of_key(&self) -> String {
        format!("the key of the join {:?}", self.name)
    }

    /// What the array of the items is read for, in messages.
    pub(super) fn purpose_of_items(&self) -> String {
        format!("the items of the join {:?}", self.name)
    }

    /// What the column of `pick` is read for, in messages.
    pub(super) fn purpose_of_pick(&self) -> String {
        format!("pick of the join {:?}", self.name)
    }

    /// The index of the join whose rows a rule adds up. `names` are the columns or paths that the
    /// rule reads.
    pub(super) fn added_by(rule: &Rule, names: &[String], joins: &[Self]) -> Option<usize> {
        let is_added =
            |join: &Self| join.adds_rows() && names.iter().any(|name| join.has_column(name));
        joins.iter().position(is_added).filter(|_| rule.over_rows.is_sum())
    }

    /// The column that decides which one of several rows counts, as the rules name one.
    pub(super) fn picked_column(&self) -> Option<String> {
        self.pick.as_ref().map(|pick| self.column(&pick.column))
    }

    /// Whether a column or path, as the rules name it, is one of the side file.
    pub(super) fn has_column(&self, name: &str) -> bool {
        self.own_name(name).is_some()
    }

    /// The name of a column or path in the side file, of that by which rules name it.
    pub(super) fn own_name<'n>(&self, name: &'n str) -> Option<&'n str> {
        name.strip_prefix(&*self.name)?.strip_prefix('.')
    }

    /// The name of a column of the side file, as the rules name it.
    #[must_use]
    pub fn column(&self, name: &str) -> String {
        format!("{}.{name}", self.name)
    }
}

impl JoinKey {
    /// The name in the side file, for messages.
    pub(super) fn name(&self) -> &str {
        self.paths().first().map_or("", String::as_str)
    }

    /// The columns that have it in a CSV file.
    pub(super) fn names_of_columns(&self) -> Vec<String> {
        match &*self.to.columns {
            [] => self.to.paths.iter().map(|path| dotted_names(path)).collect(),
            columns => columns.to_vec(),
        }
    }

    /// The paths at which documents have it.
    pub(super) fn paths(&self) -> &[String] {
        if self.to.paths.is_empty() { &self.to.columns } else { &self.to.paths }
    }
}

impl KeyText {
    /// Adds a part, and returns it as it is compared; none if it has no value, so that there is no
    /// key. An error is why the rule cannot take the text.
    pub(super) fn push<'a>(
        &mut self,
        rule: &'a Rule,
        text: &'a str,
    ) -> Result<Option<Cow<'a, str>>, TextError> {
        let part = match rule.apply(text) {
            RuleResult::Value(part) if part.is_empty() => return Ok(None),
            // Addresses are the same in any case.
            RuleResult::Value(part) if rule.kind == Some(ValueKind::Email) => lower_case(part),
            RuleResult::Value(part) => part,
            RuleResult::Invalid(code, message) => return Err((code, message)),
            _ => return Ok(None),
        };
        // With its length, so that different parts make different keys.
        self.0.push_str(&part.len().to_string());
        self.0.push(':');
        self.0.push_str(&part);
        Ok(Some(part))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{super::profile::Profile, *};
    use crate::model::problem::Code;

    #[test]
    fn different_parts_make_different_keys() {
        let text = "name = 'p'\norder.referenceId.column = 'a'\n[[join]]\nas = 'c'\n\
                    on = [{ column = 'a', strip_prefix = '#', to = 'b' }]";
        let profile = Profile::parse("p", text).unwrap_or_else(|error| panic!("{error}"));
        let rule = &profile.joins[0].keys[0].from;
        let key = |parts: [&str; 2]| {
            let mut key = KeyText::default();
            let is_whole = parts.iter().all(|part| key.push(rule, part).unwrap().is_some());
            is_whole.then_some(key.0)
        };
        assert_eq!(key(["#1", "2"]), key(["1", "#2"]));
        assert_ne!(key(["1:2", "3"]), key(["1", "2:3"]));
        assert_ne!(key(["12", "3"]), key(["1", "23"]));
        assert_eq!(key(["#", "3"]), None);
    }
    /// The columns of the customer were once empty, so that a blocked one was not left out.
    #[test]
    fn text_that_a_step_cannot_take_is_no_key() {
        for (steps, text, expected) in [
            ("split = '/', part = 2", "y/7", Ok(Some("7"))),
            ("split = '/', part = 2", "y/", Ok(None)),
            ("split = '/', part = 2", "7", Err(Code::PartMissing)),
            ("values = { one = '7' }", "two", Err(Code::ValueNotInTable)),
            ("values = { one = '7' }", "", Ok(None)),
            ("pairs = { separator = ';', assign = '=' }, key = 'c'", "d=1", Ok(None)),
            (
                "pairs = { separator = ';', assign = '=' }, key = 'c'",
                "c=7;c=8",
                Err(Code::PairAmbiguous),
            ),
            ("kind = 'email'", "Ann@Example.com", Ok(Some("ann@example.com"))),
            ("kind = 'phone', country = 'GB'", "020 7946 0958", Ok(Some("+442079460958"))),
        ] {
            let text_of_profile = format!(
                "name = 'p'\norder.referenceId.column = 'a'\n[[join]]\nas = 'c'\n\
                 on = [{{ column = 'a', {steps}, to = 'b' }}]"
            );
            let profile = Profile::parse("p", &text_of_profile);
            let profile = profile.unwrap_or_else(|error| panic!("{error}"));
            let mut key = KeyText::default();
            let part = key.push(&profile.joins[0].keys[0].from, text);
            let found = part.as_ref().map(|part| part.as_deref()).map_err(|(code, _)| *code);
            assert_eq!(found, expected, "{steps} {text:?}");
        }
    }
}
