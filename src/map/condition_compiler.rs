//! Compilation of conditions: of `skip`, `ignore_rows` and `item_rows`.
//!
//! A condition compares numbers as the rule of the same cells reads them. Called by
//! `profile_compiler`.

use std::sync::Arc;

use super::{
    condition::{CellSource, Condition},
    key_errors::{KeyErrors, WHOLE_RULE},
    number::NumberMarks,
    profile::{FieldRule, SkipRule},
    profile_text::{ConditionText, SkipText},
    rule::Rule,
};
use crate::model::field::FieldGroup;

/// What the conditions of a profile depend on.
pub(super) struct ConditionCompiler<'r> {
    /// The rules of its fields.
    pub(super) rules: &'r [FieldRule],
    /// The marks of its numbers.
    pub(super) marks: NumberMarks,
    /// Whether it has a path of items, at which the paths of the items' rules begin.
    pub(super) has_items_path: bool,
}

impl ConditionCompiler<'_> {
    /// Compiles the rules that skip orders.
    pub(super) fn skips(&self, texts: Vec<SkipText>, errors: &mut KeyErrors) -> Vec<SkipRule> {
        let compile = |(index, skip): (usize, SkipText)| {
            let when = self.compile(skip.when, false).and_then(without_raw);
            let when = errors.keep_below(&["skip", &index.to_string(), "when"], when)?;
            Some(SkipRule { reason: skip.reason.into(), when })
        };
        texts.into_iter().enumerate().filter_map(compile).collect()
    }

    /// Compiles the conditions on rows that belong to no order.
    pub(super) fn ignored(
        &self,
        texts: Vec<ConditionText>,
        errors: &mut KeyErrors,
    ) -> Vec<Condition> {
        let compile = |(index, text): (usize, ConditionText)| {
            errors.keep_below(&["ignore_rows", &index.to_string()], self.compile(text, false))
        };
        texts.into_iter().enumerate().filter_map(compile).collect()
    }

    /// Compiles the condition on rows or elements that are items.
    pub(super) fn items(&self, text: ConditionText, errors: &mut KeyErrors) -> Option<Condition> {
        errors.keep_below(&["item_rows"], self.compile(text, true).and_then(without_raw))
    }

    fn compile(&self, text: ConditionText, is_of_item: bool) -> Result<Condition, KeyErrors> {
        let mut condition = Condition::new(text, self.marks)?;
        condition.read_numbers_by(&|source| self.number_rule(source, is_of_item));
        Ok(condition)
    }

    /// The rule that converts the numbers of a condition's cells, if there is one.
    fn number_rule(&self, source: &CellSource, is_of_item: bool) -> Option<Arc<Rule>> {
        let names = |names: &[String], sought: &Option<String>| {
            sought.as_ref().is_some_and(|sought| names.contains(sought))
        };
        let reads_source = |FieldRule { target, rule }: &&FieldRule| {
            let is_at_same_level =
                !self.has_items_path || (target.group() == FieldGroup::Item) == is_of_item;
            names(&rule.columns, &source.column)
                || is_at_same_level && names(&rule.paths, &source.path)
        };
        let mut rules = self.rules.iter().filter(|field| field.rule.converts_numbers());
        Some(Arc::new(rules.find(reads_source)?.rule.clone()))
    }
}

/// Refuses a condition on cells that tests the whole row.
fn without_raw(condition: Condition) -> Result<Condition, KeyErrors> {
    let mut errors = KeyErrors::default();
    if condition.sources().iter().any(|source| source.is_raw) {
        errors.add(WHOLE_RULE, "raw is for ignore_rows only; expected a column or path");
    }
    errors.ensure_none().map(|()| condition)
}
