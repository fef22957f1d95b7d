//! Companion of a rule: the column or path that says of each row how a value beside it is read. It
//! is the `zone` of dates or the `country` of phone numbers, as a table.
//!
//! Refuses what no companion has. Compiled by `rule`; `field_value` reads the values.

use chrono_tz::Tz;

use super::{
    countries::code_of,
    date::{ZoneError, parse_zone},
    key_errors::KeyErrors,
    rule_text::{RuleText, TableValue},
    rule_values::KEEP,
};

/// What the companion of a rule says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Companion {
    /// The zone of local times.
    Zone,
    /// The country of phone numbers without a calling code.
    Country,
}

impl Companion {
    /// What it is, in messages.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Zone => "zone",
            Self::Country => "country",
        }
    }

    /// The name of the zone or the code of the country that a text is. An error is a message.
    pub(super) fn read(self, text: &str) -> Result<&'static str, String> {
        match self {
            Self::Zone => parse_zone(text).map(Tz::name).map_err(|error| unknown_zone(&error)),
            // The text may be personal data.
            Self::Country => code_of(text).ok_or_else(|| {
                "the country of the phone number is unknown; expected a code of ISO 3166-1 or an \
                 English name"
                    .into()
            }),
        }
    }

    /// The message of a row that lacks it.
    pub(super) fn missing(self) -> &'static str {
        match self {
            Self::Zone => {
                "the time zone of the date is missing; expected a region such as Europe/London; a \
                 default in the profile's zone is for rows without one"
            }
            Self::Country => {
                "the country of the phone number is missing; expected one, or a number with + and \
                 the calling code"
            }
        }
    }

    /// Refuses a constant that is none.
    fn check_constant(self, text: &str) -> Result<(), String> {
        match self {
            Self::Zone => parse_zone(text).map(drop).map_err(|error| error.to_string()),
            Self::Country => code_of(text).map(drop).ok_or_else(|| {
                format!("unknown country {text:?}; expected a code such as GB, or an English name")
            }),
        }
    }

    /// Returns all errors of its keys, beside those of any rule; `of` is the rule that it belongs
    /// to.
    pub(super) fn check(self, text: &RuleText, of: &RuleText) -> Result<(), KeyErrors> {
        let errors = check_keys(self, text, of);
        errors.ensure_none()
    }
}

/// The message of a text that is no zone.
fn unknown_zone(ZoneError { found, suggestion, .. }: &ZoneError) -> String {
    let hint = match suggestion {
        Some(suggestion) => format!("; did you mean {suggestion:?}?"),
        None => String::new(),
    };
    format!(
        "{found}; expected a region such as Europe/London, or what it means in the values of the \
         profile's zone{hint}"
    )
}

fn check_keys(companion: Companion, text: &RuleText, of: &RuleText) -> KeyErrors {
    let (mut errors, name) = (KeyErrors::default(), companion.name());
    let refused = [
        ("value", text.value.is_some()),
        ("sum", text.sum.is_some()),
        ("concat", text.concat.is_some()),
        ("columns", text.columns.is_some()),
        ("paths", text.paths.is_some()),
        ("join", text.join.is_some()),
        ("language", text.language.is_some()),
        ("kind", text.kind.is_some()),
        ("split_name", text.split_name.is_some()),
        ("type", text.r#type.is_some()),
        ("decimal", text.decimal.is_some()),
        ("thousands", text.thousands.is_some()),
        ("negative", text.negative.is_some()),
        ("scale", text.scale.is_some()),
        ("max_length", text.max_length.is_some()),
        ("disagree", text.disagree.is_some()),
        ("over_rows", text.over_rows.is_some()),
        ("when", text.when.is_some()),
    ];
    for (key, _) in refused.iter().filter(|(_, is_set)| *is_set) {
        let error = format!("is not for a {name}; expected a column or path, values and a default");
        errors.add(key, &error);
    }
    let serves_less = |of_rule: bool, of_companion: bool| of_rule && !of_companion;
    if text.default.is_none()
        && (serves_less(of.column.is_some(), text.column.is_some())
            || serves_less(of.path.is_some(), text.path.is_some()))
    {
        let error = format!(
            "is not in the same format as the value beside it; expected a column, a path or a \
             default in the {name} too"
        );
        errors.add("", &error);
    }
    let mut check_name = |path: &[&str], name: &str| {
        if let Err(error) = companion.check_constant(name) {
            errors.add_at(path, &error);
        }
    };
    for (from, to) in text.values.iter().flatten() {
        if let TableValue::Text(name) = to {
            check_name(&["values", from], name);
        }
    }
    if let Some(TableValue::Text(name)) = text.other.as_ref().filter(|_| text.table.is_none())
        && name != KEEP
    {
        check_name(&["other"], name);
    }
    if let Some(name) = &text.default {
        check_name(&["default"], name);
    }
    errors
}
