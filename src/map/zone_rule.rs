//! Zone rule (`zone` of a date, as a table): the column or path that has the zone of each row.
//!
//! Refuses what no zone has. Compiled by `rule`; `field_value` reads the zones.

use super::{
    date::parse_zone,
    key_errors::KeyErrors,
    rule_text::{RuleText, TableValue},
    rule_values::KEEP,
};

/// The error of a date that serves a format which its zone does not serve.
const NOT_SERVED: &str = "has a date, whose zone is not in the same format; expected a column, a \
                          path or a default in the zone too";

/// Returns all errors of the keys of a zone, beside those of any rule; `date` is its date's rule.
pub(super) fn check(zone: &RuleText, date: &RuleText) -> Result<(), KeyErrors> {
    let mut errors = KeyErrors::default();
    let refused = [
        ("value", zone.value.is_some()),
        ("sum", zone.sum.is_some()),
        ("concat", zone.concat.is_some()),
        ("columns", zone.columns.is_some()),
        ("paths", zone.paths.is_some()),
        ("join", zone.join.is_some()),
        ("language", zone.language.is_some()),
        ("kind", zone.kind.is_some()),
        ("split_name", zone.split_name.is_some()),
        ("type", zone.r#type.is_some()),
        ("decimal", zone.decimal.is_some()),
        ("thousands", zone.thousands.is_some()),
        ("negative", zone.negative.is_some()),
        ("scale", zone.scale.is_some()),
        ("max_length", zone.max_length.is_some()),
        ("disagree", zone.disagree.is_some()),
        ("over_rows", zone.over_rows.is_some()),
        ("when", zone.when.is_some()),
    ];
    for (key, _) in refused.iter().filter(|(_, is_set)| *is_set) {
        errors.add(key, "is not for a zone; expected a column or path, values and a default");
    }
    let serves_less = |of_date: bool, of_zone: bool| of_date && !of_zone;
    if zone.default.is_none()
        && (serves_less(date.column.is_some(), zone.column.is_some())
            || serves_less(date.path.is_some(), zone.path.is_some()))
    {
        errors.add("", NOT_SERVED);
    }
    let mut check_name = |path: &[&str], name: &str| {
        if let Err(error) = parse_zone(name) {
            errors.add_at(path, &error.to_string());
        }
    };
    for (from, to) in zone.values.iter().flatten() {
        if let TableValue::Text(name) = to {
            check_name(&["values", from], name);
        }
    }
    if let Some(TableValue::Text(name)) = zone.other.as_ref().filter(|_| zone.table.is_none())
        && name != KEEP
    {
        check_name(&["other"], name);
    }
    if let Some(name) = &zone.default {
        check_name(&["default"], name);
    }
    errors.ensure_none()
}
