//! Dates that are serial numbers of a spreadsheet (`excel`): days since 1900, with the time of day
//! as a fraction.
//!
//! The 1900 system. It has a day that never was, 29 February 1900, so its numbers before and after
//! that count from different days. Called by `date_rule` and `local_date_rule`.

use chrono::{Days, NaiveDate, NaiveTime, TimeDelta};

/// Its name in profiles.
pub(super) const EXCEL: &str = "excel";

/// The range of the numbers, for messages.
pub(super) const EXCEL_YEARS: &str = "of the years 1900 to 2099";

/// The number of 29 February 1900, which never was.
const FALSE_LEAP_DAY: u64 = 60;

/// The day 0 of the numbers after the false leap day.
const DAY_ZERO: NaiveDate = NaiveDate::from_ymd_opt(1899, 12, 30).expect("a day of the calendar");

/// The number of the last day of 2099.
const LAST: u64 = 73_050;

/// Digits of a fraction that are read; a spreadsheet has at most ten behind a day of today.
const FRACTION_DIGITS: usize = 15;

const SECONDS_PER_DAY: u64 = 24 * 60 * 60;

/// A day, and the time of day if the number has a fraction other than zero.
pub(super) type ExcelDate = (NaiveDate, Option<NaiveTime>);

/// Parses a serial number with a decimal point or comma. The time of day is rounded to the second,
/// as spreadsheets show it: most times of day have no exact fraction.
pub(super) fn parse_excel(text: &str) -> Option<ExcelDate> {
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, "0"));
    let are_digits =
        |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits(whole) || !are_digits(fraction) {
        return None;
    }
    let days: u64 = whole.parse().ok().filter(|days| (1..=LAST).contains(days))?;
    let day = match days {
        ..FALSE_LEAP_DAY => DAY_ZERO + Days::new(days + 1),
        FALSE_LEAP_DAY => return None,
        _ => DAY_ZERO + Days::new(days),
    };
    if fraction.bytes().all(|digit| digit == b'0') {
        return Some((day, None));
    }
    let seconds = TimeDelta::seconds(i64::try_from(seconds_of_day(fraction)?).ok()?);
    let time = day.and_time(NaiveTime::MIN) + seconds;
    Some((time.date(), Some(time.time())))
}

/// The seconds of a fraction of a day, rounded; a whole day's for one that ends just before
/// midnight.
fn seconds_of_day(fraction: &str) -> Option<u64> {
    let digits = &fraction[..fraction.len().min(FRACTION_DIGITS)];
    let scale = 10_u128.pow(u32::try_from(digits.len()).ok()?);
    let scaled = digits.parse::<u128>().ok()? * u128::from(SECONDS_PER_DAY);
    u64::try_from((scaled + scale / 2) / scale).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        let (day, time) = parse_excel(text)?;
        Some(time.map_or_else(|| day.to_string(), |time| day.and_time(time).to_string()))
    }

    #[test]
    fn serial_number_is_a_day_and_a_time() {
        for (text, expected) in [
            ("1", "1900-01-01"),
            ("59", "1900-02-28"),
            ("61", "1900-03-01"),
            ("45384", "2024-04-02"),
            ("45384.0", "2024-04-02"),
            ("45384.5", "2024-04-02 12:00:00"),
            ("45384,5", "2024-04-02 12:00:00"),
            // 10:10, which has no exact fraction.
            ("45384.4236111111", "2024-04-02 10:10:00"),
            ("45384.42361111111111111111", "2024-04-02 10:10:00"),
            ("45384.000005", "2024-04-02 00:00:00"),
            ("45384.999999999", "2024-04-03 00:00:00"),
            ("73050", "2099-12-31"),
        ] {
            assert_eq!(read(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "",
            "0",
            "0.5",
            "60",
            "60.5",
            "73051",
            "1740819600",
            "20240402",
            "45,384.5",
            "45384.",
            ".5",
            "-45384",
            "4.5384E+4",
            "2024-04-02",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
