//! Compilation of conditions: of `skip`, `ignore_rows` and `item_rows`.
//!
//! A condition compares numbers as the rule of the same cells reads them. Called by
//! `profile_compiler`.

use std::sync::Arc;

use super::{
    condition::{CellSource, Condition},
    error::{ProfileError, for_field},
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
    pub(super) fn skips(&self, texts: Vec<SkipText>) -> Result<Vec<SkipRule>, ProfileError> {
        let compile = |skip: SkipText| {
            let when = self.compile("skip", skip.when, false)?;
            ensure_no_raw("skip", &when)?;
            Ok(SkipRule { reason: skip.reason.into(), when })
        };
        texts.into_iter().map(compile).collect()
    }

    /// Compiles the conditions on rows that belong to no order.
    pub(super) fn ignored(
        &self,
        texts: Vec<ConditionText>,
    ) -> Result<Vec<Condition>, ProfileError> {
        texts.into_iter().map(|text| self.compile("ignore_rows", text, false)).collect()
    }

    /// Compiles the condition on rows or elements that are items.
    pub(super) fn items(&self, text: ConditionText) -> Result<Condition, ProfileError> {
        let condition = self.compile("item_rows", text, true)?;
        ensure_no_raw("item_rows", &condition)?;
        Ok(condition)
    }

    fn compile(
        &self,
        field: &str,
        text: ConditionText,
        is_of_item: bool,
    ) -> Result<Condition, ProfileError> {
        let condition = Condition::new(text, self.marks);
        let mut condition = condition.map_err(|error| for_field(field, &error))?;
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

/// Returns an error if a condition on cells tests the whole row.
fn ensure_no_raw(field: &str, condition: &Condition) -> Result<(), ProfileError> {
    if condition.sources().iter().any(|source| source.is_raw) {
        return Err(for_field(field, "raw is for ignore_rows only; expected a column or path"));
    }
    Ok(())
}
