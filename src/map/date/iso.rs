//! ISO 8601 with an offset or `Z`, to the millisecond, or a date.
//!
//! A fast path for the common form, chrono's parser for the others. Called by `date_rule`.

use chrono::{DateTime, Duration, FixedOffset, NaiveDate, TimeZone, Utc};

/// Parses ISO 8601 with an offset or `Z`.
pub(in crate::map) fn parse_iso(text: &str) -> Option<DateTime<Utc>> {
    parse_common_iso(text).or_else(|| Some(to_millis(&parse_iso_with_offset(text)?)))
}

/// Parses a date in ISO 8601 without a time.
pub(in crate::map) fn parse_iso_date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

/// Cuts an instant to the millisecond.
pub(super) fn to_millis<Z: TimeZone>(time: &DateTime<Z>) -> DateTime<Utc> {
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
    match offset_seconds(offset)? {
        0 => Some(time),
        seconds => time.checked_sub_signed(Duration::seconds(seconds)),
    }
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
pub(super) fn parse_iso_with_offset(text: &str) -> Option<DateTime<FixedOffset>> {
    let with_offset =
        text.strip_suffix(['Z', 'z']).map_or(text.to_owned(), |time| format!("{time}+00:00"));
    ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"]
        .iter()
        .find_map(|format| DateTime::parse_from_str(&with_offset, format).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn common_iso_equals_chrono(
            text in "(19|20)[0-9]{2}-[01][0-9]-[0-3][0-9][T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9](\\.[0-9]{0,10})?(Z|z|[+-][0-2][0-9]:?[0-6][0-9])?",
        ) {
            if let Some(time) = parse_common_iso(&text) {
                prop_assert_eq!(Some(time), parse_iso_with_offset(&text).map(|time| to_millis(&time)), "{}", text);
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
}
