//! Dates that are numbers of seconds, milliseconds or microseconds since 1970 (`epoch`, `epoch_ms`,
//! `epoch_us`), in UTC.
//!
//! Called by `date_rule`, by way of `date_format`.

use chrono::{DateTime, Utc};

use super::range::is_plausible;

/// The unit of the number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EpochUnit {
    Seconds,
    Millis,
    Micros,
}

impl EpochUnit {
    pub(super) const ALL: [Self; 3] = [Self::Seconds, Self::Millis, Self::Micros];

    /// Its name in profiles.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Seconds => "epoch",
            Self::Millis => "epoch_ms",
            Self::Micros => "epoch_us",
        }
    }

    /// What a number of the unit is, in messages.
    pub(super) fn description(self) -> &'static str {
        match self {
            Self::Seconds => "seconds since 1970",
            Self::Millis => "milliseconds since 1970",
            Self::Micros => "microseconds since 1970",
        }
    }

    /// Parses a number of digits with or without a fraction, and cuts it to the millisecond. None
    /// if it is not of a plausible year, as one of another unit is not.
    // A number with an exponent is none: spreadsheets cut `1740819600123` to `1.74082E+12`.
    pub(super) fn parse(self, text: &str) -> Option<DateTime<Utc>> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !are_digits(whole) || !are_digits(fraction) || text.ends_with('.') {
            return None;
        }
        let whole: i64 = whole.parse().ok()?;
        let millis = match self {
            Self::Seconds => whole.checked_mul(1000)?.checked_add(thousandths(fraction))?,
            Self::Millis => whole,
            Self::Micros => whole / 1000,
        };
        DateTime::from_timestamp_millis(millis).filter(|time| is_plausible(time.naive_utc()))
    }
}

/// The thousandths of a fraction's digits.
fn thousandths(fraction: &str) -> i64 {
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(3);
    digits.fold(0, |number, digit| number * 10 + i64::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(unit: EpochUnit, text: &str) -> Option<String> {
        let time = unit.parse(text)?;
        Some(time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
    }

    #[test]
    fn number_of_each_unit_is_read() {
        let time = Some("2025-03-01T09:00:00.120Z".to_owned());
        for (unit, text) in [
            (EpochUnit::Seconds, "1740819600.12"),
            (EpochUnit::Seconds, "1740819600.1209"),
            (EpochUnit::Millis, "1740819600120"),
            (EpochUnit::Millis, "1740819600120.9"),
            (EpochUnit::Micros, "1740819600120999"),
        ] {
            assert_eq!(read(unit, text), time, "{text}");
        }
        assert_eq!(
            read(EpochUnit::Seconds, "1740819600.0"),
            read(EpochUnit::Seconds, "1740819600")
        );
    }

    /// No number is a plausible time in two units.
    #[test]
    fn number_of_another_unit_is_refused() {
        let times = ["315532800", "1740819600", "4102444799"];
        for time in times {
            for (index, unit) in EpochUnit::ALL.into_iter().enumerate() {
                for (other, zeros) in ["", "000", "000000", "000000000"].into_iter().enumerate() {
                    let text = format!("{time}{zeros}");
                    assert_eq!(unit.parse(&text).is_some(), index == other, "{unit:?} {text}");
                }
            }
        }
        for text in
            ["", ".", "1740819600.", "1.74082E+9", "-1740819600", "+1740819600", "315532799"]
        {
            assert_eq!(EpochUnit::Seconds.parse(text), None, "{text}");
        }
        assert_eq!(EpochUnit::Seconds.parse("4102444800"), None);
    }
}
