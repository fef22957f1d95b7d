//! Settings of the faults: the seed, the shares and the durations, by their names in a file.
//!
//! It checks no value: `values` checks each one separately, `decide` checks them together. Filled
//! by the command line.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::de::value::MapAccessDeserializer;
use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::latency::Latency;
use super::values::{ErrorStatus, FaultDuration, Probability};

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
#[serde(deny_unknown_fields, default, remote = "Self")]
pub struct OutageFault {
    /// Time from the first request to the start of the outage.
    pub after: FaultDuration,
    /// Duration of the outage; 0 means no outage.
    pub lasts: FaultDuration,
    /// Time from the start of one outage to the start of the next; `None` means one outage only.
    pub every: Option<FaultDuration>,
}

// The derived implementation takes a list too, for the values of the keys in their order.
impl<'de> Deserialize<'de> for OutageFault {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OutageVisitor)
    }
}

struct OutageVisitor;

impl<'de> Visitor<'de> for OutageVisitor {
    type Value = OutageFault;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("outage.after, outage.lasts and outage.every")
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<OutageFault, M::Error> {
        OutageFault::deserialize(MapAccessDeserializer::new(map))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outages_start_once_or_periodically() {
        let duration = |text: &str| text.parse::<FaultDuration>().unwrap();
        let starts = |outage: OutageFault| {
            [0, 1, 2].map(|n| outage.start_offset(n).map(|start| start.as_secs()))
        };
        let once = OutageFault { after: duration("10s"), lasts: duration("5s"), every: None };
        assert_eq!(starts(once), [Some(10), None, None]);
        assert_eq!(
            starts(OutageFault { every: Some(duration("1min")), ..once }),
            [Some(10), Some(70), Some(130)]
        );
        assert_eq!(starts(OutageFault { lasts: duration("0s"), ..once }), [None, None, None]);
    }
}
