//! Fault decisions: the fault and the delay of a request, reproducibly from a seed.
//!
//! [`Faults::decide`] is a pure function of the seed, the request, and how often that request came
//! before. It keeps no counts (`scheduler` does) and injects nothing. Called by `scheduler`; the
//! command line checks the settings with [`Faults::new`].

// No number of calls and no clock goes into a decision: with the same seed the same requests are
// hit, whatever the number of requests in flight.

use std::time::Duration;

use thiserror::Error;

use super::request_key::RequestKey;
use super::settings::{FaultSettings, OutageFault, RetryAfterForm};
use super::values::{ErrorStatus, FaultDuration, Probability};

/// Undocumented behaviour of the service for one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sandbox) enum Fault {
    /// A response with this status; `is_processed`: the event is processed nevertheless.
    Status { code: ErrorStatus, is_processed: bool },
    /// 429 with `Retry-After`; the event is not processed.
    Throttled { wait: Duration, form: RetryAfterForm },
    /// The connection is closed before any byte of the response.
    ConnectionClosed { is_processed: bool },
    /// The response comes after the client's timeout; the event is processed.
    LateResponse,
    /// The body ends half way; the event is processed.
    TruncatedBody,
    /// The body is not JSON; the event is processed.
    InvalidBody,
}

/// The fault of a request, if any, and the minimum delay of its response.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::sandbox) struct FaultDecision {
    pub(in crate::sandbox) fault: Option<Fault>,
    pub(in crate::sandbox) wait: Duration,
}

/// Validated settings of the faults: the shares add up to at most 100%, and each outage ends before
/// the next begins.
#[derive(Debug, Clone)]
pub struct Faults {
    settings: FaultSettings,
    // In a fixed order, so that a draw always selects the same fault. Whether an event is
    // processed despite a status is decided per request, by [`Faults::coin`].
    probabilities: Vec<(Fault, Probability)>,
}

/// A contradiction between settings of the faults.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FaultError {
    /// A request has at most one fault.
    #[error(
        "the shares of the faults add up to {0}; expected at most 100%\n  \
         hint: a request has at most one fault; lower some of the shares"
    )]
    TotalAboveOne(Probability),
    /// An outage would begin before the previous one ends.
    #[error(
        "outage.every is {every}; expected more than outage.lasts, which is {lasts}\n  \
         hint: outage.every is the time from the start of one outage to the start of the next"
    )]
    OutagesOverlap {
        /// Time from the start of one outage to the start of the next.
        every: FaultDuration,
        /// Duration of one outage.
        lasts: FaultDuration,
    },
}

impl Faults {
    /// Fails if the settings contradict each other.
    pub fn new(settings: FaultSettings) -> Result<Self, FaultError> {
        let probabilities = fault_probabilities(&settings);
        let total = probabilities.iter().map(|(_, share)| *share).sum();
        if total > Probability::ONE {
            return Err(FaultError::TotalAboveOne(total));
        }
        let lasts = settings.outage.lasts;
        match settings.outage.every {
            Some(every) if every <= lasts => Err(FaultError::OutagesOverlap { every, lasts }),
            _ => Ok(Self { settings, probabilities }),
        }
    }

    /// The outages.
    pub(in crate::sandbox) fn outage(&self) -> OutageFault {
        self.settings.outage
    }

    /// The decision for a request that came `n_before` times before.
    pub(super) fn decide(&self, key: RequestKey, n_before: u32) -> FaultDecision {
        let [which, coin, first, second] = self.random_draw(key, n_before);
        let fault = self.pick_fault(which).map(|fault| self.coin(fault, coin));
        let wait = self.settings.latency.sample(first, second);
        let late = if fault == Some(Fault::LateResponse) {
            self.settings.late_response_delay.0
        } else {
            Duration::ZERO
        };
        FaultDecision { fault, wait: wait.saturating_add(late) }
    }

    /// Four independent pseudo-random numbers.
    fn random_draw(&self, key: RequestKey, n_before: u32) -> [u32; 4] {
        // A hash, not a generator with a state: the numbers depend on this request only.
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.settings.seed.to_le_bytes());
        hasher.update(&key.to_le_bytes());
        hasher.update(&n_before.to_le_bytes());
        let hash = hasher.finalize();
        let (words, _) = hash.as_bytes().as_chunks();
        [0, 1, 2, 3].map(|n: usize| u32::from_le_bytes(words[n]))
    }

    fn pick_fault(&self, draw: u32) -> Option<Fault> {
        let mut threshold = Probability::default();
        let is_hit = |(_, share): &&(Fault, Probability)| {
            threshold = [threshold, *share].into_iter().sum();
            threshold.contains(draw)
        };
        self.probabilities.iter().find(is_hit).map(|(fault, _)| *fault)
    }

    /// Decides whether the event is processed although the response is an error.
    fn coin(&self, fault: Fault, coin: u32) -> Fault {
        match fault {
            Fault::Status { code, .. } => {
                let is_processed =
                    code.may_be_processed() && self.settings.processed_despite_error.contains(coin);
                Fault::Status { code, is_processed }
            }
            other => other,
        }
    }
}

fn fault_probabilities(settings: &FaultSettings) -> Vec<(Fault, Probability)> {
    let statuses = settings
        .status
        .iter()
        .map(|(code, share)| (Fault::Status { code: *code, is_processed: false }, *share));
    let (wait, form) = (settings.retry_after.0, settings.retry_after_as);
    let others = [
        (Fault::Throttled { wait, form }, settings.throttled),
        (Fault::ConnectionClosed { is_processed: false }, settings.closed_before_processing),
        (Fault::ConnectionClosed { is_processed: true }, settings.closed_after_processing),
        (Fault::LateResponse, settings.late_response),
        (Fault::TruncatedBody, settings.truncated_body),
        (Fault::InvalidBody, settings.invalid_body),
    ];
    statuses.chain(others).collect()
}

impl Fault {
    /// The name of its setting.
    pub(super) fn setting_name(self) -> String {
        match self {
            Self::Status { code, .. } => return format!("status.{}", code.0.as_u16()),
            Self::Throttled { .. } => "throttled",
            Self::ConnectionClosed { is_processed: false } => "closed_not_taken",
            Self::ConnectionClosed { is_processed: true } => "closed_taken",
            Self::LateResponse => "late",
            Self::TruncatedBody => "half",
            Self::InvalidBody => "garbage",
        }
        .to_owned()
    }
}
