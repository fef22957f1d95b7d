//! Private mounts of a test, through a mount namespace. Requires root or unprivileged user
//! namespaces.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc,
    thread,
};

use super::{LEDGER, skip, wait, without_settings};

/// The marker that the shell prints after every command, followed by the exit code.
const DONE: &str = "<done>";

/// Options of `unshare` for a shell that may mount; without a user namespace first.
const UNSHARE_OPTIONS: [&[&str]; 2] = [&["--mount"], &["--user", "--map-root-user", "--mount"]];

/// A shell in a mount namespace, which ends with the shell.
pub(crate) struct Namespace {
    shell: Child,
    commands: ChildStdin,
    lines: mpsc::Receiver<String>,
}

impl Namespace {
    /// Enters a namespace; if the system allows none, reports that the test is skipped.
    pub(crate) fn enter_or_skip(test: &str) -> Option<Self> {
        let probes = UNSHARE_OPTIONS.map(probe);
        if let Some((options, _)) =
            UNSHARE_OPTIONS.iter().zip(&probes).find(|(_, probe)| probe.is_ok())
        {
            return Some(Self::enter(options));
        }
        let reasons = probes.map(Result::unwrap_err).join("; ");
        skip(test, &format!("no mount namespace: {reasons}"));
        None
    }

    fn enter(options: &[&str]) -> Self {
        let mut command = Command::new("unshare");
        without_settings(&mut command);
        // The ledger is in the folder of the test; no state is written to the home of the user.
        command.env("ORDERFERRY_LEDGER", LEDGER).env("HOME", "").env("XDG_STATE_HOME", "");
        command.args(options).args(["sh", "-c", "exec 2>&1; exec sh"]);
        let mut shell = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (commands, output_text) = (shell.stdin.take().unwrap(), shell.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            BufReader::new(output_text)
                .lines()
                .map_while(Result::ok)
                .try_for_each(|line| sender.send(line))
        });
        Self { shell, commands, lines }
    }

    /// Runs a command; returns its exit code and its output.
    pub(crate) fn run(&mut self, command: &str) -> (i32, String) {
        writeln!(self.commands, "{command}\necho \"\n{DONE}$?\"").unwrap();
        let mut output_text = String::new();
        loop {
            let line = self
                .lines
                .recv_timeout(wait::MAX_WAIT)
                .expect("the shell prints a marker after each command");
            if let Some(code) = line.strip_prefix(DONE) {
                return (code.parse().unwrap(), output_text);
            }
            output_text = output_text + &line + "\n";
        }
    }

    /// Runs a command that must succeed.
    pub(crate) fn run_ok(&mut self, command: &str) {
        let (code, output_text) = self.run(command);
        assert_eq!(code, 0, "{command}: {output_text}");
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        drop(self.shell.kill());
        drop(self.shell.wait());
    }
}

/// Whether `unshare` with these options may mount; the error otherwise.
fn probe(options: &[&str]) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("unshare");
    command.args(options).args(["mount", "-t", "tmpfs", "none"]).arg(folder.path());
    let output = command.output().map_err(|error| format!("unshare: {error}"))?;
    let message = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    output.status.success().then_some(()).ok_or(message)
}
