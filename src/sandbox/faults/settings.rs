//! What can be set of the faults: shares, times and the seed, as a file or an option writes them.
//!
//! It decides nothing, and each value is looked at alone: whether they make sense together is `faults`' to say. Filled
//! by the command line.

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

/// The seed and the faults, by their names in a file. What is not said does not happen. A request has one fault at
/// most; the latency is that of every answer.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FaultSettings {
    /// Another seed hits other requests.
    pub seed: u64,
    /// How long each answer takes.
    pub latency: Latency,
    /// Answers with an error's status; 429 has no `Retry-After` here.
    pub status: BTreeMap<ErrorStatus, Probability>,
    /// How many events are taken although the answer is a 5xx but 503, which says nothing certain.
    #[serde(rename = "taken_anyway")]
    pub processed_despite_error: Probability,
    /// 429 with `Retry-After`; the event is not taken.
    pub throttled: Probability,
    /// What `Retry-After` says, in whole seconds.
    pub retry_after: FaultDuration,
    /// How `Retry-After` says it.
    pub retry_after_as: RetryAfterForm,
    /// The connection is closed without an answer, and the event is not taken.
    #[serde(rename = "closed_not_taken")]
    pub closed_before_processing: Probability,
    /// The connection is closed without an answer, and the event is taken.
    #[serde(rename = "closed_taken")]
    pub closed_after_processing: Probability,
    /// The event is taken, and the answer comes after `late_after` more.
    #[serde(rename = "late")]
    pub late_response: Probability,
    /// Longer than clients wait.
    #[serde(rename = "late_after")]
    pub late_response_delay: FaultDuration,
    /// The event is taken, and the answer breaks off half way.
    #[serde(rename = "half")]
    pub truncated_body: Probability,
    /// The event is taken, and the answer's body is no JSON.
    #[serde(rename = "garbage")]
    pub invalid_body: Probability,
    /// When nobody is there.
    pub outage: OutageFault,
}

impl Default for FaultSettings {
    /// None.
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
            // Beyond the 30 s that clients usually wait.
            late_response_delay: FaultDuration(Duration::from_secs(35)),
            truncated_body: Probability::default(),
            invalid_body: Probability::default(),
            outage: OutageFault::default(),
        }
    }
}

/// A time in which connections are refused, and at whose beginning those that there are are cut.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, expecting = "outage.after, outage.lasts and outage.every")]
pub struct OutageFault {
    /// When it begins, counted from the first request.
    pub after: FaultDuration,
    /// From its beginning to its end; with 0 there is none.
    pub lasts: FaultDuration,
    /// From one beginning to the next; with none there is one outage.
    pub every: Option<FaultDuration>,
}

impl OutageFault {
    /// When the outage after `n_before` others begins, counted from the first request.
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

/// How `Retry-After` is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RetryAfterForm {
    /// As a number.
    Seconds,
    /// As a date of HTTP.
    Date,
}

/// A share of the requests, in millionths; written as percent, such as `2%` or `0.5%`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "NumberOrString")]
pub struct Probability(u32);

impl Probability {
    pub(super) const ONE: Self = Self(1_000_000);

    /// Whether an even draw from all of `u32` falls into this share.
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
            .ok_or_else(|| format!("{text:?} is no share of requests, expected such as 2% or 0.5%, at most 100%"))
    }
}

impl fmt::Display for Probability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", Decimal::new(i64::from(self.0), 4).normalize())
    }
}

/// A longer time is a slip of the pen. A date so far ahead can still be written in `Retry-After`.
const MAX_DURATION: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// A time such as `500ms` or `35s`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "NumberOrString")]
pub struct FaultDuration(pub Duration);

impl FromStr for FaultDuration {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match humantime::parse_duration(text) {
            Ok(time) if time > MAX_DURATION => {
                Err(format!("{text:?} is longer than a year, expected such as 500ms, 30s or 10min"))
            }
            Ok(time) => Ok(Self(time)),
            Err(_) => Err(format!("{text:?} is no duration, expected such as 500ms, 30s or 10min")),
        }
    }
}

impl fmt::Display for FaultDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

/// A status that says that something went wrong, 300 to 599.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct ErrorStatus(pub(in crate::sandbox) StatusCode);

impl ErrorStatus {
    /// Whether a client cannot know from it that the event was not taken.
    pub(super) fn may_be_processed(self) -> bool {
        self.0.is_server_error() && self.0 != StatusCode::SERVICE_UNAVAILABLE
    }
}

impl FromStr for ErrorStatus {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let status = text.parse().ok().filter(|status: &StatusCode| (300..600).contains(&status.as_u16()));
        status.map(Self).ok_or_else(|| format!("{text:?} is no status of an error, expected 300 to 599"))
    }
}

/// Any text; another type gets a message that says what is wanted.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected text in quotation marks, such as \"2%\" or \"30s\"")]
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
            assert_eq!(error, format!("{text:?} is no share of requests, expected such as 2% or 0.5%, at most 100%"));
        }
        assert!(Probability::ONE.contains(u32::MAX) && !Probability::default().contains(0));
    }

    #[test]
    fn outages_start_once_or_periodically() {
        let span = |text: &str| text.parse::<FaultDuration>().unwrap();
        let begins = |outage: OutageFault| [0, 1, 2].map(|n| outage.start_offset(n).map(|begins| begins.as_secs()));
        let once = OutageFault { after: span("10s"), lasts: span("5s"), every: None };
        assert_eq!(begins(once), [Some(10), None, None]);
        assert_eq!(begins(OutageFault { every: Some(span("1min")), ..once }), [Some(10), Some(70), Some(130)]);
        assert_eq!(begins(OutageFault { lasts: span("0s"), ..once }), [None, None, None]);
    }

    #[test]
    fn only_error_statuses_are_accepted() {
        for text in ["200", "299", "600", "99", "abc", ""] {
            assert!(text.parse::<ErrorStatus>().is_err(), "{text}");
        }
        let leaves_doubt = |text: &str| text.parse::<ErrorStatus>().unwrap().may_be_processed();
        assert_eq!(
            ["401", "429", "500", "502", "503", "504", "599"].map(leaves_doubt),
            [false, false, true, true, false, true, true]
        );
    }
}
