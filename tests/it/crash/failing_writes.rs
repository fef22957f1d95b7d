//! Tests in which the k-th write to the ledger or the run folder fails, for every k of a small
//! run: no order is sent without a recorded intent, and the next run continues. A C library,
//! preloaded into the program, counts the writes and makes them fail.

use std::{
    fmt::Debug,
    fs,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;
use tempfile::TempDir;

use super::{
    audit,
    tenant::Tenant,
    test_shop::{INVALID, LEDGER, RouteMix, Run, TestShop},
};
use crate::support::{process, rng::TestRng, root, skip};

const LIBRARY: &str = "tests/it/crash/failing_writes.c";

const OPTIONS: &str = "--rate unlimited --identity-pause 0s";

/// One of a few orders is invalid. With one request at a time the k-th write is nearly always the
/// same.
const SEND: &str = "--max-invalid 100% --in-flight 1";

/// Two guests at a time, so that several orders wait for one write to the ledger.
const RESUME: &str = "--resume run-1 --in-flight 2";

/// Every eighth write is tested of a resumed run and of a run in multi mode.
const STEP: usize = 8;

/// Timeout of a run, which writes only some dozens of lines.
const MAX_RUN_TIME: Duration = Duration::from_secs(30);

/// More threads than cores are useful: a run mostly waits for the disk.
const N_THREADS: usize = 4;

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

/// The writes that fail, and how.
#[derive(Debug, Clone, Copy)]
struct Failure {
    /// Prefix of the failing paths, relative to the shop's folder.
    paths: &'static str,
    /// `once`, `on` or `half`; see the library.
    how: &'static str,
    error: i32,
    /// The number of the first failing write.
    k: usize,
}

/// Failures of all files, of a full disk in the middle of a write, of the ledger, and of the run
/// folders.
const FAILURES: [Failure; 5] = [
    Failure { paths: "", how: "once", error: EIO, k: 0 },
    Failure { paths: "", how: "on", error: ENOSPC, k: 0 },
    Failure { paths: "", how: "half", error: ENOSPC, k: 0 },
    Failure { paths: "/orderferry-ledger.db", how: "on", error: EIO, k: 0 },
    Failure { paths: "/run-", how: "on", error: ENOSPC, k: 0 },
];

/// The compiled library.
struct Library {
    file: PathBuf,
    _home: TempDir,
}

impl Library {
    fn build_or_skip(test: &str) -> Option<Self> {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("failing_writes.so");
        let mut command = Command::new("cc");
        command.args(["-shared", "-fPIC", "-O1", "-U_FORTIFY_SOURCE", "-o"]).arg(&file);
        match command.arg(root().join(LIBRARY)).arg("-ldl").output() {
            Ok(built) => {
                assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
            }
            Err(error) => {
                skip(test, &format!("cc: {error}"));
                return None;
            }
        }
        Some(Self { file, _home: home })
    }
}

/// A shop in which the writes of the program fail.
struct Trial<'l> {
    library: &'l Library,
    shop: TestShop,
    log: PathBuf,
    /// Dropped last.
    _home: TempDir,
}

impl<'l> Trial<'l> {
    fn new(library: &'l Library, routes: RouteMix) -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = fs::canonicalize(home.path()).unwrap().join("shop");
        fs::create_dir(&folder).unwrap();
        let shop =
            TestShop::with_routes(routes, &folder, 3, 2, &mut TestRng::new(1), Tenant::healthy());
        shop.add_invalid();
        Self { library, shop, log: home.path().join("writes.log"), _home: home }
    }

    /// A complete run and the log of its writes.
    fn run(&self, options: &str, failure: Failure) -> (Run, Vec<String>) {
        // The log of an earlier run may not exist.
        drop(fs::remove_file(&self.log));
        let run = self.shop.run_by(&format!("{OPTIONS} {options}"), |args, name| {
            let mut command = process(&self.shop.folder);
            command.args(args);
            let Failure { paths, how, error, k } = failure;
            command
                .env("LD_PRELOAD", &self.library.file)
                .env("FAILING_LOG", &self.log)
                .env("FAILING_HOW", how);
            command.env("FAILING_PATHS", format!("{}{paths}", self.shop.folder.display()));
            command.env("FAILING_ERROR", error.to_string()).env("FAILING_WRITE", k.to_string());
            let (code, output) = run_with_timeout(&mut command);
            for (ending, bytes) in [("err", output.stderr), ("out", output.stdout)] {
                fs::write(self.shop.folder.join(format!("{name}.{ending}")), bytes).unwrap();
            }
            code
        });
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        (run, log.lines().map(str::to_owned).collect())
    }

