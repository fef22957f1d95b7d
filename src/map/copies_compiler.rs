//! Compilation of `duplicates`: what says how new each of several copies of an order is.
//!
//! Called by `field_rules`.

use super::{
    copies::Duplicates,
    copies_text::{DuplicatesText, VersionText},
    key_errors::KeyErrors,
    number_marks::NumberMarks,
    rule::Rule,
    rule_text::RuleText,
};
use crate::model::field::Field;

/// Compiles the key. `rule` compiles the rule of a field.
pub(super) fn compile_duplicates(
    DuplicatesText { by: VersionText(text), .. }: DuplicatesText,
    marks: NumberMarks,
    rule: impl FnOnce(RuleText, &Field) -> Result<Rule, KeyErrors>,
) -> Result<Duplicates, KeyErrors> {
    let mut errors = KeyErrors::default();
    for (key, is_set) in [
        ("when", text.when.is_some()),
        ("disagree", text.disagree.is_some()),
        ("over_rows", text.over_rows.is_some()),
    ] {
        if is_set {
            errors.add_at(&["by", key], "is not for the version of a copy, which every row has");
        }
    }
    let field = if text.date.is_some() { Field::OrderedAt } else { Field::ReferenceId };
    let by = errors.keep_below(&["by"], rule(text, &field));
    errors.ensure_none()?;
    let by = by.ok_or_else(KeyErrors::default)?;
    Ok(Duplicates { by, field, marks })
}
