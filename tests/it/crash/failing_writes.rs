//! The k-th write to the ledger or the run folder fails, for every k of a small run: no order is sent that is not
//! recorded, and the next run goes on. A library in C, loaded into the program, counts the writes and makes them fail.

use std::{
    fmt::Debug,
    fs,
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    process::{Command, Stdio},
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

/// One of a few orders is invalid. One request at a time, so that the k-th write is nearly always the same one.
const SEND: &str = "--max-invalid 100% --in-flight 1";

/// Two guests at a time, so that several orders wait for one write to the ledger.
const RESUME: &str = "--resume run-1 --in-flight 2";

/// Of the writes of a resumed run, each failure comes to one in so many.
const STEP: usize = 3;

/// Of a program that writes nothing but some dozens of lines.
const MAX_RUN_TIME: Duration = Duration::from_secs(30);

/// Most of a run is waiting for the disk.
const N_THREADS: usize = 4;

const EIO: i32 = 5;
const ENOSPC: i32 = 28;

/// Writes that fail.
#[derive(Debug, Clone, Copy)]
struct Failure {
    /// Only those to paths that begin so in the shop's folder.
    paths: &'static str,
    /// `once`, `on` or `half`, as the library says.
    how: &'static str,
    error: i32,
    /// The first one.
    k: usize,
}

/// A failure of everything, of a full disk in one write's midst, of the ledger alone, of the run folders alone.
const FAILURES: [Failure; 5] = [
    Failure { paths: "", how: "once", error: EIO, k: 0 },
    Failure { paths: "", how: "on", error: ENOSPC, k: 0 },
    Failure { paths: "", how: "half", error: ENOSPC, k: 0 },
    Failure { paths: "/orderferry-ledger.db", how: "on", error: EIO, k: 0 },
    Failure { paths: "/run-", how: "on", error: ENOSPC, k: 0 },
];

/// The library, ready to be loaded.
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
            Ok(built) => assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr)),
            Err(error) => {
                skip(test, &format!("cc: {error}"));
                return None;
            }
        }
        Some(Self { file, _home: home })
    }
}

/// A shop whose program's writes fail.
struct Trial<'l> {
    library: &'l Library,
    shop: TestShop,
    log: PathBuf,
    /// Ends last.
    _home: TempDir,
}

impl<'l> Trial<'l> {
    fn new(library: &'l Library, way: RouteMix) -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = fs::canonicalize(home.path()).unwrap().join("shop");
        fs::create_dir(&folder).unwrap();
        let shop = TestShop::with_routes(way, &folder, 3, 2, &mut TestRng::new(1), Tenant::healthy());
        shop.add_invalid();
        Self { library, shop, log: home.path().join("writes.log"), _home: home }
    }

    /// A run to its end, and the writes that were counted.
    fn run(&self, options: &str, failure: Failure) -> (Run, Vec<String>) {
        // A log that is not there has no lines.
        drop(fs::remove_file(&self.log));
        let run = self.shop.run_by(&format!("{OPTIONS} {options}"), |words, name| {
            let mut command = process(&self.shop.folder);
            command.args(words);
            let Failure { paths, how, error, k } = failure;
            command.env("LD_PRELOAD", &self.library.file).env("FAILING_LOG", &self.log).env("FAILING_HOW", how);
            command.env("FAILING_PATHS", format!("{}{paths}", self.shop.folder.display()));
            command.env("FAILING_ERROR", error.to_string()).env("FAILING_WRITE", k.to_string());
            let (code, errors) = run_with_timeout(&mut command);
            fs::write(self.shop.folder.join(format!("{name}.err")), errors).unwrap();
            code
        });
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        (run, log.lines().map(str::to_owned).collect())
    }

    /// A run of which nothing fails.
    fn run_without_failure(&self, options: &str) -> Run {
        self.run(options, Failure { k: 0, ..FAILURES[0] }).0
    }

    /// Runs with a failure, and once more without.
    fn fail_and_resume(&self, options: &str, failure: Failure) {
        let (run, writes) = self.run(options, failure);
        let failed: Vec<_> = writes.iter().filter(|line| !line.contains(" done ")).collect();
        let again = panic::catch_unwind(AssertUnwindSafe(|| {
            check(&run, &self.shop, &self.newest_folder());
            self.run_without_failure(options)
        }));
        let Ok(again) = again else { panic!("{failed:#?}\n{:?}: {}", run.code, run.errors) };
        let checked = panic::catch_unwind(AssertUnwindSafe(|| check_resumed(&run, &again, &self.shop)));
        assert!(checked.is_ok(), "{failed:#?}\n{:?}: {}\n{:?}: {}", run.code, run.errors, again.code, again.errors);
    }

    /// The folder of the last run, if it was made.
    fn newest_folder(&self) -> PathBuf {
        let names = (1..).map(|number| self.shop.folder.join(format!("run-{number}.err")));
        names.take_while(|errors| errors.exists()).last().unwrap().with_extension("")
    }
}

