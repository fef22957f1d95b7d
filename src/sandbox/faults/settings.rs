//! Settings of the faults: shares, durations and the seed, as written in a file or an option.
//!
//! It checks each value separately; `faults` checks them together. Filled by the command line.

use std::collections::BTreeMap;
use std::fmt;
use std::iter::Sum;
use std::ops::Deref;
use std::str::FromStr;
use std::time::Duration;

use hyper::StatusCode;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::Deserialize;

use super::Latency;

/// The seed and the faults, by their names in a file. A fault that is not set does not happen. A
/// request has at most one fault; the latency applies to every response.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FaultSettings {
    /// The seed of all random decisions; another seed hits other requests.
    pub seed: u64,
    /// The latency of each response.
    pub latency: Latency,
    /// Shares of responses with an error status; a 429 has no `Retry-After` here.
    pub status: BTreeMap<ErrorStatus, Probability>,
    /// Share of the events that are processed although the response is a 5xx. A 503 is never
    /// processed; the other 5xx are ambiguous.
    #[serde(rename = "taken_anyway")]
    pub processed_despite_error: Probability,
    /// Share of 429 responses with `Retry-After`; the event is not processed.
    pub throttled: Probability,
    /// The value of `Retry-After`, in whole seconds.
    pub retry_after: FaultDuration,
    /// The form of `Retry-After`.
    pub retry_after_as: RetryAfterForm,
    /// Share of connections closed without a response; the event is not processed.
    #[serde(rename = "closed_not_taken")]
    pub closed_before_processing: Probability,
    /// Share of connections closed without a response; the event is processed.
    #[serde(rename = "closed_taken")]
    pub closed_after_processing: Probability,
    /// Share of responses delayed by `late_after`; the event is processed.
    #[serde(rename = "late")]
    pub late_response: Probability,
    /// Additional delay of a late response; longer than the client's timeout.
    #[serde(rename = "late_after")]
    pub late_response_delay: FaultDuration,
    /// Share of responses whose body ends half way; the event is processed.
    #[serde(rename = "half")]
    pub truncated_body: Probability,
    /// Share of responses whose body is not JSON; the event is processed.
    #[serde(rename = "garbage")]
    pub invalid_body: Probability,
    /// The outages.
    pub outage: OutageFault,
}

impl Default for FaultSettings {
    /// No faults.
    fn default() -> Self {
        Self {
            seed: 0,
            latency: Latency::default(),
            status: BTreeMap::new(),
            processed_despite_error: Probability(Probability::ONE.0 / 2),
            throttled: Probability::default(),
            retry_after: FaultDuration(Duration::from_secs(2)),
            retry_after_as: RetryAfterForm::Seconds,
            closed_before_processing: Probability::default(),
            closed_after_processing: Probability::default(),
            late_response: Probability::default(),
            // Longer than 30 s, the usual timeout of a client.
            late_response_delay: FaultDuration(Duration::from_secs(35)),
            truncated_body: Probability::default(),
            invalid_body: Probability::default(),
            outage: OutageFault::default(),
        }
    }
}

/// A time in which connections are refused; open ones are closed when it begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "outage.after, outage.lasts and outage.every")]
pub struct OutageFault {
    /// Time from the first request to the start of the outage.
    pub after: FaultDuration,
    /// Duration of the outage; 0 means no outage.
    pub lasts: FaultDuration,
    /// Time from the start of one outage to the start of the next; `None` means one outage only.
    pub every: Option<FaultDuration>,
}

impl OutageFault {
    /// Time from the first request to the start of the outage after `n_before` others.
    pub(in crate::sandbox) fn start_offset(&self, n_before: u32) -> Option<Duration> {
        let first = self.after.0;
        match (n_before, self.every) {
            _ if self.lasts.0.is_zero() => None,
            (0, _) => Some(first),
            (_, Some(every)) => Some(first.saturating_add(every.0.saturating_mul(n_before))),
            (_, None) => None,
        }
    }
}

/// The form of the `Retry-After` header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RetryAfterForm {
    /// A number of seconds.
    Seconds,
    /// An HTTP date.
    Date,
}

/// A share of the requests in millionths, written as a percentage such as `2%` or `0.5%`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "NumberOrString")]
pub struct Probability(u32);

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
        let percent = text.strip_suffix('%').and_then(|number| Decimal::from_str_exact(number.trim()).ok());
        let millionths = percent.map(|percent| (percent * Decimal::from(10_000)).normalize());
        let share = millionths.filter(Decimal::is_integer).and_then(|n| n.to_u32()).map(Self);
        share
            .filter(|share| *share <= Self::ONE)
            .ok_or_else(|| format!("invalid share {text:?}; expected for example 2% or 0.5%, at most 100%"))
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
            Ok(time) if time > MAX_DURATION => {
                Err(format!("duration {text:?} is longer than a year; expected for example 500ms, 30s or 10min"))
            }
            Ok(time) => Ok(Self(time)),
            Err(_) => Err(format!("invalid duration {text:?}; expected for example 500ms, 30s or 10min")),
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
        let status = text.parse().ok().filter(|status: &StatusCode| (300..600).contains(&status.as_u16()));
        status.map(Self).ok_or_else(|| format!("invalid error status {text:?}; expected 300 to 599"))
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
        for (text, written) in [("2%", "2%"), ("0.5%", "0.5%"), ("0.0001%", "0.0001%"), ("100 %", "100%"), ("0%", "0%")]
        {
            assert_eq!(text.parse::<Probability>().unwrap().to_string(), written);
        }
        for text in ["", "%", "2", "two%", "-1%", "100.1%", "0.00001%", "1e99%"] {
            let error = text.parse::<Probability>().unwrap_err();
            assert_eq!(error, format!("invalid share {text:?}; expected for example 2% or 0.5%, at most 100%"));
        }
        assert!(Probability::ONE.contains(u32::MAX) && !Probability::default().contains(0));
    }

    #[test]
    fn outages_start_once_or_periodically() {
        let duration = |text: &str| text.parse::<FaultDuration>().unwrap();
        let starts = |outage: OutageFault| [0, 1, 2].map(|n| outage.start_offset(n).map(|start| start.as_secs()));
        let once = OutageFault { after: duration("10s"), lasts: duration("5s"), every: None };
        assert_eq!(starts(once), [Some(10), None, None]);
        assert_eq!(starts(OutageFault { every: Some(duration("1min")), ..once }), [Some(10), Some(70), Some(130)]);
        assert_eq!(starts(OutageFault { lasts: duration("0s"), ..once }), [None, None, None]);
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
