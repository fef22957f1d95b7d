//! How the sandbox misbehaves on request: what happens to one request of a bad night.
//!
//! [`Faults::decide`] is a pure function of the seed, of what the request is and of how often that came before. It
//! never looks at a number of all calls or at a clock, so with the same seed the same requests are hit however many are
//! on their way at once. It does no I/O; [`Dealer`] only remembers what came and counts. Called by `night`, which does
//! what is decided here.

mod latency;
mod request_key;
mod settings;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use thiserror::Error;

pub use latency::Latency;
pub(super) use request_key::RequestContent;
use request_key::{LastAddByBrowser, RequestKey};
pub use settings::{ErrorStatus, FaultDuration, FaultSettings, OutageFault, Probability, RetryAfterForm};

/// What happens to a request beside what is documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// An answer with this status, whether or not the event is taken.
    Status { code: ErrorStatus, is_processed: bool },
    /// 429 with `Retry-After`; not taken.
    Throttled { wait: Duration, form: RetryAfterForm },
    /// The connection is closed without a byte of an answer.
    ConnectionClosed { is_processed: bool },
    /// The answer comes when nobody waits for it any more; taken.
    LateResponse,
    /// The answer breaks off in the middle of its body; taken.
    TruncatedBody,
    /// An answer whose body is no JSON; taken.
    InvalidBody,
}

/// What happens to a request, and how long its answer takes at least.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct FaultDecision {
    pub(super) fault: Option<Fault>,
    pub(super) wait: Duration,
}

/// Faults that can be dealt: their shares leave room for each other, and each outage ends before the next.
#[derive(Debug, Clone)]
pub struct Faults {
    settings: FaultSettings,
    /// In a fixed order. Whether a status takes the event is open here; [`Faults::toss`] says so for each request.
    probabilities: Vec<(Fault, Probability)>,
}

/// Why settings of faults make no sense together.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FaultError {
    /// A request can have one fault only.
    #[error(
        "the shares of the faults add up to {0}, expected at most 100%\n  \
         hint: a request has one fault at most; lower some of them"
    )]
    TotalAboveOne(Probability),
    /// The next outage would begin before the last one is over.
    #[error(
        "outage.every is {every}, expected more than outage.lasts, which is {lasts}\n  \
         hint: outage.every is the time from one beginning to the next"
    )]
    OutagesOverlap {
        /// From one beginning to the next.
        every: FaultDuration,
        /// From the beginning to the end.
        lasts: FaultDuration,
    },
}

impl Faults {
    /// Says why, when the settings make no sense together.
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

    /// When nobody is there.
    pub(super) fn outage(&self) -> OutageFault {
        self.settings.outage
    }

    /// What happens to `thing` when it comes again after `n_before` times.
    pub(super) fn decide(&self, key: RequestKey, n_before: u32) -> FaultDecision {
        let [which, coin, first, second] = self.random_draw(key, n_before);
        let fault = self.pick_fault(which).map(|fault| self.coin(fault, coin));
        let wait = self.settings.latency.sample(first, second);
        let late =
            if fault == Some(Fault::LateResponse) { self.settings.late_response_delay.0 } else { Duration::ZERO };
        FaultDecision { fault, wait: wait.saturating_add(late) }
    }

    /// Four numbers that have nothing to do with each other.
    fn random_draw(&self, key: RequestKey, n_before: u32) -> [u32; 4] {
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

    /// A server that fails may have taken the event before.
    fn coin(&self, fault: Fault, coin: u32) -> Fault {
        match fault {
            Fault::Status { code, .. } => {
                let is_processed = code.may_be_processed() && self.settings.processed_despite_error.contains(coin);
                Fault::Status { code, is_processed }
            }
            other => other,
        }
    }
}

fn fault_probabilities(settings: &FaultSettings) -> Vec<(Fault, Probability)> {
    let statuses =
        settings.status.iter().map(|(code, share)| (Fault::Status { code: *code, is_processed: false }, *share));
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
    /// What its setting is called.
    fn setting_name(self) -> String {
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

/// Deals out faults as requests come: remembers how often each came and what it came after, and counts what was dealt.
#[derive(Debug)]
pub(super) struct FaultScheduler {
    faults: Faults,
    last_adds: LastAddByBrowser,
    n_received: HashMap<RequestKey, u32>,
    injected: BTreeMap<String, u64>,
}

impl FaultScheduler {
    pub(super) fn new(faults: Faults) -> Self {
        Self { faults, last_adds: LastAddByBrowser::default(), n_received: HashMap::new(), injected: BTreeMap::new() }
    }

    pub(super) fn next_fault(&mut self, content: RequestContent) -> FaultDecision {
        let key = self.last_adds.key_of(content);
        let n_received = self.n_received.entry(key).or_default();
        let decision = self.faults.decide(key, *n_received);
        *n_received += 1;
        if let Some(fault) = decision.fault {
            self.count(fault.setting_name(), 1);
        }
        decision
    }

    /// An outage has begun and cut off so many answers.
    pub(super) fn count_outage(&mut self, n_cut_off: u64) {
        self.count("outage".to_owned(), 1);
        self.count("outage.cut_off".to_owned(), n_cut_off);
    }

    /// How many of each were dealt out, by name.
    pub(super) fn injected(&self) -> BTreeMap<String, u64> {
        self.injected.clone()
    }

    fn count(&mut self, name: String, n: u64) {
        *self.injected.entry(name).or_default() += n;
    }
}

#[cfg(test)]
mod tests;
