//! Fault model of the simulation: kinds of faults of a request and their probabilities. It knows
//! neither the tenant nor the program.

use std::{ops::Range, time::Duration};

use super::rng::SimulationRng;

/// The fault of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FaultKind {
    /// It is processed, and the response arrives.
    NoFault,
    /// It is never sent.
    NotSent,
    /// It is sent and does not arrive.
    LostRequest,
    /// It is processed, and the response does not arrive.
    LostAnswer,
    /// It is processed, and the response is truncated.
    HalfAnswer,
    /// It is processed, and a proxy responds with a 200 and another body.
    InvalidBody,
    /// It is not processed, and the body of a 200 reports the error.
    RejectedWith200,
    /// It is processed or not, and the body of a 202 leaves it open.
    AmbiguousStatus { is_processed: bool },
    /// It is not processed: a 429 or 503.
    Throttled { status: u16, retry_after: Option<Duration> },
    /// It is not processed: a 4xx.
    Refused { status: u16 },
    /// It is not processed: a 401 for the client key.
    KeyRefused,
    /// It is not processed: a redirect.
    Redirected,
    /// An error occurs before or after it is processed.
    ServerError { status: u16, is_processed: bool },
    /// The service restarts without its browsers, and then processes it.
    Restart,
}

/// The fault of a request and its delays in both directions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Transit {
    pub(super) fault: FaultKind,
    pub(super) outbound: Duration,
    pub(super) inbound: Duration,
}

/// Number of kinds of faults.
const N_FAULTS: usize = 13;

/// The probability of each fault in one run, in thousandths, and the outages.
#[derive(Debug, Clone)]
pub(super) struct FaultModel {
    faults: [u64; N_FAULTS],
    slow_permille: u64,
    outages: Vec<(Range<Duration>, FaultKind)>,
}

impl FaultModel {
    /// A model without faults.
    pub(super) fn none() -> Self {
        Self { faults: [0; N_FAULTS], slow_permille: 0, outages: Vec::new() }
    }

    /// A random model: a few faults are frequent, most are rare or absent. Outages begin after
    /// `now`.
    pub(super) fn random(rng: &mut SimulationRng, now: Duration) -> Self {
        let mut faults = [0; N_FAULTS].map(|_| rng.one_of(&[0, 0, 0, 5, 20, 60, 150]));
        // These two faults end a run; a run that ends too early tests little.
        faults[8] /= 10;
        faults[9] /= 10;
        let outages = (0..rng.one_of(&[0, 0, 1, 2])).map(|_| outage(rng, now)).collect();
        Self { faults, slow_permille: rng.one_of(&[0, 0, 10, 100]), outages }
    }

    /// The transit of a request that is sent now.
    pub(super) fn transit(
        &self,
        rng: &mut SimulationRng,
        now: Duration,
        timeout: Duration,
    ) -> Transit {
        let fault = self.pick_fault(rng);
        let outage = self.outages.iter().find(|(time, _)| time.contains(&now));
        let fault = outage.map_or(fault, |(_, fault)| *fault);
        let delay = |rng: &mut SimulationRng| {
            let is_long = rng.below(1000) < self.slow_permille;
            let max_delay =
                if is_long { 2 * u64::try_from(timeout.as_millis()).unwrap() } else { 200 };
            rng.millis(1, max_delay)
        };
        Transit { fault, outbound: delay(rng), inbound: delay(rng) }
    }

    fn pick_fault(&self, rng: &mut SimulationRng) -> FaultKind {
        let mut draw = rng.below(1000.max(self.faults.iter().sum()));
        for (fault, permille) in self.faults.iter().enumerate() {
            if draw < *permille {
                return fault_by_index(fault, rng);
            }
            draw -= permille;
        }
        FaultKind::NoFault
    }
}

fn outage(rng: &mut SimulationRng, now: Duration) -> (Range<Duration>, FaultKind) {
    let start = now + rng.millis(0, 60_000);
    let max_duration = rng.one_of(&[5_000, 60_000, 900_000]);
    let end = start + rng.millis(1, max_duration);
    let server_error = FaultKind::ServerError { status: 500, is_processed: false };
    (
        start..end,
        rng.one_of(&[
            FaultKind::NotSent,
            FaultKind::LostRequest,
            FaultKind::LostAnswer,
            server_error,
            fault_by_index(6, &mut rng.clone()),
        ]),
    )
}

fn fault_by_index(fault: usize, rng: &mut SimulationRng) -> FaultKind {
    match fault {
        0 => FaultKind::NotSent,
        1 => FaultKind::LostRequest,
        2 => FaultKind::LostAnswer,
        3 => FaultKind::HalfAnswer,
        4 => FaultKind::InvalidBody,
        5 => FaultKind::RejectedWith200,
        6 => {
            FaultKind::Throttled { status: rng.one_of(&[429, 503]), retry_after: retry_after(rng) }
        }
        7 => FaultKind::Refused { status: rng.one_of(&[400, 403, 409, 413]) },
        8 => FaultKind::KeyRefused,
        9 => FaultKind::Redirected,
        10 => FaultKind::Restart,
        11 => FaultKind::AmbiguousStatus { is_processed: rng.one_in(2) },
        _ => FaultKind::ServerError {
            status: rng.one_of(&[408, 499, 500, 500, 502, 504]),
            is_processed: rng.one_in(2),
        },
    }
}

fn retry_after(rng: &mut SimulationRng) -> Option<Duration> {
    let max_seconds = rng.one_of(&[0, 0, 5, 60, 900]);
    (max_seconds > 0).then(|| Duration::from_secs(rng.between(0, max_seconds)))
}
