//! Values of the fault settings: shares, durations and error statuses, parsed from text.
//!
//! It does not know the settings and does not compare values. Used by `settings`, `latency` and
//! `decide`.

use std::fmt;
use std::iter::Sum;
use std::ops::Deref;
use std::str::FromStr;
use std::time::Duration;

use hyper::StatusCode;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;

/// A share of the requests in millionths, written as a percentage such as `2%` or `0.5%`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "NumberOrString")]
pub struct Probability(pub(super) u32);

impl Probability {
    pub(super) const ONE: Self = Self(1_000_000);

    /// Whether a uniform draw from the range of `u32` falls into this share.
    pub(super) fn contains(self, draw: u32) -> bool {
        (u64::from(draw) * u64::from(Self::ONE.0)) >> u32::BITS < u64::from(self.0)
    }
}

impl Sum for Probability {
    fn sum<I: Iterator<Item = Self>>(shares: I) -> Self {
        Self(shares.fold(0, |sum, share| sum.saturating_add(share.0)))
    }
}

impl FromStr for Probability {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let percent =
            text.strip_suffix('%').and_then(|number| Decimal::from_str_exact(number.trim()).ok());
        let millionths = percent.map(|percent| (percent * Decimal::from(10_000)).normalize());
        let share = millionths.filter(Decimal::is_integer).and_then(|n| n.to_u32()).map(Self);
        share.filter(|share| *share <= Self::ONE).ok_or_else(|| {
            format!("invalid share {text:?}; expected for example 2% or 0.5%, at most 100%")
        })
    }
}

impl fmt::Display for Probability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", Decimal::new(i64::from(self.0), 4).normalize())
    }
}

// A longer duration is a typing error, and would overflow sums of times. A date one year ahead can
// still be written in `Retry-After`.
const MAX_DURATION: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// A duration of at most a year, such as `500ms` or `35s`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "NumberOrString")]
pub struct FaultDuration(pub Duration);

impl FromStr for FaultDuration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match humantime::parse_duration(text) {
            Ok(time) if time > MAX_DURATION => Err(format!(
                "duration {text:?} is longer than a year; expected for example 500ms, 30s or 10min"
            )),
            Ok(time) => Ok(Self(time)),
            Err(_) => {
                Err(format!("invalid duration {text:?}; expected for example 500ms, 30s or 10min"))
            }
        }
    }
}

impl fmt::Display for FaultDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

/// A status code that is not a success, 300 to 599.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct ErrorStatus(pub(in crate::sandbox) StatusCode);

impl ErrorStatus {
    /// Whether the event may have been processed despite this status.
    pub(super) fn may_be_processed(self) -> bool {
        // The REST manual on 503: "try again at once". Every other 5xx leaves it open.
        self.0.is_server_error() && self.0 != StatusCode::SERVICE_UNAVAILABLE
    }
}

impl FromStr for ErrorStatus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let status =
            text.parse().ok().filter(|status: &StatusCode| (300..600).contains(&status.as_u16()));
        status
            .map(Self)
            .ok_or_else(|| format!("invalid error status {text:?}; expected 300 to 599"))
    }
}

// An enum although there is one variant: with `untagged`, serde reports `expecting` for every
// value of another type, such as `late = 2` without quotation marks.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected text in quotation marks, for example \"2%\" or \"30s\"")]
pub(super) enum NumberOrString {
    Text(String),
}

impl Deref for NumberOrString {
    type Target = str;

    fn deref(&self) -> &str {
        let Self::Text(text) = self;
        text
    }
}

impl TryFrom<NumberOrString> for Probability {
    type Error = String;

    fn try_from(text: NumberOrString) -> Result<Self, String> {
        text.parse()
    }
}

impl TryFrom<NumberOrString> for FaultDuration {
    type Error = String;

    fn try_from(text: NumberOrString) -> Result<Self, String> {
        text.parse()
    }
}

impl TryFrom<String> for ErrorStatus {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_parse_exactly() {
        for (text, written) in [
            ("2%", "2%"),
            ("0.5%", "0.5%"),
            ("0.0001%", "0.0001%"),
            ("100 %", "100%"),
            ("0%", "0%"),
        ] {
            assert_eq!(text.parse::<Probability>().unwrap().to_string(), written);
        }
        for text in ["", "%", "2", "two%", "-1%", "100.1%", "0.00001%", "1e99%"] {
            let error = text.parse::<Probability>().unwrap_err();
            assert_eq!(
                error,
                format!("invalid share {text:?}; expected for example 2% or 0.5%, at most 100%")
            );
        }
        assert!(Probability::ONE.contains(u32::MAX) && !Probability::default().contains(0));
    }

    #[test]
    fn only_error_statuses_are_accepted() {
        for text in ["200", "299", "600", "99", "abc", ""] {
            assert!(text.parse::<ErrorStatus>().is_err(), "{text}");
        }
        let is_ambiguous = |text: &str| text.parse::<ErrorStatus>().unwrap().may_be_processed();
        assert_eq!(
            ["401", "429", "500", "502", "503", "504", "599"].map(is_ambiguous),
            [false, false, true, true, false, true, true]
        );
    }
}
