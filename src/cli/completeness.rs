//! Completeness of settings and profile: what would make every order invalid is one error before
//! anything is read.
//!
//! Reads no input. Called by `run_values`, not for a saved plan, which was checked when it was
//! written.

use super::{error_list::ErrorList, origins::Origins};
use crate::{
    map::{ProfileWord, profile::Profile},
    model::{
        field::Field,
        pricing::TotalFrom,
        route::Mode,
        rules::{CommonDefaults, TargetRules},
        suggest::suggest,
    },
    stream,
    validate::{self, ValidateSettings},
};

/// The values of a field that a message lists beside the near one.
const MAX_LISTED: usize = 5;

/// Finds errors with which no order can be valid.
pub(super) struct Completeness<'c> {
    pub(super) origins: &'c Origins,
    pub(super) errors: &'c mut ErrorList,
}

impl Completeness<'_> {
    /// Checks the attributes of events that the settings have.
    pub(super) fn check_defaults(&mut self, defaults: &CommonDefaults) {
        for (field, message) in validate::default_errors(defaults) {
            self.errors.add(self.origins.error(&field.short_name(), &message));
        }
    }

    /// Checks that the profile has a rule for each field that an order needs.
    pub(super) fn check_rules(&mut self, profile: &Profile, mode: Mode) {
        for field in missing_rules(profile, mode) {
            let message = format!("the profile has no rule for {field}, which every order needs");
            self.errors.add(profile.error(None, "", &message));
        }
    }

    /// Checks the words of the profile: one that no route of the mode takes makes each of its
    /// orders invalid.
    pub(super) fn check_words(
        &mut self,
        profile: &Profile,
        mode: Mode,
        settings: &ValidateSettings,
    ) {
        let routes = stream::routes_of(mode);
        for word in profile.unchanged_words() {
            let ProfileWord { field, text, .. } = word;
            let error_on =
                |rules: &&TargetRules| validate::constant_error(field, text, rules, settings);
            let errors: Option<Vec<_>> = routes.iter().map(error_on).collect();
            if let Some(error) = errors.and_then(|errors| errors.into_iter().next()) {
                let listed = validate::listed_values(field, routes[0]);
                self.errors.add(profile.word_error(word, &word_message(word, &error, listed)));
            }
        }
    }

    /// Checks that a point of sale may be found.
    // The canonical profile has a rule for it, so only the export shows whether it has a value.
    pub(super) fn check_pos(&mut self, profile: &Profile, defaults: &CommonDefaults) {
        if defaults.pos.is_none() && !profile.has_rule(&Field::EventPos) {
            let message = "no point of sale; an order needs one, and neither the settings nor the \
                           profile have it\n  hint: set it with --pos";
            self.errors.add(self.origins.error("pos", message));
        }
    }
}

/// The message of a word that is not among the listed ones: which one is meant, or what is
/// expected.
fn word_message(word: &ProfileWord, error: &str, listed: &[&'static str]) -> String {
    let Some(unknown) = error.strip_prefix("unknown value ") else { return error.to_owned() };
    let name = word.field.short_name();
    let Some(near) = suggest(&word.text, listed.iter().copied()) else {
        return format!("unknown {name} {unknown}");
    };
    let (found, _) = unknown.split_once("; expected ").unwrap_or((unknown, ""));
    // A long list would hide the near one.
    let others = listed.iter().filter(|other| **other != near && listed.len() <= MAX_LISTED);
    let others: Vec<_> = others.map(|other| format!("{other:?}")).collect();
    let or = if others.is_empty() { "" } else { " or " };
    format!("unknown {name} {found}; meant {near:?}?{or}{}", others.join(", "))
}

/// The required fields without a rule.
fn missing_rules(profile: &Profile, mode: Mode) -> Vec<String> {
    let required = [
        (Field::ReferenceId, true),
        (Field::OrderedAt, true),
        (Field::Status, true),
        (Field::CurrencyCode, true),
        (Field::Price, profile.order_price == TotalFrom::Given),
        // The other routes do not carry it, so in mode auto it may be missing.
        (Field::PaymentType, mode == Mode::Single),
    ];
    let missing = required
        .iter()
        .filter(|(field, is_required)| *is_required && !profile.has_rule(field))
        .map(|(field, _)| field.to_string());
    let identifier = (!profile.identifies_guests()).then(|| "guest.email or guest.id".to_owned());
    missing.chain(identifier).collect()
}
