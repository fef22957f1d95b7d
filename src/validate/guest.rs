//! Rules of IDENTITY's own attributes: title, gender, date of birth, address, and the identifiers
//! and the e-mail address by the rules of `identity`.
//!
//! Contacts and consumers follow the same rules, but need no identifier. Called by `order` and
//! `people`.

use std::borrow::Cow;

use chrono::{NaiveDate, NaiveDateTime};

use super::{
    findings::{Findings, parsable},
    identity, iso, values,
};
use crate::model::{
    draft::{Cell, Cells, Draft},
    field::Field,
    guest::Guest,
    problem::Code,
    rules::TargetRules,
};

/// Checks the guest of an order; returns it if it has an identifier.
pub(super) fn check_guest<'a>(
    draft: &Draft<'a>,
    rules: &TargetRules,
    findings: &mut Findings,
) -> Option<Guest<'a>> {
    let guest = check_person(&draft.cells, rules, findings);
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
    findings: &mut Findings,
) -> Guest<'a> {
    let cell = |field| parsable(cells.get(&field));
    let text = |field| cell(field).map(|cell| cell.text.clone());
    Guest {
        email: cell(Field::GuestEmail).map(|cell| identity::email(cell, findings)),
        identifiers: identity::identifiers(cells, findings),
        title: cell(Field::GuestTitle).and_then(|cell| title(cell, rules.titles, findings)),
        gender: cell(Field::GuestGender).and_then(|cell| gender(cell, rules.genders, findings)),
        dob: cell(Field::GuestDob).and_then(|cell| dob(cell, findings)),
        country: cell(Field::GuestCountry).and_then(|cell| country(cell, findings)),
        street: cell(Field::GuestStreet).map(street).unwrap_or_default(),
        firstname: text(Field::GuestFirstname),
        lastname: text(Field::GuestLastname),
        mobile: text(Field::GuestMobile),
        phone: text(Field::GuestPhone),
        city: text(Field::GuestCity),
        state: text(Field::GuestState),
        postal_code: text(Field::GuestPostalCode),
    }
}

fn title<'a>(cell: &Cell<'a>, titles: &[&str], findings: &mut Findings) -> Option<Cow<'a, str>> {
    let expected = || format!("one of {}", titles.join(", "));
    values::one_of(cell, |value| titles.contains(&value), Code::UnknownTitle, expected, findings)
}

fn gender<'a>(cell: &Cell<'a>, genders: &[&str], findings: &mut Findings) -> Option<Cow<'a, str>> {
    let expected = || values::alternatives(genders);
    values::one_of(cell, |value| genders.contains(&value), Code::UnknownGender, expected, findings)
}

fn country<'a>(cell: &Cell<'a>, findings: &mut Findings) -> Option<Cow<'a, str>> {
    let expected = || "an ISO 3166-1 alpha-2 country such as IE".to_owned();
    values::one_of(
        cell,
        |value| iso::COUNTRIES.contains(value),
        Code::UnknownCountry,
        expected,
        findings,
    )
}

/// `YYYY-MM-DDThh:mm`; a date without a time is its midnight.
fn dob<'a>(cell: &Cell<'a>, findings: &mut Findings) -> Option<Cow<'a, str>> {
    const FORMAT: &str = "%Y-%m-%dT%H:%M";
    let time = NaiveDateTime::parse_from_str(&cell.text, FORMAT).ok();
    let day = || NaiveDate::parse_from_str(&cell.text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    let dob = time.or_else(day).map(|time| Cow::Owned(time.format(FORMAT).to_string()));
    if dob.is_none() {
        findings.on_cell(
            Code::DobUnreadable,
            cell,
            "invalid date of birth; expected YYYY-MM-DDThh:mm or YYYY-MM-DD",
        );
    }
    dob
}

/// "array of strings": one per line.
fn street<'a>(cell: &Cell<'a>) -> Vec<Cow<'a, str>> {
    fn lines(text: &str) -> impl Iterator<Item = &str> {
        text.lines().map(str::trim).filter(|line| !line.is_empty())
    }
    match &cell.text {
        Cow::Borrowed(text) => lines(text).map(Cow::Borrowed).collect(),
        Cow::Owned(text) => lines(text).map(|line| Cow::Owned(line.to_owned())).collect(),
    }
}
