//! What a night is like: which faults befall requests, and how often. Knows nothing of tenants and of the program.

use std::{ops::Range, time::Duration};

use super::rng::SimulationRng;

/// What befalls a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// It arrives, is done, and the answer comes back.
    NoFault,
    /// It never leaves.
    NotSent,
    /// It leaves and does not arrive.
    LostRequest,
    /// It is done, and the answer does not arrive.
    LostAnswer,
    /// It is done, and the answer is cut off.
    HalfAnswer,
    /// It is done, and somebody in between answers something else with 200.
    InvalidBody,
    /// It is not done, and the body of a 200 says so.
    RejectedWith200,
    /// It is done or not, and the body of a 202 says neither.
    AmbiguousStatus { is_processed: bool },
    /// It is not done: later, please.
    Throttled { status: u16, retry_after: Option<Duration> },
    /// It is not done: a 4xx.
    Refused { status: u16 },
    /// It is not done: the key is refused.
    KeyRefused,
    /// It is not done: elsewhere, please.
    Redirected,
    /// Something broke before or after it was done.
    ServerError { status: u16, is_processed: bool },
    /// The service begins anew, without its browsers, and then deals with it.
    Restart,
}

/// What befalls a request, and how long it is on its way there and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Transit {
    pub(super) fault: FaultKind,
    pub(super) outbound: Duration,
    pub(super) inbound: Duration,
}

/// How many turns other than the good one there are.
const N_FAULTS: usize = 13;

/// How likely each fault is in one run, in thousandths, and when nothing works at all.
#[derive(Debug, Clone)]
pub(super) struct FaultModel {
    faults: [u64; N_FAULTS],
    slow_permille: u64,
    outages: Vec<(Range<Duration>, FaultKind)>,
}

impl FaultModel {
    /// Nothing goes wrong.
    pub(super) fn none() -> Self {
        Self { faults: [0; N_FAULTS], slow_permille: 0, outages: Vec::new() }
    }

    /// As chance has it: a few faults are frequent, most are rare or absent. Outages begin after `now`.
    pub(super) fn random(chance: &mut SimulationRng, now: Duration) -> Self {
        let mut faults = [0; N_FAULTS].map(|_| chance.one_of(&[0, 0, 0, 5, 20, 60, 150]));
        // The end of a run is worth little when it comes too early.
        faults[8] /= 10;
        faults[9] /= 10;
        let outages = (0..chance.one_of(&[0, 0, 1, 2])).map(|_| outage(chance, now)).collect();
        Self { faults, slow_permille: chance.one_of(&[0, 0, 10, 100]), outages }
    }

    /// The fate of a request that starts now.
    pub(super) fn transit(&self, chance: &mut SimulationRng, now: Duration, timeout: Duration) -> Transit {
        let turn = self.pick_fault(chance);
        let outage = self.outages.iter().find(|(time, _)| time.contains(&now));
        let turn = outage.map_or(turn, |(_, turn)| *turn);
        let delay = |chance: &mut SimulationRng| {
            let is_long = chance.below(1000) < self.slow_permille;
            let max_delay = if is_long { 2 * u64::try_from(timeout.as_millis()).unwrap() } else { 200 };
            chance.millis(1, max_delay)
        };
        Transit { fault: turn, outbound: delay(chance), inbound: delay(chance) }
    }

    fn pick_fault(&self, chance: &mut SimulationRng) -> FaultKind {
        let mut rolled = chance.below(1000.max(self.faults.iter().sum()));
        for (fault, likely) in self.faults.iter().enumerate() {
            if rolled < *likely {
                return fault_by_index(fault, chance);
            }
            rolled -= likely;
        }
        FaultKind::NoFault
    }
}

fn outage(chance: &mut SimulationRng, now: Duration) -> (Range<Duration>, FaultKind) {
    let from = now + chance.millis(0, 60_000);
    let for_long = chance.one_of(&[5_000, 60_000, 900_000]);
    let to = from + chance.millis(1, for_long);
    let silent = FaultKind::ServerError { status: 500, is_processed: false };
    (
        from..to,
        chance.one_of(&[
            FaultKind::NotSent,
            FaultKind::LostRequest,
            FaultKind::LostAnswer,
            silent,
            fault_by_index(6, &mut chance.clone()),
        ]),
    )
}

fn fault_by_index(fault: usize, chance: &mut SimulationRng) -> FaultKind {
    match fault {
        0 => FaultKind::NotSent,
        1 => FaultKind::LostRequest,
        2 => FaultKind::LostAnswer,
        3 => FaultKind::HalfAnswer,
        4 => FaultKind::InvalidBody,
        5 => FaultKind::RejectedWith200,
        6 => FaultKind::Throttled { status: chance.one_of(&[429, 503]), retry_after: retry_after(chance) },
        7 => FaultKind::Refused { status: chance.one_of(&[400, 403, 409, 413]) },
        8 => FaultKind::KeyRefused,
        9 => FaultKind::Redirected,
        10 => FaultKind::Restart,
        11 => FaultKind::AmbiguousStatus { is_processed: chance.one_in(2) },
        _ => FaultKind::ServerError {
            status: chance.one_of(&[408, 499, 500, 500, 502, 504]),
            is_processed: chance.one_in(2),
        },
    }
}

fn retry_after(chance: &mut SimulationRng) -> Option<Duration> {
    let max_value = chance.one_of(&[0, 0, 5, 60, 900]);
    (max_value > 0).then(|| Duration::from_secs(chance.between(0, max_value)))
}
