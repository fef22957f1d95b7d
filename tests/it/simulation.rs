//! Deterministic simulation testing: dispatch and ledger of the program against a model tenant, in
//! virtual time, with faults and crashes at every step. The checks compare with the tenant's data.
//!
//! A seed determines everything, so a failing seed replays exactly, and
//! `ORDERFERRY_SIMULATION_SEED=7 cargo test --test it simulation` prints its history.
//! `ORDERFERRY_SIMULATION_SEEDS=100000` runs more seeds than the default.

mod adapters;
mod checks;
mod fault_model;
mod history;
mod rng;
mod tenant;
mod test_shop;
mod world;

use std::{
    collections::BTreeMap,
    env,
    io::Write,
    panic::catch_unwind,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// The number of seeds that CI runs.
const DEFAULT_SEEDS: u64 = 500;

/// Maximum number of failing seeds in the message.
const MAX_SHOWN: usize = 10;

fn number(variable: &str) -> Option<u64> {
    Some(env::var(variable).ok()?.parse().unwrap())
}

/// The first violation of a seed; a panic is a violation too.
fn violation_of(seed: u64) -> Option<String> {
    let checked = catch_unwind(|| checks::check(&test_shop::history(seed)));
    checked.unwrap_or_else(|_| Err("a panic, see above".to_owned())).err()
}

/// The failing seeds from 0 to `n_seeds` - 1, with their violations.
fn failing(n_seeds: u64) -> BTreeMap<u64, String> {
    let (next, failing) = (AtomicU64::new(0), Mutex::new(BTreeMap::new()));
    let work = || {
        while let Some(seed) =
            Some(next.fetch_add(1, Ordering::Relaxed)).filter(|seed| *seed < n_seeds)
        {
            if let Some(violation) = violation_of(seed) {
                failing.lock().unwrap().insert(seed, violation);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    failing.into_inner().unwrap()
}

fn replay(seed: u64) {
    let history = test_shop::history(seed);
    // Not `eprintln!`, whose output is captured unless the test fails.
    std::io::stderr().write_all(format!("seed {seed}\n{history}").as_bytes()).unwrap();
    checks::check(&history).unwrap_or_else(|violation| panic!("seed {seed}: {violation}"));
}

#[test]
fn simulated_histories_satisfy_all_invariants() {
    if let Some(seed) = number("ORDERFERRY_SIMULATION_SEED") {
        return replay(seed);
    }
    let n_seeds = number("ORDERFERRY_SIMULATION_SEEDS").unwrap_or(DEFAULT_SEEDS);
    let failing = failing(n_seeds);
    let shown: Vec<_> = failing
        .iter()
        .take(MAX_SHOWN)
        .map(|(seed, violation)| format!("seed {seed}: {violation}"))
        .collect();
    let hint = "to replay one: ORDERFERRY_SIMULATION_SEED=N cargo test --test it simulation";
    assert!(
        failing.is_empty(),
        "{} of {n_seeds} seeds fail:\n{}\n{hint}",
        failing.len(),
        shown.join("\n")
    );
}

#[test]
fn seed_replays_exactly() {
    for seed in 0..20 {
        let [first, second] = [(), ()].map(|()| test_shop::history(seed).to_string());
        assert!(first == second, "seed {seed} has a different history when it is replayed");
    }
}
