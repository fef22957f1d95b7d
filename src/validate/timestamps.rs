//! Rules of `orderedAt`, of orders and of items: readable, not before the profile's earliest order,
//! not in the future, and not one of the dates that stand for none.
//!
//! Called by `order` and `items`.

use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, Duration, NaiveDate, NaiveTime, Utc};

use super::{findings::Findings, settings::ValidateSettings};
use crate::model::{draft::Cell, problem::Code};

/// Dates that programs write for "none": year 1 (.NET, Go), the first days of spreadsheets, the
/// start of Unix time.
const NULL_DATES: [(i32, u32, u32); 5] =
    [(1, 1, 1), (1899, 12, 30), (1899, 12, 31), (1900, 1, 1), (1970, 1, 1)];

/// The year of the last of them.
const LAST_NULL_YEAR: i32 = 1970;

/// Returns the time that `map` parsed, or parses the constant of a profile as RFC 3339.
pub(super) fn timestamp(parsed: Option<DateTime<Utc>>, text: &str) -> Option<DateTime<Utc>> {
    let constant = || DateTime::parse_from_rfc3339(text).ok().map(|time| time.with_timezone(&Utc));
    parsed.or_else(constant)
}

/// Times of orders and items that are plausible without a closer look: none of them is before 1971,
/// as dates that stand for none are.
pub(super) struct PlainTimes {
    earliest: DateTime<Utc>,
    latest: DateTime<Utc>,
}

impl PlainTimes {
    pub(super) fn new(settings: &ValidateSettings) -> Self {
        let day = |year| NaiveDate::from_yo_opt(year, 1).unwrap_or(NaiveDate::MAX);
        let start = |day: NaiveDate| day.and_time(NaiveTime::MIN).and_utc();
        let latest = latest(settings).min(start(day(*FOUR_DIGITS.end())));
        Self { earliest: start(settings.earliest_order.max(day(LAST_NULL_YEAR + 1))), latest }
    }

    pub(super) fn contains(&self, time: DateTime<Utc>) -> bool {
        (self.earliest..=self.latest).contains(&time)
    }
}

/// The target's format has four digits.
const FOUR_DIGITS: RangeInclusive<i32> = 0..=9999;

/// "ISO 8601 Date/Time UTC": the time of an order. An implausible one is an error, since an
/// accepted order cannot be taken back.
pub(super) fn check_order_time(
    cell: &Cell<'_>,
    settings: &ValidateSettings,
    findings: &mut Findings,
) -> Option<DateTime<Utc>> {
    let time = readable(cell, findings)?;
    if let Some((code, message)) = implausible(time, &cell.text, settings) {
        findings.on_cell(code, cell, message);
    }
    Some(time)
}

/// "ISO 8601 Date/Time UTC": the time of an item. An implausible one is only a warning, since the
/// order's own time is what counts.
pub(super) fn check_item_time(
    cell: &Cell<'_>,
    settings: &ValidateSettings,
    findings: &mut Findings,
) -> Option<DateTime<Utc>> {
    let time = readable(cell, findings)?;
    if let Some((_, message)) = implausible(time, &cell.text, settings) {
        findings.on_cell(Code::ItemTimestampImplausible, cell, message);
    }
    Some(time)
}

fn readable(cell: &Cell<'_>, findings: &mut Findings) -> Option<DateTime<Utc>> {
    let time = timestamp(cell.time, &cell.text);
    let message = match time.map(|time| time.year()) {
        None => format!("invalid timestamp {:?}; expected ISO 8601 with an offset or Z", cell.text),
        Some(year) if !FOUR_DIGITS.contains(&year) => {
            format!("{:?} is in the year {year}; is it in milliseconds?", cell.text)
        }
        Some(_) => return time,
    };
    findings.on_cell(Code::TimestampUnreadable, cell, message);
    None
}

