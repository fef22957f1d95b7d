//! Values of options and settings: rate, limit, size, duration, deadline, and the choices of an
//! option, parsed from text.
//!
//! Does not know the options and settings and does not compare values; `spec` does. Used by `args`,
//! `config` and `spec`.

use std::{str::FromStr, time::Duration};

use chrono::{DateTime, Local, NaiveTime, TimeDelta, TimeZone};
use clap::ValueEnum;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::clock::MAX_DURATION;
use crate::{model::money::Amount, pipeline::MaxInvalid};

/// Requests a second; `None` is unlimited. `ranges` refuses 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "NumberOrText")]
pub(super) struct Rate(pub(super) Option<u32>);

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "unlimited" {
            return Ok(Self(None));
        }
        let number = text.strip_suffix("/s").unwrap_or(text).trim();
        number
            .parse()
            .map(|rate| Self(Some(rate)))
            .map_err(|_| format!("invalid rate {text:?}; expected for example 20/s"))
    }
}

/// Number or percentage of invalid orders that are allowed: `25` or `10%`.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(try_from = "NumberOrText")]
pub(super) struct InvalidLimit(pub(super) MaxInvalid);

impl FromStr for InvalidLimit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = match text.strip_suffix('%') {
            Some(number) => {
                let percent = number.trim().parse().ok().map(|percent: Amount| percent.0);
                let hundred = Decimal::ONE_HUNDRED;
                percent
                    .filter(|percent| (Decimal::ZERO..=hundred).contains(percent))
                    .map(MaxInvalid::Percent)
            }
            None => text.parse().ok().map(MaxInvalid::Orders),
        };
        parsed
            .map(Self)
            .ok_or_else(|| format!("invalid limit {text:?}; expected for example 10% or 25"))
    }
}

/// Limit, rate or size in a file: `25`, or text such as `"10%"`.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a number or text")]
enum NumberOrText {
    Number(u64),
    Text(String),
}

/// Size in bytes, such as `256 MB` or `1 GiB`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "NumberOrText")]
pub(super) struct ByteSize(pub(super) u64);

impl FromStr for ByteSize {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let size: Result<bytesize::ByteSize, _> = text.trim().parse();
        size.map(|size| Self(size.as_u64()))
            .map_err(|_| format!("invalid size {text:?}; expected for example 256MB or 1GiB"))
    }
}

impl TryFrom<NumberOrText> for ByteSize {
    type Error = String;

    fn try_from(size: NumberOrText) -> Result<Self, String> {
        match size {
            NumberOrText::Number(n_bytes) => Ok(Self(n_bytes)),
            NumberOrText::Text(text) => text.parse(),
        }
    }
}

/// Duration such as `500ms` or `30d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "DurationText")]
pub(super) struct DurationSetting(pub(super) Duration);

/// Duration in a file: text with its unit.
#[derive(Deserialize)]
#[serde(untagged, expecting = "not a duration; expected a duration such as \"30d\"")]
enum DurationText {
    Text(String),
}

/// Parses a duration such as `500ms`, of at most 1000 years.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|_| {
        format!("invalid duration {text:?}; expected for example 500ms, 30s or 10min")
    })?;
    if duration > MAX_DURATION {
        return Err(format!(
            "{text:?} is longer than 1000 years; expected for example 500ms, 30s or 10min"
        ));
    }
    Ok(duration)
}

impl TryFrom<NumberOrText> for Rate {
    type Error = String;

    fn try_from(rate: NumberOrText) -> Result<Self, String> {
        match rate {
            NumberOrText::Number(rate) => rate.to_string().parse(),
            NumberOrText::Text(text) => text.parse(),
        }
    }
}

impl TryFrom<NumberOrText> for InvalidLimit {
    type Error = String;

    fn try_from(limit: NumberOrText) -> Result<Self, String> {
        match limit {
            NumberOrText::Number(count) => Ok(Self(MaxInvalid::Orders(count))),
            NumberOrText::Text(text) => text.parse(),
        }
    }
}

impl TryFrom<DurationText> for DurationSetting {
    type Error = String;

    fn try_from(DurationText::Text(text): DurationText) -> Result<Self, String> {
        duration(&text).map(Self)
    }
}

/// Time after which no request is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deadline {
    /// This long after the start.
    After(Duration),
    /// At the next occurrence of this local time of day.
    At(NaiveTime),
}

/// Parses a typed deadline: `90min` or `06:30`.
pub(super) fn deadline(text: &str) -> Result<Deadline, String> {
    match NaiveTime::parse_from_str(text, "%H:%M") {
        Ok(time) => Ok(Deadline::At(time)),
        Err(_) => duration(text).map(Deadline::After).map_err(|_| {
            format!(
                "invalid deadline {text:?}; expected a duration such as 2h or a time of day \
                such as 06:30"
            )
        }),
    }
}

/// Parses the file of a join: `customer=customers.csv`; `customer=` is for none.
pub(super) fn join_file(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, file)) if !name.is_empty() => Ok((name.to_owned(), file.to_owned())),
        _ => Err(format!("invalid file {text:?}; expected for example customer=customers.csv")),
    }
}

/// Parses the port to listen on.
pub(super) fn port(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| {
        format!("invalid port {text:?}; expected 1 to 65535, or 0 for a free one\n  hint: without --port it is 8642")
    })
}

impl Deadline {
    /// Time from `now` until the deadline.
    pub(super) fn time_left(self, now: DateTime<Local>) -> Duration {
        let time = match self {
            Self::After(time) => return time,
            Self::At(time) => time,
        };
        // Today, tomorrow or the day after: a clock change can skip the time of one day.
        let on = |date| Local.from_local_datetime(&(date + (time - NaiveTime::MIN))).earliest();
        let midnight = |days| (now.date_naive() + TimeDelta::days(days)).and_time(NaiveTime::MIN);
        let next =
            [0, 1, 2].into_iter().filter_map(|days| on(midnight(days))).find(|then| *then > now);
        next.and_then(|then| (then - now).to_std().ok()).unwrap_or_default()
    }
}

/// What is done with orders that the service may or may not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum UnknownPolicy {
    /// Do not send them until they are settled manually
    Hold,
    /// Send them again, although the service may have them
    Resend,
}

/// Format of what a command prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum OutputFormat {
    /// Text for people
    Text,
    /// One line of JSON
    Json,
}

/// Format of `ledger export`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ExportFormat {
    /// One JSON object a line
    Json,
    /// CSV with a header, for a spreadsheet
    Csv,
}

/// Format of `ledger list`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ListFormat {
    /// Columns of text for people
    Text,
    /// One JSON object a line
    Json,
    /// CSV with a header, for a spreadsheet
    Csv,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deadline_is_duration_or_next_time_of_day() {
        assert_eq!(deadline("90min"), Ok(Deadline::After(Duration::from_secs(5400))));
        assert!(deadline("25:00").unwrap_err().contains("06:30"));
        let noon = Local.with_ymd_and_hms(2026, 11, 22, 12, 0, 0).unwrap();
        let hours = |text: &str| deadline(text).unwrap().time_left(noon).as_secs() / 3600;
        assert_eq!((hours("13:00"), hours("11:00"), hours("12:00")), (1, 23, 24));
    }
}
