//! Rules of a person's optional attributes: title, gender, country, date of birth, phone numbers,
//! address.
//!
//! One that the target would not take is left out with a warning, or makes the order invalid, as
//! the profile chooses. Called by `guest`.

use std::borrow::Cow;

use chrono::{Datelike, NaiveDate, NaiveDateTime};

use super::{findings::Findings, iso, settings::ValidateSettings, values};
use crate::model::{
    draft::{Cell, Notation},
    id_text::ROUNDED,
    problem::Code,
};

/// The format of the target's dates of birth.
const BIRTH_FORMAT: &str = "%Y-%m-%dT%H:%M";

/// The earliest year of birth of a person whose orders are sent.
const FIRST_BIRTH_YEAR: i32 = 1900;

/// One of the target's forms of address.
pub(super) fn title<'a>(
    cell: &Cell<'a>,
    titles: &[&str],
    settings: &ValidateSettings,
    findings: &mut Findings,
) -> Option<Cow<'a, str>> {
    let expected = || format!("one of {}", titles.join(", "));
    let is_known = |value: &str| titles.contains(&value);
    one_of(cell, is_known, (Code::UnknownTitle, expected), settings, findings)
}

/// One of the target's genders.
pub(super) fn gender<'a>(
    cell: &Cell<'a>,
    genders: &[&str],
    settings: &ValidateSettings,
    findings: &mut Findings,
) -> Option<Cow<'a, str>> {
    let expected = || values::alternatives(genders);
    let is_known = |value: &str| genders.contains(&value);
    one_of(cell, is_known, (Code::UnknownGender, expected), settings, findings)
}

/// A country of ISO 3166-1.
pub(super) fn country<'a>(
    cell: &Cell<'a>,
    settings: &ValidateSettings,
    findings: &mut Findings,
) -> Option<Cow<'a, str>> {
    let expected = || "an ISO 3166-1 alpha-2 country such as IE".to_owned();
    one_of(cell, is_country, (Code::UnknownCountry, expected), settings, findings)
}

/// Whether a text is a country of ISO 3166-1.
pub(super) fn is_country(text: &str) -> bool {
    iso::COUNTRIES.contains(text)
}

/// `YYYY-MM-DDThh:mm`; a date without a time is its midnight.
pub(super) fn dob<'a>(
    cell: &Cell<'a>,
    settings: &ValidateSettings,
    findings: &mut Findings,
) -> Option<Cow<'a, str>> {
    match birth_date(&cell.text, settings) {
        Ok(text) => Some(Cow::Owned(text)),
        Err(message) => {
            report(Code::DobUnreadable, message, cell, settings, findings);
            None
        }
    }
}

/// Returns a date of birth in the target's format; an error is a message.
pub(super) fn birth_date(text: &str, settings: &ValidateSettings) -> Result<String, String> {
    let time = NaiveDateTime::parse_from_str(text, BIRTH_FORMAT).ok();
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().map(NaiveDateTime::from);
    let Some(time) = time.or_else(day) else {
        return Err("invalid date of birth; expected YYYY-MM-DDThh:mm or YYYY-MM-DD".to_owned());
    };
    if time.year() < FIRST_BIRTH_YEAR || time > settings.now.naive_utc() {
        return Err(format!(
            "implausible date of birth; expected one from {FIRST_BIRTH_YEAR} until today"
        ));
    }
    Ok(time.format(BIRTH_FORMAT).to_string())
}

/// A phone number in any spelling, but not one that a spreadsheet rounded.
pub(super) fn phone<'a>(
    cell: &Cell<'a>,
    settings: &ValidateSettings,
    findings: &mut Findings,
) -> Option<Cow<'a, str>> {
    if cell.notation.is_rounded(&cell.text) {
        report(Code::ScientificNotation, ROUNDED.to_owned(), cell, settings, findings);
        return None;
    }
    Some(cell.text.clone())
}

/// Whether a text of a CSV file is a phone number for `phone`.
pub(super) fn is_phone(text: &str) -> bool {
    !Notation::Text.is_rounded(text)
}

/// "array of strings": one per line.
pub(super) fn street<'a>(text: &Cow<'a, str>) -> Vec<Cow<'a, str>> {
    match text {
        Cow::Borrowed(text) => street_lines(text).collect(),
        Cow::Owned(text) => street_lines(text).map(|line| Cow::Owned(line.into_owned())).collect(),
    }
}

/// The lines of a borrowed text.
pub(super) fn street_lines(text: &str) -> impl Iterator<Item = Cow<'_, str>> {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(Cow::Borrowed)
}

fn one_of<'a>(
    cell: &Cell<'a>,
    is_known: impl Fn(&str) -> bool,
    (unknown, expected): (Code, impl FnOnce() -> String),
    settings: &ValidateSettings,
    findings: &mut Findings,
) -> Option<Cow<'a, str>> {
    if is_known(&cell.text) {
        return Some(cell.text.clone());
    }
    let (code, message) = values::unknown_value(cell, is_known, unknown, &expected());
    report(code, message, cell, settings, findings);
    None
}

/// Records an attribute that the target would not take: an error, or left out.
fn report(
    code: Code,
    message: String,
    cell: &Cell<'_>,
    settings: &ValidateSettings,
    findings: &mut Findings,
) {
    let code = settings.guest_attributes.code(code);
    let message = if code == Code::GuestAttributeLeftOut {
        format!("{message}; {} is left out", cell.field.short_name())
    } else {
        message
    };
    findings.on_cell(code, cell, message);
}
