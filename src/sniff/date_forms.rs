//! Forms of dates: the formats that read all dates of a column, and how they differ.
//!
//! The rules of formats are those of `map`. Called by `values`.

use std::sync::LazyLock;

use chrono::{DateTime, Utc};

use crate::map::date::{DateRule, ISO_8601};

/// A format that reads every date of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DateForm {
    /// As a profile writes it.
    pub(super) format: String,
    /// The language of the names of its months, if it has any but English ones.
    pub(super) locale: Option<&'static str>,
    /// Whether its dates need a time zone, and a time of day.
    pub(super) needs_zone: bool,
    pub(super) lacks_time: bool,
    /// How it reads the first date that the formats read differently, in UTC.
    pub(super) example: String,
}

/// Dates without a time, the more common ones first.
const DATES: [&str; 23] = [
    "%Y-%m-%d",
    "%d.%m.%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%y",
    "%d/%m/%y",
    "%m/%d/%y",
    "%Y/%m/%d",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d-%m-%y",
    "%m-%d-%y",
    "%Y.%m.%d",
    "%d-%b-%Y",
    "%d-%b-%y",
    "%d %b %Y",
    "%b %d, %Y",
    "%d. %b %Y",
    "%b %d %Y",
    "%a, %d %b %Y",
    "%b-%d-%y",
    "%y-%m-%d",
    "%Y%m%d",
];

/// What is behind a date.
const TIMES: [&str; 14] = [
    "",
    " %H:%M:%S",
    " %H:%M",
    "T%H:%M:%S",
    "T%H:%M",
    " %H:%M:%S%.f",
    "T%H:%M:%S%.f",
    " %I:%M:%S %p",
    " %I:%M %p",
    ", %H:%M:%S",
    ", %H:%M",
    ", %I:%M:%S %p",
    ", %I:%M %p",
    " - %H:%M",
];

/// What is behind a time.
const OFFSETS: [&str; 3] = ["", " %z", "%z"];

/// The names of months are tried in these languages, in this order.
const LANGUAGES: [&str; 11] = ["en", "de", "fr", "es", "it", "nl", "pt", "pl", "da", "sv", "nb"];

/// Formats that have a name in profiles; `excel` only where a column is called a date.
const NAMED: [(&str, bool); 4] =
    [(ISO_8601, false), ("epoch", false), ("epoch_ms", false), ("excel", true)];

/// More distinct dates show nothing new.
const MAX_DATES: usize = 5000;

/// A candidate, compiled.
struct CandidateFormat {
    form: DateForm,
    rule: DateRule,
}

static CANDIDATES: LazyLock<Vec<CandidateFormat>> = LazyLock::new(|| {
    let named = NAMED
        .iter()
        .filter_map(|(name, needs_zone)| candidate(name, None, *needs_zone, *needs_zone));
    let mut candidates: Vec<_> = named.collect();
    for (date, time) in DATES.iter().flat_map(|date| TIMES.map(|time| (date, time))) {
        for offset in OFFSETS.iter().filter(|offset| offset.is_empty() || !time.is_empty()) {
            let format = format!("{date}{time}{offset}");
            let has_names = format.contains("%b");
            let languages = LANGUAGES.iter().filter(|_| has_names).map(|language| Some(*language));
            let languages = languages.chain(Some(None).filter(|_| !has_names));
            candidates.extend(languages.filter_map(|language| {
                candidate(&format, language, offset.is_empty(), time.is_empty())
            }));
        }
    }
    candidates
});

fn candidate(
    format: &str,
    language: Option<&'static str>,
    needs_zone: bool,
    lacks_time: bool,
) -> Option<CandidateFormat> {
    let zone = needs_zone.then_some("UTC");
    let locale = language.filter(|language| *language != "en");
    let rule = DateRule::in_language(&[format.to_owned()], zone, locale).ok()?;
    let form = DateForm {
        format: format.to_owned(),
        locale,
        needs_zone,
        lacks_time,
        example: String::new(),
    };
    Some(CandidateFormat { form, rule })
}

