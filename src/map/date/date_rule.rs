//! Rule of a date: its formats, tried in order, and the time zone of those without an offset.
//!
//! Called by `rule`.

use chrono::{
    DateTime, Datelike, Duration, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime,
    TimeZone, Timelike, Utc,
};
use chrono_tz::Tz;

use super::{
    affix::{check_affix, check_dropped},
    date_format::{DateFormat, compile_formats, expected},
    excel::parse_excel,
    iso::{parse_iso, to_millis},
    locale::Locale,
    range::{PLAUSIBLE_YEARS, is_plausible},
    strftime::{DateValue, Strftime},
    zone::{is_utc, parse_zone},
};

const FIRST_YEAR_OF_FOUR_DIGITS: i32 = 1000;

/// The date formats of a column, with their time zone.
#[derive(Debug, Clone, PartialEq)]
pub struct DateRule {
    formats: Vec<DateFormat>,
    zone: Option<Tz>,
    /// Whether each row has a zone of its own; `zone` is UTC then, where only one is needed to
    /// compare formats.
    has_zone_of_row: bool,
    /// The indexes of formats that may read one text as different instants.
    overlaps: Vec<(usize, usize)>,
    /// For each format the same with day and month exchanged, if both orders are possible.
    exchanged: Vec<Option<Strftime>>,
    /// The time of day of dates that have none; midnight if the profile sets none.
    time: NaiveTime,
}

/// What a profile says of dates beside their formats.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::map) struct DateOptions<'t> {
    /// The zone of local times.
    pub(in crate::map) zone: Option<DateZone<'t>>,
    /// The time of day of dates that have none.
    pub(in crate::map) time: Option<NaiveTime>,
    /// The language of the names of months.
    pub(in crate::map) locale: Option<&'static Locale>,
}

/// The zone of local times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::map) enum DateZone<'t> {
    /// A region such as `Europe/London`, or an offset such as `-05:00`.
    Named(&'t str),
    /// The one that a row has beside its date.
    OfEachRow,
}

/// The instant of a parsed date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParsedInstant {
    /// The instant, to the millisecond.
    pub time: DateTime<Utc>,
    /// The local time was skipped or repeated by a clock change. Of two instants the first is
    /// used.
    pub is_ambiguous: bool,
}

impl DateRule {
    /// Creates a rule of formats, tried in order: chrono's `strftime` formats, or names such as
    /// `iso8601` and `excel`.
    ///
    /// A format without an offset needs a time zone such as `Europe/London` or `-05:00`. An error
    /// is a message.
    pub fn new(formats: &[String], zone: Option<&str>) -> Result<Self, String> {
        let zone = zone.map(DateZone::Named);
        Self::with_options(formats, &DateOptions { zone, ..DateOptions::default() })
    }

    /// The same, with the names of months in a language, such as `de`.
    pub fn in_language(
        formats: &[String],
        zone: Option<&str>,
        language: Option<&str>,
    ) -> Result<Self, String> {
        let zone = zone.map(DateZone::Named);
        let locale = language.map(Locale::new).transpose()?;
        Self::with_options(formats, &DateOptions { zone, locale, ..DateOptions::default() })
    }

    /// The same, with all that a profile says of the dates.
    pub(in crate::map) fn with_options(
        formats: &[String],
        options: &DateOptions<'_>,
    ) -> Result<Self, String> {
        let zone = match options.zone {
            Some(DateZone::Named(name)) => {
                Some((name, parse_zone(name).map_err(|error| error.to_string())?))
            }
            Some(DateZone::OfEachRow) => Some((Tz::UTC.name(), Tz::UTC)),
            None => None,
        };
        let formats = compile_formats(formats, options.locale)?;
        let has_zone_of_row = options.zone == Some(DateZone::OfEachRow);
        match zone {
            Some(_) if has_zone_of_row && !formats.iter().any(DateFormat::needs_zone) => {
                return Err(
                    "has a zone of each row, but every date has an offset; expected none, \
                            or a format without an offset"
                        .to_owned(),
                );
            }
            None if formats.iter().any(DateFormat::needs_zone) => {
                return Err("a date format without an offset needs a zone, such as zone = \
                            \"Europe/London\""
                    .to_owned());
            }
            Some((name, zone)) => check_zone(&formats, name, zone)?,
            None => {}
        }
        let zone = zone.map(|(_, zone)| zone);
        Ok(Self { has_zone_of_row, ..Self::compiled(formats, zone, options.time) })
    }

