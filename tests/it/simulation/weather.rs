//! What a night is like: which faults befall requests, and how often. Knows nothing of tenants and of the program.

use std::{ops::Range, time::Duration};

use super::chance::Chance;

/// What befalls a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It arrives, is done, and the answer comes back.
    Well,
    /// It never leaves.
    NotSent,
    /// It leaves and does not arrive.
    LostOnTheWay,
    /// It is done, and the answer does not arrive.
    LostAnswer,
    /// It is done, and the answer is cut off.
    HalfAnswer,
    /// It is done, and somebody in between answers something else with 200.
    Garbage,
    /// It is not done, and the body of a 200 says so.
    SaysNo,
    /// It is done or not, and the body of a 202 says neither.
    SaysOtherwise { is_done: bool },
    /// It is not done: later, please.
    Busy { status: u16, retry_after: Option<Duration> },
    /// It is not done: a 4xx.
    Refused { status: u16 },
    /// It is not done: the key is refused.
    KeyRefused,
    /// It is not done: elsewhere, please.
    Redirected,
    /// Something broke before or after it was done.
    Broken { status: u16, is_done: bool },
    /// The service begins anew, without its browsers, and then deals with it.
    Restart,
}

/// What befalls a request, and how long it is on its way there and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fate {
    pub(super) turn: Turn,
    pub(super) there: Duration,
    pub(super) back: Duration,
}

/// How many turns other than the good one there are.
const N_FAULTS: usize = 13;

/// How likely each fault is in one run, in thousandths, and when nothing works at all.
#[derive(Debug, Clone)]
pub(super) struct Weather {
    faults: [u64; N_FAULTS],
    long_ways: u64,
    outages: Vec<(Range<Duration>, Turn)>,
}

impl Weather {
    /// Nothing goes wrong.
    pub(super) fn fine() -> Self {
        Self { faults: [0; N_FAULTS], long_ways: 0, outages: Vec::new() }
    }

    /// As chance has it: a few faults are frequent, most are rare or absent. Outages begin after `now`.
    pub(super) fn any(chance: &mut Chance, now: Duration) -> Self {
        let mut faults = [0; N_FAULTS].map(|_| chance.one_of(&[0, 0, 0, 5, 20, 60, 150]));
        // The end of a run is worth little when it comes too early.
        faults[8] /= 10;
        faults[9] /= 10;
        let outages = (0..chance.one_of(&[0, 0, 1, 2])).map(|_| outage(chance, now)).collect();
        Self { faults, long_ways: chance.one_of(&[0, 0, 10, 100]), outages }
    }

    /// The fate of a request that starts now.
    pub(super) fn fate(&self, chance: &mut Chance, now: Duration, timeout: Duration) -> Fate {
        let turn = self.turn(chance);
        let outage = self.outages.iter().find(|(time, _)| time.contains(&now));
        let turn = outage.map_or(turn, |(_, turn)| *turn);
        let delay = |chance: &mut Chance| {
            let is_long = chance.below(1000) < self.long_ways;
            let max_delay = if is_long { 2 * u64::try_from(timeout.as_millis()).unwrap() } else { 200 };
            chance.millis(1, max_delay)
        };
        Fate { turn, there: delay(chance), back: delay(chance) }
    }

    fn turn(&self, chance: &mut Chance) -> Turn {
        let mut rolled = chance.below(1000.max(self.faults.iter().sum()));
        for (fault, likely) in self.faults.iter().enumerate() {
            if rolled < *likely {
                return fault_by_index(fault, chance);
            }
            rolled -= likely;
        }
        Turn::Well
    }
}

fn outage(chance: &mut Chance, now: Duration) -> (Range<Duration>, Turn) {
    let from = now + chance.millis(0, 60_000);
    let for_long = chance.one_of(&[5_000, 60_000, 900_000]);
    let to = from + chance.millis(1, for_long);
    let silent = Turn::Broken { status: 500, is_done: false };
    (
        from..to,
        chance.one_of(&[
            Turn::NotSent,
            Turn::LostOnTheWay,
            Turn::LostAnswer,
            silent,
            fault_by_index(6, &mut chance.clone()),
        ]),
    )
}

fn fault_by_index(fault: usize, chance: &mut Chance) -> Turn {
    match fault {
        0 => Turn::NotSent,
        1 => Turn::LostOnTheWay,
        2 => Turn::LostAnswer,
        3 => Turn::HalfAnswer,
        4 => Turn::Garbage,
        5 => Turn::SaysNo,
        6 => Turn::Busy { status: chance.one_of(&[429, 503]), retry_after: retry_after(chance) },
        7 => Turn::Refused { status: chance.one_of(&[400, 403, 409, 413]) },
        8 => Turn::KeyRefused,
        9 => Turn::Redirected,
        10 => Turn::Restart,
        11 => Turn::SaysOtherwise { is_done: chance.one_in(2) },
        _ => Turn::Broken { status: chance.one_of(&[408, 499, 500, 500, 502, 504]), is_done: chance.one_in(2) },
    }
}

fn retry_after(chance: &mut Chance) -> Option<Duration> {
    let max_value = chance.one_of(&[0, 0, 5, 60, 900]);
    (max_value > 0).then(|| Duration::from_secs(chance.between(0, max_value)))
}
