//! Compilation of conditions: of `skip`, `ignore_rows` and `item_rows`, and of rules with `when`.
//!
//! A condition compares numbers as the rule of the same cells reads them; other cells may have the
//! symbols of the profile's amounts. Called by `profile_keys`.

use std::sync::Arc;

use super::{
    condition::{CellSource, Condition},
    condition_checks::AllCells,
    condition_text::ConditionText,
    currency_symbols::CurrencySymbols,
    field_rules::NO_ITEM_TO_TEST,
    items_compiler::ItemsRules,
    join::Join,
    key_errors::{KeyErrors, WHOLE_RULE},
    one_or_list::OneOrList,
    profile::{FieldRule, ItemKindRules, SkipRule},
    profile_text::{ItemText, SkipScope, SkipText},
    rule::Rule,
    rule_checks::check_reason,
};
use crate::model::{draft::ItemSource, money::Amount};

/// What the conditions of a profile depend on.
pub(super) struct ConditionCompiler<'r> {
    /// The rules of its fields.
    pub(super) rules: &'r [FieldRule],
    /// What it says of all cells.
    pub(super) cells: AllCells<'r>,
    /// The symbols that its amounts may have.
    pub(super) symbols: &'r CurrencySymbols,
    /// Where the items are.
    pub(super) items: &'r ItemsRules,
}

/// Where in a document the paths of a condition begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ConditionLevel {
    /// At the document.
    Order,
    /// At an item.
    Item,
    /// At a person besides the guest, who has no numbers.
    Person,
}