    fn compiled(mut formats: Vec<DateFormat>, zone: Option<Tz>, time: Option<NaiveTime>) -> Self {
        let time = time.unwrap_or(NaiveTime::MIN);
        for format in &mut formats {
            if let DateFormat::Strftime(format) = format {
                format.set_time(time);
            }
        }
        let exchanged = formats.iter().map(|format| match format {
            DateFormat::Strftime(format) => format.exchanged(),
            DateFormat::Iso | DateFormat::Epoch(_) | DateFormat::Excel => None,
        });
        let exchanged = exchanged.collect();
        let has_zone_of_row = false;
        let mut rule =
            Self { formats, zone, has_zone_of_row, overlaps: Vec::new(), exchanged, time };
        rule.overlaps = rule.find_overlaps();
        rule
    }

    /// Finds the pairs of formats that may read one text as different instants, by dates of a whole
    /// year that each of them writes.
    fn find_overlaps(&self) -> Vec<(usize, usize)> {
        let pairs = (0..self.formats.len())
            .flat_map(|first| (first + 1..self.formats.len()).map(move |other| (first, other)));
        pairs
            .filter(|(first, other)| self.overlap(*first, *other) || self.overlap(*other, *first))
            .collect()
    }

    /// Whether a format reads a text that another one writes, as a different instant.
    fn overlap(&self, writer: usize, reader: usize) -> bool {
        let DateFormat::Strftime(writer) = &self.formats[writer] else { return false };
        samples_of_a_year().any(|sample| {
            let Some(text) = writer.write(sample) else { return false };
            let read = |format| self.parse_with(format, &text, self.zone).map(|read| read.time);
            let written = writer.parse(&text).and_then(|value| instant(value, self.zone));
            let read = read(&self.formats[reader]);
            read.is_some() && read != written.map(|written| written.time)
        })
    }

    /// The indexes of formats that may read one text as different instants.
    pub(in crate::map) fn overlaps(&self) -> &[(usize, usize)] {
        &self.overlaps
    }

    /// Returns an error if two formats may read one text as different instants: for a field whose
    /// dates are not compared over the whole export.
    pub(in crate::map) fn ensure_no_overlap(&self) -> Result<(), String> {
        let Some((first, other)) = self.overlaps.first() else { return Ok(()) };
        let name =
            |index: &usize| expected(std::slice::from_ref(&self.formats[*index]), PLAUSIBLE_YEARS);
        Err(format!(
            "has dates that {} and {} read differently; expected one of them",
            name(first),
            name(other)
        ))
    }

    /// Returns an error if a text that the dates are without says which time they are; `key` is the
    /// one that has the text.
    pub(in crate::map) fn check_affix(&self, key: &str, text: &str) -> Result<(), String> {
        self.zone.filter(|_| self.needs_zone()).map_or(Ok(()), |zone| check_affix(key, text, zone))
    }

    /// Returns an error if a text that `split` drops before a local time or behind it says which time
    /// it is; `text` is the date, `zone` that of the row. A date without a time of day is without a
    /// zone too.
    pub(in crate::map) fn check_dropped(
        &self,
        dropped: [&str; 2],
        separator: &str,
        text: &str,
        zone: Option<Tz>,
    ) -> Result<(), String> {
        let zone = self.zone_of_row(zone);
        let format = self.format_of(text, zone);
        let is_local_time = |format: &DateFormat| format.needs_zone() && has_time(format, text);
        match zone.filter(|_| format.is_some_and(is_local_time)) {
            Some(zone) => check_dropped(dropped, separator, zone),
            None => Ok(()),
        }
    }

