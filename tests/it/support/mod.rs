//! Helpers that run the program and read its output files.

#[cfg(unix)]
pub(crate) mod namespace;
pub(crate) mod order_text;
pub(crate) mod rng;
pub(crate) mod service;
pub(crate) mod tls;
pub(crate) mod wait;
pub(crate) mod workspace;

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    process::{self, Output},
};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// All kinds of requests, as named in the summary and by the sandbox.
pub(crate) const REQUEST_KINDS: [&str; 9] = [
    "browser_create",
    "identity",
    "order_checkout",
    "add",
    "add_contacts",
    "add_consumers",
    "confirm",
    "checkout",
    "clear_cart",
];

/// The number of requests of a kind in a summary or a state of the sandbox. A summary omits some
/// kinds if there were none.
pub(crate) fn request_count(report: &Value, kind: &str) -> u64 {
    report["requests"][kind].as_u64().unwrap_or_default()
}

/// Asserts that the run sent what the sandbox received, for each kind, and that the totals match.
pub(crate) fn assert_same_requests(summary: &Value, sandbox: &Value) {
    let all = |report: &Value| REQUEST_KINDS.map(|kind| (kind, request_count(report, kind)));
    assert_eq!(all(summary), all(sandbox));
    for report in [summary, sandbox] {
        assert_eq!(
            request_count(report, "total"),
            all(report).iter().map(|(_, n)| n).sum::<u64>(),
            "{}",
            report["requests"]
        );
    }
}

/// A `summary.json` without the members that differ from run to run, and without these. The target
/// has any port, and the next steps name the run folder.
pub(crate) fn without_run_values(mut summary: Value, others: &[&str]) -> Value {
    let of_the_run = ["run_id", "started_at", "finished_at", "target", "next"];
    for member in of_the_run.iter().chain(others) {
        summary.as_object_mut().unwrap().remove(*member);
    }
    summary
}

/// The ledger of [`process`], in its folder.
pub(crate) const LEDGER: &str = "orderferry-ledger.db";

/// Whether there is a ledger that a run can continue; a ledger whose creation failed is none.
///
/// Reads a copy, since SQLite rolls back uncommitted changes when it opens a file.
pub(crate) fn has_ledger(path: &Path) -> bool {
    let copy = tempfile::tempdir().unwrap();
    for end in ["", "-wal", "-journal"] {
        let from = PathBuf::from(format!("{}{end}", path.display()));
        // Most ledgers have only one of these files.
        drop(fs::copy(from, copy.path().join(format!("ledger.db{end}"))));
    }
    let connection = rusqlite::Connection::open(copy.path().join("ledger.db")).unwrap();
    // A file that is not a database is not a new ledger either.
    connection.table_exists(None, "attempts").unwrap_or(true)
}

/// The state folder of [`process`], so that tests write nothing to the home of the user.
const STATE_HOME: &str = "state-home";

/// The path of the program.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_orderferry");

/// The root folder of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The program in a folder, without environment variables that configure it.
pub(crate) fn program(folder: &Path) -> Command {
    Command::from_std(process(folder))
}

/// The same as [`program`], for tests that do more than wait for its end.
pub(crate) fn process(folder: &Path) -> process::Command {
    let mut command = process::Command::new(PROGRAM);
    isolate_in(folder, &mut command);
    command
}

/// Sets a folder as the working folder of a command that runs the program, with ledger and state
/// in it and without settings from elsewhere.
pub(crate) fn isolate_in(folder: &Path, command: &mut process::Command) {
    without_settings(command);
    command
        .current_dir(folder)
        .env("ORDERFERRY_LEDGER", LEDGER)
        .env("XDG_STATE_HOME", folder.join(STATE_HOME));
}

/// Removes all environment variables that the program reads.
pub(crate) fn without_settings(command: &mut process::Command) {
    for (name, _) in
        std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ORDERFERRY_"))
    {
        command.env_remove(name);
    }
}

/// How a text differs from the file of what is expected. With `UPDATE_SAMPLES` set, the file is
/// written first.
pub(crate) fn difference_from(file: &Path, found: &str) -> Option<String> {
    if std::env::var_os("UPDATE_SAMPLES").is_some() {
        fs::write(file, found).unwrap();
    }
    let expected = fs::read_to_string(file).unwrap_or_default();
    let shown = || format!("{}:\n--- expected\n{expected}\n--- found\n{found}", file.display());
    (expected != found).then(shown)
}

/// Reports that this machine cannot run a test, with the reason.
pub(crate) fn skip(test: &str, reason: &str) {
    // Not `eprintln!`, whose output is captured unless the test fails.
    io::stderr().write_all(format!("\nskipped: {test}: {reason}\n").as_bytes()).unwrap();
}

/// The file of the events of a check.
const EVENTS: &str = "events.ndjson";

/// A finished run and its run folder.
pub(crate) struct FinishedRun {
    pub(crate) output: Output,
    folder: PathBuf,
    home: TempDir,
}

impl FinishedRun {
    /// Runs a command of a sample in the root folder, with a separate run folder
    /// and ledger.
    pub(crate) fn in_root(command: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("run");
        let mut program = program(&root());
        // A word in quotes, as a shell needs it, has no blanks.
        let words = command.split_whitespace().map(|word| word.trim_matches('\''));
        program.args(words).arg("--out").arg(&folder);
        if command.starts_with("check ") {
            program.arg("--events").arg(home.path().join(EVENTS));
        }
        if !command.contains("--sandbox") {
            program.arg("--ledger").arg(home.path().join("ledger.db"));
        }
        program.env("XDG_STATE_HOME", home.path());
        Self { output: program.output().unwrap(), folder, home }
    }

    /// The exit code.
    pub(crate) fn code(&self) -> i32 {
        self.output.status.code().unwrap()
    }

    /// A JSON file of the run folder, if it exists.
    pub(crate) fn json(&self, name: &str) -> Option<Value> {
        let text = fs::read_to_string(self.folder.join(name)).ok()?;
        Some(serde_json::from_str(&text).unwrap())
    }

    /// The events of a check that would be sent; none if it was refused.
    pub(crate) fn events(&self) -> String {
        fs::read_to_string(self.home.path().join(EVENTS)).unwrap_or_default()
    }

    /// What was printed on standard error.
    pub(crate) fn err(&self) -> String {
        String::from_utf8(self.output.stderr.clone()).unwrap()
    }

    /// The lines of `results.ndjson`; none if nothing was read.
    pub(crate) fn results(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.join("results.ndjson")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}
