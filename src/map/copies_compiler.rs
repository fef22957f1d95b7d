//! Compilation of `duplicates`: what says how new each of several copies of an order is.
//!
//! Called by `field_rules`.

use chrono::SecondsFormat;

use super::{
    copies::Duplicates,
    copies_text::{DuplicatesText, VersionText},
    date::{parse_iso, parse_iso_date},
    key_errors::{KeyError, KeyErrors},
    number_marks::NumberMarks,
    rule::Rule,
    rule_text::RuleText,
};
use crate::model::{field::Field, money::Amount};

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
    let by = rule(text, &field).and_then(|by| {
        let mut of_default = KeyErrors::default();
        let by = of_default.keep(with_read_default(by));
        of_default.ensure_none()?;
        by.ok_or_else(KeyErrors::default)
    });
    let by = errors.keep_below(&["by"], by);
    errors.ensure_none()?;
    let by = by.ok_or_else(KeyErrors::default)?;
    Ok(Duplicates { by, field, marks })
}

/// The rule with a default that is compared with the values of the export: as a date it may have
/// their format.
fn with_read_default(by: Rule) -> Result<Rule, KeyError> {
    let Some(text) = &by.default_value else { return Ok(by) };
    if parse_iso(text).is_some() {
        return Ok(by);
    }
    let Some(date) = &by.date else {
        let is_version = text.parse::<Amount>().is_ok() || parse_iso_date(text).is_some();
        let error = || {
            format!(
                "is {text:?}; expected a number, a date such as 2026-10-31 or a time in ISO 8601 \
                 with an offset, as the copies have"
            )
        };
        return if is_version { Ok(by) } else { Err(("default", error())) };
    };
    let Some(read) = date.parse(text) else {
        let expected = date.expected();
        return Err(("default", format!("is {text:?}; expected {expected}, as the copies have")));
    };
    let default_value = Some(read.time.to_rfc3339_opts(SecondsFormat::Millis, true));
    Ok(Rule { default_value, ..by })
}
