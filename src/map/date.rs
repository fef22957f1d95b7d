//! Parsing of dates in exports to instants in UTC, to the millisecond.
//!
//! Formats are chrono's `strftime` formats or `iso8601`; a format without an offset needs a time
//! zone. Does not guess a format. Called by `rule`.

use chrono::{
    DateTime, Duration, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, TimeZone,
    Utc,
};
use chrono_tz::Tz;

use crate::model::suggest::{did_you_mean, suggest};

/// The name of the format ISO 8601 with an offset or `Z`, which needs no zone.
pub const ISO_8601: &str = "iso8601";

/// The date formats of a column, with their time zone.
#[derive(Debug, Clone, PartialEq)]
pub struct DateRule {
    formats: Vec<DateFormat>,
    zone: Option<Tz>,
}

#[derive(Debug, Clone, PartialEq)]
enum DateFormat {
    Iso,
    /// The format contains an offset.
    WithOffset(String),
    /// Local time in the rule's zone.
    Local(String),
    /// A date without a time of day: midnight in the rule's zone.
    Day(String),
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
    /// Creates a rule of formats, tried in order: chrono's `strftime` formats, or `iso8601`.
    ///
    /// A format without an offset needs the name of a time zone such as `Europe/London`. An error
    /// is a message.
    pub fn new(formats: &[String], zone: Option<&str>) -> Result<Self, String> {
        let zone =
            zone.map(|name| name.parse::<Tz>().map_err(|_| unknown_zone(name))).transpose()?;
        let formats: Vec<_> =
            formats.iter().map(|format| DateFormat::new(format)).collect::<Result<_, _>>()?;
        let needs_zone = formats
            .iter()
            .any(|format| matches!(format, DateFormat::Local(_) | DateFormat::Day(_)));
        if needs_zone && zone.is_none() {
            return Err(
                "a date format without an offset needs a zone, such as zone = \"Europe/London\""
                    .to_owned(),
            );
        }
        Ok(Self { formats, zone })
    }

    /// The expected formats, for messages.
    #[must_use]
    pub fn expected(&self) -> String {
        let names = self.formats.iter().map(|format| match format {
            DateFormat::Iso => "ISO 8601 with an offset or Z".to_owned(),
            DateFormat::WithOffset(format)
            | DateFormat::Local(format)
            | DateFormat::Day(format) => {
                format!("the format {format}")
            }
        });
        names.collect::<Vec<_>>().join(" or ")
    }

    /// Parses a date; `None` if it has none of the formats.
    #[must_use]
    pub fn parse(&self, text: &str) -> Option<ParsedInstant> {
        self.formats.iter().find_map(|format| self.parse_with(format, text))
    }

    /// Whether an instant is midnight in the rule's zone or in UTC, so that it may come from a
    /// date without a time of day.
    #[must_use]
    pub fn is_midnight(&self, time: DateTime<Utc>) -> bool {
        let is_midnight_there = |zone: Tz| time.with_timezone(&zone).time() == NaiveTime::MIN;
        time.time() == NaiveTime::MIN || self.zone.is_some_and(is_midnight_there)
    }

    fn parse_with(&self, format: &DateFormat, text: &str) -> Option<ParsedInstant> {
        let unambiguous = |time| ParsedInstant { time, is_ambiguous: false };
        match format {
            DateFormat::Iso => parse_common_iso(text)
                .or_else(|| Some(to_millis(&parse_iso(text)?)))
                .map(unambiguous),
            DateFormat::WithOffset(format) => DateTime::parse_from_str(text, format)
                .ok()
                .map(|time| unambiguous(to_millis(&time))),
            DateFormat::Local(format) => {
                self.resolve_local(NaiveDateTime::parse_from_str(text, format).ok()?)
            }
            DateFormat::Day(format) => self
                .resolve_local(NaiveDate::parse_from_str(text, format).ok()?.and_hms_opt(0, 0, 0)?),
        }
    }

    fn resolve_local(&self, time: NaiveDateTime) -> Option<ParsedInstant> {
        let zone = self.zone?;
        let (time, is_ambiguous) = match zone.from_local_datetime(&time) {
            LocalResult::Single(time) => (time, false),
            LocalResult::Ambiguous(first, _) => (first, true),
            // Clocks skip at most an hour. The time is read with the offset before the change,
            // which is the instant that the clocks show as one hour later.
            LocalResult::None => {
                (zone.from_local_datetime(&(time + Duration::hours(1))).earliest()?, true)
            }
        };
        Some(ParsedInstant { time: to_millis(&time), is_ambiguous })
    }
}

impl DateFormat {
    fn new(format: &str) -> Result<Self, String> {
        if format == ISO_8601 {
            return Ok(Self::Iso);
        }
        let items: Vec<_> = chrono::format::StrftimeItems::new(format).collect();
        // A text without a specifier, such as yyyy-MM-dd, is a valid format that matches only
        // itself.
        if items.contains(&chrono::format::Item::Error) || !format.contains('%') {
            return Err(format!(
                "invalid date format {format:?}; expected iso8601 or a format such as %Y-%m-%d \
                 %H:%M:%S"
            ));
        }
        let has = |specifiers: &[&str]| specifiers.iter().any(|mark| format.contains(mark));
        Ok(if has(&["%z", "%:z", "%#z", "%::z", "%+", "%s"]) {
            Self::WithOffset(format.to_owned())
        } else if has(&["%H", "%I", "%k", "%l", "%T", "%R", "%X", "%c", "%r"]) {
            Self::Local(format.to_owned())
        } else {
            Self::Day(format.to_owned())
        })
    }
}

