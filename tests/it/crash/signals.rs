//! Tests of signals (SIGSTOP, SIGTERM, SIGHUP, SIGINT, SIGUSR1) and of two concurrent runs.

use std::{
    fs,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{
    audit,
    tenant::Tenant,
    test_shop::{RouteMix, Running, TestShop},
};
use crate::support::{
    PROGRAM, isolate_in, process,
    rng::TestRng,
    skip,
    wait::{self, Gate},
    workspace::export,
};

/// The order for which all these runs wait: the oldest of its guest, so that two more wait for it.
const FIRST: &str = "A-000";

const OPTIONS: &str = "--rate unlimited --identity-pause 0s";

fn signal(running: &Running<'_>, name: &str) {
    let kill = Command::new("kill")
        .args([&format!("-{name}"), &running.id().to_string()])
        .status()
        .unwrap();
    assert!(kill.success());
}

/// A tenant that responds to the first order only when the gate is open.
fn tenant_waiting_for(gate: &Gate) -> Tenant {
    let gate = gate.clone();
    Tenant::start(move |request| {
        if request.reference() == FIRST {
            gate.wait_until_open();
        }
        None
    })
}

/// A run that has sent the first order and all orders of the other guest.
fn in_flight<'s>(shop: &'s TestShop, options: &str) -> Running<'s> {
    let running = shop.start(&format!("{OPTIONS} {options}"));
    wait::until("the first order, and the other guest's", || {
        shop.tenant.service.checkout_count(FIRST) == 1
            && shop.tenant.service.count("ORDER_CHECKOUT") >= 4
    });
    running
}

/// Ends a send by a second signal.
fn abort(running: &mut Running<'_>) {
    signal(running, "TERM");
    wait::until("the message of a run that stops", || running.errors().contains("stopping"));
    // A signal within a second after the first one is treated as the same.
    wait::until("the end after a second signal", || {
        running.has_ended() || {
            signal(running, "TERM");
            thread::sleep(Duration::from_millis(50));
            false
        }
    });
}

/// Whether the system has stopped a process.
fn is_stopped(running: &Running<'_>) -> bool {
    let state =
        Command::new("ps").args(["-o", "stat=", "-p", &running.id().to_string()]).output().unwrap();
    state.stdout.starts_with(b"T")
}

#[test]
fn sigstop_longer_than_the_timeout() {
    for is_answered_while_stopped in [true, false] {
        let (folder, gate) = (tempfile::tempdir().unwrap(), Gate::default());
        let shop = TestShop::small(folder.path(), tenant_waiting_for(&gate));
        let timeout = Duration::from_millis(1500);
        let mut running = in_flight(&shop, "--timeout 1500ms");
        signal(&running, "STOP");
        wait::until("the process to stop", || is_stopped(&running));
        let stopped_at = Instant::now();
        if is_answered_while_stopped {
            gate.open();
        }
        // There is no condition to wait for: the time itself must pass.
        thread::sleep((timeout + Duration::from_millis(200)).saturating_sub(stopped_at.elapsed()));
        signal(&running, "CONT");
        wait::until("the end of the run", || running.has_ended());
        gate.open();
        let run = running.wait();
        let outcome = run.outcome(FIRST).to_owned();
        let is_consistent =
            outcome == "unknown" || (is_answered_while_stopped && outcome == "accepted");
        assert!(is_consistent, "{outcome}");
        assert_eq!(run.n("accepted") + run.n("unknown"), 6);
        let next = shop.run(OPTIONS);
        assert!(next.exchanges.is_empty());
        assert_eq!(
            next.outcome(FIRST),
            if outcome == "accepted" { "already_sent" } else { "unknown" }
        );
        audit::check_nothing_lost(&next, &shop);
    }
}

#[test]
fn signal_waits_for_in_flight_requests() {
    // SIGHUP is sent when an ssh session is lost.
    for name in ["TERM", "HUP"] {
        if name == "HUP" && ignores_hangups() {
            return skip(
                "signal_waits_for_in_flight_requests",
                "SIGHUP is ignored here, as under nohup",
            );
        }
        let (folder, gate) = (tempfile::tempdir().unwrap(), Gate::default());
        let shop = TestShop::small(folder.path(), tenant_waiting_for(&gate));
        let running = in_flight(&shop, "");
        signal(&running, name);
        wait::until("the message of a run that stops", || running.errors().contains("stopping"));
        let message = "stopping: waiting for 1 request in flight; signal again to exit at once";
        assert!(running.errors().contains(message), "{}", running.errors());
        gate.open();
        let run = running.wait();
        assert_eq!(
            (run.code, run.n("accepted"), run.n("not_attempted")),
            (Some(4), 4, 2),
            "{}",
            run.errors
        );
        assert_eq!(run.outcome(FIRST), "accepted");
        let next = shop.run(OPTIONS);
        assert_eq!((next.code, next.n("accepted"), next.n("already_sent")), (Some(0), 2, 4));
    }
}

