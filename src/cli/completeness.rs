//! Completeness of settings and profile: what would make every order invalid is one error before
//! anything is read.
//!
//! Reads no input. Called by `spec`, not for a saved plan, which was checked when it was written.

use anyhow::ensure;

use crate::{
    map::profile::Profile,
    model::{field::Field, pricing::TotalFrom, route::Mode},
    pipeline::RunSpec,
    validate,
};

/// Refuses settings and a profile with which no order can be valid.
pub(super) fn ensure_complete(spec: &RunSpec<'_>) -> anyhow::Result<()> {
    let RunSpec { profile, .. } = spec;
    let mut errors = validate::default_errors(&spec.validate.common);
    errors.extend(missing_rules(profile, spec.service.mode).iter().map(|field| {
        format!("{field}: required, and the profile {:?} has no rule for it", profile.name)
    }));
    // The canonical profile has a rule for it, so only the export shows whether it has a value.
    if spec.validate.common.pos.is_none() && !profile.has_rule(&Field::EventPos) {
        errors.push(
            "pos: required, and neither the settings nor the profile have one; set --pos".into(),
        );
    }
    ensure!(
        errors.is_empty(),
        "no order can be valid with the profile and the settings:\n  {}",
        errors.join("\n  ")
    );
    Ok(())
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
