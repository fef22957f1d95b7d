//! The keys of a rule's dates: `date`, `zone`, `time` and `locale`.
//!
//! Compiles them to the formats of instants or of dates of birth, whichever the field is. Used by
//! `rule`.

use chrono::NaiveTime;

use super::{
    birth_date::BirthDateRule,
    date::{DateOptions, DateRule, DateZone, ISO_8601, Locale, parse_zone},
    key_errors::{KeyError, KeyErrors, WHOLE_RULE},
    one_or_many::OneOrMany,
    rule_text::{RuleText, ZoneText},
    text_steps::TextSteps,
};
use crate::model::problem::Code;

/// What the `date` of a rule is for, which its field decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DateUse {
    /// The field is no date.
    None,
    /// An instant.
    Instant,
    /// A date of birth; `unreadable` is the code of one that has none of the formats.
    BirthDate { unreadable: Code },
}

/// The formats of a rule's dates; at most one of them.
#[derive(Debug, Default)]
pub(super) struct RuleDates {
    pub(super) date: Option<DateRule>,
    pub(super) birth_date: Option<BirthDateRule>,
}

/// Compiles the keys of a rule; `errors` gets theirs.
pub(super) fn compile_dates(
    text: &RuleText,
    text_steps: Option<&TextSteps>,
    date_use: DateUse,
    errors: &mut KeyErrors,
) -> RuleDates {
    errors.keep(check_zone(text));
    let time = errors.keep(time_of_day(text)).flatten();
    let locale = errors.keep(locale(text)).flatten();
    let dates = match date_use {
        DateUse::None => errors.keep(ensure_no_date(text)).map(|()| RuleDates::default()),
        DateUse::Instant => errors
            .keep(date_rule(text, text_steps, time, locale))
            .map(|date| RuleDates { date, birth_date: None }),
        DateUse::BirthDate { unreadable } => errors
            .keep(birth_date_rule(text, locale, unreadable))
            .map(|birth_date| RuleDates { date: None, birth_date }),
    };
    let Some(dates) = dates else { return RuleDates::default() };
    errors.keep(check_effect(text, &dates));
    dates
}

fn check_zone(text: &RuleText) -> Result<(), KeyError> {
    match &text.zone {
        Some(ZoneText::Name(name)) => {
            parse_zone(name).map(drop).map_err(|error| ("zone", error.to_string()))
        }
        Some(ZoneText::Rule(_)) | None => Ok(()),
    }
}

fn time_of_day(text: &RuleText) -> Result<Option<NaiveTime>, KeyError> {
    let Some(time) = &text.time else { return Ok(None) };
    let parsed = ["%H:%M", "%H:%M:%S"].iter().find_map(|format| {
        // chrono reads `9:5` too.
        let is_whole = matches!(time.len(), 5 | 8);
        NaiveTime::parse_from_str(time, format).ok().filter(|_| is_whole)
    });
    let error = || format!("invalid time of day {time:?}; expected HH:MM, such as 12:00");
    parsed.map(Some).ok_or_else(|| ("time", error()))
}

fn locale(text: &RuleText) -> Result<Option<&'static Locale>, KeyError> {
    let locale = text.locale.as_deref().map(Locale::new).transpose();
    locale.map_err(|error| ("locale", error))
}

fn ensure_no_date(text: &RuleText) -> Result<(), KeyError> {
    if text.date.is_some() {
        return Err(("date", "has a date, but its field is not a timestamp".into()));
    }
    ensure_date_of(text)
}

/// Refuses keys of dates beside no date.
fn ensure_date_of(text: &RuleText) -> Result<(), KeyError> {
    let keys = [
        ("a zone", text.zone.is_some()),
        ("a time", text.time.is_some()),
        ("a locale", text.locale.is_some()),
    ];
    match keys.into_iter().find(|(_, is_set)| *is_set) {
        Some((key, _)) if text.date.is_none() => {
            Err((WHOLE_RULE, format!("has {key}, but no date")))
        }
        _ => Ok(()),
    }
}

fn date_rule(
    text: &RuleText,
    text_steps: Option<&TextSteps>,
    time: Option<NaiveTime>,
    locale: Option<&'static Locale>,
) -> Result<Option<DateRule>, KeyError> {
    let formats = match &text.date {
        Some(formats) => formats.clone().into_vec(),
        // The default. Any other format must be declared, so that no date is guessed.
        None if text.has_source() => vec![ISO_8601.to_owned()],
        None => return ensure_date_of(text).map(|()| None),
    };
    ensure_formats(&formats)?;
    // An unknown zone is an error of its own; the formats are compiled with any other one.
    let zone = text.zone.as_ref().map(|zone| match zone {
        ZoneText::Name(name) => {
            parse_zone(name).map_or(DateZone::Named("UTC"), |_| DateZone::Named(name))
        }
        ZoneText::Rule(_) => DateZone::OfEachRow,
    });
    let options = DateOptions { zone, time, locale };
    let rule = DateRule::with_options(&formats, &options).map_err(|error| ("date", error))?;
    for (key, text) in text_steps.into_iter().flat_map(TextSteps::cut_off) {
        rule.check_affix(key, text).map_err(|error| (WHOLE_RULE, error))?;
    }
    Ok(Some(rule))
}

fn ensure_formats(formats: &[String]) -> Result<(), KeyError> {
    if formats.is_empty() {
        return Err(("date", "is empty, expected a format".into()));
    }
    Ok(())
}

fn birth_date_rule(
    text: &RuleText,
    locale: Option<&'static Locale>,
    unreadable: Code,
) -> Result<Option<BirthDateRule>, KeyError> {
    let Some(formats) = text.date.clone().map(OneOrMany::into_vec) else {
        return ensure_date_of(text).map(|()| None);
    };
    if text.zone.is_some() {
        let error = "has a zone, but a date of birth is the same in every zone";
        return Err(("zone", error.into()));
    }
    let rule = BirthDateRule::new(&formats, locale, unreadable);
    rule.map(Some).map_err(|error| ("date", error))
}

/// Refuses keys that have no effect on any of the formats.
fn check_effect(text: &RuleText, dates: &RuleDates) -> Result<(), KeyError> {
    if dates.date.as_ref().is_some_and(DateRule::ignores_zone) {
        let default = if text.date.is_none() { " (date = \"iso8601\" by default)" } else { "" };
        let error = format!(
            "has a zone, but every date has an offset or is in UTC{default}; expected none, or a \
             format of local times"
        );
        return Err(("zone", error));
    }
    let may_lack_time = dates.date.as_ref().is_some_and(DateRule::may_lack_time);
    if text.time.is_some() && !may_lack_time {
        let error = if dates.birth_date.is_some() {
            "has a time, but a date of birth has no time of day"
        } else {
            "has a time, but every date has a time of day; expected none, or a format without one"
        };
        return Err(("time", error.into()));
    }
    let has_month_name = dates.date.as_ref().is_some_and(DateRule::has_month_name)
        || dates.birth_date.as_ref().is_some_and(BirthDateRule::has_month_name);
    if text.locale.is_some() && !has_month_name {
        let error = "has a locale, but no date with the name of a month; expected none, or %b or \
                     %B in a format";
        return Err(("locale", error.into()));
    }
    Ok(())
}
