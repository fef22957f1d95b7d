//! The program killed, stopped, without room on the disk, with writes that fail, and started twice, against a service
//! that records every request: never twice, never lost, always told.
//!
//! A round is made from its seed; the moment at which a process dies is not, so a seed repeats a round only nearly.

mod audit;
mod clock;
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod failing_writes;
mod full_disk;
mod kill_time;
mod ledger;
mod ledger_loss;
mod round;
mod signals;
mod tenant;
mod test_shop;

use std::{
    env,
    panic::{self, AssertUnwindSafe},
    time::{SystemTime, UNIX_EPOCH},
};

/// Each named point comes once.
const ROUNDS: u64 = 20;

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Other seeds each time, so that many runs see more than one.
fn some_seed() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[test]
fn kill_9_loses_and_duplicates_nothing() {
    let first = number("ORDERFERRY_CRASH_SEED").unwrap_or_else(some_seed);
    let n_rounds = number("ORDERFERRY_CRASH_ROUNDS").unwrap_or(ROUNDS);
    for seed in first..first + n_rounds {
        let folder = tempfile::tempdir().unwrap();
        if panic::catch_unwind(AssertUnwindSafe(|| round::round(seed, folder.path()))).is_err() {
            let folder = folder.keep();
            panic!(
                "a round failed, see above; what it left is in {}; again: \
                 ORDERFERRY_CRASH_SEED={seed} ORDERFERRY_CRASH_ROUNDS=1 cargo test --test it crash",
                folder.display()
            );
        }
    }
}
