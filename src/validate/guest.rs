//! The attributes of IDENTITY: those of `attributes`, and the identifiers and the e-mail address by
//! the rules of `identity`.
//!
//! Contacts and consumers follow the same rules, but need no identifier. Called by `order` and
//! `people`.

use super::{
    attributes,
    findings::{Findings, parsable},
    identity,
    settings::ValidateSettings,
};
use crate::model::{
    draft::{Cells, Draft},
    field::Field,
    guest::Guest,
    rules::TargetRules,
};

/// Checks the guest of an order; returns it if it has an identifier.
pub(super) fn check_guest<'a>(
    draft: &Draft<'a>,
    rules: &TargetRules,
    settings: &ValidateSettings,
    findings: &mut Findings,
) -> Option<Guest<'a>> {
    let guest = check_person(&draft.cells, rules, settings, findings);
    let guest = Guest {
        identifiers: identity::email_as_identifier(
            guest.identifiers,
            draft,
            guest.email.as_ref(),
            findings,
        ),
        ..guest
    };
    (!guest.identifiers.is_empty()).then_some(guest)
}

/// Checks the attributes of a person, who need not have an identifier.
pub(super) fn check_person<'a>(
    cells: &Cells<'a>,
    rules: &TargetRules,
    settings: &ValidateSettings,
    findings: &mut Findings,
) -> Guest<'a> {
    let cell = |field| parsable(cells.get(&field));
    let text = |field| cell(field).map(|cell| cell.text.clone());
    let phone = |field, findings: &mut Findings| {
        cell(field).and_then(|cell| attributes::phone(cell, settings, findings))
    };
    Guest {
        email: cell(Field::GuestEmail).map(|cell| identity::email(cell, findings)),
        identifiers: identity::identifiers(cells, findings),
        title: cell(Field::GuestTitle)
            .and_then(|cell| attributes::title(cell, rules.titles, settings, findings)),
        gender: cell(Field::GuestGender)
            .and_then(|cell| attributes::gender(cell, rules.genders, settings, findings)),
        dob: cell(Field::GuestDob).and_then(|cell| attributes::dob(cell, settings, findings)),
        country: cell(Field::GuestCountry)
            .and_then(|cell| attributes::country(cell, settings, findings)),
        street: cell(Field::GuestStreet)
            .map(|cell| attributes::street(&cell.text))
            .unwrap_or_default(),
        firstname: text(Field::GuestFirstname),
        lastname: text(Field::GuestLastname),
        mobile: phone(Field::GuestMobile, findings),
        phone: phone(Field::GuestPhone, findings),
        city: text(Field::GuestCity),
        state: text(Field::GuestState),
        postal_code: text(Field::GuestPostalCode),
    }
}
