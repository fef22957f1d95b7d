//! One round of the crash tests: an export, killed runs, complete runs, and a last run with
//! nothing to send.

use std::path::Path;

use super::{
    audit,
    kill_time::{KillPoint, KillTime, POINTS, kill_at},
    tenant::Tenant,
    test_shop::{RouteMix, Run, TestShop},
};
use crate::support::rng::TestRng;

/// Maximum number of runs; more than any round needs.
const MAX_RUNS: usize = 30;

/// Runs the round of a seed in a folder. Two of three rounds have a named kill point, so 20
/// consecutive rounds contain each of them.
pub(super) fn round(seed: u64, folder: &Path) {
    let mut rng = TestRng::new(seed);
    let point = point(seed);
    let routes = route_mix(point, &mut rng);
    let is_healthy = point.is_some() || rng.is_within_percent(40);
    let is_patient = is_healthy || rng.is_within_percent(50);
    // Orders assembled from several events need more requests.
    let n_orders = if routes == RouteMix::Single { 40 + rng.below(80) } else { 30 + rng.below(30) };
    let n_guests = 20 + rng.below(20);
    let tenant = if is_healthy { Tenant::healthy() } else { Tenant::faulty(seed, !is_patient) };
    let shop = TestShop::with_routes(routes, folder, n_orders, n_guests, &mut rng, tenant);
    let options = options(&mut rng, is_patient);
    shop.resumes_plans.set(rng.is_within_percent(50));
    if let Some(point) = point {
        kill_at_point(point, &shop, &options, &mut rng);
    }
    for _ in 0..rng.below(6) {
        let is_named = is_healthy && rng.is_within_percent(40);
        let kill_time = if is_named {
            KillTime::At(rng.pick(&POINTS))
        } else {
            KillTime::any(&mut rng, shop.n_requests)
        };
        kill_at(&shop, &options, kill_time, &mut rng);
    }
    let mut last = until(&shop, &options, |run| run.n("failed") + run.n("refused") == 0);
    audit::check_nothing_lost(&last, &shop);
    if rng.is_within_percent(50) {
        let options = format!("{options} --unknown resend");
        let n_unknown = usize::try_from(last.n("unknown")).unwrap();
        let n_requests = if routes == RouteMix::Single { 3 } else { 8 };
        kill_at(&shop, &options, KillTime::any(&mut rng, 1 + n_requests * n_unknown), &mut rng);
        last = until(&shop, &options, |run| run.code == Some(0));
        audit::check_nothing_lost(&last, &shop);
    }
    if last.carts.iter().any(|cart| cart.is_open) {
        let n_runs = if is_healthy { 1 } else { MAX_RUNS };
        clear(&shop, &options, n_runs);
    }
    let after = shop.run(&options);
    assert!(after.exchanges.is_empty(), "the last run sent requests, expected none");
    audit::check_all_cleared(&after, &shop);
    assert_eq!(after.n("unknown"), last.n("unknown"));
}

fn point(seed: u64) -> Option<KillPoint> {
    let number = usize::try_from(seed / 3 * 2 + seed % 3).unwrap();
    (!seed.is_multiple_of(3)).then(|| POINTS[(number - 1) % POINTS.len()])
}

fn route_mix(point: Option<KillPoint>, rng: &mut TestRng) -> RouteMix {
    match point {
        Some(point) if point.is_multi_only() => rng.pick(&[RouteMix::Multi, RouteMix::Mixed]),
        _ => rng.pick(&[RouteMix::Single, RouteMix::Multi, RouteMix::Mixed]),
    }
}

/// Runs until all carts of orders with unknown outcomes are cleared; these runs do nothing else.
fn clear(shop: &TestShop, options: &str, n_runs: usize) {
    let runs = (0..n_runs).map(|_| shop.run(options));
    let is_clear = runs
        .inspect(audit::check_only_clears)
        .any(|run| run.carts.iter().all(|cart| !cart.is_open));
    assert!(is_clear, "carts are still open after {n_runs} runs");
}

fn options(rng: &mut TestRng, is_patient: bool) -> String {
    let (rate, in_flight) =
        (rng.pick(&["unlimited", "2000/s", "500/s"]), rng.pick(&["1", "4", "64"]));
    let (pause, timeout) =
        (rng.pick(&["0s", "5ms", "20ms"]), if is_patient { "30s" } else { "300ms" });
    format!(
        "--set rate={rate} --in-flight {in_flight} --identity-pause {pause} --timeout {timeout}"
    )
}

/// Kills a run at a named point. All points but one are hit reliably: whether an observed intent
/// was sent before its run died is known only afterwards.
fn kill_at_point(point: KillPoint, shop: &TestShop, options: &str, rng: &mut TestRng) {
    if point == KillPoint::ClearCartReceived {
        // The cart to clear is left by a run that was killed half way.
        kill_at_point(KillPoint::ConfirmReceived, shop, options, rng);
    }
    for _ in 0..MAX_RUNS {
        let (run, has_come) = kill_at(shop, options, KillTime::At(point), rng);
        assert!(has_come && run.code.is_none(), "{point:?} was not hit: {}", run.errors);
        if point != KillPoint::IntentRecorded || has_unsent_intent(&run) {
            return;
        }
    }
    panic!("{point:?} was never hit");
}

fn has_unsent_intent(run: &Run) -> bool {
    let new = &run.after[run.before.len()..];
    new.iter()
        .any(|attempt| attempt.outcome.is_none() && run.checkout_count(&attempt.reference) == 0)
}

/// Repeats complete runs until a condition holds.
fn until(shop: &TestShop, options: &str, condition: impl Fn(&Run) -> bool) -> Run {
    let runs = (0..MAX_RUNS).map(|_| shop.run(options));
    runs.into_iter().find(condition).expect("no run satisfies the condition")
}