/// The formats that read all of the texts, the likeliest first; of those that read them alike only
/// one.
pub(super) fn date_forms<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<DateForm> {
    let texts: Vec<_> = texts.take(MAX_DATES).collect();
    let Some(first) = texts.first().filter(|text| may_be_date(text)) else { return Vec::new() };
    let mut forms: Vec<(DateForm, Vec<DateTime<Utc>>)> = Vec::new();
    for CandidateFormat { form, rule } in CANDIDATES.iter() {
        if !has_shape(first, &form.format) || parse(rule, first).is_none() {
            continue;
        }
        let times: Option<Vec<_>> = texts.iter().map(|text| parse(rule, text)).collect();
        let times = times.filter(|times| forms.iter().all(|(_, known)| known != times));
        forms.extend(times.map(|times| (form.clone(), times)));
    }
    let different = (0..texts.len())
        .find(|index| forms.iter().any(|(_, times)| times[*index] != forms[0].1[*index]));
    let shown = different.unwrap_or_default();
    let with_example = |(form, times): (DateForm, Vec<DateTime<Utc>>)| {
        let day = times[shown].format("%-d %B %Y");
        DateForm { example: format!("{} is {day}", texts[shown]), ..form }
    };
    forms.into_iter().map(with_example).collect()
}

/// Whether a text has the marks and names that a format has: cheap, since there are thousands of
/// formats.
fn has_shape(text: &str, format: &str) -> bool {
    if !format.starts_with('%') {
        return true;
    }
    let has_time = format.contains("%H") || format.contains("%I");
    let has_name = format.contains("%b");
    let n_letters = text.chars().filter(|c| c.is_alphabetic()).count();
    let mark = format.chars().nth(2).filter(|mark| matches!(mark, '-' | '/' | '.'));
    has_time == text.contains(':')
        && (!has_name || n_letters >= 3)
        && mark.is_none_or(|mark| text.contains(mark))
}

fn may_be_date(text: &str) -> bool {
    (5..=40).contains(&text.len()) && text.bytes().filter(u8::is_ascii_digit).count() >= 3
}

/// The time, if it is one of an order: a year of two digits that is read as four is none.
fn parse(rule: &DateRule, text: &str) -> Option<DateTime<Utc>> {
    let time = rule.parse(text)?.time;
    let year = chrono::Datelike::year(&time);
    (1990..2100).contains(&year).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formats(texts: &[&str]) -> Vec<String> {
        let forms = date_forms(texts.iter().copied());
        let shown = |form: DateForm| {
            let locale = form.locale.map(|locale| format!(" {locale}"));
            form.format + &locale.unwrap_or_default()
        };
        forms.into_iter().map(shown).collect()
    }

    #[test]
    fn formats_are_those_that_read_all_dates() {
        for (texts, expected) in [
            (&["2026-11-01T10:00:00Z"][..], &["iso8601"][..]),
            (&["2026-11-01 10:00:00 -0400"], &["iso8601"]),
            (&["2026-11-01 10:00"], &["%Y-%m-%d %H:%M"]),
            (&["31.12.2026"], &["%d.%m.%Y"]),
            (&["01.12.2026 09:05"], &["%d.%m.%Y %H:%M"]),
            (&["03/04/2026", "05/06/2026"], &["%d/%m/%Y", "%m/%d/%Y"]),
            (&["03/04/2026", "05/26/2026"], &["%m/%d/%Y"]),
            (&["03/04/26 1:05 PM"], &["%d/%m/%y %I:%M %p", "%m/%d/%y %I:%M %p"]),
            (&["10-Dez-25", "05-Mai-26"], &["%d-%b-%y de"]),
            (&["26-10-03"], &["%d-%m-%y", "%y-%m-%d"]),
            (&["Mar 3, 2017 03:41:28 PM"], &["%b %d, %Y %I:%M:%S %p"]),
            (&["1795651200"], &["epoch"]),
            (&["1795651200000"], &["epoch_ms"]),
            (&["Fri, 09 Aug 2013 13:18:20 +0000"], &["%a, %d %b %Y %H:%M:%S %z"]),
            (&["12.50", "3.20"], &[]),
            (&["Mug"], &[]),
        ] {
            assert_eq!(formats(texts), expected, "{texts:?}");
        }
    }

    #[test]
    fn example_is_a_date_that_the_formats_read_differently() {
        let forms = date_forms(["01/01/2026", "03/04/2026"].into_iter());
        let examples: Vec<_> = forms.iter().map(|form| form.example.as_str()).collect();
        assert_eq!(examples, ["03/04/2026 is 3 April 2026", "03/04/2026 is 4 March 2026"]);
    }
}
