//! Unchanged words: the constants of a profile that reach their field as they are, so that an order
//! which takes one is as valid as the word.
//!
//! Knows no list of a target: `pipeline` asks `validate` about each of them before anything is
//! read.

use super::{
    condition::{CellSource, Condition},
    key_errors::KeyPath,
    profile::Profile,
    rule::Rule,
    value_kind::ValueKind,
    view::Value,
    words::ProfileWord,
};
use crate::model::diagnostic::Diagnostic;

impl Profile {
    /// The words that reach their field as they are, in the order of the file. One that a condition
    /// may leave out is not among them: no order may take it.
    pub fn unchanged_words(&self) -> impl Iterator<Item = &ProfileWord> {
        self.words.iter().filter(|word| {
            let rule = self.rule_of(word);
            let is_unchanged = match rule {
                Some(rule) if word.text.is_empty() => self.empties_required(word, rule),
                // No constant is read as a date of a format; `kind` converts those of `values`.
                Some(rule) => {
                    let is_converted = rule.kind.is_some() && word.is_replacement;
                    !is_converted && !rule.is_empty(&word.text)
                }
                // A rule that is wrong is not known; of the kinds only those of currencies and of
                // countries convert words that have a list.
                None => {
                    let mut kinds = [ValueKind::Currency, ValueKind::Country].into_iter();
                    let may_be_converted = kinds.any(|kind| kind.ensure_fits(&word.field).is_ok());
                    !may_be_converted && !self.is_null(&word.text)
                }
            };
            is_unchanged && !self.may_leave_out(rule, word)
        })
    }

    /// The rule of a word.
    fn rule_of(&self, word: &ProfileWord) -> Option<&Rule> {
        let mut rules = self.rules_of(&word.field);
        rules.find(|of_field| of_field.kind.index == word.kind).map(|of_field| &of_field.rule)
    }

    /// Whether an empty word leaves an order without a value that it needs: that of a text in a
    /// table or of any other text, unless the default takes its place, or a constant.
    fn empties_required(&self, word: &ProfileWord, rule: &Rule) -> bool {
        let is_of_text = word.is_replacement && rule.default_text().is_none();
        self.requires(&word.field) && (is_of_text || !rule.has_source())
    }

    /// The error of a word.
    #[must_use]
    pub fn word_error(&self, word: &ProfileWord, message: &str) -> Diagnostic {
        let subject = match &word.from {
            Some(from) => format!("{}, value of {from:?}", word.rule),
            None => word.rule.clone(),
        };
        self.error(Some(word.span.clone()), &subject, message)
    }

    /// Whether a condition is wrong, so that it is not known which rows it leaves out.
    fn has_wrong_conditions(&self) -> bool {
        // The condition of a rule that is without a reason is known.
        let is_reason = |path: &KeyPath| matches!(path.as_slice(), [.., key] if key == "reason");
        let is_condition = |path: &KeyPath| match path.first().map(String::as_str) {
            None | Some("ignore_rows" | "item_rows" | "refunds") => true,
            Some("skip") => !is_reason(path),
            Some(_) => false,
        };
        self.wrong.iter().any(is_condition)
    }

    /// Whether a condition on the source of a rule may leave out the rows with this word. Each one
    /// may be on the source of a rule that is not known.
    fn may_leave_out(&self, rule: Option<&Rule>, word: &ProfileWord) -> bool {
        if self.has_wrong_conditions() {
            return rule.is_none_or(Rule::has_source);
        }
        // The condition tests the text of the cell, which the table may see changed.
        let text = word.from.as_deref().filter(|_| !rule.is_some_and(Rule::changes_texts));
        let may_be_source = |source: &CellSource| rule.is_none_or(|rule| is_source(rule, source));
        let mut of_items = self.item_conditions().flat_map(Condition::sources);
        self.order_conditions().any(|condition| may_hold(condition, text, &may_be_source))
            || rule.is_some_and(|rule| of_items.any(|source| is_source(rule, source)))
    }
}

/// Whether a rule reads the value that a condition tests.
fn is_source(rule: &Rule, source: &CellSource) -> bool {
    source.column.as_ref().is_some_and(|column| rule.columns.contains(column))
        || source.path.as_ref().is_some_and(|path| rule.paths.contains(path))
        || source.field.as_ref().is_some_and(|field| rule.fields.contains(field))
}

/// Whether a condition may hold for rows with this text in a source; without a text, whether it
/// tests the source.
fn may_hold(
    condition: &Condition,
    text: Option<&str>,
    is_source: &impl Fn(&CellSource) -> bool,
) -> bool {
    match (condition, text) {
        (Condition::Cell(source, tests), Some(text)) => {
            let holds = tests.iter().all(|test| test.holds(Value::Text(text)) != Ok(false));
            is_source(source) && holds
        }
        (Condition::All(parts) | Condition::Any(parts), Some(_)) => {
            parts.iter().any(|part| may_hold(part, text, is_source))
        }
        (condition, _) => condition.sources().into_iter().any(is_source),
    }
}
