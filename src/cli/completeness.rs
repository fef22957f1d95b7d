//! Completeness of settings and profile: what would make every order invalid is one error before
//! anything is read.
//!
//! Reads no input. Called by `spec`, not for a saved plan, which was checked when it was written.

use crate::{
    map::profile::Profile,
    model::{
        diagnostic::Diagnostics, field::Field, pricing::TotalFrom, route::Mode,
        source_text::SourceText,
    },
    pipeline::RunSpec,
    validate,
};

/// Refuses settings and a profile with which no order can be valid.
pub(super) fn ensure_complete(spec: &RunSpec<'_>) -> anyhow::Result<()> {
    let RunSpec { profile, .. } = spec;
    let fault = |kind, place: &str, subject: &str, message: &str| {
        let (name, text) = (place.to_owned(), String::new());
        SourceText { kind, name, text }.error(None, subject, message)
    };
    let mut faults: Vec<_> = validate::default_errors(&spec.validate.common)
        .iter()
        .map(|error| {
            let (subject, message) = error.split_once(": ").unwrap_or(("", error));
            fault("config", "the settings", subject, message)
        })
        .collect();
    let place = format!("profile {}", profile.name);
    faults.extend(missing_rules(profile, spec.service.mode).iter().map(|field| {
        let message = format!("the profile has no rule for {field}, which every order needs");
        fault("profile", &place, "", &message)
    }));
    // The canonical profile has a rule for it, so only the export shows whether it has a value.
    if spec.validate.common.pos.is_none() && !profile.has_rule(&Field::EventPos) {
        let message = "no point of sale; an order needs one, and neither the settings nor the \
                       profile have it\n  hint: set it with --pos";
        faults.push(fault("config", "the settings", "pos", message));
    }
    if faults.is_empty() {
        return Ok(());
    }
    Err(Diagnostics::before_reading(faults, "the profile and the settings").into())
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