fn to_millis<Z: TimeZone>(time: &DateTime<Z>) -> DateTime<Utc> {
    // The conversion to milliseconds turns a leap second into the second after it: few services
    // accept `:60`.
    DateTime::from_timestamp_millis(time.timestamp_millis())
        .unwrap_or_else(|| time.with_timezone(&Utc))
}

/// Fast path for the common form of ISO 8601: `2025-01-01T16:17:16Z`, optionally with a blank for
/// the `T`, a fraction or an offset.
// chrono's format parser, which handles the other forms, takes ten times as long.
fn parse_common_iso(text: &str) -> Option<DateTime<Utc>> {
    let bytes = text.as_bytes();
    let (start, rest) = bytes.split_at_checked(19)?;
    let number = |digits: std::ops::Range<usize>| decimal(&start[digits]);
    let is_formed =
        [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')].iter().all(|(at, mark)| start[*at] == *mark);
    // A leap second is left to the slow path.
    if !is_formed || !matches!(start[10], b'T' | b' ') || number(17..19)? > 59 {
        return None;
    }
    let date =
        NaiveDate::from_ymd_opt(i32::try_from(number(0..4)?).ok()?, number(5..7)?, number(8..10)?)?;
    let (millis, offset) = parse_fraction(rest)?;
    let time = date
        .and_hms_milli_opt(number(11..13)?, number(14..16)?, number(17..19)?, millis)?
        .and_utc();
    time.checked_sub_signed(Duration::seconds(offset_seconds(offset)?))
}

/// The milliseconds of a fraction such as `.123456`, and the text after it.
fn parse_fraction(text: &[u8]) -> Option<(u32, &[u8])> {
    let Some(after) = text.strip_prefix(b".") else { return Some((0, text)) };
    let n_digits = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (digits, rest) = after.split_at(n_digits);
    // More than nine digits would overflow; the slow path parses them.
    let scale =
        10_u32.checked_pow(u32::try_from(n_digits).ok().filter(|n| (1..=9).contains(n))?)?;
    Some((u32::try_from(u64::from(decimal(digits)?) * 1000 / u64::from(scale)).ok()?, rest))
}

/// The seconds of an offset: `Z`, `+02:00` or `+0200`.
fn offset_seconds(text: &[u8]) -> Option<i64> {
    let (sign, hours, minutes) = match text {
        [b'Z'] => return Some(0),
        [sign @ (b'+' | b'-'), hours @ .., b':', m1, m2] if hours.len() == 2 => {
            (*sign, hours, [*m1, *m2])
        }
        [sign @ (b'+' | b'-'), hours @ .., m1, m2] if hours.len() == 2 => {
            (*sign, hours, [*m1, *m2])
        }
        _ => return None,
    };
    let (hours, minutes) = (decimal(hours)?, decimal(&minutes)?);
    let seconds = i64::from(hours * 3600 + minutes * 60);
    (hours < 24 && minutes < 60).then_some(if sign == b'-' { -seconds } else { seconds })
}

// Callers pass at most nine digits, so the number cannot overflow.
fn decimal(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0, |number: u32, byte| {
        byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0'))
    })
}

/// Slow path: RFC 3339, and in addition an offset without a colon or minutes, or no seconds, which
/// ISO 8601 allows.
fn parse_iso(text: &str) -> Option<DateTime<FixedOffset>> {
    let with_offset =
        text.strip_suffix(['Z', 'z']).map_or(text.to_owned(), |time| format!("{time}+00:00"));
    ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"]
        .iter()
        .find_map(|format| DateTime::parse_from_str(&with_offset, format).ok())
}

fn unknown_zone(name: &str) -> String {
    let known = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
    format!("unknown time zone {name:?}{}", did_you_mean(suggest(name, known)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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

    proptest! {
        #[test]
        fn common_iso_equals_chrono(
            text in "(19|20)[0-9]{2}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,10})?(Z|z|[+-][0-2][0-9]:?[0-6][0-9])?",
        ) {
            if let Some(time) = parse_common_iso(&text) {
                prop_assert_eq!(Some(time), parse_iso(&text).map(|time| to_millis(&time)), "{}", text);
            }
        }
    }

    #[test]
    fn common_iso_takes_fast_path() {
        for text in
            ["2025-01-01T16:17:16Z", "2025-01-01 16:17:16.123+02:00", "2025-01-01T16:17:16-0500"]
        {
            assert!(parse_common_iso(text).is_some(), "{text}");
        }
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
        assert!(error("yyyy-MM-dd", Some("UTC")).contains("invalid date format"));
        assert!(error("%Y %Q", Some("UTC")).contains("invalid date format"));
        assert!(error("%Y-%m-%d", Some("Europe/Lodon")).contains("Europe/London"));
    }
}