    /// A run without failing writes.
    fn run_without_failure(&self, options: &str) -> Run {
        self.run(options, Failure { k: 0, ..FAILURES[0] }).0
    }

    /// Runs with a failure, then again without one.
    fn fail_and_resume(&self, options: &str, failure: Failure) {
        let (run, writes) = self.run(options, failure);
        let failed: Vec<_> = writes.iter().filter(|line| !line.contains(" done ")).collect();
        let again = panic::catch_unwind(AssertUnwindSafe(|| {
            check(&run, &self.shop, &self.newest_folder());
            self.run_without_failure(options)
        }));
        let Ok(again) = again else { panic!("{failed:#?}\n{:?}: {}", run.code, run.errors) };
        let checked =
            panic::catch_unwind(AssertUnwindSafe(|| check_resumed(&run, &again, &self.shop)));
        assert!(
            checked.is_ok(),
            "{failed:#?}\n{:?}: {}\n{:?}: {}",
            run.code,
            run.errors,
            again.code,
            again.errors
        );
    }

    /// The folder of the last run, which may not exist.
    fn newest_folder(&self) -> PathBuf {
        let names = (1..).map(|number| self.shop.folder.join(format!("run-{number}.err")));
        names.take_while(|errors| errors.exists()).last().unwrap().with_extension("")
    }
}

/// Runs a program with a timeout. Returns its exit code, `None` if it was killed, and its output.
fn run_with_timeout(command: &mut Command) -> (Option<i32>, Output) {
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > MAX_RUN_TIME {
            child.kill().unwrap();
        }
        thread::sleep(Duration::from_millis(1));
    }
    let output = child.wait_with_output().unwrap();
    (output.status.code(), output)
}

/// Checks a run with failed writes.
fn check(run: &Run, shop: &TestShop, folder: &Path) {
    audit::check_requests_and_ledger(run, shop);
    audit::check_csv(run);
    assert_report_matches_service(run);
    // The summary is complete or absent.
    let summary: Option<Value> =
        run.summary.as_ref().map(|summary| serde_json::from_str(summary).unwrap());
    if run.errors.contains("the ledger lacks the outcome of ") {
        assert_lacking_outcomes_are_listed(run, summary.as_ref());
    }
    match run.code {
        // The failed write has no effect on the result.
        Some(1) => {
            audit::check(run, shop);
            audit::check_nothing_lost(run, shop);
            assert_report_complete(folder);
            return;
        }
        Some(2) => assert!(run.exchanges.is_empty(), "exit code 2, but requests were sent"),
        Some(3) => {
            // Without a report only the screen shows what is unknown.
            assert!(run.output.contains("may or may not be in"), "{}", run.output);
            let mut results = run.results.iter();
            assert!(summary.is_none() || results.any(|result| result["outcome"] == "unknown"));
        }
        code => assert_eq!(code, Some(4)),
    }
    let mentions = |name: &str| run.errors.contains(name);
    assert!(
        mentions(LEDGER) || mentions(folder.file_name().unwrap().to_str().unwrap()),
        "the message names no file"
    );
    assert!(mentions("hint: "), "the message has no hint");
}

/// The next steps tell how to find the orders whose outcome the ledger lacks.
fn assert_lacking_outcomes_are_listed(run: &Run, summary: Option<&Value>) {
    let is_shown = |text: &str| text.contains("with an outcome that the ledger lacks");
    assert!(is_shown(&run.output), "{}", run.output);
    let Some(steps) = summary.map(|summary| summary["next"].as_array().unwrap()) else { return };
    let mut steps = steps.iter().skip_while(|step| !is_shown(step["why"].as_str().unwrap()));
    let commands = steps.by_ref().take(2).map(|step| step["command"].as_str().unwrap());
    let [list, settle] = commands.collect::<Vec<_>>()[..] else { panic!("{summary:?}") };
    assert!(list.contains("ledger list --outcome unknown --run "), "{list}");
    assert!(settle.contains("ledger settle REFERENCE… --as accepted --run "), "{settle}");
}