/// Whether this process, and therefore its child processes, ignore SIGHUP.
fn ignores_hangups() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & 1 == 1)
}

/// As under `nohup`. Other systems do not show which signals are ignored.
#[cfg(target_os = "linux")]
#[test]
fn ignored_sighup_stays_ignored() {
    let (folder, gate) = (tempfile::tempdir().unwrap(), Gate::default());
    let shop = TestShop::small(folder.path(), tenant_waiting_for(&gate));
    let (args, _) = shop.command(OPTIONS);
    let mut nohup = Command::new("sh");
    nohup.args(["-c", "trap '' HUP; exec \"$0\" \"$@\"", PROGRAM]).args(args);
    isolate_in(&shop.folder, &mut nohup);
    let mut child = nohup.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    wait::until("the first order", || shop.tenant.service.checkout_count(FIRST) == 1);
    let id = child.id().to_string();
    for name in ["-HUP", "-USR1"] {
        assert!(Command::new("kill").args([name, &id]).status().unwrap().success());
    }
    // The first line must be the progress: SIGHUP printed nothing.
    let mut errors = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let line = errors.find(|line| !line.contains("scattered")).unwrap();
    assert!(line.starts_with("progress: sending, "), "{line}");
    gate.open();
    assert_eq!((errors.next(), child.wait().unwrap().code()), (None, Some(0)));
}

#[test]
fn sigusr1_prints_progress_of_a_send() {
    let (folder, gate) = (tempfile::tempdir().unwrap(), Gate::default());
    let shop = TestShop::small(folder.path(), tenant_waiting_for(&gate));
    let running = in_flight(&shop, "--quiet");
    for n_lines in 1..=2 {
        signal(&running, "USR1");
        wait::until("a line of progress", || {
            running.errors().matches("progress: ").count() == n_lines
        });
    }
    let line = running.errors();
    gate.open();
    let run = running.wait();
    assert_eq!((run.code, run.n("accepted")), (Some(0), 6), "{}", run.errors);
    let is_line = |line: &str| {
        let is_counted = line.contains(" in, 0 unknown, 0 failed, ") && line.contains(" open, ");
        line.starts_with("progress: sending, ") && is_counted
    };
    assert!(line.lines().all(is_line), "{line}");
}

