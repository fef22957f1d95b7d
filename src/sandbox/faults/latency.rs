//! Latency distributions of responses: fixed, uniform or log-normal.
//!
//! Pure functions: the caller passes the random numbers. Called by `decide`.

use std::f64::consts::TAU;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Deserialize;

use super::values::{FaultDuration, NumberOrString};

/// The 99th percentile of the standard normal distribution.
const Z_P99: f64 = 2.326_347_874;

/// Number of different draws: 2^32.
const DRAW_RANGE: f64 = 4_294_967_296.0;

/// The latency of responses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "NumberOrString")]
pub enum Latency {
    /// A constant: `50ms`.
    Fixed(FaultDuration),
    /// Uniformly distributed: `20ms..200ms`.
    Uniform(FaultDuration, FaultDuration),
    /// Log-normally distributed, by the median and the 99th percentile: `50ms p99 2s`. One response
    /// in a thousand takes longer still, in this example about 6.7 s.
    LogNormal(FaultDuration, FaultDuration),
}

impl Default for Latency {
    fn default() -> Self {
        Self::Fixed(FaultDuration(Duration::ZERO))
    }
}

impl Latency {
    /// The latency of one response, from two uniform draws.
    pub(super) fn sample(self, first: u32, second: u32) -> Duration {
        match self {
            Self::Fixed(FaultDuration(time)) => time,
            Self::Uniform(FaultDuration(from), FaultDuration(to)) => {
                from + to.saturating_sub(from).mul_f64(f64::from(first) / DRAW_RANGE)
            }
            Self::LogNormal(FaultDuration(median), FaultDuration(p99)) => {
                let sigma = (p99.as_secs_f64() / median.as_secs_f64()).ln() / Z_P99;
                let seconds = median.as_secs_f64() * (sigma * standard_normal(first, second)).exp();
                Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
            }
        }
    }

    fn is_valid(self) -> bool {
        match self {
            Self::Fixed(_) => true,
            Self::Uniform(from, to) => from <= to,
            Self::LogNormal(median, p99) => median <= p99 && !median.0.is_zero(),
        }
    }
}

/// Box-Muller transform: a number of the standard normal distribution from two uniform draws.
fn standard_normal(first: u32, second: u32) -> f64 {
    // Plus 1, since 0 has no logarithm.
    let radius = (-2.0 * ((f64::from(first) + 1.0) / DRAW_RANGE).ln()).sqrt();
    radius * (TAU * f64::from(second) / DRAW_RANGE).cos()
}

impl FromStr for Latency {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let pair = |(one, other): (&str, &str)| {
            Some((one.trim().parse().ok()?, other.trim().parse().ok()?))
        };
        let parsed = if let Some(ends) = text.split_once("..") {
            pair(ends).map(|(from, to)| Self::Uniform(from, to))
        } else if let Some(points) = text.split_once("p99") {
            pair(points).map(|(median, p99)| Self::LogNormal(median, p99))
        } else {
            text.parse().ok().map(Self::Fixed)
        };
        let expected = "expected for example 50ms, 20ms..200ms or 50ms p99 2s";
        parsed
            .filter(|latency| latency.is_valid())
            .ok_or_else(|| format!("invalid latency {text:?}; {expected}"))
    }
}

impl TryFrom<NumberOrString> for Latency {
    type Error = String;

    fn try_from(text: NumberOrString) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixed(time) => write!(f, "{time}"),
            Self::Uniform(from, to) => write!(f, "{from}..{to}"),
            Self::LogNormal(median, p99) => write!(f, "{median} p99 {p99}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The latencies of 10,000 responses, shortest first, in milliseconds.
    fn samples(latency: &str) -> Vec<u128> {
        let latency: Latency = latency.parse().unwrap();
        // Draws that cover the square evenly, so that the test is not random.
        let draws = (0..100).flat_map(|first| (0..100).map(move |second| (first, second)));
        let spread = |n: u32| n * (u32::MAX / 100) + u32::MAX / 200;
        let mut samples: Vec<_> = draws
            .map(|(first, second)| latency.sample(spread(first), spread(second)).as_millis())
            .collect();
        samples.sort_unstable();
        samples
    }

    #[test]
    fn latency_distributions_match_their_parameters() {
        assert_eq!(samples("50ms")[0], 50);
        let uniform = samples("100ms..300ms");
        assert!(uniform[0] >= 100 && uniform[9_999] < 300);
        assert!((190..210).contains(&uniform[5_000]) && (285..300).contains(&uniform[9_500]));
        let log_normal = samples("50ms p99 2s");
        assert!((48..52).contains(&log_normal[5_000]), "{}", log_normal[5_000]);
        assert!((1_800..2_200).contains(&log_normal[9_900]), "{}", log_normal[9_900]);
    }

    #[test]
    fn latency_syntax_round_trips() {
        for text in ["50ms", "20ms..200ms", "50ms p99 2s", "0s"] {
            assert_eq!(text.parse::<Latency>().unwrap().to_string(), text);
        }
        for text in ["", "fast", "50", "200ms..20ms", "2s p99 50ms", "0s p99 1s", "1s..", "1s p99"]
        {
            let error = text.parse::<Latency>().unwrap_err();
            assert!(
                error.starts_with(&format!("invalid latency {text:?}; expected for example 50ms")),
                "{error}"
            );
        }
    }
}
