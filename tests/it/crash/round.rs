//! One round: an export, runs that are killed, runs to the end, and a last one that has nothing to send.

use std::path::Path;

use super::{
    audit,
    moment::{Moment, POINTS, Point, kill_at},
    shop::{Run, Shop},
    tenant::Tenant,
};
use crate::support::dice::Dice;

/// More runs than any round needs.
const MOST_RUNS: usize = 30;

/// A round of this seed in this folder. Of 20 that follow each other, each named point is in one.
pub(super) fn round(seed: u64, folder: &Path) {
    let mut dice = Dice::new(seed);
    let point = seed.is_multiple_of(2).then(|| POINTS[usize::try_from(seed / 2 % 10).unwrap()]);
    let is_healthy = point.is_some() || dice.is_within(40);
    let is_patient = is_healthy || dice.is_within(50);
    let (n_orders, n_guests) = (40 + dice.below(80), 20 + dice.below(20));
    let tenant = if is_healthy { Tenant::healthy() } else { Tenant::moody(seed, !is_patient) };
    let shop = Shop::new(folder, n_orders, n_guests, &mut dice, tenant);
    let options = options(&mut dice, is_patient);
    shop.takes_plans.set(dice.is_within(50));
    if let Some(point) = point {
        hit(point, &shop, &options, &mut dice);
    }
    for _ in 0..dice.below(6) {
        let is_named = is_healthy && dice.is_within(40);
        let moment =
            if is_named { Moment::At(dice.pick(&POINTS)) } else { Moment::any(&mut dice, n_orders + 2 * n_guests) };
        kill_at(&shop, &options, moment, &mut dice);
    }
    let mut last = until(&shop, &options, |run| run.n("failed") + run.n("refused") == 0);
    audit::nothing_is_lost(&last, &shop);
    if dice.is_within(50) {
        let options = format!("{options} --unknown resend");
        let n_unknown = usize::try_from(last.n("unknown")).unwrap();
        kill_at(&shop, &options, Moment::any(&mut dice, 1 + 3 * n_unknown), &mut dice);
        last = until(&shop, &options, |run| run.code == Some(0));
        audit::nothing_is_lost(&last, &shop);
    }
    let after = shop.run(&options);
    assert!(after.exchanges.is_empty(), "nothing was left to send");
    assert_eq!(after.n("unknown"), last.n("unknown"));
}

fn options(dice: &mut Dice, is_patient: bool) -> String {
    let (rate, in_flight) = (dice.pick(&["unlimited", "2000/s", "500/s"]), dice.pick(&["1", "4", "64"]));
    let (pause, timeout) = (dice.pick(&["0s", "5ms", "20ms"]), if is_patient { "30s" } else { "300ms" });
    format!("--set rate={rate} --in-flight {in_flight} --identity-pause {pause} --timeout {timeout}")
}

/// Kills a run at a named point. It is certain for all but one: whether the intent that was seen was sent before its
/// run died shows only afterwards.
fn hit(point: Point, shop: &Shop, options: &str, dice: &mut Dice) {
    for _ in 0..MOST_RUNS {
        let (run, has_come) = kill_at(shop, options, Moment::At(point), dice);
        assert!(has_come && run.code.is_none(), "{point:?} was not hit: {}", run.errors);
        if point != Point::IntentRecorded || has_unsent_intent(&run) {
            return;
        }
    }
    panic!("{point:?} was never hit");
}

fn has_unsent_intent(run: &Run) -> bool {
    let new = &run.after[run.before.len()..];
    new.iter().any(|attempt| attempt.outcome.is_none() && run.n_checkouts_of(&attempt.reference) == 0)
}

/// Runs to the end, again and again, until it is so.
fn until(shop: &Shop, options: &str, is_so: impl Fn(&Run) -> bool) -> Run {
    let runs = (0..MOST_RUNS).map(|_| shop.run(options));
    runs.into_iter().find(is_so).expect("it comes to an end")
}
