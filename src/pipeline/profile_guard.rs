//! Guard of the profile: what would make every order invalid, or each order that takes a word of
//! the profile, is an error of the profile before anything is read.
//!
//! Reads no input. Called by `cli`, not for a saved plan, which was checked when it was written.

use super::target::routes_of;
use crate::{
    map::{ProfileWord, profile::Profile},
    model::{
        diagnostic::Diagnostic, field::Field, pricing::TotalFrom, route::Mode, rules::TargetRules,
        suggest::suggest,
    },
    validate::{self, ConstantError, TakenValues, ValidateSettings},
};

/// The values of a field that a message lists beside the near one.
const MAX_LISTED_VALUES: usize = 5;

/// Returns the errors of a profile with which no order, or no order with some word, can be valid in
/// a mode; without a mode, which may be wrong itself, those of every mode.
#[must_use]
pub fn profile_errors(
    profile: &Profile,
    mode: Option<Mode>,
    settings: &ValidateSettings,
) -> Vec<Diagnostic> {
    let missing = missing_message(&missing_rules(profile, mode));
    let missing = missing.map(|message| profile.error(None, "", &message));
    let errors = missing.into_iter().chain(word_errors(profile, mode, settings));
    errors.chain(name_errors(profile, mode)).collect()
}

/// What a target takes for a field in any mode, as the end of a message, if that can be listed.
#[must_use]
pub fn expected_values(field: &Field) -> Option<String> {
    let taken_in = |mode| TakenValues::of(field, routes_of(mode).first()?);
    let TakenValues { values, takes_others } = taken_in(Mode::Single)?;
    let of_multi = taken_in(Mode::Multi)?.values.iter();
    let others: Vec<_> = of_multi.filter(|value| !values.contains(value)).copied().collect();
    let example = if takes_others { "for example " } else { "" };
    let values = validate::alternatives(values);
    Some(match others.as_slice() {
        [] => format!("{example}{values}"),
        others => {
            format!("{example}{values}, in mode multi also {}", validate::alternatives(others))
        }
    })
}

/// The errors of the words that no route of the mode takes.
fn word_errors(
    profile: &Profile,
    mode: Option<Mode>,
    settings: &ValidateSettings,
) -> impl Iterator<Item = Diagnostic> {
    let routes = routes_of(mode.unwrap_or(Mode::Auto));
    profile.unchanged_words().filter_map(move |word| {
        if word.text.is_empty() {
            return Some(profile.word_error(word, &empty_message(&word.field)));
        }
        let error_of = if word.is_replacement {
            validate::replacement_error
        } else {
            validate::constant_error
        };
        let on_route =
            |rules: &&'static TargetRules| error_of(&word.field, &word.text, rules, settings);
        let errors: Option<Vec<_>> = routes.iter().map(on_route).collect();
        let error = errors?.into_iter().next()?;
        Some(profile.word_error(word, &word_message(word, error)))
    })
}

/// The errors of the names of attributes that no route of the mode takes.
fn name_errors(profile: &Profile, mode: Option<Mode>) -> impl Iterator<Item = Diagnostic> {
    let routes = routes_of(mode.unwrap_or(Mode::Auto));
    profile.custom_names.iter().filter_map(move |name| {
        let errors = routes.iter().map(|rules| validate::custom_name_error(&name.field, rules));
        let error = errors.collect::<Option<Vec<_>>>()?.into_iter().next()?;
        Some(profile.custom_name_error(name, &error))
    })
}

/// The message of an empty word.
fn empty_message(field: &Field) -> String {
    format!(
        "an empty text leaves {field} empty, which every order needs; expected a value, or {{ skip = \"reason\" }}"
    )
}

/// The message of a word: which of the listed ones is meant, or what is expected.
fn word_message(word: &ProfileWord, error: ConstantError) -> String {
    let (listed, hint) = match error {
        ConstantError::Unlisted { listed, hint } => (listed, hint),
        ConstantError::Other(message) => return message,
    };
    let unknown = format!("unknown {} {:?}", word.field.short_name(), word.text);
    let Some(near) = suggest(&word.text, listed.iter().copied()) else {
        let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
        return format!("{unknown}; expected {}{hint}", validate::alternatives(listed));
    };
    // A long list would hide the near one.
    let others = listed.iter().filter(|other| **other != near && listed.len() <= MAX_LISTED_VALUES);
    let others: Vec<_> = others.map(|other| format!("{other:?}")).collect();
    let or = if others.is_empty() { "" } else { " or " };
    format!("{unknown}; meant {near:?}?{or}{}", others.join(", "))
}

/// The message about required fields without a rule, if there are any.
fn missing_message(fields: &[String]) -> Option<String> {
    match fields {
        [] => None,
        [field] => Some(format!("the profile has no rule for {field}, which every order needs")),
        fields => Some(format!(
            "the profile has no rules for {} fields that every order needs; expected rules for {}",
            fields.len(),
            fields.join(", ")
        )),
    }
}

/// The required fields without a rule.
fn missing_rules(profile: &Profile, mode: Option<Mode>) -> Vec<String> {
    let has_price = profile.order_price == TotalFrom::Given && !profile.is_wrong(&["order_price"]);
    let required = [
        (Field::ReferenceId, true),
        (Field::OrderedAt, true),
        (Field::Status, true),
        (Field::CurrencyCode, true),
        (Field::Price, has_price),
        // The other routes do not carry it, so in mode auto it may be missing.
        (Field::PaymentType, mode == Some(Mode::Single)),
    ];
    let missing = required
        .iter()
        .filter(|(field, is_required)| *is_required && profile.lacks_rule(field))
        .map(|(field, _)| field.to_string());
    let has_identifier = profile.identifies_guests() || profile.is_wrong(&["guest"]);
    let identifier = (!has_identifier).then(|| "guest.email or guest.id".to_owned());
    missing.chain(identifier).collect()
}