    /// The zone of local times; `zone` is that of the row.
    fn zone_of_row(&self, zone: Option<Tz>) -> Option<Tz> {
        if self.has_zone_of_row { zone } else { self.zone }
    }

    /// The format that reads a text.
    fn format_of(&self, text: &str, zone: Option<Tz>) -> Option<&DateFormat> {
        self.formats.iter().find(|format| self.parse_with(format, text, zone).is_some())
    }

    /// Whether a date of one of the formats is a local time.
    fn needs_zone(&self) -> bool {
        self.formats.iter().any(DateFormat::needs_zone)
    }

    /// Whether its zone has no effect, and contradicts the dates. That of UTC contradicts none.
    pub(in crate::map) fn ignores_zone(&self) -> bool {
        let contradicts = self.formats.iter().any(DateFormat::contradicts_zone);
        !self.needs_zone() && contradicts && self.zone.is_some_and(|zone| !is_utc(zone))
    }

    /// Whether a date of one of the formats may have no time of day.
    pub(in crate::map) fn may_lack_time(&self) -> bool {
        self.formats.iter().any(DateFormat::may_lack_time)
    }

    /// Whether one of the formats reads the name of a month.
    pub(in crate::map) fn has_month_name(&self) -> bool {
        self.formats.iter().any(DateFormat::has_month_name)
    }

    /// The instant that one of the formats reads.
    pub(in crate::map) fn parse_as(&self, format: usize, text: &str) -> Option<DateTime<Utc>> {
        Some(self.parse_with(&self.formats[format], text, self.zone)?.time)
    }

    /// Whether the numbers of day and month have the same form, so that both orders are possible.
    pub(in crate::map) fn is_exchangeable(&self) -> bool {
        self.exchanged.iter().any(Option::is_some)
    }

    /// The local time of a text, and the one with day and month exchanged. No times if the format
    /// of the text has one order only: such a text shows nothing about the others.
    pub(in crate::map) fn parse_both_orders(&self, text: &str) -> [Option<NaiveDateTime>; 2] {
        let read = self.formats.iter().zip(&self.exchanged).find_map(|(format, exchanged)| {
            self.parse_with(format, text, self.zone).map(|_| (format, exchanged))
        });
        let Some((DateFormat::Strftime(format), Some(exchanged))) = read else { return [None; 2] };
        [format, exchanged].map(|format| Some(format.parse(text)?.local()))
    }

    /// The expected formats, for messages.
    #[must_use]
    pub fn expected(&self) -> String {
        expected(&self.formats, PLAUSIBLE_YEARS)
    }

    /// Parses a date; `None` if it has none of the formats.
    #[must_use]
    pub fn parse(&self, text: &str) -> Option<ParsedInstant> {
        self.parse_in(text, self.zone)
    }

    /// The same, with local times in the zone of the row; a date that needs one has none of the
    /// formats without it.
    #[must_use]
    pub fn parse_beside(&self, text: &str, zone: Option<Tz>) -> Option<ParsedInstant> {
        self.parse_in(text, self.zone_of_row(zone))
    }

    fn parse_in(&self, text: &str, zone: Option<Tz>) -> Option<ParsedInstant> {
        self.formats.iter().find_map(|format| self.parse_with(format, text, zone))
    }

    /// How the text of a date becomes an instant, in words; empty if it is one in UTC. `zone` is
    /// that of the row.
    #[must_use]
    pub fn step(&self, text: &str, zone: Option<Tz>) -> String {
        let zone = self.zone_of_row(zone);
        match self.format_of(text, zone) {
            None => String::new(),
            Some(DateFormat::Iso) if text.ends_with(['Z', 'z']) => String::new(),
            Some(DateFormat::Iso) => "to UTC".to_owned(),
            Some(format) => {
                let at = if has_time(format, text) || self.time == NaiveTime::MIN {
                    String::new()
                } else {
                    format!(" at {}", self.time.format("%H:%M:%S"))
                };
                let zone = zone.filter(|_| format.needs_zone());
                let zone = zone.map_or_else(String::new, |zone| format!(" {}", zone.name()));
                format!("as {}{at},{zone} to UTC", format.name())
            }
        }
    }

