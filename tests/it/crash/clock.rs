//! Tests of a clock that was set back: the ledger contains times in the future.

use std::process::Command;

use chrono::{DateTime, Utc};

use super::{
    audit,
    kill_time::{KillPoint, KillTime, kill_at},
    ledger,
    tenant::Tenant,
    test_shop::{LEDGER, Run, TestShop},
};
use crate::support::{PROGRAM, isolate_in, rng::TestRng, skip};

const OPTIONS: &str = "--rate unlimited --identity-pause 0s --in-flight 1";

/// A shop whose first run was killed with a checkout in flight.
fn shop(folder: &std::path::Path) -> TestShop {
    let shop = TestShop::small(folder, Tenant::healthy());
    let (run, was_hit) =
        kill_at(&shop, OPTIONS, KillTime::At(KillPoint::CheckoutAnswered), &mut TestRng::new(3));
    assert!(was_hit && run.code.is_none(), "{}", run.errors);
    shop
}

/// Checks a run after the clock was set back: it holds unknown orders and sends the rest.
fn check(run: &Run, shop: &TestShop) {
    audit::check(run, shop);
    audit::check_nothing_lost(run, shop);
    let n_known = run.before.iter().filter(|attempt| attempt.is_accepted()).count() as u64;
    assert_eq!(run.n("already_sent"), n_known);
    assert_eq!(run.n("already_sent") + run.n("accepted") + run.n("unknown"), 6);
    let summary = run.summary();
    let time = |name: &str| summary[name].as_str().unwrap().parse::<DateTime<Utc>>().unwrap();
    assert!(time("started_at") <= time("finished_at"));
}

#[test]
fn clock_set_back_in_the_ledger() {
    let folder = tempfile::tempdir().unwrap();
    let shop = shop(folder.path());
    let year = "365 * 24 * 60 * 60 * 1000";
    let later = format!("intended_at = intended_at + {year}, settled_at = settled_at + {year}");
    assert!(ledger::change_attempts(&folder.path().join(LEDGER), &later) > 0);
    check(&shop.run(OPTIONS), &shop);
    let run = shop.run(&format!("{OPTIONS} --unknown resend"));
    assert_eq!((run.code, run.exchanges.len() <= 3), (Some(0), true));
}

/// The same with the clock of the process, if `faketime` is installed.
#[test]
fn clock_set_back_by_faketime() {
    let folder = tempfile::tempdir().unwrap();
    let has_faketime = Command::new("faketime")
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success());
    if !has_faketime {
        return skip("clock_set_back_by_faketime", "faketime is not installed");
    }
    let shop = shop(folder.path());
    let run = shop.run_by(OPTIONS, |args, _| {
        let mut command = Command::new("faketime");
        isolate_in(&shop.folder, &mut command);
        let output = command.args(["-f", "-30d", PROGRAM]).args(args).output();
        output.unwrap().status.code()
    });
    check(&run, &shop);
    assert!(
        run.summary()["started_at"].as_str().unwrap() < &*Utc::now().format("%Y-%m-%d").to_string()
    );
}
