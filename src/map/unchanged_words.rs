//! Unchanged words: the constants of a profile that reach their field as they are, so that an order which
//! takes one is as valid as the word.
//!
//! Knows no list of a target: `pipeline` asks `validate` about each of them before anything is read.

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
            if let Some(rule) = self.rule_of(word) {
                if word.text.is_empty() {
                    return self.empties_required(word, rule) && !self.may_leave_out(rule, word);
                }
                let is_date = rule.date().is_some() || rule.birth_date.is_some();
                let is_converted = rule.kind.is_some() || is_date || rule.is_empty(&word.text);
                return !is_converted && !self.may_leave_out(rule, word);
            }
            // Its rule is wrong, and so not known: neither its sources nor its kind, of which only
            // that of currencies converts words that have a list.
            let may_be_converted = ValueKind::Currency.ensure_fits(&word.field).is_ok();
            !may_be_converted && !self.is_null(&word.text) && !self.may_have_conditions()
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

    /// Whether a condition leaves out rows, or would if it were not wrong.
    fn may_have_conditions(&self) -> bool {
        self.has_wrong_conditions()
            || self.item_conditions().next().is_some()
            || self.order_conditions().next().is_some()
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

    /// Whether a condition on the source of a rule may leave out the rows with this word.
    fn may_leave_out(&self, rule: &Rule, word: &ProfileWord) -> bool {
        if self.has_wrong_conditions() {
            return rule.has_source();
        }
        let is_source = |source: &CellSource| {
            let is_column = |column: &String| rule.columns.contains(column);
            let is_path = |path: &String| rule.paths.contains(path);
            source.column.as_ref().is_some_and(is_column)
                || source.path.as_ref().is_some_and(is_path)
                || source.field.as_ref().is_some_and(|field| rule.fields.contains(field))
        };
        // The condition tests the text of the cell, which the table may see changed.
        let text = word.from.as_deref().filter(|_| !rule.changes_texts());
        let items = self.item_conditions();
        self.order_conditions().any(|condition| may_hold(condition, text, &is_source))
            || items.flat_map(Condition::sources).any(is_source)
    }
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