    /// Whether an instant may come from a date without a time of day: it is midnight, or the time
    /// that such dates have, in the rule's zone or in UTC.
    #[must_use]
    pub fn may_be_date_only(&self, time: DateTime<Utc>) -> bool {
        let is_date_only = |time: NaiveTime| time == NaiveTime::MIN || time == self.time;
        let is_there = |zone: Tz| is_date_only(time.with_timezone(&zone).time());
        // Zones differ in quarters of an hour, so any such time may be midnight in one of them.
        let may_be_anywhere =
            self.has_zone_of_row && time.minute().is_multiple_of(15) && time.second() == 0;
        is_date_only(time.time()) || self.zone.is_some_and(is_there) || may_be_anywhere
    }

    fn parse_with(
        &self,
        format: &DateFormat,
        text: &str,
        zone: Option<Tz>,
    ) -> Option<ParsedInstant> {
        match format {
            DateFormat::Iso => Some(ParsedInstant { time: parse_iso(text)?, is_ambiguous: false }),
            DateFormat::Epoch(unit) => {
                Some(ParsedInstant { time: unit.parse(text)?, is_ambiguous: false })
            }
            DateFormat::Excel => {
                let (day, time) = parse_excel(text)?;
                let local = day.and_time(time.unwrap_or(self.time));
                resolve_local(Some(local).filter(|local| is_plausible(*local))?, zone)
            }
            DateFormat::Strftime(format) => {
                // `%Y` reads two digits as the year 25. Of several formats another one, with `%y`,
                // is for these; alone, the year is reported.
                let value = format.parse(text).filter(|value| {
                    self.formats.len() == 1 || value.local().year() >= FIRST_YEAR_OF_FOUR_DIGITS
                })?;
                instant(value, zone)
            }
        }
    }
}

/// Whether a date of a format has a time of day.
fn has_time(format: &DateFormat, text: &str) -> bool {
    match format {
        DateFormat::Excel => parse_excel(text).is_some_and(|(_, time)| time.is_some()),
        format => !format.may_lack_time(),
    }
}

fn instant(value: DateValue, zone: Option<Tz>) -> Option<ParsedInstant> {
    match value {
        DateValue::Instant(time) => {
            Some(ParsedInstant { time: to_millis(&time), is_ambiguous: false })
        }
        DateValue::Local(time) => resolve_local(time, zone),
    }
}

fn resolve_local(time: NaiveDateTime, zone: Option<Tz>) -> Option<ParsedInstant> {
    let zone = zone?;
    let (time, is_ambiguous) = match zone.from_local_datetime(&time) {
        LocalResult::Single(time) => (time, false),
        LocalResult::Ambiguous(first, _) => (first, true),
        // Clocks skip at most an hour. The time is read with the offset before the change, which
        // is the instant that the clocks show as one hour later.
        LocalResult::None => {
            (zone.from_local_datetime(&(time + Duration::hours(1))).earliest()?, true)
        }
    };
    Some(ParsedInstant { time: to_millis(&time), is_ambiguous })
}

/// Every day of a year, at times whose numbers differ.
fn samples_of_a_year() -> impl Iterator<Item = DateTime<FixedOffset>> {
    let start = NaiveDate::from_ymd_opt(2025, 1, 1).and_then(|day| day.and_hms_opt(9, 10, 11));
    let days =
        start.into_iter().flat_map(|start| (0..365).map(move |day| start + Duration::days(day)));
    days.map(|time| time.and_utc().fixed_offset())
}

