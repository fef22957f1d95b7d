//! Working folder of a test: its files, runs in it, and their results.

use std::{
    cell::Cell,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    rc::Rc,
};

use serde_json::Value;
use tempfile::TempDir;

use super::{LEDGER, has_ledger, program};

/// The columns of [`ExportRow`].
pub(crate) const HEADER: &str = "referenceId,orderedAt,status,currencyCode,price,paymentType,item.type,item.name,item.price,item.quantity,guest.email,guest.lastname\n";

/// A row of a canonical export; the defaults are valid.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ExportRow<'a> {
    pub(crate) reference: &'a str,
    pub(crate) ordered_at: &'a str,
    pub(crate) price: &'a str,
    pub(crate) name: &'a str,
    pub(crate) email: &'a str,
}

impl Default for ExportRow<'_> {
    fn default() -> Self {
        let (reference, ordered_at, price) = ("A-1", "2025-03-01T10:00:00Z", "30.60");
        Self { reference, ordered_at, price, name: "Rope", email: "ann@example.com" }
    }
}

impl ExportRow<'_> {
    /// The row as CSV, with its line break.
    pub(crate) fn csv(&self) -> String {
        let Self { reference, ordered_at, price, name, email } = self;
        format!(
            "{reference},{ordered_at},PURCHASED,EUR,{price},other,GEAR,{name},30.60,1,{email},Smith\n"
        )
    }
}

/// A valid row of the order `reference`.
pub(crate) fn row(reference: &str) -> String {
    ExportRow { reference, ..ExportRow::default() }.csv()
}

/// A valid export of these orders.
pub(crate) fn export(references: &[&str]) -> String {
    let rows: String = references.iter().map(|reference| row(reference)).collect();
    format!("{HEADER}{rows}")
}

/// A folder with files and runs.
pub(crate) struct Workspace {
    folder: Rc<TempDir>,
    n_runs: Cell<u32>,
}

impl Workspace {
    /// An empty folder.
    pub(crate) fn new() -> Self {
        Self { folder: Rc::new(tempfile::tempdir().unwrap()), n_runs: Cell::new(0) }
    }

    /// A folder with one file.
    pub(crate) fn with(name: &str, content: impl AsRef<[u8]>) -> Self {
        let workspace = Self::new();
        workspace.file(name, content);
        workspace
    }

    /// Writes a file and creates its parent folders.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> &Self {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
        self
    }

    /// The path of a file.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the program; the arguments in `command` are separated by one blank. Adds `--out` to a
    /// check or send without it.
    pub(crate) fn run(&self, command: &str) -> RunResult {
        self.run_with(command, &[], b"")
    }

    /// The same with environment variables and standard input.
    pub(crate) fn run_with(
        &self,
        command: &str,
        environment: &[(&str, &str)],
        stdin: &[u8],
    ) -> RunResult {
        let mut command_args: Vec<&str> = command.split(' ').collect();
        let out = format!("run-{}", self.n_runs.get() + 1);
        if matches!(command_args[0], "check" | "send") && !command_args.contains(&"--out") {
            self.n_runs.set(self.n_runs.get() + 1);
            command_args.extend(["--out", &out]);
        }
        if self.is_first_run(&command_args) {
            command_args.push("--new-ledger");
        }
        let mut program = program(self.folder.path());
        program
            .args(command_args)
            .envs(environment.iter().copied())
            .env("COLUMNS", "100")
            .write_stdin(stdin);
        let output = program.output().unwrap();
        RunResult {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: without_tmpfs_warning(&String::from_utf8(output.stderr).unwrap()),
            folder: self.path(&out),
            _workspace: Rc::clone(&self.folder),
        }
    }
}

impl Workspace {
    /// Whether a run requires `--new-ledger`. A test of exactly this writes `--new-ledger` or
    /// `--ledger=`.
    fn is_first_run(&self, command_args: &[&str]) -> bool {
        let is_real = command_args[0] == "send"
            && !["--sandbox", "--resume", "--new-ledger"]
                .iter()
                .any(|option| command_args.contains(option));
        let named =
            command_args.iter().position(|arg| *arg == "--ledger").map(|at| command_args[at + 1]);
        let tests_the_flag = command_args.iter().any(|arg| arg.starts_with("--ledger="));
        is_real && !tests_the_flag && !has_ledger(&self.path(named.unwrap_or(LEDGER)))
    }
}

/// The point of sale of the orders that a send reads; that of a resumed plan is in the plan.
pub(crate) fn pos_option(send: &str) -> &'static str {
    if send.contains("--resume") { "" } else { " --pos x" }
}

/// Removes the warning that every run prints if the temporary folder is on tmpfs or overlay.
fn without_tmpfs_warning(errors: &str) -> String {
    let mut kept = String::new();
    let mut lines = errors.split_inclusive('\n');
    while let Some(line) = lines.next() {
        if line.starts_with("warning: the ledger ")
            && (line.contains(" is on tmpfs") || line.contains(" is on overlay"))
        {
            // Skip its hint.
            lines.next();
        } else {
            kept.push_str(line);
        }
    }
    kept
}

/// The output and the files of a run.
pub(crate) struct RunResult {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
    folder: PathBuf,
    /// Keeps the folder as long as the result is used.
    _workspace: Rc<TempDir>,
}

impl RunResult {
    /// Standard output as one line: sentences are wrapped on a screen.
    pub(crate) fn out_unwrapped(&self) -> String {
        self.out.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// A file of the run folder.
    pub(crate) fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.join(name)
    }

    /// The text of a file of the run folder.
    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// The content of `summary.json`.
    pub(crate) fn summary(&self) -> Value {
        serde_json::from_str(&self.text("summary.json")).unwrap()
    }

    /// The lines of `results.ndjson`; empty if the file does not exist.
    pub(crate) fn results(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.path("results.ndjson")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The references in the order of the results, with their outcomes.
    pub(crate) fn outcomes(&self) -> String {
        let outcome = |result: &Value| {
            format!("{} {}", text_of(&result["referenceId"]), text_of(&result["outcome"]))
        };
        self.results().iter().map(outcome).collect::<Vec<_>>().join(", ")
    }

    /// Exit code, errors, and every order with its problems.
    pub(crate) fn report(&self) -> String {
        let mut report = format!("exit {}\n", self.code);
        for line in self.err.lines() {
            writeln!(report, "{}", format!("    {line}").trim_end()).unwrap();
        }
        for result in self.results() {
            let (reference, outcome) =
                (text_of(&result["referenceId"]), text_of(&result["outcome"]));
            writeln!(report, "    {} {outcome}{}", printable(&reference), problems(&result))
                .unwrap();
        }
        report
    }
}

fn problems(result: &Value) -> String {
    let problem = |problem: &Value| {
        let position = [&problem["line"], &problem["column"]].map(text_of).join(":");
        format!(
            "\n        {} {} {}",
            text_of(&problem["code"]),
            position,
            printable(&text_of(&problem["message"]))
        )
    };
    result["problems"].as_array().unwrap().iter().map(problem).collect()
}

fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn printable(text: &str) -> String {
    text.replace(char::is_control, "\u{fffd}")
}

/// Runs a command for each named content of a file and lists the reports.
pub(crate) fn run_cases<C: AsRef<[u8]>>(file: &str, command: &str, cases: &[(&str, C)]) -> String {
    let report = cases.iter().map(|(name, content)| {
        let ran = Workspace::with(file, content).run(command);
        format!("{name}: {}", ran.report())
    });
    report.collect()
}
