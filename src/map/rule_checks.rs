//! Checks of the keys of a rule: those that exclude each other, and those without effect.
//!
//! Called by `rule`.

use super::{
    compared_texts::{ensure_end, ensure_start, ensure_trimmed},
    key_errors::{KeyError, KeyErrors, WHOLE_RULE},
    one_or_many::OneOrMany,
    path_text::{ensure_named, segments, walks_arrays},
    rule_text::{OnConflict, OverRowsText, RuleText, TableValue},
    rule_values::KEEP,
};
use crate::model::{field::ExtensionType, over_rows::OverRows};

/// Refuses sources of values that exclude each other, and a rule without any.
pub(super) fn check_sources(text: &RuleText) -> Result<(), KeyError> {
    let has_source = text.has_source();
    let error = |message: &str| Err((WHOLE_RULE, message.to_owned()));
    match (&text.value, &text.default, has_source) {
        (Some(_), _, true) => {
            error("has a value and a column or path; for empty cells use a default")
        }
        (Some(_), Some(_), false) => error("has a value and a default"),
        (None, _, false) => error("has no column, no path and no value"),
        (Some(_), None, false) | (None, _, true) => Ok(()),
    }
}

/// Adds the errors of keys that have no effect on a constant.
pub(super) fn add_ineffective_keys(text: &RuleText, errors: &mut KeyErrors) {
    let keys = [
        ("optional", text.optional),
        ("empty", !text.empty.is_empty()),
        ("language", text.language.is_some()),
        ("strip_prefix", text.strip_prefix.is_some()),
        ("strip_suffix", text.strip_suffix.is_some()),
        ("trim", text.trim),
        ("split", text.split.is_some()),
        ("pairs", text.pairs.is_some()),
        ("decode", text.decode.is_some()),
        ("upper", text.upper),
        ("lower", text.lower),
        ("pad_left", text.pad_left.is_some()),
        ("values", text.values.is_some()),
        ("date", text.date.is_some()),
        ("decimal", text.decimal.is_some()),
        ("thousands", text.thousands.is_some()),
        ("negative", text.negative.is_some()),
        ("scale", text.scale.is_some()),
        ("kind", text.kind.is_some()),
        ("split_name", text.split_name.is_some()),
        ("disagree", text.disagree.is_some() && text.when.is_none()),
    ];
    if text.value.is_some() && !text.has_source() {
        for (key, _) in keys.into_iter().filter(|(_, is_set)| *is_set) {
            errors.add(key, "has no effect on a constant; expected a column or path, or no value");
        }
    }
}

/// Refuses an entry of a table that leaves out orders without saying why.
pub(super) fn check_reasons(text: &RuleText) -> Result<(), KeyError> {
    let blank = |value: &TableValue| match value {
        TableValue::Skip { skip } => check_reason(skip).err(),
        TableValue::Text(_) => None,
    };
    let mut values = text.values.iter().flat_map(|values| values.values());
    let mut cells = text.table.iter().flatten().flatten();
    for (key, found) in [
        ("values", values.find_map(blank)),
        ("table", cells.find_map(blank)),
        ("other", text.other.as_ref().and_then(blank)),
    ] {
        if let Some(error) = found {
            return Err((key, format!("skip {error}")));
        }
    }
    Ok(())
}

/// Refuses constants that are not of the declared type of an attribute, in any order. An empty one
/// is no value.
pub(super) fn check_type(text: &RuleText, data_type: ExtensionType, errors: &mut KeyErrors) {
    let of_values = text.values.iter().flat_map(|values| values.values());
    let of_table = text.table.iter().flatten().filter_map(|row| row.last());
    let other = text.other.iter();
    let replaced = of_values.map(|to| ("values", to)).chain(of_table.map(|to| ("table", to)));
    let replaced = replaced.chain(other.map(|to| ("other", to))).filter_map(|(key, to)| match to {
        TableValue::Text(to) if key != "other" || to != KEEP => Some((key, to)),
        _ => None,
    });
    let own = text.value.iter().map(|value| ("value", value));
    let own = own.chain(text.default.iter().map(|default| ("default", default)));
    let expected = match data_type {
        ExtensionType::Boolean => "true or false",
        ExtensionType::Integer => "a whole number",
        ExtensionType::Float => "a number such as 12.50",
        ExtensionType::String => return,
    };
    for (key, constant) in own.chain(replaced) {
        if !constant.is_empty() && !data_type.takes(constant) {
            let error =
                format!("has {constant:?}, which is no {}; expected {expected}", data_type.name());
            errors.add(key, &error);
        }
    }
}