#[test]
fn sigusr1_prints_progress_of_a_check() {
    let folder = tempfile::tempdir().unwrap();
    let mut check = process(folder.path());
    check.args(["check", "-", "--pos", "p", "--out", "run"]).stdin(Stdio::piped());
    let mut child = check.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    // It handles signals before it creates the run folder, and reads until standard input ends.
    wait::until("the run folder", || folder.path().join("run").exists());
    assert!(
        Command::new("kill").args(["-USR1", &child.id().to_string()]).status().unwrap().success()
    );
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    errors.read_line(&mut line).unwrap();
    assert_eq!(line, "progress: reading, 0 rows\n");
    child.stdin.take().unwrap().write_all(export(&["A-1"]).as_bytes()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

/// CHECKOUT is not sent, so no order exists; CLEAR_CART is sent, so no abandoned cart triggers a
/// mail.
#[test]
fn signal_clears_carts_and_the_plan_restarts() {
    for resumes_plans in [false, true] {
        let (folder, gate) = (tempfile::tempdir().unwrap(), Gate::default());
        let shared_gate = gate.clone();
        let tenant = Tenant::start(move |request| {
            if request.kind() == "CONFIRM" {
                shared_gate.wait_until_open();
            }
            None
        });
        let shop = TestShop::with_routes(
            RouteMix::Multi,
            folder.path(),
            6,
            2,
            &mut TestRng::new(1),
            tenant,
        );
        shop.resumes_plans.set(resumes_plans);
        let running = shop.start(OPTIONS);
        // One order of each guest.
        wait::until("two orders in flight", || shop.tenant.service.count("CONFIRM") == 2);
        signal(&running, "INT");
        wait::until("the message of a run that stops", || running.errors().contains("stopping"));
        gate.open();
        let run = running.wait();
        let last: Vec<_> =
            run.exchanges.iter().rev().take(2).map(|exchange| exchange.request.kind()).collect();
        assert_eq!((run.code, run.n("not_attempted"), last), (Some(4), 6, vec!["CLEAR_CART"; 2]));
        assert!(!run.carts.iter().any(|cart| cart.is_open), "{:?}", run.results);
        let next = shop.run(OPTIONS);
        assert_eq!(
            (next.code, next.n("accepted"), shop.tenant.service.count("CLEAR_CART")),
            (Some(0), 6, 2)
        );
        audit::check_nothing_lost(&next, &shop);
        audit::check_all_cleared(&next, &shop);
        assert!(shop.run(OPTIONS).exchanges.is_empty());
    }
}

#[test]
fn second_signal_aborts_and_next_run_reports() {
    let (folder, gate) = (tempfile::tempdir().unwrap(), Gate::default());
    let shop = TestShop::small(folder.path(), tenant_waiting_for(&gate));
    let mut running = in_flight(&shop, "");
    abort(&mut running);
    gate.open();
    let run = running.wait();
    assert_eq!((run.code, run.checkout_count(FIRST)), (Some(4), 1), "{}", run.errors);
    let (_, message) = run.errors.split_once("ended at once: ").unwrap();
    let lines: Vec<_> = message.lines().map(str::trim).collect();
    assert_eq!(lines[..3], ["1 order may or may not be in", "next", "look them up in Personalize"]);
    let unknown: Vec<_> = lines[3].split(' ').skip(1).map(str::to_owned).collect();
    assert!(lines[3].starts_with("orderferry ledger list --outcome unknown "), "{message}");
    let listed = crate::support::program(&shop.folder).args(unknown).output().unwrap();
    assert!(String::from_utf8(listed.stdout).unwrap().contains(FIRST), "{message}");
    let send = lines.iter().find(|line| line.starts_with("orderferry send ")).unwrap();
    assert!(!send.contains("--new-ledger"), "{message}");
    let next = shop.run(OPTIONS);
    assert_eq!(
        (next.code, next.outcome(FIRST), next.n("accepted")),
        (Some(3), "unknown", 2),
        "{}",
        next.errors
    );
    assert_eq!(next.checkout_count(FIRST), 0);
    audit::check_nothing_lost(&next, &shop);
    assert_eq!(run_printed(&shop, send), Some(3), "{send}");
}

/// Runs a command that a message asks to type. Returns its exit code.
fn run_printed(shop: &TestShop, command: &str) -> Option<i32> {
    let words = command.split(' ').skip(1);
    let mut program = crate::support::program(&shop.folder);
    program.args(words).env("ORDERFERRY_CLIENT_KEY", "k").output().unwrap().status.code()
}

/// The guests' events are on the wire, but no order's last one.
#[test]
fn abort_without_an_order_in_doubt_says_so() {
    let (folder, gate) = (tempfile::tempdir().unwrap(), Gate::default());
    let shared_gate = gate.clone();
    let tenant = Tenant::start(move |request| {
        if request.kind() == "IDENTITY" {
            shared_gate.wait_until_open();
        }
        None
    });
    let shop = TestShop::small(folder.path(), tenant);
    let mut running = shop.start(OPTIONS);
    wait::until("the first guest", || shop.tenant.service.count("IDENTITY") > 0);
    abort(&mut running);
    gate.open();
    let run = running.wait();
    let (_, message) = run.errors.split_once("ended at once: ").unwrap();
    let lines: Vec<_> = message.lines().map(str::trim).collect();
    let why = "send the rest, with the client key in ORDERFERRY_CLIENT_KEY";
    assert_eq!(lines[..3], ["no order is in doubt", "next", why]);
    assert!(lines[3].starts_with("orderferry send ") && lines.len() == 4, "{message}");
    // The ledger holds no attempt, so the next run is a first one too.
    assert!(lines[3].contains(" --new-ledger"), "{message}");
    assert_eq!(run_printed(&shop, lines[3]), Some(0), "{message}");
}

#[test]
fn concurrent_run_is_refused() {
    let (folder, gate) = (tempfile::tempdir().unwrap(), Gate::default());
    let shop = TestShop::small(folder.path(), tenant_waiting_for(&gate));
    let first = in_flight(&shop, "");
    let n_received = shop.tenant.service.n_received();
    // Not through `TestShop`, which would read the ledger while the first run writes it.
    let second =
        crate::support::program(&shop.folder).args(shop.command(OPTIONS).0).output().unwrap();
    let errors = String::from_utf8(second.stderr).unwrap();
    assert_eq!(second.status.code(), Some(5), "{errors}");
    assert!(errors.contains("the ledger is locked for this target by run "), "{errors}");
    assert!(errors.contains(&format!("process {}", first.id())), "{errors}");
    assert_eq!(shop.tenant.service.n_received(), n_received);
    gate.open();
    assert_eq!(first.wait().code, Some(0));
    let third = shop.run(OPTIONS);
    assert_eq!((third.code, third.exchanges.len(), third.n("already_sent")), (Some(0), 0, 6));
}