/// Runs a program, but not for ever. Its exit code, none if it had to be killed, and what it said on standard error.
fn run_with_timeout(command: &mut Command) -> (Option<i32>, Vec<u8>) {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if start.elapsed() > MAX_RUN_TIME {
            child.kill().unwrap();
        }
        thread::sleep(Duration::from_millis(1));
    }
    let output = child.wait_with_output().unwrap();
    (output.status.code(), output.stderr)
}

/// What must hold after a run some of whose writes failed.
fn check(run: &Run, shop: &TestShop, folder: &Path) {
    audit::check_requests_and_ledger(run, shop);
    assert_report_matches_service(run);
    // The summary is there as a whole or not at all.
    let _: Option<Value> = run.summary.as_ref().map(|summary| serde_json::from_str(summary).unwrap());
    match run.code {
        // Nothing failed that matters.
        Some(1) => {
            audit::check(run, shop);
            audit::check_nothing_lost(run, shop);
            assert_report_complete(folder);
            return;
        }
        Some(2) => assert!(run.exchanges.is_empty(), "something was sent"),
        Some(3) => assert!(run.results.iter().any(|result| result["outcome"] == "unknown")),
        code => assert_eq!(code, Some(4)),
    }
    let names = |name: &str| run.errors.contains(name);
    assert!(names(LEDGER) || names(folder.file_name().unwrap().to_str().unwrap()), "no file is named");
    assert!(names("hint: "), "no hint");
}

/// What a run told, the service knows, even where the ledger does not.
fn assert_report_matches_service(run: &Run) {
    for result in &run.results {
        let (reference, outcome) = (result["referenceId"].as_str().unwrap(), result["outcome"].as_str().unwrap());
        let n_sent = run.checkout_count(reference);
        let is_in_ledger = || run.after.iter().any(|attempt| attempt.reference == reference && attempt.is_accepted());
        let is_true = match outcome {
            "accepted" => n_sent == 1 && (is_in_ledger() || run.errors.contains("the ledger lacks what came of ")),
            "already_sent" => run.before.iter().any(|attempt| attempt.reference == reference && attempt.is_accepted()),
            "unknown" => run.after.iter().any(|attempt| attempt.reference == reference && attempt.is_unknown()),
            "not_attempted" | "invalid" => n_sent == 0,
            _ => false,
        };
        assert!(is_true, "{reference} is told to be {outcome}, and was sent {n_sent} times");
    }
}

fn assert_report_complete(folder: &Path) {
    let read = |name: &str| fs::read_to_string(folder.join(name)).unwrap();
    assert!(read("report.html").trim_end().ends_with("</html>"));
    assert!(read("rejects/orders.csv").lines().nth(1).unwrap().starts_with(INVALID));
    assert!(read("rejects/orders.csv.reasons.ndjson").ends_with("}\n"));
}

/// What must hold after the run that goes on.
fn check_resumed(run: &Run, again: &Run, shop: &TestShop) {
    audit::check(again, shop);
    audit::check_nothing_lost(again, shop);
    assert_eq!(again.n("invalid"), 1);
    for reference in shop.guests.keys() {
        let n_sent = run.checkout_count(reference) + again.checkout_count(reference);
        assert!(n_sent <= 1, "{reference} was sent twice");
        assert!(n_sent == 1 || again.outcome(reference) != "accepted", "{reference} was never sent");
    }
}

/// Looks at each case, on some threads.
fn run_all<C: Debug + Sync>(cases: &[C], look: impl Fn(&C) + Sync) {
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let look_at_some = || {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
            if panic::catch_unwind(AssertUnwindSafe(|| look(case))).is_err() {
                failed.lock().unwrap().push(format!("{case:?}"));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..N_THREADS {
            scope.spawn(look_at_some);
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "{} of {} failed, see above:\n{}", failed.len(), cases.len(), failed.join("\n"));
}

/// Each failure at each write that a sound run counts, and behind the last one.
fn failures(count: impl Fn(Failure) -> Vec<String>) -> Vec<Failure> {
    let of = |failure: &Failure| {
        let writes = count(*failure);
        assert!(!writes.is_empty(), "the program does not load the library");
        let can_be_half = |line: &str| line.contains("write");
        let ks = (0..=writes.len())
            .filter(|at| failure.how != "half" || writes.get(*at).is_some_and(|line| can_be_half(line)));
        ks.map(|at| Failure { k: at + 1, ..*failure }).collect::<Vec<_>>()
    };
    FAILURES.iter().flat_map(of).collect()
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
    let Some(library) = Library::build_or_skip("failed_writes_in_multi_mode_are_safe") else { return };
    let trial = || Trial::new(&library, RouteMix::Multi);
    let cases = failures(|failure| trial().run(SEND, failure).1);
    let cases: Vec<_> = cases.into_iter().step_by(STEP).collect();
    run_all(&cases, |failure| trial().fail_and_resume(SEND, *failure));
}

#[test]
fn failed_writes_of_a_resumed_run_are_safe() {
    let Some(library) = Library::build_or_skip("failed_writes_of_a_resumed_run_are_safe") else { return };
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