/// Refuses a reason that says nothing: the orders that are left out are reported under it.
pub(super) fn check_reason(reason: &str) -> Result<(), &'static str> {
    let is_blank = reason.trim().is_empty();
    if is_blank { Err("is empty, expected why the orders are left out") } else { Ok(()) }
}

/// Refuses a path that is not well formed, and one with several values where one is expected.
pub(super) fn check_path(path: &str, takes_all: bool) -> Result<(), String> {
    ensure_named(path, &segments(path)?)?;
    if walks_arrays(path) && !takes_all {
        return Err(format!(
            "the rule reads one value, but {path:?} has that of each element; expected an index, a filter, \
             join or a sum"
        ));
    }
    Ok(())
}

/// Refuses texts that no value has.
pub(super) fn check_compared_texts(text: &RuleText, errors: &mut KeyErrors) {
    let mut add = |key, check: fn(&str) -> Result<(), String>, compared: &str| {
        if let Err(error) = check(compared) {
            errors.add(key, &error);
        }
    };
    for empty in &text.empty {
        add("empty", ensure_trimmed, empty);
    }
    if let Some(prefix) = &text.strip_prefix {
        add("strip_prefix", |text| ensure_filled(text).and(ensure_start(text)), prefix);
    }
    if let Some(suffix) = &text.strip_suffix {
        add("strip_suffix", |text| ensure_filled(text).and(ensure_end(text)), suffix);
    }
    // Decoded and padded texts may have blanks around them.
    if text.decode.is_none() && text.pad_left.is_none() {
        for from in text.values.iter().flat_map(|values| values.keys()) {
            add("values", ensure_trimmed, from);
        }
        let rows = text.table.iter().flatten().filter_map(|row| row.split_last());
        for cell in rows.flat_map(|(_, cells)| cells) {
            if let TableValue::Text(cell) = cell {
                add("table", ensure_trimmed, cell);
            }
        }
    }
}

fn ensure_filled(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("is empty, expected the text that is stripped".to_owned());
    }
    Ok(())
}

pub(super) fn check_nth(text: &RuleText) -> Result<(), KeyError> {
    let columns = text.column.clone().map(OneOrMany::into_vec).unwrap_or_default();
    match (text.nth, columns.as_slice()) {
        (None, _) => Ok(()),
        (Some(0), _) => Err(("nth", "is 0; expected 1 for the first column of the name".into())),
        (Some(_), [column]) if !column.ends_with('*') => Ok(()),
        (Some(_), _) => Err(("nth", "is for one column, which the rule has to name".into())),
    }
}

pub(super) fn over_rows(text: &RuleText) -> Result<OverRows, KeyError> {
    match (text.disagree, text.over_rows) {
        (Some(_), Some(OverRowsText::Add)) => {
            Err(("over_rows", "adds what disagree takes one of; expected one of them".into()))
        }
        (None, Some(OverRowsText::Add)) if !text.has_source() => {
            Err(("over_rows", "has no effect on a constant; expected a column or path".into()))
        }
        (None, Some(OverRowsText::Add)) => Ok(OverRows::Sum { n_rows: 1 }),
        (None | Some(OnConflict::Invalid), None) => Ok(OverRows::Equal),
        (Some(OnConflict::First), None) => Ok(OverRows::First),
        (Some(OnConflict::Last), None) => Ok(OverRows::Last),
    }
}

pub(super) fn extension_type(name: &str) -> Result<ExtensionType, KeyError> {
    ExtensionType::from_name(name).ok_or_else(|| {
        let error = format!("unknown type {name:?}; expected string, boolean, integer or float");
        ("type", error)
    })
}