/// Refuses a zone that contradicts a format's own `Z`, `UTC` or `GMT`. Where another format needs
/// the zone, it is for that one.
fn check_zone(formats: &[DateFormat], name: &str, zone: Tz) -> Result<(), String> {
    if is_utc(zone) || formats.iter().any(DateFormat::needs_zone) {
        return Ok(());
    }
    let contradicted = formats.iter().find_map(|format| match format {
        DateFormat::Strftime(format) if format.is_literally_utc() => Some(&format.text),
        _ => None,
    });
    contradicted.map_or(Ok(()), |text| {
        Err(format!("date format {text:?} says UTC, but zone is {name:?}; remove one"))
    })
}

#[cfg(test)]
mod tests {
    use super::{super::ISO_8601, *};

    fn canonical(format: &str, zone: &str, text: &str) -> Option<(String, bool)> {
        let zone = (!zone.is_empty()).then_some(zone);
        let date = DateRule::new(&[format.to_owned()], zone).unwrap().parse(text)?;
        Some((date.time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true), date.is_ambiguous))
    }

    #[test]
    fn accepts_iso_8601_variants() {
        let utc = |text| canonical(ISO_8601, "", text).map(|(text, _)| text);
        assert_eq!(utc("2025-01-01T16:17:16.000Z").as_deref(), Some("2025-01-01T16:17:16.000Z"));
        assert_eq!(utc("2016-12-26T09:28:48+00:00").as_deref(), Some("2016-12-26T09:28:48.000Z"));
        assert_eq!(utc("2025-07-01T12:00+0200").as_deref(), Some("2025-07-01T10:00:00.000Z"));
        assert_eq!(utc("2025-07-01 12:00:00-05").as_deref(), Some("2025-07-01T17:00:00.000Z"));
        assert_eq!(utc("2016-12-31T23:59:60Z").as_deref(), Some("2017-01-01T00:00:00.000Z"));
        assert_eq!(utc("2025-07-01T12:00:00"), None);
        assert_eq!(utc("2025-02-30T12:00:00Z"), None);
    }

    #[test]
    fn local_time_in_clock_change_is_ambiguous() {
        let london = |text| canonical("%Y-%m-%d %H:%M:%S", "Europe/London", text);
        assert_eq!(london("2010-12-01 08:26:00"), Some(("2010-12-01T08:26:00.000Z".into(), false)));
        assert_eq!(london("2011-07-01 08:26:00"), Some(("2011-07-01T07:26:00.000Z".into(), false)));
        assert_eq!(london("2011-10-30 01:30:00"), Some(("2011-10-30T00:30:00.000Z".into(), true)));
        assert_eq!(london("2011-03-27 01:30:00"), Some(("2011-03-27T01:30:00.000Z".into(), true)));
        assert_eq!(
            canonical("%d.%m.%Y", "Europe/Berlin", "01.07.2025").unwrap().0,
            "2025-06-30T22:00:00.000Z"
        );
    }

    #[test]
    fn invalid_date_rule_is_refused() {
        let error = |format: &str, zone| DateRule::new(&[format.to_owned()], zone).unwrap_err();
        assert!(error("%Y-%m-%d", None).contains("needs a zone"));
        let meant = |format| {
            error(format, Some("UTC")).split_once("mean ").map(|(_, meant)| meant.to_owned())
        };
        assert_eq!(meant("yyyy-MM-dd").as_deref(), Some("\"%Y-%m-%d\"?"));
        assert_eq!(meant("DD.MM.YY hh:mm:ss").as_deref(), Some("\"%d.%m.%y %H:%M:%S\"?"));
        assert_eq!(["hh:mm", "d.m.yyyy", "dd/MMM/yyyy"].map(meant), [const { None }; 3]);
        assert!(error("MM", Some("UTC")).contains("invalid date format"));
        assert!(error("%Y %Q", Some("UTC")).contains("invalid date format"));
        assert!(error("%Y-%m-%d", Some("Europe/Lodon")).contains("Europe/London"));
        assert!(error("%Y-%m-%d", Some("EST")).contains("America/New_York"));
        assert!(error("%FT%TZ", Some("Europe/Berlin")).contains("says UTC"));
    }

    #[test]
    fn time_of_day_is_kept_in_every_form_of_the_hour() {
        let berlin = |format, text| canonical(format, "Europe/Berlin", text).unwrap().0;
        assert_eq!(berlin("%-m/%-d/%Y %-H:%M", "9/6/2025 6:29"), "2025-09-06T04:29:00.000Z");
        assert_eq!(berlin("%-m/%-d/%Y %k:%M", "9/6/2025 18:05"), "2025-09-06T16:05:00.000Z");
        assert_eq!(berlin("%-m/%-d/%Y %-I:%M %p", "9/6/2025 6:05 PM"), "2025-09-06T16:05:00.000Z");
        assert_eq!(berlin("%F %R", "2025-09-06 18:05"), "2025-09-06T16:05:00.000Z");
    }

    #[test]
    fn literal_utc_is_read_as_utc_beside_a_format_that_needs_the_zone() {
        let formats = ["%Y-%m-%dT%H:%M:%SZ", "%d.%m.%Y %H:%M"].map(str::to_owned);
        let rule = DateRule::new(&formats, Some("Europe/Berlin")).unwrap();
        let time = |text| rule.parse(text).unwrap().time.to_string();
        assert_eq!(time("2025-09-06T18:05:00Z"), "2025-09-06 18:05:00 UTC");
        assert_eq!(time("06.09.2025 18:05"), "2025-09-06 16:05:00 UTC");
        assert!(DateRule::new(&formats[..1], Some("Etc/UTC")).is_ok());
        assert!(DateRule::new(&formats[..1], None).is_ok());
    }

    #[test]
    fn formats_that_overlap_are_found() {
        let overlaps = |formats: &[&str]| {
            let formats: Vec<_> = formats.iter().map(|format| (*format).to_owned()).collect();
            DateRule::new(&formats, Some("Europe/Berlin")).unwrap().overlaps
        };
        assert_eq!(overlaps(&["%d/%m/%Y", "%m/%d/%Y"]), [(0, 1)]);
        assert_eq!(overlaps(&["%d/%m/%Y", "%d/%m/%y"]), []);
        assert_eq!(overlaps(&["iso8601", "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d-%m-%Y"]), []);
        assert_eq!(overlaps(&["%Y-%m-%d %H:%M", "%Y-%m-%d %k:%M"]), []);
        assert_eq!(overlaps(&["iso8601", "%m/%d/%y %R", "%d/%m/%y %R"]), [(1, 2)]);
    }

    #[test]
    fn years_of_two_and_four_digits_may_be_mixed() {
        for formats in [["%d.%m.%y", "%d.%m.%Y"], ["%d.%m.%Y", "%d.%m.%y"]] {
            let rule = DateRule::new(&formats.map(str::to_owned), Some("UTC")).unwrap();
            for text in ["03.04.25", "03.04.2025"] {
                let time = rule.parse(text).unwrap().time.to_string();
                assert_eq!(time, "2025-04-03 00:00:00 UTC", "{formats:?} {text}");
            }
        }
    }

    #[test]
    fn day_and_month_are_exchangeable_before_the_year() {
        let exchanged = |format: &str, text| {
            let rule = DateRule::new(&[format.to_owned()], Some("Asia/Tokyo")).unwrap();
            rule.parse_both_orders(text)[1]
        };
        let time = |format, text| exchanged(format, text).map(|time| time.to_string());
        let first_of_march = Some("2026-03-01 10:00:00".to_owned());
        assert_eq!(time("%d/%m/%Y %H:%M", "03/01/2026 10:00"), first_of_march);
        assert_eq!(time("%-m.%-d.%y %H:%M", "1.3.26 10:00"), first_of_march);
        assert_eq!(time("%d/%m/%Y %H:%M", "13/01/2026 10:00"), None);
        assert_eq!(time("%Y-%m-%d", "2026-03-01"), None);
        assert_eq!(time("%d %b %Y", "03 Jan 2026"), None);
    }

    #[test]
    fn each_format_of_a_list_is_exchanged() {
        let formats = ["%d/%m/%Y %H:%M", "%d/%m/%Y", "%d %b %Y", "iso8601"].map(str::to_owned);
        let rule = DateRule::new(&formats, Some("Asia/Tokyo")).unwrap();
        assert!(rule.is_exchangeable());
        let days = |text| {
            let times = rule.parse_both_orders(text);
            times.map(|time| time.map(|time| (time.day(), time.month())))
        };
        assert_eq!(days("03/01/2026 10:00"), [Some((3, 1)), Some((1, 3))]);
        assert_eq!(days("03/01/2026"), [Some((3, 1)), Some((1, 3))]);
        assert_eq!(days("13/01/2026"), [Some((13, 1)), None]);
        // Not even that the others are day first.
        assert_eq!(days("13 Jan 2026"), [None; 2]);
        assert_eq!(days("2026-01-03T10:00:00Z"), [None; 2]);
    }

    #[test]
    fn stripped_text_matters_where_a_format_needs_the_zone() {
        let rule = |formats: &[&str]| {
            let formats: Vec<_> = formats.iter().map(|format| (*format).to_owned()).collect();
            DateRule::new(&formats, Some("Europe/Berlin")).unwrap()
        };
        let error = rule(&["iso8601", "%F %T"]).check_affix("strip_suffix", "Z").unwrap_err();
        assert!(error.contains("strip_suffix = \"Z\" strips what says UTC"), "{error}");
        assert!(rule(&["%F %T"]).check_affix("strip_prefix", "UTC ").is_err());
        assert!(rule(&["%d.%m.%Y %T"]).check_affix("strip_prefix", "am ").is_ok());
        assert!(rule(&["%d.%m.%Y %T"]).check_affix("strip_suffix", " Uhr").is_ok());
        // `GMT+0100 (CET)`
        assert!(rule(&["%F %T %z"]).check_affix("strip_suffix", " (PST)").is_ok());
    }

    #[test]
    fn date_without_a_time_of_day_gets_the_declared_one() {
        let rule = |formats: &[&str]| {
            let formats: Vec<_> = formats.iter().map(|format| (*format).to_owned()).collect();
            let time = NaiveTime::from_hms_opt(12, 0, 0);
            let options =
                DateOptions { zone: Some(DateZone::Named("America/New_York")), time, locale: None };
            DateRule::with_options(&formats, &options).unwrap()
        };
        let formats = rule(&["%m/%d/%y %H:%M", "%m/%d/%y", "excel"]);
        for (text, expected, step) in [
            ("07/05/25 10:15", "14:15", "as %m/%d/%y %H:%M, America/New_York to UTC"),
            ("07/05/25", "16:00", "as %m/%d/%y at 12:00:00, America/New_York to UTC"),
            ("45843", "16:00", "as excel at 12:00:00, America/New_York to UTC"),
            ("45843.25", "10:00", "as excel, America/New_York to UTC"),
        ] {
            let time = formats.parse(text).unwrap().time;
            assert_eq!(time.to_string(), format!("2025-07-05 {expected}:00 UTC"), "{text}");
            assert_eq!(formats.step(text, None), step);
            let may_be_date_only = !step.contains(":%M") && text != "45843.25";
            assert_eq!(formats.may_be_date_only(time), may_be_date_only, "{text}");
        }
        // 1950, and 29 February 1900.
        for text in ["18264", "60", "2025"] {
            assert_eq!(formats.parse(text), None, "{text}");
        }
        assert!(rule(&["%m/%d/%Y", "excel", "epoch", "epoch_ms"]).overlaps().is_empty());
    }
}
