//! Rules of a person's optional attributes: title, gender, country, date of birth, address.
//!
//! One that the target would not take is left out with a warning, or makes the order invalid, as
//! the profile chooses. Called by `guest`.

use std::borrow::Cow;

use chrono::{NaiveDate, NaiveDateTime};

use super::{findings::Findings, iso, settings::ValidateSettings, values};
use crate::model::{draft::Cell, problem::Code};

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
    let is_known = |value: &str| iso::COUNTRIES.contains(value);
    one_of(cell, is_known, (Code::UnknownCountry, expected), settings, findings)
}

/// `YYYY-MM-DDThh:mm`; a date without a time is its midnight.
pub(super) fn dob<'a>(
    cell: &Cell<'a>,
    settings: &ValidateSettings,
    findings: &mut Findings,
) -> Option<Cow<'a, str>> {
    let time = NaiveDateTime::parse_from_str(&cell.text, BIRTH_FORMAT).ok();
    let day = || NaiveDate::parse_from_str(&cell.text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
    let first = NaiveDate::from_ymd_opt(FIRST_BIRTH_YEAR, 1, 1)?.and_hms_opt(0, 0, 0)?;
    let message = match time.or_else(day) {
        None => "invalid date of birth; expected YYYY-MM-DDThh:mm or YYYY-MM-DD".to_owned(),
        Some(time) if time < first || time > settings.now.naive_utc() => {
            format!("implausible date of birth; expected one from {FIRST_BIRTH_YEAR} until today")
        }
        Some(time) => return Some(Cow::Owned(time.format(BIRTH_FORMAT).to_string())),
    };
    report(Code::DobUnreadable, message, cell, settings, findings);
    None
}

/// "array of strings": one per line.
pub(super) fn street<'a>(cell: &Cell<'a>) -> Vec<Cow<'a, str>> {
    fn lines(text: &str) -> impl Iterator<Item = &str> {
        text.lines().map(str::trim).filter(|line| !line.is_empty())
    }
    match &cell.text {
        Cow::Borrowed(text) => lines(text).map(Cow::Borrowed).collect(),
        Cow::Owned(text) => lines(text).map(|line| Cow::Owned(line.to_owned())).collect(),
    }
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
    let (code, message) = values::unknown_value(&cell.text, is_known, unknown, &expected());
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