/// Checks the reported outcomes against the requests of the service, even if the ledger lacks them.
fn assert_report_matches_service(run: &Run) {
    for result in &run.results {
        let (reference, outcome) =
            (result["referenceId"].as_str().unwrap(), result["outcome"].as_str().unwrap());
        let n_sent = run.checkout_count(reference);
        let is_in_ledger = || {
            run.after.iter().any(|attempt| attempt.reference == reference && attempt.is_accepted())
        };
        let is_consistent = match outcome {
            "accepted" => {
                n_sent == 1
                    && (is_in_ledger() || run.errors.contains("the ledger lacks the outcome of "))
            }
            "already_sent" => run
                .before
                .iter()
                .any(|attempt| attempt.reference == reference && attempt.is_accepted()),
            "unknown" => run
                .after
                .iter()
                .any(|attempt| attempt.reference == reference && attempt.is_unknown()),
            "not_attempted" | "invalid" => n_sent == 0,
            _ => false,
        };
        assert!(is_consistent, "{reference} is reported as {outcome}, but was sent {n_sent} times");
    }
}

fn assert_report_complete(folder: &Path) {
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    assert!(read("report.html").trim_end().ends_with("</html>"));
    assert!(read("rejects/orders.csv").lines().nth(1).unwrap().starts_with(INVALID));
    assert!(read("rejects/orders.csv.reasons.ndjson").ends_with("}\n"));
}

/// Checks the run after a run with failed writes.
fn check_resumed(run: &Run, again: &Run, shop: &TestShop) {
    audit::check(again, shop);
    audit::check_nothing_lost(again, shop);
    assert_eq!(again.n("invalid"), 1);
    for reference in shop.guests.keys() {
        let n_sent = run.checkout_count(reference) + again.checkout_count(reference);
        assert!(n_sent <= 1, "{reference} was sent twice");
        assert!(
            n_sent == 1 || again.outcome(reference) != "accepted",
            "{reference} was never sent"
        );
    }
}

/// Tests all cases on several threads.
fn run_all<C: Debug + Sync>(cases: &[C], test: impl Fn(&C) + Sync) {
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
            if panic::catch_unwind(AssertUnwindSafe(|| test(case))).is_err() {
                failed.lock().unwrap().push(format!("{case:?}"));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..N_THREADS {
            scope.spawn(work);
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(
        failed.is_empty(),
        "{} of {} failed, see above:\n{}",
        failed.len(),
        cases.len(),
        failed.join("\n")
    );
}

/// Each failure at each write of a run, and one after the last write.
fn failures(count: impl Fn(Failure) -> Vec<String>) -> Vec<Failure> {
    let at_each_write = |failure: &Failure| {
        let writes = count(*failure);
        assert!(!writes.is_empty(), "the program does not load the library");
        let can_be_half = |line: &str| line.contains("write");
        let ks = (0..=writes.len()).filter(|at| {
            failure.how != "half" || writes.get(*at).is_some_and(|line| can_be_half(line))
        });
        ks.map(|at| Failure { k: at + 1, ..*failure }).collect::<Vec<_>>()
    };
    FAILURES.iter().flat_map(at_each_write).collect()
}

#[test]
fn each_failed_write_is_safe() {
    let Some(library) = Library::build_or_skip("each_failed_write_is_safe") else { return };
    let trial = || Trial::new(&library, RouteMix::Single);
    let cases = failures(|failure| trial().run(SEND, failure).1);
    run_all(&cases, |failure| trial().fail_and_resume(SEND, *failure));
}

#[test]
fn failed_writes_in_multi_mode_are_safe() {
    let Some(library) = Library::build_or_skip("failed_writes_in_multi_mode_are_safe") else {
        return;
    };
    let trial = || Trial::new(&library, RouteMix::Multi);
    let cases = failures(|failure| trial().run(SEND, failure).1);
    let cases: Vec<_> = cases.into_iter().step_by(STEP).collect();
    run_all(&cases, |failure| trial().fail_and_resume(SEND, *failure));
}

#[test]
fn failed_writes_of_a_resumed_run_are_safe() {
    let Some(library) = Library::build_or_skip("failed_writes_of_a_resumed_run_are_safe") else {
        return;
    };
    let stopped = || {
        let trial = Trial::new(&library, RouteMix::Single);
        let first = trial.run_without_failure(&format!("--limit 1 {SEND}"));
        assert_eq!((first.code, first.n("accepted")), (Some(4), 1), "{}", first.errors);
        trial
    };
    let cases = failures(|failure| stopped().run(RESUME, failure).1);
    let cases: Vec<_> = cases.into_iter().step_by(STEP).collect();
    run_all(&cases, |failure| stopped().fail_and_resume(RESUME, *failure));
}