/// The code and message of a time that no order can have.
fn implausible(
    time: DateTime<Utc>,
    text: &str,
    settings: &ValidateSettings,
) -> Option<(Code, String)> {
    if time > latest(settings) {
        return Some((Code::TimestampInFuture, format!("{text:?} is in the future")));
    }
    let is_early = time.date_naive() < settings.earliest_order;
    if !is_early && !is_null_date(time) {
        return None;
    }
    let message = if is_null_date(time) {
        format!("{text:?} is {}, which means no date", time.format("%Y-%m-%d"))
    } else if (0..100).contains(&time.year()) {
        format!("{text:?} is in the year {}; a year of two digits is read with %y", time.year())
    } else {
        format!("{text:?} is before {}, the earliest_order of the profile", settings.earliest_order)
    };
    Some((Code::TimestampTooEarly, message))
}

/// The last time at which an order can have been made.
fn latest(settings: &ValidateSettings) -> DateTime<Utc> {
    // One day of tolerance, because clocks and time zones differ.
    settings.now + Duration::days(1)
}

/// Whether a time is the midnight, in any time zone, of a date that means none.
fn is_null_date(time: DateTime<Utc>) -> bool {
    // Recent orders need no look at the list.
    if time.year() > LAST_NULL_YEAR {
        return false;
    }
    let midnights = NULL_DATES.iter().filter_map(|(year, month, day)| {
        NaiveDate::from_ymd_opt(*year, *month, *day)?.and_hms_opt(0, 0, 0)
    });
    // Zones differ from UTC by at most 14 hours, and by parts of an hour in early years.
    midnights.into_iter().any(|midnight| (time.naive_utc() - midnight).abs() <= Duration::hours(14))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(time: &str, earliest: &str) -> Option<(Code, String)> {
        let settings = ValidateSettings {
            earliest_order: earliest.parse().unwrap(),
            ..crate::validate::tests::settings().validate()
        };
        implausible(time.parse().unwrap(), "x", &settings)
    }

    #[test]
    fn time_of_no_order_is_refused() {
        for (time, code, message) in [
            ("0025-09-06T05:35:32Z", Code::TimestampTooEarly, "year 25; a year of two digits"),
            ("0001-01-01T00:00:00Z", Code::TimestampTooEarly, "0001-01-01, which means no date"),
            ("1970-01-01T00:00:00Z", Code::TimestampTooEarly, "means no date"),
            ("1970-01-21T11:33:39.600Z", Code::TimestampTooEarly, "before 2000-01-01"),
            ("1999-12-31T23:59:59.999Z", Code::TimestampTooEarly, "before 2000-01-01"),
            ("2025-06-02T12:00:01Z", Code::TimestampInFuture, "in the future"),
        ] {
            let (found, text) = found(time, "2000-01-01").unwrap();
            assert!(found == code && text.contains(message), "{time}: {text}");
        }
        assert_eq!(found("2000-01-01T00:00:00Z", "2000-01-01"), None);
        assert_eq!(found("2025-06-02T12:00:00Z", "2000-01-01"), None);
    }

    #[test]
    fn null_date_is_refused_under_an_early_bound() {
        let code = |time| found(time, "0001-01-01").map(|(code, _)| code);
        // 1899-12-30 00:00 in Berlin, and the start of Unix time as local time in New York.
        for time in ["1899-12-29T23:06:32Z", "1970-01-01T00:00:00Z", "1970-01-01T05:00:00Z"] {
            assert_eq!(code(time), Some(Code::TimestampTooEarly), "{time}");
        }
        assert_eq!(code("1969-07-20T20:17:00Z"), None);
    }

    proptest! {
        #[test]
        fn plain_times_are_plausible(
            seconds in prop_oneof![-63_000_000_000_i64..260_000_000_000, -9000..40_000_000_i64],
            earliest in -1000..40_000_i64,
            now in 0..4_102_444_800_i64,
        ) {
            let time = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
            let settings = ValidateSettings {
                earliest_order: time(earliest * 86_400).date_naive(),
                now: time(now),
                ..crate::validate::tests::settings().validate()
            };
            for seconds in [seconds, now + 86_400, now + 86_401, earliest * 86_400] {
                let time = time(seconds);
                let is_plausible = FOUR_DIGITS.contains(&time.year())
                    && implausible(time, "", &settings).is_none();
                let is_plain = PlainTimes::new(&settings).contains(time);
                prop_assert!(is_plausible || !is_plain, "{}", time);
                prop_assert!(is_plain || !is_plausible || time.year() <= 1970, "{}", time);
            }
        }
    }
}
