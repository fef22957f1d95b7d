//! How the sandbox misbehaves on request: what happens to one request of a bad night.
//!
//! [`Faults::decide`] is a pure function of the seed, of what the request is and of how often that came before. It
//! never looks at a number of all calls or at a clock, so with the same seed the same requests are hit however many are
//! on their way at once. It does no I/O; [`Dealer`] only remembers what came and counts. Called by `night`, which does
//! what is decided here.

mod latency;
mod settings;
mod thing;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use thiserror::Error;

pub use latency::Latency;
pub use settings::{ErrorStatus, FaultSettings, Outage, RetryAfterForm, Share, Span};
pub(super) use thing::Said;
use thing::{LastAdds, Thing};

/// What happens to a request beside what is documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// An answer with this status, whether or not the event is taken.
    Status { code: ErrorStatus, is_taken: bool },
    /// 429 with `Retry-After`; not taken.
    Throttled { wait: Duration, form: RetryAfterForm },
    /// The connection is closed without a byte of an answer.
    Closed { is_taken: bool },
    /// The answer comes when nobody waits for it any more; taken.
    Late,
    /// The answer breaks off in the middle of its body; taken.
    Half,
    /// An answer whose body is no JSON; taken.
    Garbage,
}

/// What happens to a request, and how long its answer takes at least.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) fault: Option<Fault>,
    pub(super) wait: Duration,
}

/// Faults that can be dealt: their shares leave room for each other, and each outage ends before the next.
#[derive(Debug, Clone)]
pub struct Faults {
    settings: FaultSettings,
    /// In a fixed order. Whether a status takes the event is open here; [`Faults::toss`] says so for each request.
    shares: Vec<(Fault, Share)>,
}

/// Why settings of faults make no sense together.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum FaultError {
    /// A request can have one fault only.
    #[error(
        "the shares of the faults add up to {0}, expected at most 100%\n  \
         hint: a request has one fault at most; lower some of them"
    )]
    TooMany(Share),
    /// The next outage would begin before the last one is over.
    #[error(
        "outage.every is {every}, expected more than outage.lasts, which is {lasts}\n  \
         hint: outage.every is the time from one beginning to the next"
    )]
    Endless {
        /// From one beginning to the next.
        every: Span,
        /// From the beginning to the end.
        lasts: Span,
    },
}

impl Faults {
    /// Says why, when the settings make no sense together.
    pub fn new(settings: FaultSettings) -> Result<Self, FaultError> {
        let probabilities = shares(&settings);
        let total = probabilities.iter().map(|(_, share)| *share).sum();
        if total > Share::ALL {
            return Err(FaultError::TooMany(total));
        }
        let lasts = settings.outage.lasts;
        match settings.outage.every {
            Some(every) if every <= lasts => Err(FaultError::Endless { every, lasts }),
            _ => Ok(Self { settings, shares: probabilities }),
        }
    }

    /// When nobody is there.
    pub(super) fn outage(&self) -> Outage {
        self.settings.outage
    }

    /// What happens to `thing` when it comes again after `n_before` times.
    pub(super) fn decide(&self, key: Thing, n_before: u32) -> Decision {
        let [which, coin, first, second] = self.draws(key, n_before);
        let fault = self.pick(which).map(|fault| self.toss(fault, coin));
        let wait = self.settings.latency.sample(first, second);
        let late = if fault == Some(Fault::Late) { self.settings.late_after.0 } else { Duration::ZERO };
        Decision { fault, wait: wait.saturating_add(late) }
    }

    /// Four numbers that have nothing to do with each other.
    fn draws(&self, thing: Thing, n_before: u32) -> [u32; 4] {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&self.settings.seed.to_le_bytes());
        hasher.update(&thing.to_le_bytes());
        hasher.update(&n_before.to_le_bytes());
        let hash = hasher.finalize();
        let (words, _) = hash.as_bytes().as_chunks();
        [0, 1, 2, 3].map(|n: usize| u32::from_le_bytes(words[n]))
    }

    fn pick(&self, draw: u32) -> Option<Fault> {
        let mut below = Share::default();
        let is_hit = |(_, share): &&(Fault, Share)| {
            below = [below, *share].into_iter().sum();
            below.holds(draw)
        };
        self.shares.iter().find(is_hit).map(|(fault, _)| *fault)
    }

    /// A server that fails may have taken the event before.
    fn toss(&self, fault: Fault, coin: u32) -> Fault {
        match fault {
            Fault::Status { code, .. } => {
                let is_taken = code.leaves_doubt() && self.settings.taken_anyway.holds(coin);
                Fault::Status { code, is_taken }
            }
            other => other,
        }
    }
}

fn shares(settings: &FaultSettings) -> Vec<(Fault, Share)> {
    let statuses = settings.status.iter().map(|(code, share)| (Fault::Status { code: *code, is_taken: false }, *share));
    let (wait, form) = (settings.retry_after.0, settings.retry_after_as);
    let others = [
        (Fault::Throttled { wait, form }, settings.throttled),
        (Fault::Closed { is_taken: false }, settings.closed_not_taken),
        (Fault::Closed { is_taken: true }, settings.closed_taken),
        (Fault::Late, settings.late),
        (Fault::Half, settings.half),
        (Fault::Garbage, settings.garbage),
    ];
    statuses.chain(others).collect()
}

impl Fault {
    /// What its setting is called.
    fn name(self) -> String {
        match self {
            Self::Status { code, .. } => return format!("status.{}", code.0.as_u16()),
            Self::Throttled { .. } => "throttled",
            Self::Closed { is_taken: false } => "closed_not_taken",
            Self::Closed { is_taken: true } => "closed_taken",
            Self::Late => "late",
            Self::Half => "half",
            Self::Garbage => "garbage",
        }
        .to_owned()
    }
}

/// Deals out faults as requests come: remembers how often each came and what it came after, and counts what was dealt.
#[derive(Debug)]
pub(super) struct Dealer {
    faults: Faults,
    adds: LastAdds,
    n_came: HashMap<Thing, u32>,
    dealt: BTreeMap<String, u64>,
}

impl Dealer {
    pub(super) fn new(faults: Faults) -> Self {
        Self { faults, adds: LastAdds::default(), n_came: HashMap::new(), dealt: BTreeMap::new() }
    }

    pub(super) fn deal(&mut self, said: Said) -> Decision {
        let thing = self.adds.thing(said);
        let n_came = self.n_came.entry(thing).or_default();
        let decision = self.faults.decide(thing, *n_came);
        *n_came += 1;
        if let Some(fault) = decision.fault {
            self.count(fault.name(), 1);
        }
        decision
    }

    /// An outage has begun and cut off so many answers.
    pub(super) fn count_outage(&mut self, n_cut_off: u64) {
        self.count("outage".to_owned(), 1);
        self.count("outage.cut_off".to_owned(), n_cut_off);
    }

    /// How many of each were dealt out, by name.
    pub(super) fn dealt(&self) -> BTreeMap<String, u64> {
        self.dealt.clone()
    }

    fn count(&mut self, name: String, n: u64) {
        *self.dealt.entry(name).or_default() += n;
    }
}

#[cfg(test)]
mod tests;
