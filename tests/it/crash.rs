//! Crash tests: the program is killed, stopped, started twice, and run with a full disk or failing
//! writes, against a service that records every request. No order may be sent twice, lost, or left
//! unreported.
//!
//! A seed determines a round except the moment at which a process dies, so it repeats a round only
//! approximately.

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

/// Each kill point occurs once in 20 consecutive rounds.
const ROUNDS: u64 = 20;

/// A number from an environment variable.
fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap())
}

/// The current time: each run of the tests uses other seeds.
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
                "a round failed, see above; its files are in {}; to repeat it: \
                 ORDERFERRY_CRASH_SEED={seed} ORDERFERRY_CRASH_ROUNDS=1 cargo test --test it crash",
                folder.display()
            );
        }
    }
}