impl ConditionCompiler<'_> {
    /// Compiles the rules that skip orders, or those that skip rows.
    pub(super) fn skips(
        &self,
        texts: &[SkipText],
        scope: SkipScope,
        errors: &mut KeyErrors,
    ) -> Vec<SkipRule> {
        let compile = |(index, skip): (usize, &SkipText)| {
            if let Err(error) = check_reason(&skip.reason) {
                errors.add_at(&["skip", &index.to_string(), "reason"], error);
            }
            let when = self.compile(skip.when.clone(), ConditionLevel::Order);
            let when = errors.keep_below(&["skip", &index.to_string(), "when"], when)?;
            Some(SkipRule { reason: skip.reason.as_str().into(), when })
        };
        let texts = texts.iter().enumerate().filter(|(_, skip)| skip.scope == scope);
        texts.filter_map(compile).collect()
    }

    /// Compiles the conditions on rows that belong to no order.
    pub(super) fn ignored(
        &self,
        texts: Vec<ConditionText>,
        errors: &mut KeyErrors,
    ) -> Vec<Condition> {
        let compile = |(index, text): (usize, ConditionText)| {
            let condition = self.compile(text, ConditionLevel::Order);
            errors.keep_below(&["ignore_rows", &index.to_string()], condition)
        };
        texts.into_iter().enumerate().filter_map(compile).collect()
    }

    /// Lets the conditions of rules read numbers as the rules of the same cells do.
    pub(super) fn complete(
        &self,
        rules: &mut [FieldRule],
        level: ConditionLevel,
        errors: &mut KeyErrors,
    ) {
        for rule in rules {
            let level = if rule.reads_items() { ConditionLevel::Item } else { level };
            if let Some(when) = &mut rule.when {
                let path: Vec<&str> = rule.path.iter().map(String::as_str).collect();
                let completed = self.add_number_rules(when, level);
                errors.keep_below(&[&path[..], &["when"]].concat(), completed);
            }
        }
    }

    /// Compiles the condition on rows or elements that are items.
    pub(super) fn items(&self, text: ConditionText, errors: &mut KeyErrors) -> Option<Condition> {
        let condition = self.compile(text, ConditionLevel::Item);
        errors.keep_below(&["item_rows"], condition)
    }

    /// Compiles the conditions on the rows of joins that are items, one for each table of a join.
    pub(super) fn joins(
        &self,
        texts: Vec<Option<ConditionText>>,
        joins: &mut [Join],
        errors: &mut KeyErrors,
    ) {
        for (index, text) in texts.into_iter().enumerate() {
            let condition = text.map(|text| self.of_fields(text, ConditionLevel::Item, false));
            let path = ["join", &index.to_string(), "item_rows"];
            let condition = condition.and_then(|condition| errors.keep_below(&path, condition));
            if let Some(join) = joins.iter_mut().find(|join| join.index == index) {
                join.item_rows = condition;
            }
        }
    }

    /// Compiles the conditions of the kinds of items.
    pub(super) fn kinds(
        &self,
        texts: &OneOrList<ItemText>,
        kinds: &mut [ItemKindRules],
        errors: &mut KeyErrors,
    ) {
        for (index, (text, of)) in texts.tables.iter().zip(kinds).enumerate() {
            let Some(when) = text.when.clone() else { continue };
            let is_of_order = of.kind.source == ItemSource::Order;
            let level = if is_of_order { ConditionLevel::Order } else { ConditionLevel::Item };
            let name = index.to_string();
            let path = [texts.path_of(&["item"], &name).as_slice(), &["when"]].concat();
            let when = self.of_fields(when, level, of.has_fields());
            of.when = errors.keep_below(&path, when);
        }
    }

    /// Compiles a condition. Without `has_fields` it may not test the fields of an item.
    fn of_fields(
        &self,
        text: ConditionText,
        level: ConditionLevel,
        has_fields: bool,
    ) -> Result<Condition, KeyErrors> {
        let condition = self.compile(text, level)?;
        let mut errors = KeyErrors::default();
        if !has_fields && !condition.fields().is_empty() {
            errors.add(WHOLE_RULE, NO_ITEM_TO_TEST);
        }
        errors.ensure_none()?;
        Ok(condition)
    }

    /// Compiles a condition on rows or documents, or on the items or people in them.
    pub(super) fn compile(
        &self,
        text: ConditionText,
        level: ConditionLevel,
    ) -> Result<Condition, KeyErrors> {
        let mut condition = Condition::new(text, self.cells)?;
        let fields = condition.fields();
        let mut errors = KeyErrors::default();
        if !fields.is_empty() && level != ConditionLevel::Item {
            errors.add(WHOLE_RULE, NO_ITEM_TO_TEST);
        } else {
            errors.keep(self.items.check_fields(fields, &KeyErrors::default()));
        }
        errors.ensure_none()?;
        self.add_number_rules(&mut condition, level)?;
        Ok(condition)
    }

    /// Lets the number tests of a condition read their cells as the rules of the same cells do,
    /// which must agree.
    fn add_number_rules(
        &self,
        condition: &mut Condition,
        level: ConditionLevel,
    ) -> Result<(), KeyErrors> {
        let mut errors = KeyErrors::default();
        let rule = |source: &CellSource, number| self.number_rule(source, level, number);
        condition.read_numbers_by(&rule, &mut errors);
        errors.ensure_none()
    }

    /// The rule that converts the numbers of a condition's cells, if there is one. An error is a
    /// message: there are several, which read a cell differently.
    fn number_rule(
        &self,
        source: &CellSource,
        level: ConditionLevel,
        compared: Amount,
    ) -> Result<Option<Arc<Rule>>, String> {
        let mut readers = self.number_readers(source, level);
        let Some(first) = readers.clone().find(|of_field| of_field.rule.converts_numbers()) else {
            return Ok(Rule::of_amounts(self.cells.marks, self.symbols).map(Arc::new));
        };
        let with_zero = compared.0.is_zero();
        match readers.find(|other| !first.rule.agrees_on_numbers(&other.rule, with_zero)) {
            Some(other) => Err(format!(
                "compares {source} with a number, and {} and {} read it differently; expected the \
                 same marks, scale, negative, values and text steps (strip_prefix, split, …) in both",
                first.name(),
                other.name()
            )),
            None => Ok(Some(Arc::new(first.rule.of_cell_alone()))),
        }
    }

    /// The rules that read the numbers of a condition's cells.
    fn number_readers<'s>(
        &'s self,
        source: &'s CellSource,
        level: ConditionLevel,
    ) -> impl Iterator<Item = &'s FieldRule> + Clone {
        let names = move |names: &[String], sought: &Option<String>| {
            sought.as_ref().is_some_and(|sought| names.contains(sought))
        };
        let reads_source = move |of_field: &&FieldRule| {
            let rule = &of_field.rule;
            let is_at_same_level = match (level, of_field.reads_items()) {
                (ConditionLevel::Person, _) => false,
                _ if !self.items.have_path() => true,
                (ConditionLevel::Item, reads_items) => reads_items,
                (ConditionLevel::Order, reads_items) => !reads_items,
            };
            source.field.as_ref().is_some_and(|field| rule.fields.contains(field))
                || names(&rule.columns, &source.column)
                || is_at_same_level && names(&rule.paths, &source.path)
        };
        let reads_number = |of_field: &&FieldRule| {
            let rule = &of_field.rule;
            rule.converts_numbers() || of_field.fills_number() && !rule.has_constants()
        };
        self.rules.iter().filter(reads_number).filter(reads_source)
    }
}
