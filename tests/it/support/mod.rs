//! Running the program and looking at what it leaves behind.

#[cfg(unix)]
pub(crate) mod namespace;
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

/// All kinds of requests, as the summary and the sandbox call them.
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

/// How many requests of a kind a summary or the sandbox counts; some kinds are named where there were any.
pub(crate) fn request_count(report: &Value, kind: &str) -> u64 {
    report["requests"][kind].as_u64().unwrap_or_default()
}

/// A run sent what the sandbox got, kind by kind, and the kinds are all there is.
pub(crate) fn assert_same_requests(summary: &Value, sandbox: &Value) {
    let all = |told: &Value| REQUEST_KINDS.map(|kind| (kind, request_count(told, kind)));
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

/// The ledger of [`process`], in its folder.
pub(crate) const LEDGER: &str = "orderferry-ledger.db";

/// Whether there is a ledger that a run can go on with: what a run left that could not make one is none. Looks at a copy,
/// since SQLite takes back what was not committed.
pub(crate) fn has_ledger(path: &Path) -> bool {
    let copy = tempfile::tempdir().unwrap();
    for end in ["", "-wal", "-journal"] {
        let from = PathBuf::from(format!("{}{end}", path.display()));
        // Most have only one of them.
        drop(fs::copy(from, copy.path().join(format!("ledger.db{end}"))));
    }
    let connection = rusqlite::Connection::open(copy.path().join("ledger.db")).unwrap();
    // A file that is no database is no new ledger either.
    connection.table_exists(None, "attempts").unwrap_or(true)
}

/// Where [`process`] keeps its state, so that a test leaves nothing in the home of who runs it.
const STATE_HOME: &str = "state-home";

/// The program's file.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_orderferry");

/// The repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The program in a folder, with an environment that says nothing about it.
pub(crate) fn program(folder: &Path) -> Command {
    Command::from_std(process(folder))
}

/// The same for a test that does not only wait for its end.
pub(crate) fn process(folder: &Path) -> process::Command {
    let mut command = process::Command::new(PROGRAM);
    isolate_in(folder, &mut command);
    command
}

/// Lets a command that runs the program work in a folder, with its ledger and state there and no settings from elsewhere.
pub(crate) fn isolate_in(folder: &Path, command: &mut process::Command) {
    without_settings(command);
    command.current_dir(folder).env("ORDERFERRY_LEDGER", LEDGER).env("XDG_STATE_HOME", folder.join(STATE_HOME));
}

/// Takes everything from the environment that the program would read.
pub(crate) fn without_settings(command: &mut process::Command) {
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ORDERFERRY_")) {
        command.env_remove(name);
    }
}

/// Says that this machine cannot run a test, and why. Not through a macro, whose words are shown for tests that fail only.
pub(crate) fn skip(test: &str, reason: &str) {
    io::stderr().write_all(format!("\nskipped: {test}: {reason}\n").as_bytes()).unwrap();
}

/// A finished run and its folder.
pub(crate) struct FinishedRun {
    pub(crate) output: Output,
    folder: PathBuf,
    _home: TempDir,
}

impl FinishedRun {
    /// Runs a command of the README or of a sample, from the repository, with a folder and a ledger of its own.
    pub(crate) fn in_root(command: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("run");
        let mut program = program(&root());
        program.args(command.split_whitespace()).arg("--out").arg(&folder);
        if !command.contains("--sandbox") {
            program.arg("--ledger").arg(home.path().join("ledger.db"));
        }
        program.env("XDG_STATE_HOME", home.path());
        Self { output: program.output().unwrap(), folder, _home: home }
    }

    /// The exit code.
    pub(crate) fn code(&self) -> i32 {
        self.output.status.code().unwrap()
    }

    /// A JSON file of the run folder, if it is there.
    pub(crate) fn json(&self, name: &str) -> Option<Value> {
        let text = fs::read_to_string(self.folder.join(name)).ok()?;
        Some(serde_json::from_str(&text).unwrap())
    }

    /// The lines of `results.ndjson`.
    pub(crate) fn results(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.folder.join("results.ndjson")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}
